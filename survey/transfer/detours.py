"""Arcs with a manoeuvre on the way, in dates and m/s; and the departures from which they start."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from survey.astro.arc_problem import Problem
from survey.astro.impulse_sum import Legs, Rows, clearance
from survey.astro.passages import least_distance
from survey.astro.perigee import Waypoints
from survey.constants import AU_KM
from survey.transfer.three_body_found import ASSIST_KM, place_in
from survey.transfer.three_body_model import DAY, SearchWindow, ThreeBodyModel

Array = NDArray[np.float64]

_SAME_D: Final = 3.0  # arcs whose dates all differ by less count as one
_SEASON_D: Final = 60.0
_HANDICAP: Final = 0.1


@dataclass(frozen=True)
class Detours:
    """Arcs with a manoeuvre on the way, the cheapest first.

    Parameters
    ----------
    begin_jd, middle_jd, end_jd : ndarray, shape (n,)
        Departure, manoeuvre on the way, arrival; JD TDB.
    phase : ndarray, shape (n,)
        Of the parking orbit at departure, fraction of a revolution.
    departure_m_s, middle_m_s, arrival_m_s : ndarray, shape (n,)
        Impulses; the last is the speed relative to the asteroid, paid only to stop.
    total_m_s : ndarray, shape (n,)
        What must be paid.
    earth_km : ndarray, shape (n,)
        Least distance from the Earth-Moon barycentre on the way.
    legs : Legs
        The arcs themselves.
    tried, converged : int
        Starts, and how many of them closed in the elliptic problem.
    """

    begin_jd: Array
    middle_jd: Array
    end_jd: Array
    phase: Array
    departure_m_s: Array
    middle_m_s: Array
    arrival_m_s: Array
    total_m_s: Array
    earth_km: Array
    legs: Legs
    tried: int
    converged: int

    @property
    def assisted(self) -> NDArray[np.bool_]:
        """Which arcs pass Earth or Moon so near that more than the barycentre matters."""
        return self.earth_km < ASSIST_KM

    def keep(self, rows: NDArray[np.bool_]) -> Detours:
        """Return some of the arcs; the counts stay."""
        some: dict[str, Any] = {
            name: values[rows] for name, values in vars(self).items()
            if isinstance(values, np.ndarray)
        }  # fmt: skip
        return replace(self, **some, legs=self.legs.take(rows))


def make_detours(
    model: ThreeBodyModel, legs: Legs, cost: Array, near_km: Array, tried: int, converged: int
) -> Detours:
    """Put the distinct arcs to one asteroid, cheapest first, into dates and m/s."""
    kept = np.flatnonzero(np.isfinite(cost))
    kept = kept[np.argsort(cost[kept], kind="stable")]
    kept = kept[distinct_dates(legs, kept, _SAME_D)]
    some = legs.take(kept)
    sizes = some.sizes * model.mean_speed_m_s
    return Detours(
        model.jd_at(some.begin), model.jd_at(some.middle), model.jd_at(some.end),
        np.mod(some.phase, 1.0), sizes[:, 0], sizes[:, 1], sizes[:, 2],
        cost[kept] * model.mean_speed_m_s, near_km[kept], some, tried, converged,
    )  # fmt: skip


def distinct_dates(legs: Legs, rows: Rows, days: float) -> Rows:
    """Choose of some arcs the first with its dates, to so many days; places in `rows`."""
    dates = np.stack([legs.begin, legs.middle, legs.end], axis=1)[rows]
    _, first = np.unique(np.round(dates / (days * DAY)), axis=0, return_index=True)
    return np.sort(first)


def spread_out(price: Array, *dates: Array, count: int) -> Rows:
    """Choose the most promising estimates, but not too many for one season.

    The second, third, ... of the same 60 days of each date are taken as dearer than they are by a
    tenth of themselves each: its neighbours lead to the same valley.

    Parameters
    ----------
    price : ndarray, shape (n,)
        Estimates.
    *dates : ndarray, shape (n,)
        True anomalies.
    count : int
        How many are wanted at most.

    Returns
    -------
    ndarray of int
        Places, the most promising first.
    """
    order = np.argsort(price, kind="stable")
    season = np.stack([np.floor(date[order] / (_SEASON_D * DAY)) for date in dates], axis=1)
    _, group = np.unique(season, axis=0, return_inverse=True)
    handicap = 1.0 + _HANDICAP * place_in(group.ravel())
    return np.asarray(order[np.argsort(price[order] * handicap, kind="stable")][:count])


def nearest_km(model: ThreeBodyModel, problem: Problem, legs: Legs) -> Array:
    """Return the least distances from the Earth on both legs and at the manoeuvre, km."""
    if not len(legs.begin):
        return np.empty(0)
    craft = model.parking_states(legs.begin, legs.phase)
    least = clearance(problem, legs)
    for begin, place, velocity, end in (
        (legs.begin, craft[:, :3], legs.leave, legs.middle),
        (legs.middle, legs.node, legs.after, legs.end),
    ):
        start = np.concatenate([place, velocity], axis=1)
        flown = least_distance(model.mass_ratio, model.eccentricity, begin, start, end)
        least = np.minimum(least, flown)
    return least * AU_KM


def any_phase(model: ThreeBodyModel) -> bool:
    """Whether the craft may be anywhere on its orbit."""
    return model.torus is not None and model.phase_zero is None


def departures(model: ThreeBodyModel, window: SearchWindow) -> tuple[float, float]:
    """Return the true anomalies of the first and the last departure."""
    first, last = model.anomaly_at(np.array([window.first_jd, window.last_jd]))
    return float(first), float(last)


def departure_grid(
    model: ThreeBodyModel, window: SearchWindow, *, anomalies: int, phases: int, pace_d: float
) -> tuple[Array, Array]:
    """Return anomalies and phases of departure from which trajectories are flown.

    Where any phase will do, those of one year, for the elliptic problem returns with the anomaly;
    otherwise the craft's own phase every few days of the window.
    """
    if any_phase(model):
        year, turn = np.meshgrid(
            2 * np.pi * np.arange(anomalies) / anomalies, np.arange(phases) / phases
        )
        return year.ravel(), turn.ravel()
    begin = np.arange(*departures(model, window), pace_d * DAY)
    return begin, (model.phase_zero or 0.0) + begin / model.period


def every_year(model: ThreeBodyModel, window: SearchWindow, found: Waypoints) -> Waypoints:
    """Repeat the trajectories of one year in every year of the window."""
    if not any_phase(model):
        return found
    first, last = departures(model, window)
    years = np.arange(np.floor(first / (2 * np.pi)), np.ceil(last / (2 * np.pi)))
    shift = np.repeat(2 * np.pi * years, len(found.begin))
    rows: Rows = np.tile(np.arange(len(found.begin)), len(years))
    inside = (found.begin[rows] + shift >= first) & (found.begin[rows] + shift <= last)
    some, shift = found.take(rows[inside]), shift[inside]
    return Waypoints(
        some.begin + shift, some.phase, some.impulse, some.leave, some.middle + shift, some.state,
        some.flown,
    )  # fmt: skip
