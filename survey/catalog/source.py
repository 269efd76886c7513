"""A catalogue file as it lies on disk: its bytes, its text, and its rows, or why not."""

from __future__ import annotations

import csv
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TEXT: Final = "give a UTF-8 text file, plain or gzip"
_ARCHIVES: Final = {
    b"PK\x03\x04": "a zip archive",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    b"7z\xbc\xaf": "a 7z archive",
    b"%PDF": "a PDF document",
    b"SIMPLE  =": "a FITS file",
    b"\x89PNG": "a picture",
}
_OTHER_ENCODINGS: Final = {
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


@dataclass(frozen=True)
class Source:
    """A file that was read: its name without the folder, its SHA-256, and its text."""

    name: str
    sha256: str
    text: str


def read_source(path: Path | str) -> Source:
    """Read a file once; its hash is that of the bytes its text came from.

    Parameters
    ----------
    path : Path or str
        UTF-8 text, plain or gzip (told by content).

    Raises
    ------
    ValueError
        Missing, a folder, unreadable, empty, cut off, an archive, or not UTF-8: one sentence.
    """
    path = Path(path)
    data = _read(path)
    digest = hashlib.sha256(data).hexdigest()
    if data.startswith(b"\x1f\x8b"):
        try:
            data = gzip.decompress(data)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(
                f"{path.name} is compressed with gzip, but cut off or damaged: download it again"
            ) from error
    if not data.strip():
        raise ValueError(f"{path.name} is empty: give a catalogue with at least one object")
    return Source(path.name, digest, _decode(data, path.name))


def text_rows(lines: list[str], first: int) -> Iterator[tuple[int, list[str], str]]:
    """Split comma-separated lines one by one, so that a stray quote spoils its own line only.

    Parameters
    ----------
    lines : list of str
        Lines without their ends.
    first : int
        Number of the first of them in the file.

    Yields
    ------
    line, fields, problem
        The number in the file, the fields without surrounding blanks, and what is wrong with the
        line (empty if nothing). Empty lines are passed over.
    """
    for number, line in enumerate(lines, first):
        if not line.strip():
            continue
        if '"' not in line:
            yield number, [field.strip() for field in line.split(",")], ""
            continue
        try:
            (fields,) = csv.reader([line], strict=True, skipinitialspace=True)
        except (csv.Error, ValueError):
            yield number, [], "unreadable row: its quotation marks do not pair"
            continue
        yield number, [field.strip() for field in fields], ""


def column_places(
    fields: list[str], columns: dict[str, tuple[str, ...]], name: str
) -> dict[str, int]:
    """Return where each of our columns stands in a table, under any of its known names.

    Parameters
    ----------
    fields : list of str
        The table's header.
    columns : dict
        Our name of each column, and the names it may have, the preferred one first.
    name : str
        Name of the file, for the message.

    Raises
    ------
    ValueError
        The header has the same column twice.
    """
    for field in fields:
        if field and fields.count(field) > 1:
            raise ValueError(f"{name} has two columns {field!r}: keep one and give it again")
    return {
        ours: fields.index(theirs)
        for ours, choices in columns.items()
        for theirs in reversed(choices)
        if theirs in fields
    }


def row_problem(values: list[str], fields: list[str], *, cut: bool) -> str:
    """Say what is wrong with a row's shape; `cut` marks a last row whose last value may be cut."""
    if len(values) != len(fields):
        return f"unreadable row: {len(values)} values where there are {len(fields)} columns"
    if cut:
        return "unreadable row: the file does not end with a line end, so it may be cut here"
    return ""


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except IsADirectoryError as error:
        raise ValueError(
            f"{path.name or path} is a folder: give the catalogue file inside it"
        ) from error
    except FileNotFoundError as error:
        raise ValueError(
            f"{path} does not exist: give the path of a catalogue file, e.g. NEA.txt"
        ) from error
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or str(error)
        raise ValueError(f"{path} cannot be read ({cause}): give a file you may read") from error


def _decode(data: bytes, name: str) -> str:
    for magic, what in _ARCHIVES.items():
        if data.startswith(magic):
            raise ValueError(f"{name} is {what}, not a catalogue of text: unpack it, then {_TEXT}")
    for mark, encoding in _OTHER_ENCODINGS.items():
        if data.startswith(mark):
            raise ValueError(f"{name} is written in {encoding}: save it as UTF-8 and give it again")
    if b"\0" in data:
        raise ValueError(f"{name} holds binary data, not a catalogue of text: {_TEXT}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{name} is not UTF-8 text (line {line}): save it as UTF-8 and give it again"
        ) from error
