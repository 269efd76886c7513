"""Two-body arcs about the heavier primary, given and returned in the pulsating frame.

Far from the lighter primary they are what Newton's method starts from; from its own place they
tell with what velocity a craft must leave it. The ellipse of the primaries, with the anomaly as
the only clock, is enough to go to axes at rest and back.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro.lambert import solve_lambert
from survey.astro.pulsating import speed_scale

Array = NDArray[np.float64]


def lambert_arcs(
    mass_ratio: float,
    e: float,
    begin: ArrayLike,
    position: ArrayLike,
    end: ArrayLike,
    target: ArrayLike,
    *,
    revs: int = 0,
    low_path: bool = True,
) -> tuple[Array, Array]:
    """Return the velocities of two-body arcs at both ends.

    Parameters
    ----------
    mass_ratio, e : float
        Of the primaries; the pull is that of the heavier alone.
    begin, end : array_like, shape (...)
        True anomalies of the primaries, unwrapped.
    position, target : array_like, shape (..., 3)
        Pulsating frame.
    revs, low_path
        As in `survey.astro.lambert.solve_lambert`.

    Returns
    -------
    leave, arrive : ndarray, shape (..., 3)
        Velocities in the pulsating frame; at the lighter primary's place that is the velocity
        relative to it. NaN where there is no arc.
    """
    first, last = np.asarray(begin, dtype=float), np.asarray(end, dtype=float)
    start = heliocentric(mass_ratio, e, position, first)
    stop = heliocentric(mass_ratio, e, target, last)
    tof = elapsed(e, last) - elapsed(e, first)
    v1, v2, status = solve_lambert(1.0 - mass_ratio, start, stop, tof, revs=revs, low_path=low_path)
    bad = (status >= 1) & (status <= 5)
    v1[bad] = v2[bad] = np.nan
    return (
        pulsating_velocity(mass_ratio, e, position, v1, first),
        pulsating_velocity(mass_ratio, e, target, v2, last),
    )


def elapsed(e: float, anomaly: ArrayLike) -> Array:
    """Return the time since anomaly zero; unit: that in which parameter and momentum are one."""
    f = np.asarray(anomaly, dtype=float)
    beta = e / (1.0 + np.sqrt(1.0 - e * e))
    eccentric = f - 2.0 * np.arctan2(beta * np.sin(f), 1.0 + beta * np.cos(f))
    return np.asarray((eccentric - e * np.sin(eccentric)) / (1.0 - e * e) ** 1.5)


def heliocentric(mass_ratio: float, e: float, position: ArrayLike, anomaly: Array) -> Array:
    """Return positions from the heavier primary in axes at rest, x towards perihelion."""
    rho = np.array(position, dtype=float)
    rho[..., 0] += mass_ratio
    return _turn(rho / speed_scale(e, anomaly)[..., None], anomaly)


def pulsating_velocity(
    mass_ratio: float, e: float, position: ArrayLike, velocity: Array, anomaly: Array
) -> Array:
    """Take velocities relative to the heavier primary, axes at rest, into the pulsating frame."""
    rho = np.array(position, dtype=float)
    rho[..., 0] += mass_ratio
    swell = speed_scale(e, anomaly)[..., None]
    rate = _turn(velocity, -np.asarray(anomaly)) / swell
    rate = rate - e * np.sin(anomaly)[..., None] / swell * rho
    rate[..., 0] += rho[..., 1]
    rate[..., 1] -= rho[..., 0]
    return np.asarray(rate)


def heliocentric_velocity(
    mass_ratio: float, e: float, position: ArrayLike, velocity: ArrayLike, anomaly: Array
) -> Array:
    """Return velocities relative to the heavier primary: the inverse of `pulsating_velocity`."""
    rho, rate = np.array(position, dtype=float), np.array(velocity, dtype=float)
    rho[..., 0] += mass_ratio
    rate[..., 0] -= rho[..., 1]
    rate[..., 1] += rho[..., 0]
    swell = speed_scale(e, anomaly)[..., None]
    return _turn(swell * rate + e * np.sin(anomaly)[..., None] * rho, anomaly)


def _turn(vectors: Array, angle: Array) -> Array:
    """Turn vectors about the z axis."""
    c, s = np.cos(angle), np.sin(angle)
    x, y, z = np.moveaxis(vectors, -1, 0)
    return np.stack([c * x - s * y, s * x + c * y, z + 0.0 * c], axis=-1)
