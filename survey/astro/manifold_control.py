"""What it costs to stay on an unstable orbit: errors grow along one direction, and are pushed back.

Let ``a`` be the unstable component of an error, scaled so that the free motion keeps it constant.
It is read off by a covector w (``a = w . error``) that belongs to the stable direction through
the form ``r . dp - p . dr`` which the flow keeps, so that the velocity part of w is the position
part of the stable direction. The least impulse that takes ``a`` away lies along it and is
``|a| / |w_v|`` [Simo1987].
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro.manifold import carried_unstable, floquet_directions
from survey.astro.periodic import PeriodicOrbit

__all__ = ["correction_size", "unstable_covector"]

_PHASES = 48
_NODES = 17  # of the integral over an interval

Array = NDArray[np.float64]


def unstable_covector(orbit: PeriodicOrbit, turns: ArrayLike) -> Array:
    """Return what reads the unstable component off a displacement from an orbit.

    Parameters
    ----------
    orbit : PeriodicOrbit
        With an unstable direction.
    turns : array_like, shape (n,)
        Periods since phase zero; whole ones matter, for the component is scaled by the growth
        since then.

    Returns
    -------
    ndarray, shape (n, 6)
        Covectors w with ``w . displacement`` constant along free motion near the orbit.

    Raises
    ------
    ValueError
        If the orbit has no unstable direction.
    """
    turn = np.asarray(turns, dtype=float).ravel()
    at = floquet_directions(orbit, turn)
    x, y = at.stable[:, 0], at.stable[:, 1]
    covector = np.empty((len(turn), 6))
    covector[:, 3:] = at.stable[:, :3]
    # Momentum is velocity in axes that do not turn: (vx - y, vy + x, vz).
    covector[:, 0] = 2.0 * y - at.stable[:, 3]
    covector[:, 1] = -2.0 * x - at.stable[:, 4]
    covector[:, 2] = -at.stable[:, 5]
    grown = carried_unstable(orbit, at.phases)
    grown *= (at.unstable_multiplier ** np.floor(turn))[:, None]
    return np.asarray(covector / np.sum(covector * grown, axis=-1)[:, None])


def correction_size(
    orbit: PeriodicOrbit,
    interval: float,
    position_error: float,
    velocity_error: float,
    acceleration_error: float = 0.0,
) -> float:
    """Return the mean size of the corrections that keep a craft on an unstable orbit.

    Parameters
    ----------
    orbit : PeriodicOrbit
        With an unstable direction.
    interval : float
        Time from one correction to the next.
    position_error, velocity_error : float
        Standard deviation, in each axis, of what navigation believes at a correction, that of the
        impulse itself included; independent from one correction to the next.
    acceleration_error : float, optional
        Standard deviation, in each axis, of an acceleration that nobody knows of, constant from
        one correction to the next and independent of the one before.

    Returns
    -------
    float
        Mean over phases and errors, in the unit of velocity.

    Notes
    -----
    A correction takes away the unstable component that navigation believes in, so it leaves its
    error of that moment, of deviation s1. That has grown when the next correction adds an error
    of its own, s2; in the scaled component growth is none. The acceleration adds s3, its product
    with the integral of w_v over the interval. The mean size of a normal variable then gives
    ``sqrt(2/pi) sqrt(s1^2 + s2^2 + s3^2) / |w_v|``, with ``s^2 = sr^2 |w_r|^2 + sv^2 |w_v|^2``.
    """
    start = np.arange(_PHASES) / _PHASES
    within = np.linspace(0.0, interval / orbit.period, _NODES)
    turns = start[:, None] + within
    covectors = unstable_covector(orbit, turns.ravel()).reshape(*turns.shape, 6)
    ends = np.linalg.norm(covectors[:, [0, -1]].reshape(_PHASES, 2, 2, 3), axis=-1)
    variance = (position_error * ends[..., 0]) ** 2 + (velocity_error * ends[..., 1]) ** 2
    pushed = np.trapezoid(covectors[..., 3:], within * orbit.period, axis=1)
    unknown = (acceleration_error * np.linalg.norm(pushed, axis=-1)) ** 2
    sizes = np.sqrt(variance.sum(axis=-1) + unknown) / ends[:, 1, 1]
    return float(np.sqrt(2.0 / np.pi) * sizes.mean())
