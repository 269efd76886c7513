"""The parking orbit among Sun, planets and a Moon that is not where the Earth is.

Carried to real dates, an orbit of the circular problem is no trajectory there; the nearest one is
found like that of the elliptic problem (`survey.transfer.parking_natural`), and differs from it by
what the Moon does every month.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from astropy.time import Time
from numpy.typing import ArrayLike, NDArray

from survey.astro.craft_flow import fly, fly_matrix
from survey.astro.nbody_planets import Planets
from survey.astro.nearest_trajectory import nearest_trajectory
from survey.constants import AU_KM, DAY_S
from survey.ephemeris import SPAN_JD_TDB
from survey.transfer.parking import ParkingOrbit
from survey.transfer.rotating_frame import from_rotating_at, longitude_at

__all__ = ["EphemerisParking", "ephemeris_parking", "julian_date", "seconds"]

Array = NDArray[np.float64]

_STEP_D: Final = 12.0  # between nodes; errors grow by e in 23 days
_MARGIN_D: Final = 120.0  # beyond either end, where nothing holds the trajectory
_UNITS: Final = np.array([AU_KM] * 3 + [29.78] * 3)
_TIGHT: Final = 1e-14


def seconds(jd_tdb: ArrayLike) -> Array:
    """Return the times of `survey.transfer.ephemerides.planets` for Julian dates TDB."""
    return np.asarray((np.asarray(jd_tdb, dtype=float) - SPAN_JD_TDB[0]) * DAY_S)


def julian_date(times: ArrayLike) -> Array:
    """Return Julian dates TDB: the inverse of `seconds`."""
    return np.asarray(SPAN_JD_TDB[0] + np.asarray(times, dtype=float) / DAY_S)


@dataclass(frozen=True)
class EphemerisParking:
    """A trajectory about a libration point among the real bodies, known by its states at nodes.

    Parameters
    ----------
    planets : Planets
        The bodies.
    times : ndarray, shape (n,)
        Of the nodes, s (`seconds`).
    states : ndarray, shape (n, 6)
        At the nodes: heliocentric, km and km/s, ecliptic of J2000.
    shift_km, shift_m_s : float
        Root mean square distance from the orbit of the circular problem, carried to real dates.
    """

    planets: Planets
    times: Array
    states: Array
    shift_km: float
    shift_m_s: float

    def states_at(self, times: ArrayLike) -> Array:
        """Return states ``(k, 6)`` at times ``(k,)``, s.

        Raises
        ------
        ValueError
            For a time more than a step beyond the nodes.
        """
        wanted = np.atleast_1d(np.asarray(times, dtype=float))
        node = np.abs(self.times[None] - wanted[:, None]).argmin(axis=1)
        if np.any(np.abs(self.times[node] - wanted) > _STEP_D * DAY_S):
            first, last = Time(julian_date(self.times[[0, -1]]), format="jd", scale="tdb").isot
            raise ValueError(
                f"a state was asked for outside {first[:10]} to {last[:10]}, for which the parking "
                "orbit is known: ask for it over a longer span"
            )
        return fly(self.planets, self.times[node], wanted, self.states[node], tolerance=_TIGHT)


def ephemeris_parking(
    planets: Planets,
    parking: ParkingOrbit,
    first_jd: float,
    last_jd: float,
    *,
    phase: float,
    phase_jd: float,
) -> EphemerisParking:
    """Find the trajectory nearest to a parking orbit over a span of dates.

    Parameters
    ----------
    planets : Planets
        The bodies, with times as of `seconds`.
    parking : ParkingOrbit
        Any orbit about L1 or L2.
    first_jd, last_jd : float
        Span, Julian dates TDB.
    phase : float
        Phase in revolutions, on a Lissajous orbit since both amplitudes were greatest.
    phase_jd : float
        When the craft has that phase, Julian date TDB.

    Returns
    -------
    EphemerisParking

    Raises
    ------
    ValueError
        If there is none near enough for Newton's method to find.
    """
    count = int(np.ceil((last_jd - first_jd + 2.0 * _MARGIN_D) / _STEP_D))
    jd = first_jd - _MARGIN_D + _STEP_D * np.arange(count + 1)
    turned = (longitude_at(jd) - longitude_at(phase_jd)) / parking.period
    rotating = parking.rotating_state(phase + turned)
    given = np.concatenate(from_rotating_at(jd, rotating, mass_ratio=parking.mass_ratio), axis=-1)

    def flow(states: Array, begin: Array, end: Array) -> tuple[Array, Array]:
        final, matrix = fly_matrix(planets, begin, end, states * _UNITS, tolerance=_TIGHT)
        return final / _UNITS, matrix * _UNITS / _UNITS[:, None]

    times = seconds(jd)
    found = nearest_trajectory(flow, times, given / _UNITS)
    if found.status != 0:
        raise ValueError(
            f"no trajectory among the real bodies was found near the {parking.family} orbit from "
            f"JD {first_jd:.1f} to {last_jd:.1f} TDB (gaps of {found.gap * AU_KM:.3g} km remain): "
            "choose a smaller orbit or other dates"
        )
    states = found.states * _UNITS
    held = (jd >= first_jd) & (jd <= last_jd)
    apart = np.sqrt(np.mean((states - given)[held].reshape(-1, 2, 3) ** 2, axis=0).sum(axis=-1))
    return EphemerisParking(planets, times, states, float(apart[0]), float(1e3 * apart[1]))
