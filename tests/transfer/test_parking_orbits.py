"""Parking orbits of every family at real dates, and what people may ask for."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time

from survey.astro.cr3bp import jacobi_constant
from survey.constants import (
    AU_KM,
    DAY_S,
    MASS_RATIO_SUN_EARTH_JPL,
    MASS_RATIO_SUN_EARTH_MOON,
)
from survey.ephemeris import heliocentric_state
from survey.transfer import ParkingOrbit
from survey.transfer.parking_family import FAMILIES, TIME_UNIT_D, OrbitSize
from survey.transfer.rotating_frame import to_rotating_at

EPOCHS = Time(2461041.5 + np.linspace(0.0, 900.0, 60), format="jd", scale="tdb")
SAMPLES = {
    "halo northern": "z 700000 km",
    "halo southern": "period 177.5 d",
    "lyapunov": "x 200000 km",
    "vertical": "z 300000 km",
    "lissajous": "x 200000 km, z 250000 km",
}
PERIODIC = [family for family in SAMPLES if family != "lissajous"]


def made(family, **changed):
    return ParkingOrbit.from_text(
        **{"orbit": family, "size": SAMPLES[family], "phase_zero": "2026-03-01"} | changed
    )


def test_jpl_halo_1197_by_its_constant():
    # JPL periodic-orbit database, sun-earth, halo L2 northern, id 1197.
    parking = ParkingOrbit(
        "L2", MASS_RATIO_SUN_EARTH_JPL, "halo northern", OrbitSize(jacobi=3.0007124352932899)
    )
    state = parking.rotating_state(0.0)
    printed = [1.0110059685997803, 0, 0.0045638537751076817, 0, -0.011344790710813389, 0]
    assert state == pytest.approx(printed, abs=1e-10)
    assert parking.period_days == pytest.approx(3.0803024932763416 * 58.132354725, rel=1e-7)
    largest = parking.unstable_eigenvalue
    assert 0.5 * (largest + 1.0 / largest) == pytest.approx(498.23, abs=0.01)


@pytest.mark.parametrize("family", PERIODIC)
@pytest.mark.parametrize("point", ["L1", "L2"])
def test_every_family_is_periodic_and_keeps_its_constant(family, point):
    parking = made(family, point=point)
    phases = np.linspace(0.0, 1.0, 41)
    states = parking.rotating_state(phases)
    assert states[-1] == pytest.approx(states[0], abs=1e-12)
    constant = jacobi_constant(parking.mass_ratio, states)
    assert constant == pytest.approx(parking.jacobi_constant, abs=1e-12)
    assert parking.unstable_eigenvalue > 100


def test_sizes_are_those_asked_for():
    x_l2 = ParkingOrbit().rotating_state(0.0)[0]
    z = made("halo northern").rotating_state(np.linspace(0, 1, 721))[:, 2]
    assert np.abs(z).max() * AU_KM == pytest.approx(700_000.0, abs=0.5)
    assert z[0] == np.abs(z).max()
    assert made("halo southern").rotating_state(0.0)[2] < 0
    assert made("halo southern").period_days == pytest.approx(177.5, abs=1e-9)
    assert (made("lyapunov").rotating_state(0.0)[0] - x_l2) * AU_KM == pytest.approx(2e5, abs=0.5)
    assert made("vertical").rotating_state(0.0)[2] * AU_KM == pytest.approx(3e5, abs=0.5)
    same = ParkingOrbit.from_text(orbit="lyapunov", size="x 0.002 AU", phase_zero="2026-03-01")
    assert same.size.x_km == pytest.approx(0.002 * AU_KM, rel=1e-12)


def test_the_time_unit_is_that_of_the_sidereal_year():
    # IERS: the sidereal year is 365.256363004 d.
    assert TIME_UNIT_D * 2 * np.pi == pytest.approx(365.256363, abs=2e-4)


@pytest.mark.parametrize("family", SAMPLES)
def test_position_and_velocity_belong_together(family):
    # The frame is not inertial and the circular orbit is no trajectory at real dates, but its
    # velocity must still be the derivative of its position.
    parking = made(family)
    step = 0.02
    before, _ = parking.state(EPOCHS - step * u.d)
    after, _ = parking.state(EPOCHS + step * u.d)
    _, v = parking.state(EPOCHS)
    slope = (after - before).to_value(u.km) / (2 * step * DAY_S)
    # The angle of the frame advances in its own plane, longitude on the ecliptic: 1e-8 of 30 km/s;
    # differences over 0.04 d err by (n h)^2/6 of the speeds, 3e-7 km/s.
    assert np.abs(slope - v.to_value(u.km / u.s)).max() < 2e-6


@pytest.mark.parametrize("family", SAMPLES)
def test_at_real_dates_it_is_the_orbit_in_the_pulsating_frame(family):
    parking = made(family)
    r, v = parking.state(EPOCHS)
    back = to_rotating_at(EPOCHS.jd, r.value, v.value, mass_ratio=parking.mass_ratio)
    assert back == pytest.approx(parking.rotating_state(parking.phase_at(EPOCHS)), abs=1e-12)


def test_phase_zero_is_where_the_craft_is_at_phase_zero():
    parking = made("halo northern")
    assert parking.phase_at(parking.phase_zero) == pytest.approx(0.0, abs=1e-12)
    r, _ = parking.state(parking.phase_zero)
    emb, _ = heliocentric_state("earth-moon-barycenter", parking.phase_zero.tdb.jd)
    away = emb / np.linalg.norm(emb)
    # Seen along the line from the Sun the craft stands on it, but for its height.
    off = r.value - (r.value @ away) * away
    assert np.linalg.norm(off) == pytest.approx(700_000.0 * np.linalg.norm(emb) / AU_KM, rel=1e-5)


def test_phase_advances_with_the_longitude():
    parking = made("halo northern")
    later = np.unwrap(2 * np.pi * parking.phase_at(EPOCHS)) / (2 * np.pi)
    days = EPOCHS.jd - EPOCHS.jd[0]
    mean = days / parking.period_days
    # The equation of the centre, 2 e = 0.0334 rad either way, is 0.011 of the period.
    assert np.abs(later - later[0] - mean).max() < 2 * 0.0334 / parking.orbit.period
    assert np.abs(later - later[0] - mean).max() > 0.0334 / parking.orbit.period * 0.5


def test_a_phase_may_be_given_for_the_dates():
    parking = made("halo northern", phase_zero="unknown")
    known = made("halo northern")
    r, v = parking.state(EPOCHS, phase=known.phase_at(EPOCHS))
    expected_r, expected_v = known.state(EPOCHS)
    assert np.all(r == expected_r)
    assert np.all(v == expected_v)
    again = parking.at_phase_zero(known.phase_zero)
    assert np.all(again.state(EPOCHS)[0] == expected_r)


def test_the_smallest_orbit_comes_to_the_point():
    point = ParkingOrbit()
    small = ParkingOrbit.from_text(orbit="lyapunov", size="x 500 km", phase_zero="2026-03-01")
    r, _ = point.state(EPOCHS)
    near, _ = small.state(EPOCHS)
    assert np.linalg.norm((near - r).value, axis=-1).max() < 1700  # 3.19 times 500 km
    assert small.period_days == pytest.approx(point.period_days, rel=1e-4)
    assert small.unstable_eigenvalue == pytest.approx(point.unstable_eigenvalue, rel=1e-3)
    assert small.jacobi_constant == pytest.approx(point.jacobi_constant, abs=1e-9)


def test_the_point_needs_no_phase_and_shows_none():
    point = ParkingOrbit()
    assert point.rotating_state(np.linspace(0, 1, 5)).shape == (5, 6)
    assert np.ptp(point.rotating_state(np.linspace(0, 1, 5)), axis=0).max() == 0
    # The in-plane frequency at JPL's mass ratio, 2.056992.
    jpl = ParkingOrbit(mass_ratio=MASS_RATIO_SUN_EARTH_JPL)
    frequency = 2 * np.pi * TIME_UNIT_D / jpl.period_days
    assert frequency == pytest.approx(2.056992, abs=5e-7)


def test_text_gives_the_same_as_the_parts():
    read = made("halo northern")
    assert read.size == OrbitSize(z_km=700_000.0)
    assert read.phase_zero.utc.isot.startswith("2026-03-01T00:00:00")
    assert made("halo northern", phase_zero="Unknown").phase_zero is None
    assert made("halo northern", phase_zero=None).phase_zero is None
    assert made("halo northern", phase_zero=read.phase_zero).phase_zero is read.phase_zero
    assert ParkingOrbit.from_text() == ParkingOrbit()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"orbit": "hallo"}, "write one of 'point', 'halo northern'"),
        ({"size": ""}, "was given by nothing"),
        ({"size": "z 3000000 km"}, r"has \d+ to 1,854,\d+ km: choose a size in that range"),
        ({"size": "period 300 d"}, r"has \d+\.\d+ to 180\.\d+ d: choose"),
        ({"size": "jacobi 3.1"}, "has 3.000214"),
        ({"size": "jacobi three"}, "is not a plain number"),
        ({"size": "x 200000 km"}, "give its z_km or period_d or jacobi"),
        ({"size": "z 700000 km, period 178 d"}, "z_km and period_d"),
        ({"size": "z 700000"}, "has no unit"),
        ({"size": "z 700000 kg"}, "is not a length"),
        ({"size": "z -5 km"}, "is not positive"),
        ({"size": "z 5 km, z 6 km"}, "names a measure twice"),
        ({"size": "w 5 km"}, "names no measure"),
        ({"orbit": "point"}, "at the libration point itself"),
        ({"orbit": "lissajous"}, "give its x_km and z_km"),
        ({"orbit": "lissajous", "size": "x 300000 km, z 300000 km"}, "as halo orbits do"),
        ({"orbit": "lissajous", "size": "x 3000000 km, z 300000 km"}, "was found so large"),
        ({"phase_zero": "1970-01-01"}, "the ephemeris covers 1978-03-01"),
        ({"phase_zero": "soon"}, "write a UTC date, e.g. '2025-03-01', or 'unknown'"),
        ({"mass_ratio": 0.7}, r"lies in \(0, 0.5\]"),
        ({"mass_ratio": float("nan")}, r"lies in \(0, 0.5\]"),
        ({"point": "L4"}, "write 'L2'"),
    ],
)
def test_what_is_impossible_is_refused_in_one_sentence(given, words):
    with pytest.raises(ValueError, match=words) as caught:
        made("halo northern", **given)
    assert "\n" not in str(caught.value)


def test_a_lissajous_orbit_has_its_amplitudes_and_never_closes():
    parking = made("lissajous", size="x 100000 km, z 150000 km")
    phases = np.linspace(-12.0, 12.0, 4001)
    states = parking.rotating_state(phases)
    constant = jacobi_constant(parking.mass_ratio, states)
    assert constant == pytest.approx(parking.jacobi_constant, abs=1e-12)
    half = 0.5 * np.ptp(states[:, :3], axis=0) * AU_KM
    # The linear theory's, with y 3.19 times x; second order adds some per cent.
    assert half == pytest.approx([100_000, 319_000, 150_000], rel=0.04)
    assert np.abs(states[:, 2]).max() * AU_KM == pytest.approx(150_000, rel=1e-3)
    assert np.abs(np.diff(parking.rotating_state([0.0, 1.0]), axis=0)).max() > 1e-5
    point = ParkingOrbit()
    assert parking.period_days == pytest.approx(point.period_days, rel=0.01)
    assert 1000 < parking.unstable_eigenvalue < point.unstable_eigenvalue
    assert parking.phase_at(parking.phase_zero - 1000 * u.d) == pytest.approx(-5.61, abs=0.05)


def test_a_lissajous_orbit_ends_somewhere():
    parking = made("lissajous")
    with pytest.raises(ValueError, match="is known for 24 before and after"):
        parking.state(Time("2045-01-01"))
    with pytest.raises(ValueError, match="is not periodic"):
        _ = parking.orbit
    with pytest.raises(ValueError, match="is no Lissajous orbit"):
        _ = made("lyapunov").path


def test_an_unknown_phase_has_no_state():
    parking = made("halo northern", phase_zero="unknown")
    with pytest.raises(ValueError, match="phase of the halo northern orbit is unknown"):
        parking.state(EPOCHS)
    with pytest.raises(ValueError, match="unknown"):
        parking.phase_at(EPOCHS)


def test_dates_outside_the_ephemeris_are_refused():
    with pytest.raises(ValueError, match="the ephemeris covers"):
        made("halo northern").state(Time(2480000.5, format="jd", scale="tdb"))


def test_phase_zero_is_one_epoch():
    with pytest.raises(ValueError, match="give the one"):
        ParkingOrbit("L2", MASS_RATIO_SUN_EARTH_MOON, "lyapunov", OrbitSize(x_km=1e5), EPOCHS)


def test_families_are_those_of_the_samples():
    assert set(FAMILIES) == {*SAMPLES, "point"}
