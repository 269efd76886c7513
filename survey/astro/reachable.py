"""Everything a craft can reach from its parking orbit: computed once, asked many times.

The circular problem is autonomous, so a trajectory flown once stands for every departure date. A
few thousand of them, one for each phase and impulse, cover what a budget of impulse can reach; the
nearest of them to a target, moved by their transition matrices, tell what an arc to it will cost
and where Newton's method should start. Targets that never come near any of them are out of
reach of that budget.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from survey.astro.compiling import entry
from survey.astro.cr3bp_flow import sample_cr3bp
from survey.astro.shooting import inverse

Array = NDArray[np.float64]
Single = NDArray[np.float32]

NEAR: Final = 0.02  # how far a target may be from a trajectory for its linear prediction to be kept
_NEIGHBOURS: Final = 6
_SHIFT: Final = 0.02  # of the arrival, radians: a day and a bit, as far as targets are sampled
_BLOCK: Final = 512  # trajectories integrated together
_TOLERANCE: Final = 1e-10


@dataclass(frozen=True)
class ReachableSet:
    """Trajectories that leave a parking orbit, at common times of flight.

    Parameters
    ----------
    phases : int
        Equally spaced phases of departure; trajectory ``i`` leaves at ``phase[i]``.
    phase : ndarray, shape (n,)
        Fraction of a revolution at departure.
    impulse : ndarray, shape (n, 3)
        Given at departure.
    tofs : ndarray, shape (k,)
        Times of flight, increasing.
    position, velocity : ndarray of float32, shape (k, n, 3)
        Rotating frame; NaN where the trajectory has met a primary.
    gain, push : ndarray of float32, shape (k, n, 3, 3)
        Change of the departure and of the arrival velocity by the position reached.
    """

    phases: int
    phase: Array
    impulse: Array
    tofs: Array
    position: Single
    velocity: Single
    gain: Single
    push: Single

    @cached_property
    def _trees(self) -> list[tuple[object, NDArray[np.int64]]]:
        """A search tree for each time of flight, and which trajectories are in it."""
        from scipy.spatial import cKDTree

        trees = []
        for positions in self.position:
            rows = np.flatnonzero(np.isfinite(positions).all(1))
            trees.append((cKDTree(positions[rows]), rows))
        return trees

    @cached_property
    def speeds(self) -> tuple[Array, Array]:
        """Corners of the box of all velocities, each of shape (3,)."""
        return (
            np.nanmin(self.velocity, axis=(0, 1)).astype(float),
            np.nanmax(self.velocity, axis=(0, 1)).astype(float),
        )

    @cached_property
    def bounds(self) -> tuple[Array, Array]:
        """Corners of the boxes outside which nothing is reached, each of shape (k, 3)."""
        return (
            np.nanmin(self.position, axis=1).astype(float) - NEAR,
            np.nanmax(self.position, axis=1).astype(float) + NEAR,
        )


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


def impulse_grid(budget: float, smallest: float) -> Array:
    """Return impulses on shells, closer where they are small, shape (n, 3).

    An arc near the parking orbit is stretched so much by its instability that small impulses reach
    as far apart as large ones do.
    """
    shells = int(np.ceil(np.log(budget / smallest) / np.log(1.55))) + 1
    sizes = np.geomspace(smallest, budget, shells)
    rows = []
    for number, size in enumerate(sizes):
        count = int(6 + 50 * number / max(1, shells - 1))
        k = np.arange(count) + 0.5
        polar, around = np.arccos(1 - 2 * k / count), np.pi * (1 + np.sqrt(5)) * k
        rows.append(
            size
            * np.stack(
                [np.cos(around) * np.sin(polar), np.sin(around) * np.sin(polar), np.cos(polar)],
                axis=1,
            )
        )
    return np.concatenate(rows)


def reachable_set(mass_ratio: float, states: Array, impulses: Array, tofs: Array) -> ReachableSet:
    """Fly every impulse from every phase of a parking orbit.

    Parameters
    ----------
    mass_ratio : float
        Of the primaries.
    states : ndarray, shape (p, 6)
        Of the parking orbit at equal steps of phase, rotating frame.
    impulses : ndarray, shape (m, 3)
        Tried at each phase.
    tofs : ndarray, shape (k,)
        Times of flight, increasing from above zero.

    Returns
    -------
    ReachableSet
        Of p m trajectories; 96 bytes for each and each time of flight.
    """
    p, m = len(states), len(impulses)
    start = np.repeat(states[:, None], m, axis=1)
    start[..., 3:] += impulses
    start = start.reshape(-1, 6)
    shape = (len(tofs), p * m)
    position, velocity = (np.empty((*shape, 3), np.float32) for _ in range(2))
    gain, push = (np.empty((*shape, 3, 3), np.float32) for _ in range(2))
    for first in range(0, p * m, _BLOCK):
        rows = slice(first, first + _BLOCK)
        path, phi, _ = sample_cr3bp(
            mass_ratio, start[rows], tofs, stm="velocity", tolerance=_TOLERANCE
        )
        back = inverse(phi[..., :3, :])
        position[:, rows] = np.swapaxes(path[..., :3], 0, 1)
        velocity[:, rows] = np.swapaxes(path[..., 3:], 0, 1)
        gain[:, rows] = np.swapaxes(back, 0, 1)
        push[:, rows] = np.swapaxes(phi[..., 3:, :] @ back, 0, 1)
    return ReachableSet(
        phases=p,
        phase=np.repeat(np.arange(p) / p, m),
        impulse=np.tile(impulses, (p, 1)),
        tofs=np.asarray(tofs, dtype=float),
        position=position,
        velocity=velocity,
        gain=gain,
        push=push,
    )


def find_candidates(
    reach: ReachableSet,
    instants: Array,
    target: Array,
    *,
    period: float,
    window: tuple[float, float],
    bins: tuple[int, int, int],
    rendezvous: bool,
    phase_zero: float | None = None,
    budget: float = np.inf,
) -> Candidates:
    """Look up which trajectories pass near a target, and predict what meeting it would cost.

    Parameters
    ----------
    reach : ReachableSet
        From the craft's parking orbit.
    instants : ndarray, shape (s,)
        Increasing; a day or less apart, so that the target does not slip between them.
    target : ndarray, shape (s, 6)
        States of the target then, rotating frame; NaN where it has none.
    period : float
        Of the parking orbit.
    window : tuple of float
        First and last instant of departure.
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
    low, high = reach.bounds
    inside = ((target[:, :3] > low.min(0)) & (target[:, :3] < high.max(0))).all(1)
    if rendezvous:
        slow, fast = reach.speeds
        inside &= ((target[:, 3:] > slow - budget) & (target[:, 3:] < fast + budget)).all(1)
    inside &= (instants > window[0] + reach.tofs[0] - _SHIFT) & (
        instants < window[1] + reach.tofs[-1] + _SHIFT
    )
    when, aim = instants[inside], target[inside]
    cost = np.full(bins, budget)
    found = np.zeros((*bins, 7))
    for k, tof in enumerate(reach.tofs):
        here = ((aim[:, :3] > low[k]) & (aim[:, :3] < high[k])).all(1)
        here &= (when - tof > window[0] - _SHIFT) & (when - tof < window[1] + _SHIFT)
        if not here.any():
            continue
        tree, rows = reach._trees[k]
        _, near = tree.query(aim[here, :3], k=_NEIGHBOURS, distance_upper_bound=NEAR)  # type: ignore[attr-defined]
        _keep_best(
            near, rows, when[here], aim[here], tof, reach.phase, reach.impulse,
            reach.position[k], reach.velocity[k], reach.gain[k], reach.push[k],
            k * bins[2] // len(reach.tofs), period, window[0], window[1], rendezvous,
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
    near: NDArray[np.int64], rows: NDArray[np.int64], when: Array, aim: Array, tof: float,
    phase: Array, impulse: Array, position: Single, velocity: Single, gain: Single, push: Single,
    span: int, period: float, first: float, last: float, rendezvous: bool, phase_zero: float,
    slack: float, cost: Array, found: Array,
) -> None:  # fmt: skip
    """Price each neighbour of each instant, and keep the cheapest of every slot."""
    parts, sectors, _ = cost.shape
    a, b, d, w = np.empty(3), np.empty(3), np.empty(3), np.empty(3)
    for s in range(len(when)):
        for j in range(near.shape[1]):
            if near[s, j] >= len(rows):  # no more neighbours
                break
            i = rows[near[s, j]]
            for c in range(3):
                d[c] = aim[s, c] - position[i, c]
                w[c] = aim[s, 3 + c] - velocity[i, c]
            ab, bb = 0.0, 0.0
            for c in range(3):
                a[c], b[c] = impulse[i, c], 0.0
                for n in range(3):
                    a[c] += gain[i, c, n] * d[n]
                    b[c] += gain[i, c, n] * w[n]
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
                        gap -= push[i, c, n] * (d[n] + w[n] * shift)
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
