"""Finished asteroids on disk, so that a search goes on where it stopped and repeats nothing.

Each asteroid is filed under the hash of all that its arcs follow from: its orbit, the two-body
arcs it was started from, the parking orbit, the window, the effort and the program text. A
refreshed catalogue therefore costs as much as its new and changed orbits do.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import warnings
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from survey.transfer.three_body_records import RECORD

Records = NDArray[np.void]

_SEARCHES_KEPT: Final = 16  # five for a run: 20 MB, and a few small ones


@dataclass
class ResultShelf:
    """Results of one search, by asteroid.

    Parameters
    ----------
    folder : Path or None
        Where results of all searches are kept; None keeps nothing.
    search : bytes
        What the whole search follows from.
    record : dtype, optional
        Of the results; they have the field ``asteroid``.
    """

    folder: Path | None
    search: bytes
    record: np.dtype[np.void] = RECORD
    _known: dict[bytes, Records] = field(default_factory=dict)
    _warned: bool = False

    def __post_init__(self) -> None:
        if self.folder is None:
            return
        self._home = self.folder / hashlib.sha256(self.search).hexdigest()[:24]
        for path in sorted(self._home.glob("*.npz")):
            try:
                with np.load(path, allow_pickle=False) as held:
                    keys, records = held["keys"], held["records"]
            except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
                continue  # not whole: its asteroids are searched again
            if records.dtype == self.record:
                for number, key in enumerate(keys):
                    self._known[bytes(key)] = records[records["asteroid"] == number]

    def take(self, key: bytes) -> Records | None:
        """Return the records of an asteroid, or None if it has not been searched."""
        return self._known.get(key)

    def put(self, keys: list[bytes], records: Records) -> None:
        """File asteroids; their records are numbered by the place of the key."""
        if self.folder is None or not keys:
            return
        name = hashlib.sha256(b"".join(keys)).hexdigest()[:24]
        temporary = self._home / f"{name}.{os.getpid()}.part"
        try:
            self._home.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                np.savez(file, keys=np.array(keys), records=records)
            temporary.replace(self._home / f"{name}.npz")
        except OSError as problem:
            if not self._warned:
                self._warned = True
                warnings.warn(
                    f"three-body results cannot be kept in {self.folder} ({problem.strerror}): "
                    "the search goes on without",
                    stacklevel=2,
                )
        finally:
            if temporary.parent.is_dir():
                temporary.unlink(missing_ok=True)

    def prune(self) -> None:
        """Remove the searches that were used longest ago, all but the last few."""
        if self.folder is None or not self.folder.is_dir():
            return
        if self._home.is_dir():
            os.utime(self._home)
        homes = sorted(
            (home for home in self.folder.iterdir() if home.is_dir()),
            key=lambda home: home.stat().st_mtime,
        )
        for home in homes[:-_SEARCHES_KEPT]:
            shutil.rmtree(home, ignore_errors=True)


def key_of(*parts: bytes) -> bytes:
    """Return the hash under which an asteroid is filed."""
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "little") + part)
    return total.hexdigest()[:32].encode()


def default_results() -> Path:
    """Folder of the user's cache in which three-body results are kept."""
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("survey")) / "three-body"
