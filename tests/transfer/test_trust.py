"""When a predicted position is not to be believed."""

import numpy as np
import pandas as pd
import pytest
from astropy.time import Time

from survey.astro.kepler import elements_to_state, state_to_elements
from survey.astro.nbody_forces import GM, GM_SUN
from survey.catalog import read_catalog
from survey.constants import AU_KM, DAY_S
from survey.ephemeris import heliocentric_state
from survey.transfer.ephemerides import integrate_rows
from survey.transfer.targets import ELEMENTS
from survey.transfer.trust import COLUMNS, RUNOFF_ARCSEC, assess, runoff_km

YEAR = 365.25


@pytest.fixture(scope="module")
def impactor(catalog):
    """A row whose orbit ends in the Pacific on 2026-03-09, with elements of 60 days before."""
    jd = 2_461_108.5
    a = -GM[2] / 11.0**2
    e = 1.0 - 3_000.0 / a
    motion = np.sqrt(GM[2] / -(a**3))
    relative = np.concatenate(elements_to_state(GM[2], a, e, 0.5, 3.5, 1.0, -12 * 3600.0 * motion))
    state = np.concatenate(heliocentric_state("earth", jd)) + relative
    row = np.array([_elements(state, jd)])
    early = integrate_rows(row, np.zeros((1, 7)), jd - 61, jd + 1).states([jd - 60])
    frame = catalog.iloc[[0]].copy()
    frame.loc[:, ELEMENTS] = _elements(np.r_[early[0][0, 0], early[1][0, 0]], jd - 60)
    return frame.assign(designation="FAKE 1", condition_code="0")


def _elements(state, jd):
    a, e, *angles = state_to_elements(GM_SUN, state[:3], state[3:])
    return [a / AU_KM, e, *np.degrees(angles), jd]


def pick(catalog, *names):
    return catalog.set_index("designation").loc[list(names)].reset_index()


def test_an_impact_before_arrival(impactor):
    late, early = (assess(impactor, jd).iloc[0] for jd in (2_461_500.5, 2_461_100.5))
    assert late["impact_body"] == "earth" and not late["trusted"]
    assert late["flag"] == "hits the Earth on 2026-03-09: it is no longer there"
    assert 0.0 < late["impact_jd_tdb"] - 2_461_108.5 < 0.5
    assert early["impact_body"] == "" and np.isnan(early["impact_jd_tdb"])


def test_known_impactors(shared_data):
    """Horizons' last epochs, from elements that the MPC kept for two to seven years after them.

    The 7-digit elements of July 2021, integrated backwards, lead into the Earth on the right day.
    """
    printed = pd.read_csv(shared_data / "catalogs/impacted_objects_still_in_sbdb.csv", dtype=str)
    printed = printed.set_index("pdes")["horizons_last_ephemeris_tdb"]
    name = shared_data / "catalogs/mpc_nea_extended_epoch2459403.5.json.gz"
    catalogue = read_catalog(name)[0].set_index("designation")
    known = [name for name in printed.index if name in catalogue.index]
    assert known == ["2018 LA", "2019 MO"]
    found = assess(catalogue.loc[[*known, "2014 AA"]].reset_index(), 2_463_000.5)
    assert (found["impact_body"] == "earth").all() and not found["trusted"].any()
    when = [Time.strptime(printed[n], "%Y-%b-%d %H:%M:%S.%f", scale="tdb").jd for n in known]
    when.append(2_456_659.6)  # 2014-01-02 about 02:30 UTC [Farnocchia2016]
    assert np.abs(found["impact_jd_tdb"] - when).max() < 0.05
    assert found["flag"][0] == (
        "comes out of the Earth on 2018-06-02: it hit then, or its elements are poor"
    )


def test_apophis_before_and_after_its_encounter(catalog):
    row = pick(catalog, "99942", "99942").assign(condition_code="0")
    before, after = assess(row, [2_462_200.5, 2_462_800.5]).itertuples()
    assert before.amplification == pytest.approx(1.0, abs=0.5)
    assert before.trusted and before.flag == "" and np.isnan(before.earth_pass_au)
    assert after.earth_pass_au == pytest.approx(0.000254, abs=2e-5)
    assert after.earth_pass_jd_tdb == pytest.approx(2_462_240.407, abs=0.01)
    assert after.amplification > 100 and not after.trusted
    assert "passes the Earth at 0.0003 au on 2029-04-13" in after.flag
    assert "-fold" in after.flag


def test_sigma_from_the_condition_code(catalog):
    """An orbit that meets nobody: the runoff of the code, times time and distance."""
    row = pick(catalog, "433")
    rows = pd.concat([row.assign(condition_code=code) for code in "0369"], ignore_index=True)
    epoch, arrival = row["epoch_jd_tdb"][0], row["epoch_jd_tdb"][0] + 8 * YEAR
    found = assess(rows, arrival)
    a_km = row["a_au"][0] * AU_KM
    for k, code in enumerate("036"):
        simple = runoff_km(code, a_km, (arrival - epoch) / YEAR)
        # The speed varies along the ellipse by (1 + e) / (1 - e) = 1.6.
        assert 0.6 < found["sigma_km"][k] / simple < 1.6
    assert found["sigma_km"][3] == np.inf and "not known" in found["flag"][3]
    assert found["sigma_km"][1] / found["sigma_km"][0] == pytest.approx(86.5, rel=1e-6)
    assert found["trusted"].tolist() == [True, True, False, False]


def test_runoff_table():
    """U = int(ln r / C) + 1, C = ln(648000) / 9: each bound begins the next class [MPC-U]."""
    c = np.log(648_000.0) / 9.0
    for u, bound in enumerate(RUNOFF_ARCSEC):
        assert bound == pytest.approx(np.exp(u * c), rel=0.01)
    assert runoff_km("0", AU_KM, 10.0) == pytest.approx(725.3, abs=0.1)  # one arcsecond
    assert {runoff_km(code, 1.0, 1.0) for code in ("9", "E", "", "10")} == {np.inf}


def test_sigma_from_a_covariance(catalog):
    """A known error along the velocity grows as 3 times the distance flown because of it."""
    row = pick(catalog, "433")
    _, v = (x[0, 0] for x in _start(row))
    along = v / np.linalg.norm(v)
    sigma = 1e-6  # 1 mm/s
    covariance = np.zeros((1, 6, 6))
    covariance[0, 3:, 3:] = sigma**2 * np.outer(along, along)
    years = 10.0
    found = assess(row, row["epoch_jd_tdb"][0] + years * YEAR, covariance=covariance)
    a = row["a_au"][0] * AU_KM
    # delta a = 2 a² v delta v / GM; the position falls behind by 3/2 delta a n t.
    drift = 3.0 * a**2 * np.linalg.norm(v) * sigma / GM_SUN
    drift *= np.sqrt(GM_SUN / a**3) * years * YEAR * DAY_S
    assert found["sigma_km"][0] == pytest.approx(drift, rel=0.35)
    double = assess(row, row["epoch_jd_tdb"][0] + years * YEAR, covariance=4.0 * covariance)
    assert double["sigma_km"][0] == pytest.approx(2.0 * found["sigma_km"][0], rel=1e-9)


def _start(row):
    from survey.transfer.targets import element_array, kepler_states

    elements = element_array(row)
    return kepler_states(elements, elements[:, 6:7])


def test_rows_that_cannot_be_integrated(catalog):
    rows = pick(catalog, "433", "433")
    rows.loc[0, "e"], rows.loc[1, "epoch_jd_tdb"] = 1.3, 2_425_000.5
    found = assess(rows, 2_463_000.5)
    assert not found["trusted"].any() and found["sigma_km"].isna().all()
    assert "bound" in found["flag"][0] and "outside the planetary ephemeris" in found["flag"][1]


@pytest.mark.parametrize("harm", ["nan", "shape", "skew"])
def test_bad_covariances_are_refused(catalog, harm):
    row = pick(catalog, "433")
    covariance = np.eye(6)[None]
    if harm == "nan":
        covariance[0, 2, 2] = np.nan
    elif harm == "skew":
        covariance[0, 0, 1] = 5.0
    else:
        covariance = covariance[:, :5]
    with pytest.raises(ValueError, match="covariance"):
        assess(row, 2_463_000.5, covariance=covariance)


def test_arrivals_outside_the_span_are_refused(catalog):
    for jd in (2_400_000.5, 2_490_000.5, np.nan):
        with pytest.raises(ValueError, match="2009-01-01"):
            assess(pick(catalog, "433"), jd)


def test_no_rows(catalog):
    assert assess(catalog.iloc[:0], 2_463_000.5).columns.tolist() == list(COLUMNS)
