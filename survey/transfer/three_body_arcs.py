"""One asteroid, one parking orbit: the arcs that feel Earth's gravity, phase by phase.

Starts come from the reachable set and, for a rendezvous that takes more than it holds, from
two-body arcs. Newton's method closes them in the elliptic problem, and the dates of the best are
moved to where the impulses are least. What a craft pays depends on its phase, so the least is kept
for each of 36 phases; every optimum is offered to the neighbouring phases, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from survey.astro.passages import least_distance
from survey.astro.reach_lookup import Candidates, Passes, find_candidates, find_passes
from survey.astro.reachable import ReachableSet
from survey.astro.shooting import fly, inverse
from survey.astro.shooting_optimum import Optimum, optimise_arcs
from survey.constants import AU_KM
from survey.transfer.three_body_found import (
    ASSIST_KM,
    Found,
    distinct,
    in_turns,
    phase_costs,
    sector_of,
    speeds_m_s,
    take,
    zero_phase,
)
from survey.transfer.three_body_model import DAY, Kind, SearchWindow, ThreeBodyModel
from survey.transfer.three_body_track import Track, problem_of, states_of

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

_FEWEST: Final = 48  # parts of a short window, by time of flight instead of by departure
_WIDE: Final = 0.3  # a start that misses by more in the elliptic problem seldom converges cheaply
_GENEROUS, _FLOOR = 1.3, 0.003  # predictions up to that much above the budget are followed up


@dataclass(frozen=True)
class Effort:
    """How hard an asteroid is looked at.

    Parameters
    ----------
    part_d : float
        Days of departures of which one start is kept for each phase and span of flight times.
    spans : int
        Parts into which the times of flight are divided for that.
    looked_at : int
        Starts that are flown once.
    starts : int
        Of these, the most hopeful, closed by Newton's method.
    flights : int
        Iterations of it allowed for each.
    optimised : int
        Of these, the cheapest, whose dates are then optimised.
    freed : int
        The cheapest, whose phases are optimised, too, if the craft's is not known.
    rounds : int
        Times that every phase's optimum is offered to its neighbours.
    phases : int
        Parts into which the phases are divided.
    lambert_phases : int
        Phases at which each two-body arc is tried as a start.
    """

    part_d: float
    spans: int
    looked_at: int
    starts: int
    flights: int
    optimised: int
    freed: int
    rounds: int
    phases: int
    lambert_phases: int


QUICK: Final = Effort(
    part_d=15.0, spans=1, looked_at=500, starts=40, flights=10, optimised=16, freed=4, rounds=0,
    phases=12, lambert_phases=2,
)  # fmt: skip
CAREFUL: Final = Effort(
    part_d=15.0, spans=2, looked_at=3000, starts=500, flights=25, optimised=180, freed=40,
    rounds=3, phases=36, lambert_phases=4,
)  # fmt: skip


def search_arcs(
    model: ThreeBodyModel,
    reach: ReachableSet,
    window: SearchWindow,
    track: Track,
    *,
    kind: Kind,
    effort: Effort,
    starts: Candidates | None = None,
) -> Found:
    """Find the cheapest arcs from a parking orbit to an asteroid.

    Parameters
    ----------
    model : ThreeBodyModel
        The elliptic problem and the parking orbit.
    reach : ReachableSet
        From the same orbit, in the circular problem.
    window : SearchWindow
        Dates and budgets.
    track : Track
        Where the asteroid is, from the first departure to the last arrival.
    kind : {"flyby", "rendezvous"}
        Whether to pass or to stop.
    effort : Effort
        `QUICK` for a ranking of thousands, `CAREFUL` for its head.
    starts : Candidates, optional
        Further starts, e.g. from two-body arcs; their phases need not be those of the craft.

    Returns
    -------
    Found
        Distinct local minima within the budget, cheapest first; none if out of reach.
    """
    return search_many(model, reach, window, [track], kind=kind, effort=effort, starts=[starts])[0]


def search_many(
    model: ThreeBodyModel,
    reach: ReachableSet,
    window: SearchWindow,
    tracks: list[Track],
    *,
    kind: Kind,
    effort: Effort,
    starts: Sequence[Candidates | None] | None = None,
    passes: list[Passes] | None = None,
) -> list[Found]:
    """Do what `search_arcs` does for several asteroids at once, so that no SIMD lane is idle.

    All tracks must have the same instants. Their passes near the reachable set (`passes_of`)
    serve flybys and rendezvous, and may be given.
    """
    bounds = _departures(model, window)
    sectors = effort.phases if model.torus is not None else 1
    if passes is None:
        passes = [passes_of(model, reach, window, track) for track in tracks]
    parts = max(1, round((window.last_jd - window.first_jd) / effort.part_d))
    bins = (parts, sectors, max(effort.spans, _FEWEST // parts))
    budget = window.budget_m_s(kind)
    guesses, owner = [], []
    for number, near in enumerate(passes):
        found = find_candidates(
            reach, near, period=model.period, bins=bins,
            rendezvous=kind == "rendezvous", phase_zero=model.phase_zero,
            budget=_GENEROUS * budget / model.mean_speed_m_s + _FLOOR,
        )  # fmt: skip
        found = _first(found, effort.looked_at)
        if starts is not None and (more := starts[number]) is not None and len(more.begin):
            found = _join([found, _at_own_phase(model, more)])
        guesses.append(found)
        owner.append(np.full(len(found.begin), number))
    start, whose = _join(guesses), np.concatenate(owner)
    given = np.bincount(whose, minlength=len(tracks))
    finder = _Finder(model, window, tracks, kind, bounds)
    # Where every phase counts, each has its turn; else only the cheapest matter.
    shared = sectors if effort.rounds else 1
    promise = finder.look(whose, start)
    sector = sector_of(model, start.begin, start.phase, shared)
    hopeful = in_turns(promise, whose, sector, shared, effort.starts)
    start, whose = _pick(start, hopeful), whose[hopeful]
    arcs = finder.improve(
        whose, start.begin, start.end, start.phase, _lift(model, start), 0, flights=effort.flights
    )
    tried, converged = _count(whose, arcs, len(tracks))
    rows = finder.chosen(arcs, arcs.cost, whose, sectors, effort.optimised)
    best, whose = take(arcs, rows), whose[rows]
    unknown = model.torus is not None and model.phase_zero is None
    best = finder.improve(
        whose, best.begin, best.end, best.phase, best.velocity, 12,
        free_phase=unknown and not effort.rounds,
    )  # fmt: skip
    if unknown:
        rows = finder.chosen(best, best.cost, whose, 1, effort.freed)
        free, of = take(best, rows), whose[rows]
        free = finder.improve(
            of, free.begin, free.end, free.phase, free.velocity, 30, free_phase=True
        )
        best, whose = _merge([best, free]), np.concatenate([whose, of])
    rounds = effort.rounds if unknown else 0
    earth = _least_distance(model, best) if rounds else np.empty(0)
    for _ in range(rounds):
        # An assisted arc must not lead: the phases are compared by the others.
        cost = np.where(earth < ASSIST_KM, np.inf, best.cost)
        rows = finder.chosen(best, cost, whose, sectors, 2 * sectors)
        leaders, of = take(best, rows), whose[rows]
        moved = [finder.at_next_phase(of, leaders, side / sectors) for side in (-1, 1)]
        for part in moved:
            more_tried, more_converged = _count(of, part, len(tracks))
            tried, converged = tried + more_tried, converged + more_converged
        best, whose = _merge([best, *moved]), np.concatenate([whose, of, of])
        earth = np.concatenate([earth, *(_least_distance(model, part) for part in moved)])
    rows = np.flatnonzero(best.cost * model.mean_speed_m_s <= budget)
    rows = rows[distinct(model, take(best, rows), whose[rows])]
    best, whose = take(best, rows), whose[rows]
    earth = earth[rows] if rounds else _least_distance(model, best)
    zero = zero_phase(model, best)
    return [
        Found(
            take(best, mine),
            zero[mine],
            earth[mine],
            int(tried[n]),
            int(converged[n]),
            int(given[n]),
        )
        for n in range(len(tracks))
        for mine in [whose == n]
    ]


def passes_of(
    model: ThreeBodyModel, reach: ReachableSet, window: SearchWindow, track: Track
) -> Passes:
    """Look up where an asteroid passes near the reachable set of a parking orbit."""
    return find_passes(reach, track.instants, track.states, _departures(model, window))


@dataclass(frozen=True)
class _Finder:
    """Optimisation of arcs to several asteroids."""

    model: ThreeBodyModel
    window: SearchWindow
    tracks: list[Track]
    kind: Kind
    bounds: tuple[float, float]

    def improve(
        self, whose: Indices, begin: Array, end: Array, phase: Array, velocity: Array,
        iterations: int, *, free_phase: bool = False, flights: int = 25,
    ) -> Optimum:  # fmt: skip
        """Close arcs and, if iterations are given, move their dates (and phases)."""
        return optimise_arcs(
            problem_of(self.model, self.tracks, whose), begin, end, phase, velocity,
            rendezvous=self.kind == "rendezvous",
            begin_bounds=self.bounds,
            tof_bounds=(self.window.tof_min_d * DAY, self.window.tof_max_d * DAY),
            iterations=iterations, flights=flights, free_phase=free_phase,
        )  # fmt: skip

    def look(self, whose: Indices, start: Candidates) -> Array:
        """Fly starts once, and return what one step of Newton's makes them cost."""
        model, e = self.model, self.model.eccentricity
        craft = np.array(model.parking_states(start.begin, start.phase))
        craft[:, 3:] += start.impulse
        aim = states_of(self.tracks, whose, start.end)
        flown, phi = fly(model.mass_ratio, e, craft, start.begin, start.end, "velocity")
        gap = aim - flown
        step = np.einsum("nij,nj->ni", inverse(phi[:, :3]), gap[:, :3])
        cost = np.linalg.norm(start.impulse + step, axis=1)
        if self.kind == "rendezvous":
            stop = gap[:, 3:] - np.einsum("nij,nj->ni", phi[:, 3:], step)
            cost = cost + np.linalg.norm(stop, axis=1)
        near = np.linalg.norm(gap[:, :3], axis=1) < _WIDE
        return np.where(near & np.isfinite(cost), cost, np.inf)

    def chosen(
        self, arcs: Optimum, cost: Array, whose: Indices, sectors: int, count: int
    ) -> Indices:
        """Choose the cheapest arcs of each asteroid, every phase in its turn."""
        sector = sector_of(self.model, arcs.begin, arcs.phase, sectors)
        return in_turns(cost, whose, sector, sectors, count)

    def at_next_phase(self, whose: Indices, arcs: Optimum, step: float) -> Optimum:
        """Start from the same dates a step of phase on."""
        here = self.model.parking_states(arcs.begin, arcs.phase)
        there = self.model.parking_states(arcs.begin, arcs.phase + step)
        velocity = arcs.velocity + 0.5 * (there - here)[:, 3:]
        return self.improve(whose, arcs.begin, arcs.end, arcs.phase + step, velocity, 8)


def _departures(model: ThreeBodyModel, window: SearchWindow) -> tuple[float, float]:
    first, last = model.anomaly_at(np.array([window.first_jd, window.last_jd]))
    return float(first), float(last)


def _lift(model: ThreeBodyModel, guesses: Candidates) -> Array:
    """Return departure velocities: the parking orbit's own, and the impulse."""
    return model.parking_states(guesses.begin, guesses.phase)[:, 3:] + guesses.impulse


def _at_own_phase(model: ThreeBodyModel, starts: Candidates) -> Candidates:
    """Let a craft of known phase depart at the phase that it has."""
    if model.phase_zero is None:
        return starts
    phase = model.phase_zero + starts.begin / model.period
    return Candidates(starts.begin, starts.end, phase, starts.impulse, starts.cost)


def _first(guesses: Candidates, count: int) -> Candidates:
    return Candidates(**{name: values[:count] for name, values in vars(guesses).items()})


def _pick(guesses: Candidates, rows: Indices) -> Candidates:
    return Candidates(**{name: values[rows] for name, values in vars(guesses).items()})


def _join(parts: list[Candidates]) -> Candidates:
    return Candidates(
        **{name: np.concatenate([vars(part)[name] for part in parts]) for name in vars(parts[0])}
    )


def _merge(parts: list[Optimum]) -> Optimum:
    names = list(vars(parts[0]))
    return Optimum(**{n: np.concatenate([vars(part)[n] for part in parts]) for n in names})


def _count(whose: Indices, arcs: Optimum, asteroids: int) -> tuple[Indices, Indices]:
    """Problems tried and converged of each asteroid."""
    return (
        np.bincount(whose, minlength=asteroids),
        np.bincount(whose[np.isfinite(arcs.cost)], minlength=asteroids),
    )


def _least_distance(model: ThreeBodyModel, arcs: Optimum) -> Array:
    """Least distance from the Earth-Moon barycentre on the way, km; looked at every four days."""
    if not len(arcs.cost):
        return np.empty(0)
    craft = model.parking_states(arcs.begin, arcs.phase)
    state = np.concatenate([craft[:, :3], arcs.velocity], axis=1)
    samples = int(np.ceil((arcs.end - arcs.begin).max() / (4 * DAY)))
    away = least_distance(
        model.mass_ratio, model.eccentricity, arcs.begin, state, arcs.end, samples=samples
    )
    return away * AU_KM


__all__ = [
    "ASSIST_KM", "CAREFUL", "QUICK", "Effort", "Found", "Kind", "Track", "phase_costs",
    "search_arcs", "search_many", "speeds_m_s", "zero_phase",
]  # fmt: skip
