"""Burns near a planet: published figures, the conic's own laws, flights far away."""

from __future__ import annotations

import numpy as np
import pytest

from survey.astro.kepler import propagate_kepler
from survey.astro.oberth import (
    closest_ahead_or_behind,
    hyperbola_velocity,
    speed_at_infinity,
    tangential_burn,
    velocity_at_infinity,
)
from survey.constants import GM_EARTH_KM3_S2 as GM

PERIGEE_KM = 6678.0


@pytest.fixture(scope="module")
def burns():
    rng = np.random.default_rng(5)
    r = rng.normal(size=(200, 3))
    r *= (rng.uniform(6678.0, 60_000.0, 200) / np.linalg.norm(r, axis=1))[:, None]
    return r, rng.normal(scale=2.0, size=(200, 3))


@pytest.mark.parametrize(("left", "burn"), [(3.0, 0.404), (5.0, 1.090)])
def test_what_a_burn_at_300_km_buys_a_craft_that_falls_from_far_away(left, burn):
    # v∞ = √((v_p + Δv)² - v_esc²), v_p = v_esc: 3 km/s for about 0.40 km/s, 5 km/s for 1.1 km/s.
    escape = np.sqrt(2 * GM / PERIGEE_KM)
    assert tangential_burn(GM, PERIGEE_KM, escape, left) == pytest.approx(burn, abs=5e-4)
    assert speed_at_infinity(GM, PERIGEE_KM, escape + burn) == pytest.approx(left, abs=5e-3)
    assert np.isnan(speed_at_infinity(GM, PERIGEE_KM, 0.99 * escape))


def test_the_hyperbola_leaves_with_the_velocity_asked_for(burns):
    r, far = burns
    v = hyperbola_velocity(GM, r, far)
    energy = 0.5 * np.sum(v**2, axis=1) - GM / np.linalg.norm(r, axis=1)
    np.testing.assert_allclose(energy, 0.5 * np.sum(far**2, axis=1), rtol=1e-9, atol=1e-10)
    # After 1e10 s the pull that is left has changed the velocity by some GM / (v² t) = 4e-5 km/s.
    _, late = propagate_kepler(GM, r, v, np.full(len(r), 1e10))
    bound = 3 * GM / np.sum(far**2, axis=1) / 1e10 + 1e-9
    assert (np.linalg.norm(late - far, axis=1) < bound).all()


def test_the_velocity_far_away_is_read_off_the_state(burns):
    r, far = burns
    v = hyperbola_velocity(GM, r, far)
    back = velocity_at_infinity(GM, np.concatenate([r, v], axis=1))
    np.testing.assert_allclose(back, far, rtol=0, atol=1e-9)
    bound = np.concatenate([r, 0.5 * v / np.linalg.norm(v, axis=1)[:, None]], axis=1)
    assert np.isnan(velocity_at_infinity(GM, bound)).all()


def test_no_other_velocity_at_the_perigee_is_cheaper_than_the_tangential_one():
    r = np.array([PERIGEE_KM, 0.0, 0.0])
    coming = np.array([0.0, 10.9, 0.0])
    angle = np.linspace(-np.pi, np.pi, 400_001)[1:-1]
    far = 3.0 * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    burn = np.linalg.norm(hyperbola_velocity(GM, r, far) - coming, axis=1)
    least = tangential_burn(GM, PERIGEE_KM, 10.9, 3.0)
    assert burn.min() == pytest.approx(least, abs=1e-5)
    assert (burn > least - 1e-12).all()


def test_the_closest_point_counts_only_on_the_side_asked_for(burns):
    r, far = burns
    v = hyperbola_velocity(GM, r, far)
    state = np.concatenate([r, v], axis=1)
    climbing = np.sum(r * v, axis=1) > 0
    distance = np.linalg.norm(r, axis=1)
    ahead = closest_ahead_or_behind(GM, state, ahead=True)
    behind = closest_ahead_or_behind(GM, state, ahead=False)
    assert (ahead[climbing] == distance[climbing]).all()
    assert (behind[~climbing] == distance[~climbing]).all()
    # The same perigee on the flown conic, by brute force.
    for k in np.flatnonzero(climbing)[:5]:
        t = -np.geomspace(1.0, 1e6, 20_000)
        path, _ = propagate_kepler(GM, r[k], v[k], t)
        assert np.linalg.norm(path, axis=1).min() == pytest.approx(behind[k], rel=1e-5)
