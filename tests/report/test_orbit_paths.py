"""Paths made smooth for printing are still the flow's own."""

from __future__ import annotations

import numpy as np
import pytest

from survey.astro.cr3bp import jacobi_constant
from survey.astro.halo import halo_family, halo_orbit
from survey.astro.manifold import manifold_arcs
from survey.constants import MASS_RATIO_SUN_EARTH_JPL
from survey.report.paths import TURN, orbit_paths, smooth_paths

MU = MASS_RATIO_SUN_EARTH_JPL


@pytest.fixture(scope="module")
def halo():
    return halo_family(MU, "L2")


@pytest.fixture(scope="module")
def inward():
    orbit = halo_orbit(MU, "L2", jacobi=3.0007124352932899)
    return manifold_arcs(orbit, stable=True, exterior=False, phases=np.arange(8) / 8, duration=4.6)


def test_added_samples_lie_on_the_flow_and_round_off_corners(inward):
    coarse = inward.states[:, ::8]
    compared = 0
    paths = smooth_paths(MU, coarse, inward.times[::8])
    assert sum(map(len, paths)) > np.isfinite(coarse).all(axis=-1).sum()
    finer = smooth_paths(MU, inward.states[:, :225], inward.times[:225])  # of the same instants
    for path, same, seed in zip(paths, finer, inward.seeds, strict=True):
        if len(same) and np.array_equal(path[-1], same[-1]):
            length, expected = (
                np.linalg.norm(np.diff(one[:, :3], axis=0), axis=1).sum() for one in (path, same)
            )
            assert length == pytest.approx(expected, rel=2e-3)  # polygons are a little short
            compared += 1
        np.testing.assert_allclose(jacobi_constant(MU, path), jacobi_constant(MU, seed), atol=1e-9)
        v = path[:, 3:] / np.linalg.norm(path[:, 3:], axis=1, keepdims=True)
        turn = np.arccos(np.clip(np.sum(v[1:] * v[:-1], axis=1), -1, 1))
        step = np.linalg.norm(np.diff(path[:, :3], axis=0), axis=1)
        assert turn[step > 2e-5].max() <= TURN * (1 + 1e-9)
    assert compared >= 6  # all but those that hit the Earth


def test_closed_orbits_close(halo):
    for path in orbit_paths(MU, halo.states[::12], halo.periods[::12]):
        np.testing.assert_array_equal(path[0], path[-1])
        step = np.linalg.norm(np.diff(path[:, :3], axis=0), axis=1)
        assert step[-1] == pytest.approx(step[0], rel=0.1)  # halves are mirror images
