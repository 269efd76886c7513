"""Departures with one manoeuvre in deep space: leave for next to nothing, coast, then burn.

Two kinds of start. Where the primer vector of an arc of one impulse (and the stop) exceeds one, a
small impulse is inserted where it is longest. And the craft may leave along the manifold, drift
for months, and be sent on by Lambert's arc. Both are closed in the elliptic problem, and node,
dates and phase moved to where the sum of all impulses is least.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from survey.astro.er3bp import propagate_er3bp
from survey.astro.impulse_sum import Legs, Rows, descend, join_legs
from survey.astro.perigee import Waypoints, fall_directions
from survey.astro.primer import PrimerHistory, primer_history
from survey.astro.pulsating import speed_scale
from survey.astro.shooting import inverse
from survey.astro.shooting_optimum import Optimum
from survey.astro.two_body_start import lambert_arcs
from survey.astro.two_leg import close_legs, derivatives, node_scheme
from survey.constants import AU_KM
from survey.transfer.detours import (
    Detours,
    any_phase,
    departure_grid,
    departures,
    every_year,
    make_detours,
    problem_of,
)
from survey.transfer.three_body_arcs import Kind
from survey.transfer.three_body_found import ASSIST_KM
from survey.transfer.three_body_model import DAY, SearchWindow, ThreeBodyModel
from survey.transfer.three_body_track import Track

Array = NDArray[np.float64]

_HELPS: Final = 1.001  # a primer no longer than this is one but for rounding
_SHARES: Final = (0.03, 0.2)  # of an arc's cost, tried as the size of the inserted impulse
_LEAST: Final = 1e-4  # 3 m/s: a smaller one is lost in the rounding of its derivatives
_PHASES: Final = 18
_ANOMALIES: Final = 12
_PACE_D: Final = 8.0
_PUSHES_M_S: Final = (1.0, 4.0, 15.0)
_COAST_D: Final = (60.0, 480.0, 20.0)  # first, last, step
_CLEAR: Final = 0.02  # from the Earth: nearer, a two-body arc is no start
_TOFS_D: Final = (30.0, 20.0)  # first and step of the times of flight from the node
_PART_D: Final = 30.0  # of node and arrival dates: one start is kept for each pair


@dataclass(frozen=True)
class Inserted:
    """What inserting impulses into arcs has come to.

    Parameters
    ----------
    arcs : Detours
        Those that are cheaper than the arc they come from.
    primer : ndarray, shape (n,)
        Greatest length of the primer vector on each of the given arcs.
    """

    arcs: Detours
    primer: Array


def primer_of(model: ThreeBodyModel, arcs: Optimum, *, kind: Kind) -> PrimerHistory:
    """Return the primer vector along arcs of one impulse (flyby) or two (rendezvous)."""
    craft = model.parking_states(arcs.begin, arcs.phase)
    state = np.concatenate([craft[:, :3], arcs.velocity], axis=1)
    last = arcs.arrival_impulse if kind == "rendezvous" else np.zeros_like(arcs.arrival_impulse)
    return primer_history(
        model.mass_ratio, model.eccentricity, arcs.begin, state, arcs.end,
        arcs.departure_impulse, last,
    )  # fmt: skip


def insert_impulses(
    model: ThreeBodyModel,
    window: SearchWindow,
    track: Track,
    arcs: Optimum,
    *,
    kind: Kind,
    iterations: int = 60,
) -> Inserted:
    """Insert an impulse into arcs where their primer vector is longest and exceeds one.

    Parameters
    ----------
    model : ThreeBodyModel
        The elliptic problem and the parking orbit.
    window : SearchWindow
        Dates and budgets.
    track : Track
        Where the asteroid is.
    arcs : Optimum
        Closed arcs to it, e.g. of `survey.transfer.three_body_arcs.search_arcs`.
    kind : {"flyby", "rendezvous"}
        Whether to pass or to stop.
    iterations : int
        Moves of dates and node allowed for each.

    Returns
    -------
    Inserted
    """
    history = primer_of(model, arcs, kind=kind)
    place, longest = history.peak()
    rows = np.flatnonzero((longest > _HELPS) & np.isfinite(arcs.cost))
    problem = problem_of(model, track)
    parts = [_insert(model, track, history, place, arcs, rows, share) for share in _SHARES]
    legs = join_legs(parts)
    legs, cost = descend(
        problem, node_scheme(problem), legs, rendezvous=kind == "rendezvous",
        free_phase=any_phase(model), least_distance=ASSIST_KM / AU_KM,
        begin_bounds=departures(model, window),
        tof_bounds=(window.tof_min_d * DAY, window.tof_max_d * DAY), iterations=iterations,
    )  # fmt: skip
    known = np.tile(arcs.cost[rows], len(_SHARES))
    cost = np.where(cost < known, cost, np.inf)
    budget = window.rendezvous_m_s if kind == "rendezvous" else window.flyby_m_s
    return Inserted(make_detours(model, problem, legs, cost, budget_m_s=budget), longest)


def _insert(
    model: ThreeBodyModel, track: Track, history: PrimerHistory, place: Rows, arcs: Optimum,
    rows: Rows, share: float,
) -> Legs:  # fmt: skip
    """Displace arcs at their nodes so far that the impulse there has a share of the cost."""
    problem, at = problem_of(model, track), place[rows]
    middle, state = history.anomaly[rows, at], history.states[rows, at]
    primer = history.primer[rows, at]
    variables = np.concatenate(
        [
            np.stack([arcs.begin, arcs.phase], axis=1)[rows], state[:, :3],
            np.stack([middle, arcs.end[rows]], axis=1),
        ],
        axis=1,
    )  # fmt: skip
    plain = close_legs(problem, rows, variables, arcs.velocity[rows], state[:, 3:])
    if not len(rows):
        return plain
    slopes = derivatives(problem, rows, plain)
    size = np.maximum(_LEAST, share * arcs.cost[rows]) / np.linalg.norm(primer, axis=1)
    back = inverse(slopes.impulses[:, 1, :, 2:5])
    shift = np.einsum("nij,nj->ni", back, size[:, None] * primer)
    variables[:, 2:5] += shift
    leave, after = (
        speed + np.einsum("nij,nj->ni", slope[..., 2:5], shift)
        for speed, slope in ((plain.leave, slopes.leave), (plain.after, slopes.after))
    )
    return close_legs(problem, rows, variables, leave, after, flights=20)


def make_coasts(model: ThreeBodyModel, window: SearchWindow) -> Waypoints:
    """Fly small pushes along and against the growing direction, and note where they drift.

    Parameters
    ----------
    model : ThreeBodyModel
        The elliptic problem and the parking orbit.
    window : SearchWindow
        Whose departures count.

    Returns
    -------
    Waypoints
        Every 20 days of each drift, away from the Earth.
    """
    mu, e = model.mass_ratio, model.eccentricity
    begin, phase = departure_grid(
        model, window, anomalies=_ANOMALIES, phases=_PHASES, pace_d=_PACE_D
    )
    states = model.parking_states(begin, phase)
    push = fall_directions(mu, e, states, begin)
    sizes = np.concatenate([np.array(_PUSHES_M_S), -np.array(_PUSHES_M_S)]) / model.mean_speed_m_s
    impulse = (push[:, None] * sizes[:, None]).reshape(-1, 3)
    begin, phase, states = (np.repeat(a, len(sizes), axis=0) for a in (begin, phase, states))
    state = states.copy()
    state[:, 3:] += impulse
    leave, here = state[:, 3:].copy(), begin.copy()
    first, last, step = _COAST_D
    parts = []
    for day in np.arange(first, min(last, window.tof_max_d), step):
        there = begin + day * DAY
        state, _ = propagate_er3bp(mu, e, state, here, there)
        here = there
        away = np.linalg.norm(state[:, :3] - [1.0 - mu, 0.0, 0.0], axis=1)
        rows = np.flatnonzero(away > _CLEAR)
        parts.append(
            Waypoints(
                begin[rows],
                phase[rows],
                impulse[rows],
                leave[rows],
                there[rows],
                state[rows],
                len(begin),
            )
        )
    columns = zip(
        *((w.begin, w.phase, w.impulse, w.leave, w.middle, w.state) for w in parts), strict=True
    )
    begin, phase, impulse, leave, here, state = (np.concatenate(column) for column in columns)
    joined = Waypoints(begin, phase, impulse, leave, here, state, flown=len(states))
    return every_year(model, window, joined)


def search_deep_space(
    model: ThreeBodyModel,
    coasts: Waypoints,
    window: SearchWindow,
    track: Track,
    *,
    kind: Kind,
    starts: int = 32,
    iterations: int = 60,
) -> Detours:
    """Find the cheapest arcs by way of a drift along the manifold and a manoeuvre in deep space.

    Parameters
    ----------
    model : ThreeBodyModel
        The elliptic problem and the parking orbit.
    coasts : Waypoints
        From `make_coasts` for the same model and window.
    window : SearchWindow
        Dates and budgets; its times of flight are those from the parking orbit.
    track : Track
        Where the asteroid is.
    kind : {"flyby", "rendezvous"}
        Whether to pass or to stop.
    starts : int
        How many of the cheapest estimates are closed and optimised.
    iterations : int
        Moves of dates and node allowed for each.

    Returns
    -------
    Detours
        Distinct arcs within the budget, cheapest first; none if the asteroid is out of reach.
    """
    budget = window.rendezvous_m_s if kind == "rendezvous" else window.flyby_m_s
    rows, ends, after, _ = estimate_deep_space(model, coasts, window, track, kind=kind)
    rows, ends, after = rows[:starts], ends[:starts], after[:starts]
    chosen, problem = coasts.take(rows), problem_of(model, track)
    variables = np.concatenate(
        [
            np.stack([chosen.begin, chosen.phase], axis=1), chosen.state[:, :3],
            np.stack([chosen.middle, ends], axis=1),
        ],
        axis=1,
    )  # fmt: skip
    legs = close_legs(problem, rows, variables, chosen.leave, after, flights=30)
    legs, cost = descend(
        problem, node_scheme(problem), legs, rendezvous=kind == "rendezvous",
        free_phase=any_phase(model), least_distance=ASSIST_KM / AU_KM,
        begin_bounds=departures(model, window),
        tof_bounds=(window.tof_min_d * DAY, window.tof_max_d * DAY), iterations=iterations,
    )  # fmt: skip
    return make_detours(model, problem, legs, cost, budget_m_s=budget)


def estimate_deep_space(
    model: ThreeBodyModel, coasts: Waypoints, window: SearchWindow, track: Track, *, kind: Kind
) -> tuple[Rows, Array, Array, Array]:
    """Price drifts and arrivals by two-body arcs.

    Returns
    -------
    rows : ndarray of int, shape (n,)
        Coasts.
    ends : ndarray, shape (n,)
        True anomalies of arrival.
    after : ndarray, shape (n, 3)
        Velocities after the manoeuvre.
    cost : ndarray, shape (n,)
        Estimates of the sum of impulses, m/s, increasing; at most one and a half budgets.
    """
    mu, e, unit = model.mass_ratio, model.eccentricity, model.mean_speed_m_s
    budget = window.rendezvous_m_s if kind == "rendezvous" else window.flyby_m_s
    push = np.linalg.norm(coasts.impulse, axis=1) * speed_scale(e, coasts.begin)
    found = []
    for tof in np.arange(_TOFS_D[0], window.tof_max_d, _TOFS_D[1]) * DAY:
        ends = coasts.middle + tof
        whole = ends - coasts.begin
        fits = (whole >= window.tof_min_d * DAY) & (whole <= window.tof_max_d * DAY)
        fits &= (ends >= track.instants[0]) & (ends <= track.instants[-1])
        rows = np.flatnonzero(fits)
        goal = track.at(ends[rows])
        known = np.isfinite(goal).all(1)
        rows, goal = rows[known], goal[known]
        leave, arrive = lambert_arcs(
            mu, e, coasts.middle[rows], coasts.state[rows, :3], ends[rows], goal[:, :3]
        )
        price = np.linalg.norm(leave - coasts.state[rows, 3:], axis=1)
        price = push[rows] + price * speed_scale(e, coasts.middle[rows])
        if kind == "rendezvous":
            stop = np.linalg.norm(goal[:, 3:] - arrive, axis=1)
            price += stop * speed_scale(e, ends[rows])
        cheap = np.flatnonzero(price * unit < 1.5 * budget)
        found.append((rows[cheap], ends[rows[cheap]], leave[cheap], price[cheap]))
    rows, ends, after, price = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.argsort(price, kind="stable")
    slot = np.stack([coasts.middle[rows], ends], axis=1)[order] // (_PART_D * DAY)
    _, first = np.unique(slot, axis=0, return_index=True)
    kept = order[np.sort(first)]
    return rows[kept], ends[kept], after[kept], price[kept] * unit
