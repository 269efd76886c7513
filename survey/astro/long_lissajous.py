"""A Lissajous orbit prolonged: two frequencies read off a few revolutions, and many more flown.

A quasi-periodic orbit is a sum of harmonics of two angles. Fitted to a short path they foretell a
long one well enough for its nodes to be joined (`survey.astro.nearest_trajectory`), at a cost that
grows only with its length [GomezMondeloSimo2010].
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from survey.astro.libration import LinearMotion, linear_motion
from survey.astro.lissajous import NODES, grow_lissajous
from survey.astro.nearest_trajectory import nearest_trajectory
from survey.astro.quasi_path import QuasiPeriodicOrbit, circular_flow, describe_path, states_at

__all__ = ["growth_per_period", "long_lissajous"]

_SHORT: Final = 2  # revolutions on either side that are computed from scratch
_FACTOR: Final = 1.5  # by which a path is prolonged at a time
_HOLD: Final = 1e3  # weight of the part that is known beside the part that is foretold
_ORDER: Final = 3  # of the harmonics; what is beyond it is left to the joining
_SAMPLES: Final = 12  # per revolution, twice what the harmonics need

Array = NDArray[np.float64]


def long_lissajous(
    mass_ratio: float, point: str, *, x_amplitude: float, z_amplitude: float, revolutions: int
) -> QuasiPeriodicOrbit:
    """Return a Lissajous orbit that is known for many revolutions before and after time zero.

    Parameters
    ----------
    mass_ratio : float
        Of the problem.
    point : str
        "L1" or "L2".
    x_amplitude, z_amplitude : float
        As of `survey.astro.lissajous.quasi_periodic`, neither of them zero; both x and z are
        greatest at time zero.
    revolutions : int
        On either side of time zero.

    Returns
    -------
    QuasiPeriodicOrbit

    Raises
    ------
    ValueError
        If an amplitude is not positive, if there is no such orbit, or if it could not be followed
        so far.
    """
    motion = linear_motion(mass_ratio, point)
    if not (x_amplitude > 0.0 and z_amplitude > 0.0):
        raise ValueError(
            f"a Lissajous orbit of x amplitude {x_amplitude!r} and z amplitude {z_amplitude!r} has "
            "not two frequencies: give two amplitudes above 0, or choose a Lyapunov orbit"
        )
    side = (_SHORT + 1) * NODES
    times = np.arange(-side, side + 1, dtype=float) * (motion.in_plane_period / NODES)
    states, _ = grow_lissajous(motion, times, x_amplitude=x_amplitude, z_amplitude=z_amplitude)
    known = None if states is None else _trimmed(motion, times, states)
    while known is not None and known.times[-1] < revolutions * known.period:
        known = _prolonged(
            motion, known, min(_FACTOR * known.times[-1], revolutions * known.period + 0.1)
        )
    if known is None:
        raise ValueError(
            f"no Lissajous orbit of x amplitude {x_amplitude:.6g} and z amplitude "
            f"{z_amplitude:.6g} about {point} could be followed for {revolutions} revolutions: ask "
            "for smaller amplitudes, or for a halo orbit"
        )
    return known


def _prolonged(
    motion: LinearMotion, known: QuasiPeriodicOrbit, reach: float
) -> QuasiPeriodicOrbit | None:
    """Follow a path about time zero as far as `reach` on either side."""
    seen = np.linspace(known.times[0], known.times[-1], _SAMPLES * len(known.times) // NODES)
    position = states_at(known, seen)[:, :3]
    middle = position.mean(axis=0) * [1.0, 0.0, 0.0]

    def left(frequencies: Array) -> Array:
        return _fit(frequencies, seen, position - middle)[1].ravel()

    start = 2.0 * np.pi / np.array([known.period, known.z_period])
    frequencies = least_squares(left, start, x_scale=1e-3).x
    coefficients, _ = _fit(frequencies, seen, position - middle)
    spacing = known.times[1] - known.times[0]
    # One revolution more than is kept: where nothing beyond holds a path, it leans away.
    fresh = np.arange(known.times[-1] + spacing, reach + spacing * (1 + NODES), spacing)
    times = np.concatenate((-fresh[::-1], known.times, fresh))
    guess = np.empty((len(times), 6))
    even, odd, even_rate, odd_rate = _harmonics(frequencies, times)
    for axis, values, rates in ((0, even, even_rate), (1, odd, odd_rate), (2, even, even_rate)):
        guess[:, axis] = values @ coefficients[:, axis] + middle[axis]
        guess[:, axis + 3] = rates @ coefficients[:, axis]
    inside = np.abs(times) < known.times[-1] + 0.5 * spacing
    guess[inside] = known.states

    weights = np.where(inside, _HOLD, 1.0)[:, None]
    found = nearest_trajectory(
        circular_flow(motion.mass_ratio), times, guess, weights=weights, largest_step=motion.gamma
    )
    return _trimmed(motion, times, found.states) if found.status == 0 else None


def _trimmed(motion: LinearMotion, times: Array, states: Array) -> QuasiPeriodicOrbit:
    """Cut off the revolution at either end that leans to where nothing holds it."""
    return describe_path(motion, times[NODES:-NODES], states[NODES:-NODES])


def growth_per_period(orbit: QuasiPeriodicOrbit) -> float:
    """Return the mean factor by which a small error grows in one period of a long path."""
    _, matrices = circular_flow(orbit.mass_ratio)(
        orbit.states[:-1], orbit.times[:-1], orbit.times[1:]
    )
    error, total = np.ones(6), []
    for matrix in matrices:
        error = matrix @ error
        total.append(np.log(np.linalg.norm(error)))
        error /= np.linalg.norm(error)
    settled = len(total) // 10  # until only the growing part is left
    span = orbit.times[-1] - orbit.times[settled]
    return float(np.exp(sum(total[settled:]) / span * orbit.period))


def _harmonics(frequencies: Array, times: Array) -> tuple[Array, Array, Array, Array]:
    """Cosines, sines and their derivatives ``(n, m)`` of the sums of both angles' multiples."""
    pairs = [
        (k, m)
        for k in range(_ORDER + 1)
        for m in range(-_ORDER, _ORDER + 1)
        if k + abs(m) <= _ORDER and (k > 0 or m >= 0)
    ]
    rate = np.array(pairs) @ frequencies
    angle = times[:, None] * rate
    cos, sin = np.cos(angle), np.sin(angle)
    return cos, sin, -sin * rate, cos * rate


def _fit(frequencies: Array, times: Array, position: Array) -> tuple[Array, Array]:
    """Coefficients ``(m, 3)`` of the harmonics, and what they leave ``(n, 3)``."""
    cos, sin, _, _ = _harmonics(frequencies, times)
    coefficients = np.empty((cos.shape[1], 3))
    left = np.empty_like(position)
    for axis, basis in ((0, cos), (1, sin), (2, cos)):
        # Sums that almost share a frequency cannot be told apart: the smallest answer will do.
        coefficients[:, axis] = np.linalg.lstsq(basis, position[:, axis], rcond=1e-6)[0]
        left[:, axis] = position[:, axis] - basis @ coefficients[:, axis]
    return coefficients, left
