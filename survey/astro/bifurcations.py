"""Where a family of periodic orbits changes its stability, and other families branch off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from survey.astro.family import Family
from survey.astro.periodic import PeriodicOrbit

Array = NDArray[np.float64]

KINDS: Final = {
    "tangent": "a pair of multipliers passes through 1",
    "period doubling": "a pair of multipliers passes through -1",
    "Krein": "two pairs of multipliers meet, or part again, off the real axis",
}
"""What the kinds of bifurcations mean."""

_TOLERANCE: Final = 1e-10  # of the arclength


@dataclass(frozen=True, eq=False)
class Bifurcation:
    """A change of stability.

    Attributes
    ----------
    kind : str
        A key of `KINDS`.
    orbit : PeriodicOrbit
        The member at which it happens, with its period, Jacobi constant and state.
    arclength : float
        Its place in the family, for ``Family.at``.
    fold : bool
        Whether the Jacobi constant turns back here. A tangent bifurcation at a fold is the
        turning itself; at any other place another family branches off.
    exact : bool
        False where Newton's method fails so close to a branch of the same symmetry; `orbit` is
        then the nearer of the two members between which it lies.
    """

    kind: str
    orbit: PeriodicOrbit
    arclength: float
    fold: bool
    exact: bool


def find_bifurcations(family: Family) -> tuple[Bifurcation, ...]:
    """Return the bifurcations along a family, each brought to convergence.

    Parameters
    ----------
    family : Family

    Returns
    -------
    tuple of Bifurcation
        In the order of the family. Two of one kind between the same two neighbouring members
        cancel and are not seen.

    Notes
    -----
    With ν₁, ν₂ the half sums ``(λ + 1/λ)/2``, the tests are the signs of (1 - ν₁)(1 - ν₂), of
    (1 + ν₁)(1 + ν₂) and of (ν₁ - ν₂)², which are real and change smoothly even where the two pairs
    change places or leave the real axis [Howell1984].
    """
    turns = _turning_points(family)
    found = []
    for kind in KINDS:
        values = _test(kind, family.half_sums)
        for k in np.flatnonzero(values[:-1] * values[1:] < 0.0):
            low, high = family.arclengths[k], family.arclengths[k + 1]
            # Both sit between the same two members, if they are one.
            fold = bool(np.any((turns >= low) & (turns <= high))) and kind == "tangent"
            try:
                place = float(
                    brentq(
                        lambda s, kind=kind: _test_at(family, kind, s), low, high, xtol=_TOLERANCE
                    )
                )
                found.append(Bifurcation(kind, family.at(place), place, fold, True))
            except ValueError:
                near = k if abs(values[k]) < abs(values[k + 1]) else k + 1
                place = float(family.arclengths[near])
                found.append(Bifurcation(kind, family.at(place), place, fold, False))
    return tuple(sorted(found, key=lambda b: b.arclength))


def _test(kind: str, sums: NDArray[np.complex128]) -> Array:
    first, second = sums[..., 0], sums[..., 1]
    if kind == "tangent":
        value = (1.0 - first) * (1.0 - second)
    elif kind == "period doubling":
        value = (1.0 + first) * (1.0 + second)
    else:
        value = (first - second) ** 2
    return np.asarray(np.real(value))


def _test_at(family: Family, kind: str, arclength: float) -> float:
    multipliers = family.at(arclength).multipliers
    # Entry k and entry 5 - k are a pair.
    sums = 0.5 * (multipliers[:2] + multipliers[:3:-1])
    return float(_test(kind, sums))


def _turning_points(family: Family) -> Array:
    """Return arclengths at which the Jacobi constant has an extremum."""
    turns = family.curve("jacobi").derivative().roots(extrapolate=False)
    return np.asarray(turns[np.isfinite(turns)], dtype=float)
