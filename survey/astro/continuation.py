"""Following a curve of solutions: Newton's steps on planes, and pseudo-arclength continuation.

A system of m equations in m + 1 unknowns has a curve of solutions. A step goes along the tangent,
and Newton comes back to the curve on the plane across it, so that nothing happens where one of
the unknowns turns back [Doedel1991].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_TOLERANCE: Final = 3e-12  # Newton step, in the system's own units, that counts as rounding
_STALLED: Final = 1e-8  # a step as small as this that no longer shrinks is rounding, too
_MAX_NEWTON: Final = 12
_SMALLEST_STEP: Final = 1e-9
_TURN: Final = 0.985  # least cosine between neighbouring tangents


class System(Protocol):
    """What is followed: m equations in m + 1 unknowns."""

    def evaluate(self, unknowns: Array) -> Evaluation:
        """Return residuals, Jacobian matrix and whatever else the caller wants to keep."""
        ...


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The equations at one point.

    Attributes
    ----------
    residual : ndarray, shape (m,)
        Not finite where the point cannot be evaluated.
    jacobian : ndarray, shape (m, m + 1)
    final : ndarray, shape (6,)
        State at the end of the arc from which the equations were read.
    transition : ndarray, shape (6, 6)
        Transition matrix of that arc.
    """

    residual: Array
    jacobian: Array
    final: Array
    transition: Array


@dataclass(frozen=True, eq=False)
class CurvePoint:
    """A solution on the curve.

    Attributes
    ----------
    unknowns : ndarray, shape (m + 1,)
    tangent : ndarray, shape (m + 1,)
        Unit vector along the curve.
    arclength : float
        From the first solution, by steps.
    transition : ndarray, shape (6, 6)
        Transition matrix of the arc.
    """

    unknowns: Array
    tangent: Array
    arclength: float
    transition: Array


def solve_with(
    system: System,
    start: Array,
    condition: Callable[[Array], tuple[float, Array]],
    *,
    max_newton: int = _MAX_NEWTON,
) -> tuple[Array, Evaluation, int] | None:
    """Solve the system together with one more equation, by Newton's method.

    Parameters
    ----------
    system : System
        m equations in m + 1 unknowns.
    start : ndarray, shape (m + 1,)
        First guess.
    condition : callable
        Takes the unknowns, returns the value that shall vanish and its gradient.
    max_newton : int
        Most steps.

    Returns
    -------
    tuple of (ndarray, Evaluation, int) or None
        Solution, the equations there, number of evaluations; None where Newton fails.
    """
    unknowns = np.array(start, dtype=float)
    last = np.inf
    for count in range(1, max_newton + 1):
        found = system.evaluate(unknowns)
        value, gradient = condition(unknowns)
        matrix = np.vstack([found.jacobian, gradient])
        wanted = np.append(found.residual, value)
        if not (np.isfinite(wanted).all() and np.isfinite(matrix).all()):
            return None
        try:
            step = np.linalg.solve(matrix, wanted)
        except np.linalg.LinAlgError:
            return None
        size = float(np.linalg.norm(step))
        if size < _TOLERANCE or (size < _STALLED and size > 0.3 * last):
            # The last step still carries digits, and the matrix must belong to where it leads.
            unknowns = unknowns - step
            return unknowns, system.evaluate(unknowns), count
        if size > 1e3:
            return None
        unknowns = unknowns - step
        last = size
    return None


def tangent_at(jacobian: Array, towards: Array) -> Array:
    """Return the unit null vector of an m by m + 1 matrix, on the side of `towards`."""
    # The cofactors would do for m = 2; the SVD does for every m and says nothing of scale.
    null = np.linalg.svd(jacobian)[2][-1]
    return np.asarray(null if float(null @ towards) >= 0.0 else -null)


def correct_on_plane(
    system: System, predicted: Array, across: Array, *, max_newton: int = _MAX_NEWTON
) -> tuple[Array, Evaluation, int] | None:
    """Bring a prediction back to the curve, on the plane through it across a direction."""
    return solve_with(
        system,
        predicted,
        lambda u: (float(across @ (u - predicted)), across),
        max_newton=max_newton,
    )


def follow_curve(
    system: System,
    start: Array,
    towards: Array,
    *,
    stop: Callable[[Array, Evaluation], str | None],
    first_step: float,
    largest_step: float,
    max_points: int,
) -> tuple[list[CurvePoint], str]:
    """Follow the curve of solutions from a solution on it.

    Parameters
    ----------
    system : System
        m equations in m + 1 unknowns.
    start : ndarray, shape (m + 1,)
        A solution, to a few digits.
    towards : ndarray, shape (m + 1,)
        Any vector that makes an acute angle with the wanted direction.
    stop : callable
        Takes the unknowns of a new solution and the equations there; a text ends the walk before
        it and says why.
    first_step, largest_step : float
        Arclengths; the largest grows with the unknowns where they exceed 1.
    max_points : int
        Most solutions.

    Returns
    -------
    points : list of CurvePoint
        Empty if not even the start can be corrected.
    reason : str
        Why the walk ended.
    """
    corrected = correct_on_plane(system, np.asarray(start, dtype=float), towards)
    if corrected is None:
        return [], "the first orbit could not be corrected"
    unknowns, found, _ = corrected
    tangent = tangent_at(found.jacobian, towards)
    points = [CurvePoint(unknowns, tangent, 0.0, found.transition)]
    step = first_step
    while len(points) < max_points:
        here = points[-1]
        if step < _SMALLEST_STEP:
            return points, "the family cannot be followed any farther"
        corrected = correct_on_plane(
            system, here.unknowns + step * here.tangent, here.tangent, max_newton=6
        )
        if corrected is None:
            step *= 0.4
            continue
        unknowns, found, count = corrected
        tangent = tangent_at(found.jacobian, here.tangent)
        # A sharp turn means that the step cut a corner, or jumped to another branch.
        if float(tangent @ here.tangent) < _TURN:
            step *= 0.5
            continue
        reason = stop(unknowns, found)
        if reason is not None:
            return points, reason
        distance = float(np.linalg.norm(unknowns - here.unknowns))
        points.append(CurvePoint(unknowns, tangent, here.arclength + distance, found.transition))
        longest = largest_step * max(1.0, float(np.linalg.norm(unknowns)))
        step = min(step * (1.6 if count <= 4 else 1.0 if count == 5 else 0.7), longest)
    return points, "the largest number of members was reached"
