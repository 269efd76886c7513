"""Libration points: reference digits, and the law that defines them."""

import json

import mpmath
import numpy as np
import pytest
from circular_flight import fly_circular

from survey.astro.cr3bp import jacobi_constant, libration_points
from survey.constants import MASS_RATIO_SUN_EARTH_JPL, MASS_RATIO_SUN_EARTH_MOON

RATIOS = [0.5, 0.3, 0.012150585609624, 1e-3, 3.0542e-6, 3.04042e-6, 1e-9, 1e-12, 1e-15, 1e-30]


def test_jpl_values():
    """Lagrange points in the answers of JPL's periodic-orbit service, Sun-Earth, API 1.0."""
    points = libration_points(MASS_RATIO_SUN_EARTH_JPL)
    expected = [0.989970922058156, 1.010090435784255, -1.00000127258333]
    np.testing.assert_allclose(points[:3, 0], expected, rtol=0, atol=2e-12)
    np.testing.assert_array_equal(points[:3, 1:], 0)


def test_jpl_earth_moon_values(shared_data):
    """All five points as JPL's documentation of the service prints them, API 1.0."""
    folder = shared_data / "api_fixtures" / "periodic_orbits"
    answer = json.loads((folder / "doc_earth-moon_halo_L1_N.json").read_text())
    system = answer["system"]
    expected = [[float(x) for x in system[f"L{k}"]] for k in range(1, 6)]
    found = libration_points(float(system["mass_ratio"]))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)
    halos = np.array(answer["data"], dtype=float)
    jacobi = jacobi_constant(float(system["mass_ratio"]), halos[:, :6])
    np.testing.assert_allclose(jacobi, halos[:, 6], rtol=0, atol=1e-11)


def test_mass_ratio_named_in_its_constant():
    # 1.5 million km beyond the Earth, and 2,280 km between the two conventions.
    au_km = 149597870.7
    ours, theirs = (
        (libration_points(mu)[1, 0] - 1 + mu) * au_km
        for mu in (MASS_RATIO_SUN_EARTH_MOON, MASS_RATIO_SUN_EARTH_JPL)
    )
    assert 1.50e6 < ours < 1.51e6
    assert theirs - ours == pytest.approx(2280, abs=20)


@pytest.mark.parametrize("mu", RATIOS)
def test_forces_balance(mu):
    """The gradient of the effective potential vanishes, by 60-digit arithmetic."""
    with mpmath.workdps(60):
        m = mpmath.mpf(mu)
        for x, y, z in libration_points(mu):
            assert z == 0
            # The distance to the nearer primary carries the digits, not x itself.
            r1, r2 = mpmath.hypot(x + m, y), mpmath.hypot(x - 1 + m, y)
            fx = x - (1 - m) * (x + m) / r1**3 - m * (x - 1 + m) / r2**3
            fy = y - (1 - m) * y / r1**3 - m * y / r2**3
            # x is rounded by 1e-16: the gradient is as much as its slope makes of that.
            slope = 1 + 2 * (1 - m) / r1**3 + 2 * m / r2**3
            assert abs(fx) + abs(fy) < 4.5e-16 * slope


@pytest.mark.parametrize("mu", RATIOS)
def test_order_and_triangles(mu):
    l1, l2, l3, l4, l5 = libration_points(mu)
    assert l3[0] < -mu < l1[0] <= 1 - mu <= l2[0]
    for point in (l4, l5):
        for primary in (-mu, 1 - mu):
            assert np.hypot(point[0] - primary, point[1]) == pytest.approx(1, rel=3e-16)
    assert l4[1] > 0 > l5[1]


def test_small_distances_keep_their_digits():
    """Hill's limit: at L1 and L2 the distance tends to the cube root of a third of the ratio."""
    mu = 1e-24
    points = libration_points(mu)
    assert 1 - points[0, 0] == pytest.approx((mu / 3) ** (1 / 3), rel=1e-7)  # of 1 - x, 1e-16
    assert points[1, 0] - 1 == pytest.approx((mu / 3) ** (1 / 3), rel=1e-7)


def test_shapes_and_bad_ratios():
    assert libration_points(np.full((2, 3), 0.1)).shape == (2, 3, 5, 3)
    bad = libration_points([0.0, -1e-6, 0.6, np.nan, 0.1])
    assert np.isnan(bad[:4]).all() and np.isfinite(bad[4]).all()


def test_jacobi_constant_of_jpl_orbits(shared_data):
    path = shared_data / "periodic_orbits" / "sun_earth_halo_L2_N_5_members.json"
    answer = json.loads(path.read_text())
    states = np.array([member["state"] for member in answer["members"]])
    expected = [member["jacobi"] for member in answer["members"]]
    found = jacobi_constant(answer["mass_ratio"], states)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)


def test_jacobi_constant_is_kept():
    """Along 3 time units of the equations of motion, as another integrator flies them."""
    path = fly_circular(0.01215, [0.8, 0.1, 0.2, 0.1, -0.2, 0.3], 3)
    constants = jacobi_constant(0.01215, path.y.T)
    assert constants.shape == path.t.shape
    assert np.ptp(constants) < 1e-11
