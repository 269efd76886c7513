"""Arcs by way of a burn near the Earth: what they cost, that they close, the laws of the burn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astropy.time import Time
from detour_flights import about_planet, fly_about_planet

from survey.constants import AU_KM
from survey.transfer import ParkingOrbit
from survey.transfer.ephemerides import build_ephemerides
from survey.transfer.swingby import (
    LEAST_PERIGEE_KM,
    PLAN,
    estimate_swingbys,
    left_at_infinity_km_s,
    make_perigees,
    search_swingby,
)
from survey.transfer.three_body import span_of
from survey.transfer.three_body_model import DAY, SearchWindow, make_model
from survey.transfer.three_body_track import make_tracks

SIZE = "jacobi 3.0007124352932899"
DESIGNATIONS = ["2000 SG344"]


@pytest.fixture(scope="module")
def window():
    return SearchWindow(*Time(["2027-06-01", "2028-06-01"]).tdb.jd, 60.0, 730.0, 500.0, 1500.0)


@pytest.fixture(scope="module")
def halo():
    return ParkingOrbit.from_text(orbit="halo northern", size=SIZE)


@pytest.fixture(scope="module")
def model(halo, window):
    return make_model(halo, window)


@pytest.fixture(scope="module")
def perigees(model, window):
    return make_perigees(model, window)


@pytest.fixture(scope="module")
def tracks(catalog, model, window):
    rows = catalog[catalog["designation"].isin(DESIGNATIONS)]
    states = build_ephemerides(rows, *span_of(window)).chunk(slice(0, len(rows)))
    return dict(zip(rows["designation"], make_tracks(model, window, states), strict=True))


@pytest.fixture(scope="module")
def found(model, perigees, window, tracks):
    (best,) = search_swingby(
        model, perigees, window, [tracks["2000 SG344"]], kind="rendezvous", starts=8
    )
    return best


def test_the_table_of_perigees_serves_every_year(model, window, perigees):
    assert len(perigees.begin) > 2000
    away = perigees.distance(model.mass_ratio) * AU_KM
    assert away.min() >= LEAST_PERIGEE_KM
    jd = model.jd_at(perigees.begin)
    assert jd.min() >= window.first_jd
    assert jd.max() <= window.last_jd
    k = len(perigees.begin) // 2
    craft = model.parking_states(perigees.begin[k : k + 1], perigees.phase[k : k + 1])[0]
    np.testing.assert_allclose(craft[3:] + perigees.impulse[k], perigees.leave[k], atol=1e-10)


def test_costs_add_up_and_no_arc_passes_low(model, window, found):
    assert len(found.total_m_s)
    assert found.converged <= found.tried == 8
    assert (np.diff(found.total_m_s) >= 0).all()
    parts = found.departure_m_s + found.middle_m_s + found.arrival_m_s
    np.testing.assert_allclose(found.total_m_s, parts, rtol=1e-12)
    assert found.total_m_s.max() <= window.rendezvous_m_s
    assert (found.earth_km >= LEAST_PERIGEE_KM).all()
    assert (found.begin_jd < found.middle_jd).all()
    assert (found.middle_jd < found.end_jd).all()
    tof = found.end_jd - found.begin_jd
    assert tof.max() <= window.tof_max_d + 5.0  # bounded in anomaly, which is uneven
    assert (found.legs.miss <= 1e-9).all()


def test_the_optimum_beats_the_patched_conics_start(model, perigees, window, tracks, found):
    rows, ends, estimate = estimate_swingbys(
        model, perigees, window, tracks["2000 SG344"], kind="rendezvous"
    )
    assert (np.diff(estimate) >= 0).all()
    assert (ends > perigees.middle[rows]).all()
    (rough,) = search_swingby(
        model, perigees, window, [tracks["2000 SG344"]], kind="rendezvous", starts=8,
        plan=replace(PLAN, first=0, then=0),
    )  # fmt: skip
    assert found.total_m_s[0] < 0.9 * rough.total_m_s[0]


def test_the_cheapest_arc_flown_by_another_integrator(model, tracks, found):
    mu, e, legs = model.mass_ratio, model.eccentricity, found.legs
    craft = model.parking_states(legs.begin[:1], legs.phase[:1])[0]
    start = np.concatenate([craft[:3], legs.leave[0]])
    burn = fly_about_planet(mu, e, start, legs.begin[0], legs.middle[0])
    # On the way down a difference grows some 1e6 times, and 1e-13 of a step becomes 1e-7.
    assert np.linalg.norm(burn[:3] - legs.node[0]) * AU_KM < 50.0
    after = np.concatenate([legs.node[0], legs.after[0]])
    there = fly_about_planet(mu, e, after, legs.middle[0], legs.end[0])
    goal = tracks["2000 SG344"].at(legs.end[:1])[0]
    assert np.linalg.norm(there[:3] - goal[:3]) * AU_KM < 1000.0
    unit = model.speed_m_s(legs.end[:1])[0]
    assert np.linalg.norm(goal[3:] - there[3:]) * unit == pytest.approx(
        found.arrival_m_s[0], abs=0.1
    )
    # The whole sum from this flight alone: push, burn and stop.
    impulses = start[3:] - craft[3:], after[3:] - burn[3:], goal[3:] - there[3:]
    units = model.speed_m_s(np.array([legs.begin[0], legs.middle[0], legs.end[0]]))
    total = sum(np.linalg.norm(dv) * one for dv, one in zip(impulses, units, strict=True))
    assert total == pytest.approx(found.total_m_s[0], abs=0.5)


@pytest.mark.parametrize("k", range(3))
def test_energy_and_angular_momentum_across_the_burn(model, found, k):
    mu, e, legs = model.mass_ratio, model.eccentricity, found.legs.take(np.array([k]))
    hour = DAY / 24

    def kept(velocity, side):
        """Energy and momentum about the planet an hour away from the burn."""
        state = np.concatenate([legs.node[0], velocity])
        at = legs.middle[0] + side * hour
        relative = about_planet(mu, e, fly_about_planet(mu, e, state, legs.middle[0], at), at)
        energy = 0.5 * relative[3:] @ relative[3:] - mu / np.linalg.norm(relative[:3])
        return energy, np.cross(relative[:3], relative[3:])

    before, after = kept(legs.before[0], -1), kept(legs.after[0], 1)
    here = [
        about_planet(mu, e, np.concatenate([legs.node[0], v]), legs.middle[0])
        for v in (legs.before[0], legs.after[0])
    ]
    burn = here[1][3:] - here[0][3:]
    worth = here[0][3:] @ burn + 0.5 * burn @ burn  # speed times change of speed
    # The Sun's tide changes both by some 1e-5 of themselves within an hour.
    scale = 0.5 * here[0][3:] @ here[0][3:]
    assert after[0] - before[0] == pytest.approx(worth, abs=3e-5 * scale)
    turn = np.cross(here[0][:3], burn)
    tall = np.linalg.norm(before[1])
    np.testing.assert_allclose(after[1] - before[1], turn, rtol=0, atol=1e-4 * tall)
    # √(v² - v_esc²) of the speed after the burn is the speed far away, in km/s.
    escape = 2 * mu / np.linalg.norm(here[1][:3])
    far = np.sqrt(here[1][3:] @ here[1][3:] - escape) * model.mean_speed_m_s / 1e3
    assert left_at_infinity_km_s(model, found)[k] == pytest.approx(far, rel=1e-9)
    # The burn turns the plane of motion about the planet only through its own position: what of
    # the momentum's change points along that position is nothing.
    assert abs((after[1] - before[1]) @ here[0][:3]) < 1e-4 * tall * np.linalg.norm(here[0][:3])
    assert turn @ here[0][:3] == pytest.approx(0.0, abs=1e-12 * tall)


def test_what_the_burn_buys_near_the_earth_costs_more_at_the_libration_point(model, found):
    # Energy gained by the burn, as a change of speed far away: more than the burn itself.
    mu, e, legs = model.mass_ratio, model.eccentricity, found.legs
    before, after = (
        [
            about_planet(mu, e, np.concatenate([legs.node[k], v[k]]), legs.middle[k])
            for k in range(3)
        ]
        for v in (legs.before, legs.after)
    )
    for one, two, burn in zip(before, after, found.middle_m_s, strict=False):
        gained = 0.5 * (two[3:] @ two[3:] - one[3:] @ one[3:])
        assert np.sqrt(2 * gained) * model.mean_speed_m_s > 2.0 * burn


def test_a_flyby_pays_no_stop(model, perigees, window, tracks):
    (found,) = search_swingby(
        model, perigees, window, [tracks["2000 SG344"]], kind="flyby", starts=4
    )
    assert len(found.total_m_s)
    parts = found.departure_m_s + found.middle_m_s
    np.testing.assert_allclose(found.total_m_s, parts, rtol=1e-12)
    assert found.total_m_s.max() <= window.flyby_m_s
    assert (found.arrival_m_s > 100.0).all()
    assert found.tried == 4


def test_a_craft_of_known_phase_leaves_at_its_own(halo, window, catalog):
    dated = halo.at_phase_zero(Time("2027-03-03"))
    model = make_model(dated, window)
    perigees = make_perigees(model, window)
    own = dated.phase_at(Time(model.jd_at(perigees.begin), format="jd", scale="tdb"))
    off = perigees.phase - own
    assert np.abs(off - np.round(off)).max() < 1e-6
    rows = catalog[catalog["designation"] == "2000 SG344"]
    states = build_ephemerides(rows, *span_of(window)).chunk(slice(0, 1))
    (track,) = make_tracks(model, window, states)
    (found,) = search_swingby(model, perigees, window, [track], kind="rendezvous", starts=4)
    own = dated.phase_at(Time(found.begin_jd, format="jd", scale="tdb"))
    off = found.phase - own
    assert len(off)
    assert np.abs(off - np.round(off)).max() < 1e-6


def test_the_libration_point_itself_and_an_asteroid_out_of_reach(window, catalog):
    model = make_model(ParkingOrbit(), window)
    perigees = make_perigees(model, window)
    rows = catalog[catalog["designation"] == "433"]
    states = build_ephemerides(rows, *span_of(window)).chunk(slice(0, 1))
    (track,) = make_tracks(model, window, states)
    (found,) = search_swingby(model, perigees, window, [track], kind="rendezvous")
    assert (len(found.total_m_s), found.tried, found.converged) == (0, 0, 0)
