"""The problems that every contestant solves: made once from a seed, handed over as one file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.truth import positions
from survey.constants import AU_KM, DAY_S, GM_SUN_KM3_S2

Arrays = dict[str, NDArray[np.float64]]

SEED = 20_150_613
COUNT = 20_480
EPOCHS_PER_ORBIT = 128
FIRST_JD_TDB, LAST_JD_TDB = 2_461_406.5, 2_465_788.5  # 2027-01-01 to 2038-12-31


def make_problems(folder: Path, *, count: int = COUNT) -> dict[str, Path]:
    """Write one ``.npz`` for each task, and say where: ``{task: path}``."""
    makers = {
        "lambert": lambert_problems,
        "wide": wide_problems,
        "kepler": kepler_problems,
        "planets": planet_problems,
    }
    paths = {}
    for number, (task, make) in enumerate(makers.items()):
        paths[task] = folder / f"{task}.npz"
        np.savez(paths[task], **make(np.random.default_rng([SEED, number]), count))
    return paths


def lambert_problems(rng: np.random.Generator, count: int) -> Arrays:
    """Prograde arcs from L2 to near-Earth asteroids at any moment; flights of 30 to 730 d; km, s.

    L2 goes round on the Earth's ellipse, made larger; an asteroid is near-Earth if its perihelion
    lies inside 1.3 au.
    """
    a = np.exp(rng.uniform(np.log(0.6), np.log(4.0), 4 * count))
    e = rng.uniform(0.0, 0.95, 4 * count)
    near = np.flatnonzero(a * (1.0 - e) < 1.3)[:count]
    start = np.zeros((count, 6))
    start[:, 0], start[:, 1] = 1.01 * AU_KM, 0.0167
    start[:, 5] = rng.uniform(-np.pi, np.pi, count)
    aim = np.column_stack([a[near] * AU_KM, e[near], _angles(rng, count)])
    return _arcs(rng, start, aim)


def wide_problems(rng: np.random.Generator, count: int) -> Arrays:
    """Prograde arcs between two orbits anywhere: fast hyperbolas and long detours among them."""
    ends = []
    for _ in range(2):
        a = np.exp(rng.uniform(np.log(0.6), np.log(4.0), count)) * AU_KM
        ends.append(np.column_stack([a, rng.uniform(0.0, 0.8, count), _angles(rng, count)]))
    return _arcs(rng, *ends)


def _angles(rng: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Inclination, node, argument of perihelion, mean anomaly, rad, shape ``(count, 4)``."""
    incl = np.radians(rng.rayleigh(12.0, count))
    node, argp, mean = rng.uniform(-np.pi, np.pi, (3, count))
    return np.stack([incl, node, argp, mean], axis=-1)


def _arcs(rng: np.random.Generator, start: NDArray[np.float64], aim: NDArray[np.float64]) -> Arrays:
    r1, r2 = (positions(rows).astype(np.float64) for rows in (start, aim))
    tof = rng.uniform(30.0, 730.0, len(r1)) * DAY_S
    return {"mu": np.float64(GM_SUN_KM3_S2), "r1": r1, "r2": r2, "tof": tof}


def kepler_problems(rng: np.random.Generator, count: int) -> Arrays:
    """Elements of asteroids at many mean anomalies each: ``orbits (n, 5)``, ``anomalies (n, m)``.

    The columns are a (km), e, i, node, argument of perihelion (rad); this is the shape of the
    survey's own work, every asteroid at every arrival epoch.
    """
    m = min(EPOCHS_PER_ORBIT, count)
    n = count // m
    orbits = np.stack(
        [
            np.exp(rng.uniform(np.log(0.6), np.log(4.0), n)) * AU_KM,
            rng.uniform(0.0, 0.97, n),
            np.radians(rng.rayleigh(12.0, n)),
            rng.uniform(0.0, 2.0 * np.pi, n),
            rng.uniform(0.0, 2.0 * np.pi, n),
        ],
        axis=-1,
    )
    anomalies = rng.uniform(-np.pi, np.pi, (n, m))
    return {"mu": np.float64(GM_SUN_KM3_S2), "orbits": orbits, "anomalies": anomalies}


def planet_problems(rng: np.random.Generator, count: int) -> Arrays:
    """Epochs in no order, JD TDB."""
    return {"jd_tdb": rng.uniform(FIRST_JD_TDB, LAST_JD_TDB, count)}


def flat_elements(data: Arrays) -> NDArray[np.float64]:
    """One row ``a, e, i, node, argument of perihelion, M`` per state, for those who want it so."""
    rows = np.repeat(data["orbits"], data["anomalies"].shape[1], axis=0)
    return np.column_stack([rows, data["anomalies"].ravel()])
