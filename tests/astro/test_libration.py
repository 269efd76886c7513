"""The linear theory at L1 and L2: against 40-digit arithmetic, and against what it stands for."""

import mpmath
import numpy as np
import pytest
from scipy.special import eval_legendre

from survey.astro.libration import (
    check_point,
    constant_above_point,
    constant_at_point,
    expansion_coefficient,
    linear_modes,
    linear_motion,
    linear_state,
)

SUN_EARTH = 3.0542e-6
EARTH_MOON = 1.215058560962404e-2
RATIOS = [0.5, 0.1, EARTH_MOON, SUN_EARTH, 1e-12]


def test_values_at_sun_earth_l2():
    """Six printed digits each; solved with 40 digits below, for every mass ratio."""
    motion = linear_motion(SUN_EARTH, "L2")
    assert motion.x == pytest.approx(1.010090435784255, abs=2e-12)  # JPL's, API 1.0
    assert motion.c2 == pytest.approx(3.940434, abs=1e-6)
    assert motion.growth_rate == pytest.approx(2.484281, abs=1e-6)
    assert motion.in_plane_frequency == pytest.approx(2.056992, abs=1e-6)
    assert motion.vertical_frequency == pytest.approx(1.985053, abs=1e-6)
    assert motion.kappa == pytest.approx(3.18720, abs=1e-5)


@pytest.mark.parametrize("point", ["L1", "L2"])
@pytest.mark.parametrize("mu", RATIOS)
def test_exponents_are_eigenvalues(mu, point):
    """Of the equations linearised with 40 digits at the root of the force."""
    motion = linear_motion(mu, point)
    with mpmath.workdps(40):
        m = mpmath.mpf(mu)
        side = 1 if point == "L2" else -1

        def force(g):
            x = 1 - m + side * g
            return x - (1 - m) / (x + m) ** 2 - side * m / g**2

        gamma = mpmath.findroot(force, mpmath.mpf(motion.gamma))
        x = 1 - m + side * gamma
        c2 = (1 - m) / abs(x + m) ** 3 + m / gamma**3
        matrix = mpmath.matrix(
            [[0, 0, 1, 0], [0, 0, 0, 1], [1 + 2 * c2, 0, 0, 2], [0, 1 - c2, -2, 0]]
        )
        values = mpmath.eig(matrix, left=False, right=False)
        growth = max(mpmath.re(v) for v in values)
        turning = max(mpmath.im(v) for v in values)
    assert motion.gamma == pytest.approx(float(gamma), rel=4e-16)
    assert motion.c2 == pytest.approx(float(c2), rel=1e-14)
    assert motion.growth_rate == pytest.approx(float(growth), rel=1e-13)
    assert motion.in_plane_frequency == pytest.approx(float(turning), rel=1e-13)
    assert motion.vertical_frequency == pytest.approx(float(mpmath.sqrt(c2)), rel=1e-14)


@pytest.mark.parametrize("point", ["L1", "L2"])
@pytest.mark.parametrize("mu", [0.3, EARTH_MOON, SUN_EARTH])
def test_expansion_sums_to_the_potential(mu, point):
    """``Σ c_n ρⁿ P_n`` is the primaries' potential, less its value and slope at the point."""
    motion = linear_motion(mu, point)
    offset = np.array([0.11, -0.07, 0.13])  # units of gamma: 0.19³⁰ is below 1e-20
    place = np.array([motion.x, 0, 0]) + motion.gamma * offset

    def potential(r):
        heavy, light = (np.linalg.norm(r - np.array([x, 0, 0])) for x in (-mu, 1 - mu))
        return (1 - mu) / heavy + mu / light

    at = np.array([motion.x, 0.0, 0.0])
    slope = -motion.x  # at the point, attraction balances the centrifugal force
    exact = potential(place) - potential(at) - slope * motion.gamma * offset[0]
    rho = np.linalg.norm(offset)
    series = sum(
        expansion_coefficient(mu, point, n) * rho**n * eval_legendre(n, offset[0] / rho)
        for n in range(2, 31)
    )
    # The difference of potentials of order 1 leaves 1e-15 over gamma squared.
    assert motion.gamma**2 * series == pytest.approx(exact, abs=2e-15)


@pytest.mark.parametrize("point", ["L1", "L2"])
def test_modes_solve_the_linear_equations(point):
    motion = linear_motion(SUN_EARTH, point)
    c2, w, v, rate = (
        motion.c2,
        motion.in_plane_frequency,
        motion.vertical_frequency,
        motion.growth_rate,
    )
    flow = np.zeros((6, 6))
    flow[:3, 3:] = np.eye(3)
    flow[3, 0], flow[3, 4] = 1 + 2 * c2, 2
    flow[4, 1], flow[4, 3] = 1 - c2, -2
    flow[5, 2] = -c2
    turning = np.zeros((6, 6))
    # d/dt of (A cos φ, A sin φ) with φ' = ω, and of what decays and grows.
    turning[1, 0], turning[0, 1] = w, -w
    turning[3, 2], turning[2, 3] = v, -v
    turning[4, 4], turning[5, 5] = -rate, rate
    modes = linear_modes(motion)
    np.testing.assert_allclose(flow @ modes, modes @ turning, atol=1e-13)


def test_linear_state_is_made_of_its_modes():
    motion = linear_motion(SUN_EARTH, "L1")
    state = linear_state(
        motion, x_amplitude=3e-4, z_amplitude=5e-4, times=0.7, phase=0.4, z_phase=-1.2
    )
    weights = np.linalg.solve(linear_modes(motion), state - [motion.x, 0, 0, 0, 0, 0])
    a, b = 0.4 + 0.7 * motion.in_plane_frequency, -1.2 + 0.7 * motion.vertical_frequency
    expected = [3e-4 * np.cos(a), 3e-4 * np.sin(a), 5e-4 * np.cos(b), 5e-4 * np.sin(b), 0, 0]
    np.testing.assert_allclose(weights, expected, atol=1e-16)


@pytest.mark.parametrize("point", ["L1", "L2"])
def test_constant_above_the_point(point):
    """The difference in 40 digits, of a departure so small that doubles would lose half of it."""
    motion = linear_motion(SUN_EARTH, point)
    departure = [2e-7, -3e-7, 5e-7, 1e-7, -4e-7, 2e-7]
    with mpmath.workdps(40):
        m, side = mpmath.mpf(SUN_EARTH), 1 if point == "L2" else -1
        origin = 1 - m + side * mpmath.mpf(motion.gamma)

        def constant(d):
            x, y, z, vx, vy, vz = (mpmath.mpf(v) for v in d)
            r1 = mpmath.sqrt((origin + x + m) ** 2 + y**2 + z**2)
            r2 = mpmath.sqrt((origin + x - 1 + m) ** 2 + y**2 + z**2)
            square = (origin + x) ** 2 + y**2
            return square + 2 * (1 - m) / r1 + 2 * m / r2 - vx**2 - vy**2 - vz**2

        rest, moving = constant([0] * 6), constant(departure)
        exact = constant_at_point(motion)
        assert abs(mpmath.mpf(exact.numerator) / exact.denominator - rest) < 1e-35
    # Terms of first order, 4e-7, cancel at the point where the forces balance: 1e-16 of those.
    assert float(constant_above_point(motion, departure)) == pytest.approx(
        float(moving - rest), abs=2e-22
    )


@pytest.mark.parametrize("ratio", [0.0, -1e-6, 0.6, float("nan"), float("inf")])
def test_mass_ratio_out_of_range(ratio):
    with pytest.raises(ValueError, match=r"outside \(0, 0\.5\]"):
        linear_motion(ratio, "L2")


def test_point_names():
    assert [check_point(p) for p in ("L1", "l2", 1, "2", " L2 ")] == ["L1", "L2", "L1", "L2", "L2"]
    for wrong in ("L3", 4, "", "earth"):
        with pytest.raises(ValueError, match="unknown libration point"):
            check_point(wrong)
    with pytest.raises(ValueError, match="order 2"):
        expansion_coefficient(0.1, "L1", 1)
