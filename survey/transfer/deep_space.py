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

from survey.astro.arc_problem import Problem
from survey.astro.impulse_sum import Legs, Rows, join_legs
from survey.astro.perigee import Waypoints
from survey.astro.primer import PrimerHistory, primer_history
from survey.astro.shooting import inverse
from survey.astro.shooting_optimum import Optimum
from survey.astro.two_leg import close_legs, derivatives, node_scheme
from survey.transfer.descents import Plan, settle
from survey.transfer.detours import Detours
from survey.transfer.drifts import make_coasts, price_drifts
from survey.transfer.three_body_arcs import Kind
from survey.transfer.three_body_found import ASSIST_KM
from survey.transfer.three_body_model import SearchWindow, ThreeBodyModel
from survey.transfer.three_body_track import Track, problem_of

__all__ = [
    "PLAN", "Inserted", "insert_impulses", "make_coasts", "primer_of", "primer_of_legs",
    "search_deep_space",
]  # fmt: skip

Array = NDArray[np.float64]

PLAN: Final = Plan(aim_km=ASSIST_KM, shun_km=0.8 * ASSIST_KM, least_km=ASSIST_KM)
"""Whoever passes nearer has been helped by Earth or Moon, and is no arc of this model."""

_HELPS: Final = 1.001  # a primer no longer than this is one but for rounding
_SHARES: Final = (0.03, 0.2)  # of an arc's cost, tried as the size of the inserted impulse
_LEAST: Final = 1e-4  # 3 m/s: a smaller one is lost in the rounding of its derivatives


@dataclass(frozen=True)
class Inserted:
    """What inserting impulses into the arcs to one asteroid has come to.

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


def primer_of_legs(model: ThreeBodyModel, legs: Legs, *, kind: Kind) -> Array:
    """Return the greatest length of the primer vector on both legs, shape (n,).

    At an optimum of three impulses it is one at each of them and nowhere longer [Lawden1963].
    """
    craft = model.parking_states(legs.begin, legs.phase)
    start = np.concatenate([craft[:, :3], legs.leave], axis=1)
    onward = np.concatenate([legs.node, legs.after], axis=1)
    leave, burn, stop = legs.impulses[:, 0], legs.impulses[:, 1], legs.impulses[:, 2]
    last = stop if kind == "rendezvous" else np.zeros_like(stop)
    first, second = (
        primer_history(model.mass_ratio, model.eccentricity, *leg)
        for leg in (
            (legs.begin, start, legs.middle, leave, burn),
            (legs.middle, onward, legs.end, burn, last),
        )
    )
    return np.maximum(first.peak()[1], second.peak()[1])


def insert_impulses(
    model: ThreeBodyModel,
    window: SearchWindow,
    tracks: list[Track],
    arcs: list[Optimum],
    *,
    kind: Kind,
    plan: Plan = PLAN,
) -> list[Inserted]:
    """Insert an impulse into arcs where their primer vector is longest and exceeds one.

    Parameters
    ----------
    model : ThreeBodyModel
        The elliptic problem and the parking orbit.
    window : SearchWindow
        Dates and budgets.
    tracks : list of Track
        Where the asteroids are.
    arcs : list of Optimum
        Closed arcs to each, e.g. of `survey.transfer.three_body_arcs.search_arcs`.
    kind : {"flyby", "rendezvous"}
        Whether to pass or to stop.
    plan : Plan
        How far they are optimised.

    Returns
    -------
    list of Inserted
    """
    whose = np.repeat(np.arange(len(tracks)), [len(one.cost) for one in arcs])
    every = Optimum(
        **{name: np.concatenate([vars(one)[name] for one in arcs]) for name in vars(arcs[0])}
    )
    history = primer_of(model, every, kind=kind)
    place, longest = history.peak()
    rows = np.flatnonzero((longest > _HELPS) & np.isfinite(every.cost))
    problem = problem_of(model, tracks, whose)
    legs = join_legs([_insert(problem, history, place, every, rows, share) for share in _SHARES])
    found = settle(
        model, window, tracks, legs, np.tile(whose[rows], len(_SHARES)), scheme=node_scheme,
        kind=kind, plan=plan, ceiling=np.tile(every.cost[rows], len(_SHARES)),
    )  # fmt: skip
    return [Inserted(some, longest[whose == n]) for n, some in enumerate(found)]


def _insert(
    problem: Problem, history: PrimerHistory, place: Rows, arcs: Optimum, rows: Rows, share: float
) -> Legs:
    """Displace arcs at their nodes so far that the impulse there has a share of the cost."""
    at = place[rows]
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


def search_deep_space(
    model: ThreeBodyModel,
    coasts: Waypoints,
    window: SearchWindow,
    tracks: list[Track],
    *,
    kind: Kind,
    starts: int = 80,
    plan: Plan = PLAN,
) -> list[Detours]:
    """Find the cheapest arcs by way of a drift along the manifold and a manoeuvre in deep space.

    Parameters
    ----------
    model : ThreeBodyModel
        The elliptic problem and the parking orbit.
    coasts : Waypoints
        From `make_coasts` for the same model and window.
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
        Of each asteroid: distinct arcs within the budget that neither Earth nor Moon has helped,
        cheapest first; none if it is out of reach.
    """
    priced = price_drifts(model, coasts, window, tracks, kind=kind, count=starts)
    whose = np.repeat(np.arange(len(tracks)), [len(one.rows) for one in priced])
    rows, ends, after = (
        np.concatenate([getattr(one, name) for one in priced]) for name in ("rows", "ends", "after")
    )
    chosen, problem = coasts.take(rows), problem_of(model, tracks, whose)
    variables = np.concatenate(
        [
            np.stack([chosen.begin, chosen.phase], axis=1), chosen.state[:, :3],
            np.stack([chosen.middle, ends], axis=1),
        ],
        axis=1,
    )  # fmt: skip
    every = np.arange(len(rows))
    legs = close_legs(problem, every, variables, chosen.leave, after, flights=30)
    return settle(model, window, tracks, legs, whose, scheme=node_scheme, kind=kind, plan=plan)
