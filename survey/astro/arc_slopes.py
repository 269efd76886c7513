"""How the impulses of an arc change with its dates and with the phase of departure.

An arc that solves the boundary-value problem stays a solution when its ends move, at a change of
both its velocities that the transition matrix gives to first order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from survey.astro.arc_problem import Problem
from survey.astro.pulsating import acceleration, coriolis, speed_scale
from survey.astro.shooting import inverse

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

FLOOR: Final = 3e-5  # 1 m/s: below it an impulse counts as nothing
_STEP: Final = 1e-5  # of phase, for derivatives along the parking orbit


@dataclass(frozen=True)
class Optimum:
    """Arcs whose dates have been moved to where the impulses are least.

    Parameters
    ----------
    begin, end, phase : ndarray, shape (n,)
        True anomalies of departure and arrival; phase at departure.
    velocity : ndarray, shape (n, 3)
        At departure.
    arrival : ndarray, shape (n, 6)
        State at arrival.
    departure_impulse, arrival_impulse : ndarray, shape (n, 3)
        Velocity to be added; nondimensional, times `survey.astro.pulsating.speed_scale`.
    cost : ndarray, shape (n,)
        What was made least: the first impulse, or the sum of both; infinite where no arc is known.
    """

    begin: Array
    end: Array
    phase: Array
    velocity: Array
    arrival: Array
    departure_impulse: Array
    arrival_impulse: Array
    cost: Array


def slopes_of(
    problem: Problem, index: Indices, here: Optimum, phi: Array, *, rendezvous: bool,
    free_phase: bool,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """Differentiate the residuals and the departure velocity of arcs.

    Parameters
    ----------
    problem : Problem
        Ends of the arcs.
    index : ndarray of int, shape (n,)
        Which problems the arcs belong to.
    here : Optimum
        The arcs.
    phi : ndarray, shape (n, 6, 6)
        Their transition matrices.
    rendezvous : bool
        Whether the impulse at the target counts.
    free_phase : bool
        Whether the column by the phase is wanted.

    Returns
    -------
    slopes : ndarray, shape (n, m, k)
        Of the residuals; columns are departure (the phase going on with it), arrival and, if
        wanted, phase.
    residual : ndarray, shape (n, m)
        The impulse before a flyby; for a rendezvous both, each over the square root of its size.
    drift : ndarray, shape (n, 3, k)
        Change of the departure velocity.

    Notes
    -----
    With D the impulse at departure and E that at arrival, both unscaled, and moving along with the
    craft, an arc that departs later has D' = (2 Dy, -2 Dx, 0) + Prv^-1 Prr D, because craft
    and arc feel the same force where they part and differ in the Coriolis term only; likewise at
    the target. P is the transition matrix.
    """
    e = problem.eccentricity
    craft = problem.departure(index, here.begin, here.phase)
    to_velocity = inverse(phi[:, :3, 3:])
    grow, grow_end = (speed_scale(e, t)[:, None] for t in (here.begin, here.end))
    leave, meet = here.departure_impulse / grow, here.arrival_impulse / grow_end
    swept = np.einsum("nij,njk,nk->ni", to_velocity, phi[:, :3, :3], leave)
    reach = np.einsum("nij,nj->ni", to_velocity, meet)
    turned = coriolis(leave) + swept
    # The velocity itself also follows the craft's own along the orbit.
    pace = acceleration(problem.mass_ratio, e, craft, here.begin)
    of_first, drift = [turned, reach], [pace + turned, reach]
    vv, vr = phi[:, 3:, 3:], phi[:, 3:, :3]
    of_last = [
        np.einsum("nij,nj->ni", vr, leave) - np.einsum("nij,nj->ni", vv, swept),
        coriolis(meet) - np.einsum("nij,nj->ni", vv, reach),
    ]
    if free_phase:
        along = problem.departure(index, here.begin, here.phase + _STEP)
        along = (along - problem.departure(index, here.begin, here.phase - _STEP)) / (2 * _STEP)
        aside = -np.einsum("nij,njk,nk->ni", to_velocity, phi[:, :3, :3], along[:, :3])
        of_first.append(aside - along[:, 3:])
        drift.append(aside)
        of_last.append(
            -np.einsum("nij,nj->ni", vr, along[:, :3]) - np.einsum("nij,nj->ni", vv, aside)
        )
    first = np.stack(of_first, axis=2) * grow[..., None]
    first[:, :, 0] += leave * (-e * np.sin(here.begin))[:, None]
    if not rendezvous:
        return first, here.departure_impulse, np.stack(drift, axis=2)
    last = np.stack(of_last, axis=2) * grow_end[..., None]
    last[:, :, 1] += meet * (-e * np.sin(here.end))[:, None]
    slopes, residuals = [], []
    for impulse, slope in ((here.departure_impulse, first), (here.arrival_impulse, last)):
        size = np.sqrt(np.sum(impulse**2, axis=1) + FLOOR**2)[:, None]
        radial = np.einsum("nc,nci->ni", impulse, slope) / size**2
        residuals.append(impulse / np.sqrt(size))
        slopes.append(
            (slope - 0.5 * impulse[..., None] * radial[:, None]) / np.sqrt(size)[..., None]
        )
    return (
        np.concatenate(slopes, axis=1), np.concatenate(residuals, axis=1), np.stack(drift, axis=2)
    )  # fmt: skip
