"""Does the three-body search miss anything? Brute force beside it, asteroid by asteroid.

Random dates, times of flight, phases and impulses, a thousand and more for each asteroid, are
closed, and their dates and phases moved downhill; then the best are shaken and moved downhill
again. Nothing of the look-up that the search lives by is used: only the box outside which no
impulse within the reach leads, which says when a draw has any hope. What that finds is compared
with what the search finds: ``python -m benchmarks.completeness`` (see README.md).
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import astropy.units as u
import numpy as np
import pandas as pd
from astropy.time import Time
from numpy.typing import NDArray

from benchmarks.search import real_catalogue
from survey.astro.accessibility import shoemaker_helin_dv
from survey.astro.er3bp import propagate_er3bp
from survey.astro.reachable import ReachableSet
from survey.astro.shooting_optimum import Optimum, optimise_arcs
from survey.catalog import read_catalog, read_snapshot
from survey.constants import AU_KM
from survey.transfer import Grid, search_transfers
from survey.transfer.ephemerides import build_ephemerides
from survey.transfer.parking import ParkingOrbit
from survey.transfer.three_body import span_of
from survey.transfer.three_body_arcs import CAREFUL, QUICK, Kind, search_arcs
from survey.transfer.three_body_found import ASSIST_KM, zero_phase
from survey.transfer.three_body_model import (
    DAY,
    SearchWindow,
    ThreeBodyModel,
    make_model,
    make_reach,
)
from survey.transfer.three_body_starts import START, all_starts, two_body_windows
from survey.transfer.three_body_track import Track, make_tracks, problem_of

Array = NDArray[np.float64]

SEED = 6
SHARE, SLACK_M_S = 0.05, 10.0  # by which brute force must beat the search to count
_BATCH = 500
_HOPS = 3
_ELITE, _SHAKEN = 24, 12
_DEEP_FACTOR = 3.0  # arcs up to so many times the budget are moved downhill


@dataclass(frozen=True)
class Case:
    """One asteroid and kind: what was found, m/s; infinite where nothing was."""

    designation: str
    kind: Kind
    careful: float
    quick: float
    brute: float
    careful_s: float
    brute_s: float
    closed: int
    starts: int
    better: str

    def short_by(self, found: float) -> float:
        """By how much the search is worse than brute force."""
        return found - self.brute if np.isfinite(self.brute) else 0.0

    def missed(self, found: float) -> bool:
        """Whether it is worse by more than is allowed."""
        return self.short_by(found) > max(SLACK_M_S, SHARE * self.brute)


def brute_force(
    model: ThreeBodyModel, reach: ReachableSet, window: SearchWindow, track: Track, *,
    kind: Kind, starts: int, rng: np.random.Generator,
) -> tuple[Optimum, int]:  # fmt: skip
    """Return optima from random starts, and how many of the starts converged."""
    first, last = model.anomaly_at(np.array([window.first_jd, window.last_jd]))
    instants, places = track.instants, track.states[:, :3]
    low, high = reach.bounds
    pairs = []
    for k, tof in enumerate(reach.tofs):
        hope = ((places > low[k]) & (places < high[k])).all(1)
        hope &= (instants - tof > first) & (instants - tof < last)
        pairs.append(np.stack([np.full(hope.sum(), k), np.flatnonzero(hope)], axis=1))
    pair = np.concatenate(pairs)
    if not len(pair):
        return _empty(), 0
    unit = model.mean_speed_m_s
    budget = window.budget_m_s(kind)
    parts, closed = [], 0
    for done in range(0, starts, _BATCH):
        count = min(_BATCH, starts - done)
        k, s = pair[rng.integers(len(pair), size=count)].T
        end = instants[s]
        begin = np.clip(end - reach.tofs[k] * rng.uniform(0.97, 1.03, count), first, last)
        phase = rng.uniform(0, 1, count)
        arrow = rng.normal(size=(count, 3))
        arrow /= np.linalg.norm(arrow, axis=1)[:, None]
        size = np.exp(rng.uniform(np.log(2.0), np.log(500.0), count)) / unit
        velocity = model.parking_states(begin, phase)[:, 3:] + arrow * size[:, None]
        arcs = _downhill(model, window, track, kind, begin, end, phase, velocity, 0)
        closed += int(np.isfinite(arcs.cost).sum())
        arcs = _rows(arcs, arcs.cost * unit < _DEEP_FACTOR * budget)
        parts.append(
            _downhill(
                model, window, track, kind, arcs.begin, arcs.end, arcs.phase, arcs.velocity, 15
            )
        )
    best = _join(parts)
    for hop in range(_HOPS):
        best = _rows(best, np.argsort(best.cost, kind="stable"))
        elite = _rows(best, _spread(best))
        if not len(elite.cost):
            break
        many = _rows(elite, np.repeat(np.arange(len(elite.cost)), _SHAKEN))
        shape, wide = len(many.cost), 1.0 / (1 + hop)
        begin = np.clip(many.begin + 15 * DAY * wide * rng.normal(size=shape), first, last)
        end = many.end + 15 * DAY * wide * rng.normal(size=shape)
        phase = many.phase + (begin - many.begin) / model.period
        phase = phase + 0.06 * wide * rng.normal(size=shape)
        craft = model.parking_states(begin, phase)[:, 3:]
        own = model.parking_states(many.begin, many.phase)[:, 3:]
        shake = 60.0 / unit * wide * rng.normal(size=(shape, 3))
        velocity = many.velocity - own + craft + shake
        best = _join([best, _downhill(model, window, track, kind, begin, end, phase, velocity, 12)])
    return _rows(best, np.argsort(best.cost, kind="stable")), closed


def compare(
    model: ThreeBodyModel, reach: ReachableSet, window: SearchWindow, track: Track, *,
    designation: str, kind: Kind, windows: NDArray[np.void], starts: int,
    rng: np.random.Generator,
) -> Case:  # fmt: skip
    """Search an asteroid in all three ways; only arcs that Earth does not assist count."""
    least, spent = {}, []
    for effort in (CAREFUL, QUICK):
        begun = time.perf_counter()
        more = all_starts(model, track, window, kind, effort, windows)
        found = search_arcs(model, reach, window, track, kind=kind, effort=effort, starts=more)
        spent.append(time.perf_counter() - begun)
        least[effort] = _unassisted(model, found.arcs)
    begun = time.perf_counter()
    arcs, closed = brute_force(model, reach, window, track, kind=kind, starts=starts, rng=rng)
    spent.append(time.perf_counter() - begun)
    budget = window.budget_m_s(kind)
    arcs = _rows(arcs, np.flatnonzero(arcs.cost * model.mean_speed_m_s <= budget)[:200])
    costs = {name: _cost(model, one) for name, one in least.items()}
    best = _unassisted(model, arcs)
    return Case(
        designation, kind, costs[CAREFUL], costs[QUICK], _cost(model, best),
        spent[0], spent[2], closed, starts, _words(model, best),
    )  # fmt: skip


def nearest_earth(model: ThreeBodyModel, arcs: Optimum) -> Array:
    """Least distance from the Earth-Moon barycentre on the way, km, day by day."""
    craft = model.parking_states(arcs.begin, arcs.phase)
    state = np.concatenate([craft[:, :3], arcs.velocity], axis=1)
    here, least = arcs.begin.copy(), np.full(len(arcs.begin), np.inf)
    while (here < arcs.end).any():
        there = np.minimum(here + DAY, arcs.end)
        state, _ = propagate_er3bp(
            model.mass_ratio, model.eccentricity, state, here, there, tolerance=1e-9
        )
        away = np.linalg.norm(state[:, :3] - [1.0 - model.mass_ratio, 0.0, 0.0], axis=1)
        least, here = np.fmin(least, np.nan_to_num(away)), there
    return least * AU_KM


def _unassisted(model: ThreeBodyModel, arcs: Optimum) -> Optimum:
    """Return the cheapest arc that keeps away from the Earth, or none."""
    arcs = _rows(arcs, np.argsort(arcs.cost, kind="stable")[:200])
    return _rows(arcs, np.flatnonzero(nearest_earth(model, arcs) > ASSIST_KM)[:1])


def _cost(model: ThreeBodyModel, best: Optimum) -> float:
    return float(best.cost[0] * model.mean_speed_m_s) if len(best.cost) else np.inf


def _words(model: ThreeBodyModel, best: Optimum) -> str:
    if not len(best.cost):
        return ""
    leave, meet = (
        Time(float(model.jd_at(a[0])), format="jd", scale="tdb").isot[:10]
        for a in (best.begin, best.end)
    )
    first, last = (
        float(np.linalg.norm(v[0]) * model.mean_speed_m_s)
        for v in (best.departure_impulse, best.arrival_impulse)
    )
    return (
        f"{leave} -> {meet}, phase {best.phase[0] % 1:.3f} (at anomaly zero "
        f"{zero_phase(model, best)[0]:.3f}), {first:.1f} + {last:.1f} m/s, "
        f"Earth {nearest_earth(model, best)[0] / 1e6:.2f} Mkm"
    )


def targets(catalog: pd.DataFrame, count: int, seed: int) -> list[tuple[int, Kind]]:
    """Draw rows at random: three fifths for flybys, two fifths of low relative speed to stop at."""
    rng = np.random.default_rng(seed)
    angle = np.radians(catalog["i_deg"].to_numpy(dtype=float))
    dv = shoemaker_helin_dv(catalog["a_au"].to_numpy(), catalog["e"].to_numpy(), angle)
    slow = np.argsort(dv, kind="stable")[: max(count, len(catalog) // 100)]
    stops = rng.permutation(slow)
    passes = rng.permutation(len(catalog))
    turns: list[tuple[int, Kind]] = []
    for n in range(len(passes)):
        turns.append((int(passes[n]), "flyby"))
        if n % 3 != 2 and (m := n - n // 3) < len(stops):
            turns.append((int(stops[m]), "rendezvous"))
    return turns


def _downhill(
    model: ThreeBodyModel, window: SearchWindow, track: Track, kind: Kind,
    begin: Array, end: Array, phase: Array, velocity: Array, iterations: int,
) -> Optimum:  # fmt: skip
    first, last = model.anomaly_at(np.array([window.first_jd, window.last_jd]))
    shortest, longest = window.tof_min_d * DAY, window.tof_max_d * DAY
    return optimise_arcs(
        problem_of(model, [track], np.zeros(len(begin), np.int64)), begin,
        np.clip(end, begin + shortest, begin + longest), phase, velocity,
        rendezvous=kind == "rendezvous", free_phase=model.torus is not None,
        begin_bounds=(float(first), float(last)), tof_bounds=(shortest, longest),
        iterations=iterations,
    )  # fmt: skip


def _spread(arcs: Optimum) -> NDArray[np.int64]:
    """Return the cheapest arcs that differ by ten days or more; they come sorted by cost."""
    kept: list[int] = []
    for n in np.flatnonzero(np.isfinite(arcs.cost)):
        apart = np.abs(arcs.begin[n] - arcs.begin[kept]) + np.abs(arcs.end[n] - arcs.end[kept])
        if not len(kept) or apart.min() > 10 * DAY:
            kept.append(int(n))
        if len(kept) == _ELITE:
            break
    return np.array(kept, dtype=np.int64)


def _rows(arcs: Optimum, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Optimum:
    return Optimum(**{name: values[rows] for name, values in vars(arcs).items()})


def _join(parts: list[Optimum]) -> Optimum:
    names = list(vars(parts[0]))
    return Optimum(**{n: np.concatenate([vars(part)[n] for part in parts]) for n in names})


def _empty() -> Optimum:
    none = np.empty(0)
    three = np.empty((0, 3))
    return Optimum(none, none, none, three, np.empty((0, 6)), three, three, none)


def main() -> None:
    """Print a line for each asteroid, and how many the search missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50, help="asteroids that can be reached")
    parser.add_argument("--starts", type=int, default=1500, help="random starts for each")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--years", type=float, nargs=2, default=(2027.0, 2037.0))
    parser.add_argument("--minutes", type=float, default=np.inf, help="stop after so long")
    chosen = parser.parse_args()
    path: Path | None = real_catalogue()
    catalog = read_snapshot("latest") if path is None else read_catalog(path)[0]
    catalog = catalog.reset_index(drop=True)
    window = SearchWindow(*Time(chosen.years, format="jyear", scale="tdb").jd)
    parking = ParkingOrbit.from_text(orbit="halo northern", size="jacobi 3.0007124352932899")
    model, reach = make_model(parking, window), make_reach(parking, window)
    grid = Grid.regular(
        *Time(chosen.years, format="jyear", scale="tdb"), 10 * u.d, 30 * u.d, 730 * u.d, 10 * u.d
    )
    print(
        f"{'asteroid':12s}{'kind':11s}{'brute':>8s}{'careful':>9s}{'quick':>8s} m/s"
        f"{'careful':>9s}{'brute':>8s} s{'closed':>8s}  best of brute force"
    )
    cases: list[Case] = []
    begun = time.perf_counter()
    for row, kind in targets(catalog, chosen.count, chosen.seed):
        if len(cases) == chosen.count or time.perf_counter() - begun > 60 * chosen.minutes:
            break
        one = catalog.iloc[[row]]
        asteroid = build_ephemerides(one, *span_of(window)).chunk([0])
        track = next(iter(make_tracks(model, window, asteroid)))
        name = str(one["designation"].iloc[0])
        windows = two_body_windows(
            search_transfers(one, ParkingOrbit(), grid), kind, window.budget_m_s(kind)
        )
        case = compare(
            model, reach, window, track, designation=name, kind=kind, starts=chosen.starts,
            windows=windows.get(name, np.empty(0, START)),
            rng=np.random.default_rng([chosen.seed, row]),
        )  # fmt: skip
        if not np.isfinite([case.brute, case.careful, case.quick]).any():
            continue  # out of reach by all three
        cases.append(case)
        marks = "".join(
            f" {name} MISSED by {case.short_by(found):.1f}"
            for name, found in (("careful", case.careful), ("quick", case.quick))
            if case.missed(found)
        )
        print(
            f"{case.designation:12s}{kind:11s}{case.brute:8.1f}{case.careful:9.1f}"
            f"{case.quick:8.1f}    {case.careful_s:9.1f}{case.brute_s:8.1f}  "
            f"{case.closed:4d}/{case.starts:4d} {case.better}{marks}",
            flush=True,
        )
    for name in ("careful", "quick"):
        within = sum(not case.missed(getattr(case, name)) for case in cases)
        print(f"{name}: {within} of {len(cases)} within 5 % or 10 m/s of brute force, or better")


if __name__ == "__main__":
    main()
