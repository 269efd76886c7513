"""A passage by a body as a hyperbola: what turns one velocity far away into another.

Without a burn both have the same speed; the angle between them says how near the passage is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["closest_distance", "closest_state", "turning_angle"]

Array = NDArray[np.float64]

_LEAST_TURN = 1e-9  # radians; straighter passages are taken for this


def turning_angle(incoming: ArrayLike, outgoing: ArrayLike) -> Array:
    """Return the angle (rad, shape (...)) between two velocities ``(..., 3)``."""
    a, b = np.asarray(incoming, dtype=float), np.asarray(outgoing, dtype=float)
    across = np.linalg.norm(np.cross(a, b), axis=-1)
    return np.asarray(np.arctan2(across, np.sum(a * b, axis=-1)))


def closest_distance(gm: float, speed: ArrayLike, turn: ArrayLike) -> Array:
    """Return the least distance of a hyperbola.

    Parameters
    ----------
    gm : float
        Of the body, km³/s².
    speed : array_like, shape (...)
        Far away, km/s.
    turn : array_like, shape (...)
        Angle by which it turns, rad.

    Returns
    -------
    ndarray, shape (...)
        From the centre of the body, km [Battin1999].
    """
    half = np.sin(0.5 * np.maximum(turn, _LEAST_TURN))
    return np.asarray(gm / np.square(speed) * (1.0 / half - 1.0))


def closest_state(gm: float, incoming: ArrayLike, outgoing: ArrayLike, least: float) -> Array:
    """Return position and velocity at the least distance from the body.

    Parameters
    ----------
    gm : float
        Of the body, km³/s².
    incoming, outgoing : array_like, shape (..., 3)
        Velocities far away, km/s; the mean of their speeds counts.
    least : float
        Distance, km, below which the passage is lifted: it turns too little then.

    Returns
    -------
    ndarray, shape (..., 6)
        Relative to the body.
    """
    a, b = np.asarray(incoming, dtype=float), np.asarray(outgoing, dtype=float)
    fast, faster = (np.linalg.norm(x, axis=-1, keepdims=True) for x in (a, b))
    speed = 0.5 * (fast + faster)
    low = np.maximum(closest_distance(gm, speed, turning_angle(a, b)[..., None]), least)
    outward, onward = a / fast - b / faster, a / fast + b / faster
    outward /= np.linalg.norm(outward, axis=-1, keepdims=True)
    onward /= np.linalg.norm(onward, axis=-1, keepdims=True)
    return np.concatenate([low * outward, np.sqrt(speed**2 + 2.0 * gm / low) * onward], axis=-1)
