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
# # 3. Orbits about a libration point
#
# A spacecraft that waits at L2 does not sit on the point, it goes round it. Where those orbits come
# from, how unstable they are, what leaves them for nothing, and where a craft on one of them stands
# on a given day.

# %%
import warnings

import astropy.units as u
import numpy as np
import pandas as pd
from astropy.time import Time

from survey.astro.bifurcations import KINDS, find_bifurcations
from survey.astro.cr3bp import jacobi_constant, libration_points
from survey.astro.halo import halo_family, halo_orbit, lyapunov_family, vertical_family
from survey.astro.libration import linear_motion
from survey.astro.manifold import manifold_arcs
from survey.astro.manifold_sections import exit_statistics
from survey.constants import AU_KM, MASS_RATIO_SUN_EARTH_JPL
from survey.report import plot_families, plot_manifold, plot_parking, plot_stability
from survey.transfer import ParkingOrbit
from survey.transfer.parking_family import TIME_UNIT_D
from survey.transfer.station_keeping import station_keeping_cost

# Leap seconds to come are unknown, so astropy's ERFA calls far dates dubious; no orbit sees them.
warnings.filterwarnings("ignore", message=".*dubious year")

mu = MASS_RATIO_SUN_EARTH_JPL

# %% [markdown]
# ## Five places to stand still
#
# The Sun and the Earth on circles, seen from axes that turn with them: the Sun rests at
# $x = -\mu$, the Earth at $x = 1-\mu$, and five points rest with them. Lengths are in units of the
# distance Sun–Earth, and a year lasts $2\pi$. The mass ratio here is the one of JPL's database of
# periodic orbits; orbits of different mass ratios must not be mixed.

# %%
points = libration_points(mu)
at_rest = np.concatenate([points, np.zeros((5, 3))], axis=1)
from_earth = np.linalg.norm(points - [1 - mu, 0, 0], axis=1) * AU_KM
pd.DataFrame(
    {
        "x": points[:, 0],
        "y": points[:, 1],
        "Jacobi constant": jacobi_constant(mu, at_rest),
        "from the Earth, km": from_earth.round(),
    },
    index=["L1", "L2", "L3", "L4", "L5"],
)

# %% [markdown]
# Close to L2 the motion is linear: it swings in the plane and across it with two periods that are
# nearly alike, and along one direction it runs away, by a factor e every 23 days.

# %%
near_l2 = linear_motion(mu, "L2")
print(f"period in the plane   {near_l2.in_plane_period * TIME_UNIT_D:8.2f} d")
print(f"period across it      {near_l2.vertical_period * TIME_UNIT_D:8.2f} d")
print(f"error grows by e in   {TIME_UNIT_D / near_l2.growth_rate:8.2f} d")

# %% [markdown]
# ## Families, by continuation
#
# Periodic orbits come in families. Each begins with a theory of small orbits (for halo orbits
# Richardson's third order), Newton's method corrects the guess where the orbit crosses the $x$–$z$
# plane, and pseudo-arclength continuation walks on from orbit to orbit. The halo family branches
# off the planar orbits and ends close to the Earth.

# %%
halo = halo_family(mu, "L2")
print(f"{len(halo)} orbits; {halo.end}")
for measure, unit in (("z_amplitude", AU_KM), ("period", TIME_UNIT_D), ("jacobi", 1.0)):
    low, high = halo.span(measure)
    print(f"{measure:12s} {low * unit:15,.7g} to {high * unit:,.7g}")

# %% [markdown]
# An orbit of the family is asked for by its size, its period or its Jacobi constant. JPL's database
# lists a northern halo orbit with the constant below; its period and stability index there are
# 3.0803024932763416 and 498.23.

# %%
orbit = halo_orbit(mu, "L2", jacobi=3.0007124352932899)
print("state           ", orbit.state)
print(f"period           {orbit.period:.13f}  =  {orbit.period * TIME_UNIT_D:.2f} d")
print(f"stability index  {orbit.stability_index:.2f}")
print(f"difference of the periods from JPL's: {orbit.period - 3.0803024932763416:.1e}")

# %%
_ = plot_families(halo, orbits=[orbit])
# %% [markdown]
# Its mirror image in the plane of the Earth's orbit is the southern family. The planar and the
# vertical Lyapunov orbits are what the two linear oscillations grow into.

# %%
families = [
    halo,
    halo_family(mu, "L2", northern=False),
    lyapunov_family(mu, "L2"),
    vertical_family(mu, "L2"),
]
_ = plot_families(families, members=7)
# %% [markdown]
# ## How unstable
#
# The stability index is $\nu = (|\lambda| + 1/|\lambda|)/2$ of the largest eigenvalue of the
# monodromy matrix: an error grows about $2\nu$-fold in a revolution. Where pairs of eigenvalues
# meet at $+1$ or $-1$ the stability changes and other families may branch off.

# %%
bifurcations = find_bifurcations(halo)
pd.DataFrame(
    {
        "kind": [one.kind for one in bifurcations],
        "what happens": [KINDS[one.kind] for one in bifurcations],
        "fold": [one.fold for one in bifurcations],
        "period, d": [one.orbit.period * TIME_UNIT_D for one in bifurcations],
        "Jacobi constant": [one.orbit.jacobi_constant for one in bifurcations],
    }
)

# %%
_ = plot_stability(halo, bifurcations=bifurcations, orbits=[orbit])
# %% [markdown]
# ## What leaves for nothing
#
# The direction that makes the orbit hard to stay on makes it easy to leave: displaced by 150 km
# along it, a craft drifts away without an engine. All such arcs together are the unstable manifold;
# mirrored in time, the stable manifold brings craft in. The inner branches go past the Earth, the
# outer ones to the asteroids.

# %%
around = np.arange(48) / 48
branches = [
    manifold_arcs(orbit, stable=stable, exterior=exterior, phases=around, duration=4.5)
    for stable in (True, False)
    for exterior in (True, False)
]
_ = plot_manifold(branches, orbit=orbit)
# %% [markdown]
# All arcs of the outer unstable branch get away from the Earth, slowly, and onto orbits a little
# larger than its own.

# %%
outward = manifold_arcs(
    orbit, stable=False, exterior=True, phases=np.arange(24) / 24, duration=15.0
)
left = exit_statistics(outward)
print(f"arcs that leave        {left.fraction:.0%}")
print(f"median time to 22.5°   {left.median_time * TIME_UNIT_D:.0f} d")
print(f"median semi-major axis {left.median_a:.4f} au")

# %% [markdown]
# ## A parking orbit with a date
#
# On a real day the craft is at one place of its orbit only. A `ParkingOrbit` is an orbit and the
# date of its phase zero; the frame then turns and breathes with the real Earth. The size of the
# orbit below is an example, not that of any craft in flight.

# %%
parking = ParkingOrbit.from_text(orbit="halo northern", size="z 300000 km", phase_zero="2029-01-15")
day = Time("2029-06-01", scale="utc")
r, v = parking.state(day)
print(f"period                 {parking.period_days:.2f} d")
print(f"phase on {day.iso[:10]}    {float(parking.phase_at(day)):.4f}")
print(f"distance from the Sun  {np.linalg.norm(r).to_value(u.au):.6f} au")
print(f"speed                  {np.linalg.norm(v).to_value(u.km / u.s):.4f} km/s")

# %% [markdown]
# Seen from the Earth it goes round the point opposite to the Sun, and must keep out of the shadow
# there.

# %%
_ = plot_parking(parking, exclusion=0.6 * u.deg)
# %% [markdown]
# A Lissajous orbit has room for any two amplitudes, but never closes: sooner or later it crosses
# the middle.

# %%
lissajous = ParkingOrbit.from_text(
    orbit="lissajous", size="x 100000 km, z 150000 km", phase_zero="2029-01-15"
)
_ = plot_parking(lissajous, revolutions=8, exclusion=0.6 * u.deg)
# %% [markdown]
# ## What it costs to stay
#
# Navigation is never exact, and what it misses grows. Each correction takes away the part that
# would run off. SOHO, about L1 and corrected some four times a year, spends just over 2 m/s a year.

# %%
costs = {
    days: station_keeping_cost(
        parking, interval=days * u.d, position_error=10 * u.km, velocity_error=1 * u.cm / u.s
    ).to_value(u.m / u.s / u.yr)
    for days in (21, 45, 90, 120)
}
pd.Series(costs, name="m/s per year").rename_axis("days between corrections").round(2)
