"""The Sun-Earth rotating frame at real dates: pulsating with the Earth-Moon barycentre.

The primaries are the Sun and the barycentre of Earth and Moon, whose motion has no monthly wobble.
The frame itself is `survey.astro.rotating`; here are the dates.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro.rotating import frame_scales, from_rotating, to_rotating
from survey.constants import DAY_S, MASS_RATIO_SUN_EARTH_MOON
from survey.ephemeris import SPAN_JD_TDB, heliocentric_state

Array = NDArray[np.float64]

_BODY: Final = "earth-moon-barycenter"
_STEP_D: Final = 1.0  # of the table of longitudes: cubic pieces are then good to 1e-11 rad
_NEWTON: Final = 3  # from a mean motion, two days off at most, to the last digit


def to_rotating_at(
    jd_tdb: ArrayLike,
    r: ArrayLike,
    v: ArrayLike,
    *,
    mass_ratio: ArrayLike = MASS_RATIO_SUN_EARTH_MOON,
) -> Array:
    """Take heliocentric states into the pulsating frame of the Sun and the Earth-Moon barycentre.

    Parameters
    ----------
    jd_tdb : array_like, shape (...)
        Julian dates TDB within the ephemeris.
    r, v : array_like, shape (..., 3)
        Position (km) and velocity (km/s), Sun-centred, ecliptic of J2000.
    mass_ratio : array_like, shape (...)
        Of the model that the states are meant for; it places the origin.

    Returns
    -------
    ndarray, shape (..., 6)
        Position in units of the distance of the primaries, and its derivative by their true
        longitude.

    Raises
    ------
    ValueError
        If a date lies outside the ephemeris.
    """
    r2, v2 = heliocentric_state(_BODY, jd_tdb)
    return to_rotating(r, v, r2, v2, mass_ratio)


def from_rotating_at(
    jd_tdb: ArrayLike,
    state: ArrayLike,
    *,
    mass_ratio: ArrayLike = MASS_RATIO_SUN_EARTH_MOON,
) -> tuple[Array, Array]:
    """Take states of the pulsating frame back: the inverse of `to_rotating_at`.

    Parameters
    ----------
    jd_tdb : array_like, shape (...)
        Julian dates TDB within the ephemeris.
    state : array_like, shape (..., 6)
        Position and its derivative by the true longitude.
    mass_ratio : array_like, shape (...)
        Of the model that the states come from.

    Returns
    -------
    r, v : ndarray, shape (..., 3)
        Position (km) and velocity (km/s), Sun-centred, ecliptic of J2000.

    Raises
    ------
    ValueError
        If a date lies outside the ephemeris.
    """
    r2, v2 = heliocentric_state(_BODY, jd_tdb)
    return from_rotating(state, r2, v2, mass_ratio)


def scales_at(jd_tdb: ArrayLike) -> tuple[Array, Array]:
    """Return the units of length (km) and of rate (rad/s) of the frame at dates ``(...)``."""
    return frame_scales(*heliocentric_state(_BODY, jd_tdb))


def longitude_at(jd_tdb: ArrayLike) -> Array:
    """Return the true longitude of the Earth-Moon barycentre, without jumps.

    Parameters
    ----------
    jd_tdb : array_like, shape (...)
        Julian dates TDB within the ephemeris.

    Returns
    -------
    ndarray, shape (...)
        Heliocentric longitude on the ecliptic of J2000 (rad), growing by a turn each year; in
        [0, 2π) at the first instant of the ephemeris.

    Raises
    ------
    ValueError
        If a date lies outside the ephemeris.

    Notes
    -----
    Cubic Hermite pieces between the days of a table, good to 1e-11 rad. It advances like the
    angle in the orbital plane to 1e-8 rad, by the square of the plane's tilt.
    """
    jd = np.asarray(jd_tdb, dtype=float)
    inside = (jd >= SPAN_JD_TDB[0]) & (jd <= SPAN_JD_TDB[1])
    if not np.all(inside):
        raise ValueError(
            f"the epoch was given as JD {float(jd[~inside].flat[0])} TDB, but the ephemeris "
            f"covers JD {SPAN_JD_TDB[0]} to {SPAN_JD_TDB[1]}: choose dates inside"
        )
    return _interpolate(jd)[0]


def jd_at(longitude: ArrayLike) -> Array:
    """Return when the Earth-Moon barycentre stands at a true longitude: `longitude_at`, inverted.

    Parameters
    ----------
    longitude : array_like, shape (...)
        As from `longitude_at`, not reduced to one turn (rad).

    Returns
    -------
    ndarray, shape (...)
        Julian dates TDB.

    Raises
    ------
    ValueError
        If a longitude is not reached within the ephemeris.
    """
    angle = np.asarray(longitude, dtype=float)
    nodes, _ = _table()
    first, last = nodes[0], nodes[-1]
    inside = (angle >= first) & (angle <= last)
    if not np.all(inside):
        raise ValueError(
            f"the longitude was given as {float(angle[~inside].flat[0])} rad, but the ephemeris "
            f"covers {first:.6f} to {last:.6f} rad: take it from longitude_at, not reduced to a "
            "turn"
        )
    start, end = SPAN_JD_TDB
    jd = start + (angle - first) * ((end - start) / (last - first))
    for _ in range(_NEWTON):
        value, slope = _interpolate(jd)
        jd = np.clip(jd + (angle - value) / slope, start, end)
    return np.asarray(jd, dtype=float)


@cache
def _table() -> tuple[Array, Array]:
    """Longitudes (rad, unwrapped) and their rates (rad per step) on the days of the ephemeris."""
    jd = np.arange(SPAN_JD_TDB[0], SPAN_JD_TDB[1] + 0.5 * _STEP_D, _STEP_D)
    r, v = heliocentric_state(_BODY, jd)
    x, y = r[:, 0], r[:, 1]
    angle = np.unwrap(np.arctan2(y, x))
    angle -= 2.0 * np.pi * np.floor(angle[0] / (2.0 * np.pi))
    rate = (x * v[:, 1] - y * v[:, 0]) / (x * x + y * y) * (DAY_S * _STEP_D)
    return angle, rate


def _interpolate(jd: Array) -> tuple[Array, Array]:
    """Longitude and its rate per day by cubic Hermite pieces."""
    angle, rate = _table()
    place = (jd - SPAN_JD_TDB[0]) / _STEP_D
    k = np.clip(place.astype(np.int64), 0, len(angle) - 2)
    s = place - k
    here, slope_here, slope_there = angle[k], rate[k], rate[k + 1]
    rise = angle[k + 1] - here
    # a0 + s (a1 + s (a2 + s a3)): the cubic with these ends and slopes.
    a2 = 3.0 * rise - 2.0 * slope_here - slope_there
    a3 = slope_here + slope_there - 2.0 * rise
    value = here + s * (slope_here + s * (a2 + s * a3))
    return value, (slope_here + s * (2.0 * a2 + 3.0 * s * a3)) / _STEP_D
