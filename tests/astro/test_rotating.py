"""The pulsating frame: what it does to circles, fixed points and derivatives."""

import numpy as np

from survey.astro.cr3bp import inertial_to_rotating
from survey.astro.kepler import elements_to_state, propagate_kepler
from survey.astro.rotating import frame_scales, from_rotating, to_rotating

MU = 0.2
GM = 1.32712440041279419e11
RNG = np.random.default_rng(5)


def random_case(n=1000):
    """Lighter primaries on Earth-like orbits, km and km/s, and bodies around."""
    angles = RNG.uniform(0, 2 * np.pi, (3, n))
    inclination = RNG.uniform(0, np.pi, n)
    r2, v2 = elements_to_state(GM, 1.5e8, RNG.uniform(0, 0.5, n), inclination, *angles)
    r = r2 + RNG.normal(size=(n, 3)) * 1e8
    v = v2 + RNG.normal(size=(n, 3)) * 10
    return r, v, r2, v2


def test_round_trip():
    r, v, r2, v2 = random_case()
    mu = RNG.uniform(0, 0.5, len(r))
    state = to_rotating(r, v, r2, v2, mu)
    back_r, back_v = from_rotating(state, r2, v2, mu)
    assert (np.abs(back_r - r).max(axis=1) < 1e-13 * np.linalg.norm(r2, axis=1)).all()
    assert np.abs(back_v - v).max() < 1e-13 * 100
    again = to_rotating(back_r, back_v, r2, v2, mu)
    # Near periapsis of a wide orbit dw is large, and far bodies have large coordinates.
    assert np.abs(again - state).max() < 1e-13 * np.abs(state).max()


def test_primaries_and_points_of_the_axis_stand_still():
    """A point fixed on the axis moves like the lighter primary, in proportion."""
    _, _, r2, v2 = random_case()
    np.testing.assert_allclose(
        to_rotating(r2, v2, r2, v2, MU), np.tile([1 - MU, 0, 0, 0, 0, 0], (len(r2), 1)),
        rtol=0, atol=1e-14,
    )  # fmt: skip
    heavier = to_rotating(np.zeros(3), np.zeros(3), r2, v2, MU)
    np.testing.assert_allclose(heavier, np.tile([-MU, 0, 0, 0, 0, 0], (len(r2), 1)), atol=1e-14)
    r, v = from_rotating([1.01, 0, 0, 0, 0, 0], r2, v2, MU)
    np.testing.assert_allclose(r, (1.01 + MU) * r2, rtol=0, atol=1e-14 * 1.5e8 * 5)
    np.testing.assert_allclose(v, (1.01 + MU) * v2, rtol=0, atol=1e-14 * 100)


def test_circles_give_the_classical_frame():
    """Lighter primary on the unit circle: the rotating frame of the circular problem."""
    t = np.linspace(-5, 5, 21)
    zero = np.zeros_like(t)
    r2 = np.stack((np.cos(t), np.sin(t), zero), axis=-1)
    v2 = np.stack((-np.sin(t), np.cos(t), zero), axis=-1)
    barycentric = RNG.normal(size=(21, 6))
    heavier = np.concatenate((-MU * r2, -MU * v2), axis=-1)
    relative = barycentric - heavier
    found = to_rotating(relative[:, :3], relative[:, 3:], r2, v2, MU)
    np.testing.assert_allclose(found, inertial_to_rotating(barycentric, t), rtol=0, atol=3e-15)
    d, w = frame_scales(r2, v2)
    np.testing.assert_allclose(d, 1, rtol=0, atol=3e-16)
    np.testing.assert_allclose(w, 1, rtol=0, atol=1e-15)


def test_rates_are_derivatives_by_the_true_longitude():
    """Central differences along two conics, the angle advanced by that of the position."""
    r2, v2 = elements_to_state(GM, 1.5e8, 0.1, 0.4, 1.0, 2.0, 0.7)
    r, v = elements_to_state(GM, 2.1e8, 0.3, 0.2, 3.0, 1.0, 0.1)
    moments = np.array([-2000.0, 0.0, 2000.0])
    second_r, second_v = propagate_kepler(GM, r2, v2, moments)
    body_r, body_v = propagate_kepler(GM, r, v, moments)
    state = to_rotating(body_r, body_v, second_r, second_v, MU)
    cosine = np.sum(second_r[0] * second_r[2]) / np.prod(np.linalg.norm(second_r[[0, 2]], axis=1))
    sine = np.linalg.norm(np.cross(second_r[0], second_r[2]))
    turn = np.arctan2(sine / np.prod(np.linalg.norm(second_r[[0, 2]], axis=1)), cosine)
    # The third derivatives, of order 1, times the square of 4e-4.
    np.testing.assert_allclose(
        (state[2, :3] - state[0, :3]) / turn, state[1, 3:], rtol=0, atol=3e-7
    )
    _, w = frame_scales(r2, v2)
    assert abs(turn / 4000.0 / w - 1) < 1e-7
