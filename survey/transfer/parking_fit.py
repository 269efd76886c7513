"""A parking orbit fitted to a table of positions, e.g. to the path that a craft has flown.

The positions go into the pulsating frame; what they show there is fitted in two ways: by the
trajectory of the elliptic problem nearest to them, a quasi-halo or Lissajous orbit with the flown
amplitudes and periods, and by the halo orbit and phase that come nearest, which is what a
`ParkingOrbit` can hold.
"""

from __future__ import annotations

from dataclasses import dataclass

import astropy.units as u
import numpy as np
from astropy.time import Time
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline
from scipy.optimize import least_squares

from survey.astro.quasi_path import upward_crossings
from survey.constants import AU_KM, MASS_RATIO_SUN_EARTH_MOON
from survey.ephemeris import heliocentric_state
from survey.transfer.parking import ParkingOrbit
from survey.transfer.parking_family import TIME_UNIT_D, OrbitSize, Point
from survey.transfer.parking_natural import NaturalParking, nearest_natural
from survey.transfer.rotating_frame import jd_at, longitude_at, to_rotating_at

__all__ = ["FittedParking", "OrbitShape", "fit_parking", "gse_to_heliocentric", "measure_shape"]

_NODE_SPACING = 0.2  # radians of longitude, 11.6 days
_VELOCITY_WEIGHT = 0.1  # beside positions; the table's velocities are numerical derivatives
_MOST_GAP_D = 12.0  # a cubic spline through an orbit of half a year then errs by 1e-4 of its size

Array = NDArray[np.float64]


@dataclass(frozen=True)
class OrbitShape:
    """Size and rhythm of an orbit about a libration point, in the pulsating frame.

    Parameters
    ----------
    amplitudes_km : tuple of float
        Half the range along x, y and z, at the mean distance of 1 au.
    centre_km : tuple of float
        Middle of those ranges, from the libration point.
    period_d, z_period_d : float
        Mean time between crossings of y = 0 and of z's middle in the same sense.
    """

    amplitudes_km: tuple[float, float, float]
    centre_km: tuple[float, float, float]
    period_d: float
    z_period_d: float


@dataclass(frozen=True)
class FittedParking:
    """What was fitted to a table of positions.

    Parameters
    ----------
    natural : NaturalParking
        The nearest trajectory of the elliptic problem.
    parking : ParkingOrbit
        The halo orbit nearest to the table, with the epoch of its phase zero.
    flown, fitted : OrbitShape
        Of the table and of `natural`, over the same span.
    natural_rms_km, parking_rms_km : float
        Root mean square distance from the table, at 1 au.
    """

    natural: NaturalParking
    parking: ParkingOrbit
    flown: OrbitShape
    fitted: OrbitShape
    natural_rms_km: float
    parking_rms_km: float


def gse_to_heliocentric(
    epochs: Time, position: u.Quantity, *, x_away_from_sun: bool = False
) -> u.Quantity:
    """Turn geocentric solar ecliptic positions into heliocentric ecliptic J2000 ones.

    Parameters
    ----------
    epochs : Time
        Shape ``(n,)``.
    position : Quantity
        Shape ``(n, 3)``, from the Earth's centre: x towards the Sun, z to the north of the
        ecliptic, y so that the axes are right-handed [FranzHarper2002].
    x_away_from_sun : bool, optional
        The table's x points away from the Sun and its y along the Earth's motion, that is, both
        are reversed.

    Returns
    -------
    Quantity
        Shape ``(n, 3)``, km.

    Notes
    -----
    The ecliptic of J2000 stands in for that of date: 12 arcseconds in 2025, 90 km at L2. The
    direction to the Sun is the geometric one.
    """
    r_earth, _ = heliocentric_state("earth", np.asarray(epochs.tdb.jd, dtype=float))
    away = r_earth / np.linalg.norm(r_earth, axis=-1, keepdims=True)
    ahead = np.cross([0.0, 0.0, 1.0], away)
    ahead /= np.linalg.norm(ahead, axis=-1, keepdims=True)
    north = np.cross(away, ahead)
    x, y, z = np.moveaxis(np.asarray(position.to_value(u.km), dtype=float)[..., None], -2, 0)
    sense = 1.0 if x_away_from_sun else -1.0
    return (r_earth + sense * (x * away + y * ahead) + z * north) * u.km


def fit_parking(
    epochs: Time,
    position: u.Quantity,
    *,
    point: Point = "L2",
    mass_ratio: float = MASS_RATIO_SUN_EARTH_MOON,
) -> FittedParking:
    """Fit parking orbits to a table of positions.

    Parameters
    ----------
    epochs : Time
        Increasing, shape ``(n,)``, at most some days apart, a revolution or more in all.
    position : Quantity
        Heliocentric ecliptic J2000, shape ``(n, 3)``.
    point : {"L1", "L2"}, optional
        About which the craft turns.
    mass_ratio : float, optional
        Of the model.

    Returns
    -------
    FittedParking

    Raises
    ------
    ValueError
        If the table does not show a revolution about the point, or is too sparse.
    """
    jd = np.asarray(epochs.tdb.jd, dtype=float)
    r = np.asarray(position.to_value(u.km), dtype=float)
    _check_table(jd, r)
    rotating = to_rotating_at(jd, r, np.zeros_like(r), mass_ratio=mass_ratio)[:, :3]
    longitude = longitude_at(jd)
    path = CubicSpline(longitude, rotating)
    start = ParkingOrbit(point=point, mass_ratio=mass_ratio).rotating_state(0.0)[0]
    flown = measure_shape(longitude, rotating, start)

    count = int(np.ceil((longitude[-1] - longitude[0]) / _NODE_SPACING)) + 1
    nodes = np.linspace(longitude[0], longitude[-1], count)
    node_jd = jd_at(nodes)
    node_jd[0], node_jd[-1] = jd[0], jd[-1]
    natural = nearest_natural(
        node_jd,
        np.concatenate((path(nodes), path(nodes, 1)), axis=-1),
        mass_ratio,
        velocity_weight=_VELOCITY_WEIGHT,
    )
    fitted = natural.rotating_state_at(jd)[:, :3]
    parking, parking_rms = _nearest_halo(longitude, rotating, flown, point, mass_ratio)
    return FittedParking(
        natural=natural,
        parking=parking,
        flown=flown,
        fitted=measure_shape(longitude, fitted, start),
        natural_rms_km=_rms_km(fitted - rotating),
        parking_rms_km=parking_rms,
    )


def measure_shape(longitude: ArrayLike, position: ArrayLike, point_x: float) -> OrbitShape:
    """Measure amplitudes and periods of a path in the pulsating frame.

    Parameters
    ----------
    longitude : array_like, shape (n,)
        True longitude of the primaries, radians, increasing.
    position : array_like, shape (n, 3)
        Nondimensional.
    point_x : float
        Where the libration point is.

    Returns
    -------
    OrbitShape

    Raises
    ------
    ValueError
        If there is no whole revolution.
    """
    angle, path = np.asarray(longitude, dtype=float), np.asarray(position, dtype=float)
    high, low = path.max(axis=0), path.min(axis=0)
    half, middle = 0.5 * (high - low) * AU_KM, 0.5 * (high + low)
    centre = (middle - [point_x, 0.0, 0.0]) * AU_KM
    periods = []
    for values in (path[:, 1], path[:, 2] - middle[2]):
        times = upward_crossings(angle, values)
        if len(times) < 2:
            raise ValueError(
                f"the positions show {len(times)} crossings in the same sense of the plane that "
                "the craft is to turn through: give a table of at least one whole revolution"
            )
        periods.append(float((times[-1] - times[0]) / (len(times) - 1) * TIME_UNIT_D))
    return OrbitShape(
        (float(half[0]), float(half[1]), float(half[2])),
        (float(centre[0]), float(centre[1]), float(centre[2])),
        *periods,
    )


def _nearest_halo(
    longitude: Array, rotating: Array, flown: OrbitShape, point: Point, mass_ratio: float
) -> tuple[ParkingOrbit, float]:
    """Halo orbit and longitude of phase zero with the least sum of squared distances."""
    y_down = upward_crossings(longitude, -rotating[:, 1] if point == "L2" else rotating[:, 1])
    far = CubicSpline(longitude, rotating)(y_down[0])
    family = "halo northern" if far[2] > 0 else "halo southern"

    def at(unknowns: Array) -> ParkingOrbit:
        size = OrbitSize(z_km=float(np.exp(unknowns[0])))
        return ParkingOrbit(point, mass_ratio, family, size)  # type: ignore[arg-type]

    def apart(unknowns: Array) -> Array:
        parking = at(unknowns)
        phases = (longitude - unknowns[1]) / parking.orbit.period
        return np.asarray((parking.rotating_state(phases)[:, :3] - rotating) * AU_KM / 1e5).ravel()

    middle = y_down[len(y_down) // 2]
    guess = np.array([np.log(flown.amplitudes_km[2]), middle])
    found = least_squares(apart, guess, x_scale=[0.1, 0.1], diff_step=1e-5)
    epoch = Time(float(jd_at(found.x[1])), format="jd", scale="tdb")
    rms = np.sqrt(np.mean(np.sum(found.fun.reshape(-1, 3) ** 2, axis=-1))) * 1e5
    return at(found.x).at_phase_zero(epoch), float(rms)


def _rms_km(difference: Array) -> float:
    return float(np.sqrt(np.mean(np.sum(difference**2, axis=-1))) * AU_KM)


def _check_table(jd: Array, r: Array) -> None:
    if jd.ndim != 1 or r.shape != (len(jd), 3):
        raise ValueError(
            f"the table has epochs of shape {jd.shape} and positions of shape {r.shape}: give n "
            "epochs and n positions of three coordinates"
        )
    if not (np.all(np.isfinite(jd)) and np.all(np.isfinite(r))):
        raise ValueError("the table holds a value that is not finite: remove its row")
    gaps = np.diff(jd)
    if not np.all(gaps > 0):
        raise ValueError("the table's epochs do not increase: sort it and drop repeats")
    if gaps.max(initial=0.0) > _MOST_GAP_D:
        raise ValueError(
            f"the table has a gap of {gaps.max():.1f} d, too long to follow the orbit across: give "
            f"positions at most {_MOST_GAP_D:.0f} d apart, or one unbroken part of them"
        )
