"""Where asteroids are at any epochs: catalogue rows in, heliocentric states out."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pandas as pd
from astropy.time import Time
from numpy.typing import NDArray

from survey.transfer.ephemerides import BLOCK, check_span, integrate_rows, laws_of, valid_span
from survey.transfer.targets import Model, check_model, element_array, kepler_states

Array = NDArray[np.float64]

MARGIN_D = 1.0  # integrated beyond the epochs wanted, so that none lies on the very edge


def asteroid_state(
    catalog_rows: pd.DataFrame | pd.Series, epochs: Time, *, model: Model = "n-body"
) -> tuple[u.Quantity, u.Quantity]:
    """Heliocentric ecliptic J2000 states of asteroids.

    Parameters
    ----------
    catalog_rows : DataFrame or Series
        Rows of a catalogue, ``n`` of them.
    epochs : Time
        Epochs, shape ``(m,)``.
    model : {"n-body", "kepler"}, optional
        How the asteroid moves. ``n-body``: integrated from the epoch of its elements among Sun,
        planets and Moon, see `survey.transfer.ephemerides`. ``kepler``: the osculating ellipse of
        that epoch, undisturbed; stale after an encounter with a planet.

    Returns
    -------
    r, v : Quantity
        Shape ``(n, m, 3)``, km and km/s. NaN, by n-body, after an impact and for rows that cannot
        be integrated (see `survey.astro.nbody.STATUS`).

    Raises
    ------
    ValueError
        If `model` is not one of `survey.transfer.targets.MODELS`, or, by n-body, an epoch lies
        outside the span for which asteroids can be integrated.
    """
    r, v = target_states(catalog_rows, np.atleast_1d(epochs.tdb.jd), model)
    return r * u.km, v * (u.km / u.s)


def target_states(
    catalog_rows: pd.DataFrame | pd.Series, jd_tdb: Array, model: Model
) -> tuple[Array, Array]:
    """Return the same as `asteroid_state` as bare arrays, for Julian dates TDB ``(m,)``."""
    check_model(model)
    rows = catalog_rows.to_frame().T if isinstance(catalog_rows, pd.Series) else catalog_rows
    elements = element_array(rows)
    if model == "kepler" or not elements.size or not jd_tdb.size:
        return kepler_states(elements, jd_tdb)
    first, last = span_around(float(jd_tdb.min()), float(jd_tdb.max()))
    laws = laws_of(rows)
    parts = [
        integrate_rows(elements[n : n + BLOCK], laws[n : n + BLOCK], first, last).states(jd_tdb)
        for n in range(0, len(elements), BLOCK)
    ]
    r, v = (np.concatenate([part[k] for part in parts]) for k in (0, 1))
    return r, v


def span_around(first_jd: float, last_jd: float) -> tuple[float, float]:
    """Add `MARGIN_D` at both ends as far as ephemerides reach; ValueError if these dates do not."""
    low, high = valid_span()
    if not (low <= first_jd <= last_jd <= high):
        check_span(first_jd, last_jd if last_jd > first_jd else first_jd + MARGIN_D)
    return max(first_jd - MARGIN_D, low), min(last_jd + MARGIN_D, high)
