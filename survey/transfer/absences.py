"""Which asteroids of a catalogue cannot be met at all, and why: gone, or beyond integration.

A catalogue keeps the elements of objects that have hit the Earth. If they hold for a day before
the impact, the integration forwards from there meets it. Where elements are given for a later day
than the impact, the orbit leads backwards into the Earth. It is followed back to a day on which
the asteroid was certainly still there, and no farther: what the orbit did before is not its fate.
"""

from __future__ import annotations

from concurrent.futures import Executor
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from survey.astro.nbody import EMERGES, HIT, IMPACT, INTEGRATED, LOST, OUTSIDE, STATUS, UNBOUND
from survey.run import calendar_date
from survey.transfer.ephemerides import (
    SPAN_STEP_D,
    Ephemerides,
    build_ephemerides,
    valid_span,
)
from survey.transfer.sightings import seen_after
from survey.transfer.targets import element_array

MOST_NAMED: Final = 100  # of a reason; all are counted, and those that hit something all named
_NODE_AU: Final = 0.05  # from 1 au: Earth's eccentricity is 0.017, the rest is room for the planets
_FLAT_DEG: Final = 2.0  # below this the planets turn the line of nodes fast
_FAINT_MAG: Final = 20.0  # an impact of anything larger would be known to everybody


def left_out(
    catalog: pd.DataFrame,
    ephemerides: Ephemerides,
    first_departure_jd: float,
    *,
    executor: Executor | None = None,
    cache: Path | None = None,
) -> tuple[NDArray[np.bool_], list[dict[str, Any]]]:
    """Tell the asteroids that no craft can meet.

    Parameters
    ----------
    catalog : DataFrame
        Rows in the schema `survey.tables.CATALOG`, shape ``(n,)``.
    ephemerides : Ephemerides
        Of these rows, over the dates of the search.
    first_departure_jd : float
        JD TDB.
    executor, cache : optional
        As for `survey.transfer.ephemerides.build_ephemerides`.

    Returns
    -------
    gone : ndarray of bool, shape (n,)
        Which rows need not be searched.
    reasons : list of dict
        ``reason``, ``count`` and ``asteroids`` (names with dates; the first `MOST_NAMED` where
        they have hit nothing). The last reasons may concern asteroids that can be met until then.
    """
    status, when = ephemerides.status, ephemerides.hit_jd_tdb
    first = valid_span()[0]
    back = np.maximum(seen_after(catalog), first)
    # Whoever was seen later has not hit what its orbit once came out of.
    status[(status == EMERGES) & (when < np.minimum(back, first_departure_jd))] = INTEGRATED
    body = np.full(len(status), "", dtype=object)
    for n in np.flatnonzero((status == IMPACT) | (status == EMERGES)):
        body[n] = HIT[int(ephemerides.chunk([int(n)]).trajectories.hit_body[0])]
    epoch = catalog["epoch_jd_tdb"].to_numpy(dtype=float)
    doubtful = (status == INTEGRATED) & _may_have_hit(catalog) & (epoch > back)
    step = np.where(doubtful, (back - first) // SPAN_STEP_D, -1.0)
    for turn in np.unique(step[doubtful]):  # together where the cache would keep the same span
        rows = np.flatnonzero(step == turn)
        low = first + turn * SPAN_STEP_D
        past = build_ephemerides(catalog.iloc[rows], low, low + 1.0, executor=executor, cache=cache)
        fate, moment = past.status, past.hit_jd_tdb
        for k in np.flatnonzero((fate == EMERGES) & (moment >= back[rows])):
            n = rows[k]
            status[n], when[n] = EMERGES, moment[k]
            body[n] = HIT[int(past.chunk([int(k)]).trajectories.hit_body[0])]
    before = (status == IMPACT) & (when <= first_departure_jd)
    reasons: list[dict[str, Any]] = []
    for hit in HIT:
        own = body == hit
        where = f"the {hit}" if hit in ("sun", "earth", "moon") else hit
        where = where.title().replace("The ", "the ")
        reasons += _reason(f"hit {where} before the first departure", catalog, before & own, when)
        reasons += _reason(
            f"come out of {where}: they hit it then, or their elements are poor",
            catalog, (status == EMERGES) & own, when,
        )  # fmt: skip
    for code in (UNBOUND, OUTSIDE):
        reasons += _reason(STATUS[code], catalog, status == code, None)
    gone = before | np.isin(status, (EMERGES, UNBOUND, OUTSIDE))
    late = (status == IMPACT) & ~before
    reasons += _reason("will hit a body during the search: met only before", catalog, late, when)
    reasons += _reason(STATUS[LOST], catalog, status == LOST, None)
    return gone, reasons


def _reason(
    text: str, catalog: pd.DataFrame, rows: NDArray[np.bool_], when: NDArray[np.float64] | None
) -> list[dict[str, Any]]:
    places = np.flatnonzero(rows)
    if not len(places):
        return []
    named = places if when is not None else places[:MOST_NAMED]
    names = [f"{d} {n}".strip() for d, n in catalog.iloc[named][["designation", "name"]].to_numpy()]
    if when is not None:
        days = [calendar_date(float(jd), scale="tdb") for jd in when[named]]
        names = [f"{name} ({day})" for name, day in zip(names, days, strict=True)]
    return [{"reason": text, "count": len(places), "asteroids": names}]


def _may_have_hit(catalog: pd.DataFrame) -> NDArray[np.bool_]:
    """Keep the small ones whose orbits touch Earth's: a node near 1 au, or hardly inclined."""
    a, e, i, _, argperi, *_ = element_array(catalog).T if len(catalog) else np.empty((7, 0))
    bright = catalog["H_mag"].to_numpy(dtype=float) < _FAINT_MAG  # False where not known
    with np.errstate(all="ignore"):
        swing = e * np.cos(np.radians(argperi))
        nodes = a * (1.0 - e**2) / np.array([1.0 + swing, 1.0 - swing])
        touches = (np.abs(nodes - 1.0) < _NODE_AU).any(axis=0)
        flat = (i < _FLAT_DEG) & (a * (1.0 - e) < 1.0 + _NODE_AU) & (a * (1.0 + e) > 1.0 - _NODE_AU)
    return np.asarray((touches | flat) & ~bright)
