"""Rows of a catalogue by name or by condition."""

from __future__ import annotations

import contextlib
import difflib
import numbers
import operator
import re
from collections.abc import Iterable
from typing import Any, Final

import pandas as pd

from survey.catalog.names import canonical_designation, name_key
from survey.catalog.packed import unpack_designation
from survey.tables import CATALOG

_CLASSES: Final = ("IEO", "ATE", "APO", "AMO")
_SUGGESTIONS: Final = 3
_NUMBER_AND_NAME = re.compile(r"\(?(\d+)\)?\s+(\S.*)")
_WITH_PROVISIONAL = re.compile(r"(.*\S)\s*\(([^()]+)\)")


class UnknownTargetError(ValueError, LookupError):
    """No asteroid, or more than one, answers to the name; the message suggests near misses."""


def find(name: str | int, catalog: pd.DataFrame) -> pd.Series:
    """Return the asteroid that a person means.

    Parameters
    ----------
    name : str or int
        Number (``469219``, ``"(469219)"``), name in any case and with any apostrophe or none
        (``"Kamoʻoalewa"``), provisional designation with or without its blank (``"2016ho3"``,
        ``"2016_HO3"``), several of these (``"469219 Kamo`oalewa (2016 HO3)"``), or a packed
        designation (``"K16H03O"``).
    catalog : DataFrame
        `survey.tables.CATALOG`.

    Returns
    -------
    Series
        Its row.

    Raises
    ------
    UnknownTargetError
        None or several answer to it: one sentence with near misses.
    """
    return catalog.iloc[_locate(name, catalog, {})]


def select(catalog: pd.DataFrame, **conditions: Any) -> pd.DataFrame:
    """Return the rows that meet every condition.

    Parameters
    ----------
    catalog : DataFrame
        `survey.tables.CATALOG`.
    **conditions
        By column. A number column takes a pair ``(low, high)``, ends included, None for an open
        end; or a value; or a list of values. A text column takes a value or several.
        ``designations=[...]`` takes whatever `find` understands. A row whose value is missing
        meets no condition on that column.

    Returns
    -------
    DataFrame
        In the catalogue's order, with its attrs.

    Raises
    ------
    ValueError
        The column does not exist, or the condition does not fit it: one sentence.

    Examples
    --------
    >>> select(catalog, orbit_class=("ATE", "APO"), H_mag=(None, 26), a_au=(0.9, 1.1))
    """
    keep = pd.Series(True, index=catalog.index)
    kinds = {column.name: column.kind for column in CATALOG.columns}
    for column, condition in conditions.items():
        if column == "designations":
            wanted = [condition] if isinstance(condition, str | int) else condition
            lookup: dict[str, set[int]] = {}
            rows = {_locate(name, catalog, lookup) for name in wanted}
            keep &= pd.Series([row in rows for row in range(len(catalog))], index=catalog.index)
        elif column not in kinds:
            near = difflib.get_close_matches(column, [*kinds, "designations"], _SUGGESTIONS, 0.4)
            hint = f"did you mean {_either(near)}?" if near else f"write one of {', '.join(kinds)}"
            raise ValueError(f"the catalogue has no column {column!r}: {hint}")
        elif kinds[column] == "str":
            keep &= catalog[column].isin(_texts(column, condition))
        else:
            keep &= _numeric(catalog[column], column, condition)
    return catalog[keep]


def label(row: pd.Series) -> str:
    """Return an asteroid's full name, e.g. ``"469219 Kamoʻoalewa (2016 HO3)"``."""
    parts = [row["designation"], row["name"]]
    if row["provisional"] and row["provisional"] != row["designation"]:
        parts.append(f"({row['provisional']})")
    return " ".join(part for part in parts if part)


def _locate(name: str | int, catalog: pd.DataFrame, lookup: dict[str, set[int]]) -> int:
    # `lookup` is filled on the first call, so that many names cost one pass over the catalogue.
    text = _text(name)
    if not lookup:
        lookup.update(_lookup(catalog))
    rows: set[int] = set()
    for keys in _readings(text):
        rows = set.intersection(*(_agreeing(key, keys, catalog, lookup) for key in keys))
        named = set.union(*(lookup.get(key, set()) for key in keys))
        if named and not rows:
            who = _either([label(catalog.iloc[row]) for row in sorted(named)[:_SUGGESTIONS]])
            raise UnknownTargetError(f"{text!r} names no single asteroid: did you mean {who}?")
        if rows:
            break
    if len(rows) == 1:
        return rows.pop()
    if rows:
        who = _either([label(catalog.iloc[row]) for row in sorted(rows)[: _SUGGESTIONS + 1]])
        raise UnknownTargetError(
            f"{text!r} may mean {len(rows)} asteroids: write the number or designation of {who}"
        )
    near = [label(catalog.iloc[row]) for row in _near(text, lookup)]
    hint = f"did you mean {_either(near)}?" if near else "write a number, name or designation"
    raise UnknownTargetError(
        f"{text!r} is not in the catalogue of {len(catalog):,} objects: {hint}"
    )


def _agreeing(
    key: str, keys: list[str], catalog: pd.DataFrame, lookup: dict[str, set[int]]
) -> set[int]:
    # A file may lack names or provisional designations: what it does not say cannot disagree.
    rows = lookup.get(key, set())
    if rows or key == keys[0]:
        return rows
    column = catalog["name" if key.startswith("~") else "provisional"]
    return {row for row in lookup.get(keys[0], set()) if not column.iloc[row]}


def _text(name: str | int) -> str:
    text = " ".join(name.split()) if isinstance(name, str) else ""
    if not isinstance(name, str | bool):
        with contextlib.suppress(TypeError):
            text = str(operator.index(name))  # of numpy's integers too
    if not text:
        raise UnknownTargetError(
            f"the target was given as {name!r}: write a number, name or designation, e.g. 'Apophis'"
        )
    return text


def _lookup(catalog: pd.DataFrame) -> dict[str, set[int]]:
    # Keys: "=" before a canonical designation, "~" before a reduced name, so they never meet.
    lookup: dict[str, set[int]] = {}
    for mark, column in (("=", "designation"), ("=", "provisional"), ("~", "name")):
        for row, value in enumerate(catalog[column].tolist()):
            if value:
                key = mark + (value if mark == "=" else name_key(value))
                lookup.setdefault(key, set()).add(row)
    return lookup


def _readings(text: str) -> Iterable[list[str]]:
    # What the words may mean, the likeliest first; all keys of one reading must agree.
    plain = text.replace("_", " ").strip()
    if designation := canonical_designation(plain):
        yield ["=" + designation]
    with contextlib.suppress(ValueError):
        yield ["=" + unpack_designation(text)]
    rest, keys = plain, []
    match = _WITH_PROVISIONAL.fullmatch(plain)
    if match and (inner := canonical_designation(match[2])):
        rest, keys = match[1], ["=" + inner]
    if designation := canonical_designation(rest):
        yield ["=" + designation, *keys]
    elif match := _NUMBER_AND_NAME.fullmatch(rest):
        number, words = canonical_designation(match[1]), match[2]
        if number:
            inner = canonical_designation(words)
            yield ["=" + number, "=" + inner if inner else "~" + name_key(words), *keys]
    if name_key(rest):
        yield ["~" + name_key(rest), *keys]


def _near(text: str, lookup: dict[str, set[int]]) -> list[int]:
    # A designation is compared with designations, a name with names: each has its own alphabet.
    designation = canonical_designation(text.replace("_", " "))
    wanted = "=" + (designation or text.upper()) if any(map(str.isdigit, text)) else ""
    keys = [wanted] if wanted else []
    if words := re.sub(r"[\d()]+", "", text).strip():
        keys.append("~" + name_key(words))
    rows: list[int] = []
    for key in keys:
        pool = [other for other in lookup if other[0] == key[0]]
        likeness = 0.85 if key[1:].isdigit() else 0.7  # one wrong digit of six, but no more
        for other in difflib.get_close_matches(key, pool, _SUGGESTIONS, likeness):
            rows += [row for row in sorted(lookup[other]) if row not in rows]
    return rows[:_SUGGESTIONS]


def _either(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]


def _texts(column: str, condition: Any) -> list[str]:
    wanted = [condition] if isinstance(condition, str) else condition
    if not isinstance(wanted, Iterable) or not all(isinstance(text, str) for text in wanted):
        raise ValueError(
            f"the condition on {column} was given as {condition!r}: write a text or several"
        )
    wanted = list(wanted)
    for text in wanted if column == "orbit_class" else ():
        if text not in _CLASSES:
            raise ValueError(
                f"the orbit class was given as {text!r}: write one of {', '.join(_CLASSES)}"
            )
    return wanted


def _numeric(values: pd.Series, column: str, condition: Any) -> pd.Series:
    real = values.astype(float)
    listed = isinstance(condition, Iterable) and not isinstance(condition, str)
    wanted = list(condition) if listed else [condition]
    pair = isinstance(condition, tuple)
    good = all(
        (pair and value is None)
        or (not isinstance(value, bool) and isinstance(value, numbers.Real) and value == value)
        for value in wanted
    )
    if not good or (pair and len(wanted) != 2):
        raise ValueError(
            f"the condition on {column} was given as {condition!r}: write (low, high) with None "
            "for an open end, a number, or a list of numbers"
        )
    if not pair:
        return real.isin([float(value) for value in wanted])
    low, high = (-float("inf") if wanted[0] is None else float(wanted[0])), wanted[1]
    high = float("inf") if high is None else float(high)
    if low > high:
        raise ValueError(
            f"the condition on {column} was given as {condition!r}, which is backwards: swap its "
            "ends"
        )
    return real.between(low, high)
