"""Motion close to L1 or L2: the linear theory, and the expansion that goes beyond it.

The frame of the expansion has its origin at the libration point and the axes of the rotating
frame; its unit of length is the point's distance ``gamma`` from the lighter primary
[Richardson1980].
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro.cr3bp import collinear_distances

Array = NDArray[np.float64]

POINTS: Final = ("L1", "L2")


@dataclass(frozen=True)
class LinearMotion:
    """What the equations of motion, linearised at L1 or L2, say.

    Attributes
    ----------
    mass_ratio : float
        Mass of the lighter primary over the mass of both.
    point : str
        "L1" or "L2".
    x : float
        Abscissa of the point in the rotating frame.
    gamma : float
        Its distance from the lighter primary.
    c2 : float
        Second coefficient of the expansion of the potential (`expansion_coefficient`).
    growth_rate : float
        Real exponent λ: a departure grows by e in the time 1/λ.
    in_plane_frequency, vertical_frequency : float
        ω_p and ω_v, radians per unit of time.
    kappa : float
        Ratio of the y to the x amplitude of the in-plane oscillation.
    """

    mass_ratio: float
    point: str
    x: float
    gamma: float
    c2: float
    growth_rate: float
    in_plane_frequency: float
    vertical_frequency: float
    kappa: float

    @property
    def in_plane_period(self) -> float:
        """Period of a vanishingly small planar Lyapunov orbit."""
        return 2.0 * math.pi / self.in_plane_frequency

    @property
    def vertical_period(self) -> float:
        """Period of a vanishingly small vertical Lyapunov orbit."""
        return 2.0 * math.pi / self.vertical_frequency


def check_mass_ratio(mass_ratio: float) -> float:
    """Return the mass ratio as a float, or say what is wrong with it."""
    value = float(mass_ratio)
    if not 0.0 < value <= 0.5:
        raise ValueError(
            f"a mass ratio of {mass_ratio!r} is outside (0, 0.5]: give the lighter primary's mass "
            "over the mass of both"
        )
    return value


def check_point(point: str | int) -> str:
    """Return "L1" or "L2" for any spelling of either, or say what is wrong with it."""
    name = str(point).strip().upper()
    name = name if name.startswith("L") else "L" + name
    if name not in POINTS:
        raise ValueError(f'unknown libration point {point!r}: give "L1" or "L2"')
    return name


def linear_motion(mass_ratio: float, point: str | int) -> LinearMotion:
    """Solve the linearised problem at a collinear point.

    Parameters
    ----------
    mass_ratio : float
        Mass of the lighter primary over the mass of both, in (0, 0.5].
    point : str or int
        "L1" or "L2".

    Returns
    -------
    LinearMotion

    Raises
    ------
    ValueError
        For a mass ratio out of its range, or another point.

    Notes
    -----
    In-plane exponents solve ``s⁴ + (2 - c2) s² + (1 + 2 c2)(1 - c2) = 0``, the vertical
    frequency is ``√c2`` [Richardson1980].
    """
    mu = check_mass_ratio(mass_ratio)
    name = check_point(point)
    gamma = _distance(mu, name)
    c2 = _coefficient(mu, name, gamma, 2)
    root = math.sqrt(c2 * (9.0 * c2 - 8.0))
    omega = math.sqrt(0.5 * (2.0 - c2 + root))
    return LinearMotion(
        mass_ratio=mu,
        point=name,
        x=1.0 - mu + (gamma if name == "L2" else -gamma),
        gamma=gamma,
        c2=c2,
        growth_rate=math.sqrt(0.5 * (c2 - 2.0 + root)),
        in_plane_frequency=omega,
        vertical_frequency=math.sqrt(c2),
        kappa=(omega * omega + 1.0 + 2.0 * c2) / (2.0 * omega),
    )


def expansion_coefficient(mass_ratio: float, point: str | int, order: int) -> float:
    """Return c_n, the weight of the n-th Legendre term of the potential at L1 or L2.

    Parameters
    ----------
    mass_ratio : float
        Mass of the lighter primary over the mass of both, in (0, 0.5].
    point : str or int
        "L1" or "L2".
    order : int
        n, at least 2.

    Returns
    -------
    float
        Such that both primaries' attraction is the gradient of ``Σ c_n ρⁿ P_n(ξ/ρ)`` plus a
        constant force, in units of ``gamma`` [Richardson1980].

    Raises
    ------
    ValueError
        For a mass ratio out of its range, another point, or an order below 2.
    """
    mu = check_mass_ratio(mass_ratio)
    name = check_point(point)
    if order < 2:
        raise ValueError(f"the expansion begins with order 2, not {order}: give 2 or more")
    return _coefficient(mu, name, _distance(mu, name), order)


def linear_state(
    motion: LinearMotion,
    *,
    x_amplitude: float,
    z_amplitude: float,
    times: ArrayLike,
    phase: float = 0.0,
    z_phase: float = 0.0,
) -> Array:
    """Return a Lissajous path of the linear theory, without its growing and decaying parts.

    Parameters
    ----------
    motion : LinearMotion
        The point.
    x_amplitude, z_amplitude : float
        In-plane amplitude along x, and out-of-plane amplitude, nondimensional.
    times : array_like, shape (...)
        Nondimensional.
    phase, z_phase : float
        Radians: x is greatest at phase 0, z at z_phase 0.

    Returns
    -------
    ndarray, shape (..., 6)
        In the rotating frame.
    """
    t = np.asarray(times, dtype=float)
    w, v = motion.in_plane_frequency, motion.vertical_frequency
    a, b = w * t + phase, v * t + z_phase
    ay = motion.kappa * x_amplitude
    return np.stack(
        [
            motion.x + x_amplitude * np.cos(a),
            -ay * np.sin(a),
            z_amplitude * np.cos(b),
            -x_amplitude * w * np.sin(a),
            -ay * w * np.cos(a),
            -z_amplitude * v * np.sin(b),
        ],
        axis=-1,
    )


def linear_modes(motion: LinearMotion) -> Array:
    """Return the six modes of the linear theory as columns.

    Parameters
    ----------
    motion : LinearMotion

    Returns
    -------
    ndarray, shape (6, 6)
        Departures from the point: the in-plane oscillation of unit x amplitude at phases 0 and
        π/2, the vertical one of unit amplitude at the same phases, then the decaying and the
        growing motion of unit x. Of any small departure d, ``solve(modes, d)`` therefore gives
        A cos φ, A sin φ, B cos ψ, B sin ψ and what decays and grows.
    """
    quarter = 0.5 * math.pi
    columns = [
        linear_state(motion, x_amplitude=a, z_amplitude=b, times=0.0, phase=phase, z_phase=phase)
        for a, b in ((1.0, 0.0), (0.0, 1.0))
        for phase in (0.0, quarter)
    ]
    columns = [column - [motion.x, 0.0, 0.0, 0.0, 0.0, 0.0] for column in columns]
    rate = motion.growth_rate
    slant = (rate * rate - 1.0 - 2.0 * motion.c2) / (2.0 * rate)
    for sign in (-1.0, 1.0):
        along = np.array([1.0, sign * slant, 0.0])
        columns.append(np.concatenate([along, sign * rate * along]))
    return np.stack(columns, axis=-1)


def constant_at_point(motion: LinearMotion) -> Fraction:
    """Return the Jacobi constant of the libration point, without rounding.

    Parameters
    ----------
    motion : LinearMotion

    Returns
    -------
    fractions.Fraction
        Exact for the mass ratio and, because it is stationary there, right to the square of
        the rounding of gamma.
    """
    mu, gamma = Fraction(motion.mass_ratio), Fraction(motion.gamma)
    from_heavy = 1 + gamma if motion.point == "L2" else 1 - gamma
    return (from_heavy - mu) ** 2 + 2 * (1 - mu) / from_heavy + 2 * mu / gamma


def constant_above_point(motion: LinearMotion, departure: ArrayLike) -> Array:
    """Return the Jacobi constant less that of the libration point.

    Parameters
    ----------
    motion : LinearMotion
    departure : array_like, shape (..., 6)
        State less that of the point at rest.

    Returns
    -------
    ndarray, shape (...)
        With the relative precision of its terms. The constant itself is rounded to 4e-16, which
        is much of what tells one small orbit from the next.
    """
    x, y, z, vx, vy, vz = np.moveaxis(np.asarray(departure, dtype=float), -1, 0)
    across = y * y + z * z
    mu, side = motion.mass_ratio, 1.0 if motion.point == "L2" else -1.0
    value = x * (2.0 * motion.x + x) + y * y - (vx * vx + vy * vy + vz * vz)
    for mass, rest in ((1.0 - mu, 1.0 + side * motion.gamma), (mu, side * motion.gamma)):
        now, then = np.sqrt((rest + x) ** 2 + across), abs(rest)
        squares = x * (2.0 * rest + x) + across
        value = value - 2.0 * mass * squares / (now * then * (now + then))
    return np.asarray(value, dtype=float)


def _distance(mu: float, point: str) -> float:
    """Return the point's distance from the lighter primary, to all its digits."""
    return float(collinear_distances(mu)[POINTS.index(point)])


def _coefficient(mu: float, point: str, gamma: float, n: int) -> float:
    sign = (-1.0) ** n
    if point == "L1":
        heavy, light = gamma / (1.0 - gamma), 1.0
    else:
        heavy, light = gamma / (1.0 + gamma), sign
    return (light * mu + sign * (1.0 - mu) * heavy ** (n + 1)) / gamma**3
