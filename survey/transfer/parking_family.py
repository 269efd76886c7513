"""Which orbits a craft may wait on, and the one of a given size."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from survey.astro.periodic import PeriodicOrbit
from survey.constants import AU_KM, DAY_S, GM_EARTH_MOON_KM3_S2, GM_SUN_KM3_S2

if TYPE_CHECKING:
    from survey.astro.lissajous import QuasiPeriodicOrbit

__all__ = [
    "FAMILIES",
    "REVOLUTIONS",
    "TIME_UNIT_D",
    "FamilyName",
    "OrbitSize",
    "Point",
    "build_lissajous",
    "build_orbit",
]

REVOLUTIONS: Final = 24
"""How many a Lissajous orbit is known for on either side of phase zero; twelve years."""

_SWOLLEN: Final = 1.3  # beyond this share of the z asked for, motion in the plane feeds that in z

Point = Literal["L1", "L2"]
FamilyName = Literal["point", "halo northern", "halo southern", "lyapunov", "vertical", "lissajous"]

TIME_UNIT_D: Final = math.sqrt(AU_KM**3 / (GM_SUN_KM3_S2 + GM_EARTH_MOON_KM3_S2)) / DAY_S
"""Mean days in which the line from the Sun to Earth and Moon turns by one radian."""

FAMILIES: Final[dict[str, tuple[str, ...]]] = {
    "point": (),
    "halo northern": ("z_km", "period_d", "jacobi"),
    "halo southern": ("z_km", "period_d", "jacobi"),
    "lyapunov": ("x_km", "period_d", "jacobi"),
    "vertical": ("z_km", "period_d", "jacobi"),
    "lissajous": ("x_km", "z_km"),
}
"""Families of parking orbits, and what measures the size of each."""

_NAMES: Final = {
    "halo northern": "halo",
    "halo southern": "halo",
    "lyapunov": "planar Lyapunov",
    "vertical": "vertical Lyapunov",
}

# Name in `survey.astro.family`, unit in which it counts, how a sentence writes it.
_MEASURES: Final = {
    "x_km": ("x_amplitude", AU_KM, "an x amplitude of {:,.0f} km", "{:,.0f} to {:,.0f} km"),
    "z_km": ("z_amplitude", AU_KM, "a z amplitude of {:,.0f} km", "{:,.0f} to {:,.0f} km"),
    "period_d": ("period", TIME_UNIT_D, "a period of {:.2f} d", "{:.2f} to {:.2f} d"),
    "jacobi": ("jacobi", 1.0, "a Jacobi constant of {:.7f}", "{:.7f} to {:.7f}"),
}


@dataclass(frozen=True)
class OrbitSize:
    """How large a parking orbit is, in one of the ways its family knows (`FAMILIES`).

    Lengths are those at the mean distance of 1 au; at real dates the orbit breathes with it, by
    1.7 % either way. A period is a mean one for the same reason.

    Parameters
    ----------
    x_km : float, optional
        Distance from the libration point of the crossing at the greater x; of a Lissajous orbit
        the amplitude along x.
    z_km : float, optional
        Greatest distance from the primaries' plane.
    period_d : float, optional
        Period in days.
    jacobi : float, optional
        Jacobi constant (without the term ``mu (1 - mu)``).
    """

    x_km: float | None = None
    z_km: float | None = None
    period_d: float | None = None
    jacobi: float | None = None

    def __post_init__(self) -> None:
        for name, value in self.given.items():
            if not (math.isfinite(value) and value > 0):
                raise ValueError(
                    f"the parking orbit's {name} was given as {value}, but must be a positive "
                    "number: write e.g. 'z 500000 km'"
                )

    @property
    def given(self) -> dict[str, float]:
        """The measures that are given."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: float(value) for name, value in values if value is not None}


@lru_cache(maxsize=64)
def build_orbit(
    family: FamilyName, point: Point, mass_ratio: float, size: OrbitSize
) -> PeriodicOrbit:
    """Return the periodic orbit of a family that has a given size.

    Parameters
    ----------
    family : str
        "halo northern", "halo southern", "lyapunov" or "vertical".
    point : {"L1", "L2"}
        About which it turns.
    mass_ratio : float
        Of the system.
    size : OrbitSize
        One measure. Where several members share it (a family turns back), the one nearest to the
        family's small end is taken.

    Returns
    -------
    PeriodicOrbit

    Raises
    ------
    ValueError
        If the family has no such member; the sentence gives its range.
    """
    from survey.astro.halo import find_family  # scipy's splines with it, which a point never needs

    ((measure, value),) = size.given.items()
    name, unit, one, span = _MEASURES[measure]
    whole = find_family(mass_ratio, point, _NAMES[family], northern=family != "halo southern")
    low, high = whole.span(name)
    low = max(low, 0.0)
    if not low <= value / unit <= high:
        raise ValueError(
            f"the parking orbit was given {one.format(value)}, but the {family} family at {point} "
            f"has {span.format(low * unit, high * unit)}: choose a size in that range"
        )
    return whole.member(name, value / unit)


@lru_cache(maxsize=16)
def build_lissajous(point: Point, mass_ratio: float, size: OrbitSize) -> QuasiPeriodicOrbit:
    """Return a Lissajous orbit of which x and z are both greatest at time zero.

    Parameters
    ----------
    point : {"L1", "L2"}
        About which it turns.
    mass_ratio : float
        Of the system.
    size : OrbitSize
        `x_km` and `z_km`, amplitudes of the linear theory; the extent of the orbit differs by
        second order.

    Returns
    -------
    QuasiPeriodicOrbit

    Raises
    ------
    ValueError
        If there is no Lissajous orbit so large.
    """
    from survey.astro.long_lissajous import long_lissajous

    x, z = size.given["x_km"], size.given["z_km"]
    asked = f"the parking orbit was given amplitudes of {x:,.0f} km in x and {z:,.0f} km in z"
    try:
        path = long_lissajous(
            mass_ratio, point, x_amplitude=x / AU_KM, z_amplitude=z / AU_KM,
            revolutions=REVOLUTIONS,
        )  # fmt: skip
    except ValueError:
        raise ValueError(
            f"{asked}, but no Lissajous orbit about {point} was found so large: give smaller ones, "
            "e.g. 'x 200000 km, z 250000 km', or choose a halo orbit"
        ) from None
    reached = float(path.amplitudes[2]) * AU_KM
    if reached > _SWOLLEN * z:
        raise ValueError(
            f"{asked}, but an orbit about {point} that starts so climbs to {reached:,.0f} km, as "
            "halo orbits do: give a smaller x, or choose a halo orbit"
        )
    return path
