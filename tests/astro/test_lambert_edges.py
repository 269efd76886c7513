"""Where Lambert's problem is delicate: e → 1, T_min, opposite positions, odd sizes, odd inputs."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from survey.astro import lambert_careful
from survey.astro.kepler import elements_to_state, propagate_kepler
from survey.astro.lambert import STATUS, solve_lambert
from survey.astro.lambert_careful import solve_careful

MISS = 1e-9  # relative to the arrival's distance


def unit(rng, count, flatness=1.0):
    v = rng.normal(size=(count, 3)) * [1.0, 1.0, flatness]
    return v / np.linalg.norm(v, axis=1)[:, None]


def turned(rng, r, angle):
    axis = np.cross(r, unit(rng, len(r)))
    axis /= np.linalg.norm(axis, axis=1)[:, None]
    return r * np.cos(angle)[:, None] + np.cross(axis, r) * np.sin(angle)[:, None]


def sizes(r1, r2):
    """Semiperimeter and lambda of prograde arcs."""
    n1, n2 = np.linalg.norm(r1, axis=1), np.linalg.norm(r2, axis=1)
    c = np.linalg.norm(r2 - r1, axis=1)
    s = (n1 + n2 + c) / 2
    lam = np.sqrt(np.maximum(1 - c / s, 0))
    return s, np.where(np.cross(r1, r2)[:, 2] < 0, -lam, lam)


def assert_flown(r1, r2, tof, solution):
    v1, v2, status = solution
    assert set(np.unique(status)) <= set(STATUS)
    solved = status == 0
    given = solved | (status == 6)
    assert np.isfinite(v1[given]).all() and np.isfinite(v2[given]).all()
    assert np.isnan(v1[~given]).all() and np.isnan(v2[~given]).all()
    reached, _ = propagate_kepler(1.0, r1[solved], v1[solved], tof[solved])
    miss = np.linalg.norm(reached - r2[solved], axis=1)
    assert np.all(miss < MISS * np.linalg.norm(r2[solved], axis=1))


@pytest.mark.parametrize("ratio", [20.0, 1e4])
@pytest.mark.parametrize("prograde", [True, False])
def test_nearly_opposite_ends_of_unequal_distance(ratio, prograde):
    """Slow arcs, whose velocities along chord and radius would lose too many digits."""
    rng = np.random.default_rng(180)
    n = 25_000
    r1 = unit(rng, n)
    r2 = turned(rng, r1, np.pi + rng.normal(0, 0.02, n))
    r2 *= np.exp(rng.uniform(-np.log(ratio), np.log(ratio), n))[:, None]
    s, _ = sizes(r1, r2)
    tof = rng.uniform(5, 22, n) * np.sqrt(s**3 / 2)
    for revs in range(6):
        for low_path in (True, False) if revs else (True,):
            found = solve_lambert(1.0, r1, r2, tof, revs=revs, low_path=low_path, prograde=prograde)
            assert_flown(r1, r2, tof, found)
            if ratio == 20.0:
                assert np.isin(found[2], (0, 1)).all()


@pytest.mark.parametrize("count", [60_000, pytest.param(2_000_000, marks=pytest.mark.study)])
def test_whole_plane_of_lambda_and_time(count):
    """Triangles for any lambda, denser at -1, 0 and 1, and any T up to 25 and beyond."""
    rng = np.random.default_rng(11)
    dense = 10 ** rng.uniform(-3.5, 0, count)
    kind, sign = rng.integers(0, 3, count), rng.choice([-1, 1], count)
    lam = sign * np.choose(kind, [rng.random(count), 1 - dense, dense])
    ratio = np.exp(rng.uniform(-2.5, 2.5, count) * rng.integers(0, 2, count))
    s = (1 + ratio) / (1 + lam**2)
    cosine = (1 + ratio**2 - ((1 - lam**2) * s) ** 2) / (2 * ratio)
    angle = np.arccos(np.clip(cosine, -1, 1)) * np.where(lam < 0, -1, 1)
    r1 = np.tile([1.0, 0.0, 0.0], (count, 1))
    r2 = ratio[:, None] * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=-1)
    time = np.where(kind > 0, rng.uniform(0, 26, count), 10 ** rng.uniform(-2, 1.4, count))
    tof = time * np.sqrt(s**3 / 2)
    for revs, low_path in ((0, True), (1, True), (1, False), (2, True), (3, False)):
        found = solve_lambert(1.0, r1, r2, tof, revs=revs, low_path=low_path)
        assert_flown(r1, r2, tof, found)
        assert np.isin(found[2][np.abs(cosine) < 1], (0, 1)).mean() > 0.999


@pytest.mark.parametrize("prograde", [True, False])
def test_short_chords(prograde):
    """Neighbouring ends: the short way, and all the way round."""
    rng = np.random.default_rng(3)
    n = 40_000
    r1 = unit(rng, n)
    r2 = r1 + unit(rng, n) * 10 ** rng.uniform(-8, -1.5, n)[:, None]
    tof = 10 ** rng.uniform(-2, 2, n)
    for revs in (0, 1, 2):
        found = solve_lambert(1.0, r1, r2, tof, revs=revs, prograde=prograde)
        assert_flown(r1, r2, tof, found)
        assert set(found[2]) <= {0, 1, 6}
        if revs == 0:
            assert (found[2] == 0).mean() > 0.99


def test_almost_full_turns():
    """Needles round the centre, lambda → -1, where T(x) has a sharp bend."""
    rng = np.random.default_rng(10)
    n = 30_000
    q = 10 ** rng.uniform(-3.0, -2.0, n)  # chord over semiperimeter, of an isosceles triangle
    half_angle = np.arcsin(q / (2 - q))
    r1 = np.tile([1.0, 0.0, 0.0], (n, 1))
    r2 = np.stack([np.cos(2 * half_angle), -np.sin(2 * half_angle), 0 * q], axis=-1)
    s, lam = sizes(r1, r2)
    assert lam.max() < -0.99
    tof = rng.uniform(2.75, 2.87, n) * np.sqrt(s**3 / 2)
    assert_flown(r1, r2, tof, solve_lambert(1.0, r1, r2, tof))


def test_arcs_about_the_parabola():
    """Flight times from the parabola's to 1e-14 beside it, on both sides; e → 1."""
    rng = np.random.default_rng(1)
    n = 40_000
    r1 = unit(rng, n, 0.2) * rng.uniform(0.7, 1.4, n)[:, None]
    r2 = unit(rng, n, 0.2) * rng.uniform(0.2, 4.0, n)[:, None]
    s, lam = sizes(r1, r2)
    parabolic = 2 / 3 * (1 - lam**3) * np.sqrt(s**3 / 2)
    offset = rng.choice([-1, 1], n) * 10 ** rng.uniform(-14, -1, n)
    offset[:100] = 0
    tof = parabolic * (1 + offset)
    v1, v2, status = solve_lambert(1.0, r1, r2, tof)
    assert_flown(r1, r2, tof, (v1, v2, status))
    assert (status == 0).mean() > 0.9999
    energy = np.sum(v1 * v1, 1) / 2 - 1 / np.linalg.norm(r1, axis=1)
    clear = np.abs(offset) > 1e-9
    assert np.array_equal(energy[clear] > 0, offset[clear] < 0)
    assert np.abs(energy[:100]).max() < 1e-11


def test_needles():
    """Arcs of known orbits with e from 0.9 to 1 - 1e-6, recovered from two of their points."""
    rng = np.random.default_rng(2)
    n = 20_000
    e = 1 - 10 ** rng.uniform(-6, -1, n)
    line = (1.0, e, rng.uniform(0.1, 1.4, n), *rng.uniform(0, 6.28, (2, n)))
    # both points on the same side: the arc neither passes pericentre nor lasts a period
    first, last = np.sort(rng.uniform(0.3, 6.0, (2, n)), axis=0)
    r1, u1 = elements_to_state(1.0, *line, first)
    r2, u2 = elements_to_state(1.0, *line, last)
    long_enough = last - first > 0.05
    v1, v2, status = solve_lambert(1.0, r1, r2, last - first)
    assert_flown(r1, r2, last - first, (v1, v2, status))
    keep = long_enough & (status == 0)
    assert keep.mean() > 0.95
    for ours, truth in ((v1, u1), (v2, u2)):
        error = np.linalg.norm(ours - truth, axis=1) / np.linalg.norm(truth, axis=1)
        # the states themselves are rounded; their effect grows with 1 / (flight time)
        assert np.quantile(error[keep], 0.999) < 1e-9


@pytest.mark.parametrize("revs", [1, 2, 3, 4, 5])
def test_two_arcs_above_the_least_time_and_none_below(revs):
    rng = np.random.default_rng(revs)
    n = 300
    r1 = unit(rng, n, 0.2) * rng.uniform(0.7, 1.4, n)[:, None]
    r2 = unit(rng, n, 0.2) * rng.uniform(0.4, 2.5, n)[:, None]
    s, lam = sizes(r1, r2)
    # T_min from Lancaster's equation on a fine grid of x and a parabola through its lowest points
    x = np.linspace(-0.9, 0.9, 20_001)[:, None]
    y = np.sqrt(1 - lam**2 * (1 - x**2))
    u = 1 - x**2
    time = (np.arccos(np.clip(x * y + lam * u, -1, 1)) + revs * np.pi) / np.sqrt(u) - x + lam * y
    time /= u
    least = time.min(axis=0)  # above the true one by less than (1e-4)**2 of the curvature
    tof = least * np.sqrt(s**3 / 2)
    for low_path in (True, False):
        _, _, status = solve_lambert(1.0, r1, r2, tof * (1 - 1e-6), revs=revs, low_path=low_path)
        assert np.all(status == 1)
    for above in (1e-6, 1e-4, 1e-2):
        low, high = (
            solve_lambert(1.0, r1, r2, tof * (1 + above), revs=revs, low_path=path)
            for path in (True, False)
        )
        for solution in (low, high):
            assert np.all(solution[2] == 0)
            assert_flown(r1, r2, tof * (1 + above), solution)
        # The paths part as the root of the distance from T_min.
        apart = np.linalg.norm(low[0] - high[0], axis=1)
        assert np.all(apart > 0.05 * np.sqrt(above))
        # The low path has the larger x: 1 - x^2 = s/2a, and near T_min all x have one sign.
        place = x[time.argmin(axis=0), 0]
        clear = place > 0.03
        assert clear.sum() > 50
        if above == 1e-4:
            one, other = (
                1 + s * (np.sum(v1 * v1, 1) / 2 - 1 / np.linalg.norm(r1, axis=1))
                for v1, _, _ in (low, high)
            )
            assert np.all((one > place**2)[clear]) and np.all((other < place**2)[clear])


def test_fast_loop_equals_the_careful_solver():
    """What the SIMD loop accepts, one by one through the bracketing solver, to 1e-9."""
    rng = np.random.default_rng(4)
    n = 100_000
    r1 = unit(rng, n, 0.2) * rng.uniform(0.8, 1.2, n)[:, None]
    r2 = unit(rng, n, 0.2) * rng.uniform(0.3, 3.0, n)[:, None]
    tof = rng.uniform(0.2, 12, n)
    problems = list(
        zip(map(tuple, r1.tolist()), map(tuple, r2.tolist()), tof.tolist(), strict=True)
    )
    for revs, low_path, part in ((0, True, n), (1, True, 20_000), (2, False, 20_000)):
        longer = 1.0 + 0.7 * revs
        v1, v2, status = solve_lambert(
            1.0, r1[:part], r2[:part], longer * tof[:part], revs=revs, low_path=low_path
        )
        bits = 0
        for k, (a, b, time) in enumerate(problems[:part]):
            leave, arrive, code = solve_careful(1.0, (a, b, longer * time), 1.0, revs, low_path)
            assert code == status[k]
            if code == 0:
                difference = np.abs(leave - v1[k]).max() + np.abs(arrive - v2[k]).max()
                assert difference < 1e-9 * (np.abs(v1[k]).max() + np.abs(v2[k]).max())
                bits += difference > 0
        # Rounding differs, which shows that these went through the loop.
        assert bits > 0.8 * np.count_nonzero(status == 0)


def test_mirror_in_the_reference_plane():
    rng = np.random.default_rng(5)
    n = 20_000
    r1, r2 = unit(rng, n), 1.7 * unit(rng, n)
    tof = rng.uniform(0.5, 10, n)
    flip = np.array([1.0, -1.0, 1.0])  # turns prograde into retrograde
    v1, v2, status = solve_lambert(1.0, r1, r2, tof)
    w1, w2, other = solve_lambert(1.0, r1 * flip, r2 * flip, tof, prograde=False)
    assert np.array_equal(status, other)
    assert np.array_equal(w1 * flip, v1) and np.array_equal(w2 * flip, v2)


def test_along_one_ray():
    """Collinear, same side: the straight fall or climb, never through the centre."""
    tof = np.geomspace(0.01, 30, 40)
    r1 = np.broadcast_to([0.6, 0.64, 0.48], (40, 3))
    for ratio in (0.3, 0.999, 1.001, 2.5):
        v1, v2, status = solve_lambert(1.0, r1, ratio * r1, tof)
        assert np.all(status == 0)
        assert np.abs(np.cross(r1, v1)).max() < 1e-12 * np.abs(v1).max()
        assert_flown(r1, ratio * r1, tof, (v1, v2, status))
    # With a revolution it meets the centre, and swings back the way it came.
    found = solve_lambert(1.0, r1, 2.5 * r1, tof, revs=1)
    assert set(found[2]) <= {0, 1, 6}
    assert_flown(r1, 2.5 * r1, tof, found)


def test_exactly_opposite_has_no_plane_and_almost_opposite_has():
    r1 = np.array([0.3, -0.4, 1.2])
    assert solve_lambert(1.0, r1, -2.0 * r1, 3.0)[2] == lambert_careful.NO_PLANE
    r2 = -2.0 * r1 + [0.0, 1e-9, 0.0]
    assert_flown(*(np.array([x]) for x in (r1, r2, 3.0)), solve_lambert(1.0, [r1], [r2], [3.0]))


def test_every_status_is_met_and_nothing_raises():
    """Every kind of number in every place; warnings are errors."""
    rng = np.random.default_rng(6)
    odd = [
        0.0, 1.0, -1.0, 5e-324, 1e-160, 1e-30, 1e30, 1e160, 1.7e308, np.nan, np.inf, -np.inf,
    ]  # fmt: skip
    n = 40_000
    r1, r2, tof = rng.choice(odd, (n, 3)), rng.choice(odd, (n, 3)), rng.choice(odd, n)
    half = n // 2
    scale = 10 ** rng.uniform(-200, 200, half)
    r1[:half] = unit(rng, half) * scale[:, None]
    r2[:half] = unit(rng, half) * (scale * 10 ** rng.uniform(-4, 4, half))[:, None]
    tof[:half] = scale**1.5 * 10 ** rng.uniform(-9, 9, half)
    met = set()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for mu in (1.0, 1e-200, 1e200, 0.0, -1.0, np.nan, np.inf):
            for revs, low_path in ((0, True), (1, True), (2, False), (7, False)):
                v1, v2, status = solve_lambert(mu, r1, r2, tof, revs=revs, low_path=low_path)
                met |= set(status.tolist())
                given = np.isin(status, (0, 6))
                assert np.isfinite(v1[given]).all() and np.isfinite(v2[given]).all()
                assert np.isnan(v1[~given]).all() and np.isnan(v2[~given]).all()
                finite = np.isfinite(r1).all(axis=1) & np.isfinite(r2).all(axis=1)
                sane = finite & np.isfinite(tof) & (tof > 0) & (0 < mu < np.inf)
                assert np.all(status[~sane] == lambert_careful.BAD_INPUT)
                if mu == 1.0:
                    done = status == 0
                    reached, _ = propagate_kepler(1.0, r1[done], v1[done], tof[done])
                    size = np.abs(r2[done]).max(axis=1)
                    assert np.all(np.abs(reached - r2[done]).max(axis=1) < MISS * size)
    assert met == set(STATUS)


@pytest.mark.parametrize("revs", [-1, 1.0, 0.5, np.nan, np.inf, "1", None])
def test_revolutions_are_whole_numbers(revs):
    with pytest.raises(ValueError, match="revs was given as"):
        solve_lambert(1.0, [1, 0, 0], [0, 1, 0], 1.0, revs=revs)


def test_read_only_and_strided_arrays_are_as_good_as_any():
    rng = np.random.default_rng(7)
    r1, r2, tof = unit(rng, 50), 2.0 * unit(rng, 50), rng.uniform(1, 5, 50)
    expected = solve_lambert(1.0, r1, r2, tof)
    for array in (r1, r2, tof):
        array.flags.writeable = False
    for ours in (
        solve_lambert(1.0, r1, r2, tof),
        solve_lambert(1.0, np.asfortranarray(r1), np.repeat(r2, 2, axis=0)[::2], tof.tolist()),
    ):
        for a, b in zip(ours, expected, strict=True):
            np.testing.assert_array_equal(a, b)
