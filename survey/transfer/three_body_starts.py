"""Two-body arcs as starts of three-body ones: for targets that take more than a nudge to reach."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from survey.astro.reach_lookup import Candidates
from survey.astro.two_body_start import lambert_arcs
from survey.transfer.three_body_arcs import CAREFUL, Effort, Track
from survey.transfer.three_body_model import Kind, SearchWindow, ThreeBodyModel

Array = NDArray[np.float64]

START: np.dtype[np.void] = np.dtype(
    [("departure", float), ("arrival", float), ("revs", np.int64), ("low_path", np.bool_)]
)
"""What is kept of a two-body arc."""

_SCAN_D, _PART_D, _SCANNED = 10.0, 45.0, 40
WORTH_A_START = 2.0  # times the budget: what two-body arcs may cost that are offered as starts
_BRANCHES = ((0, True), (1, True), (1, False))


def two_body_windows(
    transfers: pd.DataFrame, kind: Kind, budget_m_s: float
) -> dict[str, NDArray[np.void]]:
    """Return the windows in a table of two-body transfers that are worth a start.

    Parameters
    ----------
    transfers : DataFrame
        In the schema `survey.tables.TRANSFERS`.
    kind : {"flyby", "rendezvous"}
        Which of them.
    budget_m_s : float
        Of the three-body search; windows of up to twice as much are returned.

    Returns
    -------
    dict of ndarray of START
        By designation.
    """
    rows = transfers[
        (transfers["kind"] == kind) & (transfers["dv_total_m_s"] < WORTH_A_START * budget_m_s)
    ]
    windows = np.zeros(len(rows), START)
    for name, column in (
        ("departure", "departure_jd_tdb"), ("arrival", "arrival_jd_tdb"),
        ("revs", "revs"), ("low_path", "low_path"),
    ):  # fmt: skip
        windows[name] = rows[column].to_numpy()
    places = rows.groupby("designation", sort=False).indices
    return {str(name): windows[place] for name, place in places.items()}


def all_starts(
    model: ThreeBodyModel, track: Track, window: SearchWindow, kind: Kind, effort: Effort,
    windows: NDArray[np.void],
) -> Candidates:  # fmt: skip
    """Return the two-body starts that an effort deserves: those known, and a scan if careful."""
    if effort == CAREFUL:
        windows = np.concatenate([windows, scan_two_body(model, track, window, kind)])
    return lambert_starts(model, track, windows, effort.lambert_phases)


def scan_two_body(
    model: ThreeBodyModel, track: Track, window: SearchWindow, kind: Kind
) -> NDArray[np.void]:
    """Find two-body windows of one asteroid: the cheapest arc of every 45 days of departures.

    Unlike those of a table they are not only the best few, so that arcs are started that Earth's
    gravity makes cheaper than their neighbours.

    Parameters
    ----------
    model : ThreeBodyModel
        Frame.
    track : Track
        The asteroid.
    window : SearchWindow
        Dates and budgets; arcs of twice the budget are still offered.
    kind : {"flyby", "rendezvous"}
        Whether the velocity at the target counts.

    Returns
    -------
    ndarray of START
        Cheapest first.
    """
    departures = np.arange(window.first_jd, window.last_jd, _SCAN_D)
    tofs = np.arange(window.tof_min_d, window.tof_max_d + 1e-6, _SCAN_D)
    arrivals = departures[:, None] + tofs
    begin, end = model.anomaly_at(departures)[:, None], model.anomaly_at(arrivals)
    goal = track.at(end.ravel()).reshape(*arrivals.shape, 6)
    cost = np.full(arrivals.shape, np.inf)
    cells = np.zeros(arrivals.shape, START)
    cells["departure"], cells["arrival"] = departures[:, None], arrivals
    for revs, low in _BRANCHES:
        leave, arrive = lambert_arcs(
            model.mass_ratio, model.eccentricity, begin, model.point[:3], end, goal[..., :3],
            revs=revs, low_path=low,
        )  # fmt: skip
        price = np.linalg.norm(leave, axis=-1)
        if kind == "rendezvous":
            price = price + np.linalg.norm(arrive - goal[..., 3:], axis=-1)
        better = price < cost
        cost[better] = price[better]
        cells["revs"][better], cells["low_path"][better] = revs, low
    budget = window.budget_m_s(kind)
    part = ((departures - departures[0]) / _PART_D).astype(np.int64)
    best = [
        int(rows[np.argmin(cost.reshape(len(departures), -1)[rows].min(1))])
        for rows in (np.flatnonzero(part == k) for k in range(part[-1] + 1))
    ]
    column = cost[best].argmin(axis=1)
    price, found = cost[best, column], cells[best, column]
    order = np.argsort(price, kind="stable")
    return np.asarray(
        found[order[price[order] * model.mean_speed_m_s < WORTH_A_START * budget]][:_SCANNED]
    )


def lambert_starts(
    model: ThreeBodyModel, track: Track, windows: NDArray[np.void], phases: int
) -> Candidates:
    """Solve two-body arcs again, and offer them at several phases of the parking orbit.

    Parameters
    ----------
    model : ThreeBodyModel
        Parking orbit and frame.
    track : Track
        The asteroid.
    windows : ndarray of START
        Arcs to start from.
    phases : int
        Phases at which each is tried, equally spaced.

    Returns
    -------
    Candidates
        Their cost is left at infinity: it is not known for the parking orbit.
    """
    begin, end = model.anomaly_at(windows["departure"]), model.anomaly_at(windows["arrival"])
    goal = track.at(end)
    leave = np.full((len(windows), 3), np.nan)
    for revs in np.unique(windows["revs"]):
        for low in (True, False):
            mine = (windows["revs"] == revs) & (windows["low_path"] == low)
            if mine.any():
                leave[mine], _ = lambert_arcs(
                    model.mass_ratio, model.eccentricity, begin[mine], model.point[:3], end[mine],
                    goal[mine, :3], revs=int(revs), low_path=low,
                )  # fmt: skip
    good = np.isfinite(leave).all(1)
    count = phases if model.torus is not None else 1
    phase = np.tile(np.arange(count) / count, int(good.sum()))
    start, stop, velocity = (np.repeat(a[good], count, axis=0) for a in (begin, end, leave))
    impulse = velocity - model.parking_states(start, phase)[:, 3:]
    return Candidates(start, stop, phase, impulse, np.full(len(start), np.inf))
