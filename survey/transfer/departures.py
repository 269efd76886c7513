"""The table of ways to leave: one row for each asteroid, kind and way, and what each saves."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from survey.constants import J2_EARTH_RADIUS_KM
from survey.tables import DEPARTURES, validate
from survey.transfer.ephemerides import Ephemerides
from survey.transfer.parking import ParkingOrbit
from survey.transfer.strategies import OUTCOMES, modes_of
from survey.transfer.strategy_names import SINGLE, STRATEGIES
from survey.transfer.three_body_arcs import CAREFUL, Effort, Kind, search_many
from survey.transfer.three_body_model import SearchWindow, ThreeBodyModel, make_model, make_reach
from survey.transfer.three_body_modes import waypoints_of
from survey.transfer.three_body_records import KINDS, records_of, split_parents
from survey.transfer.three_body_starts import START, all_starts
from survey.transfer.three_body_table import phase_zero_jd
from survey.transfer.three_body_track import make_tracks

__all__ = ["compare_departures", "to_departures"]


def compare_departures(
    catalog: pd.DataFrame,
    parking: ParkingOrbit,
    window: SearchWindow,
    ephemerides: Ephemerides,
    *,
    effort: Effort = CAREFUL,
    kinds: tuple[Kind, ...] = KINDS,
    starts: int = 80,
) -> pd.DataFrame:
    """Search asteroids by every way of leaving, and tell what each saves.

    Parameters
    ----------
    catalog : DataFrame
        The asteroids; a few, as they are searched together.
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
        For the coast and the swingby.

    Returns
    -------
    DataFrame
        In the schema `survey.tables.DEPARTURES`.
    """
    model, reach = make_model(parking, window), make_reach(parking, window)
    perigees, coasts = waypoints_of(model, window)
    tracks = list(make_tracks(model, window, ephemerides.chunk(slice(0, len(catalog)))))
    none = np.empty(0, START)
    parts = []
    for kind in kinds:
        first = [all_starts(model, track, window, kind, effort, none) for track in tracks]
        many = search_many(model, reach, window, tracks, kind=kind, effort=effort, starts=first)
        parents = [
            split_parents(records_of(model, window, found, n, kind, effort, parents=True))[1]
            for n, found in enumerate(many)
        ]
        parts.append(
            modes_of(model, window, tracks, parents, perigees, coasts, kind=kind, starts=starts)
        )
    return to_departures(catalog, model, np.concatenate(parts))


def to_departures(
    catalog: pd.DataFrame, model: ThreeBodyModel, records: NDArray[np.void]
) -> pd.DataFrame:
    """Turn records of modes into the table `survey.tables.DEPARTURES`.

    Parameters
    ----------
    catalog : DataFrame
        In whose order the asteroids of the records are numbered.
    model : ThreeBodyModel
        Dates and phases.
    records : ndarray of `survey.transfer.strategies.MODE`

    Returns
    -------
    DataFrame
        Flybys first; asteroids by their cheapest way, and of each the ways in their fixed order.
        `saved_m_s` is empty where there is no single impulse that neither Earth nor Moon helps.
    """
    order, saved = _in_order(records)
    records, saved = records[order], saved[order]
    rows = catalog.iloc[records["asteroid"]]
    departure, middle, arrival = (_dates(model, records[k]) for k in ("begin", "middle", "end"))
    frame = pd.DataFrame(
        {
            "designation": rows["designation"].to_numpy(),
            "name": rows["name"].to_numpy(),
            "H_mag": rows["H_mag"].to_numpy(),
            "kind": [KINDS[k] for k in records["kind"]],
            "strategy": [STRATEGIES[k] for k in records["strategy"]],
            "outcome": [OUTCOMES[k] for k in records["outcome"]],
            "departure_jd_tdb": departure,
            "middle_jd_tdb": middle,
            "arrival_jd_tdb": arrival,
            "tof_d": arrival - departure,
            "phase_zero_jd_tdb": phase_zero_jd(model, records["begin"], records["phase"]),
            "dv_departure_m_s": records["departure"],
            "dv_middle_m_s": records["on_the_way"],
            "dv_arrival_m_s": records["arrival"],
            "dv_total_m_s": records["total"],
            "saved_m_s": saved,
            "v_relative_km_s": records["relative"] / 1e3,
            "v_infinity_km_s": records["infinity_km_s"],
            "perigee_altitude_km": records["perigee_km"] - J2_EARTH_RADIUS_KM,
            "least_earth_km": records["earth_km"],
            "assisted": records["assisted"],
            "primer_max": records["primer"],
            "problems": records["tried"],
            "converged": records["converged"],
            "fidelity": "three-body",
            "asteroid_model": "n-body",
            "status": np.where(records["outcome"] == 0, 0, 1),
        }
    )
    return validate(frame, DEPARTURES)


def _in_order(records: NDArray[np.void]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the order of the rows, and what each saves against the single impulse."""
    count = int(records["asteroid"].max(initial=-1)) + 1
    whose = records["kind"].astype(np.int64) * count + records["asteroid"]
    bar, least = (np.full(max(len(KINDS) * count, 1), bad) for bad in (np.nan, np.inf))
    single = (records["strategy"] == STRATEGIES.index(SINGLE)) & ~records["assisted"]
    bar[whose[single]] = records["total"][single]
    np.fmin.at(least, whose, records["total"])
    order = np.lexsort((records["strategy"], records["asteroid"], least[whose], records["kind"]))
    return order, bar[whose] - records["total"]


def _dates(model: ThreeBodyModel, anomaly: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.isfinite(anomaly)
    dates = np.full(len(anomaly), np.nan)
    dates[known] = model.jd_at(anomaly[known])
    return dates
