"""Many pieces of work through an executor, a few at a time ahead of the answers.

Tasks are made only when there is room for them, so that a million of them need no memory; answers
come in the order in which they are ready. There is no scheduler here: an `Executor` of
`concurrent.futures` (threads, processes, a cluster's) does the work, or nobody else does.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import TypeVar

_Key = TypeVar("_Key")
_Task = TypeVar("_Task")
_Answer = TypeVar("_Answer")


def answers(
    work: Callable[[_Task], _Answer],
    tasks: Iterable[tuple[_Key, _Task]],
    executor: Executor | None = None,
    *,
    ahead: int = 4,
) -> Iterator[tuple[_Key, _Answer]]:
    """Yield the key and the answer of each task, in the order in which they are ready.

    Parameters
    ----------
    work : callable
        Makes an answer of a task; for processes and clusters it and the tasks must be picklable.
    tasks : iterable of (key, task)
        Taken one by one, when there is room.
    executor : concurrent.futures.Executor, optional
        Who works. Without one the tasks are done here, one after the other.
    ahead : int, optional
        Tasks submitted and not yet answered, per worker of the executor.

    Raises
    ------
    Exception
        What `work` or `tasks` raises, at once. Tasks that have not begun are then cancelled, as
        they are when the caller stops asking.
    """
    if executor is None:
        for key, task in tasks:
            yield key, work(task)
        return
    limit = ahead * (getattr(executor, "_max_workers", None) or os.cpu_count() or 1)
    todo = iter(tasks)
    pending: dict[Future[_Answer], _Key] = {}
    try:
        while True:
            while len(pending) < limit and (following := next(todo, None)) is not None:
                pending[executor.submit(work, following[1])] = following[0]
            if not pending:
                return
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                key = pending.pop(future)
                yield key, future.result()
    finally:
        for future in pending:
            future.cancel()
