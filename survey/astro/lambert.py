"""Lambert's problem in bulk: the velocities that join two positions in a given time.

The loop below runs the straight-line solver of `survey.astro.lambert_cell` as SIMD code; the few
problems it sets aside go one by one through `survey.astro.lambert_careful`.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro import lambert_careful, lambert_cell, lambert_lanes, lambert_series
from survey.astro.compiling import entry, fingerprint, frozen, inlined, kernel
from survey.astro.kepler import propagate_kepler
from survey.astro.lambert_careful import SENSITIVE, SOLVED, TOO_SHORT, solve_careful
from survey.astro.lambert_cell import Arc, Problem, solve_direct, solve_multi
from survey.astro.lambert_lanes import (
    BLOCK,
    HALF,
    ROW,
    Array,
    get,
    pairs,
    place,
    put,
    put_pair,
    vector,
)
from survey.astro.lambert_series import MULTI_REVS_FITTED

Statuses = NDArray[np.int8]

STATUS = MappingProxyType(
    {
        lambert_careful.SOLVED: "solved",
        lambert_careful.TOO_SHORT: "no arc of so many revolutions fits in the time of flight",
        lambert_careful.NO_PLANE: "the positions are opposite: the plane of flight is undefined",
        lambert_careful.DEGENERATE: "a position is at the centre, or both are the same",
        lambert_careful.BAD_INPUT: "an input is not finite, or the time of flight not positive",
        lambert_careful.NOT_CONVERGED: "the iteration did not come to rest",
        lambert_careful.SENSITIVE: "an arc so sensitive, as one that grazes the centre, that "
        "rounding its velocities moves the arrival by more than 1e-9; they are given",
    }
)
"""What each value of `status` means."""

_SENSITIVE_MISS = 5e-10
_UNCHECKED = -1

# Rows of the work array: both positions, the time of flight, the three coefficients of the arc,
# and whether it is solved (1), does not exist (2), or is left to the careful solver (0).
_R1, _R2, _TOF, _ARC, _DONE = 0, 3, 6, 7, 10
_ROWS = 11


@inlined
def _problem(w: Array, at: int) -> Problem:
    return vector(w, _R1, at), vector(w, _R2, at), get(w, _TOF, at)


@inlined
def _store(w: Array, at: int, arc: Arc, none: bool) -> None:
    along, out1, out2, good = arc
    put_pair(w, _ARC, at, (along, out1))
    put(w, _ARC + 2, at, out2)
    put(w, _DONE, at, 1.0 if good else (2.0 if none else 0.0))


@kernel
def _direct_block(mu: float, w: Array, reach: int, way: float) -> None:
    for j in range(reach):
        one, other, _, _ = solve_direct(mu, _problem(w, j), _problem(w, j + HALF), way)
        _store(w, j, one, False)
        _store(w, j + HALF, other, False)


@kernel
def _multi_block(mu: float, w: Array, reach: int, way: float, revs: int, side: float) -> None:
    for j in range(reach):
        one, other, none1, none2 = solve_multi(
            mu, _problem(w, j), _problem(w, j + HALF), way, revs, side
        )
        _store(w, j, one, none1)
        _store(w, j + HALF, other, none2)


def _build(compiled_in: int) -> Callable[..., Any]:
    @entry
    def batch(
        mu: float, r1: Array, r2: Array, tof: Array, revs: int, low_path: bool, way: float,
        v1: Array, v2: Array, status: Statuses,
    ) -> None:  # fmt: skip
        _ = compiled_in  # see survey.astro.compiling.fingerprint
        w = np.zeros(_ROWS * ROW)
        for start in range(0, tof.size, BLOCK):
            count = min(BLOCK, tof.size - start)
            for j in range(count):
                at = place(j)
                for k in range(3):
                    put(w, _R1 + k, at, r1[start + j, k])
                    put(w, _R2 + k, at, r2[start + j, k])
                put(w, _TOF, at, tof[start + j])
            if revs == 0:
                _direct_block(mu, w, pairs(count), way)
            elif revs <= MULTI_REVS_FITTED:
                _multi_block(mu, w, pairs(count), way, revs, 1.0 if low_path else -1.0)
            else:
                w[_DONE * ROW : (_DONE + 1) * ROW] = 0.0
            for j in range(count):
                i, at = start + j, place(j)
                done = get(w, _DONE, at)
                if done == 1.0:
                    along, out1, out2 = vector(w, _ARC, at)
                    for k in range(3):
                        a, b = get(w, _R1 + k, at), get(w, _R2 + k, at)
                        v1[i, k] = along * (b - a) + out1 * a
                        v2[i, k] = along * (b - a) - out2 * b
                    status[i] = SOLVED
                elif done == 2.0:
                    v1[i, :] = np.nan
                    v2[i, :] = np.nan
                    status[i] = TOO_SHORT
                else:
                    leave, arrive, code = solve_careful(mu, _problem(w, at), way, revs, low_path)
                    for k in range(3):
                        v1[i, k], v2[i, k] = leave[k], arrive[k]
                    status[i] = _UNCHECKED if code == SOLVED else code

    return batch


_batch = _build(fingerprint(lambert_series, lambert_lanes, lambert_cell, lambert_careful))


def solve_lambert(
    mu: float,
    r1: ArrayLike,
    r2: ArrayLike,
    tof: ArrayLike,
    *,
    revs: int = 0,
    low_path: bool = True,
    prograde: bool = True,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int8]]:
    """Velocities of the conic arcs from `r1` to `r2` in the time `tof`.

    Works in any consistent units, for ellipses, parabolas and hyperbolas. A batch never raises
    for one of its problems: see `status`.

    Parameters
    ----------
    mu : float
        Gravitational parameter of the centre.
    r1, r2 : array_like, shape (..., 3)
        Positions at departure and arrival; they broadcast against each other and `tof`.
    tof : array_like, shape (...)
        Times of flight.
    revs : int, optional
        Full revolutions.
    low_path : bool, optional
        With revolutions there are two arcs. The low path is the flatter one, on the branch of
        larger x in Izzo's diagram (the convention of lamberthub and boinor); the high path is the
        lofted one. Without revolutions it has no meaning.
    prograde : bool, optional
        Whether the angular momentum has a positive third component. Where that component
        vanishes, the arc of less than 180 deg is taken.

    Returns
    -------
    v1, v2 : ndarray, shape (..., 3)
        Velocities at departure and arrival; NaN where there is no answer (status 1 to 5).
    status : ndarray of int8, shape (...)
        0 where solved; otherwise a key of `STATUS`.

    Raises
    ------
    ValueError
        If `revs` is not a whole number >= 0, or the shapes do not fit together.

    References
    ----------
    [Izzo2015]_, [Battin1999]_; the fitted guesses are described in `lambert_series`.
    """
    if not isinstance(revs, (int, np.integer)) or revs < 0:
        raise ValueError(f"revs was given as {revs!r}: give a whole number, 0 or more")
    first, second = np.asarray(r1, dtype=np.float64), np.asarray(r2, dtype=np.float64)
    times = np.asarray(tof, dtype=np.float64)
    for name, value in (("r1", first), ("r2", second)):
        if value.shape[-1:] != (3,):
            raise ValueError(f"{name} has shape {value.shape}: give positions of shape (..., 3)")
    shape = np.broadcast_shapes(first.shape[:-1], second.shape[:-1], times.shape)
    first = frozen(np.broadcast_to(first, (*shape, 3))).reshape(-1, 3)
    second = frozen(np.broadcast_to(second, (*shape, 3))).reshape(-1, 3)
    times = frozen(np.broadcast_to(times, shape)).reshape(-1)
    v1, v2 = np.empty(first.shape), np.empty(first.shape)
    status = np.empty(times.shape, dtype=np.int8)
    way = 1.0 if prograde else -1.0
    _batch(float(mu), first, second, times, int(revs), bool(low_path), way, v1, v2, status)
    # The arcs that the fast loop set aside are flown, to tell the solved from the sensitive.
    slow = np.flatnonzero(status == _UNCHECKED)
    if slow.size:
        with np.errstate(all="ignore"):
            flown, _ = propagate_kepler(mu, first[slow], v1[slow], times[slow])
            miss = np.abs(flown - second[slow]).max(axis=1)
        near = miss < _SENSITIVE_MISS * np.abs(second[slow]).max(axis=1)
        status[slow] = np.where(near, SOLVED, SENSITIVE)
    return v1.reshape(*shape, 3), v2.reshape(*shape, 3), status.reshape(shape)
