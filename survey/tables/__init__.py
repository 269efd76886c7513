"""The tables that cross floors: what they hold, whether they are sound, how they lie on disk."""

from survey.tables.check import row_digest, validate
from survey.tables.ecsv import file_digest, read_table, table_bytes, write_bytes, write_table
from survey.tables.schema import (
    CATALOG,
    DEPARTURES,
    RANKING,
    THREE_BODY,
    TRANSFERS,
    UNREACHED,
    Column,
    Schema,
)

__all__ = [
    "CATALOG",
    "DEPARTURES",
    "RANKING",
    "THREE_BODY",
    "TRANSFERS",
    "UNREACHED",
    "Column",
    "Schema",
    "file_digest",
    "read_table",
    "row_digest",
    "table_bytes",
    "validate",
    "write_bytes",
    "write_table",
]
