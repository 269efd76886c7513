"""Contour levels: few, round, and closer together where delta-v is cheap."""

from __future__ import annotations

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

# Round numbers, from the finest scale to the coarsest; the finest that fits the data is taken.
_SCALES = (
    (
        1.0,
        1.1,
        1.2,
        1.3,
        1.4,
        1.5,
        1.6,
        1.8,
        2.0,
        2.2,
        2.5,
        2.8,
        3.0,
        3.5,
        4.0,
        4.5,
        5.0,
        5.5,
        6.0,
        7.0,
        8.0,
        9.0,
    ),
    (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0),
    (1.0, 1.5, 2.0, 3.0, 5.0, 7.0),
    (1.0, 2.0, 5.0),
    (1.0, 3.0),
    (1.0,),
)
_MOST_LEVELS = 11


def contour_levels(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Choose round contour levels for the cheap part of a map.

    The levels run from the round number below the minimum to about six times the minimum (but
    cover between a quarter and three fifths of the cells), in steps that grow with delta-v,
    because a choice turns on percentages and not on metres per second. The rest is saturated.

    Parameters
    ----------
    values : ndarray
        Delta-v in any unit, any shape; NaN is ignored.

    Returns
    -------
    ndarray
        Between 4 and 12 increasing levels.
    """
    least = float(np.nanmin(values))
    most = float(np.clip(6.0 * least, *np.nanpercentile(values, [25.0, 60.0])))
    floor = max(least, 1e-3 * most, 1e-9)
    decades = range(
        int(np.floor(np.log10(floor))) - 1, int(np.ceil(np.log10(max(most, floor)))) + 2
    )
    levels = np.array([least, max(most, floor)])
    for scale in _SCALES:
        rounds = np.array([round(s * 10.0**d, 12 - d) for d in decades for s in scale])
        low = np.flatnonzero(rounds <= floor * (1 + 1e-12))[-1]
        high = np.flatnonzero(rounds >= most)[0]
        levels = rounds[low : high + 1]
        if levels.size <= _MOST_LEVELS:
            break
    if levels.size < 4:  # a nearly flat map: even steps
        even = MaxNLocator(nbins=8, steps=[1, 2, 2.5, 5, 10])
        levels = np.asarray(even.tick_values(least, max(most, least * (1 + 1e-6) + 1e-9)))
    if levels[0] > least:  # a zero, or something a thousand times below the rest
        levels = np.concatenate([[0.0], levels])
    return np.asarray(levels, dtype=float)
