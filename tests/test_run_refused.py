"""run.toml: what is refused, in one sentence that says what to write instead."""

from __future__ import annotations

import re
from pathlib import Path

import astropy.units as u
import pytest

from survey.constants import MASS_RATIO_SUN_EARTH_MOON
from survey.run import Run, adjust, calendar_date, default_run, read_run

DATES = "2027-01-01 to 2037-01-01"


def read(folder: Path, text: str) -> Run:
    path = folder / "run.toml"
    path.write_text(text, encoding="utf-8")
    return read_run(path)


def every(step: str) -> str:
    return f'[window]\ndeparture = "{DATES} every {step}"'


def flights(phrase: str) -> str:
    return f'[window]\ntof = "{phrase}"'


def departures(phrase: str) -> str:
    return f'[window]\ndeparture = "{phrase}"'


_RANGE = 'write two UTC dates and a step, e.g. "2027-01-01 to 2037-01-01 every 10 d"'
_TIMES = 'write two times and a step, e.g. "30 d to 730 d every 10 d"'
_ORBIT = "write L2 or L1, then halo northern,"
BAD = [
    # (text of run.toml, what the one sentence must say)
    ('[windw]\ntof = "30 d to 60 d every 1 d"', ("[windw]", "'window'")),
    ('[window]\ndeparture_stp = "1 d"', ("[window]", "'departure_stp'", "'departure'")),
    ('[window]\nwhen = "1 d"', ("'when'", "departure, tof, max_revolutions")),
    ('[spacecraft]\ntof = "30 d"', ("'tof'", "move it to [window]")),
    ('tof = "30 d"', ("tof", "put it in [window]")),
    ("window = 3", ("window", "3", "[window]")),
    ("[[window]]\ntop = 1", ("window", "[window]")),
    # a step
    (every("10"), ("departure", '"10"', "no unit", "step of departures", _RANGE)),
    ("[window]\ndeparture = 10", ("departure", "10", "not text in quotes", _RANGE)),
    (every("10 kg"), ("departure", '"10 kg"', "not a time", "step of departures", _RANGE)),
    (every("10 m"), ("departure", '"10 m"', "not a time")),
    (every("10 dayz"), ("departure", "'dayz'", "not known")),
    (every("ten d"), ("departure", '"ten d"', "not a number")),
    (every("1.2.3 d"), ("departure", '"1.2.3 d"', "not a number")),
    (every("1,000 d"), ("departure", '"1,000 d"', "not a number")),
    (every("0 d"), ("departure", '"0 d"', "not positive")),
    (flights("30 d to 60 d every -10 d"), ("tof", '"-10 d"', "not positive", "step of times")),
    (flights("30 d to 60 d every nan d"), ("tof", '"nan d"', "not finite")),
    (flights("30 d to inf d every 10 d"), ("tof", '"inf d"', "longest", "not finite")),
    (flights("30 d to 1e400 d every 10 d"), ("tof", "longest time of flight", "not finite")),
    (flights("30 to 60 d every 10 d"), ("tof", '"30"', "shortest time of flight", "no unit")),
    ("[window]\ntof = true", ("tof", "true", "not text in quotes", _TIMES)),
    ('[window]\ntof = ["30 d", "730 d"]', ("tof", "not text in quotes", _TIMES)),
    # its ends
    (
        flights("30 d to 20 d every 10 d"),
        ("[window] tof", "longest", "20 d", "less than the shortest", "30 d", "swap the two"),
    ),
    (
        departures("2027-01-01 to 2020-01-01 every 10 d"),
        (
            "[window] departure",
            "last departure in [window] departure is 2020-01-01",
            "first departure, 2027-01-01",
            "swap the two dates",
        ),
    ),
    (
        departures("1 Jan 2027 to 2037-01-01 every 10 d"),
        ("departure", '"1 Jan 2027"', "first departure", "not a calendar date", _RANGE),
    ),
    (
        departures("2027-02-30 to 2037-01-01 every 10 d"),
        ("departure", '"2027-02-30"', "first departure", "not a day of the calendar"),
    ),
    (
        departures("2027-01-01 to 2027-01-01T12:00:00 every 10 d"),
        ("departure", '"2027-01-01T12:00:00"', "last departure", "not a calendar date", _RANGE),
    ),
    ("[window]\ndeparture = 2461406.5", ("departure", "2461406.5", "not text in quotes", _RANGE)),
    ("[window]\ndeparture = 2027-01-01", ("departure", "2027-01-01", "not text", _RANGE)),
    # the phrase
    (departures(DATES), ("departure", DATES, 'which lacks "every"', _RANGE)),
    (departures("2027-01-01"), ("departure", 'which lacks "to" and "every"', _RANGE)),
    (departures("2027-01-01 every 10 d"), ("departure", 'which lacks "to"', _RANGE)),
    (departures("2027-01-01 - 2037-01-01 every 10 d"), ("departure", 'which lacks "to"', _RANGE)),
    (
        departures("every 10 d 2027-01-01 to 2037-01-01"),
        ("departure", "incomplete or in another order", _RANGE),
    ),
    (departures(f"{DATES} every"), ("departure", "which is incomplete", _RANGE)),
    (departures(""), ("departure", 'given as ""', 'lacks "to" and "every"', _RANGE)),
    (every("10 d every 5 d"), ("departure", "'d every 5 d' is not known", _RANGE)),
    (flights("10 d"), ("tof", '"10 d"', 'which lacks "to" and "every"', _TIMES)),
    (every("1 s"), ("[window] departure", "[window] tof", "315,619,201", "GB", "longer steps")),
    (flights("30 d to 730 d every 1e-300 d"), ("[window] tof", "longer steps")),
    (flights("30 d to 730 d every 1e-320 d"), ("[window] tof", "longer steps")),
    # former keys
    (
        '[window]\ndeparture_from = "2028-01-01"',
        (
            "departure_from is no longer a key",
            'write departure = "2028-01-01 to 2037-01-01 every 10 d" in [window]',
        ),
    ),
    (
        "[window]\ntof_max = '1 yr'\ntof_step = '5 d'\ndeparture_to = 2030-01-01",
        (
            "tof_max, tof_step and departure_to are no longer keys",
            'tof = "30 d to 1 yr every 5 d"',
            'departure = "2027-01-01 to 2030-01-01 every 10 d"',
        ),
    ),
    ('[spacecraft]\ntof_min = "60 d"', ('tof = "60 d to 730 d every 10 d" in [window]',)),
    ('tof_min = "60 d"', ('tof = "60 d to 730 d every 10 d" in [window]',)),
    ('[parking]\npoint = "L1"', ('write orbit = "L1 halo northern" in [parking]',)),
    (
        '[parking]\npoint = "L1"\norbit = "vertical"',
        ("point is no longer a key", 'write orbit = "L1 vertical" in [parking]'),
    ),
    (
        '[parking]\npoint = "L1"\norbit = "L2 halo southern"',
        ('write orbit = "L1 halo southern" in [parking]',),
    ),
    (
        f'[window]\ndeparture = "{DATES} every 3 d"\ndeparture_to = "2028-01-01"',
        ('write departure = "2027-01-01 to 2028-01-01 every 3 d" in [window]',),
    ),
    (
        "[parking]\nmass_ratio = 3.0542e-6",
        (
            "mass_ratio is no longer a key",
            "leave out mass_ratio, which is",
            str(MASS_RATIO_SUN_EARTH_MOON),
        ),
    ),
    (
        "[window]\ndeparture_from = 2027-01-01\ndeparture_to = 2037-01-01\n"
        "departure_step = '10 d'\ntof_min = '30 d'\ntof_max = '730 d'\ntof_step = '10 d'\n"
        "[parking]\npoint = 'L2'\norbit = 'halo northern'\nmass_ratio = 3.04042e-6",
        (
            "tof_step, point and mass_ratio are no longer keys",
            f'departure = "{DATES} every 10 d" and tof = "30 d to 730 d every 10 d" in [window]',
            'orbit = "L2 halo northern" in [parking]',
            "leave out mass_ratio",
        ),
    ),
    ("[window]\nmax_revolutions = -1", ("max_revolutions", "-1", "0 to 7")),
    ("[window]\nmax_revolutions = 1.0", ("max_revolutions", "1.0", "whole number")),
    ("[window]\nmax_revolutions = true", ("max_revolutions", "true", "whole number")),
    ('[parking]\norbit = "L3 halo northern"', ("orbit", '"L3"', "for the point", _ORBIT)),
    ('[parking]\norbit = "halo northern"', ("orbit", '"halo" for the point', _ORBIT)),
    (
        '[parking]\norbit = "L2"',
        ("orbit", '"L2"', "incomplete or in another order", _ORBIT, '"L2 halo northern"'),
    ),
    ('[parking]\norbit = "L2 hallo"', ("orbit", '"hallo"', "no family known here", _ORBIT)),
    ("[parking]\norbit = 3", ("orbit", "3", "not text", _ORBIT)),
    ("[parking]\norbit = []", ("orbit", "[]", "not text", _ORBIT)),
    ("[parking]\nsize = 400000", ("size", "400000", "not one line of text", '"z 400000 km"')),
    ('[parking]\nphase_zero = "soon"', ("phase_zero", '"soon"', '"2027-01-01"', '"unknown"')),
    ('[three_body]\nflyby_budget = "0 m/s"', ("flyby_budget", '"0 m/s"', "not positive")),
    ('[three_body]\nflyby_budget = "-5 m/s"', ("flyby_budget", '"-5 m/s"', "not positive")),
    ('[three_body]\nrendezvous_budget = "2 km"', ("rendezvous_budget", "not a speed")),
    ("[three_body]\ndeep = -1", ("deep", "-1", "whole number from 0 up")),
    ('[three_body]\nsearch = "yes"', ("search", '"yes"', "neither true nor false")),
    ("[three-body]\nsearch = true", ("[three-body]", "did you mean 'three_body'?")),
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
    ("[window]\ntof = 30 d to 60 d every 10 d", ("not a TOML file", "line 2", "in quotes")),
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


def test_the_lines_that_a_refusal_gives_make_the_run_of_the_former_keys(tmp_path: Path) -> None:
    former = (
        '[window]\ndeparture_from = 2028-02-29\ndeparture_step = "0.5 wk"\ntof_max = "1.5 yr"\n'
        '[parking]\npoint = "L1"\norbit = "vertical"\n'
    )
    with pytest.raises(ValueError) as caught:
        read(tmp_path, former)
    told = str(caught.value).partition(": write ")[2]
    window, parking = (
        "\n".join(re.findall(r'\w+ = "[^"]*"', part)) for part in told.split("; write ")
    )
    run = read(tmp_path, f"[window]\n{window}\n[parking]\n{parking}\n")
    assert calendar_date(run.departure_from.jd) == "2028-02-29"
    assert (run.departure_step, run.tof_max) == (3.5 * u.d, 1.5 * 365.25 * u.d)
    assert (run.point, run.orbit) == ("L1", "vertical")
    named = {"departure_from", "departure_step", "tof_max", "point", "orbit"}
    unchanged = set(Run.__dataclass_fields__) - named
    assert run.digest_of(*unchanged) == default_run().digest_of(*unchanged)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_bytes('[report]\ntitle = "Né"\n'.encode("latin-1"))
    with pytest.raises(ValueError, match="byte 19 is not UTF-8"):
        read_run(tmp_path / "run.toml")


def test_a_missing_file_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_run(tmp_path / "run.toml")


def test_an_option_is_named_in_its_error() -> None:
    with pytest.raises(ValueError, match=r'^--step was given as "5", which has no unit'):
        adjust(default_run(), {"departure_step": ("--step", "5")})
    with pytest.raises(ValueError, match=r"^--to is 2026-01-01, before the first departure, 2027-"):
        adjust(default_run(), {"departure_to": ("--to", "2026-01-01")})
    with pytest.raises(
        ValueError, match=r"^the run's last departure is 2037-01-01, before the fir"
    ):
        adjust(default_run(), {"departure_from": ("--from", "2040-01-01")})
    with pytest.raises(ValueError, match=r"^--tof-max is 20 d, less than the shortest time of fl"):
        adjust(default_run(), {"tof_max": ("--tof-max", "20 d")})
