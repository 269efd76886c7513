"""Whole families: the laws every member obeys, where they bifurcate, and how fast they are."""

import time

import numpy as np
import pytest

from survey.astro import halo
from survey.astro.bifurcations import KINDS, find_bifurcations
from survey.astro.cr3bp import jacobi_constant, libration_points
from survey.astro.cr3bp_flow import propagate_cr3bp
from survey.astro.floquet import half_sums, multipliers, stability_index
from survey.astro.halo import (
    FAMILIES,
    find_family,
    halo_family,
    lyapunov_family,
    states_along,
    vertical_family,
)

SUN_EARTH = 3.0542e-6
EARTH_MOON = 1.215058560962404e-2
EARTH_RADIUS = 6378.137 / 149597870.7


def _check_laws(mu, point, name, count, seed):
    """Random members: closure, Jacobi constant at random phases, determinant, reciprocal pairs."""
    family = find_family(mu, point, name)
    gamma = abs(libration_points(mu)[int(point[1]) - 1, 0] - 1 + mu)
    random = np.random.default_rng(seed)
    # Beyond four distances from the point, half the plane's orbits run close past a primary.
    extent = np.abs(family.states[:, :3] - [1 - mu, 0, 0]).max(axis=1)
    last = family.arclengths[max(2, np.searchsorted(extent > 4 * gamma, True) - 1)]
    orbits = [family.at(s) for s in last * random.random(count)]
    states = np.stack([o.state for o in orbits])
    periods = np.array([o.period for o in orbits])
    _, phi, status = propagate_cr3bp(
        mu, states, periods, stm=True, tolerance=1e-15, radii=(1e-6, 1e-9)
    )
    assert (status == 0).all()
    half, _ = propagate_cr3bp(mu, states, periods / 2, tolerance=1e-15, radii=(1e-6, 1e-9))
    back, _ = propagate_cr3bp(mu, states, -periods / 2, tolerance=1e-15, radii=(1e-6, 1e-9))
    # Both halves meet: no error has had more than half a period to grow. Speeds near a primary
    # are large, and are compared with themselves; large planar orbits pass it in between, too.
    scale = gamma * np.maximum(1, np.abs(half) / gamma)
    assert (np.abs(half - back) / scale).max() < 1e-8
    assert np.median(np.abs(half - back).max(axis=1)) < 1e-11
    index = np.array([o.stability_index for o in orbits])
    largest = np.array([np.abs(o.multipliers[0]) for o in orbits])
    np.testing.assert_allclose(0.5 * (largest + 1 / largest), index, rtol=1e-12)
    # A matrix flown in one piece keeps these digits where no crossing is close to the primary,
    # and its largest eigenvalue where that stands clear of the double one at 1.
    crossings = np.stack([states[:, :3], half[:, :3]]) - [1 - mu, 0, 0]
    clear = np.linalg.norm(crossings, axis=-1).min(axis=0) > 0.3 * gamma
    assert clear.sum() >= 0.1 * count
    np.testing.assert_allclose(np.linalg.det(phi[clear]), 1, rtol=0, atol=1e-8)
    clear &= largest > 2
    modulus = np.abs(np.linalg.eigvals(phi[clear])).max(axis=1, initial=0)
    np.testing.assert_allclose(modulus, largest[clear], rtol=1e-8)
    pairs = np.stack([o.multipliers for o in orbits])
    np.testing.assert_allclose(pairs * pairs[:, ::-1], 1, rtol=0, atol=1e-8)
    assert (np.diff(np.abs(pairs), axis=1) < 1e-9).all()
    for orbit, phase in zip(orbits, random.random(count), strict=True):
        constant = jacobi_constant(mu, states_along(orbit, phase))
        assert constant == pytest.approx(orbit.jacobi_constant, abs=1e-12)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("point", ["L1", "L2"])
def test_laws(point, name):
    _check_laws(SUN_EARTH, point, name, 20, 1)


@pytest.mark.study
@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("point", ["L1", "L2"])
@pytest.mark.parametrize("mu", [SUN_EARTH, EARTH_MOON])
def test_laws_on_many(mu, point, name):
    """1,200 members in all."""
    _check_laws(mu, point, name, 100, 2)


def test_determinant_and_reciprocal_multipliers_of_halos():
    """Raw eigenvalues of matrices flown in one piece: det Φ = 1, λ_u λ_s = 1 to 1e-8."""
    family = halo_family(SUN_EARTH, "L2")
    chosen = np.flatnonzero(family.stability_indices > 2)[:30:2]
    states, periods = family.states[chosen], family.periods[chosen]
    _, phi, _ = propagate_cr3bp(SUN_EARTH, states, periods, stm=True, tolerance=1e-15)
    np.testing.assert_allclose(np.linalg.det(phi), 1, rtol=0, atol=1e-8)
    # The smallest eigenvalue of a matrix with entries of 1e4 is lost in their rounding: that of
    # the matrix flown backwards is its inverse, and is not.
    _, back, _ = propagate_cr3bp(SUN_EARTH, states, -periods, stm=True, tolerance=1e-15)
    largest = np.abs(np.linalg.eigvals(phi)).max(axis=1)
    np.testing.assert_allclose(
        largest / np.abs(np.linalg.eigvals(back)).max(axis=1), 1, rtol=0, atol=1e-8
    )
    np.testing.assert_allclose(largest, np.abs(family.multipliers[chosen, 0]), rtol=1e-8)


def test_whole_halo_family_in_seconds():
    """To the near-rectilinear end at the surface of the Earth; machines differ, 5 s do not."""
    # No other test asks for it, so it is not kept from before.
    followed = halo._followed.cache_info().misses
    begin = time.perf_counter()
    family = halo_family(SUN_EARTH, "L2", closest=EARTH_RADIUS)
    assert time.perf_counter() - begin < 5
    assert halo._followed.cache_info().misses == followed + 1
    half, _ = propagate_cr3bp(
        SUN_EARTH, family.states[-1], family.periods[-1] / 2, radii=(1e-6, 1e-9)
    )
    perigee = np.linalg.norm(half[:3] - [1 - SUN_EARTH, 0, 0])
    assert EARTH_RADIUS < perigee < 1.3 * EARTH_RADIUS
    assert "lighter primary" in family.end
    assert family.periods[0] > 3.1 and family.periods[-1] < 1.45
    assert family.stability_indices.max() > 840
    # A band of stable orbits lies between.
    assert (family.stability_indices < 1 + 1e-9).any()


def test_family_arrays_agree_with_members():
    family = halo_family(SUN_EARTH, "L1")
    for k in (0, 10, len(family) // 2, len(family) - 1):
        orbit = family.at(family.arclengths[k])
        np.testing.assert_allclose(orbit.state, family.states[k], rtol=0, atol=1e-13)
        assert orbit.jacobi_constant == pytest.approx(family.jacobi_constants[k], abs=1e-14)
        # Matrices that end at the surface of the Earth have entries of 1e5.
        rel = 1e-8 if k <= len(family) // 2 else 1e-5
        assert orbit.stability_index == pytest.approx(family.stability_indices[k], rel=rel)
    with pytest.raises(ValueError, match="outside the family"):
        family.at(-0.1)
    with pytest.raises(ValueError, match="read-only"):
        family.states[0, 0] = 0


def test_span_covers_the_turning_points():
    family = halo_family(SUN_EARTH, "L2")
    low, high = family.span("jacobi")
    assert low < family.jacobi_constants.min() < low + 1e-6
    assert high == pytest.approx(family.jacobi_constants[0], abs=1e-12)
    # A value between the extremum and the member nearest to it is found, on both sides of it.
    value = 0.5 * (low + family.jacobi_constants.min())
    near, far = (family.member("jacobi", value, which=k) for k in (0, 1))
    assert near.period > far.period
    assert near.jacobi_constant == pytest.approx(value, abs=1e-14)


@pytest.mark.parametrize("point", ["L1", "L2"])
@pytest.mark.parametrize("mu", [SUN_EARTH, EARTH_MOON])
def test_halos_begin_where_planar_orbits_bifurcate(mu, point):
    """Two computations that share no step: vertical stability of planar orbits, Richardson."""
    first = find_bifurcations(lyapunov_family(mu, point))[0]
    family = halo_family(mu, point)
    assert first.kind == "tangent" and not first.fold and first.exact
    # The first halo is flat to 1e-5 of gamma, which leaves the square of that times 6.
    assert first.orbit.jacobi_constant == pytest.approx(family.jacobi_constants[0], abs=3e-11)
    assert first.orbit.period == pytest.approx(family.periods[0], abs=1e-8)
    planar = states_along(first.orbit, 0.5 if point == "L1" else 0.0)
    np.testing.assert_allclose(planar[[0, 4]], family.states[0][[0, 4]], rtol=0, atol=1e-8)


def test_bifurcations_of_the_l2_halo_family():
    found = find_bifurcations(halo_family(SUN_EARTH, "L2"))
    assert [b.kind for b in found] == ["period doubling"] * 2 + ["tangent", "period doubling"]
    assert all(b.exact for b in found)
    for one in found:
        target = -1 if one.kind == "period doubling" else 1
        # A double eigenvalue moves by the root of a change: 1e-10 in arclength leaves 1e-5.
        distance = np.sort(np.abs(one.orbit.multipliers - target))
        assert (distance[:2] < 1e-4).all()
    fold = found[2]
    assert fold.fold
    low, _ = halo_family(SUN_EARTH, "L2").span("jacobi")
    assert fold.orbit.jacobi_constant == pytest.approx(low, abs=5e-9)  # a cubic's
    assert set(KINDS) >= {b.kind for b in found}


def test_stability_changes_between_bifurcations_only():
    """In a stable band both half sums lie between -1 and 1; its ends are bifurcations."""
    family = halo_family(SUN_EARTH, "L2")
    stable = family.stability_indices < 1 + 1e-9
    changes = family.arclengths[:-1][np.diff(stable.astype(int)) != 0]
    places = np.array([b.arclength for b in find_bifurcations(family)])
    for change in changes:
        assert np.abs(places - change).min() < 0.15
    sums = family.half_sums
    assert (np.abs(sums.imag) == 0).all()
    assert (np.abs(sums[stable].real) <= 1 + 1e-9).all()


def test_vertical_family_starts_at_the_linear_period():
    family = vertical_family(SUN_EARTH, "L2")
    assert family.periods[0] == pytest.approx(2 * np.pi / 1.985053, abs=2e-6)
    # Doubly symmetric: a quarter period later it crosses the x axis, at a right angle to it.
    quarter = states_along(family.at(2.0), 0.25)
    np.testing.assert_allclose(quarter[[1, 2, 3]], 0, atol=1e-13)


def test_floquet_of_made_up_pairs():
    """Real, negative, complex on the circle, and a quadruplet: pairs multiply to one."""
    sums = np.array([[500, 0.3], [-20, 1.0], [-0.5, 0.5], [2 + 1j, 2 - 1j]], dtype=complex)
    found = multipliers(sums)
    np.testing.assert_allclose(found * found[:, ::-1], 1, atol=1e-12)
    np.testing.assert_allclose(0.5 * (found + 1 / found)[:, 0].real[:2], [500, -20])
    assert (np.diff(np.abs(found), axis=1) < 1e-12).all()
    index = stability_index(sums)
    np.testing.assert_allclose(index[:3], [500, 20, 1], rtol=1e-12)
    modulus = np.abs(2 + 1j + np.sqrt((2 + 1j) ** 2 - 1))
    assert index[3] == pytest.approx(0.5 * (modulus + 1 / modulus))


def test_half_sums_where_an_eigenvalue_is_one():
    """At a bifurcation a second eigenvalue is 1: the trivial one is still told from it."""
    left = np.array([0.3, 0, -0.7, 0, 0.2, 0])
    kept = np.array([0.3, -0.7, 0.2])
    random = np.random.default_rng(3)
    basis = np.linalg.svd(kept[None])[2][1:]  # across the left eigenvector
    right = np.vstack([basis, kept + random.normal(size=(1, 2)) @ basis]).T
    block = right @ np.diag([250.0, 1.0, 1.0]) @ np.linalg.inv(right)
    monodromy = np.zeros((6, 6))
    monodromy[np.ix_([0, 2, 4], [0, 2, 4])] = block
    np.testing.assert_allclose(half_sums(monodromy, left), [250, 1], rtol=1e-12)
