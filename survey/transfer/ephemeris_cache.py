"""Trajectories on disk: blocks of objects in one file each, found by hash, checked by checksum.

A block file is a line of JSON (format, checksum of the index, count), the index with one record
for each object, and the objects' bytes: nodes and passes. It is written whole or not at all. An
object is looked up by the hash of its orbit in the folder of its force model and span; bytes that
do not bear their checksum are as good as absent, and are integrated again.

Folders of models and spans that nobody asks for any more would pile up: `prune` keeps a cache below
`LIMIT_BYTES` by deleting the blocks that have not been used for longest.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
import warnings
import zlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from survey.astro.nbody import Trajectories

FORMAT: Final = "survey asteroid ephemerides 1"
_SUFFIX: Final = ".eph"
_PART: Final = ".part"
LIMIT_BYTES: Final = 8 * 10**9  # some ten catalogues of 40,000 objects over 20 years
# A block in use by another process must not vanish: whoever opens one marks it as used.
UNTOUCHED_S: Final = 86_400.0
_MARKED_S: Final = 3_600.0  # so long a mark serves, to spare the disk
INDEX: Final = np.dtype(
    [
        ("digest", "S16"), ("status", "<i1"), ("hit_body", "<i1"), ("hit_time", "<f8"),
        ("nodes", "<i4"), ("passes", "<i4"), ("offset", "<i8"), ("checksum", "<u4"),
    ]
)  # fmt: skip
_BLOCK_BITS: Final = 32
_NODE_BYTES: Final = 8 + 6 * 8 + 9 * 4
_PASS_BYTES: Final = 4 * 8


def pack(trajectories: Trajectories, digests: list[bytes]) -> bytes:
    """Bytes of a block file; `digests` are the hashes of the orbits, 16 bytes each."""
    t = trajectories
    index = np.zeros(len(digests), INDEX)
    owner = t.passes[:, 0].astype(np.int64)
    parts: list[bytes] = []
    offset = 0
    for n, digest in enumerate(digests):
        rows = slice(t.offsets[n], t.offsets[n + 1])
        passes = t.passes[owner == n, 1:]
        body = b"".join(
            (
                t.time[rows].astype("<f8").tobytes(),
                t.state[rows].astype("<f8").tobytes(),
                t.extra[rows].astype("<f4").tobytes(),
                passes.astype("<f8").tobytes(),
            )
        )
        index[n] = (
            digest, t.status[n], t.hit_body[n], t.hit_time[n], rows.stop - rows.start, len(passes),
            offset, zlib.crc32(body),
        )  # fmt: skip
        parts.append(body)
        offset += len(body)
    table = index.tobytes()
    header = {"format": FORMAT, "count": len(index), "index": zlib.crc32(table), "bytes": offset}
    return b"".join((json.dumps(header).encode() + b"\n", table, *parts))


@dataclass(frozen=True)
class Block:
    """A block that has been opened: its index, and where its bytes lie.

    They are read when they are asked for: mapped files would fill the memory with a catalogue.
    """

    index: NDArray[np.void]
    start: int
    path: Path | None
    data: bytes

    def whole(self) -> NDArray[np.bool_]:
        """Tell which objects bear their checksums, shape ``(n,)``."""
        data = self.data if self.path is None else self.path.read_bytes()
        view = memoryview(data)[self.start :]
        ends = self.index["offset"] + self._sizes()
        return np.array(
            [
                zlib.crc32(view[begin:end]) == checksum
                for begin, end, checksum in zip(
                    self.index["offset"].tolist(), ends.tolist(),
                    self.index["checksum"].tolist(), strict=True,
                )
            ],
            dtype=bool,
        )  # fmt: skip

    def _sizes(self) -> NDArray[np.int64]:
        nodes, passes = (self.index[name].astype(np.int64) for name in ("nodes", "passes"))
        return nodes * _NODE_BYTES + passes * _PASS_BYTES

    def read(self, places: Iterable[int]) -> list[tuple[NDArray[Any], ...]]:
        """Return time (m,), state (m, 6), extra (m, 3, 3) and passes (p, 4) of each."""
        sizes = self._sizes()
        found: list[tuple[NDArray[Any], ...]] = []
        with BytesIO(self.data) if self.path is None else self.path.open("rb") as file:
            for n in places:
                file.seek(self.start + int(self.index["offset"][n]))
                data = np.frombuffer(file.read(int(sizes[n])), dtype=np.uint8)
                m = int(self.index["nodes"][n])
                ends = np.cumsum([8 * m, 48 * m, 36 * m])
                found.append(
                    (
                        data[: ends[0]].view("<f8"),
                        data[ends[0] : ends[1]].view("<f8").reshape(m, 6),
                        data[ends[1] : ends[2]].view("<f4").reshape(m, 3, 3),
                        data[ends[2] :].view("<f8").reshape(-1, 4),
                    )
                )
        return found


def open_block(path: Path | None, data: bytes = b"") -> Block:
    """Open a block from a file or from memory; ValueError or OSError if it is not one."""
    with BytesIO(data) if path is None else path.open("rb") as file:
        line = file.readline(400)
        header = json.loads(line) if line.endswith(b"\n") else {}
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            raise ValueError("no block of asteroid ephemerides")
        table = file.read(int(header["count"]) * INDEX.itemsize)
        start = file.tell()
        size = file.seek(0, os.SEEK_END)
    if zlib.crc32(table) != header["index"] or size != start + int(header["bytes"]):
        raise ValueError("the index is damaged or the file is cut short")
    return Block(np.frombuffer(table, INDEX), start, path, data)


def code(block: int, place: int) -> int:
    """One number for a block and a place in it: a million pairs would be 100 MB."""
    return block << _BLOCK_BITS | place


def decode(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Blocks and places, shape ``(n, 2)``, of codes."""
    return np.stack([codes >> _BLOCK_BITS, codes & ((1 << _BLOCK_BITS) - 1)], axis=-1)


@dataclass
class Shelf:
    """Where blocks are put and found: a folder, or memory where no folder can be written."""

    folder: Path | None
    temporary: tempfile.TemporaryDirectory[str] | None = None
    blocks: list[Block] = field(default_factory=list)

    def find(self, wanted: set[bytes]) -> dict[bytes, int]:
        """Open the blocks of the folder; where each wanted and whole object lies, see `code`."""
        places: dict[bytes, int] = {}
        paths = sorted(self.folder.glob(f"*{_SUFFIX}")) if self.folder is not None else []
        for path in paths:
            try:
                block = open_block(path)
                digests = [digest.ljust(16, b"\0") for digest in block.index["digest"].tolist()]
                if wanted.isdisjoint(digests):
                    continue
                whole = block.whole()
            except (OSError, ValueError, KeyError, TypeError):
                continue  # damaged: its objects are integrated again
            _mark(path)
            number = len(self.blocks)
            self.blocks.append(block)
            for n, digest in enumerate(digests):
                if whole[n] and digest in wanted:
                    places[digest] = code(number, n)
        return places

    def put(self, name: str, data: bytes) -> int:
        """Keep a block, on disk if that is possible; its number."""
        block: Block | None = None
        if self.folder is not None:
            try:
                block = open_block(_write(self.folder / f"{name}{_SUFFIX}", data))
            except OSError as error:
                warnings.warn(
                    f"asteroid ephemerides cannot be kept in {self.folder} ({error.strerror}), so "
                    "they will be integrated again next time: free the folder or choose another",
                    stacklevel=4,
                )
                self.retreat()
                return self.put(name, data)
        if block is None:
            block = open_block(None, data)
        self.blocks.append(block)
        return len(self.blocks) - 1

    def retreat(self) -> None:
        """Go on in a temporary folder, then in memory."""
        if self.temporary is None:  # the folder goes with the last of whoever holds it
            try:
                self.temporary = tempfile.TemporaryDirectory(prefix="survey-")
                self.folder = Path(self.temporary.name)
                return
            except OSError:
                pass
        self.folder = None


def _write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.{threading.get_ident()}{_PART}")
    try:
        try:
            temporary.write_bytes(data)
        except FileNotFoundError:  # another process has just cleared the empty folder away
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _mark(path: Path) -> None:
    """Note by the file's time that a block is in use."""
    with suppress(OSError):  # a read-only folder: then nobody deletes there either
        if time.time() - path.stat().st_mtime > _MARKED_S:
            os.utime(path)


def prune(cache: Path, *, limit_bytes: int = LIMIT_BYTES, untouched_s: float = UNTOUCHED_S) -> int:
    """Delete the blocks of a cache that were not used for longest, until it is below a limit.

    Several processes may do so at once, and others use the cache meanwhile. Blocks that were used
    within the last day stay even if they are too many.

    Parameters
    ----------
    cache : Path
        Folder of the folders of models and spans; it need not exist.
    limit_bytes : int, optional
        Most that is kept.
    untouched_s : float, optional
        Time, s, for which a block must have been left alone before it may go.

    Returns
    -------
    int
        Bytes that went.
    """
    latest = time.time() - untouched_s
    blocks: list[tuple[float, int, Path]] = []
    for path in (file for folder in _listed(cache) for file in _listed(folder)):
        if path.suffix not in (_SUFFIX, _PART):
            continue
        try:
            about = path.stat()
            if path.suffix == _SUFFIX:
                blocks.append((about.st_mtime, about.st_size, path))
            elif about.st_mtime < latest:
                path.unlink(missing_ok=True)  # left by a process that was killed
        except OSError:
            continue
    surplus = sum(size for _, size, _ in blocks) - limit_bytes
    deleted = 0
    for used, size, path in sorted(blocks):
        if deleted >= surplus or used > latest:
            break
        try:
            if path.stat().st_mtime == used:  # nobody has opened it in the meantime
                path.unlink()
                deleted += size
        except FileNotFoundError:
            deleted += size  # another process was faster
        except OSError:
            continue
    for folder in _listed(cache):
        with suppress(OSError):
            if folder.stat().st_mtime < latest:  # nobody is about to write there
                folder.rmdir()  # only if it is empty
    return deleted


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # not there, no folder, or gone since it was seen
        return []
