"""Departures by way of the Moon: one impulse at the parking orbit, one passage, the asteroid.

Sun, Earth, Moon and planets stand where they are. The passage is steep, so no leg runs through it:
one is flown forwards from the parking orbit, in two halves, to two days before the Moon, one
backwards from the point nearest to the Moon to the same instant, one onward from there to the
asteroid. The starts come from `survey.transfer.lunar_search`; what is left free, one unknown for a
given phase and arrival, makes the impulse least.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro.craft_flow import MOON, body_states, fly, fly_matrix, rates
from survey.astro.least_impulse import descend
from survey.astro.nbody_planets import Planets
from survey.astro.swingby_hyperbola import closest_state
from survey.constants import DAY_S, GM_MOON_KM3_S2
from survey.transfer.ephemeris_arcs import UNIT_S, Meeting, distinct, sphere
from survey.transfer.ephemeris_parking import EphemerisParking
from survey.transfer.lunar_search import (
    LEAST_PERILUNE_KM,
    SOFT_KM,
    close_starts,
    fan_past_moon,
    far_from_moon,
    moon_rates,
    pair_up,
)

__all__ = ["SwingbyArcs", "offer", "refine", "search_swingbys"]

Array = NDArray[np.float64]

BEFORE_S: Final = 2.0 * DAY_S  # the perilune, where the first two legs meet
_TIGHT: Final = 1e-13
# What is as bad as 1 km/s of impulse, on the safe side: gaps of position and velocity where legs
# meet, miss of the asteroid, difference of speed far before and after the Moon, share of the least
# perilune.
_WORTH: Final = np.array(2 * ([4e6] * 3 + [6.0] * 3) + [4e8] * 3 + [6.0, 6.0])
_IMPULSE: Final = slice(1, 4)
_FAN_M_S: Final = (5.0, 15.0, 30.0, 50.0, 75.0, 100.0)
_DEEPEST_KM: Final = 200.0  # perilune of a trial, below which the hyperbola is no guide
_PATCH_GAP: Final = 0.02  # violation with which a patched arc is still a start


@dataclass(frozen=True)
class SwingbyArcs:
    """Arcs past the Moon among the real bodies, the cheapest first; times in s, km and km/s.

    Parameters
    ----------
    begin, perilune : ndarray, shape (n,)
        When the parking orbit is left, and when the Moon is nearest.
    impulse : ndarray, shape (n, 3)
        At departure.
    incoming, outgoing : ndarray, shape (n, 3)
        Velocities relative to the Moon far from it, of the hyperbola with this perilune.
    arrival : ndarray, shape (n, 3)
        Velocity relative to the asteroid.
    gap_km, miss_km : ndarray, shape (n,)
        Between the legs before the Moon, and at the asteroid.
    """

    begin: Array
    perilune: Array
    impulse: Array
    incoming: Array
    outgoing: Array
    arrival: Array
    gap_km: Array
    miss_km: Array

    def __len__(self) -> int:
        return len(self.begin)

    @property
    def cost_m_s(self) -> Array:
        """Impulse, m/s, shape (n,)."""
        return np.asarray(1e3 * np.linalg.norm(self.impulse, axis=1))

    @property
    def passage(self) -> Array:
        """State at perilune, relative to the Moon, shape (n, 6)."""
        return _closest(np.concatenate([self.incoming, self.outgoing], axis=1))

    @property
    def perilune_km(self) -> Array:
        """Least distance from the centre of the Moon, shape (n,)."""
        return np.asarray(np.linalg.norm(self.passage[:, :3], axis=1))

    def pick(self, rows: ArrayLike) -> SwingbyArcs:
        """Return some of the arcs."""
        return SwingbyArcs(**{x.name: getattr(self, x.name)[rows] for x in fields(self)})


def search_swingbys(
    planets: Planets, parking: EphemerisParking, meeting: Meeting, times: Array,
    legs: list[Array], *, first: float, last: float, pace_d: float = 4.0, directions: int = 20,
    starts: int = 200, kept: int = 12,
) -> SwingbyArcs:  # fmt: skip
    """Find the cheapest arcs past the Moon from a parking orbit of known phase.

    Parameters
    ----------
    planets : Planets
    parking : EphemerisParking
    meeting : Meeting
        With the asteroid.
    times, legs : ndarray and list of ndarray
        What `survey.transfer.lunar_search.onward_legs` found for which times.
    first, last : float
        Of the departures, s.
    pace_d : float, optional
        Days between departures of the fan.
    directions, starts, kept : int, optional
        Directions of its impulses, patched arcs solved for, and how many of them are refined.

    Returns
    -------
    SwingbyArcs
        Distinct and closed; possibly none.
    """
    sizes = 1e-3 * np.array(_FAN_M_S)
    impulses = np.concatenate([np.zeros((1, 3)), *(size * sphere(directions) for size in sizes)])
    fan = fan_past_moon(
        planets, parking, np.arange(first, last, pace_d * DAY_S), impulses, float(times[-1])
    )
    guesses = pair_up(fan, times, legs, starts)
    if not len(guesses):
        return _no_arcs()
    patched, before = close_starts(planets, parking, meeting, guesses, first=first, last=last)
    near = np.flatnonzero(patched.violation < _PATCH_GAP)
    near = near[np.argsort(np.linalg.norm(patched.z[near, _IMPULSE], axis=1))]
    near = near[distinct(patched.z[near, 4] * UNIT_S, patched.z[near, _IMPULSE])][:kept]
    z = patched.z[near]
    ways = [far_from_moon(before[near]), far_from_moon(z[:, 5:])]
    return refine(
        planets, parking, meeting, np.concatenate([z[:, :5], *ways], axis=1), first=first, last=last
    )


def refine(
    planets: Planets, parking: EphemerisParking, meeting: Meeting, guesses: Array, *,
    first: float, last: float, ceiling: float = 0.3,
) -> SwingbyArcs:  # fmt: skip
    """Close arcs among the real bodies, with the least impulse.

    Parameters
    ----------
    planets : Planets
    parking : EphemerisParking
    meeting : Meeting
    guesses : ndarray, shape (n, 11)
        Departure (units of `UNIT_S`), impulse, perilune (`UNIT_S`), velocities relative to the
        Moon far before and after it.
    first, last : float
        Bounds of the departure, s.
    ceiling : float, optional
        Impulse, km/s, above which an arc is dropped.

    Returns
    -------
    SwingbyArcs
        Those that closed, distinct, the cheapest first.
    """
    if not len(guesses):
        return _no_arcs()

    halfway = 0.5 * UNIT_S * (guesses[:, 0] + guesses[:, 4]) - 0.5 * BEFORE_S
    states = parking.states_at(guesses[:, 0] * UNIT_S)
    states[:, 3:] += guesses[:, _IMPULSE]
    nodes = fly(planets, guesses[:, 0] * UNIT_S, halfway, states, soft_km=SOFT_KM)

    def evaluate(z: Array, rows: NDArray[np.int64]) -> tuple[Array, Array]:
        c, slope, _ = _conditions(planets, parking, meeting, z, halfway[rows])
        return c, slope

    largest = np.array([0.3, 0.03, 0.03, 0.03, 0.02] + [0.1] * 6 + [3e4] * 3 + [0.05] * 3)
    lower, upper = np.full(17, -np.inf), np.full(17, np.inf)
    lower[0], upper[0] = first / UNIT_S, last / UNIT_S
    done = descend(
        evaluate, np.concatenate([guesses, nodes], axis=1), largest, _IMPULSE, lower=lower,
        upper=upper, ceiling=ceiling,
    )  # fmt: skip
    low = np.linalg.norm(_closest(done.z[:, 5:11])[:, :3], axis=1) < 0.999 * LEAST_PERILUNE_KM
    rows = np.flatnonzero(done.closed & ~low)
    rows = rows[np.argsort(np.linalg.norm(done.z[rows, _IMPULSE], axis=1))]
    rows = rows[distinct(done.z[rows, 4] * UNIT_S, done.z[rows, _IMPULSE])]
    if not len(rows):
        return _no_arcs()
    z = done.z[rows]
    c, _, end = _conditions(planets, parking, meeting, z, halfway[rows])
    c = c * _WORTH
    return SwingbyArcs(
        begin=z[:, 0] * UNIT_S,
        perilune=z[:, 4] * UNIT_S,
        impulse=z[:, 1:4],
        incoming=z[:, 5:8],
        outgoing=z[:, 8:11],
        arrival=end[:, 3:] - meeting.velocity,
        gap_km=np.linalg.norm(c[:, [[0, 1, 2], [6, 7, 8]]], axis=2).max(axis=1),
        miss_km=np.linalg.norm(c[:, 12:15], axis=1),
    )


def offer(
    planets: Planets, parking: EphemerisParking, meeting: Meeting, arcs: SwingbyArcs,
    shifts_d: ArrayLike, *, first: float, last: float,
) -> SwingbyArcs:  # fmt: skip
    """Try arcs of another phase from a parking orbit, leaving some days earlier or later."""
    if not len(arcs):
        return arcs
    plain = np.column_stack([arcs.begin, arcs.impulse, arcs.perilune, arcs.incoming, arcs.outgoing])
    guesses = np.concatenate(
        [plain + np.eye(11)[0] * days * DAY_S for days in np.atleast_1d(shifts_d)]
    )
    guesses[:, [0, 4]] /= UNIT_S
    guesses[:, 0] = np.clip(guesses[:, 0], first / UNIT_S, last / UNIT_S)
    return refine(planets, parking, meeting, guesses, first=first, last=last)


def _conditions(
    planets: Planets, parking: EphemerisParking, meeting: Meeting, z: Array, halfway: Array
) -> tuple[Array, Array, Array]:
    """Whether the legs join and arrive, its derivatives, and the states of arrival."""
    begin, impulse, perilune = z[:, 0] * UNIT_S, z[:, 1:4], z[:, 4] * UNIT_S
    near, gradient = _passage(z[:, 5:11])
    node, joint = z[:, 11:], perilune - BEFORE_S
    states = parking.states_at(begin)
    states[:, 3:] += impulse
    there = body_states(planets, MOON, perilune) + near
    at_node, first = fly_matrix(planets, begin, halfway, states, tolerance=_TIGHT)
    from_node, second = fly_matrix(planets, halfway, joint, node, tolerance=_TIGHT)
    from_moon, third = fly_matrix(planets, perilune, joint, there, tolerance=_TIGHT)
    end, last = fly_matrix(planets, perilune, meeting.time, there, tolerance=_TIGHT)
    # A later perilune carries the Moon on, and the craft with it instead of along its flight.
    moved = moon_rates(planets, perilune) - rates(planets, perilune, there)
    c, slope = np.zeros((len(z), 17)), np.zeros((len(z), 17, 17))
    c[:, :6], slope[:, :6, 11:] = at_node - node, -np.eye(6)
    slope[:, :6, 0] = np.einsum("nij,nj->ni", first[:, :, :3], -impulse) * UNIT_S
    slope[:, :6, 1:4] = first[:, :, 3:]
    c[:, 6:12], slope[:, 6:12, 11:] = from_node - from_moon, second
    slope[:, 6:12, 5:11] = -third @ gradient
    slope[:, 6:12, 4] = UNIT_S * (
        rates(planets, joint, from_node)
        - rates(planets, joint, from_moon)
        - np.einsum("nij,nj->ni", third, moved)
    )
    c[:, 12:15], slope[:, 12:15, 5:11] = end[:, :3] - meeting.position, last[:, :3] @ gradient
    slope[:, 12:15, 4] = UNIT_S * np.einsum("nij,nj->ni", last[:, :3], moved)
    before, after = z[:, 5:8], z[:, 8:11]
    fast, faster = (np.linalg.norm(v, axis=1)[:, None] for v in (before, after))
    c[:, 15] = (fast - faster)[:, 0]
    slope[:, 15, 5:8], slope[:, 15, 8:11] = before / fast, -after / faster
    distance = np.linalg.norm(near[:, :3], axis=1)
    low = distance < LEAST_PERILUNE_KM
    c[low, 16] = distance[low] / LEAST_PERILUNE_KM - 1.005
    outward = near[:, :3] / (distance[:, None] * LEAST_PERILUNE_KM)
    slope[low, 16, 5:11] = np.einsum("ni,nij->nj", outward, gradient[:, :3])[low]
    return c / _WORTH, slope / _WORTH[:, None], end


def _passage(ways: Array) -> tuple[Array, Array]:
    """State at perilune ``(n, 6)`` for velocities before and after ``(n, 6)``; its derivatives."""
    gradient, width = np.empty((len(ways), 6, 6)), 1e-6
    for axis in range(6):
        nudge = width * np.eye(6)[axis]
        ahead, behind = (_closest(ways + sign * nudge) for sign in (1.0, -1.0))
        gradient[:, :, axis] = (ahead - behind) / (2.0 * width)
    return _closest(ways), gradient


def _closest(ways: Array) -> Array:
    return closest_state(GM_MOON_KM3_S2, ways[:, :3], ways[:, 3:], _DEEPEST_KM)


def _no_arcs() -> SwingbyArcs:
    none, three = np.empty(0), np.empty((0, 3))
    return SwingbyArcs(none, none, three, three, three, three, none, none)
