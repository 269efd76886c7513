"""The best arrival of each departure, sought between the arrivals of the grid.

The impulse that leads to a flyby depends sharply on the date of arrival, because the asteroid
runs past at tens of km/s: its square is nearly a parabola in the arrival time, some days wide. So
Brent's search [Brent1973] between the neighbours in the grid, for all departures at once, takes
five or six arcs, and more only beside the 180-degree ridge and where an arc ceases to exist. It
ends in a local minimum; the arcs finally reported are solved again with exact states.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from survey.astro.compiling import kernel
from survey.astro.lambert_lanes import HALF, Array, get, pairs, place, put, put_pair
from survey.astro.lambert_series import MULTI_REVS_FITTED
from survey.astro.porkchop_arrival import (
    ARRIVAL_ROWS,
    BEGIN,
    CRAFT,
    DV,
    NODE,
    TOF,
    aim_at,
    before,
    evaluate,
    interpolate,
    mend,
)

# Rows of the work array after those of `porkchop_arrival`: the number of the departure; time of
# flight and delta-v of the bracket's lower end, its best point and its upper end; the width at
# which the search ends; the square of delta-v that the parabola expects; whether it was right so
# far, and whether all is done.
_NUMBER, _LOW, _BEST, _HIGH, _WIDTH, _GUESS, _HELD, _DONE = (
    ARRIVAL_ROWS + k for k in (0, 1, 3, 5, 7, 8, 9, 10)
)
ROWS = ARRIVAL_ROWS + 11

_BLOCK = 256
_STEPS = 25
_NARROW = 1e-3  # of the first bracket: where the curve has no smooth minimum
_HARDLY = 1e-6  # relative gain of delta-v that is not worth another arc
_HOLDS = 1e-3  # relative error of the parabola up to which it is believed
_GOLDEN = 0.381966
_AWAY = 0.2  # least step from the best point, in parts of the bracket, so that it shrinks
_INSIDE = 0.05  # least distance from the ends


@kernel
def _propose(w: Array, reach: int) -> None:
    """Choose the next arrival of each arc, as Brent's method does, and see which need none.

    The vertex of the parabola through the bracket, or the golden section of its larger part; but
    not so near the best point or an end that the bracket would stay as it is. Where the best
    point is an end of all flight times, the next lies close to it.
    """
    for half in range(0, 2 * HALF, HALF):
        for j in range(reach):
            at = half + j
            low, best, high = get(w, _LOW, at), get(w, _BEST, at), get(w, _HIGH, at)
            f0, f1, f2 = get(w, _LOW + 1, at), get(w, _BEST + 1, at), get(w, _HIGH + 1, at)
            f0, f1, f2 = f0 * f0, f1 * f1, f2 * f2
            below, above = best - low, high - best
            rise0, rise2 = (f1 - f0) / below, (f2 - f1) / above
            bend = (rise2 - rise0) / (below + above)
            slope = (rise0 * above + rise2 * below) / (below + above)
            shift = -0.5 * slope / bend
            vertex = (bend > 0.0) & (shift > -below) & (shift < above)
            larger = above if above > below else -below
            edge = (below == 0.0) | (above == 0.0)
            jump = larger * (_INSIDE if edge else _GOLDEN)
            step = shift if vertex else jump
            least = _AWAY * (above if step > 0.0 else below)
            step = _AWAY * larger if vertex & (abs(step) < least) else step
            step = max(step, (_INSIDE - 1.0) * below)
            step = min(step, (1.0 - _INSIDE) * above)
            put(w, TOF, at, best + step)
            put(w, _GUESS, at, f1 + step * (slope + step * bend) if vertex else math.nan)
            balanced = (below > 0.1 * above) & (above > 0.1 * below)
            worth = -0.5 * slope * shift > 2.0 * _HARDLY * f1
            settled = vertex & balanced & (get(w, _HELD, at) > 0.0) & (not worth)
            narrow = below + above < get(w, _WIDTH, at)
            put(w, _DONE, at, 1.0 if settled | narrow else 0.0)


@kernel
def _take(w: Array, reach: int) -> None:
    """Take the arc that was tried into the bracket, as its best point or as a new end."""
    for half in range(0, 2 * HALF, HALF):
        for j in range(reach):
            at = half + j
            tof, dv = get(w, TOF, at), get(w, DV, at)
            best, least = get(w, _BEST, at), get(w, _BEST + 1, at)
            error = abs(get(w, _GUESS, at) - dv * dv)
            put(w, _HELD, at, 1.0 if error < _HOLDS * dv * dv else 0.0)
            better, after = dv < least, tof > best
            new_low, new_high = better == after, better != after
            end, end_dv = best if better else tof, least if better else dv
            put(w, _LOW, at, end if new_low else get(w, _LOW, at))
            put(w, _LOW + 1, at, end_dv if new_low else get(w, _LOW + 1, at))
            put(w, _HIGH, at, end if new_high else get(w, _HIGH, at))
            put(w, _HIGH + 1, at, end_dv if new_high else get(w, _HIGH + 1, at))
            put_pair(w, _BEST, at, (tof if better else best, dv if better else least))


@kernel
def _retire(w: Array, count: int, dv: Array, tof: Array, last: bool) -> int:
    """Write down the arcs that are done, and close the ranks; how many are left."""
    for j in range(count - 1, -1, -1):
        at = place(j)
        if last or get(w, _DONE, at) > 0.0:
            number = int(get(w, _NUMBER, at))
            tof[number], dv[number] = get(w, _BEST, at), get(w, _BEST + 1, at)
            count -= 1
            for row in range(ROWS):
                put(w, row, at, get(w, row, place(count)))
    return count


@kernel
def _load(
    w: Array, at: int, number: int, begin: Array, start: Array, tofs: Array, tof: float, dv: float
) -> None:
    """Put an arc into the work array, with the grid's neighbours as its bracket."""
    for c in range(6):
        put(w, CRAFT + c, at, start[number, c])
    put(w, BEGIN, at, begin[number])
    put(w, _NUMBER, at, float(number))
    j = before(tofs, tof)
    low, high = tofs[max(j - 1, 0)], tofs[min(j + 1, tofs.size - 1)]
    put(w, _WIDTH, at, _NARROW * (high - low))
    put(w, NODE, at, -1.0)
    put(w, _LOW, at, low)
    put_pair(w, _BEST, at, (tof, dv))
    put(w, _HIGH, at, high)
    put(w, _HELD, at, 0.0)


@kernel
def _search(
    mu: float, w: Array, count: int, both: float, revs: int, side: float, nodes: Array,
    table: Array, dv: Array, tof: Array,
) -> None:  # fmt: skip
    """Find the best arrivals of the arcs in the work array, all of the same kind."""
    for end in (_LOW, _HIGH):
        for j in range(count):
            put(w, TOF, place(j), get(w, end, place(j)))
        aim_at(w, count, nodes, table)
        evaluate(mu, w, pairs(count), both, revs, side)
        mend(mu, w, count, both, revs, side > 0.0)
        for j in range(count):
            put(w, end + 1, place(j), get(w, DV, place(j)))
    for _ in range(_STEPS):
        _propose(w, pairs(count))
        count = _retire(w, count, dv, tof, False)
        if count == 0:
            return
        aim_at(w, count, nodes, table)
        evaluate(mu, w, pairs(count), both, revs, side)
        mend(mu, w, count, both, revs, side > 0.0)
        _take(w, pairs(count))
    _retire(w, count, dv, tof, True)


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
    interpolate(mu, nodes, aim, table)
    for kind in range(2):
        for arc in range(2 * min(max_revs, MULTI_REVS_FITTED) + 1):
            revs, side = (arc + 1) // 2, (1.0 if arc % 2 == 1 else -1.0)
            count = 0
            for i in range(dv.shape[1]):
                if code[kind, i] == arc:
                    _load(w, place(count), i, begin, start, tofs, tof[kind, i], dv[kind, i])
                    count += 1
                if count == _BLOCK or (count > 0 and i == dv.shape[1] - 1):
                    _search(
                        mu, w, count, float(kind), revs, side, nodes, table, dv[kind], tof[kind]
                    )
                    count = 0
