"""Other ways to leave: the page, its table and its figure."""

from __future__ import annotations

import shutil
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from survey.report import plot_departures, write_report
from survey.report.departures import lost_text, target_text, way_rows, way_text
from survey.report.porkchop import full_name
from survey.tables import DEPARTURES, RANKING, read_table
from survey.transfer.strategy_names import STRATEGIES

pypdf = pytest.importorskip("pypdf")


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def ranking(gravity_run):
    return read_table(gravity_run / "ranking.ecsv", RANKING)[0]


@pytest.fixture(scope="module")
def ways(gravity_run):
    return read_table(gravity_run / "departures.ecsv", DEPARTURES)[0]


@pytest.fixture(scope="module")
def page(gravity_run, tmp_path_factory):
    folder = Path(shutil.copytree(gravity_run, tmp_path_factory.mktemp("ways") / "run"))
    pages = pypdf.PdfReader(write_report(folder)).pages
    assert (folder / "figures" / "departures.svg").is_file()
    text = [" ".join(one.extract_text().split()) for one in pages]
    return next(one for one in text if one.find("Other ways to leave") > 0)


def test_the_page_explains_the_ways_and_shows_every_row(page, ways, ranking):
    for told in ("primer vector", "unstable manifold", "Lawden 1963", "Oberth 1929", "300 km"):
        assert told in page
    for kind in ("flyby", "rendezvous"):
        rows = way_rows(ways, ranking, kind)
        assert len(rows) == ways.loc[ways["kind"] == kind, "designation"].nunique() == 3
        for row in rows:
            assert f"{row['name']} {' '.join(row['cells'])} {' '.join(row['swing'])}" in page
            assert f"{row['departure']} {row['arrival']}" in page
        assert " ".join(way_text(ways, kind).split()) in page


def test_rows_are_those_of_the_table_in_the_order_of_the_ranking(ways, ranking):
    rows = way_rows(ways, ranking, "rendezvous")
    places = [int(row["place"]) for row in rows]
    assert places == sorted(places)
    (row,) = [row for row in rows if row["name"] == "2000 SG344"]
    own = ways[(ways["designation"] == "2000 SG344") & (ways["kind"] == "rendezvous")]
    dv = own.set_index("strategy")["dv_total_m_s"]
    saved = own.set_index("strategy")["saved_m_s"]
    assert row["cells"][0] == f"{dv[STRATEGIES[0]]:,.0f}"
    assert row["cells"][1:3] == ["–", "–"]  # no gain
    assert row["cells"][3:5] == [f"{dv[STRATEGIES[2]]:,.0f}", f"−{-saved[STRATEGIES[2]]:,.0f}"]
    assert row["cells"][5:7] == [f"{dv[STRATEGIES[3]]:,.0f}", f"{saved[STRATEGIES[3]]:,.0f}"]
    assert row["best"] == 3
    assert row["swing"] == ["40", "1.25", "432"]
    assert all(row["best"] == 0 for row in rows if row["name"] != "2000 SG344")


def test_the_sentence_names_what_saves_most(ways):
    text = way_text(ways, "rendezvous")
    own = ways[ways["kind"] == "rendezvous"].set_index(["designation", "strategy"])
    single = own.loc[("2000 SG344", "single impulse"), "dv_total_m_s"]
    swing = own.loc[("2000 SG344", "powered Earth swingby"), "dv_total_m_s"]
    assert text.startswith("Of 3 rendezvous targets none are free by a single impulse; for 1 of")
    assert f"2000 SG344: {single - swing:,.0f} of {single:,.0f}" in text
    assert text.endswith("by a powered Earth swingby.")
    free = ways.assign(dv_total_m_s=ways["dv_total_m_s"].clip(upper=5.0))
    assert way_text(free, "flyby") == "All 3 flyby targets are free by a single impulse."
    assert way_text(ways.iloc[:0], "flyby") == ""


def test_the_sentence_names_whom_only_another_way_reaches(ways):
    lost = (ways["designation"] == "2000 SG344") & (ways["strategy"] == "single impulse")
    changed = ways.assign(dv_total_m_s=ways["dv_total_m_s"].mask(lost))
    own = ways[(ways["designation"] == "2000 SG344") & (ways["kind"] == "rendezvous")]
    swing = own.set_index("strategy").loc["powered Earth swingby", "dv_total_m_s"]
    reached = (
        f"another way reaches it, 2000 SG344 for {swing:,.0f}\N{NO-BREAK SPACE}m/s by a powered"
    )
    text = way_text(changed, "rendezvous")
    assert text.startswith("Of 2 rendezvous targets none are free")
    assert f" 1 more is out of reach of a single impulse; {reached} Earth swingby." in text
    alone = changed[changed["designation"] == "2000 SG344"]
    text = way_text(alone, "rendezvous")
    assert text.startswith("1 rendezvous target is out of reach of a single impulse; another")
    nothing = alone.assign(dv_total_m_s=np.nan)
    assert way_text(nothing, "rendezvous").endswith("; so it is of the other ways.")


def test_pages_of_targets_name_the_other_ways(ways, gravity_run, tmp_path):
    own = ways[(ways["designation"] == "2000 SG344") & (ways["kind"] == "rendezvous")]
    dv = own.set_index("strategy")["dv_total_m_s"]
    text = target_text(ways, "2000 SG344")
    assert f"rendezvous by manifold coast {dv['manifold coast']:,.0f}, powered Earth" in text
    assert "inserted" not in text  # no gain
    assert target_text(ways, "99942") == target_text(None, "2000 SG344") == ""
    folder = Path(shutil.copytree(gravity_run, tmp_path / "run"))
    pages = [one.extract_text() for one in pypdf.PdfReader(write_report(folder)).pages]
    told = [" ".join(page.split()) for page in pages if "rendezvous rank" in page]
    assert len(told) == 2
    for page, name in zip(told, ("2006 RH120", "469219"), strict=True):
        assert name in page
        assert f"Other ways to leave: {' '.join(target_text(ways, name).split())}." in page


def test_ways_without_an_arc_are_accounted_for(ways):
    assert lost_text(ways) == "Of 24 searches 6 came to no arc: 6 no gain."
    assert lost_text(ways[ways["outcome"] == "found"]) == ""


def test_the_figure_draws_the_totals(ways, ranking):
    figure = plot_departures(ways, ranking)
    assert [ax.get_title("left") for ax in figure.axes] == ["flyby", "rendezvous"]
    ax = figure.axes[1]
    names = [label.get_text() for label in ax.get_yticklabels()]
    own = ways[ways["kind"] == "rendezvous"]
    for y, name in enumerate(names):
        rows = own.to_dict("records")
        mine = [row for row in rows if full_name(row["designation"], row["name"]) == name]
        assert len(mine) == 4
        for row in mine:
            name = f"rendezvous {row['strategy']} {y}"
            marks = [one for one in ax.get_lines() if one.get_gid() == name]
            if np.isnan(row["dv_total_m_s"]):
                assert marks == []
                continue
            (mark,) = marks
            assert float(mark.get_xdata()[0]) == row["dv_total_m_s"]


def test_kinds_that_are_free_have_no_panel(ways, ranking):
    flyby = ways["kind"] == "flyby"
    free = ways.assign(dv_total_m_s=ways["dv_total_m_s"].where(~flyby, 3.0))
    assert [ax.get_title("left") for ax in plot_departures(free, ranking).axes] == ["rendezvous"]
    assert plot_departures(free[flyby], ranking).axes == []
    assert plot_departures(ways.iloc[:0], ranking).axes == []


def test_ways_must_be_the_file_made_with_the_arcs(gravity_run, tmp_path):
    folder = Path(shutil.copytree(gravity_run, tmp_path / "run"))
    path = folder / "departures.ecsv"
    path.write_text(path.read_text(encoding="utf-8").replace("432.1", "433.1"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"departures\.ecsv is not the file that three_body\.ecsv"):
        write_report(folder)
    path.unlink()
    with pytest.raises(ValueError, match=r"has no departures\.ecsv: make it with"):
        write_report(folder)
