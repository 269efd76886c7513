"""Ways to leave the parking orbit, side by side: what each costs, asteroid by asteroid.

The single impulse is known from the search phase by phase; its arcs are handed over, not searched
again. From them come the arcs with an inserted impulse, where the primer vector says that one
helps. The manifold coast and the powered swingby have starts of their own. What comes of each way
is one record, also where it leads to nothing.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from survey.astro.perigee import Waypoints
from survey.astro.shooting_optimum import Optimum, optimise_arcs
from survey.transfer.deep_space import (
    insert_impulses,
    primer_of_legs,
    search_deep_space,
)
from survey.transfer.detours import Detours
from survey.transfer.strategy_names import INSERTED, STRATEGIES, SWINGBY
from survey.transfer.swingby import left_at_infinity_km_s, search_swingby
from survey.transfer.three_body_arcs import Kind
from survey.transfer.three_body_model import SearchWindow, ThreeBodyModel
from survey.transfer.three_body_records import KINDS
from survey.transfer.three_body_track import Track, problem_of

__all__ = ["MODE", "OUTCOMES", "modes_of"]

Array = NDArray[np.float64]
Records = NDArray[np.void]


FOUND, NO_START, NOT_CONVERGED, NONE_KEPT, NO_GAIN, NO_PATH = range(6)
OUTCOMES: Final = ("found", "no start", "not converged", "none kept", "no gain", "no path")
"""In words: there is an arc; there is nothing to start from; of the starts none converged; all that
converged cost more than the budget, or pass where they must not; an impulse on the way does not
lower the cost; where the asteroid is in these years cannot be computed."""

MODE: Final = np.dtype(
    [
        ("asteroid", np.int64), ("kind", np.int8), ("strategy", np.int8), ("outcome", np.int8),
        ("begin", float), ("middle", float), ("end", float), ("phase", float),
        ("departure", float), ("on_the_way", float), ("arrival", float), ("total", float),
        ("relative", float), ("infinity_km_s", float), ("perigee_km", float),
        ("earth_km", float), ("primer", float), ("assisted", np.bool_),
        ("tried", np.int64), ("converged", np.int64),
    ]
)  # fmt: skip
_FELT_M_S: Final = 1.0  # the primer of a smaller impulse has no direction to speak of
_FIGURES: Final = [name for name in MODE.names or () if MODE[name] == np.float64]


def modes_of(
    model: ThreeBodyModel,
    window: SearchWindow,
    tracks: list[Track],
    parents: list[Records],
    perigees: Waypoints,
    coasts: Waypoints,
    *,
    kind: Kind,
    starts: int = 80,
) -> Records:
    """Search asteroids by every way of leaving.

    Parameters
    ----------
    model : ThreeBodyModel
        The elliptic problem and the parking orbit.
    window : SearchWindow
        Dates and budgets.
    tracks : list of Track
        Where the asteroids are.
    parents : list of ndarray of `survey.transfer.three_body_records.RECORD`
        Arcs of one impulse to each asteroid, of all seasons and phases, the cheapest first.
    perigees, coasts : Waypoints
        From `survey.transfer.swingby.make_perigees` and `survey.transfer.drifts.make_coasts`.
    kind : {"flyby", "rendezvous"}
        Whether to pass or to stop.
    starts : int
        Of the coast and of the swingby, for each asteroid.

    Returns
    -------
    ndarray of MODE
        For each asteroid one record of each of `STRATEGIES`, numbered from 0.
    """
    singles = [_closed(model, tracks, n, some, kind) for n, some in enumerate(parents)]
    inserted = insert_impulses(model, window, tracks, singles, kind=kind)
    ways: list[list[Detours]] = [
        [one.arcs for one in inserted],
        search_deep_space(model, coasts, window, tracks, kind=kind, starts=starts),
        search_swingby(model, perigees, window, tracks, kind=kind, starts=starts),
    ]
    records = np.zeros((len(tracks), len(STRATEGIES)), MODE)
    records["asteroid"] = np.arange(len(tracks))[:, None]
    records["kind"], records["strategy"] = KINDS.index(kind), np.arange(len(STRATEGIES))
    for name in _FIGURES:
        records[name] = np.nan
    for n, track in enumerate(tracks):
        _put_single(model, records[n, 0], parents[n], inserted[n].primer)
        for way, found in enumerate(ways, start=1):
            _put(model, records[n, way], _cheaper(way, found[n], parents[n]), kind)
        if len(parents[n]) and records[n, 1]["outcome"] in (NO_START, NONE_KEPT):
            records[n, 1]["outcome"] = NO_GAIN
        if not np.isfinite(track.states).any():
            records[n]["outcome"] = NO_PATH
    return records.ravel()


def _closed(
    model: ThreeBodyModel, tracks: list[Track], number: int, parents: Records, kind: Kind
) -> Optimum:
    """Close arcs once more from what their records tell."""
    problem = problem_of(model, tracks, np.full(len(parents), number))
    return optimise_arcs(
        problem, parents["begin"].copy(), parents["end"].copy(), np.nan_to_num(parents["phase"]),
        parents["velocity"].copy(), rendezvous=kind == "rendezvous", iterations=0,
    )  # fmt: skip


def _put_single(model: ThreeBodyModel, record: np.void, parents: Records, primer: Array) -> None:
    if not len(parents):
        record["outcome"] = NO_START
        return
    best = parents[0]
    for name in ("begin", "end", "departure", "arrival", "total", "relative", "earth_km"):
        record[name] = best[name]
    record["phase"] = best["phase"] if model.torus is not None else np.nan
    record["on_the_way"] = 0.0
    if min(best["departure"], best["arrival"] or np.inf) >= _FELT_M_S:
        record["primer"] = primer[0]
    record["assisted"] = best["assisted"]
    record["tried"], record["converged"] = best["tried"], best["converged"]


def _cheaper(way: int, found: Detours, parents: Records) -> Detours:
    """Drop insertions into dearer arcs that leave them dearer than the best single impulse."""
    if STRATEGIES[way] != INSERTED or not len(parents) or parents[0]["assisted"]:
        return found
    return found.keep(found.total_m_s < parents[0]["total"])


def _put(model: ThreeBodyModel, record: np.void, found: Detours, kind: Kind) -> None:
    record["tried"], record["converged"] = found.tried, found.converged
    if not len(found.total_m_s):
        record["outcome"] = (
            NO_START if not found.tried else NONE_KEPT if found.converged else NOT_CONVERGED
        )
        return
    legs = found.legs
    record["begin"], record["middle"], record["end"] = legs.begin[0], legs.middle[0], legs.end[0]
    record["phase"] = found.phase[0] if model.torus is not None else np.nan
    record["departure"], record["on_the_way"] = found.departure_m_s[0], found.middle_m_s[0]
    record["relative"] = found.arrival_m_s[0]
    record["arrival"] = found.arrival_m_s[0] if kind == "rendezvous" else 0.0
    record["total"], record["earth_km"] = found.total_m_s[0], found.earth_km[0]
    record["assisted"] = found.assisted[0]
    paid = [record["departure"], record["on_the_way"], record["arrival"] or np.inf]
    if STRATEGIES[record["strategy"]] == SWINGBY:
        record["infinity_km_s"] = left_at_infinity_km_s(model, found)[0]
        record["perigee_km"] = found.earth_km[0]
    elif min(paid) >= _FELT_M_S:
        record["primer"] = primer_of_legs(model, legs.take(np.arange(1)), kind=kind)[0]
