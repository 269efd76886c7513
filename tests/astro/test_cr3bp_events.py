"""Events: met exactly, none missed, none invented."""

import numpy as np
import pytest

from survey.astro.cr3bp import propagate_cr3bp, sample_cr3bp
from survey.astro.cr3bp_events import apoapsis, periapsis, plane, propagate_to_event, sphere
from survey.astro.cr3bp_flow import RADII
from survey.astro.cr3bp_lanes import ARRIVED, COLLIDED, NO_EVENT, NOT_FINITE

MU = 3.0542e-6
# JPL periodic-orbit service, API 1.0, Sun-Earth L2 northern halo, id 1197.
HALO = np.array([1.0110059685997803, 0, 0.0045638537751076817, 0, -0.011344790710813389, 0])
PERIOD = 3.0803024932763416


def near_halo(n, spread, seed=1):
    return HALO + np.random.default_rng(seed).normal(size=(n, 6)) * spread


def test_half_a_halo():
    """It crosses y = 0 after half its period, at a right angle, and again after the whole."""
    when, state, phi, status = propagate_to_event(MU, HALO, plane("y"), 4.0, stm=True)
    assert status == ARRIVED
    assert when == pytest.approx(PERIOD / 2, abs=1e-12)
    np.testing.assert_allclose(state[[1, 3, 5]], 0, atol=1e-12)
    final, matrix, _ = propagate_cr3bp(MU, HALO, when, stm=True)
    np.testing.assert_allclose(state, final, rtol=0, atol=1e-13)
    assert np.abs(phi - matrix).max() < 1e-12 * np.abs(matrix).max()
    for direction, count, expected in ((1, 1, 0.5), (-1, 1, 1.0), (0, 2, 1.0)):
        for sign in (1, -1):
            found, _, _ = propagate_to_event(
                MU, HALO, plane("y", direction=direction), sign * 4.0, count=count
            )
            # Twice round, an error of 1e-15 grows by the thousand.
            assert found / PERIOD == pytest.approx(sign * expected, abs=1e-11)


def test_events_are_met_exactly():
    states = near_halo(500, 1e-3)
    middle = np.array([1 - MU, 0, 0])
    cases = [
        (plane("x", 1.008), lambda s: s[:, 0] - 1.008),
        (plane("y", 1e-3, direction=1), lambda s: s[:, 1] - 1e-3),
        (plane("z", -1e-3), lambda s: s[:, 2] + 1e-3),
        (sphere(2, 0.009), lambda s: np.linalg.norm(s[:, :3] - middle, axis=1) - 0.009),
        (sphere(1, 1.01), lambda s: np.linalg.norm(s[:, :3] + [MU, 0, 0], axis=1) - 1.01),
        (periapsis(2), lambda s: np.sum((s[:, :3] - middle) * s[:, 3:], axis=1)),
        (apoapsis(1), lambda s: np.sum((s[:, :3] + [MU, 0, 0]) * s[:, 3:], axis=1)),
    ]
    for event, function in cases:
        when, found, status = propagate_to_event(MU, states, event, 3.0)
        met = status == ARRIVED
        assert met.sum() > 100, event
        assert np.isnan(when[~met]).all() and np.isnan(found[~met]).all()
        assert np.abs(function(found[met])).max() < 1e-15 * 4
        assert (when[met] > 0).all() and (when[met] <= 3).all()
        final, _ = propagate_cr3bp(MU, states[met], when[met])
        # After a close passage of the Earth the paths of two step sequences part.
        assert np.median(np.abs(final - found[met]).max(axis=1)) < 1e-13
        assert np.abs(final - found[met]).max() < 1e-9
        # No earlier one was missed: the sign before the event does not change.
        k = np.flatnonzero(met)[:40]
        grid = np.linspace(1e-3, 0.999, 60)
        for n in k:
            path, _ = sample_cr3bp(MU, states[n], grid * when[n])
            signs = np.sign(function(path))
            if event.direction == 0:
                assert (signs == signs[0]).all()
            else:
                assert not np.any(np.diff(signs) * event.direction > 0)


def test_apsides_are_extremes():
    states = near_halo(50, 1e-3)
    for event, place, sign in (
        (periapsis(1), -MU, 1), (apoapsis(1), -MU, -1),
        (periapsis(2), 1 - MU, 1), (apoapsis(2), 1 - MU, -1),
    ):  # fmt: skip
        when, _, status = propagate_to_event(MU, states, event, 3.0)
        met = status == ARRIVED
        assert met.sum() > 10
        around = when[met, None] + [-0.01, 0.0, 0.01]
        path, _ = propagate_cr3bp(MU, states[met, None], around)
        distance = np.linalg.norm(path[..., :3] - [place, 0, 0], axis=-1)
        assert (sign * (distance[:, [0, 2]] - distance[:, [1]]) > 0).all()


def test_event_values_broadcast_and_may_not_come():
    values = np.array([[1.0105], [1.012], [5.0]])
    when, state, status = propagate_to_event(MU, near_halo(4, 1e-5), plane("x", values), 1.0)
    assert status.shape == (3, 4)
    assert (status[0] == ARRIVED).all() and (status[2] == NO_EVENT).all()
    np.testing.assert_allclose(state[0, :, 0], 1.0105, rtol=0, atol=1e-15)
    assert np.isnan(when[2]).all()
    _, _, status = propagate_to_event(MU, [HALO, HALO * np.nan], plane("y"), [1e-7, 1.0])
    assert status.tolist() == [NO_EVENT, NOT_FINITE]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_fall_ends_at_the_surface(sign):
    fall = np.array([1 - MU - 1e-4, 0, 0, 0, 0, 0])
    when, place, _ = propagate_to_event(MU, fall, sphere(2, RADII[1] * (1 + 1e-9)), sign * 0.3)
    assert np.linalg.norm(place[:3] - [1 - MU, 0, 0]) == pytest.approx(RADII[1], rel=2e-9)
    _, status = propagate_cr3bp(MU, fall, when)
    assert status == ARRIVED
    _, _, status = propagate_to_event(MU, fall, plane("z", 1.0), sign * 0.3)
    assert status == COLLIDED


def test_bad_arguments_teach():
    for call in (
        lambda: plane("w"), lambda: plane("x", direction=2), lambda: periapsis(3),
        lambda: propagate_to_event(MU, HALO, plane("y"), 1.0, count=0),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="was given as"):
            call()
