"""Three-body arcs as records, and records as the table that is written and read."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from survey.ephemeris import SPAN_JD_TDB
from survey.tables import THREE_BODY, validate
from survey.transfer.three_body_arcs import (
    CAREFUL,
    Effort,
    Found,
    Kind,
    phase_costs,
    speeds_m_s,
)
from survey.transfer.three_body_model import (
    DAY,
    REACH_PHASES,
    SearchWindow,
    ThreeBodyModel,
)

Array = NDArray[np.float64]

KINDS: Final[tuple[Kind, ...]] = ("flyby", "rendezvous")
TRADES: Final = 6
"""Most arcs kept of an asteroid and kind: the cheapest, and what being there sooner costs."""

_SOONER_D: Final = 10.0

RECORD: Final = np.dtype(
    [
        ("asteroid", np.int64), ("kind", np.int8), ("window", np.int8), ("careful", np.bool_),
        ("begin", float), ("end", float), ("phase", float), ("assisted", np.bool_),
        ("departure", float), ("arrival", float), ("total", float), ("relative", float),
        ("earth_km", float), ("best", float), ("median", float), ("worst", float),
        ("share", float), ("tried", np.int64), ("converged", np.int64),
    ]
)  # fmt: skip


def records_of(
    model: ThreeBodyModel, window: SearchWindow, found: Found, asteroid: int, kind: Kind,
    effort: Effort,
) -> NDArray[np.void]:  # fmt: skip
    """Choose the arcs of one asteroid and kind that the table keeps: its trade of cost and time.

    Unassisted arcs come first; where there is none, the cheapest assisted one stands for the
    asteroid and is marked.
    """
    departure, arrival = speeds_m_s(model, found.arcs)
    total = departure + (arrival if kind == "rendezvous" else 0.0)
    rows = _trades(found, total)
    records = np.zeros(len(rows), RECORD)
    if not len(rows):
        return records
    careful = effort == CAREFUL
    records["asteroid"], records["kind"] = asteroid, KINDS.index(kind)
    records["window"], records["careful"] = np.arange(1, len(rows) + 1), careful
    arcs = found.arcs
    records["begin"], records["end"] = arcs.begin[rows], arcs.end[rows]
    records["phase"] = np.mod(arcs.phase[rows], 1.0) if model.torus is not None else np.nan
    records["departure"], records["relative"] = departure[rows], arrival[rows]
    records["arrival"] = arrival[rows] if kind == "rendezvous" else 0.0
    records["total"], records["earth_km"] = total[rows], found.earth_km[rows]
    records["assisted"] = found.assisted[rows]
    records["tried"], records["converged"] = found.tried, found.converged
    for name in ("best", "median", "worst", "share"):
        records[name] = np.nan
    if careful and model.torus is not None and model.phase_zero is None:
        budget = window.flyby_m_s if kind == "flyby" else window.rendezvous_m_s
        costs = np.sort(phase_costs(model, found, REACH_PHASES))
        costs[costs > budget] = np.inf
        figures = costs[0], costs[len(costs) // 2], costs[-1]
        for name, value in zip(("best", "median", "worst"), figures, strict=True):
            records[name] = value if np.isfinite(value) else np.nan
        records["share"] = np.isfinite(costs).mean()
    return records


def _trades(found: Found, total: Array) -> NDArray[np.int64]:
    """Return the arcs of which none is cheaper, quicker and earlier, cheapest first.

    A few days are no reason to pay more: a dearer arc has to save `_SOONER_D` in flight or arrival.
    """
    pool = np.flatnonzero(~found.assisted)
    if not len(pool):
        pool = np.arange(len(total))
    pool = pool[np.argsort(total[pool], kind="stable")]
    tof = found.arcs.end - found.arcs.begin
    kept: list[int] = []
    for row in pool:
        beaten = any(
            tof[k] < tof[row] + _SOONER_D * DAY
            and found.arcs.end[k] < found.arcs.end[row] + _SOONER_D * DAY
            for k in kept
        )
        if not beaten:
            kept.append(int(row))
        if len(kept) == TRADES:
            break
    return np.array(kept, dtype=np.int64)


def to_table(
    catalog: pd.DataFrame, model: ThreeBodyModel, window: SearchWindow, records: NDArray[np.void]
) -> pd.DataFrame:
    """Turn records into the table `survey.tables.THREE_BODY`, cheapest flybys first."""
    order = np.lexsort((records["window"], records["asteroid"], records["kind"]))
    records = records[order]
    rows = catalog.iloc[records["asteroid"]]
    departure, arrival = model.jd_at(records["begin"]), model.jd_at(records["end"])
    back = np.asarray(records["phase"] * model.period)
    zero = np.full(len(records), np.nan)
    known = np.isfinite(back)
    known &= records["begin"] - back > float(model.anomaly_at(np.array([SPAN_JD_TDB[0]]))[0])
    zero[known] = model.jd_at((records["begin"] - back)[known])
    frame = pd.DataFrame(
        {
            "designation": rows["designation"].to_numpy(),
            "name": rows["name"].to_numpy(),
            "H_mag": rows["H_mag"].to_numpy(),
            "kind": [KINDS[k] for k in records["kind"]],
            "window": records["window"].astype(np.int64),
            "strategy": "single impulse",
            "departure_jd_tdb": departure,
            "arrival_jd_tdb": arrival,
            "tof_d": arrival - departure,
            "phase_zero_jd_tdb": zero,
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
    table = validate(frame, THREE_BODY)
    table.attrs["counts"] = {
        "asteroids": len(catalog),
        "in_reach": len(np.unique(records["asteroid"])),
        "problems": int(records["tried"][records["window"] == 1].sum()),
        "converged": int(records["converged"][records["window"] == 1].sum()),
    }
    return table
