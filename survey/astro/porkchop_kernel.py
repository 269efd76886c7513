"""The search of one asteroid over all dates, fused: states in, best arc of each departure out.

Nothing of size departures x times of flight is stored. For each departure the arcs to all
arrivals are solved in a loop that LLVM makes SIMD, and only the cheapest flyby and the cheapest
rendezvous stay; `survey.astro.porkchop_refine` then moves their arrivals off the grid.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro import (
    lambert_careful,
    lambert_cell,
    lambert_lanes,
    lambert_series,
    porkchop_arrival,
    porkchop_cost,
    porkchop_refine,
)
from survey.astro.compiling import entry, fingerprint, frozen, kernel
from survey.astro.lambert_careful import SOLVED, solve_careful
from survey.astro.lambert_cell import may_reach, solve_direct, solve_paths
from survey.astro.lambert_lanes import (
    BLOCK,
    HALF,
    ROW,
    Array,
    Vector,
    get,
    pairs,
    place,
    put,
    put_pair,
    vector,
)
from survey.astro.lambert_series import MULTI_REVS_FITTED, s_map
from survey.astro.porkchop_cost import distance, impulses
from survey.astro.porkchop_refine import ROWS, refine_arrivals

Places = NDArray[np.int64]

MAX_REVS = 7

# Rows of the work array. Of each arrival: the target's position and velocity, the time of flight,
# both impulses, lambda and T as they decide on revolutions. Then the first seven again for the
# arrivals that are left for arcs with revolutions, one after the other, and both impulses on the
# low and on the high path.
_R, _V, _TOF, _DV, _S = 0, 3, 6, 7, 9
_COPY, _COPY_V, _COPY_TOF, _LOW, _HIGH = 11, 14, 17, 18, 20
_STATE = 7  # rows that describe an arrival


@kernel
def _direct_row(mu: float, w: Array, reach: int, a: Vector, u: Vector) -> None:
    """Both impulses of the direct arcs from one departure to all arrivals."""
    for j in range(reach):
        k = j + HALF
        one, other = (a, vector(w, _R, j), get(w, _TOF, j)), (a, vector(w, _R, k), get(w, _TOF, k))
        arc1, arc2, shape1, shape2 = solve_direct(mu, one, other, 1.0)
        put_pair(w, _DV, j, impulses(arc1, one, u, vector(w, _V, j)))
        put_pair(w, _DV, k, impulses(arc2, other, u, vector(w, _V, k)))
        put_pair(w, _S, j, (s_map(shape1[4], shape1[5]), shape1[6]))
        put_pair(w, _S, k, (s_map(shape2[4], shape2[5]), shape2[6]))


@kernel
def _paths_row(mu: float, w: Array, count: int, a: Vector, u: Vector, revs: int) -> None:
    """Both impulses of the arcs with revolutions, on both paths, to the arrivals left for them."""
    for j in range(count):
        problem = (a, vector(w, _COPY, j), get(w, _COPY_TOF, j))
        target = vector(w, _COPY_V, j)
        low, high = solve_paths(mu, problem, 1.0, revs)
        put_pair(w, _LOW, j, impulses(low, problem, u, target))
        put_pair(w, _HIGH, j, impulses(high, problem, u, target))


@kernel
def _compact(w: Array, reach: int, count: int, revs: int) -> int:
    """Copy the arrivals that `revs` revolutions may reach, one after the other; their number."""
    for half in range(0, 2 * HALF, HALF):
        for j in range(reach):
            at = half + j
            s, wanted = get(w, _S, at), get(w, _S + 1, at)
            put(w, _LOW, at, 1.0 if may_reach(revs, s, wanted) else 0.0)
    kept = 0
    for j in range(count):
        put(w, _HIGH, kept, place(j))
        kept += int(get(w, _LOW, place(j)))
    for m in range(kept):
        at = int(get(w, _HIGH, m))
        for k in range(_STATE):
            put(w, _COPY + k, m, get(w, k, at))
    return kept


@kernel
def _redo(
    mu: float, w: Array, row: int, at: int, a: Vector, u: Vector, revs: int, low: bool
) -> tuple[float, float]:
    """Solve one arc that the fast loop set aside; both impulses, infinite where there is none."""
    problem = (a, vector(w, row, at), get(w, row + _TOF, at))
    v1, v2, status = solve_careful(mu, problem, 1.0, revs, low)
    if status != SOLVED:
        return math.inf, math.inf
    return distance(v1, u), distance(v2, vector(w, row + _V, at))


@kernel
def _keep(
    mu: float, w: Array, state: int, row: int, first: int, count: int, a: Vector, u: Vector,
    revs: int, path: int, i: int, dv: Array, tof: Array, code: Places,
) -> None:  # fmt: skip
    """Remember the cheapest flyby and rendezvous of departure `i`, if cheaper than those so far.

    `state` is the row where the arrivals begin, `row` that of their impulses.
    """
    unsolved = False
    flyby, flyby_at, stop, stop_at = math.inf, first, math.inf, first
    for at in range(first, first + count):  # no branch depends on what it reads
        leave = get(w, row, at)
        total = leave + get(w, row + 1, at)
        unsolved |= leave != leave
        flyby_at = at if leave < flyby else flyby_at
        flyby = leave if leave < flyby else flyby
        stop_at = at if total < stop else stop_at
        stop = total if total < stop else stop
    if unsolved:
        for at in range(first, first + count):
            if get(w, row, at) != get(w, row, at):
                leave, arrive = _redo(mu, w, state, at, a, u, revs, path == 0)
                if leave < flyby:
                    flyby, flyby_at = leave, at
                if leave + arrive < stop:
                    stop, stop_at = leave + arrive, at
    arc = 0 if revs == 0 else 2 * revs - 1 + path
    if flyby < dv[0, i]:
        dv[0, i], tof[0, i], code[0, i] = flyby, get(w, state + _TOF, flyby_at), arc
    if stop < dv[1, i]:
        dv[1, i], tof[1, i], code[1, i] = stop, get(w, state + _TOF, stop_at), arc


@kernel
def _grid(
    mu: float, start: Array, aim: Array, index: Places, tofs: Array, max_revs: int, w: Array,
    dv: Array, tof: Array, code: Places,
) -> None:  # fmt: skip
    """Best grid cell of each departure of one asteroid, for one stretch of times of flight."""
    count = tofs.size
    for i in range(index.shape[0]):
        a, u = (start[i, 0], start[i, 1], start[i, 2]), (start[i, 3], start[i, 4], start[i, 5])
        for j in range(count):
            at, source = place(j), index[i, j]
            for k in range(6):
                put(w, k, at, aim[source, k])
            put(w, _TOF, at, tofs[j])
        _direct_row(mu, w, pairs(count), a, u)
        for half in range(2):
            real = (count + 1 - half) // 2
            _keep(mu, w, 0, _DV, half * HALF, real, a, u, 0, 0, i, dv, tof, code)
        for revs in range(1, max_revs + 1):
            kept = _compact(w, pairs(count), count, revs)
            if kept == 0:
                break
            if revs <= MULTI_REVS_FITTED:
                _paths_row(mu, w, (kept + 7) // 8 * 8, a, u, revs)
            else:
                for j in range(kept):
                    put_pair(w, _LOW, j, (math.nan, math.nan))
                    put_pair(w, _HIGH, j, (math.nan, math.nan))
            for path in range(2):
                row = _HIGH if path == 1 else _LOW
                _keep(mu, w, _COPY, row, 0, kept, a, u, revs, path, i, dv, tof, code)


def _build(compiled_in: int) -> Callable[..., Any]:
    @entry
    def search(
        mu: float, begin: Array, start: Array, nodes: Array, aim: Array, index: Places, tofs: Array,
        max_revs: int, refine: bool,
    ) -> tuple[Array, Array, Places]:  # fmt: skip
        _ = compiled_in  # see survey.astro.compiling.fingerprint
        w = np.zeros(ROWS * ROW)
        table = np.empty((nodes.size, 18))
        asteroids, departures = aim.shape[0], index.shape[0]
        dv = np.full((asteroids, 2, departures), np.inf)
        tof = np.full((asteroids, 2, departures), np.nan)
        code = np.full((asteroids, 2, departures), -1, dtype=np.int64)
        for n in range(asteroids):
            for first in range(0, tofs.size, BLOCK):
                last = min(first + BLOCK, tofs.size)
                _grid(
                    mu, start, aim[n], index[:, first:last], tofs[first:last], max_revs, w,
                    dv[n], tof[n], code[n],
                )  # fmt: skip
            if refine:
                refine_arrivals(
                    mu, begin, start, nodes, aim[n], tofs, max_revs, w, table,
                    dv[n], tof[n], code[n],
                )  # fmt: skip
        return dv, tof, code

    return search


_search = _build(
    fingerprint(
        lambert_series, lambert_lanes, lambert_cell, lambert_careful,
        porkchop_cost, porkchop_arrival, porkchop_refine,
    )
)  # fmt: skip


def search_asteroids(
    mu: float,
    begin: ArrayLike,
    start: ArrayLike,
    nodes: ArrayLike,
    aim: ArrayLike,
    index: ArrayLike,
    tofs: ArrayLike,
    *,
    max_revs: int = 0,
    refine: bool = True,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Cheapest flyby and rendezvous of each asteroid for each departure.

    Any consistent units. The arcs run prograde.

    Parameters
    ----------
    mu : float
        Gravitational parameter of the centre.
    begin : array_like, shape (n,)
        Departure times.
    start : array_like, shape (n, 6)
        State of the craft at each departure.
    nodes : array_like, shape (k,)
        The distinct arrival times, increasing, counted from the same origin as `begin`.
    aim : array_like, shape (asteroids, k, 6)
        States of the asteroids at these times.
    index : array_like of int, shape (n, m)
        Which arrival belongs to each departure and time of flight.
    tofs : array_like, shape (m,)
        Times of flight, increasing.
    max_revs : int, optional
        Full revolutions tried, both paths of each, 0 to `MAX_REVS`.
    refine : bool, optional
        Whether the best arrival of each departure is sought between those of the grid, too.

    Returns
    -------
    dv : ndarray, shape (asteroids, 2, n)
        Least impulse to leave (flyby, 0) and least sum of both impulses (rendezvous, 1), over all
        times of flight and revolutions; infinite where no arc exists.
    tof : ndarray, shape (asteroids, 2, n)
        Time of flight of that arc.
    code : ndarray of int, shape (asteroids, 2, n)
        Which arc: 0 direct, ``2 M - 1`` for M revolutions on the low path, ``2 M`` on the high
        path, -1 for none.

    Raises
    ------
    ValueError
        If `max_revs` is out of range or the shapes do not fit together.
    """
    times, craft, epochs, states, flights = (frozen(x) for x in (begin, start, nodes, aim, tofs))
    places = frozen(index, np.int64)
    if not 0 <= max_revs <= MAX_REVS:
        raise ValueError(f"max_revs was given as {max_revs}: give 0 to {MAX_REVS}")
    for name, array, shape in (
        ("start", craft, (times.size, 6)),
        ("index", places, (times.size, flights.size)),
        ("aim", states, (*states.shape[:1], epochs.size, 6)),
    ):
        if array.shape != shape:
            raise ValueError(f"{name} has shape {array.shape}: give {shape}, to fit the times")
    if places.size and not 0 <= places.min() <= places.max() < epochs.size:
        raise ValueError(f"index points beyond the {epochs.size} arrivals: give places among them")
    dv, tof, code = _search(
        float(mu), times, craft, epochs, states, places, flights, int(max_revs), bool(refine)
    )
    return dv, tof, code
