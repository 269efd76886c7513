"""Each number of nature once: its unit in its name, its source beside it."""

from typing import Final

AU_KM: Final = 149_597_870.7  # exact, IAU 2012 Resolution B2
DAY_S: Final = 86_400.0  # exact
J2000_JD: Final = 2_451_545.0  # exact, TT/TDB
STANDARD_GRAVITY_M_S2: Final = 9.80665  # exact, 3rd CGPM 1901

GM_SUN_KM3_S2: Final = 1.32712440041279419e11  # DE440 [Park2021]
GM_EARTH_MOON_KM3_S2: Final = 403_503.235625  # Earth and Moon together, DE440 [Park2021]
GM_EARTH_KM3_S2: Final = 398_600.435507  # DE440 [Park2021]
MASS_EARTH_OVER_MOON: Final = 81.300568221497215  # EMRAT of DE440 [Park2021]
OBLIQUITY_J2000_ARCSEC: Final = 84_381.448  # IAU 1976, the value of JPL's ecliptic frame

# Mass ratios m2 / (m1 + m2). An orbit carries its own; they must not be mixed.
MASS_RATIO_SUN_EARTH_MOON: Final = 3.04042e-6  # Sun and Earth+Moon, from DE440's GMs [Park2021]
MASS_RATIO_SUN_EARTH_JPL: Final = 3.0542e-6  # JPL's periodic-orbit database

# The units of the figure of merit in JPL's list of rendezvous targets [Benner].
EARTH_MEAN_SPEED_KM_S: Final = 29.784  # unit of speed of the heliocentric orbits
LOW_ORBIT_SPEED_KM_S: Final = 7.727  # circular speed of the low Earth orbit of departure

DIAMETER_AT_H_ZERO_KM: Final = 1329.0  # of a body of albedo 1 [PravecHarris2007]
