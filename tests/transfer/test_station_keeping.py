"""Station keeping per year, beside what missions have spent."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest

from survey.transfer import ParkingOrbit
from survey.transfer.station_keeping import station_keeping_cost

RATE = u.m / u.s / u.yr


def halo(point="L2", size="z 425000 km"):
    return ParkingOrbit.from_text(orbit="halo southern", size=size, point=point)


def test_soho():
    # SOHO, L1, corrected about four times a year: just over 2 m/s a year [DunhamRoberts2001].
    cost = station_keeping_cost(
        halo("L1", "z 120000 km"), interval=91 * u.d, velocity_error=1.25 * u.cm / u.s
    )
    assert cost.to_value(RATE) == pytest.approx(2.1, abs=0.2)


def test_jwst():
    # 21 days and 2 cm/s [YoonRosalesRichon2014], and sunlight unknown by a fifth of 2e-7 m/s2.
    known = station_keeping_cost(halo(), interval=21 * u.d, velocity_error=2 * u.cm / u.s)
    assert 0.5 < known.to_value(RATE) < 1.0
    cost = station_keeping_cost(halo(), acceleration_error=5e-8 * u.m / u.s**2)
    assert 2.0 < cost.to_value(RATE) < 4.0


def test_an_e_folding_time_is_about_the_best_interval():
    days = np.array([5.0, 10.0, 23.0, 60.0, 90.0])
    cost = [station_keeping_cost(halo(), interval=d * u.d).to_value(RATE) for d in days]
    assert np.argmin(cost) == 2


def test_the_point_is_like_a_small_orbit():
    point = station_keeping_cost(ParkingOrbit()).to_value(RATE)
    small = ParkingOrbit.from_text(orbit="lyapunov", size="x 20000 km")
    assert point == pytest.approx(station_keeping_cost(small).to_value(RATE), rel=0.01)


def test_a_lissajous_orbit_is_like_the_planar_one_of_its_width():
    wide = ParkingOrbit.from_text(orbit="lissajous", size="x 100000 km, z 100000 km")
    planar = ParkingOrbit.from_text(orbit="lyapunov", size="x 100000 km")
    assert station_keeping_cost(wide) == station_keeping_cost(planar)


def test_without_error_there_is_no_cost():
    cost = station_keeping_cost(halo(), position_error=0 * u.km, velocity_error=0 * u.m / u.s)
    assert cost.to_value(RATE) == 0.0


@pytest.mark.parametrize(
    "bad",
    [{"interval": 0 * u.d}, {"interval": -1 * u.d}, {"position_error": -1 * u.km},
     {"velocity_error": np.nan * u.m / u.s}, {"acceleration_error": np.inf * u.m / u.s**2}],
)  # fmt: skip
def test_impossible_navigation_is_refused(bad):
    with pytest.raises(ValueError, match="station keeping was given"):
        station_keeping_cost(halo(), **bad)
