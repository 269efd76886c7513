"""Artefacts of the steps: what each was made from, and whether it still matches.

A table records its inputs in its own header: the digest of the choices it depends on
(``choices_digest``; ``run_digest`` is that of all choices, for the reader), the SHA-256 of what it
was computed from, and the version of the program. The report, a PDF, has a file beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pandas as pd

from survey import __version__
from survey.cli.folder import RunFolder
from survey.cli.source import Source
from survey.run import Run
from survey.tables import Schema, read_table

Table = tuple[pd.DataFrame, dict[str, Any]]

_WINDOW = ("departure_from", "departure_to", "departure_step", "tof_min", "tof_max", "tof_step")
ARCS: Final = ("targets", *_WINDOW, "max_revolutions", "point")
"""Choices that the two-body search on ellipses reads."""

SEARCH: Final = ("asteroids", *ARCS)
_ORBIT = ("orbit", "size", "phase_zero")
THREE_BODY: Final = (*SEARCH, *_ORBIT, "flyby_budget", "rendezvous_budget", "deep")
_CRAFT = ("mass", "propellant", "isp", "reserve", "last_date")
_REPORT = ("title", "top")


def feels_gravity(run: Run) -> bool:
    """Whether a run has a three-body search: asteroids on ellipses would make nonsense of one."""
    return run.search and run.asteroids != "kepler"


def ranking_choices(run: Run) -> tuple[str, ...]:
    """Choices that the ranking depends on."""
    return (*(THREE_BODY if feels_gravity(run) else SEARCH), "search", *_CRAFT)


def report_choices(run: Run) -> tuple[str, ...]:
    """Choices that the report depends on."""
    return (*ranking_choices(run), *_REPORT)


def inputs(choices: str, **digests: str) -> dict[str, str]:
    """Write down what an artefact is made from."""
    return {"program": "survey", "version": __version__, "choices_digest": choices, **digests}


def made_from(path: Path, schema: Schema, given: dict[str, str]) -> Table | None:
    """Read a table if it is there, sound, and made from these inputs."""
    if not path.is_file():
        return None
    try:
        frame, provenance = read_table(path, schema)
    except ValueError:  # cut off or edited by hand: it is only a product, so make it again
        return None
    matches = all(provenance.get(key) == value for key, value in given.items())
    return (frame, provenance) if matches else None


def finished(path: Path, schema: Schema, digest: str, verb: str, place: RunFolder) -> Table:
    """Read the table that a step needs, and refuse one that belongs to other choices."""
    command = f"`{verb} {place.path}`"
    if not path.is_file():
        raise ValueError(f"{path} is not there yet: run {command} first")
    frame, provenance = read_table(path, schema)
    if provenance.get("choices_digest") != digest:
        raise ValueError(
            f"{path} was made with other choices than {place.path / 'run.toml'} now holds: run "
            f"{command} again"
        )
    if provenance.get("version") != __version__:
        raise ValueError(
            f"{path} was made by version {provenance.get('version')} of this program, which is "
            f"now {__version__}: run {command} again"
        )
    return frame, provenance


def retrieval(origin: Source) -> dict[str, Any]:
    """Repeat in the table's header where and when the snapshot came from."""
    known = origin.catalog.attrs.get("provenance", {})
    return {
        f"snapshot_{key}": known[key] for key in ("source", "retrieved", "date") if key in known
    }


def near(path: Path) -> str:
    """Write a path relative to where we are, when it lies below."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
