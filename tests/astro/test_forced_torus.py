"""The parking orbit of the elliptic problem: is it one, and does it spring from the halo?"""

from __future__ import annotations

import numpy as np
import pytest
from elliptic_flight import fly_inertial
from orbit_samples import L1_NORTHERN, L2_NORTHERN, printed_orbit

from survey.astro.forced_torus import GAP, natural_torus
from survey.astro.halo import lyapunov_orbit
from survey.astro.periodic import states_along
from survey.constants import MASS_RATIO_SUN_EARTH_JPL as MU

E = 0.0167


@pytest.fixture(scope="module")
def halo():
    return printed_orbit(*L2_NORTHERN)


@pytest.fixture(scope="module")
def torus(halo):
    return natural_torus(MU, E, halo.state, halo.period)


@pytest.mark.parametrize("phase", [0.0, 0.3, 0.77])
@pytest.mark.parametrize("begin", [0.0, 40.0])
def test_a_state_of_the_torus_stays_on_it(torus, phase, begin):
    # Flown over 105 days in inertial axes; there an error grows some hundred times.
    step = 1.8
    flown = fly_inertial(MU, E, torus.states(phase, begin), begin, begin + step)
    expected = torus.states(phase + step / torus.period, begin + step)
    assert np.abs(flown - expected).max() < 1e-9  # 150 m


def test_the_halo_itself_is_no_trajectory_of_the_elliptic_problem(torus, halo):
    assert torus.status == 0
    assert torus.gap < GAP
    flown = fly_inertial(MU, E, states_along(halo, 0.0), 0.0, 1.8)
    assert np.abs(flown - states_along(halo, 1.8 / halo.period)).max() > 1e-4  # 15,000 km


def test_without_eccentricity_it_is_the_halo(halo):
    round_ = natural_torus(MU, 0.0, halo.state, halo.period)
    phases = np.arange(40) / 40
    for anomaly in (0.0, 1.234):
        # The series is cut at 1e-8 of its first term, of some 5e-3.
        assert np.abs(round_.states(phases, anomaly) - states_along(halo, phases)).max() < 1e-9


def test_it_departs_from_the_halo_in_proportion_to_the_eccentricity(halo):
    # One branch, followed from the halo: twice the eccentricity, twice the distance to 1st order.
    phases, anomalies = np.arange(12) / 12, np.linspace(0, 6, 12)
    away = []
    for e in (0.001, 0.002):
        torus = natural_torus(MU, e, halo.state, halo.period)
        away.append(torus.states(phases, anomalies) - states_along(halo, phases))
    assert np.abs(away[0]).max() < 1e-3
    assert np.abs(away[1] - 2 * away[0]).max() < 0.02 * np.abs(away[1]).max()


def test_the_other_libration_point():
    halo = printed_orbit(*L1_NORTHERN, point="L1")
    sunward = natural_torus(MU, E, halo.state, halo.period)
    assert sunward.status == 0
    flown = fly_inertial(MU, E, sunward.states(0.4, 1.0), 1.0, 2.5)
    assert np.abs(flown - sunward.states(0.4 + 1.5 / halo.period, 2.5)).max() < 1e-9


def test_shapes_broadcast(torus):
    assert torus.states(0.1, 0.2).shape == (6,)
    assert torus.states(np.zeros((3, 1)), np.zeros(4)).shape == (3, 4, 6)


def test_resonance_with_the_year_is_a_status():
    # A planar orbit of exactly half a year: Earth's ellipse pushes it the same way each time.
    orbit = lyapunov_orbit(MU, "L2", period=np.pi)
    assert natural_torus(MU, E, orbit.state, orbit.period).status == 1


def test_a_path_that_is_no_smooth_orbit_is_a_status():
    torus = natural_torus(MU, E, [0.9985, 0, 0.009, 0, 0.0035, 0], 1.3)  # falls past the Earth
    assert torus.status == 2
    assert np.isnan(torus.states(0.0, 0.0)).all()
