"""The third-order halo: the example of ISEE-3, and how far it is from the corrected orbit."""

import numpy as np
import pytest

from survey.astro.cr3bp import equations_of_motion
from survey.astro.halo import halo_orbit
from survey.astro.richardson import richardson_halo

SUN_EARTH = 3.0542e-6
AU_KM = 149597870.691


def test_isee_3():
    """[RichardsonISEE1980]: A_z 110,000 km about L1 gives A_x 206,000, A_y 665,000 km, 177.73 d.

    The paper rounds to 1,000 km, and its Sun is of 1980: 0.03 d of the period, where the year
    differs in the fifth digit.
    """
    orbit = richardson_halo(3.040357143e-6, "L1", z_amplitude=110_000 / AU_KM)
    assert orbit.x_amplitude * AU_KM == pytest.approx(206_000, abs=500)
    assert orbit.x_amplitude * orbit.motion.kappa * AU_KM == pytest.approx(665_000, abs=500)
    assert orbit.period / (2 * np.pi) * 365.25636 == pytest.approx(177.73, abs=0.03)


@pytest.mark.parametrize("northern", [True, False])
@pytest.mark.parametrize("point", ["L1", "L2"])
@pytest.mark.parametrize("mu", [SUN_EARTH, 1.215058560962404e-2])
def test_close_to_the_corrected_orbit(mu, point, northern):
    """A third-order theory of orbits of x amplitude 0.14 gamma errs by some 0.14⁴."""
    gamma = richardson_halo(mu, point, z_amplitude=0).motion.gamma
    guess = richardson_halo(mu, point, z_amplitude=0.1 * gamma, northern=northern)
    first = guess.states(0.0)
    exact = halo_orbit(mu, point, z_amplitude=abs(first[2]), northern=northern)
    assert np.sign(first[2]) == (1 if northern else -1)
    miss = np.abs(first - exact.state) / gamma
    assert miss.max() < (0.015 if mu == SUN_EARTH else 0.03)
    assert guess.period == pytest.approx(exact.period, rel=0.005)


@pytest.mark.parametrize("point", ["L1", "L2"])
def test_velocities_are_derivatives_and_forces_nearly_hold(point):
    orbit = richardson_halo(SUN_EARTH, point, z_amplitude=1e-3)
    phases = np.linspace(0, 1, 33)
    h = 1e-5
    before, after = orbit.states(phases - h), orbit.states(phases + h)
    rate = (after - before) / (2 * h * orbit.period)
    states = orbit.states(phases)
    np.testing.assert_allclose(rate[:, :3], states[:, 3:], atol=1e-11)
    # Residual acceleration against the greatest of the orbit, 0.046 at most.
    force = equations_of_motion(SUN_EARTH, states)[:, 3:]
    residual = np.linalg.norm(rate[:, 3:] - force, axis=-1).max()
    assert residual < 0.05 * np.linalg.norm(rate[:, 3:], axis=-1).max()


def test_mirror_images():
    north = richardson_halo(SUN_EARTH, "L2", z_amplitude=2e-3)
    south = richardson_halo(SUN_EARTH, "L2", z_amplitude=2e-3, northern=False)
    phases = np.linspace(0, 1, 9)
    flip = [1, 1, -1, 1, 1, -1]
    np.testing.assert_array_equal(north.states(phases) * flip, south.states(phases))
    # Northern: higher above the plane than below it.
    z = north.states(np.linspace(0, 1, 200))[:, 2]
    assert z.max() > -z.min()


def test_errors():
    with pytest.raises(ValueError, match="is no length"):
        richardson_halo(SUN_EARTH, "L2", z_amplitude=-1e-3)
    with pytest.raises(ValueError, match="outside"):
        richardson_halo(0.7, "L2", z_amplitude=1e-3)
    with pytest.raises(ValueError, match="unknown libration point"):
        richardson_halo(SUN_EARTH, "L4", z_amplitude=1e-3)
