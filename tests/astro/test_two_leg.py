"""Arcs with a manoeuvre on the way: derivatives against differences, descent against the start."""

from __future__ import annotations

import numpy as np
import pytest
from detour_samples import MU, E, passing_target
from elliptic_flight import fly_inertial

from survey.astro.arc_problem import Problem
from survey.astro.er3bp import propagate_er3bp
from survey.astro.fall import fall_derivatives, fall_scheme, fly_falls
from survey.astro.impulse_sum import clearance, descend, sum_of_impulses
from survey.astro.perigee import fall_directions, find_perigees
from survey.astro.pulsating import acceleration
from survey.astro.two_leg import close_legs, derivatives, node_scheme
from survey.constants import AU_KM

M_S = 1.0 / 29_784.7
STEPS = np.array([1e-5, 1e-5, 1e-6, 1e-6, 1e-6, 1e-5, 1e-5])


@pytest.fixture(scope="module")
def problem():
    return passing_target()


@pytest.fixture(scope="module")
def legs(problem):
    begin, middle, end = np.array([0.4, 0.7]), np.array([2.4, 2.6]), np.array([4.9, 5.3])
    phase = np.array([0.3, 0.33])
    craft = problem.departure(None, begin, phase)
    leave = craft[:, 3:] + [[0.01, 0.02, -0.004], [0.008, 0.02, 0.0]]
    node, _ = propagate_er3bp(MU, E, np.concatenate([craft[:, :3], leave], 1), begin, middle)
    node[:, :3] += 0.002
    variables = np.column_stack([begin, phase, node[:, :3], middle, end])
    found = close_legs(problem, np.arange(2), variables, leave, node[:, 3:], flights=40)
    assert found.solved.all()
    return variables, found


def test_both_legs_end_where_they_should(problem, legs):
    _, found = legs
    assert (found.miss < 1e-9).all()
    craft = problem.departure(None, found.begin, found.phase)
    for k in range(2):
        start = np.concatenate([craft[k, :3], found.leave[k]])
        there = fly_inertial(MU, E, start, found.begin[k], found.middle[k])
        assert np.linalg.norm(there[:3] - found.node[k]) < 2e-9
        start = np.concatenate([found.node[k], found.after[k]])
        there = fly_inertial(MU, E, start, found.middle[k], found.end[k])
        goal = problem.target(None, found.end[k : k + 1])[0]
        assert np.linalg.norm(there[:3] - goal[:3]) < 2e-9
        last = (goal[3:] - there[3:]) * (1 + E * np.cos(found.end[k]))
        np.testing.assert_allclose(found.impulses[k, 2], last, rtol=0, atol=1e-8)


@pytest.mark.parametrize("which", range(7))
def test_derivatives_of_a_node_agree_with_differences(problem, legs, which):
    variables, found = legs
    slopes = derivatives(problem, np.arange(2), found)
    step = STEPS[which]
    near = []
    for side in (step, -step):
        moved = variables.copy()
        moved[:, which] += side
        if which == 0:  # the phase goes on meanwhile
            moved[:, 1] += side / problem.period
        leave = found.leave + side * slopes.leave[..., which]
        after = found.after + side * slopes.after[..., which]
        near.append(close_legs(problem, np.arange(2), moved, leave, after, flights=40))
    # Arcs are closed to 1e-9, which is 1e-9 / step in a difference; Newton's last step is better.
    for name in ("impulses", "leave", "before", "after"):
        difference = (getattr(near[0], name) - getattr(near[1], name)) / (2 * step)
        exact = getattr(slopes, name)[..., which]
        np.testing.assert_allclose(difference, exact, rtol=1e-4, atol=2e-4)


def test_an_arc_that_would_be_flown_backwards_does_not_count(problem, legs):
    variables, found = legs
    moved = variables.copy()
    moved[:, 6] = moved[:, 5] - 0.3
    back = close_legs(problem, np.arange(2), moved, found.leave, found.after, flights=60)
    assert (back.miss[:, 0] < 1e-9).all()
    assert not back.solved.any()


def test_acceleration_is_that_of_the_flow():
    state = np.array([[1.01, 0.02, 0.003, 0.01, -0.02, 0.03]])
    f, h = np.array([1.3]), 1e-4
    ahead, _ = propagate_er3bp(MU, E, state, f, f + h)
    behind, _ = propagate_er3bp(MU, E, state, f, f - h)
    flow = (ahead - behind)[:, 3:] / (2 * h)
    np.testing.assert_allclose(acceleration(MU, E, state, f), flow, rtol=0, atol=1e-6)


@pytest.mark.parametrize("rendezvous", [False, True])
def test_descent_lowers_the_sum_and_stays_closed(problem, legs, rendezvous):
    _, found = legs
    before = sum_of_impulses(found, rendezvous)
    best, cost = descend(
        problem, node_scheme(problem), found, rendezvous=rendezvous, free_phase=True,
        tof_bounds=(2.0, 6.0), iterations=15,
    )  # fmt: skip
    assert (cost < 0.9 * before).all()
    assert (best.miss < 1e-9).all()
    np.testing.assert_allclose(cost, sum_of_impulses(best, rendezvous), rtol=1e-12)


def test_descent_of_a_fixed_phase_follows_the_craft(problem, legs):
    _, found = legs
    best, _ = descend(
        problem, node_scheme(problem), found, rendezvous=True, free_phase=False, iterations=10
    )
    gone = (best.begin - found.begin) / problem.period
    np.testing.assert_allclose(best.phase - found.phase, gone, rtol=0, atol=1e-12)
    assert (np.abs(best.begin - found.begin) > 1e-6).any()


@pytest.fixture(scope="module")
def falls(problem):
    """Falls with burns that send the craft off at some 2 km/s, and targets where that leads."""
    begin, phase = (a.ravel() for a in np.meshgrid([0.4, 2.0], np.arange(18) / 18))
    states = problem.departure(None, begin, phase)
    push = fall_directions(MU, E, states, begin)
    size = 10
    impulses = (push[:, None] * (np.geomspace(0.5, 5.0, size) * M_S)[:, None]).reshape(-1, 3)
    found = find_perigees(
        MU, E, np.repeat(states, size, 0), np.repeat(begin, size), np.repeat(phase, size),
        impulses, longest=5.0, nearest=6678.0 / AU_KM, farthest=40_000.0 / AU_KM,
    ).take(np.arange(3))  # fmt: skip
    after = found.state[:, 3:] * 1.05
    end = found.middle + 3.0
    goal, _ = propagate_er3bp(
        MU, E, np.concatenate([found.state[:, :3], after], axis=1), found.middle, end
    )
    goal[:, :3] += 0.0005
    goal[:, 3:] += 0.002
    mine = Problem(
        MU, E, problem.departure,
        lambda index, f: propagate_er3bp(MU, E, goal[index], end[index], f)[0], problem.period,
    )  # fmt: skip
    variables = np.column_stack([found.begin, found.phase, found.impulse, np.full(3, 1e-5), end])
    legs = fly_falls(
        mine, np.arange(3), variables, found.middle - found.begin, found.state[:, :3], after,
        found.middle, after, flights=40,
    )  # fmt: skip
    assert legs.solved.all()
    return mine, variables, legs


@pytest.mark.parametrize("which", range(7))
def test_derivatives_of_a_fall_agree_with_differences(falls, which):
    problem, variables, legs = falls
    slopes = fall_derivatives(problem, np.arange(3), legs)
    step = [1e-5, 1e-6, 1e-9, 1e-9, 1e-9, 1e-7, 1e-5][which]
    near = []
    for side in (step, -step):
        moved = variables.copy()
        moved[:, which] += side
        if which == 0:
            moved[:, 1] += side / problem.period
        near.append(
            fly_falls(
                problem,
                np.arange(3),
                moved,
                legs.middle - legs.begin,
                legs.node,
                legs.after,
                legs.middle,
                legs.after,
                flights=40,
            )
        )
    assert near[0].solved.all()
    assert near[1].solved.all()
    for name in ("node", "before", "after", "leave", "impulses"):
        difference = (getattr(near[0], name) - getattr(near[1], name)) / (2 * step)
        exact = getattr(slopes, name)[..., which]
        scale = np.abs(exact).max() + 1.0
        np.testing.assert_allclose(difference / scale, exact / scale, rtol=0, atol=2e-3)


def test_descent_keeps_clear_of_the_planet(falls):
    problem, _, legs = falls
    least = 20_000.0 / AU_KM
    best, cost = descend(
        problem, fall_scheme(problem), legs, rendezvous=False, free_phase=True,
        least_distance=least, iterations=30,
    )  # fmt: skip
    assert np.isfinite(cost).all()
    # The bound is soft: a fraction of a per cent.
    low = clearance(problem, legs) < least
    assert (clearance(problem, best)[low] > 0.97 * least).all()
    assert (clearance(problem, best)[~low] > 0.97 * least).all()
    cheaper = ~low
    assert (cost[cheaper] < sum_of_impulses(legs, False)[cheaper]).all()
