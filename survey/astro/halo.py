"""Periodic orbits about L1 and L2 by name: halo, planar Lyapunov and vertical Lyapunov.

Each family is reached from a theory of small orbits (Richardson's third order for halos, the
linear one for the others), corrected at perpendicular crossings and followed by pseudo-arclength
continuation; it is kept, so that further members cost milliseconds. Everything is nondimensional
and in the rotating frame [Szebehely1967].
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from survey.astro.bifurcations import find_bifurcations
from survey.astro.family import Family, solve_first, trace_family
from survey.astro.libration import check_mass_ratio, check_point, linear_motion
from survey.astro.periodic import (
    HALO,
    PLANAR,
    VERTICAL,
    OrbitEquations,
    PeriodicOrbit,
    stable_direction,
    states_along,
    unstable_direction,
)
from survey.astro.richardson import richardson_halo

__all__ = [
    "FAMILIES",
    "HaloOrbit",
    "PeriodicOrbit",
    "find_family",
    "halo_family",
    "halo_orbit",
    "lyapunov_family",
    "lyapunov_orbit",
    "stable_direction",
    "states_along",
    "unstable_direction",
    "vertical_family",
    "vertical_orbit",
]

Array = NDArray[np.float64]

HaloOrbit = PeriodicOrbit
"""What `halo_orbit` returns."""

FAMILIES: Final = ("halo", "planar Lyapunov", "vertical Lyapunov")
"""Names of the families."""

_CLOSEST: Final = 0.004  # of gamma; between Sun and Earth, 6,040 km
_MAX_MEMBERS: Final = 500
_RICHARDSON: Final = 0.05  # z amplitude, in units of gamma, at which the theory is asked
_SMALL: Final = 1e-4  # size of the first Lyapunov orbits, in units of gamma
_HEIGHTS: Final = (1e-2, 1e-3, 1e-5)  # of ever flatter halo orbits; the family begins at the last


def halo_orbit(
    mass_ratio: float,
    point: str | int,
    *,
    z_amplitude: float | None = None,
    period: float | None = None,
    jacobi: float | None = None,
    northern: bool = True,
    which: int = 0,
) -> PeriodicOrbit:
    """Return a halo orbit by its size, its period or its Jacobi constant.

    Parameters
    ----------
    mass_ratio : float
        Mass of the lighter primary over the mass of both, in (0, 0.5].
    point : str or int
        "L1" or "L2".
    z_amplitude : float, optional
        Greatest distance from the plane of the primaries, at the crossing of the x-z plane
        farther from the lighter primary.
    period : float, optional
    jacobi : float, optional
        Exactly one of the three.
    northern : bool
        Whether the orbit's high side is above (z > 0) the plane of the primaries.
    which : int
        The family turns back in all three measures, so that two members may share one value: 0
        is the one nearer to the bifurcation from the planar orbits, 1 the next, -1 the last.

    Returns
    -------
    PeriodicOrbit

    Raises
    ------
    ValueError
        For a mass ratio out of its range, another point, none or several of the measures, or a
        value that no member has (the sentence says which there are).
    """
    wanted = _only_one(z_amplitude=z_amplitude, period=period, jacobi=jacobi)
    return halo_family(mass_ratio, point, northern=northern).member(*wanted, which=which)


def lyapunov_orbit(
    mass_ratio: float,
    point: str | int,
    *,
    x_amplitude: float | None = None,
    period: float | None = None,
    jacobi: float | None = None,
    which: int = 0,
) -> PeriodicOrbit:
    """Return a planar Lyapunov orbit by its size, its period or its Jacobi constant.

    Parameters
    ----------
    mass_ratio, point
        As in `halo_orbit`.
    x_amplitude : float, optional
        Distance from the libration point of the crossing at the greater x.
    period, jacobi : float, optional
        Exactly one of the three.
    which : int
        0 is the member nearer to the libration point, where several share the value.

    Returns
    -------
    PeriodicOrbit

    Raises
    ------
    ValueError
        As `halo_orbit`.
    """
    wanted = _only_one(x_amplitude=x_amplitude, period=period, jacobi=jacobi)
    return lyapunov_family(mass_ratio, point).member(*wanted, which=which)


def vertical_orbit(
    mass_ratio: float,
    point: str | int,
    *,
    z_amplitude: float | None = None,
    period: float | None = None,
    jacobi: float | None = None,
    which: int = 0,
) -> PeriodicOrbit:
    """Return a vertical Lyapunov orbit by its size, its period or its Jacobi constant.

    Parameters
    ----------
    mass_ratio, point
        As in `halo_orbit`.
    z_amplitude : float, optional
        Greatest distance from the plane of the primaries.
    period, jacobi : float, optional
        Exactly one of the three.
    which : int
        0 is the member nearer to the libration point, where several share the value.

    Returns
    -------
    PeriodicOrbit

    Raises
    ------
    ValueError
        As `halo_orbit`.
    """
    wanted = _only_one(z_amplitude=z_amplitude, period=period, jacobi=jacobi)
    return vertical_family(mass_ratio, point).member(*wanted, which=which)


def halo_family(
    mass_ratio: float, point: str | int, *, northern: bool = True, closest: float | None = None
) -> Family:
    """Return the halo family, from the planar bifurcation to its near-rectilinear end.

    Parameters
    ----------
    mass_ratio, point
        As in `halo_orbit`.
    northern : bool
        Which of the two mirror images.
    closest : float, optional
        Nondimensional distance from a primary at which to stop; 0.004 of the libration point's
        distance from the lighter primary if not given, which is near the surface of the Earth
        between Sun and Earth.

    Returns
    -------
    Family

    Raises
    ------
    ValueError
        For a mass ratio out of its range, another point, or a distance that is none.
    """
    return find_family(mass_ratio, point, "halo", northern=northern, closest=closest)


def lyapunov_family(mass_ratio: float, point: str | int, *, closest: float | None = None) -> Family:
    """Return the planar Lyapunov family; arguments and errors as in `halo_family`."""
    return find_family(mass_ratio, point, "planar Lyapunov", closest=closest)


def vertical_family(mass_ratio: float, point: str | int, *, closest: float | None = None) -> Family:
    """Return the vertical Lyapunov family; arguments and errors as in `halo_family`."""
    return find_family(mass_ratio, point, "vertical Lyapunov", closest=closest)


def find_family(
    mass_ratio: float,
    point: str | int,
    name: str,
    *,
    northern: bool = True,
    closest: float | None = None,
) -> Family:
    """Return a family by its name; each is followed once and kept.

    Parameters
    ----------
    mass_ratio, point, closest
        As in `halo_family`.
    name : str
        One of `FAMILIES`.
    northern : bool
        Which mirror image, of a halo family.

    Returns
    -------
    Family

    Raises
    ------
    ValueError
        For an unknown name, and as `halo_family`.
    """
    mu, point_name = check_mass_ratio(mass_ratio), check_point(point)
    if name not in FAMILIES:
        raise ValueError(f"unknown family {name!r}: give one of {', '.join(map(repr, FAMILIES))}")
    gamma = linear_motion(mu, point_name).gamma
    nearest = _CLOSEST * gamma if closest is None else float(closest)
    if not 1e-5 * gamma <= nearest < gamma:
        raise ValueError(
            f"a closest approach of {closest!r} cannot be followed to: give a distance from "
            f"{1e-5 * gamma:.3g} to {gamma:.3g}"
        )
    family = _followed(mu, point_name, name, nearest)
    if name != "halo" or northern:
        return family
    states = family.states.copy()
    states[:, 2] *= -1.0
    states.flags.writeable = False
    return replace(family, northern=False, states=states)


@lru_cache(maxsize=24)
def _followed(mu: float, point: str, name: str, closest: float) -> Family:
    """Follow a family (its northern image)."""
    motion = linear_motion(mu, point)
    symmetry = {"halo": HALO, "vertical Lyapunov": VERTICAL}.get(name, PLANAR)
    equations = OrbitEquations(motion, symmetry)
    first = _first_halo(equations) if name == "halo" else _first_lyapunov(equations)
    if first is None:
        raise ValueError(
            f"the {name} family at {point} of mass ratio {mu!r} does not converge from the "
            "theory of small orbits: give a mass ratio nearer to those of known systems"
        )
    return trace_family(
        equations,
        first,
        name=name,
        northern=True if name == "halo" else None,
        closest=closest,
        max_members=_MAX_MEMBERS,
    )


def _first_lyapunov(equations: OrbitEquations) -> Array | None:
    """Correct the smallest orbit of a Lyapunov family, from the linear theory."""
    motion = equations.motion
    if equations.symmetry is VERTICAL:
        guess = np.array([0.0, _SMALL, 0.0, 0.25 * motion.vertical_period])
    else:
        speed = -motion.kappa * motion.in_plane_frequency * _SMALL
        guess = np.array([_SMALL, speed, 0.5 * motion.in_plane_period])
    return solve_first(equations, guess)


def _first_halo(equations: OrbitEquations) -> Array | None:
    """Correct Richardson's orbit, then flatten it until it all but lies in the plane."""
    motion = equations.motion
    theory = richardson_halo(
        motion.mass_ratio, motion.point, z_amplitude=_RICHARDSON * motion.gamma
    )
    orbit = solve_first(equations, equations.unknowns(theory.states(0.0), theory.period))
    for height in _HEIGHTS:
        if orbit is None:
            # Between bodies of like mass the series is poor, but the branch point is there.
            return _branch_from_planar(equations)
        orbit = orbit.copy()
        orbit[1] = height
        orbit = solve_first(equations, orbit)
    return orbit


def _branch_from_planar(equations: OrbitEquations) -> Array | None:
    """Start where the planar orbits lose their vertical stability."""
    motion = equations.motion
    planar = lyapunov_family(motion.mass_ratio, motion.point)
    for bifurcation in find_bifurcations(planar):
        if bifurcation.kind == "tangent" and not bifurcation.fold:
            state = bifurcation.orbit.state.copy()
            if motion.point == "L1":
                # The halo begins at the crossing farther from the lighter primary.
                state = states_along(bifurcation.orbit, 0.5)
            state[2] = _HEIGHTS[-1] * motion.gamma
            return solve_first(equations, equations.unknowns(state, bifurcation.orbit.period))
    return None


def _only_one(**measures: float | None) -> tuple[str, float]:
    """Return the one measure that was given, or say what is wrong."""
    given = {name: value for name, value in measures.items() if value is not None}
    if len(given) != 1:
        raise ValueError(
            f"{len(given)} of {', '.join(measures)} were given to choose an orbit: give exactly one"
        )
    name, value = given.popitem()
    number = float(value)
    if not math.isfinite(number) or (name != "jacobi" and number <= 0.0):
        raise ValueError(
            f"{name}={value!r} is no measure of an orbit: give a finite number"
            f"{'' if name == 'jacobi' else ' above 0'}"
        )
    return name, number
