"""Other people's solvers give the same arcs: boinor's and lamberthub's, both after Izzo."""

from __future__ import annotations

import numpy as np
import pytest

from survey.astro.lambert import solve_lambert

COUNT = 300


def problems(seed, slow):
    rng = np.random.default_rng(seed)
    r1, r2 = rng.normal(size=(2, COUNT, 3)) * [1.0, 1.0, 0.2]
    r1 *= (rng.uniform(0.9, 1.1, COUNT) / np.linalg.norm(r1, axis=1))[:, None]
    r2 *= (rng.uniform(0.5, 2.0, COUNT) / np.linalg.norm(r2, axis=1))[:, None]
    return r1, r2, slow * rng.uniform(1.0, 10.0, COUNT)


def boinor():
    izzo = pytest.importorskip("boinor.core.iod").izzo

    def solve(r1, r2, tof, revs, prograde, low_path):
        return izzo(1.0, r1, r2, tof, revs, prograde, low_path, 50, 1e-13)

    return solve


def lamberthub():
    izzo = pytest.importorskip("lamberthub").izzo2015

    def solve(r1, r2, tof, revs, prograde, low_path):
        v1, v2, *_ = izzo(
            1.0, r1, r2, tof, M=revs, prograde=prograde, low_path=low_path, atol=1e-13, rtol=1e-13
        )
        return v1, v2

    return solve


@pytest.mark.parametrize("peer", [boinor, lamberthub])
@pytest.mark.parametrize(
    ("revs", "low_path", "prograde"),
    [(0, True, True), (0, True, False), (1, True, True), (1, False, True), (2, True, False)],
)
def test_peer_finds_the_same_arc(peer, revs, low_path, prograde):
    solve = peer()
    r1, r2, tof = problems(40 + revs, 1 + 2 * revs)
    v1, v2, status = solve_lambert(
        1.0, r1, r2, tof, revs=revs, low_path=low_path, prograde=prograde
    )
    compared = 0
    for k in range(COUNT):
        try:
            theirs = solve(r1[k], r2[k], tof[k], revs, prograde, low_path)
        except ValueError:  # "No feasible solution, try lower M"
            assert status[k] == 1
            continue
        assert status[k] == 0
        for ours, other in zip((v1[k], v2[k]), theirs, strict=True):
            # both lose digits where chord and radius are nearly parallel
            assert np.linalg.norm(ours - other) < 1e-9 * np.linalg.norm(ours)
        compared += 1
    assert compared > COUNT // 2
