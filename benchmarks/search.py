"""The fused search: cells per second, how the time grows with the catalogue, and memory.

Each search is a process of its own (``python -m benchmarks.search``), so that its peak memory is
its own. A cell is one (asteroid, departure, time of flight); ephemerides, the improvement
of the best arcs off the grid, and the making of the table are part of the time.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
CATALOGUE = "mpc_nea_extended_epoch2459403.5.json.gz"
SEED = 25_798


def real_catalogue() -> Path | None:
    """Find the Minor Planet Center's whole table, kept beside the repository where there is one."""
    beside = REPOSITORY.parent / "shared" / "data"
    path = Path(os.environ.get("SURVEY_SHARED_DATA", beside)) / "catalogs" / CATALOGUE
    return path if path.is_file() else None


def prepare(folder: Path) -> tuple[Path, str]:
    """Choose the snapshot that is searched, and say in words what it is."""
    file = real_catalogue()
    if file is None:
        from survey.catalog import resolve_snapshot

        return resolve_snapshot(), "bundled catalogue, repeated with its elements perturbed"
    code = (
        "import sys; from survey.catalog import import_catalog; "
        "print(import_catalog(sys.argv[1], destination=sys.argv[2], date='2021-07-08').path)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(file), str(folder)],
        cwd=REPOSITORY, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return Path(done.stdout.strip()), f"real catalogue ({CATALOGUE}), drawn at random"


def tables(folder: Path, *, quick: bool) -> Iterator[str]:
    """Run the searches, and give the lines of both tables as they come."""
    snapshot, words = prepare(folder)
    yield f"Fused search, default grid of 366 departures x 71 times of flight; {words}"
    yield (
        f"{'asteroids':>10}{'revs':>6}{'threads':>9}{'cells':>11}{'seconds':>9}{'cpu':>6}"
        f"{'M cells/s: median (min - max)':>32}{'cpu us/asteroid':>17}{'peak MB':>9}{'before':>8}"
    )
    number, repeats = (200, 1) if quick else (1000, 3)
    cases = [(number, revs, threads, repeats) for revs in (0, 1) for threads in (1, 2)]
    # 0 is the whole of the real catalogue, whose size the repeated one takes, too.
    sizes = (400, 800) if quick else (5000, 0 if real_catalogue() else 25_798)
    cases += [(size, revs, 2, 1) for revs in (0, 1) for size in sizes]
    for asteroids, revs, threads, times in cases:
        yield _line(_run(snapshot, asteroids, revs, threads, times))


def _run(snapshot: Path, asteroids: int, revs: int, threads: int, times: int) -> dict[str, Any]:
    arguments = [str(snapshot), *map(str, (asteroids, revs, threads, times))]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.search", *arguments],
        cwd=REPOSITORY, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _line(result: dict[str, Any]) -> str:
    cells = result["cells"]
    rates = [cells / seconds / 1e6 for seconds in result["seconds"]]
    seconds = statistics.median(result["seconds"])
    work = result["cpu"] * seconds / result["asteroids"] * 1e6
    spread = f"{statistics.median(rates):.2f} ({min(rates):.2f} - {max(rates):.2f})"
    return (
        f"{result['asteroids']:10,}{result['revs']:6}{result['threads']:9}{cells:11.2e}"
        f"{seconds:9.2f}{result['cpu']:6.2f}{spread:>32}{work:17.0f}"
        f"{result['peak_mb']:9.0f}{result['before_mb']:8.0f}"
    )


def draw(catalog: Any, number: int) -> Any:
    """Take `number` asteroids at random (0: all), repeating them with perturbed orbits if need be.

    Repeats move a, e, i by a per cent and turn the three angles at will: other orbits of the
    same kind, as hard as the real ones.
    """
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(SEED)
    if not number or number <= len(catalog):
        rows = rng.permutation(len(catalog))[: number or None]
        return catalog.iloc[np.sort(rows)].reset_index(drop=True)
    copies = pd.concat([catalog] * -(-number // len(catalog)), ignore_index=True).iloc[:number]
    changed = copies.copy()
    extra = slice(len(catalog), None)
    for column in ("a_au", "i_deg"):
        changed[column] *= 1.0 + 0.01 * rng.standard_normal(number)
    changed["e"] = np.clip(changed["e"] * (1.0 + 0.01 * rng.standard_normal(number)), 0.0, 0.97)
    for column in ("node_deg", "argperi_deg", "mean_anomaly_deg"):
        changed[column] = rng.uniform(0.0, 360.0, number)
    changed["designation"] = [f"copy {j}" for j in range(number)]
    return pd.concat([copies.iloc[: extra.start], changed.iloc[extra]], ignore_index=True)


def peak_mb() -> float:
    """Most memory that this process ever held, MB."""
    status = Path("/proc/self/status")
    if status.is_file():  # getrusage would count what the parent held when it made this process
        lines = status.read_text("ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1e3
    import resource

    unit = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def main() -> None:
    """Search once or several times, and print one line of JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("snapshot", type=Path)
    for name in ("asteroids", "revs", "threads", "times"):
        parser.add_argument(name, type=int)
    asked = parser.parse_args()

    import astropy.units as u
    import numpy as np
    from astropy.time import Time

    from survey.catalog import read_snapshot
    from survey.transfer import Grid, ParkingOrbit, search_transfers

    tofs = np.arange(30.0, 731.0, 10.0) * u.d
    grid = Grid(Time(2_461_406.5 + 10.0 * np.arange(366), format="jd", scale="tdb"), tofs)
    catalog = draw(read_snapshot(asked.snapshot), asked.asteroids)
    executor = ThreadPoolExecutor(asked.threads) if asked.threads > 1 else None
    options = {"executor": executor, "max_revs": asked.revs, "model": "kepler"}
    search_transfers(catalog.head(8), ParkingOrbit(), grid, **options)  # compiled, files read
    before, seconds, cpu = peak_mb(), [], time.process_time()
    for _ in range(asked.times):
        start = time.perf_counter()
        found = search_transfers(catalog, ParkingOrbit(), grid, **options)
        seconds.append(time.perf_counter() - start)
    n, m = grid.shape
    print(
        json.dumps(
            {
                "asteroids": len(catalog),
                "revs": asked.revs,
                "threads": asked.threads,
                "cells": len(catalog) * n * m,
                "arcs": len(found),
                "seconds": seconds,
                "cpu": (time.process_time() - cpu) / sum(seconds),
                "before_mb": before,
                "peak_mb": peak_mb(),
            }
        )
    )


if __name__ == "__main__":
    main()
