"""The porkchop plot shows what the map holds: its best cell, its dates, its gaps, its scale."""

from __future__ import annotations

from dataclasses import replace

import astropy.units as u
import matplotlib as mpl
import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from survey.report import plot_porkchop
from survey.report.levels import contour_levels
from survey.report.porkchop import best_cell
from survey.report.style import svg_bytes


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def line(ax, gid):
    return next(one for one in ax.get_lines() if one.get_gid() == gid)


def texts(ax):
    return [one.get_text() for one in ax.texts] + [ax.get_title("left"), ax.get_title("right")]


@pytest.mark.parametrize("kind", ["flyby", "rendezvous"])
def test_the_marked_cell_is_the_least_of_the_map(make_map, kind):
    dv_map = make_map()
    ax = plot_porkchop(dv_map, kind=kind)
    x, y = (float(values[0]) for values in line(ax, "best").get_data())
    departure = mdates.num2date(x)
    values = getattr(dv_map, f"{kind}_dv").to_value(u.m / u.s)
    row, column = np.argwhere(values == np.nanmin(values))[0]
    assert y == dv_map.grid.tof_d[column] == 210.0
    expected = (dv_map.grid.departure[row] + 0.5 * u.s).utc.datetime
    assert abs(departure.replace(tzinfo=None) - expected).total_seconds() < 1.0
    label = next(one for one in ax.texts if one.get_gid() == "best-label").get_text()
    assert f"{np.nanmin(values):.0f} m/s, 210 d" in label
    assert f"{expected:%Y-%m-%d}" in label


def test_axes_span_the_grid_exactly(make_map):
    dv_map = make_map()
    ax = plot_porkchop(dv_map)
    first, last = (mdates.num2date(x) for x in ax.get_xlim())
    assert first.strftime("%Y-%m-%dT%H:%M:%S") == "2028-01-01T00:00:00"
    assert (last - first).days == 1000
    assert ax.get_ylim() == (30.0, 400.0)


@pytest.mark.parametrize(
    ("start", "days"), [("2028-01-01", 1000), ("2027-01-01", 3650), ("2031-05-05", 90)]
)
def test_arrival_lines_satisfy_departure_plus_flight_time(make_map, start, days):
    ax = plot_porkchop(make_map(start=start, days=days))
    lines = [one for one in ax.get_lines() if str(one.get_gid()).startswith("arrival ")]
    assert 3 <= len(lines) <= 12
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    for one in lines:
        arrival = mdates.datestr2num(one.get_gid().removeprefix("arrival "))
        x, y = one.get_data()
        np.testing.assert_allclose(np.asarray(x) + np.asarray(y), arrival, atol=1e-6)
        assert min(x) >= x0 and max(x) <= x1
        assert min(y) >= y0 - 1e-6 and max(y) <= y1 + 1e-6
        assert mdates.num2date(arrival).day == 1


def test_title_says_who_and_on_which_rung(make_map):
    shown = texts(plot_porkchop(make_map(designation="469219", name="Kamoʻoalewa"), kind="flyby"))
    assert "469219 Kamoʻoalewa — flyby" in shown
    assert "Kepler asteroid, two-body craft" in shown


def test_gaps_are_hatched_and_explained(make_map):
    dv_map = make_map()
    values = dv_map.rendezvous_dv.copy()
    values[10:20, 5:9] = np.nan
    ax = plot_porkchop(replace(dv_map, rendezvous_dv=values))
    assert ax.patch.get_hatch()
    assert "hatched: no solution" in texts(ax)
    whole = plot_porkchop(dv_map)
    assert not whole.patch.get_hatch()
    assert "hatched: no solution" not in texts(whole)


def test_a_map_without_a_solution_is_still_a_figure(make_map):
    dv_map = make_map()
    empty = replace(dv_map, flyby_dv=np.full(dv_map.grid.shape, np.nan) * u.m / u.s)
    ax = plot_porkchop(empty, kind="flyby")
    assert "no solution on this grid" in texts(ax)
    assert best_cell(empty, "flyby") is None


def test_infinities_are_gaps(make_map):
    dv_map = make_map()
    values = dv_map.flyby_dv.copy()
    values[0, 0] = np.inf * u.m / u.s
    assert plot_porkchop(replace(dv_map, flyby_dv=values), kind="flyby").patch.get_hatch()


@pytest.mark.parametrize("scale", [0.02, 1.0, 40.0])
def test_levels_are_round_and_hold_the_minimum(make_map, scale):
    values = make_map(scale=scale).flyby_dv.to_value(u.m / u.s)
    levels = contour_levels(values)
    assert 4 <= levels.size <= 12
    assert np.all(np.diff(levels) > 0)
    assert levels[0] <= values.min() < levels[1]
    for level in levels:  # two digits say it all
        assert float(f"{level:.1e}") == pytest.approx(level, rel=1e-12)


@pytest.mark.parametrize("values", [np.full((5, 5), 700.0), np.zeros((3, 3)), np.array([0.0, 1e5])])
def test_levels_of_flat_and_extreme_maps_increase(values):
    levels = contour_levels(values)
    assert np.all(np.diff(levels) > 0) and levels[0] <= values.min()


def test_saturates_above_and_never_below(make_map):
    ax = plot_porkchop(make_map(), kind="flyby")
    filled = next(c for c in ax.collections if getattr(c, "filled", False))
    assert filled.extend == "max"
    assert filled.levels[0] <= 300.0


def test_a_budget_inside_the_map_is_drawn(make_map):
    def drawn(budget):
        ax = plot_porkchop(make_map(), kind="flyby", budget=budget * u.m / u.s)
        return any(c.get_gid() == "budget" for c in ax.collections)

    assert drawn(600.0)
    assert not drawn(100.0)


def test_windows_of_a_table_are_marked_instead_of_the_cell(make_map):
    dv_map = make_map()
    start = dv_map.grid.departure_jd_tdb
    windows = pd.DataFrame(
        {
            "kind": ["flyby", "flyby", "rendezvous"], "window": [2, 1, 1],
            "departure_jd_tdb": [start[10], start[60], start[3]], "tof_d": [100.0, 215.5, 50.0],
            "dv_total_m_s": [400.0, 250.0, 700.0],
        }
    )  # fmt: skip
    ax = plot_porkchop(dv_map, kind="flyby", windows=windows)
    x, y = (float(values[0]) for values in line(ax, "best").get_data())
    assert (round(x), y) == (mdates.datestr2num("2028-01-01") + 600, 215.5)
    x, y = (float(values[0]) for values in line(ax, "window 2").get_data())
    assert (round(x), y) == (mdates.datestr2num("2028-01-01") + 100, 100.0)
    label = next(one for one in ax.texts if one.get_gid() == "best-label").get_text()
    assert label.startswith("250 m/s, 216 d")


def test_draws_where_it_is_told_and_leaves_the_style_alone(make_map):
    before = dict(mpl.rcParams)
    _, given = plt.subplots()
    assert plot_porkchop(make_map(), given) is given
    assert dict(mpl.rcParams) == before


def test_same_map_same_bytes(make_map):
    first, second = (svg_bytes(plot_porkchop(make_map()).figure) for _ in range(2))
    assert first == second
    assert b"<dc:date>" not in first


def test_a_name_with_dollars_is_not_read_as_mathematics(make_map):
    ax = plot_porkchop(make_map(name=r"$\undefined$ x_{"))
    ax.figure.canvas.draw()


def test_bad_kind_and_thin_grid_are_refused(make_map):
    dv_map = make_map()
    with pytest.raises(ValueError, match="'rendezvous' or 'flyby'"):
        plot_porkchop(dv_map, kind="landing")
    grid = replace(dv_map.grid, departure=dv_map.grid.departure[:1])
    thin = replace(dv_map, grid=grid, flyby_dv=dv_map.flyby_dv[:1])
    with pytest.raises(ValueError, match="widen the grid"):
        plot_porkchop(thin, kind="flyby")
