"""Records of a three-body search as the tables that are written and read, and as counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from survey.ephemeris import SPAN_JD_TDB
from survey.tables import THREE_BODY, UNREACHED, validate
from survey.transfer.strategy_names import SINGLE
from survey.transfer.three_body_model import SearchWindow, ThreeBodyModel
from survey.transfer.three_body_records import IN_REACH, KINDS, OUTCOMES

Array = NDArray[np.float64]


def to_table(
    catalog: pd.DataFrame, model: ThreeBodyModel, records: NDArray[np.void]
) -> pd.DataFrame:
    """Turn the arcs among records into the table `survey.tables.THREE_BODY`, flybys first."""
    records = records[records["outcome"] == IN_REACH]
    order = np.lexsort((records["window"], records["asteroid"], records["kind"]))
    records = records[order]
    rows = catalog.iloc[records["asteroid"]]
    departure, arrival = model.jd_at(records["begin"]), model.jd_at(records["end"])
    frame = pd.DataFrame(
        {
            "designation": rows["designation"].to_numpy(),
            "name": rows["name"].to_numpy(),
            "H_mag": rows["H_mag"].to_numpy(),
            "kind": [KINDS[k] for k in records["kind"]],
            "window": records["window"].astype(np.int64),
            "strategy": SINGLE,
            "departure_jd_tdb": departure,
            "arrival_jd_tdb": arrival,
            "tof_d": arrival - departure,
            "phase_zero_jd_tdb": phase_zero_jd(model, records["begin"], records["phase"]),
            "dv_departure_m_s": records["departure"],
            "dv_arrival_m_s": records["arrival"],
            "dv_total_m_s": records["total"],
            "v_relative_km_s": records["relative"] / 1e3,
            "least_earth_km": records["earth_km"],
            "assisted": records["assisted"],
            "phase_best_m_s": records["best"],
            "phase_median_m_s": records["median"],
            "phase_worst_m_s": records["worst"],
            "phases_within_budget": records["share"],
            "effort": np.where(records["careful"], "phase by phase", "quick"),
            "problems": records["tried"],
            "converged": records["converged"],
            "fidelity": "three-body",
            "asteroid_model": "n-body",
            "status": 0,
        }
    )
    return validate(frame, THREE_BODY)


def phase_zero_jd(model: ThreeBodyModel, begin: Array, phase: Array) -> Array:
    """Return when a craft must have been at phase zero, JD TDB; NaN before the ephemeris begins."""
    zero = np.full(len(begin), np.nan)
    then = begin - phase * model.period
    known = np.isfinite(then)
    known &= then > float(model.anomaly_at(np.array([SPAN_JD_TDB[0]]))[0])
    zero[known] = model.jd_at(then[known])
    return zero


def to_unreached(
    catalog: pd.DataFrame, window: SearchWindow, records: NDArray[np.void]
) -> pd.DataFrame:
    """Turn the records without an arc into the table `survey.tables.UNREACHED`, flybys first."""
    records = records[records["outcome"] != IN_REACH]
    records = records[np.lexsort((records["asteroid"], records["kind"]))]
    rows = catalog.iloc[records["asteroid"]]
    frame = pd.DataFrame(
        {
            "designation": rows["designation"].to_numpy(),
            "name": rows["name"].to_numpy(),
            "kind": [KINDS[k] for k in records["kind"]],
            "outcome": [OUTCOMES[k] for k in records["outcome"]],
            "budget_m_s": np.array([window.flyby_m_s, window.rendezvous_m_s])[records["kind"]],
            "starts": records["starts"],
            "problems": records["tried"],
            "converged": records["converged"],
        }
    )
    return validate(frame, UNREACHED)


def counts_of(
    asteroids: int, records: NDArray[np.void], passes: list[NDArray[np.void]]
) -> dict[str, Any]:
    """Account for every asteroid that was searched and every problem that was tried.

    Parameters
    ----------
    asteroids : int
        How many there were.
    records : ndarray of RECORD
        What the search came to: of each asteroid and kind its arcs, or the record that tells why
        there is none.
    passes : list of ndarray of RECORD
        What each pass of the search gave, those included that a later pass has replaced.

    Returns
    -------
    dict
        ``asteroids``; ``in_reach``, those with an arc of either kind; ``problems`` and
        ``converged``, boundary-value problems of all passes and asteroids; and for each kind a
        dict of ``searched``, ``arcs`` and, by `OUTCOMES`, how many asteroids came to which: these
        add up to those searched.
    """
    arcs = records[records["outcome"] == IN_REACH]
    once = [one[one["window"] <= 1] for one in passes]
    counts: dict[str, Any] = {
        "asteroids": asteroids,
        "in_reach": len(np.unique(arcs["asteroid"])),
        "problems": int(sum(one["tried"].sum() for one in once)),
        "converged": int(sum(one["converged"].sum() for one in once)),
    }
    for number, kind in enumerate(KINDS):
        own = records[(records["kind"] == number) & (records["window"] <= 1)]
        came_to = np.bincount(own["outcome"], minlength=len(OUTCOMES))
        counts[kind] = {
            "searched": len(own),
            "arcs": int((arcs["kind"] == number).sum()),
            **{name: int(count) for name, count in zip(OUTCOMES, came_to, strict=True)},
        }
    return counts
