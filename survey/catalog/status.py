"""How the last refresh ended: a small JSON that a scheduler or a monitor can read."""

from __future__ import annotations

import contextlib
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import survey
from survey.catalog.trouble import RefusedError, ServiceDownError
from survey.tables import write_bytes

STATUS: Final = "refresh-status.json"

# Exit statuses that a scheduler can act on, and the outcome each stands for.
EXIT: Final = {"service down": 3, "refused": 4, "bad input": 2}


def failure(error: Exception) -> dict[str, Any]:
    """Return what the status says of an error."""
    kinds = {ServiceDownError: "service down", RefusedError: "refused"}
    outcome = next((words for kind, words in kinds.items() if isinstance(error, kind)), "bad input")
    return {"outcome": outcome, "exit_status": EXIT[outcome], "message": str(error)}


def write_status(
    folder: Path, started: float, outcome: dict[str, Any], warnings: list[str]
) -> None:
    """Write ``refresh-status.json`` into a folder, if that is possible at all.

    Parameters
    ----------
    folder : Path
        Where the snapshots lie.
    started : float
        Seconds since 1970.
    outcome : dict
        ``outcome``, ``exit_status``, ``message`` and what belongs to them.
    warnings : list of str
        What a person should know.
    """

    def stamp(when: float) -> str:
        return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    last = _last_success(folder)
    now = time.time()
    content = {
        "program": "survey",
        "version": survey.__version__,
        "started": stamp(started),
        "finished": stamp(now),
        **outcome,
        "warnings": warnings,
        "last_success": stamp(now) if outcome["exit_status"] == 0 else last,
    }
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    with contextlib.suppress(ValueError, OSError):  # the folder itself may be the trouble
        write_bytes(text.encode(), folder / STATUS)


def _last_success(folder: Path) -> str | None:
    with contextlib.suppress(OSError, ValueError, AttributeError):
        value = json.loads((folder / STATUS).read_text(encoding="utf-8")).get("last_success")
        return value if isinstance(value, str) else None
    return None
