"""The best dates of an arc: least squares on the impulses, with the derivatives of the arc.

An arc that solves the boundary-value problem stays a solution when its dates or its phase move, at
a cost in velocity that the transition matrix gives to first order. The impulse before a flyby is
three numbers that depend on two dates (and on the phase, if that is free), so Levenberg's and
Marquardt's method finds the nearest minimum in a handful of flights.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from survey.astro.arc_problem import Problem
from survey.astro.arc_slopes import Optimum, slopes_of
from survey.astro.pulsating import speed_scale
from survey.astro.shooting import CONVERGED, LARGEST_STEP, fly, inverse, solve_boundary

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


_TRUSTED: Final = 1e-4  # 3 m/s: what a matrix may close; what it leaves is some 0.1 m/s
_FLIGHTS: Final = 3  # to get there; an arc that needs more has been moved too far
_MAX_MOVE: Final = np.array([0.12, 0.12, 0.03])  # of one iteration: a week, a week, ten degrees


def optimise_arcs(
    problem: Problem,
    begin: Array,
    end: Array,
    phase: Array,
    velocity: Array,
    *,
    rendezvous: bool,
    free_phase: bool = False,
    begin_bounds: tuple[float, float] = (-np.inf, np.inf),
    tof_bounds: tuple[float, float] = (0.0, np.inf),
    iterations: int = 12,
    flights: int = 25,
) -> Optimum:
    """Move the dates of arcs, and if asked their phases, to the nearest least impulse.

    Parameters
    ----------
    problem : Problem
        Where the craft and the asteroids are.
    begin, end, phase : ndarray, shape (n,)
        True anomalies of departure and arrival, and phase at departure, of the first guess.
    velocity : ndarray, shape (n, 3)
        Departure velocities of the first guess; need not solve the problem.
    rendezvous : bool
        Whether the impulse at the target counts.
    free_phase : bool
        Whether the phase may be chosen.
    begin_bounds, tof_bounds : tuple of float
        Within which the departure and the flight time stay.
    iterations : int
        Moves tried for each arc.
    flights : int
        Allowed to close each before that.

    Returns
    -------
    Optimum

    Notes
    -----
    Marquardt's damping [Marquardt1963]; a move is kept only where it lowers the cost, so the
    result is never worse than the start. For a rendezvous the residuals are the impulses divided
    by the square roots of their sizes, whose squares add up to the sum of the sizes. On the way
    an arc is closed only as far as its transition matrix can be trusted to close it, so that most
    moves take a single flight, whose matrix also serves the next move; at the end all arcs are
    closed for good.
    """
    begin = np.clip(begin, *begin_bounds)
    end = np.clip(end, begin + tof_bounds[0], begin + tof_bounds[1])
    every, dates = np.arange(len(begin)), np.stack([begin, end, phase], axis=1)
    first = close(problem, every, dates, velocity, rendezvous=rendezvous, iterations=flights)
    if not iterations:
        return first
    sound = np.where(np.isfinite(first.cost)[:, None], first.velocity, np.nan)
    now, phi = _approach(problem, every, dates, sound, rendezvous=rendezvous)
    _improve(
        problem, now, phi, begin_bounds, tof_bounds, iterations, rendezvous=rendezvous,
        free_phase=free_phase,
    )  # fmt: skip
    dates = np.stack([now.begin, now.end, now.phase], axis=1)
    last = close(problem, every, dates, now.velocity, rendezvous=rendezvous, iterations=8)
    worse = ~(last.cost < first.cost)
    _put(last, every[worse], first, worse)
    return last


def _improve(
    problem: Problem, now: Optimum, phi: Array, begin_bounds: tuple[float, float],
    tof_bounds: tuple[float, float], iterations: int, *, rendezvous: bool,
    free_phase: bool,
) -> None:  # fmt: skip
    """Move dates downhill; `now` and `phi`, the transition matrices, are changed in place."""
    damping = np.full(len(now.cost), 1e-3)
    active = np.flatnonzero(np.isfinite(now.cost))
    unknown = 3 if free_phase else 2
    each = np.arange(unknown)
    for _ in range(iterations):
        if not len(active):
            break
        here = _take(now, active)
        slopes, residual, drift = slopes_of(
            problem, active, here, phi[active], rendezvous=rendezvous, free_phase=free_phase
        )
        normal = np.einsum("nki,nkj->nij", slopes, slopes)
        rise = np.einsum("nki,nk->ni", slopes, residual)
        diagonal = np.einsum("nii->ni", normal).copy()
        normal[:, each, each] += damping[active, None] * diagonal + 1e-30
        move = np.zeros((len(active), 3))
        move[:, :unknown] = np.linalg.solve(normal, -rise[..., None])[..., 0]
        move /= np.maximum(1.0, (np.abs(move) / _MAX_MOVE).max(1))[:, None]
        dates = np.stack([here.begin, here.end, here.phase], axis=1)
        wanted = dates + move
        wanted[:, 0] = np.clip(wanted[:, 0], *begin_bounds)
        wanted[:, 1] = np.clip(wanted[:, 1], *(wanted[:, :1] + tof_bounds).T)
        move = wanted - dates
        wanted[:, 2] += move[:, 0] / problem.period  # the craft goes on along its orbit meanwhile
        guess = here.velocity + np.einsum("nci,ni->nc", drift, move[:, :unknown])
        there, matrix = _approach(problem, active, wanted, guess, rendezvous=rendezvous)
        gain = here.cost - there.cost
        better = gain > 0
        _put(now, active[better], there, better)
        phi[active[better]] = matrix[better]
        damping[active] = np.where(better, damping[active] * 0.2, damping[active] * 8.0)
        # A small gain under heavy damping is a short step, not an optimum.
        small = better & (gain < 1e-6 + 1e-4 * here.cost) & (damping[active] < 1e-2)
        active = active[~small & (damping[active] < 1e6)]


def close(
    problem: Problem, index: Indices, dates: Array, velocity: Array, *, rendezvous: bool,
    iterations: int,
) -> Optimum:  # fmt: skip
    """Solve the boundary-value problems for given dates, and price them."""
    begin, end, phase = dates.T
    craft, goal = problem.departure(index, begin, phase), problem.target(index, end)
    arcs = solve_boundary(
        problem.mass_ratio, problem.eccentricity, begin, craft[:, :3], velocity, end, goal[:, :3],
        iterations=iterations,
    )  # fmt: skip
    return _priced(
        problem, dates, craft, goal, arcs.velocity, arcs.arrival, arcs.status != CONVERGED,
        rendezvous=rendezvous,
    )  # fmt: skip


def _approach(
    problem: Problem, index: Indices, dates: Array, velocity: Array, *, rendezvous: bool
) -> tuple[Optimum, Array]:
    """Close arcs to first order; return them with the matrices of the flights before that.

    Arcs that the matrix cannot be trusted to close yet are moved by it and flown again.
    """
    begin, end, phase = dates.T
    craft, goal = problem.departure(index, begin, phase), problem.target(index, end)
    trial, arrival = velocity.copy(), np.full((len(index), 6), np.nan)
    matrix = np.full((len(index), 6, 6), np.nan)
    open_ = np.flatnonzero(np.isfinite(velocity).all(1))
    for _ in range(_FLIGHTS):
        if not len(open_):
            break
        state = np.concatenate([craft[open_, :3], trial[open_]], axis=1)
        final, phi = fly(
            problem.mass_ratio, problem.eccentricity, state, begin[open_], end[open_], True
        )
        gap = goal[open_, :3] - final[:, :3]
        step = np.einsum("nij,nj->ni", inverse(phi[:, :3, 3:]), gap)
        size = np.linalg.norm(step, axis=1)
        trial[open_] += step * np.minimum(1.0, LARGEST_STEP / np.maximum(size, 1e-300))[:, None]
        done = size < _TRUSTED
        rows = open_[done]
        final[:, :3] += gap
        final[:, 3:] += np.einsum("nij,nj->ni", phi[:, 3:, 3:], step)
        arrival[rows], matrix[rows] = final[done], phi[done]
        open_ = open_[~done & np.isfinite(size)]
    failed = np.isnan(arrival[:, 0])
    return _priced(
        problem, dates, craft, goal, trial, arrival, failed, rendezvous=rendezvous
    ), matrix


def _priced(
    problem: Problem, dates: Array, craft: Array, goal: Array, velocity: Array, arrival: Array,
    failed: NDArray[np.bool_], *, rendezvous: bool,
) -> Optimum:  # fmt: skip
    """Put arcs together with their impulses and costs."""
    begin, end, phase = dates.T
    first = (velocity - craft[:, 3:]) * speed_scale(problem.eccentricity, begin)[:, None]
    last = (goal[:, 3:] - arrival[:, 3:]) * speed_scale(problem.eccentricity, end)[:, None]
    cost = np.linalg.norm(first, axis=1)
    if rendezvous:
        cost = cost + np.linalg.norm(last, axis=1)
    cost[failed | ~np.isfinite(cost)] = np.inf
    return Optimum(begin.copy(), end.copy(), phase.copy(), velocity, arrival, first, last, cost)


def _take(full: Optimum, rows: Indices) -> Optimum:
    """Return some of the arcs."""
    return replace(full, **{name: values[rows] for name, values in vars(full).items()})


def _put(full: Optimum, rows: Indices, part: Optimum, mask: NDArray[np.bool_]) -> None:
    """Overwrite some of the arcs."""
    for name, values in vars(full).items():
        values[rows] = vars(part)[name][mask]


__all__ = ["Optimum", "close", "optimise_arcs"]
