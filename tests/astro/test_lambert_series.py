"""The fitted polynomials of the Lambert solver against what they were fitted to."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import mpmath
import numpy as np
import pytest
from scipy.optimize import minimize_scalar

import survey
from survey.astro import lambert_series as series

B_LOW, B_HIGH = -0.5095, 0.14645  # where two half-angle steps bring S from (-50, 1)
LAMBDAS = (-0.9995, 0.98)


def curve(x, lam, revs=0):
    """Lancaster's time of flight, by inverse trigonometry."""
    y = np.sqrt(1 - lam**2 * (1 - x**2))
    u = 1 - x**2
    cosine = x * y + lam * u
    if u > 0:
        angle = np.arccos(np.clip(cosine, -1, 1)) + revs * np.pi
    else:
        angle = np.arccosh(max(cosine, 1))
    return (angle / np.sqrt(abs(u)) - x + lam * y) / u


def s_of(lam):
    return series.s_map(lam, 1 - lam**2)


def samples(count, x_low, x_high):
    rng = np.random.default_rng(8)
    lam = np.sin(2 * np.arctan(rng.uniform(*np.tan(np.arcsin(LAMBDAS) / 2), count)))
    return lam, rng.uniform(x_low, x_high, count)


def test_two_half_angle_steps_stay_in_the_fitted_range():
    for s in (-50.0, 1.0):
        for _ in range(2):
            s = s / (2 * (1 + np.sqrt(1 - s)))
        assert B_LOW <= s <= B_HIGH


def test_smooth_part_is_battin_s_function():
    with mpmath.workdps(40):
        for s in np.linspace(B_LOW, B_HIGH, 301):
            big = 4 * mpmath.mpf(float(s)) * (1 - mpmath.mpf(float(s)))
            if abs(big) < 1e-10:
                continue
            root = mpmath.sqrt(abs(big))
            angle = mpmath.asin(root) if big > 0 else mpmath.asinh(root)
            exact = (angle / root - 1) / big
            polynomial = sum(c * mpmath.mpf(float(s)) ** k for k, c in enumerate(series._B))
            # the fit is good to 6e-18; rounding its coefficients adds as much again
            assert abs(polynomial - exact) < 2e-17
            assert abs(series.smooth_part(float(s)) - exact) < 1e-16


def test_s_map_reaches_from_minus_one_to_one():
    assert s_of(LAMBDAS[0]) == pytest.approx(-1, abs=1e-13)
    assert s_of(LAMBDAS[1]) == pytest.approx(1, abs=1e-13)


def test_guess_without_revolutions_is_as_good_as_stated():
    lam, x = samples(3000, -0.92, 1.2)
    faster = np.arange(3000) % 3 == 0
    x[faster] = 1 / np.random.default_rng(9).uniform(1 / 8, 1, 1000)
    worst = 0.0
    for one_lam, one_x in zip(lam, x, strict=True):
        if abs(one_x - 1) < 0.02:
            continue
        time = curve(one_x, one_lam)
        if not 0.02 < time < 30:
            continue
        scale = min(1 + one_x, max(1, (1 + one_x) / 2))
        guess = series.guess_direct(time, s_of(one_lam))
        worst = max(worst, abs(guess - one_x) / scale)
    assert 0.05 < worst < 0.16


@pytest.mark.parametrize("revs", [1, 2, 3])
def test_least_time_and_guess_with_revolutions_are_as_good_as_stated(revs):
    lam, x = samples(500, -0.93, 0.93)
    error, worst = 0.0, 0.0
    for one_lam, one_x in zip(lam, x, strict=True):
        found = minimize_scalar(
            curve, bounds=(-0.99, 0.99), args=(one_lam, revs), method="bounded",
            options={"xatol": 1e-9},
        )  # fmt: skip
        s = s_of(one_lam)
        error = max(error, abs(series.least_time(revs, s) / found.fun - 1))
        time = curve(one_x, one_lam, revs)
        if time > 40:
            continue
        q = np.sign(one_x - found.x) * np.sqrt(max(1 - found.fun / time, 0))
        scale = min(1 + one_x, 1 - one_x, 0.5, abs(one_x - found.x) + 0.03)
        worst = max(worst, abs(series.guess_multi(revs, q, s) - one_x) / scale)
    assert error < series.LEAST_TIME_ERROR
    assert 0.03 < worst < 0.15


@pytest.fixture(scope="module")
def script():
    path = Path(survey.__file__).parent / "data" / "fit_lambert.py"
    spec = importlib.util.spec_from_file_location("fit_lambert", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_script_makes_these_numbers(script):
    error, powers = script.fit_smooth_part()
    assert error < 1e-17
    assert tuple(powers) == series._B
    for revs in (1, 2, 3):
        error, powers = script.fit_least_time(revs)
        assert error < series.LEAST_TIME_ERROR
        assert powers == pytest.approx(series._T_MIN[revs - 1], rel=1e-7)


@pytest.mark.study
def test_script_makes_these_guesses(script):
    rng = np.random.default_rng(script.SEED)
    error, powers = script.fit_direct(rng)
    assert error < 0.16
    # the weights are found by iteration, which magnifies differences between BLAS libraries
    assert powers == pytest.approx(series._START_0, abs=1e-4)
    for revs in (1, 2, 3):
        error, powers = script.fit_multi(rng, revs)
        assert error < 0.15
        assert powers == pytest.approx(series._START_MULTI[revs - 1], abs=1e-4)
