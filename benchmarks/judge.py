"""How far from the truth each answer of a contestant is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.problems import Arrays, flat_elements
from benchmarks.truth import positions, propagate


def misses(task: str, data: Arrays, answer: Arrays) -> NDArray[np.float64]:
    """Relative error of each answer of a contestant, shape ``(n,)``; NaN where there is none."""
    judges = {"lambert": _lambert, "wide": _lambert, "kepler": _kepler, "planets": _planets}
    return judges[task](data, answer)


def _lambert(data: Arrays, answer: Arrays) -> NDArray[np.float64]:
    """Fly the arc from its departure, and see how far from the aim it ends."""
    n = len(answer["v1"])  # the slow ones do only the first few
    arrived = propagate(data["mu"], data["r1"][:n], answer["v1"], data["tof"][:n])
    return _relative(arrived, data["r2"][:n])


def _kepler(data: Arrays, answer: Arrays) -> NDArray[np.float64]:
    n = len(answer["r"])
    return _relative(answer["r"], positions(flat_elements(data)[:n]))


def _planets(data: Arrays, answer: Arrays) -> NDArray[np.float64]:
    """Against DE440, read by jplephem straight from the file."""
    from jplephem.spk import SPK

    from benchmarks.contestants import EXCERPT, jplephem_earth

    with SPK.open(str(EXCERPT)) as kernel:
        return _relative(answer["r"], jplephem_earth(kernel, data["jd_tdb"])[0])


def _relative(found: NDArray[Any], true: NDArray[Any]) -> NDArray[np.float64]:
    distance = np.sqrt(np.sum((found - true) ** 2, axis=-1))
    return np.asarray(distance / np.sqrt(np.sum(true**2, axis=-1)), dtype=np.float64)
