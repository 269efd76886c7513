"""The nearest trajectory to a chain of states, against what makes it the nearest."""

from __future__ import annotations

import numpy as np
import pytest
from orbit_samples import L2_NORTHERN, printed_orbit

from survey.astro.cr3bp_flow import propagate_cr3bp
from survey.astro.er3bp import propagate_er3bp
from survey.astro.nearest_trajectory import STATUS, nearest_trajectory
from survey.astro.periodic import states_along
from survey.constants import MASS_RATIO_SUN_EARTH_JPL as MU

ECCENTRICITY = 0.0167


@pytest.fixture(scope="module")
def halo():
    return printed_orbit(*L2_NORTHERN)


def circular(states, start, end):
    final, matrix, _ = propagate_cr3bp(MU, states, end - start, stm=True)
    return final, matrix


def elliptic(states, start, end):
    return propagate_er3bp(MU, ECCENTRICITY, states, start, end, stm=True)[:2]


def chain(halo, revolutions, nodes=12):
    turns = np.arange(revolutions * nodes + 1) / nodes
    return turns * halo.period, states_along(halo, turns)


def test_a_trajectory_is_its_own_nearest(halo):
    times, states = chain(halo, 5)
    found = nearest_trajectory(circular, times, states)
    assert found.status == 0
    assert np.abs(found.states - states).max() < 1e-12


@pytest.mark.parametrize("revolutions", [1, 6, 30])
def test_a_halo_becomes_a_trajectory_of_the_elliptic_problem(halo, revolutions):
    times, states = chain(halo, revolutions)
    found = nearest_trajectory(elliptic, times, states)
    assert STATUS[found.status].startswith("converged")
    reached, _ = propagate_er3bp(MU, ECCENTRICITY, found.states[:-1], times[:-1], times[1:])
    assert np.abs(reached - found.states[1:]).max() < 1e-11
    # First order in the eccentricity times the size of the orbit, 0.0045: 11,000 km.
    assert np.abs(found.states - states)[:, :3].max() < 2 * ECCENTRICITY * 0.0046


def test_nothing_nearer_flows_through(halo):
    times, states = chain(halo, 2)
    weights = np.linspace(1.0, 3.0, len(times))[:, None] * [1, 1, 1, 0.5, 0.5, 0.5]
    found = nearest_trajectory(elliptic, times, states, weights=weights)
    assert found.status == 0
    # Neighbouring trajectories change the node k by the matrices up to k: the weighted
    # differences must be at a right angle to all six such changes.
    change = np.eye(6)
    changes = [change]
    for k in range(len(times) - 1):
        _, matrix = elliptic(found.states[k], times[k], times[k + 1])
        change = matrix @ change
        changes.append(change)
    tangents = np.array(changes) * weights[..., None]
    difference = ((found.states - states) * weights).ravel()
    basis = np.linalg.qr(tangents.reshape(-1, 6))[0]
    assert np.abs(basis.T @ difference).max() < 1e-9 * np.linalg.norm(difference)


def test_noise_is_taken_out(halo):
    times, states = chain(halo, 6)
    noise = np.random.default_rng(5).normal(size=states.shape) * 2e-6  # 300 km
    found = nearest_trajectory(circular, times, states + noise)
    assert found.status == 0
    left = np.sqrt(np.mean((found.states - states) ** 2))
    # Six constants are left of 438 noisy numbers: sqrt(6/438) of 2e-6, or some more.
    assert left < 2e-6 * 0.2


def test_backwards_is_the_same_trajectory(halo):
    times, states = chain(halo, 2)
    ahead = nearest_trajectory(elliptic, times, states)
    back = nearest_trajectory(elliptic, times[::-1], states[::-1])
    assert back.states[::-1] == pytest.approx(ahead.states, abs=1e-10)


@pytest.mark.parametrize("node", [0, 17, 36])
def test_what_is_held_stays(halo, node):
    times, states = chain(halo, 3)
    free = np.random.default_rng(6).normal(size=(6, 2))
    found = nearest_trajectory(elliptic, times, states, held=(node, free @ free.T))
    assert found.status == 0
    moved = found.states[node] - states[node]
    assert np.linalg.norm(moved) > 1e-7
    # Along the two columns that are free, and no other way.
    basis = np.linalg.qr(free)[0]
    assert np.linalg.norm(moved - basis @ (basis.T @ moved)) < 1e-13
    beside = found.states[abs(node - 1)] - states[abs(node - 1)]
    assert np.linalg.norm(beside - basis @ (basis.T @ beside)) > 1e-6


def test_how_far_a_step_may_go_does_not_matter_to_where_it_ends(halo):
    times, states = chain(halo, 3)
    free = nearest_trajectory(elliptic, times, states)
    small = nearest_trajectory(elliptic, times, states, largest_step=1e-5)
    assert small.status == 0
    assert small.iterations > free.iterations
    assert small.states == pytest.approx(free.states, abs=1e-10)


def test_what_cannot_be_joined_has_a_status(halo):
    times, states = chain(halo, 2)
    broken = states.copy()
    broken[4, 1] = np.nan
    assert nearest_trajectory(circular, times, broken).status == 2
    short = nearest_trajectory(elliptic, times, states, max_iterations=1)
    assert short.status == 1
    assert short.gap > 1e-11
