"""The rotating frame at real dates beside the ephemeris it comes from."""

import numpy as np
import pytest

from survey.constants import AU_KM, DAY_S, GM_EARTH_MOON_KM3_S2, GM_SUN_KM3_S2
from survey.constants import MASS_RATIO_SUN_EARTH_MOON as MU
from survey.ephemeris import SPAN_JD_TDB, heliocentric_state
from survey.transfer.rotating_frame import (
    from_rotating_at,
    jd_at,
    longitude_at,
    scales_at,
    to_rotating_at,
)

RNG = np.random.default_rng(11)
DATES = np.sort(RNG.uniform(*SPAN_JD_TDB, 2000))
SECOND = "earth-moon-barycenter"


def test_round_trip_of_asteroids():
    r2, v2 = heliocentric_state(SECOND, DATES)
    r = r2 + RNG.normal(size=r2.shape) * 1e8
    v = v2 + RNG.normal(size=r2.shape) * 10
    state = to_rotating_at(DATES, r, v)
    back_r, back_v = from_rotating_at(DATES, state)
    assert np.abs(back_r - r).max() < 1e-13 * AU_KM
    assert np.abs(back_v - v).max() < 1e-13 * 30
    # An asteroid over many dates, by broadcasting.
    assert to_rotating_at(DATES, r[0], v[0]).shape == (2000, 6)
    shifted = to_rotating_at(DATES, r, v, mass_ratio=3.0542e-6)
    np.testing.assert_allclose(state[:, 0] - shifted[:, 0], 3.0542e-6 - MU, rtol=0, atol=1e-15)


def test_the_barycentre_stands_still_and_the_moon_circles_it():
    r2, v2 = heliocentric_state(SECOND, DATES)
    np.testing.assert_allclose(
        to_rotating_at(DATES, r2, v2), np.tile([1 - MU, 0, 0, 0, 0, 0], (2000, 1)),
        rtol=0, atol=2e-15,
    )  # fmt: skip
    moon = to_rotating_at(DATES, *heliocentric_state("moon", DATES))
    away = np.linalg.norm(moon[:, :3] - [1 - MU, 0, 0], axis=1) * AU_KM
    assert away.min() > 345_000 and away.max() < 412_000
    r, v = from_rotating_at(DATES, [1.01, 0, 0, 0, 0, 0])
    np.testing.assert_allclose(r, (1.01 + MU) * r2, rtol=0, atol=1e-14 * AU_KM)
    np.testing.assert_allclose(v, (1.01 + MU) * v2, rtol=0, atol=1e-13)


def test_longitude_is_the_ephemeris_without_jumps():
    r, _ = heliocentric_state(SECOND, DATES)
    off = longitude_at(DATES) - np.arctan2(r[:, 1], r[:, 0])
    turns = np.round(off / (2 * np.pi))
    assert np.abs(off - 2 * np.pi * turns).max() < 2e-11
    assert turns.min() >= 0 and turns.max() in (87, 88)
    assert (np.diff(longitude_at(DATES)) > 0).all()
    first = longitude_at(SPAN_JD_TDB[0])
    assert 0 <= first < 2 * np.pi
    # A turn each sidereal year, but for the equation of the centre: at most 0.034 at either end.
    turned = (SPAN_JD_TDB[1] - SPAN_JD_TDB[0]) / 365.25636 * 2 * np.pi
    assert abs(longitude_at(SPAN_JD_TDB[1]) - first - turned) < 0.07


def test_dates_and_longitudes_are_inverse():
    dates = np.concatenate((DATES, SPAN_JD_TDB))
    # A Julian date is a multiple of 4.7e-10 days.
    assert np.abs(jd_at(longitude_at(dates)) - dates).max() < 2e-9
    angles = np.linspace(longitude_at(SPAN_JD_TDB[0]), longitude_at(SPAN_JD_TDB[1]), 1000)
    assert np.abs(longitude_at(jd_at(angles)) - angles).max() < 2e-11
    assert jd_at(angles.reshape(10, 100)).shape == (10, 100)


def test_spring_begins_when_the_longitude_says():
    """March equinox of 2024, 20 March 3:06 UTC: the Sun stands at 0° of the date, Earth at 180°.

    By the Astronomical Almanac; precession since J2000 is 50.29" a year. The barycentre is up to
    7 arc seconds from the Earth, three minutes of its path.
    """
    jd = 2460389.62917 + 69.18 / DAY_S
    tropical = longitude_at(jd) + np.radians(50.29 / 3600 * 24.216)
    # Light needs 20" to show where the Earth stood.
    assert abs((tropical - np.pi + np.pi) % (2 * np.pi) - np.pi) < np.radians(30 / 3600)


def test_rates_are_derivatives_by_the_longitude():
    """A body on a straight line, by central differences of position and of longitude."""
    jd = DATES[100:1900:50]
    r2, v2 = heliocentric_state(SECOND, jd)
    r, v = r2 + RNG.normal(size=r2.shape) * 2e6, v2 + RNG.normal(size=r2.shape) * 2
    half = 0.02
    ends = [to_rotating_at(jd + s * half, r + s * half * DAY_S * v, v) for s in (1, -1)]
    turn = longitude_at(jd + half) - longitude_at(jd - half)
    slope = (ends[0] - ends[1])[:, :3] / turn[:, None]
    # Rounding of the dates, 4e-10 days in 0.04, and the turn of the orbital plane.
    np.testing.assert_allclose(slope, to_rotating_at(jd, r, v)[:, 3:], rtol=0, atol=1e-6)


def test_scales():
    d, w = scales_at(DATES)
    assert 0.983 < (d / AU_KM).min() < 0.9835 and 1.0165 < (d / AU_KM).max() < 1.017
    # Kepler's second law: d² w is the angular momentum, all but constant.
    assert np.ptp(d * d * w) / np.mean(d * d * w) < 1e-4
    mean = np.sqrt((GM_SUN_KM3_S2 + GM_EARTH_MOON_KM3_S2) / AU_KM**3)
    # 87 whole years: the equation of the centre cancels but for the days of the calendar.
    ends = SPAN_JD_TDB[1] - 87 * 365.25, SPAN_JD_TDB[1]
    average = (longitude_at(ends[1]) - longitude_at(ends[0])) / (87 * 365.25 * DAY_S)
    assert average == pytest.approx(mean, rel=2e-5)
    turn = longitude_at(DATES[1:-1] + 0.01) - longitude_at(DATES[1:-1] - 0.01)
    np.testing.assert_allclose(turn / (0.02 * DAY_S), w[1:-1], rtol=1e-7)


def test_outside_the_ephemeris():
    with pytest.raises(ValueError, match="choose dates inside"):
        longitude_at([2460000.5, 2400000.5])
    with pytest.raises(ValueError, match="choose dates inside"):
        to_rotating_at(np.nan, np.zeros(3), np.zeros(3))
    with pytest.raises(ValueError, match="take it from longitude_at"):
        jd_at([-1.0])
    with pytest.raises(ValueError, match="take it from longitude_at"):
        jd_at(np.nan)
