"""Arcs by way of a perigee: a push at the parking orbit, the fall, a burn, the target.

The push decides where the fall passes the planet, so it is the push, not the place of the burn,
that is varied: the place then stays on trajectories that cost next to nothing. The burn may come
before or after the perigee. The leg from there to the target is a boundary-value problem.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from survey.astro.arc_problem import Problem
from survey.astro.cr3bp_flow import transition_matrix
from survey.astro.impulse_sum import VARIABLES, Legs, Rows, Scheme, Slopes, in_order
from survey.astro.near_planet import from_planet, to_planet
from survey.astro.oberth import hyperbola_velocity, velocity_at_infinity
from survey.astro.perigee import coast
from survey.astro.perigee import fall as fall_to_perigee
from survey.astro.pulsating import acceleration, coriolis, speed_scale
from survey.astro.shooting import CONVERGED, fly, solve_boundary
from survey.astro.two_leg import displaced, impulses_of, parking_and_slope, scaled

Array = NDArray[np.float64]

_SPHERE: Final = 7e-4  # about the planet, within which the perigee is looked for: 105,000 km
_SLACK: Final = 0.3  # radians by which a fall may become longer in one step
_PUSH: Final = 1.7e-4  # largest change of the push in one step: 5 m/s
_PART: Final = 0.3  # of its distance from the planet by which the perigee may move in one step
_FLIGHTS: Final = 8  # to close a leg after one step; more do not pay
_TURN: Final = 0.1  # of distance over speed: largest change of the burn's offset


def fall_scheme(problem: Problem) -> Scheme:
    """Return the scheme of arcs by way of a perigee.

    Its own variables are the three components of the push at departure, pulsating frame; the date
    of the node counts from the perigee.
    """
    return Scheme(
        read=lambda legs: _read(problem, legs),
        fly=lambda index, wanted, move, near, slopes: fly_falls(
            problem, index, wanted, near.middle - near.begin,
            near.node, near.after, near.middle,
            near.after + np.einsum("nci,ni->nc", slopes.after, move), flights=_FLIGHTS,
        ),
        slope=lambda index, legs: fall_derivatives(problem, index, legs),
        limit=lambda legs, slopes, move: _limit(problem, legs, slopes, move),
    )  # fmt: skip


def fly_falls(
    problem: Problem, index: Rows, variables: Array, span: Array,
    place: Array, after: Array, middle: Array, otherwise: Array, *, flights: int = 15,
) -> Legs:  # fmt: skip
    """Fly pushes to their perigees, and close the legs that lead on from there.

    Parameters
    ----------
    problem : Problem
    index : ndarray of int, shape (n,)
        Handed to the callables of the problem.
    variables : ndarray, shape (n, 7)
        True anomaly of departure, phase there, push (three), by how much the burn is later than
        the perigee, true anomaly of arrival.
    span : ndarray, shape (n,)
        About how long the falls last.
    place, after : ndarray, shape (n, 3)
        Where a burn near by is made, and the velocity after it: the new leg starts with the same
        velocity at infinity.
    middle : ndarray, shape (n,)
        When it is made.
    otherwise : ndarray, shape (n, 3)
        Velocity to start from where that is no hyperbola.
    flights : int
        Allowed for the second leg.

    Returns
    -------
    Legs
    """
    mu, e = problem.mass_ratio, problem.eccentricity
    begin, phase, offset, end = variables[:, [0, 1, 5, 6]].T
    craft, goal = problem.departure(index, begin, phase), problem.target(index, end)
    start = np.concatenate([craft[:, :3], craft[:, 3:] + variables[:, 2:5]], axis=1)
    longest = float(np.max(span, initial=0.0)) + _SLACK
    final, when, reached = fall_to_perigee(mu, e, start, begin, longest=longest, farthest=_SPHERE)
    state, well = coast(mu, e, final, when, when + offset)
    reached &= well
    instant = when + offset
    guess = _same_infinity(mu, e, (place, after, middle), state[:, :3], instant, otherwise)
    second = solve_boundary(
        mu, e, instant, state[:, :3], np.where(reached[:, None], guess, np.nan), end, goal[:, :3],
        iterations=flights,
    )  # fmt: skip
    return Legs(
        begin, phase, instant, end, state[:, :3], offset, start[:, 3:], state[:, 3:],
        second.velocity, second.arrival,
        impulses_of(
            e, (begin, instant, end), craft, goal,
            (start[:, 3:], state[:, 3:], second.velocity, second.arrival[:, 3:]),
        ),
        np.stack([np.where(reached, 0.0, np.inf), second.miss], axis=1),
        reached & (second.status == CONVERGED) & in_order(begin, instant, end),
    )  # fmt: skip


def fall_derivatives(problem: Problem, index: Rows, legs: Legs) -> Slopes:
    """Differentiate impulses, velocities and the place of the burn by the variables.

    Notes
    -----
    The perigee is where position and velocity relative to the planet are at right angles; a
    displacement moves the instant at which that happens, and the burn with it.
    """
    mu, e = problem.mass_ratio, problem.eccentricity
    craft, along = parking_and_slope(problem, index, legs)
    instants = (legs.begin, legs.middle, legs.end)
    raw = [legs.impulses[:, k] / speed_scale(e, t)[:, None] for k, t in enumerate(instants)]
    count = len(craft)
    start = np.concatenate([craft[:, :3], legs.leave], axis=1)
    span = legs.middle - legs.begin
    rows, when, _ = fall_to_perigee(
        mu, e, start, legs.begin, longest=float(np.max(span, initial=0.0)) + _SLACK,
        farthest=_SPHERE, stm=True,
    )  # fmt: skip
    moved, _ = coast(mu, e, rows, when, legs.middle)
    pushed = np.zeros((count, 6, VARIABLES))
    pushed[:, :3, 0], pushed[:, 3:, 0] = -raw[0], -coriolis(raw[0])
    pushed[..., 1] = along
    pushed[:, 3:, 2:5] = np.eye(3)

    lowest = rows[:, :6]
    at_perigee = transition_matrix(rows, (count,)) @ pushed
    relative = lowest[:, :3] - [1.0 - mu, 0.0, 0.0]
    speed = lowest[:, 3:]
    pull = acceleration(mu, e, lowest, when)
    rise = np.sum(speed * speed + relative * pull, axis=1)
    later = (
        -(
            np.einsum("nc,nci->ni", speed, at_perigee[:, :3])
            + np.einsum("nc,nci->ni", relative, at_perigee[:, 3:])
        )
        / rise[:, None]
    )
    later[:, 5] += 1.0
    state = np.concatenate([legs.node, legs.before], axis=1)
    flow = np.concatenate([legs.before, acceleration(mu, e, state, legs.middle)], axis=1)
    burning = transition_matrix(moved, (count,)) @ pushed + flow[..., None] * later[:, None]
    node, before = burning[:, :3], burning[:, 3:]

    onward = np.concatenate([legs.node, legs.after], axis=1)
    _, chi = fly(mu, e, onward, legs.middle, legs.end, True)
    last = np.zeros((count, 3, VARIABLES))
    last[..., 6] = raw[2]
    after, arrive = displaced(chi, node - legs.after[..., None] * later[:, None], last)
    after = after + acceleration(mu, e, onward, legs.middle)[..., None] * later[:, None]
    first = np.zeros((count, 3, VARIABLES))
    first[..., 2:5] = np.eye(3)
    third = -arrive
    third[..., 6] += coriolis(raw[2])
    dated = np.zeros((3, count, VARIABLES))
    dated[0, :, 0] = dated[2, :, 6] = 1.0
    dated[1] = later
    slopes = scaled(e, instants, raw, (first, after - before, third), dated)
    leave = first.copy()
    leave[..., 0] = acceleration(mu, e, craft, legs.begin)
    leave[..., 1] = along[:, 3:]
    return Slopes(slopes, leave, before, after, node)


def _same_infinity(
    mu: float, e: float, known: tuple[Array, Array, Array], place: Array, instant: Array,
    otherwise: Array,
) -> Array:  # fmt: skip
    """Return velocities that leave other places with the velocity at infinity of a known burn."""
    gm, relative = from_planet(mu, e, np.concatenate(known[:2], axis=1), known[2])
    far = velocity_at_infinity(gm, relative)
    here = np.concatenate([place, np.zeros_like(place)], axis=1)
    gm, relative = from_planet(mu, e, here, instant)
    relative[:, 3:] = hyperbola_velocity(gm, relative[:, :3], far)
    guess = to_planet(mu, e, relative, instant)[:, 3:]
    return np.where(np.isfinite(guess), guess, otherwise)


def _read(problem: Problem, legs: Legs) -> Array:
    swell = speed_scale(problem.eccentricity, legs.begin)[:, None]
    ends = [legs.begin[:, None], legs.phase[:, None], legs.impulses[:, 0] / swell]
    return np.concatenate([*ends, legs.offset[:, None], legs.end[:, None]], axis=1)


def _limit(problem: Problem, legs: Legs, slopes: Slopes, move: Array) -> Array:
    """Keep perigees and pushes from moving farther than the derivatives can be believed."""
    away = np.linalg.norm(legs.node - [1.0 - problem.mass_ratio, 0.0, 0.0], axis=1)
    speed = np.linalg.norm(legs.before, axis=1)
    carried = move.copy()
    carried[:, 5] = 0.0
    moved = np.linalg.norm(np.einsum("nci,ni->nc", slopes.node, carried), axis=1)
    late = np.abs(move[:, 5]) / (_TURN * away / speed)
    push = np.linalg.norm(move[:, 2:5], axis=1) / _PUSH
    return np.asarray(np.maximum(np.maximum(moved / (_PART * away), late), push))
