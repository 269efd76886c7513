"""The Minor Planet Center's packed designations and dates, both ways [MPCPacked].

A packed designation squeezes a number or a provisional designation into 5 or 7 columns, a packed
date a calendar day into 5. The readable forms used here are ``"433"`` and ``"2016 HO3"``.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUE: Final = {digit: value for value, digit in enumerate(_DIGITS)}
_LETTERS: Final = "ABCDEFGHJKLMNOPQRSTUVWXYZ"  # of the order within a half-month: no I
_CENTURY: Final = {"I": 1800, "J": 1900, "K": 2000}

_TILDE_FROM: Final = 620_000  # first number that the letter-and-four-digits form cannot hold
_LONG_FROM: Final = 15_500  # 620 cycles of 25: first order that the two-column count cannot hold
_FIRST_YEAR: Final = 1925  # earlier objects were given such designations later: "A898 PA"

_SHORT = re.compile(r"([IJK])(\d\d)([A-HJ-Y])([0-9A-Za-z])(\d)([A-HJ-Z])")
_LONG = re.compile(r"_([0-9A-Za-z])([A-HJ-Y])([0-9A-Za-z]{4})")
_SURVEY = re.compile(r"(PL|T1|T2|T3)S(\d{4})")
_NUMBER = re.compile(r"([0-9A-Za-z])(\d{4})|~([0-9A-Za-z]{4})")

_READABLE = re.compile(r"(\d{4}|A[89]\d\d) ([A-HJ-Y])([A-HJ-Z])([1-9]\d*)?")
_READABLE_SURVEY = re.compile(r"(\d{4}) (P-L|T-[123])")

_JD_OF_ORDINAL_ZERO: Final = 1_721_424.5


def unpack_designation(packed: str) -> str:
    """Read a packed number or provisional designation.

    Parameters
    ----------
    packed : str
        5 or 7 characters, e.g. ``"A0345"``, ``"~0000"``, ``"K16H03O"``, ``"PLS2040"``,
        ``"_QC0000"``; blanks around it do not matter.

    Returns
    -------
    str
        ``"100345"``, ``"620000"``, ``"2016 HO3"``, ``"2040 P-L"``, ``"2026 CA620"``.

    Raises
    ------
    ValueError
        It is not one of these forms.
    """
    text = packed.strip()
    if match := _NUMBER.fullmatch(text):
        if match[3]:
            return str(_TILDE_FROM + _base62(match[3]))
        number = _VALUE[match[1]] * 10_000 + int(match[2])
        if number:
            return str(number)
    elif match := _SHORT.fullmatch(text):
        year = _CENTURY[match[1]] + int(match[2])
        cycle = _VALUE[match[4]] * 10 + int(match[5])
        return f"{_year(year)} {match[3]}{match[6]}{cycle or ''}"
    elif match := _LONG.fullmatch(text):
        cycle, letter = divmod(_LONG_FROM + _base62(match[3]), 25)
        return f"{2000 + _VALUE[match[1]]} {match[2]}{_LETTERS[letter]}{cycle}"
    elif match := _SURVEY.fullmatch(text):
        return f"{match[2]} {match[1][0]}-{match[1][1]}"
    raise ValueError(
        f"{packed!r} is not a packed designation: the Minor Planet Center writes e.g. '00433', "
        "'A0345', '~0000' or 'K16H03O'"
    )


def pack_designation(designation: str) -> str:
    """Write a number or provisional designation in its packed form.

    Parameters
    ----------
    designation : str
        Canonical spelling, e.g. ``"433"``, ``"2016 HO3"``, ``"2040 P-L"``.

    Returns
    -------
    str
        5 characters for a number, 7 for a provisional designation.

    Raises
    ------
    ValueError
        It is not such a spelling, or too large for the scheme.
    """
    if re.fullmatch(r"[1-9]\d*", designation, re.ASCII):
        number = int(designation)
        if number < _TILDE_FROM:
            return f"{_DIGITS[number // 10_000]}{number % 10_000:04d}"
        if number < _TILDE_FROM + 62**4:
            return "~" + _in_base62(number - _TILDE_FROM)
    elif match := _READABLE_SURVEY.fullmatch(designation):
        return f"{match[2][0]}{match[2][2]}S{match[1]}"
    elif match := _READABLE.fullmatch(designation):
        year = int(match[1].replace("A", "1"))
        cycle = int(match[4] or 0)
        order = cycle * 25 + _LETTERS.index(match[3])
        if match[1] == _year(year) and 1800 <= year < 2100:
            if order < _LONG_FROM:
                century = {first: letter for letter, first in _CENTURY.items()}[year // 100 * 100]
                count = f"{_DIGITS[cycle // 10]}{cycle % 10}"
                return f"{century}{year % 100:02d}{match[2]}{count}{match[3]}"
            if 2000 <= year < 2062 and order < _LONG_FROM + 62**4:
                return f"_{_DIGITS[year - 2000]}{match[2]}{_in_base62(order - _LONG_FROM)}"
    raise ValueError(
        f"{designation!r} cannot be packed: give a number such as '433' or a provisional "
        "designation such as '2016 HO3'"
    )


def unpack_epoch(packed: str) -> float:
    """Read a packed date, e.g. ``"K1972"`` for 2019 July 2, as the Julian date of its 0 h.

    Raises
    ------
    ValueError
        It is not a packed date, or no such day exists.
    """
    try:
        century, year, month, day = packed[0], packed[1:3], packed[3], packed[4:]
        if not re.fullmatch(r"[IJK]\d\d[1-9ABC][1-9A-V]", packed, re.ASCII):
            raise ValueError
        calendar = date(_CENTURY[century] + int(year), _VALUE[month], _VALUE[day])
    except (ValueError, IndexError) as error:
        raise ValueError(
            f"{packed!r} is not a packed date: write 2019 July 2 as 'K1972'"
        ) from error
    return calendar.toordinal() + _JD_OF_ORDINAL_ZERO


def pack_epoch(jd: float) -> str:
    """Write the calendar day of a Julian date (at 0 h) in packed form.

    Raises
    ------
    ValueError
        The date is not at 0 h, or lies outside 1800 to 2099.
    """
    ordinal = jd - _JD_OF_ORDINAL_ZERO
    if 1 <= ordinal <= date.max.toordinal() and ordinal == int(ordinal):
        day = date.fromordinal(int(ordinal))
        for letter, first in _CENTURY.items():
            if day.year // 100 * 100 == first:
                return f"{letter}{day.year % 100:02d}{_DIGITS[day.month]}{_DIGITS[day.day]}"
    raise ValueError(
        f"the Julian date {jd!r} has no packed form: give a date at 0 h between 1800 and 2099, "
        "e.g. 2458666.5"
    )


def _year(year: int) -> str:
    return str(year) if year >= _FIRST_YEAR else f"A{year % 1000:03d}"


def _base62(text: str) -> int:
    value = 0
    for digit in text:
        value = 62 * value + _VALUE[digit]
    return value


def _in_base62(value: int) -> str:
    text = ""
    for _ in range(4):
        value, digit = divmod(value, 62)
        text = _DIGITS[digit] + text
    return text
