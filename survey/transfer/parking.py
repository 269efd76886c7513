"""Where the craft waits: a libration point, or an orbit about it, with the date of its phase."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, cast

import astropy.units as u
import numpy as np
from astropy.time import Time
from numpy.typing import ArrayLike, NDArray

from survey.astro.cr3bp import jacobi_constant, libration_points
from survey.astro.libration import linear_motion
from survey.astro.periodic import PeriodicOrbit, states_along
from survey.constants import MASS_RATIO_SUN_EARTH_MOON
from survey.ephemeris import SPAN_JD_TDB, SPAN_TEXT, heliocentric_state
from survey.transfer.parking_family import (
    FAMILIES,
    REVOLUTIONS,
    TIME_UNIT_D,
    FamilyName,
    OrbitSize,
    Point,
    build_lissajous,
    build_orbit,
)

if TYPE_CHECKING:
    from survey.astro.lissajous import QuasiPeriodicOrbit

__all__ = ["FAMILIES", "OrbitSize", "ParkingOrbit"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ParkingOrbit:
    """A craft that waits at, or about, a collinear point of the Sun and the Earth-Moon barycentre.

    The orbit is one of the circular restricted problem, carried to real dates by the frame that
    turns and pulsates with the primaries; its time is the true longitude of the Earth-Moon
    barycentre. At the point itself position **and velocity** are those of the barycentre times
    one plus gamma (L2) or one minus gamma (L1).

    Parameters
    ----------
    point : {"L1", "L2"}
        Libration point.
    mass_ratio : float
        Mass ratio of the Sun-(Earth+Moon) system.
    family : str
        "point" for the point itself, or another of `FAMILIES`.
    size : OrbitSize, optional
        Which member; needed by every family but "point".
    phase_zero : Time, optional
        When the craft was at phase zero: a halo's crossing of the x-z plane farther from the
        Earth, a planar orbit's at the greater x, a vertical orbit's greatest height, a Lissajous
        orbit's greatest x and z together. None if unknown.
    """

    point: Point = "L2"
    mass_ratio: float = MASS_RATIO_SUN_EARTH_MOON
    family: FamilyName = "point"
    size: OrbitSize | None = None
    phase_zero: Time | None = None

    def __post_init__(self) -> None:
        if self.point not in ("L1", "L2"):
            raise ValueError(
                f"the libration point was given as {self.point!r}: write 'L2' (or 'L1')"
            )
        if not 0 < self.mass_ratio <= 0.5:
            raise ValueError(
                f"the mass ratio was given as {self.mass_ratio}, but lies in (0, 0.5]: write "
                f"{MASS_RATIO_SUN_EARTH_MOON} for the Sun and Earth+Moon"
            )
        if self.family not in FAMILIES:
            raise ValueError(
                f"the parking orbit was given as {self.family!r}, which is no family known here: "
                f"write one of {', '.join(map(repr, FAMILIES))}"
            )
        self._check_size()
        if self.phase_zero is not None:
            self._check_phase_zero(self.phase_zero)

    @classmethod
    def from_text(
        cls,
        *,
        orbit: str = "point",
        size: str = "",
        phase_zero: str | Time | None = "unknown",
        point: str = "L2",
        mass_ratio: float = MASS_RATIO_SUN_EARTH_MOON,
    ) -> ParkingOrbit:
        """Read a parking orbit as a run file describes it.

        Parameters
        ----------
        orbit : str
            One of `FAMILIES`, e.g. "halo northern".
        size : str
            E.g. "z 700000 km", "period 178.9 d", "jacobi 3.0007"; for a Lissajous orbit
            "x 250000 km, z 300000 km"; empty for a point.
        phase_zero : str, Time or None
            When the craft is at phase zero: midnight of a UTC calendar date, or "unknown".
        point : str
            "L2" or "L1".
        mass_ratio : float
            Mass ratio of the system.

        Returns
        -------
        ParkingOrbit
            Whose orbit has been found to exist.

        Raises
        ------
        ValueError
            One sentence: what was given, what was expected, what to write.
        """
        from survey.transfer.parking_text import read_phase_zero, read_size

        parking = cls(
            point=cast(Point, point),
            mass_ratio=mass_ratio,
            family=cast(FamilyName, orbit),
            size=read_size(size),
            phase_zero=read_phase_zero(phase_zero),
        )
        _ = parking.period  # which finds the orbit, or says why there is none
        return parking

    def at_phase_zero(self, epoch: Time | None) -> ParkingOrbit:
        """Return the same orbit with another (or an unknown) epoch of phase zero."""
        return replace(self, phase_zero=epoch)

    @cached_property
    def scale(self) -> float:
        """Heliocentric distance of the point in units of the Earth-Moon barycentre's."""
        return float(self._point_state[0]) + self.mass_ratio

    @cached_property
    def orbit(self) -> PeriodicOrbit:
        """The periodic orbit of the circular problem; ValueError where there is none."""
        if self.size is None or self.family == "lissajous":
            raise ValueError(
                f"a parking orbit of the family {self.family!r} is not periodic: choose a halo, "
                "Lyapunov or vertical orbit"
            )
        return build_orbit(self.family, self.point, self.mass_ratio, self.size)

    @cached_property
    def path(self) -> QuasiPeriodicOrbit:
        """The path of a Lissajous orbit in the circular problem; ValueError for other families."""
        if self.size is None or self.family != "lissajous":
            raise ValueError(f"a parking orbit of the family {self.family!r} is no Lissajous orbit")
        return build_lissajous(self.point, self.mass_ratio, self.size)

    @property
    def jacobi_constant(self) -> float:
        """Jacobi constant, without the term ``mu (1 - mu)``."""
        if self.family == "point":
            return float(jacobi_constant(self.mass_ratio, self._point_state))
        return (self.path if self.family == "lissajous" else self.orbit).jacobi_constant

    @property
    def period(self) -> float:
        """Nondimensional period, radians of true longitude.

        At the point that of the smallest oscillations in the plane; of a Lissajous orbit the mean
        time between crossings of y = 0 in the same sense.
        """
        if self.family == "point":
            return linear_motion(self.mass_ratio, self.point).in_plane_period
        return (self.path if self.family == "lissajous" else self.orbit).period

    @property
    def period_days(self) -> float:
        """Mean period in days."""
        return self.period * TIME_UNIT_D

    @cached_property
    def unstable_eigenvalue(self) -> float:
        """Growth of a small error in one period; its modulus, where the multiplier is complex."""
        if self.family == "point":
            motion = linear_motion(self.mass_ratio, self.point)
            return float(np.exp(motion.growth_rate * motion.in_plane_period))
        if self.family == "lissajous":
            from survey.astro.long_lissajous import growth_per_period

            return growth_per_period(self.path)
        return float(np.abs(self.orbit.multipliers[0]))

    def rotating_state(self, phase: ArrayLike) -> Array:
        """States in the rotating frame, nondimensional.

        Parameters
        ----------
        phase : array_like, shape (...)
            Periods since phase zero. Whole ones do not matter, but on a Lissajous orbit, which
            never closes; at the point none does.

        Returns
        -------
        ndarray, shape (..., 6)

        Raises
        ------
        ValueError
            For a phase beyond the revolutions for which a Lissajous orbit is known.
        """
        phases = np.asarray(phase, dtype=float)
        if self.family == "point":
            return np.broadcast_to(self._point_state, (*phases.shape, 6)).copy()
        if self.family != "lissajous":
            return states_along(self.orbit, phases)
        if not np.all(np.abs(phases) <= REVOLUTIONS):
            raise ValueError(
                f"a phase of {float(np.abs(phases).max()):.2f} revolutions was asked for, but the "
                f"Lissajous orbit is known for {REVOLUTIONS} before and after phase zero: give a "
                "nearer phase_zero"
            )
        from survey.astro.lissajous import states_at

        return states_at(self.path, phases * self.path.period)

    def phase_at(self, epochs: Time) -> Array:
        """Phase of the craft, by the true longitude gone through since phase zero.

        Parameters
        ----------
        epochs : Time
            Any shape ``(...)``.

        Returns
        -------
        ndarray, shape (...)
            In [0, 1); on a Lissajous orbit all periods since phase zero, negative before it.

        Raises
        ------
        ValueError
            If the epoch of phase zero is unknown.
        """
        if self.phase_zero is None:
            raise ValueError(
                f"the phase of the {self.family} orbit is unknown, so the craft has no place at a "
                "date: give phase_zero, or the phase itself"
            )
        from survey.transfer.rotating_frame import longitude_at

        gone = longitude_at(_jd(epochs)) - longitude_at(_jd(self.phase_zero))
        turns = np.asarray(gone / self.period, dtype=float)
        return turns if self.family == "lissajous" else np.asarray(np.mod(turns, 1.0))

    def state(
        self, epochs: Time, *, phase: ArrayLike | None = None
    ) -> tuple[u.Quantity, u.Quantity]:
        """Heliocentric ecliptic J2000 position and velocity of the craft.

        Parameters
        ----------
        epochs : Time
            Any shape ``(...)``.
        phase : array_like, optional
            Phase at those epochs, broadcast against them; without it that of `phase_at`.

        Returns
        -------
        r, v : Quantity
            Shape ``(..., 3)``, km and km/s.

        Raises
        ------
        ValueError
            If the phase is needed and unknown, or an epoch lies outside the planetary ephemeris.
        """
        jd = _jd(epochs)
        if self.family == "point":
            r, v = heliocentric_state("earth-moon-barycenter", jd)
            return self.scale * r * u.km, self.scale * v * (u.km / u.s)
        from survey.transfer.rotating_frame import from_rotating_at

        rotating = self.rotating_state(self.phase_at(epochs) if phase is None else phase)
        r, v = from_rotating_at(jd, rotating, mass_ratio=self.mass_ratio)
        return r * u.km, v * (u.km / u.s)

    @cached_property
    def _point_state(self) -> Array:
        index = {"L1": 0, "L2": 1}[self.point]
        return np.concatenate((libration_points(self.mass_ratio)[index], np.zeros(3)))

    def _check_size(self) -> None:
        wanted = FAMILIES[self.family]
        given = tuple(self.size.given) if self.size is not None else ()
        enough = set(given) == set(wanted) if self.family == "lissajous" else len(given) == 1
        if not wanted and given:
            raise ValueError(
                f"the size {given[0]} was given for a craft at the libration point itself, which "
                "has none: leave it out, or choose a family of orbits"
            )
        if wanted and not (enough and set(given) <= set(wanted)):
            ways = " and ".join(wanted) if self.family == "lissajous" else " or ".join(wanted)
            raise ValueError(
                f"the size of the {self.family} orbit was given by "
                f"{' and '.join(given) if given else 'nothing'}: give its {ways}"
            )

    def _check_phase_zero(self, epoch: Time) -> None:
        if not epoch.isscalar:
            raise ValueError(
                f"phase zero was given {epoch.size} epochs: give the one at which the craft was "
                "there, or None"
            )
        if not SPAN_JD_TDB[0] <= float(epoch.tdb.jd) <= SPAN_JD_TDB[1]:
            raise ValueError(
                f"phase zero was given as {epoch.isot[:10]}, but the ephemeris covers "
                f"{SPAN_TEXT}: choose another passage of the craft, a whole number of periods "
                "away"
            )


def _jd(epochs: Time) -> Array:
    return np.asarray(epochs.tdb.jd, dtype=float)
