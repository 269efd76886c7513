"""Chang'e 2 to Toutatis, day by day and phase by phase: what the free date is worth.

The least impulse depends on what may be chosen. With date and phase free it is next to nothing;
with the date free and the phase given, a typical phase pays one to two hundred m/s; with both given
several hundred. The published 97.3 m/s [Liu2014] belong to the second case.

    pytest -s -m study tests/reference/test_chang_e_2_study.py     prints the tables
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time

from survey.astro.reach_lookup import Candidates
from survey.catalog import read_snapshot
from survey.constants import MASS_RATIO_SUN_EARTH_JPL
from survey.transfer import Grid, ParkingOrbit, SearchWindow, delta_v_map
from survey.transfer.ephemerides import build_ephemerides
from survey.transfer.three_body import span_of
from survey.transfer.three_body_arcs import CAREFUL, phase_costs, search_arcs, speeds_m_s
from survey.transfer.three_body_model import make_model, make_reach
from survey.transfer.three_body_track import make_tracks

pytestmark = [pytest.mark.study, pytest.mark.filterwarnings("ignore:.*dubious year")]

SNAPSHOT = Path(__file__).resolve().parents[2] / "catalogs" / "neo-2021-07-08.ecsv.gz"
FLYBY = Time("2012-12-13T08:30:09", scale="utc").tdb.jd
WINDOW = SearchWindow(*Time(["2012-01-01", "2012-11-30"]).tdb.jd, 30.0, 345.0, 1000.0)
DAYS = (195, 152, 128, 104, 56)
EVERY = range(60, 341, 40)  # days before the flyby
PHASES = 36
PUBLISHED = 97.3
HALOS = ("halo northern", "halo southern")


@pytest.fixture(scope="module")
def toutatis():
    catalog = read_snapshot(SNAPSHOT)
    return catalog[catalog["designation"] == "4179"]


@pytest.fixture(scope="module")
def flights(toutatis):
    """Model, reachable set and path of the asteroid, for either halo."""
    asteroids = build_ephemerides(toutatis, *span_of(WINDOW)).chunk([0])
    return {halo: flight(halo, asteroids) for halo in HALOS}


def flight(halo, asteroids):
    parking = ParkingOrbit.from_text(
        orbit=halo, size="jacobi 3.0007124352932899", mass_ratio=MASS_RATIO_SUN_EARTH_JPL
    )
    model = make_model(parking, WINDOW)
    return model, make_reach(parking, WINDOW), next(make_tracks(model, WINDOW, asteroids))


def random_starts(model, first, last, each, seed):
    """Any impulse up to 900 m/s, from every phase at dates between `first` and `last`."""
    draw, count = np.random.default_rng(seed), PHASES * each
    size = np.exp(draw.uniform(0.0, np.log(900.0), count)) / model.mean_speed_m_s
    direction = draw.normal(size=(count, 3))
    begin = model.anomaly_at(draw.uniform(first, last, count))
    zero = (np.repeat(np.arange(PHASES), each) + 0.5) / PHASES
    return Candidates(
        begin=begin,
        end=model.anomaly_at(FLYBY + draw.uniform(-1.0, 3.0, count)),
        phase=zero + begin / model.period,
        impulse=direction * (size / np.linalg.norm(direction, axis=1))[:, None],
        cost=np.full(count, np.inf),
    )


def on_one_day(parts, days, *, each=30, seed=1):
    """Arcs of all phases that leave so many days before the flyby, and their cost by phase."""
    model, reach, track = parts
    day = FLYBY - days
    window = SearchWindow(day - 0.25, day + 0.25, days - 4.0, days + 4.0, 3000.0)
    effort = replace(CAREFUL, starts=PHASES * each, optimised=180, rounds=1)
    found = search_arcs(
        model, reach, window, track, kind="flyby", effort=effort,
        starts=random_starts(model, day, day, each, seed),
    )  # fmt: skip
    return found, phase_costs(model, found, PHASES)


@pytest.fixture(scope="module")
def by_day(flights):
    return {
        halo: {days: on_one_day(parts, days) for days in sorted({*DAYS, *EVERY})}
        for halo, parts in flights.items()
    }


@pytest.fixture(scope="module")
def any_day(flights):
    costs = {}
    for halo, (model, reach, track) in flights.items():
        found = search_arcs(model, reach, WINDOW, track, kind="flyby", effort=CAREFUL)
        costs[halo] = phase_costs(model, found, PHASES)
    return costs


@pytest.fixture(scope="module")
def two_body(toutatis):
    grid = Grid(
        Time(FLYBY - np.array(DAYS), format="jd", scale="tdb"), np.arange(50.0, 201.0, 0.25) * u.d
    )
    values = delta_v_map(toutatis.iloc[0], ParkingOrbit("L2"), grid).flyby_dv.to_value(u.m / u.s)
    near = np.abs(grid.tof_d - np.array(DAYS)[:, None]) <= 4.0
    return dict(zip(DAYS, np.where(near, values, np.inf).min(axis=1), strict=True))


def test_the_table_over_days_before_the_flyby(by_day, two_body):
    for halo in HALOS:
        print(f"\n{halo}: days, two-body, best, median, worst phase, share below {PUBLISHED}")
        for days in DAYS:
            costs = by_day[halo][days][1]
            print(
                f"{days:4d} {two_body[days]:6.0f} {costs.min():6.0f} {np.median(costs):6.0f} "
                f"{costs.max():6.0f} {np.mean(costs < PUBLISHED):5.0%}"
            )
    northern = {days: by_day["halo northern"][days][1] for days in DAYS}
    # Measured 10, 47, 93, 174, 813 m/s: dearer the later, while the two-body arc is cheapest
    # at 104 days and costs more the longer it takes.
    best = [northern[days].min() for days in DAYS]
    assert best == sorted(best)
    assert best[0] < 20.0 < PUBLISHED < two_body[195] / 10.0
    assert best[1] < 62.0  # a trial with many starts found 62 m/s from this halo at 152 days
    assert best[2] < 125.0  # and 125 m/s at 128 days
    assert two_body[104] == min(two_body.values())
    assert two_body[104] < two_body[128] < two_body[152] < two_body[195]
    # Near the flyby both agree within the speed of the halo itself, some 300 m/s.
    assert abs(best[4] - two_body[56]) < 300.0


@pytest.mark.parametrize("halo", HALOS)
def test_cheap_arcs_pass_at_the_speed_of_the_flown_one(flights, by_day, halo):
    model = flights[halo][0]
    for days in (195, 152):
        found = by_day[halo][days][0]
        cheap = ~found.assisted & (found.arcs.cost * model.mean_speed_m_s < 150.0)
        assert cheap.sum() >= 3
        speed = speeds_m_s(model, found.arcs)[1][cheap]
        assert np.all((speed > 10_450.0) & (speed < 11_000.0))  # published 10.73 km/s


@pytest.mark.parametrize("halo", HALOS)
def test_what_the_choice_of_the_date_is_worth(by_day, any_day, halo):
    grid = np.array([by_day[halo][days][1] for days in EVERY])
    free, best_of_days = any_day[halo], grid.min(axis=0)
    medians = np.median(grid, axis=1)
    print(f"\n{halo}")
    for days, costs in zip(EVERY, grid, strict=True):
        print(f"{days:4d} days: best {costs.min():5.0f} median {np.median(costs):5.0f} m/s")
    print(
        f"median over phase, each at its best date: {np.median(free):.0f} (search), "
        f"{np.median(best_of_days):.0f} (days above); median over dates of the median over phase: "
        f"{np.median(medians):.0f}; over dates and phases: {np.median(grid):.0f}; phases below "
        f"{PUBLISHED}: {np.mean(free < PUBLISHED):.0%}; of dates and phases: "
        f"{np.mean(grid < PUBLISHED):.0%}"
    )
    assert 80.0 < np.median(free) < 230.0
    assert 300.0 < np.median(medians) < 700.0
    assert np.median(grid) > 2.0 * np.median(free)
    # The published impulse is cheaper than a typical phase, and far from the cheapest.
    assert 0.2 < np.mean(free < PUBLISHED) < 0.6
