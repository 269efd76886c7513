"""One value of ``run.toml`` at a time: text in; Quantity, TDB Time, number or name out."""

from __future__ import annotations

import datetime
import math
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

import astropy.units as u
from astropy.time import Time
from astropy.utils import iers

_HALF_A_SECOND_D = 0.5 / 86_400.0
_NUMBER = r"[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?nan|[-+]?inf"
_QUANTITY = re.compile(rf"\s*({_NUMBER})\s*(|[^\W\d_].*?)\s*")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

PARKING_FAMILIES: Final = (
    "halo northern", "halo southern", "lyapunov", "vertical", "point", "lissajous",
)  # fmt: skip
"""Where about a libration point a craft can wait; `survey.transfer.parking_family` knows how."""


class BadValueError(ValueError):
    """What is wrong with a value, in words that complete 'was given as ..., '."""


def text(given: object) -> str:
    """One line of text."""
    if not isinstance(given, str):
        raise BadValueError("which is not text in quotes")
    if not given.strip() or "\n" in given:
        raise BadValueError("which is not one line of text")
    return given.strip()


def texts(given: object) -> tuple[str, ...]:
    """Read a list of names, without repeats."""
    if not isinstance(given, list | tuple):
        raise BadValueError("which is not a list")
    # A bare number is how most people know a numbered asteroid.
    names = [
        str(one) if isinstance(one, int) and not isinstance(one, bool) else text(one)
        for one in given
    ]
    return tuple(dict.fromkeys(names))


def date(given: object) -> Time:
    """Midnight UTC of a calendar date, as TDB."""
    if isinstance(given, datetime.date) and not isinstance(given, datetime.datetime):
        given = given.isoformat()  # TOML knows dates without quotes
    if not isinstance(given, str) or not _DATE.fullmatch(given.strip()):
        raise BadValueError("which is not a calendar date")
    try:
        day = datetime.date.fromisoformat(given.strip())
    except ValueError:
        raise BadValueError("which is not a day of the calendar") from None
    with _offline():
        return Time(day.isoformat(), scale="utc").tdb


def quantity(given: object, *, unit: str, what: str, zero: bool = False) -> u.Quantity:
    """Read a positive (or `zero`) amount of `what`, in `unit`."""
    if isinstance(given, int | float) and not isinstance(given, bool):
        raise BadValueError("which has no unit")
    if not isinstance(given, str) or (match := _QUANTITY.fullmatch(given)) is None:
        raise BadValueError("which is not a number with a unit")
    if not match[2]:
        raise BadValueError("which has no unit")
    try:
        factor = u.Unit(match[2]).to(u.Unit(unit))
    except u.UnitConversionError:
        raise BadValueError(f"which is not a {what}") from None
    except (ValueError, TypeError):
        raise BadValueError(f"whose unit {match[2]!r} is not known") from None
    value = float(match[1]) * factor
    if not math.isfinite(value):
        raise BadValueError("which is not finite")
    if value < 0 or (value == 0 and not zero):
        raise BadValueError("which is negative" if zero else "which is not positive")
    return value * u.Unit(unit)


def whole(given: object, *, least: int, most: int) -> int:
    """Read a whole number from `least` to `most`."""
    if isinstance(given, bool) or not isinstance(given, int):
        raise BadValueError("which is not a whole number")
    if not least <= given <= most:
        raise BadValueError(f"which lies outside {least} to {most}")
    return given


def point(given: object) -> str:
    """Read a collinear libration point beside the Earth."""
    if given not in ("L1", "L2"):
        raise BadValueError("which is not a point where the craft can wait")
    return str(given)


def parking_family(given: object) -> str:
    """Read the family of the parking orbit."""
    name = " ".join(text(given).split())
    if name not in PARKING_FAMILIES:
        raise BadValueError("which is no family known here")
    return name


def parking_size(given: object) -> str:
    """Read how large the parking orbit is; empty for a craft at the point itself."""
    if not isinstance(given, str) or "\n" in given:
        raise BadValueError("which is not one line of text in quotes")
    return " ".join(given.split())


def date_or_unknown(given: object) -> Time | None:
    """Midnight UTC of a calendar date, as TDB; None for "unknown"."""
    if isinstance(given, str) and given.strip().lower() == "unknown":
        return None
    return date(given)


def truth(given: object) -> bool:
    """Read true or false."""
    if not isinstance(given, bool):
        raise BadValueError("which is neither true nor false")
    return given


def motion(given: object) -> str:
    """Read how the asteroids move."""
    if given not in ("n-body", "kepler"):
        raise BadValueError("which is no model of their motion")
    return str(given)


def calendar_date(jd_tdb: float, *, scale: Literal["utc", "tdb"] = "utc") -> str:
    """Calendar date ``YYYY-MM-DD`` of a Julian date TDB; empty for NaN.

    UTC is for what people do; TDB for the epoch of an orbit, which is midnight TDB and a minute
    earlier, on the day before, in UTC. Half a second is added first: a Julian date rounds to 40
    microseconds, so that midnight would otherwise now and then fall on the day before.
    """
    if not math.isfinite(jd_tdb):
        return ""
    with _offline():
        moment = Time(jd_tdb, _HALF_A_SECOND_D, format="jd", scale="tdb")
        return str(getattr(moment, scale).strftime("%Y-%m-%d"))


@contextmanager
def _offline() -> Iterator[None]:
    """Convert between UTC and TDB without the network, and without a warning for the future.

    Leap seconds that nobody has announced yet are taken as none; a date of the 2030s may so be
    off by a second.
    """
    with (
        warnings.catch_warnings(),
        iers.conf.set_temp("auto_download", False),
        iers.conf.set_temp("auto_max_age", None),
    ):
        warnings.filterwarnings("ignore", message=".*dubious year.*")
        yield
