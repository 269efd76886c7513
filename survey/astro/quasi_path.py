"""A natural path about L1 or L2 that does not close: what is known of it, and where it leads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro.cr3bp import jacobi_constant
from survey.astro.cr3bp_flow import propagate_cr3bp
from survey.astro.libration import LinearMotion
from survey.astro.nearest_trajectory import Flow
from survey.astro.periodic import RADII, TOLERANCE

__all__ = [
    "QuasiPeriodicOrbit",
    "circular_flow",
    "describe_path",
    "states_at",
    "upward_crossings",
]

Array = NDArray[np.float64]

_SAMPLES: Final = 256  # per revolution, between which extent and crossings are read


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
    return _read(orbit.mass_ratio, orbit.times, orbit.states, t)


def circular_flow(mass_ratio: float) -> Flow:
    """Return how the circular problem carries states, as `nearest_trajectory` wants it."""

    def flow(states: Array, begin: Array, end: Array) -> tuple[Array, Array]:
        final, matrix, _ = propagate_cr3bp(
            mass_ratio, states, end - begin, stm=True, tolerance=TOLERANCE, radii=RADII
        )
        return final, matrix

    return flow


def describe_path(
    motion: LinearMotion, times: Array, states: Array, *, positions: Array | None = None
) -> QuasiPeriodicOrbit:
    """Work out everything about a path whose arcs have been joined.

    Parameters
    ----------
    motion : LinearMotion
        Of the point.
    times : ndarray, shape (n,)
        Of the nodes, ascending.
    states : ndarray, shape (n, 6)
        At the nodes.
    positions : ndarray, shape (n, 3), optional
        To which the nodes were fitted.

    Returns
    -------
    QuasiPeriodicOrbit
    """
    mu = motion.mass_ratio
    ends, _ = propagate_cr3bp(mu, states[:-1], np.diff(times), tolerance=TOLERANCE, radii=RADII)
    revolutions = float(times[-1] - times[0]) / motion.in_plane_period
    dense = np.linspace(times[0], times[-1], math.ceil(_SAMPLES * revolutions) + 1)
    fine = _read(mu, times, states, dense)
    rms = math.nan
    if positions is not None:
        rms = float(np.sqrt(np.mean(np.sum((states[:, :3] - positions) ** 2, axis=-1))))
    return QuasiPeriodicOrbit(
        times=times,
        states=states,
        mass_ratio=mu,
        point=motion.point,
        jacobi_constant=float(np.mean(jacobi_constant(mu, states))),
        gap=float(np.abs(ends - states[1:]).max()),
        amplitudes=0.5 * np.ptp(fine[:, :3], axis=0),
        period=_mean_period(dense, fine[:, 1]),
        z_period=_mean_period(dense, fine[:, 2]),
        fit_rms=rms,
    )


def upward_crossings(times: Array, values: Array) -> Array:
    """Return the times ``(k,)`` at which values ``(n,)``, joined by lines, pass zero upwards."""
    k = np.flatnonzero((values[:-1] < 0.0) & (values[1:] >= 0.0))
    share = values[k] / (values[k] - values[k + 1])
    return np.asarray(times[k] + share * (times[k + 1] - times[k]))


def _read(mass_ratio: float, nodes: Array, states: Array, t: Array) -> Array:
    """Fly to times (...) from the nearer node, so that the arcs are as short as can be."""
    node = np.clip(np.searchsorted(nodes, t), 1, len(nodes) - 1)
    node = node - (t - nodes[node - 1] < nodes[node] - t)
    final, _ = propagate_cr3bp(
        mass_ratio, states[node], t - nodes[node], tolerance=TOLERANCE, radii=RADII
    )
    return np.asarray(final, dtype=float)


def _mean_period(times: Array, values: Array) -> float:
    """Return the mean time between passages through zero in the same direction."""
    spans = [
        (moments[-1] - moments[0]) / (len(moments) - 1)
        for moments in (upward_crossings(times, values), upward_crossings(times, -values))
        if len(moments) >= 2
    ]
    return float(np.mean(spans)) if spans else math.nan
