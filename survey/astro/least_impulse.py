"""The least impulse that satisfies conditions: Newton's method first, then along what is left free.

A trajectory of several legs is a point ``z`` whose conditions ``c(z) = 0`` say that the legs join
and arrive. Their null space is what may still be chosen. Each step goes back to the conditions by
the shortest way, and within the null space to where the linear problem has its least impulse;
a trust region keeps both honest. Many problems go side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["CLOSED", "Descent", "descend"]

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
Evaluate = Callable[[Array, Rows], tuple[Array, Array]]

CLOSED: Final = 1e-6
"""Violation of the conditions, in their own units, that counts as none."""

_ITERATIONS: Final = 60
_SHRINK: Final = 0.35
_SMALLEST: Final = 1e-4  # trust region at which a problem is given up or has arrived
_GAIN: Final = 1e-3  # share of the impulse below which a step is no progress ...
_PATIENCE: Final = 4  # ... and so many of which end the descent
_INDEPENDENT: Final = 1e-11  # singular value, relative, below which a direction is free
_DAMPING: Final = 1e-10


@dataclass(frozen=True)
class Descent:
    """Where a descent has ended.

    Parameters
    ----------
    z : ndarray, shape (n, k)
        Unknowns.
    violation : ndarray, shape (n,)
        Norm of the conditions; infinite where they could not be evaluated.
    """

    z: Array
    violation: Array

    @property
    def closed(self) -> NDArray[np.bool_]:
        """Whether the conditions hold, shape ``(n,)``."""
        return np.asarray(self.violation < CLOSED)


def descend(
    evaluate: Evaluate,
    z: ArrayLike,
    largest: ArrayLike,
    impulse: slice,
    *,
    lower: ArrayLike = -np.inf,
    upper: ArrayLike = np.inf,
    newton: int = _ITERATIONS,
    iterations: int = _ITERATIONS,
    ceiling: float = np.inf,
) -> Descent:
    """Satisfy the conditions, then make the impulse as small as they allow.

    Parameters
    ----------
    evaluate : callable
        ``evaluate(z, rows)`` returns, for some of the problems, conditions ``(r, m)`` and their
        derivatives ``(r, m, k)``. Units should be such that 1 is as bad as one unit of impulse,
        or worse: the sum of both is what a step must lower; much worse makes short steps along
        curved conditions. A condition that does not apply has a row of zeros.
    z : array_like, shape (n, k)
        First guesses.
    largest : array_like, shape broadcast to (n, k)
        Changes that one step may make.
    impulse : slice
        Of the unknowns whose norm is to be least.
    lower, upper : array_like, shape broadcast to (n, k), optional
        Bounds, at which a step is cut off.
    newton, iterations : int, optional
        Most steps towards the conditions, and most along them.
    ceiling : float, optional
        Impulse above which a problem is not followed any further once its conditions hold.

    Returns
    -------
    Descent
    """
    best = np.array(z, dtype=float)
    caps = np.broadcast_to(np.asarray(largest, dtype=float), best.shape)
    low, high = (np.broadcast_to(np.asarray(x, float), best.shape) for x in (lower, upper))
    c, slope = (np.array(x) for x in evaluate(best, np.arange(len(best))))
    size = _norm(c)
    radius, rows = np.ones(len(best)), np.flatnonzero(np.isfinite(size) & (size > CLOSED))
    for _ in range(newton):
        if not len(rows):
            break
        back, _, _ = _split(c[rows], slope[rows], caps[rows])
        step = back * (radius[rows] / np.maximum(1.0, _reach(back, caps[rows])))[:, None]
        trial = np.clip(best[rows] + step, low[rows], high[rows])
        fresh, gradient = evaluate(trial, rows)
        value = _norm(fresh)
        good = value < 1.2 * size[rows]
        kept = rows[good]
        best[kept], c[kept], slope[kept], size[kept] = (
            trial[good], fresh[good], gradient[good], value[good],
        )  # fmt: skip
        radius[kept] = np.minimum(1.0, 2.0 * radius[kept])
        radius[rows[~good]] *= _SHRINK
        rows = rows[(size[rows] > CLOSED) & (radius[rows] > _SMALLEST)]
    merit = _norm(best[:, impulse]) + size
    radius, idle = np.full(len(best), 0.5), np.zeros(len(best), dtype=int)
    near = np.isfinite(merit) & (size < 0.1) & (_norm(best[:, impulse]) < ceiling)
    rows = np.flatnonzero(near)
    for _ in range(iterations):
        if not len(rows):
            break
        step = _step(best[rows], c[rows], slope[rows], caps[rows], radius[rows], impulse)
        trial = np.clip(best[rows] + step, low[rows], high[rows])
        fresh, gradient = evaluate(trial, rows)
        value = _norm(trial[:, impulse]) + _norm(fresh)
        good = value < merit[rows]
        gain = np.where(good, merit[rows] - value, 0.0)
        kept = rows[good]
        best[kept], c[kept], slope[kept], merit[kept] = (
            trial[good], fresh[good], gradient[good], value[good],
        )  # fmt: skip
        radius[kept] = np.minimum(1.0, 2.0 * radius[kept])
        radius[rows[~good]] *= _SHRINK
        idle[rows] = np.where(good & (gain > _GAIN * merit[rows]), 0, idle[rows] + good)
        going = (idle[rows] < _PATIENCE) | (_norm(c[rows]) > CLOSED)
        rows = rows[going & (radius[rows] > _SMALLEST)]
    # What is left of the conditions after the last step is taken away by Newton's method alone.
    rows = np.flatnonzero(near)
    for _ in range(5):
        rows = rows[(_norm(c[rows]) > 1e-4 * CLOSED) & (_norm(c[rows]) < 0.01)]
        if not len(rows):
            break
        back, _, _ = _split(c[rows], slope[rows], caps[rows])
        trial = np.clip(best[rows] + back, low[rows], high[rows])
        fresh, gradient = evaluate(trial, rows)
        good = _norm(fresh) < _norm(c[rows])
        kept = rows[good]
        best[kept], c[kept], slope[kept] = trial[good], fresh[good], gradient[good]
        rows = kept
    return Descent(best, np.where(np.isfinite(_norm(c)), _norm(c), np.inf))


def _split(c: Array, slope: Array, caps: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Shortest way back to the conditions; orthonormal directions, in caps, and which are free."""
    scaled = slope * caps[:, None]
    u, s, vt = np.linalg.svd(scaled)
    rank = s.shape[1]
    held = s > _INDEPENDENT * s[:, :1]
    part = np.where(held, np.einsum("nji,nj->ni", u[:, :, :rank], -c) / np.where(held, s, 1.0), 0.0)
    back = caps * np.einsum("ni,nij->nj", part, vt[:, :rank])
    free = np.ones(vt.shape[:2], dtype=bool)
    free[:, :rank] = ~held
    return back, vt, free


def _step(z: Array, c: Array, slope: Array, caps: Array, radius: Array, impulse: slice) -> Array:
    """Back to the conditions, and along their null space to the least impulse."""
    back, vt, free = _split(c, slope, caps)
    far = _reach(back, caps)
    back *= np.minimum(1.0, radius / np.maximum(far, 1e-300))[:, None]
    basis = np.where(free[:, :, None], vt * caps[:, None], 0.0)
    turn = np.swapaxes(basis[:, :, impulse], 1, 2)
    wanted = -(z[:, impulse] + back[:, impulse])
    # Damped: a direction that hardly touches the impulse must not be run along for it.
    normal = np.swapaxes(turn, 1, 2) @ turn + _DAMPING * np.eye(basis.shape[1])
    amount = np.linalg.solve(normal, np.einsum("nji,nj->ni", turn, wanted)[..., None])[..., 0]
    along = np.einsum("ni,nij->nj", amount, basis)
    room = radius * np.where(far > radius, 0.3, 1.0)
    along *= np.minimum(1.0, room / np.maximum(_reach(along, caps), 1e-300))[:, None]
    return np.asarray(back + along)


def _reach(step: Array, caps: Array) -> Array:
    return np.asarray(np.abs(step / caps).max(axis=1))


def _norm(vectors: Array) -> Array:
    lengths = np.linalg.norm(vectors, axis=1)
    return np.where(np.isfinite(lengths), lengths, np.inf)
