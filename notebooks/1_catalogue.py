# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 1. The catalogue
#
# A survey starts from one frozen table: a dated snapshot of the orbits of near-Earth asteroids. It
# is never edited, only succeeded by a newer one, so that a result can always be traced back to the
# orbits it was computed from. Everything here works offline.

# %%
import pandas as pd

from survey.astro.accessibility import diameter_km
from survey.catalog import find, read_snapshot, select
from survey.report import plot_catalog

# %% [markdown]
# `read_snapshot` takes a path or `"latest"`. One asteroid is one row; the unit of a column stands
# in its name.

# %%
catalog = read_snapshot("latest")
print(f"{catalog.attrs['path'].name}: {len(catalog)} asteroids")
catalog.head()

# %% [markdown]
# The file remembers where its numbers come from.

# %%
pd.Series(catalog.attrs["provenance"])

# %% [markdown]
# ## Where the orbits lie
#
# Above both curves an orbit crosses Earth's distance from the Sun; where they meet lie the orbits
# most like Earth's own, and among them those that cost a spacecraft least to reach.

# %%
_ = plot_catalog(catalog)
# %% [markdown]
# ## By name, by condition
#
# `find` understands what people write: number, name in any spelling, provisional designation.

# %%
spellings = ["469219", "Kamo'oalewa", "2016 HO3", "2016ho3"]
pd.DataFrame([find(name, catalog) for name in spellings], index=spellings)[
    ["designation", "name", "a_au", "e", "i_deg", "H_mag"]
]

# %% [markdown]
# `select` keeps the rows that meet every condition: a pair is a range, open where it says `None`.

# %%
like_earth = select(catalog, a_au=(0.95, 1.05), e=(None, 0.1), i_deg=(None, 5.0))
like_earth[["designation", "name", "a_au", "e", "i_deg", "H_mag"]].sort_values("a_au")

# %% [markdown]
# ## How large
#
# The catalogue gives brightness, not size. Between a bright surface (albedo 0.25) and a dark one
# (0.05) the diameter more than doubles.

# %%
sizes = like_earth[["designation", "H_mag"]].copy()
sizes["smallest_m"] = 1000.0 * diameter_km(like_earth["H_mag"].to_numpy(), 0.25)
sizes["largest_m"] = 1000.0 * diameter_km(like_earth["H_mag"].to_numpy(), 0.05)
sizes.sort_values("H_mag").round(1)
