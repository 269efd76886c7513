"""The catalogue of near-Earth asteroids: files of the authorities in, dated snapshots out."""

from survey.catalog.checks import orbit_class
from survey.catalog.formats import read_catalog
from survey.catalog.lookup import UnknownTargetError, find, label, select
from survey.catalog.snapshot import (
    ImportReport,
    import_catalog,
    read_snapshot,
    resolve_snapshot,
    snapshot_folders,
)

__all__ = [
    "ImportReport",
    "UnknownTargetError",
    "find",
    "import_catalog",
    "label",
    "orbit_class",
    "read_catalog",
    "read_snapshot",
    "resolve_snapshot",
    "select",
    "snapshot_folders",
]
