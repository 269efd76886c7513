"""JPL's NHATS: which near-Earth asteroids a crew could visit, and at what delta-v [NHATS].

Its delta-v is that of a round trip from a low Earth orbit by two-body arcs, so it ranks in the same
sense as a journey from L2 but is not the same number: a column to compare with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from survey.catalog import answers
from survey.catalog.answers import Note, needed_number, number, part, whole
from survey.catalog.names import canonical_designation
from survey.catalog.trouble import RefusedError
from survey.catalog.web import Door, ask

if TYPE_CHECKING:
    import pandas as pd

_NAME: Final = "NHATS"


@dataclass(frozen=True)
class RoundTrip:
    """One round trip: delta-v, km/s, and duration, days."""

    dv_km_s: float
    duration_d: int


@dataclass(frozen=True)
class NhatsObject:
    """What NHATS says of one asteroid.

    Parameters
    ----------
    designation, orbit_id : str
        Of the asteroid, and of the orbit that was used.
    computed : str
        Day of the computation, ``YYYY-MM-DD``.
    trajectories : int
        Round trips found.
    cheapest, shortest : RoundTrip
        Least delta-v; least duration.
    launch : str
        Departure of the cheapest, ``YYYY-MM-DD``.
    c3_km2_s2, v_arrival_km_s : float
        Its launch energy, and its speed relative to the asteroid on arrival.
    """

    designation: str
    orbit_id: str
    computed: str
    trajectories: int
    cheapest: RoundTrip
    shortest: RoundTrip
    launch: str
    c3_km2_s2: float
    v_arrival_km_s: float


def fetch_nhats(door: Door) -> pd.DataFrame:
    """Fetch NHATS's list: every asteroid with a round trip of at most 12 km/s and 450 days.

    Returns
    -------
    DataFrame
        ``designation``, ``nhats_dv_km_s``, ``nhats_duration_d``.
    """
    params = {"dv": "12", "dur": "450", "stay": "8", "launch": "2020-2045"}
    content = ask(door, "nhats", params, lambda reply: answers.read_json(reply, _NAME))
    return decode_summary(content, door.warn)


def fetch_nhats_object(designation: str, door: Door) -> NhatsObject:
    """Fetch what NHATS says of one asteroid.

    Raises
    ------
    NoResultError
        It is not in NHATS.
    """
    params = {"des": designation}
    content = ask(door, "nhats", params, lambda reply: answers.read_json(reply, _NAME))
    return decode_object(content, door.warn)


def decode_summary(content: dict[str, Any], note: Note) -> pd.DataFrame:
    """Turn an answer of the summary into the table of `fetch_nhats`."""
    import pandas as pd

    answers.check(content, "nhats", ("data", "count"), note)
    data = content["data"]
    if not isinstance(data, list) or any(not isinstance(row, dict) for row in data):
        raise RefusedError(f"{_NAME} sent its list in another form: its format has changed")
    answers.count(content, _NAME, len(data))
    rows: dict[str, list[Any]] = {"designation": [], "nhats_dv_km_s": [], "nhats_duration_d": []}
    for row in data:
        trip = _trip(row, "min_dv")
        rows["designation"].append(_designation(row))
        rows["nhats_dv_km_s"].append(trip.dv_km_s)
        rows["nhats_duration_d"].append(trip.duration_d)
    frame = pd.DataFrame(rows).astype({"nhats_dv_km_s": float, "nhats_duration_d": "Int64"})
    return frame.drop_duplicates("designation", ignore_index=True)


def decode_object(content: dict[str, Any], note: Note) -> NhatsObject:
    """Turn an answer about one asteroid into a `NhatsObject`."""
    answers.check(content, "nhats", ("des", "min_dv", "min_dur", "min_dv_traj"), note)
    best = part(content, "min_dv_traj", _NAME)
    return NhatsObject(
        designation=_designation(content),
        orbit_id=answers.text(content.get("orbit_id"), "orbit_id"),
        computed=answers.text(content.get("computed"), "computed"),
        trajectories=whole(content.get("n_via_traj"), "n_via_traj") or 0,
        cheapest=_trip(content, "min_dv"),
        shortest=_trip(content, "min_dur"),
        launch=answers.text(best.get("launch"), "launch"),
        c3_km2_s2=needed_number(best.get("c3"), "c3", low=0, high=1e4),
        v_arrival_km_s=number(best.get("vrel_arr_neo"), "vrel_arr_neo", low=0, high=200) or 0.0,
    )


def _trip(content: dict[str, Any], key: str) -> RoundTrip:
    # The duration is a string in JPL's documentation and an int in its answers.
    trip = part(content, key, _NAME)
    duration = whole(trip.get("dur"), "dur")
    if not duration:
        raise RefusedError(f"{_NAME} sent a round trip without its duration")
    return RoundTrip(needed_number(trip.get("dv"), "dv", low=0.1, high=200), duration)


def _designation(content: dict[str, Any]) -> str:
    given = answers.text(content.get("des"), "des")
    designation = canonical_designation(given)
    if designation is None:
        raise RefusedError(f"{_NAME} sent the designation {given!r}, which is none")
    return designation
