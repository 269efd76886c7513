"""How a table lies on disk: ECSV, the field's CSV with a YAML header [APE6], often compressed.

`astropy.table`, STIL and a text editor read it too. The header's lines are written as JSON, which
is YAML as well: this module reads them back, and the body with pandas, several times faster than
a general reader. A file is there whole or not at all.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import secrets
import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from survey.tables.check import validate

if TYPE_CHECKING:
    import pandas as pd

    from survey.tables.schema import Schema

_DATATYPES: Final = {"str": "string", "float": "float64", "int": "int64", "bool": "bool"}

# What a YAML reader would refuse or read as a line break inside a quoted string.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def write_table(
    frame: pd.DataFrame, schema: Schema, path: Path | str, *, provenance: dict[str, Any]
) -> None:
    """Write a table as ECSV, whole or not at all; the same table always gives the same bytes.

    Parameters
    ----------
    frame : DataFrame
        Validated on the way.
    schema : Schema
        Names, units and descriptions for the header.
    path : Path or str
        A name that ends in ``.gz`` is compressed. The folder must exist.
    provenance : dict
        Where the table comes from, in plain JSON values; stands in the header under ``meta``.

    Raises
    ------
    ValueError
        As `validate`, or the file cannot be written there.
    """
    path = Path(path)
    write_bytes(table_bytes(frame, schema, provenance, compress=path.suffix == ".gz"), path)


def table_bytes(
    frame: pd.DataFrame, schema: Schema, provenance: dict[str, Any], *, compress: bool
) -> bytes:
    """Return the bytes that `write_table` would write."""
    clean = validate(frame, schema)
    columns = [c for c in schema.columns if not (c.optional and _is_empty(clean[c.name]))]
    clean = clean[[column.name for column in columns]]
    lines = ["%ECSV 1.0", "---", "delimiter: ','", "datatype:"]
    for column in columns:
        entry = {"name": column.name, "unit": column.unit, "datatype": _DATATYPES[column.kind]}
        entry["description"] = column.description
        lines.append("- " + _yaml({key: text for key, text in entry.items() if text}))
    lines += ["meta: !!omap", "- " + _yaml({"table": schema.name})]
    lines += ["- " + _yaml({"provenance": provenance}), "schema: astropy-2.0"]
    head = "".join(f"# {line}\n" for line in lines)
    body = clean.to_csv(index=False, lineterminator="\n")  # floats by repr: they read back exactly
    data = (head + body).encode()
    return _compressed(data) if compress else data


def read_table(path: Path | str, schema: Schema) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Read a table written by `write_table`, or the same table saved again by astropy.

    Parameters
    ----------
    path : Path or str
        ECSV, plain or gzip (told by content).
    schema : Schema
        What the file should hold.

    Returns
    -------
    frame : DataFrame
        As `validate` gives it.
    provenance : dict
        As it was given to `write_table`; empty if the file has none.

    Raises
    ------
    ValueError
        The file cannot be read or does not hold this table: one sentence.
    """
    path = Path(path)
    text = _decompressed(path)
    if not text.startswith(b"# %ECSV"):
        raise ValueError(
            f"{path.name} is not a table of this program: it should begin with '# %ECSV'; give "
            f"a {schema.name} file that the program wrote"
        )
    try:
        frame, provenance = _read_own(text, schema) or _read_foreign(text)
        return validate(frame, schema), provenance
    except Exception as error:  # the readers below have no common base for their complaints
        cause = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ValueError(
            f"{path.name} does not hold a {schema.name} table ({cause}): give another file or "
            "make this one again"
        ) from error


def file_digest(path: Path | str) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_bytes(data: bytes, path: Path, *, replace: bool = True, durable: bool = False) -> None:
    """Put bytes into a file so that it is there whole or not at all.

    Parameters
    ----------
    data : bytes
        All of the file.
    path : Path
        Its name; the folder must exist.
    replace : bool
        Whether a file of that name may be replaced.
    durable : bool
        Wait until the disk has it: true even if the power fails the moment after.

    Raises
    ------
    FileExistsError
        With ``replace=False``, if the name is taken.
    ValueError
        The file cannot be written there.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.partial")
    try:
        try:
            with partial.open("xb") as stream:
                stream.write(data)
                if durable:
                    stream.flush()
                    os.fsync(stream.fileno())
            if replace:
                partial.replace(path)
            else:
                _claim(partial, path)
            if durable:
                _sync_folder(path.parent)
        finally:
            partial.unlink(missing_ok=True)
    except FileExistsError:
        raise
    except OSError as error:
        raise ValueError(
            f"{path.name} cannot be written to the folder {path.parent} ({error.strerror}): "
            "choose a folder that exists and may be written to"
        ) from error


def _claim(partial: Path, path: Path) -> None:
    # A hard link is the one step that both finishes the file and fails if the name is taken.
    try:
        os.link(partial, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if path.exists():
            raise FileExistsError(path) from None
        partial.replace(path)


def _sync_folder(folder: Path) -> None:
    # The new name is an entry of the folder, which has to reach the disk too.
    if os.name == "nt":  # there a folder cannot be opened; the file system keeps a journal
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _is_empty(values: pd.Series) -> bool:
    blank = (values == "") if values.dtype == object else values.isna()
    return len(values) > 0 and bool(blank.all())


def _yaml(value: dict[str, Any]) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"the provenance cannot be written down ({error}): use text, finite numbers, lists "
            "and dictionaries"
        ) from error
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _compressed(data: bytes) -> bytes:
    # The gzip header without date, file name or operating system, which Python's own releases
    # fill in differently (RFC 1952).
    deflate = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    head = b"\x1f\x8b\x08\x00" + bytes(4) + b"\x02\xff"
    tail = struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)
    return head + deflate.compress(data) + deflate.flush() + tail


def _decompressed(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(
            f"{path.name} is compressed, but cut off or damaged ({error}): copy it again from "
            "where it came"
        ) from error
    except OSError as error:
        raise ValueError(
            f"{path.name} cannot be read in {path.parent} ({error.strerror}): give the path of a "
            "file"
        ) from error


def _read_own(data: bytes, schema: Schema) -> tuple[pd.DataFrame, dict[str, Any]] | None:
    # None where the header is not in our own hand: another program may have saved the table.
    import pandas as pd

    stream = BytesIO(data)
    head: list[str] = []
    while (line := stream.readline()).startswith(b"# "):
        head.append(line[2:].decode().rstrip("\n"))
    stream.seek(-len(line), os.SEEK_CUR)
    entries = [line[2:] for line in head if line.startswith("- {")]
    try:
        given = [json.loads(entry) for entry in entries]
    except json.JSONDecodeError:
        return None
    if "delimiter: ','" not in head:
        return None
    units = {entry["name"]: entry.get("unit", "") for entry in given if "name" in entry}
    for column in schema.columns:
        if units.get(column.name, column.unit) != column.unit:
            raise ValueError(
                f"its column {column.name!r} is in {units[column.name]!r}, not {column.unit!r}"
            )
    kinds = {column.name: column.kind for column in schema.columns}
    dtypes: dict[Any, Any] = {"str": str, "float": float, "int": "Int64", "bool": bool}
    # Exact floats are pandas' default from 3.1 on; before, they must be asked for.
    old = tuple(int(part) for part in pd.__version__.split(".")[:2]) < (3, 1)
    exact: dict[str, Any] = {"float_precision": "round_trip"} if old else {}
    frame = pd.read_csv(
        stream,
        dtype={name: dtypes[kinds[name]] for name in units if name in kinds},
        na_values={name: [""] for name in units if kinds.get(name) in ("float", "int")},
        keep_default_na=False,
        **exact,
    )
    if list(frame.columns) != list(units):
        raise ValueError("its header and its columns disagree")
    meta = {key: value for entry in given if "name" not in entry for key, value in entry.items()}
    return frame, meta.get("provenance", {})


def _read_foreign(data: bytes) -> tuple[pd.DataFrame, dict[str, Any]]:
    from astropy.table import Table

    table = Table.read(data.decode(), format="ascii.ecsv")
    return table.to_pandas(), dict(table.meta.get("provenance", {}))
