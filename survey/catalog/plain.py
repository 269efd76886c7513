"""Tables with this program's own column names: a CSV made by hand, or a snapshot."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from survey.catalog.checks import ELEMENTS, Raw, append, empty_raw
from survey.catalog.names import canonical_designation
from survey.catalog.secondary import NAMES as SECONDARY
from survey.catalog.source import column_places, row_problem, text_rows

_COLUMNS: Final = {
    "designation": ("designation",),
    "number": ("number",),
    "name": ("name",),
    "provisional": ("provisional",),
    "epoch": ("epoch_jd_tdb", "epoch_jd_tt", "epoch_jd"),
    **{name: (name,) for name in ELEMENTS if name != "epoch"},
    "H_mag": ("H_mag",),
    "G": ("G",),
    "condition_code": ("condition_code", "U"),
    "arc": ("arc", "arc_years"),
    "n_oppositions": ("n_oppositions", "n_opp"),
    "diameter_km": ("diameter_km",),
    "albedo": ("albedo",),
    **{name: (name,) for name in SECONDARY},
}
_EXAMPLE: Final = "designation,epoch_jd_tt,a_au,e,i_deg,node_deg,argperi_deg,mean_anomaly_deg"


def looks_like_plain(fields: Iterable[str]) -> bool:
    """Whether these column names are ours, perhaps incomplete."""
    return len({*ELEMENTS, "epoch_jd_tdb", "epoch_jd_tt"}.intersection(fields) - {"e"}) >= 3


def read_plain(lines: list[str], name: str) -> Raw:
    """Read a CSV, or the body of an ECSV, whose columns have our names.

    Parameters
    ----------
    lines : list of str
        The whole file; the lines of an ECSV header begin with ``#``.
    name : str
        Name of the file, for the message.

    Returns
    -------
    Raw
        One row per line after the column names.

    Raises
    ------
    ValueError
        A column is missing without which there is no orbit, or stands twice.
    """
    start = next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))
    rows = text_rows(lines[start:], start + 1)
    _, fields, _ = next(rows, (0, [""], ""))
    place = _places(fields, name)
    # Without a line end the last value may have lost digits; that matters for an orbit only.
    element_last = any(place[ours] == len(fields) - 1 for ours in ELEMENTS)
    cut = len(lines) if lines[-1] and element_last else 0
    days = "arc" in place and fields[place["arc"]] == "arc_years"
    raw = empty_raw()
    for line, values, problem in rows:
        problem = problem or row_problem(values, fields, cut=line == cut)
        row = {} if problem else {ours: values[where] for ours, where in place.items()}
        number, given = row.get("number", "").removesuffix(".0"), row.get("designation", "")
        row["designation"] = number or given or (values[0] if problem and values else "")
        row["provisional"] = row.get("provisional", "") or given
        if number and given.isdigit() and canonical_designation(given) != number:
            problem = f"designation contradicts itself: number {number} but {given!r}"
        if days and row.get("arc", "").isdigit():
            # The Minor Planet Center gives the arc of one opposition as a number of days.
            row["arc"] += " days"
        append(raw, line, problem, **row)
    return raw


def _places(fields: list[str], name: str) -> dict[str, int]:
    place = column_places(fields, _COLUMNS, name)
    lacking = [_COLUMNS[ours][0] for ours in ELEMENTS if ours not in place]
    if "designation" not in place and "number" not in place:
        lacking.append("designation")
    if lacking:
        raise ValueError(
            f"{name} is a table of orbits without the column {lacking[0]!r}: write at least "
            f"{_EXAMPLE}"
        )
    return place
