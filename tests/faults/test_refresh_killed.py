"""A refresh may die at any moment: the newest snapshot that can be found is always complete."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_tools import FAST, Command
from local_jpl import LocalJPL, wire

from survey.catalog import RefreshReport, list_snapshots, open_door, read_snapshot, refresh
from survey.tables import ecsv

SCRIPT = Path(__file__).with_name("killed_refresh.py")
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


class Victim:
    """A process that refreshes on demand."""

    def __init__(self, jpl: LocalJPL, folder: Path, cache: Path) -> None:
        self.jpl, self.folder, self.cache = jpl, folder, cache
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(SCRIPT.parents[2])},
        )
        self.rounds = 0

    def refresh(self, *, after_s: float | None = None, at_byte: int = 0) -> int:
        """Refresh; kill it after some time, or at some byte; return the wait status."""
        self.rounds += 1
        self.jpl.rows[self.rounds % 300]["ma"] = wire(self.rounds / 7)
        self.jpl.changed()
        assert self.process.stdin is not None and self.process.stdout is not None
        date = f"2026-{1 + self.rounds % 300 // 28:02d}-{1 + self.rounds % 28:02d}"
        print(self.jpl.url, self.folder, self.cache, date, at_byte, file=self.process.stdin)
        self.process.stdin.flush()
        number = int(self.process.stdout.readline())
        if after_s is not None:
            time.sleep(after_s)
            with contextlib.suppress(ProcessLookupError):  # it was faster
                os.kill(number, signal.SIGKILL)
        return int(self.process.stdout.readline())

    def check(self) -> None:
        """Every snapshot is whole; one that can be found has its tables beside it."""
        names = {path.name for path in self.folder.iterdir()}
        for path in list_snapshots([self.folder])[:3]:
            frame = read_snapshot(path)
            assert len(frame) == frame.attrs["provenance"]["accepted"] == 300
            stem = path.name.removesuffix(".ecsv.gz")
            assert f"{stem}.rejected.csv" in names
            assert f"{stem}.raw.json.gz" in names


@pytest.fixture
def victim(jpl: LocalJPL, folder: Path, tmp_path: Path) -> Iterator[Victim]:
    one = Victim(jpl, folder, tmp_path / "killed-cache")
    yield one
    assert one.process.stdin is not None
    one.process.stdin.close()
    one.process.wait()


def kill_often(victim: Victim, times: int, seed: int) -> tuple[int, int]:
    """Kill a refresh at random moments; return how many died and how many got through."""
    assert victim.refresh() == 0
    started = time.monotonic()
    assert victim.refresh() == 0
    whole = time.monotonic() - started
    chance = random.Random(seed)
    died = finished = 0
    while died < times:
        wait_status = victim.refresh(after_s=chance.uniform(0, 1.1 * whole))
        if os.WIFSIGNALED(wait_status):
            died += 1
        else:
            assert wait_status == 0
            finished += 1
        victim.check()
    assert victim.refresh() == 0  # no lock and no rubbish stands in the way of the next one
    victim.check()
    return died, finished


def test_killed_at_random_moments(victim: Victim) -> None:
    died, _ = kill_often(victim, 8, seed=1)
    assert died == 8


@pytest.mark.study
def test_killed_two_hundred_times(victim: Victim) -> None:
    died, finished = kill_often(victim, 200, seed=2)
    print(f"\n{died} refreshes killed, {finished} came through: latest was always complete")
    assert died == 200


def test_killed_at_any_byte_of_a_write(victim: Victim) -> None:
    assert victim.refresh() == 0
    sizes = [path.stat().st_size for path in victim.folder.glob("neo-*")]
    chance = random.Random(3)
    places = [1, 2, *(chance.randrange(3, size) for size in sorted(sizes) if size > 100)]
    places += [chance.randrange(3, max(sizes)) for _ in range(4)]
    before = list_snapshots([victim.folder])
    for place in places:
        wait_status = victim.refresh(at_byte=place)
        assert os.WTERMSIG(wait_status) == signal.SIGXFSZ, place
        assert list_snapshots([victim.folder]) == before
        victim.check()
    assert victim.refresh() == 0


@pytest.mark.parametrize("place", [1, 20_000, 40_000])
def test_a_disk_that_is_full(place: int, jpl: LocalJPL, folder: Path, tmp_path: Path) -> None:
    door = open_door(jpl.url, folder=tmp_path / "door", limits=FAST)
    first = refresh(destination=folder, date="2026-11-15", door=door).path
    before = first.read_bytes()
    jpl.rows.pop()
    jpl.changed()
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (place, old[1]))
    try:
        with pytest.raises((OSError, ValueError)):
            refresh(destination=folder, date="2026-11-22", door=door, keep_raw=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert list_snapshots([folder]) == [first]
    assert first.read_bytes() == before
    assert [path for path in folder.iterdir() if "partial" in path.name] == []
    assert refresh(destination=folder, date="2026-11-22", door=door).objects == 299


def test_no_space_at_the_last_step(
    jpl: LocalJPL, folder: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ecsv.os, "fsync", full)
    outcome = command("refresh", "--output", folder, "--url", jpl.url)
    assert outcome.status == 2
    assert "No space left on device" in outcome.last
    assert list_snapshots([folder]) == []


def test_two_refreshes_at_once(jpl: LocalJPL, folder: Path, command: Command) -> None:
    from filelock import FileLock

    folder.mkdir()
    with FileLock(folder / ".refresh.lock"):
        outcome = command("refresh", "--output", folder, "--url", jpl.url, "--no-wait")
    assert outcome.status == 3
    assert "another refresh is at work" in outcome.last
    assert jpl.asked == []


def test_the_second_of_two_waits_and_finds_nothing_to_do(
    jpl: LocalJPL, folder: Path, tmp_path: Path
) -> None:
    reports: list[RefreshReport] = []

    def one() -> None:
        door = open_door(jpl.url, folder=tmp_path / "door", limits=FAST)
        reports.append(refresh(destination=folder, date="2026-12-31", door=door))

    both = [threading.Thread(target=one) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(report.unchanged for report in reports) == [False, True]
    assert [path.name for path in list_snapshots([folder])] == ["neo-2026-12-31.ecsv.gz"]
