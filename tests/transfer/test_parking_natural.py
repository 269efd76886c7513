"""Natural parking orbits of the elliptic problem at real dates."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time

from survey.constants import AU_KM, DAY_S, GM_EARTH_MOON_KM3_S2, GM_SUN_KM3_S2
from survey.ephemeris import heliocentric_state
from survey.transfer import ParkingOrbit
from survey.transfer.parking_natural import fit_ellipse, natural_parking, nearest_natural
from survey.transfer.rotating_frame import jd_at, longitude_at

MIDDLE = 2461406.5


@pytest.fixture(scope="module")
def halo():
    return ParkingOrbit.from_text(
        orbit="halo northern", size="jacobi 3.0007", phase_zero="2026-03-01"
    )


@pytest.fixture(scope="module")
def natural(halo):
    return natural_parking(halo, MIDDLE, revolutions=4)


def test_the_earths_ellipse():
    eccentricity, perihelion = fit_ellipse(2451545.0 + 3652.5 * 2, 2451545.0 + 3652.5 * 3)
    # Mean elements of date for 2025 [Simon1994]: e = 0.016698, perihelion 103.02 degrees (J2000).
    assert eccentricity == pytest.approx(0.016698, abs=2e-5)
    assert np.degrees(perihelion) == pytest.approx(103.02, abs=0.1)


def test_it_lies_near_the_circular_orbit_but_is_another(halo, natural):
    epochs = Time(np.linspace(natural.jd_tdb[0], natural.jd_tdb[-1], 80), format="jd", scale="tdb")
    r, v = natural.state(epochs)
    other_r, other_v = halo.state(epochs)
    apart = np.linalg.norm((r - other_r).value, axis=-1)
    faster = np.linalg.norm((v - other_v).value, axis=-1) * 1e3
    # First order in e = 0.0167 times an orbit of 700,000 km and 300 m/s.
    assert 3_000 < np.median(apart) < 15_000
    assert 0.5 < np.median(faster) < 6.0
    # The root mean squares over the nodes, in mean units.
    assert natural.shift_km == pytest.approx(np.sqrt(np.mean(apart**2)), rel=0.1)
    assert natural.shift_m_s == pytest.approx(
        np.sqrt(np.mean(np.sum((natural.states - _circular(halo, natural))[:, 3:] ** 2, -1)))
        * 29784.7, rel=1e-3
    )  # fmt: skip


def _circular(halo, natural):
    return halo.rotating_state(halo.phase_at(Time(natural.jd_tdb, format="jd", scale="tdb")))


def test_it_obeys_newtons_law_in_axes_that_do_not_turn(natural):
    # Another formulation than the pulsating frame's: primaries on the fitted ellipse, forces of
    # both, and the acceleration from differences of positions.
    e, mu = natural.eccentricity, natural.mass_ratio
    gm = GM_SUN_KM3_S2 + GM_EARTH_MOON_KM3_S2
    latus = AU_KM * (1 - e * e)
    middle = float(longitude_at(MIDDLE))
    angle = middle + 0.02 * np.arange(-4, 5)
    d = latus / (1 + e * np.cos(angle - natural.perihelion))
    earth = d[:, None] * np.stack((np.cos(angle), np.sin(angle), 0 * angle), -1)
    rho = natural.rotating_state_at(jd_at(angle))[:, :3] + [mu, 0, 0]
    cos, sin = np.cos(angle), np.sin(angle)
    r = d[:, None] * np.stack(
        (cos * rho[:, 0] - sin * rho[:, 1], sin * rho[:, 0] + cos * rho[:, 1], rho[:, 2]), -1
    )
    first, second = np.polyfit(angle - middle, r, 8)[[-2, -3]] * [[1.0], [2.0]]
    rate = np.sqrt(gm * latus) / d[4] ** 2  # of the angle, by Kepler's second law
    slope = -2 * e * np.sin(middle - natural.perihelion) / latus * d[4]  # of ln(rate) by angle
    acceleration = rate**2 * (second + slope * first)
    from_earth = r[4] - earth[4]
    pull = (
        -(1 - mu) * gm * r[4] / np.linalg.norm(r[4]) ** 3
        - mu * gm * from_earth / np.linalg.norm(from_earth) ** 3
        - mu * gm * earth[4] / d[4] ** 3
    )
    # The eccentricity's own share of the tide is 1e-8 km/s2.
    assert acceleration == pytest.approx(pull, abs=3e-12)


def test_nodes_and_epochs_between_belong_together(natural):
    middles = 0.5 * (natural.jd_tdb[1:] + natural.jd_tdb[:-1])
    early = natural.rotating_state_at(middles - 1e-6)
    late = natural.rotating_state_at(middles + 1e-6)
    # From one node and from the next, through four digits of growth.
    assert np.abs(late - early).max() < 1e-9
    assert natural.rotating_state_at(natural.jd_tdb) == pytest.approx(natural.states, abs=1e-9)


def test_position_and_velocity_belong_together(natural):
    epochs = Time(np.linspace(MIDDLE - 200, MIDDLE + 200, 20), format="jd", scale="tdb")
    step = 0.02
    before, _ = natural.state(epochs - step * u.d)
    after, _ = natural.state(epochs + step * u.d)
    _, v = natural.state(epochs)
    slope = (after - before).to_value(u.km) / (2 * step * DAY_S)
    assert np.abs(slope - v.to_value(u.km / u.s)).max() < 2e-6  # see the circular orbit's test


def test_the_point_is_natural_as_it_stands():
    point = ParkingOrbit()
    found = natural_parking(point, MIDDLE, revolutions=2)
    assert found.shift_km < 0.01
    r, _ = found.state(Time(MIDDLE, format="jd", scale="tdb"))
    assert np.linalg.norm((r - point.state(Time(MIDDLE, format="jd", scale="tdb"))[0]).value) < 0.01


def test_a_given_phase_takes_the_place_of_the_date(halo):
    phase = float(halo.phase_at(Time(MIDDLE, format="jd", scale="tdb")))
    unknown = halo.at_phase_zero(None)
    given = natural_parking(unknown, MIDDLE, revolutions=3, phase=phase)
    dated = natural_parking(halo, MIDDLE, revolutions=3)
    assert given.states == pytest.approx(dated.states, abs=1e-10)
    with pytest.raises(ValueError, match="phase of the halo northern orbit is unknown"):
        natural_parking(unknown, MIDDLE)


@pytest.mark.parametrize(
    ("orbit", "size"),
    [
        ("lyapunov", "x 200000 km"),
        ("vertical", "z 300000 km"),
        ("halo southern", "period 170 d"),
        ("lissajous", "x 200000 km, z 250000 km"),
    ],
)
def test_other_families_have_natural_orbits_too(orbit, size):
    parking = ParkingOrbit.from_text(orbit=orbit, size=size, phase_zero="2026-03-01")
    found = natural_parking(parking, MIDDLE, revolutions=4)
    assert found.gap < 1e-11
    assert found.shift_km < 30_000


def test_epochs_beyond_its_span_are_refused(natural):
    late = Time(natural.jd_tdb[-1] + 1.0, format="jd", scale="tdb")
    with pytest.raises(ValueError, match="ask for more revolutions or a nearer date"):
        natural.state(late)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"revolutions": 0}, "give more than 0"),
        ({"revolutions": float("nan")}, "give more than 0"),
        ({"jd_tdb": 2443600.5}, "choose a date farther inside"),
        ({"jd_tdb": 2475600.5}, "choose a date farther inside"),
    ],
)
def test_what_is_impossible_is_refused(halo, given, words):
    with pytest.raises(ValueError, match=words):
        natural_parking(halo, **({"jd_tdb": MIDDLE, "revolutions": 4} | given))


def test_states_that_no_trajectory_comes_near_are_refused(halo):
    jd = MIDDLE + 15.0 * np.arange(20)
    wild = np.random.default_rng(1).normal(size=(20, 6))
    with pytest.raises(ValueError, match="no trajectory of the elliptic problem"):
        nearest_natural(jd, wild, halo.mass_ratio)


def test_the_frame_is_that_of_sun_and_barycentre(natural):
    # The pulsating frame puts the barycentre at 1 - mu whatever the date: height and distance of
    # the craft over the distance of the primaries are its coordinates.
    epoch = Time(MIDDLE, format="jd", scale="tdb")
    r, _ = natural.state(epoch)
    emb, _ = heliocentric_state("earth-moon-barycenter", MIDDLE)
    rho = natural.rotating_state(epoch)
    along = r.value @ emb / (emb @ emb)
    assert along == pytest.approx(rho[0] + natural.mass_ratio, abs=1e-12)
