"""The figures of many asteroids show the ranking they were given."""

from __future__ import annotations

import astropy.units as u
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from survey.report import plot_calendar, plot_catalog, plot_ranking
from survey.report.style import svg_bytes
from survey.tables import CATALOG, RANKING, validate


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture
def ranking():
    count = 30
    rows = {"designation": [f"2030 AA{k}" for k in range(count)], "name": "", "H_mag": 24.0,
            "fidelity": "two-body", "asteroid_model": "kepler", "flags": ""}  # fmt: skip
    for kind, base in (("flyby", 40.0), ("rendezvous", 400.0)):
        dv = base + 10.0 * np.arange(count)
        rows |= {
            f"{kind}_rank": np.arange(1, count + 1), f"{kind}_dv_m_s": dv,
            f"{kind}_dv_departure_m_s": dv / 2, f"{kind}_departure_jd_tdb": 2462000.5,
            f"{kind}_arrival_jd_tdb": 2462300.5, f"{kind}_tof_d": 300.0, f"{kind}_revs": 0,
            f"{kind}_v_relative_km_s": 5.0, f"{kind}_breadth_d": 20.0, f"{kind}_windows": 3,
            f"{kind}_within_budget": dv <= 200.0,
        }  # fmt: skip
    return validate(pd.DataFrame(rows), RANKING)


@pytest.fixture
def catalog(ranking):
    count = len(ranking)
    rows = {column.name: "" if column.kind == "str" else 1.0 for column in CATALOG.columns}
    frame = pd.DataFrame([rows] * count)
    frame["designation"] = ranking["designation"].to_numpy()
    frame["a_au"], frame["e"] = np.linspace(0.8, 1.8, count), np.linspace(0.05, 0.6, count)
    frame["orbit_class"] = "APO"
    frame.loc[4, ["designation", "name"]] = ["469219", "Kamoʻoalewa"]
    return frame


def dots(ax, gid):
    return next(one for one in ax.collections if one.get_gid() == gid)


def test_ranking_shows_the_cheapest_in_order_whatever_the_order_given(ranking):
    shuffled = ranking.sample(frac=1.0, random_state=1)
    figure = plot_ranking(shuffled, top=12, budget=205 * u.m / u.s)
    for ax, kind in zip(figure.axes, ("flyby", "rendezvous"), strict=True):
        points = np.asarray(dots(ax, kind).get_offsets())
        np.testing.assert_array_equal(points[:, 0], ranking[f"{kind}_dv_m_s"][:12])
        assert [one.get_text() for one in ax.get_yticklabels()] == list(ranking["designation"][:12])
        assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the cheapest on top


def test_ranking_draws_the_budget_and_opens_the_dots_beyond_it(ranking):
    flyby, rendezvous = plot_ranking(ranking, top=20, budget=205 * u.m / u.s).axes
    for ax in (flyby, rendezvous):
        budget = next(one for one in ax.get_lines() if one.get_gid() == "budget")
        assert set(budget.get_xdata()) == {205.0}
    faces = dots(flyby, "flyby").get_facecolors()
    inside = ranking["flyby_within_budget"][:20].to_numpy()
    assert 0 < inside.sum() < 20
    dark = faces[:, :3].mean(axis=1) < 0.5
    np.testing.assert_array_equal(dark, inside)


def test_a_budget_far_off_is_named_and_not_drawn(ranking):
    flyby = plot_ranking(ranking, top=5, budget=2000 * u.m / u.s).axes[0]
    assert "2000 m/s, beyond this axis" in flyby.get_title("right")
    assert not any(one.get_gid() == "budget" for one in flyby.get_lines())


def test_an_empty_ranking_says_so(ranking):
    for ax in plot_ranking(ranking.iloc[:0], budget=200 * u.m / u.s).axes:
        assert "no solution on this grid" in [one.get_text() for one in ax.texts]


def test_catalog_has_the_crossing_lines_and_kamooalewa(ranking, catalog):
    figure = plot_catalog(catalog, ranking, budget=205 * u.m / u.s)
    for ax in figure.axes[:2]:
        a, e = next(x for x in ax.get_lines() if x.get_gid() == "q = 1 au").get_data()
        np.testing.assert_allclose(a * (1 - e), 1.0, rtol=1e-14)
        a, e = next(x for x in ax.get_lines() if x.get_gid() == "Q = 1 au").get_data()
        np.testing.assert_allclose(a * (1 + e), 1.0, rtol=1e-14)
        assert "Kamoʻoalewa" in [one.get_text() for one in ax.texts]
        row = catalog[catalog["designation"] == "469219"].iloc[0]
        arrow = next(one for one in ax.texts if one.get_gid() == "Kamooalewa")
        assert tuple(arrow.xy) == (row["a_au"], row["e"])


def test_catalog_rings_what_is_within_the_budget(ranking, catalog):
    ax = plot_catalog(catalog, ranking, budget=205 * u.m / u.s).axes[0]
    merged = catalog.merge(ranking, on="designation")
    expected = merged[merged["flyby_within_budget"]][["a_au", "e"]].to_numpy()
    np.testing.assert_array_equal(dots(ax, "flyby within budget").get_offsets(), expected)


def test_catalog_without_kamooalewa_or_ranking(ranking, catalog):
    others = catalog[catalog["designation"] != "469219"]
    figure = plot_catalog(others, ranking.iloc[:0])
    assert all("Kamo" not in one.get_text() for ax in figure.axes for one in ax.texts)


def test_calendar_strips_hold_the_least_over_all_flight_times(make_map):
    maps = [make_map(designation=f"2000 A{k}", scale=1.0 + k) for k in range(4)]
    ax = plot_calendar(maps, kind="flyby", budget=400 * u.m / u.s).axes[0]
    assert [one.get_text() for one in ax.get_yticklabels()] == [m.designation for m in maps]
    for mesh, one in zip(ax.collections, maps, strict=True):
        least = one.flyby_dv.to_value(u.m / u.s).min(axis=1)
        np.testing.assert_array_equal(np.ravel(mesh.get_array()), least)


def test_calendar_needs_a_solution(make_map):
    with pytest.raises(ValueError, match="give at least one"):
        plot_calendar([])


def test_figures_draw_where_told_same_bytes_and_leave_the_style_alone(ranking, catalog, make_map):
    before = dict(mpl.rcParams)
    draw = [
        lambda figure: plot_ranking(ranking, figure, budget=205 * u.m / u.s),
        lambda figure: plot_catalog(catalog, ranking, figure),
        lambda figure: plot_calendar([make_map()], figure),
    ]
    for one in draw:
        given = Figure()
        assert one(given) is given
        assert svg_bytes(given) == svg_bytes(one(Figure()))
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == []
