"""The catalogue of near-Earth asteroids: files and services of the authorities in, snapshots out.

Everything that opens a socket is in this package, behind one door (`survey.catalog.web`).
"""

from survey.catalog.changes import Changes, compare
from survey.catalog.checks import orbit_class
from survey.catalog.formats import read_catalog
from survey.catalog.lookup import UnknownTargetError, find, label, select
from survey.catalog.retention import Retention, prune
from survey.catalog.snapshot import (
    ImportReport,
    import_catalog,
    list_snapshots,
    read_snapshot,
    resolve_snapshot,
    snapshot_folders,
)
from survey.catalog.trouble import RefusedError, ServiceDownError
from survey.catalog.update import RefreshReport, refresh
from survey.catalog.web import Door, Limits, open_door

__all__ = [
    "Changes",
    "Door",
    "ImportReport",
    "Limits",
    "RefreshReport",
    "RefusedError",
    "Retention",
    "ServiceDownError",
    "UnknownTargetError",
    "compare",
    "find",
    "import_catalog",
    "label",
    "list_snapshots",
    "open_door",
    "orbit_class",
    "prune",
    "read_catalog",
    "read_snapshot",
    "refresh",
    "resolve_snapshot",
    "select",
    "snapshot_folders",
]
