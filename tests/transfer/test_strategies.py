"""Ways to leave, side by side."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.time import Time

from survey.astro.reachable import impulse_grid, reachable_set
from survey.transfer import ParkingOrbit, strategies
from survey.transfer.ephemerides import build_ephemerides
from survey.transfer.strategies import COAST, INSERTED, SINGLE, SWINGBY, compare_departures
from survey.transfer.swingby import LEAST_PERIGEE_KM
from survey.transfer.three_body import span_of
from survey.transfer.three_body_arcs import QUICK
from survey.transfer.three_body_found import ASSIST_KM
from survey.transfer.three_body_model import DAY, SearchWindow


@pytest.fixture(scope="module")
def table(catalog):
    window = SearchWindow(*Time(["2027-09-01", "2028-03-01"]).tdb.jd, 60.0, 500.0, 300.0, 1500.0)
    halo = ParkingOrbit.from_text(orbit="halo northern", size="jacobi 3.0007124352932899")
    # A coarse reachable set: the search's own takes most of a minute.
    ring = halo.rotating_state(np.arange(9) / 9)
    impulses = impulse_grid(0.004, 0.0003)
    reach = reachable_set(halo.mass_ratio, ring, impulses, np.arange(60, 500, 10) * DAY)
    rows = catalog[catalog["designation"].isin(["2000 SG344"])]
    ephemerides = build_ephemerides(rows, *span_of(window))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strategies, "make_reach", lambda *_: reach)
        return compare_departures(
            rows, halo, window, ephemerides, effort=QUICK, kinds=("rendezvous",), starts=6
        )


def test_every_way_is_priced_and_compared(table):
    assert set(table["designation"]) == {"2000 SG344"}
    assert {SINGLE, SWINGBY} <= set(table["strategy"]) <= {SINGLE, INSERTED, COAST, SWINGBY}
    parts = table[["dv_departure_m_s", "dv_middle_m_s", "dv_arrival_m_s"]].sum(axis=1)
    np.testing.assert_allclose(table["dv_total_m_s"], parts, rtol=1e-12)
    assert (table["dv_total_m_s"] <= 1500.0).all()
    bar = float(table.loc[table["strategy"] == SINGLE, "dv_total_m_s"].iloc[0])
    np.testing.assert_allclose(table["saved_m_s"], bar - table["dv_total_m_s"], rtol=0, atol=1e-9)


def test_only_the_swingby_passes_near_the_earth(table):
    near = table["strategy"] == SWINGBY
    assert (table.loc[near, "least_earth_km"] >= LEAST_PERIGEE_KM).all()
    assert (table.loc[~near, "least_earth_km"] >= ASSIST_KM).all()
    single = table["strategy"] == SINGLE
    assert table.loc[single, "middle_jd_tdb"].isna().all()
    between = table.loc[~single, ["departure_jd_tdb", "middle_jd_tdb", "arrival_jd_tdb"]]
    assert (between.diff(axis=1).iloc[:, 1:] > 0).all(axis=None)
