"""The circular problem flown by another: scipy's DOP853 on equations written out a second time."""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp


def fly_circular(mass_ratio, state, t, **options):
    """Return scipy's solution from a state ``(6,)`` for a time, negative ones backwards."""
    return solve_ivp(
        _motion, (0.0, t), state, args=(mass_ratio,), method="DOP853", rtol=2.3e-14, atol=1e-16,
        **options,
    )  # fmt: skip


def _motion(_, s, mu):
    x, y, z, vx, vy, vz = s
    r1, r2 = np.hypot(x + mu, np.hypot(y, z)), np.hypot(x - 1 + mu, np.hypot(y, z))
    ax = x + 2 * vy - (1 - mu) * (x + mu) / r1**3 - mu * (x - 1 + mu) / r2**3
    ay = y - 2 * vx - (1 - mu) * y / r1**3 - mu * y / r2**3
    return [vx, vy, vz, ax, ay, -(1 - mu) * z / r1**3 - mu * z / r2**3]
