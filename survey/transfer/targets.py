"""Where the asteroids are: their catalogue rows moved to any epochs."""

from __future__ import annotations

from typing import Literal

import astropy.units as u
import numpy as np
import pandas as pd
from astropy.time import Time
from numpy.typing import NDArray

from survey.astro.kepler import propagate_elements
from survey.constants import AU_KM, DAY_S, GM_SUN_KM3_S2

ELEMENTS = ["a_au", "e", "i_deg", "node_deg", "argperi_deg", "mean_anomaly_deg", "epoch_jd_tdb"]
MODELS = ("kepler",)


def element_array(catalog_rows: pd.DataFrame | pd.Series) -> NDArray[np.float64]:
    """Orbital elements as bare numbers, shape ``(n, 7)``, in the order and units of `ELEMENTS`."""
    rows = catalog_rows.to_frame().T if isinstance(catalog_rows, pd.Series) else catalog_rows
    return rows[ELEMENTS].to_numpy(dtype=np.float64)


def kepler_states(
    elements: NDArray[np.float64], jd_tdb: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unperturbed heliocentric states, km and km/s, shape ``(n, m, 3)`` each."""
    a, e, i, node, argperi, mean, epoch = elements.T
    i, node, argperi, mean = np.radians((i, node, argperi, mean))
    dt = (jd_tdb - epoch[:, None]) * DAY_S
    return propagate_elements(GM_SUN_KM3_S2, a * AU_KM, e, i, node, argperi, mean, dt)


def asteroid_state(
    catalog_rows: pd.DataFrame | pd.Series,
    epochs: Time,
    *,
    model: Literal["kepler"] = "kepler",
) -> tuple[u.Quantity, u.Quantity]:
    """Heliocentric ecliptic J2000 states of asteroids.

    Parameters
    ----------
    catalog_rows : DataFrame or Series
        Rows of a catalogue, ``n`` of them.
    epochs : Time
        Epochs, shape ``(m,)``.
    model : {"kepler"}, optional
        How the asteroid moves. ``kepler``: the osculating ellipse of the catalogue's epoch,
        unperturbed; stale after an encounter with a planet.

    Returns
    -------
    r, v : Quantity
        Shape ``(n, m, 3)``, km and km/s.

    Raises
    ------
    ValueError
        If `model` is not one of `MODELS`.
    """
    if model not in MODELS:
        raise ValueError(f"the model was given as {model!r}: write one of {', '.join(MODELS)}")
    r, v = kepler_states(element_array(catalog_rows), np.atleast_1d(epochs.tdb.jd))
    return r * u.km, v * (u.km / u.s)
