"""The fused search against the plain solver, cell by cell, and its refinement against a scan."""

from __future__ import annotations

import numpy as np
import pytest

from survey.astro.kepler import elements_to_state
from survey.astro.lambert import solve_lambert
from survey.astro.porkchop_kernel import search_asteroids

YEAR = 2 * np.pi
DAY = YEAR / 365.25


def asteroids(seed, count, times):
    rng = np.random.default_rng(seed)
    a, e = rng.uniform(0.8, 2.5, count), rng.uniform(0.02, 0.7, count)
    i, node, argp, mean = rng.uniform(0, [0.5, 6.28, 6.28, 6.28], (count, 4)).T
    line = [x[:, None] for x in (a, e, i, node, argp)]

    def states(at):
        return np.concatenate(
            elements_to_state(1.0, *line, mean[:, None] + at * line[0] ** -1.5), -1
        )

    return states(times), states


def setting(departures, tofs, seed=1, count=4):
    """A craft on a circle of 1.01 au, and asteroids at every arrival."""
    begin = 10.0 * DAY * np.arange(departures)
    angle = begin
    start = 1.01 * np.stack(
        [np.cos(angle), np.sin(angle), 0 * angle, -np.sin(angle), np.cos(angle), 0 * angle], -1
    )
    nodes, index = np.unique(np.round(begin[:, None] + tofs, 9), return_inverse=True)
    aim, states = asteroids(seed, count, nodes)
    return begin, start, nodes, aim, index.reshape(departures, len(tofs)), states


def best_by_cell(start, aim, index, tofs, max_revs):
    """The same minima by the public solver, all cells kept."""
    flyby, stop = np.inf, np.inf
    target = aim[index]
    for revs in range(max_revs + 1):
        for low_path in (True, False) if revs else (True,):
            v1, v2, status = solve_lambert(
                1.0, start[:, None, :3], target[..., :3], tofs, revs=revs, low_path=low_path
            )
            leave = np.linalg.norm(v1 - start[:, None, 3:], axis=-1)
            meet = np.linalg.norm(v2 - target[..., 3:], axis=-1)
            keep = np.isin(status, (0, 6))
            flyby = np.minimum(flyby, np.where(keep, leave, np.inf))
            stop = np.minimum(stop, np.where(keep, leave + meet, np.inf))
    return flyby, stop


@pytest.mark.parametrize(
    ("departures", "count", "span", "max_revs"),
    [
        (30, 71, (30, 730), 0),
        (30, 71, (30, 730), 1),
        (25, 50, (100, 1500), 3),
        (8, 40, (900, 2600), 5),  # beyond the revolutions that the fast loop knows
        (7, 1, (200, 200), 1),
        (1, 13, (30, 400), 0),
        (2, 1500, (30, 700), 1),  # more times of flight than one pass holds
    ],
)
def test_search_equals_the_solver_cell_by_cell(departures, count, span, max_revs):
    tofs = np.linspace(*span, count) * DAY
    begin, start, nodes, aim, index, _ = setting(departures, tofs)
    dv, tof, code = search_asteroids(
        1.0, begin, start, nodes, aim, index, tofs, max_revs=max_revs, refine=False
    )
    for n in range(len(aim)):
        flyby, stop = best_by_cell(start, aim[n], index, tofs, max_revs)
        for kind, cells in enumerate((flyby, stop)):
            assert dv[n, kind] == pytest.approx(cells.min(axis=1), rel=1e-9)
            at = np.searchsorted(tofs, tof[n, kind])
            assert tofs[at] == pytest.approx(tof[n, kind], rel=1e-15)
            assert cells[np.arange(departures), at] == pytest.approx(dv[n, kind], rel=1e-9)
    assert code.min() >= 0
    assert code.max() <= 2 * max_revs


@pytest.mark.parametrize(
    # Median gains of 16 and of 8 m/s were measured.
    ("seed", "count", "least"),
    [(5, 12, 10.0), pytest.param(6, 300, 5.0, marks=pytest.mark.study)],
)
def test_refined_arrival_is_the_best_of_a_dense_scan(seed, count, least):
    """Exact states every twentieth of a day around the arrival found: none is cheaper."""
    tofs = np.arange(60.0, 700.0, 10.0) * DAY
    begin, start, nodes, aim, index, states = setting(60, tofs, seed=seed, count=count)
    coarse, _, _ = search_asteroids(
        1.0, begin, start, nodes, aim, index, tofs, max_revs=1, refine=False
    )
    dv, tof, code = search_asteroids(1.0, begin, start, nodes, aim, index, tofs, max_revs=1)
    assert np.all(dv <= coarse)
    gain = 29784.7 * (coarse[:, 0] - dv[:, 0])  # m/s
    assert np.median(gain) > least  # what the grid alone would have missed
    excess = []
    for n in range(len(aim)):
        for kind in range(2):
            best = np.full(60, np.inf)
            for offset in np.arange(-5.0, 5.001, 0.05) * DAY:
                wanted = np.clip(tof[n, kind] + offset, tofs[0], tofs[-1])
                target = states(begin + wanted)[n]
                for arc in np.unique(code[n, kind]):
                    rows = code[n, kind] == arc
                    v1, v2, _ = solve_lambert(
                        1.0, start[rows, :3], target[rows, :3], wanted[rows],
                        revs=int((arc + 1) // 2), low_path=bool(arc % 2 or arc == 0),
                    )  # fmt: skip
                    cost = np.linalg.norm(v1 - start[rows, 3:], axis=1)
                    cost += kind * np.linalg.norm(v2 - target[rows, 3:], axis=1)
                    best[rows] = np.fmin(best[rows], cost)
            allowed = np.maximum(1e-3 * best, 0.1 / 29784.7)  # 0.1 m/s
            excess.extend((dv[n, kind] - best) / allowed)
    excess = np.array(excess)
    assert np.quantile(excess, 0.99) < 0.02
    # A slit some tenths of a day wide beside the 180-degree ridge is missed now and then (3 in
    # 1,000), where another valley of the curve is nearer.
    assert (excess > 1).mean() < 0.005


def test_uneven_flight_times_are_refined_too():
    tofs = np.array([40.0, 55.0, 61.0, 90.0, 150.0, 151.0, 200.0, 290.0, 300.0]) * DAY
    begin, start, nodes, aim, index, _ = setting(17, tofs, seed=3, count=6)
    coarse, first, _ = search_asteroids(
        1.0, begin, start, nodes, aim, index, tofs, max_revs=1, refine=False
    )
    dv, tof, _ = search_asteroids(1.0, begin, start, nodes, aim, index, tofs, max_revs=1)
    assert np.all(dv <= coarse)
    assert np.all((tof >= tofs[0]) & (tof <= tofs[-1]))
    assert np.mean(tof != first) > 0.5
    # never farther than the neighbours in the grid
    place = np.searchsorted(tofs, first)
    low, high = tofs[np.maximum(place - 1, 0)], tofs[np.minimum(place + 1, len(tofs) - 1)]
    assert np.all((tof >= low) & (tof <= high))


def test_target_without_a_state_is_never_reached():
    tofs = np.linspace(100.0, 300.0, 11) * DAY
    begin, start, nodes, aim, index, _ = setting(5, tofs, count=3)
    aim[1] = np.nan
    whole, _, _ = search_asteroids(1.0, begin, start, nodes, aim[[0, 2]], index, tofs, max_revs=1)
    dv, tof, code = search_asteroids(1.0, begin, start, nodes, aim, index, tofs, max_revs=1)
    assert np.all(np.isinf(dv[1])) and np.all(np.isnan(tof[1])) and np.all(code[1] == -1)
    np.testing.assert_array_equal(dv[[0, 2]], whole)


def test_any_units_will_do():
    tofs = np.linspace(60.0, 500.0, 23) * DAY
    begin, start, nodes, aim, index, _ = setting(9, tofs)
    mu, length = 1.32712440041279419e11, 149_597_870.7
    speed = np.sqrt(mu / length)
    time, units = length / speed, np.repeat([length, speed], 3)
    ours, _, code = search_asteroids(1.0, begin, start, nodes, aim, index, tofs, max_revs=1)
    dv, _, same = search_asteroids(
        mu, begin * time, start * units, nodes * time, aim * units, index, tofs * time, max_revs=1
    )
    np.testing.assert_array_equal(code, same)
    assert dv == pytest.approx(ours * speed, rel=1e-6)  # the refinement stops a little elsewhere


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max_revs": 8}, "max_revs was given as 8"),
        ({"max_revs": -1}, "max_revs was given as -1"),
        ({"start": np.ones((4, 6))}, "start has shape"),
        ({"aim": np.ones((2, 5, 6))}, "aim has shape"),
        ({"aim": np.ones(6)}, "aim has shape"),
        ({"index": np.zeros((5, 4), int)}, "index has shape"),
        ({"index": np.full((5, 3), 999)}, "index points beyond"),
        ({"index": np.full((5, 3), -1)}, "index points beyond"),
    ],
)
def test_ill_fitting_arrays_are_refused(change, message):
    tofs = np.linspace(100.0, 300.0, 3) * DAY
    begin, start, nodes, aim, index, _ = setting(5, tofs, count=2)
    good = {"start": start, "nodes": nodes, "aim": aim, "index": index, "tofs": tofs}
    with pytest.raises(ValueError, match=message):
        search_asteroids(1.0, begin, **(good | change))
