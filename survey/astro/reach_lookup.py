"""Which trajectories of a reachable set pass near a target, and what an arc to it would cost.

The nearest trajectories, moved by their transition matrices, tell where Newton's method should
start. A target that never comes near any of them is out of reach of the set's budget.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from survey.astro.compiling import entry
from survey.astro.reachable import NEAR, ReachableSet

Array = NDArray[np.float64]
Single = NDArray[np.float32]

_NEIGHBOURS: Final = 6
_SHIFT: Final = 0.02  # of the arrival, radians: a day and a bit, as far as targets are sampled


@dataclass(frozen=True)
class Candidates:
    """Starts for Newton's method, the most hopeful first.

    Parameters
    ----------
    begin, end : ndarray, shape (n,)
        Instants of departure and arrival.
    phase : ndarray, shape (n,)
        At departure, fraction of a revolution.
    impulse : ndarray, shape (n, 3)
        To be added to the parking orbit's velocity.
    cost : ndarray, shape (n,)
        Predicted by the linear theory.
    """

    begin: Array
    end: Array
    phase: Array
    impulse: Array
    cost: Array


@dataclass(frozen=True)
class Passes:
    """Where a target passes near the trajectories of a reachable set.

    Parameters
    ----------
    when, aim : ndarray, shape (s,) and (s, 6)
        Instants, and states of the target then.
    window : tuple of float
        First and last instant of departure.
    step : ndarray of int, shape (r,)
        For each pass, the time of flight, a place in ``reach.tofs``; increasing.
    place : ndarray of int, shape (r,)
        And the instant, a place in `when`.
    near : ndarray of int32, shape (r, n)
        And the trajectories, the nearest first; -1 where there are no more.
    """

    when: Array
    aim: Array
    window: tuple[float, float]
    step: NDArray[np.int64]
    place: NDArray[np.int64]
    near: NDArray[np.int32]


def find_passes(
    reach: ReachableSet, instants: Array, target: Array, window: tuple[float, float]
) -> Passes:
    """Look up which trajectories come near a target.

    Parameters
    ----------
    reach : ReachableSet
        From the craft's parking orbit.
    instants : ndarray, shape (s,)
        Increasing; a day or less apart, so that the target does not slip between them.
    target : ndarray, shape (s, 6)
        States of the target then, rotating frame; NaN where it has none.
    window : tuple of float
        First and last instant of departure.

    Returns
    -------
    Passes
        None of them if the target is out of reach.
    """
    low, high = reach.bounds
    inside = ((target[:, :3] > low.min(0)) & (target[:, :3] < high.max(0))).all(1)
    inside &= (instants > window[0] + reach.tofs[0] - _SHIFT) & (
        instants < window[1] + reach.tofs[-1] + _SHIFT
    )
    when, aim = instants[inside], target[inside]
    steps, places, neighbours = [], [], []
    for k, tof in enumerate(reach.tofs):
        here = ((aim[:, :3] > low[k]) & (aim[:, :3] < high[k])).all(1)
        here &= (when - tof > window[0] - _SHIFT) & (when - tof < window[1] + _SHIFT)
        place = np.flatnonzero(here)
        if not len(place):
            continue
        tree, rows = reach._trees[k]
        _, near = tree.query(aim[place, :3], k=_NEIGHBOURS, distance_upper_bound=NEAR)  # type: ignore[attr-defined]
        found = near[:, 0] < len(rows)
        steps.append(np.full(int(found.sum()), k))
        places.append(place[found])
        neighbours.append(np.append(rows, -1).astype(np.int32)[near[found]])
    if not steps:
        none = np.empty(0, np.int64)
        return Passes(when, aim, window, none, none, np.empty((0, _NEIGHBOURS), np.int32))
    return Passes(
        when, aim, window, np.concatenate(steps), np.concatenate(places), np.concatenate(neighbours)
    )


def find_candidates(
    reach: ReachableSet,
    passes: Passes,
    *,
    period: float,
    bins: tuple[int, int, int],
    rendezvous: bool,
    phase_zero: float | None = None,
    budget: float = np.inf,
) -> Candidates:
    """Predict what meeting a target would cost, wherever it passes near a trajectory.

    Parameters
    ----------
    reach : ReachableSet
        From the craft's parking orbit.
    passes : Passes
        Of the target near it.
    period : float
        Of the parking orbit.
    bins : tuple of int
        Into how many parts the window, the phases and the times of flight are divided; the best of
        each triple is kept.
    rendezvous : bool
        Whether the velocity at the target must be matched, too.
    phase_zero : float, optional
        Phase of the craft at instant 0. If given, only departures at its own phase are kept.
    budget : float
        Largest predicted cost kept.

    Returns
    -------
    Candidates

    Notes
    -----
    With target and trajectory apart by d and their velocities by w, meeting them a short time
    s later takes the impulse a + b s, where a = impulse + gain d and b = gain w; the s of least
    cost is known in closed form.
    """
    cost = np.full(bins, budget)
    found = np.zeros((*bins, 7))
    fit = np.ones(len(passes.when), dtype=bool)
    if rendezvous:
        slow, fast = reach.speeds
        speed = passes.aim[:, 3:]
        fit &= ((speed > slow - budget) & (speed < fast + budget)).all(1)
    _keep_best(
        passes.step, passes.place, passes.near, fit, passes.when, passes.aim, reach.tofs,
        reach.phase, reach.impulse, reach.position, reach.velocity, reach.gain, reach.push,
        period, passes.window[0], passes.window[1], rendezvous,
        np.nan if phase_zero is None else phase_zero, 0.75 / reach.phases, cost, found,
    )  # fmt: skip
    filled = found[..., 6] > 0
    order = np.argsort(cost[filled], kind="stable")
    best = found[filled][order]
    return Candidates(best[:, 0], best[:, 1], best[:, 2], best[:, 3:6], cost[filled][order])


def nearest_starts(
    reach: ReachableSet, tof: Array, target: Array, phase: Array | None = None
) -> tuple[NDArray[np.int64], Array]:
    """Return the two cheapest starts for each of many targets whose both dates are fixed.

    Parameters
    ----------
    reach : ReachableSet
        From the craft's parking orbit.
    tof : ndarray, shape (c,)
        Times of flight.
    target : ndarray, shape (c, 3)
        Positions to be reached.
    phase : ndarray, shape (c,), optional
        Phases at departure; any, if not given.

    Returns
    -------
    row : ndarray of int, shape (c, 2)
        Trajectories, or -1.
    impulse : ndarray, shape (c, 2, 3)
        Impulses predicted from them.
    """
    step = np.searchsorted(0.5 * (reach.tofs[1:] + reach.tofs[:-1]), tof)
    row = np.full((len(tof), 2), -1)
    impulse = np.zeros((len(tof), 2, 3))
    wanted = np.full(len(tof), np.nan) if phase is None else np.mod(phase, 1.0)
    _nearest(
        step, tof - reach.tofs[step], np.ascontiguousarray(target), wanted, 0.75 / reach.phases,
        reach.phase, reach.impulse, reach.position, reach.velocity, reach.gain, row, impulse,
    )  # fmt: skip
    return row, impulse


@entry
def _nearest(
    step: NDArray[np.int64], late: Array, target: Array, wanted: Array, slack: float,
    phase: Array, impulse: Array, position: Single, velocity: Single, gain: Single,
    row: NDArray[np.int64], found: Array,
) -> None:  # fmt: skip
    """Price every trajectory that passes near, and keep the two cheapest."""
    d, a = np.empty(3), np.empty(3)
    for cell in range(len(step)):
        k = step[cell]
        costs = np.array([np.inf, np.inf])
        for i in range(len(phase)):
            away = 0.0
            for c in range(3):
                d[c] = target[cell, c] - position[k, i, c] - late[cell] * velocity[k, i, c]
                away += d[c] * d[c]
            if not away < NEAR * NEAR:
                continue
            if wanted[cell] == wanted[cell]:
                off = phase[i] - wanted[cell]
                off -= np.round(off)
                if abs(off) > slack:
                    continue
            size = 0.0
            for c in range(3):
                a[c] = impulse[i, c]
                for n in range(3):
                    a[c] += gain[k, i, c, n] * d[n]
                size += a[c] * a[c]
            place = 0 if size < costs[0] else 1
            if size < costs[place]:
                if place == 0:
                    costs[1], row[cell, 1] = costs[0], row[cell, 0]
                    for c in range(3):
                        found[cell, 1, c] = found[cell, 0, c]
                costs[place], row[cell, place] = size, i
                for c in range(3):
                    found[cell, place, c] = a[c]


@entry
def _keep_best(
    step: NDArray[np.int64], place: NDArray[np.int64], near: NDArray[np.int32],
    fit: NDArray[np.bool_], when: Array, aim: Array, tofs: Array, phase: Array, impulse: Array,
    position: Single, velocity: Single, gain: Single, push: Single, period: float, first: float,
    last: float, rendezvous: bool, phase_zero: float, slack: float, cost: Array, found: Array,
) -> None:  # fmt: skip
    """Price each neighbour of each pass, and keep the cheapest of every slot."""
    parts, sectors, spans = cost.shape
    a, b, d, w = np.empty(3), np.empty(3), np.empty(3), np.empty(3)
    for row in range(len(step)):
        k, s = step[row], place[row]
        if not fit[s]:
            continue
        tof, span = tofs[k], k * spans // len(tofs)
        for j in range(near.shape[1]):
            i = near[row, j]
            if i < 0:  # no more neighbours
                break
            for c in range(3):
                d[c] = aim[s, c] - position[k, i, c]
                w[c] = aim[s, 3 + c] - velocity[k, i, c]
            ab, bb = 0.0, 0.0
            for c in range(3):
                a[c], b[c] = impulse[i, c], 0.0
                for n in range(3):
                    a[c] += gain[k, i, c, n] * d[n]
                    b[c] += gain[k, i, c, n] * w[n]
                ab += a[c] * b[c]
                bb += b[c] * b[c]
            shift = 0.0
            if bb > 0.0:
                shift = min(_SHIFT, max(-_SHIFT, -ab / bb))
            size = 0.0
            for c in range(3):
                a[c] += b[c] * shift
                size += a[c] * a[c]
            size = np.sqrt(size)
            if rendezvous:
                match = 0.0
                for c in range(3):
                    gap = w[c]
                    for n in range(3):
                        gap -= push[k, i, c, n] * (d[n] + w[n] * shift)
                    match += gap * gap
                size += np.sqrt(match)
            begin = when[s] + shift - tof
            if not (first <= begin <= last):
                continue
            zero = phase[i] - begin / period
            zero -= np.floor(zero)
            if phase_zero == phase_zero:  # given
                off = zero - phase_zero
                off -= np.round(off)
                if abs(off) > slack:
                    continue
                zero = phase_zero
            part = min(parts - 1, int((begin - first) / (last - first) * parts))
            sector = min(sectors - 1, int(zero * sectors))
            if size < cost[part, sector, span]:
                cost[part, sector, span] = size
                found[part, sector, span, 0] = begin
                found[part, sector, span, 1] = when[s] + shift
                found[part, sector, span, 2] = zero + begin / period
                for c in range(3):
                    found[part, sector, span, 3 + c] = a[c]
                found[part, sector, span, 6] = 1.0
