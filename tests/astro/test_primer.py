"""The primer vector: what it foretells about one more impulse, and what then happens."""

from __future__ import annotations

import numpy as np
import pytest
from detour_samples import MU, E, passing_target

from survey.astro.impulse_sum import descend, sum_of_impulses
from survey.astro.primer import primer_history
from survey.astro.pulsating import speed_scale
from survey.astro.shooting import inverse, solve_boundary
from survey.astro.two_leg import close_legs, derivatives, node_scheme

BEGIN, PHASE = np.array([0.7]), np.array([0.35])


@pytest.fixture(scope="module")
def problem():
    return passing_target()


def two_impulses(problem, end):
    """An arc of two impulses, its impulses and its cost."""
    craft, goal = problem.departure(None, BEGIN, PHASE), problem.target(None, end)
    leave = craft[:, 3:] + [[0.011, 0.021, -0.004]]
    arc = solve_boundary(MU, E, BEGIN, craft[:, :3], leave, end, goal[:, :3], iterations=60)
    assert arc.status[0] == 0
    first = (arc.velocity - craft[:, 3:]) * speed_scale(E, BEGIN)[:, None]
    last = (goal - arc.arrival)[:, 3:] * speed_scale(E, end)[:, None]
    start = np.concatenate([craft[:, :3], arc.velocity], axis=1)
    return start, first, last, float(np.linalg.norm(first) + np.linalg.norm(last))


def with_impulse(problem, history, k, start, end, impulse):
    """The same arc, displaced at a node so far that an impulse is needed there."""
    middle, state = history.anomaly[:, k], history.states[:, k]
    variables = np.column_stack([BEGIN, PHASE, state[:, :3], middle, end])
    plain = close_legs(problem, np.arange(1), variables, start[:, 3:], state[:, 3:], flights=40)
    slopes = derivatives(problem, np.arange(1), plain)
    shift = np.einsum("nij,j->ni", inverse(slopes.impulses[:, 1, :, 2:5]), impulse)
    variables[:, 2:5] += shift
    found = close_legs(
        problem, np.arange(1), variables,
        plain.leave + np.einsum("nij,nj->ni", slopes.leave[..., 2:5], shift),
        plain.after + np.einsum("nij,nj->ni", slopes.after[..., 2:5], shift), flights=40,
    )  # fmt: skip
    assert found.solved.all()
    return found


@pytest.mark.parametrize("end", [2.0, 5.3])
def test_the_primer_foretells_what_a_small_impulse_changes(problem, end):
    # Lawden: the sum of impulses changes by |dv| - p . dv, whatever the instant and direction.
    stop = np.array([end])
    start, first, last, cost = two_impulses(problem, stop)
    history = primer_history(MU, E, BEGIN, start, stop, first, last)
    rng = np.random.default_rng(8)
    size = 1e-5
    for k in (8, 20, 40, 56):
        direction = rng.normal(size=3)
        impulse = size * direction / np.linalg.norm(direction)
        found = with_impulse(problem, history, k, start, stop, impulse)
        changed = float(sum_of_impulses(found, True)[0]) - cost
        # Two arcs closed to 1e-9 differ by that times the stiffness of the arc, some 1e-8.
        foretold = size - float(history.primer[0, k] @ impulse)
        assert changed == pytest.approx(foretold, abs=0.03 * size)


def test_the_primer_is_a_unit_vector_along_the_impulses_at_the_ends(problem):
    stop = np.array([5.3])
    start, first, last, _ = two_impulses(problem, stop)
    history = primer_history(MU, E, BEGIN, start, stop, first, last)
    for k, impulse in ((0, first), (-1, last)):
        np.testing.assert_allclose(
            history.primer[0, k], impulse[0] / np.linalg.norm(impulse), rtol=0, atol=1e-9
        )
    free = primer_history(MU, E, BEGIN, start, stop, first, np.zeros((1, 3)))
    assert free.size[0, -1] < 1e-9


def test_where_it_exceeds_one_a_third_impulse_helps(problem):
    stop = np.array([5.3])
    start, first, last, cost = two_impulses(problem, stop)
    history = primer_history(MU, E, BEGIN, start, stop, first, last)
    (place,), (longest,) = history.peak()
    assert longest > 1.05
    impulse = 0.05 * cost * history.primer[0, place] / longest
    found = with_impulse(problem, history, place, start, stop, impulse)
    # Dates held, so that nothing but the impulse can help.
    better, total = descend(
        problem, node_scheme(problem), found, rendezvous=True, free_phase=False,
        begin_bounds=(BEGIN[0], BEGIN[0]), tof_bounds=(stop[0] - BEGIN[0], stop[0] - BEGIN[0]),
        iterations=30,
    )  # fmt: skip
    assert total[0] < cost - 1e-4
    assert (better.miss < 1e-9).all()
    assert better.sizes[0, 1] > 1e-4
    again = primer_history(
        MU, E, better.middle, np.concatenate([better.node, better.after], axis=1), better.end,
        better.impulses[:, 1], better.impulses[:, 2],
    )  # fmt: skip
    assert again.peak()[1][0] < longest


def test_where_it_does_not_no_impulse_does(problem):
    # Over a short flight the primer runs straight from one unit vector to the other.
    stop = BEGIN + 0.4
    start, first, last, cost = two_impulses(problem, stop)
    history = primer_history(MU, E, BEGIN, start, stop, first, last)
    assert history.size.max() <= 1.0 + 1e-9
    rng = np.random.default_rng(4)
    for k in (16, 32, 48):
        for size in (1e-4, 1e-3):
            for direction in rng.normal(size=(6, 3)):
                impulse = size * direction / np.linalg.norm(direction)
                found = with_impulse(problem, history, k, start, stop, impulse)
                assert sum_of_impulses(found, True)[0] > cost - 1e-9
