"""The least impulse under conditions: problems whose answer can be written down."""

from __future__ import annotations

import numpy as np
import pytest

from survey.astro.least_impulse import descend

IMPULSE = slice(0, 2)


def circle(z, _rows):
    """A circle of radius 1 about (3, 4): its nearest point lies 4 from the origin."""
    away = z[:, :2] - [3.0, 4.0]
    slope = np.zeros((len(z), 1, 3))
    slope[:, 0, :2] = 2.0 * away
    return np.sum(away * away, axis=1)[:, None] - 1.0, slope


def test_a_curved_condition():
    starts = np.array([[4.0, 5.0, 0.0], [2.0, 4.5, 1.0], [30.0, -20.0, 2.0]])
    done = descend(circle, starts, 2.0, IMPULSE, iterations=100)
    assert done.closed.all()
    assert done.z[:, :2] == pytest.approx(np.tile([2.4, 3.2], (3, 1)), abs=0.02)
    assert np.linalg.norm(done.z[:, :2], axis=1) == pytest.approx(4.0, abs=1e-3)


def test_linear_conditions_give_the_solution_of_least_norm():
    draw = np.random.default_rng(4)
    matrix, right = draw.normal(size=(2, 5)), draw.normal(size=2)

    def evaluate(z, rows):
        return z @ matrix.T - right, np.broadcast_to(matrix, (len(rows), 2, 5))

    done = descend(evaluate, draw.normal(size=(6, 5)), 1.0, slice(0, 5))
    assert done.closed.all()
    assert done.z == pytest.approx(np.tile(np.linalg.pinv(matrix) @ right, (6, 1)), abs=1e-3)


def test_bounds_ceiling_and_what_cannot_be_satisfied():
    bounded = descend(circle, [[4.0, 5.0, 0.0]], 2.0, IMPULSE, lower=[2.7, -9.0, -9.0])
    assert bounded.closed.all()
    assert bounded.z[0, 0] >= 2.7
    left = descend(circle, [[4.0, 5.0, 0.0]], 2.0, IMPULSE, ceiling=0.1)  # not moved along
    assert left.closed.all()
    assert np.linalg.norm(left.z[0, :2]) > 4.5

    def never(z, _rows):
        c, slope = circle(z, None)
        return c + 2.0, slope  # a square that is to be negative

    def broken(z, _rows):
        c, slope = circle(z, None)
        return c * np.nan, slope

    assert not descend(never, [[4.0, 5.0, 0.0]], 2.0, IMPULSE).closed.any()
    assert np.isinf(descend(broken, [[4.0, 5.0, 0.0]], 2.0, IMPULSE).violation).all()


def test_problems_do_not_disturb_one_another():
    seen = []

    def evaluate(z, rows):
        seen.append(rows)
        c, slope = circle(z - np.eye(3)[2] * rows[:, None], rows)
        return c * (1.0 + rows)[:, None], slope * (1.0 + rows)[:, None, None]

    starts = np.array([[4.0, 5.0, 0.0], [2.4, 3.2, 0.0], [3.0, 5.5, 0.0]])
    together = descend(evaluate, starts, 2.0, IMPULSE)
    assert together.closed.all()
    assert min(len(rows) for rows in seen) < 3  # who has arrived is left alone
    assert np.linalg.norm(together.z[:, :2], axis=1) == pytest.approx(4.0, abs=0.01)
