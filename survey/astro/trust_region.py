"""Steps of least squares that stay where the derivatives can be believed.

Marquardt's damping [Marquardt1963] is chosen so that a step uses no more than its share of given
limits: a step that is only cut short runs along a valley's wall, one that is damped turns down it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

_TRIALS: Final = 12  # of damping, until a step is within reach


class Curvature:
    """What least squares leave out of the second derivatives: the residuals' own curvature.

    Learnt from how the gradient changes from step to step, by the structured secant update of
    [DennisGayWelsch1981].

    Parameters
    ----------
    count : int
        Problems.
    variables, residuals : int
        Of each.

    Attributes
    ----------
    matrix : ndarray, shape (count, variables, variables)
        To be added to the product of the derivatives.
    trusted : ndarray of bool, shape (count,)
        Whether the last step was predicted better with it than without.
    """

    def __init__(self, count: int, variables: int, residuals: int) -> None:
        self.matrix = np.zeros((count, variables, variables))
        self.trusted = np.zeros(count, dtype=np.bool_)
        self._rows = np.zeros((count, residuals, variables))
        self._rise = np.zeros((count, variables))
        self._move = np.zeros((count, variables))

    def note(
        self, index: Rows, rows: Array, residual: Array, move: Array, taken: NDArray[np.bool_]
    ) -> None:
        """Remember the steps that were taken, and the derivatives where they began."""
        self._move[index] = np.where(taken[:, None], move, 0.0)
        self._rows[index], self._rise[index] = rows, np.einsum("nki,nk->ni", rows, residual)

    def learn(self, index: Rows, rows: Array, residual: Array) -> None:
        """Compare the gradients before and after the last steps."""
        rise = np.einsum("nki,nk->ni", rows, residual)
        s, y = self._move[index], rise - self._rise[index]
        wanted = rise - np.einsum("nki,nk->ni", self._rows[index], residual)
        have = self.matrix[index]
        size = np.abs(np.einsum("ni,nij,nj->n", s, have, s))
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.minimum(1.0, np.abs(np.sum(s * wanted, axis=1)) / size)
            have = have * np.where(size > 0.0, share, 1.0)[:, None, None]
            gap = wanted - np.einsum("nij,nj->ni", have, s)
            per = y / np.sum(y * s, axis=1)[:, None]
            cross = gap[:, :, None] * per[:, None]
            have = have + cross + np.swapaxes(cross, 1, 2)
            have -= np.sum(gap * s, axis=1)[:, None, None] * per[:, :, None] * per[:, None]
        told = np.isfinite(have).all((1, 2)) & s.any(1)
        self.matrix[index[told]] = have[told]


def step_within_reach(
    rows: Array, residual: Array, bend: Array, trusted: NDArray[np.bool_], reach: Array,
    limit: Callable[[Array], Array],
) -> tuple[Array, Array, tuple[Array, Array]]:  # fmt: skip
    """Return the step of damped least squares that stays within reach.

    Parameters
    ----------
    rows : ndarray, shape (n, m, k)
        Derivatives of m residuals by k variables.
    residual : ndarray, shape (n, m)
    bend : ndarray, shape (n, k, k)
        Curvature of the residuals, ...
    trusted : ndarray of bool, shape (n,)
        ... and whether it counts.
    reach : ndarray, shape (n,)
        Largest part of its limits that a step may use.
    limit : callable
        Steps (n, k) to the part of their limits that they use (n,); proportional to their length.

    Returns
    -------
    move : ndarray, shape (n, k)
    used : ndarray, shape (n,)
        Part of the limits.
    promised : tuple of ndarray, shape (n,)
        By how much the sum of squares should fall: without curvature, and with it.
    """
    # In units in which every column has length one: those of push and date differ by 1e8.
    length = np.linalg.norm(rows, axis=1)
    length[length == 0.0] = 1.0
    rows = rows / length[:, None]
    bend = bend / (length[:, None] * length[..., None])
    plain = np.einsum("nki,nkj->nij", rows, rows)
    values, axes = np.linalg.eigh(plain + np.where(trusted[:, None, None], bend, 0.0))
    rise = np.einsum("nki,nk->ni", rows, residual)
    along = np.einsum("nij,ni->nj", axes, rise)
    damping = np.maximum(1e-9, -1.5 * values[:, 0])
    for _ in range(_TRIALS):
        part = -along / (values + damping[:, None])
        move = np.einsum("nij,nj->ni", axes, part) / length
        used = limit(move)
        over = used > 1.1 * reach
        if not over.any():
            break
        damping[over] *= np.maximum(3.0, used / reach)[over]
    share = np.minimum(1.0, reach / np.maximum(used, 1e-300))
    part = part * share[:, None]
    step = np.einsum("nij,nj->ni", axes, part)
    plainly = -2.0 * np.sum(rise * step, axis=1) - np.einsum("ni,nij,nj->n", step, plain, step)
    bent = plainly - np.einsum("ni,nij,nj->n", step, bend, step)
    return move * share[:, None], np.minimum(used, reach), (plainly, bent)
