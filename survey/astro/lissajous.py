"""Quasi-periodic orbits about L1 and L2: Lissajous paths, quasi-halos, and fits to a flown path.

Real spacecraft fly these rather than periodic orbits. They are found as paths of six revolutions
and more, of which all short arcs are joined at once (`nearest_trajectory`): over six revolutions
an error grows by a factor of 1e19, so that no first state could carry one [Gomez2001].
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline

from survey.astro.cr3bp_flow import propagate_cr3bp
from survey.astro.libration import (
    LinearMotion,
    check_mass_ratio,
    linear_modes,
    linear_motion,
    linear_state,
)
from survey.astro.nearest_trajectory import Trajectory, nearest_trajectory
from survey.astro.periodic import TOLERANCE, PeriodicOrbit, states_along
from survey.astro.quasi_path import QuasiPeriodicOrbit, circular_flow, describe_path, states_at

__all__ = [
    "NODES",
    "QuasiPeriodicOrbit",
    "fit_quasi_periodic",
    "grow_lissajous",
    "quasi_halo",
    "quasi_periodic",
    "states_at",
]

Array = NDArray[np.float64]

NODES: Final = 8
"""Per revolution: an error grows by 2.6 from one to the next. As many again are solved for beyond
either end and then cut off: what grows or decays there, because nothing beyond holds it, has
fallen by a thousand where the path begins."""

_CONTINUITY: Final = 1e-12  # largest gap between two arcs of a path that counts as joined
_FIRST_SIZE: Final = 0.05  # of the point's distance: amplitudes for which linear theory will do
_ADVANCE: Final = 0.25  # of the amplitudes, by which they grow next
_LEAST_ADVANCE: Final = 1.0 / 64.0  # by which they may still grow
_PATIENCE: Final = 15  # corrections in which a path near enough to its guess is joined
_LOOSEST_FIT: Final = 0.2  # rms distance, of the extent, at which a fit says nothing
# Beside positions. Velocities are not in the table but come from a spline, good to 5 % at eight
# positions a revolution: like this they move a path by 3e-6 of its size, and less where it is
# better known. Much less weight would cost digits of the linear steps where the rows are dense.
_VELOCITY_WEIGHT: Final = 3e-3


def quasi_periodic(
    mass_ratio: float,
    point: str | int,
    *,
    x_amplitude: float,
    z_amplitude: float,
    phase: float = 0.0,
    z_phase: float = 0.0,
    revolutions: float = 6.0,
) -> QuasiPeriodicOrbit:
    """Return a Lissajous path of given amplitudes and phases.

    Parameters
    ----------
    mass_ratio : float
        Mass of the lighter primary over the mass of both, in (0, 0.5].
    point : str or int
        "L1" or "L2".
    x_amplitude, z_amplitude : float
        Of the oscillations in the plane of the primaries (along x) and out of it: those of the
        linear theory that the state at time zero has. The extent of the path, which the result
        tells, differs from them by terms of the second order.
    phase, z_phase : float
        Radians, at time zero: x is greatest at phase 0, z at z_phase 0 (`linear_state`).
    revolutions : float
        Number of in-plane periods.

    Returns
    -------
    QuasiPeriodicOrbit

    Raises
    ------
    ValueError
        For a mass ratio or point out of range, amplitudes that are none, fewer than one
        revolution, or amplitudes so large that there is no such path near the linear one.
    """
    motion = linear_motion(mass_ratio, point)
    for name, value in (("x_amplitude", x_amplitude), ("z_amplitude", z_amplitude)):
        if not (math.isfinite(value) and value >= 0.0):
            raise ValueError(
                f"{name}={value!r} is no amplitude: give a number of 0 or more in units of the "
                "primaries' distance"
            )
    if not max(x_amplitude, z_amplitude) > 0.0:
        raise ValueError("both amplitudes are zero, which is the libration point itself: give one")
    times = _padded_times(revolutions, motion.in_plane_period)
    states, share = grow_lissajous(
        motion,
        times,
        x_amplitude=x_amplitude,
        z_amplitude=z_amplitude,
        phase=phase,
        z_phase=z_phase,
    )
    if states is None:
        raise ValueError(
            f"no Lissajous path of x amplitude {x_amplitude:.6g} and z amplitude "
            f"{z_amplitude:.6g} about {motion.point} was found beyond {share:.0%} of these: ask "
            "for smaller ones"
        )
    return describe_path(motion, times[NODES:-NODES], states[NODES:-NODES])


def grow_lissajous(
    motion: LinearMotion,
    times: Array,
    *,
    x_amplitude: float,
    z_amplitude: float,
    phase: float = 0.0,
    z_phase: float = 0.0,
) -> tuple[Array | None, float]:
    """Let the linear path grow to its amplitudes; at time zero its oscillations are held.

    The frequencies change with the amplitude: each path is the guess for a slightly larger one.

    Parameters
    ----------
    motion : LinearMotion
        Of the point.
    times : ndarray, shape (n,)
        Of the nodes, ascending; zero is among them.
    x_amplitude, z_amplitude, phase, z_phase : float
        As of `quasi_periodic`; not both amplitudes zero.

    Returns
    -------
    states : ndarray, shape (n, 6), or None
        At the nodes; nothing holds them beyond the first and the last. None where they could not
        be joined.
    share : float
        Of the amplitudes, for which they were.
    """
    zero = int(np.argmin(np.abs(times)))
    modes = linear_modes(motion)
    origin = np.array([motion.x, 0.0, 0.0, 0.0, 0.0, 0.0])
    shape = (
        linear_state(
            motion,
            x_amplitude=x_amplitude,
            z_amplitude=z_amplitude,
            times=times,
            phase=phase,
            z_phase=z_phase,
        )
        - origin
    )
    wanted = np.linalg.solve(modes, shape[zero])[:4]
    share, largest = 0.0, max(x_amplitude, z_amplitude)
    advance = min(1.0, _FIRST_SIZE * motion.gamma / largest)
    while share < 1.0:
        target = min(1.0, share + advance)
        # What oscillates at time zero is the linear theory's, what grows or decays the guess's.
        amounts = np.linalg.solve(modes, shape[zero])
        amounts[:4] = wanted
        shape[zero] = modes @ amounts
        found = _joined(motion, times, origin + target * shape)
        if _succeeded(motion, found):
            advance = 1.5 * advance if share > 0.0 else _ADVANCE
            share, shape = target, (found.states - origin) / target
        else:
            advance *= 0.5
            if advance < _LEAST_ADVANCE:
                return None, share
    return origin + shape, 1.0


def quasi_halo(
    orbit: PeriodicOrbit, *, size: float, phase: float = 0.0, revolutions: float = 6.0
) -> QuasiPeriodicOrbit:
    """Return a path that winds round a halo orbit.

    Parameters
    ----------
    orbit : PeriodicOrbit
        One with a pair of multipliers on the unit circle.
    size : float
        Greatest distance in position from `orbit` at time zero, over all phases of the winding,
        to first order; nondimensional.
    phase : float
        Radians, of the winding at time zero.
    revolutions : float
        Number of periods of the halo orbit.

    Returns
    -------
    QuasiPeriodicOrbit

    Raises
    ------
    ValueError
        If the orbit has no such pair, for a size that is none or too large, or fewer than one
        revolution.
    """
    values, vectors = np.linalg.eig(orbit.monodromy_matrix)
    around = np.abs(np.abs(values) - 1.0) < 1e-4
    # The pair at 1 belongs to the motion along the orbit and to the neighbouring members.
    candidates = np.flatnonzero(around & (np.abs(np.angle(values)) > 1e-3))
    if not len(candidates):
        raise ValueError(
            f"the {orbit.family} orbit of period {orbit.period:.6g} has no multipliers on the unit "
            "circle, so no path winds round it: choose another member"
        )
    if not (math.isfinite(size) and size > 0.0):
        raise ValueError(f"size={size!r} is no distance: give a number above 0")
    motion = linear_motion(orbit.mass_ratio, orbit.point)
    times = _padded_times(revolutions, orbit.period)
    chosen = candidates[np.argmax(values[candidates].imag)]
    turn, vector = float(np.angle(values[chosen])), vectors[:, chosen]
    parts = np.stack([vector.real[:3], vector.imag[:3]])
    vector = vector / np.linalg.norm(parts, 2)

    phases = times / orbit.period
    within = phases - np.floor(phases)
    base = states_along(orbit, within)
    moments = within * orbit.period
    _, carried, _ = propagate_cr3bp(
        orbit.mass_ratio, orbit.state, moments, stm=True, tolerance=TOLERANCE
    )
    angle = phase + turn * np.floor(phases)
    offset = np.real(np.exp(1j * angle)[:, None] * (carried @ vector))
    found = _joined(motion, times, base + size * offset)
    if not _succeeded(motion, found):
        raise ValueError(
            f"no path of size {size:.6g} round the {orbit.family} orbit of period "
            f"{orbit.period:.6g} was found: ask for a smaller one"
        )
    return describe_path(motion, times[NODES:-NODES], found.states[NODES:-NODES])


def fit_quasi_periodic(
    mass_ratio: float, point: str | int, times: ArrayLike, positions: ArrayLike
) -> QuasiPeriodicOrbit:
    """Return the natural path that comes closest to a table of positions.

    Parameters
    ----------
    mass_ratio : float
        Mass of the lighter primary over the mass of both, in (0, 0.5].
    point : str or int
        "L1" or "L2", round which the path goes.
    times : array_like, shape (k,)
        Nondimensional, ascending; about eight to a revolution or more.
    positions : array_like, shape (k, 3)
        In the rotating frame, nondimensional, from the centre of mass.

    Returns
    -------
    QuasiPeriodicOrbit
        With nodes at the times given; `fit_rms` is the root mean square distance from the
        positions.

    Raises
    ------
    ValueError
        For a mass ratio or point out of range, a table that is not one, or one that no natural
        path of the circular problem follows.
    """
    motion = linear_motion(check_mass_ratio(mass_ratio), point)
    t, r = np.asarray(times, dtype=float), np.asarray(positions, dtype=float)
    if t.ndim != 1 or r.shape != (len(t), 3) or not (np.isfinite(t).all() and np.isfinite(r).all()):
        raise ValueError(
            f"times of shape {t.shape} and positions of shape {r.shape} are no table of a path: "
            "give finite numbers of shapes (k,) and (k, 3)"
        )
    longest = 1.5 * motion.in_plane_period / NODES
    if len(t) < 8 or not np.all(np.diff(t) > 0.0) or float(np.diff(t).max()) > longest:
        raise ValueError(
            f"{len(t)} positions with gaps of up to {np.diff(t, prepend=t[:1]).max(initial=0):.3g} "
            f"do not show a path: give at least 8, in ascending order, at most {longest:.3g} apart"
        )
    found = nearest_trajectory(
        circular_flow(motion.mass_ratio),
        t,
        np.concatenate([r, CubicSpline(t, r)(t, 1)], axis=-1),
        weights=[1.0] * 3 + [_VELOCITY_WEIGHT] * 3,
        gap=_CONTINUITY,
        largest_step=motion.gamma,
    )
    path = describe_path(motion, t, found.states, positions=r) if found.status == 0 else None
    if path is None or path.fit_rms > _LOOSEST_FIT * float(path.amplitudes.max()):
        raise ValueError(
            f"no natural path about {motion.point} follows the {len(t)} positions given: check "
            "their frame and units, and leave out the part before the orbit is reached"
        )
    return path


def _joined(motion: LinearMotion, times: Array, guess: Array) -> Trajectory:
    """Join a guess; at time zero it may change along what grows and what decays only."""
    free = linear_modes(motion)[:, 4:]
    return nearest_trajectory(
        circular_flow(motion.mass_ratio),
        times,
        guess,
        held=(int(np.argmin(np.abs(times))), free @ free.T),
        gap=_CONTINUITY,
        largest_step=motion.gamma,
        max_iterations=_PATIENCE,
    )


def _succeeded(motion: LinearMotion, found: Trajectory) -> bool:
    """Tell a path about the point from none, or one that ran away to the primary or beyond."""
    if found.status != 0:
        return False
    away = np.abs(found.states[:, :3] - [motion.x, 0.0, 0.0]).max(axis=0) / motion.gamma
    return bool(away[0] < 1.0 and away[1] < 4.0 and away[2] < 2.0)


def _padded_times(revolutions: float, period: float) -> Array:
    """Return evenly spaced times of nodes; the one at place `NODES` is zero."""
    if not (math.isfinite(revolutions) and 1.0 <= revolutions <= 100.0):
        raise ValueError(f"{revolutions!r} revolutions were asked for: give 1 to 100")
    count = math.ceil(revolutions * NODES)
    steps = np.arange(-NODES, count + NODES + 1, dtype=float)
    return np.asarray(steps * (revolutions * period / count), dtype=float)
