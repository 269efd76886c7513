"""One request at a time, whoever asks: between threads, between processes, with rests between.

JPL asks for one request at a time. A lock file serialises the whole machine's requests; a small
JSON beside it remembers, per host, when the last one ended, how many failed in a row, and until
when to leave the service alone. Nothing else is kept there.
"""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from survey.catalog.trouble import ServiceDownError

_LOCK: Final = "services.lock"
_STATE: Final = "services.json"


@dataclass(frozen=True)
class Clock:
    """Time as the door sees it; tests give another."""

    wall: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


@dataclass(frozen=True)
class Limits:
    """How long, how often and how much.

    Parameters
    ----------
    connect_s, read_s : float
        Longest silence while connecting, and while an answer is awaited or under way.
    total_s : float
        Longest time for one question with all its attempts and rests.
    interval_s : float
        Shortest time between two requests to one host.
    attempts : int
        Most attempts for one question.
    backoff_s, jitter_s : float
        Rest after the second failure, doubled with each further one; random addition to it.
    cool_down_after, cool_down_s : int, float
        After so many failures in a row the service is left alone for so long.
    most_bytes : int
        Largest answer, unpacked.
    """

    connect_s: float = 15.0
    read_s: float = 120.0
    total_s: float = 600.0
    interval_s: float = 1.0
    attempts: int = 4
    backoff_s: float = 2.0
    jitter_s: float = 1.0
    cool_down_after: int = 3
    cool_down_s: float = 60.0
    most_bytes: int = 300_000_000


class Turn:
    """Our turn at one host; say how it went before it ends."""

    def __init__(self) -> None:
        self.reached = True
        self.failed = False
        self.rest_s = 0.0

    def fail(self, rest_s: float, *, reached: bool) -> None:
        """Record a failure and the rest that should follow it."""
        self.failed, self.rest_s, self.reached = True, rest_s, reached


@contextmanager
def take_turn(
    host: str,
    *,
    folder: Path,
    limits: Limits,
    clock: Clock,
    deadline: float,
    note: Callable[[str], None],
) -> Iterator[Turn]:
    """Wait until a host may be asked, and keep everybody else from asking meanwhile.

    Parameters
    ----------
    host : str
        Host and port.
    folder : Path
        Where the lock and the memory lie; made if need be.
    limits, clock
        Rests, and the time.
    deadline : float
        On ``clock.monotonic``.
    note : callable
        Told of every wait a person would notice.

    Raises
    ------
    ServiceDownError
        The turn would come after the deadline.
    """
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / _LOCK, thread_local=False)
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            note("another survey is asking JPL: waiting for it")
            lock.acquire(timeout=max(0.0, deadline - clock.monotonic()))
    except Timeout as error:
        raise ServiceDownError(
            "another survey has been asking JPL all the time: let it finish, then run this again"
        ) from error
    try:
        known = _read(folder / _STATE)
        wait = _wait(known.get(host, {}), limits, clock.wall())
        if wait > deadline - clock.monotonic():
            raise ServiceDownError(
                f"{host} is to be left alone for another {wait:.0f} s (it asked for that, or "
                "failed several times), longer than this command may take: run it again later"
            )
        if wait > 2.0:
            note(f"waiting {wait:.0f} s before {host} is asked again")
        if wait > 0:
            clock.sleep(wait)
        turn = Turn()
        try:
            yield turn
        finally:
            known[host] = _remember(known.get(host, {}), turn, limits, clock.wall())
            with contextlib.suppress(OSError):  # a full disk must not hide what happened
                _write(folder / _STATE, known)
    finally:
        lock.release()


def _wait(memory: dict[str, Any], limits: Limits, now: float) -> float:
    # A date in the future is a clock that was set back: no wait is longer than it was meant.
    ended, rest = memory.get("ended", 0.0), memory.get("rest_s", 0.0)
    wanted = max(limits.interval_s, rest)
    return float(min(max(ended + wanted - now, 0.0), wanted))


def _remember(
    memory: dict[str, Any], turn: Turn, limits: Limits, now: float
) -> dict[str, float | int]:
    failures = memory.get("failures", 0) + 1 if turn.failed and turn.reached else 0
    rest = turn.rest_s
    if failures >= limits.cool_down_after:
        rest = max(rest, limits.cool_down_s)
    return {"ended": now, "failures": failures, "rest_s": rest if turn.failed else 0.0}


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {
        host: memory
        for host, memory in content.items()
        if isinstance(memory, dict)
        and all(isinstance(memory.get(key), int | float) for key in ("ended", "failures", "rest_s"))
    }


def _write(path: Path, content: dict[str, Any]) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(content), encoding="utf-8")
    partial.replace(path)
