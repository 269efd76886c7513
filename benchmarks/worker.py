"""One contestant in a process of its own, which waits until the parent says that it is its turn.

Asked by lines on standard input and answering by lines of JSON: ``time SECONDS`` solves all
problems again and again for so long, ``answer FILE`` writes the answers, ``end`` ends.
"""

from __future__ import annotations

import gc
import importlib.metadata
import json
import os
import sys
import time
from typing import Any, TextIO

import numpy as np

from benchmarks.contestants import RACES, Contestant, Solve, size, take_few


def main() -> None:
    """Run contestant number ``argv[2]`` of race ``argv[1]`` on the problems in ``argv[3]``."""
    task, number, path = sys.argv[1:4]
    # The libraries may print what they like: it goes to standard error, not between the answers.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(2, 1)
        _obey(task, RACES[task][int(number)], path, out)
        out.flush()
        os._exit(0)  # pykep aborts in an orderly exit


def _obey(task: str, contestant: Contestant, path: str, out: TextIO) -> None:
    with np.load(path) as file:
        data = take_few(task, dict(file), contestant.few)
    try:
        solve, answer = contestant.build(data)
        solve()  # compiled, and every table read, before the clock runs
    except Exception as error:  # whatever is wrong with a peer, the others go on
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        _say(out, missing=isinstance(error, ImportError), error=reason)
        return
    _say(out, version=_version(contestant.package))
    for line in sys.stdin:
        order, _, argument = line.strip().partition(" ")
        if order == "time":
            _say(out, **_time(solve, size(task, data), float(argument)))
        elif order == "answer":
            np.savez(argument, **answer(solve()))
            _say(out, done=True)
        else:
            return


def _time(solve: Solve, count: int, seconds: float) -> dict[str, float]:
    """Problems per second of processor time, and this over wall time: 1 for a thread undisturbed.

    Processor time is what a core needs, whoever else is on the machine, however many are used.
    """
    gc.collect()
    gc.disable()  # as timeit does: loops over Python objects would pay for it
    calls, cpu, start = 0, time.process_time(), time.perf_counter()
    while (wall := time.perf_counter() - start) < seconds or not calls:
        solve()
        calls += 1
    cpu = time.process_time() - cpu
    gc.enable()
    return {"rate": calls * count / cpu, "cpu": cpu / wall}


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package.replace("_", "-"))
    except importlib.metadata.PackageNotFoundError:
        return str(getattr(sys.modules.get(package), "__version__", "?"))


def _say(out: TextIO, **message: Any) -> None:
    out.write(json.dumps(message) + "\n")
    out.flush()


if __name__ == "__main__":
    main()
