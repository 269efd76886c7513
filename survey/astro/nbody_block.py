"""A block of asteroids through time: windows of 16 days, each asteroid with its own step.

Time is cut into windows on one fixed grid. In a window an asteroid takes 2^k equal steps; the
level k is its own, and the asteroids of a level go together through `survey.astro.nbody_step`, so
that the planets are evaluated once for all of them. Every step bears an error estimate: a window
whose worst step misses the tolerance is done again at a higher level, and beyond the highest,
in close encounters, by steps of any length (`_careful`), which also watch for impacts.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from survey.astro import nbody_contact, nbody_forces, nbody_planets, nbody_step
from survey.astro.compiling import entry, fingerprint, kernel
from survey.astro.nbody_contact import blend, impact, longer, passing_time
from survey.astro.nbody_planets import COLUMNS, place_bodies
from survey.astro.nbody_step import (
    FORCE_ROWS,
    LANES,
    LAW,
    LOW,
    NEARNESS,
    ROWS,
    STAGES,
    WORST,
    C,
    P,
    forces,
    step,
)  # fmt: skip

Array = NDArray[np.float64]
Index = NDArray[np.int64]

WINDOW_S: Final = 16 * 86_400.0
MAX_LEVEL: Final = 5  # half a day
_STEPS = 2**MAX_LEVEL
_ORDER = 8.0  # the error estimate falls with this power of the step
# Steps of a careful passage are not made shorter than this part of the time in which a body is
# passed, nor than this many seconds: very near to a body, rounding of the heliocentric position is
# all that the error estimate sees.
_SHORTEST, _SHORTEST_S = 0.05, 60.0
LOG: Final = 12  # numbers of a log line: asteroid, time, state (6), perturbation (3), nearness

# Two columns of `fate`: time of impact (NaN: none) and body hit (-1: none; -2: lost, because
# even the shortest steps did not reach the tolerance).
L = LANES


@kernel
def _note(log: Array, used: int, who: int, time: float, w: Array, lane: int) -> tuple[Array, int]:
    """Write one log line; a longer log where it is full."""
    if used >= log.shape[0]:
        log = longer(log, used, 2 * log.shape[0] + 64)
    log[used, 0], log[used, 1] = who, time
    for k in range(6):
        log[used, 2 + k] = w[k * L + lane]
    for k in range(3):
        log[used, 8 + k] = w[(P + k) * L + lane]
    log[used, 11] = w[NEARNESS * L + lane]
    return log, used + 1


@kernel
def _load(w: Array, lane: int, n: int, y: Array, low: Array, laws: Array) -> None:
    for k in range(6):
        w[k * L + lane] = y[n, k]
        w[(LOW + k) * L + lane] = low[n, k]
    for k in range(7):
        w[(LAW + k) * L + lane] = laws[n, k]


@kernel
def _save(w: Array, lane: int, n: int, y: Array, low: Array) -> None:
    for k in range(6):
        y[n, k] = w[k * L + lane]
        low[n, k] = w[(LOW + k) * L + lane]


@kernel
def _literally(w: Array) -> tuple[int, int]:
    """Return 8 and 0 as numbers that the compiler does not know.

    Known trip counts are unrolled into scalar code, which is slower and long to compile.
    """
    return 8 * w.size // (ROWS * L), w.size - ROWS * L


@kernel
def _careful(
    start: float, records: Array, w: Array, f: Array, n: int, y: Array, low: Array, laws: Array,
    active: bool, time: float, goal: float, tolerance: float, fate: Array, log: Array, used: int,
) -> tuple[Array, int]:  # fmt: skip
    """One asteroid from `time` to `goal` by steps of any length."""
    table, times = np.empty((STAGES, COLUMNS)), np.empty(STAGES)
    before, after, work = np.empty(6), np.empty(6), np.empty((4, 6))
    few, row = _literally(w)
    for lane in range(8):
        _load(w, lane, n, y, low, laws)
    h = (goal - time) / _STEPS
    while time != goal:
        last = abs(goal - time) <= abs(h) * 1.000001
        if last:
            h = goal - time
        for k in range(STAGES):
            times[k] = time + C[k] * h
        place_bodies(start, records, times, table)
        for k in range(6):
            before[k] = w[k * L]
        for lane in range(8):
            w[WORST * L + lane] = 0.0
        step(w, f, few, table, row, h, tolerance, active)
        error = w[WORST * L]
        shortest = min(_SHORTEST * passing_time(before, table), _SHORTEST_S)
        if not error <= 1.0 and abs(h) > shortest:
            for lane in range(8):
                _load(w, lane, n, y, low, laws)
            shrink = 0.9 * error ** (-1.0 / _ORDER) if error < math.inf else 0.1
            h = math.copysign(max(abs(h) * min(max(shrink, 0.1), 0.7), shortest), h)
            continue
        if not error < math.inf:
            fate[n, 0], fate[n, 1] = time, -2.0
            return log, used
        for k in range(6):
            after[k] = w[k * L]
            w[k * L] = before[k]
        log, used = _note(log, used, n, time, w, 0)
        for k in range(6):
            w[k * L] = after[k]
        fraction, body = impact(start, records, time, h, before, after, table, work)
        if body >= 0:
            for k in range(6):
                w[k * L] = before[k] + fraction * (after[k] - before[k])
            w[0], w[L], w[2 * L] = blend(before, after, h, fraction)
            _feel(start, records, w, f, time + fraction * h, table, times, active)
            log, used = _note(log, used, n, times[0], w, 0)
            fate[n, 0], fate[n, 1] = times[0], body
            return log, used
        _save(w, 0, n, y, low)
        time = goal if last else time + h
        grow = 0.9 * (error + 1e-12) ** (-1.0 / _ORDER)
        h = math.copysign(max(abs(h) * min(max(grow, 0.3), 4.0), shortest), h)
    return log, used


@kernel
def _group(
    w: Array, f: Array, who: Index, count: int, y: Array, low: Array, laws: Array, active: bool,
    table: Array, level: int, h: float, tolerance: float, trail: Array,
) -> None:  # fmt: skip
    """One window for up to `LANES` asteroids of one level."""
    padded = (count + 7) // 8 * 8
    for lane in range(padded):
        _load(w, lane, who[min(lane, count - 1)], y, low, laws)
        w[WORST * L + lane] = 0.0
    for s in range(1 << level):
        for k in range(6 * L):
            trail[s, k] = w[k]
        step(w, f, padded, table, s * STAGES, h, tolerance, active)
        for k in range(4 * L):
            trail[s, 6 * L + k] = w[P * L + k]
        least = w[WORST * L]
        for lane in range(1, count):
            least = min(least, w[WORST * L + lane])
        if least > 1.0:
            return  # all have failed


@kernel
def _feel(
    start: float, records: Array, w: Array, f: Array, time: float, table: Array, times: Array,
    active: bool,
) -> None:  # fmt: skip
    """Work out the forces at the states of the first 8 lanes."""
    few, row = _literally(w)
    times[0] = time
    place_bodies(start, records, times[:1], table)
    for k in range(6 * L):
        w[6 * L + k] = w[k]
    forces(w, f, few, table, row, row, active)


@kernel
def _note_trail(
    log: Array, used: int, n: int, time: float, h: float, level: int, trail: Array, lane: int,
) -> tuple[Array, int]:  # fmt: skip
    count = 1 << level
    if used + count > log.shape[0]:
        log = longer(log, used, 2 * log.shape[0] + count)
    for s in range(count):
        log[used, 0], log[used, 1] = n, time + s * h
        for k in range(10):
            log[used, 2 + k] = trail[s, k * L + lane]
        used += 1
    return log, used


def _build(compiled_in: int) -> Any:
    @entry
    def run_block(
        start: float, records: Array, epoch: Array, y: Array, laws: Array, goal: float, sign: int,
        tolerance: float, log: Array,
    ) -> tuple[Array, Array, Index]:  # fmt: skip
        """Move the asteroids ``y`` (n, 6) from their epochs (n,) to the window edge past `goal`.

        `sign` is +1 or -1, the direction in which the goal lies for all of them.

        Returns the log ``(m, LOG)``, ascending in the direction of time for each asteroid, the
        fates ``(n, 2)`` and how many windows were done at each level and again.
        """
        _ = compiled_in  # see survey.astro.compiling.fingerprint
        n_all = epoch.size
        low, fate = np.zeros((n_all, 6)), np.empty((n_all, 2))
        for n in range(n_all):
            fate[n, 0], fate[n, 1] = math.nan, -1.0
        counts = np.zeros((MAX_LEVEL + 2, 2), dtype=np.int64)
        used = 0
        if n_all == 0:
            return log[:0], fate, counts
        w, f = np.zeros(ROWS * L), np.zeros((FORCE_ROWS + 2) * L)
        trail = np.empty((_STEPS, 10 * L))
        table, times = np.empty((_STEPS * STAGES, COLUMNS)), np.empty(_STEPS * STAGES)
        who = np.empty(L, dtype=np.int64)
        active = n_all < 0  # not a literal: those would be compiled apart
        for n in range(n_all):
            active = active or laws[n, 0] != 0.0 or laws[n, 1] != 0.0 or laws[n, 2] != 0.0
        forward = sign > 0
        entry = np.empty(n_all, dtype=np.int64)  # window edge at which each joins the others
        for n in range(n_all):
            x = (epoch[n] - start) / WINDOW_S
            edge = math.ceil(x) if forward else math.floor(x)
            entry[n] = edge
            log, used = _careful(
                start, records, w, f, n, y, low, laws, active, epoch[n], start + edge * WINDOW_S,
                tolerance, fate, log, used,
            )  # fmt: skip
        x = (goal - start) / WINDOW_S
        last = math.ceil(x) if forward else math.floor(x)
        first = entry[0]
        level, wanted = np.empty(n_all, dtype=np.int64), np.empty(n_all, dtype=np.int64)
        for n in range(n_all):
            level[n] = 2
            first = min(first * sign, entry[n] * sign) * sign
        done, here = np.zeros(n_all, dtype=np.bool_), np.zeros(n_all, dtype=np.bool_)
        for edge in range(first, last, sign):
            time, span = start + edge * WINDOW_S, sign * WINDOW_S
            for n in range(n_all):
                here[n] = entry[n] * sign <= edge * sign and fate[n, 1] == -1.0
                done[n] = not here[n]
            for k in range(MAX_LEVEL + 1):
                h, ready, n = span / (1 << k), False, 0
                while n < n_all:
                    count = 0
                    while n < n_all and count < L:
                        if not done[n] and level[n] == k:
                            who[count] = n
                            count += 1
                        n += 1
                    if count == 0:
                        break
                    if not ready:
                        for s in range(1 << k):
                            for c in range(STAGES):
                                times[s * STAGES + c] = time + (s + C[c]) * h
                        place_bodies(start, records, times[: STAGES << k], table)
                        ready = True
                    _group(w, f, who, count, y, low, laws, active, table, k, h, tolerance, trail)
                    for lane in range(count):
                        m, error = who[lane], w[WORST * L + lane]
                        if error <= 1.0:
                            log, used = _note_trail(log, used, m, time, h, k, trail, lane)
                            _save(w, lane, m, y, low)
                            done[m] = True
                            counts[k, 0] += 1
                            wanted[m] = k - 1 if error * 600.0 < 1.0 and k > 0 else k
                        else:
                            counts[k, 1] += 1
                            up = 1
                            if error > 300.0:
                                up = 2 if error < 7e4 else 3
                            level[m] = min(k + up, MAX_LEVEL + 1)
                for n in range(n_all):
                    if here[n] and done[n] and level[n] == k:
                        level[n] = -1 - wanted[n]  # settled in this window; restored below
            for n in range(n_all):
                if not done[n] and level[n] == MAX_LEVEL + 1:
                    log, used = _careful(
                        start, records, w, f, n, y, low, laws, active, time, time + span,
                        tolerance, fate, log, used,
                    )  # fmt: skip
                    level[n] = MAX_LEVEL
                    counts[MAX_LEVEL + 1, 0] += 1
                elif level[n] < 0:
                    level[n] = -1 - level[n]
        # The state at the end, with the forces there.
        time = start + last * WINDOW_S
        for n in range(n_all):
            if fate[n, 1] == -1.0 and entry[n] * sign <= last * sign:
                for lane in range(8):
                    _load(w, lane, n, y, low, laws)
                _feel(start, records, w, f, time, table, times, active)
                log, used = _note(log, used, n, time, w, 0)
        return log[:used], fate, counts

    return run_block


run_block = _build(fingerprint(nbody_contact, nbody_forces, nbody_planets, nbody_step))
"""Compiled; see `survey.astro.nbody` for the way in."""
