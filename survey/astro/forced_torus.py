"""A periodic orbit as the ellipse of the primaries shakes it: the parking orbit at any date.

In the elliptic problem the force swells and shrinks once a year, so a periodic orbit of the
circular problem becomes a torus: its state depends on its own phase and on the true anomaly of the
primaries, and returns when both do. The torus is a trajectory of the model for any pair of the
two, which neither the circular orbit nor a single corrected trajectory is.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro.compiling import entry
from survey.astro.cr3bp_flow import sample_cr3bp
from survey.astro.er3bp import propagate_er3bp

Array = NDArray[np.float64]

STATUS: Final = MappingProxyType(
    {
        0: "converged",
        1: "not converged: the orbit is in or near resonance with the year",
        2: "needs more harmonics than are allowed: the orbit comes too near the lighter primary",
    }
)
"""What the status of a torus means."""

GAP: Final = 1e-11  # greatest distance between a curve and the flow of the one before it
_CURVES: Final = 6  # a year in pieces over which an error grows no more than some 13 times
_PHASES: Final = (25, 31, 39, 49, 71)  # odd, tried in turn until the series has decayed
_TAIL: Final = 1e-8  # of the highest harmonic of the orbit, relative to the first
_MAX_NEWTON: Final = 10
_NEGLIGIBLE: Final = 1e-14  # coefficients left out of the series


@dataclass(frozen=True)
class ForcedTorus:
    """A quasi-periodic orbit of the elliptic problem, as a double Fourier series.

    Parameters
    ----------
    mass_ratio, eccentricity : float
        Of the primaries.
    period : float
        Of the periodic orbit of the circular problem from which it springs, in true anomaly.
    harmonics : ndarray of int, shape (k, 2)
        Multiples of the phase and of the true anomaly.
    coefficients : ndarray of complex, shape (k, 6)
        Of the state, rotating and pulsating frame.
    gap : float
        Greatest distance between the torus and a trajectory over a sixth of a year.
    status : int
        Explained by `STATUS`.
    """

    mass_ratio: float
    eccentricity: float
    period: float
    harmonics: NDArray[np.int64]
    coefficients: NDArray[np.complex128]
    gap: float
    status: int

    def states(self, phase: ArrayLike, true_anomaly: ArrayLike) -> Array:
        """Return states on the torus.

        Parameters
        ----------
        phase : array_like, shape (...)
            Fraction of a revolution since the first state given to `natural_torus`.
        true_anomaly : array_like, shape (...)
            Of the primaries, radians.

        Returns
        -------
        ndarray, shape (..., 6)
            Rotating, pulsating, nondimensional.
        """
        turn, anomaly = np.broadcast_arrays(
            np.asarray(phase, dtype=float), np.asarray(true_anomaly, dtype=float)
        )
        states = np.empty((*turn.shape, 6))
        _add_up(
            2 * np.pi * turn.ravel(), anomaly.flatten(), self.harmonics, self.coefficients,
            states.reshape(-1, 6),
        )  # fmt: skip
        return states


def natural_torus(
    mass_ratio: float, eccentricity: float, state: ArrayLike, period: float
) -> ForcedTorus:
    """Continue a periodic orbit of the circular problem into the elliptic one.

    Parameters
    ----------
    mass_ratio, eccentricity : float
        Of the primaries.
    state : array_like, shape (6,)
        On the periodic orbit, rotating frame; phase zero.
    period : float
        Of the orbit. The torus keeps it, so that its phase grows by one in it.

    Returns
    -------
    ForcedTorus
        Its status tells whether it may be used.

    Notes
    -----
    The curves of constant anomaly are mapped into one another by the flow, turned by the phase
    that passes meanwhile [GomezMondelo2001]; Newton's method finds them at six anomalies at once.
    Phase may be counted from anywhere and the energy cannot drift, which leaves the linear system
    one direction that changes nothing and one that cannot be reached; both are bordered away, and
    the multiplier that stands for the second vanishes with the residual.
    """
    start = np.asarray(state, dtype=float)
    curves, gap, status = np.empty((0, 0, 6)), np.inf, 1
    for count in _PHASES:
        circle, _ = sample_cr3bp(
            mass_ratio, start, np.arange(1, count) / count * period, tolerance=1e-15
        )
        ring = np.concatenate([start[None], circle])
        spectrum = np.abs(np.fft.rfft(ring, axis=0)).max(1)
        if not np.isfinite(spectrum).all():
            break
        status = 2
        if spectrum[-1] < _TAIL * spectrum[1]:
            curves, gap = _converge(mass_ratio, eccentricity, ring, period)
            status = 0 if gap < GAP else 1
            break
    harmonics, coefficients = _series(mass_ratio, eccentricity, curves, period)
    return ForcedTorus(mass_ratio, eccentricity, period, harmonics, coefficients, gap, status)


def _converge(mass_ratio: float, e: float, ring: Array, period: float) -> tuple[Array, float]:
    """Find the curves at equal anomalies, shape (curves, phases, 6), and the gap that remains."""
    count = len(ring)
    curves = np.repeat(ring[None], _CURVES, 0)
    gap, matrix = _equations(mass_ratio, 0.0, curves, period)
    size = 6 * count * _CURVES
    bordered = np.zeros((size + 1, size + 1))
    bordered[:size, :size] = matrix
    bordered[:size, size], bordered[size, :size] = np.random.default_rng(1).normal(size=(2, size))
    unit = np.append(np.zeros(size), 1.0)  # any border will do to find the two directions
    left, right = np.linalg.solve(bordered.T, unit)[:size], np.linalg.solve(bordered, unit)[:size]
    bordered[:size, size] = left / np.linalg.norm(left)
    bordered[size, :size] = right / np.linalg.norm(right)
    worst = np.inf
    for _ in range(_MAX_NEWTON):
        gap, bordered[:size, :size] = _equations(mass_ratio, e, curves, period)
        worst = float(np.abs(gap).max())
        if not worst < 1.0:
            return curves, np.inf
        step = np.linalg.solve(bordered, np.append(-gap, 0.0))[:size]
        curves = curves + step.reshape(curves.shape)
        if np.abs(step).max() < 1e-3 * GAP:
            break
    return curves, worst


def _equations(mass_ratio: float, e: float, curves: Array, period: float) -> tuple[Array, Array]:
    """Return by how much each curve misses the next one, and the derivatives of the misses."""
    pieces, count, _ = curves.shape
    step = 2 * np.pi / pieces
    turn = _turn(count, step / period)
    begin = np.repeat(np.arange(pieces) * step, count)
    flown, phi, _ = propagate_er3bp(
        mass_ratio, e, curves.reshape(-1, 6), begin, begin + step, stm=True, tolerance=1e-15
    )
    after = np.roll(np.arange(pieces), -1)
    miss = flown.reshape(curves.shape) - np.einsum("ij,kjc->kic", turn, curves[after])
    matrix = np.zeros((pieces, count, 6, pieces, count, 6))
    phi = phi.reshape(pieces, count, 6, 6)
    each = np.arange(count)
    for k in range(pieces):
        matrix[k, each, :, k, each, :] += phi[k]
        for c in range(6):
            matrix[k, :, c, after[k], :, c] -= turn
    return miss.ravel(), matrix.reshape(miss.size, miss.size)


def _turn(count: int, phase: float) -> Array:
    """Return the matrix that reads a closed curve of odd `count` points further on by a phase."""
    k = np.fft.fftfreq(count, 1 / count)
    spectra = np.fft.fft(np.eye(count), axis=0) * np.exp(2j * np.pi * k * phase)[:, None]
    return np.asarray(np.real(np.fft.ifft(spectra, axis=0)))


def _series(
    mass_ratio: float, e: float, curves: Array, period: float
) -> tuple[NDArray[np.int64], NDArray[np.complex128]]:
    """Fly the curves on to a finer set of anomalies, and take the double series of all."""
    pieces, count, _ = curves.shape
    if not pieces:
        return np.zeros((1, 2), dtype=np.int64), np.full((1, 6), np.nan + 0j)
    finer = 4  # curves out of each
    step = 2 * np.pi / (pieces * finer)
    begin = np.repeat(np.arange(pieces) * finer * step, count)
    table = np.empty((pieces, finer, count, 6))
    for j in range(finer):
        flown, _ = propagate_er3bp(
            mass_ratio, e, curves.reshape(-1, 6), begin, begin + j * step, tolerance=1e-15
        )
        table[:, j] = _turn(count, -j * step / period) @ flown.reshape(curves.shape)
    series = np.fft.fft2(table.reshape(pieces * finer, count, 6), axes=(0, 1))
    series /= pieces * finer * count
    kept = np.abs(series).max(2) > _NEGLIGIBLE
    anomaly = np.fft.fftfreq(pieces * finer, 1 / (pieces * finer)).round().astype(np.int64)
    phase = np.fft.fftfreq(count, 1 / count).round().astype(np.int64)
    rows, columns = np.nonzero(kept)
    return np.stack([phase[columns], anomaly[rows]], axis=1), series[kept]


@entry
def _add_up(
    turn: Array, anomaly: Array, harmonics: NDArray[np.int64],
    coefficients: NDArray[np.complex128], states: Array,
) -> None:  # fmt: skip
    """Add up the series: each power of either angle's exponential is made once for a state."""
    most, other = np.abs(harmonics[:, 0]).max(), np.abs(harmonics[:, 1]).max()
    slow, fast = np.empty(2 * most + 1, np.complex128), np.empty(2 * other + 1, np.complex128)
    for n in range(len(turn)):
        for angle, powers, half in ((turn[n], slow, most), (anomaly[n], fast, other)):
            for k in range(-half, half + 1):
                powers[half + k] = complex(np.cos(k * angle), np.sin(k * angle))
        for c in range(6):
            states[n, c] = 0.0
        for m in range(len(harmonics)):
            unit = slow[most + harmonics[m, 0]] * fast[other + harmonics[m, 1]]
            for c in range(6):
                value = coefficients[m, c]
                states[n, c] += value.real * unit.real - value.imag * unit.imag
