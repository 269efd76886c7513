"""Which kind of catalogue a file is, told by what stands in it and never by its name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from survey.catalog.checks import Raw, judge_all
from survey.catalog.mpc import looks_like_mpcorb, read_mpcorb, read_nea_extended
from survey.catalog.neodys import looks_like_oef, read_oef
from survey.catalog.plain import looks_like_plain, read_plain
from survey.catalog.sbdb import looks_like_sbdb, read_sbdb_csv, read_sbdb_json
from survey.catalog.source import Source, read_source, text_rows

# The formats, and who speaks in them.
FORMATS = {
    "MPC orbit lines": "IAU Minor Planet Center",
    "MPC nea_extended.json": "IAU Minor Planet Center",
    "SBDB Query CSV": "NASA/JPL Small-Body Database",
    "SBDB Query JSON": "NASA/JPL Small-Body Database",
    "OEF": "NEODyS or ESA NEO Coordination Centre",
    "CSV with this program's columns": "",
    "ECSV snapshot": "",
}
_KNOWN = (
    "give MPC NEA.txt, MPCORB.DAT or nea_extended.json, an SBDB Query CSV or JSON, a NEODyS or "
    "NEOCC .ke0/.ke1 file or neodys.cat, or a CSV with this program's column names"
)


def read_catalog(path: Path | str) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Read a catalogue of near-Earth asteroids in any of the formats above.

    Parameters
    ----------
    path : Path or str
        UTF-8 text, plain or gzip; the format is told by content.

    Returns
    -------
    accepted : DataFrame
        `survey.tables.CATALOG`, each object at its own epoch of osculation.
    rejected : DataFrame
        ``line`` (in JSON: the place in the list, from 1), ``designation``, ``reason``.
    format : str
        A key of `FORMATS`.

    Raises
    ------
    ValueError
        The file as a whole cannot be used: one sentence. A bad row never raises.
    """
    accepted, rejected, _, kind = parse(read_source(path))
    return accepted, rejected, kind


def parse(source: Source) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, str]:
    """Do what `read_catalog` does, on a file that has been read.

    The third table lists the values left out of rows that were kept.
    """
    kind, raw = _read(source)
    if not raw["line"]:
        raise ValueError(f"{source.name} ends before its first object: download it again")
    accepted, rejected, left_out = judge_all(raw)
    return accepted, rejected, left_out, kind


def _read(source: Source) -> tuple[str, Raw]:
    text = source.text.lstrip()
    if text.startswith(("{", "[")):
        return _read_json(text, source.name)
    if text.startswith("<"):
        raise ValueError(
            f"{source.name} is a web page, not a catalogue: download the file that the page offers"
        )
    lines = source.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if looks_like_oef(lines):
        return "OEF", read_oef(lines, source.name)
    if looks_like_mpcorb(lines):
        return "MPC orbit lines", read_mpcorb(lines)
    body = [line for line in lines if not line.startswith("#")]
    fields = next(text_rows(body, 1), (0, [], ""))[1]
    if looks_like_plain(fields):
        ecsv = source.text.startswith("# %ECSV")
        kind = "ECSV snapshot" if ecsv else "CSV with this program's columns"
        return kind, read_plain(lines, source.name)
    if looks_like_sbdb(fields):
        return "SBDB Query CSV", read_sbdb_csv(lines, source.name)
    raise ValueError(f"{source.name} is not a catalogue of a known format: {_KNOWN}")


def _read_json(text: str, name: str) -> tuple[str, Raw]:
    try:
        content: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise ValueError(
            f"{name} begins as JSON but breaks off{where}: it is cut or damaged, download it again"
        ) from error
    if isinstance(content, dict) and content.keys() & {"fields", "data", "signature", "message"}:
        return "SBDB Query JSON", read_sbdb_json(content, name)
    if isinstance(content, list):
        first = next((entry for entry in content if isinstance(entry, dict)), {})
        if not content or first.keys() & {"Principal_desig", "Number"}:
            return "MPC nea_extended.json", read_nea_extended(content)
    raise ValueError(f"{name} is JSON, but not of a known catalogue: {_KNOWN}")
