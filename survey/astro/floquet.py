"""Floquet analysis of orbits that mirror themselves: multipliers without loss of small ones.

The problem is reversible: a reflection in the x-z plane turns time round. Let G be its matrix and
Φ the transition matrix from one perpendicular crossing of that plane to the next. Then the
monodromy matrix is ``M = G Φ⁻¹ G Φ``, and ``(M + M⁻¹)/2`` falls into two blocks of three rows,
whose eigenvalues are the half sums ``(λ + 1/λ)/2`` themselves: 1 and two others
[Howell1984]. Multipliers computed from these are reciprocal to the last digit.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

MIRROR: Final = np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
"""Diagonal of G: reflection in the x-z plane with time turned round."""

HALF_TURN: Final = np.array([1.0, -1.0, -1.0, -1.0, 1.0, 1.0])
"""Diagonal of the half turn about the x axis with time turned round."""

_KEPT: Final = [0, 2, 4]  # what the mirror leaves alone: x, z, y'

# Rotating-frame velocities are not canonical: the form that the flow keeps has a Coriolis part.
_FORM: Final = np.array(
    [
        [0.0, -2.0, 0.0, 1.0, 0.0, 0.0],
        [2.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
        [-1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, -1.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, -1.0, 0.0, 0.0, 0.0],
    ]
)
_FORM_INVERSE: Final = np.linalg.inv(_FORM)


def inverse_transition(transition: Array) -> Array:
    """Return the inverse of a transition matrix, by transposition.

    Parameters
    ----------
    transition : ndarray, shape (..., 6, 6)
        In position and rotating-frame velocity.

    Returns
    -------
    ndarray, shape (..., 6, 6)
    """
    turned = np.swapaxes(np.asarray(transition), -1, -2)
    return np.asarray(_FORM_INVERSE @ turned @ _FORM)


def symplectic_defect(transition: Array) -> Array:
    """Return by how much a transition matrix misses the law ``Φᵀ Ω Φ = Ω``.

    Parameters
    ----------
    transition : ndarray, shape (..., 6, 6)

    Returns
    -------
    ndarray, shape (...)
        Largest entry of ``Φ⁻¹ Φ - 1``, the inverse taken by transposition.
    """
    defect = inverse_transition(transition) @ transition - np.eye(6)
    return np.asarray(np.abs(defect).max(axis=(-2, -1)))


def unfold(transition: Array, mirror: Array) -> Array:
    """Return the transition matrix there and back through a mirror: ``R Φ⁻¹ R Φ``.

    Parameters
    ----------
    transition : ndarray, shape (..., 6, 6)
        From a state to one that the mirror leaves alone.
    mirror : ndarray, shape (6,)
        Diagonal of R, `MIRROR` or `HALF_TURN`.

    Returns
    -------
    ndarray, shape (..., 6, 6)
        From the state to its mirror image, in twice the time.
    """
    back = inverse_transition(transition)
    return np.asarray((mirror[:, None] * back * mirror) @ transition)


def half_sums(monodromy: Array, constant_gradient: Array) -> ComplexArray:
    """Return ``(λ + 1/λ)/2`` of the two pairs of multipliers that are not trivial.

    Parameters
    ----------
    monodromy : ndarray, shape (..., 6, 6)
        From a perpendicular crossing of the x-z plane to itself.
    constant_gradient : ndarray, shape (..., 6)
        Gradient of the Jacobi constant there, which is the left eigenvector of the trivial pair.

    Returns
    -------
    ndarray, shape (..., 2), complex
        The one of larger modulus first. Real unless two pairs have met and left the circle and
        the axis together.
    """
    block = np.asarray(monodromy)[..., _KEPT, :][..., :, _KEPT]
    left = np.asarray(constant_gradient)[..., _KEPT]
    # The plane across the left eigenvector is invariant and holds the other two. Picking them by
    # their distance from 1 would fail where one of them is 1, which is where orbits bifurcate.
    basis = np.linalg.svd(left[..., None, :])[2][..., 1:, :]
    small = basis @ block @ np.swapaxes(basis, -1, -2)
    trace = 0.5 * (small[..., 0, 0] + small[..., 1, 1])
    half_difference = 0.5 * (small[..., 0, 0] - small[..., 1, 1])
    root = np.sqrt(half_difference**2 + small[..., 0, 1] * small[..., 1, 0] + 0j)
    sign = np.where(trace < 0.0, -1.0, 1.0)
    # The smaller from the determinant would divide by the larger; the sum keeps more digits here.
    return np.stack([trace + sign * root, trace - sign * root], axis=-1)


def multipliers(sums: ComplexArray) -> ComplexArray:
    """Return all six Floquet multipliers from the two half sums.

    Parameters
    ----------
    sums : ndarray, shape (..., 2), complex
        From `half_sums`.

    Returns
    -------
    ndarray, shape (..., 6), complex
        By decreasing modulus; entry k times entry 5 - k is 1.
    """
    nu = np.asarray(sums, dtype=complex)
    root = np.sqrt(nu * nu - 1.0)
    larger = np.where(np.abs(nu + root) >= np.abs(nu - root), nu + root, nu - root)
    order = np.argsort(-np.abs(larger), axis=-1, kind="stable")
    larger = np.take_along_axis(larger, order, axis=-1)
    ones = np.ones((*nu.shape[:-1], 1), dtype=complex)
    # On the unit circle all moduli are 1 and the order is free: pairs still mirror each other.
    return np.concatenate([larger, ones, ones, 1.0 / larger[..., ::-1]], axis=-1)


def stability_index(sums: ComplexArray) -> Array:
    """Return ``(|λ| + 1/|λ|)/2`` of the multiplier of the largest modulus [PeriodicOrbits].

    Parameters
    ----------
    sums : ndarray, shape (..., 2), complex
        From `half_sums`.

    Returns
    -------
    ndarray, shape (...)
        1 where the orbit is linearly stable.
    """
    modulus = np.abs(multipliers(sums)[..., 0])
    return np.asarray(0.5 * (modulus + 1.0 / modulus))
