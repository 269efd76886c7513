"""The dates that are tried, and the picture of one asteroid over them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import astropy.units as u
import numpy as np
from astropy.time import Time
from numpy.typing import NDArray

MAX_EPOCHS = 200_000  # of either axis: 200,000 states of one asteroid are 10 MB


@dataclass(frozen=True)
class Grid:
    """Departure epochs times times of flight: no cell can arrive before it departs.

    Parameters
    ----------
    departure : Time
        Departure epochs, shape ``(n,)``, increasing.
    tof : Quantity
        Times of flight, shape ``(m,)``, positive and increasing.
    """

    departure: Time
    tof: u.Quantity

    def __post_init__(self) -> None:
        for name, values in (("departure", self.departure_jd_tdb), ("tof", self.tof_d)):
            if values.ndim != 1 or values.size == 0:
                raise ValueError(
                    f"the grid's {name} has shape {values.shape}: give a line of values"
                )
            if not np.all(np.isfinite(values)):
                raise ValueError(f"the grid's {name} holds a value that is not finite: remove it")
            if np.any(np.diff(values) <= 0):
                raise ValueError(f"the grid's {name} must increase: sort it and drop repeats")
        if self.tof_d[0] <= 0:
            raise ValueError(
                f"the shortest time of flight was given as {self.tof_d[0]:g} d, but must be "
                "positive: write e.g. '30 d'"
            )

    @classmethod
    def regular(
        cls,
        start: Time,
        stop: Time,
        step: u.Quantity,
        tof_min: u.Quantity,
        tof_max: u.Quantity,
        tof_step: u.Quantity,
    ) -> Grid:
        """Evenly spaced departures and times of flight, both ends included where steps allow."""
        departure = _line(
            "departure", start.tdb.jd, stop.tdb.jd, step.to_value(u.d), start.isot, stop.isot
        )
        tof = _line(
            "time of flight",
            tof_min.to_value(u.d),
            tof_max.to_value(u.d),
            tof_step.to_value(u.d),
            str(tof_min),
            str(tof_max),
        )
        return cls(Time(departure, format="jd", scale="tdb"), tof * u.d)

    @cached_property
    def departure_jd_tdb(self) -> NDArray[np.float64]:
        """Departure epochs as Julian dates TDB, shape ``(n,)``."""
        return np.asarray(self.departure.tdb.jd, dtype=float)

    @cached_property
    def tof_d(self) -> NDArray[np.float64]:
        """Times of flight in days, shape ``(m,)``."""
        return np.asarray(self.tof.to_value(u.d), dtype=float)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of departures and of times of flight."""
        return self.departure_jd_tdb.size, self.tof_d.size

    @cached_property
    def arrivals(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Distinct arrival epochs (JD TDB, sorted) and each cell's place among them ``(n, m)``.

        Steps that are multiples of one another share most arrivals, so an asteroid is placed a
        few hundred times instead of once a cell. Epochs within a tenth of a second are one.
        """
        offset = self.departure_jd_tdb - self.departure_jd_tdb[0]
        ticks = np.rint((offset[:, None] + self.tof_d) * 864_000.0).astype(np.int64)
        distinct, index = np.unique(ticks, return_inverse=True)
        return self.departure_jd_tdb[0] + distinct / 864_000.0, index.reshape(self.shape)


def _line(
    what: str, start: float, stop: float, step: float, start_text: str, stop_text: str
) -> NDArray[np.float64]:
    if not (np.isfinite(start) and np.isfinite(stop)):
        raise ValueError(f"the {what} runs from {start_text} to {stop_text}: give finite ends")
    if not step > 0:
        raise ValueError(
            f"the {what} step was given as {step:g} d, but must be positive: write e.g. '10 d'"
        )
    if stop < start:
        raise ValueError(
            f"the {what} runs from {start_text} to {stop_text}, which is backwards: swap the ends"
        )
    count = (stop - start) / step + 1e-6  # UTC to TDB bends a span by microseconds
    if count >= MAX_EPOCHS:
        raise ValueError(
            f"the {what} would have {count:,.0f} steps of {step:g} d, more than the "
            f"{MAX_EPOCHS:,} that fit in memory: use a longer step or a shorter span"
        )
    return np.asarray(start + step * np.arange(int(count) + 1), dtype=np.float64)


@dataclass(frozen=True)
class DeltaVMap:
    """Delta-v of one asteroid over a grid: the data of a porkchop plot.

    Each cell holds the cheapest arc among the revolutions tried, chosen separately for a flyby
    and for a rendezvous; NaN where there is none.

    Parameters
    ----------
    designation, name : str
        The asteroid.
    grid : Grid
        Departures ``(n,)`` and times of flight ``(m,)``.
    flyby_dv, rendezvous_dv : Quantity
        Total delta-v, m/s, shape ``(n, m)``.
    v_relative : Quantity
        Speed relative to the asteroid on arrival of the flyby arc, km/s, shape ``(n, m)``.
    flyby_revs, rendezvous_revs : ndarray of int
        Full revolutions of the arc in each cell, -1 where there is none, shape ``(n, m)``.
    fidelity, asteroid_model : str
        The rung of the ladder, and how the asteroid was moved.
    """

    designation: str
    name: str
    grid: Grid
    flyby_dv: u.Quantity
    rendezvous_dv: u.Quantity
    v_relative: u.Quantity
    flyby_revs: NDArray[np.int64]
    rendezvous_revs: NDArray[np.int64]
    fidelity: str
    asteroid_model: str
