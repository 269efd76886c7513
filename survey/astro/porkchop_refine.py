"""The best arrival of each departure, sought between the arrivals of the grid.

The impulse that leads to a flyby depends sharply on the date of arrival, because the asteroid
runs past at tens of km/s: its square is nearly a parabola in the arrival time, some days wide. So
six rounds of a parabola through three arrivals settle it. The asteroid's place between the
tabulated epochs comes from quintic Hermite interpolation on position, velocity and the Sun's pull
(0.1 km for steps of 10 days at 1 au); the arcs finally reported are solved with exact states.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from survey.astro.compiling import inlined, kernel
from survey.astro.lambert_cell import Arc, Problem, solve_direct, solve_multi
from survey.astro.lambert_lanes import (
    BLOCK,
    HALF,
    Array,
    Vector,
    get,
    pad,
    place,
    put,
    put_pair,
    vector,
)
from survey.astro.lambert_series import MULTI_REVS_FITTED
from survey.astro.porkchop_cost import impulses

_ROUNDS = 6
_SHRINK = 0.5

# Rows of the work array. Fixed: the craft's position and velocity, the time and the number of the
# departure. Tried now: time of flight and delta-v. Known of the target: the node before, the time
# since, and its place along each axis as polynomials in that time. Known of the arc: middle of the
# bracket and its delta-v, delta-v at both ends, half width, best time of flight and its delta-v.
_R, _V, _BEGIN, _NUMBER, _TOF, _DV = 0, 3, 6, 7, 8, 9
_NODE, _SINCE, _X, _Y, _Z = 10, 11, 12, 18, 24
_MIDDLE, _BELOW, _ABOVE, _HALF, _BEST = 30, 32, 33, 34, 35
ROWS = 37


@kernel
def _interpolate(mu: float, nodes: Array, aim: Array, table: Array) -> None:
    """Quintics between neighbouring nodes: six powers of time for each axis in turn."""
    for k in range(nodes.size - 1):
        h = nodes[k + 1] - nodes[k]
        pull0 = -mu / (aim[k, 0] ** 2 + aim[k, 1] ** 2 + aim[k, 2] ** 2) ** 1.5
        pull1 = -mu / (aim[k + 1, 0] ** 2 + aim[k + 1, 1] ** 2 + aim[k + 1, 2] ** 2) ** 1.5
        for axis in range(3):
            p0, v0, a0 = aim[k, axis], aim[k, 3 + axis], pull0 * aim[k, axis]
            p1, v1, a1 = aim[k + 1, axis], aim[k + 1, 3 + axis], pull1 * aim[k + 1, axis]
            d0 = (p1 - p0) / h - v0 - 0.5 * a0 * h
            d1 = v1 - v0 - a0 * h
            d2 = 0.5 * (a1 - a0) * h
            row = table[k, 6 * axis : 6 * axis + 6]
            row[0], row[1], row[2] = p0, v0, 0.5 * a0
            row[3] = (10.0 * d0 - 4.0 * d1 + d2) / h**2
            row[4] = (-15.0 * d0 + 7.0 * d1 - 2.0 * d2) / h**3
            row[5] = (6.0 * d0 - 3.0 * d1 + d2) / h**4


@inlined
def _axis(w: Array, row: int, at: int, t: float) -> tuple[float, float]:
    """Position and velocity along one axis."""
    c0, c1, c2 = vector(w, row, at)
    c3, c4, c5 = vector(w, row + 3, at)
    velocity = c1 + t * (2.0 * c2 + t * (3.0 * c3 + t * (4.0 * c4 + t * (5.0 * c5))))
    return c0 + t * (c1 + t * (c2 + t * (c3 + t * (c4 + t * c5)))), velocity


@inlined
def _problem(w: Array, at: int) -> tuple[Problem, Vector]:
    """Compose the arc that is tried now, and the target's velocity at its end."""
    t = get(w, _SINCE, at)
    bx, gx = _axis(w, _X, at, t)
    by, gy = _axis(w, _Y, at, t)
    bz, gz = _axis(w, _Z, at, t)
    return (vector(w, _R, at), (bx, by, bz), get(w, _TOF, at)), (gx, gy, gz)


@inlined
def _store(w: Array, at: int, arc: Arc, problem: Problem, target: Vector, both: float) -> None:
    leave, stop = impulses(arc, problem, vector(w, _V, at), target)
    put(w, _DV, at, leave + both * stop)


@kernel
def _evaluate(mu: float, w: Array, pairs: int, both: float, revs: int, side: float) -> None:
    """Delta-v of the arcs that are tried now, NaN where the fast solver has no answer.

    That is the first impulse, and the second where `both` is 1.
    """
    if revs == 0:
        for j in range(pairs):
            k = j + HALF
            (one, target1), (other, target2) = _problem(w, j), _problem(w, k)
            arc1, arc2, _, _ = solve_direct(mu, one, other, 1.0)
            _store(w, j, arc1, one, target1, both)
            _store(w, k, arc2, other, target2, both)
    else:
        for j in range(pairs):
            k = j + HALF
            (one, target1), (other, target2) = _problem(w, j), _problem(w, k)
            arc1, arc2, _, _ = solve_multi(mu, one, other, 1.0, revs, side)
            _store(w, j, arc1, one, target1, both)
            _store(w, k, arc2, other, target2, both)


@kernel
def _aim(w: Array, pairs: int, nodes: Array, table: Array) -> None:
    """Fetch the target's polynomials at the arrival of each arc, unless they are there already."""
    for j in range(2 * pairs):
        at = place(j)
        arrival = get(w, _BEGIN, at) + get(w, _TOF, at)
        k = int(get(w, _NODE, at))
        if k < 0 or arrival < nodes[k] or arrival > nodes[k + 1]:
            k = min(max(int(np.searchsorted(nodes, arrival)) - 1, 0), nodes.size - 2)
            put(w, _NODE, at, k)
            for c in range(18):
                put(w, _X + c, at, table[k, c])
        put(w, _SINCE, at, arrival - nodes[k])


@kernel
def _try(w: Array, pairs: int, stage: int, low: float, high: float) -> None:
    """Choose the times of flight of a stage: lower end, upper end, vertex of the parabola."""
    for j in range(2 * pairs):
        at = place(j)
        middle, half = get(w, _MIDDLE, at), get(w, _HALF, at)
        wanted = middle - half if stage == 0 else middle + half
        if stage == 2:
            below, above = get(w, _BELOW, at) ** 2, get(w, _ABOVE, at) ** 2
            bend = below - 2.0 * get(w, _MIDDLE + 1, at) ** 2 + above
            shift = 0.5 * half * (below - above) / bend
            whole = (middle - half >= low) & (middle + half <= high)
            wanted = middle + (min(max(shift, -half), half) if whole & (bend > 0.0) else 0.0)
        put(w, _TOF, at, min(max(wanted, low), high))


@kernel
def _take(w: Array, pairs: int, stage: int) -> None:
    """Take over arcs that are better than the best so far; remember the ends of the bracket."""
    for j in range(2 * pairs):
        at = place(j)
        value = get(w, _DV, at)
        if stage < 2:
            put(w, _BELOW + stage, at, value)
        if value < get(w, _BEST + 1, at):
            put_pair(w, _BEST, at, (get(w, _TOF, at), value))


@kernel
def _narrow(w: Array, pairs: int) -> None:
    """Set a smaller bracket around the best."""
    for j in range(2 * pairs):
        at = place(j)
        put_pair(w, _MIDDLE, at, (get(w, _BEST, at), get(w, _BEST + 1, at)))
        put(w, _HALF, at, get(w, _HALF, at) * _SHRINK)


@kernel
def refine_arrivals(
    mu: float, begin: Array, start: Array, nodes: Array, aim: Array, tofs: Array, max_revs: int,
    w: Array, table: Array, dv: Array, tof: Array, code: NDArray[np.int64],
) -> None:  # fmt: skip
    """Improve `tof` and `dv` of shape ``(2, n)`` in place; arcs keep their revolutions.

    See `survey.astro.porkchop_kernel.search_asteroids` for the other arguments.
    """
    if nodes.size < 2 or tofs.size < 2:
        return
    _interpolate(mu, nodes, aim, table)
    for kind in range(2):
        for arc in range(2 * min(max_revs, MULTI_REVS_FITTED) + 1):
            revs, side = (arc + 1) // 2, (1.0 if arc % 2 == 1 else -1.0)
            i = 0
            while i < dv.shape[1]:
                count = 0
                while i < dv.shape[1] and count < BLOCK:
                    if code[kind, i] == arc:
                        at = place(count)
                        for c in range(6):
                            put(w, _R + c, at, start[i, c])
                        j = np.searchsorted(tofs, tof[kind, i])
                        gap = tofs[min(j + 1, tofs.size - 1)] - tofs[max(j - 1, 0)]
                        put_pair(w, _BEGIN, at, (begin[i], float(i)))
                        put_pair(w, _MIDDLE, at, (tof[kind, i], dv[kind, i]))
                        put_pair(w, _BEST, at, (tof[kind, i], dv[kind, i]))
                        put(w, _HALF, at, 0.5 * gap)
                        put(w, _NODE, at, -1.0)
                        count += 1
                    i += 1
                if count == 0:
                    continue
                pairs = pad(w, 0, ROWS, count)
                for _ in range(_ROUNDS):
                    for stage in range(3):
                        _try(w, pairs, stage, tofs[0], tofs[-1])
                        _aim(w, pairs, nodes, table)
                        _evaluate(mu, w, pairs, float(kind), revs, side)
                        _take(w, pairs, stage)
                    _narrow(w, pairs)
                for j in range(count):
                    number = int(get(w, _NUMBER, place(j)))
                    tof[kind, number] = get(w, _BEST, place(j))
                    dv[kind, number] = get(w, _BEST + 1, place(j))
