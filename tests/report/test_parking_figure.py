"""The parking orbit on the sky: angles, dates and distances are those of the craft."""

from __future__ import annotations

import astropy.units as u
import matplotlib.pyplot as plt
import numpy as np
import pytest
from astropy.time import Time
from drawn import artist, drawn, texts

from survey.constants import AU_KM
from survey.ephemeris import heliocentric_state
from survey.report import plot_parking
from survey.transfer import ParkingOrbit


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def parking():
    return ParkingOrbit.from_text(
        orbit="halo northern", size="z 300000 km", phase_zero="2029-01-15"
    )


def test_an_undated_orbit_is_seen_at_its_phases():
    parking = ParkingOrbit.from_text(orbit="halo northern", size="z 300000 km")
    ax = plot_parking(parking)
    states = parking.rotating_state([0.0, 0.25])
    x, y, z = ((states[:, :3] - (1 - parking.mass_ratio, 0, 0)) * AU_KM).T
    ((lon,), (lat,)) = artist(ax, "phase 0").get_data()
    assert (lon, lat) == pytest.approx((0.0, np.degrees(np.arctan(z[0] / x[0]))), abs=1e-9)
    assert z[0] == pytest.approx(300_000.0)
    ((lon,), _) = artist(ax, "0.25").get_data()
    assert lon == pytest.approx(np.degrees(np.arctan2(y[1], x[1])))
    assert lon < -10.0  # it sets out against the Earth's motion, to the west
    left, right = ax.get_xlim()
    assert left > right  # east to the left
    assert ax.get_aspect() == 1.0


def test_a_dated_orbit_is_seen_from_the_real_earth(parking):
    ax = plot_parking(parking, exclusion=0.6 * u.deg)
    assert artist(ax, "2029-01-15").get_xdata()[0] == pytest.approx(0.0, abs=0.3)  # Earth's wobble
    for month in ("2029-02", "2029-04", "2029-07"):
        epoch = Time(f"{month}-01", scale="utc")
        r, _ = parking.state(epoch)
        earth, _ = heliocentric_state("earth", epoch.tdb.jd)
        sight = r.to_value(u.km) - earth
        cosine = sight @ earth / np.linalg.norm(sight) / np.linalg.norm(earth)
        ((lon,), (lat,)) = np.radians(artist(ax, month).get_data())
        # The Earth's own latitude: the ecliptic has turned by 14 seconds of arc since J2000.
        assert np.cos(lon) * np.cos(lat) == pytest.approx(cosine, abs=8e-5)
        assert np.sin(lat) == pytest.approx(sight[2] / np.linalg.norm(sight), abs=8e-5)
    assert artist(ax, "exclusion").radius == 0.6
    assert "real dates (UTC)" in ax.get_title("right")


def test_colour_is_the_distance_from_the_earth(parking):
    ax = plot_parking(parking)
    km = artist(ax, "parking orbit").get_array()
    jd = parking.phase_zero.tdb.jd + np.linspace(0, parking.period_days, 200)
    r, _ = parking.state(Time(jd, format="jd", scale="tdb"))
    distance = np.linalg.norm(r.to_value(u.km) - heliocentric_state("earth", jd)[0], axis=1)
    assert km.min() == pytest.approx(distance.min(), rel=1e-4)  # samples, not extrema
    assert km.max() == pytest.approx(distance.max(), rel=1e-4)


def test_about_l1_the_sun_is_in_the_middle():
    parking = ParkingOrbit.from_text(orbit="halo southern", size="z 250000 km", point="L1")
    ax = plot_parking(parking, exclusion=4.0 * u.deg)
    assert "solar exclusion zone, 4°" in texts(ax)
    assert ax.get_xlabel().startswith("ecliptic longitude from the Sun")
    path = np.concatenate(drawn(ax, "parking orbit"))
    assert np.abs(path).max() < 40.0


@pytest.mark.parametrize(
    ("orbit", "size", "revolutions"),
    [
        ("lyapunov", "x 200000 km", 1.0),
        ("vertical", "z 300000 km", 0.5),
        ("lissajous", "x 100000 km, z 150000 km", 3.0),
    ],
)
def test_every_family_fits_its_frame(orbit, size, revolutions):
    parking = ParkingOrbit.from_text(orbit=orbit, size=size, phase_zero="2030-03-01")
    ax = plot_parking(parking, revolutions=revolutions)
    path = np.concatenate(drawn(ax, "parking orbit"))
    assert path[:, 0].max() <= ax.get_xlim()[0] and path[:, 0].min() >= ax.get_xlim()[1]
    assert path[:, 1].max() <= ax.get_ylim()[1] and path[:, 1].min() >= ax.get_ylim()[0]


def test_what_cannot_be_drawn_of_a_parking_orbit_is_refused(parking):
    with pytest.raises(ValueError, match="no extent"):
        plot_parking(ParkingOrbit("L2"))
    with pytest.raises(ValueError, match="above 0"):
        plot_parking(parking, revolutions=0.0)
    with pytest.raises(ValueError, match="phase zero of the parking orbit is unknown"):
        plot_parking(parking.at_phase_zero(None), start=Time("2029-01-01"))
