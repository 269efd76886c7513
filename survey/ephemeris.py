"""Sun, Earth, Moon and planets: the only door between JPL's frames and ours."""

from __future__ import annotations

import hashlib
import math
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro.chebyshev import evaluate_chebyshev
from survey.constants import (
    AU_KM,
    DAY_S,
    J2000_JD,
    MASS_EARTH_OVER_MOON,
    OBLIQUITY_J2000_ARCSEC,
)

Array = NDArray[np.float64]

SPAN_JD_TDB: Final = (2_443_568.5, 2_475_651.5)  # midnight TDB
SPAN_TEXT: Final = "1978-03-01 to 2066-01-01"  # the same, for messages

EXCERPT: Final = "de440_1978_2066.bsp"

# Segments (centre, target) that lead from the solar-system barycentre to each body; none to itself.
_CHAINS: Final = MappingProxyType(
    {
        "sun": ((0, 10),),
        "mercury": ((0, 1),),
        "venus": ((0, 2),),
        "earth": ((0, 3), (3, 399)),
        "moon": ((0, 3), (3, 301)),
        "earth-moon-barycenter": ((0, 3),),
        "mars": ((0, 4),),
        "jupiter": ((0, 5),),
        "saturn": ((0, 6),),
        "uranus": ((0, 7),),
        "neptune": ((0, 8),),
        "solar-system-barycenter": (),
    }
)
BODIES: Final = tuple(_CHAINS)

_SIN_OBLIQUITY: Final = math.sin(math.radians(OBLIQUITY_J2000_ARCSEC / 3600.0))
_COS_OBLIQUITY: Final = math.cos(math.radians(OBLIQUITY_J2000_ARCSEC / 3600.0))
_MOON_SHARE: Final = 1.0 / (1.0 + MASS_EARTH_OVER_MOON)
_LOCK: Final = threading.Lock()


def heliocentric_state(body: str, jd_tdb: ArrayLike) -> tuple[Array, Array]:
    """Return geometric states of a body, Sun-centred, ecliptic and equinox of J2000.

    Parameters
    ----------
    body : str
        One of `BODIES`; from Mars outwards a name means the barycentre of planet and moons. What
        is given of ``solar-system-barycenter`` is minus the Sun's own state about it.
    jd_tdb : array_like, shape (...)
        Julian dates TDB within `SPAN_JD_TDB`.

    Returns
    -------
    r, v : ndarray, shape (..., 3)
        Position in km and velocity in km/s.

    Raises
    ------
    ValueError
        If the body is not known or a date lies outside the span.

    Notes
    -----
    DE440 [Park2021], cut to the span. Where the file is missing, the series of ERFA behind
    astropy's built-in ephemeris take its place, with one warning.
    """
    if body not in _CHAINS:
        raise ValueError(f"the body was given as {body!r}: write one of {', '.join(BODIES)}")
    jd = np.asarray(jd_tdb, dtype=float)
    inside = (jd >= SPAN_JD_TDB[0]) & (jd <= SPAN_JD_TDB[1])
    if not np.all(inside):
        first_bad = float(jd[~inside].flat[0])
        raise ValueError(
            f"the epoch was given as JD {first_bad} TDB, but the ephemeris covers {SPAN_TEXT} TDB "
            f"(JD {SPAN_JD_TDB[0]} to {SPAN_JD_TDB[1]}): choose dates inside"
        )
    if body == "sun":
        return np.zeros((*jd.shape, 3)), np.zeros((*jd.shape, 3))
    with _LOCK:
        source = _open_source()
    r, v = source(body, jd.ravel())
    shape = (*jd.shape, 3)
    return icrf_to_ecliptic(r).reshape(shape), icrf_to_ecliptic(v).reshape(shape)


def icrf_to_ecliptic(vectors: ArrayLike) -> Array:
    """Rotate vectors ``(..., 3)`` from JPL's ICRF axes to the ecliptic and equinox of J2000."""
    x, y, z = np.moveaxis(np.asarray(vectors, dtype=float), -1, 0)
    return np.stack(
        (x, _COS_OBLIQUITY * y + _SIN_OBLIQUITY * z, _COS_OBLIQUITY * z - _SIN_OBLIQUITY * y),
        axis=-1,
    )


def ecliptic_to_icrf(vectors: ArrayLike) -> Array:
    """Rotate vectors ``(..., 3)`` from the ecliptic and equinox of J2000 to JPL's ICRF axes."""
    x, y, z = np.moveaxis(np.asarray(vectors, dtype=float), -1, 0)
    return np.stack(
        (x, _COS_OBLIQUITY * y - _SIN_OBLIQUITY * z, _COS_OBLIQUITY * z + _SIN_OBLIQUITY * y),
        axis=-1,
    )


@dataclass(frozen=True)
class _Segment:
    """Chebyshev records of one segment: start and length in s, coefficients ``(n, k, 3)``."""

    start_s: float
    length_s: float
    coefficients: Array


def source_name() -> str:
    """Name of what the states come from, other for other numbers: a key for what is kept of them.

    The excerpt's name with its recorded SHA-256 sum, or ``erfa series`` where there is no excerpt.
    """
    path = _excerpt()
    if not path.is_file():
        return "erfa series"
    return f"{EXCERPT} {_recorded_digest(path)}"


_Source = Callable[[str, Array], tuple[Array, Array]]


@cache
def _open_source() -> _Source:
    """Read the excerpt once and whole, or fall back to the series where there is none."""
    path = _excerpt()
    if not path.is_file():
        warnings.warn(
            f"{EXCERPT} is missing, so the planets come from astropy's built-in series, which are "
            "thousands of km less exact (make it again: python survey/data/make_de440_excerpt.py)",
            stacklevel=3,
        )
        return _series_state
    segments = _read_segments(path)

    def state(body: str, jd: Array) -> tuple[Array, Array]:
        seconds = (jd - J2000_JD) * DAY_S
        r, v = np.zeros((jd.size, 3)), np.zeros((jd.size, 3))
        for pair, sign in ((_CHAINS["sun"][0], -1.0), *((pair, 1.0) for pair in _CHAINS[body])):
            part = segments[pair]
            dr, dv = evaluate_chebyshev(part.coefficients, part.start_s, part.length_s, seconds)
            r += sign * dr
            v += sign * dv
        return r, v

    return state


def _excerpt() -> Path:
    return Path(str(files("survey"))) / "data" / EXCERPT


def _recorded_digest(path: Path) -> str:
    return path.with_name(path.name + ".sha256").read_text("ascii").split()[0]


def _read_segments(path: Path) -> dict[tuple[int, int], _Segment]:
    from jplephem.spk import SPK

    if hashlib.sha256(path.read_bytes()).hexdigest() != _recorded_digest(path):
        raise ValueError(
            f"the ephemeris file {path.name} is damaged: its SHA-256 sum is not the recorded one; "
            "reinstall, or run python survey/data/make_de440_excerpt.py"
        )
    with SPK.open(path) as kernel:
        segments = {}
        for pair, segment in kernel.pairs.items():
            start_jd, length_d, coefficients = segment.load_array()
            segments[pair] = _Segment(
                (start_jd - J2000_JD) * DAY_S,
                length_d * DAY_S,
                np.array(np.moveaxis(coefficients, 0, -1), dtype=float, order="C"),
            )
    return segments


def _series_state(body: str, jd: Array) -> tuple[Array, Array]:
    """Heliocentric ICRF state in km and km/s from ERFA's epv00, moon98 and plan94.

    Earth and Moon are combined by their masses, for plan94's own barycentre of the two is 2,000 km
    off.
    """
    import erfa  # type: ignore[import-untyped]

    if body == "solar-system-barycenter":
        heliocentric, barycentric = erfa.epv00(jd, 0.0)
        r, v = (heliocentric[name] - barycentric[name] for name in "pv")
        return r * AU_KM, v * (AU_KM / DAY_S)
    moon_share = {"earth": 0.0, "moon": 1.0, "earth-moon-barycenter": _MOON_SHARE}
    if body in moon_share:
        earth, moon = erfa.epv00(jd, 0.0)[0], erfa.moon98(jd, 0.0)
        r = earth["p"] + moon_share[body] * moon["p"]
        v = earth["v"] + moon_share[body] * moon["v"]
    else:
        planets = ("mercury", "venus", "", "mars", "jupiter", "saturn", "uranus", "neptune")
        planet = erfa.plan94(jd, 0.0, planets.index(body) + 1)
        r, v = planet["p"], planet["v"]
    return r * AU_KM, v * (AU_KM / DAY_S)
