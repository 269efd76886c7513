"""The three-body search over a small catalogue: its table, its counts, its refusals."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from astropy.time import Time

from survey.astro.er3bp import propagate_er3bp
from survey.tables import THREE_BODY, UNREACHED, validate
from survey.transfer import Grid, ParkingOrbit
from survey.transfer.ephemerides import build_ephemerides
from survey.transfer.rotating_frame import from_rotating_at, to_rotating_at
from survey.transfer.three_body import search_three_body, span_of
from survey.transfer.three_body_arcs import QUICK, search_arcs
from survey.transfer.three_body_found import ASSIST_KM
from survey.transfer.three_body_model import SearchWindow, make_model, make_reach
from survey.transfer.three_body_track import make_tracks

SIZE = "jacobi 3.0007124352932899"
DESIGNATIONS = ["2000 SG344", "2010 UE51", "2006 RH120", "433"]


@pytest.fixture(scope="module")
def halo():
    return ParkingOrbit.from_text(orbit="halo northern", size=SIZE)


@pytest.fixture(scope="module")
def window():
    return SearchWindow(*Time(["2028-01-01", "2029-06-01"]).tdb.jd, 60.0, 400.0, 450.0, 1500.0)


@pytest.fixture(scope="module")
def rows(catalog):
    chosen = catalog[catalog["designation"].isin(DESIGNATIONS)].reset_index(drop=True)
    # One that cannot be integrated: it has no orbit, and so no track.
    lost = chosen.iloc[[0]].assign(designation="1950 XX", a_au=np.nan)
    return pd.concat([chosen, lost], ignore_index=True)


@pytest.fixture(scope="module")
def ephemerides(rows, window):
    return build_ephemerides(rows, *span_of(window))


@pytest.fixture(scope="module")
def searched(rows, halo, window, ephemerides):
    told = []
    found = search_three_body(
        rows,
        halo,
        window,
        deep=1,
        modes=0,
        ephemerides=ephemerides,
        progress=lambda *a: told.append(a),
    )
    assert told[-1][1] == told[-1][2]
    assert {name for name, _, _ in told} == {"reach", "phases, flyby", "phases, rendezvous"}
    return found


@pytest.fixture(scope="module")
def table(searched):
    return searched.arcs


def test_the_table_keeps_its_schema(table):
    validate(table, THREE_BODY)
    assert len(table)
    assert set(table["fidelity"]) == {"three-body"}
    assert {"flyby", "rendezvous"} <= set(table["kind"])
    assert not table.duplicated(["designation", "kind", "window"]).any()


def test_sums_dates_and_budgets(table, window):
    total = table["dv_departure_m_s"] + table["dv_arrival_m_s"]
    assert np.allclose(total, table["dv_total_m_s"], rtol=1e-12)
    stops = table["kind"] == "rendezvous"
    assert (table.loc[~stops, "dv_arrival_m_s"] == 0).all()
    assert np.allclose(
        table.loc[stops, "dv_arrival_m_s"], 1e3 * table.loc[stops, "v_relative_km_s"]
    )
    assert (table.loc[~stops, "dv_total_m_s"] <= window.flyby_m_s).all()
    assert (table.loc[stops, "dv_total_m_s"] <= window.rendezvous_m_s).all()
    assert (table["departure_jd_tdb"] >= window.first_jd - 1e-6).all()
    assert (table["departure_jd_tdb"] <= window.last_jd + 1e-6).all()
    tof = table["arrival_jd_tdb"] - table["departure_jd_tdb"]
    assert np.allclose(tof, table["tof_d"])
    # A flight time is kept as an angle, which the Earth's ellipse makes up to two days of.
    assert table["tof_d"].between(window.tof_min_d - 2.5, window.tof_max_d + 2.5).all()
    assert (table["assisted"] == (table["least_earth_km"] < ASSIST_KM)).all()


def test_the_first_window_is_the_cheapest_and_no_row_is_beaten(table):
    for _, rows in table.groupby(["designation", "kind"]):
        ordered = rows.sort_values("window")
        assert list(ordered["window"]) == list(range(1, len(rows) + 1))
        assert ordered["dv_total_m_s"].is_monotonic_increasing
        tofs, ends = ordered["tof_d"].to_numpy(), ordered["arrival_jd_tdb"].to_numpy()
        for n in range(1, len(rows)):
            assert not ((tofs[:n] <= tofs[n] - 2.5) & (ends[:n] <= ends[n])).any()


def test_phases_are_told_of_those_searched_phase_by_phase(table):
    deep = table[table["effort"] == "phase by phase"]
    assert 1 <= deep["designation"].nunique() <= 2  # the cheapest of either kind
    share = deep["phases_within_budget"]
    assert share.between(1 / 36 - 1e-9, 1).all()
    known = deep.dropna(subset=["phase_median_m_s"])
    assert (known["phase_best_m_s"] <= known["phase_median_m_s"]).all()
    assert table.loc[table["effort"] == "quick", "phases_within_budget"].isna().all()


def test_who_cannot_be_reached_or_integrated_is_just_not_there(table):
    assert "1950 XX" not in set(table["designation"])
    assert "433" not in set(table["designation"])  # Eros: several km/s
    counts = table.attrs["counts"]
    assert counts["asteroids"] == 5
    assert counts["in_reach"] == table["designation"].nunique() <= 3
    assert 0 < counts["converged"] <= counts["problems"]


def test_everybody_is_accounted_for(searched, rows):
    table, unreached = searched.arcs, searched.unreached
    validate(unreached, UNREACHED)
    for kind in ("flyby", "rendezvous"):
        found = set(table.loc[table["kind"] == kind, "designation"])
        none = list(unreached.loc[unreached["kind"] == kind, "designation"])
        assert sorted([*found, *none]) == sorted(rows["designation"])
        counts = table.attrs["counts"][kind]
        own = unreached.loc[unreached["kind"] == kind, "outcome"].value_counts().to_dict()
        came_to = {name: n for name, n in counts.items() if name not in ("searched", "arcs") and n}
        assert came_to == {"in reach": len(found)} | own
        assert counts["searched"] == len(rows) == sum(came_to.values())
        assert counts["arcs"] == (table["kind"] == kind).sum()
    row = unreached.set_index(["designation", "kind"])
    # No orbit, no path; and Eros, several km/s away, is near nothing that is flown from L2.
    assert set(row.loc["1950 XX", "outcome"]) == {"no path"}
    assert set(row.loc["433", "outcome"]) == {"out of reach"}
    assert (row.loc[["1950 XX", "433"], "problems"] == 0).all()
    assert list(row.loc["433", "budget_m_s"]) == [450.0, 1500.0]


def test_problems_of_all_passes_are_counted(searched, rows, halo, window, ephemerides):
    table = searched.arcs
    found = search_three_body(rows, halo, window, deep=0, ephemerides=ephemerides)
    quick, none = found.arcs, found.unreached
    deep = table[(table["window"] == 1) & (table["effort"] == "phase by phase")]
    first = quick[quick["window"] == 1]
    assert len(deep)
    for name in ("problems", "converged"):
        before = int(first[name].sum() + none[name].sum())
        assert quick.attrs["counts"][name] == before
        assert table.attrs["counts"][name] == before + deep[name].sum()


def test_two_body_arcs_beyond_the_budget_are_told_from_nothing_at_all(
    rows, halo, window, ephemerides
):
    # Eros from a two-body arc that is flown and closed, but costs several km/s.
    promised = 1.9 * np.array([window.flyby_m_s, window.rendezvous_m_s])
    lambert = pd.DataFrame(
        {
            "designation": "433", "kind": ["flyby", "rendezvous"], "dv_total_m_s": promised,
            "departure_jd_tdb": window.first_jd + 60.0, "arrival_jd_tdb": window.first_jd + 300.0,
            "revs": 0, "low_path": True,
        }
    )  # fmt: skip
    eros = np.flatnonzero(rows["designation"] == "433")
    found = search_three_body(
        rows.iloc[eros], halo, window, transfers=lambert, modes=0,
        ephemerides=ephemerides.select(eros),
    )  # fmt: skip
    unreached = found.unreached
    assert len(found.arcs) == 0
    assert set(unreached["outcome"]) == {"over budget"}
    assert (unreached["starts"] > 0).all()
    assert (unreached["converged"] > 0).all()
    # One that promises more than twice the budget is not even tried.
    dear = lambert.assign(dv_total_m_s=1.2 * lambert["dv_total_m_s"])
    found = search_three_body(
        rows.iloc[eros], halo, window, transfers=dear, modes=0,
        ephemerides=ephemerides.select(eros),
    )  # fmt: skip
    unreached = found.unreached
    assert len(found.arcs) == 0
    assert set(unreached["outcome"]) == {"out of reach"}
    assert (unreached["starts"] == 0).all()


def test_rows_flown_again_arrive(table, halo, window, rows, ephemerides):
    # From what the table says alone: date, phase date and the size of the impulse.
    model = make_model(halo, window)
    asteroids = ephemerides.chunk(range(len(rows)))
    reach = make_reach(halo, window)
    for number, track in enumerate(make_tracks(model, window, asteroids)):
        found = search_arcs(model, reach, window, track, kind="flyby", effort=QUICK)
        arcs = found.arcs
        if not len(arcs.cost):
            continue
        craft = model.parking_states(arcs.begin, arcs.phase)
        leaving = np.concatenate([craft[:, :3], arcs.velocity], axis=1)
        final, _ = propagate_er3bp(
            model.mass_ratio, model.eccentricity, leaving, arcs.begin, arcs.end
        )
        r, v = asteroids.states(model.jd_at(arcs.end))
        aim = to_rotating_at(
            model.jd_at(arcs.end), r[number], v[number], mass_ratio=model.mass_ratio
        )
        # 150 m of the boundary-value problem and a kilometre of the track between its days.
        assert np.linalg.norm(final[:, :3] - aim[:, :3], axis=1).max() < 3e-8
        begin = model.jd_at(arcs.begin)
        waits = from_rotating_at(begin, craft, mass_ratio=model.mass_ratio)[1]
        leaves = from_rotating_at(begin, leaving, mass_ratio=model.mass_ratio)[1]
        size = 1e3 * np.linalg.norm(leaves - waits, axis=1)
        # The unit of speed is the mean ellipse's, the date's own a few parts in 10,000 away.
        assert np.allclose(size, arcs.cost * model.mean_speed_m_s, rtol=1e-3)


def test_an_executor_changes_nothing(table, rows, halo, window, ephemerides):
    with ThreadPoolExecutor(2) as executor:
        again = search_three_body(
            rows, halo, window, deep=1, modes=0, ephemerides=ephemerides, executor=executor
        ).arcs
    pd.testing.assert_frame_equal(table, again)


def test_a_craft_of_known_phase_departs_at_it(rows, halo, window, ephemerides):
    epoch = Time("2027-10-01", scale="tdb")
    known = search_three_body(
        rows, halo.at_phase_zero(epoch), window, deep=0, ephemerides=ephemerides
    ).arcs
    assert known["phases_within_budget"].isna().all()
    assert len(known)
    turns = halo.at_phase_zero(epoch).phase_at(
        Time(known["phase_zero_jd_tdb"].to_numpy(), format="jd", scale="tdb")
    )
    assert np.abs(np.mod(turns + 0.5, 1.0) - 0.5).max() < 1e-6


def test_known_phases_are_no_cheaper_than_the_best(table, rows, halo, window, ephemerides):
    known = search_three_body(
        rows, halo.at_phase_zero(Time("2027-10-01", scale="tdb")), window, deep=1, modes=0,
        ephemerides=ephemerides,
    ).arcs  # fmt: skip
    best = table[table["window"] == 1].set_index(["designation", "kind"])["dv_total_m_s"]
    own = known[known["window"] == 1].set_index(["designation", "kind"])["dv_total_m_s"]
    deep = table[table["effort"] == "phase by phase"].set_index(["designation", "kind"]).index
    both = deep.unique().intersection(own.index)
    assert len(both)
    for name in both:
        assert own[name] >= 0.95 * best[name] - 10.0


def test_the_libration_point_has_no_phase(rows, window, ephemerides):
    found = search_three_body(
        rows, ParkingOrbit(), window, deep=1, modes=0, ephemerides=ephemerides
    ).arcs
    assert found["phase_zero_jd_tdb"].isna().all()
    assert found["phases_within_budget"].isna().all()


def test_an_empty_catalogue(rows, halo, window):
    found = search_three_body(rows.iloc[:0], halo, window).arcs
    assert len(found) == 0
    assert found.attrs["counts"]["in_reach"] == 0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"flyby_m_s": 0.0}, "flyby budget was given as 0 m/s"),
        ({"flyby_m_s": -5.0}, "flyby budget was given as -5 m/s"),
        ({"rendezvous_m_s": float("nan")}, "rendezvous budget was given as nan m/s"),
        ({"tof_min_d": 400.0, "tof_max_d": 300.0}, "times of flight were given from 400 to 300"),
        ({"tof_min_d": 0.0}, "times of flight were given from 0"),
        ({"last_jd": 2460000.0}, "the last must lie after the first"),
    ],
)
def test_windows_that_make_no_sense_are_refused_in_one_sentence(settings, words):
    given = {"first_jd": 2461000.5, "last_jd": 2462000.5} | settings
    with pytest.raises(ValueError, match=words) as refusal:
        SearchWindow(**given)
    assert "\n" not in str(refusal.value)


def test_a_flight_beyond_the_ephemeris_is_refused(rows, halo):
    late = SearchWindow(*Time(["2063-01-01", "2065-06-01"]).tdb.jd)
    with pytest.raises(ValueError, match="asteroids can be integrated"):
        search_three_body(rows, halo, late)


def test_a_negative_number_of_careful_searches_is_refused(rows, halo, window, ephemerides):
    with pytest.raises(ValueError, match="searched deeply was given as -1"):
        search_three_body(rows, halo, window, deep=-1, ephemerides=ephemerides)


def test_a_window_is_that_of_a_grid(grid: Grid):
    window = SearchWindow.of(grid, flyby_m_s=321.0)
    assert window.first_jd == grid.departure_jd_tdb[0]
    assert window.tof_max_d == grid.tof_d[-1]
    assert (window.flyby_m_s, window.rendezvous_m_s) == (321.0, 2000.0)
