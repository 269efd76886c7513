"""Where the craft waits and what it can pay, against laws and printed figures."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time

from survey.constants import AU_KM, MASS_RATIO_SUN_EARTH_JPL
from survey.ephemeris import heliocentric_state
from survey.transfer import ParkingOrbit, Spacecraft

EPOCHS = Time(2461406.5 + np.arange(0.0, 400.0, 50.0), format="jd", scale="tdb")


def test_l2_stands_where_jpl_puts_it():
    # JPL periodic-orbit database, Sun-Earth: x(L2) = 1.010090435784255, seen from the barycentre
    scale = ParkingOrbit(mass_ratio=MASS_RATIO_SUN_EARTH_JPL).scale
    assert scale - MASS_RATIO_SUN_EARTH_JPL == pytest.approx(1.010090435784255, abs=2e-12)


def test_l2_lies_beyond_the_earth_moon_barycentre_on_the_line_from_the_sun():
    r, v = ParkingOrbit().state(EPOCHS)
    assert r.unit == u.km
    assert v.unit == u.km / u.s
    emb, _ = heliocentric_state("earth-moon-barycenter", EPOCHS.jd)
    gap = np.linalg.norm(r.value - emb, axis=-1)
    assert np.all((gap > 1.47e6) & (gap < 1.54e6))
    cosine = np.sum(r.value * emb, -1) / np.linalg.norm(r.value, axis=-1)
    assert cosine / np.linalg.norm(emb, axis=-1) == pytest.approx(1.0, abs=1e-14)


def test_velocity_is_the_derivative_of_position():
    step = 0.05
    before, _ = ParkingOrbit().state(EPOCHS - step * u.d)
    after, _ = ParkingOrbit().state(EPOCHS + step * u.d)
    _, v = ParkingOrbit().state(EPOCHS)
    slope = (after - before).value / (2 * step * 86400.0)
    # third derivative of a 1-year circle: v (n h)^2 / 6 = 4e-6 km/s
    assert np.abs(slope - v.value).max() < 1e-5


def test_l1_lies_inside():
    r, _ = ParkingOrbit(point="L1").state(EPOCHS)
    emb, _ = heliocentric_state("earth-moon-barycenter", EPOCHS.jd)
    inside = np.linalg.norm(emb, axis=-1) - np.linalg.norm(r.value, axis=-1)
    assert np.all((inside > 0.0098 * AU_KM) & (inside < 0.0102 * AU_KM))


@pytest.mark.parametrize("bad", [{"point": "L4"}, {"mass_ratio": 0.0}, {"mass_ratio": 0.7}])
def test_impossible_parking_is_refused(bad):
    with pytest.raises(ValueError, match="write"):
        ParkingOrbit(**bad)


def test_budget_is_tsiolkovsky_less_reserve():
    craft = Spacecraft(2500 * u.kg, 200 * u.kg, 305 * u.s, 20 * u.m / u.s, Time("2035-01-01"))
    # 305 s x 9.80665 m/s2 x ln(2500/2300) = 249.40 m/s, by hand
    assert craft.budget.to_value(u.m / u.s) == pytest.approx(249.40 - 20.0, abs=0.01)


def test_reserve_larger_than_the_tank_leaves_nothing():
    craft = Spacecraft(2500 * u.kg, 10 * u.kg, 305 * u.s, 50 * u.m / u.s, Time("2035-01-01"))
    assert craft.budget.value == 0.0


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"propellant": 3000 * u.kg}, "between 0 and"),
        ({"propellant": -1 * u.kg}, "between 0 and"),
        ({"isp": 0 * u.s}, "305 s"),
        ({"reserve": -1 * u.m / u.s}, "20 m/s"),
    ],
)
def test_impossible_craft_is_refused(changed, words):
    good = {
        "mass": 2500 * u.kg, "propellant": 200 * u.kg, "isp": 305 * u.s,
        "reserve": 20 * u.m / u.s, "last_date": Time("2035-01-01"),
    }  # fmt: skip
    with pytest.raises(ValueError, match=words):
        Spacecraft(**{**good, **changed})
