"""Quasi-periodic orbits about L1 and L2: Lissajous paths, quasi-halos, and fits to a flown path.

Real spacecraft fly these rather than periodic orbits. They are found as paths of six revolutions
and more, joined from short arcs (`multiple_shooting`); nothing is said beyond their ends.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline

from survey.astro.cr3bp import jacobi_constant
from survey.astro.cr3bp_flow import propagate_cr3bp
from survey.astro.libration import (
    LinearMotion,
    check_mass_ratio,
    linear_modes,
    linear_motion,
    linear_state,
)
from survey.astro.multiple_shooting import Pinned, Seen, join_arcs
from survey.astro.periodic import TOLERANCE, PeriodicOrbit, states_along

Array = NDArray[np.float64]

_NODES: Final = 8  # per revolution: an error grows by 2.6 from one to the next
_LEAST_ADVANCE: Final = 1.0 / 64.0  # of the amplitude, by which continuation may still advance
_LOOSEST_FIT: Final = 0.2  # rms distance, of the extent, at which a fit says nothing
# Nodes beyond either end that are solved for and then cut off: what grows or decays there, because
# nothing beyond holds it, has fallen by a thousand where the path begins.
_PADDING: Final = _NODES


@dataclass(frozen=True, eq=False)
class QuasiPeriodicOrbit:
    """A natural path about L1 or L2 that does not close; nondimensional, rotating frame.

    Attributes
    ----------
    times : ndarray, shape (n,)
        Of the nodes, ascending.
    states : ndarray, shape (n, 6)
        At the nodes.
    mass_ratio : float
    point : str
        "L1" or "L2".
    jacobi_constant : float
    gap : float
        Largest discontinuity between two arcs, in any component.
    amplitudes : ndarray, shape (3,)
        Half the extent along x, y and z.
    period : float
        Mean time from one passage through y = 0 to the next in the same direction.
    z_period : float
        The same of z; NaN of a path in the plane of the primaries.
    fit_rms : float
        Root mean square distance from the positions fitted; NaN where none were.
    """

    times: Array
    states: Array
    mass_ratio: float
    point: str
    jacobi_constant: float
    gap: float
    amplitudes: Array
    period: float
    z_period: float
    fit_rms: float


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
    origin = np.array([motion.x, 0.0, 0.0, 0.0, 0.0, 0.0])
    inverse = _oscillating(motion)
    wanted = np.array(
        [
            x_amplitude * math.cos(phase),
            x_amplitude * math.sin(phase),
            z_amplitude * math.cos(z_phase),
            z_amplitude * math.sin(z_phase),
        ]
    )

    def solve(share: float, guess: Array) -> Array | None:
        pinned = Pinned(_PADDING, inverse, inverse @ origin + share * wanted)
        joined = join_arcs(motion.mass_ratio, times, guess, pinned=pinned)
        return None if joined is None else joined[0]

    share = min(1.0, 0.05 * motion.gamma / max(x_amplitude, z_amplitude))
    linear = linear_state(
        motion,
        x_amplitude=share * x_amplitude,
        z_amplitude=share * z_amplitude,
        times=times,
        phase=phase,
        z_phase=z_phase,
    )
    states = solve(share, linear)
    advance = 0.25
    # The frequencies change with the amplitude: each path is the guess for a slightly larger one.
    while states is not None and share < 1.0:
        target = min(1.0, share + advance)
        larger = solve(target, origin + target / share * (states - origin))
        if larger is not None and _around_point(motion, larger):
            states, share, advance = larger, target, 1.5 * advance
        else:
            advance *= 0.5
            if advance < _LEAST_ADVANCE:
                states = None
    if states is None:
        raise ValueError(
            f"no Lissajous path of x amplitude {x_amplitude:.6g} and z amplitude "
            f"{z_amplitude:.6g} about {motion.point} was found beyond {share:.0%} of these: ask "
            "for smaller ones"
        )
    return _describe(motion, times[_PADDING:-_PADDING], states[_PADDING:-_PADDING])


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
    # Pinned are the four directions of the state at time zero that neither grow nor decay.
    inverse = _oscillating(motion)
    guess = base + size * offset
    pinned = Pinned(_PADDING, inverse, inverse @ guess[_PADDING])
    joined = join_arcs(orbit.mass_ratio, times, guess, pinned=pinned)
    if joined is None or not _around_point(motion, joined[0]):
        raise ValueError(
            f"no path of size {size:.6g} round the {orbit.family} orbit of period "
            f"{orbit.period:.6g} was found: ask for a smaller one"
        )
    return _describe(motion, times[_PADDING:-_PADDING], joined[0][_PADDING:-_PADDING])


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
        From the first to the last of the times, its `times` counted as those given; `fit_rms` is
        the root mean square distance.

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
    spacing = motion.in_plane_period / _NODES
    if len(t) < 8 or not np.all(np.diff(t) > 0.0) or float(np.diff(t).max()) > 1.5 * spacing:
        raise ValueError(
            f"{len(t)} positions with gaps of up to {np.diff(t, prepend=t[:1]).max(initial=0):.3g} "
            f"do not show a path: give at least 8, in ascending order, at most {1.5 * spacing:.3g} "
            "apart"
        )
    count = max(2, math.ceil((t[-1] - t[0]) / spacing) + 1)
    nodes = np.linspace(t[0], t[-1], count)
    curve = CubicSpline(t, r)
    guess = np.concatenate([curve(nodes), curve(nodes, 1)], axis=-1)
    seen = Seen(t, r)
    joined = join_arcs(motion.mass_ratio, nodes, guess, seen=seen)
    path = None if joined is None else _describe(motion, nodes, joined[0], seen)
    if path is None or path.fit_rms > _LOOSEST_FIT * float(path.amplitudes.max()):
        raise ValueError(
            f"no natural path about {motion.point} follows the {len(t)} positions given: check "
            "their frame and units, and leave out the part before the orbit is reached"
        )
    return path


def states_at(orbit: QuasiPeriodicOrbit, times: ArrayLike) -> Array:
    """Return states on a quasi-periodic path.

    Parameters
    ----------
    orbit : QuasiPeriodicOrbit
    times : array_like, shape (...)
        Within the span of ``orbit.times``.

    Returns
    -------
    ndarray, shape (..., 6)

    Raises
    ------
    ValueError
        For a time outside the path.
    """
    t = np.asarray(times, dtype=float)
    first, last = float(orbit.times[0]), float(orbit.times[-1])
    if not np.all((t >= first) & (t <= last)):
        raise ValueError(
            f"the path is known from {first:.6g} to {last:.6g} only: ask for times between these, "
            "or for more revolutions"
        )
    # From the nearer node, so that the arcs are as short as can be.
    node = np.clip(np.searchsorted(orbit.times, t), 1, len(orbit.times) - 1)
    node = node - (t - orbit.times[node - 1] < orbit.times[node] - t)
    final, _ = propagate_cr3bp(
        orbit.mass_ratio, orbit.states[node], t - orbit.times[node], tolerance=TOLERANCE
    )
    return np.asarray(final, dtype=float)


def _oscillating(motion: LinearMotion) -> Array:
    """Return the rows that read the four oscillating modes off a state."""
    return np.asarray(np.linalg.inv(linear_modes(motion))[:4], dtype=float)


def _padded_times(revolutions: float, period: float) -> Array:
    """Return evenly spaced times of nodes; the one at place `_PADDING` is zero."""
    if not (math.isfinite(revolutions) and 1.0 <= revolutions <= 100.0):
        raise ValueError(f"{revolutions!r} revolutions were asked for: give 1 to 100")
    count = math.ceil(revolutions * _NODES)
    steps = np.arange(-_PADDING, count + _PADDING + 1, dtype=float)
    return np.asarray(steps * (revolutions * period / count), dtype=float)


def _around_point(motion: LinearMotion, states: Array) -> bool:
    """Tell a path about the point from one that has run away to the primary or beyond."""
    away = np.abs(states[:, :3] - [motion.x, 0.0, 0.0]).max(axis=0) / motion.gamma
    return bool(away[0] < 1.0 and away[1] < 4.0 and away[2] < 2.0)


def _describe(
    motion: LinearMotion, times: Array, states: Array, seen: Seen | None = None
) -> QuasiPeriodicOrbit:
    """Measure a joined path."""
    mu = motion.mass_ratio
    ends, _ = propagate_cr3bp(mu, states[:-1], np.diff(times), tolerance=TOLERANCE)
    path = QuasiPeriodicOrbit(
        times=times,
        states=states,
        mass_ratio=mu,
        point=motion.point,
        jacobi_constant=float(np.mean(jacobi_constant(mu, states))),
        gap=float(np.abs(ends - states[1:]).max()),
        amplitudes=np.zeros(3),
        period=math.nan,
        z_period=math.nan,
        fit_rms=math.nan,
    )
    dense = np.linspace(times[0], times[-1], 32 * len(times))
    fine = states_at(path, dense)
    rms = math.nan
    if seen is not None:
        miss = states_at(path, seen.times)[:, :3] - seen.positions
        rms = float(np.sqrt(np.mean(np.sum(miss * miss, axis=-1))))
    return QuasiPeriodicOrbit(
        times=times,
        states=states,
        mass_ratio=mu,
        point=motion.point,
        jacobi_constant=path.jacobi_constant,
        gap=path.gap,
        amplitudes=0.5 * np.ptp(fine[:, :3], axis=0),
        period=_mean_period(dense, fine[:, 1]),
        z_period=_mean_period(dense, fine[:, 2]),
        fit_rms=rms,
    )


def _mean_period(times: Array, values: Array) -> float:
    """Return the mean time between passages through zero in the same direction."""
    up = np.flatnonzero((values[:-1] < 0.0) & (values[1:] >= 0.0))
    down = np.flatnonzero((values[:-1] > 0.0) & (values[1:] <= 0.0))
    spans = []
    for crossings in (up, down):
        if len(crossings) >= 2:
            share = values[crossings] / (values[crossings] - values[crossings + 1])
            moments = times[crossings] + share * (times[crossings + 1] - times[crossings])
            spans.append((moments[-1] - moments[0]) / (len(moments) - 1))
    return float(np.mean(spans)) if spans else math.nan
