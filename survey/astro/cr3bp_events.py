"""Trajectories of the restricted three-body problem up to an event, in batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro.cr3bp_flow import RADII, broadcast_rows, propagate_cr3bp
from survey.astro.cr3bp_lanes import ARRIVED, NO_EVENT, fly
from survey.astro.cr3bp_taylor import (
    COLUMNS,
    EVENT_VALUE,
    MASS_RATIO,
    distances_squared,
    lanes,
    variables,
)

Array = NDArray[np.float64]
Codes = NDArray[np.int8]

_AXES: Final = ("x", "y", "z")


@dataclass(frozen=True)
class Event:
    """What a trajectory waits for; made by `plane`, `periapsis`, `apoapsis` and `sphere`.

    Attributes
    ----------
    kind : str
        ``"x"``, ``"y"``, ``"z"``, ``"apsis 1"``, ``"apsis 2"``, ``"sphere 1"`` or ``"sphere 2"``.
    direction : int
        Sign of the change of coordinate, radial speed or distance at the event; 0 for any.
    value : array_like, shape (...)
        Of the coordinate, or the square of the radius.
    """

    kind: str
    direction: int = 0
    value: ArrayLike = 0.0


def plane(axis: Literal["x", "y", "z"], value: ArrayLike = 0.0, *, direction: int = 0) -> Event:
    """Return the crossing of a plane on which a coordinate has a value.

    Parameters
    ----------
    axis : str
        The coordinate.
    value : array_like, shape (...)
        Its value; an array broadcasts against the states.
    direction : int
        1 where the coordinate grows with time, -1 where it shrinks, 0 for both.

    Returns
    -------
    Event

    Raises
    ------
    ValueError
        For another axis or direction.
    """
    if axis not in _AXES:
        raise ValueError(f"axis was given as {axis!r}, but must be one of x, y and z")
    return Event(axis, _checked(direction), value)


def periapsis(primary: Literal[1, 2]) -> Event:
    """Return the nearest approach to the heavier (1) or the lighter (2) primary."""
    return Event(f"apsis {_number(primary)}", 1)


def apoapsis(primary: Literal[1, 2]) -> Event:
    """Return the greatest distance from the heavier (1) or the lighter (2) primary."""
    return Event(f"apsis {_number(primary)}", -1)


def sphere(primary: Literal[1, 2], radius: ArrayLike, *, direction: int = 0) -> Event:
    """Return the crossing of a sphere about a primary.

    Parameters
    ----------
    primary : int
        1 for the heavier, 2 for the lighter.
    radius : array_like, shape (...)
        In units of the distance of the primaries.
    direction : int
        1 outwards as time grows, -1 inwards, 0 for both.

    Returns
    -------
    Event

    Raises
    ------
    ValueError
        For another primary or direction.
    """
    return Event(f"sphere {_number(primary)}", _checked(direction), np.square(radius))


@overload
def propagate_to_event(
    mass_ratio: ArrayLike,
    state: ArrayLike,
    event: Event,
    t_max: ArrayLike,
    *,
    count: int = 1,
    after: float = 1e-6,
    stm: Literal[False] = False,
    tolerance: float = 1e-12,
    radii: tuple[float, float] = RADII,
) -> tuple[Array, Array, Codes]: ...
@overload
def propagate_to_event(
    mass_ratio: ArrayLike,
    state: ArrayLike,
    event: Event,
    t_max: ArrayLike,
    *,
    count: int = 1,
    after: float = 1e-6,
    stm: Literal[True, "velocity"],
    tolerance: float = 1e-12,
    radii: tuple[float, float] = RADII,
) -> tuple[Array, Array, Array, Codes]: ...
def propagate_to_event(
    mass_ratio: ArrayLike,
    state: ArrayLike,
    event: Event,
    t_max: ArrayLike,
    *,
    count: int = 1,
    after: float = 1e-6,
    stm: bool | Literal["velocity"] = False,
    tolerance: float = 1e-12,
    radii: tuple[float, float] = RADII,
) -> tuple[Array, Array, Codes] | tuple[Array, Array, Array, Codes]:
    """Propagate states of the circular problem until an event happens.

    Parameters
    ----------
    mass_ratio, state, stm, tolerance, radii
        As in `propagate_cr3bp`.
    event : Event
        From `plane`, `periapsis`, `apoapsis` or `sphere`.
    t_max : array_like, shape (...)
        Longest duration; negative ones lead backwards. The event's direction is that of growing
        time all the same.
    count : int
        Which of the events, counted from 1.
    after : float
        An event sooner than this is not counted, nor one so soon after another: a trajectory
        that starts on a section has not crossed it yet. In Sun-Earth units 1e-6 is 5 s.

    Returns
    -------
    time : ndarray, shape (...)
        When the event happens; NaN, like the other results, where the status is not 0.
    final : ndarray, shape (..., 6)
        State at that time.
    phi : ndarray, shape (..., 6, 6) or (..., 6, 3), only with `stm`
        Derivatives of the final state at that fixed time.
    status : ndarray of int8, shape (...)
        Explained by `survey.astro.cr3bp_flow.STATUS`.

    Raises
    ------
    ValueError
        If `count` is below 1.

    Notes
    -----
    The event is a root of the Taylor polynomial of the step [BiscaniIzzo2022].
    """
    if count < 1:
        raise ValueError(f"count was given as {count!r}, but events are counted from 1")
    # The value takes part in the broadcasting.
    value = np.asarray(event.value, dtype=float)
    longest = np.asarray(t_max, dtype=float)
    start, three, duration, shape = broadcast_rows(
        mass_ratio,
        state,
        np.broadcast_to(longest, np.broadcast_shapes(longest.shape, value.shape)),
        radii,
    )
    constants = np.zeros((len(start), EVENT_VALUE + 1))
    constants[:, :3] = three
    constants[:, EVENT_VALUE] = np.broadcast_to(value, shape).ravel()

    blind = lanes(False, tolerance)
    watching = lanes(False, tolerance, extra=(repr((event.kind, event.direction)), _maker(event)))
    final, time = start.copy(), np.zeros(len(start))
    status = np.full(len(start), ARRIVED, dtype=np.int8)
    alive = np.arange(len(start))
    for _ in range(count):
        hop = time[alive] + np.copysign(after, duration[alive])
        past = np.abs(hop) > np.abs(duration[alive])
        status[alive[past]] = NO_EVENT
        alive, hop = alive[~past], hop[~past]
        moved, _, codes, _ = fly(blind, final[alive], three[alive], time[alive], hop)
        status[alive] = codes
        good = codes == ARRIVED
        alive, moved, hop = alive[good], moved[good], hop[good]
        final[alive], time[alive], codes, found = fly(
            watching, moved, constants[alive], hop, duration[alive]
        )
        status[alive] = np.where((codes == ARRIVED) & (found < 0), NO_EVENT, codes)
        alive = alive[status[alive] == ARRIVED]

    time[status != ARRIVED] = np.nan
    final[status != ARRIVED] = np.nan
    times, states, codes = time.reshape(shape), final.reshape(*shape, 6), status.reshape(shape)
    if not COLUMNS[stm]:
        return times, states, codes
    # Now that the time is known, the matrix needs no integrator of its own for each event.
    kind: Literal[True, "velocity"] = "velocity" if stm == "velocity" else True
    _, matrix, _ = propagate_cr3bp(
        three[:, 0], start, time, stm=kind, tolerance=tolerance, radii=radii
    )
    return times, states, matrix.reshape(*shape, *matrix.shape[1:]), codes


def _maker(event: Event) -> Callable[[], list[Any]]:
    """Return the function that writes the event as an expression for the integrator."""

    def make() -> list[Any]:
        import heyoka as hy

        x, y, z, vx, vy, vz = variables()
        name, _, number = event.kind.partition(" ")
        if name in _AXES:
            function = dict(zip(_AXES, (x, y, z), strict=True))[name] - hy.par[EVENT_VALUE]
        elif name == "sphere":
            function = distances_squared()[int(number) - 1] - hy.par[EVENT_VALUE]
        else:
            along = x + hy.par[MASS_RATIO] - (1.0 if number == "2" else 0.0)
            function = along * vx + y * vy + z * vz
        directions = {
            -1: hy.event_direction.negative,
            0: hy.event_direction.any,
            1: hy.event_direction.positive,
        }
        return [hy.t_event_batch(function, direction=directions[event.direction])]

    return make


def _number(primary: int) -> int:
    if primary not in (1, 2):
        raise ValueError(
            f"primary was given as {primary!r}, but must be 1 (the heavier) or 2 (the lighter)"
        )
    return primary


def _checked(direction: int) -> int:
    if direction not in (-1, 0, 1):
        raise ValueError(f"direction was given as {direction!r}, but must be -1, 0 or 1")
    return direction
