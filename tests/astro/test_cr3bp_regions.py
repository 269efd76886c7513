"""Zero-velocity curves: the constant at each point, and which regions they divide."""

import numpy as np
import pytest

from survey.astro.cr3bp import equations_of_motion, jacobi_constant, libration_points
from survey.astro.cr3bp_regions import zero_velocity_curve

MU = 3.0542e-6


@pytest.mark.parametrize("mu", [0.5, 0.3, 0.01215, MU, 1e-9])
def test_zero_velocity_curves(mu):
    """Each point has the constant; the curves join where the libration points open the necks."""
    points = libration_points(mu)
    at = jacobi_constant(mu, np.concatenate((points, np.zeros((5, 3))), axis=1))
    c1, c2, c3, c4 = at[:4]
    width = 1e-9 * (c1 - 3)
    levels = {c1 + 0.3: 3, c1 + width: 3, c1 - width: 2, (c1 + c2) / 2: 2, (c3 + c4) / 2: 2}
    levels[c4 - 0.01] = 0
    if mu < 0.5:
        levels[(c2 + c3) / 2] = 1
    for level, number in levels.items():
        curves = zero_velocity_curve(mu, level)
        assert len(curves) == number
        for curve in curves:
            np.testing.assert_array_equal(curve[0], curve[-1])
            state = np.zeros((len(curve), 6))
            state[:, :2] = curve
            slope = np.linalg.norm(equations_of_motion(mu, state)[:, 3:], axis=1)
            off = np.abs(jacobi_constant(mu, state) - level)
            # The eccentric angle is rounded by some 1e-15, and x and y by what that makes of them.
            angle = 4e-15 * (1 + np.sqrt((level - 3 + mu) / mu))
            assert (off < 2e-15 * level + 2 * slope * angle).all()
            # Two points are less than a hundredth of a turn apart, but for the widest jump.
            step = np.abs(np.diff(curve, axis=0)).max()
            assert step < 0.11


def test_zero_velocity_curves_enclose_what_they_should():
    """Just above the constant of L1: one loop about each primary, and one about all."""
    mu = 0.01215
    c1 = jacobi_constant(mu, np.append(libration_points(mu)[0], np.zeros(3)))
    reach = sorted((c[:, 0].min(), c[:, 0].max()) for c in zero_velocity_curve(mu, c1 + 1e-3))
    outer, sun, earth = reach
    l1, l2, l3 = libration_points(mu)[:3, 0]
    assert outer[0] < l3 and outer[1] > l2
    assert sun[0] < -mu < sun[1] < l1 < earth[0] < 1 - mu < earth[1] < l2
    for bad in ((0.0, 3.0), (0.6, 3.0), (0.1, np.nan)):
        with pytest.raises(ValueError, match=r"was given as|outside \(0, 0\.5\]"):
            zero_velocity_curve(*bad)
