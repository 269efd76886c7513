"""The ranking: order, affordability and flags on a table small enough to check by eye."""

from __future__ import annotations

import pandas as pd
import pytest

from survey.tables import (
    RANKING,
    THREE_BODY,
    TRANSFERS,
    UNREACHED,
    read_table,
    validate,
    write_table,
)
from survey.transfer import as_ranked, assess_ranking, rank, search_transfers
from survey.transfer.ranking import ranked_dv, recorded_trust

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


ARC = {
    "name": "", "H_mag": 24.0, "strategy": "single impulse", "departure_jd_tdb": 2462000.5,
    "tof_d": 300.0, "phase_zero_jd_tdb": 2461900.5, "dv_arrival_m_s": 0.0, "v_relative_km_s": 4.0,
    "least_earth_km": 1.2e6, "assisted": False, "phase_best_m_s": None, "phase_median_m_s": None,
    "phase_worst_m_s": None, "phases_within_budget": None, "effort": "quick", "problems": 10,
    "converged": 9, "fidelity": "three-body", "asteroid_model": "n-body", "status": 0,
}  # fmt: skip


def arcs(*rows):
    full = []
    for designation, kind, window, dv, extra in rows:
        row = {**ARC, "designation": designation, "kind": kind, "window": window, **extra}
        row["dv_total_m_s"] = row["dv_departure_m_s"] = dv
        row["arrival_jd_tdb"] = row["departure_jd_tdb"] + row["tof_d"]
        full.append(row)
    return validate(pd.DataFrame(full, columns=THREE_BODY.names), THREE_BODY)


def test_the_higher_rung_is_ranked_where_it_exists(craft):
    lower = table(
        ("A", "flyby", 1, 100.0, {}),
        ("B", "flyby", 1, 150.0, {"tof_d": 200.0}),
        ("C", "flyby", 1, 300.0, {}),
        ("C", "rendezvous", 1, 700.0, {}),
    )
    phases = {
        "phase_best_m_s": 30.0, "phase_median_m_s": 80.0, "phase_worst_m_s": 400.0,
        "phases_within_budget": 0.75,
    }  # fmt: skip
    above = arcs(
        ("B", "flyby", 1, 190.0, {}),
        ("C", "flyby", 1, 30.0, phases),
        ("C", "flyby", 2, 60.0, {"tof_d": 100.0}),
        ("D", "flyby", 1, 12.0, {"assisted": True}),  # found on the higher rung alone
    )
    ranking = rank(lower, craft, three_body=above)
    row = ranking.set_index("designation")
    assert list(ranking["designation"]) == ["D", "C", "A", "B"]
    assert list(row["flyby_rank"]) == [1, 2, 3, 4]
    assert list(row.loc[["A", "B", "C"], "flyby_two_body_rank"]) == [1, 2, 3]
    assert list(row["flyby_fidelity"]) == ["three-body", "three-body", "two-body", "three-body"]
    # C's rendezvous is known on the lower rung alone.
    assert list(row["fidelity"]) == ["three-body", "mixed", "two-body", "three-body"]
    assert (row.loc["C", "flyby_dv_m_s"], row.loc["C", "flyby_three_body_dv_m_s"]) == (300.0, 30.0)
    assert row.loc["C", "flyby_three_body_arrival_jd_tdb"] == 2462300.5
    assert {name: row.loc["C", f"flyby_{name}"] for name in phases} == phases
    assert row.loc["C", "rendezvous_rank"] == 1
    assert list(row["flyby_within_budget"]) == [True] * 4
    assert pd.isna(row.loc["D", "flyby_dv_m_s"]) and row.loc["D", "flyby_windows"] == 0
    assert (row.loc["D", "flyby_assisted"], row.loc["D", "flyby_free"]) == ("yes", "yes")
    assert (row.loc["C", "flyby_assisted"], row.loc["C", "flyby_free"]) == ("no", "no")
    assert (row.loc["A", "flyby_assisted"], row.loc["A", "flyby_free"]) == ("", "")
    assert list(ranked_dv(ranking, "flyby")) == [12.0, 30.0, 100.0, 190.0]
    shown = as_ranked(ranking, "flyby").set_index("designation")
    assert list(shown["dv_m_s"]) == [12.0, 30.0, 100.0, 190.0]
    assert list(shown.loc[["C", "A", "B"], "two_body_dv_m_s"]) == [300.0, 100.0, 150.0]
    assert list(shown["arrival_jd_tdb"]) == [2462300.5, 2462300.5, 2462080.5, 2462300.5]
    assert shown.loc["A", "breadth_d"] == 12.0 and pd.isna(shown.loc["C", "breadth_d"])


def test_flags_are_those_of_the_rung_that_counts(craft):
    slow = {"tof_d": 300.0, "earth_distance_au": 0.01}
    lower = table(
        ("A", "flyby", 1, 100.0, slow), ("B", "flyby", 1, 100.0, {}), ("C", "flyby", 1, 10.0, {}),
    )  # fmt: skip
    above = arcs(
        ("A", "flyby", 1, 30.0, {"assisted": True}),  # 70 m/s less
        ("B", "flyby", 1, 118.0, {}),  # 18 m/s: both rungs say the same
        ("C", "flyby", 1, 15.0, {"departure_jd_tdb": 2463000.5}),
    )
    flags = rank(lower, craft, three_body=above).set_index("designation")["flags"]
    assert "slow flight" not in flags["A"] and "near Earth" not in flags["A"]
    assert "two-body figure not valid" in flags["A"]
    assert "passes Earth or Moon" in flags["A"]
    assert flags["B"] == ""
    assert "free within the model" in flags["C"] and "last date" in flags["C"]
    assert "slow flight" in rank(lower, craft).set_index("designation").loc["A", "flags"]


def test_arcs_in_time_come_before_cheaper_late_ones(craft):
    lower = table(("A", "flyby", 1, 200.0, {}))
    above = arcs(
        ("A", "flyby", 1, 40.0, {"departure_jd_tdb": 2463000.5}),
        ("A", "flyby", 2, 90.0, {}),
    )
    row = rank(lower, craft, three_body=above).iloc[0]
    assert (row["flyby_three_body_dv_m_s"], row["flyby_within_budget"]) == (90.0, True)


def test_no_arcs_on_the_higher_rung_change_nothing_but_say_so(craft):
    lower = table(("A", "flyby", 1, 300.0, {}), ("B", "flyby", 1, 50.0, {}))
    plain, ranking = rank(lower, craft), rank(lower, craft, three_body=arcs())
    assert list(ranking["designation"]) == list(plain["designation"])
    assert set(ranking["flyby_fidelity"]) == {"two-body"}
    assert list(ranking["flags"]) == list(plain["flags"])


def unreached(*rows):
    full = [
        {"designation": designation, "name": "", "kind": kind, "outcome": outcome,
         "budget_m_s": budget, "starts": 40, "problems": 24, "converged": 3}
        for designation, kind, outcome, budget in rows
    ]  # fmt: skip
    return validate(pd.DataFrame(full, columns=UNREACHED.names), UNREACHED)


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        ("out of reach", "had no start"),
        ("not converged", "did not converge"),
        ("over budget", "cost more than allowed"),
        ("no path", "had no path"),
    ],
)
def test_a_figure_that_the_higher_rung_does_not_confirm_says_why(craft, outcome, told):
    lower = table(
        ("A", "flyby", 1, 300.0, {}),
        ("B", "flyby", 1, 300.0, {}),
        ("C", "flyby", 1, 501.0, {}),
        ("C", "rendezvous", 1, 900.0, {}),
        ("D", "flyby", 1, 300.0, {}),
    )
    lost = unreached(
        ("A", "flyby", outcome, 500.0),
        ("A", "rendezvous", outcome, 2000.0),  # of which there is no two-body arc either
        ("C", "flyby", outcome, 500.0),  # dearer than was searched for: nothing was expected
        ("D", "flyby", outcome, 300.0),
    )
    ranking = rank(lower, craft, three_body=arcs(("B", "flyby", 1, 290.0, {})), unreached=lost)
    row = ranking.set_index("designation")
    for name in ("A", "D"):
        assert row.loc[name, "flyby_unconfirmed"] == outcome
        assert row.loc[name, "flags"].startswith("flyby: two-body figure unconfirmed, ")
        assert told in row.loc[name, "flags"]
    assert list(row.loc[["B", "C"], "flyby_unconfirmed"]) == ["", ""]
    assert list(row.loc[["B", "C"], "flags"]) == ["", ""]
    assert set(row["rendezvous_unconfirmed"]) == {""}
    # The flag moves nobody.
    plain = rank(lower, craft, three_body=arcs(("B", "flyby", 1, 290.0, {})))
    assert list(ranking["designation"]) == list(plain["designation"])
    assert list(ranking["flyby_rank"]) == list(plain["flyby_rank"])
    assert set(plain["flyby_unconfirmed"]) == {""} == set(plain["flags"])


def test_what_is_shown_is_what_must_be_confirmed(craft):
    # Within the budget, but late: the window shown is the dear one in time.
    lower = table(
        ("A", "flyby", 1, 300.0, {"departure_jd_tdb": 2463000.5}), ("A", "flyby", 2, 600.0, {}),
    )  # fmt: skip
    lost = unreached(("A", "flyby", "over budget", 500.0))
    row = rank(lower, craft, three_body=arcs(), unreached=lost).iloc[0]
    assert (row["flyby_dv_m_s"], row["flyby_unconfirmed"], row["flags"]) == (600.0, "", "")


def test_both_rungs_survive_the_file(craft, tmp_path):
    lower = table(("A", "flyby", 1, 100.0, {}), ("B", "rendezvous", 1, 800.0, {}))
    ranking = rank(
        lower, craft, three_body=arcs(("A", "flyby", 1, 30.0, {})),
        unreached=unreached(("B", "rendezvous", "not converged", 2000.0)),
    )  # fmt: skip
    assert set(ranking["rendezvous_unconfirmed"]) == {"", "not converged"}
    write_table(ranking, RANKING, tmp_path / "ranking.ecsv", provenance={})
    again, _ = read_table(tmp_path / "ranking.ecsv", RANKING)
    pd.testing.assert_frame_equal(again, ranking, check_exact=True)


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


def test_arrival_near_earth_says_what_is_neglected(craft):
    near = {"earth_distance_au": 0.01}
    for model, told in (("kepler", "encounter neglected"), ("n-body", "its pull on the craft")):
        ranking = rank(table(("A", "flyby", 1, 50.0, near | {"asteroid_model": model})), craft)
        assert ranking.loc[0, "flags"].startswith("flyby: arrival near Earth")
        assert told in ranking.loc[0, "flags"]


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


def test_trust_is_written_beside_the_first_and_flags_the_doubtful(few, parking, grid, craft):
    arcs = search_transfers(few, parking, grid)
    plain = rank(arcs, craft)
    trust = assess_ranking(plain, few)
    assert sorted(zip(trust["designation"], trust["kind"], strict=True)) == sorted(
        (name, kind) for name in few["designation"] for kind in ("flyby", "rendezvous")
    )
    ranking = rank(arcs, craft, trust=trust)
    assert list(ranking["designation"]) == list(plain["designation"])  # the order is that of Δv
    row = ranking.set_index("designation")
    # Apophis passes the Earth in April 2029, Eros does not; both orbits are known well.
    assert row.loc["433", "flyby_trusted"] == "yes" and row.loc["433", "flyby_doubt"] == ""
    assert 0.0 < row.loc["433", "flyby_sigma_km"] < 2_000.0
    late = row.loc["99942"]
    for kind in ("flyby", "rendezvous"):
        after = late[f"{kind}_arrival_jd_tdb"] > 2_462_240.4
        assert (late[f"{kind}_trusted"] == "no") == after
        assert (f"{kind}: asteroid's position on arrival in doubt" in late["flags"]) == after
        if after:
            assert late[f"{kind}_earth_pass_au"] == pytest.approx(0.000254, abs=1e-5)
            assert int(late[f"{kind}_earth_pass_jd_tdb"]) == 2_462_240
    assert "no" in set(row["flyby_trusted"]) | set(row["rendezvous_trusted"])
    pd.testing.assert_frame_equal(
        rank(arcs, craft, trust=recorded_trust(ranking)), ranking, check_exact=True
    )


def test_only_the_first_are_assessed(few, parking, grid, craft):
    arcs = search_transfers(few, parking, grid)
    plain = rank(arcs, craft)
    trust = assess_ranking(plain, few, rows=1)
    first = plain[(plain["flyby_rank"] == 1) | (plain["rendezvous_rank"] == 1)]
    assert set(trust["designation"]) == set(first["designation"])
    ranking = rank(arcs, craft, trust=trust)
    rest = ~ranking["designation"].isin(first["designation"])
    assert rest.any() and set(ranking.loc[rest, "flyby_trusted"]) == {""}
    assert ranking.loc[rest, "flyby_sigma_km"].isna().all()
    on_ellipses = rank(search_transfers(few, parking, grid, model="kepler"), craft)
    assert len(assess_ranking(on_ellipses, few)) == 0


def test_places_on_ellipses_stand_beside(few, parking, grid, craft):
    arcs, kepler = (search_transfers(few, parking, grid, model=m) for m in ("n-body", "kepler"))
    ranking = rank(arcs, craft, kepler=kepler[kepler["designation"] != "433"])
    beside = rank(kepler[kepler["designation"] != "433"], craft).set_index("designation")
    row = ranking.set_index("designation")
    for kind in ("flyby", "rendezvous"):
        assert pd.isna(row.loc["433", f"{kind}_kepler_rank"])
        for name in ("rank", "dv_m_s"):
            ours = row.loc[beside.index, f"{kind}_kepler_{name}"]
            assert list(ours) == list(beside[f"{kind}_{name}"])


def test_an_old_ranking_without_these_columns_is_read(few, parking, grid, craft, tmp_path):
    plain = rank(search_transfers(few, parking, grid), craft)
    write_table(plain, RANKING, tmp_path / "ranking.ecsv", provenance={})
    assert b"kepler_rank" not in (tmp_path / "ranking.ecsv").read_bytes()
    pd.testing.assert_frame_equal(read_table(tmp_path / "ranking.ecsv", RANKING)[0], plain)
