"""Arcs of one impulse among the real bodies, from a parking orbit of known phase to an asteroid.

The date of arrival is given, that of departure free: one unknown more than the place of the
asteroid asks for, and it makes the impulse least. These are the arcs that leave Earth and Moon
alone; what a passage by the Moon saves is counted from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro.craft_flow import MOON, body_states, fly_matrix, sample
from survey.astro.least_impulse import descend
from survey.astro.nbody_forces import PERTURBERS
from survey.astro.nbody_planets import Planets
from survey.constants import DAY_S
from survey.transfer.ephemeris_parking import EphemerisParking

__all__ = ["UNIT_S", "Meeting", "direct_arcs", "distinct", "least_distances", "sphere"]

Array = NDArray[np.float64]

UNIT_S: Final = 10.0 * DAY_S
"""Of the dates among unknowns."""

_SIZES_M_S: Final = (10.0, 30.0, 75.0, 150.0, 250.0)
_WORTH_KM: Final = 1e8  # miss of the asteroid that is as bad as 1 km/s of impulse
_LARGEST: Final = np.array([0.3, 0.03, 0.03, 0.03])
_LOOSE, _TIGHT = 1e-11, 1e-13
_SAME_D: Final = 0.5
_SAME_KM_S: Final = 2e-3


@dataclass(frozen=True)
class Meeting:
    """Where and when the asteroid is to be met: time (s), position (km) and velocity (km/s)."""

    time: float
    position: Array
    velocity: Array


def sphere(count: int) -> Array:
    """Return `count` unit vectors ``(count, 3)``, spread evenly."""
    place = np.arange(count) + 0.5
    z, angle = 1.0 - 2.0 * place / count, np.pi * (1.0 + np.sqrt(5.0)) * place
    across = np.sqrt(1.0 - z * z)
    return np.stack([across * np.cos(angle), across * np.sin(angle), z], axis=-1)


def distinct(dates: Array, impulses: Array) -> NDArray[np.int64]:
    """Return the rows that do not repeat an earlier one: dates (s) and impulses (km/s) differ."""
    kept: list[int] = []
    for n in range(len(dates)):
        if all(
            abs(dates[n] - dates[k]) > _SAME_D * DAY_S
            or np.linalg.norm(impulses[n] - impulses[k]) > _SAME_KM_S
            for k in kept
        ):
            kept.append(n)
    return np.array(kept, dtype=np.int64)


def direct_arcs(
    planets: Planets, parking: EphemerisParking, meeting: Meeting, *, first: float, last: float,
    guesses: Array | None = None, pace_d: float = 8.0, directions: int = 12, starts: int = 60,
    earth_km: float = 400_000.0, moon_km: float = 100_000.0,
) -> Array:  # fmt: skip
    """Find the cheapest arcs that leave Earth and Moon alone.

    Parameters
    ----------
    planets : Planets
    parking : EphemerisParking
    meeting : Meeting
        With the asteroid.
    first, last : float
        Of the departures, s.
    guesses : ndarray, shape (m, 4), optional
        Departures (s) and impulses (km/s) to begin with, in place of a search.
    pace_d : float, optional
        Days between departures of the search.
    directions, starts : int, optional
        Directions of its impulses, and how many of them are followed.
    earth_km, moon_km : float, optional
        Nearer to either no arc passes.

    Returns
    -------
    ndarray, shape (n, 4)
        Departure (s) and impulse (km/s) of distinct arcs, the cheapest first; possibly none.
    """

    def evaluate(z: Array, _: object = None, tolerance: float = _TIGHT) -> tuple[Array, Array]:
        begin, impulse = z[:, 0] * UNIT_S, z[:, 1:]
        states = parking.states_at(begin)
        states[:, 3:] += impulse
        end, matrix = fly_matrix(planets, begin, meeting.time, states, tolerance=tolerance)
        # Later by dt, the parking orbit has gone on without the impulse.
        later = np.einsum("nij,nj->ni", matrix[:, :3, :3], -impulse) * UNIT_S
        slope = np.concatenate([later[..., None], matrix[:, :3, 3:]], axis=2)
        return (end[:, :3] - meeting.position) / _WORTH_KM, slope / _WORTH_KM

    if guesses is None:
        sizes = 1e-3 * np.array(_SIZES_M_S)
        fan = np.concatenate([np.zeros((1, 3)), *(size * sphere(directions) for size in sizes)])
        begins = np.arange(first, last, pace_d * DAY_S) / UNIT_S
        z = np.column_stack([np.repeat(begins, len(fan)), np.tile(fan, (len(begins), 1))])
        c, slope = evaluate(z, tolerance=_LOOSE)
        fine = np.isfinite(c).all(axis=1)
        z, c, slope = z[fine], c[fine], slope[fine]
        turn = np.linalg.solve(slope[:, :, 1:], -c[..., None])[..., 0]
        price = np.linalg.norm(z[:, 1:] + turn, axis=1) + np.linalg.norm(turn, axis=1)
        z = z[np.argsort(price)[:starts]]
    else:
        z = guesses / [UNIT_S, 1.0, 1.0, 1.0]
    lower, upper = np.full(4, -np.inf), np.full(4, np.inf)
    lower[0], upper[0] = first / UNIT_S, last / UNIT_S
    z = np.clip(z, lower, upper)
    done = descend(
        evaluate, z, _LARGEST, slice(1, 4), lower=lower, upper=upper, ceiling=1.0, newton=25,
        iterations=30,
    )  # fmt: skip
    found = done.z[done.closed] * [UNIT_S, 1.0, 1.0, 1.0]
    found = found[np.argsort(np.linalg.norm(found[:, 1:], axis=1))]
    found = found[distinct(found[:, 0], found[:, 1:])]
    earth, moon = least_distances(planets, parking, found[:, 0], found[:, 1:], meeting.time)
    return np.asarray(found[(earth > earth_km) & (moon > moon_km)])


def least_distances(
    planets: Planets, parking: EphemerisParking, begin: Array, impulse: Array, end: ArrayLike
) -> tuple[Array, Array]:
    """Return the least distances to Earth and Moon of flights from the parking orbit.

    Parameters
    ----------
    planets : Planets
    parking : EphemerisParking
    begin : ndarray, shape (n,)
        Departures, s.
    impulse : ndarray, shape (n, 3)
        km/s.
    end : array_like, shape broadcast to (n,)
        Until when, s.

    Returns
    -------
    earth, moon : ndarray, shape (n,)
        km; between states of every day the motion past either counts as straight.
    """
    if not len(begin):
        return np.empty(0), np.empty(0)
    states = parking.states_at(begin)
    states[:, 3:] += impulse
    stop = np.broadcast_to(np.asarray(end, dtype=float), begin.shape)
    share = np.linspace(0.0, 1.0, int(np.max(stop - begin) / DAY_S) + 2)
    times = begin[:, None] + share * (stop - begin)[:, None]
    flown = sample(planets, times, states)
    least = []
    for body in (PERTURBERS.index("earth"), MOON):
        away = flown - body_states(planets, body, times.ravel()).reshape(flown.shape)
        r, v = away[..., :3], away[..., 3:]
        until = -np.sum(r * v, axis=-1) / np.sum(v * v, axis=-1)
        straight = np.linalg.norm(r + v * np.clip(until, -DAY_S, DAY_S)[..., None], axis=-1)
        least.append(np.nanmin(straight, axis=1))
    return least[0], least[1]
