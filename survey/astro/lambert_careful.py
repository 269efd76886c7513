"""One Lambert problem solved slowly and surely: for the few that the fast loop sets aside.

The same equations as `survey.astro.lambert_cell`, with a bracket around the root that every step
must stay in, as many half-angle steps as the arc needs, and velocities written radially and
transversally beyond 90 deg, which stay accurate up to a transfer angle of 180 deg.
"""

from __future__ import annotations

import math

from survey.astro.compiling import kernel
from survey.astro.lambert_cell import Problem, geometry
from survey.astro.lambert_lanes import Vector
from survey.astro.lambert_series import smooth_part

SOLVED, TOO_SHORT, NO_PLANE, DEGENERATE, BAD_INPUT, NOT_CONVERGED, SENSITIVE = range(7)

_EPS = 2.220446049250313e-16
_ITERATIONS = 200
_NOWHERE = (math.nan, math.nan, math.nan)


@kernel
def _smooth_part(s: float, k: float) -> float:
    """B(S) for any S < 1, given k = sqrt(1 - S): halve until the polynomial holds, then return."""
    product = 1.0
    offset = 0.0
    s = 0.5 * s / (1.0 + k)
    # B(S) = (B(S') + 1/(1 + k'))/(4 k'^3), unrolled as an affine map of the innermost B
    while s < -0.5 or s > 0.146:
        k = math.sqrt(1.0 - s)
        product *= 0.25 / (k * k * k)
        offset += product / (1.0 + k)
        s = 0.5 * s / (1.0 + k)
    return product * smooth_part(s) + offset


@kernel
def _time_and_slopes(
    x: float, lam: float, q: float, revs: int
) -> tuple[float, float, float, float]:
    """T(x), T'(x), T''(x) and T'''(x)."""
    lam2 = lam * lam
    u = (1.0 - x) * (1.0 + x)
    y = math.sqrt(q + lam2 * x * x)
    lx = lam * x
    eta = q / (y + lx) if lx > 0.0 else y - lx
    less = q / (1.0 + lam) if lam > 0.0 else 1.0 - lam  # 1 - lambda
    more = 1.0 + lam if lam > 0.0 else q / (1.0 - lam)  # 1 + lambda
    s = 0.5 * (less - x * eta)
    cos2 = 0.5 * (more + x * eta)
    if x < 0.0 and s > 0.5:
        cos2 = 0.25 * eta * eta * u / s  # cos^2 = sin^2(2 angle)/(4 sin^2): no cancellation
    k = math.sqrt(cos2)
    # T = (1 + lambda) q/(x + y) + eta^3 (psi - sin psi)/sin^3 psi: both terms are positive
    ends = q / (x + y) if x > 0.0 else (y - x) / u
    rest = (_smooth_part(s, k) + 1.0 / (1.0 + k)) / (cos2 * k)
    time = more * ends + 0.25 * eta * eta * eta * rest
    if revs > 0:
        time += revs * math.pi / (u * math.sqrt(u))
    elif abs(x - 1.0) < 5e-7:
        # Towards the parabola the recurrences become 0/0, one order after the other.
        return time, -0.4 * (1.0 - lam2 * lam2 * lam), 0.0, 0.0  # [Izzo2015, eq. 24]
    lam3 = lam2 * lam
    d1 = (3.0 * time * x - 2.0 + 2.0 * lam3 * x / y) / u
    if revs == 0 and abs(x - 1.0) < 5e-4:
        return time, d1, 0.0, 0.0
    d2 = (3.0 * time + 5.0 * x * d1 + 2.0 * q * lam3 / (y * y * y)) / u
    d3 = (7.0 * x * d2 + 8.0 * d1 - 6.0 * q * lam3 * lam2 * x / y**5) / u
    return time, d1, d2, d3


@kernel
def _bracketed_root(
    lam: float, q: float, revs: int, wanted: float, low: float, high: float, falling: bool
) -> float:
    """Solve T(x) = wanted in (low, high), where T is monotonic; NaN if it does not come to rest."""
    x = math.sqrt((1.0 + low) * (1.0 + high)) - 1.0
    best_x, best_f, best_slope = x, math.inf, 0.0
    for _ in range(_ITERATIONS):
        time, d1, d2, d3 = _time_and_slopes(x, lam, q, revs)
        f = time - wanted
        if abs(f) < best_f:
            best_x, best_f, best_slope = x, abs(f), abs(d1)
        if f == 0.0:
            break
        if (f > 0.0) == falling:
            low = x
        else:
            high = x
        step = -f * (d1 * d1 - 0.5 * f * d2) / (d1 * (d1 * d1 - f * d2) + d3 * f * f / 6.0)
        new = x + step
        if not low < new < high:
            # the geometric middle of 1 + x serves x near -1 and x in the thousands alike
            new = math.sqrt((1.0 + low) * (1.0 + high)) - 1.0
            if not low < new < high:
                break
        if abs(new - x) <= 2.0 * _EPS * abs(x):
            break
        x = new
    # a few units of T's own rounding, and what rounding of x leaves in T
    allowed = 64.0 * _EPS * wanted + 8.0 * _EPS * best_slope * (1.0 + abs(best_x))
    return best_x if best_f <= allowed else math.nan


@kernel
def _minimum(lam: float, q: float, revs: int) -> tuple[float, float]:
    """Return x and T at the minimum of the curve of `revs` revolutions."""
    low, high = -0.999999, 0.999999
    x = 0.0
    for _ in range(_ITERATIONS):
        _, d1, d2, d3 = _time_and_slopes(x, lam, q, revs)
        if d1 < 0.0:
            low = x
        else:
            high = x
        new = x - 2.0 * d1 * d2 / (2.0 * d2 * d2 - d1 * d3)  # Halley on T' = 0
        if not low < new < high:
            new = 0.5 * (low + high)
        if abs(new - x) <= 4.0 * _EPS or high - low <= 4.0 * _EPS:
            break
        x = new
    return x, _time_and_slopes(x, lam, q, revs)[0]


@kernel
def _solve_direct(lam: float, q: float, wanted: float) -> float:
    """Return x without revolutions, NaN where there is none within reach."""
    low = min((math.pi / wanted) ** (2.0 / 3.0) * 0.25, 0.5) - 1.0
    while _time_and_slopes(low, lam, q, 0)[0] < wanted:
        low = 0.25 * (1.0 + low) - 1.0
        if 1.0 + low < 1e-12:
            return math.nan
    high = 1.0
    while _time_and_slopes(high, lam, q, 0)[0] > wanted:
        low, high = high, 4.0 * high
        if high > 1e12:
            return math.nan
    return _bracketed_root(lam, q, 0, wanted, low, high, True)


@kernel
def _solve_multi(
    lam: float, q: float, wanted: float, revs: int, low_path: bool
) -> tuple[float, int]:
    """Return x of the asked path, and a status."""
    x_min, t_min = _minimum(lam, q, revs)
    if wanted < t_min:
        return math.nan, TOO_SHORT
    end = 1.0 if low_path else -1.0
    reach = min((revs * math.pi / wanted) ** (2.0 / 3.0) * 0.25, 0.25)
    while _time_and_slopes(end - end * reach, lam, q, revs)[0] < wanted:
        reach *= 0.25
        if reach < 1e-14:
            return math.nan, NOT_CONVERGED
    far = end - end * reach
    low, high = (x_min, far) if low_path else (far, x_min)
    x = _bracketed_root(lam, q, revs, wanted, low, high, not low_path)
    return x, SOLVED if x == x else NOT_CONVERGED


@kernel
def solve_careful(
    mu: float, problem: Problem, way: float, revs: int, low_path: bool
) -> tuple[Vector, Vector, int]:
    """Both terminal velocities and a status, for one problem of any shape."""
    a, b, tof = problem
    (ax, ay, az), (bx, by, bz) = a, b
    r1, r2, c, rate, lam, q, wanted = geometry(mu, problem, way)
    s = 0.5 * (r1 + r2 + c)
    # the square of a long length may be infinite
    if not (0.0 < tof < math.inf and 0.0 < mu < math.inf and s < math.inf):
        return _NOWHERE, _NOWHERE, BAD_INPUT
    if r1 == 0.0 or r2 == 0.0 or c == 0.0:
        return _NOWHERE, _NOWHERE, DEGENERATE
    dot = ax * bx + ay * by + az * bz
    # The normal from r1 and the small one of r2 -+ r1: exact where the two are nearly parallel.
    sign = 1.0 if dot > 0.0 else -1.0
    ex, ey, ez = bx - sign * ax, by - sign * ay, bz - sign * az
    hx, hy, hz = ay * ez - az * ey, az * ex - ax * ez, ax * ey - ay * ex
    h = math.sqrt(hx * hx + hy * hy + hz * hz)
    if dot <= 0.0:
        if h <= 4.0 * _EPS * r1 * r2:
            return _NOWHERE, _NOWHERE, NO_PLANE
        lam = math.copysign(h / math.sqrt(2.0 * (r1 * r2 - dot)) / s, hz * way)
        if hz == 0.0:
            lam = abs(lam)
    status = SOLVED
    if revs == 0:
        x = _solve_direct(lam, q, wanted)
        if x != x:
            status = NOT_CONVERGED
    else:
        x, status = _solve_multi(lam, q, wanted, revs, low_path)
    if status != SOLVED:
        return _NOWHERE, _NOWHERE, status
    y = math.sqrt(q + lam * lam * x * x)
    lx = lam * x
    plus = y + lx if lx > 0.0 else q / (y - lx)
    minus = q / (y + lx) if lx > 0.0 else y - lx
    gamma = 0.5 * rate * s
    if dot > 0.0:
        along = gamma * plus / (lam * s * c)
        out = gamma * minus / (lam * s)
        dx, dy, dz = bx - ax, by - ay, bz - az
        leave = (
            along * dx + out / r1 * ax,
            along * dy + out / r1 * ay,
            along * dz + out / r1 * az,
        )
        arrive = (
            along * dx - out / r2 * bx,
            along * dy - out / r2 * by,
            along * dz - out / r2 * bz,
        )
    else:  # Izzo's radial and transverse components
        rho = (r1 - r2) / c
        sigma = math.sqrt(max(1.0 - rho * rho, 0.0))
        radial1 = gamma * ((lam * y - x) - rho * (lam * y + x)) / r1
        radial2 = -gamma * ((lam * y - x) + rho * (lam * y + x)) / r2
        turn = 1.0 if lam >= 0.0 else -1.0  # the normal of the motion is +-h
        across1, across2 = turn * gamma * sigma * plus / r1, turn * gamma * sigma * plus / r2
        nx, ny, nz = hx / h, hy / h, hz / h
        leave = (
            radial1 * ax / r1 + across1 * (ny * az - nz * ay) / r1,
            radial1 * ay / r1 + across1 * (nz * ax - nx * az) / r1,
            radial1 * az / r1 + across1 * (nx * ay - ny * ax) / r1,
        )
        arrive = (
            radial2 * bx / r2 + across2 * (ny * bz - nz * by) / r2,
            radial2 * by / r2 + across2 * (nz * bx - nx * bz) / r2,
            radial2 * bz / r2 + across2 * (nx * by - ny * bx) / r2,
        )
    if not abs(sum(leave) + sum(arrive)) < math.inf:
        return _NOWHERE, _NOWHERE, NOT_CONVERGED
    return leave, arrive, SOLVED
