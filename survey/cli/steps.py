"""The steps of a run: each is skipped while its artefact and what it was made from still match.

A table records its inputs in its own header: the digest of the choices it depends on
(``choices_digest``; ``run_digest`` is that of all choices, for the reader), the SHA-256 of what it
was computed from, and the version of the program. The report, a PDF, has a file beside it.
"""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pandas as pd

from survey import __version__
from survey.catalog import resolve_snapshot
from survey.cli import best, folder, source
from survey.cli.folder import RunFolder
from survey.cli.offline import stay_offline
from survey.cli.screen import Screen, print_json
from survey.cli.source import Source
from survey.tables import (
    RANKING,
    TRANSFERS,
    Schema,
    file_digest,
    read_table,
    write_bytes,
    write_table,
)
from survey.transfer import rank as rank_transfers
from survey.transfer import search_transfers

_WINDOW = ("departure_from", "departure_to", "departure_step", "tof_min", "tof_max", "tof_step")
_SEARCH = ("targets", *_WINDOW, "max_revolutions", "point", "mass_ratio")
_CRAFT = ("mass", "propellant", "isp", "reserve", "last_date")
_REPORT = ("title", "top")

Table = tuple[pd.DataFrame, dict[str, Any]]


@dataclass(frozen=True)
class _Work:
    """One step under way: in which run, shown how, and whether to do again what is done."""

    folder: RunFolder
    screen: Screen
    force: bool


def run(
    argument: Path | None,
    *,
    catalog: str | None,
    jobs: int | None,
    top: int | None,
    force: bool,
    wait: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Carry out ``survey run``."""
    stay_offline()
    place = folder.find_run(argument)
    origin = source.open_source(place.run, catalog)
    screen = Screen(quiet=quiet)
    work = _Work(place, screen, force)
    source.grid_of(place.run)  # wrong dates are said before a folder is made
    with folder.in_use(place, screen, wait=wait):
        work.screen.note("catalogue", f"{origin.path.name}, {len(origin.catalog):,} asteroids")
        transfers = _search(work, origin, jobs)
        ranking = _rank(work, transfers)
        path = _report(work, ranking, origin.path)
    if as_json:
        print_json({**best.as_json(ranking, place.run, top), "report": _near(path)})
    else:
        best.print_best(ranking, place.run, top)
        click.echo(_near(path))


def search(
    argument: Path | None,
    *,
    catalog: str | None,
    jobs: int | None,
    force: bool,
    wait: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Carry out ``survey search``."""
    stay_offline()
    place = folder.find_run(argument)
    origin = source.open_source(place.run, catalog)
    screen = Screen(quiet=quiet)
    work = _Work(place, screen, force)
    source.grid_of(place.run)
    with folder.in_use(place, screen, wait=wait):
        work.screen.note("catalogue", f"{origin.path.name}, {len(origin.catalog):,} asteroids")
        transfers, _ = _search(work, origin, jobs)
    if as_json:
        print_json(
            {
                "transfers": _near(place.transfers),
                "snapshot": origin.path.name,
                "asteroids": len(origin.catalog),
                "arcs": len(transfers),
                "fidelity": sorted(set(transfers["fidelity"])),
            }
        )
    else:
        click.echo(_near(place.transfers))


def rank(
    argument: Path | None,
    *,
    top: int | None,
    force: bool,
    wait: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Carry out ``survey rank``."""
    stay_offline()
    place = folder.find_run(argument, may_be_new=False)
    screen = Screen(quiet=quiet)
    with folder.in_use(place, screen, wait=wait):
        work = _Work(place, screen, force)
        ranking = _rank(work, _searched(place))
    if as_json:
        print_json(best.as_json(ranking, place.run, top))
    else:
        best.print_best(ranking, place.run, top)


def report(
    argument: Path | None, *, catalog: str | None, force: bool, wait: bool, quiet: bool
) -> None:
    """Carry out ``survey report``."""
    stay_offline()
    place = folder.find_run(argument, may_be_new=False)
    snapshot = resolve_snapshot(catalog) if catalog else None
    screen = Screen(quiet=quiet)
    with folder.in_use(place, screen, wait=wait):
        _searched(place)
        path = _report(_Work(place, screen, force), _ranked(place), snapshot)
    click.echo(_near(path))


def _search(work: _Work, origin: Source, jobs: int | None) -> Table:
    place, run = work.folder, work.folder.run
    inputs = _inputs(run.digest_of(*_SEARCH), snapshot_sha256=origin.sha256)
    done = _made_from(place.transfers, TRANSFERS, inputs)
    if done is not None and not work.force:
        work.screen.note("search", f"up to date, {len(done[0]):,} arcs")
        return done
    grid, parking = source.grid_of(run), source.parking_of(run)
    count = len(origin.catalog)
    departures, tofs = grid.shape
    work.screen.note(
        "search",
        f"{count:,} asteroids × {departures:,} departures × {tofs:,} times of flight",
    )
    started = time.monotonic()
    # Even one job has a thread of its own: the main thread stays free to hear Ctrl-C.
    pool = ThreadPoolExecutor(jobs or _processors())
    try:
        with work.screen.progress("search", "asteroids") as progress:
            transfers = search_transfers(
                origin.catalog,
                parking,
                grid,
                executor=pool,
                max_revs=run.max_revolutions,
                checkpoint=place.checkpoint,
                progress=progress,
            )
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    provenance = {
        **inputs,
        "run_digest": run.digest,
        "snapshot": origin.path.name,
        **_retrieval(origin),
    }
    write_table(transfers, TRANSFERS, place.transfers, provenance=provenance)
    folder.clear_checkpoint(place)
    work.screen.note(
        "search", f"{len(transfers):,} arcs kept, in {time.monotonic() - started:.1f} s"
    )
    return transfers, provenance


def _rank(work: _Work, searched: Table) -> Table:
    place, run = work.folder, work.folder.run
    transfers, origin = searched
    inputs = _inputs(
        run.digest_of(*_SEARCH, *_CRAFT), transfers_sha256=file_digest(place.transfers)
    )
    done = _made_from(place.ranking, RANKING, inputs)
    if done is not None and not work.force:
        work.screen.note("rank", f"up to date, {len(done[0]):,} asteroids")
        return done
    craft = source.craft_of(run)
    ranking = rank_transfers(transfers, craft)
    provenance = {**origin, **inputs, "run_digest": run.digest}
    write_table(ranking, RANKING, place.ranking, provenance=provenance)
    work.screen.note("rank", f"{len(ranking):,} asteroids")
    return ranking, provenance


def _report(work: _Work, ranked: Table, snapshot: Path | None) -> Path:
    place, run = work.folder, work.folder.run
    _, origin = ranked
    if origin.get("transfers_sha256") != file_digest(place.transfers):
        raise ValueError(
            f"{place.ranking} was not made from {place.transfers} as it is now: run "
            f"`survey rank {place.path}` again"
        )
    inputs = _inputs(
        run.digest_of(*_SEARCH, *_CRAFT, *_REPORT),
        transfers_sha256=file_digest(place.transfers),
        ranking_sha256=file_digest(place.ranking),
    )
    if not work.force and _recorded(place) == inputs | _digest_of_report(place):
        work.screen.note("report", "up to date")
        return place.report
    from survey.report import write_report

    work.screen.note("report", "drawing and typesetting")
    place.report_inputs.unlink(missing_ok=True)
    path = write_report(place.path, snapshot=snapshot)
    record = json.dumps(inputs | _digest_of_report(place), indent=1, sort_keys=True)
    write_bytes(f"{record}\n".encode(), place.report_inputs)
    return path


def _inputs(choices: str, **digests: str) -> dict[str, str]:
    return {"program": "survey", "version": __version__, "choices_digest": choices, **digests}


def _made_from(path: Path, schema: Schema, inputs: dict[str, str]) -> Table | None:
    """Read a table if it is there, sound, and made from these inputs."""
    if not path.is_file():
        return None
    try:
        frame, provenance = read_table(path, schema)
    except ValueError:  # cut off or edited by hand: it is only a product, so make it again
        return None
    matches = all(provenance.get(key) == value for key, value in inputs.items())
    return (frame, provenance) if matches else None


def _searched(place: RunFolder) -> Table:
    digest = place.run.digest_of(*_SEARCH)
    return _finished(place.transfers, TRANSFERS, digest, "survey search", place)


def _ranked(place: RunFolder) -> Table:
    digest = place.run.digest_of(*_SEARCH, *_CRAFT)
    return _finished(place.ranking, RANKING, digest, "survey rank", place)


def _finished(path: Path, schema: Schema, digest: str, verb: str, place: RunFolder) -> Table:
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


def _digest_of_report(place: RunFolder) -> dict[str, str]:
    return {"report_sha256": file_digest(place.report) if place.report.is_file() else ""}


def _recorded(place: RunFolder) -> object:
    try:
        return json.loads(place.report_inputs.read_bytes())
    except (OSError, ValueError):
        return None


def _retrieval(origin: Source) -> dict[str, Any]:
    """Repeat in the table's header where and when the snapshot came from."""
    known = origin.catalog.attrs.get("provenance", {})
    return {
        f"snapshot_{key}": known[key] for key in ("source", "retrieved", "date") if key in known
    }


def _processors() -> int:
    # Python 3.13 knows what this process may use; before, the affinity mask does where it exists.
    count = getattr(os, "process_cpu_count", None)
    if count is not None:
        return count() or 1
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def _near(path: Path) -> str:
    """Write a path relative to where we are, when it lies below."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
