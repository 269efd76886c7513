"""The delta-v picture of one asteroid with Earth's gravity: a porkchop plot of rung B.

Both dates of a cell are fixed, so the departure impulse is what Newton's method finds; which of
its many answers depends on the start. Starts come from the reachable set and from two-body arcs,
and cells then learn from their neighbours until nobody finds anything cheaper.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import astropy.units as u
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from survey.astro.pulsating import speed_scale
from survey.astro.reach_lookup import nearest_starts
from survey.astro.reachable import ReachableSet
from survey.astro.shooting import CONVERGED, solve_boundary
from survey.astro.two_body_start import lambert_arcs
from survey.transfer.ephemerides import build_ephemerides
from survey.transfer.grid import DeltaVMap, Grid
from survey.transfer.parking import ParkingOrbit
from survey.transfer.rotating_frame import to_rotating_at
from survey.transfer.three_body_model import (
    SearchWindow,
    ThreeBodyModel,
    make_model,
    make_reach,
)

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

_PHASES: Final = 4  # at which two-body arcs are tried where the craft's phase is not known
_SWEEPS: Final = 6
_WORTH: Final = 0.97  # a neighbour's arc is tried where it costs less than this share of one's own
_SIDES: Final = ((1, 0), (-1, 0), (0, 1), (0, -1))


def three_body_map(
    asteroid: pd.Series, parking: ParkingOrbit, grid: Grid, *, cache: Path | None = None
) -> DeltaVMap:
    """Three-body delta-v of one asteroid in every cell of a grid.

    Parameters
    ----------
    asteroid : Series
        A row of the catalogue.
    parking : ParkingOrbit
        Where the craft waits. If its phase is not known, each cell holds the best phase.
    grid : Grid
        Departures ``(n,)`` and times of flight ``(m,)``.
    cache : Path, optional
        Folder in which ephemerides are kept between runs.

    Returns
    -------
    DeltaVMap
        Of single impulses, the cheapest arc found in each cell; NaN where none converged. Its
        arcs may pass Earth or Moon.

    Raises
    ------
    ValueError
        If the grid leaves the ephemeris, or the orbit has no counterpart in the elliptic problem.
    """
    window = SearchWindow.of(grid)
    model, reach = make_model(parking, window), make_reach(parking, window)
    cells = _Cells.of(asteroid, model, grid, cache)
    starts = [*_reached(reach, model, cells), *_two_body(model, cells)]
    best = {kind: _Best.empty(len(cells.begin)) for kind in ("flyby", "rendezvous")}
    for start in starts:
        _offer(model, cells, start, best)
    for _ in range(_SWEEPS):
        fresh = [
            start
            for kept in best.values()
            for side in _SIDES
            if len((start := _from_neighbours(model, cells, kept, side)).cell)
        ]
        if not fresh:
            break
        improved = [_offer(model, cells, start, best) for start in fresh]
        if not any(improved):
            break
    return _picture(asteroid, model, grid, cells, best)


@dataclass(frozen=True)
class _Cells:
    """The boundary-value problems of a grid, flattened.

    Attributes
    ----------
    begin, end : ndarray, shape (c,)
        True anomalies.
    target : ndarray, shape (c, 6)
        States of the asteroid at arrival.
    shape : tuple of int
        Of the grid.
    """

    begin: Array
    end: Array
    target: Array
    shape: tuple[int, int]

    @classmethod
    def of(
        cls, asteroid: pd.Series, model: ThreeBodyModel, grid: Grid, cache: Path | None
    ) -> _Cells:
        arrivals, index = grid.arrivals
        rows = asteroid.to_frame().T
        ephemeris = build_ephemerides(
            rows, grid.departure_jd_tdb[0] - 1.0, arrivals[-1] + 1.0, cache=cache
        )
        r, v = ephemeris.chunk(slice(0, 1)).states(arrivals)
        states = to_rotating_at(arrivals, r[0], v[0], mass_ratio=model.mass_ratio)
        return cls(
            begin=np.repeat(model.anomaly_at(grid.departure_jd_tdb), grid.shape[1]),
            end=model.anomaly_at(arrivals)[index.ravel()],
            target=states[index.ravel()],
            shape=grid.shape,
        )


@dataclass(frozen=True)
class _Start:
    """First guesses: for which cell, at which phase, with which impulse."""

    cell: Indices
    phase: Array
    impulse: Array


@dataclass(frozen=True)
class _Best:
    """The cheapest arc known of each cell."""

    cost: Array
    phase: Array
    impulse: Array
    arrival: Array

    @classmethod
    def empty(cls, count: int) -> _Best:
        nothing = np.full((count, 3), np.nan)
        return cls(np.full(count, np.inf), np.full(count, np.nan), nothing, nothing.copy())


def _reached(reach: ReachableSet, model: ThreeBodyModel, cells: _Cells) -> list[_Start]:
    """Offer every cell the trajectories of the reachable set that pass near its target."""
    zero = None if model.phase_zero is None else model.phase_zero + cells.begin / model.period
    row, impulse = nearest_starts(reach, cells.end - cells.begin, cells.target[:, :3], zero)
    starts = []
    for place in range(row.shape[1]):
        cell = np.flatnonzero(row[:, place] >= 0)
        phase = reach.phase[row[cell, place]] if zero is None else zero[cell]
        starts.append(_Start(cell, phase, impulse[cell, place]))
    return starts


def _two_body(model: ThreeBodyModel, cells: _Cells) -> list[_Start]:
    """Offer every cell its two-body arcs without and with a full revolution."""
    starts = []
    for revs, low in ((0, True), (1, True), (1, False)):
        leave, _ = lambert_arcs(
            model.mass_ratio, model.eccentricity, cells.begin, model.point[:3], cells.end,
            cells.target[:, :3], revs=revs, low_path=low,
        )  # fmt: skip
        cell = np.flatnonzero(np.isfinite(leave).all(1) & (np.linalg.norm(leave, axis=1) < 0.3))
        for phase in _phases(model, cells, cell):
            own = model.parking_states(cells.begin[cell], phase)[:, 3:]
            starts.append(_Start(cell, phase, leave[cell] - own))
    return starts


def _phases(model: ThreeBodyModel, cells: _Cells, cell: Indices) -> list[Array]:
    """Return the phases at which arcs of these cells are tried."""
    if model.torus is None:
        return [np.zeros(len(cell))]
    if model.phase_zero is not None:
        return [model.phase_zero + cells.begin[cell] / model.period]
    return [np.full(len(cell), k / _PHASES) for k in range(_PHASES)]


def _from_neighbours(
    model: ThreeBodyModel, cells: _Cells, best: _Best, side: tuple[int, int]
) -> _Start:
    """Offer cells the arc of the neighbour on one side where that is cheaper."""
    row, column = np.divmod(np.arange(len(cells.begin)), cells.shape[1])
    row, column = row - side[0], column - side[1]
    usable = (row >= 0) & (row < cells.shape[0]) & (column >= 0) & (column < cells.shape[1])
    there = np.where(usable, row * cells.shape[1] + column, 0)
    cheaper = best.cost[there] < _WORTH * best.cost
    cell = np.flatnonzero(usable & cheaper & np.isfinite(cells.target).all(1))
    from_ = there[cell]
    phase = best.phase[from_]
    if model.torus is not None:  # the same craft, seen at another date
        phase = phase + (cells.begin[cell] - cells.begin[from_]) / model.period
    return _Start(cell, phase, best.impulse[from_])


def _offer(model: ThreeBodyModel, cells: _Cells, start: _Start, best: dict[str, _Best]) -> bool:
    """Close arcs and keep those that are the cheapest of their cell; whether there were any."""
    cell, e = start.cell, model.eccentricity
    craft = model.parking_states(cells.begin[cell], start.phase)
    arcs = solve_boundary(
        model.mass_ratio, e, cells.begin[cell], craft[:, :3], craft[:, 3:] + start.impulse,
        cells.end[cell], cells.target[cell, :3], iterations=12,
    )  # fmt: skip
    impulse = arcs.velocity - craft[:, 3:]
    leave = np.linalg.norm(impulse, axis=1) * speed_scale(e, cells.begin[cell])
    last = (cells.target[cell, 3:] - arcs.arrival[:, 3:]) * (
        speed_scale(e, cells.end[cell])[:, None]
    )
    improved = False
    for kind, kept in best.items():
        cost = leave + (np.linalg.norm(last, axis=1) if kind == "rendezvous" else 0.0)
        mine = np.flatnonzero((arcs.status == CONVERGED) & (cost < kept.cost[cell]))
        if len(mine):
            improved = True
            to = cell[mine]
            kept.cost[to], kept.phase[to] = cost[mine], start.phase[mine]
            kept.impulse[to], kept.arrival[to] = impulse[mine], last[mine]
    return improved


def _picture(
    asteroid: pd.Series, model: ThreeBodyModel, grid: Grid, cells: _Cells, best: dict[str, _Best]
) -> DeltaVMap:
    """Put the costs of all cells back on their grid."""
    unit = model.mean_speed_m_s
    angle = np.arctan2(cells.target[:, 1], cells.target[:, 0]) + cells.end - cells.begin
    revs = np.maximum(np.floor(angle / (2 * np.pi)), 0).astype(np.int64)

    def on_grid(kind: str) -> tuple[Array, Indices]:
        cost = best[kind].cost * unit
        known = np.isfinite(cost)
        return (
            np.where(known, cost, np.nan).reshape(cells.shape),
            np.where(known, revs, -1).reshape(cells.shape),
        )

    (flyby, flyby_revs), (stop, stop_revs) = on_grid("flyby"), on_grid("rendezvous")
    relative = np.linalg.norm(best["flyby"].arrival, axis=1).reshape(cells.shape) * unit
    return DeltaVMap(
        designation=str(asteroid["designation"]),
        name=str(asteroid["name"]),
        grid=grid,
        flyby_dv=flyby * (u.m / u.s),
        rendezvous_dv=stop * (u.m / u.s),
        v_relative=relative / 1e3 * (u.km / u.s),
        flyby_revs=flyby_revs,
        rendezvous_revs=stop_revs,
        fidelity="three-body",
        asteroid_model="n-body",
    )
