"""From transfers to a decision: one row per asteroid, cheapest first, with reasons for caution.

`rank` orders; `assess_ranking` finds out, for the rows that anybody will look at, how far the
asteroids' positions on arrival can be believed, and `rank` writes that beside them.
"""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Final

import astropy.units as u
import numpy as np
import pandas as pd

from survey.tables import RANKING, TRANSFERS, validate
from survey.transfer.arcs import KINDS
from survey.transfer.spacecraft import Spacecraft
from survey.transfer.trust import assess

# Chang'e 2's transfer to (4179) Toutatis, the one flown, prices heliocentric arcs from L2 within
# 6 % of the three-body problem up to 104 days of flight and three times too high at 128 days.
FAST_TOF_D = 110.0
FREE_M_S = 20.0
"""Less than this is free within the model: a libration point is no trajectory of the real one."""

NEAR_EARTH_AU = 0.05  # nearer than this on arrival, Earth bends the asteroid's path and the arc

TRUST_ROWS: Final = 200
"""First places of either list whose asteroids' positions are assessed."""

TRUST: Final = ("sigma_km", "earth_pass_au", "earth_pass_jd_tdb", "trusted", "doubt")
_YES, _NO = "yes", "no"

_TAKEN = (
    "departure_jd_tdb", "arrival_jd_tdb", "tof_d", "revs", "v_relative_km_s", "breadth_d",
    "dv_departure_m_s",
)  # fmt: skip


def rank(
    transfers: pd.DataFrame,
    spacecraft: Spacecraft,
    *,
    trust: pd.DataFrame | None = None,
    kepler: pd.DataFrame | None = None,
) -> pd.DataFrame:
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
    trust : DataFrame, optional
        What `assess_ranking` gave for this ranking: how far the positions can be believed.
    kepler : DataFrame, optional
        Transfers to the same asteroids moved along their ellipses (``model="kepler"``), for
        comparison: place and delta-v that they would have.

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
    if trust is not None:
        best = best.merge(trust, on=["designation", "kind"], how="left")
        for kind in KINDS:
            own = trust[trust["kind"] == kind].set_index("designation")
            for name in TRUST:
                ranking[f"{kind}_{name}"] = own[name].reindex(ranking.index)
    if kepler is not None:
        undisturbed = rank(kepler, spacecraft).set_index("designation")
        for kind in KINDS:
            for name in ("rank", "dv_m_s"):
                column = undisturbed[f"{kind}_{name}"].reindex(ranking.index)
                ranking[f"{kind}_kepler_{name}"] = column
    ranking["flags"] = _flags(best, last).reindex(ranking.index).fillna("")
    ranking = ranking.sort_values(["flyby_rank", "rendezvous_rank"], kind="stable")
    return validate(ranking.reset_index(), RANKING)


def _flags(best: pd.DataFrame, last: float) -> pd.Series[str]:
    """Reasons not to take the figures at their word, one text per asteroid."""
    near = best["earth_distance_au"] < NEAR_EARTH_AU
    assessed = best["trusted"] if "trusted" in best else pd.Series("", index=best.index)
    doubted = assessed == _NO
    doubts = {
        "slow flight, Earth's gravity at L2 neglected": (best["fidelity"] == "two-body")
        & (best["tof_d"] > FAST_TOF_D),
        "arrival near Earth, encounter neglected": (best["asteroid_model"] == "kepler") & near,
        "arrival near Earth, its pull on the craft neglected": (best["fidelity"] == "two-body")
        & (best["asteroid_model"] != "kepler")
        & near,
        "asteroid's position on arrival in doubt": doubted,
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


def assess_ranking(
    ranking: pd.DataFrame,
    catalog: pd.DataFrame,
    *,
    rows: int = TRUST_ROWS,
    executor: Executor | None = None,
) -> pd.DataFrame:
    """Find out how far the positions of the first asteroids of a ranking can be believed.

    Parameters
    ----------
    ranking : DataFrame
        What `rank` gave.
    catalog : DataFrame
        Rows in the schema `survey.tables.CATALOG` that hold these asteroids.
    rows : int, optional
        How many of the flybys and of the rendezvous, cheapest first; whoever is among either is
        assessed for both.
    executor : concurrent.futures.Executor, optional
        Who integrates.

    Returns
    -------
    DataFrame
        One row per asteroid and kind, with `designation`, `kind` and `TRUST`, for the arrival in
        the ranking; see `survey.transfer.trust.assess`. `sigma_km` is empty where the position
        is not known at all, and `trusted` is ``yes`` or ``no``. To be given to `rank`.
    """
    orbits = catalog.set_index("designation", drop=False)
    wanted_rows = (ranking[[f"{kind}_rank" for kind in KINDS]] <= rows).fillna(False).any(axis=1)
    looked_at = ranking[wanted_rows & (ranking["asteroid_model"] != "kepler")]
    parts = []
    for kind in KINDS:
        shown = looked_at[looked_at[f"{kind}_rank"].notna()]
        parts.append(
            pd.DataFrame(
                {
                    "designation": shown["designation"],
                    "kind": kind,
                    "arrival": shown[f"{kind}_arrival_jd_tdb"],
                }
            )
        )
    wanted = pd.concat(parts, ignore_index=True)
    found = assess(
        orbits.loc[wanted["designation"]], wanted["arrival"].to_numpy(), executor=executor
    )
    sigma = found["sigma_km"].to_numpy(dtype=float)
    return pd.DataFrame(
        {
            "designation": wanted["designation"],
            "kind": wanted["kind"],
            "sigma_km": np.where(np.isfinite(sigma), sigma, np.nan),
            "earth_pass_au": found["earth_pass_au"].to_numpy(dtype=float),
            "earth_pass_jd_tdb": found["earth_pass_jd_tdb"].to_numpy(dtype=float),
            "trusted": np.where(found["trusted"].to_numpy(dtype=bool), _YES, _NO),
            "doubt": found["flag"].to_numpy(),
        }
    )


def recorded_trust(ranking: pd.DataFrame) -> pd.DataFrame:
    """Take from a ranking, as read from its file, what `assess_ranking` had found for it."""
    parts = [
        ranking.loc[ranking[f"{kind}_trusted"] != "", ["designation"]].assign(
            kind=kind, **{name: ranking[f"{kind}_{name}"] for name in TRUST}
        )
        for kind in KINDS
    ]
    return pd.concat(parts, ignore_index=True)
