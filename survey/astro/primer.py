"""The primer vector along an arc between impulses: whether one more impulse would help.

To first order, an impulse dv given on the way changes the sum of all impulses by |dv| - p . dv,
where p is the primer vector: at the ends the unit vector of the impulse there (zero where the
velocity is free), between them a solution of the equations of small displacements. Where its
length exceeds one, an impulse along it pays [Lawden1963; LionHandelsman1968].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from survey.astro.er3bp import propagate_er3bp
from survey.astro.pulsating import speed_scale
from survey.astro.shooting import inverse

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PrimerHistory:
    """The primer vector along arcs.

    Parameters
    ----------
    anomaly : ndarray, shape (n, k + 1)
        Instants, ends included.
    states : ndarray, shape (n, k + 1, 6)
        Of the craft then.
    primer : ndarray, shape (n, k + 1, 3)
        Of impulses in the units of `survey.astro.shooting_optimum.Optimum`; NaN for an arc that
        cannot be flown.
    """

    anomaly: Array
    states: Array
    primer: Array

    @property
    def size(self) -> Array:
        """Length of the primer vector, shape (n, k + 1)."""
        return np.asarray(np.linalg.norm(self.primer, axis=2))

    def peak(self) -> tuple[NDArray[np.int64], Array]:
        """Return at which instant between the ends the primer is longest, and how long."""
        inner = np.nan_to_num(self.size[:, 1:-1], nan=0.0)
        return inner.argmax(1) + 1, inner.max(1)


def primer_history(
    mass_ratio: float,
    e: float,
    begin: Array,
    state: Array,
    end: Array,
    first: Array,
    last: Array,
    *,
    samples: int = 64,
) -> PrimerHistory:
    """Follow the primer vector along arcs.

    Parameters
    ----------
    mass_ratio, e : float
        Of the primaries; eccentricity.
    begin, end : ndarray, shape (n,)
        True anomalies of the ends.
    state : ndarray, shape (n, 6)
        After the first impulse; rotating, pulsating frame.
    first, last : ndarray, shape (n, 3)
        Impulses at both ends; zeros where the final velocity is free.
    samples : int
        Equal steps of anomaly in which the arc is looked at.

    Returns
    -------
    PrimerHistory

    Notes
    -----
    Displacements and primer obey the same equation in turning axes, too, because the Coriolis
    term is skew. A velocity of the pulsating frame is worth `speed_scale` times as much, so it is
    the primer times that scale which obeys it.
    """
    count = len(begin)
    if not count:
        return PrimerHistory(
            np.empty((0, samples + 1)), np.empty((0, samples + 1, 6)),
            np.empty((0, samples + 1, 3)),
        )  # fmt: skip
    step = (end - begin) / samples
    anomaly = begin[:, None] + step[:, None] * np.arange(samples + 1)
    states = np.empty((count, samples + 1, 6))
    matrices = np.empty((count, samples + 1, 6, 6))
    states[:, 0], matrices[:, 0] = state, np.eye(6)
    for k in range(samples):
        states[:, k + 1], phi, _ = propagate_er3bp(
            mass_ratio, e, states[:, k], anomaly[:, k], anomaly[:, k + 1], stm=True
        )
        matrices[:, k + 1] = phi @ matrices[:, k]
    start, stop = (
        _unit(impulse) * speed_scale(e, t)[:, None] for impulse, t in ((first, begin), (last, end))
    )
    whole = matrices[:, -1]
    rate = np.einsum(
        "nij,nj->ni",
        inverse(whole[:, :3, 3:]),
        stop - np.einsum("nij,nj->ni", whole[:, :3, :3], start),
    )
    costate = np.concatenate([start, rate], axis=1)
    along = np.einsum("nkij,nj->nki", matrices[:, :, :3], costate)
    return PrimerHistory(anomaly, states, along / speed_scale(e, anomaly)[..., None])


def _unit(vectors: Array) -> Array:
    size = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(size > 0.0, size, 1.0))
