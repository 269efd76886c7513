"""Which of the integrator's steps are kept: nodes as far apart as the wanted accuracy allows.

The arcs between nodes are those of `survey.astro.nbody_arcs`. An interval is as long as its error
at two steps inside stays small; the step nearest its middle is the state that it passes through.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from survey.astro import (
    kepler_kernels,
    nbody_arcs,
    nbody_contact,
    nbody_forces,
    nbody_planets,
    universal,
)
from survey.astro.compiling import entry, fingerprint, kernel
from survey.astro.nbody_arcs import bend, coefficients, state_at
from survey.astro.nbody_contact import PASS, find_passes, longer
from survey.constants import GM_SUN_KM3_S2

Array = NDArray[np.float64]
Index = NDArray[np.int64]

LONGEST_S: Final = 128 * 86_400.0  # between two nodes
# Greatest error at the middle of an interval: so much in position, and in velocity what a quintic
# that errs so much in position errs at most. A quarter of what is promised,
# because a single point of the interval is looked at.
ERROR_KM, ERROR_KM_S = 2.0, 2.5e-7
# How fast the remaining error changes beside its greatest value: s³(1-s)³ without a state in the
# middle, s³(1-s)³(s-1/2)² with one; max |f'| / max |f|.
_SPEED_SHAPE, _SPEED_SHAPE_MIDDLE = 3.44, 6.8
NODE: Final = 16


@kernel
def _nearest(line: Array, i: int, j: int, time: float) -> int:
    """Line strictly between i and j that is nearest in time."""
    low, high = i + 1, j - 1
    while high - low > 1:
        m = (low + high) // 2
        if line[m, 1] < time:
            low = m
        else:
            high = m
    return low if abs(line[low, 1] - time) < abs(line[high, 1] - time) else high


@kernel
def _misfit(
    mu: Array, line: Array, i: int, h: float, c: Array, m: int, middle: float, dt: Array, r: Array,
    v: Array, out: Array,
) -> float:  # fmt: skip
    """Error at line `m`, scaled to where the error is greatest; infinite if that says little."""
    s = (line[m, 1] - line[i, 1]) / h
    u = s * (1.0 - s)
    shape = 64.0 * u * u * u
    if middle >= 0.0:
        shape *= 37.926 * (s - middle) ** 2
    if shape < 0.3:
        return math.inf
    state_at(mu, line[i, 2:8], h, c, s * h, dt, r, v, out)
    x, y, z = out[0] - line[m, 2], out[1] - line[m, 3], out[2] - line[m, 4]
    error: float = math.sqrt(x * x + y * y + z * z) / shape
    return error


@kernel
def _test(
    mu: Array, line: Array, i: int, j: int, dt: Array, r: Array, v: Array, c: Array, out: Array,
) -> float:  # fmt: skip
    """Fit an interval; its error as a part of what is allowed."""
    h = line[j, 1] - line[i, 1]
    dt[0] = h
    coefficients(mu, line[i, 2:8], line[i, 8:11], line[j, 2:8], line[j, 8:11], dt, r, v, c)
    for k in range(3):
        c[4, k], c[5, k] = 0.0, 0.0
    m = _nearest(line, i, j, line[i, 1] + 0.5 * h)
    if j - i < 4:
        error = _misfit(mu, line, i, h, c, m, -1.0, dt, r, v, out)
        return float(error / min(ERROR_KM, ERROR_KM_S * h / _SPEED_SHAPE))
    s = (line[m, 1] - line[i, 1]) / h
    if not 0.35 < s < 0.65:
        return math.inf
    bend(mu, line[i, 2:8], h, c, line[m, 2:8], s * h, dt, r, v, out)
    one = _nearest(line, i, j, line[i, 1] + 0.5 * s * h)
    two = _nearest(line, i, j, line[i, 1] + (0.5 + 0.5 * s) * h)
    error = max(
        _misfit(mu, line, i, h, c, one, s, dt, r, v, out),
        _misfit(mu, line, i, h, c, two, s, dt, r, v, out),
    )
    return float(error / min(ERROR_KM, ERROR_KM_S * h / _SPEED_SHAPE_MIDDLE))


@kernel
def _thin(
    line: Array, size: int, first: float, last: float, mu: Array, dt: Array, r: Array, v: Array, c:
    Array, out: Array, keep: Index, bends: Array,
) -> int:  # fmt: skip
    """Choose nodes among the log lines ``line[:size]``; how many, their places in `keep`."""
    i = 0
    while i + 1 < size and line[i + 1, 1] <= first:
        i += 1
    keep[0] = i
    kept, reach = 1, 0.25 * LONGEST_S
    while i + 1 < size and line[i, 1] < last:
        grow = 1.5
        while True:
            j = i + 1
            while j + 1 < size and line[j + 1, 1] - line[i, 1] <= reach and line[j, 1] < last:
                j += 1
            h = line[j, 1] - line[i, 1]
            if j == i + 1:
                grow = 2.2
                for k in range(3):
                    bends[kept - 1, 0, k], bends[kept - 1, 1, k] = 0.0, 0.0
                break
            part = _test(mu, line, i, j, dt, r, v, c, out)
            if part <= 1.0:
                grow = min(0.95 * (part + 1e-9) ** -0.14, 1.5)
                for k in range(3):
                    bends[kept - 1, 0, k], bends[kept - 1, 1, k] = c[4, k], c[5, k]
                break
            reach = h * min(max(0.9 * part**-0.14, 0.3), 0.9)
        reach = min(grow * max(h, 0.5 * reach), LONGEST_S)
        i = j
        keep[kept] = i
        for k in range(3):
            bends[kept, 0, k], bends[kept, 1, k] = 0.0, 0.0
        kept += 1
    return kept


@kernel
def _starts(log: Array, count: int) -> Index:
    """Where each asteroid's lines would begin if they lay together: (count + 1,)."""
    first = np.zeros(count + 1, dtype=np.int64)
    for k in range(log.shape[0]):
        first[int(log[k, 0]) + 1] += 1
    for n in range(count):
        first[n + 1] += first[n]
    return first


@kernel
def _places(log: Array, first: Index) -> Index:
    """Line numbers of the log, asteroid by asteroid."""
    place, free = np.empty(log.shape[0], dtype=np.int64), first.copy()
    for k in range(log.shape[0]):
        who = int(log[k, 0])
        place[free[who]] = k
        free[who] += 1
    return place


def _build(compiled_in: int) -> Any:
    @entry
    def make_nodes(
        start: float, records: Array, count: int, forth: Array, back: Array, first: float, last:
        float,
    ) -> tuple[Index, Array, Array]:  # fmt: skip
        """Nodes and passes from the logs of the runs forwards and backwards.

        Returns offsets (count + 1,), nodes (m, NODE) and passes (p, PASS). A node is time, state,
        perturbing acceleration and the middle's part of the interval that follows; the nodes
        bracket `first` to `last`.
        """
        _ = compiled_in  # see survey.astro.compiling.fingerprint
        mu, dt, r, v = np.full(1, GM_SUN_KM3_S2), np.empty(1), np.empty((2, 3)), np.empty((2, 3))
        c, out, work = np.empty((6, 3)), np.empty(6), np.empty((4, 6))
        forth_at, back_at = _starts(forth, count), _starts(back, count)
        forth_place, back_place = _places(forth, forth_at), _places(back, back_at)
        most = 2
        for n in range(count):
            size = forth_at[n + 1] - forth_at[n] + back_at[n + 1] - back_at[n]
            most = max(most, size)
        line, keep = np.empty((most, forth.shape[1])), np.empty(most, dtype=np.int64)
        bends = np.empty((most, 2, 3))
        offsets = np.zeros(count + 1, dtype=np.int64)
        room = 256
        nodes = np.empty((room, NODE))
        found, passes = np.empty((64, PASS)), 0
        for n in range(count):
            size = 0
            for k in range(back_at[n + 1] - 1, back_at[n] - 1, -1):
                for q in range(line.shape[1]):
                    line[size, q] = back[back_place[k], q]
                size += 1
            for k in range(forth_at[n], forth_at[n + 1]):
                here = forth[forth_place[k]]
                if size == 0 or here[1] > line[size - 1, 1]:
                    for q in range(line.shape[1]):
                        line[size, q] = here[q]
                    size += 1
            offsets[n + 1] = offsets[n]
            if size == 0:
                continue
            found, passes = find_passes(start, records, line, size, n, work, found, passes)
            if line[size - 1, 1] <= first or line[0, 1] >= last:
                continue
            kept = _thin(line, size, first, last, mu, dt, r, v, c, out, keep, bends)
            end = offsets[n] + kept
            if end > room:
                nodes, room = longer(nodes, offsets[n], 2 * end), 2 * end
            for k in range(kept):
                at, from_ = offsets[n] + k, keep[k]
                for q in range(10):
                    nodes[at, q] = line[from_, 1 + q]
                for axis in range(3):
                    nodes[at, 10 + axis] = bends[k, 0, axis]
                    nodes[at, 13 + axis] = bends[k, 1, axis]
            offsets[n + 1] = end
        return offsets, nodes[: offsets[count]], found[:passes]

    return make_nodes


make_nodes = _build(
    fingerprint(kepler_kernels, nbody_arcs, nbody_contact, nbody_forces, nbody_planets, universal)
)
"""Compiled; see `survey.astro.nbody` for the way in."""
