"""JPL's three-body periodic orbits: families of halo, Lyapunov and other orbits [PeriodicOrbits].

Each answer carries its own mass ratio and units, which differ from ours: an orbit keeps its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from survey.catalog import answers
from survey.catalog.answers import Note, needed_number, part
from survey.catalog.trouble import RefusedError
from survey.catalog.web import Door, ask

if TYPE_CHECKING:
    import pandas as pd

_NAME: Final = "periodic orbits"
_FIELDS: Final = ("x", "y", "z", "vx", "vy", "vz", "jacobi", "period", "stability")


@dataclass(frozen=True)
class PeriodicFamily:
    """A family of periodic orbits of one three-body system, in its own units.

    Parameters
    ----------
    system, family : str
        E.g. ``"Sun-Earth"``, ``"halo"``.
    mass_ratio : float
        m2 / (m1 + m2), JPL's own.
    length_km, time_s : float
        Its units.
    points : ndarray, shape (5, 3)
        L1 to L5.
    orbits : DataFrame
        ``x`` to ``vz``, ``jacobi``, ``period``, ``stability``, one orbit per row.
    announced : int
        Orbits the service says it has; the documentation's examples show fewer.
    """

    system: str
    family: str
    mass_ratio: float
    length_km: float
    time_s: float
    points: NDArray[np.float64]
    orbits: pd.DataFrame
    announced: int


def fetch_family(
    system: str, family: str, door: Door, *, point: int | None = None, branch: str | None = None
) -> PeriodicFamily:
    """Fetch a family, e.g. ``fetch_family("sun-earth", "halo", door, point=2, branch="N")``.

    Raises
    ------
    NoResultError
        JPL has none of that kind.
    RefusedError
        Fewer orbits came than were announced, or the answer is not in the known form.
    """
    params = {"sys": system, "family": family}
    params |= {"libr": str(point)} if point is not None else {}
    params |= {"branch": branch} if branch is not None else {}
    content = ask(door, "periodic_orbits", params, lambda reply: answers.read_json(reply, _NAME))
    result = decode_family(content, door.warn)
    if result.announced != len(result.orbits):
        raise RefusedError(
            f"{_NAME} announces {result.announced:,} orbits and sends {len(result.orbits):,}"
        )
    return result


def decode_family(content: dict[str, Any], note: Note) -> PeriodicFamily:
    """Turn an answer into a `PeriodicFamily`."""
    import pandas as pd

    answers.check(content, "periodic_orbits", ("system", "fields", "data", "count"), note)
    system = part(content, "system", _NAME)
    ratio = needed_number(system.get("mass_ratio"), "mass_ratio", low=0, high=0.5)
    announced = answers.whole(content["count"], "count")
    rows = answers.table({**content, "count": _rows(content)}, _NAME, _FIELDS)
    orbits = pd.DataFrame(
        {name: [needed_number(row[name], name) for row in rows] for name in _FIELDS}, dtype=float
    )
    points = [_vector(system.get(f"L{n}"), f"L{n}") for n in range(1, 6)]
    return PeriodicFamily(
        system=answers.text(system.get("name"), "name"),
        family=answers.text(content.get("family"), "family"),
        mass_ratio=ratio,
        length_km=needed_number(system.get("lunit"), "lunit", low=1, high=1e12),
        time_s=needed_number(system.get("tunit"), "tunit", low=1, high=1e12),
        points=np.array(points),
        orbits=orbits,
        announced=announced or 0,
    )


def _rows(content: dict[str, Any]) -> int:
    return len(content["data"]) if isinstance(content["data"], list) else 0


def _vector(value: Any, what: str) -> list[float]:
    if not isinstance(value, list) or len(value) != 3:
        raise RefusedError(f"{_NAME} sent {what} in another form: its format has changed")
    return [needed_number(number, what) for number in value]
