"""The parking orbit as a real trajectory of the elliptic problem near a date.

A periodic orbit of the circular problem, carried to real dates, is not a trajectory of any better
model. The one nearest to it in the elliptic problem, with the eccentricity and perihelion that the
Earth-Moon barycentre has at the time, is: its states flow into one another, so that a manoeuvre
computed from it is not partly a correction of the orbit.
"""

from __future__ import annotations

from dataclasses import dataclass

import astropy.units as u
import numpy as np
from astropy.time import Time
from numpy.typing import ArrayLike, NDArray

from survey.astro.er3bp import propagate_er3bp
from survey.astro.nearest_trajectory import nearest_trajectory
from survey.constants import AU_KM
from survey.ephemeris import SPAN_JD_TDB, SPAN_TEXT, heliocentric_state
from survey.transfer.parking import ParkingOrbit
from survey.transfer.parking_family import TIME_UNIT_D
from survey.transfer.rotating_frame import from_rotating_at, jd_at, longitude_at

__all__ = ["NaturalParking", "fit_ellipse", "natural_parking", "nearest_natural"]

NODES_PER_REVOLUTION = 12  # two weeks apart, well below the e-folding time of 23 days

_ELLIPSE_DATES = 200

Array = NDArray[np.float64]


@dataclass(frozen=True)
class NaturalParking:
    """A trajectory of the elliptic problem, known by its states at nodes.

    Parameters
    ----------
    mass_ratio, eccentricity : float
        Of the problem.
    perihelion : float
        True longitude of the primaries at which they are nearest, radians.
    jd_tdb, longitude : ndarray, shape (n,)
        Epochs of the nodes, and true longitude of the primaries there, unwrapped, radians.
    states : ndarray, shape (n, 6)
        At the nodes, pulsating frame.
    gap : float
        Greatest distance between a node and the flow of the one before it.
    shift_km, shift_m_s : float
        Root mean square of the distance and of the velocity between this trajectory and the
        states it was to stay near to.
    """

    mass_ratio: float
    eccentricity: float
    perihelion: float
    jd_tdb: Array
    longitude: Array
    states: Array
    gap: float
    shift_km: float
    shift_m_s: float

    def rotating_state(self, epochs: Time) -> Array:
        """States in the pulsating frame.

        Parameters
        ----------
        epochs : Time
            Any shape ``(...)``, within the span of the nodes.

        Returns
        -------
        ndarray, shape (..., 6)

        Raises
        ------
        ValueError
            If an epoch lies outside the span.
        """
        return self.rotating_state_at(np.asarray(epochs.tdb.jd, dtype=float))

    def rotating_state_at(self, jd_tdb: ArrayLike) -> Array:
        """As `rotating_state`, for Julian dates TDB."""
        jd = np.asarray(jd_tdb, dtype=float)
        inside = (jd >= self.jd_tdb[0]) & (jd <= self.jd_tdb[-1])
        if not np.all(inside):
            first, last = Time(self.jd_tdb[[0, -1]], format="jd", scale="tdb").isot
            wrong = Time(float(jd[~inside].flat[0]), format="jd", scale="tdb").isot
            raise ValueError(
                f"the epoch {wrong[:10]} is outside the natural parking orbit, which was computed "
                f"for {first[:10]} to {last[:10]}: ask for more revolutions or a nearer date"
            )
        longitude = longitude_at(jd)
        middles = 0.5 * (self.longitude[1:] + self.longitude[:-1])
        node = np.searchsorted(middles, longitude)
        states, _ = propagate_er3bp(
            self.mass_ratio,
            self.eccentricity,
            self.states[node],
            self.longitude[node] - self.perihelion,
            longitude - self.perihelion,
        )
        return np.asarray(states, dtype=float)

    def state(self, epochs: Time) -> tuple[u.Quantity, u.Quantity]:
        """Heliocentric ecliptic J2000 position and velocity, as `ParkingOrbit.state`."""
        jd = np.asarray(epochs.tdb.jd, dtype=float)
        r, v = from_rotating_at(jd, self.rotating_state_at(jd), mass_ratio=self.mass_ratio)
        return r * u.km, v * (u.km / u.s)


def natural_parking(
    parking: ParkingOrbit,
    jd_tdb: float,
    *,
    revolutions: float = 4.0,
    phase: float | None = None,
) -> NaturalParking:
    """Make a parking orbit natural in the elliptic problem near a date.

    Parameters
    ----------
    parking : ParkingOrbit
        Of any family; the point itself is natural in the elliptic problem as it stands.
    jd_tdb : float
        Date in whose midst the trajectory lies, Julian date TDB.
    revolutions : float, optional
        How many periods it lasts in all.
    phase : float, optional
        Phase at that date, in place of the one that follows from the parking orbit's phase zero.

    Returns
    -------
    NaturalParking

    Raises
    ------
    ValueError
        If the phase is needed and unknown, if the trajectory would leave the planetary
        ephemeris, or if none was found.
    """
    if not (np.isfinite(revolutions) and 0 < revolutions <= 60):
        raise ValueError(
            f"the natural parking orbit was to last {revolutions} revolutions: give more than 0 "
            "and at most 60"
        )
    period = parking.period
    half = int(np.ceil(0.5 * revolutions * NODES_PER_REVOLUTION))
    turns = np.arange(-half, half + 1) / NODES_PER_REVOLUTION
    mean_span = 0.5 * revolutions * parking.period_days + 20.0
    if not SPAN_JD_TDB[0] + mean_span <= jd_tdb <= SPAN_JD_TDB[1] - mean_span:
        raise ValueError(
            f"{revolutions:g} revolutions about JD {jd_tdb:.1f} TDB would leave the ephemeris, "
            f"which covers {SPAN_TEXT}: choose a date farther inside or fewer of them"
        )
    if phase is None and parking.family != "point":
        phase = float(parking.phase_at(Time(jd_tdb, format="jd", scale="tdb")))
    longitude = longitude_at(jd_tdb) + turns * period
    return nearest_natural(
        jd_at(longitude), parking.rotating_state((phase or 0.0) + turns), parking.mass_ratio
    )


def nearest_natural(
    jd_tdb: ArrayLike, states: ArrayLike, mass_ratio: float, *, velocity_weight: float = 1.0
) -> NaturalParking:
    """Find the trajectory of the elliptic problem nearest to given states.

    Parameters
    ----------
    jd_tdb : array_like, shape (n,)
        Julian dates TDB, increasing, at most some three weeks apart.
    states : array_like, shape (n, 6)
        In the pulsating frame of the Sun and the Earth-Moon barycentre.
    mass_ratio : float
        Of the problem.
    velocity_weight : float, optional
        Weight of a velocity beside that of a position, both nondimensional.

    Returns
    -------
    NaturalParking

    Raises
    ------
    ValueError
        If there is none near enough for Newton's method to find.
    """
    jd = np.asarray(jd_tdb, dtype=float)
    given = np.asarray(states, dtype=float)
    longitude = longitude_at(jd)
    eccentricity, perihelion = fit_ellipse(jd[0], jd[-1])

    def flow(state: Array, start: Array, end: Array) -> tuple[Array, Array]:
        final, matrix, _ = propagate_er3bp(
            mass_ratio, eccentricity, state, start - perihelion, end - perihelion, stm=True
        )
        return final, matrix

    found = nearest_trajectory(flow, longitude, given, weights=[1.0] * 3 + [velocity_weight] * 3)
    if found.status != 0:
        raise ValueError(
            f"no trajectory of the elliptic problem was found near the {len(jd)} states from JD "
            f"{jd[0]:.1f} TDB on (gaps of {found.gap * AU_KM:.3g} km remain): give states nearer "
            "to a natural motion, or nearer to one another in time"
        )
    apart = np.sqrt(np.mean((found.states - given).reshape(-1, 2, 3) ** 2, axis=0).sum(axis=-1))
    return NaturalParking(
        mass_ratio=mass_ratio,
        eccentricity=eccentricity,
        perihelion=perihelion,
        jd_tdb=jd,
        longitude=longitude,
        states=found.states,
        gap=found.gap,
        shift_km=float(apart[0] * AU_KM),
        shift_m_s=float(apart[1] * AU_KM / (TIME_UNIT_D * 86.4)),
    )


def fit_ellipse(first_jd_tdb: float, last_jd_tdb: float) -> tuple[float, float]:
    """Return eccentricity and longitude of perihelion (radians) of Sun and Earth-Moon barycentre.

    The least-squares ellipse over the span: ``1/d`` is linear in cosine and sine of the longitude.
    """
    jd = np.linspace(first_jd_tdb, last_jd_tdb, _ELLIPSE_DATES)
    r, _ = heliocentric_state("earth-moon-barycenter", jd)
    longitude = longitude_at(jd)
    design = np.stack((np.ones_like(jd), np.cos(longitude), np.sin(longitude)), axis=-1)
    level, cosine, sine = np.linalg.lstsq(design, AU_KM / np.linalg.norm(r, axis=-1))[0]
    return float(np.hypot(cosine, sine) / level), float(np.arctan2(sine, cosine))
