"""Richardson's third-order halo orbit: the first guess from which the exact one is corrected.

Symbols are those of [Richardson1980]: amplitudes and coordinates in units of the distance gamma,
λ the in-plane frequency, k the ratio of its amplitudes, Δ = λ² - c₂.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro.libration import LinearMotion, expansion_coefficient, linear_motion

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ThirdOrderHalo:
    """A halo orbit to third order in its amplitudes.

    Attributes
    ----------
    motion : LinearMotion
        The point it goes round.
    x_amplitude, z_amplitude : float
        A_x and A_z of the theory, nondimensional; the constraint ties one to the other.
    northern : bool
        Whether it rises higher above the primaries' plane than it sinks below it.
    period : float
        Nondimensional.
    """

    motion: LinearMotion
    x_amplitude: float
    z_amplitude: float
    northern: bool
    period: float
    _x: tuple[float, ...]
    _y: tuple[float, ...]
    _z: tuple[float, ...]

    def states(self, phases: ArrayLike) -> Array:
        """Return states at fractions of the period.

        Parameters
        ----------
        phases : array_like, shape (...)
            0 is the crossing of the x-z plane farther from the lighter primary, where a northern
            orbit is highest.

        Returns
        -------
        ndarray, shape (..., 6)
            Rotating frame, nondimensional.
        """
        far = 0.5 if self.motion.point == "L2" else 0.0
        tau = 2.0 * math.pi * (np.asarray(phases, dtype=float) + far)
        rate = 2.0 * math.pi / self.period
        n = np.arange(4)
        cosines, sines = np.cos(n * tau[..., None]), np.sin(n * tau[..., None])
        gamma = self.motion.gamma
        x, y, z = (np.array(c) * gamma for c in (self._x, self._y, self._z))
        return np.stack(
            [
                self.motion.x + cosines @ x,
                sines @ y,
                cosines @ z,
                -rate * (sines @ (n * x)),
                rate * (cosines @ (n * y)),
                -rate * (sines @ (n * z)),
            ],
            axis=-1,
        )


@dataclass(frozen=True)
class _Coefficients:
    """The constants of [Richardson1980], appendix; they depend on the point alone."""

    lam: float
    k: float
    a: dict[str, float]
    s1: float
    s2: float
    l1: float
    l2: float
    delta: float


def richardson_halo(
    mass_ratio: float, point: str | int, *, z_amplitude: float, northern: bool = True
) -> ThirdOrderHalo:
    """Return the third-order halo orbit of a given out-of-plane amplitude.

    Parameters
    ----------
    mass_ratio : float
        Mass of the lighter primary over the mass of both, in (0, 0.5].
    point : str or int
        "L1" or "L2".
    z_amplitude : float
        A_z, nondimensional, not negative.
    northern : bool
        Which of the two mirror images.

    Returns
    -------
    ThirdOrderHalo

    Raises
    ------
    ValueError
        For a mass ratio or point out of range, a negative amplitude, or one so large that the
        amplitude constraint has no solution.
    """
    motion = linear_motion(mass_ratio, point)
    if not (z_amplitude >= 0.0 and math.isfinite(z_amplitude)):
        raise ValueError(
            f"a z amplitude of {z_amplitude!r} is no length: give a number of 0 or more in units "
            "of the primaries' distance"
        )
    q = _coefficients(motion)
    az = z_amplitude / motion.gamma
    square = -(q.delta + q.l2 * az * az) / q.l1
    if not square > 0.0:
        raise ValueError(
            f"no third-order halo has a z amplitude of {z_amplitude!r}: ask for less than "
            f"{math.sqrt(abs(q.delta / q.l2)) * motion.gamma:.4g}"
        )
    ax = math.sqrt(square)
    frequency = q.lam * (1.0 + q.s1 * square + q.s2 * az * az)
    a = q.a
    # The sign that makes the far crossing high: class I of the paper at L1, class II at L2.
    up = 1.0 if northern == (motion.point == "L1") else -1.0
    x = (
        a["a21"] * square + a["a22"] * az * az,
        -ax,
        a["a23"] * square - a["a24"] * az * az,
        a["a31"] * ax * square - a["a32"] * ax * az * az,
    )
    y = (
        0.0,
        q.k * ax,
        a["b21"] * square - a["b22"] * az * az,
        a["b31"] * ax * square - a["b32"] * ax * az * az,
    )
    z = (
        -3.0 * up * a["d21"] * ax * az,
        up * az,
        up * a["d21"] * ax * az,
        up * (a["d32"] * az * square - a["d31"] * az**3),
    )
    return ThirdOrderHalo(
        motion=motion,
        x_amplitude=ax * motion.gamma,
        z_amplitude=z_amplitude,
        northern=northern,
        period=2.0 * math.pi / frequency,
        _x=x,
        _y=y,
        _z=z,
    )


def _coefficients(motion: LinearMotion) -> _Coefficients:
    """Evaluate the paper's appendix for one point."""
    c2 = motion.c2
    c3 = expansion_coefficient(motion.mass_ratio, motion.point, 3)
    c4 = expansion_coefficient(motion.mass_ratio, motion.point, 4)
    lam, k = motion.in_plane_frequency, motion.kappa
    l2_, k2 = lam * lam, k * k

    d1 = 3.0 * l2_ / k * (k * (6.0 * l2_ - 1.0) - 2.0 * lam)
    d2 = 8.0 * l2_ / k * (k * (11.0 * l2_ - 1.0) - 2.0 * lam)
    a21 = 3.0 * c3 * (k2 - 2.0) / (4.0 * (1.0 + 2.0 * c2))
    a22 = 3.0 * c3 / (4.0 * (1.0 + 2.0 * c2))
    a23 = -3.0 * c3 * lam / (4.0 * k * d1) * (3.0 * k2 * k * lam - 6.0 * k * (k - lam) + 4.0)
    a24 = -3.0 * c3 * lam / (4.0 * k * d1) * (2.0 + 3.0 * k * lam)
    b21 = -3.0 * c3 * lam / (2.0 * d1) * (3.0 * k * lam - 4.0)
    b22 = 3.0 * c3 * lam / d1
    d21 = -c3 / (2.0 * l2_)

    # Combinations that several third-order coefficients share.
    p = 4.0 * c3 * (k * a23 - b21) + k * c4 * (4.0 + k2)
    q = 3.0 * c3 * (2.0 * a23 - k * b21) + c4 * (2.0 + 3.0 * k2)
    r = 4.0 * c3 * (k * a24 - b22) + k * c4
    s = c3 * (k * b22 + d21 - 2.0 * a24) - c4
    in_plane, along = 9.0 * l2_ + 1.0 - c2, 9.0 * l2_ + 1.0 + 2.0 * c2
    a31 = (-9.0 * lam / 4.0 * p + 0.5 * in_plane * q) / d2
    a32 = -(9.0 * lam / 4.0 * r + 1.5 * in_plane * s) / d2
    b31 = 3.0 / (8.0 * d2) * (-8.0 * lam * q + along * p)
    b32 = (9.0 * lam * s + 3.0 / 8.0 * along * r) / d2
    d31 = 3.0 / (64.0 * l2_) * (4.0 * c3 * a24 + c4)
    d32 = 3.0 / (64.0 * l2_) * (4.0 * c3 * (a23 - d21) + c4 * (4.0 + k2))

    scale = 1.0 / (2.0 * lam * (lam * (1.0 + k2) - 2.0 * k))
    s1 = scale * (
        1.5 * c3 * (2.0 * a21 * (k2 - 2.0) - a23 * (k2 + 2.0) - 2.0 * k * b21)
        - 0.375 * c4 * (3.0 * k2 * k2 - 8.0 * k2 + 8.0)
    )
    s2 = scale * (
        1.5 * c3 * (2.0 * a22 * (k2 - 2.0) + a24 * (k2 + 2.0) + 2.0 * k * b22 + 5.0 * d21)
        + 0.375 * c4 * (12.0 - k2)
    )
    a1 = -1.5 * c3 * (2.0 * a21 + a23 + 5.0 * d21) - 0.375 * c4 * (12.0 - k2)
    a2 = 1.5 * c3 * (a24 - 2.0 * a22) + 1.125 * c4
    names = ("a21", "a22", "a23", "a24", "a31", "a32", "b21", "b22", "b31", "b32")
    values = (a21, a22, a23, a24, a31, a32, b21, b22, b31, b32)
    return _Coefficients(
        lam=lam,
        k=k,
        a=dict(zip(names, values, strict=True)) | {"d21": d21, "d31": d31, "d32": d32},
        s1=s1,
        s2=s2,
        l1=a1 + 2.0 * l2_ * s1,
        l2=a2 + 2.0 * l2_ * s2,
        delta=l2_ - c2,
    )
