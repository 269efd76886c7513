"""Zero-velocity curves: where a body of a given Jacobi constant would come to rest."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from survey.astro.cr3bp import libration_points
from survey.astro.libration import check_mass_ratio

Array = NDArray[np.float64]

_MAX_NEWTON: Final = 60
_END_POINTS: Final = 30  # beside each crossing of the x axis, where the curve turns sharply


def zero_velocity_curve(
    mass_ratio: float, jacobi_constant: float, *, points: int = 1000
) -> tuple[Array, ...]:
    """Return the zero-velocity curves in the plane of the primaries.

    Parameters
    ----------
    mass_ratio : float
        Mass of the lighter primary over the mass of both, in (0, 0.5].
    jacobi_constant : float
        Of the body.
    points : int
        Roughly how many points a curve gets.

    Returns
    -------
    tuple of ndarray, shape (k, 2)
        Closed polylines x, y, the first point repeated at the end. Three of them above the
        constant of L1, two above that of L2, one above that of L3, two about L4 and L5 below it,
        and none below the constant of L4.

    Raises
    ------
    ValueError
        If the mass ratio is out of its range or the constant is not finite.

    Notes
    -----
    In the plane x² + y² = (1 - mu) r1² + mu r2² - mu (1 - mu), so that with the functions
    s(r) = (r - 1) √(1 + 2/r) of the two distances the curve is an ellipse,

        (1 - mu) s1² + mu s2² = C - 3 + mu (1 - mu),

    walked through by its eccentric angle. Of its points those exist whose distances close a
    triangle with the unit base ([Szebehely1967] chapter 4 has the curves, in these distances).
    """
    mu, jacobi = check_mass_ratio(mass_ratio), float(jacobi_constant)
    if not np.isfinite(jacobi):
        raise ValueError(
            f"the Jacobi constant was given as {jacobi}, but must be finite: give one near 3"
        )
    excess = jacobi - 3.0 + mu * (1.0 - mu)
    if excess <= 0.0:
        return ()
    angles = _sampling(mu, excess, points)
    height = _place(mu, excess, angles)[1]
    exists = height > 0.0
    if exists.all():
        curve = _upper(mu, excess, np.append(angles, angles[0]))
        return curve, curve * (1.0, -1.0)

    curves = []
    following = np.roll(exists, -1)
    rises, falls = np.flatnonzero(~exists & following), np.flatnonzero(exists & ~following)
    for rise in rises:
        fall = falls[falls > rise][0] if np.any(falls > rise) else falls[0]
        first = _axis_crossing(mu, excess, angles, int(rise))
        last = _axis_crossing(mu, excess, angles, int(fall))
        last += 2.0 * np.pi * np.ceil((first - last) / (2.0 * np.pi))
        lap = (angles - first) % (2.0 * np.pi) + first
        near = (np.arange(_END_POINTS + 1) / _END_POINTS) ** 2 * min(last - first, 0.05) / 2.0
        walk = np.unique(np.concatenate((lap[lap < last], first + near, last - near)))
        upper = _upper(mu, excess, walk)
        upper[[0, -1], 1] = 0.0
        curves.append(np.concatenate((upper, upper[-2::-1] * (1.0, -1.0))))
    return tuple(curves)


def _sampling(mu: float, excess: float, points: int) -> Array:
    """Eccentric angles in [0, 2π): evenly by angle, and by distance from the lighter primary."""
    even = np.linspace(0.0, 2.0 * np.pi, points, endpoint=False)
    r = np.linspace(0.0, 2.5, points + 2)[1:-1]
    reach = _signed(r) / np.sqrt(excess / mu)
    rising = np.arcsin(reach[np.abs(reach) < 1.0])
    # Where two curves touch the sign between them must be seen, however narrow the neck.
    x = libration_points(mu)[:3, 0]
    first, second = _signed(np.abs(x + mu)), _signed(np.abs(x + mu - 1.0))
    necks = np.arctan2(np.sqrt(mu) * second, np.sqrt(1.0 - mu) * first)
    together = np.concatenate((even, rising, np.pi - rising, necks))
    return np.unique(together % (2.0 * np.pi))


def _place(mu: float, excess: float, angle: Array) -> tuple[Array, Array]:
    """Return x - (1 - mu) and the square of y at eccentric angles; the square may be negative."""
    d1 = _distance_less_one(np.sqrt(excess / (1.0 - mu)) * np.cos(angle))
    r2 = 1.0 + _distance_less_one(np.sqrt(excess / mu) * np.sin(angle))
    along = 0.5 * (d1 * (2.0 + d1) - r2 * r2)
    return along, (r2 - along) * (r2 + along)


def _upper(mu: float, excess: float, angle: Array) -> Array:
    along, height = _place(mu, excess, angle)
    return np.stack((along + 1.0 - mu, np.sqrt(np.maximum(height, 0.0))), axis=-1)


def _axis_crossing(mu: float, excess: float, angles: Array, k: int) -> float:
    """Angle between sample `k` and the next at which the curve meets the x axis."""
    low = angles[k]
    high = angles[(k + 1) % len(angles)]
    high += 2.0 * np.pi * (high < low)
    return float(brentq(lambda a: float(_place(mu, excess, np.array(a))[1]), low, high, xtol=1e-15))


def _signed(r: Array) -> Array:
    return (r - 1.0) * np.sqrt(1.0 + 2.0 / r)


def _distance_less_one(s: Array) -> Array:
    """Invert `_signed`: d = r - 1, the root of d² (3 + d) = s² (1 + d) with the sign of s."""
    squared = s * s
    # The cubic is convex right of -1; these starts lie on the outer side of each root.
    d = np.where(s > 0.0, s, np.maximum(-1.0, s / np.sqrt(3.0)))
    for _ in range(_MAX_NEWTON):
        slope = 3.0 * d * (2.0 + d) - squared
        step = (d * d * (3.0 + d) - squared * (1.0 + d)) / np.where(slope == 0.0, np.inf, slope)
        d = d - step
        if np.all(np.abs(step) <= 1e-16 * np.abs(d)):
            break
    return np.asarray(d)
