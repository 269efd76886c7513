"""The ranking: order, affordability and flags on a table small enough to check by eye."""

from __future__ import annotations

import pandas as pd

from survey.tables import RANKING, TRANSFERS, validate
from survey.transfer import rank, search_transfers

ROW = {
    "name": "", "H_mag": 24.0, "departure_jd_tdb": 2462000.5, "tof_d": 80.0, "revs": 0,
    "low_path": True, "dv_arrival_m_s": 0.0, "v_relative_km_s": 5.0, "transfer_angle_deg": 90.0,
    "breadth_d": 12.0, "sun_distance_au": 1.0, "earth_distance_au": 0.4,
    "approach_phase_deg": 60.0, "fidelity": "two-body", "asteroid_model": "kepler", "status": 0,
}  # fmt: skip


def table(*rows):
    full = []
    for designation, kind, window, dv, extra in rows:
        row = {**ROW, "designation": designation, "kind": kind, "window": window, **extra}
        row["dv_total_m_s"] = row["dv_departure_m_s"] = dv
        row["arrival_jd_tdb"] = row["departure_jd_tdb"] + row["tof_d"]
        full.append(row)
    return validate(pd.DataFrame(full, columns=TRANSFERS.names), TRANSFERS)


def test_ranks_budget_and_flags(craft):
    # the craft of the tests: 229.4 m/s, last date 2031-06-01 = JD 2463018.5
    ranking = rank(
        table(
            ("A", "flyby", 1, 300.0, {}),
            ("A", "rendezvous", 1, 900.0, {}),
            ("B", "flyby", 1, 50.0, {"departure_jd_tdb": 2463000.5}),  # arrives too late
            ("B", "flyby", 2, 120.0, {}),
            ("C", "flyby", 1, 10.0, {"tof_d": 300.0, "earth_distance_au": 0.01}),
        ),
        craft,
    )
    assert list(ranking.columns) == RANKING.names
    assert list(ranking["designation"]) == ["C", "B", "A"]
    row = ranking.set_index("designation")
    assert list(row["flyby_rank"]) == [1, 2, 3]
    assert row.loc["B", "flyby_dv_m_s"] == 120.0  # the late window is passed over
    assert row.loc["B", "flyby_windows"] == 2
    assert list(row["flyby_within_budget"]) == [True, True, False]
    assert row.loc["A", "rendezvous_rank"] == 1
    assert pd.isna(row.loc["C", "rendezvous_rank"])
    assert not row.loc["C", "rendezvous_within_budget"]
    assert "slow flight" in row.loc["C", "flags"]
    assert "arrival near Earth" in row.loc["C", "flags"]
    assert "free within the model" in row.loc["C", "flags"]
    assert row.loc["A", "flags"] == ""
    assert row.loc["B", "flags"] == ""


def test_only_late_windows_are_shown_but_not_affordable(craft):
    ranking = rank(table(("B", "flyby", 1, 50.0, {"departure_jd_tdb": 2463000.5})), craft)
    assert not ranking.loc[0, "flyby_within_budget"]
    assert ranking.loc[0, "flyby_dv_m_s"] == 50.0
    assert "last date" in ranking.loc[0, "flags"]


def test_ties_go_by_time(craft):
    ranking = rank(
        table(
            ("late", "flyby", 1, 100.0, {"departure_jd_tdb": 2462100.5}),
            ("early", "flyby", 1, 100.0, {}),
        ),
        craft,
    )
    assert list(ranking["designation"]) == ["early", "late"]


def test_empty_table_gives_an_empty_ranking(craft):
    assert list(rank(table(), craft).columns) == RANKING.names


def test_real_search_ranks_every_asteroid_once(few, parking, grid, craft):
    ranking = rank(search_transfers(few, parking, grid), craft)
    assert sorted(ranking["designation"]) == sorted(few["designation"])
    assert sorted(ranking["flyby_rank"]) == list(range(1, len(few) + 1))
    dv = ranking.sort_values("rendezvous_rank")["rendezvous_dv_m_s"]
    assert dv.is_monotonic_increasing
