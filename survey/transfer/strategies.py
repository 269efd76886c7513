"""Ways to leave the parking orbit, side by side: what each costs, and what it saves."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from survey.transfer.deep_space import insert_impulses, make_coasts, search_deep_space
from survey.transfer.detours import Detours
from survey.transfer.ephemerides import Ephemerides
from survey.transfer.parking import ParkingOrbit
from survey.transfer.swingby import make_perigees, search_swingby
from survey.transfer.three_body_arcs import CAREFUL, Effort, Kind, search_arcs
from survey.transfer.three_body_found import Found, speeds_m_s
from survey.transfer.three_body_model import SearchWindow, ThreeBodyModel, make_model, make_reach
from survey.transfer.three_body_track import make_tracks

Array = NDArray[np.float64]

SINGLE: Final = "single impulse"
INSERTED: Final = "inserted deep-space impulse"
COAST: Final = "manifold coast"
SWINGBY: Final = "powered Earth swingby"
KINDS: Final[tuple[Kind, ...]] = ("flyby", "rendezvous")


def compare_departures(
    catalog: pd.DataFrame,
    parking: ParkingOrbit,
    window: SearchWindow,
    ephemerides: Ephemerides,
    *,
    effort: Effort = CAREFUL,
    kinds: tuple[Kind, ...] = KINDS,
    starts: int = 64,
) -> pd.DataFrame:
    """Search asteroids by every way of leaving, and tell what each saves.

    Parameters
    ----------
    catalog : DataFrame
        The asteroids; a few dozen, for each takes half a minute.
    parking : ParkingOrbit
        Where the craft waits.
    window : SearchWindow
        Dates and budgets.
    ephemerides : Ephemerides
        Of these asteroids, in the same order.
    effort : Effort
        Put into the single impulse; the bar that the others must clear.
    kinds : tuple of str
        What is asked for.
    starts : int
        For each of the other ways.

    Returns
    -------
    DataFrame
        One row per asteroid, kind and way that fits the budget: dates (JD TDB), each impulse, the
        total, and `saved_m_s`, by how much it is cheaper than the single impulse that is not
        helped by Earth or Moon (NaN where there is none within the budget).
    """
    model = make_model(parking, window)
    reach = make_reach(parking, window)
    perigees, coasts = make_perigees(model, window), make_coasts(model, window)
    tracks = make_tracks(model, window, ephemerides.chunk(slice(0, len(catalog))))
    rows: list[dict[str, object]] = []
    for designation, track in zip(catalog["designation"], tracks, strict=True):
        for kind in kinds:
            found = search_arcs(model, reach, window, track, kind=kind, effort=effort)
            here = _single(model, found, kind)
            bar = float(here[0]["dv_total_m_s"]) if here else np.nan  # type: ignore[arg-type]
            if len(found.arcs.cost):
                more = insert_impulses(model, window, track, found.arcs, kind=kind)
                here += _best(more.arcs, INSERTED, kind)
            for way, search, waypoints in (
                (COAST, search_deep_space, coasts), (SWINGBY, search_swingby, perigees),
            ):  # fmt: skip
                best = search(model, waypoints, window, track, kind=kind, starts=starts)
                here += _best(best, way, kind)
            for row in here:
                saved = bar - row["dv_total_m_s"]  # type: ignore[operator]
                rows.append({"designation": designation, "kind": kind, **row, "saved_m_s": saved})
    return pd.DataFrame(rows)


def _single(model: ThreeBodyModel, found: Found, kind: Kind) -> list[dict[str, object]]:
    """Return the cheapest arc of one impulse that neither Earth nor Moon has helped."""
    own = np.flatnonzero(~found.assisted)[:1]
    departure, arrival = speeds_m_s(model, found.arcs)
    return [
        _row(
            SINGLE, model.jd_at(found.arcs.begin[k]), np.nan, model.jd_at(found.arcs.end[k]),
            departure[k], 0.0, arrival[k], kind, found.earth_km[k], found.tried, found.converged,
        )
        for k in own
    ]  # fmt: skip


def _best(found: Detours, way: str, kind: Kind) -> list[dict[str, object]]:
    """Return the cheapest arc; in deep space, of those that Earth and Moon have not helped."""
    own = np.flatnonzero(~found.assisted | (way == SWINGBY))[:1]
    return [
        _row(
            way, found.begin_jd[k], found.middle_jd[k], found.end_jd[k], found.departure_m_s[k],
            found.middle_m_s[k], found.arrival_m_s[k], kind, found.earth_km[k], found.tried,
            found.converged,
        )
        for k in own
    ]  # fmt: skip


def _row(
    way: str, begin: Array, middle: Array | float, end: Array, departure: Array,
    on_the_way: Array | float, arrival: Array, kind: Kind, earth_km: Array, tried: int,
    converged: int,
) -> dict[str, object]:  # fmt: skip
    stop = float(arrival) if kind == "rendezvous" else 0.0
    return {
        "strategy": way,
        "departure_jd_tdb": float(begin),
        "middle_jd_tdb": float(middle),
        "arrival_jd_tdb": float(end),
        "dv_departure_m_s": float(departure),
        "dv_middle_m_s": float(on_the_way),
        "dv_arrival_m_s": stop,
        "dv_total_m_s": float(departure) + float(on_the_way) + stop,
        "v_relative_km_s": float(arrival) / 1e3,
        "least_earth_km": float(earth_km),
        "problems": tried,
        "converged": converged,
    }
