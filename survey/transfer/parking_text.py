"""A parking orbit's size and date as people write them: "z 700000 km", "2025-03-01"."""

from __future__ import annotations

import re
from dataclasses import fields

from astropy.time import Time

from survey.run.values import BadValueError, date, quantity
from survey.transfer.parking_family import OrbitSize

__all__ = ["read_phase_zero", "read_size"]

_UNITS = {"x": ("km", "length"), "z": ("km", "length"), "period": ("d", "time")}
_EXAMPLES = "'z 500000 km', 'x 200000 km', 'period 178.9 d' or 'jacobi 3.0007'"


def read_size(text: str) -> OrbitSize | None:
    """Read the size of an orbit; None for empty text.

    Parameters
    ----------
    text : str
        Measures with their numbers, set apart by commas.

    Returns
    -------
    OrbitSize or None

    Raises
    ------
    ValueError
        One sentence.
    """
    if not isinstance(text, str):
        raise ValueError(f"the parking orbit's size was given as {text!r}: write {_EXAMPLES}")
    if not text.strip():
        return None
    given: dict[str, float] = {}
    for part in text.split(","):
        name, _, amount = part.strip().partition(" ")
        measure = {"x": "x_km", "z": "z_km", "period": "period_d", "jacobi": "jacobi"}.get(name)
        if measure is None or measure in given:
            trouble = "names a measure twice" if measure else "names no measure"
            raise ValueError(
                f"the parking orbit's size was given as {text!r}, which {trouble}: write "
                f"{_EXAMPLES}"
            )
        try:
            given[measure] = _amount(name, amount)
        except BadValueError as error:
            raise ValueError(
                f"the parking orbit's size was given as {text!r}, {error}: write {_EXAMPLES}"
            ) from None
    return OrbitSize(**{field.name: given.get(field.name) for field in fields(OrbitSize)})


def read_phase_zero(text: str | Time | None) -> Time | None:
    """Read the UTC date of phase zero; None for "unknown". What is read already stays as it is.

    Raises
    ------
    ValueError
        One sentence.
    """
    if text is None or isinstance(text, Time):
        return text
    if isinstance(text, str) and text.strip().lower() == "unknown":
        return None
    try:
        return date(text)
    except BadValueError as error:
        raise ValueError(
            f"the epoch of phase zero was given as {str(text)!r}, {error}: write a UTC date, e.g. "
            "'2025-03-01', or 'unknown'"
        ) from None


def _amount(name: str, text: str) -> float:
    if name in _UNITS:
        unit, what = _UNITS[name]
        return float(quantity(text, unit=unit, what=what).to_value(unit))
    if not re.fullmatch(r"\s*\d+(\.\d*)?\s*", text):
        raise BadValueError("whose Jacobi constant is not a plain number")
    return float(text)
