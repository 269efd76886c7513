"""JPL Horizons: where an object is, by JPL's own numerical integration [Horizons].

astroquery words the question and reads the table; an epoch list is never sent (the URL would
become too long), always start, stop and step.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from survey.catalog.answers import Note
from survey.catalog.courier import Courier
from survey.catalog.lookup import UnknownTargetError
from survey.catalog.trouble import RefusedError, ServiceDownError
from survey.catalog.web import Door

if TYPE_CHECKING:
    import pandas as pd

_NAME: Final = "Horizons"
_SUN: Final = "500@10"
_VERSIONS: Final = ((1, 0), (1, 3))
_SIGNATURE = re.compile(r"API VERSION: (\d{1,3})\.(\d{1,3})\s*\nAPI SOURCE: NASA/JPL Horizons API")
_COMPLAINTS = re.compile(
    r"(No ephemeris for target[^\n]*|No matches found|Multiple major-bodies match|"
    r"Cannot output elements[^\n]*|Cannot interpret date[^\n]*|BATVAR:[^\n]*|INPUT ERROR[^\n]*|"
    r"Matching small-bodies:|ERROR[^\n]{0,200})"
)
# Column of astroquery's table, and ours.
_COLUMNS: Final = {
    "vectors": {
        "datetime_jd": "jd_tdb", "x": "x_au", "y": "y_au", "z": "z_au",
        "vx": "vx_au_d", "vy": "vy_au_d", "vz": "vz_au_d",
    },
    "elements": {
        "datetime_jd": "jd_tdb", "a": "a_au", "e": "e", "incl": "i_deg", "Omega": "node_deg",
        "w": "argperi_deg", "M": "mean_anomaly_deg", "q": "q_au",
    },
    "ephemerides": {
        "datetime_jd": "jd_ut", "RA": "ra_deg", "DEC": "dec_deg", "r": "sun_distance_au",
        "delta": "distance_au",
    },
}  # fmt: skip


def fetch_vectors(
    designation: str, start: str, stop: str, step: str, door: Door, *, center: str = _SUN
) -> pd.DataFrame:
    """Fetch states, ecliptic and equinox J2000, geometric.

    Parameters
    ----------
    designation : str
        Number or provisional designation of a small body.
    start, stop : str
        Days or times, TDB, e.g. ``"2027-01-01"``.
    step : str
        E.g. ``"10d"``.
    door : Door
        How JPL is reached.
    center : str
        Horizons' code of the centre; the Sun if not given.

    Returns
    -------
    DataFrame
        ``jd_tdb``, ``x_au``, ``y_au``, ``z_au``, ``vx_au_d``, ``vy_au_d``, ``vz_au_d``.

    Raises
    ------
    UnknownTargetError
        None or several answer to the name.
    RefusedError
        Horizons has no such ephemeris, e.g. after an impact; its own words are quoted.
    ServiceDownError
        It does not answer.
    """
    return _fetch("vectors", designation, start, stop, step, door, center)


def fetch_elements(
    designation: str, start: str, stop: str, step: str, door: Door, *, center: str = _SUN
) -> pd.DataFrame:
    """Fetch osculating elements, ecliptic J2000; parameters and errors as `fetch_vectors`.

    Returns
    -------
    DataFrame
        ``jd_tdb``, ``a_au``, ``e``, ``i_deg``, ``node_deg``, ``argperi_deg``,
        ``mean_anomaly_deg``, ``q_au``.
    """
    return _fetch("elements", designation, start, stop, step, door, center)


def fetch_ephemeris(
    designation: str, start: str, stop: str, step: str, door: Door, *, center: str = "500"
) -> pd.DataFrame:
    """Fetch what an observer sees, from Earth's centre; parameters and errors as `fetch_vectors`.

    Returns
    -------
    DataFrame
        ``jd_ut``, ``ra_deg``, ``dec_deg`` (astrometric, ICRF), ``sun_distance_au``,
        ``distance_au``.
    """
    return _fetch("ephemerides", designation, start, stop, step, door, center)


def decode(kind: str, text: str, note: Note) -> pd.DataFrame:
    """Turn an answer into the table of the kind ``vectors``, ``elements`` or ``ephemerides``."""
    from io import BytesIO

    import requests
    from astroquery.jplhorizons import HorizonsClass

    inspect(text.encode())
    _complain(text, note)
    response = requests.Response()
    response.status_code, response.encoding = 200, "utf-8"
    response.raw = BytesIO(text.encode())
    query = HorizonsClass()
    query.query_type = kind
    return _ours(kind, lambda: query._parse_result(response))


def inspect(data: bytes) -> None:
    """Raise ServiceDownError for bytes that are no answer of Horizons at all."""
    text = data.decode("utf-8", errors="replace").lstrip()
    if not text:
        raise ServiceDownError(f"{_NAME} sent an empty answer: try again later")
    if text.startswith("<"):
        raise ServiceDownError(f"{_NAME} sent a web page instead of data: try again later")
    if "$$SOE" in text and "$$EOE" not in text:
        raise ServiceDownError(f"{_NAME} sent an answer that is cut off: try again later")


def _fetch(
    kind: str, designation: str, start: str, stop: str, step: str, door: Door, center: str
) -> pd.DataFrame:
    from astroquery.jplhorizons import HorizonsClass

    query = HorizonsClass(
        id=designation,
        location=center,
        epochs={"start": start, "stop": stop, "step": step},
        id_type="smallbody" if designation.isdigit() else "designation",
    )
    query._session = Courier(door, "horizons", inspect)
    response = getattr(query, f"{kind}_async")(cache=False)
    return decode(kind, response.text, door.warn)


def _complain(text: str, note: Note) -> None:
    if "$$SOE" in text:
        signature = _SIGNATURE.search(text)
        if signature is None:
            raise RefusedError(
                f"{_NAME} sent an answer without its signature (API VERSION): its format has "
                "changed"
            )
        number = int(signature[1]), int(signature[2])
        if number > _VERSIONS[1]:
            note(f"{_NAME} announces version {number[0]}.{number[1]}, newer than this program's")
        return
    said = _COMPLAINTS.search(text)
    words = " ".join(said[0].split())[:200] if said else " ".join(text.split())[-120:]
    if words.startswith(("No matches", "Multiple", "Matching")):
        raise UnknownTargetError(
            f"Horizons finds none or several objects ({words}): write a number or designation"
        )
    raise RefusedError(f"{_NAME} has no such ephemeris: {words}")


def _ours(kind: str, parse: Any) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    names = _COLUMNS[kind]
    try:
        table = parse()
        columns: dict[str, Any] = {
            ours: np.ma.filled(np.ma.asarray(table[theirs], dtype=float), np.nan)
            for theirs, ours in names.items()
            if kind != "ephemerides" or theirs in table.colnames
        }
    except Exception as error:  # astroquery's reader has no common base for its complaints
        cause = str(error).strip().partition("\n")[0][:120] or type(error).__name__
        raise RefusedError(f"{_NAME} sent a table in another form ({cause})") from error
    frame = pd.DataFrame(columns)
    if frame.empty or not np.isfinite(frame.to_numpy()).all():
        raise RefusedError(f"{_NAME} sent a table with gaps")
    return frame
