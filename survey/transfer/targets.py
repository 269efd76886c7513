"""Orbits as bare numbers: the elements of catalogue rows, and the undisturbed motion on them."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from survey.astro.kepler import propagate_elements
from survey.constants import AU_KM, DAY_S, GM_SUN_KM3_S2

ELEMENTS = ["a_au", "e", "i_deg", "node_deg", "argperi_deg", "mean_anomaly_deg", "epoch_jd_tdb"]

Model = Literal["n-body", "kepler"]
MODELS: Final[tuple[Model, ...]] = ("n-body", "kepler")
"""How asteroids may be moved: among the planets, or on the ellipse of their epoch."""


def check_model(model: str) -> None:
    """Raise ValueError unless the model is one of `MODELS`."""
    if model not in MODELS:
        raise ValueError(f"the model was given as {model!r}: write one of {', '.join(MODELS)}")


def element_array(catalog_rows: pd.DataFrame | pd.Series) -> NDArray[np.float64]:
    """Orbital elements as bare numbers, shape ``(n, 7)``, in the order and units of `ELEMENTS`."""
    rows = catalog_rows.to_frame().T if isinstance(catalog_rows, pd.Series) else catalog_rows
    return rows[ELEMENTS].to_numpy(dtype=np.float64)


def kepler_states(
    elements: NDArray[np.float64], jd_tdb: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unperturbed heliocentric states, km and km/s, shape ``(n, m, 3)`` each.

    The epochs ``(m,)`` are common to all, or ``(n, m)`` each asteroid's own.
    """
    a, e, i, node, argperi, mean, epoch = elements.T
    i, node, argperi, mean = np.radians((i, node, argperi, mean))
    dt = (jd_tdb - epoch[:, None]) * DAY_S
    return propagate_elements(GM_SUN_KM3_S2, a * AU_KM, e, i, node, argperi, mean, dt)
