"""Falls from a parking orbit to the planet: a touch of impulse, months of coast, a perigee.

A craft on an unstable orbit about a libration point needs a push of less than a metre per second
along the direction in which the motion grows to leave it towards the planet. Where it then passes
depends on the phase, the date and the push; this table of what can be had is computed once, and
asked for every target.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from survey.astro.cr3bp_flow import RADII
from survey.astro.cr3bp_lanes import ARRIVED
from survey.astro.cr3bp_lanes import fly as fly_lanes
from survey.astro.cr3bp_taylor import (
    ECCENTRICITY,
    EVENT_VALUE,
    MASS_RATIO,
    distances_squared,
    lanes,
    variables,
)
from survey.astro.er3bp import propagate_er3bp

Array = NDArray[np.float64]

_GROWTH: Final = 1.5  # radians; the growing motion is some 40 times what it was
_LAST_STRETCH: Final = 0.1  # radians from the sphere to the perigee: six days, ample
_TOLERANCE: Final = 1e-12


@dataclass(frozen=True)
class Waypoints:
    """States on trajectories that leave the parking orbit: perigees, or places to burn on the way.

    Parameters
    ----------
    begin, phase : ndarray, shape (n,)
        True anomaly of departure; phase then, fraction of a revolution.
    impulse : ndarray, shape (n, 3)
        Given at departure; pulsating frame.
    leave : ndarray, shape (n, 3)
        Velocity after it.
    middle : ndarray, shape (n,)
        True anomaly of the state.
    state : ndarray, shape (n, 6)
        Rotating, pulsating.
    flown : int
        Trajectories tried.
    """

    begin: Array
    phase: Array
    impulse: Array
    leave: Array
    middle: Array
    state: Array
    flown: int

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Waypoints:
        """Return some of the states."""
        return Waypoints(
            self.begin[rows], self.phase[rows], self.impulse[rows], self.leave[rows],
            self.middle[rows], self.state[rows], self.flown,
        )  # fmt: skip

    def distance(self, mass_ratio: float) -> Array:
        """Return the distances from the lighter primary, shape (n,)."""
        return np.asarray(np.linalg.norm(self.state[:, :3] - [1 - mass_ratio, 0, 0], axis=1))


def fall_directions(mass_ratio: float, e: float, states: Array, begin: Array) -> Array:
    """Return the directions of impulse that lead most surely to the lighter primary.

    Parameters
    ----------
    mass_ratio, e : float
        Of the primaries; eccentricity.
    states : ndarray, shape (n, 6)
        On the parking orbit.
    begin : ndarray, shape (n,)
        True anomalies there.

    Returns
    -------
    ndarray, shape (n, 3)
        Unit vectors: of all impulses of one size that which has displaced the craft most some
        weeks later, towards the primary.
    """
    _, phi, _ = propagate_er3bp(
        mass_ratio, e, states, begin, begin + _GROWTH, stm="velocity", tolerance=_TOLERANCE
    )
    direction = np.linalg.svd(phi[:, :3])[2][:, 0]
    moved = np.einsum("nj,nj->n", phi[:, 0], direction)
    inward = np.sign(1.0 - mass_ratio - states[:, 0])
    return np.asarray(direction * (inward * np.sign(moved))[:, None])


def find_perigees(
    mass_ratio: float,
    e: float,
    states: Array,
    begin: Array,
    phase: Array,
    impulses: Array,
    *,
    longest: float,
    nearest: float,
    farthest: float,
) -> Waypoints:
    """Fly impulses from a parking orbit, and keep the first near passages.

    Parameters
    ----------
    mass_ratio, e : float
        Of the primaries; eccentricity, 0 for the circular problem.
    states : ndarray, shape (n, 6)
        Of the parking orbit.
    begin, phase : ndarray, shape (n,)
        True anomalies and phases there.
    impulses : ndarray, shape (n, 3)
        To be added to the velocities.
    longest : float
        Of the falls, radians of anomaly.
    nearest, farthest : float
        Distances between which a perigee is kept.

    Returns
    -------
    Waypoints
        Of the trajectories that come nearer than `farthest` in the time given, without having met
        a primary, and turn back not below `nearest`.
    """
    start = np.array(states, dtype=float)
    start[:, 3:] += impulses
    final, middle, reached = fall(
        mass_ratio, e, start, np.asarray(begin), longest=longest, farthest=farthest
    )
    rows = np.flatnonzero(reached)
    away = np.linalg.norm(final[rows, :3] - [1.0 - mass_ratio, 0.0, 0.0], axis=1)
    rows = rows[away >= nearest]
    return Waypoints(
        np.asarray(begin)[rows], np.asarray(phase)[rows], np.asarray(impulses)[rows],
        start[rows, 3:], middle[rows], final[rows], len(start),
    )  # fmt: skip


def fall(
    mass_ratio: float, e: float, start: Array, begin: Array, *, longest: float, farthest: float,
    stm: bool = False,
) -> tuple[Array, Array, NDArray[np.bool_]]:  # fmt: skip
    """Fly to the first perigee within a sphere about the lighter primary.

    Parameters
    ----------
    mass_ratio, e : float
        Of the primaries; eccentricity.
    start : ndarray, shape (n, 6)
        States outside the sphere.
    begin : ndarray, shape (n,)
        True anomalies there.
    longest : float
        Time allowed to the sphere, radians of anomaly.
    farthest : float
        Radius of the sphere.
    stm : bool
        Whether the columns of the transition matrix are to follow the state.

    Returns
    -------
    final : ndarray, shape (n, 6) or (n, 42)
        At the perigee; the matrix, column by column, is that of the fixed time of flight.
    when : ndarray, shape (n,)
        True anomaly there.
    reached : ndarray of bool, shape (n,)
        False where no perigee was found, or the surface of a primary came first.
    """
    final, when, inside = _until(
        "in", _sphere, mass_ratio, e, start, begin, begin + longest, farthest, stm
    )
    rows = np.flatnonzero(inside)
    final[rows], when[rows], turned = _until(
        "turn", _turning, mass_ratio, e, final[rows], when[rows], when[rows] + _LAST_STRETCH, 0.0,
        stm,
    )  # fmt: skip
    reached = np.zeros(len(start), dtype=np.bool_)
    reached[rows] = turned
    return final, when, reached


def coast(
    mass_ratio: float, e: float, rows: Array, begin: Array, end: Array
) -> tuple[Array, NDArray[np.bool_]]:
    """Carry states on, shape (n, 6), or with their matrices (n, 42), and tell which arrived."""
    constants = _constants(mass_ratio, e, len(rows), 0.0)
    on = lanes(rows.shape[1] > 6, _TOLERANCE, elliptic=True)
    final, _, codes, _ = fly_lanes(on, rows, constants[:, :EVENT_VALUE], begin, end)
    return final, codes == ARRIVED


def _until(
    name: str, maker: Callable[[], list[Any]], mass_ratio: float, e: float, state: Array,
    begin: Array, end: Array, value: float, stm: bool,
) -> tuple[Array, Array, NDArray[np.bool_]]:  # fmt: skip
    """Fly to an event in the elliptic problem, and tell where it happened."""
    watching = lanes(stm, _TOLERANCE, elliptic=True, extra=(f"perigee {name}", maker))
    constants = _constants(mass_ratio, e, len(state), value)
    final, when, codes, event = fly_lanes(watching, state, constants, begin, end)
    return final, when, (codes == ARRIVED) & (event == 0)


def _constants(mass_ratio: float, e: float, count: int, value: float) -> Array:
    constants = np.empty((count, EVENT_VALUE + 1))
    constants[:, :3] = mass_ratio, RADII[0] ** 2, RADII[1] ** 2
    constants[:, ECCENTRICITY], constants[:, EVENT_VALUE] = e, value**2
    return constants


def _sphere() -> list[Any]:
    import heyoka as hy

    return [
        hy.t_event_batch(
            distances_squared()[1] - hy.par[EVENT_VALUE], direction=hy.event_direction.negative
        )
    ]


def _turning() -> list[Any]:
    import heyoka as hy

    x, y, z, vx, vy, vz = variables()
    along = x + hy.par[MASS_RATIO] - 1.0
    return [hy.t_event_batch(along * vx + y * vy + z * vz, direction=hy.event_direction.positive)]
