"""Where the perturbing bodies are: Chebyshev records of equal length, evaluated many at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.polynomial.chebyshev import chebint, chebval
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline

from survey.astro.compiling import kernel
from survey.astro.nbody_forces import GM, PERTURBERS

Array = NDArray[np.float64]

RECORD_S: Final = 8 * 86_400.0  # length of a record
DEGREE: Final = 15  # leaves 1e-6 km of the Moon's and Mercury's motion in a record
BODIES: Final = len(PERTURBERS)
COLUMNS: Final = 32  # 27 coordinates, then the sum of the pulls on the Sun; full SIMD lanes
_PULL: Final = 3 * BODIES


@dataclass(frozen=True)
class Planets:
    """Heliocentric positions of the `survey.astro.nbody_forces.PERTURBERS` over a span.

    Parameters
    ----------
    start : float
        Begin of the first record, s, counted from the origin of all times used with it.
    records : ndarray, shape (n, DEGREE + 1, COLUMNS)
        Coefficients of Chebyshev series over `RECORD_S` each: positions in km, body by body, then
        the sum of the bodies' pulls on the Sun, km/s², with the sign that it has here.
    """

    start: float
    records: Array

    @property
    def stop(self) -> float:
        """End of the last record, s."""
        return float(self.start + len(self.records) * RECORD_S)


def record_edges(start: float, count: int) -> Array:
    """Return the times, ``(count + 1,)``, at which records begin and end."""
    return np.asarray(start + RECORD_S * np.arange(count + 1.0))


def record_times(start: float, count: int) -> Array:
    """Return the times, ``(count, DEGREE + 1)``, at which positions make `count` records."""
    return np.asarray(start + RECORD_S * (np.arange(count)[:, None] + 0.5 * (1.0 + _nodes())))


def make_planets(
    start: float, positions: ArrayLike, sun_velocity: ArrayLike | None = None
) -> Planets:
    """Fit the records to what is known at `record_times`.

    Parameters
    ----------
    start : float
        Begin of the first record, s.
    positions : array_like, shape (n, DEGREE + 1, BODIES, 3)
        Heliocentric positions, km.
    sun_velocity : array_like, shape (n + 1, 3), optional
        Velocity of the Sun about the barycentre of the solar system at `record_edges`, km/s. What
        it gains beyond the pulls of the perturbers is the pull of all else on the Sun, minor
        planets above all; leaving it out moves asteroids by 1 km in 15 years.

    Returns
    -------
    Planets
    """
    places = np.asarray(positions, dtype=float)
    cubes = np.sum(places * places, axis=-1, keepdims=True) ** 1.5
    values = np.zeros((*places.shape[:2], COLUMNS))
    values[..., :_PULL] = places.reshape(*places.shape[:2], _PULL)
    values[..., _PULL : _PULL + 3] = -np.sum(np.array(GM)[:, None] * places / cubes, axis=-2)
    k = np.arange(DEGREE + 1)
    matrix = np.cos(k[:, None] * np.arccos(_nodes())) * (2.0 / (DEGREE + 1))
    matrix[0] *= 0.5
    records = matrix @ values
    if sun_velocity is not None:
        records[..., _PULL : _PULL + 3] -= matrix @ _other_pulls(
            start, records[..., _PULL : _PULL + 3], np.asarray(sun_velocity, dtype=float)
        )
    return Planets(float(start), np.ascontiguousarray(records))


def _other_pulls(start: float, pulls: Array, velocity: Array) -> Array:
    """Acceleration of the Sun, at `record_times`, that the perturbers' pulls do not explain.

    Its integral over each record is what the velocities leave over, to the last digit; between
    runs a spline, for a planetary ephemeris is not smooth enough at its own records' edges to be
    differentiated: steps would stall there.
    """
    integral = chebint(np.moveaxis(pulls, 1, 0)) * (0.5 * RECORD_S)
    gained = np.cumsum(chebval(1.0, integral) - chebval(-1.0, integral), axis=0)
    left_over = velocity + np.concatenate([np.zeros((1, 3)), gained])  # `pulls` oppose the Sun's
    spline = CubicSpline(record_edges(start, len(pulls)), left_over)
    return np.asarray(spline(record_times(start, len(pulls)), 1))


def _nodes() -> Array:
    return np.asarray(-np.cos(np.pi * (np.arange(DEGREE + 1) + 0.5) / (DEGREE + 1)))


@kernel
def place_bodies(start: float, records: Array, times: Array, out: Array) -> None:
    """Fill rows of `COLUMNS` numbers, one for each time (s)."""
    last = records.shape[0] - 1
    for j in range(times.size):
        elapsed = (times[j] - start) / RECORD_S
        n = min(max(int(np.floor(elapsed)), 0), last)
        s = 2.0 * (elapsed - n) - 1.0
        row, record = out[j], records[n]
        for c in range(COLUMNS):
            row[c] = record[0, c] + s * record[1, c]
        t0, t1 = 1.0, s
        for k in range(2, DEGREE + 1):
            t0, t1 = t1, 2.0 * s * t1 - t0
            for c in range(COLUMNS):
                row[c] += t1 * record[k, c]


@kernel
def body_state(start: float, records: Array, time: float, body: int, out: Array) -> None:
    """Fill the position and velocity (6,) of one body at one time."""
    elapsed = (time - start) / RECORD_S
    n = min(max(int(np.floor(elapsed)), 0), records.shape[0] - 1)
    s = 2.0 * (elapsed - n) - 1.0
    for axis in range(3):
        c = 3 * body + axis
        b1 = b2 = d1 = d2 = 0.0
        for k in range(DEGREE, 0, -1):
            d1, d2 = 2.0 * (b1 + s * d1) - d2, d1
            b1, b2 = records[n, k, c] + 2.0 * s * b1 - b2, b1
        out[axis] = records[n, 0, c] + s * b1 - b2
        out[3 + axis] = (b1 + s * d1 - d2) * (2.0 / RECORD_S)
