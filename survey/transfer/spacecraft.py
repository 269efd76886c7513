"""What the craft can still pay: the rocket equation with the reserve taken off."""

from __future__ import annotations

import math
from dataclasses import dataclass

import astropy.units as u
from astropy.time import Time

from survey.constants import STANDARD_GRAVITY_M_S2


@dataclass(frozen=True)
class Spacecraft:
    """The waiting craft, as far as a survey needs it.

    Parameters
    ----------
    mass : Quantity
        Mass now, propellant included.
    propellant : Quantity
        Usable propellant.
    isp : Quantity
        Specific impulse, in seconds.
    reserve : Quantity
        Delta-v kept back, e.g. for station keeping and navigation.
    last_date : Time
        Last date of operation; a transfer that arrives later does not count as affordable.
    """

    mass: u.Quantity
    propellant: u.Quantity
    isp: u.Quantity
    reserve: u.Quantity
    last_date: Time

    def __post_init__(self) -> None:
        mass, propellant = self.mass.to_value(u.kg), self.propellant.to_value(u.kg)
        if not 0 < propellant < mass:
            raise ValueError(
                f"the propellant was given as {self.propellant}, but must lie between 0 and the "
                f"craft's mass of {self.mass}: write the mass with the propellant included"
            )
        if not self.isp.to_value(u.s) > 0:
            raise ValueError(f"the specific impulse was given as {self.isp}: write e.g. '305 s'")
        if not self.reserve.to_value(u.m / u.s) >= 0:
            raise ValueError(f"the reserve was given as {self.reserve}: write e.g. '20 m/s'")

    @property
    def budget(self) -> u.Quantity:
        """Delta-v that may be spent on a transfer: Tsiolkovsky's figure less the reserve, m/s."""
        mass, propellant = self.mass.to_value(u.kg), self.propellant.to_value(u.kg)
        exhaust = self.isp.to_value(u.s) * STANDARD_GRAVITY_M_S2
        ideal = exhaust * math.log(mass / (mass - propellant))
        return max(ideal - self.reserve.to_value(u.m / u.s), 0.0) * u.m / u.s
