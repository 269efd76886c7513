"""Dates as people read them: Julian dates TDB become UTC calendar days, and matplotlib's days."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from typing import Any

import matplotlib.dates
import numpy as np
from astropy.time import Time
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

mdates: Any = matplotlib.dates  # carries no types
_MATPLOTLIB_EPOCH_JD = 2_440_587.5  # 1970-01-01T00:00 UTC, matplotlib's day zero


def date_numbers(jd_tdb: ArrayLike) -> NDArray[np.float64]:
    """Matplotlib day numbers (UTC) of Julian dates TDB, any shape, rounded to the second."""
    with warnings.catch_warnings():
        # ERFA calls years well ahead "dubious": leap seconds to come are unknown. A plot in days
        # does not see them.
        warnings.filterwarnings("ignore", message=".*dubious year")
        utc = Time(np.asarray(jd_tdb, dtype=float), format="jd", scale="tdb").utc
        days = (utc.jd1 - _MATPLOTLIB_EPOCH_JD) + utc.jd2
    return np.asarray(np.rint(days * 86_400.0) / 86_400.0, dtype=float)


def number_to_iso(day: float) -> str:
    """Give the calendar day of a matplotlib day number, as 2031-04-05."""
    return day_text(day, "%Y-%m-%d")


def day_text(day: float, pattern: str) -> str:
    """Format a matplotlib day number by a ``strftime`` pattern."""
    return str(mdates.num2date(day).strftime(pattern))


def date_axis(ax: Axes) -> None:
    """Give an x axis in matplotlib days few and round ticks: years, else months, else days."""
    locator = mdates.AutoDateLocator(minticks=4, maxticks=12)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
    ax.set_xlabel("departure (UTC)")


def month_starts(first: float, last: float, *, months: int) -> NDArray[np.float64]:
    """Matplotlib days of the first of every `months`-th month, counted from January, in a span.

    Parameters
    ----------
    first, last : float
        Matplotlib day numbers.
    months : int
        Step in months.
    """
    start, stop = mdates.num2date(first), mdates.num2date(last)
    steps = range((start.year * 12) // months, (stop.year * 12 + 12) // months + 1)
    starts = [
        float(mdates.date2num(datetime((k * months) // 12, (k * months) % 12 + 1, 1, tzinfo=UTC)))
        for k in steps
    ]
    days = np.asarray(starts, dtype=float)
    return days[(days >= first) & (days <= last)]


def arrival_lines(first: float, last: float, *, most: int = 12) -> tuple[NDArray[np.float64], str]:
    """Choose round arrival dates in a span, at most `most`, and the format that names them.

    Returns
    -------
    days : ndarray
        Matplotlib day numbers of first days of a month.
    pattern : str
        ``strftime`` pattern: the year alone where every line is a first of January.
    """
    for months in (1, 2, 3, 6, 12, 24, 60, 120, 240, 600):
        days = month_starts(first, last, months=months)
        if days.size <= most:
            break
    return days, "%Y" if months % 12 == 0 else "%Y-%m"
