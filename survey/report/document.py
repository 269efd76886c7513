"""From a run folder to its PDF: read and check, draw, set, write; the same run, the same bytes."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from survey import __version__
from survey.catalog import select
from survey.report import comparison, content, departures, rungs, trades
from survey.report.figures import plot_calendar, plot_catalog, plot_ranking
from survey.report.inputs import Inputs, read_inputs
from survey.report.porkchop import best_cell, fidelity_text, full_name, plot_porkchop, rung_text
from survey.report.style import figure_style, svg_bytes
from survey.run import calendar_date
from survey.tables import write_bytes
from survey.transfer import DeltaVMap, delta_v_map
from survey.transfer.ranking import TRUST_ROWS

KINDS = ("flyby", "rendezvous")
DOTS = 8  # of each kind in the figure on the first page
CALENDAR_ROWS = 10


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


def _maps(inputs: Inputs) -> dict[str, DeltaVMap]:
    rows = {str(row["designation"]): row for _, row in inputs.catalog.iterrows()}
    wanted = content.top_targets(inputs.ranking, inputs.run.top)
    for kind in KINDS:
        wanted += _calendar_rows(inputs, kind)["designation"].tolist()
    maps = {
        designation: delta_v_map(
            rows[designation], inputs.parking, inputs.grid,
            max_revs=inputs.run.max_revolutions, model=inputs.run.asteroids,
        )
        for designation in dict.fromkeys(wanted)
    }  # fmt: skip
    _check_maps(inputs, maps)
    return maps


def _calendar_rows(inputs: Inputs, kind: str) -> pd.DataFrame:
    """Choose the asteroids of the calendar, which is of two-body arcs: the first that have one."""
    ranked = inputs.ranking[inputs.ranking[f"{kind}_rank"].notna()]
    known = ranked[ranked[f"{kind}_dv_m_s"].notna()]
    return known.sort_values(f"{kind}_rank", kind="stable").head(CALENDAR_ROWS)


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
        best = _calendar_rows(inputs, kind)
        if len(best) and min(inputs.grid.shape) > 1:
            figure = plot_calendar(
                [maps[one] for one in best["designation"]], Figure(), kind=kind, budget=budget,
                departures=list(best[f"{kind}_departure_jd_tdb"]),
            )  # fmt: skip
            figures[f"calendar-{kind}.svg"] = svg_bytes(figure)
    if inputs.compared:
        figures["comparison.svg"] = svg_bytes(comparison.plot_comparison(inputs.ranking, Figure()))
    above = inputs.three_body
    if above is not None and len(above):
        figures["rungs.svg"] = svg_bytes(rungs.plot_two_rungs(inputs.ranking, Figure()))
        top = content.top_targets(inputs.ranking, inputs.run.top)
        known = trades.with_phases(inputs.ranking, top)
        if known:
            figures["phases.svg"] = svg_bytes(trades.plot_phases(inputs.ranking, known, Figure()))
        if inputs.departures is not None and len(inputs.departures):
            drawn = departures.plot_departures(inputs.departures, inputs.ranking, Figure())
            if drawn.axes:
                figures["departures.svg"] = svg_bytes(drawn)
        if set(top) & set(above["designation"]):
            figures["trades.svg"] = svg_bytes(trades.plot_trades(above, top, Figure()))
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
    catalog = inputs.catalog
    count = len(select(catalog, designations=list(run.targets)) if run.targets else catalog)
    model = inputs.run.asteroids
    dates = inputs.grid.departure_jd_tdb
    return {
        "title": run.title,
        "subtitle": f"{count:,} asteroid{'' if count == 1 else 's'}, departures from "
        f"Sun–Earth {run.point} "
        f"{calendar_date(dates[0])} to {calendar_date(dates[-1])}",
        "rung": _rung(inputs),
        "three_body": _three_body(inputs),
        "departures": _departures(inputs),
        "n_body": model == "n-body",
        "program": f"survey {__version__}",
        "point": run.point,
        "scale": f"{inputs.parking.scale:.7f}",
        "revs": str(run.max_revolutions),
        "answer": content.answer(ranking, inputs.spacecraft, count),
        "choices": content.choices(
            run, inputs.grid.shape, three_body=inputs.three_body is not None
        ),
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
                ("comparison", "comparison.svg"), ("rungs", "rungs.svg"),
                ("phases", "phases.svg"), ("trades", "trades.svg"),
                ("departures", "departures.svg"),
            )
            if name in figures
        },
        "targets": [_target(inputs, maps[one]) for one in content.top_targets(ranking, run.top)],
        "comparison": {
            kind: {
                "text": comparison.comparison_text(ranking, kind),
                "rows": comparison.comparison_rows(ranking, kind),
            }
            for kind in (KINDS if inputs.compared else ())
        },
        "left_out": content.left_out(inputs.provenance),
        "trust_rows": str(TRUST_ROWS),
        "provenance": content.provenance_rows(inputs.provenance, inputs.digests),
    }  # fmt: skip


def _rung(inputs: Inputs) -> str:
    """Name the rungs of a report in the fewest words."""
    above = inputs.three_body is not None and len(inputs.three_body)
    fidelity = "three-body where found, else two-body" if above else "two-body"
    return rung_text(fidelity, inputs.run.asteroids)


def _three_body(inputs: Inputs) -> dict[str, Any] | None:
    """Gather the page on Earth's gravity; None where a run has not searched with it."""
    if inputs.three_body is None:
        return None
    run, counts = inputs.run, inputs.counts
    tried, converged = counts.get("problems", 0), counts.get("converged", 0)
    phase = (
        "unknown, so every figure is that of the best of its phases unless another is named"
        if run.phase_zero is None
        else f"known: phase zero on {calendar_date(run.phase_zero.tdb.jd)}"
    )
    return {
        "arcs": f"{len(inputs.three_body):,}",
        "assisted": f"{int(inputs.three_body['assisted'].sum()):,}",
        "orbit": f"the {run.orbit_name}"
        if run.orbit == "point"
        else f"a {run.orbit_name} ({run.size})",
        "phase": phase,
        "point": run.orbit == "point",
        "unknown": run.orbit != "point" and run.phase_zero is None,
        "flyby": f"{run.flyby_budget.to_value('m/s'):,.0f}",
        "rendezvous": f"{run.rendezvous_budget.to_value('m/s'):,.0f}",
        "deep": f"{run.deep:,}",
        "in_reach": f"{counts.get('in_reach', 0):,}",
        "asteroids": f"{counts.get('asteroids', 0):,}",
        "tried": f"{tried:,}",
        "converged": f"{converged:,}",
        "failed": f"{tried - converged:,}",
        "texts": [rungs.rung_text(inputs.ranking, kind) for kind in KINDS],
        "outcomes": rungs.outcome_rows(counts),
        "rows": {kind: rungs.rung_rows(inputs.ranking, kind) for kind in KINDS},
    }


def _departures(inputs: Inputs) -> dict[str, Any] | None:
    """Gather the page on other ways to leave; None where a run has not searched any."""
    ways, ranking = inputs.departures, inputs.ranking
    if ways is None or ways.empty:
        return None
    rows = {kind: departures.way_rows(ways, ranking, kind) for kind in KINDS}
    texts = [departures.way_text(ways, kind) for kind in KINDS]
    return {
        "texts": [text for text in (*texts, departures.lost_text(ways)) if text],
        "rows": {kind: some for kind, some in rows.items() if some},
        "point": inputs.run.orbit == "point",
    }


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
        "positions": content.positions(ranked),
        "windows": content.window_rows(inputs.transfers, one.designation),
        "arcs": []
        if inputs.three_body is None
        else trades.arc_rows(inputs.three_body, one.designation),
        "ways": departures.target_text(inputs.departures, one.designation),
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
