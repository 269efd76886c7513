"""With Earth's gravity: the page of both rungs, its figures, and what it refuses."""

from __future__ import annotations

import shutil
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from survey.report import (
    plot_phases,
    plot_ranking,
    plot_rungs,
    plot_trades,
    plot_two_rungs,
    write_report,
)
from survey.report.content import metres, of_kind
from survey.report.rungs import outcome_rows, rung_rows, rung_text
from survey.report.trades import arc_rows, with_phases
from survey.tables import RANKING, THREE_BODY, read_table

pypdf = pytest.importorskip("pypdf")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def ranking(gravity_run):
    return read_table(gravity_run / "ranking.ecsv", RANKING)[0]


@pytest.fixture(scope="module")
def arcs(gravity_run):
    return read_table(gravity_run / "three_body.ecsv", THREE_BODY)[0]


@pytest.fixture(scope="module")
def written(gravity_run, tmp_path_factory):
    folder = Path(shutil.copytree(gravity_run, tmp_path_factory.mktemp("written") / "run"))
    return write_report(folder)


@pytest.fixture(scope="module")
def text(written):
    return [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(written).pages]


def test_the_page_tells_the_model_and_its_bounds(text):
    page = next(one for one in text if "With Earth’s gravity The model" in one)
    for told in (
        "elliptic restricted problem", "northern halo orbit about L2 (z 400000 km)",
        "3 of 4 asteroids are in reach", "6,000 boundary-value problems",
        "5,400 converged and 600 did not", "assisted", "free within the model",
        "phase is unknown", "500 m/s for a flyby and 2,000 m/s",
        "flyby 4 3 0 0 1 0 rendezvous 4 3 0 1 0 0",
        "1 two-body flyby figure within the budget", "stands unconfirmed, as it found",
        "no arc (1 over budget)", "no arc (1 not converged)",
    ):  # fmt: skip
        assert told in page, told


def test_both_rungs_stand_side_by_side(text, ranking):
    page = next(one for one in text if "of each kind on both rungs" in one)
    for kind in ("flyby", "rendezvous"):
        rows = rung_rows(ranking, kind)
        assert len(rows) == 4
        for cells in rows:
            assert " ".join(cells[1:4]) in page, cells
        assert sum("×" in cells[-1] for cells in rows) == 3  # half is always too far off
        marked = [cells[1] for cells in rows if "!" in cells[-1]]
        assert len(marked) == 1 and "99942" in marked[0]
    assert "two-body figure is not valid" in " ".join(text)
    assert rung_text(ranking, "flyby").startswith("Of the first 4 flyby targets 3 have")


def test_the_first_page_ranks_by_the_higher_rung(text, ranking):
    best = of_kind(ranking, "flyby").iloc[0]
    assert best["dv_m_s"] == pytest.approx(best["two_body_dv_m_s"] / 2)
    assert f"for {metres(best['dv_m_s'])} m/s" in text[0]
    assert "two-body arcs can tell" not in text[0]
    assert "best of its phases" in " ".join(text) or "best phase" in text[0]


def test_each_target_shows_its_arcs(text, arcs):
    page = next(one for one in text if "phase zero UTC" in one)
    own = [rows for _, rows in arcs.groupby("designation") if rows["designation"].iloc[0] in page]
    for row in arc_rows(arcs, own[0]["designation"].iloc[0]):
        assert f"{row['departure']} {row['arrival']} {row['tof']}" in page
        assert row["phase"] in page


def test_the_same_run_gives_the_same_bytes(written, gravity_run, tmp_path):
    folder = Path(shutil.copytree(gravity_run, tmp_path / "run"))
    assert write_report(folder).read_bytes() == written.read_bytes()
    names = {path.name for path in (folder / "figures").iterdir()}
    assert {"rungs.svg", "phases.svg", "trades.svg"} <= names


def test_dots_are_the_ranked_figures(ranking):
    figure = plot_ranking(ranking, Figure())
    for ax, kind in zip(figure.axes, ("flyby", "rendezvous"), strict=True):
        points = next(one for one in ax.collections if one.get_gid() == kind).get_offsets()
        shown = np.maximum(of_kind(ranking, kind)["dv_m_s"], 20.0)
        assert np.asarray(points)[:, 0] == pytest.approx(shown)


def test_both_rungs_are_drawn_against_each_other(ranking):
    figure = plot_two_rungs(ranking)
    for ax, kind in zip(figure.axes, ("flyby", "rendezvous"), strict=True):
        points = next(one for one in ax.collections if one.get_gid() == kind).get_offsets()
        assert len(points) == 3
        x, y = np.asarray(points).T
        free = y <= 20.0 + 1e-9
        assert y[~free] == pytest.approx(x[~free] / 2)


def test_phases_are_drawn_where_they_are_known(ranking):
    names = with_phases(ranking, ["99942", "469219", "2000 SG344"])
    assert names == ["469219", "2000 SG344"]
    figure = plot_phases(ranking, names)
    for ax, kind in zip(figure.axes, ("flyby", "rendezvous"), strict=True):
        row = ranking.set_index("designation").loc["469219"]
        best = next(one for one in ax.get_lines() if one.get_gid() == f"{kind} best 0")
        assert best.get_xdata()[0] == row[f"{kind}_phase_best_m_s"]
        beyond = [one for one in ax.get_lines() if one.get_marker() == ">"]
        assert len(beyond) == (0 if kind == "flyby" else 2)


def test_trades_have_a_panel_each(arcs):
    figure = plot_trades(arcs, ["469219", "99942", "2000 SG344"])
    shown = [ax for ax in figure.axes if ax.get_visible()]
    assert [ax.get_title(loc="left") for ax in shown] == ["469219 Kamoʻoalewa", "2000 SG344"]
    line = next(one for one in shown[0].get_lines() if one.get_gid() == "trade flyby")
    own = arcs[(arcs["designation"] == "469219") & (arcs["kind"] == "flyby")]
    assert sorted(line.get_xdata()) == pytest.approx(sorted(own["tof_d"]))


def test_maps_side_by_side_share_their_colours(make_map):
    figure = plot_rungs(make_map(scale=0.4), make_map(), kind="flyby")
    maps = [ax for ax in figure.axes if ax.get_xlabel() == "departure (UTC)"]
    assert len(maps) == 2
    bars = [ax for ax in figure.axes if ax not in maps]
    ticks = [[one.get_text() for one in bar.get_yticklabels()] for bar in bars]
    assert ticks[0] == ticks[1]


def test_a_run_without_its_arcs_is_refused(gravity_run, tmp_path):
    folder = Path(shutil.copytree(gravity_run, tmp_path / "run"))
    (folder / "three_body.ecsv").unlink()
    with pytest.raises(
        ValueError, match=r"has no three_body\.ecsv: make it with `survey three-body"
    ):
        write_report(folder)


def test_no_arc_at_all_is_readable(gravity_run, tmp_path):
    from survey.run import read_run
    from survey.tables import DEPARTURES, TRANSFERS, UNREACHED, file_digest, write_table
    from survey.transfer import Spacecraft, rank

    folder = Path(shutil.copytree(gravity_run, tmp_path / "run"))
    table, provenance = read_table(folder / "three_body.ecsv", THREE_BODY)
    transfers, _ = read_table(folder / "transfers.ecsv", TRANSFERS)
    run = read_run(folder / "run.toml")
    craft = Spacecraft(run.mass, run.propellant, run.isp, run.reserve, run.last_date)
    ways, _ = read_table(folder / "departures.ecsv", DEPARTURES)
    write_table(ways.iloc[:0], DEPARTURES, folder / "departures.ecsv", provenance={})
    provenance["departures_sha256"] = file_digest(folder / "departures.ecsv")
    write_table(table.iloc[:0], THREE_BODY, folder / "three_body.ecsv", provenance=provenance)
    unreached, _ = read_table(folder / "unreached.ecsv", UNREACHED)
    again = rank(transfers, craft, three_body=table.iloc[:0], unreached=unreached)
    write_table(again, RANKING, folder / "ranking.ecsv", provenance=provenance)
    whole = " ".join(
        " ".join(page.extract_text().split())
        for page in pypdf.PdfReader(write_report(folder)).pages
    )
    assert "With Earth’s gravity" in whole and "0 arcs were kept" in whole
    assert "Other ways to leave" not in whole and "deep-space manoeuvres, low thrust" in whole


def test_who_has_no_arc_must_be_the_file_made_with_the_arcs(gravity_run, tmp_path):
    folder = Path(shutil.copytree(gravity_run, tmp_path / "run"))
    path = folder / "unreached.ecsv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(",40,24,0", ",41,24,0", 1), encoding="utf-8")
    with pytest.raises(ValueError, match=r"is not the file that three_body\.ecsv was made with"):
        write_report(folder)
    path.unlink()
    with pytest.raises(ValueError, match=r"has no unreached\.ecsv: make it with"):
        write_report(folder)


def test_reasons_that_a_two_body_figure_stands_are_explained(text):
    whole = " ".join(text)
    assert "unconfirmed, the three-body arcs found cost more than allowed" in whole
    assert "unconfirmed, the three-body search did not converge" in whole
    assert "had no start" not in whole


def test_counts_of_older_tables_are_left_out():
    assert outcome_rows({"asteroids": 4, "in_reach": 3}) == []
