"""The step that feels Earth's gravity: ``survey three-body``, and its part in ``survey run``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pandas as pd

from survey.cli import artefacts, folder, source
from survey.cli.artefacts import Table, feels_gravity
from survey.cli.best import KINDS
from survey.cli.folder import RunFolder
from survey.cli.offline import stay_offline
from survey.cli.screen import Progress, Screen, print_json
from survey.cli.source import Source
from survey.cli.workers import Work, processes, processors, threads
from survey.run import Run, calendar_date
from survey.tables import (
    DEPARTURES,
    THREE_BODY,
    TRANSFERS,
    UNREACHED,
    Schema,
    file_digest,
    read_table,
    write_table,
)
from survey.transfer import default_cache, make_ephemerides

_HANDFUL = 16  # asteroids that are searched sooner than a process has started


def check(place: RunFolder) -> None:
    """Refuse, before anything is done, dates and a parking orbit that a later step would refuse."""
    run = place.run
    grid = source.grid_of(run)
    if feels_gravity(run):
        source.window_of(run, grid)
        known = {"choices_digest": run.digest_of(*artefacts.THREE_BODY)}
        if artefacts.made_from(place.three_body, THREE_BODY, known) is None:
            source.orbit_of(run)  # takes seconds; a table of these choices has had its orbit


def three_body(
    argument: Path | None,
    *,
    catalog: str | None,
    jobs: int | None,
    force: bool,
    wait: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Carry out ``survey three-body``."""
    stay_offline()
    place = folder.find_run(argument, may_be_new=False)
    if not feels_gravity(place.run):
        choice = 'asteroids = "kepler"' if place.run.search else "search = false"
        cure = 'asteroids = "n-body"' if place.run.search else "search = true in [three_body]"
        raise ValueError(
            f"{place.path / 'run.toml'} has {choice}, so there is no three-body search: write "
            f"{cure}"
        )
    check(place)
    screen = Screen(quiet=quiet)
    with folder.in_use(place, screen, wait=wait):
        digest = place.run.digest_of(*artefacts.SEARCH)
        two_body = artefacts.finished(place.transfers, TRANSFERS, digest, "survey search", place)
        name, sha256 = (str(two_body[1].get(f"snapshot{key}")) for key in ("", "_sha256"))
        origin = source.open_source(
            place.run, str(source.find_snapshot(place.run, catalog, name, sha256))
        )
        found = searched(Work(place, screen, force, jobs), origin, two_body)
        assert found is not None
    if as_json:
        frame, provenance = found.arcs
        print_json(
            {
                "three_body": artefacts.near(place.three_body),
                "unreached": artefacts.near(place.unreached),
                "departures": artefacts.near(place.departures),
                "snapshot": name,
                "arcs": len(frame),
                "counts": provenance.get("counts"),
                "parking": provenance.get("parking"),
            }
        )
    else:
        click.echo(artefacts.near(place.three_body))


@dataclass(frozen=True)
class Found:
    """What the step has made: arcs with their header, whom it found none for, ways to leave."""

    arcs: Table
    unreached: pd.DataFrame
    departures: pd.DataFrame


def finished(place: RunFolder) -> Found | None:
    """Read the tables of a run that has them; ValueError where they lack or belong to others."""
    if not feels_gravity(place.run):
        return None
    digest = place.run.digest_of(*artefacts.THREE_BODY)
    table = artefacts.finished(place.three_body, THREE_BODY, digest, "survey three-body", place)
    again = f"run `survey three-body {place.path}` again"
    if table[1].get("transfers_sha256") != file_digest(place.transfers):
        raise ValueError(
            f"{place.three_body} was not made from {place.transfers} as it is now: {again}"
        )
    parts = {path: _made_with(table, path, schema) for path, schema in _beside(place)}
    for path, part in parts.items():
        if part is None:
            raise ValueError(f"{path} is not what {place.three_body} was made with: {again}")
    return _whole(table, list(parts.values()))


def _beside(place: RunFolder) -> tuple[tuple[Path, Schema], ...]:
    """Return the tables that are written with the arcs."""
    return (place.unreached, UNREACHED), (place.departures, DEPARTURES)


def _made_with(table: Table, path: Path, schema: Schema) -> pd.DataFrame | None:
    """Read a table, if it is the file that the arcs were written with."""
    if not path.is_file() or table[1].get(f"{schema.name}_sha256") != file_digest(path):
        return None
    return read_table(path, schema)[0]


def _whole(table: Table, parts: list[pd.DataFrame | None]) -> Found | None:
    unreached, departures = parts
    return None if unreached is None or departures is None else Found(table, unreached, departures)


def searched(work: Work, origin: Source, two_body: Table) -> Found | None:
    """Search the arcs of a run that feel Earth's gravity, unless it has or wants none."""
    place, run, screen = work.folder, work.folder.run, work.screen
    if not feels_gravity(run):
        if run.search:
            screen.note("three-body", "left out, as the asteroids of this run stay on ellipses")
        return None
    inputs = artefacts.inputs(
        run.digest_of(*artefacts.THREE_BODY),
        snapshot_sha256=origin.sha256,
        transfers_sha256=file_digest(place.transfers),
    )
    done = artefacts.made_from(place.three_body, THREE_BODY, inputs)
    if done is not None and not work.force:
        whole = _whole(done, [_made_with(done, path, schema) for path, schema in _beside(place)])
        if whole is not None:
            screen.note("three-body", f"up to date, {len(done[0]):,} arcs")
            return whole
    from survey.transfer.three_body import search_three_body
    from survey.transfer.three_body_shelf import default_results

    grid, parking = source.grid_of(run), source.orbit_of(run)
    started = time.monotonic()
    limits = (one.to_value("m/s") for one in (run.flyby_budget, run.rendezvous_budget))
    passing, stopping = (f"{limit:,.0f} m/s" for limit in limits)
    screen.note("three-body", f"{parking_text(run)}: up to {passing} to pass, {stopping} to stop")
    with threads(work.jobs) as pool, screen.progress("asteroids", "asteroid ephemerides") as tell:
        ephemerides = make_ephemerides(
            origin.catalog, grid, executor=pool, cache=default_cache(), progress=tell
        )
    with _pool(work, len(origin.catalog)) as pool, _passes(screen) as told:
        found = search_three_body(
            origin.catalog,
            parking,
            source.window_of(run, grid),
            transfers=two_body[0],
            deep=run.deep,
            executor=pool,
            ephemerides=ephemerides,
            results=default_results(),
            progress=told,
        )
    table = found.arcs
    counts = table.attrs["counts"] | {"assisted": int(table["assisted"].sum())}
    made = {
        **inputs,
        "run_digest": run.digest,
        "snapshot": origin.path.name,
        **artefacts.retrieval(origin),
        "parking": parking_text(run),
        "counts": counts,
    }
    digests = {}
    frames = found.unreached, found.departures
    for frame, (path, schema) in zip(frames, _beside(place), strict=True):
        write_table(frame, schema, path, provenance=made)
        digests[f"{schema.name}_sha256"] = file_digest(path)
    provenance = {**made, **digests}
    write_table(table, THREE_BODY, place.three_body, provenance=provenance)
    for line in counts_lines(counts):
        screen.note("three-body", line)
    assisted = f"{counts['assisted']:,} of them past Earth or Moon"
    took = f"{time.monotonic() - started:.1f} s"
    screen.note("three-body", f"{len(table):,} arcs kept, {assisted}, in {took}")
    for line in departure_lines(found.departures):
        screen.note("departures", line)
    return Found((table, provenance), found.unreached, found.departures)


def parking_text(run: Run) -> str:
    """Describe the orbit that the three-body arcs of a run leave from."""
    if run.orbit == "point":
        return run.orbit_name
    phase = "unknown" if run.phase_zero is None else f"zero on {calendar_date(run.phase_zero.jd)}"
    return f"{run.orbit_name}, {run.size}, phase {phase}"


def counts_lines(counts: dict[str, Any]) -> list[str]:
    """Account for everybody who was searched and for all problems, a line for each kind."""
    tried, converged = int(counts["problems"]), int(counts["converged"])
    share = f" ({100 * converged / tried:.0f} %)" if tried else ""
    lines = [
        f"{counts['in_reach']:,} of {counts['asteroids']:,} asteroids in reach; of "
        f"{tried:,} boundary-value problems tried, {converged:,} converged{share}"
    ]
    for kind in KINDS:
        own = counts[kind]
        came_to = [f"{n:,} {name}" for name, n in own.items() if name not in ("searched", "arcs")]
        lines.append(f"{kind}, {own['searched']:,} searched: {', '.join(came_to)}")
    return lines


def departure_lines(departures: pd.DataFrame) -> list[str]:
    """Say for how many asteroids each way of leaving was found, a line for each kind."""
    lines = []
    for kind in KINDS:
        own = departures[departures["kind"] == kind]
        if own.empty:
            continue
        came_to = own.groupby("strategy", sort=False)["outcome"]
        found = [f"{name} {int((o == 'found').sum())}" for name, o in came_to]
        lines.append(f"{kind}, {own['designation'].nunique():,} asteroids: {', '.join(found)}")
    return lines


@contextmanager
def _pool(work: Work, asteroids: int) -> Iterator[Executor | None]:
    """Give processes, unless the work is over before they have started."""
    if asteroids <= _HANDFUL:
        yield None
        return
    with processes(min(work.jobs or processors(), -(-asteroids // _HANDFUL))) as pool:
        yield pool


@contextmanager
def _passes(screen: Screen) -> Iterator[Any]:
    """Show the passes of the search one after the other, each with a progress of its own."""
    with ExitStack() as stack:
        current: dict[str, Progress] = {}

        def tell(name: str, done: int, total: int) -> None:
            if name not in current:
                current.clear()
                stack.close()
                step, _, whose = name.partition(", ")  # "phases, flyby"
                things = f"asteroids ({whose})" if whose else "asteroids"
                current[name] = stack.enter_context(screen.progress(step, things))
            current[name](done, total)

        yield tell
