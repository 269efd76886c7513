"""What one asteroid's three-body search came to, as records of fixed size: its arcs, or why none.

Every asteroid has at least one record of either kind. An asteroid without an arc has a single one,
with `window` 0, its figures NaN, and its `outcome`, so that nobody who was searched is missing from
the counts. After a careful search the records of further arcs, of other dates and phases, follow:
the parents of other ways to leave (`survey.transfer.strategies`), which no table shows.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

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

IN_REACH, OUT_OF_REACH, NOT_CONVERGED, OVER_BUDGET, NO_PATH = range(5)
OUTCOMES: Final = ("in reach", "out of reach", "not converged", "over budget", "no path")
"""In words: there is an arc; there is no start; of the starts none converged; all that converged
cost more than the budget; where the asteroid is in these years cannot be computed."""

PARENT: Final = 64
"""The `window` of the first parent, which is the cheapest arc; the others follow."""

_PARENTS: Final = 48
_SOONER_D: Final = 10.0
_SEASON_D: Final = 45.0  # parents differ by as much in their dates, or ...
_SECTORS: Final = 12  # ... in phase

RECORD: Final = np.dtype(
    [
        ("asteroid", np.int64), ("kind", np.int8), ("window", np.int8), ("careful", np.bool_),
        ("outcome", np.int8),
        ("begin", float), ("end", float), ("phase", float), ("velocity", float, 3),
        ("assisted", np.bool_),
        ("departure", float), ("arrival", float), ("total", float), ("relative", float),
        ("earth_km", float), ("best", float), ("median", float), ("worst", float),
        ("share", float), ("starts", np.int64), ("tried", np.int64), ("converged", np.int64),
    ]
)  # fmt: skip
_FIGURES: Final = [name for name in RECORD.names or () if RECORD[name] == np.float64]


def records_of(
    model: ThreeBodyModel, window: SearchWindow, found: Found, asteroid: int, kind: Kind,
    effort: Effort, *, has_path: bool = True, parents: bool | None = None,
) -> NDArray[np.void]:  # fmt: skip
    """Choose the arcs of one asteroid and kind that the table keeps: its trade of cost and time.

    Unassisted arcs come first; where there is none, the cheapest assisted one stands for the
    asteroid and is marked. Where there is no arc at all, one record tells why. Parents of other
    ways to leave follow if asked for, or after a careful search.
    """
    departure, arrival = speeds_m_s(model, found.arcs)
    total = departure + (arrival if kind == "rendezvous" else 0.0)
    trades, careful = _trades(found, total), effort == CAREFUL
    further = _parents(found) if (careful if parents is None else parents) else trades[:0]
    rows = np.concatenate([trades, further])
    records = np.zeros(max(len(rows), 1), RECORD)
    records["asteroid"], records["kind"] = asteroid, KINDS.index(kind)
    records["careful"], records["outcome"] = careful, _outcome(found, has_path=has_path)
    records["starts"] = found.starts
    records["tried"], records["converged"] = found.tried, found.converged
    for name in (*_FIGURES, "velocity"):
        records[name] = np.nan
    if not len(rows):
        return records
    records["window"] = np.concatenate(
        [np.arange(1, len(trades) + 1), PARENT + np.arange(len(further))]
    )
    arcs = found.arcs
    records["velocity"] = arcs.velocity[rows]
    records["begin"], records["end"] = arcs.begin[rows], arcs.end[rows]
    records["phase"] = np.mod(arcs.phase[rows], 1.0) if model.torus is not None else np.nan
    records["departure"], records["relative"] = departure[rows], arrival[rows]
    records["arrival"] = arrival[rows] if kind == "rendezvous" else 0.0
    records["total"], records["earth_km"] = total[rows], found.earth_km[rows]
    records["assisted"] = found.assisted[rows]
    if careful and model.torus is not None and model.phase_zero is None:
        budget = window.budget_m_s(kind)
        costs = np.sort(phase_costs(model, found, REACH_PHASES))
        costs[costs > budget] = np.inf
        figures = costs[0], costs[len(costs) // 2], costs[-1]
        for name, value in zip(("best", "median", "worst"), figures, strict=True):
            records[name] = value if np.isfinite(value) else np.nan
        records["share"] = np.isfinite(costs).mean()
    return records


def split_parents(records: NDArray[np.void]) -> tuple[NDArray[np.void], NDArray[np.void]]:
    """Tell what the tables show from the parents of other ways to leave."""
    shown = records["window"] < PARENT
    return records[shown], records[~shown]


def _parents(found: Found) -> NDArray[np.int64]:
    """Choose arcs of all seasons and phases, the cheapest first, those past Earth or Moon last."""
    arcs = found.arcs
    order = np.lexsort((arcs.cost, found.assisted))
    dates = np.stack([arcs.begin, arcs.end], axis=1)[order] // (_SEASON_D * DAY)
    part = np.floor(np.mod(arcs.phase[order], 1.0) * _SECTORS)
    _, first = np.unique(np.column_stack([dates, part]), axis=0, return_index=True)
    return np.asarray(order[np.sort(first)][:_PARENTS])


def _outcome(found: Found, *, has_path: bool) -> int:
    if len(found.arcs.cost):
        return IN_REACH
    if not has_path:
        return NO_PATH
    if not found.starts and not found.tried:
        return OUT_OF_REACH
    return OVER_BUDGET if found.converged else NOT_CONVERGED


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
