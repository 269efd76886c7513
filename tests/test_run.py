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

# The test itself asks ERFA for years to come.
pytestmark = pytest.mark.filterwarnings("ignore:.*dubious year")

# TDB - UTC since 2017: 37 leap seconds + 32.184 s, IERS Bulletin C and IAU 1991; TDB - TT < 2 ms.
TDB_MINUS_UTC_S = 69.184


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
    assert run.mass_ratio == 3.04042e-6
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
    assert sorted(keys) == sorted(Run.__dataclass_fields__)
    assert len(keys) <= 26
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
        '[window]\ntof_max = "0.5 yr"\ndeparture_step="1wk"\n[spacecraft]\nmass = "2.5 t"\n'
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
        "[window]\ndeparture_from = 2028-02-29\n[catalog]\ntargets = [469219, ' Apophis ', 469219,"
        ' "469219"]\n',
    )
    assert calendar_date(run.departure_from.jd) == "2028-02-29"
    assert run.targets == ("469219", "Apophis")


def test_the_parking_orbit_is_kept_as_written_but_for_blanks(tmp_path: Path) -> None:
    run = read(
        tmp_path,
        '[parking]\norbit = " halo  southern "\nsize = "z  5e5 km"\nphase_zero = " Unknown "\n',
    )
    assert (run.orbit, run.size, run.phase_zero) == ("halo southern", "z 5e5 km", None)
    assert run.orbit_name == "southern halo orbit about L2"
    known = read(tmp_path, '[parking]\nphase_zero = "2027-03-01"\norbit = "point"\nsize = ""\n')
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
    "departure_from": '[window]\ndeparture_from = "2027-01-02"',
    "departure_to": '[window]\ndeparture_to = "2037-01-02"',
    "departure_step": '[window]\ndeparture_step = "10.5 d"',
    "tof_min": '[window]\ntof_min = "31 d"',
    "tof_max": '[window]\ntof_max = "731 d"',
    "tof_step": '[window]\ntof_step = "11 d"',
    "max_revolutions": "[window]\nmax_revolutions = 0",
    "point": '[parking]\npoint = "L1"',
    "orbit": '[parking]\norbit = "halo southern"',
    "size": '[parking]\nsize = "z 500000 km"',
    "phase_zero": "[parking]\nphase_zero = 2027-03-01",
    "search": "[three_body]\nsearch = false",
    "flyby_budget": '[three_body]\nflyby_budget = "501 m/s"',
    "rendezvous_budget": '[three_body]\nrendezvous_budget = "2.1 km/s"',
    "deep": "[three_body]\ndeep = 7",
    "mass_ratio": "[parking]\nmass_ratio = 3.0542e-6",
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
    one = read(tmp_path, '[window]\ntof_step = "10 d"\ntof_min = "30 d"\n[report]\ntop = 5\n')
    two = read(
        tmp_path,
        '# mine\n[report]\ntop = 5 # five\n\n[window]\ntof_min = "720 h"\ntof_step="10.0  day"\n'
        "departure_from = 2027-01-01\n",
    )
    assert one.digest == two.digest


# --- what is refused --------------------------------------------------------------------------

BAD = [
    # (text of run.toml, what the one sentence must say)
    ('[windw]\ntof_min = "30 d"', ("[windw]", "'window'")),
    ('[window]\ndeparture_stp = "1 d"', ("[window]", "'departure_stp'", "'departure_step'")),
    ('[window]\nwhen = "1 d"', ("'when'", "departure_from, departure_to")),
    ('[spacecraft]\ntof_min = "30 d"', ("'tof_min'", "move it to [window]")),
    ('tof_min = "30 d"', ("tof_min", "put it in [window]")),
    ("window = 3", ("window", "3", "[window]")),
    ("[[window]]\ntop = 1", ("window", "[window]")),
    ('[window]\ndeparture_step = "10"', ("departure_step", '"10"', "no unit", '"10 d"')),
    ("[window]\ndeparture_step = 10", ("departure_step", "10", "no unit", '"10 d"')),
    ('[window]\ndeparture_step = "10 kg"', ("departure_step", '"10 kg"', "not a time", '"10 d"')),
    ('[window]\ndeparture_step = "10 m"', ("departure_step", '"10 m"', "not a time")),
    ('[window]\ndeparture_step = "10 dayz"', ("departure_step", "'dayz'", "not known")),
    ('[window]\ndeparture_step = "ten d"', ("departure_step", '"ten d"', "not a number")),
    ('[window]\ndeparture_step = "1.2.3 d"', ("departure_step", '"1.2.3 d"', "not a number")),
    ('[window]\ndeparture_step = "1,000 d"', ("departure_step", '"1,000 d"', "not a number")),
    ('[window]\ndeparture_step = "0 d"', ("departure_step", '"0 d"', "not positive")),
    ('[window]\ntof_step = "-10 d"', ("tof_step", '"-10 d"', "not positive")),
    ('[window]\ntof_step = "nan d"', ("tof_step", '"nan d"', "not finite")),
    ('[window]\ntof_max = "inf d"', ("tof_max", '"inf d"', "not finite")),
    ('[window]\ntof_max = "1e400 d"', ("tof_max", "not finite")),
    ("[window]\ntof_max = true", ("tof_max", "true", '"10 d"')),
    ('[window]\ntof_max = "20 d"', ("tof_max", "20 d", "tof_min", "30 d", "swap")),
    (
        '[window]\ndeparture_to = "2020-01-01"',
        ("departure_to", "2020-01-01", "2027-01-01", "swap"),
    ),
    ('[window]\ndeparture_from = "1 Jan 2027"', ("departure_from", "1 Jan 2027", '"2027-01-01"')),
    ('[window]\ndeparture_from = "2027-02-30"', ("departure_from", "not a day of the calendar")),
    ("[window]\ndeparture_from = 2027-01-01T12:00:00", ("departure_from", '"2027-01-01"')),
    ("[window]\ndeparture_from = 2461406.5", ("departure_from", "2461406.5", '"2027-01-01"')),
    ('[window]\ndeparture_step = "1 s"', ("departure_step", "315,619,201", "GB", "longer steps")),
    ('[window]\ntof_step = "1e-300 d"', ("tof_step", "longer steps")),
    ('[window]\ntof_step = "1e-320 d"', ("tof_step", "longer steps")),
    ("[window]\nmax_revolutions = -1", ("max_revolutions", "-1", "0 to 7")),
    ("[window]\nmax_revolutions = 1.0", ("max_revolutions", "1.0", "whole number")),
    ("[window]\nmax_revolutions = true", ("max_revolutions", "true", "whole number")),
    ('[parking]\npoint = "L3"', ("point", '"L3"', '"L2" or "L1"')),
    ("[parking]\npoint = 2", ("point", "2", '"L2" or "L1"')),
    ("[parking]\npoint = []", ("point", "[]", '"L2" or "L1"')),
    ("[parking]\norbit = 3", ("orbit", "3", "not text", '"halo northern"')),
    ("[parking]\nsize = 400000", ("size", "400000", "not one line of text", '"z 400000 km"')),
    ('[parking]\nphase_zero = "soon"', ("phase_zero", '"soon"', '"2027-01-01"', '"unknown"')),
    ('[three_body]\nflyby_budget = "0 m/s"', ("flyby_budget", '"0 m/s"', "not positive")),
    ('[three_body]\nflyby_budget = "-5 m/s"', ("flyby_budget", '"-5 m/s"', "not positive")),
    ('[three_body]\nrendezvous_budget = "2 km"', ("rendezvous_budget", "not a speed")),
    ("[three_body]\ndeep = -1", ("deep", "-1", "whole number from 0 up")),
    ('[three_body]\nsearch = "yes"', ("search", '"yes"', "neither true nor false")),
    ("[three-body]\nsearch = true", ("[three-body]", "did you mean 'three_body'?")),
    ("[parking]\nmass_ratio = nan", ("mass_ratio", "outside 0 to 0.5", "3.04042e-6")),
    ("[parking]\nmass_ratio = 0", ("mass_ratio", "outside 0 to 0.5")),
    ('[parking]\nmass_ratio = "3e-6"', ("mass_ratio", "not a number")),
    ('[spacecraft]\nmass = "2500 s"', ("mass", '"2500 s"', "not a mass", '"2500 kg"')),
    ('[spacecraft]\npropellant = "3 t"', ("propellant", "3000 kg", "2500 kg")),
    ('[spacecraft]\nisp = "3000 m/s"', ("isp", '"3000 m/s"', '"305 s"')),
    ('[spacecraft]\nreserve = "-1 m/s"', ("reserve", '"-1 m/s"', "negative", '"20 m/s"')),
    ("[report]\ntop = 0", ("top", "0", "1 to 100")),
    ("[report]\ntop = 101", ("top", "101", "1 to 100")),
    ("[report]\ntop = 10:00:00", ("top", "10:00:00", "whole number")),
    ("[report]\ntitle = 7", ("title", "7", "text in quotes")),
    ('[report]\ntitle = "a\\nb"', ("title", "one line")),
    ('[report]\ntitle = " "', ("title", "one line")),
    ('[catalog]\ntargets = "99942"', ("targets", '"99942"', "not a list")),
    ("[catalog]\ntargets = [2027-01-01]", ("targets", "2027-01-01", "not text")),
    ("[catalog]\ntargets = [true]", ("targets", "true", "not text")),
    ("[window]\ntof_step = 10 d", ("not a TOML file", "line 2", "in quotes")),
    ("[report]\ntop = 1\ntop = 2", ("not a TOML file", "overwrite a value")),
]


@pytest.mark.parametrize(("text", "said"), BAD, ids=[text.splitlines()[-1] for text, _ in BAD])
def test_a_bad_choice_is_one_teaching_sentence(
    tmp_path: Path, text: str, said: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError) as caught:
        read(tmp_path, text)
    message = str(caught.value)
    assert message.startswith(str(tmp_path / "run.toml"))
    assert "\n" not in message
    for words in said:
        assert words in message
    assert len(message.removeprefix(str(tmp_path))) < 330


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_bytes('[report]\ntitle = "Né"\n'.encode("latin-1"))
    with pytest.raises(ValueError, match="byte 19 is not UTF-8"):
        read_run(tmp_path / "run.toml")


def test_a_missing_file_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_run(tmp_path / "run.toml")


# --- choices from elsewhere -------------------------------------------------------------------


def test_options_replace_choices_and_are_named_in_errors() -> None:
    run = adjust(default_run(), {"tof_step": ("--tof-step", "5 d")})
    assert run.tof_step == 5 * u.d
    assert run.digest_of("tof_min") == default_run().digest_of("tof_min")
    with pytest.raises(ValueError, match=r'^--step was given as "5", which has no unit'):
        adjust(default_run(), {"departure_step": ("--step", "5")})
    with pytest.raises(ValueError, match=r"^--to is 2026-01-01, before departure_from, 2027-01-01"):
        adjust(default_run(), {"departure_to": ("--to", "2026-01-01")})


# --- dates for people -------------------------------------------------------------------------


@given(days=st.integers(0, 20_000))
def test_a_date_survives_one_float(days: int) -> None:
    day = (date(2010, 1, 1) + timedelta(days=days)).isoformat()
    assert calendar_date(float(Time(day, scale="utc").tdb.jd)) == day


def test_the_end_of_a_day_is_still_that_day() -> None:
    assert calendar_date(float(Time("2031-05-06T23:59:58", scale="utc").tdb.jd)) == "2031-05-06"
    assert calendar_date(float("nan")) == ""
