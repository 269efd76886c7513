"""All measurements in one run: ``python -m benchmarks [PART ...]``."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from benchmarks import boundary, nbody, search, startup, threebody
from benchmarks.problems import COUNT, make_problems
from benchmarks.race import race, show

TITLES = {
    "lambert": "Lambert, L2 to near-Earth asteroids, one thread; miss after flying the arc",
    "wide": "Lambert, between any two orbits, one thread; miss after flying the arc",
    "kepler": "Elements to states, asteroids at many epochs, one thread; error of position",
    "planets": "The Earth's heliocentric state, one thread; difference of position from DE440",
}
PARTS = (*TITLES, "nbody", "threebody", "boundary", "search", "startup")


def main() -> None:
    """Measure, and print one table after another."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}: all")
    parser.add_argument("--quick", action="store_true", help="a look, not a figure")
    parser.add_argument("--rounds", type=int, default=9, help="turns of each race: 9")
    parser.add_argument("--seconds", type=float, default=0.5, help="of one turn: 0.5")
    parser.add_argument(
        "--peers-python",
        default=sys.executable,
        metavar="PYTHON",
        help="interpreter with the peers, if they do not live beside the survey",
    )
    asked = parser.parse_args()
    parts = asked.parts or PARTS
    if unknown := set(parts) - set(PARTS):
        parser.error(f"no such part as {', '.join(sorted(unknown))}: write {', '.join(PARTS)}")
    rounds, seconds = (3, 0.1) if asked.quick else (asked.rounds, asked.seconds)

    print(_where())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        races = [task for task in TITLES if task in parts]
        problems = make_problems(folder) if races else {}
        for task in races:
            results = race(
                task, problems[task], rounds=rounds, seconds=seconds, peers=asked.peers_python
            )
            _print([show(f"{TITLES[task]}; {COUNT:,} problems, {rounds} rounds", results)])
        if "nbody" in parts:
            _print(nbody.lines(peers=asked.peers_python, quick=asked.quick))
        if "threebody" in parts:
            _print(threebody.lines(quick=asked.quick))
        if "boundary" in parts:
            _print(boundary.lines(quick=asked.quick))
        if "search" in parts:
            _print(search.tables(folder, quick=asked.quick))
        if "startup" in parts:
            _print(startup.lines(quick=asked.quick))


def _print(lines: Iterable[str]) -> None:
    """Print an empty line, and then each line as soon as it is known."""
    print()
    for line in lines:
        print(line, flush=True)


def _where() -> str:
    """Say what this ran on, and whether it was quiet."""
    names = ("numpy", "numba", "llvmlite")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    text = f"Python {platform.python_version()}, {versions}; {_processor()}, {os.cpu_count()} cores"
    if hasattr(os, "getloadavg"):
        load = os.getloadavg()[0]
        text += f"; load {load:.1f}"
        if load > 0.7:
            text += "\nTHE MACHINE IS NOT QUIET: ratios may stand, rates and seconds do not."
    return text


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
