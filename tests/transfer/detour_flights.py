"""The elliptic problem in axes at rest about the Earth-Moon barycentre or the Sun, by scipy."""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp


def primaries(e, f):
    """Distance, its rate and the turning rate; parameter and momentum are one."""
    return 1 / (1 + e * np.cos(f)), e * np.sin(f), (1 + e * np.cos(f)) ** 2


def turned(f):
    c, s = np.cos(f), np.sin(f)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def about_planet(mu, e, state, f):
    """Position and velocity relative to the lighter primary, axes at rest."""
    d, rate, w = primaries(e, f)
    rho, slope = np.array(state[:3]) - [1 - mu, 0, 0], state[3:]
    turning = np.array([-rho[1], rho[0], 0.0])
    return np.concatenate(
        [turned(f) @ (d * rho), turned(f) @ (rate * rho + d * w * (slope + turning))]
    )


def back_from_planet(mu, e, relative, f):
    d, rate, w = primaries(e, f)
    rho = turned(f).T @ relative[:3] / d
    slope = (turned(f).T @ relative[3:] - rate * rho) / (d * w)
    slope -= [-rho[1], rho[0], 0.0]
    rho[0] += 1 - mu
    return np.concatenate([rho, slope])


def fly_about_planet(mu, e, state, begin, end):
    """Pulsating state at anomaly `end`, flown relative to the lighter primary."""

    def rates(f, y):
        d, _, w = primaries(e, f)
        sun = -d * np.array([np.cos(f), np.sin(f), 0.0])
        away = y[:3] - sun
        pull = -mu * y[:3] / np.linalg.norm(y[:3]) ** 3
        pull -= (1 - mu) * (away / np.linalg.norm(away) ** 3 + sun / d**3)
        return np.concatenate([y[3:], pull]) / w

    start = about_planet(mu, e, np.asarray(state, dtype=float), begin)
    done = solve_ivp(rates, (begin, end), start, method="DOP853", rtol=3e-14, atol=1e-17)
    return back_from_planet(mu, e, done.y[:, -1], end)
