"""Two-body motion: orbital elements to states and back, for every conic that has elements.

Angles are radians; lengths, times and ``mu`` come in any one consistent system of units. The
elements are ``a, e, i, raan, argp, mean_anomaly``; a hyperbola has ``e > 1`` and ``a < 0``, and
its mean anomaly is ``e sinh H - H``. A parabola has no finite elements of this kind: its entries
are NaN, as are those of any other impossible set (``e < 0``, ``a`` of the wrong sign). States of
every conic, the parabola included, are moved by `propagate_kepler`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro import kepler_kernels, universal

__all__ = [
    "elements_to_state",
    "propagate_elements",
    "propagate_kepler",
    "solve_kepler",
    "state_to_elements",
]

Array = NDArray[np.float64]


def elements_to_state(
    mu: ArrayLike,
    a: ArrayLike,
    e: ArrayLike,
    i: ArrayLike,
    raan: ArrayLike,
    argp: ArrayLike,
    mean_anomaly: ArrayLike,
) -> tuple[Array, Array]:
    """Return position and velocity on orbits given by their elements.

    Parameters
    ----------
    mu, a, e, i, raan, argp, mean_anomaly : array_like
        Gravitational parameter, semi-major axis, eccentricity, inclination, longitude of the
        ascending node, argument of periapsis and mean anomaly; shapes that broadcast to ``(...)``.
        Fastest where the orbits do not vary along the last axis and the anomalies do, as for
        orbits of shape ``(n, 1)`` at anomalies of shape ``(m,)``.

    Returns
    -------
    r, v : ndarray, shape (..., 3)
        NaN where there is no such orbit (see the module).

    Notes
    -----
    Kepler's equation is solved from the start of [Markley1995] by one step of fifth order and
    one of Newton; the few anomalies whose last step was not small are solved again by bracketing.
    """
    elements = [np.asarray(x, dtype=float) for x in (mu, a, e, i, raan, argp)]
    shape = np.broadcast_shapes(*(x.shape for x in elements), np.shape(mean_anomaly))
    varies = any(x.ndim and x.shape[-1] > 1 for x in elements)
    rows = shape if varies or not shape else (*shape[:-1], 1)
    lines = np.array([_flat(x, rows) for x in elements])
    anomalies = _flat(mean_anomaly, shape).reshape(lines.shape[1], -1)
    r, v = np.empty((*anomalies.shape, 3)), np.empty((*anomalies.shape, 3))
    kepler_kernels.states(lines, anomalies, r, v)
    return r.reshape(*shape, 3), v.reshape(*shape, 3)


def propagate_elements(
    mu: ArrayLike,
    a: ArrayLike,
    e: ArrayLike,
    i: ArrayLike,
    raan: ArrayLike,
    argp: ArrayLike,
    mean_anomaly: ArrayLike,
    dt: ArrayLike,
    *,
    out: tuple[Array, Array] | None = None,
) -> tuple[Array, Array]:
    """Return the states of many orbits at many times past the epochs of their elements.

    Parameters
    ----------
    mu, a, e, i, raan, argp, mean_anomaly : array_like, shape (n,)
        Elements at each orbit's own epoch; ``mu`` may be one number for all.
    dt : array_like, shape (m,) or (n, m)
        Times past the epochs, of either sign.
    out : tuple of ndarray, optional
        Two C-contiguous float64 arrays of shape ``(n, m, 3)`` that receive the result.

    Returns
    -------
    r, v : ndarray, shape (n, m, 3)
        The interpreter lock is free meanwhile, so threads may work side by side.
    """
    elements = (mu, a, e, i, raan, argp, mean_anomaly)
    orbits = np.broadcast_shapes(*(np.shape(x) for x in elements))
    if len(orbits) != 1:
        raise ValueError(f"the elements have shape {orbits}, not (n,): give one line of orbits")
    lines = np.array([_flat(x, orbits) for x in elements])
    anomalies = np.array(np.broadcast_to(dt, (orbits[0], np.shape(dt)[-1])), float, order="C")
    shape = (*anomalies.shape, 3)
    r, v = (np.empty(shape), np.empty(shape)) if out is None else out
    if r.shape != shape or v.shape != shape:
        raise ValueError(f"the arrays of `out` have shapes {r.shape} and {v.shape}: give {shape}")
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_motion = np.sqrt(lines[0] / np.abs(lines[1]) ** 3)
    anomalies *= mean_motion[:, None]
    anomalies += lines[6][:, None]
    kepler_kernels.states(lines[:6], anomalies, r, v)
    return r, v


def solve_kepler(mean_anomaly: ArrayLike, e: ArrayLike) -> Array:
    """Return the eccentric anomaly ``E`` (``e < 1``) or the hyperbolic one ``H`` (``e > 1``).

    Parameters
    ----------
    mean_anomaly, e : array_like
        ``E - e sin E`` or ``e sinh H - H``, any real number, and the eccentricity.

    Returns
    -------
    ndarray, of the broadcast shape
        On the same revolution as the mean anomaly; NaN for ``e == 1`` and ``e < 0``.
    """
    shape = np.broadcast_shapes(np.shape(mean_anomaly), np.shape(e))
    result = np.empty(shape)
    kepler_kernels.anomalies(_flat(mean_anomaly, shape), _flat(e, shape), result.ravel())
    return result


def state_to_elements(
    mu: ArrayLike, r: ArrayLike, v: ArrayLike
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Return the osculating elements of states.

    Parameters
    ----------
    mu : array_like, shape (...)
        Gravitational parameter.
    r, v : array_like, shape (..., 3)
        Position and velocity.

    Returns
    -------
    a, e, i, raan, argp, mean_anomaly : ndarray, shape (...)
        Angles in [0, 2 pi), but the mean anomaly in [-pi, pi] (before periapsis it would lose its
        digits, and a near-parabola its time of periapsis, as 2 pi minus something), and any real
        number on a hyperbola. Where the plane has no node (``i`` = 0 or pi) ``raan`` is 0; a
        circle has ``argp`` = 0. A parabola has ``a`` infinite and no mean anomaly (NaN).
    """
    shape = np.broadcast_shapes(np.shape(mu), np.shape(r)[:-1], np.shape(v)[:-1])
    full = (*shape, 3)
    result = np.empty((6, math.prod(shape)))
    kepler_kernels.elements(
        _flat(mu, shape), _flat(r, full).reshape(-1, 3), _flat(v, full).reshape(-1, 3), result
    )
    a, e, i, raan, argp, mean_anomaly = result.reshape(6, *shape)
    return a, e, i, raan, argp, mean_anomaly


def propagate_kepler(
    mu: ArrayLike, r: ArrayLike, v: ArrayLike, dt: ArrayLike
) -> tuple[Array, Array]:
    """Move states along their conics.

    Parameters
    ----------
    mu : array_like, shape (...)
        Gravitational parameter.
    r, v : array_like, shape (..., 3)
        Position and velocity.
    dt : array_like, shape (...)
        Time to move by, of either sign and of any number of revolutions.

    Returns
    -------
    r, v : ndarray, shape (..., 3)
        NaN where the position is zero or an entry is not finite.

    Notes
    -----
    Universal variables ([Battin1999] section 4.5; Laguerre's iteration after [Conway1986]) treat
    ellipse, parabola and hyperbola alike; the iteration cannot leave a bracket that shrinks.
    """
    shape = np.broadcast_shapes(np.shape(mu), np.shape(r)[:-1], np.shape(v)[:-1], np.shape(dt))
    full = (*shape, 3)
    r_out, v_out = np.empty(full), np.empty(full)
    universal.propagate(
        _flat(mu, shape),
        _flat(r, full).reshape(-1, 3),
        _flat(v, full).reshape(-1, 3),
        _flat(dt, shape),
        r_out.reshape(-1, 3),
        v_out.reshape(-1, 3),
    )
    return r_out, v_out


def _flat(values: ArrayLike, shape: tuple[int, ...]) -> Array:
    """Copy to a contiguous line of the full shape: the one layout the kernels are compiled for."""
    return np.array(np.broadcast_to(np.asarray(values, dtype=float), shape), order="C").ravel()
