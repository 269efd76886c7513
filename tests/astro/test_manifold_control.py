"""Corrections that keep a craft on an unstable orbit, against flights with random errors."""

from __future__ import annotations

import numpy as np
import pytest
from orbit_samples import L2_NORTHERN, L2_STABLE, printed_orbit

from survey.astro.cr3bp import equations_of_motion
from survey.astro.cr3bp_flow import propagate_cr3bp
from survey.astro.manifold import floquet_directions
from survey.astro.manifold_control import correction_size, unstable_covector
from survey.astro.periodic import states_along

KM = 1.0 / 149597870.7
TIME_UNIT_S = 5022635.34820215
M_S = 1e-3 * KM * TIME_UNIT_S


@pytest.fixture(scope="module")
def halo():
    return printed_orbit(*L2_NORTHERN)


def test_the_unstable_component_is_constant_along_free_motion(halo):
    rng = np.random.default_rng(3)
    start, flown = rng.uniform(0, 1, 40), rng.uniform(0, 1.5, 40)
    displacement = rng.normal(size=(40, 6))
    _, moved, _ = propagate_cr3bp(
        halo.mass_ratio, states_along(halo, start), flown * halo.period, stm=True
    )
    before = np.sum(unstable_covector(halo, start) * displacement, axis=-1)
    later = unstable_covector(halo, start + flown)
    after = np.sum(later * np.einsum("nij,nj->ni", moved, displacement), axis=-1)
    # The matrices' 1e-12 per step, a thousandfold by the growth.
    assert after == pytest.approx(before, rel=1e-7, abs=1e-8)


def test_the_covector_does_not_see_what_does_not_grow(halo):
    turns = np.linspace(0, 0.95, 20)
    covector = unstable_covector(halo, turns)
    size = np.linalg.norm(covector, axis=-1)
    at = floquet_directions(halo, turns)
    along = equations_of_motion(halo.mass_ratio, at.states)
    for other in (at.stable, along):
        seen = np.sum(covector * other, axis=-1) / size / np.linalg.norm(other, axis=-1)
        assert np.abs(seen).max() < 1e-9


def test_the_covector_reads_one_for_the_unstable_direction_at_phase_zero(halo):
    at = floquet_directions(halo, 0.0)
    assert unstable_covector(halo, 0.0)[0] @ at.unstable[0] == pytest.approx(1.0, abs=1e-10)


def test_correction_size_is_linear_in_the_errors_and_adds_them_as_squares(halo):
    one = correction_size(halo, 0.4, 10 * KM, 0.0)
    other = correction_size(halo, 0.4, 0.0, 0.01 * M_S)
    assert correction_size(halo, 0.4, 20 * KM, 0.0) == pytest.approx(2 * one, rel=1e-12)
    both = correction_size(halo, 0.4, 10 * KM, 0.01 * M_S)
    # As squares at each phase; over phases the mean lies between these.
    assert np.hypot(one, other) <= both < 0.95 * (one + other)


@pytest.mark.parametrize(("interval_d", "push"), [(21.0, 0.0), (21.0, 3e-8), (60.0, 0.0)])
def test_correction_size_is_that_of_flights_with_random_errors(halo, interval_d, push):
    # Nonlinear flights beside the halo, corrected on a belief that is wrong by 3 km and 5 mm/s.
    rng = np.random.default_rng(7)
    interval = interval_d * 86400.0 / TIME_UNIT_S
    sigma = np.repeat([3 * KM, 0.005 * M_S], 3)
    acceleration = push / 1e3 * KM * TIME_UNIT_S**2
    crafts, corrections = 240, 12
    turn = rng.uniform(0, 1, crafts)
    states = states_along(halo, turn)
    sizes = []
    for number in range(corrections):
        covector = unstable_covector(halo, np.mod(turn, 1.0))
        believed = states - states_along(halo, turn) + sigma * rng.normal(size=(crafts, 6))
        component = np.sum(covector * believed, axis=-1)
        lever = np.linalg.norm(covector[:, 3:], axis=-1)
        impulse = -(component / lever**2)[:, None] * covector[:, 3:]
        states = states.copy()
        states[:, 3:] += impulse
        if number:
            sizes.append(np.linalg.norm(impulse, axis=-1))
        unknown = acceleration * rng.normal(size=(crafts, 3))
        for _ in range(16):  # the unknown push as small kicks
            states[:, 3:] += unknown * interval / 32
            states, _ = propagate_cr3bp(halo.mass_ratio, states, interval / 16)
            states[:, 3:] += unknown * interval / 32
        turn = turn + interval / halo.period
    formula = correction_size(halo, interval, 3 * KM, 0.005 * M_S, acceleration)
    # 2,640 draws: 1.5 % of the mean; the kicks and the drift along the orbit add as much.
    assert np.mean(sizes) == pytest.approx(formula, rel=0.05)


def test_a_stable_orbit_needs_no_such_correction():
    with pytest.raises(ValueError, match="choose an unstable member"):
        correction_size(printed_orbit(*L2_STABLE), 0.4, KM, M_S)
