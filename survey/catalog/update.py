"""The refresh: JPL's table of today becomes a snapshot, or the last one stays in use.

Nothing is lost on the way: rows left out are listed beside the snapshot, and an answer that would
drop many known objects is refused.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Final

import pandas as pd

from survey.catalog.changes import Changes, compare, table_text
from survey.catalog.checks import judge_all
from survey.catalog.companions import add_companions
from survey.catalog.sbdb_query import QUERY, Table, fetch_neos
from survey.catalog.snapshot import (
    count_reasons,
    day_of,
    list_snapshots,
    new_folder,
    provenance_of,
    read_snapshot,
    snapshot_folders,
)
from survey.catalog.status import failure, write_status
from survey.catalog.trouble import RefusedError, ServiceDownError
from survey.catalog.web import SERVICES, Door, open_door
from survey.tables import CATALOG, table_bytes, write_bytes

MOST_LOST: Final = 0.02  # of the objects known before
SIDECARS: Final = (".changes.csv", ".rejected.csv", ".raw.json.gz")
_ENDING: Final = ".ecsv.gz"
_LOCK: Final = ".refresh.lock"
_WINDOW_YEARS: Final = 13  # ten of departures, two of flight, and the rest of this one
_LEFT_OVER_S: Final = 3600.0
_MOST_PER_DAY: Final = 1000


@dataclass(frozen=True)
class RefreshReport:
    """What a refresh did.

    Parameters
    ----------
    path : Path
        The snapshot now in use: a new one, or the last one if nothing had changed.
    unchanged : bool
        Whether JPL's table is that of the last snapshot.
    objects : int
        Asteroids in it.
    rejected, left_out : DataFrame
        Rows left out; values left out of rows that were kept.
    changes : Changes or None
        Since the last snapshot; None if there was none.
    previous : Path or None
        The last snapshot.
    warnings : tuple of str
        What a person should know.
    """

    path: Path
    unchanged: bool
    objects: int
    rejected: pd.DataFrame
    left_out: pd.DataFrame
    changes: Changes | None
    previous: Path | None
    warnings: tuple[str, ...]

    def summary(self) -> str:
        """Say it in a few lines."""
        if self.unchanged:
            return f"unchanged: {self.path.name} holds JPL's {self.objects:,} asteroids of today"
        lines = [
            f"{self.path.name}: {self.objects:,} near-Earth asteroids from JPL, "
            f"{len(self.rejected):,} {'row' if len(self.rejected) == 1 else 'rows'} left out"
        ]
        lines += count_reasons(self.rejected) + count_reasons(self.left_out)
        if self.changes is None or self.previous is None:
            return "\n".join([*lines, "the first snapshot: nothing to compare it with"])
        lines.append(f"changes since {self.previous.name} ({self.changes.known:,} asteroids)")
        return "\n".join(lines + self.changes.summary())


def refresh(
    *,
    destination: Path | str | None = None,
    base_url: str | None = None,
    date: date | str | None = None,
    window: tuple[str, str] | None = None,
    keep_raw: bool = False,
    accept_loss: bool = False,
    wait: bool = True,
    door: Door | None = None,
    note: Callable[[str], None] | None = None,
) -> RefreshReport:
    """Make a snapshot of JPL's near-Earth asteroids as they are today.

    Parameters
    ----------
    destination : Path or str, optional
        Folder for the snapshot, made if need be; otherwise as for `import_catalog`. The last
        snapshot is looked for there, or in `snapshot_folders` if none is given.
    base_url : str, optional
        What stands in for JPL; see `survey.catalog.web.open_door`.
    date : date or str, optional
        The date in the snapshot's name, ``YYYY-MM-DD``; today (UTC) if not given.
    window : tuple of str, optional
        First and last day of the close approaches; 13 years from this January if not given.
    keep_raw : bool
        Keep JPL's answer beside the snapshot, compressed.
    accept_loss : bool
        Accept a table that lacks more than 2 % of the objects known before.
    wait : bool
        If another refresh is at work in the folder, wait for it instead of leaving.
    door : Door, optional
        How JPL is reached, instead of `base_url`.
    note : callable, optional
        Takes one line about what is going on.

    Returns
    -------
    RefreshReport
        How it went also stands in ``refresh-status.json`` in the folder.

    Raises
    ------
    ServiceDownError
        JPL cannot be reached or sends no answer; the last snapshot stays.
    RefusedError
        JPL's answer must not be used; the last snapshot stays.
    ValueError
        An argument or the folder cannot be used: one sentence.
    """
    say = note or (lambda _line: None)
    day = day_of(date)
    between = _window(window, day)
    folder = Path(destination) if destination is not None else new_folder()
    folders = [folder] if destination is not None else snapshot_folders()
    warnings: list[str] = []

    def warn(line: str) -> None:
        warnings.append(line)
        say(f"warning: {line}")

    entrance = replace(door or open_door(base_url), note=say, warn=warn)
    started = time.time()
    try:
        with _alone(folder, say, wait=wait):
            _clean(folder)
            report = _refresh(
                _Order(folder, folders, day, between, keep_raw, accept_loss), entrance, say, warn
            )
            report = replace(report, warnings=tuple(warnings))
    except (ServiceDownError, RefusedError, ValueError, OSError) as error:
        write_status(folder, started, failure(error), warnings)
        raise
    write_status(folder, started, _success(report), warnings)
    return report


@dataclass(frozen=True)
class _Order:
    folder: Path
    folders: list[Path]
    day: str
    window: tuple[str, str]
    keep_raw: bool
    accept_loss: bool


def _refresh(
    order: _Order, door: Door, say: Callable[[str], None], warn: Callable[[str], None]
) -> RefreshReport:
    previous = _last(order.folders, warn)
    copy = order.folder / f".raw-{order.day}.partial" if order.keep_raw else None
    try:
        say("asking JPL for all near-Earth asteroids")
        table = fetch_neos(door, copy=copy)
        accepted, rejected, left_out = judge_all(table.raw)
        say(f"{table.rows:,} rows, {len(accepted):,} of them accepted")
        _refuse_nothing(accepted, rejected)
        changes = None if previous is None else compare(previous, accepted)
        if changes is not None:
            _refuse_loss(changes, accept_loss=order.accept_loss)
        accepted, told = add_companions(accepted, previous, order.window, door, warn)
        if previous is not None:
            path = previous.attrs["path"]
            if _same(previous, accepted):
                return RefreshReport(path, True, len(accepted), rejected, left_out, None, path, ())
        provenance = _provenance(table, accepted, rejected, left_out, order, door, told)
        data = table_bytes(accepted, CATALOG, provenance, compress=True)
        beside = {".rejected.csv": _sidecar(rejected, left_out)}
        if changes is not None:
            beside[".changes.csv"] = table_text(changes)
        path = _store(order, data, beside, copy)
    finally:
        if copy is not None:
            copy.unlink(missing_ok=True)
    last = None if previous is None else previous.attrs["path"]
    return RefreshReport(path, False, len(accepted), rejected, left_out, changes, last, ())


def _last(folders: list[Path], warn: Callable[[str], None]) -> pd.DataFrame | None:
    # A damaged snapshot must not stop all refreshes to come: the one before it counts instead.
    for path in list_snapshots(folders):
        try:
            return read_snapshot(path)
        except ValueError as error:
            warn(f"{path.name} cannot be read and is passed over: {error}")
    return None


def _refuse_nothing(accepted: pd.DataFrame, rejected: pd.DataFrame) -> None:
    if accepted.empty:
        reasons = Counter(str(reason).partition(":")[0] for reason in rejected["reason"])
        why = f", most of them for this reason: {reasons.most_common(1)[0][0]}" if reasons else ""
        raise RefusedError(
            f"JPL's answer holds no near-Earth asteroid ({len(rejected):,} rows left out{why}): "
            "the last snapshot stays in use"
        )


def _refuse_loss(changes: Changes, *, accept_loss: bool) -> None:
    if accept_loss or changes.lost <= MOST_LOST * changes.known:
        return
    gone = changes.table.loc[changes.table["change"] == "lost", "designation"].head(3)
    raise RefusedError(
        f"JPL's answer lacks {changes.lost:,} of the {changes.known:,} asteroids known before "
        f"(e.g. {', '.join(gone)}), more than {MOST_LOST:.0%}: the last snapshot stays in use; "
        "if that is right, run it again with --accept-loss"
    )


def _same(old: pd.DataFrame, new: pd.DataFrame) -> bool:
    return old.shape == new.shape and all(old[name].equals(new[name]) for name in CATALOG.names)


def _provenance(
    table: Table,
    accepted: pd.DataFrame,
    rejected: pd.DataFrame,
    left_out: pd.DataFrame,
    order: _Order,
    door: Door,
    told: dict[str, Any],
) -> dict[str, Any]:
    # No time of day and no address of a mirror: the same answer gives the same bytes anywhere.
    direct = door.urls["sbdb_query"] == SERVICES["sbdb_query"]
    return provenance_of(accepted, rejected, "SBDB Query JSON", order.day) | {
        "source": "NASA/JPL Small-Body Database" + ("" if direct else ", through a stand-in"),
        "source_sha256": table.sha256,
        "source_version": table.version,
        "source_query": QUERY,
        "values_left_out": len(left_out),
        **told,
    }


def _sidecar(rejected: pd.DataFrame, left_out: pd.DataFrame) -> bytes:
    rows = pd.concat([rejected, left_out]).sort_values("line", kind="stable")
    return rows.to_csv(index=False, lineterminator="\n").encode()


def _store(order: _Order, data: bytes, beside: dict[str, bytes], copy: Path | None) -> Path:
    # The snapshot comes last, so that one that can be found has everything beside it.
    for number in range(1, _MOST_PER_DAY):
        stem = f"neo-{order.day}" + (f".{number}" if number > 1 else "")
        path = order.folder / f"{stem}{_ENDING}"
        if path.exists():
            continue
        for ending, content in beside.items():
            write_bytes(content, order.folder / f"{stem}{ending}", durable=True)
        if copy is not None:
            write_bytes(copy.read_bytes(), order.folder / f"{stem}.raw.json.gz", durable=True)
        try:
            write_bytes(data, path, replace=False, durable=True)
        except FileExistsError:  # an import has taken the name in the meantime
            _clean(order.folder)
            continue
        return path
    raise ValueError(f"{order.folder} already holds {_MOST_PER_DAY - 1} snapshots of {order.day}")


@contextmanager
def _alone(folder: Path, say: Callable[[str], None], *, wait: bool) -> Iterator[None]:
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / _LOCK, thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if not wait:
                raise ServiceDownError(
                    f"another refresh is at work in {folder}: let it finish"
                ) from None
            say(f"another refresh is at work in {folder}: waiting for it")
            lock.acquire()
    except OSError as error:
        raise ValueError(
            f"snapshots cannot be written to {folder} ({error.strerror or error}): choose a "
            "folder that you may write to"
        ) from error
    try:
        yield
    finally:
        lock.release()


def _clean(folder: Path) -> None:
    # What a refresh that was killed has left: files under way, and tables beside no snapshot.
    for left_over in (*folder.glob(".neo-*.partial"), *folder.glob(".raw-*.partial")):
        with contextlib.suppress(OSError):  # one under way is an import's, and is younger
            if time.time() - left_over.stat().st_mtime > _LEFT_OVER_S:
                left_over.unlink()
    for ending in SIDECARS:
        for orphan in folder.glob(f"neo-*{ending}"):
            if not orphan.with_name(orphan.name.removesuffix(ending) + _ENDING).exists():
                orphan.unlink(missing_ok=True)


def _window(given: tuple[str, str] | None, day: str) -> tuple[str, str]:
    if given is None:
        year = int(day[:4])
        return f"{year}-01-01", f"{year + _WINDOW_YEARS}-01-01"
    first, last = (day_of(part) for part in given)
    if first >= last:
        raise ValueError(
            f"the window of close approaches was given as {first} to {last}: write the earlier "
            "day first"
        )
    return first, last


def _success(report: RefreshReport) -> dict[str, Any]:
    return {
        "outcome": "unchanged" if report.unchanged else "done",
        "exit_status": 0,
        "message": report.summary().partition("\n")[0],
        "snapshot": report.path.name,
        "objects": report.objects,
        "rejected": len(report.rejected),
        "changes": None if report.changes is None else report.changes.counts,
    }
