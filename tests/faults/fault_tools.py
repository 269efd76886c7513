"""What the refresh's tests share: short waits, and how a command ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_jpl import LocalJPL

from survey.catalog import Limits, RefreshReport, open_door, refresh

FAST = Limits(
    connect_s=2.0, read_s=0.3, total_s=1.0, interval_s=0.0, attempts=3, backoff_s=0.01,
    jitter_s=0.0, cool_down_s=0.02,
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def last(self) -> str:
        """The last line on stderr."""
        return self.err.splitlines()[-1] if self.err else ""


Command = Callable[..., Outcome]


def take(
    jpl: LocalJPL, folder: Path, tmp_path: Path, date: str = "2026-11-22", **choices: Any
) -> RefreshReport:
    """Refresh in this process."""
    door = open_door(jpl.url, folder=tmp_path / "door", limits=FAST)
    return refresh(destination=folder, date=date, door=door, **choices)
