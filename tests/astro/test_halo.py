"""Periodic orbits by name: they close, whoever flies them, and are found by each of their sizes."""

import numpy as np
import pytest
from circular_flight import fly_circular

from survey.astro.cr3bp import jacobi_constant, libration_points
from survey.astro.cr3bp_flow import propagate_cr3bp
from survey.astro.halo import (
    FAMILIES,
    find_family,
    halo_family,
    halo_orbit,
    lyapunov_orbit,
    stable_direction,
    states_along,
    unstable_direction,
    vertical_orbit,
)

SUN_EARTH = 3.0542e-6
EARTH_MOON = 1.215058560962404e-2
AU_KM = 149597870.7


ORBITS = {
    f"{name} {point} {system}": (make, mu, point, kwargs)
    for point in ("L1", "L2")
    for name, system, make, mu, kwargs in (
        ("northern", "Sun-Earth", halo_orbit, SUN_EARTH, {"z_amplitude": 3e-3}),
        (
            "southern",
            "Sun-Earth",
            halo_orbit,
            SUN_EARTH,
            {"z_amplitude": 3e-3, "northern": False},
        ),
        ("planar", "Sun-Earth", lyapunov_orbit, SUN_EARTH, {"x_amplitude": 1e-3}),
        ("vertical", "Sun-Earth", vertical_orbit, SUN_EARTH, {"z_amplitude": 5e-3}),
        ("northern", "Earth-Moon", halo_orbit, EARTH_MOON, {"z_amplitude": 0.1}),
    )
}


@pytest.mark.parametrize("name", ORBITS)
def test_an_independent_integrator_closes_it(name):
    """scipy's DOP853, one full period.

    Its own error of 1e-14 a step grows by the largest multiplier, up to 1,900.
    """
    make, mu, point, kwargs = ORBITS[name]
    orbit = make(mu, point, **kwargs)
    spans = (orbit.period, 0.5 * orbit.period)
    ends = [fly_circular(mu, orbit.state, span).y[:, -1] for span in spans]
    np.testing.assert_allclose(ends[0], orbit.state, rtol=0, atol=3e-10)
    # The second crossing of the x-z plane is at a right angle, which is what was solved for.
    np.testing.assert_allclose(ends[1][[1, 3, 5]], 0, atol=3e-12)


def test_halo_1197():
    """JPL's Sun-Earth L2 northern halo 1197: all the printed digits of its state."""
    orbit = halo_orbit(SUN_EARTH, "L2", jacobi=3.0007124352932899)
    expected = [1.0110059685997803, 0, 0.0045638537751076817, 0, -0.011344790710813389, 0]
    np.testing.assert_allclose(orbit.state, expected, rtol=0, atol=1e-12)
    assert orbit.period == pytest.approx(3.0803024932763416, abs=1e-11)
    assert orbit.stability_index == pytest.approx(498.23, abs=0.01)
    assert (orbit.family, orbit.point, orbit.northern) == ("halo", "L2", True)


def test_small_lyapunov_orbits_have_the_linear_period():
    orbit = lyapunov_orbit(SUN_EARTH, "L2", x_amplitude=1.1e-6)
    # Above the linear value by the square of the amplitude, 0.012 × (165 / 100,000 km)².
    assert orbit.period == pytest.approx(2 * np.pi / 2.0569924076, abs=4e-8)
    assert orbit.period == pytest.approx(3.05455, abs=1e-6)


@pytest.mark.parametrize("mu", [SUN_EARTH, EARTH_MOON])
@pytest.mark.parametrize("point", ["L1", "L2"])
def test_all_ways_of_asking_agree(mu, point):
    gamma = abs(libration_points(mu)[int(point[1]) - 1, 0] - 1 + mu)
    for northern in (True, False):
        orbit = halo_orbit(mu, point, z_amplitude=0.3 * gamma, northern=northern)
        assert abs(orbit.state[2]) == pytest.approx(0.3 * gamma, rel=1e-14)
        same = halo_orbit(mu, point, jacobi=orbit.jacobi_constant, northern=northern)
        np.testing.assert_allclose(same.state, orbit.state, atol=1e-11)
        # The period turns at L2's planar end between Earth and Moon: take whichever it is.
        places = halo_family(mu, point)._places("period", orbit.period)
        found = [
            halo_orbit(mu, point, period=orbit.period, northern=northern, which=k).state
            for k in range(len(places))
        ]
        assert min(np.abs(state - orbit.state).max() for state in found) < 1e-10
    x = lyapunov_orbit(mu, point, x_amplitude=0.1 * gamma)
    assert x.state[0] - libration_points(mu)[int(point[1]) - 1, 0] == pytest.approx(0.1 * gamma)
    np.testing.assert_allclose(
        lyapunov_orbit(mu, point, jacobi=x.jacobi_constant).state, x.state, atol=1e-11
    )
    v = vertical_orbit(mu, point, z_amplitude=0.4 * gamma)
    assert v.state[2] == pytest.approx(0.4 * gamma, rel=1e-14)
    np.testing.assert_allclose(
        vertical_orbit(mu, point, period=v.period).state, v.state, atol=1e-10
    )


def test_southern_is_the_mirror_image():
    north = halo_orbit(SUN_EARTH, "L2", z_amplitude=4e-3)
    south = halo_orbit(SUN_EARTH, "L2", z_amplitude=4e-3, northern=False)
    flip = np.array([1, 1, -1, 1, 1, -1])
    np.testing.assert_array_equal(north.state * flip, south.state)
    assert south.period == north.period and south.stability_index == north.stability_index
    np.testing.assert_allclose(unstable_direction(south) * flip, unstable_direction(north))
    z = states_along(south, np.linspace(0, 1, 200))[:, 2]
    assert -z.min() > z.max()
    family = halo_family(SUN_EARTH, "L2", northern=False)
    assert (family.states[:, 2] < 0).all()


def test_a_value_met_twice():
    """C has a minimum along the halo family: 0 is the member nearer to the planar orbits."""
    near = halo_orbit(SUN_EARTH, "L2", jacobi=3.0003)
    far = halo_orbit(SUN_EARTH, "L2", jacobi=3.0003, which=1)
    assert near.jacobi_constant == pytest.approx(far.jacobi_constant, abs=2e-15)
    assert near.period > 2.7 and far.period < 1.8
    assert halo_orbit(SUN_EARTH, "L2", jacobi=3.0003, which=-1).period == far.period
    with pytest.raises(ValueError, match="met 2 times"):
        halo_orbit(SUN_EARTH, "L2", jacobi=3.0003, which=2)


def test_states_along():
    orbit = halo_orbit(SUN_EARTH, "L2", z_amplitude=4e-3)
    phases = np.random.default_rng(5).random(50)
    states = states_along(orbit, phases)
    np.testing.assert_array_equal(states_along(orbit, 0.0), orbit.state)
    np.testing.assert_allclose(
        jacobi_constant(SUN_EARTH, states), orbit.jacobi_constant, rtol=0, atol=2e-15
    )
    flip = np.array([1, -1, 1, -1, 1, -1])  # the orbit is its own mirror image, backwards
    np.testing.assert_allclose(states_along(orbit, -phases) * flip, states, atol=1e-13)
    np.testing.assert_allclose(states_along(orbit, phases + 3), states, atol=1e-12)
    assert states_along(orbit, phases.reshape(5, 10)).shape == (5, 10, 6)


@pytest.mark.parametrize("point", ["L1", "L2"])
def test_directions_grow_and_decay(point):
    """By the transition matrix of a whole period, flown in one piece."""
    orbit = halo_orbit(SUN_EARTH, point, z_amplitude=3e-3)
    _, phi, _ = propagate_cr3bp(SUN_EARTH, orbit.state, orbit.period, stm=True, tolerance=1e-15)
    largest = orbit.multipliers[0].real
    unstable, stable = unstable_direction(orbit), stable_direction(orbit)
    assert np.linalg.norm(unstable[:3]) == pytest.approx(1) and unstable[0] > 0
    np.testing.assert_allclose(phi @ unstable / largest, unstable, atol=1e-10)
    # Forwards, rounding would grow back; backwards the stable direction is the growing one.
    _, back, _ = propagate_cr3bp(SUN_EARTH, orbit.state, -orbit.period, stm=True, tolerance=1e-15)
    np.testing.assert_allclose(back @ stable / largest, stable, atol=1e-10)


def test_a_stable_orbit_has_no_unstable_direction():
    orbit = halo_orbit(SUN_EARTH, "L2", period=2.2169778855001065)
    assert orbit.stability_index == pytest.approx(1, abs=1e-9)
    with pytest.raises(ValueError, match="no real unstable multiplier"):
        unstable_direction(orbit)


def test_errors_say_what_to_do():
    with pytest.raises(ValueError, match=r"ask for 1\.\d+e-07 to 0\.0124\d+"):
        halo_orbit(SUN_EARTH, "L2", z_amplitude=0.02)
    with pytest.raises(ValueError, match=r"a period of 4: ask for 1\.4\d+ to 3\.1026"):
        halo_orbit(SUN_EARTH, "L2", period=4)
    with pytest.raises(ValueError, match=r"a Jacobi constant of 3\.2: ask for"):
        halo_orbit(SUN_EARTH, "L2", jacobi=3.2)
    with pytest.raises(ValueError, match="northern halo family at L1"):
        halo_orbit(SUN_EARTH, "L1", jacobi=3.2)
    with pytest.raises(ValueError, match="give exactly one"):
        halo_orbit(SUN_EARTH, "L2")
    with pytest.raises(ValueError, match="give exactly one"):
        halo_orbit(SUN_EARTH, "L2", period=3.0, jacobi=3.0)
    for ratio in (0.0, -1.0, 0.51, np.nan):
        with pytest.raises(ValueError, match=r"outside \(0, 0\.5\]"):
            halo_orbit(ratio, "L2", period=3.0)
    with pytest.raises(ValueError, match="unknown libration point 'L5'"):
        lyapunov_orbit(SUN_EARTH, "L5", period=3.0)
    with pytest.raises(ValueError, match="unknown family 'butterfly'"):
        find_family(SUN_EARTH, "L2", "butterfly")
    for wrong in (-1.0, 0.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="above 0"):
            vertical_orbit(SUN_EARTH, "L2", z_amplitude=wrong)
    with pytest.raises(ValueError, match="closest approach"):
        halo_family(SUN_EARTH, "L2", closest=0.5)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize(
    "mu",
    [1e-3, *(pytest.param(mu, marks=pytest.mark.study) for mu in (0.5, 0.3, 0.1, 1e-5, 1e-7))],
)
def test_every_mass_ratio_has_its_families(mu, name):
    for point in ("L1", "L2"):
        family = find_family(mu, point, name)
        assert len(family) > 20
        orbit = family.at(0.3 * family.arclengths[-1])
        final, _ = propagate_cr3bp(mu, orbit.state, orbit.period / 2, tolerance=1e-15)
        # Perpendicular again half a period later; in units of the point's distance.
        gamma = abs(libration_points(mu)[int(point[1]) - 1, 0] - 1 + mu)
        assert np.abs(final[[1, 3, 5]]).max() < 1e-9 * gamma
