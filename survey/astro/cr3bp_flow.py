"""Trajectories of the restricted three-body problem, in batch, with their transition matrices."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro.cr3bp_lanes import ARRIVED, COLLIDED, NO_EVENT, NOT_FINITE, TOO_LONG, fly
from survey.astro.cr3bp_lanes import sample as sample_lanes
from survey.astro.cr3bp_taylor import COLUMNS, lanes

Array = NDArray[np.float64]
Codes = NDArray[np.int8]

STATUS: Final = MappingProxyType(
    {
        ARRIVED: "arrived",
        COLLIDED: "came within the radius of a primary",
        NOT_FINITE: "the initial state, the mass ratio, the time or the path is not finite",
        TOO_LONG: "needs more than 100,000 steps",
        NO_EVENT: "the event did not happen in the time given",
    }
)
"""What the status codes mean."""

# Sun and Earth (695,700 km, 6,378.137 km: IAU 2015 Resolution B3) over 149,597,870.7 km. In other
# systems they keep the integrator away from the singular points.
RADII: Final = (695_700.0 / 149_597_870.7, 6_378.137 / 149_597_870.7)
"""Radii of the primaries at which a trajectory ends, unless the caller gives others."""


@overload
def propagate_cr3bp(
    mass_ratio: ArrayLike,
    state: ArrayLike,
    t: ArrayLike,
    *,
    stm: Literal[False] = False,
    tolerance: float = 1e-12,
    radii: tuple[float, float] = RADII,
) -> tuple[Array, Codes]: ...
@overload
def propagate_cr3bp(
    mass_ratio: ArrayLike,
    state: ArrayLike,
    t: ArrayLike,
    *,
    stm: Literal[True, "velocity"],
    tolerance: float = 1e-12,
    radii: tuple[float, float] = RADII,
) -> tuple[Array, Array, Codes]: ...
def propagate_cr3bp(
    mass_ratio: ArrayLike,
    state: ArrayLike,
    t: ArrayLike,
    *,
    stm: bool | Literal["velocity"] = False,
    tolerance: float = 1e-12,
    radii: tuple[float, float] = RADII,
) -> tuple[Array, Codes] | tuple[Array, Array, Codes]:
    """Propagate states of the circular problem in the rotating frame.

    Parameters
    ----------
    mass_ratio : array_like, shape (...)
        Mass of the lighter primary over the mass of both.
    state : array_like, shape (..., 6)
        Position and velocity in the rotating frame, in its units.
    t : array_like, shape (...)
        Durations; negative ones lead backwards.
    stm : bool or "velocity"
        Whether to return the state-transition matrix, or only its three columns by the initial
        velocity, which cost half as much.
    tolerance : float
        Of each step, relative.
    radii : tuple of float
        Of the heavier and the lighter primary; a trajectory that comes as near has failed.

    Returns
    -------
    final : ndarray, shape (..., 6)
        States reached; NaN where the status is not 0.
    phi : ndarray, shape (..., 6, 6) or (..., 6, 3), only with `stm`
        Derivatives of the final state (rows) by the initial one, or by its velocity.
    status : ndarray of int8, shape (...)
        Explained by `STATUS`.

    Notes
    -----
    Adaptive Taylor series [BiscaniIzzo2021] of the equations of motion and of the variational
    equations ([Szebehely1967] chapters 1 and 10). May be called from several threads.
    """
    start, constants, duration, shape = broadcast_rows(mass_ratio, state, t, radii)
    final, _, status, _ = fly(
        lanes(stm, tolerance), start, constants, np.zeros(len(start)), duration
    )
    final[status != ARRIVED] = np.nan
    codes = status.reshape(shape)
    if not COLUMNS[stm]:
        return final.reshape(*shape, 6), codes
    return final[:, :6].reshape(*shape, 6), transition_matrix(final, shape), codes


@overload
def sample_cr3bp(
    mass_ratio: ArrayLike,
    state: ArrayLike,
    times: ArrayLike,
    *,
    stm: Literal[False] = False,
    tolerance: float = 1e-12,
    radii: tuple[float, float] = RADII,
) -> tuple[Array, Codes]: ...
@overload
def sample_cr3bp(
    mass_ratio: ArrayLike,
    state: ArrayLike,
    times: ArrayLike,
    *,
    stm: Literal[True, "velocity"],
    tolerance: float = 1e-12,
    radii: tuple[float, float] = RADII,
) -> tuple[Array, Array, Codes]: ...
def sample_cr3bp(
    mass_ratio: ArrayLike,
    state: ArrayLike,
    times: ArrayLike,
    *,
    stm: bool | Literal["velocity"] = False,
    tolerance: float = 1e-12,
    radii: tuple[float, float] = RADII,
) -> tuple[Array, Codes] | tuple[Array, Array, Codes]:
    """Return states along trajectories, at instants common to all.

    Parameters
    ----------
    mass_ratio, state, stm, tolerance, radii
        As in `propagate_cr3bp`.
    times : array_like, shape (k,)
        Instants after that of `state`, all increasing from 0 or all decreasing from 0.

    Returns
    -------
    path : ndarray, shape (..., k, 6)
        States, read off the same Taylor series as the steps; NaN from the instant on at which a
        trajectory failed.
    phi : ndarray, shape (..., k, 6, 6) or (..., k, 6, 3), only with `stm`
    status : ndarray of int8, shape (...)
        Explained by `STATUS`.

    Raises
    ------
    ValueError
        If the times are not a sequence that leads away from 0.
    """
    instants = np.asarray(times, dtype=float)
    steps = np.diff(instants, prepend=0.0)
    ahead = np.all(steps[1:] > 0) and np.all(instants >= 0)
    back = np.all(steps[1:] < 0) and np.all(instants <= 0)
    if instants.ndim != 1 or not (ahead or back) or not np.all(np.isfinite(instants)):
        raise ValueError(
            f"times were given as {times!r}, but must be finite numbers that lead away from 0 in "
            "one direction: sort them, and ask for past and future in two calls"
        )
    start, constants, _, shape = broadcast_rows(mass_ratio, state, 0.0, radii)
    path, status = sample_lanes(lanes(stm, tolerance), start, constants, instants)
    codes = status.reshape(shape)
    shape = (*shape, len(instants))
    if not COLUMNS[stm]:
        return path.reshape(*shape, 6), codes
    flat = path.reshape(-1, path.shape[-1])
    return flat[:, :6].reshape(*shape, 6), transition_matrix(flat, shape), codes


def broadcast_rows(
    mass_ratio: ArrayLike, state: ArrayLike, t: ArrayLike, radii: tuple[float, float]
) -> tuple[Array, Array, Array, tuple[int, ...]]:
    """Lay the arguments out as rows: states, parameters of the integrator, durations."""
    start = np.asarray(state, dtype=float)
    if start.ndim == 0 or start.shape[-1] != 6:
        raise ValueError(
            f"the state was given with shape {start.shape}, but its last axis must have the six "
            "components x, y, z and their rates"
        )
    ratio, duration = np.asarray(mass_ratio, dtype=float), np.asarray(t, dtype=float)
    shape = np.broadcast_shapes(start.shape[:-1], ratio.shape, duration.shape)
    rows = np.broadcast_to(start, (*shape, 6)).reshape(-1, 6)
    constants = np.empty((len(rows), 3))
    constants[:, 0] = np.broadcast_to(ratio, shape).ravel()
    constants[:, 1:] = np.square(radii)
    return rows, constants, np.broadcast_to(duration, shape).ravel(), shape


def transition_matrix(rows: Array, shape: tuple[int, ...]) -> Array:
    """Turn columns that lie one after the other below the states into matrices."""
    stacked = rows[:, 6:].reshape(*shape, rows.shape[1] // 6 - 1, 6)
    return np.ascontiguousarray(np.swapaxes(stacked, -1, -2))
