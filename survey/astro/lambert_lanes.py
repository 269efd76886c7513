"""Where problems lie in a work array, so that a loop over them becomes SIMD code, two abreast.

A solve is one long chain of square roots and divisions, each waiting for the one before. Two
chains in one loop body keep the processor busy, and make the loop half as fast again. So every
row of the array has two halves, and the loop at `j` works on the problems at `j` and `j + HALF`.
All distances are literals: that is what lets LLVM prove that the rows do not overlap.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from survey.astro.compiling import inlined

Array = NDArray[np.float64]
Vector = tuple[float, float, float]

BLOCK = 1024  # problems in one row
HALF = 520  # BLOCK / 2, and a cache line more, so that not all rows fall into the same cache set
ROW = 1040
_LANES = 8


@inlined
def place(j: int) -> int:
    """Where in a row problem `j` lies."""
    return (j & 1) * HALF + (j >> 1)


@inlined
def get(w: Array, row: int, at: int) -> float:
    """Read one number. Unsigned, because numba would test a signed index for being negative."""
    return float(w[np.uint64(row * ROW + at)])


@inlined
def put(w: Array, row: int, at: int, value: float) -> None:
    """Write one number."""
    w[np.uint64(row * ROW + at)] = value


@inlined
def vector(w: Array, row: int, at: int) -> Vector:
    """Read three rows at one place."""
    return get(w, row, at), get(w, row + 1, at), get(w, row + 2, at)


@inlined
def put_pair(w: Array, row: int, at: int, pair: tuple[float, float]) -> None:
    """Write two rows at one place."""
    put(w, row, at, pair[0])
    put(w, row + 1, at, pair[1])


@inlined
def pairs(count: int) -> int:
    """How far a loop over pairs of `count` problems goes, in whole SIMD registers.

    What the last lanes hold is solved along, and nobody reads the result.
    """
    return (count + 2 * _LANES - 1) // (2 * _LANES) * _LANES
