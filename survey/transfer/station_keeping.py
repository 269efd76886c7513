"""What waiting costs: the yearly delta-v that keeps a craft on its parking orbit.

Published figures for Sun-Earth libration points are 2 to 4 m/s a year: SOHO, corrected about four
times a year, spends just over 2 m/s [DunhamRoberts2001], which is what comes out here for errors of
10 km and 1 to 1.5 cm/s. The James Webb Space Telescope needs its velocity to 2 cm/s for a
correction every 21 days [YoonRosalesRichon2014]; that alone makes 0.7 m/s a year, and sunlight on
a sunshield whose attitude nobody can foretell [DichmannAlberdingYu2014] makes the rest.
"""

from __future__ import annotations

import astropy.units as u

from survey.astro.manifold_control import correction_size
from survey.constants import AU_KM, DAY_S
from survey.transfer.parking import ParkingOrbit
from survey.transfer.parking_family import TIME_UNIT_D, OrbitSize

__all__ = ["station_keeping_cost"]

_YEAR_D = 365.25
_SMALL_ORBIT_KM = 1000.0  # of the planar orbit that stands in for the point


def station_keeping_cost(
    parking: ParkingOrbit,
    *,
    interval: u.Quantity = 21.0 * u.d,
    position_error: u.Quantity = 10.0 * u.km,
    velocity_error: u.Quantity = 2.0 * u.cm / u.s,
    acceleration_error: u.Quantity = 0.0 * u.m / u.s**2,
) -> u.Quantity:
    """Estimate the mean delta-v per year of staying on a parking orbit.

    Parameters
    ----------
    parking : ParkingOrbit
        Of any family; for the point and for a Lissajous orbit, which do not close, a planar orbit
        of the same x amplitude stands in.
    interval : Quantity, optional
        From one correction to the next.
    position_error, velocity_error : Quantity, optional
        Standard deviation of the navigation in each axis at a correction, errors of the manoeuvre
        itself included.
    acceleration_error : Quantity, optional
        Standard deviation in each axis of an unknown acceleration, constant between corrections;
        sunlight pushes a craft by 5e-8 to 2e-7 m/s2.

    Returns
    -------
    Quantity
        m/s per year.

    Raises
    ------
    ValueError
        If the interval is not positive or an error is negative, or if the orbit is stable.

    Notes
    -----
    Each correction cancels the unstable component that navigation sees
    (`survey.astro.manifold_control.correction_size`). The estimate holds while errors stay small
    beside the orbit, and leaves out least sizes of an impulse, forbidden directions, and what the
    craft spends on its attitude.
    """
    values = {
        "interval": interval.to_value(u.d),
        "position error": position_error.to_value(u.km),
        "velocity error": velocity_error.to_value(u.km / u.s),
        "acceleration error": acceleration_error.to_value(u.km / u.s**2),
    }
    for name, value in values.items():
        if not (0 <= value < float("inf")) or (name == "interval" and value == 0):
            raise ValueError(
                f"the {name} of station keeping was given as {value:g}, but must be "
                f"{'positive' if name == 'interval' else 'zero or more'} and finite"
            )
    if parking.size is None or parking.family == "lissajous":
        x_km = _SMALL_ORBIT_KM if parking.size is None else parking.size.x_km
        parking = ParkingOrbit(parking.point, parking.mass_ratio, "lyapunov", OrbitSize(x_km=x_km))
    second = TIME_UNIT_D * DAY_S
    size = correction_size(
        parking.orbit,
        values["interval"] / TIME_UNIT_D,
        values["position error"] / AU_KM,
        values["velocity error"] * second / AU_KM,
        values["acceleration error"] * second**2 / AU_KM,
    )
    return size * AU_KM / second * 1e3 * (_YEAR_D / values["interval"]) * u.m / u.s / u.yr
