# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 2. One asteroid: elements, state, arc, porkchop
#
# How a Δv comes about, step by step, for 469219 Kamoʻoalewa: from its orbital elements to a
# position, from two positions and a flight time to an arc, from many arcs to a map.

# %%
import warnings

import astropy.units as u
import numpy as np
from astropy.time import Time

from survey.astro.kepler import elements_to_state
from survey.astro.lambert import STATUS, solve_lambert
from survey.catalog import find, read_snapshot
from survey.constants import AU_KM, GM_SUN_KM3_S2
from survey.report import plot_porkchop
from survey.transfer import Grid, ParkingOrbit, asteroid_state, delta_v_map

# Leap seconds to come are unknown, so astropy's ERFA calls far dates dubious; no map sees a second.
warnings.filterwarnings("ignore", message=".*dubious year")

asteroid = find("Kamo'oalewa", read_snapshot("latest"))
asteroid[["designation", "name", "epoch_jd_tdb", "a_au", "e", "i_deg", "H_mag"]]

# %% [markdown]
# ## From elements to a state
#
# Six numbers and an epoch fix a Kepler orbit. The mathematics floor takes radians and any
# consistent units, here kilometres and seconds.

# %%
angles = np.deg2rad(
    asteroid[["i_deg", "node_deg", "argperi_deg", "mean_anomaly_deg"]].astype(float)
)
r, v = elements_to_state(GM_SUN_KM3_S2, asteroid["a_au"] * AU_KM, asteroid["e"], *angles)
print(f"distance from the Sun  {np.linalg.norm(r) / AU_KM:.6f} au")
print(f"speed                  {np.linalg.norm(v):.6f} km/s")

# %% [markdown]
# One floor up, dates and units come in: the same asteroid at any epoch. There it is integrated
# among Sun, planets and Moon, because an orbit so like Earth's does not stay on its ellipse.

# %%
departure = Time("2029-09-08", scale="utc").tdb
arrival = departure + 280 * u.d
target_r, target_v = (x[0, 0] for x in asteroid_state(asteroid, Time([arrival])))
target_r.to(u.au), target_v

# %% [markdown]
# How far it would be from there on the ellipse of its epoch, undisturbed:

# %%
ellipse_r, _ = (x[0, 0] for x in asteroid_state(asteroid, Time([arrival]), model="kepler"))
print(f"{np.linalg.norm(target_r - ellipse_r).to_value('km'):,.0f} km")

# %% [markdown]
# ## From two positions to an arc
#
# The craft waits at Sun–Earth L2. Lambert's problem asks which orbit leads from there to the
# asteroid in 280 days; the difference of velocities at both ends is what the craft has to pay.

# %%
craft_r, craft_v = ParkingOrbit("L2").state(departure)
leave, meet, status = solve_lambert(
    GM_SUN_KM3_S2, craft_r.to_value(u.km), target_r.to_value(u.km), 280 * 86400.0
)
print(STATUS[int(status)])
print(f"to leave L2:   {np.linalg.norm(leave - craft_v.to_value(u.km / u.s)):.3f} km/s")
print(f"to stop there: {np.linalg.norm(meet - target_v.to_value(u.km / u.s)):.3f} km/s")

# %% [markdown]
# ## From many arcs to a map
#
# The same for every departure date and every time of flight. No cell of this grid can arrive
# before it departs.

# %%
grid = Grid.regular(
    Time("2029-01-01", scale="utc"),
    Time("2034-01-01", scale="utc"),
    10 * u.d,
    30 * u.d,
    500 * u.d,
    10 * u.d,
)
dv = delta_v_map(asteroid, ParkingOrbit("L2"), grid)
_ = plot_porkchop(dv, kind="rendezvous")
# %% [markdown]
# A flyby only has to be in the right place, not at the right speed.

# %%
_ = plot_porkchop(dv, kind="flyby")

# %% [markdown]
# ## What these maps leave out
#
# They stand on the lowest rung, **n-body asteroid, two-body craft**: the asteroid is where the
# planets have moved it, as well as its orbit is known, but the craft feels no gravity of Earth at
# L2. Fast arcs are priced fairly, slow ones mostly too high. The maps say where to look, not what
# to fly.
