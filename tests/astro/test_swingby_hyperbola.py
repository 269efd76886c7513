"""A passage as a hyperbola, against the motion of two bodies from long before to long after."""

from __future__ import annotations

import numpy as np
import pytest

from survey.astro.kepler import propagate_kepler
from survey.astro.swingby_hyperbola import closest_distance, closest_state, turning_angle
from survey.constants import GM_MOON_KM3_S2


def ways(count=50):
    draw = np.random.default_rng(7)
    a, b = draw.normal(size=(2, count, 3))
    speed = draw.uniform(0.5, 2.0, count)[:, None]
    a *= speed / np.linalg.norm(a, axis=1)[:, None]
    b = 0.7 * a + 0.6 * b * speed / np.linalg.norm(b, axis=1)[:, None]
    return a, b * speed / np.linalg.norm(b, axis=1)[:, None]


def test_the_state_leads_from_one_velocity_to_the_other():
    before, after = ways()
    state = closest_state(GM_MOON_KM3_S2, before, after, 0.0)
    r, v = state[:, :3], state[:, 3:]
    assert np.sum(r * v, axis=1) == pytest.approx(0.0, abs=1e-9)
    long = np.full(len(r), 1e10)
    for time, wanted in ((-long, before), (long, after)):
        _, far = propagate_kepler(GM_MOON_KM3_S2, r, v, time)
        assert far == pytest.approx(wanted, abs=1e-4)


def test_distance_by_energy_and_angular_momentum():
    before, after = ways()
    speed = np.linalg.norm(before, axis=1)
    state = closest_state(GM_MOON_KM3_S2, before, after, 0.0)
    low = np.linalg.norm(state[:, :3], axis=1)
    turn = turning_angle(before, after)
    assert closest_distance(GM_MOON_KM3_S2, speed, turn) == pytest.approx(low, rel=1e-9)
    energy = 0.5 * np.sum(state[:, 3:] ** 2, axis=1) - GM_MOON_KM3_S2 / low
    assert energy == pytest.approx(0.5 * speed**2, rel=1e-9)


def test_a_passage_below_the_least_distance_is_lifted():
    state = closest_state(GM_MOON_KM3_S2, [1.0, 0.0, 0.0], [-0.9, 0.1, 0.0], 1838.0)
    assert np.linalg.norm(state[:3]) == pytest.approx(1838.0)


def test_angles():
    assert turning_angle([1.0, 0, 0], [0, 2.0, 0]) == pytest.approx(np.pi / 2)
    assert turning_angle([1.0, 0, 0], [3.0, 0, 0]) == pytest.approx(0.0)
    assert turning_angle([1.0, 0, 0], [-3.0, 0, 0]) == pytest.approx(np.pi)
