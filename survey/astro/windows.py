"""The distinct windows of a curve of least delta-v over departure dates, and their breadth."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro.compiling import entry, frozen, kernel

Array = NDArray[np.float64]
Places = NDArray[np.int64]

WITHIN = 1.10  # a window is as broad as its curve stays within 10 % of its best, or the slack


@kernel
def _edge(curve: Array, days: Array, best: int, level: float, direction: int) -> tuple[float, int]:
    """Day on which the curve leaves `level`, by a straight line, and the last date within it."""
    i = best
    while True:
        following = i + direction
        if following < 0 or following >= curve.size:
            return days[i], i
        if not curve[following] <= level:
            share = 0.0
            if curve[following] < math.inf:
                share = (level - curve[i]) / (curve[following] - curve[i])
            return days[i] + share * (days[following] - days[i]), i
        i = following


@kernel
def _separate(curve: Array, chosen: Places, count: int, candidate: int, level: float) -> bool:
    """Whether the curve rises above `level` between the candidate and every chosen window."""
    for k in range(count):
        low, high = min(chosen[k], candidate), max(chosen[k], candidate)
        ridge = 0.0
        for i in range(low, high + 1):
            ridge = max(ridge, curve[i])
        if ridge <= level:
            return False
    return True


@entry
def _windows(curves: Array, days: Array, slack: float, places: Places, breadths: Array) -> None:
    count = places.shape[1]
    for n in range(curves.shape[0]):
        curve = curves[n]
        free = np.isfinite(curve)
        found = 0
        while found < count:
            best = -1
            for i in range(curve.size):
                if free[i] and (best < 0 or curve[i] < curve[best]):
                    best = i
            if best < 0:
                break
            level = max(WITHIN * curve[best], curve[best] + slack)
            start, first = _edge(curve, days, best, level, -1)
            stop, last = _edge(curve, days, best, level, 1)
            if _separate(curve, places[n], found, best, level):
                places[n, found] = best
                breadths[n, found] = stop - start
                found += 1
            # what only climbs from here belongs to the same window
            while first > 0 and curve[first - 1] >= curve[first]:
                first -= 1
            while last < curve.size - 1 and curve[last + 1] >= curve[last]:
                last += 1
            for i in range(first, last + 1):
                free[i] = False


def distinct_windows(
    curves: ArrayLike, days: ArrayLike, count: int, *, slack: float = 0.0
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Best dates of up to `count` windows that a ridge separates.

    A ridge is a stretch of the curve more than 10 %, and more than `slack`, above the window's
    best. Without the slack a window of almost no delta-v would have almost no breadth.

    Parameters
    ----------
    curves : ndarray, shape (n, m)
        Least delta-v over the departure dates, one curve a row; infinite where there is none.
    days : ndarray, shape (m,)
        The departure dates, increasing.
    count : int
        Most windows wanted of each curve.
    slack : float, optional
        Least rise that counts, in the units of `curves`.

    Returns
    -------
    place : ndarray of int, shape (n, count)
        Index of the best date of each window, cheapest first; -1 where there are fewer.
    breadth : ndarray, shape (n, count)
        Span of dates around it, in units of `days`, over which the curve stays below the
        ridge's height, read by straight lines between the dates.

    Raises
    ------
    ValueError
        If the shapes do not fit together.
    """
    lines, dates = frozen(curves), frozen(days)
    if lines.ndim != 2 or dates.shape != lines.shape[1:]:
        raise ValueError(
            f"curves and days have shapes {lines.shape} and {dates.shape}: give (n, m) and (m,)"
        )
    place = np.full((lines.shape[0], count), -1, dtype=np.int64)
    breadth = np.full((lines.shape[0], count), np.nan)
    _windows(lines, dates, float(slack), place, breadth)
    return place, breadth
