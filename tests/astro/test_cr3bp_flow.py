"""Trajectories of the circular problem beside other integrators, and at the edges."""

import json
from concurrent.futures import ThreadPoolExecutor

import mpmath
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from survey.astro.cr3bp import (
    equations_of_motion,
    inertial_to_rotating,
    libration_points,
    propagate_cr3bp,
    rotating_to_inertial,
    sample_cr3bp,
    variational_matrix,
)
from survey.astro.cr3bp_flow import STATUS
from survey.astro.cr3bp_lanes import ARRIVED, COLLIDED, NOT_FINITE

MU = 3.0542e-6
# JPL periodic-orbit service, API 1.0, Sun-Earth L2 northern halo, id 1197.
HALO = np.array([1.0110059685997803, 0, 0.0045638537751076817, 0, -0.011344790710813389, 0])
PERIOD = 3.0803024932763416
STM = [False, "velocity", True]


def near_halo(n, spread=1e-4, seed=1):
    return HALO + np.random.default_rng(seed).normal(size=(n, 6)) * spread


def by_dop853(mu, state, t):
    """State and transition matrix by scipy's integrator, on the equations spelled out for numpy."""

    def motion(_, y):
        phi = variational_matrix(mu, y[:6]) @ y[6:].reshape(6, 6)
        return np.concatenate((equations_of_motion(mu, y[:6]), phi.ravel()))

    start = np.concatenate((state, np.eye(6).ravel()))
    end = solve_ivp(motion, (0, t), start, method="DOP853", rtol=1e-13, atol=1e-15).y[:, -1]
    return end[:6], end[6:].reshape(6, 6)


def test_equations_are_those_of_the_potential():
    """The acceleration is Coriolis plus the gradient of U, differentiated by 40-digit mpmath."""
    with mpmath.workdps(40):
        mu, place = mpmath.mpf("0.0121"), [mpmath.mpf(x) for x in ("0.81", "0.13", "-0.27")]

        def potential(x, y, z):
            r1 = mpmath.sqrt((x + mu) ** 2 + y**2 + z**2)
            r2 = mpmath.sqrt((x - 1 + mu) ** 2 + y**2 + z**2)
            return (x * x + y * y) / 2 + (1 - mu) / r1 + mu / r2

        def derivative(*orders):
            return float(mpmath.diff(potential, place, orders))

        slopes = np.array([derivative(*row) for row in np.eye(3, dtype=int).tolist()])
        units = np.eye(3, dtype=int)
        curvature = np.array([[derivative(*(a + b).tolist()) for a in units] for b in units])
    state = np.array([0.81, 0.13, -0.27, 0.3, -0.2, 0.5])
    found = equations_of_motion(0.0121, state)
    np.testing.assert_array_equal(found[:3], state[3:])
    expected = slopes + np.array([2 * state[4], -2 * state[3], 0])
    np.testing.assert_allclose(found[3:], expected, rtol=0, atol=4e-15)
    matrix = variational_matrix(0.0121, state)
    np.testing.assert_allclose(matrix[3:, :3], curvature, rtol=0, atol=4e-14)
    np.testing.assert_array_equal(matrix[:3], np.eye(6)[3:])
    np.testing.assert_array_equal(matrix[3:, 3:], [[0, 2, 0], [-2, 0, 0], [0, 0, 0]])


@pytest.mark.parametrize("mu", [MU, 0.01215])
def test_beside_dop853(mu):
    rng = np.random.default_rng(3)
    start = np.concatenate((libration_points(mu)[1], np.zeros(3)))
    # Small, so that none comes near a primary, where DOP853 itself keeps no more than 1e-10.
    start = start + rng.normal(size=(6, 6)) * 3e-5
    found, phi, status = propagate_cr3bp(mu, start, 2.0, stm=True)
    assert (status == ARRIVED).all()
    for k in range(len(start)):
        expected, matrix = by_dop853(mu, start[k], 2.0)
        # Two integrators of 1e-13 differ by what the path makes of a first error: |Φ| times it.
        size = np.abs(matrix).max()
        assert np.abs(found[k] - expected).max() < 1e-13 * size
        assert np.abs(phi[k] - matrix).max() < 1e-11 * size


def test_beside_automatic_differentiation():
    """Φ from heyoka's own variational equations, in extended precision."""
    import heyoka as hy

    real = np.longdouble
    x, y, z, u, v, w = names = hy.make_vars("x", "y", "z", "u", "v", "w")
    mu = real(MU)
    r1 = hy.sqrt((x + mu) ** 2 + y**2 + z**2)
    r2 = hy.sqrt((x - (1 - mu)) ** 2 + y**2 + z**2)
    potential = (x**2 + y**2) / real(2) + (1 - mu) / r1 + mu / r2
    motion = [(x, u), (y, v), (z, w)]
    motion += [(u, 2 * v + hy.diff(potential, x)), (v, -2 * u + hy.diff(potential, y))]
    motion += [(w, hy.diff(potential, z))]
    truth = hy.taylor_adaptive(
        hy.var_ode_sys(motion, names, order=1), HALO.astype(real), tol=real(1e-18),
        fp_type=real, compact_mode=True,
    )  # fmt: skip
    truth.propagate_until(real(PERIOD))
    expected = np.array(truth.state, dtype=float)
    for stm in STM:
        final, *phi, status = propagate_cr3bp(MU, HALO, PERIOD, stm=stm)
        assert status == ARRIVED
        # One rounding at the start is 1e-16, and Φ makes a thousand of it.
        assert np.abs(final - expected[:6]).max() < 2e-12
        if phi:
            matrix = expected[6:].reshape(6, 6)[:, -phi[0].shape[-1] :]
            assert np.abs(phi[0] - matrix).max() < 3e-12 * np.abs(matrix).max()


@pytest.mark.parametrize("stm", ["velocity", True])
def test_transition_matrix_is_the_slope(stm):
    start = near_halo(20)
    _, phi, _ = propagate_cr3bp(MU, start, 2.5, stm=stm)
    step = 1e-8
    for column in range(phi.shape[-1]):
        move = np.zeros(6)
        move[column + 6 - phi.shape[-1]] = step
        ends = [propagate_cr3bp(MU, start + s * move, 2.5, tolerance=1e-15)[0] for s in (1, -1)]
        slope = (ends[0] - ends[1]) / (2 * step)
        # The third derivatives of the flow, some 1e12 here, times the square of the step.
        assert np.abs(slope - phi[..., column]).max() < 1e-6 * np.abs(phi).max()


def test_jpl_orbits_close(shared_data):
    path = shared_data / "periodic_orbits" / "sun_earth_halo_L2_N_5_members.json"
    answer = json.loads(path.read_text())
    states = np.array([member["state"] for member in answer["members"]])
    periods = np.array([member["period"] for member in answer["members"]])
    final, phi, status = propagate_cr3bp(answer["mass_ratio"], states, periods, stm=True)
    assert (status == ARRIVED).all()
    # The third of JPL's states does not close better in extended precision; the others do.
    assert (np.abs(final - states).max(axis=1) < [2e-12, 1e-12, 1.2e-11, 1e-12, 1e-12]).all()
    largest = np.abs(np.linalg.eigvals(phi)).max(axis=-1)
    index = (largest + 1 / largest) / 2
    expected = [member["stability"] for member in answer["members"]]
    np.testing.assert_allclose(index, expected, rtol=0, atol=1e-2)


def test_shapes_broadcast():
    states = near_halo(12).reshape(3, 4, 6)
    for t, shape in ((1.0, (3, 4)), (np.ones(4), (3, 4)), (np.ones((2, 1, 1)), (2, 3, 4))):
        final, status = propagate_cr3bp(MU, states, t)
        assert final.shape == (*shape, 6) and status.shape == shape and status.dtype == np.int8
    final, phi, status = propagate_cr3bp([MU, 0.01], HALO, [[0.1], [0.2], [-0.3]], stm="velocity")
    assert final.shape == (3, 2, 6) and phi.shape == (3, 2, 6, 3) and status.shape == (3, 2)
    alone, slope, _ = propagate_cr3bp(0.01, HALO, -0.3, stm="velocity")
    np.testing.assert_array_equal(alone, final[2, 1])
    np.testing.assert_array_equal(slope, phi[2, 1])
    empty, _ = propagate_cr3bp(MU, np.zeros((0, 6)), 1.0)
    assert empty.shape == (0, 6)


def test_a_trajectory_does_not_depend_on_its_neighbours():
    """Whatever the lane, the round, or what happens next door."""
    states = near_halo(300, 2e-3)
    states[7] = np.nan
    states[11, :3] = 1 - MU, 0, 0
    times = np.random.default_rng(0).uniform(-4, 4, 300)
    final, status = propagate_cr3bp(MU, states, times)
    assert {ARRIVED, COLLIDED, NOT_FINITE} <= set(status.tolist())
    order = np.random.default_rng(1).permutation(300)
    again, codes = propagate_cr3bp(MU, states[order], times[order])
    np.testing.assert_array_equal(codes, status[order])
    # A round may split a step in two, which moves the end by the error of a step.
    close = np.abs(again - final[order]) < 1e-9
    assert (close | np.isnan(again)).all()
    for k in (0, 7, 11, 50):
        alone, code = propagate_cr3bp(MU, states[k], times[k])
        assert code == status[k]
        np.testing.assert_allclose(alone, final[k], rtol=0, atol=1e-9)


def test_no_time_and_no_motion():
    final, phi, status = propagate_cr3bp(MU, HALO, 0.0, stm=True)
    assert status == ARRIVED
    np.testing.assert_array_equal(final, HALO)
    np.testing.assert_array_equal(phi, np.eye(6))
    points = np.concatenate((libration_points(0.3), np.zeros((5, 3))), axis=1)
    final, _ = propagate_cr3bp(0.3, points, 1.0)
    np.testing.assert_allclose(final, points, rtol=0, atol=2e-14)


@pytest.mark.parametrize(
    "bad",
    [np.full(6, np.nan), np.full(6, np.inf), [1e200, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, np.nan]],
)
def test_rows_that_are_not_finite(bad):
    states = np.stack((HALO, bad, HALO))
    final, phi, status = propagate_cr3bp(MU, states, 1.0, stm=True)
    assert status.tolist() == [ARRIVED, NOT_FINITE, ARRIVED]
    assert np.isnan(final[1]).all() and np.isnan(phi[1]).all()
    assert np.isfinite(final[::2]).all() and np.isfinite(phi[::2]).all()
    path, status = sample_cr3bp(MU, states, [0.0, 1.0])
    assert status.tolist() == [ARRIVED, NOT_FINITE, ARRIVED] and np.isnan(path[1]).all()


def test_bad_constants_and_times():
    _, status = propagate_cr3bp([np.nan, MU, MU, MU], HALO, [1, np.nan, np.inf, 1])
    assert status.tolist() == [NOT_FINITE] * 3 + [ARRIVED]
    assert set(STATUS) >= set(range(5))


@pytest.mark.parametrize("sign", [1, -1])
def test_collisions(sign):
    """Falling on the Earth from rest, and on the Sun; forwards and backwards alike."""
    falls = np.array([[1 - MU - 1e-4, 0, 0, 0, 0, 0], [0.02, 0, 0, 0, -0.02, 0], HALO])
    final, status = propagate_cr3bp(MU, falls, sign * 0.3)
    assert status.tolist() == [COLLIDED, COLLIDED, ARRIVED]
    assert np.isnan(final[:2]).all()
    # With points for primaries the first passes by, for the frame turns under it.
    _, status = propagate_cr3bp(MU, falls[0], sign * 0.001, radii=(0.0, 0.0))
    assert status == ARRIVED
    path, status = sample_cr3bp(MU, falls, sign * np.array([0.0, 1e-5, 0.3]))
    assert status.tolist() == [COLLIDED, COLLIDED, ARRIVED]
    assert np.isfinite(path[:2, :2]).all() and np.isnan(path[:2, 2]).all()
    # Inside already: whatever the time, and whichever the primary.
    under = np.array([[1 - MU + 3e-5, 0, 0, 0, 0, 0], [-MU, 4e-3, 0, 0, 0, 0]])
    for t in (0.0, sign * 1e-6):
        assert propagate_cr3bp(MU, under, t)[1].tolist() == [COLLIDED, COLLIDED]


def test_samples_lie_on_the_path():
    states = near_halo(20)
    for times in ([0.0, 0.5, 2.0], [-1.0, -2.5], [0.3], [0.0]):
        path, phi, status = sample_cr3bp(MU, states, times, stm=True)
        assert path.shape == (20, len(times), 6) and (status == ARRIVED).all()
        final, matrix, _ = propagate_cr3bp(MU, states[:, None], times, stm=True)
        np.testing.assert_allclose(path, final, rtol=0, atol=1e-13)
        assert np.abs(phi - matrix).max() < 1e-12 * np.abs(matrix).max()
    for bad in ([1.0, 0.5], [-1.0, 1.0], [0.0, np.nan], [[0.0, 1.0]]):
        with pytest.raises(ValueError, match="lead away from 0"):
            sample_cr3bp(MU, states, bad)


def test_threads_do_not_meddle():
    states = near_halo(256)
    expected, _ = propagate_cr3bp(MU, states, 2.0)
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda s: propagate_cr3bp(MU, s, 2.0)[0], np.split(states, 16)))
    np.testing.assert_allclose(np.concatenate(parts), expected, rtol=0, atol=1e-11)


def test_bad_arguments_teach():
    with pytest.raises(ValueError, match="stm was given as 'position'"):
        propagate_cr3bp(MU, HALO, 1.0, stm="position")
    with pytest.raises(ValueError, match="tolerance"):
        propagate_cr3bp(MU, HALO, 1.0, tolerance=0.0)
    with pytest.raises(ValueError, match="six components"):
        propagate_cr3bp(MU, HALO[:3], 1.0)


def test_inertial_frame():
    """Without the lighter primary a circular orbit about the heavier keeps its energy."""
    state = np.array([0.3, 0.2, 0.1, 0.4, -0.5, 0.6])
    for t in (0.0, 1.3, -7.0):
        fixed = rotating_to_inertial(state, t)
        np.testing.assert_allclose(inertial_to_rotating(fixed, t), state, rtol=0, atol=1e-15)
    # At rest in the rotating frame is a circle at unit rate outside.
    times = np.linspace(0, 6, 7)
    circle = rotating_to_inertial([0.5, 0, 0, 0, 0, 0], times)
    expected = 0.5 * np.stack((np.cos(times), np.sin(times)), axis=-1)
    np.testing.assert_allclose(circle[:, :2], expected, rtol=0, atol=2e-16)
    np.testing.assert_allclose(circle[:, 4], expected[:, 0], rtol=0, atol=2e-16)
    # A body about a lone primary, flown in the rotating frame, keeps its inertial energy.
    path, _ = sample_cr3bp(0.0, [0.7, 0, 0.1, 0, 0.4, 0.1], np.linspace(0, 5, 9))
    outside = rotating_to_inertial(path, np.linspace(0, 5, 9))
    r, v = outside[:, :3], outside[:, 3:]
    energy = np.sum(v * v, axis=1) / 2 - 1 / np.linalg.norm(r, axis=1)
    assert np.ptp(energy) < 1e-12
    assert np.ptp(np.cross(r, v), axis=0).max() < 1e-12
