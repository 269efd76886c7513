"""The circular restricted three-body problem: its equations, libration points and constant.

Lengths are in units of the distance between the primaries, times in units of the inverse of their
mean motion. The frame turns with them; the heavier stands at ``x = -mass_ratio``, the lighter at
``x = 1 - mass_ratio`` [Szebehely1967]. Trajectories come from `propagate_cr3bp`, `sample_cr3bp`
and `survey.astro.cr3bp_events`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro.cr3bp_flow import RADII, STATUS, propagate_cr3bp, sample_cr3bp

__all__ = [
    "RADII",
    "STATUS",
    "collinear_distances",
    "equations_of_motion",
    "inertial_to_rotating",
    "jacobi_constant",
    "libration_points",
    "propagate_cr3bp",
    "rotating_to_inertial",
    "sample_cr3bp",
    "variational_matrix",
]

_MAX_NEWTON = 60  # twelve are enough for every mass ratio down to 1e-300

Array = NDArray[np.float64]


def collinear_distances(mass_ratio: ArrayLike) -> Array:
    """Return the distances of the collinear points from the primary next to them.

    Parameters
    ----------
    mass_ratio : array_like, shape (...)
        Mass of the lighter primary over the mass of both, in (0, 0.5].

    Returns
    -------
    ndarray, shape (..., 3)
        Of L1 and L2 from the lighter primary, of L3 from the heavier; NaN where the mass ratio is
        out of its range.

    Notes
    -----
    They solve Euler's quintics ([Szebehely1967] chapter 4), each of which has one root in the
    range of its point. Newton's steps are taken on the distance itself, not on x, so that a small
    distance keeps all its digits.
    """
    mu = np.asarray(mass_ratio, dtype=float)
    mu = np.where((mu > 0) & (mu <= 0.5), mu, np.nan)
    # Hill's distance, the leading term of both roots near the lighter primary.
    hill = np.cbrt(mu / (3.0 * (1.0 - mu)))
    gamma_1 = _root((-mu, 2.0 * mu, -mu, 3.0 - 2.0 * mu, mu - 3.0, 1.0), hill * (1 - hill / 3))
    gamma_2 = _root((-mu, -2.0 * mu, -mu, 3.0 - 2.0 * mu, 3.0 - mu, 1.0), hill * (1 + hill / 3))
    nu = 1.0 - mu
    gamma_3 = _root((-nu, -2.0 * nu, -nu, 1.0 + 2.0 * mu, 2.0 + mu, 1.0), 1.0 - 7.0 * mu / 12.0)
    return np.stack((gamma_1, gamma_2, gamma_3), axis=-1)


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
    """
    mu = np.asarray(mass_ratio, dtype=float)
    gamma_1, gamma_2, gamma_3 = np.moveaxis(collinear_distances(mu), -1, 0)
    mu = np.where(np.isnan(gamma_1), np.nan, mu)
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


def equations_of_motion(mass_ratio: ArrayLike, state: ArrayLike) -> Array:
    """Return the time derivative of states ``(..., 6)`` in the rotating frame.

    Parameters
    ----------
    mass_ratio : array_like, shape (...)
        Mass of the lighter primary over the mass of both.
    state : array_like, shape (..., 6)
        Position and velocity in the rotating frame.

    Returns
    -------
    ndarray, shape (..., 6)
        Velocity, and the acceleration ``(2 y' + U_x, -2 x' + U_y, U_z)`` of the effective
        potential ``U = (x² + y²) / 2 + (1 - mu) / r1 + mu / r2`` ([Szebehely1967] chapter 1).
    """
    mu = np.asarray(mass_ratio, dtype=float)
    x, y, z, vx, vy, vz = np.moveaxis(np.asarray(state, dtype=float), -1, 0)
    x1, x2, pull_1, pull_2, _, _ = _attraction(mu, x, y, z)
    pull = pull_1 + pull_2
    ax = 2.0 * vy + x - pull_1 * x1 - pull_2 * x2
    ay = -2.0 * vx + y - pull * y
    return np.stack(np.broadcast_arrays(vx, vy, vz, ax, ay, -pull * z), axis=-1)


def variational_matrix(mass_ratio: ArrayLike, state: ArrayLike) -> Array:
    """Return the derivative of the equations of motion by the state.

    Parameters
    ----------
    mass_ratio : array_like, shape (...)
        Mass of the lighter primary over the mass of both.
    state : array_like, shape (..., 6)
        Position and velocity in the rotating frame; the velocity does not matter.

    Returns
    -------
    ndarray, shape (..., 6, 6)
        A, such that small deviations and the transition matrix obey ``Φ' = A Φ``.
    """
    mu = np.asarray(mass_ratio, dtype=float)
    x, y, z = np.moveaxis(np.asarray(state, dtype=float)[..., :3], -1, 0)
    x1, x2, pull_1, pull_2, r1, r2 = _attraction(mu, x, y, z)
    tide_1, tide_2 = 3.0 * pull_1 / (r1 * r1), 3.0 * pull_2 / (r2 * r2)
    pull, tide, skew = pull_1 + pull_2, tide_1 + tide_2, tide_1 * x1 + tide_2 * x2
    matrix = np.zeros((*np.shape(pull), 6, 6))
    matrix[..., :3, 3:] = np.eye(3)
    matrix[..., 3, 4], matrix[..., 4, 3] = 2.0, -2.0
    matrix[..., 3, 0] = 1.0 - pull + tide_1 * x1 * x1 + tide_2 * x2 * x2
    matrix[..., 4, 1] = 1.0 - pull + tide * y * y
    matrix[..., 5, 2] = -pull + tide * z * z
    matrix[..., 3, 1] = matrix[..., 4, 0] = skew * y
    matrix[..., 3, 2] = matrix[..., 5, 0] = skew * z
    matrix[..., 4, 2] = matrix[..., 5, 1] = tide * y * z
    return matrix


def rotating_to_inertial(state: ArrayLike, t: ArrayLike) -> Array:
    """Take states from the rotating frame to the one at rest with the same origin.

    Parameters
    ----------
    state : array_like, shape (..., 6)
        Position and velocity in the rotating frame.
    t : array_like, shape (...)
        Times since the axes of both coincided.

    Returns
    -------
    ndarray, shape (..., 6)
        Barycentric position and velocity, axes at rest.
    """
    x, y, z, vx, vy, vz = np.moveaxis(np.asarray(state, dtype=float), -1, 0)
    return _turn((x, y, z, vx - y, vy + x, vz), np.asarray(t, dtype=float))


def inertial_to_rotating(state: ArrayLike, t: ArrayLike) -> Array:
    """Take barycentric states ``(..., 6)`` at rest into the rotating frame, times ``(...)``."""
    back = _turn(
        tuple(np.moveaxis(np.asarray(state, dtype=float), -1, 0)), -np.asarray(t, dtype=float)
    )
    back[..., 3] += back[..., 1]
    back[..., 4] -= back[..., 0]
    return back


def _turn(parts: tuple[Array, ...], angle: Array) -> Array:
    """Turn position and velocity about the z axis."""
    x, y, z, vx, vy, vz = parts
    c, s = np.cos(angle), np.sin(angle)
    turned = (c * x - s * y, s * x + c * y, z, c * vx - s * vy, s * vx + c * vy, vz)
    return np.stack(np.broadcast_arrays(*turned), axis=-1)


def _attraction(mu: Array, x: Array, y: Array, z: Array) -> tuple[Array, ...]:
    """Distances along x from the primaries, their pulls over the distances, and the distances."""
    x1, x2, off_axis = x + mu, x + mu - 1.0, y * y + z * z
    r1, r2 = np.sqrt(x1 * x1 + off_axis), np.sqrt(x2 * x2 + off_axis)
    return x1, x2, (1.0 - mu) / r1**3, mu / r2**3, r1, r2


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
