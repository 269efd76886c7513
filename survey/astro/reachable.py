"""Everything a craft can reach from its parking orbit: computed once, asked many times.

The circular problem is autonomous, so a trajectory flown once stands for every departure date. A
few thousand of them, one for each phase and impulse, cover what a budget of impulse can reach.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from survey.astro.cr3bp_flow import sample_cr3bp
from survey.astro.shooting import inverse

Array = NDArray[np.float64]
Single = NDArray[np.float32]

NEAR: Final = 0.02  # how far a target may be from a trajectory for its linear prediction to be kept
_BLOCK: Final = 512  # trajectories integrated together
_TOLERANCE: Final = 1e-10


@dataclass(frozen=True)
class ReachableSet:
    """Trajectories that leave a parking orbit, at common times of flight.

    Parameters
    ----------
    phases : int
        Equally spaced phases of departure; trajectory ``i`` leaves at ``phase[i]``.
    phase : ndarray, shape (n,)
        Fraction of a revolution at departure.
    impulse : ndarray, shape (n, 3)
        Given at departure.
    tofs : ndarray, shape (k,)
        Times of flight, increasing.
    position, velocity : ndarray of float32, shape (k, n, 3)
        Rotating frame; NaN where the trajectory has met a primary.
    gain, push : ndarray of float32, shape (k, n, 3, 3)
        Change of the departure and of the arrival velocity by the position reached.
    """

    phases: int
    phase: Array
    impulse: Array
    tofs: Array
    position: Single
    velocity: Single
    gain: Single
    push: Single

    @cached_property
    def _trees(self) -> list[tuple[object, NDArray[np.int64]]]:
        """A search tree for each time of flight, and which trajectories are in it."""
        from scipy.spatial import cKDTree

        trees = []
        for positions in self.position:
            rows = np.flatnonzero(np.isfinite(positions).all(1))
            trees.append((cKDTree(positions[rows]), rows))
        return trees

    @cached_property
    def speeds(self) -> tuple[Array, Array]:
        """Corners of the box of all velocities, each of shape (3,)."""
        return (
            np.nanmin(self.velocity, axis=(0, 1)).astype(float),
            np.nanmax(self.velocity, axis=(0, 1)).astype(float),
        )

    @cached_property
    def bounds(self) -> tuple[Array, Array]:
        """Corners of the boxes outside which nothing is reached, each of shape (k, 3)."""
        return (
            np.nanmin(self.position, axis=1).astype(float) - NEAR,
            np.nanmax(self.position, axis=1).astype(float) + NEAR,
        )


def impulse_grid(budget: float, smallest: float) -> Array:
    """Return impulses on shells, closer where they are small, shape (n, 3).

    An arc near the parking orbit is stretched so much by its instability that small impulses reach
    as far apart as large ones do.
    """
    shells = int(np.ceil(np.log(budget / smallest) / np.log(1.55))) + 1
    sizes = np.geomspace(smallest, budget, shells)
    rows = []
    for number, size in enumerate(sizes):
        count = int(6 + 50 * number / max(1, shells - 1))
        k = np.arange(count) + 0.5
        polar, around = np.arccos(1 - 2 * k / count), np.pi * (1 + np.sqrt(5)) * k
        rows.append(
            size
            * np.stack(
                [np.cos(around) * np.sin(polar), np.sin(around) * np.sin(polar), np.cos(polar)],
                axis=1,
            )
        )
    return np.concatenate(rows)


def reachable_set(mass_ratio: float, states: Array, impulses: Array, tofs: Array) -> ReachableSet:
    """Fly every impulse from every phase of a parking orbit.

    Parameters
    ----------
    mass_ratio : float
        Of the primaries.
    states : ndarray, shape (p, 6)
        Of the parking orbit at equal steps of phase, rotating frame.
    impulses : ndarray, shape (m, 3)
        Tried at each phase.
    tofs : ndarray, shape (k,)
        Times of flight, increasing from above zero.

    Returns
    -------
    ReachableSet
        Of p m trajectories; 96 bytes for each and each time of flight.
    """
    p, m = len(states), len(impulses)
    start = np.repeat(states[:, None], m, axis=1)
    start[..., 3:] += impulses
    start = start.reshape(-1, 6)
    shape = (len(tofs), p * m)
    position, velocity = (np.empty((*shape, 3), np.float32) for _ in range(2))
    gain, push = (np.empty((*shape, 3, 3), np.float32) for _ in range(2))
    for first in range(0, p * m, _BLOCK):
        rows = slice(first, first + _BLOCK)
        path, phi, _ = sample_cr3bp(
            mass_ratio, start[rows], tofs, stm="velocity", tolerance=_TOLERANCE
        )
        back = inverse(phi[..., :3, :])
        position[:, rows] = np.swapaxes(path[..., :3], 0, 1)
        velocity[:, rows] = np.swapaxes(path[..., 3:], 0, 1)
        gain[:, rows] = np.swapaxes(back, 0, 1)
        push[:, rows] = np.swapaxes(phi[..., 3:, :] @ back, 0, 1)
    return ReachableSet(
        phases=p,
        phase=np.repeat(np.arange(p) / p, m),
        impulse=np.tile(impulses, (p, 1)),
        tofs=np.asarray(tofs, dtype=float),
        position=position,
        velocity=velocity,
        gain=gain,
        push=push,
    )
