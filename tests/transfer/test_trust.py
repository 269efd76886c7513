"""When a predicted position is not to be believed."""

import json

import numpy as np
import pandas as pd
import pytest
from astropy.time import Time

from survey.astro.kepler import elements_to_state, state_to_elements
from survey.astro.nbody_forces import GM
from survey.catalog import read_catalog
from survey.catalog.sbdb_lookup import decode_object
from survey.constants import AU_KM, DAY_S
from survey.constants import GM_SUN_KM3_S2 as GM_SUN
from survey.ephemeris import heliocentric_state
from survey.transfer.ephemerides import build_ephemerides, integrate_rows
from survey.transfer.targets import ELEMENTS, element_array, kepler_states
from survey.transfer.trust import COLUMNS, assess
from survey.transfer.trust_spread import (
    RUNOFF_ARCSEC,
    along_orbit,
    larger_orbit,
    runoff_rate,
    transitions,
    undisturbed,
)

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
        simple = runoff_rate(code) * (arrival - epoch) * DAY_S * a_km
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
    decade = 10 * YEAR * DAY_S
    assert runoff_rate("0") * decade * AU_KM == pytest.approx(725.3, abs=0.1)  # one arcsecond
    assert {runoff_rate(code) for code in ("9", "E", "", "10")} == {np.inf}


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
    elements = element_array(row)
    return kepler_states(elements, elements[:, 6:7])


def test_rows_that_cannot_be_integrated(catalog):
    rows = pick(catalog, "433", "433")
    rows.loc[0, "e"], rows.loc[1, "epoch_jd_tdb"] = 1.3, 2_425_000.5
    found = assess(rows, 2_463_000.5)
    assert not found["trusted"].any() and found["sigma_km"].isna().all()
    assert "bound" in found["flag"][0] and "only those of 1978-03-01" in found["flag"][1]


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
        with pytest.raises(ValueError, match="1978-03-01"):
            assess(pick(catalog, "433"), jd)


def test_no_rows(catalog):
    assert assess(catalog.iloc[:0], 2_463_000.5).columns.tolist() == list(COLUMNS)


def test_sigma_from_the_elements_uncertainties(catalog):
    """a's drift, and what e, i and the anomaly add at once; the angles' share cancels."""
    row = pick(catalog, "433").assign(condition_code="9", sigma_a_au=1e-9)
    when = row["epoch_jd_tdb"][0] + 10 * YEAR
    a = row["a_au"][0] * AU_KM
    drift = 1.5 * np.sqrt(GM_SUN / a**3) * 10 * YEAR * DAY_S * 1e-9 * AU_KM
    found = assess(row, when)
    assert 0.7 < found["sigma_km"][0] / drift < 1.5 and found["trusted"][0]  # by e, as above
    angles = row.assign(sigma_node_deg=3e-4, sigma_argperi_deg=2e-4, sigma_mean_anomaly_deg=4.5e-4)
    assert assess(angles, when)["sigma_km"][0] == pytest.approx(found["sigma_km"][0], rel=1e-9)
    late = angles.assign(sigma_mean_anomaly_deg=5e-4 + 0.01)
    more = np.hypot(found["sigma_km"][0], np.radians(0.01) * a)
    assert assess(late, when)["sigma_km"][0] == pytest.approx(more, rel=0.4)
    tilted = row.assign(sigma_i_deg=0.5)
    assert assess(tilted, when)["sigma_km"][0] < np.radians(0.5) * a * 1.25  # Q is 1.22 a


def test_sigmas_beside_the_covariance(shared_data, catalog):
    """Apophis as JPL knew it: the sum of the uncertainties against the whole covariance."""
    content = json.loads((shared_data / "api_fixtures/sbdb/99942_phys.json").read_text())
    body = decode_object(content, lambda _: None)
    cov = body.covariance
    names = ("e", "q", "tp", "node", "peri", "i")
    place = [cov.labels.index(name) for name in names]
    matrix = cov.matrix[np.ix_(place, place)]
    values = [cov.elements[{"node": "om", "peri": "w"}.get(n, n)].value for n in names]

    def row_of(x):
        e, q, tp, node, peri, i = x
        a = q / (1 - e)
        motion = np.sqrt(GM_SUN / (a * AU_KM) ** 3) * DAY_S
        mean = np.degrees(motion * (cov.epoch_jd_tdb - tp))
        return np.array([a, e, i, node, peri, mean, cov.epoch_jd_tdb])

    def state(x):
        return np.concatenate([y[0, 0] for y in kepler_states(row_of(x)[None], jd)])

    jd = np.array([[cov.epoch_jd_tdb]])
    sigma = np.sqrt(np.diag(matrix))
    pairs = [(values + shift, values - shift) for shift in 100.0 * np.diag(sigma)]
    jacobian = np.array([state(x) - state(y) for x, y in pairs]).T / (200.0 * sigma)
    rows = np.array([row_of(x) - row_of(y) for x, y in pairs]).T / (200.0 * sigma)
    a, e, i, node, peri, mean, _ = np.sqrt(np.maximum(np.diag(rows @ matrix @ rows.T), 0.0))
    frame = pick(catalog, "99942")
    frame.loc[:, ELEMENTS] = row_of(values)
    when = cov.epoch_jd_tdb + 6 * YEAR  # before the encounter of 2029
    whole = assess(frame, when, covariance=(jacobian @ matrix @ jacobian.T)[None])
    parts = frame.assign(
        sigma_a_au=a, sigma_e=e, sigma_i_deg=i, sigma_node_deg=node, sigma_argperi_deg=peri,
        sigma_mean_anomaly_deg=mean,
    )  # fmt: skip
    rough = assess(parts, when)
    print("km, covariance and uncertainties:", whole["sigma_km"][0], rough["sigma_km"][0])
    assert whole["trusted"][0] and rough["trusted"][0]
    # Uncorrelated errors are no covariance: the order of magnitude is what can be asked.
    assert 0.2 < rough["sigma_km"][0] / whole["sigma_km"][0] < 5.0


def test_old_observations_count_from_their_end(catalog):
    row = pick(catalog, "433").assign(condition_code="5")
    when, epoch = row["epoch_jd_tdb"][0] + 5 * YEAR, row["epoch_jd_tdb"][0]
    year = int(2000 + (epoch - 2_451_544.5) / YEAR)
    fresh, old = (row.assign(arc=f"1990-{last}") for last in (year, year - 11))
    both = [assess(frame, when)["sigma_km"][0] for frame in (fresh, old)]
    since = (epoch - (2_451_544.5 + (year - 10 - 2000) * YEAR)) / YEAR
    assert both[1] / both[0] == pytest.approx((5 + since) / 5, rel=0.15)


def test_clones_and_ellipses_agree_where_nobody_comes_near(catalog):
    rows = pick(catalog, "433")
    elements, arrival = element_array(rows), rows["epoch_jd_tdb"].to_numpy() + 8 * YEAR
    free = undisturbed(elements, arrival)[:, 0]
    ours = along_orbit(elements, np.zeros((1, 7)), arrival)
    assert np.linalg.norm(ours - free) < 0.02 * np.linalg.norm(free)
    matrix = transitions(elements, np.zeros((1, 7)), arrival)
    along = matrix[0] @ larger_orbit(elements)[0]
    np.testing.assert_allclose(along, ours[0], rtol=1e-4, atol=1e-4 * np.linalg.norm(along))


def test_given_ephemerides_serve(catalog):
    rows = pick(catalog, "99942", "433", "2000 SG344", "1991 VG")
    arrival = np.array([2_462_800.5, 2_463_000.5, 2_463_100.5, 2_463_200.5])
    built = build_ephemerides(rows, 2_462_000.5, 2_463_300.5)
    alone, given = assess(rows, arrival), assess(rows, arrival, ephemerides=built)
    pd.testing.assert_frame_equal(alone, given, rtol=1e-3)
    some = assess(rows.iloc[[2, 0]], arrival[[2, 0]], ephemerides=built.select([2, 0]))
    pd.testing.assert_frame_equal(some, given.iloc[[2, 0]].reset_index(drop=True), rtol=1e-6)
    with pytest.raises(ValueError, match="4 rows, the catalogue has 1"):
        assess(rows[:1], arrival[:1], ephemerides=built)
    with pytest.raises(ValueError, match="build them over the arrivals"):
        assess(rows, arrival + 400.0, ephemerides=built)


def test_old_elements_say_so(catalog):
    found = assess(pick(catalog, "433").assign(epoch_jd_tdb=2_441_000.5), 2_463_000.5)
    assert found["flag"][0] == (
        "elements of 1971-02-18: only those of 1978-03-01 to 2065-12-29 can be integrated"
    )
