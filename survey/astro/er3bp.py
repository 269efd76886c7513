"""The elliptic restricted three-body problem, in the frame that turns and pulsates.

Lengths are in units of the distance that the primaries have at the instant, so both stand still;
the independent variable is their true anomaly, and a prime is a derivative by it [Szebehely1967].
Libration points are those of the circular problem, whatever the eccentricity.
"""

from __future__ import annotations

from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro.cr3bp_flow import RADII, broadcast_rows, transition_matrix
from survey.astro.cr3bp_lanes import ARRIVED, fly
from survey.astro.cr3bp_taylor import COLUMNS, ECCENTRICITY, lanes

Array = NDArray[np.float64]
Codes = NDArray[np.int8]


@overload
def propagate_er3bp(
    mass_ratio: ArrayLike,
    eccentricity: ArrayLike,
    state: ArrayLike,
    nu0: ArrayLike,
    nu: ArrayLike,
    *,
    stm: Literal[False] = False,
    tolerance: float = 1e-12,
    radii: tuple[float, float] = RADII,
) -> tuple[Array, Codes]: ...
@overload
def propagate_er3bp(
    mass_ratio: ArrayLike,
    eccentricity: ArrayLike,
    state: ArrayLike,
    nu0: ArrayLike,
    nu: ArrayLike,
    *,
    stm: Literal[True, "velocity"],
    tolerance: float = 1e-12,
    radii: tuple[float, float] = RADII,
) -> tuple[Array, Array, Codes]: ...
def propagate_er3bp(
    mass_ratio: ArrayLike,
    eccentricity: ArrayLike,
    state: ArrayLike,
    nu0: ArrayLike,
    nu: ArrayLike,
    *,
    stm: bool | Literal["velocity"] = False,
    tolerance: float = 1e-12,
    radii: tuple[float, float] = RADII,
) -> tuple[Array, Codes] | tuple[Array, Array, Codes]:
    """Propagate states of the elliptic problem in the pulsating frame.

    Parameters
    ----------
    mass_ratio : array_like, shape (...)
        Mass of the lighter primary over the mass of both.
    eccentricity : array_like, shape (...)
        Of the orbit of the primaries, in [0, 1).
    state : array_like, shape (..., 6)
        Position and its derivative by the true anomaly, pulsating frame.
    nu0, nu : array_like, shape (...)
        True anomaly of the primaries, in radians, at `state` and at the end; not reduced to one
        turn. Backwards where ``nu < nu0``. True longitudes serve as well, each less the
        longitude of the periapsis.
    stm, tolerance, radii
        As in `survey.astro.cr3bp_flow.propagate_cr3bp`.

    Returns
    -------
    final : ndarray, shape (..., 6)
        States reached; NaN where the status is not 0.
    phi : ndarray, shape (..., 6, 6) or (..., 6, 3), only with `stm`
        Derivatives of the final state by the initial one, or by its velocity.
    status : ndarray of int8, shape (...)
        Explained by `survey.astro.cr3bp_flow.STATUS`.

    Notes
    -----
    [Szebehely1967] chapter 10: the effective potential of the circular problem, its term in z²
    included, divided by 1 + e cos f, and minus z in the third equation.
    """
    e, first, last = (np.asarray(a, dtype=float) for a in (eccentricity, nu0, nu))
    span = last - first
    span = np.broadcast_to(span, np.broadcast_shapes(span.shape, e.shape))
    start, three, _, shape = broadcast_rows(mass_ratio, state, span, radii)
    constants = np.empty((len(start), ECCENTRICITY + 1))
    constants[:, :ECCENTRICITY] = three
    e = np.where((e >= 0.0) & (e < 1.0), e, np.nan)
    constants[:, ECCENTRICITY] = np.broadcast_to(e, shape).ravel()
    begin, end = (np.broadcast_to(a, shape).ravel() for a in (first, last))
    final, _, status, _ = fly(lanes(stm, tolerance, elliptic=True), start, constants, begin, end)
    final[status != ARRIVED] = np.nan
    states, codes = final[:, :6].reshape(*shape, 6), status.reshape(shape)
    if not COLUMNS[stm]:
        return states, codes
    return states, transition_matrix(final, shape), codes
