"""The circular restricted three-body problem: libration points and the Jacobi constant.

Lengths are in units of the distance between the primaries, times in units of the inverse of their
mean motion. The frame turns with them; the heavier stands at ``x = -mass_ratio``, the lighter at
``x = 1 - mass_ratio`` [Szebehely1967].
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

_MAX_NEWTON = 60  # twelve are enough for every mass ratio down to 1e-300

Array = NDArray[np.float64]


def libration_points(mass_ratio: ArrayLike) -> Array:
    """Return the five points at which a body at rest stays at rest.

    Parameters
    ----------
    mass_ratio : array_like, shape (...)
        Mass of the lighter primary over the mass of both, in (0, 0.5].

    Returns
    -------
    ndarray, shape (..., 5, 3)
        L1 (between the primaries), L2 (beyond the lighter), L3 (beyond the heavier), L4
        (``y > 0``) and L5 (``y < 0``); NaN where the mass ratio is out of its range.

    Notes
    -----
    The distances of the collinear points from their primary solve Euler's quintics
    ([Szebehely1967] chapter 4), each of which has one root in the range of its point. Newton's
    steps are taken on the distance itself, not on x, so that a small distance keeps all its
    digits.
    """
    mu = np.asarray(mass_ratio, dtype=float)
    mu = np.where((mu > 0) & (mu <= 0.5), mu, np.nan)
    # Hill's distance, the leading term of both roots near the lighter primary.
    hill = np.cbrt(mu / (3.0 * (1.0 - mu)))
    gamma_1 = _root((-mu, 2.0 * mu, -mu, 3.0 - 2.0 * mu, mu - 3.0, 1.0), hill * (1 - hill / 3))
    gamma_2 = _root((-mu, -2.0 * mu, -mu, 3.0 - 2.0 * mu, 3.0 - mu, 1.0), hill * (1 + hill / 3))
    nu = 1.0 - mu
    gamma_3 = _root((-nu, -2.0 * nu, -nu, 1.0 + 2.0 * mu, 2.0 + mu, 1.0), 1.0 - 7.0 * mu / 12.0)

    points = np.zeros((*mu.shape, 5, 3))
    points[..., 0, 0] = 1.0 - mu - gamma_1
    points[..., 1, 0] = 1.0 - mu + gamma_2
    points[..., 2, 0] = -mu - gamma_3
    points[..., 3:, 0] = (0.5 - mu)[..., None]
    half_height = np.where(np.isnan(mu), np.nan, np.sqrt(0.75))
    points[..., 3, 1] = half_height
    points[..., 4, 1] = -half_height
    points[np.isnan(mu)] = np.nan
    return points


def jacobi_constant(mass_ratio: ArrayLike, state: ArrayLike) -> Array:
    """Return the constant of motion, in the convention without the term ``mu (1 - mu)``.

    Parameters
    ----------
    mass_ratio : array_like, shape (...)
        Mass of the lighter primary over the mass of both.
    state : array_like, shape (..., 6)
        Position and velocity in the rotating frame.

    Returns
    -------
    ndarray, shape (...)
        ``x² + y² + 2 (1 - mu) / r1 + 2 mu / r2 - v²``.
    """
    mu = np.asarray(mass_ratio, dtype=float)
    x, y, z, vx, vy, vz = np.moveaxis(np.asarray(state, dtype=float), -1, 0)
    off_axis = y * y + z * z
    r1 = np.sqrt((x + mu) ** 2 + off_axis)
    r2 = np.sqrt((x - 1.0 + mu) ** 2 + off_axis)
    speed_squared = vx * vx + vy * vy + vz * vz
    return np.asarray(
        x * x + y * y + 2.0 * (1.0 - mu) / r1 + 2.0 * mu / r2 - speed_squared, dtype=float
    )


def _root(coefficients: tuple[Array | float, ...], start: Array) -> Array:
    """Polish a root of a polynomial (lowest power first) by Newton's steps."""
    root = start
    for _ in range(_MAX_NEWTON):
        value: Array | float = 0.0
        slope: Array | float = 0.0
        for coefficient in reversed(coefficients):
            slope = slope * root + value
            value = value * root + coefficient
        step = value / slope
        root = root - step
        if not np.any(np.abs(step) > 1e-16 * np.abs(root)):
            break
    return root
