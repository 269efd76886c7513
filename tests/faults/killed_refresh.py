"""Refreshes in a process of its own, forked for each, to be killed from outside.

For every line ``URL FOLDER CACHE DATE BYTES`` on standard input a child refreshes; its process
number and then its wait status are printed. With BYTES the child dies at that byte of a write.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from pathlib import Path

from survey.catalog import Limits, open_door, refresh


def child(url: str, folder: str, cache: str, date: str, most: int) -> None:
    os.dup2(os.open(os.devnull, os.O_RDWR), 2)
    if most:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # the write that crosses the limit kills
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    limits = Limits(interval_s=0.0, attempts=1, cool_down_s=0.0, jitter_s=0.0)
    door = open_door(url, folder=Path(cache), limits=limits)
    refresh(destination=folder, date=date, door=door, keep_raw=True)
    os._exit(0)


for line in sys.stdin:
    where = line.split()
    number = os.fork()
    if number == 0:
        try:
            child(*where[:4], int(where[4]))  # type: ignore[call-arg]
        finally:
            os._exit(9)
    print(number, flush=True)
    print(os.waitpid(number, 0)[1], flush=True)
