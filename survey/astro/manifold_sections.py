"""Where the arcs of a manifold go: their crossings of a surface, and how they leave.

A surface is given by a function of the state that changes sign on it; crossings are bracketed by
the arcs' samples and then found on the flow itself, so that they are as exact as the integration.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro.cr3bp import rotating_to_inertial
from survey.astro.cr3bp_flow import propagate_cr3bp
from survey.astro.kepler import state_to_elements
from survey.astro.manifold import ManifoldArcs

__all__ = [
    "Crossings",
    "ExitStatistics",
    "Section",
    "crossings",
    "exit_statistics",
    "first_crossings",
    "heliocentric_elements",
    "periapsis",
    "plane",
    "sector",
]

HALF_SECTOR = np.radians(22.5)  # an eighth of the circle, centred on the lighter primary

_ROUNDS = 60  # bisection alone needs fewer
_TIME_TOLERANCE = 1e-13

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Section:
    """A surface in the space of states.

    Parameters
    ----------
    value : callable
        States ``(..., 6)`` to numbers ``(...)`` that change sign on the surface.
    direction : {-1, 0, 1}
        Sense in which the number must change along the arc as it is flown (for a stable branch,
        backwards); 0 for either.
    """

    value: Callable[[Array], Array]
    direction: Literal[-1, 0, 1] = 0


@dataclass(frozen=True)
class Crossings:
    """Crossings of a section, in the order of the arcs and, on each, of flight.

    Parameters
    ----------
    arc : ndarray of int, shape (m,)
        Index of the arc.
    time : ndarray, shape (m,)
        Since its start (negative on a stable branch).
    states : ndarray, shape (m, 6)
        There.
    """

    arc: NDArray[np.int64]
    time: Array
    states: Array


@dataclass(frozen=True)
class ExitStatistics:
    """How the arcs of a branch leave the neighbourhood of the lighter primary.

    Parameters
    ----------
    time : ndarray, shape (n,)
        To the first exit from the sector, NaN for arcs that stay as long as they were flown.
    elements : tuple of six ndarray, shape (n,)
        Heliocentric elements there, as of `heliocentric_elements`.
    fraction : float
        Share of the arcs that exit.
    median_time, median_a : float
        Over those that exit: time to the sector's edge, semi-major axis there.
    """

    time: Array
    elements: tuple[Array, Array, Array, Array, Array, Array]
    fraction: float
    median_time: float
    median_a: float


def plane(axis: Literal["x", "y", "z"], value: float, direction: Literal[-1, 0, 1] = 0) -> Section:
    """Return the plane where a coordinate has a value, e.g. y = 0 or x = 1 - mu."""
    index = "xyz".index(axis)
    return Section(lambda states: np.asarray(states[..., index] - value), direction)


def sector(mass_ratio: float, half_angle: float = HALF_SECTOR) -> Section:
    """Return the two half-planes through the heavier primary at +- an angle from the lighter.

    Crossed upwards, that is, away from the lighter primary.
    """

    def value(states: Array) -> Array:
        x, y = states[..., 0] + mass_ratio, states[..., 1]
        return np.asarray(np.abs(np.arctan2(y, x)) - half_angle)

    return Section(value, 1)


def periapsis(mass_ratio: float, primary: Literal["heavier", "lighter"] = "lighter") -> Section:
    """Return the surface of least distance from a primary, crossed where the distance is least."""
    centre = -mass_ratio if primary == "heavier" else 1.0 - mass_ratio

    def value(states: Array) -> Array:
        x, y, z, vx, vy, vz = np.moveaxis(states, -1, 0)
        return np.asarray((x - centre) * vx + y * vy + z * vz)

    return Section(value, 1)


def crossings(arcs: ManifoldArcs, section: Section, *, tolerance: float = 1e-12) -> Crossings:
    """Find every crossing of a section by the arcs of a branch.

    Two crossings between neighbouring samples of an arc escape: shorten its step if that matters.

    Parameters
    ----------
    arcs : ManifoldArcs
        From `survey.astro.manifold.manifold_arcs`.
    section : Section
        E.g. `plane`, `sector` or `periapsis`.
    tolerance : float, optional
        Of the integration.

    Returns
    -------
    Crossings
    """
    # On a stable branch time runs backwards, and with it the sign of every velocity along the arc.
    sense = -1.0 if arcs.stable else 1.0
    flown = arcs.states * np.array([1.0, 1.0, 1.0, sense, sense, sense])
    value = section.value(flown)
    before, after = value[:, :-1], value[:, 1:]
    with np.errstate(invalid="ignore"):
        up, down = (before < 0) & (after >= 0), (before > 0) & (after <= 0)
    chosen = {1: up, -1: down, 0: up | down}[section.direction]
    arc, sample = np.nonzero(chosen)
    start = arcs.states[arc, sample]

    def fly(dt: Array) -> tuple[Array, Array]:
        states, _ = propagate_cr3bp(arcs.mass_ratio, start, dt, tolerance=tolerance)
        return states, section.value(states * np.array([1.0, 1.0, 1.0, sense, sense, sense]))

    dt = _bracketed_root(
        lambda dt: fly(dt)[1],
        before[arc, sample],
        after[arc, sample],
        arcs.times[sample + 1] - arcs.times[sample],
    )
    return Crossings(arc, arcs.times[sample] + dt, fly(dt)[0])


def first_crossings(arcs: ManifoldArcs, section: Section) -> tuple[Array, Array]:
    """Return time ``(n,)`` and state ``(n, 6)`` of each arc's first crossing, NaN for none."""
    found = crossings(arcs, section)
    time = np.full(len(arcs.states), np.nan)
    states = np.full((len(arcs.states), 6), np.nan)
    arc, first = np.unique(found.arc, return_index=True)
    time[arc], states[arc] = found.time[first], found.states[first]
    return time, states


def exit_statistics(arcs: ManifoldArcs, half_angle: float = HALF_SECTOR) -> ExitStatistics:
    """Tell how many arcs leave a sector about the lighter primary, when, and on what orbits."""
    time, states = first_crossings(arcs, sector(arcs.mass_ratio, half_angle))
    left = np.isfinite(time)
    elements = heliocentric_elements(arcs.mass_ratio, states, time)
    return ExitStatistics(
        time=time,
        elements=elements,
        fraction=float(left.mean()) if left.size else np.nan,
        median_time=float(np.median(time[left])) if left.any() else np.nan,
        median_a=float(np.median(elements[0][left])) if left.any() else np.nan,
    )


def heliocentric_elements(
    mass_ratio: float, states: ArrayLike, time: ArrayLike
) -> tuple[Array, Array, Array, Array, Array, Array]:
    """Return osculating elements about the heavier primary, in axes that do not turn.

    Parameters
    ----------
    mass_ratio : float
        Of the problem.
    states : array_like, shape (..., 6)
        In the rotating frame.
    time : array_like, shape (...)
        At which the rotating axes have turned by this angle from those of the elements.

    Returns
    -------
    a, e, i, raan, argp, mean_anomaly : ndarray, shape (...)
        As of `survey.astro.kepler.state_to_elements`, lengths in the primaries' distance; NaN
        where the state is.
    """
    from_heavier = np.asarray(states, dtype=float) + mass_ratio * np.eye(6)[0]
    at_rest = rotating_to_inertial(from_heavier, time)
    return state_to_elements(1.0 - mass_ratio, at_rest[..., :3], at_rest[..., 3:])


def _bracketed_root(
    function: Callable[[Array], Array], low_value: Array, high_value: Array, width: Array
) -> Array:
    """Roots between 0 and `width`, where the values differ in sign: regula falsi, Illinois rule."""
    a, b = np.zeros_like(width), np.array(width, dtype=float)
    fa, fb = np.array(low_value, dtype=float), np.array(high_value, dtype=float)
    best = np.where(fb == 0, b, 0.5 * b)
    if not best.size:
        return np.asarray(best)
    for _ in range(_ROUNDS):
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.where(fb == fa, 0.5 * (a + b), b - fb * (b - a) / (fb - fa))
        moved = np.abs(step - best)
        best = step
        f = function(best)
        beyond = f * fb < 0  # the root lies between the new point and b
        a, fa = np.where(beyond, b, a), np.where(beyond, fb, 0.5 * fa)
        b, fb = best, f
        if np.all((moved < _TIME_TOLERANCE) | (f == 0) | ~np.isfinite(f)):
            break
    return np.asarray(best)
