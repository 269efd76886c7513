"""The least sum of the impulses of an arc with one manoeuvre on the way.

The sum is made least by Levenberg's and Marquardt's method on the impulses divided by the square
roots of their sizes, whose squares add up to it. Since these do not vanish at the least sum, what
the method leaves out of the second derivatives is learnt from step to step
(`survey.astro.trust_region`). That the craft keeps clear of the planet it burns near is a residual
like the others, which grows from zero as it comes too low. Which seven numbers describe an arc is
left to a scheme: a free node (`survey.astro.two_leg`), or a fall to a perigee
(`survey.astro.fall`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from survey.astro.arc_problem import Problem
from survey.astro.arc_slopes import FLOOR
from survey.astro.near_planet import from_planet, hill_radius
from survey.astro.oberth import closest_ahead_or_behind
from survey.astro.trust_region import Curvature, step_within_reach

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

VARIABLES: Final = 7
"""Departure, phase, three of the scheme's own, the date of the node, arrival."""

_WEIGHT: Final = 1.0  # of the clearance: a burn gains some 0.007 for each e-fold lower
_DIFFERENCE: Final = 1e-5  # relative, for the derivative of the clearance
_LONGEST: Final = 0.12  # radians: a week
_SHORTEST: Final = 0.0172  # radians: a day
_TURN: Final = 0.03  # of phase: ten degrees
_POOR, _GOOD = 0.25, 0.6  # shares of a promised gain at which the reach shrinks or grows
_TAKEN_BACK: Final = 0.25
_FULL: Final = 2.0  # times the limits of a step: farther no step goes


@dataclass(frozen=True)
class Legs:
    """Arcs of two legs: parking orbit to node, node to target.

    Parameters
    ----------
    begin, phase, middle, end : ndarray, shape (n,)
        True anomaly of departure, phase there (fraction of a revolution), true anomalies at the
        node and at arrival.
    node : ndarray, shape (n, 3)
        Its position.
    offset : ndarray, shape (n,)
        By how much the node is later than the perigee of the fall; 0 where there is none.
    leave, before, after : ndarray, shape (n, 3)
        Velocities: leaving the parking orbit, reaching the node, leaving it.
    arrival : ndarray, shape (n, 6)
        State at arrival.
    impulses : ndarray, shape (n, 3, 3)
        Velocity to be added at departure, at the node and (to stop there) at the target, times
        `survey.astro.pulsating.speed_scale`.
    miss : ndarray, shape (n, 2)
        Distances of the ends of the legs from the node and from the target.
    solved : ndarray of bool, shape (n,)
        Whether both legs are closed, and no shorter than a day.
    """

    begin: Array
    phase: Array
    middle: Array
    end: Array
    node: Array
    offset: Array
    leave: Array
    before: Array
    after: Array
    arrival: Array
    impulses: Array
    miss: Array
    solved: NDArray[np.bool_]

    @property
    def sizes(self) -> Array:
        """Sizes of the impulses, shape (n, 3)."""
        return np.asarray(np.linalg.norm(self.impulses, axis=2))

    def take(self, rows: Rows | NDArray[np.bool_]) -> Legs:
        """Return some of the arcs."""
        return Legs(**{name: values[rows] for name, values in vars(self).items()})

    def put(self, rows: Rows, other: Legs) -> None:
        """Overwrite some of the arcs."""
        for name, values in vars(self).items():
            values[rows] = vars(other)[name]


def join_legs(parts: list[Legs]) -> Legs:
    """Put arcs one after the other."""
    names = list(vars(parts[0]))
    return Legs(**{name: np.concatenate([vars(part)[name] for part in parts]) for name in names})


def in_order(begin: Array, middle: Array, end: Array) -> NDArray[np.bool_]:
    """Tell whether a day at least lies between the impulses; a leg must not be flown backwards."""
    return np.asarray((middle - begin >= _SHORTEST) & (end - middle >= _SHORTEST))


@dataclass(frozen=True)
class Slopes:
    """Derivatives by the seven variables, on the last axis.

    While the departure moves, the phase goes on along the orbit with it.

    Parameters
    ----------
    impulses : ndarray, shape (n, 3, 3, 7)
    leave, before, after, node : ndarray, shape (n, 3, 7)
    """

    impulses: Array
    leave: Array
    before: Array
    after: Array
    node: Array


@dataclass(frozen=True)
class Scheme:
    """How seven numbers describe an arc.

    Parameters
    ----------
    read : callable
        Legs to their variables (n, 7).
    fly : callable
        ``(index, variables, move, legs near by, their slopes) -> legs``; the move lacks the phase
        that goes by while the departure moves.
    slope : callable
        ``(index, legs) -> slopes``.
    limit : callable
        ``(legs, slopes, move) -> largest part of each limit that the move uses (n,)``.
    """

    read: Callable[[Legs], Array]
    fly: Callable[[Rows, Array, Array, Legs, Slopes], Legs]
    slope: Callable[[Rows, Legs], Slopes]
    limit: Callable[[Legs, Slopes, Array], Array]


def descend(
    problem: Problem,
    scheme: Scheme,
    legs: Legs,
    *,
    rendezvous: bool,
    free_phase: bool,
    least_distance: float = 0.0,
    begin_bounds: tuple[float, float] = (-np.inf, np.inf),
    tof_bounds: tuple[float, float] = (0.0, np.inf),
    iterations: int = 25,
) -> tuple[Legs, Array]:
    """Move arcs to the nearest least sum of impulses.

    Parameters
    ----------
    problem : Problem
    scheme : Scheme
        How arcs are described and flown.
    legs : Legs
        First guess, already flown; the index of the problem's callables counts along it.
    rendezvous : bool
        Whether the impulse at the target counts.
    free_phase : bool
        Whether the phase may be chosen; if not, it goes on with the date of departure.
    least_distance : float
        From the lighter primary, for the conics at the node.
    begin_bounds, tof_bounds : tuple of float
        Within which departure and whole flight time stay.
    iterations : int
        Moves tried for each arc.

    Returns
    -------
    legs : Legs
        Never costlier than the first guess, the price of coming too low included.
    cost : ndarray, shape (n,)
        Sum of the impulses, times `speed_scale`; infinite where no arc is known.

    Notes
    -----
    Marquardt's method [Marquardt1963], the damping chosen so that a step stays within reach of
    the derivatives, and the curvature of the residuals learnt on the way where that predicts
    better [DennisGayWelsch1981]. A move is kept only where it lowers the cost.
    """
    now = legs.take(np.arange(len(legs.begin)))
    merit = _merit(problem, now, rendezvous, least_distance)
    reach = np.ones(len(merit))
    residuals = 3 * (3 if rendezvous else 2) + (2 if least_distance > 0.0 else 0)
    bend = Curvature(len(merit), VARIABLES, residuals)
    active = np.flatnonzero(np.isfinite(merit))
    for _ in range(iterations):
        if not len(active):
            break
        here = now.take(active)
        slopes = scheme.slope(active, here)
        rows, residual = _residuals(problem, here, slopes, rendezvous, least_distance)
        if not free_phase:
            rows[..., 1] = 0.0
        bend.learn(active, rows, residual)
        move, used, promised = step_within_reach(
            rows, residual, bend.matrix[active], bend.trusted[active], reach[active],
            partial(_part_used, scheme, here, slopes),
        )  # fmt: skip
        known = scheme.read(here)
        wanted = known + move
        wanted[:, 0] = np.clip(wanted[:, 0], *begin_bounds)
        wanted[:, 6] = np.clip(wanted[:, 6], *(wanted[:, :1] + tof_bounds).T)
        move = wanted - known
        wanted[:, 1] += move[:, 0] / problem.period
        there = scheme.fly(active, wanted, move, here, slopes)
        new = _merit(problem, there, rendezvous, least_distance)
        with np.errstate(invalid="ignore"):
            gain = merit[active] - new
        better = gain > 0
        free = used < 0.9 * reach[active]
        bend.note(active, rows, residual, move, better)
        now.put(active[better], there.take(better))
        merit[active] = np.where(better, new, merit[active])
        with np.errstate(invalid="ignore"):
            kept = gain / np.where(bend.trusted[active], promised[1], promised[0])
            bend.trusted[active] = np.abs(promised[1] - gain) < np.abs(promised[0] - gain)
        reach[active] = np.where(
            better,
            np.where(kept < _POOR, 0.5 * used, np.where(kept > _GOOD, 2.0 * used, used)),
            _TAKEN_BACK * used,
        )
        reach[active] = np.minimum(reach[active], _FULL)
        small = better & (gain < 1e-7 + 1e-5 * merit[active]) & free
        active = active[~small & (reach[active] > 1e-5)]
    return now, sum_of_impulses(now, rendezvous)


def sum_of_impulses(legs: Legs, rendezvous: bool) -> Array:
    """Return what must be paid, times `speed_scale`; infinite where an arc is not closed."""
    return np.where(legs.solved, legs.sizes[:, : 3 if rendezvous else 2].sum(1), np.inf)


def clearance(problem: Problem, legs: Legs) -> Array:
    """Return the least distance from the lighter primary near the node, shape (n,).

    That of the conics about it on which the craft comes to the node and leaves it.
    """
    return np.asarray(_two_sides(problem, legs).min(1))


def _part_used(scheme: Scheme, legs: Legs, slopes: Slopes, move: Array) -> Array:
    """Largest part of the limits of the scheme, of the dates and of the phase that a move uses."""
    limits = np.array([_LONGEST, _TURN, _LONGEST])
    dates = (np.abs(move[:, [0, 1, 6]]) / limits).max(1)
    return np.asarray(np.maximum(scheme.limit(legs, slopes, move), dates))


def _merit(problem: Problem, legs: Legs, rendezvous: bool, aim: float) -> Array:
    """Sum of impulses and the price of coming too low."""
    cost = sum_of_impulses(legs, rendezvous)
    if aim <= 0.0:
        return cost
    low = np.maximum(0.0, 1.0 - _two_sides(problem, legs) / aim)
    return np.asarray(cost + _WEIGHT**2 * np.sum(low**2, axis=1))


def _two_sides(problem: Problem, legs: Legs) -> Array:
    """Clearance on the way to the node and from it, shape (n, 2)."""
    return np.stack(
        [
            _clear(problem, legs.node, legs.before, legs.middle, ahead=False),
            _clear(problem, legs.node, legs.after, legs.middle, ahead=True),
        ],
        axis=1,
    )


def _clear(problem: Problem, node: Array, velocity: Array, middle: Array, *, ahead: bool) -> Array:
    state = np.concatenate([node, velocity], axis=1)
    gm, relative = from_planet(problem.mass_ratio, problem.eccentricity, state, middle)
    away = np.linalg.norm(relative[:, :3], axis=1)
    # Farther out the Sun decides, and the conic about the planet means nothing.
    ruled = away < hill_radius(problem.mass_ratio)
    return np.where(ruled, closest_ahead_or_behind(gm, relative, ahead=ahead), away)


def _residuals(
    problem: Problem, legs: Legs, slopes: Slopes, rendezvous: bool, aim: float
) -> tuple[Array, Array]:
    """Return the residuals, whose squares add up to the merit, and their derivatives."""
    rows, residuals = [], []
    for k in range(3 if rendezvous else 2):
        impulse, slope = legs.impulses[:, k], slopes.impulses[:, k]
        size = np.sqrt(np.sum(impulse**2, axis=1) + FLOOR**2)[:, None]
        radial = np.einsum("nc,nci->ni", impulse, slope) / size**2
        residuals.append(impulse / np.sqrt(size))
        rows.append((slope - 0.5 * impulse[..., None] * radial[:, None]) / np.sqrt(size)[..., None])
    if aim > 0.0:
        for velocity, change, ahead in (
            (legs.before, slopes.before, False), (legs.after, slopes.after, True),
        ):  # fmt: skip
            here, slope = _clear_slope(problem, legs, velocity, slopes.node, change, ahead=ahead)
            low = np.maximum(0.0, 1.0 - here / aim)
            residuals.append(_WEIGHT * low[:, None])
            rows.append((-_WEIGHT / aim * (low > 0.0))[:, None, None] * slope[:, None])
    return np.concatenate(rows, axis=1), np.concatenate(residuals, axis=1)


def _clear_slope(
    problem: Problem, legs: Legs, velocity: Array, by_node: Array, by_speed: Array, *, ahead: bool
) -> tuple[Array, Array]:
    """Return a clearance and its derivatives, by differences of the closed form."""
    node, middle = legs.node, legs.middle
    slope = np.zeros((len(node), VARIABLES))
    away = np.linalg.norm(node - [1.0 - problem.mass_ratio, 0.0, 0.0], axis=1)
    small, fast = _DIFFERENCE * away, _DIFFERENCE * np.linalg.norm(velocity, axis=1)
    for c in range(3):
        unit = np.eye(3)[c]
        up, down = (
            _clear(problem, node + s * small[:, None] * unit, velocity, middle, ahead=ahead)
            for s in (1, -1)
        )
        slope += ((up - down) / (2 * small))[:, None] * by_node[:, c]
        up, down = (
            _clear(problem, node, velocity + s * fast[:, None] * unit, middle, ahead=ahead)
            for s in (1, -1)
        )
        slope += ((up - down) / (2 * fast))[:, None] * by_speed[:, c]
    return _clear(problem, node, velocity, middle, ahead=ahead), slope
