"""Encounters and impacts, and an integration of everything by another program."""

import numpy as np
import pytest

from survey.astro import nbody
from survey.astro.kepler import elements_to_state, propagate_kepler
from survey.astro.nbody_forces import GM, PERTURBERS, RADIUS
from survey.constants import AU_KM, DAY_S, OBLIQUITY_J2000_ARCSEC, SPEED_OF_LIGHT_KM_S
from survey.constants import GM_SUN_KM3_S2 as GM_SUN
from survey.ephemeris import SPAN_JD_TDB, heliocentric_state
from survey.transfer.ephemerides import planets

EARTH = PERTURBERS.index("earth")
START = 16 * DAY_S * 989.0
YEAR = 365.25 * DAY_S


def earth_at(seconds):
    return np.concatenate(heliocentric_state("earth", SPAN_JD_TDB[0] + seconds / DAY_S), axis=-1)


def fall(lowest):
    """A hyperbola about the Earth with this perigee (km), 6 hours before it, at 12 km/s afar."""
    a = -GM[EARTH] / 12.0**2
    e = 1.0 - lowest / a
    motion = np.sqrt(GM[EARTH] / -(a**3))
    r, v = elements_to_state(GM[EARTH], a, e, 0.4, 1.0, 2.0, -6 * 3600.0 * motion)
    return np.r_[r, v]


@pytest.mark.parametrize("lowest", [200.0, 5_000.0])
def test_an_impact_is_found(lowest):
    """Two bodies say when the Earth's radius is reached; 90 days earlier it is foreseen."""
    meeting = START + 100.3 * DAY_S
    relative = fall(lowest)
    seconds = np.linspace(0.0, 6 * 3600.0, 200_001)
    r, _ = propagate_kepler(GM[EARTH], relative[:3], relative[3:], seconds)
    contact = seconds[np.argmax(np.linalg.norm(r, axis=1) < RADIUS[EARTH])]
    state = earth_at(meeting) + relative
    early = nbody.integrate(planets(), [meeting], [state], START, meeting).states([START])[0]
    path = nbody.integrate(planets(), [START], early, START, START + 400 * DAY_S)
    assert path.status[0] == nbody.IMPACT and nbody.HIT[path.hit_body[0]] == "earth"
    # The Sun's tide on the last six hours moves the moment by less than 5 s.
    assert path.hit_time[0] == pytest.approx(meeting + contact, abs=5.0)
    before, after = path.states(path.hit_time[0] + np.array([-60.0, 60.0]))[0]
    height = np.linalg.norm(before[:3] - earth_at(path.hit_time[0] - 60.0)[:3]) - RADIUS[EARTH]
    assert 0.0 < height < 60.0 * 17.0 and np.isnan(after).all()


def test_a_near_miss_is_no_impact():
    """A perigee of 7,000 km: passes, is bent, and comes back over the same way within a km."""
    meeting = START + 100.3 * DAY_S
    state = earth_at(meeting) + fall(7_000.0)
    end = START + 300 * DAY_S
    path = nbody.integrate(planets(), [meeting], [state], START, end)
    assert path.status[0] == nbody.INTEGRATED
    least = path.passes[path.passes[:, 2] == EARTH]
    assert len(least) == 1
    assert least[0, 1] == pytest.approx(meeting + 6 * 3600.0, abs=5.0)
    assert least[0, 3] == pytest.approx(7_000.0, abs=10.0)
    # Perigee speed from the energy of the hyperbola.
    assert least[0, 4] == pytest.approx(np.sqrt(12.0**2 + 2 * GM[EARTH] / 7_000.0), abs=0.02)
    turn = path.states([end])[0]
    back = nbody.integrate(planets(), [end], turn, START, end).states([meeting])[0, 0]
    assert np.linalg.norm(back[:3] - state[:3]) < 1.0


def test_passes_are_the_minima_of_the_distance():
    r, v = elements_to_state(GM_SUN, 1.02 * AU_KM, 0.03, 0.02, 1.0, 2.0, 3.5)
    end = START + 12 * YEAR
    path = nbody.integrate(planets(), [START], [np.r_[r, v]], START, end)
    found = path.passes[path.passes[:, 2] == EARTH]
    times = np.arange(START, end, 0.25 * DAY_S)
    gap = np.linalg.norm(path.states(times)[0, :, :3] - earth_at(times)[:, :3], axis=1)
    low = 1 + np.flatnonzero((gap[1:-1] < gap[:-2]) & (gap[1:-1] < gap[2:]) & (gap[1:-1] < 14.9e6))
    assert len(low) >= 2
    for k in low:
        nearest = found[np.argmin(abs(found[:, 1] - times[k]))]
        assert abs(nearest[1] - times[k]) < 2 * DAY_S
        assert nearest[3] == pytest.approx(gap[k], rel=2e-3)


def test_against_heyoka():
    """Sun, planets and Moon integrated together by heyoka's Taylor series, five years.

    heyoka starts from the same DE440 states; its planets feel no minor planets and no figure of
    the Moon, so they drift a little off DE440, and the asteroids with them, most of all the one
    that passes the Earth at 0.06 au.
    """
    hy = pytest.importorskip("heyoka")
    rng = np.random.default_rng(9)
    count, years = 4, 5.0
    a, e = rng.uniform(0.9, 1.9, count) * AU_KM, rng.uniform(0.05, 0.45, count)
    r, v = elements_to_state(
        GM_SUN, a, e, rng.uniform(0.2, 0.6, count), *rng.uniform(0, 2 * np.pi, (3, count))
    )
    bodies = len(PERTURBERS) + 1
    gms = [GM_SUN / AU_KM**3 * YEAR**2, *(g / AU_KM**3 * YEAR**2 for g in GM)]
    system = hy.model.nbody(bodies + count, masses=[*gms, *[0.0] * count])
    name = {str(variable): n for n, (variable, _) in enumerate(system)}
    system = [list(pair) for pair in system]
    light2 = SPEED_OF_LIGHT_KM_S**2 / AU_KM**2 * YEAR**2
    for k in range(1, bodies + count):  # the Schwarzschild term, relative to the Sun
        x = [hy.expression(f"{c}_{k}") - hy.expression(f"{c}_0") for c in "xyz"]
        u = [hy.expression(f"v{c}_{k}") - hy.expression(f"v{c}_0") for c in "xyz"]
        r2, v2 = hy.sum([c * c for c in x]), hy.sum([c * c for c in u])
        rv = hy.sum([c * d for c, d in zip(x, u, strict=True)])
        scale = gms[0] / light2 * r2**-1.5
        for c, p, q in zip("xyz", x, u, strict=True):
            system[name[f"v{c}_{k}"]][1] += scale * (
                (4.0 * gms[0] * r2**-0.5 - v2) * p + 4.0 * rv * q
            )
    jd = SPAN_JD_TDB[0] + START / DAY_S
    states = [np.zeros(6), *(np.concatenate(heliocentric_state(b, jd)) for b in PERTURBERS)]
    states += list(np.concatenate([r, v], axis=1))
    scaled = np.array(states) / AU_KM * [1, 1, 1, YEAR, YEAR, YEAR]
    equations = [tuple(pair) for pair in system]
    integrator = hy.taylor_adaptive(equations, scaled.ravel(), tol=1e-16, compact_mode=True)
    integrator.propagate_until(years)
    theirs = integrator.state.reshape(-1, 6)[:, :3] * AU_KM
    end = START + years * YEAR
    ours = nbody.integrate(
        planets(), np.full(count, START), np.concatenate([r, v], axis=1), START, end
    ).states([end])[:, 0, :3]
    off = np.linalg.norm(theirs[bodies:] - theirs[0] - ours, axis=1)
    assert off.max() < 5.0, off


@pytest.mark.parametrize(("body", "speed"), [("moon", 2.5), ("venus", 11.0)])
def test_other_bodies_are_hit_too(body, speed):
    meeting = START + 50.2 * DAY_S
    target = np.concatenate(heliocentric_state(body, SPAN_JD_TDB[0] + meeting / DAY_S))
    radius = RADIUS[PERTURBERS.index(body)]
    state = target + np.r_[-3.0 * radius, 0.2 * radius, 0.0, speed, 0.0, 0.0]
    early = nbody.integrate(planets(), [meeting], [state], START, meeting).states([START])[0]
    path = nbody.integrate(planets(), [START], early, START, START + 80 * DAY_S)
    assert nbody.HIT[path.hit_body[0]] == body
    assert 0.0 < path.hit_time[0] - meeting < 3.0 * radius / speed


def test_poles():
    from survey.astro.nbody_forces import EARTH_POLE

    eps = np.radians(OBLIQUITY_J2000_ARCSEC / 3600.0)
    np.testing.assert_allclose(EARTH_POLE, (0.0, np.sin(eps), np.cos(eps)), atol=1e-15)
