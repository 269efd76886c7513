"""Steps within reach: against the plain answer, a bound, and a valley that bends."""

from __future__ import annotations

import numpy as np
import pytest

from survey.astro.trust_region import Curvature, step_within_reach


def length(move):
    return np.linalg.norm(move, axis=1)


def problems(count=5, residuals=8, variables=7):
    rng = np.random.default_rng(1)
    return rng.normal(size=(count, residuals, variables)), rng.normal(size=(count, residuals))


def plain(count, variables=7):
    return np.zeros((count, variables, variables)), np.zeros(count, dtype=bool)


def test_far_from_the_limits_the_step_is_that_of_least_squares():
    rows, residual = problems()
    move, used, promised = step_within_reach(rows, residual, *plain(5), np.full(5, 1e6), length)
    for k in range(5):
        wanted = np.linalg.lstsq(rows[k], -residual[k], rcond=None)[0]
        np.testing.assert_allclose(move[k], wanted, rtol=1e-6, atol=1e-6)
        gain = residual[k] @ residual[k] - np.sum((residual[k] + rows[k] @ wanted) ** 2)
        assert promised[0][k] == pytest.approx(gain, rel=1e-6)
    np.testing.assert_allclose(used, length(move))


def test_a_step_stays_within_reach_and_beats_the_one_cut_short():
    rows, residual = problems()
    rows /= np.linalg.norm(rows, axis=1)[:, None]  # so that the step's own measure is this one
    reach = np.full(5, 0.05)
    move, used, promised = step_within_reach(rows, residual, *plain(5), reach, length)
    assert (length(move) <= 1.0001 * reach).all()
    assert (used <= reach).all()
    whole, _, _ = step_within_reach(rows, residual, *plain(5), np.full(5, 1e6), length)
    short = whole * (length(move) / length(whole))[:, None]
    assert (length(move) > 0.1 * reach).all()
    for k in range(5):
        left = [np.sum((residual[k] + rows[k] @ step[k]) ** 2) for step in (move, short)]
        assert left[0] < left[1]
        assert promised[0][k] == pytest.approx(residual[k] @ residual[k] - left[0], rel=1e-6)


def test_units_of_the_variables_do_not_matter():
    rows, residual = problems()
    units = 10.0 ** np.arange(-4, 3)
    reach = np.full(5, 0.3)
    one, _, _ = step_within_reach(rows, residual, *plain(5), reach, length)
    two, _, _ = step_within_reach(
        rows / units, residual, *plain(5), reach, lambda move: length(move / units)
    )
    np.testing.assert_allclose(two / units, one, rtol=1e-6, atol=1e-10)


def valley(x):
    """Residuals that do not vanish at the least sum, and their derivatives: [Rosenbrock] and 3."""
    a, b = x[:, 0], x[:, 1]
    residual = np.stack([10 * (b - a * a), 1 - a, 3.0 + 0.5 * a * b], axis=1)
    one = np.ones_like(a)
    rows = np.stack(
        [
            np.stack([-20 * a, 10 * one], axis=1),
            np.stack([-one, 0 * one], axis=1),
            np.stack([0.5 * b, 0.5 * a], axis=1),
        ],
        axis=1,
    )
    return residual, rows


def descend(x, steps, *, learn):
    curve, reach = Curvature(len(x), 2, 3), np.ones(len(x))
    index = np.arange(len(x))
    for _ in range(steps):
        residual, rows = valley(x)
        if learn:
            curve.learn(index, rows, residual)
        move, used, promised = step_within_reach(
            rows, residual, curve.matrix, curve.trusted, reach, length
        )
        gain = np.sum(residual**2, axis=1) - np.sum(valley(x + move)[0] ** 2, axis=1)
        better = gain > 0
        curve.note(index, rows, residual, move, better)
        kept = gain / np.where(curve.trusted, promised[1], promised[0])
        curve.trusted = learn & (np.abs(promised[1] - gain) < np.abs(promised[0] - gain))
        x = np.where(better[:, None], x + move, x)
        grown = np.where(kept < 0.25, 0.5 * used, np.where(kept > 0.6, 2.0 * used, used))
        reach = np.where(better, grown, 0.25 * used)
    return x


def test_learnt_curvature_leads_faster_to_a_least_sum_that_is_not_zero():
    start = np.array([[-1.2, 1.0], [2.0, -1.0], [0.3, 2.0], [-0.5, -1.5]])
    with_it, without = (descend(start, 25, learn=learn) for learn in (True, False))
    slopes = [
        np.abs(np.einsum("nki,nk->ni", rows, residual)).max()
        for residual, rows in (valley(with_it), valley(without))
    ]
    assert slopes[0] < 1e-6  # a stationary point, to the last digits that matter
    assert slopes[0] < 1e-3 * slopes[1]


def test_the_learnt_matrix_maps_the_last_step_to_what_least_squares_missed():
    rng = np.random.default_rng(2)
    curve, index = Curvature(4, 2, 3), np.arange(4)
    x = rng.normal(size=(4, 2))
    residual, rows = valley(x)
    move = 0.1 * rng.normal(size=(4, 2))
    taken = np.array([True, True, True, False])
    curve.note(index, rows, residual, move, taken)
    new, new_rows = valley(x + move)
    curve.learn(index, new_rows, new)
    wanted = np.einsum("nki,nk->ni", new_rows - rows, new)
    mapped = np.einsum("nij,nj->ni", curve.matrix, move)
    np.testing.assert_allclose(mapped[:3], wanted[:3], rtol=1e-9, atol=1e-12)
    assert (curve.matrix[3] == 0.0).all()
    np.testing.assert_allclose(curve.matrix, np.swapaxes(curve.matrix, 1, 2), atol=1e-12)
