"""The integrator against laws: two bodies, relativity, thrust, reversal, a tighter run."""

import numpy as np
import pytest

from survey.astro import nbody
from survey.astro.kepler import elements_to_state, propagate_kepler, state_to_elements
from survey.astro.nbody_forces import SUN_POLE
from survey.astro.nbody_planets import BODIES, COLUMNS, make_planets, record_times
from survey.astro.nbody_step import AA, BA, A, B, C
from survey.constants import (
    AU_KM,
    DAY_S,
    J2_SUN,
    J2_SUN_RADIUS_KM,
    SPEED_OF_LIGHT_KM_S,
)
from survey.constants import GM_SUN_KM3_S2 as GM_SUN
from survey.transfer.ephemerides import planets

YEAR = 365.25 * DAY_S
START = 16 * DAY_S * 989  # 2021-06-27


@pytest.fixture(scope="module")
def empty_sky():
    """The perturbers so far away that only Sun and relativity act."""
    times = record_times(0.0, 2608)
    far = np.full((*times.shape, BODIES, 3), 1e14)
    return make_planets(0.0, far)


@pytest.fixture(scope="module")
def orbits():
    """Twelve orbits that meet no planet in 20 years (see `test_there_and_back`)."""
    rng = np.random.default_rng(4)
    a = rng.uniform(1.0, 2.2, 12) * AU_KM
    e, i = rng.uniform(0.05, 0.5, 12), rng.uniform(0.35, 0.7, 12)
    angles = rng.uniform(0, 2 * np.pi, (3, 12))
    angles[:, 9] = 1.0, 2.0, 3.0
    r, v = elements_to_state(GM_SUN, a, e, i, *angles)
    return np.concatenate([r, v], axis=1)


def test_coefficients():
    """Quadrature conditions up to order 8, and those of the form for second-order equations."""
    assert abs(A.sum(axis=1) - C).max() < 1e-14
    for k in range(8):
        assert abs(B @ C**k - 1 / (k + 1)) < 1e-14
    for k in range(7):
        assert abs(BA @ C**k - 1 / ((k + 1) * (k + 2))) < 1e-14
        assert np.ptp([BA @ C**k, B @ (A @ C**k)]) < 1e-14
    assert abs(AA @ np.ones(12) - C**2 / 2)[2:].max() < 1e-14


def test_perihelion_advances_as_relativity_says(empty_sky):
    """6 pi GM / (c² a (1 - e²)) a revolution [Einstein1915], and J2 of the Sun's small share."""
    a, e = 0.387 * AU_KM, 0.6
    pole = np.array(SUN_POLE)
    node = np.arctan2(pole[0], -pole[1])
    tilt = np.arccos(pole[2])  # an orbit in the plane of the Sun's equator
    r, v = elements_to_state(GM_SUN, a, e, tilt, node, 0.3, 0.0)
    period = 2 * np.pi * np.sqrt(a**3 / GM_SUN)
    end = START + 10 * YEAR
    path = nbody.integrate(empty_sky, [START], [np.r_[r, v]], START, end)
    y = path.states([end])[0, 0]
    _, _, _, late_node, late_peri, _ = state_to_elements(GM_SUN, y[:3], y[3:])
    advance = (late_node + late_peri) - (node % (2 * np.pi) + 0.3)
    parameter = a * (1 - e**2)
    relativity = 6 * np.pi * GM_SUN / (SPEED_OF_LIGHT_KM_S**2 * parameter)
    # In the equator the node's retreat, which moves no orbit, and the perihelion's advance add up.
    oblateness = 3 * np.pi * J2_SUN * (J2_SUN_RADIUS_KM / parameter) ** 2
    turns = (end - START) / period
    # The osculating perihelion swings by a few GM / c² a within a revolution.
    assert advance == pytest.approx((relativity + oblateness) * turns, rel=0.02)
    assert abs(advance - oblateness * turns) > 0.5 * relativity * turns


def test_radial_thrust_is_a_lighter_sun(empty_sky):
    """A1 falling with the square of distance takes A1 au² off GM."""
    r, v = elements_to_state(GM_SUN, 1.3 * AU_KM, 0.4, 0.1, 1.0, 2.0, 0.5)
    push = 1e-6 * GM_SUN / AU_KM**2
    law = [push, 0, 0, AU_KM, 2, 1, 0]
    end = START + 3 * YEAR
    with_push, without = (
        nbody.integrate(empty_sky, [START], [np.r_[r, v]], START, end, laws=[x]).states([end])[0, 0]
        for x in (law, [0, 0, 0, *law[3:]])
    )
    lighter, _ = propagate_kepler(GM_SUN * (1 - 1e-6), r, v, end - START)
    full, _ = propagate_kepler(GM_SUN, r, v, end - START)
    assert np.linalg.norm(lighter - full) > 3_000
    # Relativity, the same in both, cancels but for its product with the push.
    np.testing.assert_allclose((with_push - without)[:3], lighter - full, atol=0.1)


def test_transverse_thrust_widens_a_circle(empty_sky):
    """da/dt = 2 A2 / n on a circle of 1 au; A3 tilts and does not widen."""
    r, v = elements_to_state(GM_SUN, AU_KM, 0.0, 0.0, 0.0, 0.0, 0.0)
    end, push = START + 2 * YEAR, 1e-12
    found = []
    for law in ([0, push, 0], [0, 0, push], [0, 0, 0]):
        path = nbody.integrate(
            empty_sky, [START], [np.r_[r, v]], START, end, laws=[[*law, AU_KM, 2, 1, 0]]
        )
        y = path.states([end])[0, 0]
        found.append(state_to_elements(GM_SUN, y[:3], y[3:])[0])
    motion = np.sqrt(GM_SUN / AU_KM**3)
    assert found[0] - found[2] == pytest.approx(2 * push / motion * (end - START), rel=1e-3)
    assert abs(found[1] - found[2]) < 0.01 * abs(found[0] - found[2])


def test_marsden_s_law_is_one_at_one_au():
    """The water-ice law g(r) of [Marsden1973] as tabulated: alpha 0.1113 makes g(1 au) = 1."""
    from survey.astro.nbody_forces import outgassing

    r0, m, n, k, alpha = 2.808, 2.15, 5.093, 4.6142, 0.111262
    for au in (0.5, 1.0, 2.0):
        ours = outgassing.py_func(
            au * AU_KM, 0.0, 0.0, 0.0, 30.0, 0.0, (1.0, 0, 0, r0 * AU_KM, m, n, k)
        )[0]
        printed = alpha * (au / r0) ** -m * (1 + (au / r0) ** n) ** -k
        assert ours == pytest.approx(printed, rel=1e-4)


def test_there_and_back(orbits):
    """Twenty years forwards, and back from there: within a metre of the start."""
    end = START + 457 * 16 * DAY_S
    there = nbody.integrate(planets(), np.full(12, START), orbits, START, end)
    assert (there.status == nbody.INTEGRATED).all() and not len(there.passes)
    turn = there.states([end])[:, 0]
    back = nbody.integrate(planets(), np.full(12, end), turn, START, end).states([START])[:, 0]
    assert np.linalg.norm(back - orbits, axis=1).max() < 1e-3  # km


def test_tighter_run_and_interpolation(orbits):
    """1e-9 of the distance after 20 years; the interpolant within 10 km and 1 mm/s everywhere."""
    end = START + 457 * 16 * DAY_S
    times = START + np.linspace(0.0, 1.0, 301) * (end - START)
    epochs = np.full(12, START)
    path = nbody.integrate(planets(), epochs, orbits, START, end)
    tight = nbody.integrate(planets(), epochs, orbits, START, end, tolerance=1e-16)
    last = path.offsets[1:] - 1  # the end is a window's: nodes there, without interpolation
    assert (path.time[last] == end).all()
    error = path.state[last] - tight.state[tight.offsets[1:] - 1]
    assert np.linalg.norm(error[:, :3], axis=1).max() < 1e-11 * AU_KM
    ours = path.states(times)
    assert np.linalg.norm((ours - tight.states(times))[:, :, :3], axis=-1).max() < 1.0
    for k in (70, 155, 241):  # runs that end where the others interpolate
        shift = times[k] - 16 * DAY_S * np.floor(times[k] / (16 * DAY_S))
        moved = nbody.integrate(planets(), epochs, orbits, START, times[k] + 20 * DAY_S)
        at = moved.states([times[k]])[:, 0] - ours[:, k]
        assert np.linalg.norm(at[:, :3], axis=1).max() < 1.0
        assert np.linalg.norm(at[:, 3:], axis=1).max() < 1e-6 and shift > 0.0


def test_interpolant_against_every_step(orbits):
    from survey.astro.nbody_block import LOG, run_block

    end = START + 6 * YEAR
    log, _, _ = run_block(
        0.0, planets().records, np.full(12, START), orbits.copy(), np.zeros((12, 7)), end, 1,
        nbody.TOLERANCE, np.empty((20_000, LOG)),
    )  # fmt: skip
    path = nbody.integrate(planets(), np.full(12, START), orbits, START, end)
    for n in range(12):
        lines = log[(log[:, 0] == n) & (log[:, 1] < end)]
        found = path.states(lines[:, 1])[n]
        assert len(lines) > 1.5 * np.diff(path.offsets)[n]  # most steps lie between nodes
        assert np.linalg.norm(found[:, :3] - lines[:, 2:5], axis=1).max() < 5.0
        assert np.linalg.norm(found[:, 3:] - lines[:, 5:8], axis=1).max() < 1e-6


def test_alone_or_in_company(orbits):
    """An object moves the same whoever is integrated with it, whenever they start."""
    end = START + 4 * YEAR
    epochs = START + np.arange(12) * 40.7 * DAY_S
    times = np.linspace(START, end, 50)
    together = nbody.integrate(planets(), epochs, orbits, START, end).states(times)
    for n in (0, 7):
        alone = nbody.integrate(planets(), epochs[n : n + 1], orbits[n : n + 1], START, end)
        np.testing.assert_array_equal(alone.states(times)[0], together[n])


def test_bad_rows_have_a_status(orbits):
    y, epochs = orbits[:5].copy(), np.full(5, START)
    y[1, 3] = np.nan
    y[2, 3:] *= 2.0  # leaves the Sun for good
    epochs[3] = START - 100 * YEAR
    epochs[4] = np.nan
    path = nbody.integrate(planets(), epochs, y, START, START + YEAR)
    expected = [nbody.INTEGRATED, nbody.UNBOUND, nbody.UNBOUND, nbody.OUTSIDE, nbody.OUTSIDE]
    assert path.status.tolist()[:4] == expected[:4] and path.status[4] != nbody.INTEGRATED
    states = path.states([START, START + YEAR / 2])
    assert np.isfinite(states[0]).all() and np.isnan(states[1:]).all()
    assert set(path.status) <= set(nbody.STATUS)


@pytest.mark.parametrize("span", [(START, START), (START + 1, START), (-1.0, START), (0.0, 9e9)])
def test_bad_spans_are_refused(orbits, span):
    with pytest.raises(ValueError, match="the planets are known from"):
        nbody.integrate(planets(), [START], orbits[:1], *span)


def test_nobody_at_all():
    path = nbody.integrate(planets(), [], np.empty((0, 6)), START, START + YEAR)
    assert path.states([START]).shape == (0, 1, 6) and COLUMNS == 32


def test_states_at_odd_times(orbits):
    path = nbody.integrate(planets(), [START] * 2, orbits[:2], START, START + YEAR)
    times = START + np.array([300.0, 10.0, 200.0, 200.0, -500.0, 9000.0, np.nan]) * DAY_S
    states = path.states(times)
    assert np.isnan(states[:, 4:]).all() and np.isfinite(states[:, :4]).all()
    np.testing.assert_array_equal(states[:, 2], states[:, 3])
    own = path.states(np.array([times[:2], times[1:3]]))
    np.testing.assert_array_equal(own, [states[0, :2], states[1, 1:3]])
