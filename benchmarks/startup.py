"""What a person waits for: the command's help, the first search of a session, a whole run."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]

IMPORTS = """
import astropy.units as u
from astropy.time import Time
from survey.catalog import read_snapshot
from survey.transfer import Grid, ParkingOrbit, search_transfers
"""
TINY_SEARCH = f"""{IMPORTS}
grid = Grid(Time([2462000.5, 2462010.5], format="jd", scale="tdb"), [200.0, 400.0] * u.d)
search_transfers(read_snapshot().head(2), ParkingOrbit(), grid, model="kepler")
"""


def lines(*, quick: bool) -> Iterator[str]:
    """Time the commands, and give one line for each."""
    times = 1 if quick else 5
    command = _command()
    yield f"{'Start-up':44}{'seconds: median (min - max)':>34}"
    yield _line("survey --help", [*command, "--help"], times)
    yield _line("python -c pass", [sys.executable, "-c", "pass"], times)
    yield _line("imports of survey.transfer, survey.catalog", _python(IMPORTS), times)
    yield _line("the same and one tiny search, caches warm", _python(TINY_SEARCH), times, warm=True)
    yield _line("survey run, bundled catalogue, empty folder", [*command, "run"], 1 if quick else 3)
    if not quick:
        yield _line("first search ever, compiling", _python(TINY_SEARCH), 1, cold=True)


def _command() -> list[str]:
    """Find the installed command of this Python, or what it would do."""
    script = Path(sys.executable).with_name("survey")
    return [str(script)] if script.is_file() else [sys.executable, "-m", "survey.cli"]


def _python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def _line(
    label: str, command: list[str], times: int, *, warm: bool = False, cold: bool = False
) -> str:
    try:
        if warm:
            _seconds(command)
        seconds = [_seconds(command, cold=cold) for _ in range(times)]
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["no message"])[-1]
        return f"{label:44}failed: {last}"
    spread = f"{statistics.median(seconds):.2f} ({min(seconds):.2f} - {max(seconds):.2f})"
    return f"{label:44}{spread:>34}"


def _seconds(command: list[str], *, cold: bool = False) -> float:
    """Wall time of a command in an empty folder that knows no snapshot but the bundled one."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(
                filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")])
            ),
            "XDG_DATA_HOME": str(Path(folder) / "data"),
        }
        environment.pop("SURVEY_CATALOGS", None)
        if cold:
            environment["NUMBA_CACHE_DIR"] = str(Path(folder) / "numba")
        work = Path(folder) / "work"
        work.mkdir()
        start = time.perf_counter()
        subprocess.run(
            command, cwd=work, env=environment, check=True, capture_output=True, text=True
        )
        return time.perf_counter() - start
