"""Who takes part, and how each is called: as its own users call it when they want it fast.

A contestant is a function of the problems that returns two more: ``solve()``, which is timed,
and ``answer(result)``, which is not, giving float64 arrays for the judge. Peers are imported
inside, for each runs in a process of its own. The peers are taken as published:

* pykep 3.0.1 was published without the data files of its ``pykep.trajopt.gym``, so that ``import
  pykep`` ends in FileNotFoundError (esa/pykep#217). An empty module put in that place
  before the import is enough; nothing installed is changed. It also aborts at random as the
  interpreter exits and crashes beside numba, hence the process of its own and no orderly exit.
* lamberthub's ``izzo2015`` and boinor's ``boinor.core.iod.izzo`` are compiled by numba: a
  compiled loop calls them, so they pay nothing to the interpreter. Their tolerances are their own.
* adam_core's batch solver is compiled from Rust and would use all cores; it is given one.
"""

from __future__ import annotations

import importlib
import math
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.problems import Arrays, flat_elements

Solve = Callable[[], Any]
Answer = Callable[[Any], Arrays]

EXCERPT = Path(__file__).resolve().parents[1] / "survey" / "data" / "de440_1978_2066.bsp"


@dataclass(frozen=True)
class Contestant:
    """One entry of a race: `build` makes it ready; `package` and `install` say what it needs."""

    label: str
    build: Callable[[Arrays], tuple[Solve, Answer]]
    package: str
    install: str = ""
    few: int = 0  # only the first so many problems: it is slow


def _survey_lambert(data: Arrays) -> tuple[Solve, Answer]:
    from survey.astro.lambert import solve_lambert

    mu, r1, r2, tof = float(data["mu"]), data["r1"], data["r2"], data["tof"]

    def answer(result: Any) -> Arrays:
        v1, v2, status = result
        bad = status != 0
        v1[bad], v2[bad] = np.nan, np.nan
        return {"v1": v1, "v2": v2}

    return lambda: solve_lambert(mu, r1, r2, tof), answer


def _import_pykep() -> Any:
    gym = "pykep.trajopt.gym"
    sys.modules.setdefault(gym, types.ModuleType(gym))
    options = np.get_printoptions()
    pykep = importlib.import_module("pykep")
    np.set_printoptions(**options)  # which pykep changes
    return pykep


def _pykep_lambert(data: Arrays) -> tuple[Solve, Answer]:
    problem = _import_pykep().lambert_problem
    mu, tofs = float(data["mu"]), data["tof"].tolist()
    first, second = data["r1"].tolist(), data["r2"].tolist()  # lists are faster here than arrays

    def solve() -> None:
        for r1, r2, tof in zip(first, second, tofs, strict=True):
            solved = problem(r1, r2, tof, mu)
            _ = solved.v0, solved.v1  # read but not kept: keeping them takes as long again

    def answer(_: Any) -> Arrays:
        solved = [problem(*case, mu) for case in zip(first, second, tofs, strict=True)]
        return {
            "v1": np.array([one.v0[0] for one in solved]),
            "v2": np.array([one.v1[0] for one in solved]),
        }

    return solve, answer


def _lamberthub(data: Arrays) -> tuple[Solve, Answer]:
    from lamberthub import izzo2015
    from numba import njit

    @njit
    def loop(mu, r1, r2, tof):
        v1, v2 = np.empty_like(r1), np.empty_like(r1)
        for j in range(tof.size):
            v1[j], v2[j] = izzo2015(mu, r1[j], r2[j], tof[j])
        return v1, v2

    mu = float(data["mu"])
    return lambda: loop(mu, data["r1"], data["r2"], data["tof"]), _velocities


def _boinor_lambert(data: Arrays) -> tuple[Solve, Answer]:
    from boinor.core.iod import izzo
    from numba import njit

    @njit
    def loop(mu, r1, r2, tof):
        v1, v2 = np.empty_like(r1), np.empty_like(r1)
        for j in range(tof.size):
            v1[j], v2[j] = izzo(mu, r1[j], r2[j], tof[j], 0, True, True, 35, 1e-8)
        return v1, v2

    mu = float(data["mu"])
    return lambda: loop(mu, data["r1"], data["r2"], data["tof"]), _velocities


def _boinor_quantities(data: Arrays) -> tuple[Solve, Answer]:
    import astropy.units as u
    from boinor.iod.izzo import lambert

    mu = float(data["mu"]) * u.km**3 / u.s**2
    first, second, tofs = data["r1"] * u.km, data["r2"] * u.km, data["tof"] * u.s
    unit = u.km / u.s

    def solve() -> Any:
        return [lambert(mu, *case) for case in zip(first, second, tofs, strict=True)]

    def answer(result: Any) -> Arrays:
        v1, v2 = zip(*result, strict=True)
        return {
            "v1": np.array([v.to_value(unit) for v in v1]),
            "v2": np.array([v.to_value(unit) for v in v2]),
        }

    return solve, answer


def _adam_core_lambert(data: Arrays) -> tuple[Solve, Answer]:
    from adam_core.dynamics.lambert import solve_lambert

    mu, r1, r2, tof = float(data["mu"]), data["r1"], data["r2"], data["tof"]
    return lambda: solve_lambert(r1, r2, tof, mu=mu), _velocities


def _velocities(result: Any) -> Arrays:
    return {"v1": np.asarray(result[0]), "v2": np.asarray(result[1])}


def _states(result: Any) -> Arrays:
    r, v = result
    return {"r": np.asarray(r).reshape(-1, 3), "v": np.asarray(v).reshape(-1, 3)}


def _survey_grid(data: Arrays) -> tuple[Solve, Answer]:
    from survey.astro.kepler import elements_to_state

    mu, mean = float(data["mu"]), data["anomalies"]
    orbits = [np.ascontiguousarray(column)[:, None] for column in data["orbits"].T]
    return lambda: elements_to_state(mu, *orbits, mean), _states


def _survey_each(data: Arrays) -> tuple[Solve, Answer]:
    from survey.astro.kepler import elements_to_state

    mu = float(data["mu"])
    columns = [np.ascontiguousarray(column) for column in flat_elements(data).T]
    return lambda: elements_to_state(mu, *columns), _states


def _adam_core_kepler(data: Arrays) -> tuple[Solve, Answer]:
    from adam_core._rust.api import keplerian_to_cartesian_numpy

    rows = flat_elements(data)
    rows[:, 2:] = np.degrees(rows[:, 2:])
    mu = np.full(len(rows), float(data["mu"]))
    return lambda: keplerian_to_cartesian_numpy(rows, mu), lambda x: _states((x[:, :3], x[:, 3:]))


def _boinor_kepler(data: Arrays) -> tuple[Solve, Answer]:
    from boinor.core.angles import E_to_nu, M_to_E
    from boinor.core.elements import coe2rv
    from numba import njit

    @njit
    def loop(mu, rows):
        r, v = np.empty((len(rows), 3)), np.empty((len(rows), 3))
        for j in range(len(rows)):
            a, e, incl, node, argp, mean = rows[j]
            nu = E_to_nu(M_to_E(mean, e), e)
            r[j], v[j] = coe2rv(mu, a * (1 - e * e), e, incl, node, argp, nu)
        return r, v

    mu, rows = float(data["mu"]), flat_elements(data)
    return lambda: loop(mu, rows), _states


def _pykep_kepler(data: Arrays) -> tuple[Solve, Answer]:
    pykep = _import_pykep()
    mu, rows = float(data["mu"]), flat_elements(data).tolist()
    true_anomaly, state = pykep.m2f, pykep.par2ic

    def solve() -> Any:
        return [
            state([a, e, incl, node, argp, true_anomaly(mean, e)], mu)
            for a, e, incl, node, argp, mean in rows
        ]

    return solve, lambda x: _states((np.array([s[0] for s in x]), np.array([s[1] for s in x])))


def _survey_earth(data: Arrays) -> tuple[Solve, Answer]:
    from survey.ephemeris import ecliptic_to_icrf, heliocentric_state

    def answer(result: Any) -> Arrays:
        return _states(tuple(ecliptic_to_icrf(x) for x in result))

    return lambda: heliocentric_state("earth", data["jd_tdb"]), answer


def _astropy_earth(ephemeris: str) -> Callable[[Arrays], tuple[Solve, Answer]]:
    """Earth minus Sun, ICRF; the turn to the ecliptic is left out, in astropy's favour."""

    def build(data: Arrays) -> tuple[Solve, Answer]:
        from astropy.coordinates import get_body_barycentric_posvel
        from astropy.time import Time

        times = Time(data["jd_tdb"], format="jd", scale="tdb")

        def solve() -> Any:
            earth, sun = (
                get_body_barycentric_posvel(body, times, ephemeris=ephemeris)
                for body in ("earth", "sun")
            )
            return earth[0] - sun[0], earth[1] - sun[1]

        def answer(result: Any) -> Arrays:
            r, v = (part.get_xyz(xyz_axis=-1) for part in result)
            return {"r": r.to_value("km"), "v": v.to_value("km/s")}

        return solve, answer

    return build


_EARTH_LESS_SUN = ((0, 3), (3, 399), (0, 10))


def jplephem_earth(kernel: Any, jd_tdb: NDArray[np.float64]) -> tuple[Any, Any]:
    """Heliocentric ICRF states of the Earth, km and km/s, by jplephem from an open SPK file."""
    parts = [kernel[pair].compute_and_differentiate(jd_tdb) for pair in _EARTH_LESS_SUN]
    (r0, v0), (r1, v1), (r2, v2) = parts
    return (r0 + r1 - r2).T, (v0 + v1 - v2).T / 86_400.0


def _jplephem(data: Arrays) -> tuple[Solve, Answer]:
    from jplephem.spk import SPK

    kernel = SPK.open(str(EXCERPT))
    return lambda: jplephem_earth(kernel, data["jd_tdb"]), _states


_PYKEP, _ADAM, _BOINOR = "pykep>=3.0.1", "adam-core>=0.6", "boinor>=0.20,<0.21"

# The first of each task is ours: the others are measured against it.
_LAMBERT = (
    Contestant("survey", _survey_lambert, "survey"),
    Contestant("adam_core, batch in Rust", _adam_core_lambert, "adam_core", _ADAM),
    Contestant("lamberthub izzo2015, numba loop", _lamberthub, "lamberthub", "lamberthub>=1.0"),
    Contestant("boinor izzo, numba loop", _boinor_lambert, "boinor", _BOINOR),
    Contestant("pykep lambert_problem", _pykep_lambert, "pykep", _PYKEP),
    Contestant("boinor with Quantities", _boinor_quantities, "boinor", _BOINOR, few=1024),
)

RACES: dict[str, tuple[Contestant, ...]] = {
    "lambert": _LAMBERT,
    "wide": _LAMBERT,
    "kepler": (
        Contestant("survey, orbits x epochs", _survey_grid, "survey"),
        Contestant("survey, each its own orbit", _survey_each, "survey"),
        Contestant("adam_core, batch in Rust", _adam_core_kepler, "adam_core", _ADAM),
        Contestant("boinor coe2rv, numba loop", _boinor_kepler, "boinor", _BOINOR),
        Contestant("pykep m2f, par2ic", _pykep_kepler, "pykep", _PYKEP),
    ),
    "planets": (
        Contestant("survey", _survey_earth, "survey"),
        Contestant("jplephem, same file", _jplephem, "jplephem", "jplephem>=2.22"),
        Contestant("astropy, same file", _astropy_earth(str(EXCERPT)), "astropy", "astropy>=7"),
        Contestant("astropy, built-in series", _astropy_earth("builtin"), "astropy", "astropy>=7"),
    ),
}


def take_few(task: str, data: Arrays, few: int) -> Arrays:
    """Cut the problems to the first `few` (0: all of them); only a Lambert peer is so slow."""
    if not few or RACES[task] is not _LAMBERT:
        return data
    return {name: array[:few] if array.ndim else array for name, array in data.items()}


def size(task: str, data: Arrays) -> int:
    """How many problems or states one call of ``solve`` gives."""
    key = {"lambert": "tof", "wide": "tof", "kepler": "anomalies", "planets": "jd_tdb"}[task]
    return math.prod(data[key].shape)
