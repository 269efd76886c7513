"""Asteroids' paths in the frame that turns and pulsates with the Earth-Moon barycentre."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from survey.astro.arc_problem import Problem
from survey.transfer.ephemerides import AsteroidEphemeris
from survey.transfer.rotating_frame import to_rotating_at
from survey.transfer.three_body_model import DAY, SearchWindow, ThreeBodyModel

Array = NDArray[np.float64]

_STEP_D: Final = 1.0  # between the states of a track


@dataclass(frozen=True)
class Track:
    """An asteroid's path in the pulsating frame, at equal steps of true anomaly.

    Parameters
    ----------
    first, step : float
        Anomaly of the first state and step between states.
    states : ndarray, shape (s, 6)
        NaN where there is no asteroid.
    """

    first: float
    step: float
    states: Array

    @property
    def instants(self) -> Array:
        """Anomalies of the states."""
        return np.asarray(self.first + self.step * np.arange(len(self.states)))

    def at(self, anomaly: Array) -> Array:
        """Return states between the given ones by cubic Hermite interpolation, shape (n, 6)."""
        place = (anomaly - self.first) / self.step
        k = np.clip(np.nan_to_num(place).astype(np.int64), 0, len(self.states) - 2)
        s = (place - k)[:, None]
        here, there = self.states[k], self.states[k + 1]
        rise = there[:, :3] - here[:, :3]
        p, q = here[:, 3:] * self.step, there[:, 3:] * self.step
        a, b = 3 * rise - 2 * p - q, p + q - 2 * rise
        position = here[:, :3] + s * (p + s * (a + s * b))
        velocity = (p + s * (2 * a + 3 * s * b)) / self.step
        return np.asarray(np.concatenate([position, velocity], axis=1), dtype=np.float64)


def states_of(tracks: list[Track], whose: NDArray[np.int64], anomaly: Array) -> Array:
    """States of each problem's own asteroid."""
    states = np.empty((len(whose), 6))
    for n in np.unique(whose):
        mine = whose == n
        states[mine] = tracks[n].at(anomaly[mine])
    return states


def make_tracks(
    model: ThreeBodyModel, window: SearchWindow, asteroids: AsteroidEphemeris
) -> Iterator[Track]:
    """Take asteroids into the pulsating frame, one after the other."""
    jd = np.array([window.first_jd - 1.0, window.last_jd + window.tof_max_d + 1.0])
    first, last = model.anomaly_at(jd)
    count = int(np.ceil((last - first) / (_STEP_D * DAY))) + 1
    step = float((last - first) / (count - 1))
    epochs = model.jd_at(first + step * np.arange(count))
    r, v = asteroids.states(epochs)
    for position, velocity in zip(r, v, strict=True):
        states = to_rotating_at(epochs, position, velocity, mass_ratio=model.mass_ratio)
        yield Track(float(first), step, states)


def problem_of(model: ThreeBodyModel, tracks: list[Track], whose: NDArray[np.int64]) -> Problem:
    """Return the problem of arcs from the parking orbit, each to the asteroid that is its own."""
    return Problem(
        model.mass_ratio, model.eccentricity,
        lambda _, anomaly, phase: model.parking_states(anomaly, phase),
        lambda rows, anomaly: states_of(tracks, whose[rows], anomaly), model.period,
    )  # fmt: skip
