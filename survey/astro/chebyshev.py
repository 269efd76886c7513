"""Vectors stored as Chebyshev series over equal spans of time, evaluated many at a time."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from survey.astro.compiling import ENTRY

Array = NDArray[np.float64]


def evaluate_chebyshev(
    coefficients: Array, start: float, length: float, times: ArrayLike
) -> tuple[Array, Array]:
    """Return vectors and their rates of change.

    Parameters
    ----------
    coefficients : ndarray, shape (n, k, 3), C-contiguous
        One record of k coefficients for each span, lowest degree first.
    start, length : float
        Start of the first span and length of each.
    times : array_like, shape (...)
        Times from ``start`` to ``start + n * length``; beyond, the end records are extrapolated.

    Returns
    -------
    value, rate : ndarray, shape (..., 3)
        The rate is per unit of time.

    Notes
    -----
    Clenshaw's recurrence and its derivative [Clenshaw1955].
    """
    t = np.asarray(times, dtype=float)
    line = np.array(t, order="C").ravel()
    value, rate = np.empty((line.size, 3)), np.empty((line.size, 3))
    _evaluate(coefficients, start, length, line, value, rate)
    return value.reshape(*t.shape, 3), rate.reshape(*t.shape, 3)


@njit(**ENTRY)
def _evaluate(
    coefficients: Array, start: float, length: float, times: Array, value: Array, rate: Array
) -> None:
    last = coefficients.shape[0] - 1
    degree = coefficients.shape[1] - 1
    for j in range(times.size):
        elapsed = times[j] - start
        record = min(max(int(np.floor(elapsed / length)), 0), last)
        s = 2.0 * (elapsed - record * length) / length - 1.0
        for axis in range(3):
            b1 = b2 = d1 = d2 = 0.0
            for k in range(degree, 0, -1):
                d1, d2 = 2.0 * (b1 + s * d1) - d2, d1
                b1, b2 = coefficients[record, k, axis] + 2.0 * s * b1 - b2, b1
            value[j, axis] = coefficients[record, 0, axis] + s * b1 - b2
            rate[j, axis] = (b1 + s * d1 - d2) * (2.0 / length)
