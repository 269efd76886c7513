"""One craft among the bodies: Kepler's ellipse, the laws of the matrix, the softened Moon."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.time import Time

from survey.astro.craft_flow import MOON, body_states, fly, fly_matrix, rates, sample
from survey.astro.kepler import propagate_kepler
from survey.astro.nbody_forces import PERTURBERS
from survey.astro.nbody_planets import BODIES, DEGREE, RECORD_S, make_planets
from survey.constants import AU_KM, DAY_S, GM_MOON_KM3_S2, GM_SUN_KM3_S2
from survey.ephemeris import SPAN_JD_TDB, heliocentric_state
from survey.transfer.ephemerides import planets

T0 = (Time("2012-05-01").tdb.jd - SPAN_JD_TDB[0]) * DAY_S


@pytest.fixture(scope="module")
def bodies():
    return planets()


@pytest.fixture(scope="module")
def near_l2():
    r, v = heliocentric_state("earth", SPAN_JD_TDB[0] + T0 / DAY_S)
    return np.concatenate([1.008 * r, 1.008 * v + [0.02, 0.1, 0.05]])


def test_with_all_bodies_far_away_it_is_keplers_ellipse():
    alone = make_planets(0.0, np.full((60, DEGREE + 1, BODIES, 3), 1e15))
    r, v = np.array([AU_KM, 0.0, 1e7]), np.array([1.0, 27.0, 5.0])
    until = np.array([10.0, 200.0, 450.0]) * DAY_S
    flown = fly(alone, 0.0, until, np.tile(np.concatenate([r, v]), (3, 1)))
    there, fast = propagate_kepler(GM_SUN_KM3_S2, r, v, until)
    assert np.abs(flown[:, :3] - there).max() < 1e-2
    assert np.abs(flown[:, 3:] - fast).max() < 1e-8


def test_bodies_stand_where_the_ephemeris_has_them(bodies):
    times = T0 + RECORD_S * np.linspace(0.0, 5.0, 40)
    for n, name in enumerate(PERTURBERS):
        r, v = heliocentric_state(name, SPAN_JD_TDB[0] + times / DAY_S)
        states = body_states(bodies, n, times)
        # A Julian date is rounded to 40 µs, here and where the records were fitted.
        assert np.abs(states[:, :3] - r).max() < 4e-3
        assert np.abs(states[:, 3:] - v).max() < 1e-6


def test_matrix_is_symplectic_and_agrees_with_differences(bodies, near_l2):
    end = T0 + 120.0 * DAY_S
    _, matrix = fly_matrix(bodies, T0, end, near_l2)
    turn = np.block([[np.zeros((3, 3)), np.eye(3)], [-np.eye(3), np.zeros((3, 3))]])
    size = np.diag([1.0 / 1e3] * 3 + [1e3] * 3)  # so that both halves count
    scaled = np.linalg.inv(size) @ matrix[0] @ size
    left = scaled.T @ turn @ scaled - turn
    assert np.abs(left).max() < 1e-8 * np.abs(scaled).max() ** 2
    assert np.linalg.det(matrix[0]) == pytest.approx(1.0, abs=1e-8)
    steps = np.diag([20.0] * 3 + [1e-5] * 3)
    ahead, behind = (fly(bodies, T0, end, near_l2 + sign * steps) for sign in (1.0, -1.0))
    slope = (ahead - behind).T / (2.0 * np.diag(steps))
    assert np.all(np.abs(slope - matrix[0]).max(axis=0) < 1e-3 * np.abs(matrix[0]).max(axis=0))


def test_there_and_back_and_by_way_of_samples(bodies, near_l2):
    end = T0 + 90.0 * DAY_S
    there = fly(bodies, T0, end, near_l2)
    assert np.linalg.norm((fly(bodies, end, T0, there) - near_l2)[0, :3]) < 0.1
    times = np.linspace(T0, end, 31)[None]
    states = sample(bodies, times, near_l2[None])
    assert states.shape == (1, 31, 6)
    assert np.abs(states[:, -1] - there).max() < 0.05
    middle = (states[0, 16] - states[0, 14]) / (times[0, 16] - times[0, 14])
    assert middle == pytest.approx(
        rates(bodies, times[0, 15], states[:, 15])[0], rel=0.02, abs=1e-9
    )


def test_a_softened_moon_lets_crafts_through_its_centre(bodies):
    soft, way = 50_000.0, np.array([0.6, -0.7, 0.3])
    state = body_states(bodies, MOON, T0) + np.concatenate([np.zeros(3), way])
    end = T0 + DAY_S
    there, gone = (
        (fly(bodies, T0, end, state, soft_km=km) - body_states(bodies, MOON, end))[0]
        for km in (soft, 1e9)
    )
    assert there[:3] @ way / np.linalg.norm(there[:3]) / np.linalg.norm(way) > 0.995
    depth = 1.0 / soft - 1.0 / np.hypot(soft, np.linalg.norm(there[:3]))
    slower = 0.5 * (gone[3:] @ gone[3:] - there[3:] @ there[3:])
    assert slower == pytest.approx(GM_MOON_KM3_S2 * depth, rel=0.05)  # the rest is the Earth's


def test_who_runs_into_a_body_is_lost_alone(bodies, near_l2):
    earth = body_states(bodies, PERTURBERS.index("earth"), T0)[0]
    falling = earth + np.array([60_000.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    flown = fly(bodies, T0, T0 + 5.0 * DAY_S, np.stack([falling, near_l2]))
    assert np.isnan(flown[0]).all()
    assert np.isfinite(flown[1]).all()


def test_a_flight_beyond_the_ephemeris_is_refused(bodies, near_l2):
    with pytest.raises(ValueError, match="the planets are known from"):
        fly(bodies, T0, bodies.stop + 1.0, near_l2)
