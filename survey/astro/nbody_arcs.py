"""Kepler arcs from node to node, bent to meet each other: how a stored trajectory is evaluated.

Between two nodes the motion is that of two bodies from the left node plus a small deviation,
which a polynomial of Hermite's kind describes: it starts from rest with the perturbing acceleration
of the left node, ends with the position, velocity and acceleration that make up the right node's
mismatch, and passes through one state between them. Only perturbations are interpolated, so nodes
lie months apart on most orbits, however eccentric, and hours apart in a close encounter.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from survey.astro import kepler_kernels, nbody_forces, universal
from survey.astro.compiling import entry, fingerprint, kernel
from survey.astro.kepler_kernels import SERIES, stumpff
from survey.constants import GM_SUN_KM3_S2

Array = NDArray[np.float64]
Index = NDArray[np.int64]

_ROOT_GM: Final = math.sqrt(GM_SUN_KM3_S2)


@kernel
def kepler_arc(mu: Array, state: Array, dt: Array, r: Array, v: Array) -> None:
    """State after `dt` into the second rows of `r` and `v` (2, 3).

    Universal variables [Battin1999, section 4.5] by Halley's steps. Arcs beyond a quarter of a
    turn, rare between nodes, go to `survey.astro.universal`.
    """
    x, y, z, vx, vy, vz = state[0], state[1], state[2], state[3], state[4], state[5]
    r0 = math.sqrt(x * x + y * y + z * z)
    alpha = 2.0 / r0 - (vx * vx + vy * vy + vz * vz) / GM_SUN_KM3_S2
    sigma = (x * vx + y * vy + z * vz) / _ROOT_GM
    tau = _ROOT_GM * dt[0]
    chi = tau / r0
    chi -= 0.5 * sigma / r0 * chi * chi
    for _ in range(8):
        psi = alpha * chi * chi
        if not abs(psi) < SERIES:
            break
        c2, c3 = stumpff(psi)
        u0, u1 = 1.0 - psi * c2, chi * (1.0 - psi * c3)
        u2, u3 = chi * chi * c2, chi * chi * chi * c3
        f = r0 * u1 + sigma * u2 + u3 - tau
        distance = r0 * u0 + sigma * u1 + u2
        bend = sigma * u0 + (1.0 - alpha * r0) * u1
        step = f * distance / (distance * distance - 0.5 * f * bend)
        if abs(step) <= 1e-6 * abs(chi):
            # A further step would be smaller than rounding; the functions follow by Taylor.
            u2, u1 = (
                u2 - step * (u1 - 0.5 * step * u0),
                u1 - step * (u0 + 0.5 * step * alpha * u1),
            )
            distance = r0 * (1.0 - alpha * u2) + sigma * u1 + u2
            f1, g1 = 1.0 - u2 / r0, (r0 * u1 + sigma * u2) / _ROOT_GM
            f2, g2 = -_ROOT_GM * u1 / (distance * r0), 1.0 - u2 / distance
            r[1, 0], r[1, 1], r[1, 2] = f1 * x + g1 * vx, f1 * y + g1 * vy, f1 * z + g1 * vz
            v[1, 0], v[1, 1], v[1, 2] = f2 * x + g2 * vx, f2 * y + g2 * vy, f2 * z + g2 * vz
            return
        chi -= step
    for k in range(3):
        r[0, k], v[0, k] = state[k], state[3 + k]
    universal.propagate(mu, r[:1], v[:1], dt, r[1:], v[1:])


@kernel
def coefficients(
    mu: Array, left: Array, a: Array, right: Array, b: Array, dt: Array, r: Array, v: Array, c:
    Array,
) -> None:  # fmt: skip
    """Quintic of the deviation over an interval of `dt[0]`: ``c[:4] (4, 3)`` for s² to s⁵."""
    h = dt[0]
    kepler_arc(mu, left, dt, r, v)
    kx, ky, kz = r[1, 0], r[1, 1], r[1, 2]
    x, y, z = right[0], right[1], right[2]
    arc = GM_SUN_KM3_S2 / (kx * kx + ky * ky + kz * kz) ** 1.5
    here = GM_SUN_KM3_S2 / (x * x + y * y + z * z) ** 1.5
    for k in range(3):
        start = 0.5 * h * h * a[k]
        p = right[k] - r[1, k] - start
        q = h * (right[3 + k] - v[1, k]) - 2.0 * start
        w = h * h * (b[k] - here * right[k] + arc * r[1, k]) - 2.0 * start
        c[0, k] = start
        c[1, k] = 10.0 * p - 4.0 * q + 0.5 * w
        c[2, k] = -15.0 * p + 7.0 * q - w
        c[3, k] = 6.0 * p - 3.0 * q + 0.5 * w


@kernel
def state_at(
    mu: Array, left: Array, h: float, c: Array, tau: float, dt: Array, r: Array, v: Array, out:
    Array,
) -> None:  # fmt: skip
    """State `tau` after the left node into `out` (6,); ``c (6, 3)`` holds the middle's part too."""
    dt[0] = tau
    kepler_arc(mu, left, dt, r, v)
    s = tau / h
    t = 1.0 - s
    u2 = s * s * t * t
    bump, slope = u2 * s * t, 3.0 * u2 * (t - s)
    for k in range(3):
        d = s * s * (c[0, k] + s * (c[1, k] + s * (c[2, k] + s * c[3, k])))
        rate = s * (2.0 * c[0, k] + s * (3.0 * c[1, k] + s * (4.0 * c[2, k] + s * 5.0 * c[3, k])))
        linear = c[4, k] + s * c[5, k]
        out[k] = r[1, k] + (d + bump * linear)
        out[3 + k] = v[1, k] + (rate + slope * linear + bump * c[5, k]) / h


@kernel
def bend(
    mu: Array, left: Array, h: float, c: Array, middle: Array, tau: float, dt: Array, r: Array, v:
    Array, out: Array,
) -> None:  # fmt: skip
    """Make the polynomial pass through the state `middle`, `tau` after the left node."""
    for k in range(3):
        c[4, k], c[5, k] = 0.0, 0.0
    state_at(mu, left, h, c, tau, dt, r, v, out)
    s = tau / h
    t = 1.0 - s
    u2 = s * s * t * t
    bump, slope = u2 * s * t, 3.0 * u2 * (t - s)
    for k in range(3):
        value = (middle[k] - out[k]) / bump
        c[5, k] = ((middle[3 + k] - out[3 + k]) * h - slope * value) / bump
        c[4, k] = value - s * c[5, k]


def _build(compiled_in: int) -> Any:
    @entry
    def interpolate(
        offsets: Index, times: Array, states: Array, extras: Array, wanted: Array, out: Array,
    ) -> None:  # fmt: skip
        """Fill the states (n, k, 6) at the times (n, k) or (1, k); NaN beyond the nodes."""
        _ = compiled_in  # see survey.astro.compiling.fingerprint
        mu, dt, r, v = np.full(1, GM_SUN_KM3_S2), np.empty(1), np.empty((2, 3)), np.empty((2, 3))
        c = np.empty((6, 3))
        for n in range(offsets.size - 1):
            i, end = offsets[n], offsets[n + 1]
            row = wanted[n if wanted.shape[0] > 1 else 0]
            ready = -1
            for k in range(row.size):
                t = row[k]
                if end - offsets[n] < 2 or not times[offsets[n]] <= t <= times[end - 1]:
                    for q in range(6):
                        out[n, k, q] = math.nan
                    continue
                if not times[i] <= t <= times[i + 1]:
                    if t > times[i] and i + 2 < end and t <= times[i + 2]:
                        i += 1  # the next interval: sorted epochs need no search
                    else:
                        i, above = offsets[n], end - 1
                        while above - i > 1:
                            m = (i + above) // 2
                            if times[m] <= t:
                                i = m
                            else:
                                above = m
                h = times[i + 1] - times[i]
                if i != ready:
                    dt[0], ready = h, i
                    coefficients(
                        mu, states[i], extras[i, 0], states[i + 1], extras[i + 1, 0], dt, r, v, c
                    )
                    for axis in range(3):
                        c[4, axis], c[5, axis] = extras[i, 1, axis], extras[i, 2, axis]
                state_at(mu, states[i], h, c, t - times[i], dt, r, v, out[n, k])

    return interpolate


interpolate = _build(fingerprint(kepler_kernels, nbody_forces, universal))
"""Compiled; see `survey.astro.nbody.Trajectories.states`."""
