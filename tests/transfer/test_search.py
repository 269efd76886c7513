"""The search: its arcs fly, its minima are minima, and who does the work does not matter."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import astropy.units as u
import numpy as np
import pandas as pd
import pytest
from astropy.time import Time

from survey.astro.kepler import propagate_kepler
from survey.constants import AU_KM, DAY_S, GM_SUN_KM3_S2
from survey.tables import TRANSFERS
from survey.transfer import Grid, asteroid_state, delta_v_map, search_transfers
from survey.transfer.arcs import WINDOW_SLACK_KM_S, solve_mixed


@pytest.fixture(scope="module")
def transfers(few, parking, grid):
    return search_transfers(few, parking, grid, max_revs=1)


def _own_states(few, transfers, epochs):
    """State of each row's own asteroid at its own epoch."""
    rows = few.set_index("designation", drop=False).loc[transfers["designation"]]
    r, v = asteroid_state(rows, Time(epochs, format="jd", scale="tdb"))
    line = np.arange(len(rows))
    return r.to_value(u.km)[line, line], v.to_value(u.km / u.s)[line, line]


def _velocities(few, parking, transfers):
    departure = Time(transfers["departure_jd_tdb"].to_numpy(), format="jd", scale="tdb")
    r1, u1 = (x.value for x in parking.state(departure))
    r2, u2 = _own_states(few, transfers, transfers["arrival_jd_tdb"].to_numpy())
    tof = transfers["tof_d"].to_numpy() * DAY_S
    v1, v2, status = solve_mixed(
        GM_SUN_KM3_S2, r1, r2, tof, transfers["revs"].to_numpy(), transfers["low_path"].to_numpy()
    )
    assert np.all(status == 0)
    return r1, u1, v1, r2, u2, v2, tof


def test_table_follows_its_schema(transfers, few):
    assert list(transfers.columns) == TRANSFERS.names
    assert set(transfers["designation"]) == set(few["designation"])
    assert set(transfers["fidelity"]) == {"two-body"}
    assert set(transfers["asteroid_model"]) == {"n-body"}
    assert (transfers["status"] == 0).all()
    assert not transfers.duplicated(list(TRANSFERS.key)).any()


def test_every_arc_flown_by_kepler_meets_its_asteroid(few, parking, transfers):
    r1, u1, v1, r2, u2, _v2, tof = _velocities(few, parking, transfers)
    reached, speed = propagate_kepler(GM_SUN_KM3_S2, r1, v1, tof)
    assert np.linalg.norm(reached - r2, axis=1).max() < 1e-9 * AU_KM
    leave = 1000 * np.linalg.norm(v1 - u1, axis=1)
    meet = np.linalg.norm(speed - u2, axis=1)
    assert leave == pytest.approx(transfers["dv_departure_m_s"].to_numpy(), abs=1e-3)
    assert meet == pytest.approx(transfers["v_relative_km_s"].to_numpy(), abs=1e-6)
    stop = (transfers["kind"] == "rendezvous").to_numpy()
    assert np.all(transfers["dv_arrival_m_s"].to_numpy()[~stop] == 0.0)
    total = transfers["dv_departure_m_s"] + transfers["dv_arrival_m_s"]
    assert total.to_numpy() == pytest.approx(transfers["dv_total_m_s"].to_numpy(), rel=1e-15)


def test_transfer_angle_is_the_angle_swept(few, parking, transfers):
    r1, _, v1, *_, tof = _velocities(few, parking, transfers)
    # sweep the arc in 200 legs, each far less than half a turn, and add the angles up
    place, swept = r1, np.zeros(len(tof))
    for share in np.linspace(0, 1, 201)[1:]:
        following, _ = propagate_kepler(GM_SUN_KM3_S2, r1, v1, share * tof)
        cross = np.linalg.norm(np.cross(place, following), axis=1)
        swept += np.arctan2(cross, np.sum(place * following, axis=1))
        place = following
    assert np.degrees(swept) == pytest.approx(transfers["transfer_angle_deg"].to_numpy(), abs=1e-6)


def test_arrivals_are_better_than_any_cell_of_a_finer_grid(few, parking, transfers):
    """With the departure fixed, no arrival within a step of the one found is cheaper."""
    best = transfers[transfers["window"] == 1]
    for offset in np.concatenate([np.linspace(-10, -0.5, 12), np.linspace(0.5, 10, 12)]):
        moved = best.assign(
            tof_d=best["tof_d"] + offset, arrival_jd_tdb=best["arrival_jd_tdb"] + offset
        )
        moved = moved[(moved["tof_d"] > 40) & (moved["tof_d"] < 640)]
        departure = Time(moved["departure_jd_tdb"].to_numpy(), format="jd", scale="tdb")
        r1, u1 = (x.value for x in parking.state(departure))
        r2, u2 = _own_states(few, moved, moved["arrival_jd_tdb"].to_numpy())
        v1, v2, _ = solve_mixed(
            GM_SUN_KM3_S2, r1, r2, moved["tof_d"].to_numpy() * DAY_S,
            moved["revs"].to_numpy(), moved["low_path"].to_numpy(),
        )  # fmt: skip
        stop = (moved["kind"] == "rendezvous").to_numpy()
        dv = np.linalg.norm(v1 - u1, axis=1) + stop * np.linalg.norm(v2 - u2, axis=1)
        found = best.loc[moved.index, "dv_total_m_s"].to_numpy()
        assert np.nanmin(1000 * dv - found) > -0.05


def test_search_is_never_worse_than_the_map_of_the_same_grid(few, parking, grid, transfers):
    for _, asteroid in few.iterrows():
        picture = delta_v_map(asteroid, parking, grid, max_revs=1)
        rows = transfers[transfers["designation"] == asteroid["designation"]]
        for kind, dv in (("flyby", picture.flyby_dv), ("rendezvous", picture.rendezvous_dv)):
            found = rows.loc[(rows["kind"] == kind) & (rows["window"] == 1), "dv_total_m_s"]
            assert found.item() <= np.nanmin(dv.to_value(u.m / u.s)) + 1e-6


def test_windows_are_sorted_and_apart(transfers):
    for _, rows in transfers.groupby(["designation", "kind"]):
        assert list(rows["window"]) == list(range(1, len(rows) + 1))
        assert rows["dv_total_m_s"].is_monotonic_increasing or len(rows) == 1
        assert rows["departure_jd_tdb"].nunique() == len(rows)
        assert (rows["breadth_d"] >= 0).all()
    assert WINDOW_SLACK_KM_S == 0.010


def test_threads_processes_and_one_after_the_other_agree_to_the_bit(catalog, parking, grid):
    many = catalog.iloc[:150]  # three chunks
    alone = search_transfers(many, parking, grid)
    with ThreadPoolExecutor(2) as threads:
        pd.testing.assert_frame_equal(
            alone, search_transfers(many, parking, grid, executor=threads), check_exact=True
        )
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        pd.testing.assert_frame_equal(
            alone, search_transfers(many, parking, grid, executor=processes), check_exact=True
        )


def test_finished_chunks_are_taken_again_and_broken_ones_are_not(
    catalog, parking, grid, tmp_path, monkeypatch
):
    many = catalog.iloc[:150]
    first = search_transfers(many, parking, grid, checkpoint=tmp_path)
    shelf = sorted(tmp_path.glob("*.npy"))
    assert len(shelf) == 3
    shelf[0].write_bytes(shelf[0].read_bytes()[:1000])
    searched = []
    import survey.transfer.search as search

    original = search.run_chunk
    monkeypatch.setattr(
        search, "run_chunk", lambda chunk: searched.append(chunk) or original(chunk)
    )
    steps = []
    again = search_transfers(
        many, parking, grid, checkpoint=tmp_path, progress=lambda *done: steps.append(done)
    )
    pd.testing.assert_frame_equal(first, again, check_exact=True)
    assert len(searched) == 1
    assert steps[-1] == (150, 150)
    # another grid finds nothing of use on the shelf
    searched.clear()
    other = Grid(grid.departure[::2], grid.tof)
    search_transfers(many, parking, other, checkpoint=tmp_path)
    assert len(searched) == 3


def test_empty_catalogue_gives_an_empty_table(few, parking, grid):
    empty = search_transfers(few.iloc[:0], parking, grid)
    assert list(empty.columns) == TRANSFERS.names
    assert len(empty) == 0


def test_grid_beyond_the_ephemeris_is_refused_with_its_span(few, parking):
    late = Grid(Time([2480000.5], format="jd", scale="tdb"), [100] * u.d)
    with pytest.raises(ValueError, match="2066"):
        search_transfers(few, parking, late)


@pytest.mark.parametrize("bad", [{"max_revs": -1}, {"max_revs": 8}, {"windows": 0}])
def test_options_out_of_range_are_refused(few, parking, grid, bad):
    with pytest.raises(ValueError, match="write a whole number"):
        search_transfers(few, parking, grid, **bad)


def test_unknown_model_is_refused(few):
    with pytest.raises(ValueError, match="kepler"):
        asteroid_state(few, Time([2461406.5], format="jd", scale="tdb"), model="magic")
