"""Drifts along the manifold, and what it takes to be sent on from them to an asteroid.

A small push along or against the growing direction lets the craft drift away from its parking
orbit for months. From every twentieth day of every drift Lambert's arcs to an asteroid are
priced, by the same fused kernel that searches the catalogue; the cheapest are where the
optimisation of `survey.transfer.deep_space` starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from survey.astro.er3bp import propagate_er3bp
from survey.astro.impulse_sum import Rows
from survey.astro.perigee import Waypoints, fall_directions
from survey.astro.porkchop_kernel import search_asteroids
from survey.astro.pulsating import speed_scale
from survey.astro.two_body_start import (
    elapsed,
    heliocentric,
    heliocentric_velocity,
    lambert_arcs,
)
from survey.constants import AU_KM
from survey.transfer.detours import departure_grid, every_year, spread_out
from survey.transfer.three_body_arcs import Kind
from survey.transfer.three_body_found import ASSIST_KM
from survey.transfer.three_body_model import DAY, SearchWindow, ThreeBodyModel
from survey.transfer.three_body_track import Track

Array = NDArray[np.float64]

_PHASES: Final = 18
_ANOMALIES: Final = 12
_PACE_D: Final = 8.0
_PUSHES_M_S: Final = (1.0, 4.0, 15.0)
_COAST_D: Final = (60.0, 480.0, 20.0)  # first, last, step
_LOOK_D: Final = 2.5  # between the instants at which a drift's distance is looked at
_CLEAR: Final = 0.02  # from the Earth: nearer, a two-body arc is no start
_TOFS_D: Final = (30.0, 20.0)  # first and step of the times of flight from the node
_SPANS: Final = 3  # of these times; of each the best arrival stays
_NODE_D: Final = 0.25  # between the instants to which arrivals are rounded
_PART_D: Final = 30.0  # of node and arrival dates: one start is kept for each pair
_REVS: Final = 1
_NOWHERE: Final = (2.0, 2.0, 0.5, 0.0, 0.0, 0.0)  # for an asteroid that is not there


@dataclass(frozen=True)
class Onward:
    """Two-body arcs from drifts to one asteroid, the cheapest first.

    Parameters
    ----------
    rows : ndarray of int, shape (n,)
        Waypoints.
    ends : ndarray, shape (n,)
        True anomalies of arrival.
    after : ndarray, shape (n, 3)
        Velocities after the manoeuvre.
    cost : ndarray, shape (n,)
        Estimates of the sum of impulses, m/s.
    """

    rows: Rows
    ends: Array
    after: Array
    cost: Array


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
        Every 20 days of each drift, away from the Earth, as long as neither Earth nor Moon has
        helped.
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
    leave, least = state[:, 3:].copy(), np.full(len(state), np.inf)
    first, last, step = _COAST_D
    stations = np.arange(first, min(last, window.tof_max_d), step)
    parts = []
    here = begin
    for day in np.arange(_LOOK_D, stations[-1] + 0.5 * _LOOK_D if len(stations) else 0.0, _LOOK_D):
        there = begin + day * DAY
        state, _ = propagate_er3bp(mu, e, state, here, there)
        here = there
        away = np.linalg.norm(state[:, :3] - [1.0 - mu, 0.0, 0.0], axis=1)
        least = np.fmin(least, away)
        if not np.any(np.abs(stations - day) < 0.5 * _LOOK_D):
            continue
        rows = np.flatnonzero((away > _CLEAR) & (least * AU_KM > ASSIST_KM))
        some = (begin, phase, impulse, leave, here, state)
        parts.append([column[rows] for column in some])
    if not parts:
        parts.append([column[:0] for column in (begin, phase, impulse, leave, begin, state)])
    names = ("begin", "phase", "impulse", "leave", "middle", "state")
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    found = dict(zip(names, columns, strict=True))
    return every_year(model, window, Waypoints(**found, flown=len(states)))


def price_drifts(
    model: ThreeBodyModel,
    coasts: Waypoints,
    window: SearchWindow,
    tracks: list[Track],
    *,
    kind: Kind,
    count: int,
) -> list[Onward]:
    """Price drifts and arrivals by two-body arcs.

    Parameters
    ----------
    model : ThreeBodyModel
        The elliptic problem and the parking orbit.
    coasts : Waypoints
        From `make_coasts`.
    window : SearchWindow
        Dates and budgets.
    tracks : list of Track
        Where the asteroids are.
    kind : {"flyby", "rendezvous"}
        Whether to pass or to stop.
    count : int
        Most estimates of each asteroid that are wanted.

    Returns
    -------
    list of Onward
        One for each asteroid; no two with node and arrival in the same month, none of more than
        one and a half budgets.
    """
    if not len(coasts.begin):
        none = np.empty(0)
        return [Onward(np.empty(0, np.int64), none, np.empty((0, 3)), none) for _ in tracks]
    mu, e, unit = model.mass_ratio, model.eccentricity, model.mean_speed_m_s
    limit = 1.5 * window.budget_m_s(kind) / unit
    clock = elapsed(e, coasts.middle)
    nodes = np.arange(clock.min(), clock.max() + window.tof_max_d * DAY, _NODE_D * DAY)
    longest = 1.1 * window.tof_max_d * DAY  # in anomaly, which is uneven
    turning = np.arange(coasts.middle.min(), coasts.middle.max() + longest, DAY)
    anomaly = np.interp(nodes, elapsed(e, turning), turning)
    goals, known = _arrivals(model, tracks, anomaly)
    place, rate = coasts.state[:, :3], coasts.state[:, 3:]
    craft = np.concatenate(
        [
            heliocentric(mu, e, place, coasts.middle),
            heliocentric_velocity(mu, e, place, rate, coasts.middle),
        ],
        axis=1,
    )
    push = np.linalg.norm(coasts.impulse, axis=1) * speed_scale(e, coasts.begin)
    found: list[list[tuple[Rows | Array, ...]]] = [[] for _ in tracks]
    lasted = np.round((coasts.middle - coasts.begin) / DAY)
    for days in np.unique(lasted):
        rows = np.flatnonzero(lasted == days)
        tofs = np.arange(_TOFS_D[0], window.tof_max_d - days, _TOFS_D[1])
        tofs = tofs[tofs + days >= window.tof_min_d] * DAY
        for some in (part for part in np.array_split(tofs, _SPANS) if len(part)):
            index = _node_at(nodes, clock[rows, None] + some)
            dv, tof, code = search_asteroids(
                1.0 - mu, clock[rows], craft[rows], nodes, goals, index, some, max_revs=_REVS,
                refine=False,
            )  # fmt: skip
            number = 1 if kind == "rendezvous" else 0
            for n, parts in enumerate(found):
                price = dv[n, number] + push[rows]
                flight = np.where(np.isfinite(price), tof[n, number], 0.0)
                at = _node_at(nodes, clock[rows] + flight)
                cheap = np.flatnonzero((price < limit) & known[n, at])
                parts.append((rows[cheap], at[cheap], price[cheap], code[n, number, cheap]))
    return [
        _cheapest(model, coasts, track, anomaly, parts, kind, count)
        for track, parts in zip(tracks, found, strict=True)
    ]


def _node_at(nodes: Array, instant: Array) -> Rows:
    """Return which node is nearest to each instant."""
    place = np.rint((instant - nodes[0]) / (_NODE_D * DAY)).astype(np.int64)
    return np.asarray(np.minimum(place, len(nodes) - 1))


def _arrivals(
    model: ThreeBodyModel, tracks: list[Track], anomaly: Array
) -> tuple[Array, NDArray[np.bool_]]:
    """Return heliocentric states of the asteroids at the nodes, and where they are known."""
    mu, e = model.mass_ratio, model.eccentricity
    goals = np.empty((len(tracks), len(anomaly), 6))
    known = np.empty(goals.shape[:2], dtype=np.bool_)
    for n, track in enumerate(tracks):
        state = track.at(anomaly)
        inside = (anomaly >= track.instants[0]) & (anomaly <= track.instants[-1])
        known[n] = inside & np.isfinite(state).all(1)
        goals[n, :, :3] = heliocentric(mu, e, state[:, :3], anomaly)
        goals[n, :, 3:] = heliocentric_velocity(mu, e, state[:, :3], state[:, 3:], anomaly)
        goals[n, ~known[n]] = _NOWHERE
    return goals, known


def _cheapest(
    model: ThreeBodyModel, coasts: Waypoints, track: Track, anomaly: Array,
    parts: list[tuple[Rows | Array, ...]], kind: Kind, count: int,
) -> Onward:  # fmt: skip
    """Choose the cheapest arcs of one asteroid, one of each month, and solve them in full."""
    mu, e = model.mass_ratio, model.eccentricity
    rows, at, price, code = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(price, kind="stable")
    slot = np.stack([coasts.middle[rows], anomaly[at]], axis=1)[order] // (_PART_D * DAY)
    _, first = np.unique(slot, axis=0, return_index=True)
    kept = order[np.sort(first)][: 2 * count]
    chosen, ends, code = coasts.take(rows[kept]), anomaly[at[kept]], code[kept]
    goal = track.at(ends)
    after, arrive = (np.full((len(kept), 3), np.nan) for _ in range(2))
    for arc in np.unique(code):
        mine = code == arc
        after[mine], arrive[mine] = lambert_arcs(
            mu, e, chosen.middle[mine], chosen.state[mine, :3], ends[mine], goal[mine, :3],
            revs=int(arc + 1) // 2, low_path=bool(arc == 0 or arc % 2 == 1),
        )  # fmt: skip
    parts_of_price = [
        np.linalg.norm(impulse, axis=1) * speed_scale(e, when)
        for impulse, when in (
            (chosen.impulse, chosen.begin), (after - chosen.state[:, 3:], chosen.middle),
            (goal[:, 3:] - arrive, ends),
        )
    ]  # fmt: skip
    total = sum(parts_of_price[: 3 if kind == "rendezvous" else 2]) * model.mean_speed_m_s
    total = np.where(np.isfinite(total), total, np.inf)
    head = spread_out(total, chosen.middle, ends, count=count)
    head = head[np.isfinite(total[head])]
    return Onward(rows[kept][head], ends[head], after[head], total[head])
