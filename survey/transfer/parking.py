"""Where the craft waits: on this rung the libration point itself, moving with Earth and Moon."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import astropy.units as u
import numpy as np
from astropy.time import Time

from survey.astro.cr3bp import libration_points
from survey.constants import MASS_RATIO_SUN_EARTH_MOON
from survey.ephemeris import heliocentric_state


@dataclass(frozen=True)
class ParkingOrbit:
    """A craft at rest at a collinear libration point of the Sun and the Earth-Moon barycentre.

    In the frame that rotates and pulsates with the two primaries the point does not move, so its
    heliocentric position **and velocity** are those of the Earth-Moon barycentre times
    one plus gamma: gamma_2 for L2, minus gamma_1 for L1.

    Parameters
    ----------
    point : {"L1", "L2"}
        Libration point.
    mass_ratio : float
        Mass ratio of the Sun-(Earth+Moon) system.
    """

    point: Literal["L1", "L2"] = "L2"
    mass_ratio: float = MASS_RATIO_SUN_EARTH_MOON

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

    @cached_property
    def scale(self) -> float:
        """Heliocentric distance of the point in units of the Earth-Moon barycentre's."""
        index = {"L1": 0, "L2": 1}[self.point]
        x = float(libration_points(self.mass_ratio)[index, 0])
        return x + self.mass_ratio

    def state(self, epochs: Time) -> tuple[u.Quantity, u.Quantity]:
        """Heliocentric ecliptic J2000 position and velocity of the craft.

        Parameters
        ----------
        epochs : Time
            Any shape ``(...)``.

        Returns
        -------
        r, v : Quantity
            Shape ``(..., 3)``, km and km/s.
        """
        r, v = heliocentric_state("earth-moon-barycenter", np.asarray(epochs.tdb.jd))
        return self.scale * r * u.km, self.scale * v * (u.km / u.s)
