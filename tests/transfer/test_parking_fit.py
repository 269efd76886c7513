"""Parking orbits fitted to tables of positions, the path that JWST has flown among them."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pandas as pd
import pytest
from astropy.time import Time

from survey.ephemeris import heliocentric_state
from survey.transfer import ParkingOrbit
from survey.transfer.parking_fit import fit_parking, gse_to_heliocentric, measure_shape
from survey.transfer.parking_natural import natural_parking
from survey.transfer.rotating_frame import longitude_at

MIDDLE = 2461406.5


@pytest.fixture(scope="module")
def halo():
    return ParkingOrbit.from_text(
        orbit="halo southern", size="z 500000 km", phase_zero="2026-12-01"
    )


@pytest.fixture(scope="module")
def table(halo):
    natural = natural_parking(halo, MIDDLE, revolutions=5)
    jd = np.arange(natural.jd_tdb[0] + 0.5, natural.jd_tdb[-1], 2.0)
    epochs = Time(jd, format="jd", scale="tdb")
    return natural, epochs, natural.state(epochs)[0]


@pytest.fixture(scope="module")
def jwst(shared_data):
    rows = pd.read_csv(shared_data / "ephemeris" / "jwst_gse_daily.csv")
    when = pd.to_datetime(rows["utc"], format="%Y %b %d %H:%M:%S")
    rows = rows[when > "2022-02-15"]  # inserted on 24 January 2022
    epochs = Time(list(when[rows.index].dt.strftime("%Y-%m-%dT%H:%M:%S")), scale="utc")
    gse = rows[["x_gse_km", "y_gse_km", "z_gse_km"]].to_numpy() * u.km
    # In this file x points away from the Sun.
    return epochs, gse_to_heliocentric(epochs, gse, x_away_from_sun=True)


def test_jwst_flown_path_is_matched_by_a_quasi_halo(jwst):
    found = fit_parking(*jwst)
    assert found.natural.gap < 1e-11  # one trajectory, three and a half years without a correction
    assert found.fitted.amplitudes_km == pytest.approx(found.flown.amplitudes_km, rel=0.05)
    assert found.fitted.period_d == pytest.approx(found.flown.period_d, rel=0.02)
    assert found.fitted.z_period_d == pytest.approx(found.flown.z_period_d, rel=0.02)
    # Measured: 4,806 km; sunlight on the sunshield and two dozen corrections make the rest.
    assert found.natural_rms_km < 10_000


def test_jwst_flies_a_southern_quasi_halo(jwst):
    found = fit_parking(*jwst)
    # Its highest side is the southern one beyond L2; half a year, about 800,000 km to each side.
    assert found.parking.family == "halo southern"
    assert found.flown.period_d == pytest.approx(180.0, abs=1.5)
    assert found.flown.amplitudes_km[1] == pytest.approx(800_000, rel=0.03)
    assert found.parking.period_days == pytest.approx(found.flown.period_d, rel=0.02)
    assert found.parking.size.z_km == pytest.approx(found.flown.amplitudes_km[2], rel=0.05)
    # A quasi-halo breathes about the halo that it is fitted by.
    assert found.parking_rms_km < 60_000


def test_a_natural_orbit_is_found_again(halo, table):
    natural, epochs, r = table
    found = fit_parking(epochs, r)
    assert found.natural_rms_km < 30
    assert found.parking.family == "halo southern"
    assert found.parking.size.z_km == pytest.approx(500_000, rel=0.01)
    turns = (found.parking.phase_zero - halo.phase_zero).to_value(u.d) / halo.period_days
    assert np.abs(turns - np.round(turns)) < 0.02
    # What is left is the difference of the natural from the circular orbit.
    assert found.parking_rms_km == pytest.approx(natural.shift_km, rel=0.3)


def test_noise_of_a_table_is_smoothed(table):
    _, epochs, r = table
    noise = np.random.default_rng(2).normal(size=r.shape) * 50 * u.km
    found = fit_parking(epochs, r + noise)
    assert found.natural_rms_km < 110  # sqrt(3) times 50 km is in the table itself


def test_gse_axes():
    epoch = Time([2461406.5], format="jd", scale="tdb")
    earth, velocity = heliocentric_state("earth", 2461406.5)
    sunward = gse_to_heliocentric(epoch, [[1e6, 0, 0]] * u.km)[0].value - earth
    assert sunward == pytest.approx(-1e6 * earth / np.linalg.norm(earth), abs=1e-3)
    # y_gse is against the Earth's motion, z_gse to the north.
    aside = gse_to_heliocentric(epoch, [[0, 1e6, 0]] * u.km)[0].value - earth
    assert aside @ velocity < -0.999 * 1e6 * np.linalg.norm(velocity)
    up = gse_to_heliocentric(epoch, [[0, 0, 1e6]] * u.km)[0].value - earth
    assert up[2] > 0.9999e6
    turned = gse_to_heliocentric(epoch, [[-1e6, 2e6, 3e6]] * u.km, x_away_from_sun=True)
    same = gse_to_heliocentric(epoch, [[1e6, -2e6, 3e6]] * u.km)
    assert turned.value == pytest.approx(same.value, abs=1e-6)


def test_shape_of_a_known_lissajous_curve():
    angle = np.linspace(0.0, 30.0, 4000)
    x = 1.01 + 2e-3 * np.cos(2.05 * angle)
    y, z = -6e-3 * np.sin(2.05 * angle), 1e-3 + 3e-3 * np.cos(1.98 * angle)
    shape = measure_shape(angle, np.stack((x, y, z), -1), 1.01)
    au, turn = 149597870.7, 365.25636
    assert shape.amplitudes_km == pytest.approx(np.array([2e-3, 6e-3, 3e-3]) * au, rel=1e-4)
    assert shape.centre_km == pytest.approx(np.array([0.0, 0.0, 1e-3]) * au, abs=60)
    assert shape.period_d == pytest.approx(turn / 2.05, rel=1e-5)
    assert shape.z_period_d == pytest.approx(turn / 1.98, rel=1e-4)


def test_bad_tables_are_refused(table):
    _, epochs, r = table
    holed = r.copy()
    holed[7, 1] = np.nan * u.km
    keep = np.abs(epochs.jd - MIDDLE) > 10
    cases = [
        (epochs, r[:-1], "n positions"),
        (epochs, holed, "not finite"),
        (epochs[::-1], r[::-1], "do not increase"),
        (epochs[keep], r[keep], "a gap of 2"),
        (epochs[:40], r[:40], "at least one whole revolution"),
    ]
    for when, where, words in cases:
        with pytest.raises(ValueError, match=words):
            fit_parking(when, where)


def test_longitude_of_the_table_grows(table):
    _, epochs, _ = table
    assert np.all(np.diff(longitude_at(epochs.jd)) > 0)
