"""Each number of nature once: its unit in its name, its source beside it."""

from typing import Final

AU_KM: Final = 149_597_870.7  # exact, IAU 2012 Resolution B2
DAY_S: Final = 86_400.0  # exact
MOON_ORBIT_KM: Final = 384_400.0  # mean distance of the Moon, JPL's table of planetary satellites
J2000_JD: Final = 2_451_545.0  # exact, TT/TDB
STANDARD_GRAVITY_M_S2: Final = 9.80665  # exact, 3rd CGPM 1901
SPEED_OF_LIGHT_KM_S: Final = 299_792.458  # exact, 17th CGPM 1983

GM_SUN_KM3_S2: Final = 1.32712440041279419e11  # DE440 [Park2021]
GM_EARTH_MOON_KM3_S2: Final = 403_503.235625  # Earth and Moon together, DE440 [Park2021]
GM_EARTH_KM3_S2: Final = 398_600.435507  # DE440 [Park2021]
GM_MOON_KM3_S2: Final = 4_902.800118  # DE440 [Park2021]
MASS_EARTH_OVER_MOON: Final = 81.300568221497215  # EMRAT of DE440 [Park2021]
# Planets, those from Mars outwards with their moons, DE440 [Park2021].
GM_MERCURY_KM3_S2: Final = 22_031.868551
GM_VENUS_KM3_S2: Final = 324_858.592000
GM_MARS_KM3_S2: Final = 42_828.375816
GM_JUPITER_KM3_S2: Final = 126_712_764.100000
GM_SATURN_KM3_S2: Final = 37_940_584.841800
GM_URANUS_KM3_S2: Final = 5_794_556.400000
GM_NEPTUNE_KM3_S2: Final = 6_836_527.100580
OBLIQUITY_J2000_ARCSEC: Final = 84_381.448  # IAU 1976, the value of JPL's ecliptic frame

# Oblateness: second zonal harmonic, and the radius that it refers to, DE440 [Park2021].
J2_SUN: Final = 2.1961391516529825e-07  # J2SUN
J2_SUN_RADIUS_KM: Final = 696_000.0  # ASUN
J2_EARTH: Final = 1.0826253900e-03  # J2E
J2_EARTH_RADIUS_KM: Final = 6_378.1366  # RE
SUN_POLE_RA_DEG: Final = 286.13  # north pole in the ICRF [Archinal2018]
SUN_POLE_DEC_DEG: Final = 63.87

# Mean radii [Archinal2018, tables 4 and 5]; the Sun's is IAU 2015 Resolution B3.
RADIUS_SUN_KM: Final = 695_700.0
RADIUS_MERCURY_KM: Final = 2_439.4
RADIUS_VENUS_KM: Final = 6_051.8
RADIUS_EARTH_KM: Final = 6_371.0084
RADIUS_MOON_KM: Final = 1_737.4
RADIUS_MARS_KM: Final = 3_389.50
RADIUS_JUPITER_KM: Final = 69_911.0
RADIUS_SATURN_KM: Final = 58_232.0
RADIUS_URANUS_KM: Final = 25_362.0
RADIUS_NEPTUNE_KM: Final = 24_622.0

# Mass ratios m2 / (m1 + m2). An orbit carries its own; they must not be mixed.
MASS_RATIO_SUN_EARTH_MOON: Final = 3.04042e-6  # Sun and Earth+Moon, from DE440's GMs [Park2021]
MASS_RATIO_SUN_EARTH_JPL: Final = 3.0542e-6  # JPL's periodic-orbit database

# The units of the figure of merit in JPL's list of rendezvous targets [Benner].
EARTH_MEAN_SPEED_KM_S: Final = 29.784  # unit of speed of the heliocentric orbits
LOW_ORBIT_SPEED_KM_S: Final = 7.727  # circular speed of the low Earth orbit of departure

DIAMETER_AT_H_ZERO_KM: Final = 1329.0  # of a body of albedo 1 [PravecHarris2007]
