"""Orbits for the poliastro family: `to_orbit` out of a catalogue row, `from_orbit` back into one.

What crosses is the state at the epoch, not the elements, because two conventions differ:

* **GM of the Sun.** The catalogue's elements belong to DE440's, the packages' to an older value,
  1.5e-8 larger: their ``orbit.a`` and period differ from the catalogue's by about as much, and
  their two-body motion by some 30 km a year.
* **Plane.** Their orbits lie in the Earth's equator unless told otherwise; ours are made with
  ``Planes.EARTH_ECLIPTIC``, and theirs are rotated by the J2000 obliquity where they are not.

Times are TDB. boinor is the living continuation of poliastro; a real poliastro is accepted from
0.17 on, because pip on a new Python silently installs 0.7, of another interface.
"""

from __future__ import annotations

import importlib
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import astropy.units as u
import numpy as np
import pandas as pd
from astropy.time import Time

from survey.astro.kepler import elements_to_state, state_to_elements
from survey.catalog import orbit_class
from survey.constants import AU_KM, GM_SUN_KM3_S2
from survey.ephemeris import icrf_to_ecliptic
from survey.tables import CATALOG

PACKAGES: Final = ("boinor", "poliastro")
_OLDEST_POLIASTRO: Final = (0, 17)
_ANGLES: Final = ("i_deg", "node_deg", "argperi_deg", "mean_anomaly_deg")


def to_orbit(row: pd.Series, *, package: str | None = None) -> Any:
    """Return a catalogue row as an orbit of boinor or poliastro.

    Parameters
    ----------
    row : Series
        One row of a catalogue (`survey.tables.CATALOG`).
    package : {"boinor", "poliastro"}, optional
        Whose orbit; by default the first of the two that is installed.

    Returns
    -------
    boinor.twobody.Orbit or poliastro.twobody.Orbit
        About the package's own Sun, so that its frames and plots know it, in the plane of the
        ecliptic, at the row's own epoch.

    Raises
    ------
    ValueError
        If no such package is installed or the row holds no ellipse.
    """
    name = _installed(package)
    orbits = importlib.import_module(f"{name}.twobody")
    bodies = importlib.import_module(f"{name}.bodies")
    planes = importlib.import_module(f"{name}.frames").Planes
    a_km = float(row["a_au"]) * AU_KM
    angles = np.radians([float(row[column]) for column in _ANGLES])
    r, v = elements_to_state(GM_SUN_KM3_S2, a_km, float(row["e"]), *angles)
    if not (np.all(np.isfinite(r)) and a_km > 0):
        raise ValueError(
            f"the row has a = {row['a_au']} au and e = {row['e']}, but an orbit of the catalogue "
            "is an ellipse: give a > 0, 0 <= e < 1 and finite angles"
        )
    epoch = Time(float(row["epoch_jd_tdb"]), format="jd", scale="tdb")
    return orbits.Orbit.from_vectors(
        bodies.Sun, r * u.km, v * (u.km / u.s), epoch=epoch, plane=planes.EARTH_ECLIPTIC
    )


def from_orbit(orbit: Any, *, designation: str = "", name: str = "") -> pd.Series:
    """Return an orbit of boinor or poliastro as a row of a catalogue.

    Parameters
    ----------
    orbit : boinor.twobody.Orbit or poliastro.twobody.Orbit
        An ellipse about the Sun, in the plane of the equator or of the ecliptic.
    designation, name : str
        What to call it; the packages' orbits carry no name.

    Returns
    -------
    Series
        Fields of `survey.tables.CATALOG`; what an orbit does not know is missing.

    Raises
    ------
    ValueError
        If the orbit is not about the Sun, not an ellipse or in a plane that turns.
    """
    if orbit.attractor.name != "Sun":
        raise ValueError(f"the orbit is about {orbit.attractor.name}: give one about the Sun")
    r, v = orbit.r.to_value(u.km), orbit.v.to_value(u.km / u.s)
    plane = orbit.plane.name
    if plane == "EARTH_EQUATOR":
        r, v = icrf_to_ecliptic(r), icrf_to_ecliptic(v)
    elif plane != "EARTH_ECLIPTIC":
        raise ValueError(
            f"the orbit lies in the plane {plane}: give one in EARTH_EQUATOR or EARTH_ECLIPTIC"
        )
    a_km, e, *angles = (float(x) for x in state_to_elements(GM_SUN_KM3_S2, r, v))
    if not e < 1:
        raise ValueError(f"the orbit has e = {e}: a catalogue holds ellipses only, e < 1")
    values: dict[str, Any] = {
        "designation": designation,
        "name": name,
        "orbit_class": str(orbit_class(np.array([a_km / AU_KM]), np.array([e]))[0]),
        "epoch_jd_tdb": float(orbit.epoch.tdb.jd),
        "a_au": a_km / AU_KM,
        "e": e,
        **dict(zip(_ANGLES, (np.degrees(angles) % 360.0).tolist(), strict=True)),
    }
    missing = {"str": "", "int": pd.NA, "float": np.nan}
    return pd.Series(
        {column.name: values.get(column.name, missing[column.kind]) for column in CATALOG.columns},
        dtype=object,
    )


def _installed(package: str | None) -> str:
    """Name of the package to use; `ValueError` with what to install where there is none."""
    if package is not None and package not in PACKAGES:
        raise ValueError(f"the package was given as {package!r}: write 'boinor' or 'poliastro'")
    for name in PACKAGES if package is None else (package,):
        try:
            found = version(name)
        except PackageNotFoundError:
            continue
        release = tuple(int(part) for part in found.split(".")[:2])
        if name == "boinor" or release >= _OLDEST_POLIASTRO:
            return name
        raise ValueError(
            f"poliastro {found} is installed, but only 0.17 and later have orbits of this kind: "
            "pip install 'survey[poliastro]' brings boinor, its living continuation"
        )
    raise ValueError(
        f"{package or 'neither boinor nor poliastro'} is not installed: "
        "pip install 'survey[poliastro]'"
    )
