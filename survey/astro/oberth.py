"""A burn close to a planet: which velocity there leaves with a given velocity far away.

Energy gained by a burn is speed times change of speed, and nowhere is a craft that falls past a
planet faster than at its nearest point; so a small burn there is worth a large one far out
[Oberth1929]. The hyperbola through a given point with a given velocity at infinity is known in
closed form [Battin1999]. Any consistent units; vectors relative to the planet, axes at rest.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def hyperbola_velocity(gm: ArrayLike, position: ArrayLike, v_infinity: ArrayLike) -> Array:
    """Return the velocity at a position with which a craft leaves for a given velocity far away.

    Parameters
    ----------
    gm : array_like, shape (...)
        Gravitational parameter.
    position : array_like, shape (..., 3)
        Of the burn.
    v_infinity : array_like, shape (..., 3)
        Velocity with which the craft is to leave.

    Returns
    -------
    ndarray, shape (..., 3)
        The one answer of shorter way; not finite where the craft would have to leave straight
        through the planet.

    Notes
    -----
    With unit vectors r and s of the position and of the velocity far away, v∞ its size and θ the
    angle between both, v = (D + v∞/2) s + (D - v∞/2) r, D² = gm / (r (1 + cos θ)) + v∞²/4
    [Battin1999].
    """
    r, s = np.asarray(position, dtype=float), np.asarray(v_infinity, dtype=float)
    distance, speed = (np.linalg.norm(a, axis=-1, keepdims=True) for a in (r, s))
    with np.errstate(divide="ignore", invalid="ignore"):
        up, out = r / distance, s / speed
        cosine = np.sum(up * out, axis=-1, keepdims=True)
        pull = np.asarray(gm, dtype=float)[..., None] / (distance * (1.0 + cosine))
        d = np.sqrt(pull + 0.25 * speed**2)
        return np.asarray((d + 0.5 * speed) * out + (d - 0.5 * speed) * up)


def velocity_at_infinity(gm: ArrayLike, state: ArrayLike) -> Array:
    """Return the velocity with which a craft leaves: the inverse of `hyperbola_velocity`.

    Parameters
    ----------
    gm : array_like, shape (...)
        Gravitational parameter.
    state : array_like, shape (..., 6)
        Relative to the planet.

    Returns
    -------
    ndarray, shape (..., 3)
        NaN where the craft does not escape.

    Notes
    -----
    With the vectors of momentum h and eccentricity e, the outgoing asymptote points along
    v∞ h × e / gm - e, whose length is e² [Battin1999].
    """
    s, mu = np.asarray(state, dtype=float), np.asarray(gm, dtype=float)[..., None]
    r, v = s[..., :3], s[..., 3:]
    distance = np.linalg.norm(r, axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        fast = np.sqrt(np.sum(v * v, axis=-1, keepdims=True) - 2.0 * mu / distance)
    h = np.cross(r, v)
    e = np.cross(v, h) / mu - r / distance
    along = np.cross(h, e) * fast / mu - e
    return np.asarray(fast * along / np.linalg.norm(along, axis=-1, keepdims=True))


def speed_at_infinity(gm: ArrayLike, distance: ArrayLike, speed: ArrayLike) -> Array:
    """Return the speed left far away; NaN for a craft that does not escape, shapes (...)."""
    square = np.square(speed) - 2.0 * np.asarray(gm, dtype=float) / np.asarray(distance)
    return np.asarray(np.sqrt(np.where(square >= 0.0, square, np.nan)))


def tangential_burn(
    gm: ArrayLike, distance: ArrayLike, speed: ArrayLike, v_out: ArrayLike
) -> Array:
    """Return the burn along the motion that leaves a speed far away: the least there can be.

    Parameters
    ----------
    gm, distance, speed : array_like, shape (...)
        Of the planet; where the burn is made; speed there before it.
    v_out : array_like, shape (...)
        Speed far away after it.

    Returns
    -------
    ndarray, shape (...)
        √(v∞² + 2 gm/r) - v; negative where the craft must be braked.
    """
    escape = 2.0 * np.asarray(gm, dtype=float) / np.asarray(distance, dtype=float)
    return np.asarray(np.sqrt(np.square(v_out) + escape) - np.asarray(speed, dtype=float))


def closest_ahead_or_behind(gm: ArrayLike, state: ArrayLike, *, ahead: bool) -> Array:
    """Return the least distance from the planet on one side of a state.

    Parameters
    ----------
    gm : array_like, shape (...)
        Gravitational parameter.
    state : array_like, shape (..., 6)
        Relative to the planet.
    ahead : bool
        Whether the motion after the state counts, or that before it.

    Returns
    -------
    ndarray, shape (...)
        Periapsis of the conic if it is passed on that side, otherwise the present distance; it
        depends continuously on the state as long as the craft is faster than on a circle.
    """
    s = np.asarray(state, dtype=float)
    r, v, mu = s[..., :3], s[..., 3:], np.asarray(gm, dtype=float)
    distance, climb = np.linalg.norm(r, axis=-1), np.sum(r * v, axis=-1)
    momentum = np.sum(np.cross(r, v) ** 2, axis=-1)
    energy = 0.5 * np.sum(v * v, axis=-1) - mu / distance
    e = np.sqrt(np.maximum(0.0, 1.0 + 2.0 * energy * momentum / mu**2))
    passed = climb < 0.0 if ahead else climb > 0.0
    return np.asarray(np.where(passed, momentum / (mu * (1.0 + e)), distance))
