"""A catalogue frozen under a date: made once, found again by that date, never changed."""

from __future__ import annotations

import contextlib
import gzip
import os
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd

import survey
from survey.catalog.formats import FORMATS, parse
from survey.catalog.source import read_source
from survey.tables import CATALOG, file_digest, read_table, table_bytes, write_bytes

LATEST: Final = "latest"
_NAME = re.compile(r"neo-(\d{4}-\d{2}-\d{2})(?:\.(\d+))?\.ecsv\.gz")
_MOST_PER_DAY: Final = 1000


@dataclass(frozen=True)
class ImportReport:
    """What became of a catalogue file: the snapshot made of it, and the rows left out.

    Parameters
    ----------
    path : Path
        The snapshot.
    format : str
        What kind of file it was made of.
    accepted : int
        Objects in the snapshot.
    rejected : DataFrame
        ``line``, ``designation``, ``reason`` of every row left out.
    left_out : DataFrame
        The same for values left out of rows that were kept.
    """

    path: Path
    format: str
    accepted: int
    rejected: pd.DataFrame
    left_out: pd.DataFrame

    def summary(self) -> str:
        """Say it in a few lines: counts, and for each reason an example."""
        lines = [
            f"{self.path.name}: {self.accepted:,} near-Earth asteroids from {self.format}, "
            f"{len(self.rejected):,} rows left out"
        ]
        return "\n".join(lines + count_reasons(self.rejected) + count_reasons(self.left_out))


def count_reasons(rows: pd.DataFrame) -> list[str]:
    """Return a line per reason: how often, and an example; the most frequent first."""
    examples: dict[str, list[tuple[int, str, str]]] = {}
    for line, who, reason in rows.itertuples(index=False):
        kind, _, particulars = reason.partition(": ")
        examples.setdefault(kind, []).append((line, who, particulars))
    lines = []
    for kind, those in sorted(examples.items(), key=lambda item: -len(item[1])):
        line, who, particulars = those[0]
        text = ", ".join(part for part in (f"line {line}", who, particulars) if part)
        lines.append(f"  {len(those):>6,}  {kind} (e.g. {text})")
    return lines


def import_catalog(
    path: Path | str,
    *,
    destination: Path | str | None = None,
    date: date | str | None = None,
    source: str | None = None,
) -> ImportReport:
    """Make a dated snapshot of a catalogue file.

    Parameters
    ----------
    path : Path or str
        Any file `read_catalog` understands.
    destination : Path or str, optional
        Folder for the snapshot, made if need be; otherwise the first of $SURVEY_CATALOGS,
        ``./catalogs`` if it exists, and the platform's data folder.
    date : date or str, optional
        The date in the snapshot's name, ``YYYY-MM-DD``; today (UTC) if not given.
    source : str, optional
        Where the data come from, in words, for the provenance; else the format's authority.

    Returns
    -------
    ImportReport
        The same input, date and program version always give the same bytes. A snapshot that
        exists is never overwritten: if its content differs, the new one gets ``.2``, ``.3``, …

    Raises
    ------
    ValueError
        The file, the date or the folder cannot be used, or no row is an orbit: one sentence.
    """
    day = day_of(date)
    origin = read_source(path)
    frame, rejected, left_out, kind = parse(origin)
    if frame.empty:
        reasons = Counter(reason.partition(":")[0] for reason in rejected["reason"])
        [(reason, count)] = reasons.most_common(1)
        raise ValueError(
            f"{origin.name} holds no near-Earth asteroid: all {len(rejected):,} rows were left "
            f"out, {count:,} for this reason: {reason}; give another file"
        )
    provenance = provenance_of(frame, rejected, kind, day)
    provenance |= {
        "source": source or FORMATS[kind] or "as the file gives it",
        "source_file": origin.name,
        "source_sha256": origin.sha256,
    }
    data = table_bytes(frame, CATALOG, provenance, compress=True)
    folder = Path(destination) if destination is not None else new_folder()
    return ImportReport(_store(data, folder, day), kind, len(frame), rejected, left_out)


def read_snapshot(
    path: Path | str = LATEST, *, folders: Sequence[Path | str] | None = None
) -> pd.DataFrame:
    """Read a snapshot.

    Parameters
    ----------
    path : Path or str
        ``"latest"``, the path of a snapshot, or only its file name.
    folders : sequence of Path, optional
        Where to look; `snapshot_folders` if not given.

    Returns
    -------
    DataFrame
        `survey.tables.CATALOG`; ``attrs["provenance"]`` is its header's, ``attrs["path"]`` the
        file's Path, ``attrs["sha256"]`` its hash.

    Raises
    ------
    ValueError
        There is no such snapshot, or it cannot be read: one sentence.
    """
    file = resolve_snapshot(path, folders=folders)
    frame, provenance = read_table(file, CATALOG)
    frame.attrs = {"provenance": provenance, "path": file, "sha256": file_digest(file)}
    return frame


def resolve_snapshot(
    path: Path | str = LATEST, *, folders: Sequence[Path | str] | None = None
) -> Path:
    """Return the snapshot's file: for ``"latest"``, the newest by the date in its name.

    Of several on one date the highest number counts; the same name in two folders means the
    folder that comes first.

    Raises
    ------
    ValueError
        There is no such snapshot.
    """
    places = [Path(folder) for folder in (snapshot_folders() if folders is None else folders)]
    names = ", ".join(str(place) for place in places) or "no folder at all"
    if str(path) != LATEST:
        for candidate in (Path(path), *(place / path for place in places)):
            with contextlib.suppress(OSError):  # e.g. a name too long for the file system
                if candidate.is_file():
                    return candidate
        raise ValueError(
            f"there is no snapshot {str(path)!r} (looked in {names}): write 'latest' or the path "
            "of one"
        )
    found = list_snapshots(places)
    if not found:
        raise ValueError(
            f"there is no snapshot neo-YYYY-MM-DD.ecsv.gz in {names}: make one with 'survey "
            "import FILE' or 'survey refresh'"
        )
    return found[0]


def list_snapshots(folders: Sequence[Path]) -> list[Path]:
    """Return all snapshots in these folders, the newest first, as `resolve_snapshot` orders them.

    Of the same name in two folders, that in the first folder comes first.
    """
    found: list[tuple[str, int, int, Path]] = []
    for place, folder in enumerate(folders):
        for file in sorted(folder.glob("neo-*.ecsv.gz")) if folder.is_dir() else ():
            if match := _NAME.fullmatch(file.name):
                found.append((match[1], int(match[2] or 1), -place, file))
    return [file for *_, file in sorted(found, key=lambda one: one[:3], reverse=True)]


def snapshot_folders() -> list[Path]:
    """Return the folders in which snapshots are looked for, in order.

    $SURVEY_CATALOGS if set; ``./catalogs`` if it exists; the platform's data folder; the folder
    that comes with the program.
    """
    bundled = Path(survey.__file__).parent / "data" / "catalogs"
    if not bundled.is_dir():  # an editable checkout
        bundled = Path(survey.__file__).parents[1] / "catalogs"
    folders = [*_chosen_folders(), _platform_folder(), bundled]
    distinct = {folder.resolve(): folder for folder in reversed(folders)}
    return [folder for folder in folders if distinct.pop(folder.resolve(), None)]


def _chosen_folders() -> list[Path]:
    named = os.environ.get("SURVEY_CATALOGS")
    here = Path("catalogs")
    return [*([Path(named).expanduser()] if named else []), *([here] if here.is_dir() else [])]


def _platform_folder() -> Path:
    from platformdirs import user_data_path

    return user_data_path("survey", appauthor=False) / "catalogs"


def new_folder() -> Path:
    """Return the folder for new snapshots where none is named."""
    return (_chosen_folders() or [_platform_folder()])[0]


def provenance_of(
    frame: pd.DataFrame, rejected: pd.DataFrame, kind: str, day: str
) -> dict[str, Any]:
    """Return what every snapshot says of itself."""
    epochs = frame["epoch_jd_tdb"]
    reasons: Counter[str] = Counter(reason.partition(":")[0] for reason in rejected["reason"])
    return {
        "program": "survey",
        "version": survey.__version__,
        "date": day,
        "format": kind,
        "accepted": len(frame),
        "rejected": len(rejected),
        "reasons": dict(sorted(reasons.items())),
        "epochs_jd_tdb": [float(epochs.min()), float(epochs.max())],
        "time_scale": "TDB; epochs given in TT stand as they are, less than 2 ms away",
        "frame": "heliocentric, ecliptic and equinox J2000",
    }


def day_of(given: date | str | None) -> str:
    """Return a day as ``YYYY-MM-DD``; today (UTC) for None."""
    if given is None:
        return datetime.now(UTC).date().isoformat()
    if isinstance(given, datetime):
        given = given.date()
    if isinstance(given, date):
        return given.isoformat()
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", given):
            raise ValueError
        return date.fromisoformat(given).isoformat()
    except ValueError as error:
        raise ValueError(
            f"the snapshot's date was given as {given!r}: write a day such as '2026-11-22'"
        ) from error


def _same_content(path: Path, data: bytes) -> bool:
    # Compared unpacked: another build of zlib may compress the same table differently.
    try:
        return gzip.decompress(path.read_bytes()) == gzip.decompress(data)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return False


def _store(data: bytes, folder: Path, day: str) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(1, _MOST_PER_DAY):
            path = folder / f"neo-{day}{f'.{number}' if number > 1 else ''}.ecsv.gz"
            try:
                write_bytes(data, path, replace=False)
            except FileExistsError:
                if path.is_file() and _same_content(path, data):
                    return path
            else:
                return path
    except OSError as error:
        raise ValueError(
            f"snapshots cannot be written to {folder} ({error.strerror}): choose a folder that "
            "you may write to"
        ) from error
    raise ValueError(
        f"{folder} already holds {_MOST_PER_DAY - 1} snapshots of {day}: give another date"
    )
