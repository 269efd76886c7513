"""Whether a frame is the table it should be, and which of its orbits have changed."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pandas as pd

    from survey.tables.schema import Column, Schema

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

# What makes two orbits the same orbit: the object, the epoch and the six elements.
_ORBIT: Final = (
    "designation", "epoch_jd_tdb", "a_au", "e", "i_deg", "node_deg", "argperi_deg",
    "mean_anomaly_deg",
)  # fmt: skip


def validate(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Give a table the columns, order and types of its schema, or say what is wrong with it.

    An optional column that is absent is added with nothing in it.

    Text columns become ``object`` with ``""`` where nothing is known; ``float64``; ``int64``, or
    ``Int64`` where a value may be missing; ``bool``. `DataFrame.attrs` is kept, the index is not.

    Parameters
    ----------
    frame : DataFrame
        One row per thing; columns in any order.
    schema : Schema
        What the table should be.

    Returns
    -------
    DataFrame
        A new table; the one given is left as it is.

    Raises
    ------
    ValueError
        A column is missing or unknown, or a value is of the wrong kind, missing where it may
        not be, infinite, or the key is repeated: names the table, the column and the first row.
    """
    import pandas as pd

    names = [str(name) for name in frame.columns]
    for name in names:
        if names.count(name) > 1 or name not in schema.names:
            fault = "twice" if name in schema.names else "which it does not know"
            raise ValueError(
                f"the {schema.name} table has a column {name!r} {fault}: give each of its "
                f"{len(schema.names)} columns once and no other"
            )
    absent = [column for column in schema.columns if column.name not in names]
    lacking = [column.name for column in absent if not column.optional]
    if lacking:
        raise ValueError(
            f"the {schema.name} table lacks the column {lacking[0]!r}: give all of its "
            f"{len(schema.names)} columns"
        )
    frame = frame.reset_index(drop=True)
    clean = pd.DataFrame(
        {
            column.name: _nothing(column, len(frame))
            if column in absent
            else _typed(frame[column.name], column, schema)
            for column in schema.columns
        }
    )
    repeated = clean.duplicated(list(schema.key)).to_numpy()
    if repeated.any():
        row = int(repeated.argmax())
        value = ", ".join(str(clean[name].iloc[row]) for name in schema.key)
        raise ValueError(
            f"the {schema.name} table repeats its key {' + '.join(schema.key)} in row {row}: "
            f"keep one row of {value!r}"
        )
    clean.attrs = dict(frame.attrs)
    return clean


def row_digest(frame: pd.DataFrame) -> pd.Series:
    """Return a stable hash of each row's orbit: designation, epoch and the six elements.

    Equal orbits give equal hashes on every machine and in every version; magnitude, arc and
    name do not count.

    Parameters
    ----------
    frame : DataFrame
        Columns of `CATALOG`, shape ``(n,)``.

    Returns
    -------
    Series of str
        32 hexadecimal digits each (128 bits), shape ``(n,)``, with the frame's index.
    """
    import pandas as pd

    rows = zip(*(frame[name].tolist() for name in _ORBIT), strict=True)
    digests = [
        hashlib.sha256("|".join(str(value) for value in row).encode()).hexdigest()[:32]
        for row in rows
    ]
    return pd.Series(digests, index=frame.index, dtype=object, name="row_digest")


def _nothing(column: Column, rows: int) -> pd.Series:
    import pandas as pd

    if column.kind == "str":
        return pd.Series([""] * rows, dtype=object)
    return pd.Series([float("nan")] * rows, dtype=float).astype(
        "Int64" if column.kind == "int" else float
    )


def _typed(values: pd.Series, column: Column, schema: Schema) -> pd.Series:
    import numpy as np
    import pandas as pd

    missing = values.isna().to_numpy()
    kind: Any
    if column.kind == "str":
        text = values.astype(object).where(~missing, "")
        if not all(isinstance(value, str) for value in text) or _CONTROL.search("".join(text)):
            wrong = [not isinstance(value, str) or _CONTROL.search(value) for value in text]
            _refuse(values, np.array(wrong, dtype=bool), column, schema, "one line of text")
        return text.astype(object)
    if not column.nullable:
        _refuse(values, missing, column, schema, "a value")
    if column.kind == "bool":
        given = np.array([isinstance(value, bool | np.bool_) for value in values], dtype=bool)
        _refuse(values, ~given, column, schema, "True or False")
        return values.astype(bool)
    number = pd.to_numeric(values, errors="coerce") if values.dtype == object else values
    if not pd.api.types.is_numeric_dtype(number.dtype) or pd.api.types.is_bool_dtype(number.dtype):
        _refuse(values, ~missing, column, schema, "a number")
        number = pd.Series(np.nan, index=values.index)
    _refuse(values, number.isna().to_numpy() & ~missing, column, schema, "a number")
    real = number.to_numpy(dtype=float, na_value=np.nan)
    if column.kind == "float":
        _refuse(values, np.isinf(real), column, schema, "a finite number")
        return pd.Series(real, index=values.index)
    _refuse(values, ~missing & (real != np.rint(real)), column, schema, "a whole number")
    kind = "Int64" if column.nullable else "int64"
    return number.astype("Int64").astype(kind)


def _refuse(values: pd.Series, wrong: Any, column: Column, schema: Schema, expected: str) -> None:
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(
            f"the {schema.name} table holds {values.iloc[row]!r} in column {column.name!r}, row "
            f"{row}, where {expected} was expected: correct that row"
        )
