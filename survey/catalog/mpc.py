"""The Minor Planet Center's orbit files: 202-column lines and ``nea_extended.json``."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from survey.catalog.checks import Raw, append, empty_raw
from survey.catalog.names import canonical_designation
from survey.catalog.packed import unpack_designation, unpack_epoch

_WIDTH: Final = 202

_TITLE: Final = "MINOR PLANET CENTER ORBIT DATABASE"  # first line of MPCORB.DAT

# First and last column of each field as the Center counts them, from 1 [MPCORBFormat].
_FIELDS: Final = {
    "packed": (1, 7), "H_mag": (9, 13), "G": (15, 19), "epoch": (21, 25),
    "mean_anomaly_deg": (27, 35), "argperi_deg": (38, 46), "node_deg": (49, 57),
    "i_deg": (60, 68), "e": (71, 79), "n_deg_d": (81, 91), "a_au": (93, 103),
    "condition_code": (106, 106), "n_oppositions": (124, 126), "arc": (128, 136),
    "readable": (167, 194),
}  # fmt: skip
_SLICES: Final = {name: slice(first - 1, last) for name, (first, last) in _FIELDS.items()}
# Columns that are blank in every sound line; a shifted line has something there.
_BLANK: Final = tuple(
    column - 1 for column in (8, 14, 20, 26, 36, 37, 47, 48, 58, 59, 69, 70, 80, 92, 104, 105)
)
_NO_MAGNITUDE: Final = "99.99"  # the Center's sign for an unknown H
_READABLE = re.compile(r"\((\d+)\)\s*(.*)|(\S.*)?")
_PACKED = re.compile(r"\S{5}  |\S{7}")


def looks_like_mpcorb(lines: list[str]) -> bool:
    """Whether these lines are orbit lines, or begin with the header of MPCORB.DAT."""
    return lines[0].startswith(_TITLE) or any(
        not _line_problem(line) and "." in line[70:79] for line in lines[:500]
    )


def read_mpcorb(lines: list[str]) -> Raw:
    """Read NEA.txt or MPCORB.DAT; a header down to the line of dashes is passed over.

    Parameters
    ----------
    lines : list of str
        The whole file.

    Returns
    -------
    Raw
        One row per orbit line; the packed designation must agree with the readable one.
    """
    rules = [number for number, line in enumerate(lines[:500]) if _is_rule(line)]
    start = rules[0] + 1 if rules else 0
    raw = empty_raw()
    for number, line in enumerate(lines[start:], start + 1):
        if not line.strip():
            continue  # MPCORB.DAT separates its three parts by empty lines
        fields = {name: line[place].strip() for name, place in _SLICES.items()}
        problem = _line_problem(line)
        designation, name = fields["packed"], ""
        if not problem:
            try:
                designation = unpack_designation(designation)
                name, problem = _name(fields["readable"], designation)
                fields["epoch"] = _epoch(fields["epoch"])
            except ValueError as error:
                problem = "unreadable value: " + str(error).partition(":")[0]
        del fields["packed"], fields["readable"]
        fields["H_mag"] = fields["H_mag"].replace(_NO_MAGNITUDE, "")
        append(raw, number, problem, designation=designation, name=name, **fields)
    return raw


def read_nea_extended(entries: list[Any]) -> Raw:
    """Read the entries of nea_extended.json; `line` is the entry's place, counted from 1."""
    raw = empty_raw()
    plain = {
        "name": "Name", "provisional": "Principal_desig", "epoch": "Epoch", "a_au": "a", "e": "e",
        "i_deg": "i", "node_deg": "Node", "argperi_deg": "Peri", "mean_anomaly_deg": "M",
        "H_mag": "H", "G": "G", "condition_code": "U", "n_oppositions": "Num_opps", "n_deg_d": "n",
        "q_au": "Perihelion_dist",
    }  # fmt: skip
    for place, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            append(raw, place, "unreadable row: the entry is not an object")
            continue
        fields = {name: json_text(entry.get(key)) for name, key in plain.items()}
        fields["H_mag"] = fields["H_mag"].replace(_NO_MAGNITUDE, "")
        days = json_text(entry.get("Arc_length"))
        fields["arc"] = json_text(entry.get("Arc_years")) or (f"{days} days" if days else "")
        number = json_text(entry.get("Number"))
        append(raw, place, "", designation=number or fields["provisional"], **fields)
    return raw


def json_text(value: Any) -> str:
    """Return a JSON value as the text it was, without surrounding blanks; null is empty."""
    if isinstance(value, str):
        text = " ".join(value.split())
        return value if text == value else text  # a million values: the same object, not a copy
    return "" if value is None else repr(value)


def _is_rule(line: str) -> bool:
    return line.startswith("-----") and not line.strip("-\r ")


def _line_problem(line: str) -> str:
    width = len(line) if len(line) <= _WIDTH else len(line.rstrip())
    if width != _WIDTH:
        return f"unreadable row: {width} columns where an MPC orbit line has {_WIDTH}"
    if any(line[column] != " " for column in _BLANK):
        return "unreadable row: its fields do not stand in the columns of an MPC orbit line"
    if not _PACKED.match(line):
        return "unreadable row: columns 1 to 7 hold no packed designation"
    return ""


@lru_cache(maxsize=4096)
def _epoch(packed: str) -> str:
    return repr(unpack_epoch(packed)) if packed else ""


def _name(readable: str, designation: str) -> tuple[str, str]:
    # "(433) Eros" or "2006 RH120", which must be the object of columns 1 to 7.
    match = _READABLE.fullmatch(readable)
    if match is None or not readable:
        return "", "unreadable row: columns 167 to 194 hold no designation"
    if (match[1] or canonical_designation(readable)) == designation:
        return match[2] or "", ""
    return "", f"designation contradicts itself: {designation} but {readable!r}"
