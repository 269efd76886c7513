"""Lambert problems as straight-line arithmetic, so that a loop over them becomes SIMD code.

Izzo's formulation [Izzo2015] with three changes: the time of flight is Battin's hypergeometric
form evaluated by half-angle steps and one polynomial, the starting guess is a fitted polynomial
good enough for two Householder steps to suffice, and the terminal velocities are written along
the chord and the radii instead of radially and transversally [Battin1999]. Nothing branches, and
nothing calls a transcendental function. Two problems always go side by side, step by step: each
step waits for the one before, so that one alone would leave the processor half idle.

Symbols are Izzo's: c chord, s semiperimeter, lambda^2 = 1 - c/s (negative root beyond 180 deg),
T = sqrt(2 mu / s^3) tof, y = sqrt(1 - lambda^2 (1 - x^2)), eta = y - lambda x. Here
q = 1 - lambda^2 = c/s is carried along, free of cancellation.
"""

from __future__ import annotations

import math

from survey.astro.compiling import inlined
from survey.astro.lambert_lanes import Vector
from survey.astro.lambert_series import (
    DIRECT_T_MAX,
    DIRECT_T_MIN,
    LEAST_TIME_ERROR,
    MULTI_REVS_FITTED,
    MULTI_T_MAX,
    guess_direct,
    guess_multi,
    least_time,
    s_map,
    smooth_part,
)

Problem = tuple[Vector, Vector, float]  # the positions and the time of flight
Shape = tuple[float, float, float, float, float, float, float]  # r1, r2, c, rate, lambda, q, T
Arc = tuple[float, float, float, bool]  # along, out1, out2 (see `_speeds`), and whether it is good

# The recurrences of the derivatives divide by 1 - x^2: an iterate nearer than this to the
# parabola x = 1 is moved to this distance, and the step that follows still converges.
_PARABOLA = 2e-4
# Accept an arc when the last step is this small beside the scale on which the slope of T(x)
# changes, and beside the distance y/lambda of the nearest singularity of y(x), which is short
# where lambda -> -1: the error left behind falls with the fourth power of the step.
_LAST_STEP, _LAST_STEP_Y = 4e-4, 1e-3
# What is left to the careful solver, lest rounding move an arrival by 1e-9.
_Q_MIN = 1e-3  # chord so short that eta = y - lambda x loses more than three digits
_LAMBDA_MIN = 4e-3  # so near 180 deg that chord and radius no longer span the plane well
_RADIUS_MIN = 0.1  # of s: one end so near the centre that the arc runs almost through it
_TINY = 1e-70  # units in which a product of four lengths underflows
_COS2_MAX = 51.0  # so hyperbolic that two half-angle steps leave the fitted range of B
_COS2_MIN = 1e-3  # so slow an arc that 1 - S cancels
_NEAR_MINIMUM = 4.0 * LEAST_TIME_ERROR  # so close to T_min that its fit cannot tell


@inlined
def geometry(mu: float, problem: Problem, way: float) -> Shape:
    """Shape of a problem; `way` is +1 for prograde, -1 for retrograde; rate = sqrt(2 mu / s)."""
    (ax, ay, az), (bx, by, bz), tof = problem
    r1 = math.sqrt(ax * ax + ay * ay + az * az)
    r2 = math.sqrt(bx * bx + by * by + bz * bz)
    dx, dy, dz = bx - ax, by - ay, bz - az
    c = math.sqrt(dx * dx + dy * dy + dz * dz)
    dot = ax * bx + ay * by + az * bz
    hx, hy, hz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    h2 = hx * hx + hy * hy + hz * hz
    product = r1 * r2
    # r1 r2 (1 + cos theta), by the sine beyond 90 deg: no cancellation near 180 deg
    both = product + dot if dot > 0.0 else h2 / (product - dot)
    per_s = 1.0 / (0.5 * (r1 + r2 + c))
    rate = math.sqrt(2.0 * mu * per_s)
    lam = math.sqrt(0.5 * both) * per_s
    lam = lam if hz * way >= 0.0 else -lam
    return r1, r2, c, rate, lam, c * per_s, rate * per_s * tof


@inlined
def _direct_time(x: float, lam: float, y: float) -> tuple[float, float]:
    """T(x) without revolutions, and cos^2 = 1 - S: one formula for every conic.

    T = eta/2 (4/3 eta^2 F(S) + 4 lambda), F = 2F1(3, 1; 5/2; S), S = (1 - lambda - x eta)/2
    [Battin1999]; F by B(S) and the half-angle rule B(S) = (B(S') + 1/(1 + k'))/(4 k'^3).
    """
    eta = y - lam * x
    cos2 = 0.5 * (1.0 + lam + x * eta)
    s0 = 0.5 * (1.0 - lam - x * eta)
    k0 = math.sqrt(cos2)
    i0 = 1.0 / (1.0 + k0)
    s1 = 0.5 * s0 * i0
    k1 = math.sqrt(1.0 - s1)
    i1 = 1.0 / (1.0 + k1)
    # one division for two reciprocals
    both = 1.0 / (k0 * k1)
    per_k0, per_k1 = both * k1, both * k0
    b1 = smooth_part(0.5 * s1 * i1)
    b0 = (b1 + i1) * 0.25 * per_k1 * per_k1 * per_k1
    bracket = (b0 + i0) * per_k0 + 2.0
    time = 0.5 * eta * (eta * eta * 0.5 * per_k0 * per_k0 * bracket + 4.0 * lam)
    return time, cos2


@inlined
def _householder(
    x: float, time: float, wanted: float, lam: float, q: float, per_y: float, per_u: float
) -> tuple[float, float, bool]:
    """One third-order Householder step on T(x) = T: x, the slope T', whether the step was small.

    T', T'', T''' by Izzo's recurrences [Izzo2015, eq. 22].
    """
    lam3 = lam * lam * lam
    per_y2 = per_y * per_y
    bent = 2.0 * q * lam3 * (per_y2 * per_y)
    f = time - wanted
    d1 = (3.0 * time * x - 2.0 + 2.0 * lam3 * x * per_y) * per_u
    d2 = (3.0 * time + 5.0 * x * d1 + bent) * per_u
    d3 = (7.0 * x * d2 + 8.0 * d1 - 3.0 * bent * (lam * lam) * x * per_y2) * per_u
    d11 = d1 * d1
    step = -f * (d11 - 0.5 * f * d2) / (d1 * (d11 - f * d2) + d3 * f * f * (1.0 / 6.0))
    small = (abs(step * d2) < _LAST_STEP * abs(d1)) & (abs(step * per_y) < _LAST_STEP_Y)
    return x + step, d1, small


@inlined
def _step_direct(x: float, shape: Shape) -> tuple[float, bool]:
    """One improved x of a direct arc, and whether the step was small enough to stop."""
    _, _, _, _, lam, q, wanted = shape
    x = 1.0 - _PARABOLA if abs(x - 1.0) < _PARABOLA else x
    u = 1.0 - x * x
    y = math.sqrt(q + lam * lam * x * x)
    per_yu = 1.0 / (y * u)
    time, cos2 = _direct_time(x, lam, y)
    x, _, small = _householder(x, time, wanted, lam, q, per_yu * u, per_yu * y)
    return x, small & (cos2 < _COS2_MAX) & (cos2 > _COS2_MIN)


@inlined
def _step_multi(x: float, shape: Shape, revs: int, side: float) -> tuple[float, bool]:
    """Improve x of an arc with revolutions; `side` is +1 on the low path (right of T_min)."""
    _, _, _, _, lam, q, wanted = shape
    u = 1.0 - x * x
    y = math.sqrt(q + lam * lam * x * x)
    per_yu = 1.0 / (y * u)
    per_u = per_yu * y
    time, cos2 = _direct_time(x, lam, y)
    time += revs * math.pi * per_u * math.sqrt(per_u)
    x, slope, small = _householder(x, time, wanted, lam, q, per_yu * u, per_u)
    return x, small & (slope * side > 0.0) & (cos2 > _COS2_MIN)


@inlined
def _speeds(shape: Shape, x: float) -> tuple[float, float, float]:
    """Coefficients of the terminal velocities along chord and radii.

    v1 = along (r2 - r1) + out1 r1 and v2 = along (r2 - r1) - out2 r2 [Battin1999, sec. 6.8], with
    the product (y + lambda x)(y - lambda x) = q used against cancellation.
    """
    r1, r2, c, rate, lam, q, _ = shape
    y = math.sqrt(q + lam * lam * x * x)
    lx = lam * x
    large = y + abs(lx)
    small = q / large
    plus = large if lx > 0.0 else small
    minus = small if lx > 0.0 else large
    gamma = 0.5 * rate / lam
    return gamma * plus / c, gamma * minus / r1, gamma * minus / r2


@inlined
def _regular(shape: Shape) -> bool:
    """Whether the positions are fit for the formula of `_speeds`."""
    r1, r2, c, rate, lam, q, _ = shape
    shorter = r1 if r1 < r2 else r2
    apart = (q > _Q_MIN) & (abs(lam) > _LAMBDA_MIN) & (shorter * q > _RADIUS_MIN * c)
    return apart & (shorter > _TINY) & (rate > _TINY)


@inlined
def _start_direct(shape: Shape) -> float:
    _, _, _, _, lam, q, wanted = shape
    return guess_direct(wanted, s_map(lam, q))


@inlined
def _end_direct(shape: Shape, x: float, good: bool) -> Arc:
    wanted = shape[6]
    along, out1, out2 = _speeds(shape, x)
    usual = (wanted > DIRECT_T_MIN) & (wanted < DIRECT_T_MAX)
    return along, out1, out2, good & _regular(shape) & usual


@inlined
def solve_direct(
    mu: float, first: Problem, second: Problem, way: float
) -> tuple[Arc, Arc, Shape, Shape]:
    """Arcs without full revolutions of two problems, and their shapes."""
    shape1, shape2 = geometry(mu, first, way), geometry(mu, second, way)
    x1, x2 = _start_direct(shape1), _start_direct(shape2)
    x1, _ = _step_direct(x1, shape1)
    x2, _ = _step_direct(x2, shape2)
    x1, good1 = _step_direct(x1, shape1)
    x2, good2 = _step_direct(x2, shape2)
    one, other = _end_direct(shape1, x1, good1), _end_direct(shape2, x2, good2)
    return one, other, shape1, shape2


@inlined
def _margin(revs: int, shape: Shape) -> tuple[float, float, bool]:
    """Second variable of the fits, 1 - T_min/T, and whether the fit of T_min holds."""
    _, _, _, _, lam, q, wanted = shape
    s = s_map(lam, q)
    return s, 1.0 - least_time(revs, s) / wanted, (abs(s) < 1.0) & (wanted > 0.0)


@inlined
def _end_multi(shape: Shape, x: float, good: bool, margin: float, fits: bool) -> Arc:
    along, out1, out2 = _speeds(shape, x)
    usual = fits & (margin > _NEAR_MINIMUM) & (shape[6] < MULTI_T_MAX)
    return along, out1, out2, good & _regular(shape) & usual


@inlined
def solve_multi(
    mu: float, first: Problem, second: Problem, way: float, revs: int, side: float
) -> tuple[Arc, Arc, bool, bool]:
    """Arcs with 1 to 3 revolutions of two problems, and whether none exists, of each."""
    shape1, shape2 = geometry(mu, first, way), geometry(mu, second, way)
    s1, margin1, fits1 = _margin(revs, shape1)
    s2, margin2, fits2 = _margin(revs, shape2)
    x1 = guess_multi(revs, side * math.sqrt(abs(margin1)), s1)
    x2 = guess_multi(revs, side * math.sqrt(abs(margin2)), s2)
    x1, _ = _step_multi(x1, shape1, revs, side)
    x2, _ = _step_multi(x2, shape2, revs, side)
    x1, good1 = _step_multi(x1, shape1, revs, side)
    x2, good2 = _step_multi(x2, shape2, revs, side)
    one = _end_multi(shape1, x1, good1, margin1, fits1)
    other = _end_multi(shape2, x2, good2, margin2, fits2)
    return one, other, fits1 & (margin1 < -_NEAR_MINIMUM), fits2 & (margin2 < -_NEAR_MINIMUM)


@inlined
def solve_paths(mu: float, problem: Problem, way: float, revs: int) -> tuple[Arc, Arc]:
    """Arcs of 1 to 3 revolutions of one problem on its low and its high path."""
    shape = geometry(mu, problem, way)
    s, margin, fits = _margin(revs, shape)
    q = math.sqrt(abs(margin))
    low, high = guess_multi(revs, q, s), guess_multi(revs, -q, s)
    low, _ = _step_multi(low, shape, revs, 1.0)
    high, _ = _step_multi(high, shape, revs, -1.0)
    low, good_low = _step_multi(low, shape, revs, 1.0)
    high, good_high = _step_multi(high, shape, revs, -1.0)
    return (
        _end_multi(shape, low, good_low, margin, fits),
        _end_multi(shape, high, good_high, margin, fits),
    )


@inlined
def may_reach(revs: int, s: float, wanted: float) -> bool:
    """Whether `revs` revolutions may fit in T, given the s-map of lambda; never a wrong no."""
    least = revs * math.pi  # what T_min tends to as lambda -> 1
    if revs <= MULTI_REVS_FITTED:
        close = least_time(revs, s) * (1.0 - _NEAR_MINIMUM)
        least = close if abs(s) < 1.0 else least
    return wanted > least
