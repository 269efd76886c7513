"""The map of one asteroid: ``survey porkchop``, on one rung or on two side by side."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import Any, Final, Literal

import click
import numpy as np
import pandas as pd

from survey.catalog import find
from survey.cli import source
from survey.cli.artefacts import feels_gravity
from survey.cli.folder import RunFolder
from survey.cli.offline import stay_offline
from survey.cli.screen import Screen
from survey.cli.target import absence_of, catalog_of, choices_of, place_of
from survey.run import Run, adjust, calendar_date
from survey.tables import THREE_BODY, read_table, write_bytes
from survey.transfer import (
    DeltaVMap,
    Grid,
    default_cache,
    delta_v_map,
    left_out,
    make_ephemerides,
)

_FORMATS = ("png", "pdf", "svg")
_OPTIONS = {
    "departure_from": "--from",
    "departure_to": "--to",
    "departure_step": "--step",
    "tof_min": "--tof-min",
    "tof_max": "--tof-max",
    "tof_step": "--tof-step",
    "asteroids": "--model",
    "phase_zero": "--phase-zero",
}
_CALLED = {"departure_from": "first departure", "departure_to": "last departure"}
_AROUND = 180.0  # days before and after the best window that a three-body map shows
MOST_CELLS: Final = 12_000
"""Cells of a three-body map; more take too long to wait for."""


def porkchop(
    target: str,
    *,
    kind: Literal["flyby", "rendezvous"],
    fidelity: Literal["two-body", "three-body"],
    output: Path | None,
    show: bool,
    model: Literal["n-body", "kepler"] | None,
    run: Path | None,
    catalog: str | None,
    **given: str | None,
) -> None:
    """Carry out ``survey porkchop``."""
    stay_offline()
    place = place_of(run)
    given["asteroids"] = model
    changes = {name: (_OPTIONS[name], text) for name, text in given.items() if text is not None}
    choices = adjust(choices_of(place), changes)
    path = output or Path(f"porkchop-{_file_name(target)}.png")
    file_format = path.suffix.lstrip(".").lower()
    if file_format not in _FORMATS:
        raise ValueError(f"{path} does not end in .png, .pdf or .svg: give it one of these endings")
    if not path.parent.is_dir():
        raise ValueError(f"{path.parent} is not a folder: make it first, or give another --output")
    if fidelity == "two-body" and given.get("phase_zero") is not None:
        raise ValueError(
            "--phase-zero was given, but two-body arcs leave from the libration point, which has "
            "no phase: add --fidelity three-body"
        )
    asteroid = find(target, catalog_of(choices, catalog))
    figure = (_on_two_rungs if fidelity == "three-body" else _on_one)(
        asteroid, choices, place, kind, changes
    )
    from survey.report.style import figure_style

    stream = BytesIO()
    # Without a date in it the same map gives the same bytes.
    dated = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(file_format)
    with figure_style():
        figure.savefig(stream, format=file_format, metadata=dated)
    write_bytes(stream.getvalue(), path)
    click.echo(path)
    if show:
        click.launch(str(path))


def _on_one(
    asteroid: pd.Series, run: Run, _place: RunFolder | None, kind: Any, _changes: dict[str, Any]
) -> Any:
    grid = source.grid_of(run)
    _check_existence(asteroid, run, grid)
    from survey.report import plot_porkchop

    return plot_porkchop(_two_body(asteroid, run, grid), kind=kind).figure


def _on_two_rungs(
    asteroid: pd.Series, run: Run, place: RunFolder | None, kind: Any, changes: dict[str, Any]
) -> Any:
    if run.asteroids == "kepler":
        raise ValueError(
            "a three-body map was asked for with the asteroid on its ellipse, which knows no "
            "encounter with Earth: add --model n-body"
        )
    run = _narrowed(asteroid, run, place, kind, changes)
    grid = source.grid_of(run)
    source.window_of(run, grid)
    cells = grid.shape[0] * grid.shape[1]
    if cells > MOST_CELLS:
        raise ValueError(
            f"a three-body map of {grid.shape[0]:,} departures by {grid.shape[1]:,} times of "
            f"flight was asked for, {cells:,} cells, but more than {MOST_CELLS:,} take too long: "
            "give nearer --from and --to, or longer --step and --tof-step"
        )
    parking = source.orbit_of(run)
    _check_existence(asteroid, run, grid)
    from survey.report import plot_rungs
    from survey.transfer.three_body_map import three_body_map

    Screen().note("map", f"{cells:,} cells with Earth's gravity: this takes minutes rather than "
                  "seconds")  # fmt: skip
    above = three_body_map(asteroid, parking, grid, cache=default_cache())
    return plot_rungs(above, _two_body(asteroid, run, grid), kind=kind)


def _narrowed(
    asteroid: pd.Series, run: Run, place: RunFolder | None, kind: str, changes: dict[str, Any]
) -> Run:
    """Keep a large map to the year about the best window known, unless dates were given."""
    if {"departure_from", "departure_to"} & set(changes):
        return run
    grid = source.grid_of(run)
    if grid.shape[0] * grid.shape[1] <= MOST_CELLS:
        return run
    middle = _best_departure(asteroid, place, kind)
    if middle is None:
        middle = _best_two_body_departure(asteroid, run, grid, kind)
    if middle is None:
        return run
    ends = {"departure_from": middle - _AROUND, "departure_to": middle + _AROUND}
    low, high = run.departure_from.tdb.jd, run.departure_to.tdb.jd
    days = {name: calendar_date(float(min(max(jd, low), high))) for name, jd in ends.items()}
    return adjust(run, {name: (f"the map's {_CALLED[name]}", day) for name, day in days.items()})


def _best_departure(asteroid: pd.Series, place: RunFolder | None, kind: str) -> float | None:
    if place is None or not feels_gravity(place.run) or not place.three_body.is_file():
        return None
    table, _ = read_table(place.three_body, THREE_BODY)
    mine = (table["designation"] == asteroid["designation"]) & (table["kind"] == kind)
    rows = table[mine & (table["window"] == 1)]
    return float(rows["departure_jd_tdb"].iloc[0]) if len(rows) else None


def _best_two_body_departure(asteroid: pd.Series, run: Run, grid: Grid, kind: str) -> float | None:
    picture = _two_body(asteroid, run, grid)
    cost = (picture.flyby_dv if kind == "flyby" else picture.rendezvous_dv).value
    best = np.nanmin(np.where(np.isfinite(cost), cost, np.inf), axis=1)
    if not np.isfinite(best).any():
        return None
    return float(grid.departure_jd_tdb[best.argmin()])


def _two_body(asteroid: pd.Series, run: Run, grid: Grid) -> DeltaVMap:
    return delta_v_map(
        asteroid,
        source.parking_of(run),
        grid,
        max_revs=run.max_revolutions,
        model=run.asteroids,
    )


def _file_name(target: str) -> str:
    return re.sub(r"[^\w.+-]+", "-", target.strip()).strip("-.") or "target"


def _check_existence(asteroid: pd.Series, run: Run, grid: Grid) -> None:
    """Refuse an asteroid that is no longer there, or cannot be integrated."""
    if run.asteroids == "kepler":
        return
    row = asteroid.to_frame().T
    gone, reasons = left_out(row, make_ephemerides(row, grid), float(grid.departure_jd_tdb[0]))
    if gone[0]:
        raise ValueError(
            f"there is no way to {absence_of(asteroid, reasons)}; --model kepler draws the map of "
            "its ellipse all the same"
        )
