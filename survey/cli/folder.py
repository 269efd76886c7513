"""The run folder: where its files lie, how a new one begins, who may use it at the moment."""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from survey.cli.screen import Screen
from survey.run import Run, default_run, read_run, write_default_run

DEFAULT = Path("reports/default")


@dataclass(frozen=True)
class RunFolder:
    """A run: its folder, its choices, and whether the folder is still to be made."""

    path: Path
    run: Run
    new: bool

    @property
    def transfers(self) -> Path:
        """The table of the search."""
        return self.path / "transfers.ecsv"

    @property
    def kepler(self) -> Path:
        """The table of the same search with the asteroids on ellipses, for comparison."""
        return self.path / "transfers-kepler.ecsv"

    @property
    def three_body(self) -> Path:
        """The table of the search that feels Earth's gravity."""
        return self.path / "three_body.ecsv"

    @property
    def unreached(self) -> Path:
        """Whom that search found no arc for, and why."""
        return self.path / "unreached.ecsv"

    @property
    def departures(self) -> Path:
        """The leading asteroids by every way of leaving the parking orbit."""
        return self.path / "departures.ecsv"

    @property
    def ranking(self) -> Path:
        """The table of the ranking."""
        return self.path / "ranking.ecsv"

    @property
    def report(self) -> Path:
        """The typeset report."""
        return self.path / "report.pdf"

    @property
    def report_inputs(self) -> Path:
        """What the report was made from: a PDF has no header to say so."""
        return self.path / ".report.json"

    @property
    def checkpoint(self) -> Path:
        """Finished chunks of a search under way."""
        return self.path / ".partial"


def find_run(argument: Path | None, *, may_be_new: bool = True) -> RunFolder:
    """Find and read a run; nothing is written.

    Parameters
    ----------
    argument : Path or None
        A folder that holds ``run.toml``, or that file. None is ``reports/default``, which need
        not exist: it then has the default choices.
    may_be_new : bool
        Whether the default folder may still be missing.

    Raises
    ------
    ValueError
        No such run, or its ``run.toml`` is wrong: one sentence.
    """
    path = DEFAULT if argument is None else argument
    if path.is_file():
        if path.name != "run.toml":
            raise ValueError(
                f"{path} is neither a run folder nor a run.toml: give a folder that holds a file "
                "of that name"
            )
        path = path.parent
    if (path / "run.toml").is_file():
        return RunFolder(path, read_run(path / "run.toml"), new=False)
    if argument is None and not path.exists():
        if may_be_new:
            return RunFolder(path, default_run(), new=True)
        raise ValueError(f"there is no {path} here yet: make it with `survey run`")
    if path.name == "run.toml":
        path = path.parent
    lack = "holds no run.toml" if path.is_dir() else "does not exist"
    near = difflib.get_close_matches(path.name, _runs_beside(path), n=1)
    meant = f"did you mean {path.parent / near[0]}? Otherwise " if near else ""
    raise ValueError(f"{path} {lack}: {meant}`survey run --new {path}` writes one to edit")


def write_new(argument: Path | None) -> Path:
    """Write a commented ``run.toml`` into a folder, making the folder; return the file's path."""
    path = DEFAULT if argument is None else argument
    file = path if path.name == "run.toml" else path / "run.toml"
    made = [folder for folder in (file.parent, *file.parent.parents) if not folder.exists()]
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_default_run(file)
    except OSError:
        for folder in made:  # the deepest first; what could not be finished leaves no trace
            if folder.is_dir():
                folder.rmdir()
        raise
    return file


@contextmanager
def in_use(folder: RunFolder, screen: Screen, *, wait: bool) -> Iterator[None]:
    """Make the folder if it is new, and keep every other survey out of it meanwhile.

    Raises
    ------
    ValueError
        Another process uses the folder, and `wait` is false.
    """
    from filelock import FileLock, Timeout

    if folder.new:
        write_new(folder.path)
        screen.note("choices", f"{folder.path / 'run.toml'}, made with the defaults")
    lock = FileLock(folder.path / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if not wait:
            raise ValueError(
                f"another survey is at work in {folder.path}: let it finish, or add --wait"
            ) from None
        screen.note("waiting", f"another survey is at work in {folder.path}")
        lock.acquire()
    try:
        for inside in (folder.path, folder.path / "figures"):
            for left_over in inside.glob(".*.partial"):  # of a process that was killed
                left_over.unlink()
        yield
    finally:
        lock.release()


def clear_checkpoint(folder: RunFolder) -> None:
    """Remove the chunks of a search whose table has been written."""
    shutil.rmtree(folder.checkpoint, ignore_errors=True)


def _runs_beside(path: Path) -> list[str]:
    try:
        return [file.parent.name for file in path.parent.glob("*/run.toml")]
    except OSError:
        return []
