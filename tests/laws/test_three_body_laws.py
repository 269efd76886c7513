"""What every trajectory of the restricted three-body problem obeys, on random states."""

import numpy as np
import pytest

from survey.astro.cr3bp import (
    equations_of_motion,
    jacobi_constant,
    libration_points,
    propagate_cr3bp,
    sample_cr3bp,
)
from survey.astro.er3bp import propagate_er3bp

MU = 3.0542e-6
PERIOD = 3.08  # half a year: once round the orbits about L1 and L2
MIRROR = np.array([1, -1, 1, -1, 1, -1.0])  # (x, -y, z, -x', y', -z')

# Velocities are not momenta: p = v + z × r. With M they become canonical.
_M = np.eye(6)
_M[3, 1], _M[4, 0] = -1.0, 1.0
_J = np.block([[np.zeros((3, 3)), np.eye(3)], [-np.eye(3), np.zeros((3, 3))]])


def states_about(point, n=3000, seed=0):
    """Random states as far from L1 or L2 as the periodic orbits there go."""
    rng = np.random.default_rng(seed)
    centre = np.append(libration_points(MU)[point - 1], np.zeros(3))
    return centre + rng.uniform(-1, 1, (n, 6)) * [2e-3, 3e-3, 4e-3, 2e-3, 6e-3, 4e-3]


def away_from_the_earth(start, duration):
    """Those states that pass the Earth no nearer than 600,000 km."""
    path, status = sample_cr3bp(MU, start, np.linspace(0, duration, 40))
    nearest = np.linalg.norm(path[..., :3] - [1 - MU, 0, 0], axis=-1).min(axis=1)
    return start[(status == 0) & (nearest > 4e-3)]


@pytest.fixture(scope="module", params=[1, 2])
def flown(request):
    """States and where they are after a period, Φ, and its size, by which errors grow.

    Those that pass the Earth stay out: they are more sensitive on their way than at the end.
    """
    start = away_from_the_earth(states_about(request.param), PERIOD)
    final, phi, status = propagate_cr3bp(MU, start, PERIOD, stm=True)
    assert len(start) >= 1000 and (status == 0).all()
    return start, final, phi, np.abs(phi).max(axis=(1, 2))


@pytest.mark.parametrize("point", [1, 2])
def test_jacobi_constant_is_kept(point):
    """For all that do not hit the Earth, however near they pass."""
    start = states_about(point)
    for stm in (False, "velocity"):
        final, *_, status = propagate_cr3bp(MU, start, PERIOD, stm=stm)
        good = status == 0
        assert good.sum() >= 2900
        drift = np.abs(jacobi_constant(MU, final) - jacobi_constant(MU, start))[good]
        assert drift.max() < 1e-12


def test_transition_matrix_is_symplectic(flown):
    _, _, phi, size = flown
    assert np.abs(np.linalg.det(phi) - 1).max() < 3e-9
    assert (_symplectic_defect(phi) < 1e-14 * size**2).all()


def test_velocity_columns_are_those_of_the_whole(flown):
    start, final, phi, size = flown
    end, columns, status = propagate_cr3bp(MU, start, PERIOD, stm="velocity")
    assert (status == 0).all()
    assert (np.abs(columns - phi[..., 3:]).max(axis=(1, 2)) < 2e-14 * size**2).all()
    assert (np.abs(end - final).max(axis=1) < 2e-15 * size).all()


def test_flow_carries_its_own_direction(flown):
    """The velocity in phase space is itself carried by Φ."""
    start, final, phi, size = flown
    carried = np.einsum("nij,nj->ni", phi, equations_of_motion(MU, start))
    off = np.abs(carried - equations_of_motion(MU, final)).max(axis=1)
    assert (off < 3e-15 * size).all()


def test_there_and_back(flown):
    start, final, phi, size = flown
    back, inverse, status = propagate_cr3bp(MU, final, -PERIOD, stm=True)
    assert (status == 0).all()
    assert (np.abs(back - start).max(axis=1) < 3e-15 * size).all()
    assert (np.abs(inverse @ phi - np.eye(6)).max(axis=(1, 2)) < 1e-13 * size**2).all()


def test_halfway_and_on(flown):
    start, final, phi, size = flown
    middle, first, _ = propagate_cr3bp(MU, start, 0.4 * PERIOD, stm=True)
    end, second, _ = propagate_cr3bp(MU, middle, 0.6 * PERIOD, stm=True)
    assert (np.abs(end - final).max(axis=1) < 1e-15 * size).all()
    assert (np.abs(second @ first - phi).max(axis=(1, 2)) < 5e-15 * size**2).all()


def test_mirror_in_time(flown):
    """If X(t) is a trajectory, so is its mirror image run backwards; to the last bit."""
    start, final, _, size = flown
    ahead, _ = propagate_cr3bp(MU, start, PERIOD)
    assert (np.abs(ahead - final).max(axis=1) < 2e-14 * size).all()
    mirrored, _ = propagate_cr3bp(MU, start * MIRROR, -PERIOD)
    np.testing.assert_array_equal(mirrored * MIRROR, ahead)


def test_mirror_in_the_plane(flown):
    start = flown[0]
    flip = np.array([1, 1, -1, 1, 1, -1.0])
    other, _ = propagate_cr3bp(MU, start * flip, PERIOD)
    ahead, _ = propagate_cr3bp(MU, start, PERIOD)
    np.testing.assert_array_equal(other * flip, ahead)


def test_libration_points_at_rest():
    """They leave by no more than the unstable direction makes of the last digit."""
    for mu in (MU, 3.04042e-6, 0.01215, 0.5):
        points = np.concatenate((libration_points(mu), np.zeros((5, 3))), axis=1)
        final, phi, _ = propagate_cr3bp(mu, points, 2.0, stm=True)
        size = np.abs(phi).max(axis=(1, 2))
        assert (np.abs(final - points).max(axis=1) < 3e-15 * size).all()


def test_elliptic_problem_keeps_volume():
    """Φ is symplectic for any eccentricity: the frame pulsates, phase space does not."""
    start = away_from_the_earth(states_about(2, 2000, seed=4), 1.3)
    final, phi, status = propagate_er3bp(MU, 0.3, start, 0.2, 1.5, stm=True)
    assert len(start) > 1000 and (status == 0).all()
    size = np.abs(phi).max(axis=(1, 2))
    assert (_symplectic_defect(phi) < 1e-12 * size**2).all()
    back, _ = propagate_er3bp(MU, 0.3, final, 1.5, 0.2)
    assert (np.abs(back - start).max(axis=1) < 1e-11 * size).all()


def _symplectic_defect(phi):
    canonical = _M @ phi @ np.linalg.inv(_M)
    return np.abs(np.swapaxes(canonical, -1, -2) @ _J @ canonical - _J).max(axis=(1, 2))
