"""JPL's Small-Body Database: tables of its Query API and web form, CSV and JSON [SBDBQuery]."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from survey.catalog.checks import Raw, append, empty_raw
from survey.catalog.mpc import json_text
from survey.catalog.names import canonical_designation, is_comet
from survey.catalog.source import column_places, row_problem, text_rows

# Our name of a column, and the names JPL has given it over the years.
_COLUMNS: Final = {
    "pdes": ("pdes",),
    "full_name": ("full_name", "object"),
    "name": ("name",),
    "prefix": ("prefix",),
    "kind": ("kind",),
    "class": ("class", "orbit_class"),
    "epoch": ("epoch",),
    "epoch_mjd": ("epoch_mjd", "epoch.mjd"),
    "a_au": ("a",),
    "e": ("e",),
    "i_deg": ("i",),
    "node_deg": ("om", "node"),
    "argperi_deg": ("w", "peri"),
    "mean_anomaly_deg": ("ma",),
    "q_au": ("q",),
    "n_deg_d": ("n",),
    "H_mag": ("H",),
    "G": ("G",),
    "condition_code": ("condition_code",),
    "data_arc": ("data_arc",),
    "diameter_km": ("diameter",),
    "albedo": ("albedo",),
    "spkid": ("spkid",),
    "orbit_id": ("orbit_id",),
    "n_observations": ("n_obs_used",),
    "moid_au": ("moid",),
    "sigma_a_au": ("sigma_a",),
    "sigma_e": ("sigma_e",),
    "sigma_i_deg": ("sigma_i",),
    "sigma_node_deg": ("sigma_om",),
    "sigma_argperi_deg": ("sigma_w",),
    "sigma_mean_anomaly_deg": ("sigma_ma",),
    "A1_au_d2": ("A1",),
    "A2_au_d2": ("A2",),
    "A3_au_d2": ("A3",),
    "diameter_sigma_km": ("diameter_sigma",),
    "rotation_h": ("rot_per",),
    "spectral_type_smass": ("spec_B",),
    "spectral_type_tholen": ("spec_T",),
}
_PHYSICAL: Final = (
    "diameter_km", "albedo", "rotation_h", "spectral_type_smass", "spectral_type_tholen",
)  # fmt: skip
_NEEDED: Final = ("a_au", "e", "i_deg", "node_deg", "argperi_deg", "mean_anomaly_deg")
_ASK: Final = (
    "ask JPL for the fields full_name,pdes,name,epoch,e,a,i,om,w,ma,H,G,condition_code,data_arc"
)

_COMET_CLASSES: Final = {"COM", "CTC", "ETC", "HTC", "JFC", "PAR", "HYP"}
_FULL_NAME = re.compile(r"(?:(\d+)(?:\s+|$))?([^()]*?)\s*(?:\(([^()]*)\))?")


def looks_like_sbdb(fields: Iterable[str]) -> bool:
    """Whether these column names are those of an SBDB table of orbits, perhaps incomplete."""
    return len({"a", "e", "i", "om", "w", "ma", "q"}.intersection(fields)) >= 3


def read_sbdb_csv(lines: list[str], name: str) -> Raw:
    """Read the CSV that the SBDB Query page saves, its header quoted or not.

    Parameters
    ----------
    lines : list of str
        The whole file.
    name : str
        Name of the file, for the message.

    Returns
    -------
    Raw
        One row per line after the header.

    Raises
    ------
    ValueError
        The header lacks a column without which there is no orbit.
    """
    rows = text_rows(lines, 1)
    _, fields, _ = next(rows)
    return _read(fields, rows, name, unfinished=len(lines) if lines[-1] else 0)


def read_sbdb_json(answer: dict[str, Any], name: str) -> Raw:
    """Read an answer of the SBDB Query API; `line` is the row's place in ``data``, from 1.

    Raises
    ------
    ValueError
        The answer is an error, a count only, or lacks a column without which there is no orbit.
    """
    fields, data = answer.get("fields"), answer.get("data")
    if not (isinstance(fields, list) and isinstance(data, list)):
        said = answer.get("message") or answer.get("error") or answer.get("moreInfo")
        what = f"says {json_text(said)!r}" if said else "holds no table (fields and data)"
        raise ValueError(f"{name} is an answer of JPL that {what}: {_ASK}")
    rows = (
        (place, [_text(value) for value in row], "")
        if isinstance(row, list)
        else (place, [], "unreadable row: the entry is not a list")
        for place, row in enumerate(data, 1)
    )
    return _read([json_text(field) for field in fields], rows, name)


def _read(
    fields: list[str],
    rows: Iterable[tuple[int, list[str], str]],
    name: str,
    *,
    unfinished: int = 0,  # a last line without its end: its last value may have lost digits
) -> Raw:
    place = _places(fields, name)
    last = len(fields) - 1
    element_last = any(place.get(ours) == last for ours in (*_NEEDED, "epoch", "epoch_mjd"))
    cut = unfinished if element_last else 0
    raw = empty_raw()
    for line, values, problem in rows:
        problem = problem or row_problem(values, fields, cut=line == cut)
        if problem:
            append(raw, line, problem, designation=values[0] if values else "")
            continue
        row = {ours: _value(values[where]) for ours, where in place.items()}
        designation, iau_name, provisional, problem = _identity(row)
        arc = row.get("data_arc", "")
        row["arc"] = f"{arc.removesuffix('.0')} days" if arc else ""
        row["epoch"] = row.get("epoch") or _from_mjd(row.get("epoch_mjd", ""))
        row |= {"designation": designation, "name": iau_name, "provisional": provisional}
        if any(row.get(name) for name in _PHYSICAL):
            row["physical_source"] = "NASA/JPL SBDB"
        append(raw, line, problem, **row)
    return raw


def _places(fields: list[str], name: str) -> dict[str, int]:
    place = column_places(fields, _COLUMNS, name)
    lacking = [_COLUMNS[ours][0] for ours in _NEEDED if ours not in place]
    if "epoch" not in place and "epoch_mjd" not in place:
        lacking.append("epoch")
    if "pdes" not in place and "full_name" not in place:
        lacking.append("pdes")
    if lacking:
        raise ValueError(f"{name} is an SBDB table without the column {lacking[0]!r}: {_ASK}")
    return place


def _text(value: Any) -> str:
    # Nearly all values are one word: a million of them go through here.
    if value.__class__ is str and " " not in value and value.isprintable():
        return str(value)
    return json_text(value)


def _value(text: str) -> str:
    return "" if len(text) == 4 and text.lower() in ("null", "none") else text


def _identity(row: dict[str, str]) -> tuple[str, str, str, str]:
    # Designation, IAU name, provisional designation, problem. The full name is e.g.
    # "433 Eros (A898 PA)", "(2016 HO3)" or "1P/Halley".
    primary, full = row.get("pdes", ""), row.get("full_name", "")
    # "A/2019 Q2" was announced as a comet and is an asteroid; JPL keeps it among the comets.
    asteroid = (primary or full.strip("()")).startswith("A/")
    comet = not asteroid and (
        is_comet(full)
        or is_comet(primary)
        or row.get("prefix", "").upper() in ("C", "P", "D", "X", "I")
        or row.get("kind", "").lower().startswith("c")
        or row.get("class", "").upper().rstrip("*") in _COMET_CLASSES
    )
    if comet:
        return primary or full, "", "", f"comet: {full or primary}"
    match = _FULL_NAME.fullmatch(full)
    number, words, inner = match.groups("") if match else ("", "", "")
    if canonical_designation(full):  # a designation alone, with or without brackets
        number, words, inner = "", "", full
    said = number or inner
    if primary and said and canonical_designation(primary) != canonical_designation(said):
        return primary, "", "", f"designation contradicts itself: {primary} but {full!r}"
    return primary or said, row.get("name", "") or words, inner, ""


def _from_mjd(text: str) -> str:
    try:
        return repr(float(text) + 2_400_000.5)
    except ValueError:
        return text
