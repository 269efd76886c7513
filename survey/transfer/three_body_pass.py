"""One pass over asteroids, chunk by chunk, but for those whose results lie on the shelf."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from survey.transfer.executor import answers
from survey.transfer.three_body_shelf import ResultShelf

Records = NDArray[np.void]
Rows = NDArray[np.int64]
_Piece = TypeVar("_Piece")


def run_pass(
    shelf: ResultShelf,
    keys: dict[int, bytes],
    piece_of: Callable[[Rows], _Piece],
    work: Callable[[_Piece], Records],
    *,
    size: int,
    executor: Executor | None,
    tell: Callable[[int, int], None],
) -> Records:
    """Search asteroids, and keep what comes of each chunk as soon as it is there.

    Parameters
    ----------
    shelf : ResultShelf
        Where results are looked for and kept.
    keys : dict of bytes by int
        Place of each asteroid in the catalogue, and what its results are filed under.
    piece_of : callable
        Makes the task of some places.
    work : callable
        Does a task; its records are numbered from 0 within it, in the field ``asteroid``.
    size : int
        Asteroids in a task.
    executor : Executor, optional
        Who works.
    tell : callable
        Told how many asteroids are done, and of how many.

    Returns
    -------
    ndarray
        Records, numbered by place in the catalogue; of known asteroids first.
    """
    found: list[Records] = [np.empty(0, shelf.record)]
    todo = []
    for row, key in keys.items():
        known = shelf.take(key)
        if known is None:
            todo.append(row)
        else:
            found.append(_numbered(known, np.full(len(known), row)))
    pieces = [np.array(todo[n : n + size]) for n in range(0, len(todo), size)]
    done = len(keys) - len(todo)
    tell(done, len(keys))
    tasks = ((n, piece_of(piece)) for n, piece in enumerate(pieces))
    for n, records in answers(work, tasks, executor):
        shelf.put([keys[int(row)] for row in pieces[n]], records)
        found.append(_numbered(records, pieces[n][records["asteroid"]]))
        done += len(pieces[n])
        tell(done, len(keys))
    shelf.prune()
    return np.concatenate(found)


def _numbered(records: Records, rows: Rows) -> Records:
    """Give records their asteroids' places in the catalogue."""
    renumbered = records.copy()
    renumbered["asteroid"] = rows
    return renumbered
