"""From curves of the search to arcs: the few windows worth keeping, solved once more in full."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from survey.astro.lambert import solve_lambert
from survey.astro.porkchop_kernel import search_asteroids
from survey.astro.windows import distinct_windows
from survey.constants import AU_KM, DAY_S
from survey.ephemeris import heliocentric_state

Array = NDArray[np.float64]
Motion = Callable[[Array], tuple[Array, Array]]
"""Where n asteroids are: epochs ``(k,)`` or each one's own ``(n, k)`` to r, v ``(n, k, 3)``."""

WINDOW_SLACK_KM_S: Final = 0.010  # differences below this mean nothing on this rung

KINDS: Final = ("flyby", "rendezvous")

ARC: Final = np.dtype(
    [
        ("asteroid", np.int64),
        ("kind", np.int64),
        ("window", np.int64),
        ("departure_jd_tdb", np.float64),
        ("arrival_jd_tdb", np.float64),
        ("tof_d", np.float64),
        ("revs", np.int64),
        ("low_path", np.bool_),
        ("dv_departure_m_s", np.float64),
        ("dv_arrival_m_s", np.float64),
        ("dv_total_m_s", np.float64),
        ("v_relative_km_s", np.float64),
        ("transfer_angle_deg", np.float64),
        ("breadth_d", np.float64),
        ("sun_distance_au", np.float64),
        ("earth_distance_au", np.float64),
        ("approach_phase_deg", np.float64),
        ("status", np.int64),
    ]
)


def solve_mixed(
    mu: float, r1: Array, r2: Array, tof: Array, revs: NDArray[np.int64], low: NDArray[np.bool_]
) -> tuple[Array, Array, NDArray[np.int64]]:
    """Solve arcs whose revolutions and paths differ, shapes ``(n, 3)`` and ``(n,)``."""
    v1, v2 = np.full(r1.shape, np.nan), np.full(r1.shape, np.nan)
    status = np.zeros(len(tof), dtype=np.int64)
    for number in np.unique(revs):
        for path in (True, False):
            rows = (revs == number) & (low == path)
            if rows.any():
                v1[rows], v2[rows], status[rows] = solve_lambert(
                    mu, r1[rows], r2[rows], tof[rows], revs=int(number), low_path=path
                )
    return v1, v2, status


def chunk_arcs(
    mu: float,
    motion: Motion,
    departures: Array,
    tof_d: Array,
    arrivals: Array,
    index: NDArray[np.int64],
    start: Array,
    max_revs: int,
    windows: int,
) -> NDArray[np.void]:
    """Search a chunk of asteroids and describe the best arcs; see `survey.transfer.search.Task`.

    Returns
    -------
    ndarray of `ARC`
        By asteroid, then kind, then window.
    """
    r, v = motion(arrivals)
    origin = departures[0]
    dv, tof, code = search_asteroids(
        mu, (departures - origin) * DAY_S, start, (arrivals - origin) * DAY_S,
        np.concatenate([r, v], axis=-1), index, tof_d * DAY_S, max_revs=max_revs,
    )  # fmt: skip
    parts = []
    for kind in range(2):
        place, breadth = distinct_windows(
            dv[:, kind], departures - origin, windows, slack=WINDOW_SLACK_KM_S
        )
        asteroid, window = np.nonzero(place >= 0)
        i = place[asteroid, window]
        arc = code[asteroid, kind, i]
        part = np.zeros(len(i), ARC)
        part["asteroid"], part["kind"], part["window"] = asteroid, kind, window + 1
        part["departure_jd_tdb"], part["tof_d"] = departures[i], tof[asteroid, kind, i] / DAY_S
        part["arrival_jd_tdb"] = part["departure_jd_tdb"] + part["tof_d"]
        part["revs"], part["low_path"] = (arc + 1) // 2, (arc == 0) | (arc % 2 == 1)
        part["breadth_d"] = breadth[asteroid, window]
        meeting = np.full((len(r), windows), arrivals[0])
        meeting[asteroid, window] = part["arrival_jd_tdb"]
        target = tuple(x[asteroid, window] for x in motion(meeting))
        _describe(mu, part, start[i], *target)
        parts.append(part)
    records = np.concatenate(parts)
    return records[np.lexsort((records["window"], records["kind"], records["asteroid"]))]


def _describe(
    mu: float, part: NDArray[np.void], craft: Array, target_r: Array, target_v: Array
) -> None:
    """Solve the arcs of `part` and fill in what they cost and what the craft meets."""
    arrival = part["arrival_jd_tdb"]
    r1, r2 = craft[:, :3], target_r
    v1, v2, part["status"] = solve_mixed(
        mu, r1, r2, part["tof_d"] * DAY_S, part["revs"], part["low_path"]
    )
    relative = v2 - target_v
    speed = np.linalg.norm(relative, axis=1)
    part["v_relative_km_s"] = speed
    part["dv_departure_m_s"] = 1000.0 * np.linalg.norm(v1 - craft[:, 3:], axis=1)
    part["dv_arrival_m_s"] = np.where(part["kind"] == 1, 1000.0 * speed, 0.0)
    part["dv_total_m_s"] = part["dv_departure_m_s"] + part["dv_arrival_m_s"]
    normal = np.cross(r1, r2)
    angle = np.arctan2(np.linalg.norm(normal, axis=1), np.sum(r1 * r2, axis=1))
    angle = np.where(normal[:, 2] >= 0.0, angle, 2.0 * np.pi - angle)
    part["transfer_angle_deg"] = np.degrees(angle) + 360.0 * part["revs"]
    distance = np.linalg.norm(r2, axis=1)
    part["sun_distance_au"] = distance / AU_KM
    earth, _ = heliocentric_state("earth", arrival)
    part["earth_distance_au"] = np.linalg.norm(r2 - earth, axis=1) / AU_KM
    # Seen from the asteroid the craft comes from the direction -relative, the Sun stands at -r2.
    cosine = np.sum(relative * r2, axis=1) / (speed * distance)
    part["approach_phase_deg"] = np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
