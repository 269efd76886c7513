"""Asteroids among the planets: many orbits integrated together and kept as interpolants.

`integrate` moves every object from its own epoch, forwards and backwards, and returns
`Trajectories`: nodes from which `states` gives position and velocity at any epoch, the passes near
planets on the way, and the impacts. Times are seconds from one origin, lengths kilometres; vectors
are heliocentric on the axes of the ecliptic of J2000.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro.nbody_arcs import interpolate
from survey.astro.nbody_block import LOG, WINDOW_S, run_block
from survey.astro.nbody_forces import PERTURBERS
from survey.astro.nbody_nodes import make_nodes
from survey.astro.nbody_planets import Planets
from survey.constants import GM_SUN_KM3_S2

Array = NDArray[np.float64]

TOLERANCE: Final = 5e-16
"""Error of one step, relative to distance and speed; leaves less than a metre after 20 years."""

INTEGRATED, IMPACT, UNBOUND, OUTSIDE, LOST, EMERGES = 0, 1, 2, 3, 4, 5
STATUS: Final = MappingProxyType(
    {
        INTEGRATED: "integrated over the whole span",
        IMPACT: "hits a body; no states after that",
        UNBOUND: "no bound orbit, or an element that is not finite; not integrated",
        OUTSIDE: "the epoch lies outside the planetary ephemeris; not integrated",
        LOST: "the integration broke down; no states after that",
        EMERGES: "the orbit comes out of a body before its epoch: the object hit it then and is "
        "gone, unless its elements are too poor to tell; no states before that",
    }
)
HIT: Final = (*PERTURBERS, "sun")
"""Names of the bodies that `Trajectories.hit_body` counts."""

_ROOM: Final = threading.local()
_STEPS_PER_YEAR = 180  # log lines made room for; more are found room for later
_YEAR_S = 3.15576e7


@dataclass(frozen=True)
class Trajectories:
    """The motion of n objects over a span.

    Parameters
    ----------
    status : ndarray of int, shape (n,)
        See `STATUS`.
    hit_time, hit_body : ndarray, shape (n,)
        When a body was touched (infinite: never), and which (index into `HIT`, -1).
    offsets : ndarray of int, shape (n + 1,)
        Where each object's nodes begin and end.
    time, state, extra : ndarray, shapes (m,), (m, 6), (m, 3, 3)
        Nodes: time, heliocentric state, and what bends the arcs between them.
    passes : ndarray, shape (p, 5)
        Least distances to `PERTURBERS`, from the epoch of the object or the begin of the span,
        whichever is earlier: object, time, body, distance, relative speed; by object and time.
    """

    status: NDArray[np.int64]
    hit_time: Array
    hit_body: NDArray[np.int64]
    offsets: NDArray[np.int64]
    time: Array
    state: Array
    extra: NDArray[np.float32]
    passes: Array

    def states(self, times: ArrayLike) -> Array:
        """Return heliocentric states at times ``(k,)`` for all or ``(n, k)``: shape ``(n, k, 6)``.

        NaN outside the span, after an impact, and for objects that were not integrated.
        """
        wanted = np.ascontiguousarray(np.atleast_2d(np.asarray(times, dtype=float)))
        out = np.empty((len(self.status), wanted.shape[1], 6))
        interpolate(self.offsets, self.time, self.state, self.extra, wanted, out)
        return out


def integrate(
    planets: Planets,
    epoch: ArrayLike,
    state: ArrayLike,
    first: float,
    last: float,
    *,
    laws: ArrayLike | None = None,
    tolerance: float = TOLERANCE,
) -> Trajectories:
    """Integrate objects from their own epochs over the span from `first` to `last`.

    Parameters
    ----------
    planets : Planets
        The perturbing bodies, over a span that includes `first` and `last`.
    epoch : array_like, shape (n,)
        Epochs of the initial states.
    state : array_like, shape (n, 6)
        Initial heliocentric states.
    first, last : float
        Span over which states are wanted.
    laws : array_like, shape (n, 7), optional
        Non-gravitational accelerations A1, A2, A3 in km/s² at 1 au, and r0 (km), m, n, k of the
        law of distance [Marsden1973]; ``r0 = 1 au, m = 2, k = 0`` is an inverse square.
    tolerance : float, optional
        Greatest error of a step, relative to distance and speed.

    Returns
    -------
    Trajectories
        Nothing is raised for a bad row: see its `status`.

    Raises
    ------
    ValueError
        If the span is empty or leaves that of `planets`.
    """
    if not planets.start <= first < last <= planets.stop:
        raise ValueError(
            f"the span was given as {first} to {last} s, but the planets are known from "
            f"{planets.start} to {planets.stop} s: choose a span inside"
        )
    epochs = np.array(epoch, dtype=float, order="C")
    y = np.array(state, dtype=float, order="C").reshape(-1, 6)
    count = len(epochs)
    rules = np.zeros((count, 7)) if laws is None else np.array(laws, dtype=float, order="C")
    status = np.full(count, INTEGRATED, dtype=np.int64)
    with np.errstate(all="ignore"):
        distance = np.linalg.norm(y[:, :3], axis=1)
        energy = 0.5 * np.sum(y[:, 3:] ** 2, axis=1) - GM_SUN_KM3_S2 / distance
    whole = np.isfinite(y).all(axis=1) & np.isfinite(rules).all(axis=1) & np.isfinite(epochs)
    status[~((epochs >= planets.start) & (epochs <= planets.stop))] = OUTSIDE
    status[~(whole & (energy < 0.0))] = UNBOUND
    hit_time, hit_body = np.full(count, np.inf), np.full(count, -1, dtype=np.int64)
    usable, logs = status == INTEGRATED, []
    for sign, goal in ((1, last), (-1, first)):
        rows = np.flatnonzero(usable & (sign * (goal - epochs) > 0.0))
        years = np.abs(goal - epochs[rows]).sum() / _YEAR_S
        log, fate, _ = run_block(
            planets.start, planets.records, epochs[rows], y[rows], rules[rows], float(goal), sign,
            tolerance, _scratch(sign, int(_STEPS_PER_YEAR * years) + 40 * len(rows) + 64),
        )  # fmt: skip
        log[:, 0] = rows[log[:, 0].astype(np.int64)]
        logs.append(log)
        hit = fate[:, 1] >= 0.0  # backwards in time the earlier contact takes the other's place
        hit_time[rows[hit]], hit_body[rows[hit]] = fate[hit, 0], fate[hit, 1]
        status[rows[hit]] = IMPACT if sign > 0 else EMERGES
        status[rows[fate[:, 1] == -2.0]] = LOST
    offsets, nodes, passes = make_nodes(
        planets.start, planets.records, count, *logs, float(first), float(last)
    )
    return Trajectories(
        status, hit_time, hit_body, offsets, nodes[:, 0].copy(), nodes[:, 1:7].copy(),
        nodes[:, 7:].astype(np.float32).reshape(-1, 3, 3), passes.copy(),
    )  # fmt: skip


def _scratch(sign: int, lines: int) -> Array:
    """Room for a log, kept by each thread: fresh memory would cost as much as the integration."""
    kept: dict[int, Array] = vars(_ROOM).setdefault("logs", {})
    if sign not in kept or len(kept[sign]) < lines or len(kept[sign]) > 8 * lines + 500_000:
        kept.pop(sign, None)
        kept[sign] = np.empty((lines, LOG))
    return kept[sign]


def last_edge(planets: Planets) -> float:
    """Last time at which an integration window ends inside the span of the planets, s."""
    return float(planets.start + (planets.stop - planets.start) // WINDOW_S * WINDOW_S)
