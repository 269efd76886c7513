"""Many trajectories through an integrator of a few SIMD lanes, none waiting long for another."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from survey.astro.cr3bp_taylor import Lanes

Array = NDArray[np.float64]
Codes = NDArray[np.int8]
Indices = NDArray[np.int64]

ARRIVED, COLLIDED, NOT_FINITE, TOO_LONG, NO_EVENT = range(5)

# Lanes march in step, so a close encounter holds up its neighbours. After a round of so many steps
# those that have not arrived are sorted by what is left to do, and go on with others like them;
# each round is twice as long as the one before.
_FIRST_ROUND: Final = 16
_LAST_ROUND: Final = 65_536
_CHUNK: Final = 16_384  # trajectories at a time: their states stay in the cache
_LOWEST_EVENT: Final = -1000  # heyoka numbers events -1, -2, ...; other outcomes lie far below
_FAR: Final = 1e12  # beyond it the squares of the distances mean nothing


def fly(
    lanes: Lanes, state: Array, parameters: Array, begin: Array, end: Array
) -> tuple[Array, Array, Codes, Indices]:
    """Integrate trajectories from one instant to another, or to an event.

    Parameters
    ----------
    lanes : Lanes
        The integrator.
    state : ndarray, shape (n, 6) or (n, rows)
        States, or these and the columns of the transition matrix so far.
    parameters : ndarray, shape (n, p)
        The first p parameters of the integrator, mass ratio and squared radii the first three.
    begin, end : ndarray, shape (n,)
        Values of the independent variable.

    Returns
    -------
    final : ndarray, shape (n, rows)
        States, and below them the columns of the transition matrix one after the other.
    when : ndarray, shape (n,)
        The independent variable reached.
    status : ndarray of int8, shape (n,)
        `ARRIVED` (at the end, or at an event of the caller's), `COLLIDED`, `NOT_FINITE` or
        `TOO_LONG`.
    event : ndarray of int64, shape (n,)
        Number of the terminal event that stopped it, or -1.
    """
    final = np.repeat(lanes.template.T, len(state), axis=0)
    final[:, : state.shape[1]] = state
    when = begin.copy()
    event = np.full(len(state), -1, dtype=np.int64)
    status = _judge(state, parameters)
    status[~(np.isfinite(begin) & np.isfinite(end))] = NOT_FINITE
    ready = np.flatnonzero(status == TOO_LONG)
    ready = ready[np.argsort(end[ready] - begin[ready], kind="stable")]
    for first in range(0, len(ready), _CHUNK):
        chunk = ready[first : first + _CHUNK]
        part, part_when = final[chunk], when[chunk]
        status[chunk], event[chunk] = _fly_chunk(
            lanes, part, part_when, parameters[chunk], end[chunk]
        )
        final[chunk], when[chunk] = part, part_when
    return final, when, status, event


def sample(lanes: Lanes, state: Array, parameters: Array, instants: Array) -> tuple[Array, Codes]:
    """Integrate trajectories from 0 and read them off at common instants.

    Parameters
    ----------
    lanes : Lanes
        The integrator.
    state : ndarray, shape (n, 6)
    parameters : ndarray, shape (n, p)
    instants : ndarray, shape (k,)
        Leading away from 0 in one direction.

    Returns
    -------
    path : ndarray, shape (n, k, rows)
        NaN from the instant on at which a trajectory failed.
    status : ndarray of int8, shape (n,)
    """
    path = np.full((len(state), len(instants), len(lanes.template)), np.nan)
    status = _judge(state, parameters)
    ready = np.flatnonzero(status == TOO_LONG)
    # The grid must begin where the state stands.
    skip = int(len(instants) == 0 or instants[0] != 0.0)
    grid = np.concatenate((np.zeros(skip), instants))
    groups = [ready[k : k + lanes.width] for k in range(0, len(ready), lanes.width)]
    while groups:
        some = groups.pop()
        read, codes = _sample_group(lanes, state[some], parameters[some], grid)
        if len(some) > 1 and np.any(codes != ARRIVED):
            # One that ends early stops its neighbours: let each fly alone.
            groups.extend(some[k : k + 1] for k in range(len(some)))
            continue
        path[some], status[some] = read[:, skip:], codes
    return path, status


def _judge(state: Array, parameters: Array) -> Codes:
    """Status before the first step: not finite, inside a primary, or still to be flown."""
    status = np.full(len(state), TOO_LONG, dtype=np.int8)
    with np.errstate(invalid="ignore", over="ignore"):
        x, y, z = state[:, 0] + parameters[:, 0], state[:, 1], state[:, 2]
        off_axis = y * y + z * z
        inside = x * x + off_axis <= parameters[:, 1]
        inside |= (x - 1.0) * (x - 1.0) + off_axis <= parameters[:, 2]
        sound = np.all(np.abs(state) < _FAR, axis=1) & np.isfinite(parameters).all(axis=1)
    status[inside] = COLLIDED
    status[~sound] = NOT_FINITE
    return status


def _fly_chunk(
    lanes: Lanes, final: Array, when: Array, parameters: Array, end: Array
) -> tuple[Codes, Indices]:
    """Bring trajectories to their ends in rounds; `final` and `when` are changed in place."""
    import heyoka as hy

    done, lost = int(hy.taylor_outcome.time_limit), int(hy.taylor_outcome.err_nf_state)
    integrator, width = lanes.integrator, lanes.width
    state, values = integrator.state, integrator.pars
    given = min(parameters.shape[1], len(values))  # an expression may not need the last ones
    begin = when.copy()
    status = np.full(len(final), TOO_LONG, dtype=np.int8)
    event = np.full(len(final), -1, dtype=np.int64)
    steps, pending = _FIRST_ROUND, np.arange(len(final))
    while len(pending) and steps <= _LAST_ROUND:
        groups = -(-len(pending) // width)
        # The last group repeats the last trajectory in the lanes that are left over.
        seats = np.minimum(np.arange(groups * width), len(pending) - 1).reshape(groups, width)
        some = pending[seats]
        held = np.ascontiguousarray(np.swapaxes(final[some], 1, 2))
        constants = np.ascontiguousarray(np.swapaxes(parameters[some, :given], 1, 2))
        time, target = when[some], end[some]
        results = []
        for group in range(groups):
            state[:] = held[group]
            values[:given] = constants[group]
            integrator.set_time(time[group])
            integrator.reset_cooldowns()
            integrator.propagate_until(target[group], max_steps=steps)
            held[group] = state
            time[group] = integrator.time
            results += integrator.propagate_res
        outcome = np.array([int(result[0]) for result in results])[: len(pending)]
        final[some] = np.swapaxes(held, 1, 2)
        when[some] = time
        stopped = outcome > _LOWEST_EVENT
        number = -1 - outcome[stopped]
        event[pending[stopped]] = number
        status[pending[stopped]] = np.where(number < lanes.extra, ARRIVED, COLLIDED)
        status[pending[outcome == done]] = ARRIVED
        status[pending[outcome == lost]] = NOT_FINITE
        pending = pending[~stopped & (outcome != done) & (outcome != lost)]
        # Neighbours should need alike numbers of steps: as far to go, at the pace so far.
        left, gone = np.abs(end[pending] - when[pending]), np.abs(when[pending] - begin[pending])
        pending = pending[np.argsort(left / np.maximum(gone, 1e-300), kind="stable")]
        steps *= 2
    return status, event


def _sample_group(
    lanes: Lanes, state: Array, parameters: Array, grid: Array
) -> tuple[Array, Codes]:
    """Sample at most as many trajectories as there are lanes; idle lanes repeat the last."""
    import heyoka as hy

    integrator, k = lanes.integrator, len(state)
    every = np.minimum(np.arange(lanes.width), k - 1)
    integrator.set_time(0.0)
    integrator.reset_cooldowns()
    integrator.state[:] = lanes.template
    integrator.state[:6] = state[every].T
    integrator.pars[: parameters.shape[1]] = parameters[every].T
    columns = np.repeat(grid[:, None], lanes.width, axis=1)
    _, read = integrator.propagate_grid(columns, max_steps=_LAST_ROUND)
    codes = np.full(k, TOO_LONG, dtype=np.int8)
    for lane, result in enumerate(integrator.propagate_res[:k]):
        outcome = int(result[0])
        if outcome == int(hy.taylor_outcome.time_limit):
            codes[lane] = ARRIVED
        elif outcome == int(hy.taylor_outcome.err_nf_state):
            codes[lane] = NOT_FINITE
        elif outcome > _LOWEST_EVENT:
            codes[lane] = COLLIDED
    return np.moveaxis(read, -1, 0)[:k], codes
