"""How near an arc passes the lighter primary, between the instants at which it is looked at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from survey.astro.er3bp import propagate_er3bp
from survey.astro.near_planet import from_planet, hill_radius
from survey.astro.oberth import closest_ahead_or_behind

Array = NDArray[np.float64]


def least_distance(
    mass_ratio: float, e: float, begin: Array, state: Array, end: Array, *, samples: int = 128
) -> Array:
    """Return the least distances of arcs from the lighter primary after their beginnings.

    Parameters
    ----------
    mass_ratio, e : float
        Of the primaries; eccentricity.
    begin, end : ndarray, shape (n,)
        True anomalies.
    state : ndarray, shape (n, 6)
        At the beginning; rotating, pulsating.
    samples : int
        Steps into which an arc is divided.

    Returns
    -------
    ndarray, shape (n,)
        Of the samples, and within the Hill sphere of the periapses between them, by the conic
        about the primary; infinite for an arc that cannot be flown. The last step is left out,
        so that a burn near a periapsis, which the conics at the burn tell better, may end the arc.
    """
    step = (end - begin) / samples
    least = np.full(len(begin), np.inf)
    radius = hill_radius(mass_ratio)
    for k in range(samples):
        at = begin + k * step
        gm, relative = from_planet(mass_ratio, e, state, at)
        state, _ = propagate_er3bp(mass_ratio, e, state, at, at + step, tolerance=1e-12)
        _, after = from_planet(mass_ratio, e, state, at + step)
        away = np.linalg.norm(after[:, :3], axis=1)
        least = np.fmin(least, away)
        if k == samples - 1:
            break
        falls, climbs = (np.sum(s[:, :3] * s[:, 3:], axis=1) for s in (relative, after))
        near = np.minimum(np.linalg.norm(relative[:, :3], axis=1), away) < radius
        passed = (falls < 0.0) & (climbs > 0.0) & near
        lowest = closest_ahead_or_behind(gm, relative, ahead=True)
        least[passed] = np.fmin(least, lowest)[passed]
    return least
