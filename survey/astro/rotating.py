"""The rotating, pulsating frame of two primaries: physical states in and out of it.

The x axis points from the heavier primary to the lighter, the z axis along their orbital angular
momentum, the origin is their barycentre; the unit of length is their distance d at the instant and
the independent variable their true longitude, which grows at the rate w = h / d². Where the
primaries run on circles this is the rotating frame of the circular problem.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def to_rotating(
    r: ArrayLike, v: ArrayLike, r2: ArrayLike, v2: ArrayLike, mass_ratio: ArrayLike
) -> Array:
    """Take states relative to the heavier primary into the pulsating frame.

    Parameters
    ----------
    r, v : array_like, shape (..., 3)
        Position and velocity of the body relative to the heavier primary (km, km/s, or any other
        units that agree).
    r2, v2 : array_like, shape (..., 3)
        The lighter primary's, at the same instants, in the same units.
    mass_ratio : array_like, shape (...)
        Mass of the lighter primary over the mass of both.

    Returns
    -------
    ndarray, shape (..., 6)
        Position in units of d, and its derivative by the true longitude.

    Notes
    -----
    With R the position from the barycentre in the turning axes and R' its inertial velocity in
    them, ρ = R / d and dρ/dν = (R' - ḋ ρ - w ẑ × R) / (d w) ([Szebehely1967] chapter 10). The
    slow turn of the orbital plane of a real planet about the line of the primaries is left out:
    for the Earth some 1e-7 of the z coordinate in y', and of y in z'.
    """
    axes, d, d_rate, w = _frame(r2, v2)
    mu = np.asarray(mass_ratio, dtype=float)[..., None]
    second, second_v = np.asarray(r2, dtype=float), np.asarray(v2, dtype=float)
    rho = _into(axes, np.asarray(r, dtype=float) - mu * second) / d
    velocity = _into(axes, np.asarray(v, dtype=float) - mu * second_v)
    rate = (velocity - d_rate * rho) / (d * w) - _turned(rho)
    return np.concatenate(np.broadcast_arrays(rho, rate), axis=-1)


def from_rotating(
    state: ArrayLike, r2: ArrayLike, v2: ArrayLike, mass_ratio: ArrayLike
) -> tuple[Array, Array]:
    """Take states of the pulsating frame back: the inverse of `to_rotating`.

    Parameters
    ----------
    state : array_like, shape (..., 6)
        Position in units of d, and its derivative by the true longitude.
    r2, v2 : array_like, shape (..., 3)
        Position and velocity of the lighter primary relative to the heavier.
    mass_ratio : array_like, shape (...)
        Mass of the lighter primary over the mass of both.

    Returns
    -------
    r, v : ndarray, shape (..., 3)
        Relative to the heavier primary, in the units of `r2` and `v2`.
    """
    axes, d, d_rate, w = _frame(r2, v2)
    mu = np.asarray(mass_ratio, dtype=float)[..., None]
    second, second_v = np.asarray(r2, dtype=float), np.asarray(v2, dtype=float)
    whole = np.asarray(state, dtype=float)
    rho, rate = whole[..., :3], whole[..., 3:]
    velocity = d_rate * rho + d * w * (rate + _turned(rho))
    return _out_of(axes, d * rho) + mu * second, _out_of(axes, velocity) + mu * second_v


def frame_scales(r2: ArrayLike, v2: ArrayLike) -> tuple[Array, Array]:
    """Return the units of length and of rate at the instant.

    Parameters
    ----------
    r2, v2 : array_like, shape (..., 3)
        Position and velocity of the lighter primary relative to the heavier (km, km/s).

    Returns
    -------
    d : ndarray, shape (...)
        Distance of the primaries (km).
    w : ndarray, shape (...)
        Rate of their true longitude (rad/s). A speed of the frame times d w is in km/s.
    """
    _, d, _, w = _frame(r2, v2)
    return d[..., 0], w[..., 0]


def _frame(r2: ArrayLike, v2: ArrayLike) -> tuple[Array, Array, Array, Array]:
    """Axes ``(..., 3, 3)`` as rows; distance, its rate and the turning rate, ``(..., 1)``."""
    second, second_v = np.broadcast_arrays(np.asarray(r2, dtype=float), np.asarray(v2, dtype=float))
    d = np.linalg.norm(second, axis=-1, keepdims=True)
    momentum = np.cross(second, second_v)
    h = np.linalg.norm(momentum, axis=-1, keepdims=True)
    x, z = second / d, momentum / h
    d_rate = np.sum(x * second_v, axis=-1, keepdims=True)
    return np.stack((x, np.cross(z, x), z), axis=-2), d, d_rate, h / (d * d)


def _turned(rho: Array) -> Array:
    """Return ẑ × ρ."""
    return np.stack((-rho[..., 1], rho[..., 0], np.zeros_like(rho[..., 0])), axis=-1)


def _into(axes: Array, vectors: Array) -> Array:
    return np.asarray(np.einsum("...ij,...j->...i", axes, vectors))


def _out_of(axes: Array, vectors: Array) -> Array:
    return np.asarray(np.einsum("...ji,...j->...i", axes, vectors))
