"""The manifolds of a halo orbit, against their laws and a published median."""

from __future__ import annotations

import numpy as np
import pytest
from circular_flight import fly_circular
from orbit_samples import L1_NORTHERN, L2_NORTHERN, L2_STABLE, printed_orbit

from survey.astro.cr3bp import jacobi_constant
from survey.astro.cr3bp_flow import propagate_cr3bp
from survey.astro.floquet import MIRROR
from survey.astro.halo import halo_orbit
from survey.astro.kepler import elements_to_state
from survey.astro.manifold import floquet_directions, manifold_arcs, seeds
from survey.astro.manifold_sections import (
    crossings,
    exit_statistics,
    first_crossings,
    heliocentric_elements,
    periapsis,
    plane,
    sector,
)
from survey.astro.periodic import constant_gradient, states_along
from survey.constants import MASS_RATIO_SUN_EARTH_JPL as MU

PHASES = np.arange(24) / 24
TIME_UNIT_D = 5022635.34820215 / 86400.0  # of JPL's periodic-orbit database
BRANCHES = [(False, True), (False, False), (True, True), (True, False)]


@pytest.fixture(scope="module")
def halo():
    return printed_orbit(*L2_NORTHERN)


@pytest.fixture(scope="module")
def outer(halo):
    return manifold_arcs(halo, stable=False, exterior=True, phases=PHASES, duration=13.0)


def test_every_exterior_arc_of_jpl_halo_1197_leaves_and_when(outer):
    # 24 phases, all exit; median 532 d to 22.5 degrees from the line of the primaries, on
    # heliocentric orbits of median a = 1.0468 au. Displacement 1e-6; a osculating at the section.
    found = exit_statistics(outer)
    assert found.fraction == 1.0
    assert found.median_time * TIME_UNIT_D == pytest.approx(532.0, abs=0.5)
    assert found.median_a == pytest.approx(1.0468, abs=0.00005)


@pytest.mark.parametrize(("stable", "exterior"), BRANCHES)
def test_seeds_lie_at_the_given_distance_on_the_given_side(halo, stable, exterior):
    start = seeds(halo, stable=stable, exterior=exterior, phases=PHASES, displacement=1e-5)
    offset = start - states_along(halo, PHASES)
    assert np.linalg.norm(offset[:, :3], axis=-1) == pytest.approx(1e-5, rel=1e-9)
    assert np.all((offset[:, 0] > 0) == exterior)


@pytest.mark.parametrize(("stable", "exterior"), BRANCHES)
@pytest.mark.parametrize(("sample", "point"), [(L2_NORTHERN, "L2"), (L1_NORTHERN, "L1")])
def test_arcs_stray_to_the_side_they_are_named_after(sample, point, stable, exterior):
    orbit = printed_orbit(*sample, point=point)
    arcs = manifold_arcs(orbit, stable=stable, exterior=exterior, phases=PHASES, duration=5.0)
    beside = states_along(orbit, PHASES[:, None] + arcs.times / orbit.period)
    apart = (arcs.states - beside)[..., 0]
    # Where an arc is first 100,000 km away from the orbit's x, it is away on its own side.
    first = np.argmax(np.abs(apart) > 1e5 / 149597870.7, axis=1)
    assert np.all(first > 0)
    assert np.all((apart[np.arange(24), first] > 0) == exterior)


def test_interior_arcs_of_l2_come_to_the_earth_and_exterior_ones_do_not(halo, outer):
    earth = np.array([1.0 - MU, 0.0, 0.0])

    def least(states):
        return np.nanmin(np.linalg.norm(states[..., :3] - earth, axis=-1), axis=-1)

    inner = manifold_arcs(halo, stable=False, exterior=False, phases=PHASES, duration=5.0)
    nearest = least(states_along(halo, np.arange(200) / 200))
    assert np.all(least(inner.states) < 0.75 * nearest)
    # They leave from beside the orbit, so they cannot stay farther away than it by much.
    assert np.all(least(outer.states) > 0.9999 * nearest)


def test_jacobi_constant_is_kept_and_is_that_of_the_orbit(halo, outer):
    constant = jacobi_constant(MU, outer.states)
    assert np.abs(constant - constant[:, :1]).max() < 1e-12
    # The direction is tangent to the surface of the constant: only the square of 1e-6 counts,
    # times second derivatives of the potential of some tens.
    assert np.abs(constant[:, 0] - halo.jacobi_constant).max() < 5e-11


@pytest.mark.parametrize("stable", [False, True])
def test_arcs_join_the_orbit(halo, stable):
    # Unstable arcs one period earlier, stable ones one period later, are nearer by the
    # multiplier, 996.46. Half the difference of the two sides is free of even powers of 1e-6.
    ends = [
        propagate_cr3bp(
            MU,
            seeds(halo, stable=stable, exterior=side, phases=PHASES),
            halo.period if stable else -halo.period,
            tolerance=1e-15,
        )[0]
        for side in (True, False)
    ]
    apart = np.linalg.norm(0.5 * (ends[0] - ends[1])[:, :3], axis=-1)
    assert apart * 996.46 == pytest.approx(1e-6, rel=2e-3)


def test_the_tube_does_not_depend_on_the_displacement(halo):
    # A seed a multiplier nearer flies, in one period, to the seed at the full distance.
    growth = floquet_directions(halo, 0.0).unstable_multiplier
    near = seeds(halo, stable=False, exterior=True, phases=PHASES, displacement=1e-6 / growth)
    later, _ = propagate_cr3bp(MU, near, halo.period, tolerance=1e-15)
    full = seeds(halo, stable=False, exterior=True, phases=PHASES, displacement=1e-6)
    assert np.abs(later - full).max() < 5e-10  # the square of 1e-6 times the curvature, hundreds


def test_stable_manifold_is_the_mirror_image_of_the_unstable_one(halo):
    flown = {"exterior": True, "duration": 8.0}
    away = manifold_arcs(halo, stable=False, phases=PHASES, **flown)
    back = manifold_arcs(halo, stable=True, phases=-PHASES, **flown)
    assert np.all(back.times == -away.times)
    # Half a year of instability magnifies the seeds' rounding a hundred million times.
    early = np.abs(away.times) < 3.0
    assert np.abs(back.states * MIRROR - away.states)[:, early].max() < 1e-9


def test_multipliers_are_reciprocal_and_directions_are_eigenvectors(halo):
    at = floquet_directions(halo, [0.0, 0.3, 0.7])
    assert at.unstable_multiplier * at.stable_multiplier == pytest.approx(1.0, abs=1e-12)
    _, monodromy, _ = propagate_cr3bp(MU, at.states, halo.period, stm=True, tolerance=1e-15)
    grown = np.einsum("nij,nj->ni", monodromy, at.unstable)
    assert grown / at.unstable_multiplier == pytest.approx(at.unstable, abs=1e-6)
    _, backwards, _ = propagate_cr3bp(MU, at.states, -halo.period, stm=True, tolerance=1e-15)
    shrunk = np.einsum("nij,nj->ni", backwards, at.stable)
    assert shrunk * at.stable_multiplier == pytest.approx(at.stable, abs=1e-6)


def test_phases_asked_for_do_not_change_the_side(halo):
    alone = np.concatenate([floquet_directions(halo, phase).unstable for phase in PHASES])
    assert floquet_directions(halo, PHASES).unstable == pytest.approx(alone, abs=1e-12)


def test_crossings_are_those_of_another_integrator(halo):
    arcs = manifold_arcs(halo, stable=False, exterior=False, phases=[0.25], duration=6.0)
    found = crossings(arcs, plane("y", 0.0))
    other = fly_circular(MU, arcs.seeds[0], 6, events=lambda t, s, mu: s[1])
    times = other.t_events[0]
    assert len(found.time) == len(times) >= 3
    # A 1e-13 difference grows a hundred-thousandfold on the way.
    assert found.time == pytest.approx(times, abs=1e-6)
    assert np.abs(found.states[:, 1]).max() < 1e-15


@pytest.mark.parametrize("stable", [False, True])
def test_periapsis_is_where_the_distance_is_least(halo, stable):
    arcs = manifold_arcs(halo, stable=stable, exterior=False, phases=PHASES, duration=5.0)
    found = crossings(arcs, periapsis(MU))
    assert len(found.arc) >= 24
    earth = np.array([1.0 - MU, 0.0, 0.0])

    def distance(dt):
        moved, _ = propagate_cr3bp(MU, found.states, dt)
        return np.linalg.norm(moved[:, :3] - earth, axis=-1)

    here = distance(0.0)
    assert np.all((distance(1e-4) > here) & (distance(-1e-4) > here))
    assert np.all(np.sign(found.time) == (-1 if stable else 1))


def test_the_sector_is_left_on_its_edge(outer):
    time, states = first_crossings(outer, sector(MU, np.radians(22.5)))
    angle = np.degrees(np.arctan2(np.abs(states[:, 1]), states[:, 0] + MU))
    assert angle == pytest.approx(22.5, abs=1e-10)
    # Exterior arcs are slower than the Earth and fall behind it.
    assert np.all(states[:, 1] < 0)
    assert np.all((time > 0) & (time < 13.0))


def test_arcs_that_stay_have_no_exit(halo):
    short = manifold_arcs(halo, stable=False, exterior=True, phases=PHASES, duration=2.0)
    found = exit_statistics(short)
    assert found.fraction == 0.0
    assert np.isnan(found.time).all()
    assert np.isnan(found.median_a)


def test_heliocentric_elements_are_those_of_the_ellipse_flown():
    rng = np.random.default_rng(12)
    n = 200
    given = (
        rng.uniform(0.7, 1.6, n), rng.uniform(0.01, 0.6, n), rng.uniform(0.01, 1.0, n),
        rng.uniform(0, 6.2, n), rng.uniform(0, 6.2, n), rng.uniform(-3.1, 3.1, n),
    )  # fmt: skip
    r, v = elements_to_state(1.0 - MU, *given)
    time = rng.uniform(-20, 20, n)
    turn = np.zeros((n, 3, 3))  # from fixed to rotating axes
    turn[:, 0, 0] = turn[:, 1, 1] = np.cos(time)
    turn[:, 0, 1], turn[:, 1, 0], turn[:, 2, 2] = np.sin(time), -np.sin(time), 1.0
    rotating_r = np.einsum("nij,nj->ni", turn, r)
    rotating_v = np.einsum("nij,nj->ni", turn, v) - np.cross([0.0, 0.0, 1.0], rotating_r)
    rotating_r[:, 0] -= MU
    found = heliocentric_elements(MU, np.concatenate((rotating_r, rotating_v), -1), time)
    for one, other in zip(found, given, strict=True):
        assert one == pytest.approx(other, abs=1e-10)


@pytest.mark.parametrize("bad", [{"duration": 0.0}, {"duration": -3.0}, {"step": 0.0},
                                 {"displacement": -1e-6}, {"duration": np.nan}])  # fmt: skip
def test_impossible_arcs_are_refused(halo, bad):
    given = {"stable": False, "exterior": True, "phases": [0.0], "duration": 1.0} | bad
    with pytest.raises(ValueError, match="must be positive"):
        manifold_arcs(halo, **given)


def test_an_orbit_without_instability_has_no_manifold():
    with pytest.raises(ValueError, match="choose an unstable member"):
        seeds(printed_orbit(*L2_STABLE), stable=False, exterior=True, phases=[0.0])


@pytest.mark.parametrize("stable", [False, True])
def test_laws_hold_on_a_thousand_random_members_and_phases(stable):
    rng = np.random.default_rng(17)
    for height in rng.uniform(0.0005, 0.0085, 25):
        orbit = halo_orbit(MU, "L2", z_amplitude=height, northern=bool(rng.integers(2)))
        phases = rng.uniform(0, 1, 40)
        at = floquet_directions(orbit, phases)
        direction = at.stable if stable else at.unstable
        assert np.linalg.norm(direction[:, :3], axis=-1) == pytest.approx(1.0, abs=1e-12)
        # Displacements on the manifold change neither the Jacobi constant, to first order, ...
        slope = np.sum(constant_gradient(MU, at.states) * direction, axis=-1)
        assert np.abs(slope).max() < 1e-9
        # ... nor their own direction in the course of a period.
        _, matrix, _ = propagate_cr3bp(
            MU, at.states, -orbit.period if stable else orbit.period, stm=True, tolerance=1e-15
        )
        grown = np.einsum("nij,nj->ni", matrix, direction) / at.unstable_multiplier
        assert np.abs(grown - direction).max() < 1e-6
        # Exterior means outward: on the mean over the orbit, and for orbits of this size anywhere.
        assert np.all(direction[:, 0] > 0)
