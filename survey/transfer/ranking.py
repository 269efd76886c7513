"""From transfers to a decision: one row per asteroid, cheapest first, with reasons for caution.

`rank` orders; `assess_ranking` finds out, for the rows that anybody will look at, how far the
asteroids' positions on arrival can be believed, and `rank` writes that beside them. A table of
three-body arcs, where there is one, decides the order of the asteroids that it holds; both rungs
stay in the ranking, and `as_ranked` gives the figures of the one that counts.
"""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Final

import astropy.units as u
import numpy as np
import pandas as pd

from survey.tables import RANKING, THREE_BODY, TRANSFERS, UNREACHED, validate
from survey.transfer.arcs import KINDS
from survey.transfer.ranking_flags import FREE_M_S, NO, TRUST, YES, flags_of, unconfirmed_by
from survey.transfer.ranking_modes import cheapest_way
from survey.transfer.spacecraft import Spacecraft
from survey.transfer.trust import assess

__all__ = [
    "FREE_M_S", "TRUST", "TRUST_ROWS", "as_ranked", "assess_ranking", "rank", "ranked_dv",
    "recorded_trust",
]  # fmt: skip

TRUST_ROWS: Final = 200
"""First places of either list whose asteroids' positions are assessed."""

_TAKEN: Final = (
    "departure_jd_tdb", "arrival_jd_tdb", "tof_d", "revs", "v_relative_km_s", "breadth_d",
    "dv_departure_m_s",
)  # fmt: skip
_SHARED: Final = (
    "dv_m_s", "dv_departure_m_s", "departure_jd_tdb", "arrival_jd_tdb", "tof_d", "v_relative_km_s",
)  # fmt: skip
_PHASES: Final = ("phase_best_m_s", "phase_median_m_s", "phase_worst_m_s", "phases_within_budget")


def rank(
    transfers: pd.DataFrame,
    spacecraft: Spacecraft,
    *,
    three_body: pd.DataFrame | None = None,
    unreached: pd.DataFrame | None = None,
    departures: pd.DataFrame | None = None,
    trust: pd.DataFrame | None = None,
    kepler: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Rank the asteroids by the delta-v of their best windows.

    A window counts as affordable when its delta-v is within the craft's budget and it arrives by
    the craft's last date. Ranks go by delta-v, ties by arrival: an unaffordable asteroid keeps its
    place, and `within_budget` says what it lacks. Delta-v below `FREE_M_S` is free within the
    model, so such asteroids tie, and the first to be met comes first. Where an asteroid has a
    three-body arc, that one is ranked, for the best phase if the craft's is not known; and where
    another way of leaving the parking orbit than the single impulse is cheaper, that way.

    Parameters
    ----------
    transfers : DataFrame
        In the schema `survey.tables.TRANSFERS`.
    spacecraft : Spacecraft
        What may be spent, and until when.
    three_body : DataFrame, optional
        Arcs with Earth's gravity, in the schema `survey.tables.THREE_BODY`.
    unreached : DataFrame, optional
        Whom that search found no arc for, in the schema `survey.tables.UNREACHED`: two-body
        figures within its budget are flagged, as it does not confirm them.
    departures : DataFrame, optional
        Other ways of leaving the parking orbit, in the schema `survey.tables.DEPARTURES`.
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
    budget = float(spacecraft.budget.to_value(u.m / u.s))
    last = float(spacecraft.last_date.tdb.jd)
    solved = transfers[transfers["dv_total_m_s"].notna()]
    best = _best(solved, last)
    ranking = solved.drop_duplicates("designation").set_index("designation")[
        ["name", "H_mag", "fidelity", "asteroid_model"]
    ]
    above = None
    if three_body is not None:
        above = cheapest_way(_best(validate(three_body, THREE_BODY), last), departures, last)
        ranking = _with_newcomers(ranking, above)
    if unreached is not None:
        best = best.assign(unconfirmed=unconfirmed_by(best, validate(unreached, UNREACHED)))
    counted = [best.assign(rung="two-body", assisted=False)]
    for kind in KINDS:
        rows = best[best["kind"] == kind].set_index("designation")
        ranking[f"{kind}_dv_m_s"] = rows["dv_total_m_s"].reindex(ranking.index)
        for name in _TAKEN:
            column = rows[name].reindex(ranking.index)
            ranking[f"{kind}_{name}"] = column.astype("Int64") if name == "revs" else column
        if unreached is not None:
            ranking[f"{kind}_unconfirmed"] = rows["unconfirmed"].reindex(ranking.index).fillna("")
        windows = solved.loc[solved["kind"] == kind, "designation"].value_counts()
        ranking[f"{kind}_windows"] = windows.reindex(ranking.index, fill_value=0)
        if above is not None:
            ranking[f"{kind}_two_body_rank"] = _places(rows).reindex(ranking.index).astype("Int64")
            _put_three_body(ranking, kind, above[above["kind"] == kind].set_index("designation"))
    if above is not None:
        counted = [_highest(best, above)]
    for kind in KINDS:
        rows = counted[0][counted[0]["kind"] == kind].set_index("designation")
        affordable = (rows["dv_total_m_s"] <= budget) & ~rows["late"]
        ranking[f"{kind}_rank"] = _places(rows).reindex(ranking.index).astype("Int64")
        ranking[f"{kind}_within_budget"] = affordable.reindex(ranking.index, fill_value=False)
        if above is not None:
            ranking[f"{kind}_fidelity"] = rows["rung"].reindex(ranking.index).fillna("")
    if above is not None:
        rungs = counted[0].groupby("designation")["rung"]
        ranking["fidelity"] = rungs.first().where(rungs.nunique() == 1, "mixed")
    if trust is not None:
        counted[0] = counted[0].merge(trust, on=["designation", "kind"], how="left")
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
    ranking["flags"] = flags_of(counted[0], best, last).reindex(ranking.index).fillna("")
    ranking = ranking.sort_values(["flyby_rank", "rendezvous_rank"], kind="stable")
    return validate(ranking.reset_index(), RANKING)


def as_ranked(ranking: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Ranked rows of one kind, cheapest first, with the figures of the rung that was ranked.

    Parameters
    ----------
    ranking : DataFrame
        In the schema `survey.tables.RANKING`.
    kind : {"flyby", "rendezvous"}
        Which.

    Returns
    -------
    DataFrame
        The kind's prefix is taken off the columns. `dv_m_s`, `dv_departure_m_s`, the dates,
        `tof_d`, `v_relative_km_s` and `fidelity` are those of the rung on which the row is
        ranked; `two_body_dv_m_s` keeps the delta-v of the lowest one. What only a two-body window
        has, as its breadth, is empty on other rungs.
    """
    frame = ranking[ranking[f"{kind}_rank"].notna()].sort_values(f"{kind}_rank", kind="stable")
    own = [name for name in frame.columns if name.startswith(f"{kind}_")]
    other = [f"{one}_" for one in KINDS if one != kind]
    frame = frame[[n for n in frame.columns if not n.startswith(tuple(other))]]
    rung = _rungs(frame, kind)
    frame = frame.drop(columns=["fidelity", f"{kind}_fidelity"], errors="ignore")
    frame = frame.rename(columns={name: name.removeprefix(f"{kind}_") for name in own})
    frame = frame.assign(fidelity=rung, two_body_dv_m_s=frame["dv_m_s"])
    above = (rung == "three-body").to_numpy()
    if not above.any():
        return frame
    for name in _SHARED:
        frame[name] = frame[name].where(~above, frame[f"three_body_{name}"])
    for name in ("breadth_d", "revs"):
        frame[name] = frame[name].mask(above)
    return frame


def ranked_dv(ranking: pd.DataFrame, kind: str) -> pd.Series[float]:
    """Delta-v of each row on the rung on which it is ranked, m/s; shape (n,), NaN where none."""
    above = _rungs(ranking, kind) == "three-body"
    lower = ranking[f"{kind}_dv_m_s"]
    return lower.mask(above, ranking[f"{kind}_three_body_dv_m_s"]) if above.any() else lower


def _rungs(ranking: pd.DataFrame, kind: str) -> pd.Series[str]:
    """Rung on which each row is ranked; that of the whole row in tables of one rung."""
    whole = ranking.get("fidelity", pd.Series("two-body", index=ranking.index))
    own = ranking.get(f"{kind}_fidelity", whole)
    return own.where(own != "", whole)


def _best(arcs: pd.DataFrame, last: float) -> pd.DataFrame:
    """Cheapest arc of each asteroid and kind that arrives in time, or of all where none does."""
    late = arcs["arrival_jd_tdb"] > last
    order = arcs.assign(late=late).sort_values(
        ["late", "dv_total_m_s", "arrival_jd_tdb"], kind="stable"
    )
    return order.drop_duplicates(["designation", "kind"])


def _places(rows: pd.DataFrame) -> pd.Series[int]:
    """Places by delta-v, ties by arrival; `rows` has one row per asteroid, which is its index."""
    price = rows["dv_total_m_s"].clip(lower=FREE_M_S)
    place = rows.assign(price=price).sort_values(["price", "arrival_jd_tdb"], kind="stable")
    return pd.Series(np.arange(1, len(place) + 1), index=place.index)


def _with_newcomers(ranking: pd.DataFrame, above: pd.DataFrame) -> pd.DataFrame:
    """Add the asteroids that only the higher rung reaches."""
    rows = above.drop_duplicates("designation").set_index("designation")[list(ranking.columns)]
    return pd.concat([ranking, rows[~rows.index.isin(ranking.index)]])


def _highest(best: pd.DataFrame, above: pd.DataFrame) -> pd.DataFrame:
    """Take for each asteroid and kind the arc of the highest rung."""
    both = [above.assign(rung="three-body"), best.assign(rung="two-body", assisted=False)]
    return pd.concat(both, ignore_index=True).drop_duplicates(["designation", "kind"])


def _put_three_body(ranking: pd.DataFrame, kind: str, rows: pd.DataFrame) -> None:
    """Write the arcs of the higher rung, one per asteroid, beside those of the lower."""
    for name in _SHARED:
        column = rows["dv_total_m_s" if name == "dv_m_s" else name]
        ranking[f"{kind}_three_body_{name}"] = column.reindex(ranking.index)
    for name in (*_PHASES, "single_impulse_dv_m_s"):
        ranking[f"{kind}_{name}"] = rows[name].reindex(ranking.index)
    ranking[f"{kind}_strategy"] = rows["strategy"].reindex(ranking.index).fillna("")
    ranking[f"{kind}_three_body_dv_middle_m_s"] = rows["dv_middle_m_s"].reindex(ranking.index)
    for name, applies in (
        ("assisted", rows["assisted"]), ("free", rows["dv_total_m_s"] < FREE_M_S),
    ):  # fmt: skip
        told = pd.Series(np.where(applies, YES, NO), index=rows.index, dtype=object)
        ranking[f"{kind}_{name}"] = told.reindex(ranking.index).fillna("")


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
        shown = as_ranked(looked_at, kind)
        parts.append(
            pd.DataFrame(
                {
                    "designation": shown["designation"],
                    "kind": kind,
                    "arrival": shown["arrival_jd_tdb"],
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
            "trusted": np.where(found["trusted"].to_numpy(dtype=bool), YES, NO),
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
