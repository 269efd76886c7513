"""Boundary-value arcs of two attracting bodies, against scipy and against Lambert's problem."""

from __future__ import annotations

import numpy as np
import pytest
from elliptic_flight import fly_inertial, from_inertial, time_between, to_inertial
from orbit_samples import L2_NORTHERN, printed_orbit

from survey.astro.er3bp import propagate_er3bp
from survey.astro.lambert import solve_lambert
from survey.astro.periodic import states_along
from survey.astro.shooting import (
    CLOSED,
    CONVERGED,
    LOST,
    NOT_CONVERGED,
    STATUS,
    inverse,
    solve_boundary,
)
from survey.constants import MASS_RATIO_SUN_EARTH_JPL as MU

E = 0.0167
M_S = 1 / 29_784.7  # in units of the Earth's speed


def problems(e, count=24, seed=1):
    """Arcs out of the halo with impulses of 30 to 300 m/s, and starts that are 50 m/s off."""
    rng = np.random.default_rng(seed)
    halo = printed_orbit(*L2_NORTHERN)
    start = states_along(halo, np.arange(count) / count)
    arrow = rng.normal(size=(2, count, 3))
    arrow /= np.linalg.norm(arrow, axis=2)[..., None]
    truth = start[:, 3:] + arrow[0] * rng.uniform(30, 300, (count, 1)) * M_S
    begin = rng.uniform(0, 20, count)
    end = begin + rng.uniform(1.0, 4.0, count)
    final, _ = propagate_er3bp(MU, e, np.concatenate([start[:, :3], truth], 1), begin, end)
    whole = np.isfinite(final).all(1)  # the others meet the Earth
    parts = begin, end, start[:, :3], truth, truth + arrow[1] * 50 * M_S, final[:, :3]
    return tuple(part[whole] for part in parts)


@pytest.mark.parametrize("e", [0.0, E])
def test_arcs_end_where_they_should(e):
    begin, end, start, _, guess, aim = problems(e)
    arcs = solve_boundary(MU, e, begin, start, guess, end, aim)
    done = arcs.status == CONVERGED
    assert done.mean() > 0.8
    assert np.all(arcs.miss[done] <= CLOSED)
    for n in np.flatnonzero(done)[:8]:
        state = np.concatenate([start[n], arcs.velocity[n]])
        flown = fly_inertial(MU, e, state, begin[n], end[n])
        # CLOSED and the flight's own tolerance, which the instability magnifies.
        assert np.abs(flown - arcs.arrival[n]).max() < 1e-8
        assert np.linalg.norm(flown[:3] - aim[n]) < 1e-8


def test_the_arc_that_was_flown_is_found_again():
    begin, end, start, truth, _, aim = problems(E)
    arcs = solve_boundary(MU, E, begin, start, truth + 0.5 * M_S, end, aim)
    same = arcs.status == CONVERGED
    assert same.mean() > 0.9
    assert np.abs(arcs.velocity - truth)[same].max() < 1e-8


@pytest.mark.parametrize("e", [0.0, 0.0167, 0.2])
def test_with_one_attracting_body_it_is_lamberts_problem(e):
    rng = np.random.default_rng(3)
    nothing, count = 1e-15, 30
    begin = rng.uniform(-3, 3, count)
    end = begin + rng.uniform(0.6, 2.6, count)
    start, aim = (
        np.stack(
            [rng.uniform(0.7, 1.3, count), rng.uniform(-0.5, 0.5, count),
             rng.uniform(-0.1, 0.1, count)], axis=1,
        )
        for _ in range(2)
    )  # fmt: skip
    still = np.zeros(3)
    r1, r2 = (
        np.array(
            [to_inertial(nothing, e, np.append(p, still), f)[0] for p, f in zip(x, t, strict=True)]
        )
        for x, t in ((start, begin), (aim, end))
    )
    v1, v2, status = solve_lambert(1.0, r1, r2, time_between(e, begin, end))
    assert np.all(status == 0)
    leaving, meeting = (
        np.array([from_inertial(nothing, e, *state) for state in zip(r, v, t, strict=True)])
        for r, v, t in ((r1, v1, begin), (r2, v2, end))
    )
    guess = leaving[:, 3:] + rng.normal(size=(count, 3)) * 0.004
    arcs = solve_boundary(nothing, e, begin, start, guess, end, aim)
    assert np.all(arcs.status == CONVERGED)
    assert np.abs(arcs.velocity - leaving[:, 3:]).max() < 1e-8
    assert np.abs(arcs.arrival - meeting).max() < 1e-8


def test_too_few_iterations_are_a_status():
    begin, end, start, _, guess, aim = problems(E)
    arcs = solve_boundary(MU, E, begin, start, guess, end, aim, iterations=1)
    assert np.all(arcs.status == NOT_CONVERGED)
    assert np.all(np.isfinite(arcs.miss))
    assert arcs.flights == len(begin)


def test_starts_that_cannot_be_flown_are_lost_and_harm_nobody():
    begin, end, start, _, guess, aim = problems(E, count=4)
    start[1], guess[1] = [1 - MU, 0, 1e-6], 0.0  # inside the Earth
    guess[2] = np.nan
    aim[3, 1] = np.nan
    arcs = solve_boundary(MU, E, begin, start, guess, end, aim)
    alone = solve_boundary(MU, E, begin[:1], start[:1], guess[:1], end[:1], aim[:1])
    assert list(arcs.status[1:]) == [LOST] * 3
    assert np.all(np.isinf(arcs.miss[1:]))
    assert arcs.status[0] == alone.status[0]
    assert np.allclose(arcs.velocity[0], alone.velocity[0], atol=1e-9)
    assert set(np.unique(arcs.status)) <= set(STATUS)


def test_no_time_to_fly_is_not_an_arc():
    begin, _, start, _, guess, aim = problems(E, count=3)
    arcs = solve_boundary(MU, E, begin, start, guess, begin, aim)
    assert np.all(arcs.status != CONVERGED)


def test_a_batch_is_its_problems_one_by_one():
    begin, end, start, _, guess, aim = problems(E)
    arcs = solve_boundary(MU, E, begin, start, guess, end, aim)
    for n in range(0, len(begin), 5):
        rows = slice(n, n + 1)
        one = solve_boundary(MU, E, begin[rows], start[rows], guess[rows], end[rows], aim[rows])
        assert one.status[0] == arcs.status[n]
        if one.status[0] == CONVERGED:
            assert np.abs(one.velocity[0] - arcs.velocity[n]).max() < 1e-9


def test_an_empty_batch():
    none, three = np.empty(0), np.empty((0, 3))
    arcs = solve_boundary(MU, E, none, three, three, none, three)
    assert arcs.status.shape == (0,)
    assert arcs.flights == 0


def test_inverse():
    matrix = np.random.default_rng(2).normal(size=(5, 4, 3, 3))
    assert np.allclose(inverse(matrix) @ matrix, np.eye(3), atol=1e-11)
    assert not np.isfinite(inverse(np.ones((3, 3)))).any()
