"""The elliptic problem in inertial axes, by scipy: a second opinion on all that the frame does."""

from __future__ import annotations

import numpy as np
from scipy.integrate import solve_ivp


def _primaries(mu, e, f):
    """Distance, its rate and the turning rate of primaries of unit mass and semi-major axis."""
    h = np.sqrt(1 - e * e)
    d = (1 - e * e) / (1 + e * np.cos(f))
    return d, e * np.sin(f) / h, h / d**2


def _turn(f):
    return np.array([[np.cos(f), -np.sin(f), 0], [np.sin(f), np.cos(f), 0], [0, 0, 1]])


def to_inertial(mu, e, state, f):
    """Barycentric position and velocity in axes that point to periapsis."""
    d, rate, w = _primaries(mu, e, f)
    rho, slope = state[:3], state[3:]
    turning = np.array([-rho[1], rho[0], 0.0])
    return _turn(f) @ (d * rho), _turn(f) @ (rate * rho + d * w * (slope + turning))


def from_inertial(mu, e, r, v, f):
    """Back to the pulsating frame."""
    d, rate, w = _primaries(mu, e, f)
    rho, speed = _turn(f).T @ r / d, _turn(f).T @ v
    return np.concatenate([rho, (speed - rate * rho) / (d * w) - np.array([-rho[1], rho[0], 0.0])])


def fly_inertial(mu, e, state, begin, end):
    """State of the pulsating frame at anomaly `end`, flown in inertial axes."""

    def rates(f, y):
        d, _, w = _primaries(mu, e, f)
        line = np.array([np.cos(f), np.sin(f), 0.0]) * d
        one, two = y[:3] + mu * line, y[:3] - (1 - mu) * line
        pull = -(1 - mu) * one / np.linalg.norm(one) ** 3 - mu * two / np.linalg.norm(two) ** 3
        return np.concatenate([y[3:], pull]) / w

    start = np.concatenate(to_inertial(mu, e, np.asarray(state, dtype=float), begin))
    done = solve_ivp(rates, (begin, end), start, method="DOP853", rtol=3e-14, atol=1e-15)
    return from_inertial(mu, e, done.y[:3, -1], done.y[3:, -1], end)


def time_between(e, begin, end):
    """Time from one true anomaly to another, both counted on through turns."""

    def mean(f):
        turns = np.round(f / (2 * np.pi))
        g = f - 2 * np.pi * turns
        big = 2 * np.arctan(np.sqrt((1 - e) / (1 + e)) * np.tan(g / 2))
        return big - e * np.sin(big) + 2 * np.pi * turns

    return mean(end) - mean(begin)
