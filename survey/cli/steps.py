"""The steps of a run: each is skipped while its artefact and what it was made from still match."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click
import pandas as pd

from survey.catalog import resolve_snapshot
from survey.cli import artefacts, best, folder, source, three_body
from survey.cli.artefacts import Table, feels_gravity, near
from survey.cli.folder import RunFolder
from survey.cli.offline import stay_offline
from survey.cli.screen import Screen, print_json
from survey.cli.source import Source
from survey.cli.workers import Work, threads
from survey.tables import RANKING, TRANSFERS, file_digest, write_bytes, write_table
from survey.transfer import assess_ranking, default_cache, make_ephemerides, search_transfers
from survey.transfer import rank as rank_transfers


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
    work = Work(place, screen, force, jobs)
    three_body.check(place)  # what is wrong is said before a folder is made
    with folder.in_use(place, screen, wait=wait):
        work.screen.note("catalogue", f"{origin.path.name}, {len(origin.catalog):,} asteroids")
        transfers, kepler = _search(work, origin)
        above = three_body.searched(work, origin, transfers)
        ranking = _rank(work, transfers, kepler, above, origin.catalog)
        path = _report(work, ranking, origin.path)
    if as_json:
        print_json({**best.as_json(ranking, place.run, top), "report": near(path)})
    else:
        best.print_best(ranking, place.run, top)
        click.echo(near(path))


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
    work = Work(place, screen, force, jobs)
    source.grid_of(place.run)
    with folder.in_use(place, screen, wait=wait):
        work.screen.note("catalogue", f"{origin.path.name}, {len(origin.catalog):,} asteroids")
        (transfers, provenance), _ = _search(work, origin)
    if as_json:
        print_json(
            {
                "transfers": near(place.transfers),
                "snapshot": origin.path.name,
                "asteroids": len(origin.catalog),
                "arcs": len(transfers),
                "fidelity": sorted(set(transfers["fidelity"])),
                "asteroid_model": place.run.asteroids,
                "left_out": provenance.get("left_out", []),
            }
        )
    else:
        click.echo(near(place.transfers))


def rank(
    argument: Path | None,
    *,
    catalog: str | None,
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
        work = Work(place, screen, force)
        searched = _searched(place)
        name, sha256 = (str(searched[1].get(f"snapshot{key}")) for key in ("", "_sha256"))
        asteroids = source.reopen(place.run, catalog, name, sha256)
        above = three_body.finished(place)
        ranking = _rank(work, searched, _compared(place), above, asteroids)
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
        three_body.finished(place)
        path = _report(Work(place, screen, force), _ranked(place), snapshot)
    click.echo(near(path))


def _search(work: Work, origin: Source) -> tuple[Table, Table | None]:
    """Search with the asteroids as the run wants them, and once more on ellipses, to compare."""
    place, run = work.folder, work.folder.run
    main = _Variant(
        run.asteroids, place.transfers, _inputs_of(run.digest_of(*artefacts.SEARCH), origin)
    )
    jobs = [main]
    if run.asteroids != "kepler":
        jobs.append(
            _Variant("kepler", place.kepler, _inputs_of(run.digest_of(*artefacts.ARCS), origin))
        )
    tables = [_searched_once(work, origin, job) for job in jobs]
    folder.clear_checkpoint(place)
    return tables[0], tables[1] if len(tables) > 1 else None


@dataclass(frozen=True)
class _Variant:
    """One of the searches of a run: how the asteroids move, its table, what it is made from."""

    model: Literal["n-body", "kepler"]
    path: Path
    inputs: dict[str, str]


def _inputs_of(choices: str, origin: Source) -> dict[str, str]:
    return artefacts.inputs(choices, snapshot_sha256=origin.sha256)


def _searched_once(work: Work, origin: Source, search: _Variant) -> Table:
    place, run, screen = work.folder, work.folder.run, work.screen
    # The search of the ellipses beside the real one is a comparison, and is called so.
    step = "search" if search.path == place.transfers else "compare"
    done = artefacts.made_from(search.path, TRANSFERS, search.inputs)
    if done is not None and not work.force:
        screen.note(step, f"up to date, {len(done[0]):,} arcs")
        return done
    grid, parking = source.grid_of(run), source.parking_of(run)
    with threads(work.jobs) as pool:
        ephemerides = None
        if search.model == "n-body":
            with screen.progress("asteroids", "asteroid ephemerides") as progress:
                ephemerides = make_ephemerides(
                    origin.catalog, grid, executor=pool, cache=default_cache(), progress=progress
                )
            fresh, count = ephemerides.integrated, len(ephemerides)
            known = f"{count - fresh:,} known from before" if fresh < count else ""
            made = f"{fresh:,} integrated among Sun, planets and Moon" if fresh else "up to date"
            screen.note("asteroids", ", ".join(filter(None, (made, known))))
        departures, tofs = grid.shape
        screen.note(
            step,
            f"{len(origin.catalog):,} asteroids × {departures:,} departures × {tofs:,} times of "
            f"flight, {'among the planets' if ephemerides else 'on ellipses'}",
        )
        started = time.monotonic()
        with screen.progress(step, "asteroids") as progress:
            transfers = search_transfers(
                origin.catalog,
                parking,
                grid,
                model=search.model,
                executor=pool,
                max_revs=run.max_revolutions,
                checkpoint=place.checkpoint,
                progress=progress,
                ephemerides=ephemerides,
                cache=default_cache(),
            )
    left_out = transfers.attrs["left_out"]
    provenance = {
        **search.inputs,
        "run_digest": run.digest,
        "snapshot": origin.path.name,
        **artefacts.retrieval(origin),
        **({"left_out": left_out} if left_out else {}),
    }
    write_table(transfers, TRANSFERS, search.path, provenance=provenance)
    for line in best.left_out_lines(left_out):
        screen.note("left out", line)
    screen.note(step, f"{len(transfers):,} arcs kept, in {time.monotonic() - started:.1f} s")
    return transfers, provenance


def _rank(
    work: Work,
    searched: Table,
    kepler: Table | None,
    above: three_body.Found | None,
    catalog: pd.DataFrame,
) -> Table:
    place, run = work.folder, work.folder.run
    transfers, origin = searched
    beside = {"kepler_sha256": file_digest(place.kepler)} if kepler is not None else {}
    if above is not None:
        beside["three_body_sha256"] = file_digest(place.three_body)
    inputs = artefacts.inputs(
        run.digest_of(*artefacts.ranking_choices(run)),
        transfers_sha256=file_digest(place.transfers),
        **beside,
    )
    done = artefacts.made_from(place.ranking, RANKING, inputs)
    if done is not None and not work.force:
        work.screen.note("rank", f"up to date, {len(done[0]):,} asteroids")
        return done
    craft = source.craft_of(run)
    beyond = {} if above is None else {
        "three_body": above.arcs[0], "unreached": above.unreached, "departures": above.departures,
    }  # fmt: skip
    ranking = rank_transfers(transfers, craft, **beyond)
    if run.asteroids != "kepler":
        work.screen.note("rank", "how far the asteroids' positions can be believed")
        with threads(work.jobs) as pool:
            trust = assess_ranking(ranking, catalog, executor=pool)
        ranking = rank_transfers(
            transfers,
            craft,
            **beyond,
            trust=trust,
            kepler=None if kepler is None else kepler[0],
        )
    provenance = {**origin, **inputs, "run_digest": run.digest}
    write_table(ranking, RANKING, place.ranking, provenance=provenance)
    work.screen.note("rank", f"{len(ranking):,} asteroids")
    for kind in best.KINDS:
        lacking = ranking[f"{kind}_unconfirmed"].ne("").sum()
        if lacking:
            work.screen.note("rank", f"{lacking:,} two-body {kind} Δv unconfirmed")
    return ranking, provenance


def _report(work: Work, ranked: Table, snapshot: Path | None) -> Path:
    place, run = work.folder, work.folder.run
    _, origin = ranked
    if origin.get("transfers_sha256") != file_digest(place.transfers):
        raise ValueError(
            f"{place.ranking} was not made from {place.transfers} as it is now: run "
            f"`survey rank {place.path}` again"
        )
    if feels_gravity(run) and origin.get("three_body_sha256") != file_digest(place.three_body):
        raise ValueError(
            f"{place.ranking} was not made from {place.three_body} as it is now: run "
            f"`survey rank {place.path}` again"
        )
    inputs = artefacts.inputs(
        run.digest_of(*artefacts.report_choices(run)),
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


def _searched(place: RunFolder) -> Table:
    digest = place.run.digest_of(*artefacts.SEARCH)
    return artefacts.finished(place.transfers, TRANSFERS, digest, "survey search", place)


def _compared(place: RunFolder) -> Table | None:
    if place.run.asteroids == "kepler":
        return None
    return artefacts.finished(
        place.kepler, TRANSFERS, place.run.digest_of(*artefacts.ARCS), "survey search", place
    )


def _ranked(place: RunFolder) -> Table:
    digest = place.run.digest_of(*artefacts.ranking_choices(place.run))
    return artefacts.finished(place.ranking, RANKING, digest, "survey rank", place)


def _digest_of_report(place: RunFolder) -> dict[str, str]:
    return {"report_sha256": file_digest(place.report) if place.report.is_file() else ""}


def _recorded(place: RunFolder) -> object:
    try:
        return json.loads(place.report_inputs.read_bytes())
    except (OSError, ValueError):
        return None
