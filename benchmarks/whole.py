"""The main job on growing catalogues: ``survey run`` from the first search to the PDF.

Every size is a run of the command a person types, in a folder and with a cache of its own, so that
nothing is found done: ephemerides, both two-body searches, the three-body search with all ways of
leaving for its head, ranking, report. What a step took is read from the dates of the files that
it ends with. ``python -m benchmarks.whole 1000 5000 0`` (0: the whole catalogue).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.search import SEED, prepare

STEPS = {
    "two-body": "transfers.ecsv",
    "ellipses": "transfers-kepler.ecsv",
    "three-body": "three_body.ecsv",
    "ranking": "ranking.ecsv",
    "report": "report.pdf",
}
SIZES = (1000, 5000, 0)
_PAUSE_S = 0.5


def lines(sizes: tuple[int, ...], deep: int) -> Iterator[str]:
    """Run the sizes one after another, and give a line for each as it is known."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        snapshot, words = prepare(folder)
        from survey.catalog import read_snapshot

        names = read_snapshot(snapshot)["designation"]
        yield f"survey run, ten years of departures, {deep} of each kind searched deeply; {words}"
        yield (
            f"{'asteroids':>10}"
            + "".join(f"{step:>12}" for step in STEPS)
            + f"{'all, s':>10}{'cpu s':>9}{'peak MB':>9}  counts"
        )
        _run(folder / "first", snapshot, list(names[:4]), 1)  # compiles what is not yet compiled
        for size in sizes:
            some = list(names.sample(size, random_state=SEED)) if 0 < size < len(names) else []
            yield _run(folder / f"run{size}", snapshot, some, deep)


def _run(folder: Path, snapshot: Path, targets: list[str], deep: int) -> str:
    """Run the command once in an empty folder, and return the line."""
    folder.mkdir()
    choices = folder / "run.toml"
    choices.write_text(
        f"[catalog]\nsnapshot = {json.dumps(str(snapshot))}\ntargets = {json.dumps(targets)}\n"
        f"[three_body]\ndeep = {deep}\n",
        encoding="utf-8",
    )
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started, clock = time.time(), time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "survey.cli", "run", str(folder)],
        env=environment, start_new_session=True,
        stdout=(folder / "out").open("w"), stderr=(folder / "err").open("w"),
    ) as process:  # fmt: skip
        peak = 0.0
        while process.poll() is None:
            peak = max(peak, _held_mb(process.pid))
            time.sleep(_PAUSE_S)
    seconds = time.perf_counter() - clock
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if process.returncode:
        sys.exit((folder / "err").read_text().strip().splitlines()[-1])
    begun, parts = started, []
    for file in STEPS.values():
        ended = (folder / file).stat().st_mtime
        parts.append(f"{ended - begun:12.1f}")
        begun = ended
    return (
        f"{len(targets) or 'all':>10}"
        + "".join(parts)
        + f"{seconds:10.1f}{cpu:9.0f}{peak:9.0f}  {_counts(folder / 'three_body.ecsv')}"
    )


def _counts(path: Path) -> str:
    """Return what the three-body search has counted."""
    from survey.tables import THREE_BODY, read_table

    counts = read_table(path, THREE_BODY)[1]["counts"]
    return json.dumps(counts)


def _held_mb(session: int) -> float:
    """Memory that the processes of a session hold, shared pages once, MB."""
    held = 0
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.getsid(int(entry.name)) != session:
                continue
            text = (entry / "smaps_rollup").read_text()
        except (OSError, ValueError):
            continue  # it has ended meanwhile
        held += next((int(x.split()[1]) for x in text.splitlines() if x.startswith("Pss:")), 0)
    return held / 1e3


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.whole", description=main.__doc__)
    parser.add_argument("sizes", nargs="*", type=int, help="asteroids; 0: all; 1000 5000 0")
    parser.add_argument("--deep", type=int, default=150, help="of each kind: 150")
    asked = parser.parse_args()
    for line in lines(tuple(asked.sizes) or SIZES, asked.deep):
        print(line, flush=True)


if __name__ == "__main__":
    main()
