"""Three-body boundary-value problems per second: half a year from JPL's halo 1197, one core.

Run: ``python -m benchmarks.boundary``. Each problem asks for a position that some impulse of at
most 400 m/s reaches in half a year, in the elliptic Sun-(Earth+Moon) problem; the start is what
the reachable set predicts, and an answer counts if it ends within 150 m of the target.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from survey.astro.cr3bp import sample_cr3bp
from survey.astro.er3bp import propagate_er3bp
from survey.astro.forced_torus import natural_torus
from survey.astro.reach_lookup import nearest_starts
from survey.astro.reachable import impulse_grid, reachable_set
from survey.astro.shooting import CONVERGED, solve_boundary

MU, ECCENTRICITY, HALF_YEAR = 3.0542e-6, 0.0167, np.pi
HALO = np.array([1.0110059685997803, 0, 0.0045638537751076817, 0, -0.011344790710813389, 0])
PERIOD = 3.0803024932763416
M_S = 29_784.7  # a unit of speed
PHASES, COUNT = 36, 8_192


def lines(*, quick: bool = False) -> Iterator[str]:
    """Give the rate, and how many converge."""
    count = COUNT // 8 if quick else COUNT
    random = np.random.default_rng(5)
    circle, _ = sample_cr3bp(MU, HALO, np.arange(1, PHASES) / PHASES * PERIOD)
    ring = np.concatenate([HALO[None], circle])
    reach = reachable_set(
        MU, ring, impulse_grid(500 / M_S, 2 / M_S), np.array([HALF_YEAR - 0.05, HALF_YEAR])
    )
    torus = natural_torus(MU, ECCENTRICITY, HALO, PERIOD)
    anomaly = random.uniform(0, 2 * np.pi, count)
    phase = random.integers(0, PHASES, count) / PHASES
    craft = torus.states(phase, anomaly)
    impulse = random.normal(size=(count, 3))
    impulse *= (random.uniform(10, 400, count) / M_S / np.linalg.norm(impulse, axis=1))[:, None]
    pushed = craft + np.concatenate([np.zeros_like(impulse), impulse], axis=1)
    final, _ = propagate_er3bp(MU, ECCENTRICITY, pushed, anomaly, anomaly + HALF_YEAR)
    target = final[:, :3]
    row, guess = nearest_starts(reach, np.full(count, HALF_YEAR), target, phase)
    asked = np.flatnonzero(np.isfinite(target).all(1) & (row[:, 0] >= 0))
    yield (
        f"Three-body boundary-value problems: {len(asked):,} half-year arcs from a halo orbit, "
        "elliptic problem, one core"
    )
    best = np.inf
    for _ in range(1 if quick else 3):
        begin = time.process_time()
        arcs = solve_boundary(
            MU, ECCENTRICITY, anomaly[asked], craft[asked, :3],
            craft[asked, 3:] + guess[asked, 0], anomaly[asked] + HALF_YEAR, target[asked],
        )  # fmt: skip
        best = min(best, time.process_time() - begin)
    solved = arcs.status == CONVERGED
    found = np.linalg.norm(arcs.velocity - craft[asked, 3:], axis=1)
    given = np.linalg.norm(impulse[asked], axis=1)
    as_cheap = found[solved] <= given[solved] * 1.001
    yield (
        f"  {solved.sum() / best:,.0f} converged a second; {solved.mean():.1%} converge, "
        f"{arcs.flights / len(asked):.1f} flights each, {as_cheap.mean():.0%} to an impulse as "
        "small as the one that made the target, or smaller"
    )


if __name__ == "__main__":
    for line in lines():
        print(line, flush=True)
