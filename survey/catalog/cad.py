"""JPL's close-approach data: when asteroids pass the Earth, how near and how fast [CAD]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from survey.catalog import answers
from survey.catalog.answers import Note, needed_number
from survey.catalog.names import canonical_designation
from survey.catalog.web import Door, ask

if TYPE_CHECKING:
    import pandas as pd

DISTANCE_AU: Final = 0.05  # JPL's own limit of a close approach
_NAME: Final = "CAD"
_FIELDS: Final = ("des", "jd", "dist", "v_rel")


def fetch_approaches(
    first: str, last: str, door: Door, *, distance_au: float = DISTANCE_AU
) -> pd.DataFrame:
    """Fetch the passes of all near-Earth asteroids by the Earth.

    Parameters
    ----------
    first, last : str
        Days, ``YYYY-MM-DD`` (TDB), both included.
    door : Door
        How JPL is reached.
    distance_au : float
        Largest nominal distance, au.

    Returns
    -------
    DataFrame
        ``designation``, ``jd_tdb``, ``distance_au``, ``v_relative_km_s``, by time.
    """
    params = {
        "date-min": first,
        "date-max": last,
        "dist-max": repr(distance_au),
        "body": "Earth",
        "neo": "true",
        "kind": "a",
        "sort": "date",
    }
    content = ask(door, "cad", params, lambda reply: answers.read_json(reply, _NAME))
    return decode_approaches(content, door.warn)


def decode_approaches(content: dict[str, Any], note: Note) -> pd.DataFrame:
    """Turn an answer into the table of `fetch_approaches`.

    With no pass in the window, version 1.1 and older leave out ``fields`` and ``data``.
    """
    import pandas as pd

    answers.check(content, "cad", ("count",), note)
    if "data" not in content:
        answers.count(content, _NAME, 0)
        rows = []
    else:
        rows = answers.table(content, _NAME, _FIELDS)
    columns: dict[str, list[Any]] = {
        "designation": [], "jd_tdb": [], "distance_au": [], "v_relative_km_s": [],
    }  # fmt: skip
    strange = 0
    for row in rows:
        designation = canonical_designation(answers.text(row["des"], "des"))
        strange += designation is None  # a comet, e.g. 46P
        if designation is not None:
            columns["designation"].append(designation)
            columns["jd_tdb"].append(needed_number(row["jd"], "jd", low=2.3e6, high=2.6e6))
            columns["distance_au"].append(needed_number(row["dist"], "dist", low=0, high=10))
            columns["v_relative_km_s"].append(needed_number(row["v_rel"], "v_rel", low=0, high=200))
    if strange:
        note(f"{_NAME}: {strange:,} passes of objects that are no asteroids were left out")
    numbers = ("jd_tdb", "distance_au", "v_relative_km_s")
    return pd.DataFrame(columns).astype(dict.fromkeys(numbers, float))


def closest(approaches: pd.DataFrame) -> pd.DataFrame:
    """Return one row per asteroid: number of passes, and the closest of them.

    Returns
    -------
    DataFrame
        ``designation``, ``approaches``, ``approach_jd_tdb``, ``approach_au``, ``approach_v_km_s``.
    """
    ordered = approaches.sort_values(["distance_au", "jd_tdb"], kind="stable")
    groups = ordered.groupby("designation", sort=True)
    best = groups.first().reset_index()
    names = {
        "jd_tdb": "approach_jd_tdb",
        "distance_au": "approach_au",
        "v_relative_km_s": "approach_v_km_s",
    }
    best = best.rename(columns=names)
    best.insert(1, "approaches", groups.size().to_numpy())
    return best.astype({"approaches": "Int64"})
