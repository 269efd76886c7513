"""The trajectory of a model that lies nearest to a given chain of states.

States taken from another model, or from a table, do not follow from one another. Multiple shooting
makes them one trajectory: least squares of the changes, subject to each state flowing into the
next [GomezMondelo2001]. Short pieces keep an unstable orbit's growth between neighbours small,
so that many revolutions cost no digits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import LinAlgError, solveh_banded

__all__ = ["STATUS", "Flow", "Trajectory", "nearest_trajectory"]

STATUS = {
    0: "converged: a trajectory of the model",
    1: "not converged in the iterations allowed",
    2: "the chain is not finite or the correction was lost",
}

MAX_ITERATIONS = 40
GAP = 1e-11  # greatest difference between a state and the flow of the one before it
LARGEST_STEP = 0.01  # a libration point's distance from the Earth, in units of the Sun's

Array = NDArray[np.float64]
Flow = Callable[[Array, Array, Array], tuple[Array, Array]]


@dataclass(frozen=True)
class Trajectory:
    """A chain of states each of which flows into the next.

    Parameters
    ----------
    times : ndarray, shape (n,)
        Of the states.
    states : ndarray, shape (n, 6)
        The chain.
    gap : float
        Greatest difference left, in any component, between a state and the flow of the one
        before it.
    status : int
        Explained by `STATUS`.
    iterations : int
        Corrections made.
    """

    times: Array
    states: Array
    gap: float
    status: int
    iterations: int


def nearest_trajectory(
    flow: Flow,
    times: ArrayLike,
    states: ArrayLike,
    *,
    weights: ArrayLike = 1.0,
    held: tuple[int, Array] | None = None,
    gap: float = GAP,
    largest_step: float = LARGEST_STEP,
    max_iterations: int = MAX_ITERATIONS,
) -> Trajectory:
    """Find the trajectory with the least weighted sum of squared differences from given states.

    Parameters
    ----------
    flow : callable
        ``flow(states, start, end)`` carries states ``(m, 6)`` from times ``(m,)`` to times
        ``(m,)`` and returns them with their transition matrices ``(m, 6, 6)``.
    times : array_like, shape (n,)
        Increasing or decreasing; neighbours at most an e-folding time of the flow apart.
    states : array_like, shape (n, 6)
        What the trajectory is to stay near to.
    weights : array_like, shape broadcast to (n, 6), optional
        Of the differences, positive.
    held : tuple of int and ndarray, optional
        A node and a matrix ``(6, 6)``, symmetric and not negative, that takes the place of its
        inverse squared weights: zero across the directions in which the state there may move.
        ``B @ B.T`` leaves it free along the columns of ``B`` only.
    gap : float, optional
        Difference, in any component, between a state and the flow of the one before it that
        counts as none.
    largest_step : float, optional
        Most that one correction may change any component: the equations are linear over a small
        part of an orbit only.
    max_iterations : int, optional
        Most corrections.

    Returns
    -------
    Trajectory

    Notes
    -----
    Gauss-Newton on the constrained problem: with ``u`` the way back to the given states, ``F`` the
    gaps, ``J`` their derivatives and ``P`` the inverse squared weights, the correction is
    ``u - P J' (J P J')^-1 (J u + F)``; the matrix in brackets has three block diagonals.
    """
    t = np.asarray(times, dtype=float)
    given = np.array(states, dtype=float)
    squared = np.broadcast_to(np.asarray(weights, dtype=float), given.shape) ** 2
    inverse = np.eye(6) / squared[:, :, None]
    if held is not None:
        inverse[held[0]] = held[1]
    chain = given.copy()
    worst, previous, status, done = np.inf, np.inf, 1, 0
    for done in range(max_iterations + 1):
        reached, matrices = flow(chain[:-1], t[:-1], t[1:])
        gaps = reached - chain[1:]
        if not (np.all(np.isfinite(gaps)) and np.all(np.isfinite(matrices))):
            worst, status = np.inf, 2
            break
        worst = float(np.abs(gaps).max(initial=0.0))
        # The gaps close quadratically; the way back to the given states may still be creeping.
        if worst < gap and previous < 1e-9:
            status = 0
            break
        if done == max_iterations:
            break
        try:
            step = _correction(matrices, gaps, given - chain, inverse)
        except LinAlgError:
            status = 2
            break
        largest = float(np.abs(step).max())
        chain = chain + step * min(1.0, largest_step / largest if largest > 0 else 1.0)
        previous = largest
    return Trajectory(t, chain, worst, status, done)


def _correction(matrices: Array, gaps: Array, back: Array, inverse: Array) -> Array:
    """Solve one linear step (see the notes of `nearest_trajectory`)."""
    count = len(matrices)
    turned = np.swapaxes(matrices, 1, 2)
    diagonal = matrices @ inverse[:-1] @ turned + inverse[1:]
    beside = -inverse[1:-1] @ turned[1:]
    # Upper diagonals as rows, in the storage of LAPACK: entry (i, j) stands at [11 + i - j, j].
    band = np.zeros((12, 6 * count))
    row, column = np.meshgrid(np.arange(6), np.arange(6), indexing="ij")
    block = 6 * np.arange(count)[:, None]
    upper = row <= column
    i, j = row[upper], column[upper]
    band[11 + i - j, block + j] = diagonal[:, i, j]
    i, j = row.ravel(), column.ravel()
    band[11 + i - j - 6, block[1:] + j] = beside[:, i, j]
    right = np.einsum("nij,nj->ni", matrices, back[:-1]) - back[1:] + gaps
    multipliers = solveh_banded(band, right.ravel()).reshape(count, 6)
    pull = np.einsum("nji,nj->ni", matrices, multipliers)
    step = back.copy()
    step[:-1] -= np.einsum("nij,nj->ni", inverse[:-1], pull)
    step[1:] += np.einsum("nij,nj->ni", inverse[1:], multipliers)
    return step
