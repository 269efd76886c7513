"""The compiled arithmetic of orbital elements, written so that no digit cancels.

Neither ``e -> 1`` nor a small anomaly costs accuracy: the formulae use ``1 - e``, ``1 - cos E``
and ``E - sin E`` as they are, never as differences of rounded terms. `survey.astro.kepler` is the
way in.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from survey.astro.compiling import ENTRY, INLINED, KERNEL

Array = NDArray[np.float64]

_CHUNK = 512  # anomalies worked on together: three such lines stay in the first-level cache
TURN = 2.0 * math.pi
# 2 pi in three parts of 33, 33 and 53 bits: k times the first two is exact for k < 2**20.
_TURN_1 = 6.2831853069365025
_TURN_2 = 2.4308402025215864e-10
_TURN_3 = 8.089064995183803e-21
_TURN_ERROR = 2.4492935982947064e-16  # 2 pi minus its nearest float
_PI_ERROR = 1.2246467991473532e-16  # pi minus its nearest float
_EXACT_TURNS = 2.0**20
_POLISHED = 1e-8  # a last step this small, relatively, leaves an error of its square
SERIES = 2.4675  # (pi / 2)**2 and a little: where the series of `stumpff` hold 1e-17
_C2 = tuple(1.0 / math.factorial(k) for k in range(22, 0, -2))
_C3 = tuple(1.0 / math.factorial(k) for k in range(23, 1, -2))
MAX_STEPS = 200  # never reached: bisection alone ends after about 60

_inlined = njit(**INLINED)
_kernel = njit(**KERNEL)
_entry = njit(**ENTRY)


@_inlined
def stumpff(z: float) -> tuple[float, float]:
    """Stumpff's ``c2 = (1 - cos √z) / z`` and ``c3 = (√z - sin √z) / √z³`` for |z| < 2.4675."""
    c2 = c3 = 0.0
    for term in _C2:
        c2 = term - z * c2
    for term in _C3:
        c3 = term - z * c3
    return c2, c3


@_inlined
def _sines(x: float) -> tuple[float, float, float]:
    """``sin x``, ``1 - cos x`` and ``x - sin x`` for 0 <= x <= pi, without branches."""
    mirrored = x > 0.5 * math.pi
    w = (math.pi - x) + _PI_ERROR if mirrored else x
    c2, c3 = stumpff(w * w)
    lag = w * w * w * c3
    sine = w - lag
    versine = w * w * c2
    return sine, 2.0 - versine if mirrored else versine, x - sine if mirrored else lag


@_kernel
def _hyperbolic_sines(x: float) -> tuple[float, float, float]:
    """``sinh x``, ``1 - cosh x`` and ``x - sinh x`` for x >= 0."""
    if x * x < SERIES:
        c2, c3 = stumpff(-x * x)
        lag = -x * x * x * c3
        return x - lag, -x * x * c2, lag
    sine = math.sinh(x)
    return sine, 1.0 - math.cosh(x), x - sine


@_inlined
def _markley(m: float, e: float) -> tuple[float, float, float, float]:
    """Solve Kepler's equation for 0 <= m <= pi, 0 <= e < 1, without branches.

    Returns E, sin E, 1 - cos E, and the last step relative to E, which tells whether the
    solution stands. The start is the cubic's root of [Markley1995]; its cube root is taken by
    four square roots and two steps of Halley, good to 1e-3, which is all that a start needs.
    """
    one_e = 1.0 - e
    alpha = (3.0 * math.pi**2 + 1.6 * math.pi * (math.pi - m) / (1.0 + e)) / (math.pi**2 - 6.0)
    d = 3.0 * one_e + alpha * e
    q = 2.0 * alpha * d * one_e - m * m
    s = 3.0 * alpha * d * (d - one_e) * m + m * m * m
    cube = s + math.sqrt(max(q * q * q + s * s, 0.0))
    quarter = math.sqrt(math.sqrt(cube))
    root = quarter * math.sqrt(math.sqrt(quarter))
    for _ in range(2):
        third = root * root * root
        root = root * (third + 2.0 * cube) / (2.0 * third + cube)
    w = root * root
    start = (2.0 * s * w / (w * w + w * q + q * q) + m) / d
    start = min(max(start, 0.0), math.pi)

    # One step of fifth order, by nested steps of third and fourth.
    sine, versine, lag = _sines(start)
    f0 = one_e * start + e * lag - m
    f1 = one_e + e * versine
    f2 = e * sine
    f3 = e * (1.0 - versine)
    step = -f0 / (f1 - 0.5 * f0 * f2 / f1)
    step = -f0 / (f1 + step * (0.5 * f2 + step * f3 / 6.0))
    step = -f0 / (f1 + step * (0.5 * f2 + step * (f3 / 6.0 - step * f2 / 24.0)))
    E = min(max(start + step, 0.0), math.pi)

    # The sines of the answer are needed anyway, and give one step of Newton almost for nothing.
    sine, versine, lag = _sines(E)
    step = (m - one_e * E - e * lag) / (one_e + e * versine)
    return E + step, sine + (1.0 - versine) * step, versine + sine * step, abs(step) / (E + 1e-300)


@_kernel
def _bracketed(m: float, e: float, start: float, hyperbolic: bool) -> float:
    """Solve for the anomaly in [0, start or pi] by Newton's steps that may not leave a bracket."""
    low, high = 0.0, start if hyperbolic else math.pi
    x: float = start
    following: float
    for _ in range(MAX_STEPS):
        if hyperbolic:
            _, versine, lag = _hyperbolic_sines(x)
            f0, f1 = (e - 1.0) * x - e * lag - m, (e - 1.0) - e * versine
        else:
            _, versine, lag = _sines(x)
            f0, f1 = (1.0 - e) * x + e * lag - m, (1.0 - e) + e * versine
        if f0 > 0.0:
            high = min(high, x)
        else:
            low = max(low, x)
        following = x - f0 / f1
        if not low <= following <= high:
            following = 0.5 * (low + high)
        if abs(following - x) <= 2.3e-16 * x:
            return following
        x = following
    return x


@_kernel
def _hyperbolic_anomaly(m: float, e: float) -> float:
    """Solve ``e sinh H - H = m`` for m >= 0, e > 1."""
    if m > 50.0 * e:
        start = math.asinh((m + 2.0 * math.asinh(m / e)) / e)
    else:
        # Root of (e - 1) H + e H³ / 6 = m: an upper bound, from which Newton falls monotonically.
        p, q = 2.0 * (e - 1.0) / e, 3.0 * m / e
        s = (q + math.sqrt(q * q + p * p * p)) ** (1.0 / 3.0)
        cubic = 2.0 * q / (s * s + p + (p / s) * (p / s))
        start = min(cubic, math.asinh((m + cubic) / e))
    anomaly: float = _bracketed(m, e, start * (1.0 + 1e-12), True)
    return anomaly


@_kernel
def _reduce(m: float) -> tuple[float, float]:
    """Split an angle into one of [-pi, pi] and a whole number of turns."""
    turns = np.floor(m / TURN + 0.5)
    if abs(turns) < _EXACT_TURNS:
        return ((m - turns * _TURN_1) - turns * _TURN_2) - turns * _TURN_3, turns
    rest = np.fmod(m, TURN)
    turns = (m - rest) / TURN
    rest = np.fmod(rest - np.fmod(turns * _TURN_ERROR, TURN), TURN)
    if rest > math.pi:
        return rest - TURN, turns + 1.0
    if rest < -math.pi:
        return rest + TURN, turns - 1.0
    return rest, turns


@_kernel
def _anomaly(m: float, e: float) -> float:
    """Eccentric or hyperbolic anomaly of any mean anomaly; NaN where there is none."""
    if not (e >= 0.0 and abs(m) < math.inf and e < math.inf) or e == 1.0:
        return math.nan
    if e > 1.0:
        return math.copysign(_hyperbolic_anomaly(abs(m), e), m)
    rest, turns = _reduce(m)
    x = min(abs(rest), math.pi)
    E, _, _, step = _markley(x, e)
    if not step <= _POLISHED:
        E = _bracketed(x, e, E, False)
    anomaly: float = math.copysign(E, rest) + turns * TURN
    return anomaly


@_entry
def anomalies(m: Array, e: Array, out: Array) -> None:
    """Fill ``out`` with the eccentric or hyperbolic anomalies; all of shape ``(n,)``."""
    for j in range(m.size):
        out[j] = _anomaly(m[j], e[j])


@_kernel
def _elliptic_line(m: Array, e: float, sine: Array, versine: Array, count: int) -> None:
    """Fill ``sin E`` and ``1 - cos E`` for one eccentricity below 1."""
    doubtful = 0
    for j in range(count):
        turns = np.floor(m[j] / TURN + 0.5)
        rest = ((m[j] - turns * _TURN_1) - turns * _TURN_2) - turns * _TURN_3
        _, s, versine[j], step = _markley(min(abs(rest), math.pi), e)
        sine[j] = s if rest >= 0.0 else -s
        good = (step <= _POLISHED) & (abs(turns) < _EXACT_TURNS)
        doubtful += 0 if good else 1
    if doubtful == 0:
        return
    for j in range(count):
        rest, turns = _reduce(m[j])
        _, _, _, step = _markley(min(abs(rest), math.pi), e)
        if not (step <= _POLISHED and abs(turns) < _EXACT_TURNS):
            s, versine[j], _ = _sines(abs(_anomaly(rest, e)))
            sine[j] = math.copysign(s, rest)


@_entry
def states(orbits: Array, m: Array, r: Array, v: Array) -> None:
    """Fill the states ``(n, k, 3)`` of n orbits at k mean anomalies each, ``m`` (n, k).

    The rows of ``orbits`` (6, n) are mu, a, e, i, raan, argp; NaN where there is no such orbit.
    """
    sine, versine = np.empty(_CHUNK), np.empty(_CHUNK)
    for n in range(m.shape[0]):
        mu, a, e = orbits[0, n], orbits[1, n], orbits[2, n]
        if not (mu > 0.0 and e >= 0.0 and a * (1.0 - e) > 0.0 and abs(a) < math.inf):
            r[n], v[n] = math.nan, math.nan
            continue
        cos_i, sin_i = math.cos(orbits[3, n]), math.sin(orbits[3, n])
        cos_node, sin_node = math.cos(orbits[4, n]), math.sin(orbits[4, n])
        cos_peri, sin_peri = math.cos(orbits[5, n]), math.sin(orbits[5, n])
        # Vectors to periapsis and a right angle further, as long as the semi-axes.
        minor = math.sqrt(abs(1.0 - e) * (1.0 + e))
        px = a * (cos_node * cos_peri - sin_node * sin_peri * cos_i)
        py = a * (sin_node * cos_peri + cos_node * sin_peri * cos_i)
        pz = a * (sin_peri * sin_i)
        b = abs(a) * minor
        qx = b * (-cos_node * sin_peri - sin_node * cos_peri * cos_i)
        qy = b * (-sin_node * sin_peri + cos_node * cos_peri * cos_i)
        qz = b * (cos_peri * sin_i)
        motion = math.sqrt(mu / abs(a)) / abs(a)
        flip = -motion if a > 0.0 else motion
        for first in range(0, m.shape[1], _CHUNK):
            count = min(_CHUNK, m.shape[1] - first)
            if e < 1.0:
                _elliptic_line(m[n, first : first + count], e, sine, versine, count)
            else:
                for j in range(count):
                    h = _anomaly(m[n, first + j], e)
                    s, versine[j], _ = _hyperbolic_sines(abs(h))
                    sine[j] = math.copysign(s, h)
            for j in range(count):
                x = (1.0 - e) - versine[j]
                y = sine[j]
                k = first + j
                r[n, k, 0] = x * px + y * qx
                r[n, k, 1] = x * py + y * qy
                r[n, k, 2] = x * pz + y * qz
                rate = 1.0 / abs((1.0 - e) + e * versine[j])
                x = flip * sine[j] * rate
                y = motion * (1.0 - versine[j]) * rate
                v[n, k, 0] = x * px + y * qx
                v[n, k, 1] = x * py + y * qy
                v[n, k, 2] = x * pz + y * qz


@_entry
def elements(mu: Array, r: Array, v: Array, out: Array) -> None:
    """Fill the elements ``(6, n)`` of states ``(n, 3)``; see `survey.astro.kepler`."""
    for n in range(mu.size):
        x, y, z = r[n, 0], r[n, 1], r[n, 2]
        vx, vy, vz = v[n, 0], v[n, 1], v[n, 2]
        distance = math.sqrt(x * x + y * y + z * z)
        hx, hy, hz = y * vz - z * vy, z * vx - x * vz, x * vy - y * vx
        in_plane = math.hypot(hx, hy)
        h = math.hypot(in_plane, hz)
        sigma = (x * vx + y * vy + z * vz) / math.sqrt(mu[n])
        alpha = 2.0 / distance - (vx * vx + vy * vy + vz * vz) / mu[n]
        parameter = h * h / mu[n]
        node = math.atan2(hx, -hy) if in_plane > 0.0 else 0.0
        cos_node, sin_node = math.cos(node), math.sin(node)
        # Argument of latitude: the angle from the node in the sense of motion.
        across = (z * in_plane + (y * cos_node - x * sin_node) * hz) / h
        latitude = math.atan2(across, x * cos_node + y * sin_node)

        near = 1.0 - distance * alpha  # e cos E, e cosh H
        far = sigma * math.sqrt(abs(alpha))  # e sin E, e sinh H
        e = math.hypot(near, far) if alpha >= 0.0 else math.sqrt(1.0 - parameter * alpha)
        true = math.atan2(math.sqrt(parameter) * sigma, parameter - distance)
        if e == 0.0:
            true = latitude
        gap = parameter * alpha / (1.0 + e)  # 1 - e, to all its digits
        half = math.tan(0.5 * true) * math.sqrt(abs(gap) / (1.0 + e))
        if alpha > 0.0:
            E = 2.0 * math.atan(half)
            _, _, lag = _sines(min(abs(E), math.pi))
            mean = math.copysign(min(gap * abs(E) + e * lag, math.pi), E)
        elif alpha < 0.0:
            H = math.asinh(far / e)
            _, _, lag = _hyperbolic_sines(abs(H))
            mean = math.copysign(-gap * abs(H) - e * lag, H)
        else:
            mean = math.nan
        out[0, n] = 1.0 / alpha
        out[1, n] = e
        out[2, n] = math.atan2(in_plane, hz)
        out[3, n] = _positive(node)
        out[4, n] = _positive(latitude - true)
        out[5, n] = mean


@_kernel
def _positive(angle: float) -> float:
    """Bring an angle of (-2 pi, 2 pi) into [0, 2 pi)."""
    if angle < 0.0:
        angle += TURN
    return 0.0 if angle >= TURN else angle
