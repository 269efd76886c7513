"""Orbits into boinor and back, and boinor's propagation as a second opinion on ours."""

import astropy.units as u
import numpy as np
import pandas as pd
import pytest

from survey import interop
from survey.astro.kepler import propagate_kepler
from survey.constants import AU_KM, DAY_S, GM_SUN_KM3_S2
from survey.interop import from_orbit, to_orbit
from survey.tables import CATALOG, validate

boinor = pytest.importorskip("boinor")

ELEMENTS = ["a_au", "e", "i_deg", "node_deg", "argperi_deg", "mean_anomaly_deg"]


def row(**changes):
    """469219 Kamoʻoalewa at JD 2459403.5, or another orbit."""
    values = {
        "designation": "469219", "name": "Kamo'oalewa", "epoch_jd_tdb": 2459403.5,
        "a_au": 1.0012211, "e": 0.1031741, "i_deg": 7.78705, "node_deg": 66.15482,
        "argperi_deg": 306.14722, "mean_anomaly_deg": 100.3,
    }  # fmt: skip
    return pd.Series(values | changes)


def random_rows(count):
    rng = np.random.default_rng(20)
    for _ in range(count):
        node, argperi, mean = rng.uniform(0, 360, 3)
        yield row(
            a_au=rng.uniform(0.5, 4), e=rng.uniform(0.02, 0.98), i_deg=rng.uniform(0.5, 170),
            node_deg=node, argperi_deg=argperi, mean_anomaly_deg=mean,
        )  # fmt: skip


def assert_same_orbit(ours, theirs):
    assert ours["epoch_jd_tdb"] == theirs["epoch_jd_tdb"]
    for column in ELEMENTS:
        # Degrees of 360 carry 1e-13; angles from perihelion lose as much again as e is small.
        allowed = 1e-12 if column in ("a_au", "e") else 1e-12 * 360
        assert abs(ours[column] - theirs[column]) < allowed, column


def test_round_trip():
    for one in random_rows(200):
        assert_same_orbit(from_orbit(to_orbit(one)), one)


def test_round_trip_through_the_equator():
    """boinor turns the plane itself, by astropy's frames; we turn it back by the obliquity."""
    from boinor.frames import Planes

    for one in random_rows(5):
        turned = to_orbit(one).change_plane(Planes.EARTH_EQUATOR)
        assert turned.plane is Planes.EARTH_EQUATOR
        back = from_orbit(turned)
        # astropy's frames rotate vectors of 1 au: 1e-15 of it, and of the speed.
        for column in ELEMENTS:
            assert abs(back[column] - one[column]) < 1e-9, column


def test_boinors_orbit_is_ours():
    orbit = to_orbit(row())
    assert orbit.epoch.scale == "tdb" and orbit.epoch.tdb.jd == 2459403.5
    assert orbit.attractor is boinor.bodies.Sun
    # The elements as boinor sees them, with its own GM: 1.5e-8 away, not more.
    assert orbit.a.to_value(u.au) == pytest.approx(1.0012211, rel=4e-8)
    assert orbit.ecc.value == pytest.approx(0.1031741, abs=4e-8)
    assert orbit.inc.to_value(u.deg) == pytest.approx(7.78705, abs=1e-12)
    assert orbit.raan.to_value(u.deg) == pytest.approx(66.15482, abs=1e-11)


@pytest.mark.parametrize("e", [0.0, 0.3, 0.9, 0.999])
@pytest.mark.parametrize("days", [-3000.0, 0.5, 200.0])
def test_boinor_propagates_as_we_do(e, days):
    orbit = to_orbit(row(e=e))
    mu = orbit.attractor.k.to_value(u.km**3 / u.s**2)
    later = orbit.propagate(days * u.day)
    start_r, start_v = orbit.r.to_value(u.km), orbit.v.to_value(u.km / u.s)
    r, v = propagate_kepler(mu, start_r, start_v, days * DAY_S)
    # boinor goes by true anomalies and stops at 1e-12 or so of a turn at e = 0.999.
    assert np.abs(r - later.r.to_value(u.km)).max() < 1e-9 * AU_KM / 10
    assert np.abs(v - later.v.to_value(u.km / u.s)).max() < 1e-8
    ours, _ = propagate_kepler(GM_SUN_KM3_S2, start_r, start_v, days * DAY_S)
    if e < 0.5 and days == 200.0:  # the two GMs, as the module says: some 30 km a year
        assert 5 < np.linalg.norm(ours - r) < 40


def test_row_is_a_row_of_the_catalogue():
    made = from_orbit(to_orbit(row()), designation="469219", name="Kamo'oalewa")
    table = validate(made.to_frame().T, CATALOG)
    assert table["orbit_class"].tolist() == ["APO"]
    assert table["H_mag"].isna().all() and table["number"].isna().all()
    assert table["designation"].tolist() == ["469219"]
    assert_same_orbit(to_row := table.iloc[0], row())
    assert_same_orbit(from_orbit(to_orbit(to_row)), row())


@pytest.mark.parametrize(
    "changes", [{"e": 1.0}, {"e": 1.2}, {"a_au": -1.0}, {"e": 1.2, "a_au": -1.0}, {"a_au": np.nan}]
)
def test_rows_that_are_no_ellipse(changes):
    with pytest.raises(ValueError, match="is an ellipse"):
        to_orbit(row(**changes))


def test_orbits_that_are_no_row():
    from boinor.bodies import Earth, Sun
    from boinor.frames import Planes
    from boinor.twobody import Orbit

    with pytest.raises(ValueError, match="about Earth"):
        from_orbit(Orbit.from_vectors(Earth, [7000, 0, 0] * u.km, [0, 7.5, 0] * u.km / u.s))
    fast = [[AU_KM, 0, 0] * u.km, [0, 60.0, 0] * u.km / u.s]
    with pytest.raises(ValueError, match="ellipses only"):
        from_orbit(Orbit.from_vectors(Sun, *fast))
    slow = [[AU_KM, 0, 0] * u.km, [0, 30.0, 1] * u.km / u.s]
    with pytest.raises(ValueError, match="BODY_FIXED"):
        from_orbit(Orbit.from_vectors(Sun, *slow, plane=Planes.BODY_FIXED))


def test_which_package(monkeypatch):
    with pytest.raises(ValueError, match="'orekit': write 'boinor' or 'poliastro'"):
        to_orbit(row(), package="orekit")
    monkeypatch.setattr(interop, "version", lambda name: {"poliastro": "0.7.0"}[name])
    with pytest.raises(ValueError, match=r"poliastro 0.7.0 is installed, but only 0.17"):
        to_orbit(row(), package="poliastro")

    def nothing(name):
        raise interop.PackageNotFoundError(name)

    monkeypatch.setattr(interop, "version", nothing)
    for package, words in ((None, "neither boinor nor poliastro"), ("boinor", "boinor is not")):
        with pytest.raises(ValueError, match=words):
            to_orbit(row(), package=package)
