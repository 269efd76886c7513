"""How far an asteroid's predicted position can be believed: impacts, encounters, uncertainty.

An integration moves what the catalogue says; it does not make it true. For each asteroid and
arrival this floor gives the nearest pass by the Earth since the epoch of the elements, the impact
if there is one, by how much the planets amplify an initial error beyond what an undisturbed orbit
would, the uncertainty of the position at arrival, and one line of text for the reader.
"""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Final

import numpy as np
import pandas as pd
from astropy.time import Time
from numpy.typing import ArrayLike, NDArray

from survey.astro.kepler import elements_to_state, propagate_kepler
from survey.astro.nbody import EMERGES, HIT, IMPACT, INTEGRATED, STATUS, integrate
from survey.constants import AU_KM, DAY_S, GM_SUN_KM3_S2
from survey.ephemeris import SPAN_JD_TDB
from survey.transfer.ephemerides import check_span, integrate_rows, laws_of, planets
from survey.transfer.targets import element_array

Array = NDArray[np.float64]

# Greatest runoff in longitude per decade, arcsec, of the condition codes 0 to 8 [MPC-U]. Code 9
# is everything beyond.
RUNOFF_ARCSEC: Final = (1.0, 4.4, 19.6, 86.5, 382.0, 1_692.0, 7_488.0, 33_121.0, 146_502.0)
CLOSE_AU: Final = 0.01  # an encounter that amplifies the uncertainty of the orbit
AMPLIFIED: Final = 10.0
DOUBTFUL_KM: Final = 100_000.0  # at 10 km/s, three hours
_DECADE_S: Final = 3652.5 * DAY_S
_SHIFT_KM, _SHIFT_KM_S = 3.0, 6e-7  # of the clones: large against rounding, small against orbits

COLUMNS: Final = (
    "designation", "earth_pass_au", "earth_pass_jd_tdb", "impact_body", "impact_jd_tdb",
    "amplification", "sigma_km", "trusted", "flag",
)  # fmt: skip


def assess(
    catalog: pd.DataFrame,
    arrival_jd_tdb: ArrayLike,
    *,
    covariance: ArrayLike | None = None,
    executor: Executor | None = None,
) -> pd.DataFrame:
    """Say how far the positions of asteroids at their arrivals can be believed.

    Parameters
    ----------
    catalog : DataFrame
        Rows in the schema `survey.tables.CATALOG`, n of them; one row may come several times.
    arrival_jd_tdb : array_like, shape (n,)
        When each is to be met, JD TDB.
    covariance : array_like, shape (n, 6, 6), optional
        Covariance of the heliocentric state at the epoch, km and km/s, ecliptic J2000; rows that
        are NaN throughout are unknown. Without one the condition code serves: the greatest runoff
        of its class, taken for an error of the mean motion.
    executor : concurrent.futures.Executor, optional
        Who integrates the clones.

    Returns
    -------
    DataFrame
        One row each: `designation`; `earth_pass_au`, `earth_pass_jd_tdb`: nearest pass from epoch
        to arrival, if within 0.1 au; `impact_body`, `impact_jd_tdb`: before
        arrival, or before the epoch (elements that a catalogue kept after the impact);
        `amplification`: greatest growth of a position error, as a multiple of that on the
        undisturbed orbit; `sigma_km`: uncertainty of the position at arrival along its worst
        axis, NaN where unknown, infinite where the orbit is lost; `trusted`; `flag`: empty, or
        why not.

    Raises
    ------
    ValueError
        If an arrival lies outside the span of the ephemeris, or a covariance is not finite or not
        symmetric.
    """
    arrivals = np.broadcast_to(np.asarray(arrival_jd_tdb, dtype=float), (len(catalog),))
    for jd in arrivals:
        check_span(float(jd) - 1.0, float(jd))
    spread = _covariances(covariance, len(catalog))
    elements, laws = element_array(catalog) if len(catalog) else np.empty((0, 7)), laws_of(catalog)
    codes = [str(code) for code in catalog["condition_code"]]
    tasks = [
        (elements[n], laws[n], float(arrivals[n]), spread[n], codes[n]) for n in range(len(codes))
    ]
    groups = [tasks[n : n + 16] for n in range(0, len(tasks), 16)]
    work = map if executor is None else executor.map
    found = [record for records in work(_assess, groups) for record in records]
    frame = pd.DataFrame(found, columns=list(COLUMNS[1:]))
    frame.insert(0, "designation", catalog["designation"].to_numpy())
    return frame


def runoff_km(code: str, a_km: float, years: float) -> float:
    """Error along the orbit after some years that a condition code admits, km; infinite for 9."""
    if code not in "012345678" or len(code) != 1:
        return float("inf")
    return float(np.radians(RUNOFF_ARCSEC[int(code)] / 3600.0) * a_km * abs(years) / 10.0)


def _covariances(covariance: ArrayLike | None, count: int) -> Array:
    if covariance is None:
        return np.full((count, 6, 6), np.nan)
    given = np.asarray(covariance, dtype=float)
    if given.shape != (count, 6, 6):
        raise ValueError(
            f"the covariance has shape {given.shape}: give {(count, 6, 6)}, NaN where unknown"
        )
    for n, matrix in enumerate(given):
        if np.isnan(matrix).all():
            continue
        if not np.isfinite(matrix).all() or not np.allclose(matrix, matrix.T, rtol=1e-6):
            raise ValueError(
                f"the covariance of row {n} is not a finite symmetric matrix: correct it, or make "
                "it NaN throughout to use the condition code"
            )
    return given


def _assess(tasks: list[tuple[Array, Array, float, Array, str]]) -> list[tuple[object, ...]]:
    """Assess a few asteroids; see `assess` for the fields."""
    elements, laws = np.array([t[0] for t in tasks]), np.array([t[1] for t in tasks])
    arrival = np.array([t[2] for t in tasks])
    epoch = elements[:, 6]
    inside = np.isfinite(epoch) & (epoch >= SPAN_JD_TDB[0]) & (epoch <= SPAN_JD_TDB[1])
    first = np.minimum(np.where(inside, epoch, arrival), arrival).min() - 1.0
    last = np.maximum(np.where(inside, epoch, arrival), arrival).max() + 1.0
    low, high = SPAN_JD_TDB[0], SPAN_JD_TDB[0] + planets().stop / DAY_S
    # Back to the ephemeris' first day: an orbit that comes out of the Earth is that of an object
    # which has hit it, and of which a catalogue still keeps the elements.
    base = integrate_rows(elements, laws, low, min(last, high))
    passes, hit = base.passes, base.hit_jd_tdb
    matrices = _transitions(elements, laws, arrival, max(first, low), min(last, high))
    records: list[tuple[object, ...]] = []
    for n, (row, _, when, spread, code) in enumerate(tasks):
        own = passes[(passes["asteroid"] == n) & (passes["body"] == "earth")]
        begin, end = sorted((row[6], when)) if inside[n] else (np.inf, -np.inf)
        own = own[(own["jd_tdb"] >= begin) & (own["jd_tdb"] <= end)]
        pass_au = pass_jd = np.nan
        if len(own):
            k = int(np.argmin(own["distance_km"].to_numpy()))
            pass_au, pass_jd = own["distance_km"].iloc[k] / AU_KM, own["jd_tdb"].iloc[k]
        struck = base.status[n] == IMPACT and row[6] <= hit[n] <= when
        touched = struck or base.status[n] == EMERGES
        body = HIT[base.trajectories.hit_body[n]] if touched else ""
        growth, sigma = np.nan, np.nan
        usable = not struck and base.status[n] in (INTEGRATED, IMPACT, EMERGES)
        if usable:
            growth = _growth(matrices[n], row, when)
            sigma = _sigma(matrices[n], row, spread, code, when)
        flag = _flag(int(base.status[n]), body, hit[n], pass_au, pass_jd, growth, sigma, code)
        records.append(
            (pass_au, pass_jd, body, hit[n] if touched else np.nan, growth, sigma, not flag, flag)
        )
    return records


def _start(elements: Array) -> Array:
    """Heliocentric state (6,) at the epoch of one row of elements."""
    a, e, i, node, argperi, mean = elements[:6]
    angles = np.radians((i, node, argperi, mean))
    return np.concatenate(elements_to_state(GM_SUN_KM3_S2, a * AU_KM, e, *angles))


def _transitions(elements: Array, laws: Array, arrival: Array, first: float, last: float) -> Array:
    """Differentiate the positions at arrival by the initial states ``(n, 3, 6)``, by clones."""
    shifts = np.diag([_SHIFT_KM] * 3 + [_SHIFT_KM_S] * 3)
    start = np.array([_start(row) for row in elements])
    signs = np.array([1.0, -1.0])[:, None, None]
    clones = (start[:, None, None, :] + signs * shifts).reshape(-1, 6)
    origin = SPAN_JD_TDB[0]
    repeated = np.repeat(np.arange(len(elements)), 12)
    moved = integrate(
        planets(), (elements[repeated, 6] - origin) * DAY_S, clones,
        (first - origin) * DAY_S, (last - origin) * DAY_S, laws=laws[repeated],
    ).states(((arrival - origin) * DAY_S)[repeated][:, None])[:, 0, :3]  # fmt: skip
    moved = moved.reshape(len(elements), 2, 6, 3)
    slopes = (moved[:, 0] - moved[:, 1]) / (2.0 * np.diag(shifts)[:, None])
    return np.asarray(np.swapaxes(slopes, 1, 2))


def _growth(matrix: Array, row: Array, when: float) -> float:
    """Largest singular value beside that of the two-body motion from the same state."""
    start, dt = _start(row), (when - row[6]) * DAY_S
    shifts = np.diag([_SHIFT_KM] * 3 + [_SHIFT_KM_S] * 3)
    ends = [
        propagate_kepler(GM_SUN_KM3_S2, start[:3] + s * d[:3], start[3:] + s * d[3:], dt)[0]
        for d in shifts
        for s in (1.0, -1.0)
    ]
    free = (np.array(ends[::2]) - np.array(ends[1::2])).T / (2.0 * np.diag(shifts))
    motion = np.sqrt(GM_SUN_KM3_S2 / (row[0] * AU_KM) ** 3)
    weights = np.array([1.0] * 3 + [motion] * 3)  # a speed counts as what it moves in a radian
    if not np.isfinite(matrix).all():
        return float("nan")
    ours, theirs = (np.linalg.svd(m * weights, compute_uv=False)[0] for m in (matrix, free))
    return float(ours / theirs)


def _sigma(matrix: Array, row: Array, spread: Array, code: str, when: float) -> float:
    """Uncertainty of the position at arrival along its worst axis, km."""
    if not np.isfinite(matrix).all():
        return float("nan")
    if np.isfinite(spread).all():
        return float(np.sqrt(max(np.linalg.eigvalsh(matrix @ spread @ matrix.T)[-1], 0.0)))
    if runoff_km(code, 1.0, 1.0) == float("inf"):
        return float("inf")
    # An error of the mean motion: a larger ellipse with the same anomaly at the epoch.
    motion = np.sqrt(GM_SUN_KM3_S2 / (row[0] * AU_KM) ** 3)
    wrong = np.radians(RUNOFF_ARCSEC[int(code)] / 3600.0) / _DECADE_S
    part = 1e-6
    shift = (_start(np.array([row[0] * (1.0 + part), *row[1:]])) - _start(row)) / part
    along = matrix @ (shift * (2.0 / 3.0) * wrong / motion)
    return float(np.linalg.norm(along))


def _day(jd: float) -> str:
    # TDB, a minute off UTC: leap seconds decades ahead are not known.
    return str(Time(jd, format="jd", scale="tdb").iso[:10])


def _flag(
    status: int, body: str, hit: float, pass_au: float, pass_jd: float, growth: float, sigma: float,
    code: str,
) -> str:  # fmt: skip
    """One line for the reader; empty if the position can be believed."""
    if body:
        where = ("the " if body in ("sun", "earth", "moon") else "") + body.capitalize()
        if status == EMERGES:
            return f"comes out of {where} on {_day(hit)}: it hit then, or its elements are poor"
        return f"hits {where} on {_day(hit)}: it is no longer there"
    if status not in (INTEGRATED, IMPACT):
        return STATUS[status]
    reasons = []
    if pass_au < CLOSE_AU:
        reasons.append(f"passes the Earth at {pass_au:.4f} au on {_day(pass_jd)}")
    if growth > AMPLIFIED:
        reasons.append(f"encounters amplify errors {growth:,.0f}-fold")
    if sigma == float("inf"):
        reasons.append(f"orbit condition {code or 'unknown'}: the position is not known")
    elif sigma > DOUBTFUL_KM:
        reasons.append(f"position uncertain by {sigma:,.0f} km")
    return "; ".join(reasons)
