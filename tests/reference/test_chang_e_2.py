"""Chang'e 2's flight to 4179 Toutatis in 2012, the only one from Sun-Earth L2 to an asteroid.

It left its Lissajous orbit with 97.3 m/s [Liu2014] and passed Toutatis on 2012-12-13 at 08:30:09
UTC with 10.73 km/s. Its orbit is not that of the halos here (JPL's 1197 and its mirror image), and
its phase was given; the least over date and phase must lie below it. Elements: Minor Planet
Center, July 2021, integrated back nine years.
"""

from __future__ import annotations

import numpy as np
import pytest
from astropy.time import Time

from survey.catalog import read_catalog
from survey.constants import MASS_RATIO_SUN_EARTH_JPL
from survey.ephemeris import heliocentric_state
from survey.transfer import ParkingOrbit
from survey.transfer.ephemerides import build_ephemerides
from survey.transfer.three_body import span_of
from survey.transfer.three_body_arcs import CAREFUL, phase_costs, search_arcs
from survey.transfer.three_body_model import SearchWindow, make_model, make_reach
from survey.transfer.three_body_track import make_tracks

SIZE = "jacobi 3.0007124352932899"
FLYBY = Time("2012-12-13T08:30:09", scale="utc").tdb.jd


@pytest.fixture(scope="module")
def window():
    return SearchWindow(*Time(["2012-01-01", "2012-11-30"]).tdb.jd, 30.0, 345.0, 1000.0)


@pytest.fixture(scope="module")
def toutatis(shared_data, window):
    file = shared_data / "catalogs" / "mpc_nea_extended_epoch2459403.5.json.gz"
    catalog = read_catalog(file)[0]
    row = catalog[catalog["designation"] == "4179"]
    return build_ephemerides(row, *span_of(window)).chunk([0])


def flight(window, toutatis, family):
    parking = ParkingOrbit.from_text(orbit=family, size=SIZE, mass_ratio=MASS_RATIO_SUN_EARTH_JPL)
    model = make_model(parking, window)
    track = next(iter(make_tracks(model, window, toutatis)))
    reach = make_reach(parking, window)
    return model, search_arcs(model, reach, window, track, kind="flyby", effort=CAREFUL)


@pytest.fixture(scope="module")
def northern(window, toutatis):
    return flight(window, toutatis, "halo northern")


@pytest.fixture(scope="module")
def southern(window, toutatis):
    return flight(window, toutatis, "halo southern")


def test_toutatis_passed_the_earth_when_and_where_it_did(toutatis):
    # Published: 0.0463 au on 2012-12-12 at 06:40 UT.
    middle = Time("2012-12-12T06:40", scale="utc").tdb.jd
    jd = middle + np.linspace(-0.5, 0.5, 1441)
    away = (
        np.linalg.norm(toutatis.states(jd)[0][0] - heliocentric_state("earth", jd)[0], axis=1)
        / 149_597_870.7
    )
    assert away.min() == pytest.approx(0.0463, abs=0.0001)
    assert jd[away.argmin()] == pytest.approx(middle, abs=5 / 1440)


@pytest.mark.parametrize(("halo", "least"), [("northern", 30.0), ("southern", 110.0)])
def test_least_single_impulse_over_date_and_phase(request, halo, least):
    model, found = request.getfixturevalue(halo)
    own = ~found.assisted
    assert found.arcs.cost[own].min() * model.mean_speed_m_s <= least


@pytest.mark.parametrize("halo", ["northern", "southern"])
def test_cheap_arcs_pass_near_the_day_and_at_the_speed_of_the_real_one(request, halo):
    model, found = request.getfixturevalue(halo)
    cost = found.arcs.cost * model.mean_speed_m_s
    cheap = ~found.assisted & (cost < 110.0)  # dearer ones meet Toutatis in October, too
    assert cheap.sum() >= 5
    speed = np.linalg.norm(found.arcs.arrival_impulse, axis=1) * model.mean_speed_m_s
    # Published: 10.73 km/s. One minimum of some fifty, near 90 m/s, meets it at 10.491 km/s.
    best = cheap & (cost < 50.0)
    assert np.all((speed[best] > 10_500.0) & (speed[best] < 11_000.0))
    assert np.all(np.abs(np.round(speed[cheap] / 1e3, 1) - 10.75) <= 0.25)
    assert np.abs(model.jd_at(found.arcs.end[cheap]) - FLYBY).max() < 3.0
    assert found.earth_km[cheap].min() > 500_000.0


def test_the_flown_impulse_lies_within_the_distribution_over_phase(northern, southern):
    # 97.3 m/s, of a craft whose phase was given: dearer than the best phase, cheaper than most.
    for model, found in (northern, southern):
        costs = phase_costs(model, found, 36)
        assert np.isfinite(costs).mean() > 0.9
        assert costs.min() < 97.3
        assert np.median(costs) > 97.3
