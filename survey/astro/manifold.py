"""The tubes of free motion onto and off a periodic orbit: its stable and unstable manifolds.

An unstable periodic orbit has at each phase one direction in which a small displacement grows and
one in which it decays. Arcs that start a little to one side along the first leave the orbit at no
cost; arcs that start along the second, flown backwards, show how it is reached at no cost
([Koon2011] section 4.2). Units and frame are those of `survey.astro.cr3bp`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro.cr3bp_flow import propagate_cr3bp, sample_cr3bp
from survey.astro.floquet import MIRROR
from survey.astro.periodic import TOLERANCE, PeriodicOrbit, states_along, unstable_direction

__all__ = [
    "FloquetDirections",
    "ManifoldArcs",
    "carried_unstable",
    "floquet_directions",
    "manifold_arcs",
    "seeds",
]

DISPLACEMENT = 1e-6  # 150 km between Sun and Earth: linear there, yet far above rounding
STEP = 0.02  # of the samples of an arc; 1.2 days between Sun and Earth

_AROUND = 32  # phases whose mean says which side is outward

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FloquetDirections:
    """Where a periodic orbit's neighbours leave it and come to it, phase by phase.

    Parameters
    ----------
    phases : ndarray, shape (n,)
        Fractions of the period, in [0, 1).
    states : ndarray, shape (n, 6)
        The orbit there.
    unstable, stable : ndarray, shape (n, 6)
        Displacements that grow and decay with time, position part of length one, on the exterior
        side (see `manifold_arcs`).
    unstable_multiplier, stable_multiplier : float
        Growth in one period, eigenvalues of the monodromy matrix; their product is one.
    """

    phases: Array
    states: Array
    unstable: Array
    stable: Array
    unstable_multiplier: float
    stable_multiplier: float


@dataclass(frozen=True)
class ManifoldArcs:
    """Arcs of one branch of a manifold, sampled at common times.

    Parameters
    ----------
    mass_ratio : float
        Of the problem.
    stable, exterior : bool
        Which branch.
    phases : ndarray, shape (n,)
        Phases of the orbit beside which the arcs start.
    seeds : ndarray, shape (n, 6)
        Their states there, displacement included.
    times : ndarray, shape (k,)
        From zero upwards, for a stable branch from zero downwards.
    states : ndarray, shape (n, k, 6)
        NaN after an arc has ended in a collision.
    status : ndarray of int8, shape (n,)
        Explained by `survey.astro.cr3bp_flow.STATUS`.
    """

    mass_ratio: float
    stable: bool
    exterior: bool
    phases: Array
    seeds: Array
    times: Array
    states: Array
    status: NDArray[np.int8]


def floquet_directions(orbit: PeriodicOrbit, phases: ArrayLike) -> FloquetDirections:
    """Carry the unstable and the stable direction of an orbit to given phases.

    Parameters
    ----------
    orbit : PeriodicOrbit
        Symmetric about the x-z plane, with `state` on it at phase zero.
    phases : array_like, shape (n,)
        Fractions of the period; only their fractional part counts.

    Returns
    -------
    FloquetDirections

    Raises
    ------
    ValueError
        If no displacement grows, or only one that turns about the orbit as it grows.

    Notes
    -----
    The growing direction is the eigenvector of greatest modulus of the monodromy matrix, carried
    forwards, in which sense of time it outgrows the rounding errors; the decaying one is its
    mirror image at the mirrored phase.
    """
    phase = np.mod(np.asarray(phases, dtype=float).ravel(), 1.0)
    mirrored = np.mod(-phase, 1.0)
    # Which side is outward is a property of the whole orbit, not of the phases asked for.
    around = np.arange(_AROUND) / _AROUND
    carried = carried_unstable(orbit, np.concatenate((around, phase, mirrored)))
    carried /= np.linalg.norm(carried[:, :3], axis=-1)[:, None]
    outward = 1.0 if carried[:_AROUND, 0].mean() >= 0 else -1.0
    unstable, reflected = np.split(outward * carried[_AROUND:], 2)
    growth = float(np.real(orbit.multipliers[0]))
    return FloquetDirections(
        phases=phase,
        states=states_along(orbit, phase),
        unstable=unstable,
        stable=MIRROR * reflected,
        unstable_multiplier=growth,
        stable_multiplier=1.0 / growth,
    )


def seeds(
    orbit: PeriodicOrbit,
    *,
    stable: bool,
    exterior: bool,
    phases: ArrayLike,
    displacement: float = DISPLACEMENT,
) -> Array:
    """Return the states ``(n, 6)`` from which the arcs of one branch start."""
    at = floquet_directions(orbit, phases)
    side = displacement if exterior else -displacement
    return np.asarray(at.states + side * (at.stable if stable else at.unstable), dtype=float)


def manifold_arcs(
    orbit: PeriodicOrbit,
    *,
    stable: bool,
    exterior: bool,
    phases: ArrayLike,
    duration: float,
    displacement: float = DISPLACEMENT,
    step: float = STEP,
    tolerance: float = 1e-12,
) -> ManifoldArcs:
    """Fly one branch of the manifold of a periodic orbit.

    Parameters
    ----------
    orbit : PeriodicOrbit
        From e.g. `survey.astro.halo.halo_orbit`.
    stable : bool
        Arcs that come to the orbit, flown backwards; otherwise arcs that leave it.
    exterior : bool
        The branch on the side away from the heavier primary, +x; otherwise the interior one. For
        L2 the exterior is the outer realm and the interior the lighter primary's; for L1 the
        exterior is the lighter primary's and the interior the heavier's. The rule where the
        direction swings along the orbit: it is carried along the orbit continuously from phase
        zero, and exterior is the sense in which the mean of its unit displacement over the
        phases points to +x.
    phases : array_like, shape (n,)
        Where on the orbit the arcs start, fractions of the period.
    duration : float
        How long they are flown, positive.
    displacement : float, optional
        Length of the position part of the first displacement.
    step : float, optional
        Time between samples.
    tolerance : float, optional
        Of the integration.

    Returns
    -------
    ManifoldArcs

    Raises
    ------
    ValueError
        If `duration`, `displacement` or `step` is not positive, or the orbit has no such manifold.
    """
    for name, value in (("duration", duration), ("displacement", displacement), ("step", step)):
        if not (np.isfinite(value) and value > 0):
            raise ValueError(
                f"the {name} of the manifold's arcs was given as {value}, but must be positive: "
                "the stable branch is flown backwards without a sign"
            )
    start = seeds(orbit, stable=stable, exterior=exterior, phases=phases, displacement=displacement)
    count = max(2, int(np.ceil(duration / step)) + 1)
    times = np.linspace(0.0, -duration if stable else duration, count)
    states, status = sample_cr3bp(orbit.mass_ratio, start, times, tolerance=tolerance)
    return ManifoldArcs(
        mass_ratio=orbit.mass_ratio,
        stable=stable,
        exterior=exterior,
        phases=np.mod(np.asarray(phases, dtype=float).ravel(), 1.0),
        seeds=start,
        times=times,
        states=states,
        status=status,
    )


def carried_unstable(orbit: PeriodicOrbit, phases: Array) -> Array:
    """Return displacements ``(n, 6)`` that grow, carried from phase zero to phases in [0, 1).

    Their length is that to which `unstable_direction` has grown, not one.
    """
    _, matrices, _ = propagate_cr3bp(
        orbit.mass_ratio, orbit.state, phases * orbit.period, stm=True, tolerance=TOLERANCE
    )
    return np.asarray(matrices @ unstable_direction(orbit))
