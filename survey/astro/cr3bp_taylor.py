"""Taylor integrators of the restricted three-body problem, one trajectory per SIMD lane.

The equations are written once as expressions and compiled by heyoka [BiscaniIzzo2021]; mass ratio
and radii are parameters at run time, so that one integrator serves every system. heyoka keeps the
machine code in the user's cache folder: the first process compiles for 0.2 s (states alone) to 2 s
(whole transition matrix), later ones start at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

COLUMNS: Final[dict[bool | str, tuple[int, ...]]] = {
    False: (),
    "velocity": (3, 4, 5),
    True: (0, 1, 2, 3, 4, 5),
}
"""Which columns of the transition matrix go along, by the argument ``stm``."""

# Parameters at run time: mass ratio, squared radii of the two primaries, eccentricity, and the
# value that an event waits for.
MASS_RATIO, RADIUS_1, RADIUS_2, ECCENTRICITY, EVENT_VALUE = range(5)


_KEPT = threading.local()


@dataclass(frozen=True)
class Lanes:
    """An integrator and what a lane needs at its start.

    Attributes
    ----------
    integrator : heyoka.taylor_adaptive_batch
        Belongs to one thread.
    width : int
        Number of lanes.
    template : ndarray, shape (rows, 1)
        A harmless state, and the identity under it: what an idle lane holds.
    extra : int
        Number of terminal events before the two collisions.
    """

    integrator: Any
    width: int
    template: Array
    extra: int


def variables() -> list[Any]:
    """Return the six symbols of the state."""
    import heyoka as hy

    return list(hy.make_vars("x", "y", "z", "vx", "vy", "vz"))


def distances_squared() -> tuple[Any, Any]:
    """Return the squared distances to the heavier and the lighter primary as expressions."""
    import heyoka as hy

    x, y, z = variables()[:3]
    mu = hy.par[MASS_RATIO]
    return (x + mu) ** 2 + y * y + z * z, (x + mu - 1.0) ** 2 + y * y + z * z


def equations(columns: tuple[int, ...], *, elliptic: bool = False) -> list[tuple[Any, Any]]:
    """Write the equations of motion and of the asked-for columns of the transition matrix.

    Parameters
    ----------
    columns : tuple of int
        Components of the initial state by which the final one is differentiated.
    elliptic : bool
        Whether the primaries move on ellipses; the independent variable is then the true
        anomaly, and the effective potential carries the factor 1 / (1 + e cos f)
        [Szebehely1967] chapter 10.

    Notes
    -----
    The second derivatives of the potential are spelled out, because automatic differentiation
    misses common factors: the whole matrix takes 40 % longer with it, and compiles longer.
    """
    import heyoka as hy

    x, y, z, vx, vy, vz = variables()
    mu = hy.par[MASS_RATIO]
    along_1, along_2 = x + mu, x + mu - 1.0
    off_axis = y * y + z * z
    r1, r2 = along_1 * along_1 + off_axis, along_2 * along_2 + off_axis
    pull_1, pull_2 = (1.0 - mu) * r1**-1.5, mu * r2**-1.5
    pull = pull_1 + pull_2
    fx = x - pull_1 * along_1 - pull_2 * along_2
    fy = y - pull * y
    # The elliptic potential has z² beside x² and y², and the third equation -z to balance it.
    fz = (z - pull * z) if elliptic else -pull * z
    factor = 1.0 / (1.0 + hy.par[ECCENTRICITY] * hy.cos(hy.time)) if elliptic else 1.0
    if elliptic:
        fx, fy, fz = factor * fx, factor * fy, factor * fz - z
    motion = [
        (x, vx),
        (y, vy),
        (z, vz),
        (vx, fx + 2.0 * vy),
        (vy, fy - 2.0 * vx),
        (vz, fz),
    ]
    if not columns:
        return motion

    tide_1, tide_2 = 3.0 * pull_1 / r1, 3.0 * pull_2 / r2
    tide = tide_1 + tide_2
    skew = tide_1 * along_1 + tide_2 * along_2
    flat = 1.0 - pull
    fxx = flat + tide_1 * along_1 * along_1 + tide_2 * along_2 * along_2
    fyy = flat + tide * y * y
    fzz = (flat if elliptic else -pull) + tide * z * z
    fxy, fxz, fyz = skew * y, skew * z, tide * y * z
    if elliptic:
        fxx, fyy, fzz, fxy, fxz, fyz = (factor * f for f in (fxx, fyy, fzz, fxy, fxz, fyz))
        fzz = fzz - 1.0
    for k in columns:
        dx, dy, dz, du, dv, dw = hy.make_vars(*(f"d{name}_{k}" for name in "xyzuvw"))
        motion += [
            (dx, du),
            (dy, dv),
            (dz, dw),
            (du, fxx * dx + fxy * dy + fxz * dz + 2.0 * dv),
            (dv, fxy * dx + fyy * dy + fyz * dz - 2.0 * du),
            (dw, fxz * dx + fyz * dy + fzz * dz),
        ]
    return motion


def collisions() -> list[Any]:
    """Return the events that end a trajectory at the surface of a primary."""
    import heyoka as hy

    return [
        hy.t_event_batch(r - hy.par[radius])
        for r, radius in zip(distances_squared(), (RADIUS_1, RADIUS_2), strict=True)
    ]


def lanes(
    stm: bool | str,
    tolerance: float,
    *,
    elliptic: bool = False,
    extra: tuple[str, Callable[[], list[Any]]] | None = None,
) -> Lanes:
    """Return this thread's integrator of a kind, built when first asked for.

    Parameters
    ----------
    stm : bool or "velocity"
        A key of `COLUMNS`.
    tolerance : float
        Of one step, relative.
    elliptic : bool
        Which of the two problems.
    extra : tuple of str and callable, optional
        A name, and a function that makes further terminal events, which stand before the
        collisions.

    Raises
    ------
    ValueError
        If `stm` is not a key of `COLUMNS` or the tolerance is not a small positive number.
    """
    if stm not in COLUMNS:
        raise ValueError(f'stm was given as {stm!r}, but must be False, True or "velocity"')
    if not 0.0 < tolerance <= 1e-3:
        raise ValueError(
            f"the tolerance was given as {tolerance!r}, but must lie above 0 and not above 1e-3"
        )
    key = (stm, tolerance, elliptic, None if extra is None else extra[0])
    kept: dict[Any, Lanes] = _KEPT.__dict__.setdefault("lanes", {})
    if key not in kept:
        kept[key] = _build(stm, tolerance, elliptic, [] if extra is None else extra[1]())
    return kept[key]


def _build(stm: bool | str, tolerance: float, elliptic: bool, events: list[Any]) -> Lanes:
    import heyoka as hy

    columns = COLUMNS[stm]
    width = int(hy.recommended_simd_size())
    template = np.zeros((6 + 6 * len(columns), 1))
    template[:2, 0] = 0.5, 0.75  # near L4, at rest, far from both primaries
    for place, column in enumerate(columns):
        template[6 + 6 * place + column] = 1.0
    integrator = hy.taylor_adaptive_batch(
        equations(columns, elliptic=elliptic),
        np.repeat(template, width, axis=1),
        tol=tolerance,
        t_events=[*events, *collisions()],
    )
    return Lanes(integrator, width, template, len(events))
