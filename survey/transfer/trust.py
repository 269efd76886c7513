"""How far an asteroid's predicted position can be believed: impacts, encounters, uncertainty.

An integration moves what the catalogue says; it does not make it true. For each asteroid and
arrival this floor gives the nearest pass by the Earth since the epoch of the elements, the impact
if there is one, by how much the planets amplify an error along the orbit beyond what it would grow
to on an undisturbed one, the uncertainty of the position at arrival, and one line of text for the
reader.
"""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Final

import numpy as np
import pandas as pd
from astropy.time import Time
from numpy.typing import ArrayLike, NDArray

from survey.astro.nbody import EMERGES, HIT, IMPACT, INTEGRATED, OUTSIDE, STATUS
from survey.astro.nbody_forces import GM, PERTURBERS
from survey.constants import AU_KM, DAY_S
from survey.ephemeris import SPAN_JD_TDB
from survey.transfer.ephemerides import (
    AsteroidEphemeris,
    Ephemerides,
    check_span,
    integrate_rows,
    laws_of,
    valid_span,
)
from survey.transfer.executor import answers
from survey.transfer.sightings import seen_after
from survey.transfer.targets import element_array
from survey.transfer.trust_spread import (
    along_orbit,
    larger_orbit,
    orbit_errors,
    spread_km,
    transitions,
    undisturbed,
)

Array = NDArray[np.float64]

CLOSE_AU: Final = 0.01  # an encounter that amplifies the uncertainty of the orbit
AMPLIFIED: Final = 10.0
DOUBTFUL_KM: Final = 100_000.0  # at 10 km/s, three hours
# Growth of an error by encounters below which the undisturbed orbit says how it grows.
_NOTABLE: Final = 0.3
_GROUP: Final = 64  # asteroids of a piece of work
_FATE: Final = np.dtype(
    [
        ("status", "i8"), ("hit_jd", "f8"), ("body", "i8"), ("pass_au", "f8"), ("pass_jd", "f8"),
        ("kick", "f8"),
    ]
)  # fmt: skip

COLUMNS: Final = (
    "designation", "earth_pass_au", "earth_pass_jd_tdb", "impact_body", "impact_jd_tdb",
    "amplification", "sigma_km", "trusted", "flag",
)  # fmt: skip


def assess(
    catalog: pd.DataFrame,
    arrival_jd_tdb: ArrayLike,
    *,
    covariance: ArrayLike | None = None,
    ephemerides: Ephemerides | None = None,
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
        are NaN throughout are unknown: their elements' uncertainties serve, or the condition
        code, see `survey.transfer.trust_spread.orbit_errors`.
    ephemerides : Ephemerides, optional
        Of these rows, in this order, over a span that includes the arrivals. Without them the
        asteroids are integrated here, back to a day on which they were certainly still seen, so
        that elements which a catalogue kept after an impact show it.
    executor : concurrent.futures.Executor, optional
        Who integrates.

    Returns
    -------
    DataFrame
        One row each: `designation`; `earth_pass_au`, `earth_pass_jd_tdb`: nearest pass from epoch
        to arrival, if within 0.1 au; `impact_body`, `impact_jd_tdb`: before
        arrival, or before the epoch (elements that a catalogue kept after the impact);
        `amplification`: growth of an error of the mean motion until arrival, as a multiple of that
        on the undisturbed orbit, 1 where no planet comes near; `sigma_km`: uncertainty of the
        position at arrival along its worst axis, NaN where there is no position, infinite where
        nothing good is known of the orbit; `trusted`; `flag`: empty, or why not.

    Raises
    ------
    ValueError
        If an arrival lies outside the span of the ephemeris, a covariance is not finite or not
        symmetric, or the ephemerides are of other rows or dates.
    """
    arrival = np.array(np.broadcast_to(np.asarray(arrival_jd_tdb, dtype=float), (len(catalog),)))
    _check_arrivals(arrival, ephemerides)
    spread = _covariances(covariance, len(catalog))
    if not len(catalog):
        return pd.DataFrame(columns=list(COLUMNS))
    elements, laws = element_array(catalog), laws_of(catalog)
    fate = _fates(elements, laws, arrival, seen_after(catalog), ephemerides, executor)
    touched = (fate["status"] == EMERGES) | (
        (fate["status"] == IMPACT)
        & (elements[:, 6] <= fate["hit_jd"])
        & (fate["hit_jd"] <= arrival)
    )
    usable = np.isin(fate["status"], (INTEGRATED, IMPACT, EMERGES))
    usable &= ~(touched & (fate["status"] == IMPACT))
    growth, sigma = _uncertainty(
        catalog, elements, laws, arrival, spread, usable, fate["kick"], executor
    )
    body = np.where(touched, np.array(HIT, dtype=object)[fate["body"]], "")
    hit = np.where(touched, fate["hit_jd"], np.nan)
    codes = [str(code) for code in catalog["condition_code"]]
    flags = [
        _flag(int(fate["status"][n]), body[n], hit[n], fate["pass_au"][n], fate["pass_jd"][n],
              growth[n], sigma[n], codes[n], elements[n, 6])
        for n in range(len(catalog))
    ]  # fmt: skip
    values = (
        catalog["designation"].to_numpy(), fate["pass_au"], fate["pass_jd"], body, hit, growth,
        sigma, [not flag for flag in flags], flags,
    )  # fmt: skip
    return pd.DataFrame(dict(zip(COLUMNS, values, strict=True)))


def _check_arrivals(arrival: Array, ephemerides: Ephemerides | None) -> None:
    low, high = valid_span()
    bad = ~((arrival - 1.0 >= low) & (arrival <= high))
    if bad.any():
        first = float(arrival[bad][0])
        check_span(first - 1.0, first)
    if ephemerides is None or not len(arrival):
        return
    if len(ephemerides) != len(arrival):
        raise ValueError(
            f"the ephemerides are of {len(ephemerides)} rows, the catalogue has {len(arrival)}: "
            "give those of the same rows in the same order"
        )
    if arrival.min() < ephemerides.first_jd or arrival.max() > ephemerides.last_jd:
        raise ValueError(
            f"the ephemerides cover JD {ephemerides.first_jd} to {ephemerides.last_jd} TDB, the "
            f"arrivals JD {arrival.min()} to {arrival.max()}: build them over the arrivals"
        )


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


def _fates(
    elements: Array, laws: Array, arrival: Array, seen: Array, ephemerides: Ephemerides | None,
    executor: Executor | None,
) -> NDArray[np.void]:  # fmt: skip
    """Say what happens to each asteroid between its epoch and its arrival, as `_FATE`."""
    fates = np.empty(len(elements), _FATE)
    pieces = [slice(n, n + _GROUP) for n in range(0, len(elements), _GROUP)]
    if ephemerides is not None:
        for piece in pieces:
            fates[piece] = _fate(ephemerides.chunk(piece), elements[piece, 6], arrival[piece])
        return _survived(fates, np.minimum(seen, arrival))
    tasks = ((p, (elements[p], laws[p], arrival[p], seen[p])) for p in pieces)
    for piece, found in answers(_integrate_fate, tasks, executor):
        fates[piece] = found
    return _survived(fates, np.minimum(seen, arrival))


def _survived(fates: NDArray[np.void], until: Array) -> NDArray[np.void]:
    """Whoever was there later has not hit what its orbit once came out of."""
    still_there = (fates["status"] == EMERGES) & (fates["hit_jd"] < until)
    fates["status"][still_there] = INTEGRATED
    return fates


def _integrate_fate(task: tuple[Array, Array, Array, Array]) -> NDArray[np.void]:
    elements, laws, arrival, seen = task
    low, high = valid_span()
    # Back to when all were still seen: an orbit that comes out of the Earth later is that of an
    # object which has hit it, and of which a catalogue still keeps the elements.
    first = max(min(float(seen.min()), float(arrival.min()) - 1.0), low)
    last = min(max(float(arrival.max()), float(np.nan_to_num(elements[:, 6]).max())) + 1.0, high)
    return _fate(integrate_rows(elements, laws, first, last), elements[:, 6], arrival)


def _fate(ephemeris: AsteroidEphemeris, epoch: Array, arrival: Array) -> NDArray[np.void]:
    fate = np.empty(len(epoch), _FATE)
    fate["status"], fate["hit_jd"] = ephemeris.status, ephemeris.hit_jd_tdb
    fate["body"] = ephemeris.trajectories.hit_body
    passes = ephemeris.trajectories.passes
    who, body = (passes[:, k].astype(np.int64) for k in (0, 2))
    jd, distance, speed = SPAN_JD_TDB[0] + passes[:, 1] / DAY_S, passes[:, 3], passes[:, 4]
    begin, end = np.minimum(epoch, arrival), np.maximum(epoch, arrival)
    between = (jd >= begin[who]) & (jd <= end[who])
    # A body turns the motion by 2 GM / d v; an error across it by 2 GM / d² v times the error.
    left = np.abs(arrival[who] - jd) * DAY_S
    kick = 2.0 * np.array(GM)[body] * left / (speed * distance**2)
    fate["kick"] = np.bincount(who[between], kick[between], minlength=len(epoch))
    fate["pass_au"], fate["pass_jd"] = np.nan, np.nan
    earth = np.flatnonzero(between & (body == PERTURBERS.index("earth")))
    far_first = earth[np.argsort(-distance[earth], kind="stable")]  # so that the nearest stays
    fate["pass_au"][who[far_first]] = distance[far_first] / AU_KM
    fate["pass_jd"][who[far_first]] = jd[far_first]
    return fate


def _uncertainty(
    catalog: pd.DataFrame, elements: Array, laws: Array, arrival: Array, spread: Array,
    usable: NDArray[np.bool_], kick: Array, executor: Executor | None,
) -> tuple[Array, Array]:  # fmt: skip
    """Amplification and uncertainty of the position, km, of each; NaN where not usable."""
    with np.errstate(invalid="ignore", over="ignore"):
        errors, together = orbit_errors(catalog, elements)
        slopes = undisturbed(np.where(usable[:, None], elements, np.nan), arrival)
    free = np.linalg.norm(slopes[:, 0], axis=-1)
    growth = np.where(usable, 1.0, np.nan)
    covered = usable & np.asarray(np.isfinite(spread).all(axis=(1, 2)))
    disturbed = np.flatnonzero(usable & ~covered & (kick > _NOTABLE))
    order = disturbed[np.argsort(elements[disturbed, 6], kind="stable")]  # common spans
    for rows, found in answers(_run_along, _pieces(order, elements, laws, arrival), executor):
        growth[rows] = np.linalg.norm(found, axis=-1) / free[rows]
        slopes[rows, 1:] *= growth[rows, None, None]
        slopes[rows, 0] = found
    sigma = spread_km(slopes, errors, together)
    pieces = _pieces(np.flatnonzero(covered), elements, laws, arrival)
    for rows, matrices in answers(_run_transitions, pieces, executor):
        along = np.einsum("nij,nj->ni", matrices, larger_orbit(elements[rows]))
        growth[rows] = np.linalg.norm(along, axis=-1) / free[rows]
        ends = matrices @ spread[rows] @ np.swapaxes(matrices, 1, 2)
        fine = np.asarray(np.isfinite(ends).all(axis=(1, 2)))
        worst = np.linalg.eigvalsh(np.where(fine[:, None, None], ends, 0.0))[:, -1]
        sigma[rows] = np.where(fine, np.sqrt(np.maximum(worst, 0.0)), np.nan)
    return growth, sigma


def _pieces(
    rows: NDArray[np.int64], elements: Array, laws: Array, arrival: Array
) -> list[tuple[NDArray[np.int64], tuple[Array, Array, Array]]]:
    parts = [rows[n : n + _GROUP] for n in range(0, len(rows), _GROUP)]
    return [(part, (elements[part], laws[part], arrival[part])) for part in parts]


def _run_along(task: tuple[Array, Array, Array]) -> Array:
    return along_orbit(*task)


def _run_transitions(task: tuple[Array, Array, Array]) -> Array:
    return transitions(*task)


def _day(jd: float) -> str:
    # TDB, a minute off UTC: leap seconds decades ahead are not known.
    return str(Time(jd, format="jd", scale="tdb").iso[:10])


def _flag(
    status: int, body: str, hit: float, pass_au: float, pass_jd: float, growth: float, sigma: float,
    code: str, epoch: float,
) -> str:  # fmt: skip
    """One line for the reader; empty if the position can be believed."""
    if body:
        where = ("the " if body in ("sun", "earth", "moon") else "") + body.capitalize()
        if status == EMERGES:
            return f"comes out of {where} on {_day(hit)}: it hit then, or its elements are poor"
        return f"hits {where} on {_day(hit)}: it is no longer there"
    if status == OUTSIDE and np.isfinite(epoch):
        low, high = (_day(jd) for jd in valid_span())
        return f"elements of {_day(epoch)}: only those of {low} to {high} can be integrated"
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
