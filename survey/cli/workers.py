"""Who does the work: threads for kernels that release Python's lock, processes for the rest."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass

from survey.cli.folder import RunFolder
from survey.cli.screen import Screen

_PATIENCE_S = 2.0  # in which Python clears up after processes that it has seen end


@dataclass(frozen=True)
class Work:
    """One step under way: in which run, shown how, and whether to do again what is done."""

    folder: RunFolder
    screen: Screen
    force: bool
    jobs: int | None = None


@contextmanager
def threads(jobs: int | None) -> Iterator[Executor]:
    """Give a pool of threads; what has not begun when the block is left will not."""
    # Even one job has a thread of its own: the main thread stays free to hear Ctrl-C.
    pool = ThreadPoolExecutor(jobs or processors())
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def processes(count: int) -> Iterator[Executor]:
    """Give a pool of processes that are gone when the block is left, whatever the way out.

    They are started anew (spawn), as a copy of a process with compiled kernels and threads may
    hang; Ctrl-C is the parent's to hear, which then ends them in the middle of their work.

    Raises
    ------
    ValueError
        A process was ended from outside.
    """
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(count, mp_context=context, initializer=_begin)
    try:
        with _deaf():
            # All at once, while Ctrl-C is held back: what a process begins with it keeps.
            for _ in range(count):
                pool.submit(time.sleep, 0.0)
        yield pool
    except BaseException as error:
        running = list((getattr(pool, "_processes", None) or {}).values())
        reader = getattr(getattr(pool, "_call_queue", None), "_reader", None)
        manager = getattr(pool, "_executor_manager_thread", None)
        pool.shutdown(wait=False, cancel_futures=True)
        for process in running:
            process.terminate()
        if manager is not None:
            manager.join(_PATIENCE_S)
        if reader is not None and manager is not None and manager.is_alive():
            # Tasks may be on their way into a pipe that nobody empties any more: without this the
            # thread that writes them would wait for ever, and we for it (CPython issue 94777).
            # Where Python has learnt to close the pipe itself, it has done so by now.
            reader.close()
        if isinstance(error, BrokenProcessPool):
            raise ValueError(
                "a worker process was ended from outside, perhaps for want of memory: use fewer "
                "--jobs, and run the same command again to resume"
            ) from None
        raise
    else:
        pool.shutdown(wait=True)


def processors() -> int:
    """Count the processors that this process may use."""
    # Python 3.13 knows what this process may use; before, the affinity mask does where it exists.
    count = getattr(os, "process_cpu_count", None)
    if count is not None:
        return count() or 1
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


@contextmanager
def _deaf() -> Iterator[None]:
    """Hold Ctrl-C back; it is heard afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    """Set a worker up: warnings in one line, no network, and no life after its parent's."""
    from survey.cli.entry import one_line_warning
    from survey.cli.offline import stay_offline

    warnings.formatwarning = one_line_warning
    stay_offline()
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()  # returns when it is gone, even if it was killed
    os._exit(1)
