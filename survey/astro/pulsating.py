"""What acts in the frame that turns and pulsates with the primaries, at one instant."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from survey.astro.cr3bp import equations_of_motion

Array = NDArray[np.float64]


def speed_scale(eccentricity: float, true_anomaly: Array) -> Array:
    """Return the unit of speed of the pulsating frame, but for a constant factor."""
    return np.asarray(1.0 + eccentricity * np.cos(true_anomaly))


def acceleration(mass_ratio: float, e: float, state: Array, anomaly: Array) -> Array:
    """Return accelerations in the pulsating frame, shape (n, 3) [Szebehely1967] chapter 10."""
    turning = coriolis(state[:, 3:])
    force = equations_of_motion(mass_ratio, state)[:, 3:] - turning
    force[:, 2] += state[:, 2]
    force /= speed_scale(e, anomaly)[:, None]
    force[:, 2] -= state[:, 2]
    return np.asarray(force + turning)


def coriolis(velocity: Array) -> Array:
    """Return what turning axes add to the acceleration for a velocity, shape (n, 3)."""
    x, y, _ = velocity.T
    return np.stack([2 * y, -2 * x, np.zeros_like(x)], axis=1)
