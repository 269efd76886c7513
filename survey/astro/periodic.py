"""Symmetric periodic orbits: the equations that make one, and what is known of one that is found.

An orbit that crosses the x-z plane at a right angle twice is its own mirror image, so half of it
is enough. One that also crosses the x axis at a right angle needs only a quarter [Howell1984].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro.continuation import Evaluation
from survey.astro.cr3bp import equations_of_motion, jacobi_constant
from survey.astro.cr3bp_flow import propagate_cr3bp
from survey.astro.floquet import (
    HALF_TURN,
    MIRROR,
    half_sums,
    multipliers,
    stability_index,
    unfold,
)
from survey.astro.libration import LinearMotion

Array = NDArray[np.float64]

TOLERANCE: Final = 1e-15
"""Of the propagation: an orbit's digits cost little, and its multipliers need them all."""

RADII: Final = (1e-6, 1e-9)
"""At which a trajectory ends: families say themselves how near to the primaries they may come."""


@dataclass(frozen=True)
class Symmetry:
    """Which components of the first state are free, and which vanish where the arc ends.

    Attributes
    ----------
    free : tuple of int
        Components of the first state; the others are zero.
    vanishing : tuple of int
        Components of the last state.
    arcs : int
        How many such arcs make a period.
    deflated : int or None
        Place in `vanishing` of an equation that a planar orbit meets for nothing. It is divided
        by the height of the first state, which takes away the planar solutions and with them the
        branch point at the family's end.
    """

    free: tuple[int, ...]
    vanishing: tuple[int, ...]
    arcs: int
    deflated: int | None = None


PLANAR: Final = Symmetry(free=(0, 4), vanishing=(1, 3), arcs=2)
HALO: Final = Symmetry(free=(0, 2, 4), vanishing=(1, 3, 5), arcs=2, deflated=2)
VERTICAL: Final = Symmetry(free=(0, 2, 4), vanishing=(1, 2, 3), arcs=4, deflated=1)


@dataclass(frozen=True, eq=False)
class PeriodicOrbit:
    """A periodic orbit about L1 or L2; nondimensional, rotating frame.

    Attributes
    ----------
    state : ndarray, shape (6,)
        At phase zero, a perpendicular crossing of the x-z plane: of a halo orbit the one farther
        from the lighter primary, of a planar orbit the one at the greater x, of a vertical orbit
        the upper one.
    period : float
    mass_ratio : float
    jacobi_constant : float
    stability_index : float
        ``(|λ| + 1/|λ|)/2`` of the multiplier of the largest modulus; 1 is linearly stable.
    family : str
        "halo", "planar Lyapunov" or "vertical Lyapunov".
    point : str
        "L1" or "L2".
    northern : bool or None
        For halo orbits, whether it rises higher above the primaries' plane than it sinks below.
    multipliers : ndarray, shape (6,), complex
        Floquet multipliers by decreasing modulus; entry k times entry 5 - k is 1.
    monodromy_matrix : ndarray, shape (6, 6)
        Transition matrix over one period from `state`.
    """

    state: Array
    period: float
    mass_ratio: float
    jacobi_constant: float
    stability_index: float
    family: str
    point: str
    northern: bool | None
    multipliers: NDArray[np.complex128]
    monodromy_matrix: Array


@dataclass(frozen=True)
class OrbitEquations:
    """The equations of one family, in units in which its orbits have the size of one.

    The unknowns are the free components (positions from the libration point, everything in units
    of its distance gamma from the lighter primary) and the duration of the arc.

    Attributes
    ----------
    motion : LinearMotion
    symmetry : Symmetry
    """

    motion: LinearMotion
    symmetry: Symmetry

    def state(self, unknowns: ArrayLike) -> Array:
        """Return first states (..., 6) of unknowns (..., m + 1)."""
        state = self.departure(unknowns)
        state[..., 0] += self.motion.x
        return state

    def departure(self, unknowns: ArrayLike) -> Array:
        """Return first states (..., 6) less the libration point, without its rounding."""
        u = np.asarray(unknowns, dtype=float)
        departure = np.zeros((*u.shape[:-1], 6))
        departure[..., list(self.symmetry.free)] = self.motion.gamma * u[..., :-1]
        return departure

    def unknowns(self, state: ArrayLike, period: ArrayLike) -> Array:
        """Return unknowns (..., m + 1) of first states (..., 6) and periods (...)."""
        s = np.array(state, dtype=float)
        s[..., 0] -= self.motion.x
        arc = np.asarray(period, dtype=float)[..., None] / self.symmetry.arcs
        return np.concatenate([s[..., list(self.symmetry.free)] / self.motion.gamma, arc], axis=-1)

    def evaluate(self, unknowns: Array) -> Evaluation:
        """Fly one arc: how far it misses the second crossing, and how that depends on the start."""
        mu, gamma = self.motion.mass_ratio, self.motion.gamma
        arc = float(unknowns[-1])
        final, transition, _ = propagate_cr3bp(
            mu, self.state(unknowns), arc, stm=True, tolerance=TOLERANCE, radii=RADII
        )
        rows, columns = list(self.symmetry.vanishing), list(self.symmetry.free)
        residual = final[rows] / gamma
        jacobian = np.empty((len(rows), len(columns) + 1))
        jacobian[:, :-1] = transition[np.ix_(rows, columns)]
        jacobian[:, -1] = equations_of_motion(mu, final)[rows] / gamma
        if self.symmetry.deflated is not None:
            row, height = self.symmetry.deflated, float(unknowns[1])
            residual[row] /= height
            jacobian[row] /= height
            jacobian[row, 1] -= residual[row] / height
        return Evaluation(residual, jacobian, final, transition)

    def monodromy(self, transition: Array) -> Array:
        """Return the transition matrix of a period (..., 6, 6) from that of the arc."""
        if self.symmetry.arcs == 4:
            transition = unfold(transition, HALF_TURN)
        return unfold(transition, MIRROR)


def constant_gradient(mass_ratio: float, state: ArrayLike) -> Array:
    """Return the gradient of the Jacobi constant.

    Parameters
    ----------
    mass_ratio : float
    state : array_like, shape (..., 6)

    Returns
    -------
    ndarray, shape (..., 6)
    """
    s = np.asarray(state, dtype=float)
    mu = mass_ratio
    to_heavy, to_light = s[..., :3].copy(), s[..., :3].copy()
    to_heavy[..., 0] += mu
    to_light[..., 0] -= 1.0 - mu
    heavy = (1.0 - mu) / np.linalg.norm(to_heavy, axis=-1, keepdims=True) ** 3
    light = mu / np.linalg.norm(to_light, axis=-1, keepdims=True) ** 3
    place = -heavy * to_heavy - light * to_light
    place[..., :2] += s[..., :2]
    return np.concatenate([2.0 * place, -2.0 * s[..., 3:]], axis=-1)


def describe(
    equations: OrbitEquations,
    unknowns: Array,
    transition: Array,
    *,
    family: str,
    northern: bool | None,
) -> PeriodicOrbit:
    """Work out everything about a corrected orbit.

    Parameters
    ----------
    equations : OrbitEquations
    unknowns : ndarray, shape (m + 1,)
        A solution.
    transition : ndarray, shape (6, 6)
        Of its arc.
    family : str
    northern : bool or None
        False mirrors the orbit in the plane of the primaries.

    Returns
    -------
    PeriodicOrbit
    """
    mu = equations.motion.mass_ratio
    state = equations.state(unknowns)
    monodromy = equations.monodromy(transition)
    sums = half_sums(monodromy, constant_gradient(mu, state))
    if northern is False:
        flip = np.array([1.0, 1.0, -1.0, 1.0, 1.0, -1.0])
        state = flip * state + 0.0
        monodromy = flip[:, None] * monodromy * flip
    for array in (state, monodromy):
        array.flags.writeable = False
    return PeriodicOrbit(
        state=state,
        period=float(unknowns[-1]) * equations.symmetry.arcs,
        mass_ratio=mu,
        jacobi_constant=float(jacobi_constant(mu, state)),
        stability_index=float(stability_index(sums)),
        family=family,
        point=equations.motion.point,
        northern=northern,
        multipliers=multipliers(sums),
        monodromy_matrix=monodromy,
    )


def states_along(orbit: PeriodicOrbit, phases: ArrayLike) -> Array:
    """Return states on a periodic orbit.

    Parameters
    ----------
    orbit : PeriodicOrbit
    phases : array_like, shape (...)
        Fractions of the period from ``orbit.state``; whole periods do not matter.

    Returns
    -------
    ndarray, shape (..., 6)
        The later half of the orbit is reached backwards, so that its instability never has more
        than half a period to magnify the rounding of the first state.
    """
    phase = np.asarray(phases, dtype=float)
    phase = phase - np.round(phase)
    final, _ = propagate_cr3bp(
        orbit.mass_ratio, orbit.state, phase * orbit.period, tolerance=TOLERANCE, radii=RADII
    )
    return np.asarray(final, dtype=float)


def unstable_direction(orbit: PeriodicOrbit) -> Array:
    """Return the eigenvector of the multiplier of the largest modulus.

    Parameters
    ----------
    orbit : PeriodicOrbit

    Returns
    -------
    ndarray, shape (6,)
        At ``orbit.state``, of unit length in position, pointing towards greater x. Its mirror
        image in the x-z plane with time turned round is the stable direction
        (`stable_direction`).

    Raises
    ------
    ValueError
        If the largest multiplier is not real and larger than 1: there is no direction then.
    """
    largest = orbit.multipliers[0]
    if abs(largest) < 1.0 + 1e-6 or abs(largest.imag) > 1e-9 * abs(largest):
        raise ValueError(
            f"the {orbit.family} orbit of period {orbit.period:.6g} has no real unstable "
            "multiplier, hence no unstable direction: choose an unstable member"
        )
    values, vectors = np.linalg.eig(orbit.monodromy_matrix)
    vector = np.real(vectors[:, int(np.argmax(np.abs(values)))])
    vector = vector / np.linalg.norm(vector[:3])
    return np.asarray(vector if vector[0] >= 0.0 else -vector)


def stable_direction(orbit: PeriodicOrbit) -> Array:
    """Return the eigenvector of the multiplier of the smallest modulus, as `unstable_direction`.

    Parameters
    ----------
    orbit : PeriodicOrbit

    Returns
    -------
    ndarray, shape (6,)

    Raises
    ------
    ValueError
        As `unstable_direction`.
    """
    # Read off the mirror image: the matrix itself knows its smallest eigenvalue to few digits.
    return np.asarray(MIRROR * unstable_direction(orbit))
