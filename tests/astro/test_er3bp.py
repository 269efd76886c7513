"""The elliptic problem beside the circular one, Kepler's orbits and an inertial integration."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from survey.astro.cr3bp import libration_points, propagate_cr3bp
from survey.astro.cr3bp_lanes import ARRIVED, COLLIDED, NOT_FINITE
from survey.astro.er3bp import propagate_er3bp
from survey.astro.kepler import elements_to_state, propagate_kepler
from survey.astro.rotating import from_rotating, to_rotating

MU = 3.0542e-6
HALO = np.array([1.0110059685997803, 0, 0.0045638537751076817, 0, -0.011344790710813389, 0])


def primary(e, nu):
    """Lighter primary about the heavier on an ellipse of semi-latus rectum 1, GM 1."""
    r, rate = 1 / (1 + e * np.cos(nu)), 1.0
    zero = np.zeros_like(nu)
    position = np.stack((r * np.cos(nu), r * np.sin(nu), zero), axis=-1)
    velocity = rate * np.stack((-np.sin(nu), e + np.cos(nu), zero), axis=-1)
    return position, velocity


def time_since_periapsis(e, nu):
    """Of the same ellipse, whole turns included."""
    turns = np.round(nu / (2 * np.pi))
    half = (nu - 2 * np.pi * turns) / 2
    anomaly = 2 * np.arctan(np.sqrt((1 - e) / (1 + e)) * np.tan(half)) + 2 * np.pi * turns
    return (anomaly - e * np.sin(anomaly)) * (1 - e * e) ** -1.5


def test_without_eccentricity_it_is_the_circular_problem():
    states = HALO + np.random.default_rng(0).normal(size=(50, 6)) * 1e-4
    for stm in (False, True):
        found = propagate_er3bp(MU, 0.0, states, 0.7, 0.7 + np.pi, stm=stm)
        expected = propagate_cr3bp(MU, states, np.pi, stm=stm)
        assert (found[-1] == ARRIVED).all()
        np.testing.assert_allclose(found[0], expected[0], rtol=0, atol=1e-12)
        if stm:
            assert np.abs(found[1] - expected[1]).max() < 1e-12 * np.abs(expected[1]).max() ** 2


@pytest.mark.parametrize("e", [0.0, 0.0167, 0.3, 0.9])
def test_libration_points_stay(e):
    points = np.concatenate((libration_points(0.01215), np.zeros((5, 3))), axis=1)
    final, status = propagate_er3bp(0.01215, e, points, -0.4, 1.5)
    assert (status == ARRIVED).all()
    # 1e-16 at the start grows along the unstable direction, faster the more eccentric.
    np.testing.assert_allclose(final, points, rtol=0, atol=3e-14 / (1 - e))


@pytest.mark.parametrize("e", [0.0, 0.0167, 0.4])
def test_kepler_orbits_are_solutions(e):
    """With a massless lighter primary a body stays on its own conic about the heavier one."""
    nu0, nu = 0.3, np.array([0.5, 2.0, 6.0, -1.0])
    r0, v0 = elements_to_state(1.0, 1.3, 0.2, 0.3, 1.0, 2.0, 0.5)
    start = to_rotating(r0, v0, *primary(e, np.array(nu0)), 0.0)
    final, status = propagate_er3bp(0.0, e, start, nu0, nu)
    assert (status == ARRIVED).all()
    r, v = from_rotating(final, *primary(e, nu), 0.0)
    dt = time_since_periapsis(e, nu) - time_since_periapsis(e, nu0)
    expected_r, expected_v = propagate_kepler(1.0, r0, v0, dt)
    np.testing.assert_allclose(r, expected_r, rtol=0, atol=2e-12)
    np.testing.assert_allclose(v, expected_v, rtol=0, atol=2e-12)


def test_beside_an_inertial_integration():
    """Two primaries on their ellipses, Newton's law in axes at rest, and back into the frame."""
    mu, e, nu0, nu = 0.01215, 0.2, 0.5, 3.0
    start = np.array([0.8, 0.1, 0.05, 0.1, 0.2, -0.1])
    final, phi, status = propagate_er3bp(mu, e, start, nu0, nu, stm=True)
    assert status == ARRIVED

    r2, v2 = primary(e, np.array(nu0))
    r, v = from_rotating(start, r2, v2, mu)

    def motion(_, y):
        # Relative to the heavier primary, which itself falls towards the lighter.
        r, v, second, second_v = y.reshape(4, 3)
        apart = second - r
        d2 = np.linalg.norm(second)
        pull = mu * (apart / np.linalg.norm(apart) ** 3 - second / d2**3)
        gravity = -(1 - mu) * r / np.linalg.norm(r) ** 3 + pull
        return np.concatenate((v, gravity, second_v, -second / d2**3))

    dt = time_since_periapsis(e, nu) - time_since_periapsis(e, nu0)
    begin = np.concatenate((r, v, r2, v2))
    end = solve_ivp(motion, (0, dt), begin, method="DOP853", rtol=1e-13, atol=1e-15).y[:, -1]
    expected = to_rotating(*end.reshape(4, 3), mu)
    np.testing.assert_allclose(final, expected, rtol=0, atol=1e-11)

    step = 1e-6
    for column in range(6):
        move = np.eye(6)[column] * step
        ends = [propagate_er3bp(mu, e, start + s * move, nu0, nu)[0] for s in (1, -1)]
        slope = (ends[0] - ends[1]) / (2 * step)
        assert np.abs(slope - phi[:, column]).max() < 1e-7 * np.abs(phi).max()


def test_there_and_back_and_in_parts():
    middle, _ = propagate_er3bp(MU, 0.0167, HALO, 5.0, 6.0)
    final, _ = propagate_er3bp(MU, 0.0167, middle, 6.0, 8.0)
    whole, _ = propagate_er3bp(MU, 0.0167, HALO, 5.0, 8.0)
    np.testing.assert_allclose(final, whole, rtol=0, atol=1e-12)
    back, _ = propagate_er3bp(MU, 0.0167, whole, 8.0, 5.0)
    # Each way makes a hundredfold of the error of a step.
    np.testing.assert_allclose(back, HALO, rtol=0, atol=1e-10)
    # The right-hand side repeats after a turn.
    later, _ = propagate_er3bp(MU, 0.0167, HALO, 5.0 + 2 * np.pi, 8.0 + 2 * np.pi)
    np.testing.assert_allclose(later, whole, rtol=0, atol=1e-12)


def test_shapes_and_failures():
    final, phi, status = propagate_er3bp(
        MU, [0.0, 0.1, 1.0, -0.1, np.nan], HALO, [[0.0], [1.0]], 2.0, stm=True
    )
    assert final.shape == (2, 5, 6) and phi.shape == (2, 5, 6, 6)
    assert (status == [ARRIVED, ARRIVED, NOT_FINITE, NOT_FINITE, NOT_FINITE]).all()
    assert np.isnan(final[:, 2:]).all() and np.isfinite(final[:, :2]).all()
    _, status = propagate_er3bp(MU, 0.1, [1 - MU - 1e-4, 0, 0, 0, 0, 0], 0.0, 0.3)
    assert status == COLLIDED
