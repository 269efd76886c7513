"""States about the lighter primary, along axes at rest: where a close passage is two-body motion.

The pulsating frame turns and grows; near the planet it is the motion relative to the planet that
obeys Kepler's laws. Units of length and time are those of the instant, in which the primaries are
one apart and turn at the rate one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from survey.astro.pulsating import speed_scale

Array = NDArray[np.float64]


def from_planet(mass_ratio: float, e: float, state: Array, anomaly: Array) -> tuple[Array, Array]:
    """Return the lighter primary's pull and states relative to it, axes at rest.

    Parameters
    ----------
    mass_ratio, e : float
        Of the primaries; eccentricity.
    state : ndarray, shape (n, 6)
        Rotating, pulsating.
    anomaly : ndarray, shape (n,)
        True anomaly of the primaries.

    Returns
    -------
    gm : ndarray, shape (n,)
        In units of the instant's length and rate of turning.
    relative : ndarray, shape (n, 6)
        Along the axes as they point at the instant, same units.
    """
    swell = speed_scale(e, anomaly)
    relative = np.array(state, dtype=float)
    relative[:, 0] -= 1.0 - mass_ratio
    relative[:, 3:] += _frame_velocity(e, relative[:, :3], anomaly)
    return mass_ratio / swell, relative


def to_planet(mass_ratio: float, e: float, relative: Array, anomaly: Array) -> Array:
    """Return pulsating states: the inverse of `from_planet`."""
    state = np.array(relative, dtype=float)
    state[:, 3:] -= _frame_velocity(e, relative[:, :3], anomaly)
    state[:, 0] += 1.0 - mass_ratio
    return state


def hill_radius(mass_ratio: float) -> float:
    """Return the distance from the lighter primary within which its pull rules."""
    return float(np.cbrt(mass_ratio / 3.0))


def _frame_velocity(e: float, place: Array, anomaly: Array) -> Array:
    """Return the velocity of a point fixed in the frame, about the lighter primary."""
    growth = (e * np.sin(anomaly) / speed_scale(e, anomaly))[:, None] * place
    growth[:, 0] -= place[:, 1]
    growth[:, 1] += place[:, 0]
    return growth
