"""Kepler's problem against 50-digit arithmetic, at the places where double precision breaks."""

import mpmath
import numpy as np
import pytest
from mpmath import mp

from survey.astro.kepler import (
    elements_to_state,
    propagate_elements,
    propagate_kepler,
    solve_kepler,
    state_to_elements,
)

ELLIPSES = [0.0, 1e-12, 0.1, 0.5, 0.9, 0.97, 0.999, 0.999999, 0.99999999, 1 - 1e-13, 1 - 2**-53]
HYPERBOLAS = [1 + 2**-52, 1 + 1e-13, 1 + 1e-8, 1.001, 1.5, 5.0, 1e3, 1e8]
ANOMALIES = [
    0.0, 5e-324, 1e-200, 1e-30, 1e-12, 1e-6, 0.01, 1.0, 2.0, 3.1, np.pi, np.nextafter(np.pi, 4),
    -1e-9, -np.pi, 7.0, -100.0, 1e5 + 0.3, 1e7 + 0.1, 1e10, 1e15,
]  # fmt: skip
PLANE = (0.8, 1.1, 2.2)  # i, raan, argp


def root(function, slope, start):
    """Newton with 50 digits from a start that is good to about 15; must end."""
    x = start
    for _ in range(60):
        step = function(x) / slope(x)
        x -= step
        if abs(step) <= mpmath.mpf(10) ** -45 * abs(x) or step == 0:
            return x
    raise AssertionError("the reference itself did not converge")


def turn(angle):
    c, s = mp.cos(angle), mp.sin(angle)
    return mpmath.matrix([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def exact_state(mu, a, e, m):
    """State from elements in `PLANE` by the textbook formulae with 50 digits."""
    mu, a, e, m = (mpmath.mpf(float(x)) for x in (mu, a, e, m))
    if e < 1:
        m -= mpmath.nint(m / (2 * mp.pi)) * 2 * mp.pi
        start = mpmath.mpf(float(solve_kepler(float(m), float(e))))
        x = root(lambda E: E - e * mp.sin(E) - m, lambda E: 1 - e * mp.cos(E), start)
        cosine, sine, b, k = mp.cos(x), mp.sin(x), a * mp.sqrt(1 - e * e), mp.sqrt(mu * a)
    else:
        start = mpmath.mpf(float(solve_kepler(float(m), float(e))))
        x = root(lambda H: e * mp.sinh(H) - H - m, lambda H: e * mp.cosh(H) - 1, start)
        cosine, sine, b, k = mp.cosh(x), mp.sinh(x), -a * mp.sqrt(e * e - 1), mp.sqrt(-mu * a)
    distance = a * (1 - e * cosine)
    i, node, peri = (mpmath.mpf(x) for x in PLANE)
    tilt = mpmath.matrix([[1, 0, 0], [0, mp.cos(i), -mp.sin(i)], [0, mp.sin(i), mp.cos(i)]])
    frame = turn(node) * tilt * turn(peri)
    r = frame * mpmath.matrix([a * (cosine - e), b * sine, 0])
    v = frame * mpmath.matrix(
        [-k * sine / distance, k * mp.sqrt(abs(1 - e * e)) * cosine / distance, 0]
    )
    return r, v


def miss(exact, found):
    """Length of the difference over the length."""
    difference = mpmath.matrix(
        [x - mpmath.mpf(float(y)) for x, y in zip(exact, found, strict=True)]
    )
    return float(mpmath.norm(difference)), float(mpmath.norm(exact))


@pytest.mark.parametrize("e", ELLIPSES + HYPERBOLAS)
def test_states_against_50_digits(e):
    a = 1.3 if e < 1 else -1.3
    r, v = elements_to_state(1.7, a, e, *PLANE, ANOMALIES)
    assert np.isfinite(r).all() and np.isfinite(v).all()
    with mpmath.workdps(50 + 20 * (e > 1)):
        for k, m in enumerate(ANOMALIES):
            exact_r, exact_v = exact_state(1.7, a, e, m)
            error, size = miss(exact_r, r[k])
            # sinh of an anomaly of 35 magnifies its rounding by as much.
            assert error < (1e-15 if e < 1 else 4e-15) * size, m
            # At the apocentre of a needle the speed is all but nothing; an anomaly near pi,
            # rounded by 4e-16, gives 4e-16 of the mean speed.
            error, size = miss(exact_v, v[k])
            assert error < 1e-15 * size + (5e-16 * np.sqrt(1.7 / 1.3) if e < 1 else 4e-15 * size), m


@pytest.mark.parametrize("e", [0.3, 0.9999999, 1 - 2**-53, 1 + 1e-9, 3.0])
def test_solve_kepler_inverts_keplers_equation(e):
    rng = np.random.default_rng(7)
    anomaly = np.concatenate([[0.0], rng.uniform(-3, 3, 300), 10.0 ** rng.uniform(-30, 0, 300)])
    with mpmath.workdps(60):
        sine = mp.sin if e < 1 else mp.sinh
        sign = 1 if e < 1 else -1
        m = [float(sign * (mpmath.mpf(x) - e * sine(mpmath.mpf(x)))) for x in anomaly.tolist()]
    np.testing.assert_allclose(solve_kepler(m, e), anomaly, rtol=4e-16 * 4, atol=0)


def test_solve_kepler_keeps_the_revolution():
    m = np.array([-25.0, -3.2, 3.2, 40.0])
    E = solve_kepler(m, 0.4)
    np.testing.assert_allclose(E - 0.4 * np.sin(E), m, rtol=3e-16)
    # Symmetric, and the half turn is its own solution.
    np.testing.assert_array_equal(solve_kepler(-m, 0.4), -E)
    assert solve_kepler(np.pi, 0.99) == np.pi


@pytest.mark.parametrize(
    ("mu", "a", "e", "m"),
    [
        (1, 1, 1.0, 0.5), (1, 1, -0.1, 0.5), (1, -1, 0.5, 0.5), (1, 1, 1.5, 0.5), (1, 0, 0.5, 0.5),
        (-1, 1, 0.5, 0.5), (0, 1, 0.5, 0.5), (1, np.nan, 0.5, 0.5), (1, 1, np.nan, 0.5),
        (1, 1, 0.5, np.nan), (1, 1, 0.5, np.inf), (1, -1, 1.5, np.inf), (1, np.inf, 0.5, 0.5),
    ],
)  # fmt: skip
def test_impossible_orbits_are_nan(mu, a, e, m):
    r, v = elements_to_state(mu, a, e, *PLANE, m)
    assert np.isnan(r).all() and np.isnan(v).all()
    # Its neighbours in a batch do not suffer.
    r, v = elements_to_state([mu, 1.0], [a, 1.0], [e, 0.1], *PLANE, [m, 0.3])
    assert np.isnan(r[0]).all() and np.isfinite(r[1]).all() and np.isfinite(v[1]).all()


def test_one_bad_anomaly_among_many():
    m = np.linspace(-40, 40, 1000)
    clean, _ = elements_to_state(1.0, 1.0, 0.9, *PLANE, m)
    m[500] = np.nan
    r, _ = elements_to_state(1.0, 1.0, 0.9, *PLANE, m)
    assert np.isnan(r[500]).all()
    np.testing.assert_array_equal(np.delete(r, 500, axis=0), np.delete(clean, 500, axis=0))


def test_broadcasting_gives_the_same_cell_by_cell():
    rng = np.random.default_rng(2)
    a, e = rng.uniform(0.5, 3, (2, 5, 1)), rng.uniform(0, 0.99, (5, 1))
    e[3], a[:, 3] = 1.4, -2.0
    i, raan, argp = rng.uniform(0, 3, (3, 1, 1, 1))
    m = rng.uniform(-30, 30, 1300)
    r, v = elements_to_state(1.2, a, e, i, raan, argp, m)
    assert r.shape == v.shape == (2, 5, 1300, 3)
    for place in ((0, 0, 0), (1, 3, 7), (1, 4, 1299), (0, 2, 511), (0, 2, 512)):
        j, k, n = place
        r1, v1 = elements_to_state(1.2, a[j, k, 0], e[k, 0], i[0, 0, 0], raan[0], argp[0, 0], m[n])
        np.testing.assert_allclose(r[place], r1.ravel(), rtol=0, atol=1e-15 * 40)
        np.testing.assert_allclose(v[place], v1.ravel(), rtol=0, atol=1e-15 * 40)
    assert elements_to_state(1, 1, 0, 0, 0, 0, 0)[0].shape == (3,)
    assert elements_to_state(1, 1, 0, 0, 0, 0, np.zeros(0))[0].shape == (0, 3)
    assert elements_to_state(1, np.ones((4, 1)), 0, 0, 0, 0, 0)[0].shape == (4, 1, 3)


def test_propagate_elements_equals_elements_to_state():
    rng = np.random.default_rng(3)
    a, e = rng.uniform(0.5, 3, 6), rng.uniform(0, 0.9, 6)
    e[5], a[5] = 2.0, -1.0
    angles = rng.uniform(0, 3, (4, 6))
    dt = np.linspace(-100, 100, 700)
    r, v = propagate_elements(1.3, a, e, *angles, dt)
    later = angles[3] + np.sqrt(1.3 / np.abs(a) ** 3) * dt[:, None]
    expected = elements_to_state(1.3, a, e, *angles[:3], later)
    for ours, theirs in zip((r, v), expected, strict=True):
        np.testing.assert_allclose(ours, np.swapaxes(theirs, 0, 1), rtol=0, atol=1e-11)
    own_dt = dt + np.arange(6)[:, None]
    out = np.empty((6, 700, 3)), np.empty((6, 700, 3))
    r, v = propagate_elements(1.3, a, e, *angles, own_dt, out=out)
    assert r is out[0] and v is out[1]
    one, _ = propagate_elements(1.3, a[2:3], e[2:3], *angles[:, 2:3], own_dt[2])
    np.testing.assert_array_equal(r[2], one[0])


def test_propagate_elements_says_what_it_wants():
    with pytest.raises(ValueError, match="one line of orbits"):
        propagate_elements(1, np.ones((2, 2)), 0, 0, 0, 0, 0, [1.0])
    with pytest.raises(ValueError, match=r"give \(2, 3, 3\)"):
        propagate_elements(
            1, np.ones(2), 0, 0, 0, 0, 0, np.ones(3), out=(np.empty((2, 2, 3)), np.empty((2, 3, 3)))
        )


CONICS = [
    (1, 0, 0), (1, 0.5, -2), (1, 0.99, -3), (0.01, 0.9999, 3.1), (0.01, 1 - 1e-9, -2.9),
    (1, 1, 0), (1, 1, -2.5), (0.01, 1, -3.0), (1, 1 + 1e-12, -2), (1, 1.2, -2), (1, 10, 1),
    (0.05, 41.5, -1.594), (1e-3, 2, -2.094),
    (1, 1e4, 0),
]  # fmt: skip


def planar_state(q, e, true_anomaly):
    p = q * (1 + e)
    c, s = np.cos(true_anomaly), np.sin(true_anomaly)
    distance = p / (1 + e * c)
    r = distance * np.array([c, 0.8 * s, 0.6 * s])
    v = np.array([-s, 0.8 * (e + c), 0.6 * (e + c)]) / np.sqrt(p)
    return r, v


def dot(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


def exact_propagation(r, v, dt):
    """Move a state (mu = 1) by universal variables from closed forms with 50 digits to spare."""
    r, v, dt = [mpmath.mpf(x) for x in r.tolist()], [mpmath.mpf(x) for x in v.tolist()], mp.mpf(dt)
    r0, sigma = mp.sqrt(dot(r, r)), dot(r, v)
    alpha = 2 / r0 - dot(v, v)
    if alpha > 0:
        period = 2 * mp.pi / alpha ** mp.mpf(1.5)
        dt -= mpmath.nint(dt / period) * period

    def universal(x):
        if alpha == 0:
            return mp.mpf(1), x, x**2 / 2, x**3 / 6
        k = mp.sqrt(alpha)  # imaginary for a hyperbola: cos and sin become cosh and sinh
        c, s = mp.re(mp.cos(k * x)), mp.re(mp.sin(k * x) / k)
        return c, s, (1 - c) / alpha, (x - s) / alpha

    def f(x):
        u = universal(x)
        return r0 * u[1] + sigma * u[2] + u[3] - dt

    low, high = mp.mpf(-1), mp.mpf(1)
    while f(low) > 0:
        low *= 2
    while f(high) < 0:
        high *= 2
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (low, middle) if f(middle) > 0 else (middle, high)

    def slope(x):
        u = universal(x)
        return r0 * u[0] + sigma * u[1] + u[2]

    u = universal(root(f, slope, (low + high) / 2))
    distance = r0 * u[0] + sigma * u[1] + u[2]
    g = r0 * u[1] + sigma * u[2]
    return (
        mpmath.matrix([(1 - u[2] / r0) * a + g * b for a, b in zip(r, v, strict=True)]),
        mpmath.matrix(
            [
                -u[1] / distance / r0 * a + (1 - u[2] / distance) * b
                for a, b in zip(r, v, strict=True)
            ]
        ),
    )


@pytest.mark.parametrize(("q", "e", "true_anomaly"), CONICS)
def test_propagation_against_50_digits(q, e, true_anomaly):
    r, v = planar_state(q, e, true_anomaly)
    times = np.array([1e-9, 0.01, 1, -1, 10, -30, 1e3, 1e5])
    found_r, found_v = propagate_kepler(1.0, r, v, times)
    # What rounding the start in its last place would move: an answer can be no better.
    nudged = [propagate_kepler(1.0, r * (1 + s * 1e-9), v, times) for s in np.eye(3)]
    nudged += [propagate_kepler(1.0, r, v * (1 + s * 1e-9), times) for s in np.eye(3)]
    for k, dt in enumerate(times.tolist()):
        with mpmath.workdps(100):
            exact = exact_propagation(r, v, dt)
            for which, found in enumerate((found_r, found_v)):
                error, size = miss(exact[which], found[k])
                response = sum(np.linalg.norm(n[which][k] - found[k]) for n in nudged) / 1e-9
                assert error < 4e-16 * response + 4e-15 * size, (dt, which)


def test_parabola_by_barkers_equation():
    """Exactly parabolic: q = 1/2, speed² = 2/r, so that tan(ν/2) = D, D + D³/3 = √(1/2q³) t."""
    D = np.linspace(-30, 30, 61)
    t = (D + D**3 / 3) * np.sqrt(2 * 0.5**3)
    r, _ = propagate_kepler(1.0, [0.5, 0, 0], [0, 2.0, 0], t)
    np.testing.assert_allclose(r[:, 0], 0.5 * (1 - D**2), rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(r[:, 1], D, rtol=1e-14, atol=1e-15)
    assert np.isnan(state_to_elements(1.0, [0.5, 0, 0], [0, 2.0, 0])[5])
    assert state_to_elements(1.0, [0.5, 0, 0], [0, 2.0, 0])[1] == 1.0


def test_propagation_of_what_cannot_be():
    r, v = propagate_kepler(
        1.0, [[0, 0, 0], [1, 0, 0], [1, 0, 0], [np.nan, 0, 0], [1, 0, 0]], [0, 1.0, 0],
        [1, np.nan, np.inf, 1, 0],
    )  # fmt: skip
    assert np.isnan(r[:4]).all() and np.isnan(v[:4]).all()
    np.testing.assert_array_equal(r[4], [1, 0, 0])
    assert np.isnan(propagate_kepler(-1.0, [1, 0, 0], [0, 1, 0], 1.0)[0]).all()


def test_fall_through_the_centre_does_not_hang():
    # No angular momentum at all: the universal equations are still regular.
    r, _ = propagate_kepler(1.0, [1.0, 0, 0], [0, 0, 0], np.linspace(0, 3, 50))
    assert np.isfinite(r).all() and (r[:, 0] > -1e-12).all()


def test_elements_of_special_orbits():
    a, e, i, raan, argp, m = state_to_elements(1.0, [0, 1.0, 0], [-1.0, 0, 0])
    assert (a, e, i, raan, argp) == (1, 0, 0, 0, 0) and m == pytest.approx(np.pi / 2, rel=1e-15)
    a, e, i, raan, argp, m = state_to_elements(1.0, [0, 1.0, 0], [1.0, 0, 0])  # retrograde
    assert i == np.pi and raan == 0 and np.isfinite(m)
    r, v = elements_to_state(1.0, a, e, i, raan, argp, m)
    np.testing.assert_allclose(r, [0, 1, 0], atol=3e-16)
    np.testing.assert_allclose(v, [1, 0, 0], atol=3e-16)
