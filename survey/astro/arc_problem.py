"""Where arcs of the elliptic problem begin and end: on the parking orbit, at the targets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
Departure = Callable[[Indices, Array, Array], Array]
"""States of the parking orbit: arc (n,), anomaly (n,), phase (n,) -> (n, 6)."""
Target = Callable[[Indices, Array], Array]
"""States of the target: arc (n,), anomaly (n,) -> (n, 6)."""


@dataclass(frozen=True)
class Problem:
    """What arcs have in common.

    Parameters
    ----------
    mass_ratio, eccentricity : float
        Of the primaries.
    departure, target : callable
        States of the parking orbit ``(index, anomaly, phase) -> (n, 6)`` and of the targets
        ``(index, anomaly) -> (n, 6)``, rotating and pulsating; index tells which arc is meant.
        Both move as the elliptic problem has it.
    period : float
        Of the parking orbit, radians of anomaly: while a departure moves, its phase goes on.
    """

    mass_ratio: float
    eccentricity: float
    departure: Departure
    target: Target
    period: float
