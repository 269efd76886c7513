"""What an arc costs that arrives between the nodes at which the target's states are known.

The target's place there comes from quintic Hermite interpolation on position, velocity and the
Sun's pull. It is good to 0.1 km for nodes 10 days apart at 1 au; the error grows as the inverse
eighth power of the distance from the Sun and the sixth power of the spacing.
"""

from __future__ import annotations

import math

from survey.astro.compiling import inlined, kernel
from survey.astro.lambert_careful import SOLVED, solve_careful
from survey.astro.lambert_cell import Arc, Problem, solve_direct, solve_multi
from survey.astro.lambert_lanes import HALF, Array, Vector, get, place, put, vector
from survey.astro.porkchop_cost import distance, impulses

# Rows of the work array: the craft's position and velocity and its time of departure; time of
# flight and delta-v of the arc; of the target the node before, the time since, and its place along
# each axis as a polynomial in that time.
CRAFT, BEGIN, TOF, DV, NODE = 0, 6, 7, 8, 9
_V, _SINCE, _X, _Y, _Z = 3, 10, 11, 17, 23
ARRIVAL_ROWS = 29


@inlined
def _pull(mu: float, state: Array) -> float:
    """Acceleration over position."""
    square: float = state[0] * state[0] + state[1] * state[1] + state[2] * state[2]
    return -mu / (square * math.sqrt(square))


@kernel
def interpolate(mu: float, nodes: Array, target: Array, table: Array) -> None:
    """Quintics between neighbouring nodes: six powers of time for each axis in turn."""
    for k in range(nodes.size - 1):
        h = nodes[k + 1] - nodes[k]
        pull0, pull1 = _pull(mu, target[k]), _pull(mu, target[k + 1])
        for axis in range(3):
            p0, v0, a0 = target[k, axis], target[k, 3 + axis], pull0 * target[k, axis]
            p1, v1, a1 = target[k + 1, axis], target[k + 1, 3 + axis], pull1 * target[k + 1, axis]
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
    return (vector(w, CRAFT, at), (bx, by, bz), get(w, TOF, at)), (gx, gy, gz)


@inlined
def _store(
    w: Array, at: int, arc: Arc, none: bool, problem: Problem, target: Vector, both: float
) -> None:
    leave, stop = impulses(arc, problem, vector(w, _V, at), target)
    put(w, DV, at, math.inf if none else leave + both * stop)


@kernel
def evaluate(mu: float, w: Array, reach: int, both: float, revs: int, side: float) -> None:
    """Delta-v of the arcs that are tried now: the first impulse, and `both` times the second.

    Infinite where there is no arc, NaN where the fast solver has no answer.
    """
    if revs == 0:
        for j in range(reach):
            k = j + HALF
            (one, target1), (other, target2) = _problem(w, j), _problem(w, k)
            arc1, arc2, _, _ = solve_direct(mu, one, other, 1.0)
            _store(w, j, arc1, False, one, target1, both)
            _store(w, k, arc2, False, other, target2, both)
    else:
        for j in range(reach):
            k = j + HALF
            (one, target1), (other, target2) = _problem(w, j), _problem(w, k)
            arc1, arc2, none1, none2 = solve_multi(mu, one, other, 1.0, revs, side)
            _store(w, j, arc1, none1, one, target1, both)
            _store(w, k, arc2, none2, other, target2, both)


@kernel
def mend(mu: float, w: Array, count: int, both: float, revs: int, low: bool) -> None:
    """Solve the arcs that the fast loop set aside."""
    for j in range(count):
        at = place(j)
        if get(w, DV, at) != get(w, DV, at):
            problem, target = _problem(w, at)
            v1, v2, status = solve_careful(mu, problem, 1.0, revs, low)
            dv = distance(v1, vector(w, _V, at)) + both * distance(v2, target)
            put(w, DV, at, dv if status == SOLVED else math.inf)


@kernel
def before(points: Array, value: float) -> int:
    """Index of the last of the increasing points that is not above `value`; 0 if none."""
    low, high = 0, points.size
    while high - low > 1:
        middle = (low + high) // 2
        if points[middle] <= value:
            low = middle
        else:
            high = middle
    return low


@kernel
def aim_at(w: Array, count: int, nodes: Array, table: Array) -> None:
    """Fetch the target's polynomials at the arrival of each arc, unless they are there already."""
    for j in range(count):
        at = place(j)
        arrival = get(w, BEGIN, at) + get(w, TOF, at)
        k = int(get(w, NODE, at))
        if k < 0 or arrival < nodes[k] or arrival > nodes[k + 1]:
            k = min(before(nodes, arrival), nodes.size - 2)
            put(w, NODE, at, k)
            for c in range(18):
                put(w, _X + c, at, table[k, c])
        put(w, _SINCE, at, arrival - nodes[k])
