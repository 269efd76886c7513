"""What an arc costs: the impulses with which a craft leaves for a target and stops beside it."""

from __future__ import annotations

import math

from survey.astro.compiling import inlined
from survey.astro.lambert_cell import Arc, Problem
from survey.astro.lambert_lanes import Vector


@inlined
def impulses(arc: Arc, problem: Problem, craft: Vector, target: Vector) -> tuple[float, float]:
    """Size of both impulses, given the velocities without them; NaN where the arc is not good."""
    (ax, ay, az), (bx, by, bz), _ = problem
    along, out1, out2, good = arc
    cx, cy, cz = along * (bx - ax), along * (by - ay), along * (bz - az)
    leave = distance((cx + out1 * ax, cy + out1 * ay, cz + out1 * az), craft)
    stop = distance((cx - out2 * bx, cy - out2 * by, cz - out2 * bz), target)
    return leave if good else math.nan, stop if good else math.nan


@inlined
def distance(a: Vector, b: Vector) -> float:
    """Length of the difference of two vectors."""
    x, y, z = a[0] - b[0], a[1] - b[1], a[2] - b[2]
    return math.sqrt(x * x + y * y + z * z)
