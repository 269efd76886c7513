"""The boundary-value problem that feels both primaries: from here to there in so much time.

What Lambert's problem is to one attracting body, this is to two: given a position, a target
position and both instants, find the velocity. There is no closed form and there may be many
answers; Newton's method finds the one that belongs to a start.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro.cr3bp_flow import propagate_cr3bp
from survey.astro.er3bp import propagate_er3bp

Array = NDArray[np.float64]
Codes = NDArray[np.int8]

CONVERGED, NOT_CONVERGED, LOST = 0, 1, 2
STATUS: Final = MappingProxyType(
    {
        CONVERGED: "converged: the arc ends at the target",
        NOT_CONVERGED: "not converged in the iterations allowed",
        LOST: "the start, or every arc near it, ends in a primary or is not finite",
    }
)
"""What the status codes mean."""

CLOSED: Final = 1e-9  # greatest miss of a converged arc: 150 m between Sun and Earth
LARGEST_STEP: Final = 0.0067  # of one iteration: 200 m/s; without a cap, or with one
# of 10 m/s, fewer than half of the low-energy arcs converge
_BACKTRACK: Final = 0.35
_WORSE: Final = 3.0  # factor by which the miss may grow before the step is taken back
_FLIGHT_TOLERANCE: Final = 1e-12


@dataclass(frozen=True)
class Arcs:
    """Answers to a batch of boundary-value problems.

    Parameters
    ----------
    velocity : ndarray, shape (n, 3)
        At departure; of the last iteration that was kept where the status is not 0.
    arrival : ndarray, shape (n, 6)
        State at arrival.
    miss : ndarray, shape (n,)
        Distance from the target; infinite where no arc could be flown.
    status : ndarray of int8, shape (n,)
        Explained by `STATUS`.
    flights : int
        Trajectories integrated for the whole batch.
    """

    velocity: Array
    arrival: Array
    miss: Array
    status: Codes
    flights: int


def fly(
    mass_ratio: float,
    eccentricity: float,
    state: Array,
    begin: Array,
    end: Array,
    stm: Literal[True, "velocity"],
) -> tuple[Array, Array]:
    """Propagate from true anomaly to true anomaly, with the derivatives asked for."""
    if eccentricity == 0.0:
        final, phi, _ = propagate_cr3bp(
            mass_ratio, state, end - begin, stm=stm, tolerance=_FLIGHT_TOLERANCE
        )
    else:
        final, phi, _ = propagate_er3bp(
            mass_ratio, eccentricity, state, begin, end, stm=stm, tolerance=_FLIGHT_TOLERANCE
        )
    return final, phi


def solve_boundary(
    mass_ratio: float,
    eccentricity: float,
    begin: ArrayLike,
    position: ArrayLike,
    velocity: ArrayLike,
    end: ArrayLike,
    target: ArrayLike,
    *,
    iterations: int = 30,
) -> Arcs:
    """Find departure velocities that lead to given positions at given instants.

    Parameters
    ----------
    mass_ratio, eccentricity : float
        Of the primaries; with eccentricity 0 the problem is the circular one.
    begin, end : array_like, shape (n,)
        True anomaly of the primaries at departure and arrival, radians, unwrapped.
    position : array_like, shape (n, 3)
        Of departure; rotating, pulsating, nondimensional, as all that follows.
    velocity : array_like, shape (n, 3)
        Where the iteration starts.
    target : array_like, shape (n, 3)
        Position to be reached.
    iterations : int
        Flights allowed for each problem.

    Returns
    -------
    Arcs

    Notes
    -----
    Newton's method on the three velocity columns of the transition matrix, with a cap on each
    step, which is taken back when the miss grows to more than three times the best so far. All
    problems still open are flown together, one in each SIMD lane.
    """
    start = np.array(position, dtype=float).reshape(-1, 3)
    aim = np.array(target, dtype=float).reshape(-1, 3)
    first, last = (np.broadcast_to(np.asarray(t, dtype=float), len(start)) for t in (begin, end))
    best = np.array(velocity, dtype=float).reshape(-1, 3)
    trial, step = best.copy(), np.zeros_like(best)
    scale = np.ones(len(start))
    arrival, miss = np.full((len(start), 6), np.nan), np.full(len(start), np.inf)
    open_ = np.flatnonzero(np.isfinite(np.concatenate([start, aim, best], axis=1)).all(1))
    flights = 0
    for _ in range(iterations):
        if not len(open_):
            break
        state = np.concatenate([start[open_], trial[open_]], axis=1)
        final, phi = fly(mass_ratio, eccentricity, state, first[open_], last[open_], "velocity")
        flights += len(open_)
        gap = aim[open_] - final[:, :3]
        length = np.linalg.norm(gap, axis=1)
        length[~np.isfinite(length)] = np.inf
        better = length < _WORSE * miss[open_]
        kept = open_[better]
        best[kept], arrival[kept], miss[kept] = trial[kept], final[better], length[better]
        newton = np.einsum("nij,nj->ni", inverse(phi[better, :3]), gap[better])
        size = np.linalg.norm(newton, axis=1)
        step[kept] = newton * np.minimum(1.0, LARGEST_STEP / np.maximum(size, 1e-300))[:, None]
        scale[kept] = 1.0
        scale[open_[~better]] *= _BACKTRACK
        lost = ~np.isfinite(step[open_]).all(1) | ~np.isfinite(miss[open_])
        open_ = open_[(miss[open_] > CLOSED) & ~lost & (scale[open_] > 1e-4)]
        trial[open_] = best[open_] + scale[open_, None] * step[open_]
    status = np.where(miss <= CLOSED, CONVERGED, NOT_CONVERGED).astype(np.int8)
    status[~np.isfinite(miss)] = LOST
    return Arcs(best, arrival, miss, status, flights)


def inverse(matrix: Array) -> Array:
    """Invert 3 x 3 matrices, shape (..., 3, 3); infinite or NaN where they are singular."""
    a, b, c = matrix[..., 0, :], matrix[..., 1, :], matrix[..., 2, :]
    adjugate = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)], axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(adjugate / np.sum(a * adjugate[..., :, 0], axis=-1)[..., None, None])
