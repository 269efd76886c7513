"""A family of periodic orbits: followed once from its small end, then asked for members."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicHermiteSpline

from survey.astro.continuation import (
    CurvePoint,
    Evaluation,
    correct_on_plane,
    follow_curve,
    solve_with,
)
from survey.astro.cr3bp import jacobi_constant
from survey.astro.floquet import half_sums, multipliers, stability_index, symplectic_defect
from survey.astro.libration import constant_above_point, constant_at_point
from survey.astro.periodic import (
    OrbitEquations,
    PeriodicOrbit,
    constant_gradient,
    describe,
)

Array = NDArray[np.float64]

MEASURES: Final = {
    "x_amplitude": "an x amplitude",
    "z_amplitude": "a z amplitude",
    "period": "a period",
    "jacobi": "a Jacobi constant",
}
"""By what a member may be asked for, and how a sentence calls it."""

_FIRST_STEP: Final = 0.01  # in units of gamma
_LARGEST_STEP: Final = 0.15
_LARGEST: Final = 3.0  # distance from the centre of mass at which a family counts as left
_LARGEST_DEFECT: Final = 1e-6  # of a transition matrix, beyond which multipliers mean little
_FLAT: Final = 1e-5  # height, in units of gamma, below which an orbit counts as planar


@dataclass(frozen=True, eq=False)
class Family:
    """Orbits along a family, in the order in which it was followed.

    Attributes
    ----------
    name : str
        "halo", "planar Lyapunov" or "vertical Lyapunov".
    point : str
        "L1" or "L2".
    mass_ratio : float
    northern : bool or None
        Which mirror image, of a halo family.
    states : ndarray, shape (n, 6)
        At phase zero (see `PeriodicOrbit`), nondimensional.
    periods, jacobi_constants, stability_indices : ndarray, shape (n,)
    half_sums : ndarray, shape (n, 2), complex
        ``(λ + 1/λ)/2`` of the two pairs of multipliers that are not trivial, larger modulus first.
    multipliers : ndarray, shape (n, 6), complex
        As `PeriodicOrbit.multipliers`.
    arclengths : ndarray, shape (n,)
        Along the family, from the first member, in units of gamma and of time.
    end : str
        Why the family was not followed any farther.
    """

    name: str
    point: str
    mass_ratio: float
    northern: bool | None
    states: Array
    periods: Array
    jacobi_constants: Array
    stability_indices: Array
    half_sums: NDArray[np.complex128]
    multipliers: NDArray[np.complex128]
    arclengths: Array
    end: str
    _equations: OrbitEquations
    _unknowns: Array
    _tangents: Array

    def __len__(self) -> int:
        return len(self.periods)

    def curve(self, measure: str) -> CubicHermiteSpline:
        """Return a measure as a piecewise cubic of the arclength.

        Parameters
        ----------
        measure : str
            A key of `MEASURES`.

        Returns
        -------
        scipy.interpolate.CubicHermiteSpline
            Exact at the members, in value and slope.
        """
        values, gradients = _measure(self._equations, measure, self._unknowns)
        slopes = np.sum(gradients * self._tangents, axis=-1)
        return CubicHermiteSpline(self.arclengths, values, slopes)

    def span(self, measure: str) -> tuple[float, float]:
        """Return the least and the greatest value of a measure in the family.

        Parameters
        ----------
        measure : str
            A key of `MEASURES`.

        Returns
        -------
        tuple of float
        """
        curve = self.curve(measure)
        turns = curve.derivative().roots(extrapolate=False)
        values = np.concatenate([curve(curve.x), curve(turns[np.isfinite(turns)])])
        return float(values.min()), float(values.max())

    def member(self, measure: str, value: float, *, which: int = 0) -> PeriodicOrbit:
        """Return the orbit that has a given amplitude, period or Jacobi constant.

        Parameters
        ----------
        measure : str
            A key of `MEASURES`.
        value : float
        which : int
            A family may pass through a value more than once: 0 is the member nearest to its
            first orbit, along the family, 1 the next, and so on; -1 is the last.

        Returns
        -------
        PeriodicOrbit
            Corrected, not interpolated.

        Raises
        ------
        ValueError
            If no member, or not so many, has that value.
        """
        label = self._label
        low, high = self.span(measure)
        places = self._places(measure, value)
        if not len(places):
            raise ValueError(
                f"no orbit of the {label} has {MEASURES[measure]} of {value:.10g}: ask for "
                f"{low:.10g} to {high:.10g}"
            )
        if not -len(places) <= which < len(places):
            raise ValueError(
                f"{MEASURES[measure]} of {value:.10g} is met {len(places)} times in the {label}, "
                f"so there is no number {which}: count from 0 to {len(places) - 1}"
            )
        solved = solve_with(
            self._equations,
            self._guess(places[which]),
            lambda u: self._condition(measure, value, u),
        )
        if solved is None:
            raise ValueError(
                f"{MEASURES[measure]} of {value:.10g} is too close to a turning point of the "
                f"{label} to be corrected: ask for another value between {low:.10g} and {high:.10g}"
            )
        return self._describe(solved[0], solved[1])

    def at(self, arclength: float) -> PeriodicOrbit:
        """Return the orbit at an arclength along the family.

        Parameters
        ----------
        arclength : float
            Within ``arclengths``.

        Returns
        -------
        PeriodicOrbit

        Raises
        ------
        ValueError
            If the arclength is outside the family.
        """
        if not self.arclengths[0] <= arclength <= self.arclengths[-1]:
            raise ValueError(
                f"an arclength of {arclength:.6g} is outside the family: give 0 to "
                f"{self.arclengths[-1]:.6g}"
            )
        place = int(np.clip(np.searchsorted(self.arclengths, arclength) - 1, 0, len(self) - 2))
        share = (arclength - self.arclengths[place]) / np.diff(self.arclengths)[place]
        guess = self._guess(arclength)
        across = (1.0 - share) * self._tangents[place] + share * self._tangents[place + 1]
        solved = correct_on_plane(self._equations, guess, across / np.linalg.norm(across))
        if solved is None:
            raise ValueError(
                f"the orbit at arclength {arclength:.6g} could not be corrected: ask for one "
                "beside it"
            )
        return self._describe(solved[0], solved[1])

    @property
    def _label(self) -> str:
        side = {None: "", True: "northern ", False: "southern "}[self.northern]
        return f"{side}{self.name} family at {self.point}"

    def _guess(self, arclength: float) -> Array:
        spline = CubicHermiteSpline(self.arclengths, self._unknowns, self._tangents)
        return np.asarray(spline(arclength))

    def _describe(self, unknowns: Array, found: Evaluation) -> PeriodicOrbit:
        return describe(
            self._equations,
            unknowns,
            found.transition,
            family=self.name,
            northern=self.northern,
        )

    def _condition(self, measure: str, value: float, unknowns: Array) -> tuple[float, Array]:
        """Return the miss of a measure, and its gradient, in the equations' own units."""
        now, gradient = _measure(self._equations, measure, unknowns)
        unit = _unit(self._equations, measure)
        miss = float(now) - value
        if measure == "jacobi":
            motion = self._equations.motion
            above = float(Fraction(value) - constant_at_point(motion))
            miss = float(constant_above_point(motion, self._equations.departure(unknowns))) - above
        return miss / unit, gradient / unit

    def _places(self, measure: str, value: float) -> Array:
        """Return arclengths at which the interpolated measure has a value, in ascending order."""
        curve = self.curve(measure)
        places = np.asarray(curve.solve(value, extrapolate=False), dtype=float)
        places = np.sort(places[np.isfinite(places)])
        # The two pieces that meet in a member may both find it.
        return np.asarray(places[np.diff(places, prepend=-np.inf) > 1e-9])


def trace_family(
    equations: OrbitEquations,
    first: Array,
    *,
    name: str,
    northern: bool | None,
    closest: float,
    max_members: int,
) -> Family:
    """Follow a family from its small end.

    Parameters
    ----------
    equations : OrbitEquations
    first : ndarray, shape (m + 1,)
        Unknowns of its first orbit.
    name : str
    northern : bool or None
    closest : float
        Nondimensional distance from a primary at which to stop.
    max_members : int

    Returns
    -------
    Family

    Raises
    ------
    ValueError
        If not even the first orbits can be corrected.
    """
    motion = equations.motion
    primaries = np.array([[-motion.mass_ratio, 0.0, 0.0], [1.0 - motion.mass_ratio, 0.0, 0.0]])
    flat = 1 if 2 in equations.symmetry.free else None

    def stop(unknowns: Array, found: Evaluation) -> str | None:
        if flat is not None and unknowns[flat] < 0.5 * _FLAT:
            return "it ends in the plane of the primaries"
        ends = np.stack([equations.state(unknowns)[:3], found.final[:3]])
        distances = np.linalg.norm(ends[:, None] - primaries, axis=-1).min(axis=0)
        if distances.min() < closest:
            which = "heavier" if distances.argmin() == 0 else "lighter"
            return f"its orbits come within {closest:.3g} of the {which} primary"
        if symplectic_defect(found.transition) > _LARGEST_DEFECT:
            return "its orbits become too unstable for double precision"
        if np.linalg.norm(ends, axis=-1).max() > _LARGEST:
            return f"its orbits reach farther than {_LARGEST:g} from the centre of mass"
        return None

    towards = np.zeros(len(first))
    towards[flat or 0] = 1.0
    points, end = follow_curve(
        equations,
        first,
        towards,
        stop=stop,
        first_step=_FIRST_STEP,
        largest_step=_LARGEST_STEP,
        max_points=max_members,
    )
    if len(points) < 2:
        raise ValueError(
            f"the {name} family at {motion.point} of mass ratio {motion.mass_ratio!r} could not "
            f"be followed ({end}): give a mass ratio nearer to those of known systems"
        )
    return _assemble(equations, points, name=name, northern=northern, end=end)


def solve_first(equations: OrbitEquations, guess: Array) -> Array | None:
    """Correct a guess, keeping its size: the height, or the x amplitude of a planar orbit.

    Parameters
    ----------
    equations : OrbitEquations
    guess : ndarray, shape (m + 1,)

    Returns
    -------
    ndarray, shape (m + 1,), or None
        None where Newton's method fails.
    """
    place = 1 if 2 in equations.symmetry.free else 0
    fixed = np.zeros(len(guess))
    fixed[place] = 1.0
    size = float(guess[place])
    solved = solve_with(equations, guess, lambda u: (float(u[place]) - size, fixed))
    return None if solved is None else solved[0]


def _assemble(
    equations: OrbitEquations,
    points: list[CurvePoint],
    *,
    name: str,
    northern: bool | None,
    end: str,
) -> Family:
    """Describe all members at once."""
    mu = equations.motion.mass_ratio
    unknowns = np.stack([p.unknowns for p in points])
    states = equations.state(unknowns)
    monodromy = equations.monodromy(np.stack([p.transition for p in points]))
    sums = half_sums(monodromy, constant_gradient(mu, states))
    for array in (unknowns, states, monodromy, sums):
        array.flags.writeable = False  # families are kept and handed out again
    return Family(
        name=name,
        point=equations.motion.point,
        mass_ratio=mu,
        northern=northern,
        states=states,
        periods=unknowns[:, -1] * equations.symmetry.arcs,
        jacobi_constants=jacobi_constant(mu, states),
        stability_indices=stability_index(sums),
        half_sums=sums,
        multipliers=multipliers(sums),
        arclengths=np.array([p.arclength for p in points]),
        end=end,
        _equations=equations,
        _unknowns=unknowns,
        _tangents=np.stack([p.tangent for p in points]),
    )


def _measure(equations: OrbitEquations, measure: str, unknowns: Array) -> tuple[Array, Array]:
    """Return values (...) of a measure and gradients (..., m + 1) by the unknowns."""
    gamma, free = equations.motion.gamma, equations.symmetry.free
    gradient = np.zeros(unknowns.shape)
    if measure == "jacobi":
        mu, state = equations.motion.mass_ratio, equations.state(unknowns)
        gradient[..., :-1] = gamma * constant_gradient(mu, state)[..., list(free)]
        return jacobi_constant(mu, state), gradient
    place = {"x_amplitude": 0, "z_amplitude": 1, "period": -1}[measure]
    factor = float(equations.symmetry.arcs) if measure == "period" else gamma
    gradient[..., place] = factor
    return np.asarray(factor * unknowns[..., place]), gradient


def _unit(equations: OrbitEquations, measure: str) -> float:
    """Return the size of a change of the measure that goes with a change of 1 in the unknowns."""
    gamma = equations.motion.gamma
    return {"jacobi": gamma * gamma, "period": 1.0}.get(measure, gamma)
