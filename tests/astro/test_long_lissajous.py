"""Lissajous orbits prolonged, against those computed from scratch."""

from __future__ import annotations

import numpy as np
import pytest

from survey.astro.cr3bp import jacobi_constant
from survey.astro.cr3bp_flow import propagate_cr3bp
from survey.astro.floquet import MIRROR
from survey.astro.libration import linear_motion
from survey.astro.lissajous import quasi_periodic, states_at
from survey.astro.long_lissajous import growth_per_period, long_lissajous

MU = 3.04042e-6
KM = 1.0 / 149597870.7
SIZE = {"x_amplitude": 1e5 * KM, "z_amplitude": 1.5e5 * KM}


@pytest.fixture(scope="module")
def path():
    return long_lissajous(MU, "L2", **SIZE, revolutions=20)


def test_it_is_one_trajectory_over_its_whole_length(path):
    assert path.times[-1] >= 20 * path.period
    reached, _ = propagate_cr3bp(MU, path.states[:-1], np.diff(path.times))
    assert np.abs(reached - path.states[1:]).max() < 1e-11
    assert jacobi_constant(MU, path.states) == pytest.approx(path.jacobi_constant, abs=1e-12)


def test_it_begins_as_the_short_one(path):
    short = quasi_periodic(MU, "L2", **SIZE, revolutions=2)
    at = np.linspace(0.0, 0.6 * short.times[-1], 40)
    # The end of the short one leans a little to where nothing holds it.
    assert np.abs(states_at(path, at) - states_at(short, at)).max() < 100 * KM


def test_before_time_zero_it_is_its_mirror_image(path):
    assert path.states[::-1] * MIRROR == pytest.approx(path.states, abs=1e-9)


def test_it_stays_as_large_as_it_is(path):
    dense = np.linspace(path.times[0], path.times[-1], 6000)
    revolution = np.abs(dense) / path.period
    states = states_at(path, dense)
    for axis, wanted in ((0, 1e5), (2, 1.5e5)):
        middle = states[:, axis].mean()
        for low in (0, 5, 10, 15):
            part = states[(revolution >= low) & (revolution < low + 5), axis]
            # Second order shifts the middle towards the Earth: 8 % in x.
            assert np.abs(part - middle).max() / KM == pytest.approx(wanted, rel=0.1)


def test_growth_is_between_that_of_the_point_and_of_wide_orbits(path):
    motion = linear_motion(MU, "L2")
    at_point = np.exp(motion.growth_rate * motion.in_plane_period)
    assert 0.9 * at_point < growth_per_period(path) < at_point


def test_too_large_is_refused():
    with pytest.raises(ValueError, match="ask for smaller"):
        long_lissajous(MU, "L2", x_amplitude=0.02, z_amplitude=0.002, revolutions=12)


@pytest.mark.parametrize("wrong", [{"x_amplitude": 0.0}, {"z_amplitude": 0.0}])
def test_one_frequency_is_no_lissajous_orbit(wrong):
    with pytest.raises(ValueError, match="choose a Lyapunov orbit"):
        long_lissajous(MU, "L2", **(SIZE | wrong), revolutions=12)
