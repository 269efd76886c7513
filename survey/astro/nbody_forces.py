"""What pulls an asteroid: Sun, eight planets and Moon, relativity and two oblate bodies.

Heliocentric equations of motion: every body pulls the asteroid and the Sun, so that the pull on
the Sun (the indirect term) is taken off. Added are the Schwarzschild term of the Sun
[MoyerIERS2010], the second zonal harmonic of Sun and Earth, and, where an object has them, the
non-gravitational accelerations A1, A2, A3 of [Marsden1973]. The minor planets do not pull.

Straight-line arithmetic without branches or calls, so that a loop over asteroids becomes SIMD
code; the same lines serve the loop over many asteroids and the careful integration of one. Axes
are those of the ecliptic of J2000; kilometres and seconds.
"""

from __future__ import annotations

import math
from typing import Final

from survey import constants
from survey.astro.compiling import inlined
from survey.constants import (
    AU_KM,
    GM_SUN_KM3_S2,
    J2_EARTH,
    J2_EARTH_RADIUS_KM,
    J2_SUN,
    J2_SUN_RADIUS_KM,
    SPEED_OF_LIGHT_KM_S,
)

PERTURBERS: Final = (
    "mercury", "venus", "earth", "mars", "jupiter", "saturn", "uranus", "neptune", "moon",
)  # fmt: skip
"""The bodies besides the Sun, in the order of every array here; outer planets with their moons."""

GM: Final = (
    constants.GM_MERCURY_KM3_S2, constants.GM_VENUS_KM3_S2, constants.GM_EARTH_KM3_S2,
    constants.GM_MARS_KM3_S2, constants.GM_JUPITER_KM3_S2, constants.GM_SATURN_KM3_S2,
    constants.GM_URANUS_KM3_S2, constants.GM_NEPTUNE_KM3_S2, constants.GM_MOON_KM3_S2,
)  # fmt: skip
# Where an asteroid this near has hit.
RADIUS: Final = (
    constants.RADIUS_MERCURY_KM, constants.RADIUS_VENUS_KM, constants.RADIUS_EARTH_KM,
    constants.RADIUS_MARS_KM, constants.RADIUS_JUPITER_KM, constants.RADIUS_SATURN_KM,
    constants.RADIUS_URANUS_KM, constants.RADIUS_NEPTUNE_KM, constants.RADIUS_MOON_KM,
)  # fmt: skip
# Passes nearer than this are worth a line: 0.1 au at the Earth, about Hill's sphere elsewhere.
NEAR: Final = (7.5e6, 7.5e6, 15.0e6, 7.5e6, 5.0e7, 5.0e7, 5.0e7, 5.0e7, 1.5e6)

# North poles in ecliptic axes; the Earth's is the z axis of the ICRF.
_OBLIQUITY: Final = math.radians(constants.OBLIQUITY_J2000_ARCSEC / 3600.0)
_RA, _DEC = math.radians(constants.SUN_POLE_RA_DEG), math.radians(constants.SUN_POLE_DEC_DEG)
_X, _Y, _Z = math.cos(_RA) * math.cos(_DEC), math.sin(_RA) * math.cos(_DEC), math.sin(_DEC)
SUN_POLE: Final = (
    _X,
    math.cos(_OBLIQUITY) * _Y + math.sin(_OBLIQUITY) * _Z,
    math.cos(_OBLIQUITY) * _Z - math.sin(_OBLIQUITY) * _Y,
)
EARTH_POLE: Final = (0.0, math.sin(_OBLIQUITY), math.cos(_OBLIQUITY))

_SUN_ZONAL: Final = 1.5 * J2_SUN * GM_SUN_KM3_S2 * J2_SUN_RADIUS_KM**2
_EARTH_ZONAL: Final = 1.5 * J2_EARTH * GM[2] * J2_EARTH_RADIUS_KM**2
_RELATIVITY: Final = GM_SUN_KM3_S2 / SPEED_OF_LIGHT_KM_S**2
_SX, _SY, _SZ = SUN_POLE
_EY, _EZ = EARTH_POLE[1], EARTH_POLE[2]


@inlined
def separation(
    x: float, y: float, z: float, px: float, py: float, pz: float,
) -> tuple[float, float, float, float, float]:  # fmt: skip
    """Vector to a body, its length and the cube of it."""
    dx, dy, dz = px - x, py - y, pz - z
    d2 = dx * dx + dy * dy + dz * dz
    d = math.sqrt(d2)
    return dx, dy, dz, d, d2 * d


@inlined
def accelerations(
    x: float, y: float, z: float, vx: float, vy: float, vz: float, p: tuple[float, ...],
) -> tuple[float, float, float, float, float, float, float, float]:  # fmt: skip
    """Acceleration of the two-body problem and all that is added to it.

    Parameters
    ----------
    x, y, z, vx, vy, vz : float
        Heliocentric state, km and km/s.
    p : tuple of 30 float
        Heliocentric positions of the `PERTURBERS` and the sum of their pulls on the Sun.

    Returns
    -------
    kx, ky, kz, ax, ay, az, r, near : float
        Two-body acceleration, the rest, km/s²; distance to the Sun; and the least distance to a
        body less its `NEAR`, km.
    """
    x0, y0, z0, d0, c0 = separation(x, y, z, p[0], p[1], p[2])
    x1, y1, z1, d1, c1 = separation(x, y, z, p[3], p[4], p[5])
    x2, y2, z2, d2, c2 = separation(x, y, z, p[6], p[7], p[8])
    x3, y3, z3, d3, c3 = separation(x, y, z, p[9], p[10], p[11])
    x4, y4, z4, d4, c4 = separation(x, y, z, p[12], p[13], p[14])
    x5, y5, z5, _, c5 = separation(x, y, z, p[15], p[16], p[17])
    x6, y6, z6, _, c6 = separation(x, y, z, p[18], p[19], p[20])
    x7, y7, z7, _, c7 = separation(x, y, z, p[21], p[22], p[23])
    x8, y8, z8, d8, c8 = separation(x, y, z, p[24], p[25], p[26])
    # One division for three reciprocals.
    i012, i345, i678 = 1.0 / (c0 * c1 * c2), 1.0 / (c3 * c4 * c5), 1.0 / (c6 * c7 * c8)
    per_earth3 = i012 * c0 * c1
    g0, g1, g2 = GM[0] * i012 * c1 * c2, GM[1] * i012 * c0 * c2, GM[2] * per_earth3
    g3, g4, g5 = GM[3] * i345 * c4 * c5, GM[4] * i345 * c3 * c5, GM[5] * i345 * c3 * c4
    g6, g7, g8 = GM[6] * i678 * c7 * c8, GM[7] * i678 * c6 * c8, GM[8] * i678 * c6 * c7

    # Small terms first, so that the large ones do not swallow their last digits.
    ax = g6 * x6 + g7 * x7 + g0 * x0 + g8 * x8 + g3 * x3 + g1 * x1 + g2 * x2 + g5 * x5 + g4 * x4
    ay = g6 * y6 + g7 * y7 + g0 * y0 + g8 * y8 + g3 * y3 + g1 * y1 + g2 * y2 + g5 * y5 + g4 * y4
    az = g6 * z6 + g7 * z7 + g0 * z0 + g8 * z8 + g3 * z3 + g1 * z1 + g2 * z2 + g5 * z5 + g4 * z4

    # J2 of the Earth: the vector from it is -(x2, y2, z2).
    per_d2 = per_earth3 * d2
    sine = y2 * _EY + z2 * _EZ
    zonal = _EARTH_ZONAL * per_earth3 * per_d2
    out = zonal * (1.0 - 5.0 * sine * sine * per_d2)
    along = 2.0 * zonal * sine
    ax += out * x2
    ay += out * y2 + along * _EY
    az += out * z2 + along * _EZ

    r2 = x * x + y * y + z * z
    r = math.sqrt(r2)
    per_r3 = 1.0 / (r2 * r)
    per_r2 = per_r3 * r
    sine = x * _SX + y * _SY + z * _SZ
    zonal = _SUN_ZONAL * per_r3 * per_r2
    relativity = _RELATIVITY * per_r3
    rv = x * vx + y * vy + z * vz
    v2 = vx * vx + vy * vy + vz * vz
    out = relativity * (4.0 * GM_SUN_KM3_S2 * per_r3 * r2 - v2) - zonal * (
        1.0 - 5.0 * sine * sine * per_r2
    )
    onward = 4.0 * relativity * rv
    along = -2.0 * zonal * sine
    ax += out * x + onward * vx + along * _SX + p[27]
    ay += out * y + onward * vy + along * _SY + p[28]
    az += out * z + onward * vz + along * _SZ + p[29]

    near = min(
        min(min(d0 - NEAR[0], d1 - NEAR[1]), min(d2 - NEAR[2], d3 - NEAR[3])),
        min(d4 - NEAR[4], d8 - NEAR[8]),
    )
    k = -GM_SUN_KM3_S2 * per_r3
    return k * x, k * y, k * z, ax, ay, az, r, near


@inlined
def outgassing(
    x: float, y: float, z: float, vx: float, vy: float, vz: float, law: tuple[float, ...],
) -> tuple[float, float, float]:  # fmt: skip
    """Non-gravitational acceleration, km/s²; `law` holds A1, A2, A3 (km/s²) and r0, m, n, k.

    A1 points from the Sun, A2 along the motion at a right angle to it, A3 to the orbit's north;
    all times g(r) = alpha (r/r0)^-m (1 + (r/r0)^n)^-k [Marsden1973], alpha such that g(1 au) = 1.
    """
    r = math.sqrt(x * x + y * y + z * z)
    hx, hy, hz = y * vz - z * vy, z * vx - x * vz, x * vy - y * vx
    h = math.sqrt(hx * hx + hy * hy + hz * hz)
    s, au = r / law[3], AU_KM / law[3]
    g = (s / au) ** -law[4] * ((1.0 + s ** law[5]) / (1.0 + au ** law[5])) ** -law[6]
    radial, normal = g * law[0] / r, g * law[2] / h
    onward = g * law[1] / (r * h)
    return (
        radial * x + onward * (hy * z - hz * y) + normal * hx,
        radial * y + onward * (hz * x - hx * z) + normal * hy,
        radial * z + onward * (hx * y - hy * x) + normal * hz,
    )
