"""Moving a state along its conic, whatever conic it is, by universal variables.

The universal anomaly x grows by √mu dt / r and has no singular case: ellipse, parabola and
hyperbola are one family in ``alpha = 1 / a`` [Battin1999] section 4.5. `survey.astro.kepler` is
the way in.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from survey.astro import kepler_kernels
from survey.astro.compiling import ENTRY, KERNEL, fingerprint
from survey.astro.kepler_kernels import MAX_STEPS, SERIES, TURN, stumpff

Array = NDArray[np.float64]

_ECCENTRIC = 0.5  # above, a state is moved by way of its periapsis; below, directly

_kernel = njit(**KERNEL)


@_kernel
def _universal(x: float, alpha: float) -> tuple[float, float, float, float]:
    """Universal functions U0 to U3 at x: 1, x, x² / 2, x³ / 6 on a parabola."""
    psi = alpha * x * x
    if abs(psi) < SERIES:
        c2, c3 = stumpff(psi)
        return 1.0 - psi * c2, x * (1.0 - psi * c3), x * x * c2, x * x * x * c3
    root = math.sqrt(abs(alpha))
    angle = root * x
    if psi > 0.0:
        sine, half = math.sin(angle), math.sin(0.5 * angle)
        versine = 2.0 * half * half
    else:
        sine, half = math.sinh(angle), math.sinh(0.5 * angle)
        versine = -2.0 * half * half
    return 1.0 - versine, sine / root, versine / alpha, (x - sine / root) / alpha


@_kernel
def _anomaly_at(tau: float, alpha: float, r0: float, sigma: float) -> float:
    """Solve ``r0 U1 + sigma U2 + U3 = tau`` for tau > 0.

    Laguerre's steps [Conway1986] inside a bracket that shrinks: they end, whatever the orbit.
    """
    x: float = min(tau / r0, (6.0 * tau) ** (1.0 / 3.0))
    if alpha * r0 > 0.05:
        x = alpha * tau
    low, high = 0.0, math.inf
    following: float
    for step in range(MAX_STEPS):
        u0, u1, u2, u3 = _universal(x, alpha)
        f0 = r0 * u1 + sigma * u2 + u3 - tau
        f1 = r0 * u0 + sigma * u1 + u2
        f2 = sigma * u0 + (1.0 - alpha * r0) * u1
        if f0 == 0.0:
            return x
        if f0 < 0.0:
            low = x
        else:
            high = x  # also where the functions have overflowed
        following = x - 5.0 * f0 / (f1 + math.sqrt(abs(16.0 * f1 * f1 - 20.0 * f0 * f2)))
        if not low < following < high or step > 40:
            following = 2.0 * x if high == math.inf else 0.5 * (low + high)
        if abs(following - x) <= 2.3e-16 * following:
            return following
        x = following
    return x


@_kernel
def _signed_anomaly_at(tau: float, alpha: float, r0: float, sigma: float) -> float:
    """Solve the same for tau of any sign: backwards is forwards with the velocity reversed."""
    if tau == 0.0:
        return 0.0
    sign = math.copysign(1.0, tau)
    x: float = sign * _anomaly_at(abs(tau), alpha, r0, sign * sigma)
    return x


@_kernel
def _directly(
    root_mu: float, r: Array, v: Array, tau: float, alpha: float, sigma: float, r_out: Array,
    v_out: Array,
) -> None:  # fmt: skip
    """Move by Lagrange's coefficients f and g, which keep their digits on rounder orbits."""
    r0 = math.sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2])
    u0, u1, u2, _ = _universal(_signed_anomaly_at(tau, alpha, r0, sigma), alpha)
    distance = r0 * u0 + sigma * u1 + u2
    f, g = 1.0 - u2 / r0, (r0 * u1 + sigma * u2) / root_mu
    f_rate, g_rate = -root_mu * u1 / (distance * r0), 1.0 - u2 / distance
    for k in range(3):
        r_out[k] = f * r[k] + g * v[k]
        v_out[k] = f_rate * r[k] + g_rate * v[k]


@_kernel
def _by_periapsis(
    root_mu: float, r: Array, v: Array, tau: float, alpha: float, sigma: float, parameter: float,
    r_out: Array, v_out: Array,
) -> None:  # fmt: skip
    """Move by counting time from periapsis.

    Far out on a needle or a hyperbola f and g are large and cancel: from 400 to 0.05 units, nine
    digits would be lost. From periapsis every term has one sign.
    """
    r0 = math.sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2])
    e = math.sqrt(max(1.0 - parameter * alpha, 0.0))
    q = parameter / (1.0 + e)
    root = math.sqrt(abs(alpha))
    if alpha > 0.0:
        start = math.atan2(sigma * root, 1.0 - r0 * alpha) / root
    elif alpha < 0.0:
        start = math.asinh(sigma * root / e) / root
    else:
        start = sigma
    _, _, _, u3 = _universal(start, alpha)
    tau += q * start + e * u3
    if alpha > 0.0:
        period = TURN / (alpha * root)
        tau -= np.floor(tau / period + 0.5) * period
    u0, u1, u2, _ = _universal(_signed_anomaly_at(tau, alpha, q, 0.0), alpha)

    # The true anomaly of the start turns its own directions into those of periapsis.
    cosine, sine = parameter / r0 - 1.0, math.sqrt(parameter) * sigma / r0
    length = math.hypot(cosine, sine)
    cosine, sine = cosine / length, sine / length
    radial = (r[0] * v[0] + r[1] * v[1] + r[2] * v[2]) / (r0 * r0)
    across = root_mu * math.sqrt(parameter) / r0
    distance = q + e * u2
    x, y = q - u2, math.sqrt(parameter) * u1
    x_rate = -root_mu * u1 / distance
    y_rate = root_mu * math.sqrt(parameter) * u0 / distance
    for k in range(3):
        outward, onward = r[k] / r0, (v[k] - radial * r[k]) / across
        p, s = cosine * outward - sine * onward, sine * outward + cosine * onward
        r_out[k] = x * p + y * s
        v_out[k] = x_rate * p + y_rate * s


def _build(compiled_in: int) -> Any:
    @njit(**ENTRY)
    def propagate(mu: Array, r: Array, v: Array, dt: Array, r_out: Array, v_out: Array) -> None:
        """Fill the states ``(n, 3)`` at times ``dt`` (n,) after ``r``, ``v``."""
        _ = compiled_in  # see survey.astro.compiling.fingerprint
        for n in range(mu.size):
            x, y, z = r[n, 0], r[n, 1], r[n, 2]
            vx, vy, vz = v[n, 0], v[n, 1], v[n, 2]
            root_mu = math.sqrt(mu[n])
            r0, v2 = math.sqrt(x * x + y * y + z * z), vx * vx + vy * vy + vz * vz
            alpha = 2.0 / r0 - v2 / mu[n]
            tau = root_mu * dt[n]
            if not (r0 > 0.0 and mu[n] > 0.0 and abs(tau) < math.inf and v2 < math.inf):
                r_out[n], v_out[n] = math.nan, math.nan
                continue
            if alpha > 0.0:
                period = TURN / (alpha * math.sqrt(alpha))
                tau -= np.floor(tau / period + 0.5) * period
            if tau == 0.0:
                r_out[n], v_out[n] = r[n], v[n]
                continue
            sigma = (x * vx + y * vy + z * vz) / root_mu
            hx, hy, hz = y * vz - z * vy, z * vx - x * vz, x * vy - y * vx
            parameter = (hx * hx + hy * hy + hz * hz) / mu[n]
            if parameter > 0.0 and 1.0 - parameter * alpha > _ECCENTRIC * _ECCENTRIC:
                _by_periapsis(root_mu, r[n], v[n], tau, alpha, sigma, parameter, r_out[n], v_out[n])
            else:
                _directly(root_mu, r[n], v[n], tau, alpha, sigma, r_out[n], v_out[n])

    return propagate


propagate = _build(fingerprint(kepler_kernels))
"""Compiled ``propagate(mu, r, v, dt, r_out, v_out)``: lines (n,), (n, 3), (n, 3), (n,) in."""
