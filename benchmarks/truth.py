"""Two-body motion as the textbook has it, in extended precision and with nothing of `survey`.

``numpy.longdouble`` carries 64 bits of mantissa on x86-64 (113 on 64-bit ARM under Linux), so
that what is measured against it is a contestant's error, not its own. Where it is only another name
for float64 (Windows, macOS on ARM) misses below about 1e-15 mean nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Long = NDArray[np.longdouble]


def positions(elements: NDArray[np.float64]) -> Long:
    """Positions on ellipses, from rows ``a, e, i, node, argument of perihelion, M``.

    Kepler's equation by Newton's method inside the bracket M - e to M + e.
    """
    a, e, incl, node, argp, mean = np.asarray(elements, dtype=np.longdouble).T
    low, high = mean - e, mean + e
    x = mean + e * np.sin(mean)
    for _ in range(200):
        value = x - e * np.sin(x) - mean
        low, high = np.where(value < 0, x, low), np.where(value > 0, x, high)
        step = x - value / (1 - e * np.cos(x))
        step = np.where((step < low) | (step > high), (low + high) / 2, step)
        if np.all(np.abs(step - x) <= 4 * np.finfo(np.longdouble).eps * np.maximum(1, np.abs(x))):
            break
        x = step
    along, across = a * (np.cos(x) - e), a * np.sqrt(1 - e * e) * np.sin(x)
    u = along * np.cos(argp) - across * np.sin(argp)
    w = along * np.sin(argp) + across * np.cos(argp)
    return np.stack(
        [
            u * np.cos(node) - w * np.cos(incl) * np.sin(node),
            u * np.sin(node) + w * np.cos(incl) * np.cos(node),
            w * np.sin(incl),
        ],
        axis=-1,
    )


def propagate(
    mu: float, r: NDArray[np.float64], v: NDArray[np.float64], dt: NDArray[np.float64]
) -> Long:
    """Positions after `dt` > 0 on any conic, by universal variables ([Battin1999] section 4.5).

    Kepler's universal equation rises with its variable, so Newton's method is kept between two
    bounds and cannot go astray. NaN comes out where NaN went in.
    """
    r, v = np.asarray(r, dtype=np.longdouble), np.asarray(v, dtype=np.longdouble)
    unit = np.sqrt(np.sum(r * r, axis=-1))  # each problem in units of its own: r = 1, mu = 1
    speed = np.sqrt(np.longdouble(mu) / unit)
    r, v = r / unit[:, None], v / speed[:, None]
    t = np.asarray(dt, dtype=np.longdouble) * speed / unit
    sigma, alpha = np.sum(r * v, axis=-1), 2 - np.sum(v * v, axis=-1)

    def equation(x: Long) -> tuple[Long, Long, Long, Long]:
        c, s = _stumpff(alpha * x * x)
        c, s = x * x * c, x**3 * s
        radius = sigma * (x - alpha * s) + 1 + (1 - alpha) * c  # the slope, too
        return sigma * c + (1 - alpha) * s + x - t, c, s, radius

    high = np.maximum(1, t)
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(200):
            short = equation(high)[0] < 0
            if not short.any():
                break
            high = np.where(short, 2 * high, high)
        low, x = np.zeros_like(high), high / 2
        for _ in range(200):
            value, _, _, slope = equation(x)
            low, high = np.where(value < 0, x, low), np.where(value > 0, x, high)
            step = x - value / slope
            # So written, a step that is no number goes to the middle, too.
            step = np.where((step >= low) & (step <= high), step, (low + high) / 2)
            done = np.abs(step - x) <= 4 * np.finfo(np.longdouble).eps * x
            x = step
            if np.all(done | ~np.isfinite(value)):
                break
        _, c, s, _ = equation(x)
    place = (1 - c)[:, None] * r + (t - s)[:, None] * v
    return place * unit[:, None]


def _stumpff(z: Long) -> tuple[Long, Long]:
    """Stumpff's functions ``(1 - cos sqrt z)/z`` and ``(sqrt z - sin sqrt z)/sqrt z**3``."""
    c, s = np.zeros_like(z), np.zeros_like(z)
    near = np.where(np.abs(z) < 2, z, 0)
    for k in range(16, -1, -1):  # Horner: the neglected term is below 2**17/36!, 3e-37
        c = 1 / np.longdouble((2 * k + 1) * (2 * k + 2)) * (1 - near * c)
        s = 1 / np.longdouble((2 * k + 2) * (2 * k + 3)) * (1 - near * s)
    far = np.where(np.abs(z) < 2, 1, z)
    root = np.sqrt(np.abs(far))
    half, full = (
        np.where(far > 0, np.sin(root / 2), np.sinh(root / 2)),
        np.where(far > 0, root - np.sin(root), np.sinh(root) - root),
    )
    return (
        np.where(np.abs(z) < 2, c, 2 * half**2 / np.abs(far)),
        np.where(np.abs(z) < 2, s, full / root**3),
    )
