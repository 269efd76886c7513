"""Ways to leave, side by side: the table, its sums, and the pass that makes it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from astropy.time import Time

from survey.astro.reachable import impulse_grid, reachable_set
from survey.constants import J2_EARTH_RADIUS_KM
from survey.tables import DEPARTURES, read_table, validate, write_table
from survey.transfer import ParkingOrbit, departures, three_body, three_body_chunk
from survey.transfer.departures import compare_departures
from survey.transfer.ephemerides import build_ephemerides
from survey.transfer.strategies import OUTCOMES
from survey.transfer.strategy_names import COAST, INSERTED, SINGLE, STRATEGIES, SWINGBY
from survey.transfer.three_body import search_three_body, span_of
from survey.transfer.three_body_arcs import QUICK
from survey.transfer.three_body_found import ASSIST_KM
from survey.transfer.three_body_model import DAY, SearchWindow


@pytest.fixture(scope="module")
def window():
    return SearchWindow(*Time(["2027-09-01", "2028-03-01"]).tdb.jd, 60.0, 500.0, 300.0, 1500.0)


@pytest.fixture(scope="module")
def halo():
    return ParkingOrbit.from_text(orbit="halo northern", size="jacobi 3.0007124352932899")


@pytest.fixture(scope="module")
def reach(halo):
    # A coarse reachable set: the search's own takes most of a minute.
    ring = halo.rotating_state(np.arange(9) / 9)
    impulses = impulse_grid(0.004, 0.0003)
    return reachable_set(halo.mass_ratio, ring, impulses, np.arange(60, 500, 10) * DAY)


@pytest.fixture(scope="module")
def rows(catalog):
    chosen = catalog[catalog["designation"].isin(["2000 SG344", "433"])]
    return chosen.sort_values("designation").reset_index(drop=True)


@pytest.fixture(scope="module")
def ephemerides(rows, window):
    return build_ephemerides(rows, *span_of(window))


@pytest.fixture(scope="module")
def table(rows, halo, window, reach, ephemerides):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(departures, "make_reach", lambda *_: reach)
        return compare_departures(
            rows, halo, window, ephemerides, effort=QUICK, kinds=("rendezvous",), starts=6
        )


def test_every_way_is_priced_and_compared(table):
    validate(table, DEPARTURES)
    # Eros, several km/s away, is not left out: its rows say why they are empty.
    assert list(table["designation"]) == ["2000 SG344"] * 4 + ["433"] * 4
    assert list(table["strategy"]) == [SINGLE, INSERTED, COAST, SWINGBY] * 2 == [*STRATEGIES] * 2
    assert set(table["outcome"]) <= set(OUTCOMES)
    lost = table[table["designation"] == "433"]
    assert set(lost["outcome"]) <= {"no start", "none kept", "not converged"}
    assert lost["dv_total_m_s"].isna().all()
    found = table[table["outcome"] == "found"]
    assert {SINGLE, SWINGBY} <= set(found["strategy"])
    parts = found[["dv_departure_m_s", "dv_middle_m_s", "dv_arrival_m_s"]].sum(axis=1)
    np.testing.assert_allclose(found["dv_total_m_s"], parts, rtol=1e-12)
    assert (found["dv_total_m_s"] <= 1500.0).all()
    bar = float(found.loc[found["strategy"] == SINGLE, "dv_total_m_s"].iloc[0])
    np.testing.assert_allclose(found["saved_m_s"], bar - found["dv_total_m_s"], rtol=0, atol=1e-9)
    tof = found["arrival_jd_tdb"] - found["departure_jd_tdb"]
    np.testing.assert_allclose(found["tof_d"], tof, rtol=1e-12)
    assert (found["converged"] <= found["problems"]).all()
    assert (found["converged"] > 0).all()


def test_an_inserted_impulse_is_never_worse_than_the_single_one(table):
    own = table[table["strategy"] == INSERTED]
    assert set(own["outcome"]) <= {"found", "no gain", "no start"}
    assert (own.loc[own["outcome"] == "found", "saved_m_s"] > 0.0).all()


def test_only_the_swingby_passes_near_the_earth(table):
    found = table[table["outcome"] == "found"]
    near = found["strategy"] == SWINGBY
    assert (found.loc[near, "perigee_altitude_km"] >= 300.0).all()
    np.testing.assert_allclose(
        found.loc[near, "perigee_altitude_km"],
        found.loc[near, "least_earth_km"] - J2_EARTH_RADIUS_KM,
    )
    assert found.loc[near, "assisted"].all()
    assert (found.loc[~near, "least_earth_km"] >= ASSIST_KM).all()
    assert not found.loc[~near, "assisted"].any()
    assert found.loc[~near, ["perigee_altitude_km", "v_infinity_km_s"]].isna().all(axis=None)
    single = found["strategy"] == SINGLE
    assert found.loc[single, "middle_jd_tdb"].isna().all()
    assert (found.loc[single, "dv_middle_m_s"] == 0.0).all()
    between = found.loc[~single, ["departure_jd_tdb", "middle_jd_tdb", "arrival_jd_tdb"]]
    assert (between.diff(axis=1).iloc[:, 1:] > 0).all(axis=None)


def test_the_table_survives_its_file(table, tmp_path):
    write_table(table, DEPARTURES, tmp_path / "departures.ecsv", provenance={"a": 1})
    again, _ = read_table(tmp_path / "departures.ecsv", DEPARTURES)
    pd.testing.assert_frame_equal(again, table)


def test_the_pass_gives_the_leading_asteroids_all_modes_and_resumes(
    rows, halo, window, reach, ephemerides, tmp_path, monkeypatch
):
    for module in (three_body_chunk, departures):
        monkeypatch.setattr(module, "make_reach", lambda *_: reach)
    monkeypatch.setattr(three_body, "CAREFUL", QUICK)
    monkeypatch.setattr("survey.transfer.three_body_records.CAREFUL", QUICK)
    told: list[tuple[str, int, int]] = []

    def search(**more):
        told.clear()
        return search_three_body(
            rows, halo, window, deep=1, ephemerides=ephemerides, results=tmp_path,
            progress=lambda *one: told.append(one), **more,
        )  # fmt: skip

    found = search()
    arcs, ways = found.arcs, found.departures
    assert [one for one in told if one[0] == "departure modes, rendezvous"][-1][1:] == (1, 1)
    own = ways[ways["kind"] == "rendezvous"]
    assert list(own["strategy"]) == list(STRATEGIES)
    first = arcs[(arcs["kind"] == "rendezvous") & (arcs["window"] == 1)].iloc[0]
    single = own.iloc[0]
    # The arc of the search itself, not another one.
    for name in ("departure_jd_tdb", "arrival_jd_tdb", "dv_total_m_s", "phase_zero_jd_tdb"):
        assert single[name] == first[name]
    assert arcs["window"].max() < 10  # parents are in no table

    def not_again(_):
        raise AssertionError("searched again")

    monkeypatch.setattr(three_body, "search_modes", not_again)
    again = search().departures
    pd.testing.assert_frame_equal(again, ways)
    assert next(one for one in told if one[0].startswith("departure modes"))[1] == 1
    none = search(modes=0).departures
    assert len(none) == 0 and not any(one[0].startswith("departure") for one in told)


def test_those_out_of_reach_of_one_impulse_are_tried_by_the_other_ways(
    rows, halo, window, reach, ephemerides, monkeypatch
):
    for module in (three_body_chunk, departures):
        monkeypatch.setattr(module, "make_reach", lambda *_: reach)
    monkeypatch.setattr(three_body, "CAREFUL", QUICK)
    monkeypatch.setattr("survey.transfer.three_body_records.CAREFUL", QUICK)
    two_body = pd.DataFrame(
        {
            "designation": ["433", "433"], "kind": ["flyby", "rendezvous"],
            "dv_total_m_s": [1.1 * 2 * window.flyby_m_s, 0.9 * 2 * window.rendezvous_m_s],
            "departure_jd_tdb": window.first_jd + 60.0, "arrival_jd_tdb": window.first_jd + 300.0,
            "revs": 0, "low_path": True,
        }
    )  # fmt: skip
    found = search_three_body(
        rows, halo, window, transfers=two_body, deep=2, ephemerides=ephemerides
    )
    ways = found.departures
    assert set(found.unreached["designation"]) == {"433"}
    # Twice the budget is where hope ends: as a rendezvous Eros is tried, as a flyby not.
    tried = ways.groupby("kind")["designation"].unique().map(set)
    assert tried["rendezvous"] == {"2000 SG344", "433"}
    assert tried["flyby"] == {"2000 SG344"}
    eros = ways[ways["designation"] == "433"]
    assert list(eros["strategy"]) == list(STRATEGIES)
    assert eros["saved_m_s"].isna().all()
