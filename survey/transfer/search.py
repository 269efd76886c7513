"""Every asteroid, every date: the two-body search from the parking orbit.

For each asteroid the arcs of the whole grid are solved by `survey.astro.porkchop_kernel`, which
keeps only the best flyby and the best rendezvous of each departure and moves their arrivals off
the grid to the best moment; the windows of these curves are solved again, one by one, for the
table. Departures stay on the grid. The asteroids go in chunks, so that a chunk is
the unit of parallel work, of progress and of resumption.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import survey
from survey.constants import GM_SUN_KM3_S2
from survey.tables import TRANSFERS, validate
from survey.transfer.arcs import ARC, KINDS, chunk_arcs
from survey.transfer.grid import Grid
from survey.transfer.parking import ParkingOrbit
from survey.transfer.targets import ELEMENTS, element_array

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


def run_chunk(task: Task, elements: NDArray[np.float64]) -> NDArray[np.void]:
    """Search one chunk of asteroids; records of `ARC`, asteroids numbered from 0."""
    return chunk_arcs(
        GM_SUN_KM3_S2, elements, task.departures, task.tof_d, task.arrivals, task.index,
        task.start, task.max_revs, task.windows,
    )  # fmt: skip


def _results(
    task: Task, chunks: dict[int, NDArray[np.float64]], executor: Executor | None
) -> Iterator[tuple[int, NDArray[np.void]]]:
    """Yield the number and the records of each chunk, in the order in which they come."""
    if executor is None:
        for number, elements in chunks.items():
            yield number, run_chunk(task, elements)
        return
    limit = _IN_FLIGHT * (getattr(executor, "_max_workers", None) or os.cpu_count() or 1)
    todo = iter(chunks.items())
    pending: dict[Future[NDArray[np.void]], int] = {}
    try:
        while True:
            while len(pending) < limit and (following := next(todo, None)) is not None:
                pending[executor.submit(run_chunk, task, following[1])] = following[0]
            if not pending:
                return
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                yield pending.pop(future), future.result()
    finally:
        for future in pending:
            future.cancel()


@dataclass(frozen=True)
class _Shelf:
    """Finished chunks on disk, each under the hash of all that it was made from."""

    folder: Path
    task_digest: str

    def _path(self, elements: NDArray[np.float64]) -> Path:
        name = hashlib.sha256(self.task_digest.encode() + elements.tobytes()).hexdigest()[:32]
        return self.folder / f"{name}.npy"

    def take(self, elements: NDArray[np.float64]) -> NDArray[np.void] | None:
        try:
            records: NDArray[np.void] = np.load(self._path(elements), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None  # not there, or not whole: it is simply searched again
        return records if records.dtype == ARC else None

    def put(self, elements: NDArray[np.float64], records: NDArray[np.void]) -> None:
        path = self._path(elements)
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
    executor: Executor | None = None,
    max_revs: int = 1,
    windows: int = 3,
    checkpoint: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
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

    Returns
    -------
    DataFrame
        One arc per row, in the schema `survey.tables.TRANSFERS`: asteroids in the order of the
        catalogue, for each the flyby windows and then the rendezvous windows, cheapest first. An
        asteroid that no arc of the grid reaches has no row.

    Raises
    ------
    ValueError
        If the grid leaves the span of the planetary ephemeris, or an option is out of range.
    """
    task = make_task(parking, grid, max_revs=max_revs, windows=windows)
    elements = element_array(catalog) if len(catalog) else np.empty((0, len(ELEMENTS)))
    parts = {n: elements[n : n + CHUNK] for n in range(0, len(elements), CHUNK)}
    found: dict[int, NDArray[np.void]] = {}
    shelf = None
    if checkpoint is not None:
        checkpoint.mkdir(parents=True, exist_ok=True)
        shelf = _Shelf(checkpoint, task.digest)
        kept = ((n, shelf.take(part)) for n, part in parts.items())
        found = {n: records for n, records in kept if records is not None}
    done = sum(len(parts[n]) for n in found)
    if progress is not None:
        progress(done, len(elements))
    todo = {n: part for n, part in parts.items() if n not in found}
    for n, records in _results(task, todo, executor):
        found[n] = records
        if shelf is not None:
            shelf.put(parts[n], records)
        done += len(parts[n])
        if progress is not None:
            progress(done, len(elements))
    return _table(catalog, found)


def _table(catalog: pd.DataFrame, found: dict[int, NDArray[np.void]]) -> pd.DataFrame:
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
            "asteroid_model": "kepler",
        }
    )
    return validate(frame, TRANSFERS)
