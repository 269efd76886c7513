"""The best dates of an arc: least squares on the impulses, with the derivatives of the arc.

An arc that solves the boundary-value problem stays a solution when its dates or its phase move, at
a cost in velocity that the transition matrix gives to first order. The impulse before a flyby is
three numbers that depend on two dates (and on the phase, if that is free), so Levenberg's and
Marquardt's method finds the nearest minimum in a handful of flights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from survey.astro.shooting import CONVERGED, fly, inverse, solve_boundary

Array = NDArray[np.float64]

Departure = Callable[[NDArray[np.int64], Array, Array], Array]
"""States of the parking orbit: problem (n,), anomaly (n,), phase (n,) -> (n, 6)."""
Target = Callable[[NDArray[np.int64], Array], Array]
"""States of the target: problem (n,), anomaly (n,) -> (n, 6)."""

_FLOOR: Final = 3e-5  # 1 m/s: below it an impulse counts as nothing
_STEP: Final = 1e-5  # of phase and anomaly, for derivatives along the parking orbit
_MAX_MOVE: Final = np.array([0.12, 0.12, 0.03])  # of one iteration: a week, a week, ten degrees


@dataclass(frozen=True)
class Optimum:
    """Arcs whose dates have been moved to where the impulses are least.

    Parameters
    ----------
    begin, end, phase : ndarray, shape (n,)
        True anomalies of departure and arrival; phase at departure.
    velocity : ndarray, shape (n, 3)
        At departure.
    arrival : ndarray, shape (n, 6)
        State at arrival.
    departure_impulse, arrival_impulse : ndarray, shape (n, 3)
        Velocity to be added; nondimensional, times `speed_scale`.
    cost : ndarray, shape (n,)
        What was made least: the first impulse, or the sum of both; infinite where no arc is known.
    """

    begin: Array
    end: Array
    phase: Array
    velocity: Array
    arrival: Array
    departure_impulse: Array
    arrival_impulse: Array
    cost: Array


def speed_scale(eccentricity: float, true_anomaly: Array) -> Array:
    """Return the unit of speed of the pulsating frame, but for a constant factor."""
    return np.asarray(1.0 + eccentricity * np.cos(true_anomaly))


def optimise_arcs(
    mass_ratio: float,
    eccentricity: float,
    departure: Departure,
    target: Target,
    begin: Array,
    end: Array,
    phase: Array,
    velocity: Array,
    *,
    period: float,
    rendezvous: bool,
    free_phase: bool = False,
    begin_bounds: tuple[float, float] = (-np.inf, np.inf),
    tof_bounds: tuple[float, float] = (0.0, np.inf),
    iterations: int = 12,
) -> Optimum:
    """Move the dates of arcs, and if asked their phases, to the nearest least impulse.

    Parameters
    ----------
    mass_ratio, eccentricity : float
        Of the primaries.
    departure, target : callable
        Where the craft and the asteroids are.
    begin, end, phase : ndarray, shape (n,)
        True anomalies of departure and arrival, and phase at departure, of the first guess.
    velocity : ndarray, shape (n, 3)
        Departure velocities of the first guess; need not solve the problem.
    period : float
        Of the parking orbit: while the departure moves, the phase goes on with it.
    rendezvous : bool
        Whether the impulse at the target counts.
    free_phase : bool
        Whether the phase may be chosen.
    begin_bounds, tof_bounds : tuple of float
        Within which the departure and the flight time stay.
    iterations : int
        Moves tried for each arc.

    Returns
    -------
    Optimum

    Notes
    -----
    Marquardt's damping [Marquardt1963]; a move is kept only where it lowers the cost of a
    converged arc, so the result is never worse than the start. For a rendezvous the residuals are
    the impulses divided by the square roots of their sizes, whose squares add up to the sum of the
    sizes.
    """
    every = np.arange(len(begin))
    begin = np.clip(begin, *begin_bounds)
    end = np.clip(end, begin + tof_bounds[0], begin + tof_bounds[1])
    now = _evaluate(
        mass_ratio, eccentricity, departure, target, every,
        np.stack([begin, end, phase], axis=1), velocity, rendezvous=rendezvous, flights=25,
    )  # fmt: skip
    damping = np.full(len(begin), 1e-3)
    active = np.flatnonzero(np.isfinite(now.cost))
    for _ in range(iterations):
        if not len(active):
            break
        here = _take(now, active)
        slopes, residual, drift = _derivatives(
            mass_ratio, eccentricity, departure, active, here, period, rendezvous=rendezvous
        )
        unknown = 3 if free_phase else 2
        normal = np.einsum("nki,nkj->nij", slopes[..., :unknown], slopes[..., :unknown])
        rise = np.einsum("nki,nk->ni", slopes[..., :unknown], residual)
        diagonal = np.einsum("nii->ni", normal).copy()
        each = np.arange(unknown)
        normal[:, each, each] += damping[active, None] * diagonal + 1e-30
        move = np.zeros((len(active), 3))
        move[:, :unknown] = np.linalg.solve(normal, -rise[..., None])[..., 0]
        move /= np.maximum(1.0, (np.abs(move) / _MAX_MOVE).max(1))[:, None]
        dates = np.stack([here.begin, here.end, here.phase], axis=1)
        wanted = dates + move
        wanted[:, 0] = np.clip(wanted[:, 0], *begin_bounds)
        wanted[:, 1] = np.clip(wanted[:, 1], *(wanted[:, :1] + tof_bounds).T)
        move = wanted - dates
        wanted[:, 2] += move[:, 0] / period  # the craft goes on along its orbit meanwhile
        there = _evaluate(
            mass_ratio, eccentricity, departure, target, active, wanted,
            here.velocity + np.einsum("nci,ni->nc", drift, move), rendezvous=rendezvous, flights=6,
        )  # fmt: skip
        gain = here.cost - there.cost
        better = gain > 0
        _put(now, active[better], there, better)
        damping[active] = np.where(better, damping[active] * 0.2, damping[active] * 8.0)
        # A small gain under heavy damping is a short step, not an optimum.
        small = better & (gain < 1e-6 + 1e-4 * here.cost) & (damping[active] < 1e-2)
        active = active[~small & (damping[active] < 1e6)]
    return now


def _evaluate(
    mass_ratio: float, e: float, departure: Departure, target: Target,
    index: NDArray[np.int64], dates: Array, velocity: Array, *, rendezvous: bool, flights: int,
) -> Optimum:  # fmt: skip
    """Solve the boundary-value problems for given dates, and price them."""
    begin, end, phase = dates.T
    craft, goal = departure(index, begin, phase), target(index, end)
    arcs = solve_boundary(
        mass_ratio, e, begin, craft[:, :3], velocity, end, goal[:, :3], iterations=flights
    )
    first = (arcs.velocity - craft[:, 3:]) * speed_scale(e, begin)[:, None]
    last = (goal[:, 3:] - arcs.arrival[:, 3:]) * speed_scale(e, end)[:, None]
    cost = np.linalg.norm(first, axis=1)
    if rendezvous:
        cost = cost + np.linalg.norm(last, axis=1)
    cost[(arcs.status != CONVERGED) | ~np.isfinite(cost)] = np.inf
    return Optimum(
        begin.copy(), end.copy(), phase.copy(), arcs.velocity, arcs.arrival, first, last, cost
    )


def _derivatives(
    mass_ratio: float, e: float, departure: Departure, index: NDArray[np.int64],
    here: Optimum, period: float, *, rendezvous: bool,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Return slopes (n, m, 3) and residuals (n, m), and the drift of the velocity (n, 3, 3).

    The columns are departure (the phase going on with it), arrival, and phase. With
    D the impulse at departure and E that at arrival, both unscaled, and moving along with the
    craft, an arc that departs later has D' = (2 Dy, -2 Dx, 0) + Prv^-1 Prr D, because craft
    and arc feel the same force where they part and differ in the Coriolis term only; likewise at
    the target. P is the transition matrix.
    """
    craft = departure(index, here.begin, here.phase)
    state = np.concatenate([craft[:, :3], here.velocity], axis=1)
    _, phi = fly(mass_ratio, e, state, here.begin, here.end, True)
    to_velocity = inverse(phi[:, :3, 3:])
    grow, grow_end = (speed_scale(e, t)[:, None] for t in (here.begin, here.end))
    leave, meet = here.departure_impulse / grow, here.arrival_impulse / grow_end
    along = departure(index, here.begin, here.phase + _STEP)
    along = (along - departure(index, here.begin, here.phase - _STEP)) / (2 * _STEP)
    swept = np.einsum("nij,njk,nk->ni", to_velocity, phi[:, :3, :3], leave)
    reach = np.einsum("nij,nj->ni", to_velocity, meet)
    aside = -np.einsum("nij,njk,nk->ni", to_velocity, phi[:, :3, :3], along[:, :3])
    of_first = np.stack([_coriolis(leave) + swept, reach, aside - along[:, 3:]], axis=2)
    of_first *= grow[..., None]
    of_first[:, :, 0] += leave * (-e * np.sin(here.begin))[:, None]
    # The velocity itself also follows the craft's own along the orbit.
    pace = departure(index, here.begin + _STEP, here.phase + _STEP / period)
    pace = (pace - departure(index, here.begin - _STEP, here.phase - _STEP / period)) / (2 * _STEP)
    drift = np.stack([pace[:, 3:] + _coriolis(leave) + swept, reach, aside], axis=2)
    if not rendezvous:
        return of_first, here.departure_impulse, drift
    vv, vr = phi[:, 3:, 3:], phi[:, 3:, :3]
    of_last = np.stack(
        [
            np.einsum("nij,nj->ni", vr, leave) - np.einsum("nij,nj->ni", vv, swept),
            _coriolis(meet) - np.einsum("nij,nj->ni", vv, reach),
            -np.einsum("nij,nj->ni", vr, along[:, :3]) - np.einsum("nij,nj->ni", vv, aside),
        ],
        axis=2,
    )
    of_last *= grow_end[..., None]
    of_last[:, :, 1] += meet * (-e * np.sin(here.end))[:, None]
    slopes, residuals = [], []
    for impulse, slope in ((here.departure_impulse, of_first), (here.arrival_impulse, of_last)):
        size = np.sqrt(np.sum(impulse**2, axis=1) + _FLOOR**2)[:, None]
        radial = np.einsum("nc,nci->ni", impulse, slope) / size**2
        residuals.append(impulse / np.sqrt(size))
        slopes.append(
            (slope - 0.5 * impulse[..., None] * radial[:, None]) / np.sqrt(size)[..., None]
        )
    return np.concatenate(slopes, axis=1), np.concatenate(residuals, axis=1), drift


def _coriolis(relative: Array) -> Array:
    """Acceleration by which two bodies at one place part for moving differently."""
    x, y, _ = relative.T
    return np.stack([2 * y, -2 * x, np.zeros_like(x)], axis=1)


def _take(full: Optimum, rows: NDArray[np.int64]) -> Optimum:
    """Return some of the arcs."""
    return replace(full, **{name: values[rows] for name, values in vars(full).items()})


def _put(full: Optimum, rows: NDArray[np.int64], part: Optimum, mask: NDArray[np.bool_]) -> None:
    """Overwrite some of the arcs."""
    for name, values in vars(full).items():
        values[rows] = vars(part)[name][mask]
