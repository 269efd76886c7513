"""Quick figures of merit of an asteroid: how hard to reach from Earth, and how large."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.constants import DIAMETER_AT_H_ZERO_KM, EARTH_MEAN_SPEED_KM_S, LOW_ORBIT_SPEED_KM_S

Array = NDArray[np.float64]

_U0 = LOW_ORBIT_SPEED_KM_S / EARTH_MEAN_SPEED_KM_S
# The last line of JPL's list: 30 km/s a unit (not 29.784) and half a km/s for corrections.
_UNIT_KM_S = 30.0
_CORRECTIONS_KM_S = 0.5


def shoemaker_helin_dv(a_au: ArrayLike, e: ArrayLike, i_rad: ArrayLike) -> Array:
    """Return the delta-v of a rendezvous from low Earth orbit by two Hohmann-like impulses.

    It knows nothing of dates: a bound for sorting, exact to a few tenths of a km/s at best.

    Parameters
    ----------
    a_au, e, i_rad : array_like, shape (...)
        Semi-major axis in au, eccentricity, inclination to the ecliptic in radians.

    Returns
    -------
    ndarray, shape (...)
        Delta-v in km/s; NaN where ``a <= 0`` or ``e`` is not in [0, 1).

    Notes
    -----
    [ShoemakerHelin1978], in the form and with the constants of [Benner]: ``U_T`` leaves Earth,
    ``U_R`` and ``U_C`` match the asteroid's orbit and plane. The class decides where the plane is
    changed: at departure and arrival for Atens (a < 1) and Apollos (q <= 1), on the way for Amors.
    """
    a, e, i = (np.asarray(x, dtype=float) for x in (a_au, e, i_rad))
    real = (a > 0) & (e >= 0) & (e < 1)
    a, e = np.where(real, a, np.nan), np.where(real, e, np.nan)
    c = np.cos(0.5 * i)
    q, Q = a * (1.0 - e), a * (1.0 + e)
    aten, amor = a < 1.0, q > 1.0
    cu, cr = np.where(amor, c, 1.0), np.where(amor, 1.0, c)

    with np.errstate(invalid="ignore"):  # Aten's form is imaginary beyond Q = 2, where none is
        ut2 = np.where(
            aten,
            2.0 - 2.0 * c * np.sqrt(2.0 * Q - Q * Q),
            3.0 - 2.0 / (Q + 1.0) - 2.0 * c * np.sqrt(2.0 * Q / (Q + 1.0)),
        )
        uc2 = np.where(
            aten,
            3.0 / Q - 1.0 - (2.0 / Q) * np.sqrt(2.0 - Q),
            3.0 / Q - 2.0 / (Q + 1.0) - (2.0 / Q) * cu * np.sqrt(2.0 / (Q + 1.0)),
        )
    ur2 = 3.0 / Q - 1.0 / a - (2.0 / Q) * cr * np.sqrt(a * (1.0 - e * e) / Q)
    # Squares of speeds: rounding may carry a vanishing one below zero.
    uc, ur = np.sqrt(np.maximum(uc2, 0.0)), np.sqrt(np.maximum(ur2, 0.0))
    departure = np.sqrt(np.maximum(ut2, 0.0) + 2.0 * _U0 * _U0) - _U0
    return np.asarray(_UNIT_KM_S * (departure + np.abs(uc - ur)) + _CORRECTIONS_KM_S)


def injection_dv(mu: ArrayLike, radius: ArrayLike, c3: ArrayLike) -> Array:
    """Return the impulse that turns a circular orbit into an escape of given energy.

    Parameters
    ----------
    mu, radius, c3 : array_like, shape (...)
        Gravitational parameter, radius of the circular orbit, and the square of the speed left at
        infinity, in consistent units.

    Returns
    -------
    ndarray, shape (...)
        Speed, in the same units.
    """
    circular = np.sqrt(np.asarray(mu, dtype=float) / np.asarray(radius, dtype=float))
    return np.asarray(np.sqrt(np.asarray(c3, dtype=float) + 2.0 * circular**2) - circular)


def diameter_km(H: ArrayLike, albedo: ArrayLike) -> Array:
    """Return the diameter in km of a sphere of absolute magnitude H and geometric albedo.

    NaN where the albedo is not positive. [PravecHarris2007].
    """
    p = np.asarray(albedo, dtype=float)
    p = np.where(p > 0, p, np.nan)
    return np.asarray(DIAMETER_AT_H_ZERO_KM / np.sqrt(p) * 10.0 ** (-0.2 * np.asarray(H, float)))


def absolute_magnitude(diameter_km: ArrayLike, albedo: ArrayLike) -> Array:
    """Return the absolute magnitude H of a sphere of diameter in km: `diameter_km` turned round.

    NaN where the diameter or the albedo is not positive.
    """
    p, d = np.asarray(albedo, dtype=float), np.asarray(diameter_km, dtype=float)
    p, d = np.where(p > 0, p, np.nan), np.where(d > 0, d, np.nan)
    return np.asarray(5.0 * np.log10(DIAMETER_AT_H_ZERO_KM / (np.sqrt(p) * d)))
