"""From many rough starts to the few best arcs with a manoeuvre on the way.

Most starts lead to the same few valleys, or to none within the budget. So all of them, of all the
asteroids of a chunk together, are moved downhill a few times, and only the most hopeful of each
asteroid, no two with the same dates, go all the way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from survey.astro.arc_problem import Problem
from survey.astro.impulse_sum import Legs, Rows, Scheme, descend
from survey.constants import AU_KM
from survey.transfer.detours import (
    Detours,
    any_phase,
    departures,
    distinct_dates,
    make_detours,
    nearest_km,
)
from survey.transfer.three_body_arcs import Kind
from survey.transfer.three_body_model import DAY, SearchWindow, ThreeBodyModel
from survey.transfer.three_body_track import Track, problem_of

Array = NDArray[np.float64]

_HOPELESS: Final = 3.0  # budgets; a start that costs more after its first moves is given up
_ALIKE_D: Final = 8.0  # arcs whose dates all differ by less lead to the same valley


@dataclass(frozen=True)
class Plan:
    """How starts become optima.

    Parameters
    ----------
    first : int
        Moves of dates and node that every start is allowed.
    kept : int
        Arcs of each asteroid that then go on.
    then : int
        Moves that these are allowed.
    polished, times : int
        How many of the cheapest are moved on from fresh damping, and how often.
    aim_km : float
        Distance from the Earth, near the manoeuvre, below which the optimiser pays a price.
    shun_km : float
        Arcs that pass the Earth nearer after their first moves are given up.
    least_km : float
        Arcs that pass nearer in the end are not kept.
    """

    first: int = 6
    kept: int = 24
    then: int = 50
    polished: int = 0
    times: int = 0
    aim_km: float = 0.0
    shun_km: float = 0.0
    least_km: float = 0.0


def settle(
    model: ThreeBodyModel,
    window: SearchWindow,
    tracks: list[Track],
    legs: Legs,
    whose: Rows,
    *,
    scheme: Callable[[Problem], Scheme],
    kind: Kind,
    plan: Plan,
    ceiling: Array | None = None,
) -> list[Detours]:
    """Move arcs to where the sum of their impulses is least, and keep the best of each asteroid.

    Parameters
    ----------
    model : ThreeBodyModel
        The elliptic problem and the parking orbit.
    window : SearchWindow
        Dates and budgets.
    tracks : list of Track
        Where the asteroids are.
    legs : Legs
        Starts, already flown.
    whose : ndarray of int, shape (n,)
        Which track each start is for.
    scheme : callable
        Makes the scheme (`survey.astro.impulse_sum.Scheme`) of a problem.
    kind : {"flyby", "rendezvous"}
        Whether the impulse at the asteroid counts.
    plan : Plan
    ceiling : ndarray, shape (n,), optional
        Cost of each start that the result must undercut; nondimensional.

    Returns
    -------
    list of Detours
        One for each track: distinct arcs within the budget, cheapest first.
    """
    limit = window.budget_m_s(kind) / model.mean_speed_m_s

    def improve(rows: Rows, iterations: int) -> tuple[Legs, Array]:
        problem = problem_of(model, tracks, whose[rows])
        return descend(
            problem, scheme(problem), legs.take(rows), rendezvous=kind == "rendezvous",
            free_phase=any_phase(model), least_distance=plan.aim_km / AU_KM,
            begin_bounds=departures(model, window),
            tof_bounds=(window.tof_min_d * DAY, window.tof_max_d * DAY), iterations=iterations,
        )  # fmt: skip

    every = np.arange(len(whose))
    legs, cost = improve(every, plan.first)
    tried = np.bincount(whose, minlength=len(tracks))
    converged = np.bincount(whose[np.isfinite(cost)], minlength=len(tracks))
    cost[~(cost <= _HOPELESS * limit)] = np.inf
    if plan.shun_km:
        far = np.flatnonzero(np.isfinite(cost))
        near = nearest_km(model, problem_of(model, tracks, whose[far]), legs.take(far))
        cost[far[near < plan.shun_km]] = np.inf
    for count in (plan.kept, *((plan.polished,) * plan.times)):
        head = _hopeful(legs, cost, whose, count)
        better, cost[head] = improve(head, plan.then)
        legs.put(head, better)
    cost[~(cost <= limit)] = np.inf
    if ceiling is not None:
        cost[~(cost < ceiling)] = np.inf
    head = _hopeful(legs, cost, whose, plan.kept)
    legs, cost, whose = legs.take(head), cost[head], whose[head]
    near = nearest_km(model, problem_of(model, tracks, whose), legs)
    cost[near < plan.least_km] = np.inf
    return [
        make_detours(
            model, legs.take(mine), cost[mine], near[mine], int(tried[n]), int(converged[n])
        )
        for n in range(len(tracks))
        for mine in [np.flatnonzero(whose == n)]
    ]


def _hopeful(legs: Legs, cost: Array, whose: Rows, count: int) -> Rows:
    """Choose the cheapest arcs of each asteroid that are not alike."""
    order = np.flatnonzero(np.isfinite(cost))
    order = order[np.argsort(cost[order], kind="stable")]
    parts = []
    for n in np.unique(whose[order]):
        mine = order[whose[order] == n]
        parts.append(mine[distinct_dates(legs, mine, _ALIKE_D)][:count])
    return np.concatenate(parts) if parts else np.empty(0, np.int64)
