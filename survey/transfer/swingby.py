"""Departures by way of a burn close to the Earth: fall, burn at the perigee, leave.

A touch of impulse lets the craft fall from its parking orbit to a perigee months later; a burn
there buys far more speed than the same burn at the libration point. For every perigee that can be
had and every time of flight, Lambert's arc tells with what velocity the Earth must be left, and a
hyperbola in closed form what the burn costs; the cheapest are closed in the elliptic problem, and
their dates, perigee and phase moved to where the sum of all impulses is least.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from survey.astro.compiling import entry
from survey.astro.fall import fall_scheme, fly_falls
from survey.astro.near_planet import from_planet, to_planet
from survey.astro.oberth import hyperbola_velocity, speed_at_infinity
from survey.astro.perigee import Waypoints, fall_directions, find_perigees
from survey.astro.pulsating import speed_scale
from survey.astro.two_body_start import lambert_arcs
from survey.constants import AU_KM, J2_EARTH_RADIUS_KM
from survey.transfer.descents import Plan, settle
from survey.transfer.detours import (
    Detours,
    departure_grid,
    every_year,
    spread_out,
)
from survey.transfer.three_body_arcs import Kind
from survey.transfer.three_body_model import DAY, REACH_PHASES, SearchWindow, ThreeBodyModel
from survey.transfer.three_body_track import Track, problem_of

Array = NDArray[np.float64]

LEAST_PERIGEE_KM: Final = J2_EARTH_RADIUS_KM + 300.0
"""300 km above the Earth's equator: no arc passes lower."""

_AIM: Final = 1.006  # of it, for the optimiser, whose bound is soft
_FARTHEST_KM: Final = 60_000.0
_LONGEST_FALL_D: Final = 300.0
_BURSTS: Final = 40
_BURST_M_S: Final = (0.03, 6.0)
_ANOMALIES: Final = 24  # of departure in a year, where any phase will do
_PACE_D: Final = 2.0  # between departures, where the phase is known
_STEP_D: Final = 3.0  # of perigee dates and ...
_TOF_STEP_D: Final = 6.0  # ... times of flight from there, for which Lambert's arcs are tabulated
_SHORTEST_D: Final = 20.0
_PART_D: Final = 20.0  # of perigee and arrival dates: one start is kept for each pair

PLAN: Final = Plan(
    first=12, kept=40, then=60, polished=4, times=1, aim_km=_AIM * LEAST_PERIGEE_KM,
    least_km=LEAST_PERIGEE_KM,
)  # fmt: skip


def make_perigees(model: ThreeBodyModel, window: SearchWindow) -> Waypoints:
    """Find the perigees to which a craft can fall from its parking orbit.

    Parameters
    ----------
    model : ThreeBodyModel
        Where the phase is unknown, the falls of one year are flown for 36 phases, and stand for
        all years: the elliptic problem returns with the anomaly.
    window : SearchWindow
        Whose departures count.

    Returns
    -------
    Waypoints
        Departing within the window. The libration point itself has none: its manifold passes the
        Earth far out.
    """
    begin, phase = departure_grid(
        model, window, anomalies=_ANOMALIES, phases=REACH_PHASES, pace_d=_PACE_D
    )
    states = model.parking_states(begin, phase)
    sizes = np.geomspace(*_BURST_M_S, _BURSTS) / model.mean_speed_m_s
    push = fall_directions(model.mass_ratio, model.eccentricity, states, begin)
    impulses = push[:, None] * sizes[:, None]
    found = find_perigees(
        model.mass_ratio, model.eccentricity,
        np.repeat(states, _BURSTS, 0), np.repeat(begin, _BURSTS), np.repeat(phase, _BURSTS),
        impulses.reshape(-1, 3),
        longest=min(_LONGEST_FALL_D, window.tof_max_d) * DAY,
        nearest=LEAST_PERIGEE_KM / AU_KM, farthest=_FARTHEST_KM / AU_KM,
    )  # fmt: skip
    return every_year(model, window, found)


def search_swingby(
    model: ThreeBodyModel,
    perigees: Waypoints,
    window: SearchWindow,
    tracks: list[Track],
    *,
    kind: Kind,
    starts: int = 80,
    plan: Plan = PLAN,
) -> list[Detours]:
    """Find the cheapest arcs to asteroids by way of a burn near the Earth.

    Parameters
    ----------
    model : ThreeBodyModel
        The elliptic problem and the parking orbit.
    perigees : Waypoints
        From `make_perigees` for the same model and window.
    window : SearchWindow
        Dates and budgets; its times of flight are those from the parking orbit.
    tracks : list of Track
        Where the asteroids are.
    kind : {"flyby", "rendezvous"}
        Whether to pass or to stop.
    starts : int
        How many of the cheapest estimates for each asteroid are closed and optimised.
    plan : Plan
        How far.

    Returns
    -------
    list of Detours
        Of each asteroid: distinct arcs within the budget, cheapest first; none if it is out of
        reach.
    """
    parts = []
    for track in tracks:
        rows, ends, price = estimate_swingbys(model, perigees, window, track, kind=kind)
        head = spread_out(price, perigees.middle[rows], ends, count=starts)
        rows, ends = rows[head], ends[head]
        after = _departing(model, perigees.take(rows), ends, track, rendezvous=kind == "rendezvous")
        parts.append((rows, ends, after))
    rows, ends, after = (np.concatenate(column) for column in zip(*parts, strict=True))
    whose = np.repeat(np.arange(len(tracks)), [len(part[0]) for part in parts])
    chosen, problem = perigees.take(rows), problem_of(model, tracks, whose)
    variables = np.concatenate(
        [
            np.stack([chosen.begin, chosen.phase], axis=1), chosen.impulse,
            np.stack([np.zeros(len(rows)), ends], axis=1),
        ],
        axis=1,
    )  # fmt: skip
    legs = fly_falls(
        problem, np.arange(len(rows)), variables, chosen.middle - chosen.begin,
        chosen.state[:, :3], after, chosen.middle, after, flights=30,
    )  # fmt: skip
    return settle(model, window, tracks, legs, whose, scheme=fall_scheme, kind=kind, plan=plan)


def left_at_infinity_km_s(model: ThreeBodyModel, found: Detours) -> Array:
    """Return the speeds that burns near the Earth leave far from it, km/s; NaN for an ellipse."""
    legs = found.legs
    state = np.concatenate([legs.node, legs.after], axis=1)
    gm, relative = from_planet(model.mass_ratio, model.eccentricity, state, legs.middle)
    distance, speed = (np.linalg.norm(relative[:, c], axis=1) for c in (slice(3), slice(3, 6)))
    return speed_at_infinity(gm, distance, speed) * model.speed_m_s(legs.middle) / 1e3


def estimate_swingbys(
    model: ThreeBodyModel, perigees: Waypoints, window: SearchWindow, track: Track, *, kind: Kind
) -> tuple[NDArray[np.int64], Array, Array]:
    """Price perigees and arrivals by patched conics.

    Parameters
    ----------
    model, perigees, window, track, kind
        As for `search_swingby`.

    Returns
    -------
    rows : ndarray of int, shape (n,)
        Waypoints.
    ends : ndarray, shape (n,)
        True anomalies of arrival.
    cost : ndarray, shape (n,)
        Estimates of the sum of impulses, m/s, increasing; at most one and a half budgets.
    """
    nothing = np.empty(0, np.int64), np.empty(0), np.empty(0)
    if not len(perigees.begin):
        return nothing
    mu, e, unit = model.mass_ratio, model.eccentricity, model.mean_speed_m_s
    budget = window.budget_m_s(kind)
    passed = np.arange(perigees.middle.min(), perigees.middle.max() + _STEP_D * DAY, _STEP_D * DAY)
    tofs = np.arange(_SHORTEST_D, window.tof_max_d, _TOF_STEP_D) * DAY
    arrival = passed[:, None] + tofs
    inside = (arrival >= track.instants[0]) & (arrival <= track.instants[-1])
    goal = np.where(inside[..., None], track.at(arrival.ravel()).reshape(*arrival.shape, 6), np.nan)
    goal[~np.isfinite(goal).all(-1)] = 0.5  # a harmless place; struck off below
    inside &= ~(goal == 0.5).all(-1)
    earth = np.zeros((*arrival.shape, 3))
    earth[..., 0] = 1.0 - mu
    leaves, stops = [], []
    for revs, low in ((0, True), (1, True), (1, False)):
        leave, arrive = lambert_arcs(
            mu, e, np.broadcast_to(passed[:, None], arrival.shape), earth, arrival,
            goal[..., :3], revs=revs, low_path=low,
        )  # fmt: skip
        leave[~inside] = np.nan
        stop = np.linalg.norm(goal[..., 3:] - arrive, axis=-1) * speed_scale(e, arrival)
        leaves.append(leave)
        stops.append(stop if kind == "rendezvous" else 0.0 * stop)
    gm, relative = from_planet(mu, e, perigees.state, perigees.middle)
    burst = np.linalg.norm(perigees.impulse, axis=1) * speed_scale(e, perigees.begin)
    parts = int((passed[-1] - passed[0]) / (_PART_D * DAY)) + 1
    reach = int((passed[-1] + tofs[-1] - passed[0]) / (_PART_D * DAY)) + 1
    cost = np.full((parts, reach), 1.5 * budget / unit)
    best = np.full((parts, reach), -1, np.int64)
    end = np.zeros((parts, reach))
    _price(
        perigees.begin, perigees.middle, relative, gm, burst, speed_scale(e, perigees.middle),
        float(passed[0]), _STEP_D * DAY, tofs, np.stack(leaves), np.stack(stops),
        window.tof_min_d * DAY, window.tof_max_d * DAY, _PART_D * DAY, cost, best, end,
    )  # fmt: skip
    filled = best >= 0
    order = np.argsort(cost[filled], kind="stable")
    return best[filled][order], end[filled][order], cost[filled][order] * unit


@entry
def _price(
    begin: Array, middle: Array, relative: Array, gm: Array, burst: Array, swell: Array,
    first: float, step: float, tofs: Array, leave: Array, stop: Array,
    shortest: float, longest: float, part: float, cost: Array, best: NDArray[np.int64], end: Array,
) -> None:  # fmt: skip
    """Price every perigee with every Lambert arc, and keep the cheapest of every slot.

    The hyperbola is that of `survey.astro.oberth.hyperbola_velocity`, written out for speed.
    """
    kinds, _, count, _ = leave.shape
    for i in range(len(begin)):
        row = int((middle[i] - first) / step + 0.5)
        r = np.sqrt(relative[i, 0] ** 2 + relative[i, 1] ** 2 + relative[i, 2] ** 2)
        a = int((middle[i] - first) / part)
        for j in range(count):
            whole = middle[i] + tofs[j] - begin[i]
            if not (shortest <= whole <= longest):
                continue
            b = int((middle[i] + tofs[j] - first) / part)
            for m in range(kinds):
                vx, vy, vz = leave[m, row, j, 0], leave[m, row, j, 1], leave[m, row, j, 2]
                v = np.sqrt(vx * vx + vy * vy + vz * vz)
                known = burst[i] + stop[m, row, j]
                if not known < cost[a, b] or not v < 1.0:
                    continue
                cosine = (vx * relative[i, 0] + vy * relative[i, 1] + vz * relative[i, 2]) / (r * v)
                if cosine < -0.9999:
                    continue
                d = np.sqrt(gm[i] / (r * (1.0 + cosine)) + 0.25 * v * v)
                along, up = (d + 0.5 * v) / v, (d - 0.5 * v) / r
                dx = along * vx + up * relative[i, 0] - relative[i, 3]
                dy = along * vy + up * relative[i, 1] - relative[i, 4]
                dz = along * vz + up * relative[i, 2] - relative[i, 5]
                total = known + swell[i] * np.sqrt(dx * dx + dy * dy + dz * dz)
                if total < cost[a, b]:
                    cost[a, b], best[a, b], end[a, b] = total, i, middle[i] + tofs[j]


def _departing(
    model: ThreeBodyModel, chosen: Waypoints, ends: Array, track: Track, *, rendezvous: bool
) -> Array:
    """Return velocities after the burn by patched conics: the cheapest of the Lambert arcs."""
    mu, e = model.mass_ratio, model.eccentricity
    gm, relative = from_planet(mu, e, chosen.state, chosen.middle)
    earth = np.zeros((len(ends), 3))
    earth[:, 0] = 1.0 - mu
    goal = track.at(ends)
    best, least = np.full((len(ends), 3), np.nan), np.full(len(ends), np.inf)
    for revs, low in ((0, True), (1, True), (1, False)):
        leave, arrive = lambert_arcs(
            mu, e, chosen.middle, earth, ends, goal[:, :3], revs=revs, low_path=low
        )
        velocity = hyperbola_velocity(gm, relative[:, :3], leave)
        price = np.linalg.norm(velocity - relative[:, 3:], axis=1)
        if rendezvous:
            price += np.linalg.norm(goal[:, 3:] - arrive, axis=1)
        better = price < least
        moving = np.concatenate([relative[:, :3], velocity], axis=1)
        best[better] = to_planet(mu, e, moving, chosen.middle)[better, 3:]
        least[better] = price[better]
    return best
