"""How an error of an orbit grows until an arrival: along an ellipse, or among the planets.

What is known of an orbit's error is, from good to poor: a covariance; the 1-sigma uncertainties of
the elements; the condition code. An error of the mean motion outgrows all others, so that where no
planet comes near, two bodies say how it grows, and where one does, two clones of the asteroid say
by how much more: the amplification. A covariance is propagated whole, by twelve clones.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from survey.astro.nbody import integrate
from survey.constants import AU_KM, DAY_S, GM_SUN_KM3_S2, J2000_JD
from survey.ephemeris import SPAN_JD_TDB
from survey.transfer.ephemerides import planets
from survey.transfer.targets import kepler_states

Array = NDArray[np.float64]

# Greatest runoff in longitude per decade, arcsec, of the condition codes 0 to 8 [MPC-U]. Code 9
# is everything beyond.
RUNOFF_ARCSEC: Final = (1.0, 4.4, 19.6, 86.5, 382.0, 1_692.0, 7_488.0, 33_121.0, 146_502.0)
DIRECTIONS: Final = (0, 5, 1, 2)
"""Elements whose errors are followed, by their place: a (au), mean anomaly (deg), e, i (deg)."""

_DECADE_S: Final = 3652.5 * DAY_S
_STEPS: Final = (1e-7, 1e-5, 1e-8, 1e-6)  # of the derivatives: units of the elements, a relative
_SIGMAS: Final = ("sigma_a_au", "sigma_mean_anomaly_deg", "sigma_e", "sigma_i_deg")
_ANGLES: Final = ("sigma_node_deg", "sigma_argperi_deg")
# Shifts of the clones: large against rounding, small against orbits and encounters.
_CLONE: Final = 2e-8
_SHIFT_KM, _SHIFT_KM_S = 3.0, 6e-7


def orbit_errors(catalog: pd.DataFrame, elements: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Errors that a catalogue admits, in the units of `DIRECTIONS`.

    Where the uncertainties of the elements are given, they are taken as independent of each other,
    but for the angles: those of node, perihelion and anomaly are large together where an orbit is
    well observed and hardly inclined or eccentric, and cancel in the longitude. They are taken to
    cancel as far as they can. A covariance says it better.

    Otherwise the condition code stands for an error of the mean motion, the greatest runoff of its
    class, which has grown since the last observation where the catalogue gives its year.

    Parameters
    ----------
    catalog : DataFrame
        Rows in the schema `survey.tables.CATALOG`, shape ``(n,)``.
    elements : ndarray, shape (n, 7)
        Of these rows, in the order of `survey.transfer.targets.ELEMENTS`.

    Returns
    -------
    errors : ndarray, shape (n, 4)
        Infinite where nothing is known, or nothing good.
    together : ndarray of bool, shape (n,)
        Whether the errors of a row are parts of one error, with signs, rather than independent.
    """
    sigmas, angles = (_columns(catalog, names) for names in (_SIGMAS, _ANGLES))
    given = np.isfinite(sigmas[:, 0])
    errors = np.nan_to_num(sigmas)
    errors[:, 1] = np.maximum(errors[:, 1] - np.nan_to_num(angles).sum(axis=1), 0.0)
    codes = [str(code) for code in catalog["condition_code"]]
    wrong = np.array([runoff_rate(code) for code in codes])  # of the mean motion, rad/s
    with np.errstate(invalid="ignore"):
        motion = np.sqrt(GM_SUN_KM3_S2 / (np.abs(elements[:, 0]) * AU_KM) ** 3)
        by_code = np.zeros_like(errors)
        by_code[:, 0] = -2.0 / 3.0 * wrong / motion * elements[:, 0]
        age = _since_observed(catalog, elements[:, 6])
        by_code[:, 1] = np.where(age > 0.0, np.degrees(wrong * age), 0.0)
    return np.where(given[:, None], errors, by_code), ~given


def runoff_rate(code: str) -> float:
    """Error of the mean motion that a condition code admits, rad/s; infinite for 9 and letters."""
    if code not in "012345678" or len(code) != 1:
        return float("inf")
    return float(np.radians(RUNOFF_ARCSEC[int(code)] / 3600.0) / _DECADE_S)


def undisturbed(elements: Array, arrival: Array) -> Array:
    """Differentiate the positions at arrival by the elements: ``(n, 4, 3)``, two bodies."""
    when, slopes = arrival[:, None], np.empty((len(elements), len(DIRECTIONS), 3))
    for k, (place, step) in enumerate(zip(DIRECTIONS, _STEPS, strict=True)):
        ends = []
        for sign in (1.0, -1.0):
            moved = elements.copy()
            moved[:, place] += sign * step * (elements[:, 0] if place == 0 else 1.0)
            ends.append(kepler_states(moved, when)[0][:, 0])
        width = 2.0 * step * (elements[:, :1] if place == 0 else 1.0)
        slopes[:, k] = (ends[0] - ends[1]) / width
    return slopes


def along_orbit(elements: Array, laws: Array, arrival: Array) -> Array:
    """Differentiate the positions at arrival by the semi-major axis: ``(n, 3)``, all bodies."""
    clones = np.repeat(elements, 2, axis=0)
    clones[:, 0] *= 1.0 + _CLONE * np.tile([1.0, -1.0], len(elements))
    r, v = kepler_states(clones, clones[:, 6:7])
    moved = _integrate(clones[:, 6], np.concatenate([r, v], axis=-1)[:, 0], laws, arrival, 2)
    return np.asarray((moved[:, 0] - moved[:, 1]) / (2.0 * _CLONE * elements[:, :1]))


def transitions(elements: Array, laws: Array, arrival: Array) -> Array:
    """Differentiate the positions at arrival by the initial states: ``(n, 3, 6)``, all bodies."""
    shifts = np.diag([_SHIFT_KM] * 3 + [_SHIFT_KM_S] * 3)
    r, v = kepler_states(elements, elements[:, 6:7])
    start = np.concatenate([r, v], axis=-1)
    signs = np.array([1.0, -1.0])[:, None, None]
    clones = (start[:, :, None, :] + signs * shifts).reshape(-1, 6)
    moved = _integrate(np.repeat(elements[:, 6], 12), clones, laws, arrival, 12)
    moved = moved.reshape(len(elements), 2, 6, 3)
    slopes = (moved[:, 0] - moved[:, 1]) / (2.0 * np.diag(shifts)[:, None])
    return np.asarray(np.swapaxes(slopes, 1, 2))


def larger_orbit(elements: Array) -> Array:
    """Differentiate the initial states by the semi-major axis: ``(n, 6)`` per au."""
    part = np.array([1.0 + 1e-6, *[1.0] * 6])
    ends = [
        np.concatenate(kepler_states(scaled, scaled[:, 6:7]), axis=-1)[:, 0]
        for scaled in (elements * part, elements)
    ]
    return np.asarray((ends[0] - ends[1]) / (1e-6 * elements[:, :1]))


def spread_km(slopes: Array, errors: Array, together: NDArray[np.bool_]) -> Array:
    """Uncertainty of positions along their worst axes, km, shape ``(n,)``.

    Parameters
    ----------
    slopes : ndarray, shape (n, 4, 3)
        Of the positions by the elements of `DIRECTIONS`.
    errors, together
        From `orbit_errors`.
    """
    known = np.asarray(np.isfinite(errors).all(axis=1))
    parts = slopes * np.where(known[:, None], errors, 0.0)[:, :, None]
    usable = np.asarray(np.isfinite(parts).all(axis=(1, 2)))
    parts = np.where(usable[:, None, None], parts, 0.0)
    one = np.linalg.norm(parts.sum(axis=1), axis=-1)
    worst = np.linalg.svd(parts, compute_uv=False)[:, 0]  # the parts as independent errors
    sigma = np.where(known, np.where(together, one, worst), np.inf)
    return np.where(usable, sigma, np.nan)


def _integrate(epoch: Array, state: Array, laws: Array, arrival: Array, each: int) -> Array:
    """Positions of `each` clones of every asteroid at its arrival, ``(n, each, 3)``."""
    origin = SPAN_JD_TDB[0]
    inside = epoch[(epoch >= origin) & (epoch <= origin + planets().stop / DAY_S)]
    ends = np.concatenate([inside, arrival])
    first = max(float(ends.min()) - 1.0, origin)
    last = min(float(ends.max()) + 1.0, origin + planets().stop / DAY_S)
    owner = np.repeat(np.arange(len(arrival)), each)
    moved = integrate(
        planets(), (epoch - origin) * DAY_S, state, (first - origin) * DAY_S,
        (last - origin) * DAY_S, laws=laws[owner],
    ).states(((arrival - origin) * DAY_S)[owner][:, None])  # fmt: skip
    return moved[:, 0, :3].reshape(len(arrival), each, 3)


def _columns(catalog: pd.DataFrame, names: tuple[str, ...]) -> Array:
    missing = np.full(len(catalog), np.nan)
    return np.stack(
        [catalog[n].to_numpy(dtype=float) if n in catalog else missing for n in names], axis=1
    )


def _since_observed(catalog: pd.DataFrame, epoch: Array) -> Array:
    """Seconds from the end of the last year of observation to the epoch; 0 where not given."""
    if "arc" not in catalog:
        return np.zeros(len(catalog))
    years = catalog["arc"].astype(str).str.extract(r"^\s*\d{4}-(\d{4})\s*$")[0].astype(float)
    last = J2000_JD - 0.5 + (years.to_numpy() + 1.0 - 2000.0) * 365.25
    return np.nan_to_num(np.maximum(epoch - last, 0.0)) * DAY_S
