"""What every two-body orbit obeys, on random conics."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from survey.astro.kepler import elements_to_state, propagate_kepler, state_to_elements

angles = st.floats(0, 2 * np.pi)
inclinations = st.floats(0.01, 3.13)
ellipses = st.floats(0, 0.9999)
conics = st.one_of(ellipses, st.floats(1.0001, 50), st.just(1 - 1e-9), st.just(1 + 1e-9))
perihelia = st.floats(0.05, 10)
quick = settings(deadline=None, max_examples=150)


def orbit(q, e, i, raan, argp, m):
    a = q / (1 - e)
    return (a, e), elements_to_state(1.0, a, e, i, raan, argp, m)


@quick
@given(perihelia, conics, inclinations, angles, angles, st.floats(-30, 30))
def test_energy_momentum_and_distance(q, e, i, raan, argp, m):
    (a, _), (r, v) = orbit(q, e, i, raan, argp, m)
    distance, speed = np.linalg.norm(r), np.linalg.norm(v)
    energies = speed**2 / 2, 1 / distance, 1 / (2 * a)
    assert abs(energies[0] - energies[1] + energies[2]) < 4e-15 * np.abs(energies).sum()
    h = np.cross(r, v)
    expected = np.sqrt(q * (1 + e)) * np.array(
        [np.sin(i) * np.sin(raan), -np.sin(i) * np.cos(raan), np.cos(i)]
    )
    # Far out on a hyperbola r and v are all but parallel, and their product cancels.
    np.testing.assert_allclose(h, expected, rtol=0, atol=1e-14 * (1 + distance * speed))
    assert distance >= q * (1 - 2e-15)


@quick
@given(perihelia, conics, inclinations, angles, angles, st.floats(-3, 3))
def test_elements_and_back(q, e, i, raan, argp, m):
    _, (r, v) = orbit(q, e, i, raan, argp, m)
    elements = state_to_elements(1.0, r, v)
    r2, v2 = elements_to_state(1.0, *elements)
    # 1 - e is all that tells a needle's perihelion: its rounding by 1e-16 sets the limit.
    allowed = 3e-14 + 4e-15 / abs(1 - e)
    assert np.linalg.norm(r2 - r) < allowed * np.linalg.norm(r)
    assert np.linalg.norm(v2 - v) < allowed * np.linalg.norm(v)
    assert all(0 <= angle < 2 * np.pi for angle in elements[2:5])
    assert e > 1 or abs(elements[5]) <= np.pi


@quick
@given(perihelia, conics, inclinations, angles, angles, st.floats(-3, 3), st.floats(-50, 50))
def test_there_and_back(q, e, i, raan, argp, m, dt):
    _, (r, v) = orbit(q, e, i, raan, argp, m)
    there = propagate_kepler(1.0, r, v, dt)
    back_r, back_v = propagate_kepler(1.0, *there, -dt)
    # An error of the start grows along the orbit at most with the ratio of the time scales.
    fastest = max(np.linalg.norm(x[1]) / np.linalg.norm(x[0]) for x in ((r, v), there))
    allowed = 1e-13 * (1 + abs(dt)) * (1 + fastest / q**0.5) * (1 + np.linalg.norm(r) / q) ** 2
    assert np.linalg.norm(back_r - r) < allowed * np.linalg.norm(r)
    assert np.linalg.norm(back_v - v) < allowed * max(np.linalg.norm(v), 1)


@quick
@given(perihelia, ellipses, inclinations, angles, angles, st.floats(-3, 3), st.floats(-4, 4))
def test_propagation_agrees_with_the_mean_anomaly(q, e, i, raan, argp, m, turns):
    (a, _), (r, v) = orbit(q, e, i, raan, argp, m)
    dt = turns * a**1.5
    r2, v2 = propagate_kepler(1.0, r, v, dt)
    expected_r, expected_v = elements_to_state(1.0, a, e, i, raan, argp, m + turns)
    stiff = 2e-14 / (1 - e) ** 2 * (a / q)
    assert np.linalg.norm(r2 - expected_r) < stiff * a
    assert np.linalg.norm(v2 - expected_v) < stiff * np.linalg.norm(expected_v) * a / q


@quick
@given(perihelia, st.floats(0, 0.95), st.integers(-10_000, 10_000))
def test_whole_periods_lead_back(q, e, periods):
    (a, _), (r, v) = orbit(q, e, 0.3, 0.4, 0.5, 0.6)
    r2, _ = propagate_kepler(1.0, r, v, periods * 2 * np.pi * a**1.5)
    # The period follows from the energy as its power 3/2, and the energy is known to a few units
    # in the last place of 2 / r: 2 pi * 3/2 * 4 * 2.2e-16 * 2 a / q a turn, along the fastest arc.
    allowed = (1 + abs(periods)) * 4e-14 * (a / q) ** 2 / (1 - e)
    assert np.linalg.norm(r2 - r) < allowed * a
