"""All that the arcs of one parking orbit share: the elliptic model, the torus, the reachable set.

Instants are true anomalies of the Earth-Moon barycentre, counted on from a perihelion near the
beginning of DE440's excerpt and never reduced to one turn: in the pulsating frame of the real
dates they are the time of the elliptic problem.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from survey.astro.cr3bp import libration_points
from survey.astro.cr3bp_flow import sample_cr3bp
from survey.astro.forced_torus import STATUS as TORUS_STATUS
from survey.astro.forced_torus import ForcedTorus, natural_torus
from survey.astro.reachable import ReachableSet, impulse_grid, reachable_set
from survey.constants import AU_KM, DAY_S, GM_SUN_KM3_S2, MASS_RATIO_SUN_EARTH_MOON
from survey.ephemeris import heliocentric_state
from survey.transfer.grid import Grid
from survey.transfer.parking import ParkingOrbit
from survey.transfer.rotating_frame import jd_at, longitude_at

Array = NDArray[np.float64]
Kind = Literal["flyby", "rendezvous"]

SPEED_M_S: Final = 1e3 * float(np.sqrt(GM_SUN_KM3_S2 / AU_KM))  # of a circular orbit at 1 au
DAY: Final = DAY_S * np.sqrt(GM_SUN_KM3_S2 / AU_KM**3)  # a day in radians of mean motion, at 1 au
REACH_PHASES: Final = 36
_SMALLEST_M_S: Final = 2.0  # an impulse below it only leaves later
_LARGEST_REACH_M_S: Final = 500.0  # costlier arcs are fast, and two-body arcs lead to them
_REACH_STEP_D: Final = 5.0
_SHORTEST_D: Final = 30.0
_MODELS_KEPT: Final = 2  # 150 MB each


@dataclass(frozen=True)
class SearchWindow:
    """What is searched: departures, times of flight and budgets.

    Parameters
    ----------
    first_jd, last_jd : float
        Departures, JD TDB.
    tof_min_d, tof_max_d : float
        Times of flight, days.
    flyby_m_s, rendezvous_m_s : float
        Most that all manoeuvres together may cost, m/s.
    """

    first_jd: float
    last_jd: float
    tof_min_d: float = _SHORTEST_D
    tof_max_d: float = 730.0
    flyby_m_s: float = 500.0
    rendezvous_m_s: float = 2000.0

    def __post_init__(self) -> None:
        for name, value in (("flyby", self.flyby_m_s), ("rendezvous", self.rendezvous_m_s)):
            if not value > 0:
                raise ValueError(
                    f"the {name} budget was given as {value:g} m/s, but must be above zero: "
                    "write e.g. 500"
                )
        if not self.last_jd > self.first_jd:
            raise ValueError(
                f"departures were given from JD {self.first_jd:g} to {self.last_jd:g}: the last "
                "must lie after the first"
            )
        if not 0 < self.tof_min_d < self.tof_max_d:
            raise ValueError(
                f"times of flight were given from {self.tof_min_d:g} to {self.tof_max_d:g} days: "
                "the longest must exceed the shortest, which must exceed zero"
            )

    @classmethod
    def of(
        cls, grid: Grid, *, flyby_m_s: float = 500.0, rendezvous_m_s: float = 2000.0
    ) -> SearchWindow:
        """Return the window that a grid of the two-body search covers."""
        departures, tofs = grid.departure_jd_tdb, grid.tof_d
        return cls(
            float(departures[0]), float(departures[-1]), float(tofs[0]), float(tofs[-1]),
            flyby_m_s, rendezvous_m_s,
        )  # fmt: skip

    def budget_m_s(self, kind: Kind) -> float:
        """Most that all manoeuvres together may cost."""
        return self.flyby_m_s if kind == "flyby" else self.rendezvous_m_s


@dataclass(frozen=True)
class ThreeBodyModel:
    """The elliptic Sun-(Earth+Moon) problem with a parking orbit that is natural in it.

    Parameters
    ----------
    mass_ratio, eccentricity : float
        Of the primaries.
    perihelion : float
        True longitude of the barycentre at perihelion, radians.
    period : float
        Of the parking orbit, radians of true anomaly.
    phase_zero : float or None
        Phase of the craft at anomaly zero, as a fraction of a revolution; None if it is unknown.
    torus : ForcedTorus or None
        The parking orbit; None at the libration point itself, which stays where it is.
    point : ndarray, shape (6,)
        The libration point at rest.
    """

    mass_ratio: float
    eccentricity: float
    perihelion: float
    period: float
    phase_zero: float | None
    torus: ForcedTorus | None
    point: Array

    def parking_states(self, anomaly: Array, phase: Array) -> Array:
        """Return states of the parking orbit, rotating and pulsating frame, shape (n, 6)."""
        if self.torus is None:
            return np.broadcast_to(self.point, (*np.shape(anomaly), 6))
        return self.torus.states(phase, anomaly)

    def anomaly_at(self, jd_tdb: Array) -> Array:
        """Return the instants of dates."""
        return np.asarray(longitude_at(jd_tdb) - self.perihelion)

    def jd_at(self, anomaly: Array) -> Array:
        """Return the dates of instants, JD TDB."""
        return jd_at(anomaly + self.perihelion)

    def speed_m_s(self, anomaly: Array) -> Array:
        """Return the unit of speed at instants, m/s: the barycentre's distance times its rate."""
        e = self.eccentricity
        return np.asarray(self.mean_speed_m_s * (1.0 + e * np.cos(anomaly)))

    @cached_property
    def mean_speed_m_s(self) -> float:
        """GM over angular momentum, the unit of speed without the factor 1 + e cos f."""
        return SPEED_M_S / float(np.sqrt((1.0 - self.eccentricity**2) * (1.0 - self.mass_ratio)))

    @property
    def phases(self) -> int:
        """How many phases of departure there are to tell apart."""
        return 1 if self.torus is None else REACH_PHASES


def make_model(parking: ParkingOrbit, window: SearchWindow) -> ThreeBodyModel:
    """Fit the elliptic problem to the dates, and make the parking orbit natural in it.

    Parameters
    ----------
    parking : ParkingOrbit
        Where the craft waits.
    window : SearchWindow
        Whose dates the eccentricity of the Earth-Moon barycentre's orbit is averaged over.

    Returns
    -------
    ThreeBodyModel

    Raises
    ------
    ValueError
        If the orbit cannot be continued into the elliptic problem.
    """
    e, perihelion = _mean_ellipse(window.first_jd, window.last_jd + window.tof_max_d)
    index = {"L1": 0, "L2": 1}[parking.point]
    point = np.zeros(6)
    point[:3] = libration_points(parking.mass_ratio)[index]
    if parking.family == "point":
        return ThreeBodyModel(parking.mass_ratio, e, perihelion, 2 * np.pi, 0.0, None, point)
    orbit = parking.orbit
    torus = natural_torus(parking.mass_ratio, e, orbit.state, orbit.period)
    if torus.status:
        raise ValueError(
            f"the {parking.family} orbit with a period of {orbit.period / DAY:.1f} days has no "
            f"counterpart in the elliptic problem ({TORUS_STATUS[torus.status]}): choose another "
            "size"
        )
    zero = None
    if parking.phase_zero is not None:
        instant = float(longitude_at(parking.phase_zero.tdb.jd)) - perihelion
        zero = float(np.mod(-instant / orbit.period, 1.0))
    return ThreeBodyModel(
        parking.mass_ratio, e, perihelion, float(orbit.period), zero, torus, point
    )


def make_reach(parking: ParkingOrbit, window: SearchWindow) -> ReachableSet:
    """Fly the impulses that a budget allows from all phases of a parking orbit.

    The last sets are kept in memory; threads that ask for one that is being made wait for it.
    """
    largest = min(_LARGEST_REACH_M_S, max(window.flyby_m_s, window.rendezvous_m_s))
    tof_min = max(window.tof_min_d, _REACH_STEP_D)
    key = (
        parking.point, parking.mass_ratio, parking.family, parking.size,
        largest, tof_min, window.tof_max_d,
    )  # fmt: skip
    with _LOCK:
        if key not in _KEPT:
            _KEPT[key] = _fly_out(parking, largest, tof_min, window.tof_max_d)
            while len(_KEPT) > _MODELS_KEPT:
                _KEPT.popitem(last=False)
        _KEPT.move_to_end(key)
        return _KEPT[key]


_KEPT: OrderedDict[tuple[object, ...], ReachableSet] = OrderedDict()
_LOCK = threading.Lock()


def _fly_out(
    parking: ParkingOrbit, largest_m_s: float, tof_min_d: float, tof_max_d: float
) -> ReachableSet:
    if parking.family == "point":
        index = {"L1": 0, "L2": 1}[parking.point]
        ring = np.zeros((1, 6))
        ring[0, :3] = libration_points(parking.mass_ratio)[index]
    else:
        orbit = parking.orbit
        times = np.arange(1, REACH_PHASES) / REACH_PHASES * orbit.period
        circle, _ = sample_cr3bp(parking.mass_ratio, orbit.state, times)
        ring = np.concatenate([np.asarray(orbit.state)[None], circle])
    impulses = impulse_grid(largest_m_s / SPEED_M_S, min(_SMALLEST_M_S, largest_m_s) / SPEED_M_S)
    steps = max(1, round((tof_max_d - tof_min_d) / _REACH_STEP_D))
    tofs = np.linspace(tof_min_d, tof_max_d, steps + 1) * DAY
    reach = reachable_set(parking.mass_ratio, ring, impulses, tofs)
    reach.bounds, reach.speeds, reach._trees  # noqa: B018 - made now, while the lock is held
    return reach


def _mean_ellipse(first_jd: float, last_jd: float) -> tuple[float, float]:
    """Mean eccentricity and longitude of perihelion of the Earth-Moon barycentre."""
    jd = np.arange(first_jd, last_jd, 5.0)
    r, v = heliocentric_state("earth-moon-barycenter", jd)
    pull = GM_SUN_KM3_S2 / (1.0 - MASS_RATIO_SUN_EARTH_MOON)
    vector = np.cross(v, np.cross(r, v)) / pull - r / np.linalg.norm(r, axis=1)[:, None]
    mean = vector.mean(0)
    return float(np.hypot(mean[0], mean[1])), float(np.arctan2(mean[1], mean[0]))
