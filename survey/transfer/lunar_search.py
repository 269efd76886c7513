"""Which trajectories from a parking orbit a passage by the Moon could turn towards an asteroid.

The Moon is softened (`survey.astro.craft_flow`), so that a trajectory runs through its centre as
through empty space, and the turn there is free as long as the speed stays the same and the
hyperbola in its place keeps off the ground. From the Moon of any day a few trajectories lead to the
asteroid in time; a fan of small impulses shows which trajectories from the parking orbit come past
the Moon, and when. Each pair of both is a start; Newton's method joins them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro.craft_flow import MOON, body_states, fly_matrix, rates, sample
from survey.astro.least_impulse import Descent, descend
from survey.astro.nbody_planets import Planets
from survey.astro.swingby_hyperbola import closest_distance, turning_angle
from survey.constants import DAY_S, GM_MOON_KM3_S2, RADIUS_MOON_KM
from survey.transfer.ephemeris_arcs import UNIT_S, Meeting
from survey.transfer.ephemeris_parking import EphemerisParking

__all__ = [
    "LEAST_PERILUNE_KM",
    "SOFT_KM",
    "Fan",
    "close_starts",
    "fan_past_moon",
    "far_from_moon",
    "moon_rates",
    "onward_legs",
    "pair_up",
]

Array = NDArray[np.float64]

LEAST_PERILUNE_KM: Final = RADIUS_MOON_KM + 100.0
"""100 km above the Moon: no passage is lower."""

SOFT_KM: Final = 50_000.0
"""Distance over which the Moon is softened."""

_COARSE: Final = 1e-10
_FINE: Final = 1e-11
_NEAR_KM: Final = 150_000.0  # least distance from the Moon that makes a start
_SAMPLE_D: Final = 2.0
_FASTEST: Final = 3.0  # km/s past the Moon
_SAME: Final = 2e-3  # km/s between two legs that are one
_LARGEST: Final = np.array([0.3, 0.03, 0.03, 0.03, 0.1, 0.1, 0.1, 0.1])
# What is as bad as 1 km/s of impulse: km at the Moon and the asteroid, km/s of speed past the
# Moon, share of the least distance from it.
_WORTH: Final = np.array([4e6] * 3 + [1e8] * 3 + [1.5, 1.5])
_IMPULSE: Final = slice(1, 4)


@dataclass(frozen=True)
class Fan:
    """Passages near the Moon of trajectories from one parking orbit.

    Parameters
    ----------
    begin, time : ndarray, shape (n,)
        Of departure and of the passage, s.
    impulse, velocity : ndarray, shape (n, 3)
        At departure, and relative to the Moon when it is nearest, km/s.
    distance : ndarray, shape (n,)
        Then, km.
    """

    begin: Array
    impulse: Array
    time: Array
    velocity: Array
    distance: Array


def onward_legs(
    planets: Planets, meeting: Meeting, times: ArrayLike, *, starts: int = 60, seed: int = 0
) -> list[Array]:
    """Find the velocities with which the Moon is left for the asteroid.

    Parameters
    ----------
    planets : Planets
    meeting : Meeting
    times : array_like, shape (n,)
        Of leaving, s, a day or so apart: what is found for one is tried for the next.
    starts : int, optional
        Velocities drawn for each.
    seed : int, optional
        Of the random numbers.

    Returns
    -------
    list of n ndarray, shape (k, 3)
        Relative to the (softened) Moon, km/s.
    """
    draw, found, before = np.random.default_rng(seed), [], np.empty((0, 3))
    for time in np.asarray(times, dtype=float):
        moon = body_states(planets, MOON, time)
        way = draw.normal(size=(starts, 3))
        way *= (draw.uniform(0.5, 2.2, starts) / np.linalg.norm(way, axis=1))[:, None]

        def evaluate(
            w: Array, _: object, moon: Array = moon, time: float = time
        ) -> tuple[Array, Array]:
            states = moon + np.concatenate([np.zeros_like(w), w], axis=1)
            end, matrix = fly_matrix(
                planets, time, meeting.time, states, soft_km=SOFT_KM, tolerance=_FINE
            )
            return (end[:, :3] - meeting.position) / 2e7, matrix[:, :3, 3:] / 2e7

        done = descend(
            evaluate, np.concatenate([before, way]), 0.1, slice(0, 3), ceiling=0.0, newton=25
        )
        distinct: list[Array] = []
        for w in done.z[done.closed & (np.linalg.norm(done.z, axis=1) < _FASTEST)]:
            if all(np.linalg.norm(w - other) > _SAME for other in distinct):
                distinct.append(w)
        before = np.array(distinct).reshape(-1, 3)
        found.append(before)
    return found


def fan_past_moon(
    planets: Planets, parking: EphemerisParking, begins: ArrayLike, impulses: ArrayLike,
    last: float, *, longest_d: float = 220.0,
) -> Fan:  # fmt: skip
    """Fly every impulse from every date, and note who comes near the Moon.

    Parameters
    ----------
    planets : Planets
    parking : EphemerisParking
    begins : array_like, shape (n,)
        Departures, s.
    impulses : array_like, shape (m, 3)
        km/s.
    last : float
        Time after which no passage is of use, s.
    longest_d : float, optional
        Longest flight, days.

    Returns
    -------
    Fan
    """
    given, rows = np.asarray(impulses, dtype=float), []
    dates = np.asarray(begins, dtype=float)
    for begin, state in zip(dates, parking.states_at(dates), strict=True):
        count = int(min(longest_d, (last - begin) / DAY_S) / _SAMPLE_D)
        if count < 1:
            continue
        times = begin + _SAMPLE_D * DAY_S * np.arange(count + 1)
        states = np.tile(state, (len(given), 1))
        states[:, 3:] += given
        moments = np.broadcast_to(times, (len(given), count + 1))
        away = sample(planets, moments, states, soft_km=SOFT_KM, tolerance=_COARSE)
        away = away - body_states(planets, MOON, times)
        r, v = away[..., :3], away[..., 3:]
        # Between samples the motion past the Moon is nearly straight.
        until = -np.sum(r * v, axis=-1) / np.sum(v * v, axis=-1)
        least = np.linalg.norm(r + v * until[..., None], axis=-1)
        near = (np.linalg.norm(r, axis=-1) < 2.0 * _NEAR_KM) & (least < _NEAR_KM)
        n, k = np.nonzero(near & (np.abs(until) < 0.6 * _SAMPLE_D * DAY_S))
        line = (np.full(len(n), begin), given[n], times[k] + until[n, k], v[n, k], least[n, k])
        rows.append(np.column_stack(line))
    all_rows = np.concatenate(rows) if rows else np.empty((0, 9))
    return Fan(all_rows[:, 0], all_rows[:, 1:4], all_rows[:, 4], all_rows[:, 5:8], all_rows[:, 8])


def pair_up(fan: Fan, times: Array, legs: list[Array], most: int) -> Array:
    """Return the likeliest pairs of a passage and a leg onward as unknowns of `close_starts`."""
    day = np.abs(times[None] - fan.time[:, None]).argmin(axis=1)
    kept = np.abs(times[day] - fan.time) < 2.0 * DAY_S
    counts = np.where(kept, np.array([len(leg) for leg in legs])[day], 0)
    n = np.repeat(np.arange(len(day)), counts)
    if not len(n):
        return np.empty((0, 8))
    w = np.concatenate([legs[day[i]] for i in np.flatnonzero(counts)])
    v = fan.velocity[n]
    fast, faster = np.linalg.norm(v, axis=1), np.linalg.norm(w, axis=1)
    low = closest_distance(GM_MOON_KM3_S2, np.minimum(fast, faster), turning_angle(v, w))
    steep = np.maximum(0.0, 1.0 - low / LEAST_PERILUNE_KM)
    price = (
        np.linalg.norm(fan.impulse[n], axis=1) + np.abs(fast - faster) + 0.5 * steep
        + fan.distance[n] / 1.5e6
    )  # fmt: skip
    best = np.argsort(price)[:most]
    n, w = n[best], w[best]
    return np.column_stack([fan.begin[n] / UNIT_S, fan.impulse[n], fan.time[n] / UNIT_S, w])


def close_starts(
    planets: Planets, parking: EphemerisParking, meeting: Meeting, starts: Array, *,
    first: float, last: float, ceiling: float = 0.4,
) -> tuple[Descent, Array]:  # fmt: skip
    """Join both legs at the softened Moon, with the least impulse.

    Parameters
    ----------
    planets : Planets
    parking : EphemerisParking
    meeting : Meeting
    starts : ndarray, shape (n, 8)
        Departure (in units of `UNIT_S`), impulse (km/s), passage (`UNIT_S`) and velocity relative
        to the Moon after it (km/s).
    first, last : float
        Bounds of the departure, s.
    ceiling : float, optional
        Impulse, km/s, above which a start is dropped.

    Returns
    -------
    Descent
        Its unknowns are those of `starts`.
    ndarray, shape (n, 3)
        Velocity relative to the Moon before the passage, km/s.
    """
    arriving = np.zeros((0, 3))

    def evaluate(z: Array, _: object = None) -> tuple[Array, Array]:
        nonlocal arriving
        begin, passing, w = z[:, 0] * UNIT_S, z[:, 4] * UNIT_S, z[:, 5:8]
        states = parking.states_at(begin)
        states[:, 3:] += z[:, 1:4]
        here, there = fly_matrix(planets, begin, passing, states, soft_km=SOFT_KM, tolerance=_FINE)
        moon = body_states(planets, MOON, passing)
        leaving = moon + np.concatenate([np.zeros_like(w), w], axis=1)
        end, onward = fly_matrix(
            planets, passing, meeting.time, leaving, soft_km=SOFT_KM, tolerance=_FINE
        )
        arriving = here[:, 3:] - moon[:, 3:]
        gradient = np.zeros((len(z), 6, 8))  # of the state in which the Moon is met
        gradient[:, :, 0] = np.einsum("nij,nj->ni", there[:, :, :3], -z[:, 1:4]) * UNIT_S
        gradient[:, :, 1:4] = there[:, :, 3:]
        moving = moon_rates(planets, passing)
        gradient[:, :, 4] = (rates(planets, passing, here, soft_km=SOFT_KM) - moving) * UNIT_S
        c, slope = np.zeros((len(z), 8)), np.zeros((len(z), 8, 8))
        c[:, :3], slope[:, :3] = here[:, :3] - moon[:, :3], gradient[:, :3]
        c[:, 3:6] = end[:, :3] - meeting.position
        later = moving - rates(planets, passing, leaving, soft_km=SOFT_KM)
        slope[:, 3:6, 4] = np.einsum("nij,nj->ni", onward[:, :3], later) * UNIT_S
        slope[:, 3:6, 5:] = onward[:, :3, 3:]
        c[:, 6:], slope[:, 6:] = _turn(arriving, w, gradient[:, 3:])
        return c / _WORTH, slope / _WORTH[:, None]

    lower, upper = np.full(8, -np.inf), np.full(8, np.inf)
    lower[0], upper[0] = first / UNIT_S, last / UNIT_S
    upper[4] = (meeting.time - 15.0 * DAY_S) / UNIT_S
    done = descend(
        evaluate, starts, _LARGEST, _IMPULSE, lower=lower, upper=upper, ceiling=ceiling,
        newton=25, iterations=30,
    )  # fmt: skip
    evaluate(done.z)
    return done, arriving


def far_from_moon(velocities: Array) -> Array:
    """Return what is left far away of velocities ``(n, 3)`` at the softened Moon's centre."""
    speed2 = np.sum(velocities * velocities, axis=1)
    left = np.maximum(speed2 - 2.0 * GM_MOON_KM3_S2 / SOFT_KM, 0.01)
    return np.asarray(velocities * np.sqrt(left / speed2)[:, None])


def moon_rates(planets: Planets, times: Array) -> Array:
    """Return the Moon's velocity and acceleration ``(n, 6)``."""
    width = 30.0
    change = body_states(planets, MOON, times + width) - body_states(planets, MOON, times - width)
    return np.asarray(change / (2.0 * width))


def _turn(before: Array, after: Array, gradient: Array) -> tuple[Array, Array]:
    """Two conditions of a passage: the speed stays, and the hyperbola keeps off the ground."""
    count = len(before)
    c, slope = np.zeros((count, 2)), np.zeros((count, 2, 8))
    fast, faster = (np.linalg.norm(x, axis=1)[:, None] for x in (before, after))
    c[:, 0] = (fast - faster)[:, 0]
    slope[:, 0] = np.einsum("ni,nij->nj", before / fast, gradient)
    slope[:, 0, 5:] -= after / faster
    low = _distance(before, after)
    deep = low < LEAST_PERILUNE_KM
    if not deep.any():
        return c, slope
    v, w = before[deep], after[deep]
    by = np.empty((len(v), 6))
    for axis in range(6):
        nudge = 1e-6 * np.eye(6)[axis]
        by[:, axis] = _distance(v + nudge[:3], w + nudge[3:]) - _distance(
            v - nudge[:3], w - nudge[3:]
        )
    by /= 2e-6 * LEAST_PERILUNE_KM
    c[deep, 1] = low[deep] / LEAST_PERILUNE_KM - 1.02
    slope[deep, 1] = np.einsum("ni,nij->nj", by[:, :3], gradient[deep])
    slope[deep, 1, 5:] += by[:, 3:]
    return c, slope


def _distance(before: Array, after: Array) -> Array:
    speed = np.linalg.norm(far_from_moon(after), axis=1)
    return closest_distance(GM_MOON_KM3_S2, speed, turning_angle(before, after))
