"""From transfers to a decision: one row per asteroid, cheapest first, with reasons for caution."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pandas as pd

from survey.tables import RANKING, TRANSFERS, validate
from survey.transfer.arcs import KINDS
from survey.transfer.spacecraft import Spacecraft

# Chang'e 2's transfer to (4179) Toutatis, the one flown, prices heliocentric arcs from L2 within
# 6 % of the three-body problem up to 104 days of flight and three times too high at 128 days.
FAST_TOF_D = 110.0
FREE_M_S = 20.0
"""Less than this is free within the model: a libration point is no trajectory of the real one."""

NEAR_EARTH_AU = 0.05  # nearer than this on arrival, Earth bends the asteroid's path and the arc

_TAKEN = (
    "departure_jd_tdb", "arrival_jd_tdb", "tof_d", "revs", "v_relative_km_s", "breadth_d",
    "dv_departure_m_s",
)  # fmt: skip


def rank(transfers: pd.DataFrame, spacecraft: Spacecraft) -> pd.DataFrame:
    """Rank the asteroids by the delta-v of their best windows.

    A window counts as affordable when its delta-v is within the craft's budget and it arrives by
    the craft's last date. Ranks go by delta-v, ties by arrival: an unaffordable asteroid keeps its
    place, and `within_budget` says what it lacks. Delta-v below `FREE_M_S` is free within the
    model, so such asteroids tie, and the first to be met comes first.

    Parameters
    ----------
    transfers : DataFrame
        In the schema `survey.tables.TRANSFERS`.
    spacecraft : Spacecraft
        What may be spent, and until when.

    Returns
    -------
    DataFrame
        One asteroid per row, in the schema `survey.tables.RANKING`, by flyby rank. The windows
        described are the best ones that arrive by the last date, or the best of all where none
        does.
    """
    transfers = validate(transfers, TRANSFERS)
    budget = spacecraft.budget.to_value(u.m / u.s)
    last = float(spacecraft.last_date.tdb.jd)
    solved = transfers[transfers["dv_total_m_s"].notna()]
    in_time = solved["arrival_jd_tdb"] <= last
    order = solved.assign(late=~in_time).sort_values(
        ["late", "dv_total_m_s", "arrival_jd_tdb"], kind="stable"
    )
    best = order.drop_duplicates(["designation", "kind"])
    ranking = solved.drop_duplicates("designation").set_index("designation")[
        ["name", "H_mag", "fidelity", "asteroid_model"]
    ]
    for kind in KINDS:
        rows = best[best["kind"] == kind].set_index("designation")
        affordable = (rows["dv_total_m_s"] <= budget) & ~rows["late"]
        price = rows["dv_total_m_s"].clip(lower=FREE_M_S)
        place = rows.assign(price=price).sort_values(["price", "arrival_jd_tdb"], kind="stable")
        number = pd.Series(np.arange(1, len(place) + 1), index=place.index)
        ranking[f"{kind}_rank"] = number.reindex(ranking.index).astype("Int64")
        ranking[f"{kind}_dv_m_s"] = rows["dv_total_m_s"].reindex(ranking.index)
        for name in _TAKEN:
            column = rows[name].reindex(ranking.index)
            ranking[f"{kind}_{name}"] = column.astype("Int64") if name == "revs" else column
        windows = solved.loc[solved["kind"] == kind, "designation"].value_counts()
        ranking[f"{kind}_windows"] = windows.reindex(ranking.index, fill_value=0)
        ranking[f"{kind}_within_budget"] = affordable.reindex(ranking.index, fill_value=False)
    ranking["flags"] = _flags(best, last).reindex(ranking.index).fillna("")
    ranking = ranking.sort_values(["flyby_rank", "rendezvous_rank"], kind="stable")
    return validate(ranking.reset_index(), RANKING)


def _flags(best: pd.DataFrame, last: float) -> pd.Series[str]:
    """Reasons not to take the figures at their word, one text per asteroid."""
    doubts = {
        "slow flight, Earth's gravity at L2 neglected": (best["fidelity"] == "two-body")
        & (best["tof_d"] > FAST_TOF_D),
        "arrival near Earth, encounter neglected": (best["asteroid_model"] == "kepler")
        & (best["earth_distance_au"] < NEAR_EARTH_AU),
        "below 20 m/s, free within the model": best["dv_total_m_s"] < FREE_M_S,
        "arrives after the craft's last date": best["arrival_jd_tdb"] > last,
    }
    parts = [
        pd.DataFrame(
            {
                "designation": best.loc[applies, "designation"],
                "kind": best.loc[applies, "kind"],
                "text": best.loc[applies, "kind"] + ": " + reason,
            }
        )
        for reason, applies in doubts.items()
    ]
    lines = pd.concat(parts).sort_values("kind", kind="stable")
    return lines.groupby("designation", sort=False)["text"].agg("; ".join)
