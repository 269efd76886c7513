"""A Lissajous orbit prolonged: two frequencies read off a few revolutions, and many more flown.

A quasi-periodic orbit is a sum of harmonics of two angles. Fitted to a short path they foretell a
long one well enough for its nodes to be joined (`survey.astro.nearest_trajectory`), at a cost that
grows only with its length [GomezMondeloSimo2010].
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicHermiteSpline
from scipy.optimize import least_squares

from survey.astro.cr3bp import jacobi_constant
from survey.astro.cr3bp_flow import propagate_cr3bp
from survey.astro.libration import LinearMotion, linear_modes, linear_motion, linear_state
from survey.astro.lissajous import QuasiPeriodicOrbit, states_at
from survey.astro.nearest_trajectory import Flow, nearest_trajectory

__all__ = ["growth_per_period", "long_lissajous"]

_SHORT = 2.0  # revolutions on either side that are computed from scratch
_FIRM = 1e-10  # inverse squared weight of what is held at time zero
_FIRST_SHARE = 0.1  # of the amplitudes
_LEAST_SHARE = 1.0 / 64.0  # by which they may still grow
_FACTOR = 1.5  # by which a path is prolonged at a time
_HOLD = 1e3  # weight of the part that is known beside the part that is foretold
_ORDER = 3  # of the harmonics; what is beyond it is left to the joining
_SAMPLES = 12  # per revolution, twice what the harmonics need
_NODES = 8  # per revolution

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
        As of `survey.astro.lissajous.quasi_periodic`; both x and z are greatest at time zero.
    revolutions : int
        On either side of time zero.

    Returns
    -------
    QuasiPeriodicOrbit

    Raises
    ------
    ValueError
        If there is no such orbit, or it could not be followed so far.
    """
    known = _short(linear_motion(mass_ratio, point), x_amplitude, z_amplitude)
    while known is not None and known.times[-1] < revolutions * known.period:
        known = _prolonged(known, min(_FACTOR * known.times[-1], revolutions * known.period + 0.1))
    if known is None:
        raise ValueError(
            f"no Lissajous orbit of x amplitude {x_amplitude:.6g} and z amplitude "
            f"{z_amplitude:.6g} about {point} could be followed for {revolutions} revolutions: ask "
            "for smaller amplitudes, or for a halo orbit"
        )
    dense = np.linspace(known.times[0], known.times[-1], 16 * len(known.times))
    return replace(known, amplitudes=0.5 * np.ptp(states_at(known, dense)[:, :3], axis=0))


def _short(
    motion: LinearMotion, x_amplitude: float, z_amplitude: float
) -> QuasiPeriodicOrbit | None:
    """Let the linear path grow to its amplitudes; at time zero its oscillations are held."""
    reach = int((_SHORT + 1.0) * _NODES)
    times: Array = np.arange(-reach, reach + 1, dtype=float) * (motion.in_plane_period / _NODES)
    modes = linear_modes(motion)
    held = (reach, modes @ np.diag([_FIRM] * 4 + [1.0] * 2) @ modes.T)
    origin = np.array([motion.x, 0.0, 0.0, 0.0, 0.0, 0.0])
    linear = linear_state(motion, x_amplitude=x_amplitude, z_amplitude=z_amplitude, times=times)
    share, advance = 0.0, _FIRST_SHARE
    shape: Array = np.asarray(linear - origin, dtype=float)
    while share < 1.0:
        target = min(1.0, share + advance)
        guess = target * shape
        # What oscillates at time zero is the linear theory's, what grows or decays the guess's.
        amounts = np.linalg.solve(modes, guess[reach])
        amounts[:4] = np.linalg.solve(modes, linear[reach] - origin)[:4] * target
        guess[reach] = modes @ amounts
        found = nearest_trajectory(_flow(motion.mass_ratio), times, origin + guess, held=held)
        if found.status == 0 and np.abs(found.states[:, 0] - motion.x).max() < motion.gamma:
            share, advance = target, 1.5 * advance
            shape = (found.states - origin) / share
        else:
            advance *= 0.5
            if advance < _LEAST_SHARE:
                return None
    inner = slice(_NODES, -_NODES)
    return _measured(motion, times[inner], np.asarray(origin + shape)[inner], found.gap)


def _prolonged(known: QuasiPeriodicOrbit, reach: float) -> QuasiPeriodicOrbit | None:
    """Follow a path about time zero as far as `reach` on either side."""
    seen = np.linspace(known.times[0], known.times[-1], _SAMPLES * len(known.times) // _NODES)
    position = states_at(known, seen)[:, :3]
    middle = position.mean(axis=0) * [1.0, 0.0, 0.0]

    def left(frequencies: Array) -> Array:
        return _fit(frequencies, seen, position - middle)[1].ravel()

    start = 2.0 * np.pi / np.array([known.period, known.z_period])
    frequencies = least_squares(left, start, x_scale=1e-3).x
    coefficients, _ = _fit(frequencies, seen, position - middle)
    spacing = known.times[1] - known.times[0]
    # One revolution more than is kept: where nothing beyond holds a path, it leans away.
    fresh = np.arange(known.times[-1] + spacing, reach + spacing * (1 + _NODES), spacing)
    times = np.concatenate((-fresh[::-1], known.times, fresh))
    guess = np.empty((len(times), 6))
    even, odd, even_rate, odd_rate = _harmonics(frequencies, times)
    for axis, values, rates in ((0, even, even_rate), (1, odd, odd_rate), (2, even, even_rate)):
        guess[:, axis] = values @ coefficients[:, axis] + middle[axis]
        guess[:, axis + 3] = rates @ coefficients[:, axis]
    inside = np.abs(times) < known.times[-1] + 0.5 * spacing
    guess[inside] = known.states

    weights = np.where(inside, _HOLD, 1.0)[:, None]
    found = nearest_trajectory(_flow(known.mass_ratio), times, guess, weights=weights)
    if found.status != 0:
        return None
    motion = linear_motion(known.mass_ratio, known.point)
    return _measured(motion, times[_NODES:-_NODES], found.states[_NODES:-_NODES], found.gap)


def _flow(mass_ratio: float) -> Flow:
    """How the circular problem carries states, as `nearest_trajectory` wants it."""

    def flow(states: Array, begin: Array, end: Array) -> tuple[Array, Array]:
        final, matrix, _ = propagate_cr3bp(mass_ratio, states, end - begin, stm=True)
        return final, matrix

    return flow


def _measured(motion: LinearMotion, times: Array, states: Array, gap: float) -> QuasiPeriodicOrbit:
    """Put a path into the form in which others expect it."""
    return QuasiPeriodicOrbit(
        times=times,
        states=states,
        mass_ratio=motion.mass_ratio,
        point=motion.point,
        jacobi_constant=float(np.mean(jacobi_constant(motion.mass_ratio, states))),
        gap=gap,
        amplitudes=0.5 * np.ptp(states[:, :3], axis=0),
        period=_mean_period(times, states, 1),
        z_period=_mean_period(times, states, 2),
        fit_rms=np.nan,
    )


def _mean_period(times: Array, states: Array, axis: int) -> float:
    """Mean time between upward passages of a coordinate through zero."""
    curve = CubicHermiteSpline(times, states[:, axis], states[:, axis + 3])
    roots = curve.roots(extrapolate=False)
    upward = roots[curve(roots, 1) > 0]
    return float((upward[-1] - upward[0]) / (len(upward) - 1))


def growth_per_period(orbit: QuasiPeriodicOrbit) -> float:
    """Return the mean factor by which a small error grows in one period of a long path."""
    _, matrices, _ = propagate_cr3bp(
        orbit.mass_ratio, orbit.states[:-1], np.diff(orbit.times), stm=True
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
