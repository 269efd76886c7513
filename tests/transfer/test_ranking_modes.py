"""Which way of leaving is ranked, on tables small enough to check by eye."""

from __future__ import annotations

import pandas as pd
from test_ranking import arcs, table

from survey.tables import DEPARTURES, RANKING, read_table, validate, write_table
from survey.transfer import as_ranked, rank

WAY = {
    "name": "", "H_mag": 24.0, "outcome": "found", "departure_jd_tdb": 2462010.5,
    "middle_jd_tdb": 2462100.5, "tof_d": 310.0, "phase_zero_jd_tdb": 2461950.5,
    "dv_arrival_m_s": 0.0, "saved_m_s": None, "v_relative_km_s": 3.0, "v_infinity_km_s": None,
    "perigee_altitude_km": None, "least_earth_km": 1.1e6, "assisted": False, "primer_max": None,
    "problems": 64, "converged": 60, "fidelity": "three-body", "asteroid_model": "n-body",
    "status": 0,
}  # fmt: skip
SHARES = 0.25, 0.75
INSERTED, COAST, SWINGBY = "inserted deep-space impulse", "manifold coast", "powered Earth swingby"


def ways(*rows):
    full = []
    for designation, kind, strategy, dv, extra in rows:
        row = {**WAY, "designation": designation, "kind": kind, "strategy": strategy, **extra}
        row["dv_total_m_s"] = dv
        row["dv_departure_m_s"], row["dv_middle_m_s"] = (dv and share * dv for share in SHARES)
        row["arrival_jd_tdb"] = row["tof_d"] and row["departure_jd_tdb"] + row["tof_d"]
        full.append(row)
    return validate(pd.DataFrame(full, columns=DEPARTURES.names), DEPARTURES)


def test_the_cheapest_way_is_ranked_and_named(craft, tmp_path):
    lower = table(("A", "flyby", 1, 300.0, {}), ("B", "flyby", 1, 100.0, {}))
    phases = {"phase_best_m_s": 150.0, "phase_median_m_s": 180.0, "phases_within_budget": 1.0}
    above = arcs(("A", "flyby", 1, 150.0, phases), ("B", "flyby", 1, 90.0, {}))
    others = ways(
        ("A", "flyby", "single impulse", 150.0, {}),
        ("A", "flyby", INSERTED, 140.0, {}),
        ("A", "flyby", COAST, 95.0, {}),
        ("A", "flyby", SWINGBY, 60.0, {"assisted": True, "least_earth_km": 7000.0}),
        ("B", "flyby", SWINGBY, 120.0, {"assisted": True}),
        ("B", "flyby", COAST, None, {"outcome": "none kept", "status": 1, "tof_d": None}),
    )
    ranking = rank(lower, craft, three_body=above, departures=others)
    row = ranking.set_index("designation")
    assert list(ranking["designation"]) == ["A", "B"]
    assert list(row["flyby_strategy"]) == [SWINGBY, "single impulse"]
    # Both rungs, and the single impulse, stay beside.
    assert list(row["flyby_dv_m_s"]) == [300.0, 100.0]
    assert list(row["flyby_three_body_dv_m_s"]) == [60.0, 90.0]
    assert list(row["flyby_single_impulse_dv_m_s"]) == [150.0, 90.0]
    assert list(row["flyby_three_body_dv_departure_m_s"]) == [15.0, 90.0]
    assert list(row["flyby_three_body_dv_middle_m_s"]) == [45.0, 0.0]
    assert row.loc["A", "flyby_phase_median_m_s"] == 180.0
    assert list(row["flyby_assisted"]) == ["yes", "no"]
    assert "flyby: burn close to the Earth by design" in row.loc["A", "flags"]
    assert "passes Earth or Moon" not in row.loc["A", "flags"]
    assert "burn close" not in row.loc["B", "flags"]
    shown = as_ranked(ranking, "flyby").set_index("designation")
    assert list(shown["strategy"]) == [SWINGBY, "single impulse"]
    assert shown.loc["A", "arrival_jd_tdb"] == 2462320.5
    assert row.loc["A", "flyby_within_budget"]
    write_table(ranking, RANKING, tmp_path / "ranking.ecsv", provenance={})
    again, _ = read_table(tmp_path / "ranking.ecsv", RANKING)
    assert list(again["flyby_strategy"]) == [SWINGBY, "single impulse"]


def test_nothing_is_saved_where_the_single_impulse_is_free(craft):
    lower = table(("A", "flyby", 1, 300.0, {}))
    above = arcs(("A", "flyby", 1, 15.0, {}))
    others = ways(("A", "flyby", COAST, 0.5, {}))
    row = rank(lower, craft, three_body=above, departures=others).iloc[0]
    assert (row["flyby_strategy"], row["flyby_three_body_dv_m_s"]) == ("single impulse", 15.0)


def test_a_way_that_arrives_in_time_comes_before_a_cheaper_late_one(craft):
    lower = table(("A", "flyby", 1, 300.0, {}))
    above = arcs(("A", "flyby", 1, 150.0, {}))
    late = {"departure_jd_tdb": 2463000.5, "middle_jd_tdb": 2463100.5}
    others = ways(("A", "flyby", COAST, 40.0, late), ("A", "flyby", SWINGBY, 140.0, {}))
    row = rank(lower, craft, three_body=above, departures=others).iloc[0]
    assert (row["flyby_strategy"], row["flyby_within_budget"]) == (SWINGBY, True)


def test_tables_without_other_ways_rank_as_before(craft):
    lower = table(("A", "flyby", 1, 300.0, {}), ("A", "rendezvous", 1, 900.0, {}))
    above = arcs(("A", "flyby", 1, 150.0, {}))
    plain = rank(lower, craft, three_body=above)
    pd.testing.assert_frame_equal(rank(lower, craft, three_body=above, departures=ways()), plain)
    lost = ways(("A", "flyby", COAST, None, {"outcome": "not converged", "status": 1}))
    pd.testing.assert_frame_equal(rank(lower, craft, three_body=above, departures=lost), plain)
    row = plain.iloc[0]
    assert (row["flyby_strategy"], row["rendezvous_strategy"]) == ("single impulse", "")
    assert rank(lower, craft).iloc[0]["flyby_strategy"] == ""


def test_a_way_opens_what_no_single_impulse_reaches(craft, tmp_path):
    lower = table(("A", "flyby", 1, 300.0, {}), ("B", "flyby", 1, 900.0, {}))
    above = arcs(("A", "flyby", 1, 150.0, {}))
    others = ways(
        ("B", "flyby", "single impulse", None, {"outcome": "no start", "status": 1}),
        ("B", "flyby", SWINGBY, 120.0, {"assisted": True, "least_earth_km": 7000.0}),
    )
    ranking = rank(lower, craft, three_body=above, departures=others)
    row = ranking.set_index("designation")
    assert list(ranking["designation"]) == ["B", "A"]
    assert list(row.loc[["A", "B"], "flyby_fidelity"]) == ["three-body", "three-body"]
    assert row.loc["B", "flyby_strategy"] == SWINGBY
    assert row.loc["B", "flyby_three_body_dv_m_s"] == 120.0
    assert row.loc["B", "flyby_dv_m_s"] == 900.0
    assert pd.isna(row.loc["B", "flyby_single_impulse_dv_m_s"])
    assert pd.isna(row.loc["B", "flyby_phase_median_m_s"])
    assert "burn close to the Earth by design" in row.loc["B", "flags"]
    write_table(ranking, RANKING, tmp_path / "ranking.ecsv", provenance={})
    again, _ = read_table(tmp_path / "ranking.ecsv", RANKING)
    assert list(again["flyby_strategy"]) == [SWINGBY, "single impulse"]
