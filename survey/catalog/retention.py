"""Old snapshots go, but never one that somebody made by hand or that a result was computed from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from survey.catalog.snapshot import list_snapshots, read_snapshot
from survey.catalog.update import SIDECARS

_NAME = re.compile(rb"neo-\d{4}-\d{2}-\d{2}(?:\.\d+)?\.ecsv\.gz")
_HEAD: Final = 1 << 16
_ENDING: Final = ".ecsv.gz"


@dataclass(frozen=True)
class Retention:
    """What stays and what goes.

    Parameters
    ----------
    removed : tuple of Path
        Snapshots removed, or to be removed in a dry run; the tables beside them go too.
    kept : dict of Path to str
        Snapshots that stay, and why.
    freed_bytes : int
        Space of what goes.
    """

    removed: tuple[Path, ...]
    kept: dict[Path, str]
    freed_bytes: int


def prune(
    folder: Path | str, keep: int, *, runs: Iterable[Path | str] = (), dry_run: bool = True
) -> Retention:
    """Remove all but the newest snapshots of a folder.

    Parameters
    ----------
    folder : Path or str
        Where they lie.
    keep : int
        How many of those that a refresh made stay, counted from the newest.
    runs : iterable of Path
        Folders of runs (with ``run.toml`` or ``transfers.ecsv``), or folders of such; a snapshot
        that is named there stays.
    dry_run : bool
        Only say what would go.

    Returns
    -------
    Retention

    Raises
    ------
    ValueError
        `keep` is below one, or the folder does not exist.
    """
    folder = Path(folder)
    if keep < 1:
        raise ValueError(f"{keep} snapshots were to be kept: keep at least 1")
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder of snapshots: give another")
    used = used_snapshots(runs)
    kept: dict[Path, str] = {}
    gone: list[Path] = []
    refreshed = 0
    for path in list_snapshots([folder]):
        if path.name in used:
            kept[path] = "a run uses it"
        elif not _is_refreshed(path):
            kept[path] = "not made by a refresh"
        elif refreshed < keep:
            kept[path] = f"one of the newest {keep}"
        else:
            gone.append(path)
        refreshed += path not in gone and kept[path] != "not made by a refresh"
    files = [file for path in gone for file in _with_sidecars(path)]
    freed = sum(file.stat().st_size for file in files)
    if not dry_run:
        for file in files:  # the snapshot before its tables: what can be found is complete
            file.unlink(missing_ok=True)
    return Retention(tuple(gone), kept, freed)


def used_snapshots(runs: Iterable[Path | str]) -> set[str]:
    """Return the file names of the snapshots named in runs' choices and tables."""
    names: set[str] = set()
    for run in map(Path, runs):
        for pattern in ("run.toml", "*.ecsv", "*/run.toml", "*/*.ecsv"):
            for file in run.glob(pattern) if run.is_dir() else ():
                with file.open("rb") as stream:
                    names |= {name.decode() for name in _NAME.findall(stream.read(_HEAD))}
    return names


def _is_refreshed(path: Path) -> bool:
    try:
        told = read_snapshot(path).attrs["provenance"]
    except ValueError:
        return False  # damaged: a person should see it before it goes
    return "source_query" in told


def _with_sidecars(path: Path) -> list[Path]:
    stem = path.name.removesuffix(_ENDING)
    beside = [path.with_name(stem + ending) for ending in SIDECARS]
    return [path, *(file for file in beside if file.exists())]
