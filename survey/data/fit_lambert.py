"""Fit the polynomials of `survey.astro.lambert_series` and print them, ready to paste.

Run as ``python survey/data/fit_lambert.py`` (half a minute; needs mpmath). Three kinds are fitted:

* B(4 s (1 - s)), the smooth part of the time-of-flight function by the S of the half angle, by
  interpolation at Chebyshev nodes in 40 digits;
* the starting guess of x for zero revolutions, and for one to three revolutions, as a polynomial
  of total degree 5 in two variables in which x is smooth;
* the least time of flight T_min for one to three revolutions, in one variable.

The starting guesses are least-squares fits, re-weighted until the largest error stops falling;
the solver only needs them to a few per cent of the scale on which the curve T(x) bends.
"""

from __future__ import annotations

import textwrap
from typing import Any

import mpmath  # type: ignore[import-untyped]
import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

Array = NDArray[np.float64]

B_RANGE = (-0.5095, 0.14645)  # where two half-angle steps bring S from (-50, 1)
B_TERMS = 21
DEGREE = 5
LAMBDA_RANGE = (-0.9995, 0.98)
T_MAX = 30.0
LEAST_TIME_DEGREE = 12
SAMPLES = 60_000
SEED = 20150101


def half_angle(lam: Array) -> Array:
    """Return tan(asin(lambda)/2), which removes the square-root ends of functions of lambda."""
    return lam / (1.0 + np.sqrt((1.0 - lam) * (1.0 + lam)))


S0, S1 = (float(s) for s in half_angle(np.array(LAMBDA_RANGE)))


def s_map(s: Array) -> Array:
    """Map the half-angle variable onto [-1, 1]."""
    return (2.0 * s - S0 - S1) / (S1 - S0)


def smooth_part(s: Any) -> Any:
    """B(S) = (arcsin(sqrt S)/sqrt S - 1)/S for S = 4 s (1 - s), in mpmath's working precision."""
    big = 4 * s * (1 - s)
    if abs(big) < mpmath.mpf("1e-12"):
        return mpmath.mpf(1) / 6 + 3 * big / 40
    root = mpmath.sqrt(abs(big))
    return ((mpmath.asin(root) if big > 0 else mpmath.asinh(root)) / root - 1) / big


def fit_smooth_part() -> tuple[float, list[float]]:
    """Interpolate `smooth_part`; the error is absolute."""
    with mpmath.workdps(40):
        low, high = (mpmath.mpf(end) for end in B_RANGE)
        nodes = [
            (low + high + (high - low) * mpmath.cos((2 * k + 1) * mpmath.pi / (2 * B_TERMS))) / 2
            for k in range(B_TERMS)
        ]
        powers = mpmath.matrix([[node**k for k in range(B_TERMS)] for node in nodes])
        series = mpmath.lu_solve(powers, mpmath.matrix([smooth_part(node) for node in nodes]))
        error = max(
            abs(smooth_part(s) - sum(c * s**k for k, c in enumerate(series)))
            for s in (low + (high - low) * k / 500 for k in range(501))
        )
        return float(error), [float(c) for c in series]


def time_of_flight(x: Array, lam: Array, revs: int = 0) -> Array:
    """T(x) by inverse trigonometry [Izzo2015]: accurate enough to fit with, away from x = 1."""
    y = np.sqrt(1.0 - lam**2 * (1.0 - x**2))
    u = 1.0 - x**2
    cosine = x * y + lam * u
    ellipse = np.arccos(np.clip(cosine, -1.0, 1.0))
    angle = np.where(u > 0.0, ellipse, np.arccosh(np.maximum(cosine, 1.0)))
    return np.asarray(((angle + revs * np.pi) / np.sqrt(np.abs(u)) - x + lam * y) / u)


def slope(x: Array, lam: Array, revs: int) -> Array:
    """Return dT/dx by Izzo's recurrence."""
    y = np.sqrt(1.0 - lam**2 * (1.0 - x**2))
    time = time_of_flight(x, lam, revs)
    return np.asarray((3.0 * time * x - 2.0 + 2.0 * lam**3 * x / y) / (1.0 - x**2))


def least_time(lam: Array, revs: int) -> tuple[Array, Array]:
    """Return x and T at the minimum of T(x), by bisection on the slope."""
    low, high = np.full_like(lam, -0.9999999), np.full_like(lam, 0.99999)
    for _ in range(80):
        middle = 0.5 * (low + high)
        falling = slope(middle, lam, revs) < 0.0
        low, high = np.where(falling, middle, low), np.where(falling, high, middle)
    return low, time_of_flight(low, lam, revs)


def fit_surface(t: Array, s: Array, target: Array, scale: Array) -> tuple[float, list[float]]:
    """Fit a polynomial of total degree 5 in (t, s), both in [-1, 1], by its largest error / scale.

    Returns that error and the coefficients of the powers, those of s running within those of t.
    """
    size = DEGREE + 1
    left, right = chebyshev.chebvander(t, DEGREE), chebyshev.chebvander(s, DEGREE)
    terms = [(i, j) for i in range(size) for j in range(size - i)]
    basis = np.stack([left[:, i] * right[:, j] for i, j in terms], axis=1)
    weight = 1.0 / scale
    worst, best = np.inf, [0.0] * len(terms)
    for _ in range(60):
        solution = np.linalg.lstsq(basis * weight[:, None], target * weight, rcond=None)[0]
        error = np.abs(basis @ solution - target) / scale
        if error.max() < worst:
            worst, best = float(error.max()), list(solution)
        weight *= np.sqrt(0.2 + error / error.max())
    powers = np.zeros((size, size))
    for (i, j), value in zip(terms, best, strict=True):
        one, other = (chebyshev.cheb2poly(np.eye(size)[k]) for k in (i, j))
        powers[: i + 1, : j + 1] += value * np.outer(one[: i + 1], other[: j + 1])
    return worst, [float(powers[i, j]) for i, j in terms]


def direct_samples(rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Return the s-map, T and x of arcs without revolutions, x from -0.93 to 8."""
    s = rng.uniform(S0, S1, SAMPLES)
    usual = rng.random(SAMPLES) < 0.6
    x = np.where(
        usual, rng.uniform(-0.93, 1.2, SAMPLES), 1.0 / rng.uniform(1.0 / 8.0, 1.0, SAMPLES)
    )
    x = np.where(np.abs(x - 1.0) < 0.02, 0.97, x)
    time = time_of_flight(x, 2.0 * s / (1.0 + s * s))
    keep = (time > 0.02) & (time < T_MAX)
    return s_map(s)[keep], time[keep], x[keep]


def fit_direct(rng: np.random.Generator) -> tuple[float, list[float]]:
    """Fit x T/(T + 2): as T -> 0 it tends to a constant, where x grows without bound.

    The error is relative to 1 + x on ellipses, to (1 + x)/2 on hyperbolas.
    """
    s, time, x = direct_samples(rng)
    tau = time / (time + 2.0)
    scale = np.minimum(1.0 + x, np.maximum(1.0, 0.5 * (1.0 + x)))
    return fit_surface(tau * (2.0 * (T_MAX + 2.0) / T_MAX) - 1.0, s, x * tau, scale * tau)


def multi_samples(rng: np.random.Generator, revs: int) -> tuple[Array, Array, Array, Array]:
    """Return the s-map, q = +-sqrt(1 - T_min/T), x, and x at T_min of arcs with revolutions."""
    s = rng.uniform(S0, S1, SAMPLES)
    lam = 2.0 * s / (1.0 + s * s)
    x_min, t_min = least_time(lam, revs)
    end = np.where(rng.random(SAMPLES) < 0.5, 0.93, -0.93)
    x = x_min + (end - x_min) * rng.random(SAMPLES)
    time = time_of_flight(x, lam, revs)
    q = np.sign(x - x_min) * np.sqrt(np.maximum(1.0 - t_min / time, 0.0))
    keep = time < 40.0
    return s_map(s)[keep], q[keep], x[keep], x_min[keep]


def fit_multi(rng: np.random.Generator, revs: int) -> tuple[float, list[float]]:
    """Fit x, with an error relative to the distances from -1, 1 and the minimum of T(x)."""
    s, q, x, x_min = multi_samples(rng, revs)
    scale = np.minimum(np.minimum(np.minimum(1.0 + x, 1.0 - x), 0.5), np.abs(x - x_min) + 0.03)
    return fit_surface(q, s, x, scale)


def fit_least_time(revs: int) -> tuple[float, list[float]]:
    """Fit T_min by powers of the s-map; the error is relative."""
    s = 0.5 * (S1 + S0) + 0.5 * (S1 - S0) * np.cos(np.linspace(0.0, np.pi, 600))
    t_min = least_time(2.0 * s / (1.0 + s * s), revs)[1]
    fitted = chebyshev.chebfit(s_map(s), t_min, LEAST_TIME_DEGREE, w=1.0 / t_min)
    error = np.abs(chebyshev.chebval(s_map(s), fitted) / t_min - 1.0).max()
    return float(error), [float(c) for c in chebyshev.cheb2poly(fitted)]


def show(name: str, values: list[float], error: float) -> None:
    """Print one tuple of coefficients."""
    print(f"{name} = (  # largest error {error:.2g}")
    print(textwrap.fill(", ".join(map(repr, values)) + ",", 92, initial_indent="    ",
                        subsequent_indent="    "))  # fmt: skip
    print(")")


def main() -> None:
    """Fit everything and print it."""
    print(f"_S_SCALE, _S_SHIFT = {2.0 / (S1 - S0)!r}, {-(S0 + S1) / (S1 - S0)!r}")
    print(f"_TAU_SCALE = {2.0 * (T_MAX + 2.0) / T_MAX!r}")
    error, powers = fit_smooth_part()
    show("_B", powers, error)
    rng = np.random.default_rng(SEED)
    error, powers = fit_direct(rng)
    show("_START_0", powers, error)
    for revs in (1, 2, 3):
        error, powers = fit_multi(rng, revs)
        show(f"_START_{revs}", powers, error)
    for revs in (1, 2, 3):
        error, powers = fit_least_time(revs)
        show(f"_T_MIN_{revs}", powers, error)


if __name__ == "__main__":
    main()
