"""run.toml: what is read, what is refused and how, and when two runs are the same run."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from pathlib import Path

import astropy.units as u
import pytest
from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st

from survey.run import Run, adjust, calendar_date, default_run, read_run, write_default_run
from survey.run.keys import KEYS
from survey.run.values import PARKING_FAMILIES
from survey.transfer.parking import FAMILIES

# The test itself asks ERFA for years to come.
pytestmark = pytest.mark.filterwarnings("ignore:.*dubious year")

# TDB - UTC since 2017: 37 leap seconds + 32.184 s, IERS Bulletin C and IAU 1991; TDB - TT < 2 ms.
TDB_MINUS_UTC_S = 69.184

# The keys that hold several choices, which nobody makes one by one.
PHRASES = {
    "departure": ("departure_from", "departure_to", "departure_step"),
    "tof": ("tof_min", "tof_max", "tof_step"),
    "orbit": ("point", "orbit"),
}
DATES = "2027-01-01 to 2037-01-01"


def read(folder: Path, text: str) -> Run:
    path = folder / "run.toml"
    path.write_text(text, encoding="utf-8")
    return read_run(path)


def test_an_empty_file_has_the_defaults(tmp_path: Path) -> None:
    run = read(tmp_path, "")
    assert run.digest == default_run().digest
    assert (run.snapshot, run.targets, run.point, run.max_revolutions) == ("latest", (), "L2", 1)
    assert run.departure_step == 10 * u.d
    assert (run.tof_min, run.tof_max, run.tof_step) == (30 * u.d, 730 * u.d, 10 * u.d)
    assert (run.orbit, run.size, run.phase_zero) == ("halo northern", "z 400000 km", None)
    assert (run.mass, run.propellant, run.isp) == (2500 * u.kg, 200 * u.kg, 305 * u.s)
    assert run.reserve == 20 * u.m / u.s
    assert run.top == 10


def test_dates_are_utc_days_held_in_tdb() -> None:
    run = default_run()
    assert run.departure_from.scale == run.departure_to.scale == run.last_date.scale == "tdb"
    # 2461406.5 is the Julian date of 2027-01-01T00:00.
    offset = Time(2461406.5, format="jd", scale="tdb")
    assert (run.departure_from - offset).to_value(u.s) == pytest.approx(TDB_MINUS_UTC_S, abs=0.002)


def test_the_default_file_is_the_defaults_with_comments(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    write_default_run(path)
    text = path.read_text(encoding="utf-8")
    assert read_run(path).digest == default_run().digest
    keys = [name for section in tomllib.loads(text).values() for name in section]
    assert len(keys) <= 20
    # Each attribute of a run stands in one key, and each key holds attributes of a run.
    held = [name for key in keys for name in PHRASES.get(key, (key,))]
    assert sorted(held) == sorted(Run.__dataclass_fields__)
    assert keys == list(KEYS)
    for key in keys:
        assert tuple(one.name for one in KEYS[key].choices) == PHRASES.get(key, (key,))
    assert text.count("#") > 10
    assert [one.name for one in tmp_path.iterdir()] == ["run.toml"]


def test_the_default_file_never_replaces_choices(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text("[report]\ntop = 3\n", encoding="utf-8")
    with pytest.raises(ValueError, match="exists already"):
        write_default_run(path)
    assert path.read_text(encoding="utf-8") == "[report]\ntop = 3\n"


def test_quantities_are_converted(tmp_path: Path) -> None:
    run = read(
        tmp_path,
        f'[window]\ntof = "30 d to 0.5 yr every 10 d"\ndeparture="{DATES} every 1wk"\n'
        '[spacecraft]\nmass = "2.5 t"\n'
        'isp = "5 min"\nreserve = "0 km/s"\n',
    )
    assert run.tof_max.to_value(u.d) == 182.625  # Julian years of 365.25 d
    assert run.departure_step.to_value(u.d) == 7
    assert run.mass.to_value(u.kg) == 2500
    assert run.isp.to_value(u.s) == pytest.approx(300, rel=1e-15)
    assert run.reserve == 0 * u.m / u.s


def test_a_date_needs_no_quotes_and_a_number_may_be_a_target(tmp_path: Path) -> None:
    run = read(
        tmp_path,
        "[spacecraft]\nlast_date = 2028-02-29\n[catalog]\ntargets = [469219, ' Apophis ', 469219,"
        ' "469219"]\n',
    )
    assert calendar_date(run.last_date.jd) == "2028-02-29"
    assert run.targets == ("469219", "Apophis")


def test_a_phrase_holds_its_choices(tmp_path: Path) -> None:
    run = read(
        tmp_path,
        '[window]\ndeparture = " 2028-02-29  to 2029-03-01 every 36 h "\n'
        'tof = "0.5 yr to 1 yr\tevery 1 wk"\n[parking]\norbit = "L1 lyapunov"\n',
    )
    days = [calendar_date(one.jd) for one in (run.departure_from, run.departure_to)]
    assert days == ["2028-02-29", "2029-03-01"]
    times = (run.departure_step, run.tof_min, run.tof_max, run.tof_step)
    assert [one.to_value(u.d) for one in times] == [1.5, 182.625, 365.25, 7]
    assert (run.point, run.orbit) == ("L1", "lyapunov")


def test_the_families_of_a_run_are_those_that_can_be_flown_from() -> None:
    assert sorted(PARKING_FAMILIES) == sorted(FAMILIES)


def test_the_parking_orbit_is_kept_as_written_but_for_blanks(tmp_path: Path) -> None:
    run = read(
        tmp_path,
        '[parking]\norbit = " L2 halo  southern "\nsize = "z  5e5 km"\nphase_zero = " Unknown "\n',
    )
    assert (run.orbit, run.size, run.phase_zero) == ("halo southern", "z 5e5 km", None)
    assert run.orbit_name == "southern halo orbit about L2"
    known = read(tmp_path, '[parking]\nphase_zero = "2027-03-01"\norbit = "L2 point"\nsize = ""\n')
    assert known.phase_zero is not None
    assert calendar_date(known.phase_zero.jd) == "2027-03-01"
    assert (known.size, known.orbit_name) == ("", "libration point L2 itself")


def test_windows_editors_are_welcome(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_bytes("\ufeff[report]\r\ntop = 3\r\n".encode())
    assert read_run(path).top == 3


# --- two runs are one run ---------------------------------------------------------------------

OTHER = {
    "snapshot": '[catalog]\nsnapshot = "neo-2026-11-22.ecsv.gz"',
    "targets": '[catalog]\ntargets = ["99942"]',
    "asteroids": '[catalog]\nasteroids = "kepler"',
    "departure_from": '[window]\ndeparture = "2027-01-02 to 2037-01-01 every 10 d"',
    "departure_to": '[window]\ndeparture = "2027-01-01 to 2037-01-02 every 10 d"',
    "departure_step": '[window]\ndeparture = "2027-01-01 to 2037-01-01 every 10.5 d"',
    "tof_min": '[window]\ntof = "31 d to 730 d every 10 d"',
    "tof_max": '[window]\ntof = "30 d to 731 d every 10 d"',
    "tof_step": '[window]\ntof = "30 d to 730 d every 11 d"',
    "max_revolutions": "[window]\nmax_revolutions = 0",
    "point": '[parking]\norbit = "L1 halo northern"',
    "orbit": '[parking]\norbit = "L2 halo southern"',
    "size": '[parking]\nsize = "z 500000 km"',
    "phase_zero": "[parking]\nphase_zero = 2027-03-01",
    "search": "[three_body]\nsearch = false",
    "flyby_budget": '[three_body]\nflyby_budget = "501 m/s"',
    "rendezvous_budget": '[three_body]\nrendezvous_budget = "2.1 km/s"',
    "deep": "[three_body]\ndeep = 7",
    "mass": '[spacecraft]\nmass = "2501 kg"',
    "propellant": '[spacecraft]\npropellant = "201 kg"',
    "isp": '[spacecraft]\nisp = "306 s"',
    "reserve": '[spacecraft]\nreserve = "21 m/s"',
    "last_date": '[spacecraft]\nlast_date = "2038-01-01"',
    "title": '[report]\ntitle = "Another"',
    "top": "[report]\ntop = 11",
}


def test_the_digest_knows_every_choice(tmp_path: Path) -> None:
    assert sorted(OTHER) == sorted(Run.__dataclass_fields__)
    runs = {name: read(tmp_path, text) for name, text in OTHER.items()}
    digests = {default_run().digest, *(run.digest for run in runs.values())}
    assert len(digests) == len(OTHER) + 1
    for name, run in runs.items():
        assert run.digest_of(name) != default_run().digest_of(name)
        others = [other for other in OTHER if other != name]
        assert run.digest_of(*others) == default_run().digest_of(*others)


def test_the_digest_is_blind_to_comments_order_and_spelling(tmp_path: Path) -> None:
    one = read(tmp_path, '[window]\ntof = "30 d to 730 d every 10 d"\n[report]\ntop = 5\n')
    two = read(
        tmp_path,
        '# mine\n[report]\ntop = 5 # five\n\n[window]\ntof="720 h to 17520  h every 10.0  day"\n'
        'departure = "2027-01-01  to 2037-01-01 every 240 h"\n'
        '[parking]\norbit = "L2  halo northern"\n',
    )
    assert one.digest == two.digest


# --- choices from elsewhere -------------------------------------------------------------------


def test_options_replace_choices() -> None:
    run = adjust(default_run(), {"tof_step": ("--tof-step", "5 d")})
    assert run.tof_step == 5 * u.d
    assert run.digest_of("tof_min") == default_run().digest_of("tof_min")


# --- dates for people -------------------------------------------------------------------------


@given(days=st.integers(0, 20_000))
def test_a_date_survives_one_float(days: int) -> None:
    day = (date(2010, 1, 1) + timedelta(days=days)).isoformat()
    assert calendar_date(float(Time(day, scale="utc").tdb.jd)) == day


def test_the_end_of_a_day_is_still_that_day() -> None:
    assert calendar_date(float(Time("2031-05-06T23:59:58", scale="utc").tdb.jd)) == "2031-05-06"
    assert calendar_date(float("nan")) == ""
