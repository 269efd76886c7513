"""What a step starts from: the snapshot and its asteroids, the dates, the craft."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from survey.catalog import read_snapshot, resolve_snapshot, select
from survey.ephemeris import SPAN_JD_TDB
from survey.run import Run, calendar_date
from survey.tables import file_digest
from survey.transfer import (
    FREE_M_S,
    Grid,
    ParkingOrbit,
    SearchWindow,
    Spacecraft,
    valid_span,
)


@dataclass(frozen=True)
class Source:
    """A snapshot on disk, identified by its bytes, and the asteroids taken from it."""

    path: Path
    sha256: str
    catalog: pd.DataFrame


def open_source(run: Run, override: str | None) -> Source:
    """Read the snapshot, and keep the targets that the run names (or every asteroid)."""
    catalog = read_snapshot(override or run.snapshot)
    path, sha256 = catalog.attrs["path"], catalog.attrs["sha256"]
    if run.targets:
        catalog = select(catalog, designations=list(run.targets)).reset_index(drop=True)
    return Source(path, sha256, catalog)


def reopen(run: Run, override: str | None, name: str, sha256: str) -> pd.DataFrame:
    """Read once more the snapshot that a table was made from; see `find_snapshot`."""
    return read_snapshot(find_snapshot(run, override, name, sha256))


def find_snapshot(run: Run, override: str | None, name: str, sha256: str) -> Path:
    """Find the snapshot that a table was made from, wherever it now lies.

    Raises
    ------
    ValueError
        It is nowhere, or only with other contents.
    """
    for candidate in dict.fromkeys((override, name, run.snapshot)):
        if candidate is None:
            continue
        try:
            path = resolve_snapshot(candidate)
        except ValueError:
            continue
        if file_digest(path) == sha256:
            return path
    raise ValueError(
        f"the catalogue snapshot {name} that the transfers were made from is not here as it was "
        "then: put it back, name it with --catalog, or search again with `survey run`"
    )


def grid_of(run: Run) -> Grid:
    """Make the grid of a run, and check at once that the planets are known on all of its dates."""
    grid = Grid.regular(
        run.departure_from,
        run.departure_to,
        run.departure_step,
        run.tof_min,
        run.tof_max,
        run.tof_step,
    )
    first, last = grid.departure_jd_tdb[0], grid.departure_jd_tdb[-1] + grid.tof_d[-1]
    low, high = SPAN_JD_TDB if run.asteroids == "kepler" else valid_span()
    if first < low or last > high:
        # The span begins at midnight TDB, a minute before UTC's: its first whole day is the next.
        days = [calendar_date(jd) for jd in (first, last, low + 1, high)]
        raise ValueError(
            f"first departure to last arrival is {days[0]} to {days[1]}, but the planets are known "
            f"for {days[2]} to {days[3]}: choose departures and times of flight inside"
        )
    return grid


def parking_of(run: Run) -> ParkingOrbit:
    """Give the libration point of a run, from which its two-body arcs leave."""
    return ParkingOrbit(point=run.point)


def orbit_of(run: Run) -> ParkingOrbit:
    """Give the orbit about that point, from which its three-body arcs leave.

    Raises
    ------
    ValueError
        There is no such orbit, or none that the search can leave from: one sentence.
    """
    if run.orbit == "lissajous":
        raise ValueError(
            "[parking] orbit is a Lissajous orbit, which never closes, but the three-body search "
            'needs one that does: write e.g. "L2 halo northern", or search = false in [three_body]'
        )
    if run.orbit == "point" and run.size:
        raise ValueError(
            f'[parking] size is "{run.size}", but the craft waits at the libration point itself, '
            'which has none: write size = ""'
        )
    parking = ParkingOrbit.from_text(orbit=run.orbit, size=run.size, point=run.point)
    return parking.at_phase_zero(run.phase_zero)


def window_of(run: Run, grid: Grid) -> SearchWindow:
    """Give the dates and budgets of the three-body search; ValueError if they make no window."""
    if 1 in grid.shape:
        raise ValueError(
            f"the run has {grid.shape[0]} departure date(s) and {grid.shape[1]} time(s) of flight, "
            "but the three-body search needs a span of both: widen them, or write search = false "
            "in [three_body]"
        )
    return SearchWindow.of(
        grid,
        flyby_m_s=float(run.flyby_budget.to_value("m/s")),
        rendezvous_m_s=float(run.rendezvous_budget.to_value("m/s")),
    )


def craft_of(run: Run) -> Spacecraft:
    """Make the craft of a run."""
    return Spacecraft(run.mass, run.propellant, run.isp, run.reserve, run.last_date)


def metres(dv_m_s: float) -> str:
    """Write a delta-v in m/s; what is free within the model has no digits worth printing."""
    return f"<{FREE_M_S:.0f}" if dv_m_s < FREE_M_S else f"{dv_m_s:.0f}"
