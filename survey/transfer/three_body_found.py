"""What a search has found for an asteroid, told apart by phase, by dates, by nearness to Earth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from survey.astro.shooting_optimum import Optimum
from survey.transfer.three_body_model import DAY, ThreeBodyModel

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

ASSIST_KM: Final = 500_000.0
"""An arc that passes the Earth-Moon barycentre nearer than this has been helped by Earth or Moon,
which this model keeps in one point: 400,000 km from Earth, 100,000 km from the Moon."""


@dataclass(frozen=True)
class Found:
    """The optima of one asteroid and kind, the cheapest first.

    Parameters
    ----------
    arcs : Optimum
        Each at its own phase.
    zero : ndarray, shape (n,)
        Phase that the craft must have had at anomaly zero, fraction of a revolution.
    earth_km : ndarray, shape (n,)
        Least distance from the Earth-Moon barycentre after departure.
    tried, converged : int
        Boundary-value problems.
    starts : int
        Starts there were, of which the most hopeful were tried.
    """

    arcs: Optimum
    zero: Array
    earth_km: Array
    tried: int
    converged: int
    starts: int = 0

    @property
    def assisted(self) -> NDArray[np.bool_]:
        """Which arcs pass Earth or Moon so near that this model is not valid for them."""
        return self.earth_km < ASSIST_KM


def zero_phase(model: ThreeBodyModel, arcs: Optimum) -> Array:
    """Return the phases at anomaly zero that lead to those at departure."""
    return np.asarray(np.mod(arcs.phase - arcs.begin / model.period, 1.0))


def phase_costs(model: ThreeBodyModel, found: Found, phases: int) -> Array:
    """Return the least unassisted cost in each part of the phases, m/s; infinite where none is."""
    costs = np.full(phases, np.inf)
    own = ~found.assisted
    part = np.minimum((found.zero[own] * phases).astype(np.int64), phases - 1)
    np.minimum.at(costs, part, found.arcs.cost[own] * model.mean_speed_m_s)
    return costs


def speeds_m_s(model: ThreeBodyModel, arcs: Optimum) -> tuple[Array, Array]:
    """Return the sizes of the impulses at departure and arrival, m/s, shape (n,) each."""
    unit = model.mean_speed_m_s
    return (
        np.linalg.norm(arcs.departure_impulse, axis=1) * unit,
        np.linalg.norm(arcs.arrival_impulse, axis=1) * unit,
    )


def take(arcs: Optimum, rows: Indices | NDArray[np.bool_]) -> Optimum:
    """Return some of the arcs."""
    return Optimum(**{name: values[rows] for name, values in vars(arcs).items()})


def in_turns(cost: Array, whose: Indices, sector: Indices, sectors: int, count: int) -> Indices:
    """Choose `count` arcs of each asteroid: the best of each phase, then the second best, ..."""
    order = np.argsort(cost, kind="stable")
    order = order[np.isfinite(cost[order])]
    place = place_in(whose[order] * sectors + sector[order])
    order = order[np.argsort(place, kind="stable")]
    return np.sort(order[place_in(whose[order]) < count])


def place_in(group: Indices) -> Indices:
    """Return the place of each member in its group, in the order in which they come."""
    by_group = np.argsort(group, kind="stable")
    first = np.searchsorted(group[by_group], group[by_group])
    place = np.empty(len(group), dtype=np.int64)
    place[by_group] = np.arange(len(group)) - first
    return place


def sector_of(model: ThreeBodyModel, begin: Array, phase: Array, sectors: int) -> Indices:
    """Return which part of the phases each departure belongs to."""
    zero = np.mod(phase - begin / model.period, 1.0)
    return np.minimum((zero * sectors).astype(np.int64), sectors - 1)


def distinct(model: ThreeBodyModel, arcs: Optimum, whose: Indices) -> Indices:
    """Choose one of the arcs that are the same but for days and a degree or two, cheapest first."""
    order = np.argsort(arcs.cost, kind="stable")
    zero = zero_phase(model, arcs)[order] if model.torus is not None else np.zeros(len(order))
    name = np.stack(
        [
            whose[order],
            np.round(arcs.begin[order] / (3 * DAY)),
            np.round(arcs.end[order] / (3 * DAY)),
            np.floor(zero * 144),
        ],
        axis=1,
    )
    _, first = np.unique(name, axis=0, return_index=True)
    return order[np.sort(first)]
