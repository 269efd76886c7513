"""Multiple shooting: a long unstable path as many short arcs that are made to join.

Over six revolutions about L2 an error grows by a factor of 1e19, so no first state can carry the
path. States at nodes can: each arc is short, and all joints are closed together. What the joints
leave free is decided by least squares [Gomez2001].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lu_factor, lu_solve

from survey.astro.cr3bp_flow import propagate_cr3bp

Array = NDArray[np.float64]

CONTINUITY: Final = 1e-12
"""Largest gap between neighbouring arcs, in any component, of a path that counts as joined."""

_TOLERANCE: Final = 1e-15
_RADII: Final = (1e-6, 1e-9)
_MAX_STEPS: Final = 25
_SETTLED: Final = 1e-9  # change of the states by a step that least squares still call a change


@dataclass(frozen=True, eq=False)
class Pinned:
    """Linear conditions on the state at one node: ``matrix @ state = value``.

    Attributes
    ----------
    node : int
    matrix : ndarray, shape (k, 6)
    value : ndarray, shape (k,)
    """

    node: int
    matrix: Array
    value: Array


@dataclass(frozen=True, eq=False)
class Seen:
    """Positions that the path shall come close to, in the sense of least squares.

    Attributes
    ----------
    times : ndarray, shape (k,)
        Within those of the nodes.
    positions : ndarray, shape (k, 3)
    """

    times: Array
    positions: Array


def join_arcs(
    mass_ratio: float,
    times: Array,
    states: Array,
    *,
    pinned: Pinned | None = None,
    seen: Seen | None = None,
) -> tuple[Array, float] | None:
    """Change states at nodes until the arcs between them join.

    Parameters
    ----------
    mass_ratio : float
    times : ndarray, shape (n,)
        Of the nodes, ascending; they stay as they are.
    states : ndarray, shape (n, 6)
        First guess.
    pinned : Pinned, optional
        Conditions on the state at one node.
    seen : Seen, optional
        Positions to fit. Without them each step is the shortest that closes the joints to first
        order, so that the path stays near the guess.

    Returns
    -------
    states : ndarray, shape (n, 6)
    gap : float
        Largest discontinuity left in any component; the whole answer is None where Newton's
        method fails.
    """
    nodes = np.array(states, dtype=float)
    steps = np.diff(times)
    size = nodes.size
    change = np.inf
    for _ in range(_MAX_STEPS):
        ends, phi, status = propagate_cr3bp(
            mass_ratio, nodes[:-1], steps, stm=True, tolerance=_TOLERANCE, radii=_RADII
        )
        if np.any(status != 0):
            return None
        gaps = ends - nodes[1:]
        gap = float(np.abs(gaps).max())
        if gap < CONTINUITY and (seen is None or change < _SETTLED):
            return nodes, gap
        if seen is None:
            normal, slope = np.eye(size), np.zeros(size)
        else:
            linear = _normal_equations(mass_ratio, times, nodes, seen)
            if linear is None:
                return None
            normal, slope = linear
        constraints, miss = _constraints(phi, gaps, nodes, pinned)
        step = _constrained_step(normal, slope, constraints, miss)
        if not np.isfinite(step).all():
            return None
        change = float(np.abs(step).max())
        # An arc may not jump: the equations are linear over a small part of the orbit only.
        reach = float(np.ptp(nodes[:, :3], axis=0).max())
        step *= min(1.0, 0.3 * reach / change) if change > 0.0 else 1.0
        nodes += step.reshape(nodes.shape)
    return None


def _constraints(
    phi: Array, gaps: Array, nodes: Array, pinned: Pinned | None
) -> tuple[Array, Array]:
    """Return the linearised joints, and pinned conditions, as ``A step = b``."""
    arcs = len(phi)
    rows = 6 * arcs
    extra = 0 if pinned is None else len(pinned.value)
    matrix = np.zeros((rows + extra, 6 * (arcs + 1)))
    for k in range(arcs):
        at = slice(6 * k, 6 * k + 6)
        matrix[at, at] = phi[k]
        matrix[at, 6 * k + 6 : 6 * k + 12] = -np.eye(6)
    wanted = np.concatenate([-gaps.ravel(), np.zeros(extra)])
    if pinned is not None:
        k = pinned.node
        matrix[rows:, 6 * k : 6 * k + 6] = pinned.matrix
        wanted[rows:] = pinned.value - pinned.matrix @ nodes[k]
    return matrix, wanted


def _normal_equations(
    mass_ratio: float, times: Array, nodes: Array, seen: Seen
) -> tuple[Array, Array] | None:
    """Return normal matrix and right-hand side of the fit to the positions seen."""
    arc = np.clip(np.searchsorted(times, seen.times, side="right") - 1, 0, len(times) - 2)
    reached, phi, status = propagate_cr3bp(
        mass_ratio,
        nodes[arc],
        seen.times - times[arc],
        stm=True,
        tolerance=_TOLERANCE,
        radii=_RADII,
    )
    if np.any(status != 0):
        return None
    partial = phi[:, :3, :]
    residual = seen.positions - reached[:, :3]
    normal = np.zeros((nodes.size, nodes.size))
    slope = np.zeros(nodes.size)
    for k in np.unique(arc):
        here, at = arc == k, slice(6 * k, 6 * k + 6)
        normal[at, at] = np.einsum("nij,nik->jk", partial[here], partial[here])
        slope[at] = np.einsum("nij,ni->j", partial[here], residual[here])
    return normal, slope


def _constrained_step(normal: Array, slope: Array, matrix: Array, wanted: Array) -> Array:
    """Minimise the quadratic form under linear constraints, by Lagrange's multipliers."""
    unknowns, rows = len(slope), len(wanted)
    scale = max(float(np.abs(normal).max()), 1e-300)
    system = np.zeros((unknowns + rows, unknowns + rows))
    system[:unknowns, :unknowns] = normal / scale
    system[:unknowns, unknowns:] = matrix.T
    system[unknowns:, :unknowns] = matrix
    right = np.concatenate([slope / scale, wanted])
    return np.asarray(lu_solve(lu_factor(system, check_finite=False), right)[:unknowns])
