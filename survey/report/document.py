"""From a run folder to its PDF: read and check, draw, set, write; the same run, the same bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from survey import __version__
from survey.catalog import find, read_snapshot, snapshot_folders
from survey.report import content
from survey.report.figures import plot_calendar, plot_catalog, plot_ranking
from survey.report.porkchop import best_cell, fidelity_text, full_name, plot_porkchop
from survey.report.style import figure_style, svg_bytes
from survey.run import Run, calendar_date, read_run
from survey.tables import RANKING, TRANSFERS, file_digest, read_table, table_bytes, write_bytes
from survey.transfer import DeltaVMap, Grid, ParkingOrbit, Spacecraft, delta_v_map, rank

KINDS = ("flyby", "rendezvous")
DOTS = 10  # of each kind in the figure on the first page
CALENDAR_ROWS = 10
_MAKERS = {
    "run.toml": "survey run", "transfers.ecsv": "survey search", "ranking.ecsv": "survey rank",
}  # fmt: skip


@dataclass(frozen=True)
class Inputs:
    """Everything a report rests on, read and found to belong together."""

    run: Run
    transfers: pd.DataFrame
    ranking: pd.DataFrame
    catalog: pd.DataFrame
    provenance: dict[str, Any]
    digests: dict[str, str]
    grid: Grid
    parking: ParkingOrbit
    spacecraft: Spacecraft


def write_report(run_folder: Path | str, *, snapshot: Path | None = None) -> Path:
    """Write ``report.pdf`` and ``figures/`` of a run from its tables.

    Parameters
    ----------
    run_folder : Path
        Holds ``run.toml``, ``transfers.ecsv`` and ``ranking.ecsv``. The catalogue snapshot that
        the transfers were computed from is looked for by name in the snapshot folders and
        must have the SHA-256 it had then.
    snapshot : Path, optional
        Where that snapshot lies, if not in a snapshot folder.

    Returns
    -------
    Path
        The PDF. Each file is written whole or not at all; the same inputs give the same bytes.

    Raises
    ------
    ValueError
        When a file is missing, the snapshot cannot be found or has changed, the tables do not
        belong to the choices in ``run.toml``, or the folder cannot be written to.
    """
    folder = Path(run_folder)
    inputs = read_inputs(folder, snapshot)
    maps = _maps(inputs)
    figures = _figures(inputs, maps)
    pdf = compile_pdf(page_data(inputs, maps, figures), figures)
    destination = folder / "report.pdf"
    try:
        (folder / "figures").mkdir(exist_ok=True)
        for old in (folder / "figures").glob("porkchop-*.svg"):  # of an earlier, longer list
            if old.name not in figures:
                old.unlink()
        for name, data in figures.items():
            write_bytes(data, folder / "figures" / name)
        write_bytes(pdf, destination)
    except OSError as error:
        raise ValueError(
            f"the report cannot be written into {folder} ({error.strerror or error}): make the "
            "folder writable or copy the run elsewhere"
        ) from error
    return destination


def read_inputs(folder: Path, snapshot: Path | None = None) -> Inputs:
    """Read a run folder and the snapshot its tables name; see `write_report` for the errors."""
    if not folder.is_dir():
        raise ValueError(
            f"there is no run folder {folder}: give the folder that `survey run` has made"
        )
    for name, maker in _MAKERS.items():
        if not (folder / name).is_file():
            raise ValueError(f"{folder} has no {name}: make it with `{maker} {folder}` first")
    run = read_run(folder / "run.toml")
    transfers, provenance = read_table(folder / "transfers.ecsv", TRANSFERS)
    ranking, _ = read_table(folder / "ranking.ecsv", RANKING)
    spacecraft = Spacecraft(run.mass, run.propellant, run.isp, run.reserve, run.last_date)
    catalog, snapshot = _snapshot(run, provenance, snapshot)
    digests = {name: file_digest(folder / name) for name in ("transfers.ecsv", "ranking.ecsv")}
    grid = Grid.regular(
        run.departure_from, run.departure_to, run.departure_step, run.tof_min, run.tof_max,
        run.tof_step,
    )  # fmt: skip
    parking = ParkingOrbit(run.point, run.mass_ratio)
    strangers = set(ranking["designation"]) - set(catalog["designation"])
    if strangers:
        raise ValueError(
            f"ranking.ecsv holds {sorted(strangers)[0]}, which the snapshot {snapshot.name} does "
            f"not: make the tables again with `survey run {folder}`"
        )
    if table_bytes(ranking, RANKING, {}, compress=False) != table_bytes(
        rank(transfers, spacecraft), RANKING, {}, compress=False
    ):
        raise ValueError(
            "ranking.ecsv was made from other transfers, for another craft or by another version "
            f"of this program: make it again with `survey rank {folder}`"
        )
    return Inputs(run, transfers, ranking, catalog, provenance, digests, grid, parking, spacecraft)


def _snapshot(
    run: Run, provenance: dict[str, Any], known: Path | None
) -> tuple[pd.DataFrame, Path]:
    name, digest = str(provenance.get("snapshot", "")), str(provenance.get("snapshot_sha256", ""))
    if not name or not digest:
        raise ValueError(
            "transfers.ecsv does not say which catalogue snapshot it was made from: make it again "
            "with `survey search`"
        )
    candidates = [one / name for one in snapshot_folders()]
    given = Path(run.snapshot).expanduser()
    if given.name == name:
        candidates.insert(0, given)
    if known is not None:
        candidates.insert(0, known)
    found = [path for path in candidates if path.is_file()]
    if not found:
        raise ValueError(
            f"the catalogue snapshot {name} of this run is in none of the snapshot folders: put "
            "it into one, or name that folder in SURVEY_CATALOGS"
        )
    for path in found:
        if file_digest(path) == digest:
            return read_snapshot(path), path
    raise ValueError(
        f"the catalogue snapshot {found[0]} has another SHA-256 than the one this run was made "
        "from: put the old file back, or make the tables again with `survey run`"
    )


def _maps(inputs: Inputs) -> dict[str, DeltaVMap]:
    rows = {str(row["designation"]): row for _, row in inputs.catalog.iterrows()}
    wanted = content.top_targets(inputs.ranking, inputs.run.top)
    for kind in KINDS:
        wanted += content.of_kind(inputs.ranking, kind)["designation"].head(CALENDAR_ROWS).tolist()
    maps = {
        designation: delta_v_map(
            rows[designation], inputs.parking, inputs.grid,
            max_revs=inputs.run.max_revolutions,
        )
        for designation in dict.fromkeys(wanted)
    }  # fmt: skip
    _check_maps(inputs, maps)
    return maps


def _check_maps(inputs: Inputs, maps: dict[str, DeltaVMap]) -> None:
    """Refuse transfers that another grid or catalogue has made.

    The search refines the arrival of each departure date, so a window leaves on a date of the grid
    and costs at most what the grid's best cell costs.
    """
    first = inputs.transfers[inputs.transfers["window"] == 1]
    again = "make the tables again with `survey run`"
    for row in first.to_dict("records"):
        away = np.abs(inputs.grid.departure_jd_tdb - row["departure_jd_tdb"]).min()
        if away > 1e-3:
            raise ValueError(
                f"transfers.ecsv has {row['designation']} depart on "
                f"{calendar_date(row['departure_jd_tdb'])}, which is not among the dates of "
                f"run.toml: {again}"
            )
        if row["designation"] not in maps:
            continue
        best = best_cell(maps[row["designation"]], row["kind"])
        if best is not None and row["dv_total_m_s"] > best.dv_m_s * (1 + 1e-6) + 1e-3:
            raise ValueError(
                f"transfers.ecsv gives {row['designation']} a {row['kind']} for "
                f"{row['dv_total_m_s']:.1f} m/s, but the choices in run.toml lead to "
                f"{best.dv_m_s:.1f} m/s: {again}"
            )


def _figures(inputs: Inputs, maps: dict[str, DeltaVMap]) -> dict[str, bytes]:
    budget, figures = inputs.spacecraft.budget, {}
    if inputs.ranking[["flyby_rank", "rendezvous_rank"]].notna().to_numpy().any():
        figures["ranking.svg"] = svg_bytes(
            plot_ranking(inputs.ranking, Figure(), top=DOTS, budget=budget)
        )
        figures["catalog.svg"] = svg_bytes(
            plot_catalog(inputs.catalog, inputs.ranking, Figure(), budget=budget)
        )
    for kind in KINDS:
        best = content.of_kind(inputs.ranking, kind).head(CALENDAR_ROWS)
        if len(best) and min(inputs.grid.shape) > 1:
            figure = plot_calendar(
                [maps[one] for one in best["designation"]], Figure(), kind=kind, budget=budget,
                departures=list(best["departure_jd_tdb"]),
            )  # fmt: skip
            figures[f"calendar-{kind}.svg"] = svg_bytes(figure)
    for designation in content.top_targets(inputs.ranking, inputs.run.top):
        figures[_file_name(designation)] = svg_bytes(_pair(inputs, maps[designation]))
    return figures


def _pair(inputs: Inputs, one: DeltaVMap) -> Figure:
    # Margins by hand: an automatic layout would take as long as the drawing itself.
    with figure_style():
        figure = Figure(figsize=(6.9, 6.9))
        axes = figure.subplots(
            2, 1, gridspec_kw={"left": 0.075, "right": 0.945, "top": 0.945, "bottom": 0.06,
                               "hspace": 0.31},
        )  # fmt: skip
    windows = inputs.transfers[inputs.transfers["designation"] == one.designation]
    budget = inputs.spacecraft.budget
    plot_porkchop(one, axes[0], kind="flyby", budget=budget, windows=windows)
    plot_porkchop(one, axes[1], kind="rendezvous", budget=budget, windows=windows)
    return figure


def _file_name(designation: str) -> str:
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in designation.lower())
    return f"porkchop-{kept}.svg"


def page_data(
    inputs: Inputs, maps: dict[str, DeltaVMap], figures: dict[str, bytes]
) -> dict[str, Any]:
    """Gather what the template prints: text and lists of text, nothing to be computed there."""
    run, ranking = inputs.run, inputs.ranking
    cautions: dict[str, str] = {}
    tables = {kind: content.ranking_rows(ranking, kind, cautions) for kind in KINDS}
    searched = {str(find(one, inputs.catalog)["designation"]) for one in run.targets}
    count = len(searched) or len(inputs.catalog)
    fidelity, model = _rung(inputs)
    departures = inputs.grid.departure_jd_tdb
    return {
        "title": run.title,
        "subtitle": f"{count:,} asteroid{'' if count == 1 else 's'}, departures from "
        f"Sun–Earth {run.point} "
        f"{calendar_date(departures[0])} to {calendar_date(departures[-1])}",
        "rung": f"{fidelity}, {'Kepler' if model == 'kepler' else model} ephemeris",
        "two_body": fidelity == "two-body",
        "program": f"survey {__version__}",
        "point": run.point,
        "scale": f"{inputs.parking.scale:.7f}",
        "revs": str(run.max_revolutions),
        "answer": content.answer(ranking, inputs.spacecraft, count),
        "choices": content.choices(run, inputs.grid.shape),
        "craft": content.craft(inputs.spacecraft),
        **tables,
        "cautions": [[letter, reason] for reason, letter in cautions.items()],
        "albedo_bright": f"{content.ALBEDO_BRIGHT:g}",
        "albedo_dark": f"{content.ALBEDO_DARK:g}",
        "dots": str(DOTS),
        "figures": {
            key: name
            for key, name in (
                ("ranking", "ranking.svg"), ("catalog", "catalog.svg"),
                ("calendar_flyby", "calendar-flyby.svg"),
                ("calendar_rendezvous", "calendar-rendezvous.svg"),
            )
            if name in figures
        },
        "targets": [_target(inputs, maps[one]) for one in content.top_targets(ranking, run.top)],
        "asteroid_model_text": (
            "Each asteroid moves on the ellipse of its osculating elements (Kepler), undisturbed."
            if model == "kepler"
            else f"The asteroids were moved by the model “{model}”."
        ),
        "provenance": content.provenance_rows(inputs.provenance, inputs.digests),
    }  # fmt: skip


def _rung(inputs: Inputs) -> tuple[str, str]:
    if inputs.transfers.empty:
        return "two-body", "kepler"
    first = inputs.transfers.iloc[0]
    return str(first["fidelity"]), str(first["asteroid_model"])


def _target(inputs: Inputs, one: DeltaVMap) -> dict[str, Any]:
    asteroid, ranked = (
        frame[frame["designation"] == one.designation].iloc[0]
        for frame in (inputs.catalog, inputs.ranking)
    )
    return {
        "name": full_name(one.designation, one.name),
        "fidelity": fidelity_text(one),
        "facts": content.facts(asteroid, ranked),
        "flags": content.caution_text(str(ranked["flags"])),
        "windows": content.window_rows(inputs.transfers, one.designation),
        "figure": _file_name(one.designation),
        "budget": bool(
            np.nanmin(np.append(one.flyby_dv.to_value("m/s").ravel(), np.inf))
            < inputs.spacecraft.budget.to_value("m/s")
        ),
    }


def compile_pdf(data: dict[str, Any], figures: dict[str, bytes]) -> bytes:
    """Set the document with typst, all in memory: fonts from the compiler, no date, no network."""
    import typst

    compile_typst: Any = typst.compile  # its stubs do not know of input from memory
    files = {
        "main": resources.files("survey.report").joinpath("report.typ").read_bytes(),
        "data.json": json.dumps(data, ensure_ascii=False, allow_nan=False).encode(),
        **{f"figures/{name}": content for name, content in figures.items()},
    }
    pdf = compile_typst(files, format="pdf", ignore_system_fonts=True, timestamp=0)
    return bytes(pdf)
