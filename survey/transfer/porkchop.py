"""The whole delta-v picture of one asteroid: what a porkchop plot shows."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from survey.astro.lambert import solve_lambert
from survey.constants import DAY_S, GM_SUN_KM3_S2
from survey.transfer.grid import DeltaVMap, Grid
from survey.transfer.parking import ParkingOrbit
from survey.transfer.states import target_states
from survey.transfer.targets import Model


def delta_v_map(
    asteroid: pd.Series,
    parking: ParkingOrbit,
    grid: Grid,
    *,
    max_revs: int = 1,
    model: Model = "n-body",
) -> DeltaVMap:
    """Two-body delta-v of one asteroid in every cell of a grid.

    Parameters
    ----------
    asteroid : Series
        A row of the catalogue.
    parking : ParkingOrbit
        Where the craft waits.
    grid : Grid
        Departures ``(n,)`` and times of flight ``(m,)``.
    max_revs : int, optional
        Full revolutions tried, both paths of each.
    model : {"n-body", "kepler"}, optional
        How the asteroid moves, see `survey.transfer.asteroid_state`. The craft's arcs are those of
        two bodies, Sun and craft, either way.

    Returns
    -------
    DeltaVMap
        In each cell the cheapest arc, chosen separately for flyby and rendezvous.

    Raises
    ------
    ValueError
        If the model is unknown, or the grid leaves the span of the ephemerides.
    """
    arrivals, index = grid.arrivals
    r, v = target_states(asteroid, arrivals, model)
    r2, v2_asteroid = r[0][index], v[0][index]
    start_r, start_v = (
        x.to_value(unit)[:, None, :]
        for x, unit in zip(parking.state(grid.departure), (u.km, u.km / u.s), strict=True)
    )
    flyby, stop = np.full(grid.shape, np.inf), np.full(grid.shape, np.inf)
    relative = np.full(grid.shape, np.nan)
    flyby_revs: NDArray[np.int64] = np.full(grid.shape, -1)
    stop_revs: NDArray[np.int64] = np.full(grid.shape, -1)
    for revs in range(max_revs + 1):
        for low_path in (True, False) if revs else (True,):
            v1, v2, _ = solve_lambert(
                GM_SUN_KM3_S2, start_r, r2, grid.tof_d * DAY_S, revs=revs, low_path=low_path
            )
            leave = np.linalg.norm(v1 - start_v, axis=-1)
            meet = np.linalg.norm(v2 - v2_asteroid, axis=-1)
            better = leave < flyby  # False where NaN: no arc
            flyby[better], relative[better] = leave[better], meet[better]
            flyby_revs[better] = revs
            better = leave + meet < stop
            stop[better], stop_revs[better] = (leave + meet)[better], revs
    return DeltaVMap(
        designation=str(asteroid["designation"]),
        name=str(asteroid["name"]),
        grid=grid,
        flyby_dv=_metres(flyby),
        rendezvous_dv=_metres(stop),
        v_relative=relative * (u.km / u.s),
        flyby_revs=flyby_revs,
        rendezvous_revs=stop_revs,
        fidelity="two-body",
        asteroid_model=model,
    )


def _metres(km_s: NDArray[np.float64]) -> u.Quantity:
    return np.where(np.isfinite(km_s), 1000.0 * km_s, np.nan) * (u.m / u.s)
