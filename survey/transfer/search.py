"""Every asteroid, every date: the two-body search from the parking orbit.

For each asteroid the arcs of the whole grid are solved by `survey.astro.porkchop_kernel`, which
keeps only the best flyby and the best rendezvous of each departure and moves their arrivals off
the grid to the best moment; the windows of these curves are solved again, one by one, for the
table. Departures stay on the grid. The asteroids go in chunks, so that a chunk is
the unit of parallel work, of progress and of resumption.

The craft's arcs know only the Sun; the asteroids move among the planets unless asked otherwise.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import survey
from survey.constants import GM_SUN_KM3_S2
from survey.tables import TRANSFERS, validate
from survey.transfer.absences import left_out
from survey.transfer.arcs import ARC, KINDS, chunk_arcs
from survey.transfer.ephemerides import (
    AsteroidEphemeris,
    Ephemerides,
    build_ephemerides,
    laws_of,
    model_key,
)
from survey.transfer.executor import answers
from survey.transfer.grid import Grid
from survey.transfer.parking import ParkingOrbit
from survey.transfer.states import span_around
from survey.transfer.targets import ELEMENTS, Model, check_model, element_array, kepler_states

CHUNK = 64  # asteroids: 0.1 s of work, 2 MB of states
_IN_FLIGHT = 4  # chunks submitted ahead, per worker of the executor
MAX_WINDOWS = 9


@dataclass(frozen=True)
class Task:
    """All that a chunk needs besides its asteroids; plain arrays, so that it can be sent anywhere.

    `start` holds the craft's states ``(n, 6)`` in km and km/s, `arrivals` the distinct arrival
    epochs ``(k,)``, `index` each cell's place among them.
    """

    departures: NDArray[np.float64]
    tof_d: NDArray[np.float64]
    arrivals: NDArray[np.float64]
    index: NDArray[np.int64]
    start: NDArray[np.float64]
    max_revs: int
    windows: int

    @property
    def digest(self) -> str:
        """Hash of the task, the solver's version included."""
        total = hashlib.sha256(f"{survey.__version__} {self.max_revs} {self.windows}".encode())
        for array in (self.departures, self.tof_d, self.start):
            total.update(np.ascontiguousarray(array).tobytes())
        return total.hexdigest()


def make_task(parking: ParkingOrbit, grid: Grid, *, max_revs: int, windows: int) -> Task:
    """Work out the states that all asteroids share."""
    if not 0 <= max_revs <= 7:
        raise ValueError(f"max_revs was given as {max_revs}: write a whole number from 0 to 7")
    if not 1 <= windows <= MAX_WINDOWS:
        raise ValueError(
            f"windows was given as {windows}: write a whole number from 1 to {MAX_WINDOWS}"
        )
    arrivals, index = grid.arrivals
    r, v = parking.state(grid.departure)
    return Task(
        departures=grid.departure_jd_tdb,
        tof_d=grid.tof_d,
        arrivals=arrivals,
        index=index,
        start=np.concatenate([r.to_value("km"), v.to_value("km/s")], axis=-1),
        max_revs=max_revs,
        windows=windows,
    )


def span_of(grid: Grid) -> tuple[float, float]:
    """First and last JD TDB for which a search on a grid needs the asteroids."""
    arrivals, _ = grid.arrivals
    return span_around(float(grid.departure_jd_tdb[0]), float(arrivals[-1]))


def make_ephemerides(
    catalog: pd.DataFrame,
    grid: Grid,
    *,
    executor: Executor | None = None,
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Ephemerides:
    """Integrate all asteroids of a catalogue over the dates of a grid.

    Arguments and errors are those of `survey.transfer.ephemerides.build_ephemerides`.
    """
    first, last = span_of(grid)
    return build_ephemerides(
        catalog, first, last, executor=executor, cache=cache, progress=progress
    )


def run_chunk(chunk: tuple[Task, NDArray[np.float64] | AsteroidEphemeris]) -> NDArray[np.void]:
    """Search one chunk of asteroids; records of `ARC`, asteroids numbered from 0.

    They are given as ephemerides, or as elements to be moved along their ellipses.
    """
    task, orbits = chunk
    motion = (
        orbits.states if isinstance(orbits, AsteroidEphemeris) else partial(kepler_states, orbits)
    )
    return chunk_arcs(
        GM_SUN_KM3_S2, motion, task.departures, task.tof_d, task.arrivals, task.index,
        task.start, task.max_revs, task.windows,
    )  # fmt: skip


@dataclass(frozen=True)
class _Chunks:
    """The asteroids in pieces: what identifies a piece, and what is sent to whoever searches it."""

    elements: NDArray[np.float64]
    laws: NDArray[np.float64]
    ephemerides: Ephemerides | None

    def size(self, number: int) -> int:
        return len(self.elements[number : number + CHUNK])

    def identity(self, number: int) -> bytes:
        piece = slice(number, number + CHUNK)
        if self.ephemerides is None:
            return b"kepler" + self.elements[piece].tobytes()
        span = self.ephemerides.first_jd, self.ephemerides.last_jd
        orbits = self.elements[piece].tobytes() + self.laws[piece].tobytes()
        return model_key(*span).encode() + orbits

    def orbits(self, number: int) -> NDArray[np.float64] | AsteroidEphemeris:
        piece = slice(number, number + CHUNK)
        return self.elements[piece] if self.ephemerides is None else self.ephemerides.chunk(piece)


@dataclass(frozen=True)
class _Shelf:
    """Finished chunks on disk, each under the hash of all that it was made from."""

    folder: Path
    task_digest: str

    def _path(self, identity: bytes) -> Path:
        name = hashlib.sha256(self.task_digest.encode() + identity).hexdigest()[:32]
        return self.folder / f"{name}.npy"

    def take(self, identity: bytes) -> NDArray[np.void] | None:
        try:
            records: NDArray[np.void] = np.load(self._path(identity), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None  # not there, or not whole: it is simply searched again
        return records if records.dtype == ARC else None

    def put(self, identity: bytes, records: NDArray[np.void]) -> None:
        path = self._path(identity)
        temporary = path.with_name(f"{path.stem}.{os.getpid()}.part")
        try:
            with temporary.open("wb") as file:
                np.save(file, records, allow_pickle=False)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def search_transfers(
    catalog: pd.DataFrame,
    parking: ParkingOrbit,
    grid: Grid,
    *,
    model: Model = "n-body",
    executor: Executor | None = None,
    max_revs: int = 1,
    windows: int = 3,
    checkpoint: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    ephemerides: Ephemerides | None = None,
    cache: Path | None = None,
) -> pd.DataFrame:
    """Cheapest flybys and rendezvous of every asteroid, as two-body (rung A) arcs.

    Parameters
    ----------
    catalog : DataFrame
        Rows of the catalogue, in the schema `survey.tables.CATALOG`.
    parking : ParkingOrbit
        Where the craft waits.
    grid : Grid
        Departures and times of flight that are tried.
    model : {"n-body", "kepler"}, optional
        How the asteroids move, see `survey.transfer.asteroid_state`.
    executor : concurrent.futures.Executor, optional
        Who does the chunks: threads (the kernels release the GIL), processes, or a cluster's
        executor. Without one they are done here, one after the other.
    max_revs : int, optional
        Full revolutions tried on long flights, 0 to 7.
    windows : int, optional
        Most distinct windows kept per asteroid and kind.
    checkpoint : Path, optional
        Folder in which finished chunks are kept and from which they are taken again, so that an
        interrupted search goes on where it stopped, to the same result.
    progress : callable, optional
        Called with the number of asteroids done and their total.
    ephemerides : Ephemerides, optional
        What `make_ephemerides` gave for this catalogue and grid. Without it the asteroids are
        integrated here.
    cache : Path, optional
        Folder in which ephemerides are kept between runs, `survey.transfer.default_cache` for the
        user's; used where `ephemerides` are not given.

    Returns
    -------
    DataFrame
        One arc per row, in the schema `survey.tables.TRANSFERS`: asteroids in the order of the
        catalogue, for each the flyby windows and then the rendezvous windows, cheapest first. An
        asteroid that no arc of the grid reaches has no row; nor has, by n-body, one that is gone
        when the first craft could leave, or cannot be integrated. ``attrs["left_out"]`` lists
        those with the reason, see `survey.transfer.left_out`.

    Raises
    ------
    ValueError
        If the grid leaves the span of the ephemerides, an option is out of range, or `ephemerides`
        are of other asteroids or dates.
    """
    check_model(model)
    task = make_task(parking, grid, max_revs=max_revs, windows=windows)
    if progress is not None:
        progress(0, len(catalog))  # to look for those that are gone takes a while
    reasons: list[dict[str, object]] = []
    asteroids = catalog
    if model == "kepler":
        ephemerides = None
    else:
        if ephemerides is None:
            ephemerides = make_ephemerides(catalog, grid, executor=executor, cache=cache)
        elif (len(ephemerides), ephemerides.first_jd, ephemerides.last_jd) != (
            len(catalog), *span_of(grid),
        ):  # fmt: skip
            raise ValueError(
                "the ephemerides are of other asteroids or dates than the search: make them with "
                "make_ephemerides of the same catalogue and grid"
            )
        gone, reasons = left_out(
            catalog, ephemerides, float(task.departures[0]), executor=executor, cache=cache
        )
        asteroids = catalog[~gone]
        ephemerides = replace(ephemerides, place=ephemerides.place[~gone])
    chunks = _Chunks(
        element_array(asteroids) if len(asteroids) else np.empty((0, len(ELEMENTS))),
        laws_of(asteroids),
        ephemerides,
    )
    numbers = list(range(0, len(asteroids), CHUNK))
    found: dict[int, NDArray[np.void]] = {}
    shelf = None
    if checkpoint is not None:
        checkpoint.mkdir(parents=True, exist_ok=True)
        shelf = _Shelf(checkpoint, task.digest)
        kept = ((n, shelf.take(chunks.identity(n))) for n in numbers)
        found = {n: records for n, records in kept if records is not None}
    done = sum(chunks.size(n) for n in found)
    if progress is not None:
        progress(done, len(asteroids))
    todo = ((n, (task, chunks.orbits(n))) for n in numbers if n not in found)
    for n, records in answers(run_chunk, todo, executor, ahead=_IN_FLIGHT):
        found[n] = records
        if shelf is not None:
            shelf.put(chunks.identity(n), records)
        done += chunks.size(n)
        if progress is not None:
            progress(done, len(asteroids))
    table = _table(asteroids, found, model)
    table.attrs["left_out"] = reasons
    return table


def _table(catalog: pd.DataFrame, found: dict[int, NDArray[np.void]], model: Model) -> pd.DataFrame:
    """All records as one table, with what identifies the asteroids."""
    numbers = sorted(found)
    records = np.concatenate([np.empty(0, ARC), *(found[n] for n in numbers)])
    first = np.concatenate([np.empty(0, int), *(np.full(len(found[n]), n) for n in numbers)])
    rows = catalog.iloc[first.astype(int) + records["asteroid"]]
    columns = {name: records[name] for name in ARC.names or () if name not in ("asteroid", "kind")}
    frame = pd.DataFrame(
        {
            "designation": rows["designation"].to_numpy(),
            "name": rows["name"].to_numpy(),
            "H_mag": rows["H_mag"].to_numpy(dtype=float),
            "kind": np.asarray(KINDS, dtype=object)[records["kind"]],
            **columns,
            "fidelity": "two-body",
            "asteroid_model": model,
        }
    )
    return validate(frame, TRANSFERS)
