"""Where the asteroids really are: n-body ephemerides of a whole catalogue, kept between runs.

`build_ephemerides` integrates, block by block, the rows that the cache does not hold, and returns
`Ephemerides`, from which `Ephemerides.chunk` hands out the few asteroids that a piece of work
needs, as plain arrays that can be sent anywhere. Nothing of the size of the catalogue is held in
memory but a few numbers a row.

A row whose epoch lies outside the planetary ephemeris has the status `OUTSIDE` of
`survey.astro.nbody` and no states. Its ellipse could be followed to the first day, but would lead
astray: within 20 years the median asteroid of low delta-v leaves it by 9 million km. The ephemeris
begins in 1978 so that there is hardly any: of JPL's near-Earth asteroids of October 2024, seen once
and years ago, 1,014 in 36,019 have an epoch before 2009, the earliest of them in December 1979.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import cache as remember
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from survey import ephemeris
from survey.astro.nbody import TOLERANCE, Trajectories, integrate, last_edge
from survey.astro.nbody_block import WINDOW_S
from survey.astro.nbody_forces import GM, PERTURBERS, SUN_POLE
from survey.astro.nbody_nodes import ERROR_KM, ERROR_KM_S
from survey.astro.nbody_planets import RECORD_S, Planets, make_planets, record_edges, record_times
from survey.constants import AU_KM, DAY_S, GM_SUN_KM3_S2, J2_EARTH, J2_SUN
from survey.run import calendar_date
from survey.tables import row_digest
from survey.transfer.ephemeris_cache import Shelf, code, decode, pack, prune
from survey.transfer.executor import answers
from survey.transfer.targets import element_array, kepler_states

Array = NDArray[np.float64]

MODEL: Final = (
    "sun, moving about the barycentre; 8 planets, moon; Schwarzschild; J2 of Sun and Earth; "
    "A1 A2 A3; version 2"
)
BLOCK: Final = 256  # asteroids integrated together: half a second, 100 MB of steps
NON_GRAVITATIONAL: Final = ("A1_au_d2", "A2_au_d2", "A3_au_d2")
"""Optional columns of a catalogue: accelerations at 1 au, falling with the square of distance."""

_ORIGIN_JD: Final = ephemeris.SPAN_JD_TDB[0]  # of all times below
SPAN_STEP_D: Final = 64 * WINDOW_S / DAY_S
"""Spans are widened to multiples of it, so that runs share the cache."""
_AHEAD: Final = 2


@remember
def planets() -> Planets:
    """Return the perturbing bodies over the whole span of the planetary ephemeris."""
    count = int((ephemeris.SPAN_JD_TDB[1] - _ORIGIN_JD) * DAY_S // WINDOW_S * (WINDOW_S / RECORD_S))
    jd = _ORIGIN_JD + record_times(0.0, count) / DAY_S
    positions = [ephemeris.heliocentric_state(body, jd)[0] for body in PERTURBERS]
    edges = _ORIGIN_JD + record_edges(0.0, count) / DAY_S
    _, barycentre = ephemeris.heliocentric_state("solar-system-barycenter", edges)
    return make_planets(0.0, np.stack(positions, axis=2), -barycentre)


def valid_span() -> tuple[float, float]:
    """First and last JD TDB for which asteroid ephemerides can be made."""
    return _ORIGIN_JD, _ORIGIN_JD + last_edge(planets()) / DAY_S


def default_cache() -> Path:
    """Folder of the user's cache in which ephemerides are kept."""
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("survey")) / "asteroids"


@dataclass(frozen=True)
class AsteroidEphemeris:
    """Ephemerides of n asteroids; plain arrays, so that it can be sent to another process.

    Parameters
    ----------
    trajectories : Trajectories
        Times are seconds from the first day of the planetary ephemeris.
    """

    trajectories: Trajectories

    def states(self, jd_tdb: ArrayLike) -> tuple[Array, Array]:
        """Return heliocentric states, ecliptic and equinox of J2000.

        Parameters
        ----------
        jd_tdb : array_like, shape (k,) or (n, k)
            Epochs for all, or each asteroid's own.

        Returns
        -------
        r, v : ndarray, shape (n, k, 3)
            km and km/s, within 1 km and 1 mm/s of the integration; NaN after an impact, outside
            the span, and for asteroids that could not be integrated.
        """
        y = self.trajectories.states((np.asarray(jd_tdb, dtype=float) - _ORIGIN_JD) * DAY_S)
        return np.ascontiguousarray(y[..., :3]), np.ascontiguousarray(y[..., 3:])

    @property
    def status(self) -> NDArray[np.int64]:
        """What became of each asteroid, shape ``(n,)``; see `survey.astro.nbody.STATUS`."""
        return self.trajectories.status

    @property
    def hit_jd_tdb(self) -> Array:
        """Epoch of impact, JD TDB, infinite where there is none, shape ``(n,)``."""
        return np.asarray(_ORIGIN_JD + self.trajectories.hit_time / DAY_S)

    @property
    def passes(self) -> pd.DataFrame:
        """Least distances to planets: asteroid (0 to n - 1), jd_tdb, body, distance_km, speed."""
        found = self.trajectories.passes
        return pd.DataFrame(
            {
                "asteroid": found[:, 0].astype(np.int64),
                "jd_tdb": _ORIGIN_JD + found[:, 1] / DAY_S,
                "body": np.asarray(PERTURBERS, dtype=object)[found[:, 2].astype(np.int64)],
                "distance_km": found[:, 3],
                "speed_km_s": found[:, 4],
            }
        )


@dataclass(frozen=True)
class Ephemerides:
    """Ephemerides of all rows of a catalogue over a span.

    Parameters
    ----------
    first_jd, last_jd : float
        Span, JD TDB, as asked for.
    shelf : Shelf
        The blocks.
    place : ndarray of int, shape (n, 2)
        Block and place in it of each row.
    integrated : int
        How many rows were not in the cache.
    """

    first_jd: float
    last_jd: float
    shelf: Shelf
    place: NDArray[np.int64]
    integrated: int

    def __len__(self) -> int:
        return len(self.place)

    @property
    def status(self) -> NDArray[np.int64]:
        """What became of each row, shape ``(n,)``; see `survey.astro.nbody.STATUS`."""
        return np.array([self._entry(p)["status"] for p in self.place], dtype=np.int64)

    @property
    def hit_jd_tdb(self) -> Array:
        """Epoch of impact of each row, JD TDB, infinite where there is none, shape ``(n,)``."""
        seconds = np.array([self._entry(p)["hit_time"] for p in self.place], dtype=float)
        return np.asarray(_ORIGIN_JD + seconds / DAY_S)

    def select(self, rows: Iterable[int]) -> Ephemerides:
        """Ephemerides of some rows, in the order given, on the same shelf."""
        return replace(self, place=self.place[np.asarray(list(rows), dtype=int)])

    def _entry(self, place: NDArray[np.int64]) -> np.void:
        entry: np.void = self.shelf.blocks[place[0]].index[place[1]]
        return entry

    def chunk(self, rows: Iterable[int] | slice) -> AsteroidEphemeris:
        """Ephemerides of some rows, in the order given."""
        places = self.place[rows if isinstance(rows, slice) else np.asarray(list(rows), dtype=int)]
        parts: list[tuple[Array, ...]] = [()] * len(places)
        for block in np.unique(places[:, 0]):
            mine = np.flatnonzero(places[:, 0] == block)
            for n, part in zip(mine, self.shelf.blocks[block].read(places[mine, 1]), strict=True):
                parts[n] = part
        entries = [self._entry(p) for p in places]
        sizes = np.array([0, *(len(part[0]) for part in parts)], dtype=np.int64)
        passes = [
            np.column_stack([np.full(len(part[3]), n), part[3]]) for n, part in enumerate(parts)
        ]
        return AsteroidEphemeris(
            Trajectories(
                np.array([e["status"] for e in entries], dtype=np.int64),
                np.array([e["hit_time"] for e in entries], dtype=float),
                np.array([e["hit_body"] for e in entries], dtype=np.int64),
                np.cumsum(sizes),
                np.concatenate([np.empty(0), *(part[0] for part in parts)]),
                np.concatenate([np.empty((0, 6)), *(part[1] for part in parts)]),
                np.concatenate([np.empty((0, 3, 3), np.float32), *(part[2] for part in parts)]),
                np.concatenate([np.empty((0, 5)), *passes]),
            )
        )


def integrate_rows(
    elements: Array, laws: Array, first_jd: float, last_jd: float, *, tolerance: float = TOLERANCE
) -> AsteroidEphemeris:
    """Integrate a few rows here and now, without any cache.

    Parameters
    ----------
    elements : ndarray, shape (n, 7)
        In the order of `survey.transfer.targets.ELEMENTS`.
    laws : ndarray, shape (n, 7)
        See `survey.astro.nbody.integrate`; zeros for gravity alone.
    first_jd, last_jd : float
        Span, JD TDB.
    tolerance : float, optional
        Of each step.
    """
    with np.errstate(invalid="ignore"):
        r, v = kepler_states(elements, elements[:, 6:7])
    return AsteroidEphemeris(
        integrate(
            planets(), (elements[:, 6] - _ORIGIN_JD) * DAY_S, np.concatenate([r, v], -1)[:, 0],
            (first_jd - _ORIGIN_JD) * DAY_S, (last_jd - _ORIGIN_JD) * DAY_S,
            laws=laws, tolerance=tolerance,
        )
    )  # fmt: skip


def laws_of(catalog: pd.DataFrame) -> Array:
    """Non-gravitational laws of a catalogue's rows, ``(n, 7)``; zeros where none are given."""
    laws = np.zeros((len(catalog), 7))
    for k, name in enumerate(NON_GRAVITATIONAL):
        if name in catalog:
            given = catalog[name].to_numpy(dtype=float)
            laws[:, k] = np.where(np.isnan(given), 0.0, given) * (AU_KM / DAY_S**2)
    laws[:, 3:] = (AU_KM, 2.0, 1.0, 0.0)
    return laws


def check_span(first_jd: float, last_jd: float) -> None:
    """Raise ValueError, naming the valid span, unless both epochs lie in it in this order."""
    low, high = valid_span()
    if not low <= first_jd < last_jd <= high:
        raise ValueError(
            f"the span was given as JD {first_jd} to {last_jd} TDB, but asteroids can be "
            f"integrated from JD {low} ({calendar_date(low, scale='tdb')}) to {high} "
            f"({calendar_date(high, scale='tdb')}): choose dates inside, the earlier first"
        )


def build_ephemerides(
    catalog: pd.DataFrame,
    first_jd: float,
    last_jd: float,
    *,
    executor: Executor | None = None,
    cache: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Ephemerides:
    """Ephemerides of every row over a span, from the cache or integrated now.

    Parameters
    ----------
    catalog : DataFrame
        Rows in the schema `survey.tables.CATALOG`; columns `NON_GRAVITATIONAL` if there are any.
    first_jd, last_jd : float
        Span, JD TDB.
    executor : concurrent.futures.Executor, optional
        Who integrates: threads (the kernels release the GIL), processes, or a cluster's.
    cache : Path, optional
        Folder in which ephemerides are kept between runs, `default_cache()` for the user's; it
        need not exist. What has not been used for longest is deleted when the folder grows beyond
        `survey.transfer.ephemeris_cache.LIMIT_BYTES`. Without a folder they live in a temporary
        one as long as the result does.
    progress : callable, optional
        Called with the number of rows done and their total.

    Returns
    -------
    Ephemerides
        A row that cannot be integrated raises nothing: see its `status`.

    Raises
    ------
    ValueError
        If the span leaves `valid_span`.
    """
    check_span(first_jd, last_jd)
    low, high = ((jd - _ORIGIN_JD) * DAY_S for jd in (first_jd, last_jd))
    step = SPAN_STEP_D * DAY_S
    low = np.floor(low / step) * step
    high = min(np.ceil(high / step) * step, last_edge(planets()))
    span = (_ORIGIN_JD + low / DAY_S, _ORIGIN_JD + high / DAY_S)
    laws = laws_of(catalog)
    digests = _digests(catalog, laws)
    shelf = Shelf(None if cache is None else cache / model_key(*span))
    if cache is None:
        shelf.retreat()
    places = shelf.find(set(digests)) if cache is not None else {}
    missing = np.array([n for n, d in enumerate(digests) if d not in places], dtype=np.int64)
    done = len(digests) - len(missing)
    if progress is not None:
        progress(done, len(digests))
    elements = element_array(catalog.iloc[missing]) if len(missing) else np.empty((0, 7))
    blocks = [missing[n : n + BLOCK] for n in range(0, len(missing), BLOCK)]
    tasks = (
        (n // BLOCK, (elements[n : n + BLOCK], laws[missing[n : n + BLOCK]], *span,
                      [digests[k] for k in missing[n : n + BLOCK]]))
        for n in range(0, len(missing), BLOCK)
    )  # fmt: skip
    for number, data in answers(_run, tasks, executor, ahead=_AHEAD):
        name = hashlib.sha256(data[: 64 * len(blocks[number]) + 200]).hexdigest()[:24]
        block = shelf.put(name, data)
        for n, row in enumerate(blocks[number]):
            places[digests[row]] = code(block, n)
        done += len(blocks[number])
        if progress is not None:
            progress(done, len(digests))
    if cache is not None and len(missing):
        prune(cache)
    codes = np.fromiter((places[d] for d in digests), dtype=np.int64, count=len(digests))
    return Ephemerides(first_jd, last_jd, shelf, decode(codes), len(missing))


def model_key(first_jd: float, last_jd: float) -> str:
    """Name of the cache's folder for a span: hash of all that decides a trajectory."""
    forces = MODEL, ephemeris.source_name(), GM, GM_SUN_KM3_S2, J2_SUN, J2_EARTH, SUN_POLE
    key = forces, (TOLERANCE, ERROR_KM, ERROR_KM_S), (first_jd, last_jd)
    return hashlib.sha256(repr(key).encode()).hexdigest()[:16]


def _digests(catalog: pd.DataFrame, laws: Array) -> list[bytes]:
    digests = [bytes.fromhex(text) for text in row_digest(catalog)] if len(catalog) else []
    for n in np.flatnonzero(laws[:, :3].any(axis=1)):
        digests[n] = hashlib.sha256(digests[n] + laws[n].tobytes()).digest()[:16]
    return digests


def _run(task: tuple[Array, Array, float, float, list[bytes]]) -> bytes:
    elements, laws, first_jd, last_jd, digests = task
    return pack(integrate_rows(elements, laws, first_jd, last_jd).trajectories, digests)
