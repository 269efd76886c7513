"""One step of the 8th-order Runge-Kutta method for many asteroids at once.

DOP853 [HairerNorsettWanner1993, section II.5 and appendix], in the form for second-order
equations: from ``r'' = f`` the positions of the stages follow with the squared coefficients
``A A``, so that only the accelerations of the stages are kept. The loops over asteroids lie
innermost over rows of one work array at fixed distances, which LLVM turns into SIMD code.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import DOP853

from survey.astro.compiling import kernel
from survey.astro.nbody_forces import accelerations, outgassing

Array = NDArray[np.float64]

STAGES: Final = 12
A: Final = np.ascontiguousarray(DOP853.A[:STAGES, :STAGES])
B: Final = np.ascontiguousarray(DOP853.B)
C: Final = np.ascontiguousarray(DOP853.C[:STAGES])
AA: Final = A @ A
BA: Final = B @ A
# Errors of the embedded methods of orders 5 and 3, for velocity and (by the same trick) position.
E5, E3 = np.ascontiguousarray(DOP853.E5[:STAGES]), np.ascontiguousarray(DOP853.E3[:STAGES])
E5A, E3A = E5 @ A, E3 @ A

LANES: Final = 32  # asteroids in a group: the work arrays fit the first-level cache
# Rows of the work array: state 0-5, state of the stage 6-11, perturbing acceleration at the start
# 12-14, nearness 15, distance to the Sun 16, largest error 17, the part of the state below its
# last digit 18-23, law of outgassing 24-30, 31-35 spare. The accelerations of the stages lie in an
# array of their own, because LLVM must see that what is summed is not what is written.
ROWS: Final = 36
FORCE_ROWS: Final = 3 * STAGES
P, NEARNESS, _R, WORST, LOW, LAW, _SPARE = 12, 15, 16, 17, 18, 24, 31
L: Final = LANES


@kernel
def forces(
    w: Array, f: Array, count: int, table: Array, row: int, stage: int, active: bool,
) -> None:  # fmt: skip
    """Accelerations at the state of one stage (rows 6-11) into rows ``3 stage`` of `f`.

    `table` holds the planets, one line for each time; `active` is whether any object has a law.
    """
    p = (
        table[row, 0], table[row, 1], table[row, 2], table[row, 3], table[row, 4], table[row, 5],
        table[row, 6], table[row, 7], table[row, 8], table[row, 9], table[row, 10], table[row, 11],
        table[row, 12], table[row, 13], table[row, 14], table[row, 15], table[row, 16],
        table[row, 17], table[row, 18], table[row, 19], table[row, 20], table[row, 21],
        table[row, 22], table[row, 23], table[row, 24], table[row, 25], table[row, 26],
        table[row, 27], table[row, 28], table[row, 29],
    )  # fmt: skip
    g = f[3 * stage * L : 3 * (stage + 1) * L]
    # What is asked for only at the start of a step goes to rows that nobody reads otherwise.
    q = w[P * L :] if stage == 0 else w[_SPARE * L :]
    for j in range(count):
        kx, ky, kz, ax, ay, az, r, near = accelerations(
            w[6 * L + j], w[7 * L + j], w[8 * L + j],
            w[9 * L + j], w[10 * L + j], w[11 * L + j], p,
        )  # fmt: skip
        g[j], g[L + j], g[2 * L + j] = kx + ax, ky + ay, kz + az
        q[j], q[L + j], q[2 * L + j], q[3 * L + j], q[4 * L + j] = ax, ay, az, near, r
    if active:
        _push(w, g, q, count)


@kernel
def _push(w: Array, g: Array, q: Array, count: int) -> None:
    """Add the non-gravitational accelerations of one stage to `g` and `q`."""
    for j in range(count):
        law = (
            w[LAW * L + j], w[(LAW + 1) * L + j], w[(LAW + 2) * L + j], w[(LAW + 3) * L + j],
            w[(LAW + 4) * L + j], w[(LAW + 5) * L + j], w[(LAW + 6) * L + j],
        )  # fmt: skip
        ax, ay, az = outgassing(
            w[6 * L + j], w[7 * L + j], w[8 * L + j],
            w[9 * L + j], w[10 * L + j], w[11 * L + j], law,
        )  # fmt: skip
        g[j] += ax
        g[L + j] += ay
        g[2 * L + j] += az
        q[j] += ax
        q[L + j] += ay
        q[2 * L + j] += az


@kernel
def _weigh(w: Array, f: Array, count: int, stages: int, first: Array, second: Array) -> None:
    """Sum the accelerations with two lines of weights, into rows 6-8 and 9-11.

    Four stages at a time: half the traffic with the cache. Weights beyond `stages` are zero.
    """
    for j in range(count):
        for k in range(6, 12):
            w[k * L + j] = 0.0
    for i in range(0, stages, 4):
        a0, a1, a2, a3 = first[i], first[i + 1], first[i + 2], first[i + 3]
        b0, b1, b2, b3 = second[i], second[i + 1], second[i + 2], second[i + 3]
        g = f[3 * i * L : (3 * i + 12) * L]
        for j in range(count):
            x0, x1, x2, x3 = g[j], g[3 * L + j], g[6 * L + j], g[9 * L + j]
            y0, y1 = g[L + j], g[4 * L + j]
            y2, y3 = g[7 * L + j], g[10 * L + j]
            z0, z1 = g[2 * L + j], g[5 * L + j]
            z2, z3 = g[8 * L + j], g[11 * L + j]
            w[6 * L + j] += a0 * x0 + a1 * x1 + a2 * x2 + a3 * x3
            w[7 * L + j] += a0 * y0 + a1 * y1 + a2 * y2 + a3 * y3
            w[8 * L + j] += a0 * z0 + a1 * z1 + a2 * z2 + a3 * z3
            w[9 * L + j] += b0 * x0 + b1 * x1 + b2 * x2 + b3 * x3
            w[10 * L + j] += b0 * y0 + b1 * y1 + b2 * y2 + b3 * y3
            w[11 * L + j] += b0 * z0 + b1 * z1 + b2 * z2 + b3 * z3


@kernel
def _place(w: Array, f: Array, count: int, stage: int, h: float) -> None:
    """State of a stage into rows 6-11."""
    _weigh(w, f, count, stage, AA[stage], A[stage])
    ch, hh = C[stage] * h, h * h
    for j in range(count):
        w[6 * L + j] = w[j] + (ch * w[3 * L + j] + hh * w[6 * L + j])
        w[7 * L + j] = w[L + j] + (ch * w[4 * L + j] + hh * w[7 * L + j])
        w[8 * L + j] = w[2 * L + j] + (ch * w[5 * L + j] + hh * w[8 * L + j])
        w[9 * L + j] = w[3 * L + j] + h * w[9 * L + j]
        w[10 * L + j] = w[4 * L + j] + h * w[10 * L + j]
        w[11 * L + j] = w[5 * L + j] + h * w[11 * L + j]


@kernel
def _errors(w: Array, f: Array, count: int, h: float, tolerance: float) -> None:
    """Largest error so far, in units of the tolerance, into row 17."""
    # The velocity's, of orders 5 and 3, wait in two spare rows for the position's.
    hh = h * h
    spare = f[FORCE_ROWS * L :]
    _weigh(w, f, count, STAGES, E5, E3)
    for j in range(count):
        x, y, z = w[6 * L + j], w[7 * L + j], w[8 * L + j]
        spare[j] = hh * (x * x + y * y + z * z)
        x, y, z = w[9 * L + j], w[10 * L + j], w[11 * L + j]
        spare[L + j] = hh * (x * x + y * y + z * z)
    _weigh(w, f, count, STAGES, E5A, E3A)
    for j in range(count):
        vx, vy, vz = w[3 * L + j], w[4 * L + j], w[5 * L + j]
        r2, v2 = w[_R * L + j] * w[_R * L + j], vx * vx + vy * vy + vz * vz
        x, y, z = w[6 * L + j], w[7 * L + j], w[8 * L + j]
        e5 = spare[j] / v2 + hh * hh * (x * x + y * y + z * z) / r2
        x, y, z = w[9 * L + j], w[10 * L + j], w[11 * L + j]
        e3 = spare[L + j] / v2 + hh * hh * (x * x + y * y + z * z) / r2
        error = e5 / (tolerance * math.sqrt(e5 + 0.01 * e3) + 1e-300)
        w[WORST * L + j] = max(w[WORST * L + j], error)


@kernel
def _advance(w: Array, f: Array, count: int, h: float) -> None:
    """Bring the new state into rows 0-5, the digits that it loses into rows 18-23.

    Compensated addition: what a sum loses is carried to the next step [Kahan1965].
    """
    _weigh(w, f, count, STAGES, BA, B)
    for axis in range(3):
        r, v = w[axis * L :], w[(3 + axis) * L :]
        change_r, change_v = w[(6 + axis) * L :], w[(9 + axis) * L :]
        low_r, low_v = w[(LOW + axis) * L :], w[(LOW + 3 + axis) * L :]
        for j in range(count):
            change = h * (v[j] + h * change_r[j]) + (low_r[j] + low_v[j] * h)
            total = r[j] + change
            low_r[j] = change - (total - r[j])
            r[j] = total
            change = h * change_v[j] + low_v[j]
            total = v[j] + change
            low_v[j] = change - (total - v[j])
            v[j] = total


@kernel
def step(
    w: Array, f: Array, count: int, table: Array, row: int, h: float, tolerance: float, active:
    bool,
) -> None:  # fmt: skip
    """Move the first `count` asteroids (a multiple of 8) by `h`; `row` is the first of 12."""
    for stage in range(STAGES):
        _place(w, f, count, stage, h)
        forces(w, f, count, table, row + stage, stage, active)
    _errors(w, f, count, h, tolerance)
    _advance(w, f, count, h)
