"""Races: ours and a peer in turns, so that whatever slows the machine slows both."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contestants import RACES, Contestant
from benchmarks.judge import misses

REPOSITORY = Path(__file__).resolve().parents[1]

# One thread each, whatever the library would rather do.
_LIMITS = ("NUMBA_NUM", "RAYON_NUM", "OMP_NUM", "OPENBLAS_NUM", "MKL_NUM")
ONE_THREAD = {f"{library}_THREADS": "1" for library in _LIMITS}


@dataclass
class Result:
    """What one contestant did."""

    contestant: Contestant
    version: str = ""
    error: str = ""
    missing: bool = False
    rates: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    miss: Any = None


class CrashError(Exception):
    """The process of a contestant is gone."""


class Runner:
    """The process of one contestant."""

    def __init__(self, task: str, number: int, problems: Path, python: str) -> None:
        # Kept until `close`: what the process says last, if it dies.
        self._errors = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            [python, "-m", "benchmarks.worker", task, str(number), str(problems)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            cwd=REPOSITORY,
            env=os.environ | ONE_THREAD,
        )
        self.greeting = self._answer()

    def ask(self, order: str) -> dict[str, Any]:
        """Give an order, and wait until it is carried out."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(order + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # what happened stands in the answer
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait()
            self._errors.seek(0)
            last = (self._errors.read().strip().splitlines() or ["no message"])[-1]
            raise CrashError(f"its process ended with code {code}: {last}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()


def race(task: str, problems: Path, *, rounds: int, seconds: float, peers: str) -> list[Result]:
    """Let every peer of a task run against ours; ours comes first in the list."""
    with np.load(problems) as file:
        data = dict(file)
    entries = RACES[task]
    results = [Result(entry) for entry in entries]
    ours = Runner(task, 0, problems, sys.executable)
    try:
        if "error" in ours.greeting:
            raise SystemExit(f"survey itself does not run: {ours.greeting['error']}")
        results[0].version = ours.greeting["version"]
        results[0].miss = _judge(task, data, ours, problems.parent)
        for number, entry in enumerate(entries[1:], start=1):
            python = sys.executable if entry.package == "survey" else peers
            _duel(task, data, ours, results[0], results[number], number, problems, python,
                  rounds=rounds, seconds=seconds)  # fmt: skip
        return results
    finally:
        ours.close()


def _duel(
    task: str,
    data: dict[str, Any],
    ours: Runner,
    our_result: Result,
    result: Result,
    number: int,
    problems: Path,
    python: str,
    *,
    rounds: int,
    seconds: float,
) -> None:
    peer = None
    try:
        peer = Runner(task, number, problems, python)
        if "error" in peer.greeting:
            result.missing, result.error = peer.greeting["missing"], peer.greeting["error"]
            return
        result.version = peer.greeting["version"]
        result.miss = _judge(task, data, peer, problems.parent)
        for turn in range(rounds):
            # Each goes first every other time.
            first, second = (ours, peer) if turn % 2 == 0 else (peer, ours)
            times = {runner: runner.ask(f"time {seconds}") for runner in (first, second)}
            result.rates.append(times[peer]["rate"])
            result.cpu.append(times[peer]["cpu"])
            our_result.rates.append(times[ours]["rate"])
            our_result.cpu.append(times[ours]["cpu"])
            result.ratios.append(times[ours]["rate"] / times[peer]["rate"])
    except CrashError as crash:
        result.error = str(crash)
    finally:
        if peer is not None:
            peer.close()


def _judge(task: str, data: dict[str, Any], runner: Runner, folder: Path) -> Any:
    path = folder / "answer.npz"
    runner.ask(f"answer {path}")
    with np.load(path) as file:
        return misses(task, data, dict(file))


def show(title: str, results: list[Result]) -> str:
    """Write the table of one race."""
    lines = [
        title,
        f"{'':34}{'version':>9}{'M/s':>9}{'ours/peer: median (min - max)':>32}"
        f"{'miss: median':>14}{'worst':>10}{'none':>6}{'cpu':>6}",
    ]
    for result in results:
        label = result.contestant.label
        if result.missing:
            lines.append(f"{label:34}missing ({result.error}): "
                         f"pip install '{result.contestant.install}'")  # fmt: skip
            continue
        if not result.rates:
            lines.append(f"{label:34}failed: {result.error}")
            continue
        ratio = ""
        if result.ratios:
            middle = statistics.median(result.ratios)
            ratio = f"{middle:.3g} ({min(result.ratios):.3g} - {max(result.ratios):.3g})"
        good = result.miss[np.isfinite(result.miss)]
        lines.append(
            f"{label:34}{result.version:>9}{statistics.median(result.rates) / 1e6:9.4g}{ratio:>32}"
            f"{np.median(good):14.1e}{good.max():10.1e}{len(result.miss) - len(good):6d}"
            f"{statistics.median(result.cpu):6.2f}"
            + (f"  then failed: {result.error}" if result.error else "")
        )
    return "\n".join(lines)
