"""Paths in the rotating frame made smooth enough to print: samples are added where they turn."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro.cr3bp_flow import propagate_cr3bp

Array = NDArray[np.float64]

TURN: Final = 0.06  # radians between neighbouring samples; such a polygon looks round
STEP: Final = 2e-5  # of the primaries' distance, 3,000 km: shorter pieces are smaller than ink
RADII: Final = (1e-6, 1e-9)  # families of orbits say themselves how near they come
_ROUNDS: Final = 14


def smooth_paths(
    mass_ratio: float, states: ArrayLike, times: ArrayLike, *, radii: tuple[float, float] = RADII
) -> list[Array]:
    """Return trajectories with samples added where they turn sharply, as near a primary.

    Parameters
    ----------
    mass_ratio : float
        Of the circular problem.
    states : array_like, shape (n, k, 6)
        Samples of n trajectories, nondimensional; NaN where there are none.
    times : array_like, shape (n, k) or (k,)
        Of the samples.
    radii : tuple of float
        Of the primaries, at which a path ends.

    Returns
    -------
    list of n ndarray, shape (m, 6)
        States in the order of the samples, without those that are NaN.
    """
    whole = np.asarray(states, dtype=float)
    count = len(whole)
    finite = np.isfinite(whole).all(axis=-1)
    arc = np.broadcast_to(np.arange(count)[:, None], finite.shape)[finite]
    time = np.broadcast_to(np.asarray(times, dtype=float), finite.shape)[finite]
    path = whole[finite]
    for _ in range(_ROUNDS):
        rough = _rough(path, arc)
        if not rough.size:
            break
        half = 0.5 * (time[rough + 1] - time[rough])
        between, _ = propagate_cr3bp(mass_ratio, path[rough], half, tolerance=1e-12, radii=radii)
        good = np.isfinite(between).all(axis=-1)
        if not good.any():
            break
        rough, half, between = rough[good], half[good], between[good]
        path = np.insert(path, rough + 1, between, axis=0)
        time = np.insert(time, rough + 1, time[rough] + half)
        arc = np.insert(arc, rough + 1, arc[rough])
    return [path[arc == k] for k in range(count)]


def orbit_paths(
    mass_ratio: float, states: ArrayLike, periods: ArrayLike, *, samples: int = 128
) -> list[Array]:
    """Return closed paths of periodic orbits.

    Parameters
    ----------
    mass_ratio : float
        Of the circular problem.
    states : array_like, shape (n, 6)
        One on each orbit.
    periods : array_like, shape (n,)
    samples : int
        Instants per orbit before smoothing, even.

    Returns
    -------
    list of n ndarray, shape (m, 6)
        The last state repeats the first.
    """
    first, period = np.asarray(states, dtype=float), np.asarray(periods, dtype=float)
    # Both halves start from the known state: instability magnifies its rounding for half a period
    # only, and the ends meet.
    times = np.linspace(-0.5, 0.5, samples + 1) * period[:, None]
    path, _ = propagate_cr3bp(mass_ratio, first[:, None], times, tolerance=1e-13, radii=RADII)
    closed = smooth_paths(mass_ratio, path, times, radii=RADII)
    for one in closed:
        one[-1] = one[0]
    return closed


def _rough(path: Array, arc: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find samples after which the same trajectory turns too far before the next."""
    before, after = path[:-1, 3:], path[1:, 3:]
    cross = np.linalg.norm(np.cross(before, after), axis=-1)
    angle = np.arctan2(cross, np.sum(before * after, axis=-1))
    length = np.linalg.norm(np.diff(path[:, :3], axis=0), axis=-1)
    return np.flatnonzero((angle > TURN) & (length > STEP) & (arc[:-1] == arc[1:]))
