"""How near two bodies come within a step: passes, and the moment of an impact."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from survey.astro.compiling import kernel
from survey.astro.nbody_forces import NEAR, RADIUS
from survey.astro.nbody_planets import BODIES, COLUMNS, body_state, place_bodies
from survey.constants import RADIUS_SUN_KM

Array = NDArray[np.float64]

SUN: Final = BODIES  # index of the Sun as the body hit
PASS: Final = 5  # numbers of a pass: asteroid, time, body, distance, relative speed
_BODY_SPEED: Final = 60.0  # no planet is faster, km/s


@kernel
def longer(log: Array, used: int, room: int) -> Array:
    """Copy the log to one with more room."""
    new = np.empty((room, log.shape[1]))
    for i in range(used):
        for k in range(log.shape[1]):
            new[i, k] = log[i, k]
    return new


@kernel
def blend(a: Array, b: Array, h: float, s: float) -> tuple[float, float, float]:
    """Cubic of Hermite through two states (6,) that lie `h` apart, at the fraction `s`."""
    t = 1.0 - s
    p, q = t * t * (1.0 + 2.0 * s), s * s * (3.0 - 2.0 * s)
    u, v = t * t * s * h, -s * s * t * h
    x = p * a[0] + q * b[0] + u * a[3] + v * b[3]
    y = p * a[1] + q * b[1] + u * a[4] + v * b[4]
    z = p * a[2] + q * b[2] + u * a[5] + v * b[5]
    return x, y, z


@kernel
def least_distance(a: Array, b: Array, h: float) -> tuple[float, float]:
    """Fraction of a step at which a relative motion from `a` to `b` (6,) is nearest, and squared.

    The states lie `h` apart; between them runs Hermite's cubic.
    """
    best, place = math.inf, 0.0
    for k in range(17):
        x, y, z = blend(a, b, h, k / 16.0)
        d = x * x + y * y + z * z
        if d < best:
            best, place = d, k / 16.0
    low, high = max(place - 1.0 / 16.0, 0.0), min(place + 1.0 / 16.0, 1.0)
    for _ in range(50):
        s, t = low + (high - low) / 3.0, high - (high - low) / 3.0
        x, y, z = blend(a, b, h, s)
        at_s = x * x + y * y + z * z
        x, y, z = blend(a, b, h, t)
        if at_s < x * x + y * y + z * z:
            high = t
        else:
            low = s
    x, y, z = blend(a, b, h, low)
    return low, x * x + y * y + z * z


@kernel
def impact(
    start: float, records: Array, time: float, h: float, a: Array, b: Array, table: Array,
    work: Array,
) -> tuple[float, int]:  # fmt: skip
    """Fraction of a step at which a body is first touched, and which; 2.0 and -1 for none.

    `table` holds the places of the bodies at the begin in its first row.
    """
    first, hit = 2.0, -1
    speed = math.sqrt(a[3] * a[3] + a[4] * a[4] + a[5] * a[5])
    # A step is so short near a body that no speed doubles in it.
    reach = 2.0 * (speed + _BODY_SPEED) * abs(h)
    for body in range(BODIES + 1):
        radius = RADIUS_SUN_KM if body == SUN else RADIUS[body]
        d2 = 0.0
        for k in range(3):
            d2 += (a[k] - (table[0, 3 * body + k] if body < SUN else 0.0)) ** 2
        if d2 > (radius + reach) ** 2:
            continue
        if body < SUN:
            body_state(start, records, time, body, work[0])
            body_state(start, records, time + h, body, work[1])
        for k in range(6):
            work[2, k] = a[k] - (work[0, k] if body < SUN else 0.0)
            work[3, k] = b[k] - (work[1, k] if body < SUN else 0.0)
        high, d2 = least_distance(work[2], work[3], h)
        if d2 > radius * radius:
            continue
        low = 0.0
        for _ in range(60):  # the moment of contact, by halves
            s = 0.5 * (low + high)
            x, y, z = blend(work[2], work[3], h, s)
            if x * x + y * y + z * z > radius * radius:
                low = s
            else:
                high = s
        if high < first:
            first, hit = high, body
    return first, hit


@kernel
def passing_time(state: Array, table: Array) -> float:
    """Time in which the nearest body is passed at its own orbital speed and the asteroid's, s."""
    least = math.inf
    for body in range(BODIES):
        x, y = state[0] - table[0, 3 * body], state[1] - table[0, 3 * body + 1]
        z = state[2] - table[0, 3 * body + 2]
        least = min(least, x * x + y * y + z * z)
    speed = math.sqrt(state[3] * state[3] + state[4] * state[4] + state[5] * state[5])
    return math.sqrt(least) / (speed + 30.0)


@kernel
def find_passes(
    start: float, records: Array, line: Array, size: int, who: int, work: Array, found: Array, used:
    int,
) -> tuple[Array, int]:  # fmt: skip
    """Add the passes of one asteroid near the bodies to `found`."""
    time, places = np.empty(1), np.empty((1, COLUMNS))
    for i in range(size - 1):
        h = line[i + 1, 1] - line[i, 1]
        speed = math.sqrt(line[i, 5] ** 2 + line[i, 6] ** 2 + line[i, 7] ** 2)
        if min(line[i, 11], line[i + 1, 11]) > 0.5 * (speed + _BODY_SPEED) * h:
            continue
        time[0] = line[i, 1]
        place_bodies(start, records, time, places)
        for body in range(BODIES):
            d2 = 0.0
            for k in range(3):
                d2 += (line[i, 2 + k] - places[0, 3 * body + k]) ** 2
            if d2 > (NEAR[body] + (speed + _BODY_SPEED) * h) ** 2:
                continue
            body_state(start, records, line[i, 1], body, work[0])
            body_state(start, records, line[i + 1, 1], body, work[1])
            for k in range(6):
                work[2, k] = line[i, 2 + k] - work[0, k]
                work[3, k] = line[i + 1, 2 + k] - work[1, k]
            before = work[2, 0] * work[2, 3] + work[2, 1] * work[2, 4] + work[2, 2] * work[2, 5]
            after = work[3, 0] * work[3, 3] + work[3, 1] * work[3, 4] + work[3, 2] * work[3, 5]
            if before > 0.0 or after <= 0.0:
                continue
            s, d2 = least_distance(work[2], work[3], h)
            if d2 > NEAR[body] * NEAR[body]:
                continue
            if used == found.shape[0]:
                found = longer(found, used, 2 * used)
            fast = 0.0
            for k in range(3, 6):
                fast += (work[2, k] + s * (work[3, k] - work[2, k])) ** 2
            found[used, 0], found[used, 1], found[used, 2] = who, line[i, 1] + s * h, body
            found[used, 3], found[used, 4] = math.sqrt(d2), math.sqrt(fast)
            used += 1
    return found, used
