"""NHATS and close approaches beside the orbits: columns to compare a result with.

They are not the catalogue: if one of these services is down, the refresh goes on with the values
of the last snapshot, and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pandas as pd

from survey.catalog.answers import NoResultError
from survey.catalog.cad import DISTANCE_AU, closest, fetch_approaches
from survey.catalog.nhats import fetch_nhats
from survey.catalog.trouble import RefusedError, ServiceDownError
from survey.catalog.web import Door

NHATS: Final = ("nhats_dv_km_s", "nhats_duration_d")
CAD: Final = ("approaches", "approach_jd_tdb", "approach_au", "approach_v_km_s")


def add_companions(
    catalog: pd.DataFrame,
    previous: pd.DataFrame | None,
    window: tuple[str, str],
    door: Door,
    warn: Callable[[str], None],
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Join NHATS's and CAD's columns to a catalogue.

    Parameters
    ----------
    catalog : DataFrame
        `survey.tables.CATALOG`.
    previous : DataFrame or None
        The last snapshot, whose values stand in for a service that is down.
    window : tuple of str
        First and last day of the close approaches, ``YYYY-MM-DD``.
    door : Door
        How JPL is reached.
    warn : callable
        Told of a service that is down.

    Returns
    -------
    catalog : DataFrame
        A new table.
    provenance : dict
        What was asked, or from where the values were carried over.
    """
    told: dict[str, Any] = {}
    sources: tuple[tuple[str, tuple[str, ...], Callable[[], pd.DataFrame], Any], ...] = (
        ("nhats", NHATS, lambda: fetch_nhats(door), {"dv_km_s": 12, "duration_d": 450}),
        (
            "cad",
            CAD,
            lambda: closest(fetch_approaches(*window, door)),
            {"window": list(window), "distance_au": DISTANCE_AU},
        ),
    )
    for name, columns, fetch, asked in sources:
        try:
            values = fetch()
            told[name] = {**asked, "objects": len(values)}
        except (ServiceDownError, RefusedError, NoResultError) as error:
            if previous is None:
                warn(f"{name} is left empty: {error}")
                told[name] = {"left_empty": True}
                continue
            values = previous[["designation", *columns]]
            path = previous.attrs.get("path")
            told[name] = {"carried_over_from": path.name if path is not None else "last snapshot"}
            warn(f"{name} is carried over from the last snapshot: {error}")
        catalog = _join(catalog, values, columns)
    return catalog, told


def _join(catalog: pd.DataFrame, values: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    # An object may stand there under the designation it had before it was numbered.
    by_name = values.set_index("designation")[list(columns)]
    here = catalog["designation"]
    other = catalog["provisional"]
    key = here.where(here.isin(by_name.index), other)
    joined = by_name.reindex(key.where(key.isin(by_name.index)))
    new = catalog.copy()
    for name in columns:
        new[name] = joined[name].reset_index(drop=True).astype(catalog[name].dtype)
    return new
