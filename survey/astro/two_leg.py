"""Arcs through a node: parking orbit, an impulse at a free point of space, target.

The node is three coordinates and an instant. Each leg is a boundary-value problem, so the two
velocities at the node, and with them all three impulses, are functions of the dates, of the node
and of the phase at departure; the transition matrices of the legs give their derivatives.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from survey.astro.arc_problem import Problem
from survey.astro.impulse_sum import VARIABLES, Legs, Rows, Scheme, Slopes, in_order
from survey.astro.pulsating import acceleration, coriolis, speed_scale
from survey.astro.shooting import CONVERGED, fly, inverse, solve_boundary

Array = NDArray[np.float64]

_PHASE_STEP: Final = 1e-5  # for the derivative by the phase
_PART: Final = 0.3  # of its distance from the planet that a node may move in one step
_FARTHEST: Final = 0.03
_FLIGHTS: Final = 8  # to close a leg after one step; more do not pay
_LONGEST: Final = 0.12  # radians: a week


def node_scheme(problem: Problem) -> Scheme:
    """Return the scheme of arcs through a free node."""
    return Scheme(
        read=_read,
        fly=lambda index, wanted, move, near, slopes: close_legs(
            problem, index, wanted,
            near.leave + np.einsum("nci,ni->nc", slopes.leave, move),
            near.after + np.einsum("nci,ni->nc", slopes.after, move),
            flights=_FLIGHTS,
        ),
        slope=lambda index, legs: derivatives(problem, index, legs),
        limit=lambda legs, _, move: _limit(problem, legs, move),
    )  # fmt: skip


def close_legs(
    problem: Problem, index: Rows, variables: Array, leave: Array, after: Array, *,
    flights: int = 12,
) -> Legs:  # fmt: skip
    """Solve the boundary-value problems of both legs.

    Parameters
    ----------
    problem : Problem
    index : ndarray of int, shape (n,)
        Handed to the callables of the problem.
    variables : ndarray, shape (n, 7)
        True anomaly of departure, phase there, position of the node, its anomaly, anomaly of
        arrival.
    leave, after : ndarray, shape (n, 3)
        First guesses of the velocities that leave the parking orbit and the node.
    flights : int
        Allowed for each leg.

    Returns
    -------
    Legs
    """
    mu, e = problem.mass_ratio, problem.eccentricity
    begin, phase, middle, end = variables[:, [0, 1, 5, 6]].T
    node = variables[:, 2:5]
    craft, goal = problem.departure(index, begin, phase), problem.target(index, end)
    first = solve_boundary(mu, e, begin, craft[:, :3], leave, middle, node, iterations=flights)
    ready = first.status == CONVERGED
    second = solve_boundary(
        mu, e, middle, node, np.where(ready[:, None], after, np.nan), end, goal[:, :3],
        iterations=flights,
    )  # fmt: skip
    return Legs(
        begin, phase, middle, end, node, np.zeros(len(begin)),
        first.velocity, first.arrival[:, 3:], second.velocity, second.arrival,
        impulses_of(
            e, (begin, middle, end), craft, goal,
            (first.velocity, first.arrival[:, 3:], second.velocity, second.arrival[:, 3:]),
        ),
        np.stack([first.miss, second.miss], axis=1),
        ready & (second.status == CONVERGED) & in_order(begin, middle, end),
    )  # fmt: skip


def impulses_of(
    e: float, instants: tuple[Array, Array, Array], craft: Array, goal: Array,
    velocities: tuple[Array, Array, Array, Array],
) -> Array:  # fmt: skip
    """Return the impulses of arcs, times `speed_scale`, shape (n, 3, 3)."""
    leave, before, after, arrive = velocities
    added = (leave - craft[:, 3:], after - before, goal[:, 3:] - arrive)
    return np.stack(
        [dv * speed_scale(e, t)[:, None] for dv, t in zip(added, instants, strict=True)], axis=1
    )


def derivatives(problem: Problem, index: Rows, legs: Legs) -> Slopes:
    """Differentiate impulses and velocities by the variables.

    Parameters
    ----------
    problem : Problem
    index : ndarray of int, shape (n,)
    legs : Legs
        Closed.

    Returns
    -------
    Slopes

    Notes
    -----
    A date that moves by dt moves the end of a leg by its velocity times dt, and what must be made
    up is the rest. Where two bodies part at one place, their accelerations differ only by the
    Coriolis term, since gravity is the same for both.
    """
    mu, e = problem.mass_ratio, problem.eccentricity
    craft, along = parking_and_slope(problem, index, legs)
    start = np.concatenate([craft[:, :3], legs.leave], axis=1)
    onward = np.concatenate([legs.node, legs.after], axis=1)
    _, phi = fly(mu, e, start, legs.begin, legs.middle, True)
    _, chi = fly(mu, e, onward, legs.middle, legs.end, True)
    instants = (legs.begin, legs.middle, legs.end)
    raw = [legs.impulses[:, k] / speed_scale(e, t)[:, None] for k, t in enumerate(instants)]

    ahead, behind, onto, last = (np.zeros((len(craft), 3, VARIABLES)) for _ in range(4))
    ahead[..., 0], ahead[..., 1] = -raw[0], along[:, :3]
    behind[..., 2:5] = onto[..., 2:5] = np.eye(3)
    behind[..., 5], onto[..., 5] = -legs.before, -legs.after
    last[..., 6] = raw[2]
    leave, before = displaced(phi, ahead, behind)
    after, arrive = displaced(chi, onto, last)

    first = leave.copy()
    first[..., 0] += coriolis(raw[0])
    first[..., 1] -= along[:, 3:]
    second = after - before
    second[..., 5] += coriolis(raw[1])
    third = -arrive
    third[..., 6] += coriolis(raw[2])
    leave[..., 0] += acceleration(mu, e, start, legs.begin)
    coming = np.concatenate([legs.node, legs.before], axis=1)
    before[..., 5] += acceleration(mu, e, coming, legs.middle)
    after[..., 5] += acceleration(mu, e, onward, legs.middle)
    node = np.zeros((len(craft), 3, VARIABLES))
    node[..., 2:5] = np.eye(3)
    dated = np.zeros((3, len(craft), VARIABLES))
    dated[[0, 1, 2], :, [0, 5, 6]] = 1.0
    slopes = scaled(e, instants, raw, (first, second, third), dated)
    return Slopes(slopes, leave, before, after, node)


def parking_and_slope(problem: Problem, index: Rows, legs: Legs) -> tuple[Array, Array]:
    """Return states of the parking orbit at departure, and their derivatives by the phase."""
    up, down = (
        problem.departure(index, legs.begin, legs.phase + step)
        for step in (_PHASE_STEP, -_PHASE_STEP)
    )
    return problem.departure(index, legs.begin, legs.phase), (up - down) / (2 * _PHASE_STEP)


def scaled(
    e: float, instants: tuple[Array, Array, Array], raw: list[Array],
    slopes: tuple[Array, Array, Array], dated: Array,
) -> Array:  # fmt: skip
    """Return derivatives of impulses times `speed_scale`, shape (n, 3, 3, 7).

    `dated`, of shape (3, n, 7), tells how the instants themselves depend on the variables.
    """
    parts = []
    for t, dv, slope, moves in zip(instants, raw, slopes, dated, strict=True):
        swelling = -e * np.sin(t)[:, None] * moves
        parts.append(slope * speed_scale(e, t)[:, None, None] + dv[..., None] * swelling[:, None])
    return np.stack(parts, axis=1)


def displaced(phi: Array, start: Array, stop: Array) -> tuple[Array, Array]:
    """Return how both velocities of a leg change when its ends are displaced at fixed instants."""
    back = inverse(phi[:, :3, 3:])
    leave = back @ (stop - phi[:, :3, :3] @ start)
    return leave, phi[:, 3:, :3] @ start + phi[:, 3:, 3:] @ leave


def _read(legs: Legs) -> Array:
    ends = [legs.begin[:, None], legs.phase[:, None], legs.node]
    return np.concatenate([*ends, legs.middle[:, None], legs.end[:, None]], axis=1)


def _limit(problem: Problem, legs: Legs, move: Array) -> Array:
    """Keep nodes from jumping farther than the derivatives can be believed."""
    away = np.linalg.norm(legs.node - [1.0 - problem.mass_ratio, 0.0, 0.0], axis=1)
    speed = np.maximum(np.linalg.norm(legs.before, axis=1), np.linalg.norm(legs.after, axis=1))
    far = np.linalg.norm(move[:, 2:5], axis=1) / np.minimum(_FARTHEST, _PART * away)
    late = np.abs(move[:, 5]) / np.minimum(_LONGEST, _PART * away / speed)
    return np.asarray(np.maximum(far, late))
