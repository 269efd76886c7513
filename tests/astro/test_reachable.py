"""The look-up of what can be reached: its predictions flown, and its silences deserved."""

from __future__ import annotations

import numpy as np
import pytest
from orbit_samples import L2_NORTHERN, printed_orbit
from scipy.spatial import cKDTree

from survey.astro.cr3bp_flow import propagate_cr3bp
from survey.astro.periodic import states_along
from survey.astro.reach_lookup import find_candidates, find_passes
from survey.astro.reachable import NEAR, impulse_grid, reachable_set
from survey.constants import MASS_RATIO_SUN_EARTH_JPL as MU

M_S = 1 / 29_784.7
DAY = 0.0172
PHASES = 12
WINDOW = (3.0, 9.0)
BINS = (20, PHASES, 1)


@pytest.fixture(scope="module")
def halo():
    return printed_orbit(*L2_NORTHERN)


@pytest.fixture(scope="module")
def reach(halo):
    ring = states_along(halo, np.arange(PHASES) / PHASES)
    return reachable_set(MU, ring, impulse_grid(200 * M_S, 40 * M_S), np.linspace(1.0, 4.0, 13))


def passing(reach, trajectory, k, arrival, aside=0.0):
    """A target that drifts by at the end of a trajectory, a day from one state to the next."""
    times = arrival + DAY * np.arange(-20, 21)
    at = reach.position[k, trajectory].astype(float) + aside
    speed = reach.velocity[k, trajectory].astype(float) + 0.1 * np.array([0.6, -0.5, 0.4])
    place = at + (times - arrival)[:, None] * speed
    return times, np.concatenate([place, np.broadcast_to(speed, place.shape)], axis=1)


def search(reach, halo, times, states, **settings):
    keywords = {"window": WINDOW, "bins": BINS, "rendezvous": False} | settings
    passes = find_passes(reach, times, states, keywords.pop("window"))
    return find_candidates(reach, passes, period=halo.period, **keywords)


def trajectories(reach, count=6):
    rng = np.random.default_rng(8)
    # Those that do not swing by the Earth, which would leave no room for a linear prediction.
    away = np.linalg.norm(reach.position - np.array([1 - MU, 0, 0]), axis=2).min(axis=0)
    whole = np.flatnonzero(away > 0.008)
    return rng.choice(whole, count, replace=False)


def test_positions_are_those_of_the_flow(reach, halo):
    for n in trajectories(reach):
        start = states_along(halo, reach.phase[n])
        start[3:] += reach.impulse[n]
        for k in (0, 7, 12):
            final, phi, _ = propagate_cr3bp(MU, start, reach.tofs[k], stm="velocity")
            # Kept in single precision, 6e-8 of a unit; flown to 1e-10, magnified by instability.
            assert np.abs(final[:3] - reach.position[k, n]).max() < 2e-6
            assert np.abs(final[3:] - reach.velocity[k, n]).max() < 2e-6
            assert np.allclose(reach.gain[k, n] @ phi[:3], np.eye(3), atol=1e-3)


def test_the_prediction_is_right_to_second_order(reach, halo):
    # Half the distance, a quarter of the miss: what is left out is of second order.
    for n in trajectories(reach, 4):
        k = 6
        start = states_along(halo, reach.phase[n])
        start[3:] += reach.impulse[n]
        plain, _ = propagate_cr3bp(MU, start, reach.tofs[k])
        toward = np.array([0.3, -0.8, 0.5])
        toward *= 0.2 * M_S / np.linalg.norm(reach.gain[k, n] @ toward)  # for 0.2 m/s
        misses = []
        for share in (1.0, 0.5):
            moved = start.copy()
            moved[3:] += reach.gain[k, n] @ (share * toward)
            final, _ = propagate_cr3bp(MU, moved, reach.tofs[k])
            misses.append(np.abs(final[:3] - plain[:3] - share * toward).max())
        assert misses[0] < 0.3 * np.abs(toward).max()
        assert misses[1] < 0.3 * misses[0] + 1e-5 * np.abs(toward).max()


def test_a_target_on_a_trajectory_is_found_with_its_impulse(reach, halo):
    for n in trajectories(reach):
        k, arrival = 5, 8.0
        found = search(reach, halo, *passing(reach, n, k, arrival))
        assert len(found.cost)
        size = np.linalg.norm(reach.impulse[n])
        begin = arrival - reach.tofs[k]
        zero = np.mod(reach.phase[n] - begin / halo.period, 1.0)
        own = np.mod(found.phase - found.begin / halo.period, 1.0)
        off = np.abs(np.mod(own - zero + 0.5, 1.0) - 0.5)
        # No dearer than that trajectory's own impulse, in its own slot of date and phase.
        same = (np.abs(found.begin - begin) < 6.0 / 20) & (off < 1.0 / PHASES)
        assert found.cost[same].min() <= size * (1 + 1e-4)
        assert np.allclose(found.cost, np.linalg.norm(found.impulse, axis=1), rtol=1e-6)
        assert np.all(np.diff(found.cost) >= 0)


def test_a_found_start_flown_comes_near_the_target(reach, halo):
    times, states = passing(reach, trajectories(reach)[0], 5, 8.0)
    found = search(reach, halo, times, states)
    start = states_along(halo, found.phase)
    start[:, 3:] += found.impulse
    final, _ = propagate_cr3bp(MU, start, found.end - found.begin)
    aim = states[20, :3] + (found.end - times[20])[:, None] * states[20, 3:]
    miss = np.linalg.norm(final[:, :3] - aim, axis=1)
    assert np.nanmedian(miss) < 0.5 * NEAR  # before Newton's method
    assert np.nanmin(miss) < 0.05 * NEAR


def test_rendezvous_counts_the_other_impulse(reach, halo):
    times, states = passing(reach, trajectories(reach)[1], 5, 8.0)
    stop = search(reach, halo, times, states, rendezvous=True)
    pass_by = search(reach, halo, times, states)
    assert stop.cost.min() > pass_by.cost.min() + 0.5 * 0.1  # it drifts by at a tenth


def test_nothing_within_reach_is_nothing_found(reach, halo):
    times = 8.0 + DAY * np.arange(40)
    far = np.tile([-1.0, 0.3, 0.0, 0.0, 0.1, 0.0], (40, 1))
    assert len(search(reach, halo, times, far).cost) == 0
    assert len(search(reach, halo, times, np.full((40, 6), np.nan)).cost) == 0
    near, states = passing(reach, trajectories(reach)[0], 5, 8.0)
    assert len(search(reach, halo, near + 40.0, states).cost) == 0  # long after the window
    assert len(search(reach, halo, near, states, budget=1e-9).cost) == 0


def test_departures_lie_in_the_window_and_costs_in_the_budget(reach, halo):
    times, states = passing(reach, trajectories(reach)[2], 5, 8.0)
    found = search(reach, halo, times, states, budget=100 * M_S, window=(5.0, 6.2))
    assert len(found.cost)
    assert np.all((found.begin >= 5.0) & (found.begin <= 6.2))
    assert np.all(found.cost <= 100 * M_S)
    assert np.all(np.diff(np.stack([found.begin, found.end]), axis=0) > 0.9)


def test_a_known_phase_is_respected(reach, halo):
    times, states = passing(reach, trajectories(reach)[0], 5, 8.0)
    free = search(reach, halo, times, states)
    zero = np.mod(free.phase[0] - free.begin[0] / halo.period, 1.0)
    found = search(reach, halo, times, states, phase_zero=float(zero))
    assert len(found.cost)
    own = np.mod(found.phase - found.begin / halo.period, 1.0)
    assert np.abs(np.mod(own - zero + 0.5, 1.0) - 0.5).max() < 1e-9
    assert len(found.cost) < len(free.cost)


def test_trajectories_that_meet_the_earth_are_left_out(halo):
    ring = np.array([[1 - MU + 1e-4, 0, 0, 0, 0, 0], states_along(halo, 0.0)])
    two = reachable_set(MU, ring, np.zeros((1, 3)), np.array([1.0, 2.0]))
    assert np.isnan(two.position[:, 0]).all()
    assert np.isfinite(two.position[:, 1]).all()
    times = 8.0 + DAY * np.arange(40)
    states = np.tile(np.append(two.position[0, 1], [0, 0, 0]).astype(float), (40, 1))
    found = search(two, halo, times, states)
    assert np.isfinite(found.cost).all()


def test_impulses_lie_on_shells_that_cover_all_directions():
    grid = impulse_grid(500.0, 2.0)
    sizes = np.linalg.norm(grid, axis=1)
    assert sizes.min() == pytest.approx(2.0)
    assert sizes.max() == pytest.approx(500.0)
    shells = np.unique(sizes.round(6))
    assert np.max(shells[1:] / shells[:-1]) < 1.6
    outer = grid[sizes > 499.999] / 500.0
    rng = np.random.default_rng(0).normal(size=(500, 3))
    rng /= np.linalg.norm(rng, axis=1)[:, None]
    gap, _ = cKDTree(outer).query(rng)
    assert gap.max() < 0.6  # 34 degrees
