"""A person's spelling finds the asteroid, or says what it may have been."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.catalog import UnknownTargetError, find, label, select
from survey.catalog.names import canonical_designation, name_key
from survey.tables import CATALOG, validate

ROWS = [
    # designation, name, provisional, class, a, H
    ("433", "Eros", "A898 PA", "AMO", 1.458, 10.4),
    ("2100", "Ra-Shalom", "1978 RA", "ATE", 0.832, 16.2),
    ("6063", "Jason", "1984 KB", "APO", 2.213, 15.9),
    ("99942", "Apophis", "2004 MN4", "ATE", 0.922, 19.1),
    ("101955", "Bennu", "1999 RQ36", "APO", 1.126, 20.2),
    ("163693", "Atira", "2003 CP20", "IEO", 0.741, 16.3),
    ("469219", "Kamoʻoalewa", "2016 HO3", "APO", 1.001, 24.3),
    ("594913", "'Aylo'chaxnim", "2020 AV2", "IEO", 0.555, 16.2),
    ("2006 RH120", "", "2006 RH120", "APO", 1.033, np.nan),
    ("2016 HO", "", "2016 HO", "APO", 1.5, 24.0),
    ("2040 P-L", "", "2040 P-L", "AMO", 2.0, 18.0),
]


def make(rows: list[tuple[str, str, str, str, float, float]]) -> pd.DataFrame:
    names = ["designation", "name", "provisional", "orbit_class", "a_au", "H_mag"]
    frame = pd.DataFrame(rows, columns=names)
    number = [int(d) if d.isdigit() else None for d in frame["designation"]]
    frame = frame.assign(
        number=pd.array(number, dtype="Int64"), epoch_jd_tdb=2459403.5, e=0.2, i_deg=5.0,
        node_deg=1.0, argperi_deg=2.0, mean_anomaly_deg=3.0, G=0.15, condition_code="0", arc="",
        n_oppositions=pd.array([None] * len(frame), dtype="Int64"), diameter_km=np.nan,
        albedo=np.nan,
    )  # fmt: skip
    return validate(frame, CATALOG)


@cache
def fixed() -> pd.DataFrame:
    return make(ROWS)


@pytest.fixture(scope="module")
def catalog() -> pd.DataFrame:
    frame = make(ROWS)
    frame.attrs["path"] = "neo-2021-07-08.ecsv.gz"
    return frame


APOSTROPHES = "'`´ʻʼʽʾʿˊˋ‘’‛′‵ʹ＇ꞌꞋ"


@pytest.mark.parametrize(
    "spelling",
    [
        "469219", "(469219)", " 469219 ", "0469219", "Kamooalewa", "KAMOOALEWA", "kamo oalewa",
        *(f"Kamo{mark}oalewa" for mark in APOSTROPHES), "Kamo‘oalewa", "Kāmoʻoalewa",
        "2016 HO3", "2016ho3", "2016_HO3", "2016-HO3", "2016HO3", "(2016 HO3)", "2016 HO₃",
        "2016 ho_3", "469219 Kamo`oalewa", "(469219) Kamoʻoalewa", "469219 Kamo`oalewa (2016 HO3)",
        "469219 (2016 HO3)", "469219 2016 HO3", "Kamooalewa (2016 HO3)", "469219_kamo'oalewa",
        "K16H03O", "k9219",
    ],
)  # fmt: skip
def test_every_spelling_of_kamooalewa(spelling: str, catalog: pd.DataFrame) -> None:
    assert find(spelling, catalog)["designation"] == "469219"


@pytest.mark.parametrize(
    ("spelling", "designation"),
    [
        (433, "433"), (np.int64(433), "433"), ("00433", "433"), ("eros", "433"), ("a898pa", "433"),
        ("I98P00A", "433"), ("ra shalom", "2100"), ("RASHALOM", "2100"), ("2100 Ra-Shalom", "2100"),
        ("Aylochaxnim", "594913"), ("‘Ayló’chaxnim", "594913"), ("2006rh120", "2006 RH120"),
        ("K06RC0H", "2006 RH120"), ("2040p-l", "2040 P-L"), ("PLS2040", "2040 P-L"),
        ("2016 HO", "2016 HO"), ("2016ho", "2016 HO"), ("K16H00O", "2016 HO"),
        ("1999rq36", "101955"), ("A1955", "101955"),
    ],
)  # fmt: skip
def test_other_targets(spelling: str, designation: str, catalog: pd.DataFrame) -> None:
    assert find(spelling, catalog)["designation"] == designation


@pytest.mark.parametrize(
    ("wrong", "suggested"),
    [
        ("Apofis", "99942 Apophis (2004 MN4)"),
        ("Kamoalewa", "469219 Kamoʻoalewa (2016 HO3)"),
        ("469218", "469219 Kamoʻoalewa (2016 HO3)"),
        ("2016 HO33", "469219 Kamoʻoalewa (2016 HO3)"),
        ("2016 H03", "469219 Kamoʻoalewa (2016 HO3)"),
        ("2006 RH12", "2006 RH120"),
        ("433 Apophis", "433 Eros (A898 PA) or 99942 Apophis (2004 MN4)"),
        ("434 Eros", "433 Eros (A898 PA)"),
        ("433 Eross", "433 Eros (A898 PA)"),
        ("Apophis (2016 HO3)", "469219 Kamoʻoalewa (2016 HO3)"),
    ],
)
def test_a_near_miss_is_suggested(wrong: str, suggested: str, catalog: pd.DataFrame) -> None:
    with pytest.raises(UnknownTargetError) as caught:
        find(wrong, catalog)
    message = str(caught.value)
    assert repr(wrong) in message
    assert suggested in message
    assert "\n" not in message


@pytest.mark.parametrize("wrong", ["", "   ", "???", "''", None, 4.5, True, -5, "1", "xyzzy", "1P"])
def test_what_resembles_nothing(wrong: object, catalog: pd.DataFrame) -> None:
    with pytest.raises(UnknownTargetError, match="write a number, name or designation") as caught:
        find(wrong, catalog)  # type: ignore[arg-type]
    assert "did you mean" not in str(caught.value)


def test_an_unknown_target_is_a_value_error_and_a_lookup_error() -> None:
    assert issubclass(UnknownTargetError, ValueError)
    assert issubclass(UnknownTargetError, LookupError)


def test_an_ambiguous_name_is_reported() -> None:
    twins = make([*ROWS, ("700001", "ERO'S", "2030 AA", "APO", 1.2, 20.0)])
    with pytest.raises(UnknownTargetError) as caught:
        find("eros", twins)
    assert str(caught.value) == (
        "'eros' may mean 2 asteroids: write the number or designation of 433 Eros (A898 PA) or "
        "700001 ERO'S (2030 AA)"
    )
    assert find("433 Eros", twins)["designation"] == "433"


def test_a_catalogue_without_names_cannot_contradict_them(catalog: pd.DataFrame) -> None:
    bare = catalog.assign(name="", provisional="")
    for spelling in ("469219 Kamoʻoalewa", "469219 Kamoʻoalewa (2016 HO3)", "469219 (2016 HO3)"):
        assert find(spelling, bare)["designation"] == "469219"


def test_an_empty_catalogue(catalog: pd.DataFrame) -> None:
    with pytest.raises(UnknownTargetError, match="not in the catalogue of 0 objects"):
        find("Eros", catalog.iloc[:0])


@given(st.text(max_size=20))
def test_any_text_is_found_or_refused(text: str) -> None:
    frame = fixed()
    try:
        row = find(text, frame)
    except UnknownTargetError as error:
        assert "\n" not in str(error)
    else:
        assert row["designation"] in frame["designation"].tolist()


@given(st.sampled_from(ROWS), st.randoms(), st.sampled_from(APOSTROPHES))
def test_case_blanks_and_apostrophes_never_matter(
    row: tuple[str, ...], random: object, mark: str
) -> None:
    designation, name, provisional, *_ = row
    for text in filter(None, (name, provisional)):
        spelt = "".join(random.choice([c.lower(), c.upper()]) for c in text)  # type: ignore[attr-defined]
        spelt = spelt.replace("'", mark).replace("ʻ", mark)
        assert find(f" {spelt} ", fixed())["designation"] == designation


def test_canonical_designations() -> None:
    wrong = "2016 IO3|2016 HI3|2016 HO03|2016 HO0|1898 DQ|2100 AA|A925 AA|Eros|433)|(433|-433|4.3||"
    for text in (wrong + "2016 HO3 x|C/2020 F3|123456789").split("|"):
        assert canonical_designation(text) is None, text
    assert canonical_designation("a/2019 g2") == "A/2019 G2"
    assert canonical_designation("3138t-1") == "3138 T-1"


def test_name_keys() -> None:
    assert name_key("Kamoʻoalewa") == name_key("KAMO`OALEWA") == "kamooalewa"
    assert name_key("Ra-Shalom") == "rashalom"
    assert name_key("Čapek") == "capek"
    assert name_key("'’ʻ") == ""


def test_labels(catalog: pd.DataFrame) -> None:
    assert label(find("eros", catalog)) == "433 Eros (A898 PA)"
    assert label(find("2006 RH120", catalog)) == "2006 RH120"


def chosen(frame: pd.DataFrame) -> list[str]:
    return frame["designation"].tolist()


def test_conditions(catalog: pd.DataFrame) -> None:
    assert chosen(select(catalog)) == chosen(catalog)
    assert chosen(select(catalog, orbit_class="IEO")) == ["163693", "594913"]
    assert chosen(select(catalog, orbit_class=("ATE", "IEO"), a_au=(0.74, None))) == [
        "2100", "99942", "163693",
    ]  # fmt: skip
    assert chosen(select(catalog, H_mag=(None, 15.9))) == ["433", "6063"]  # ends count
    assert chosen(select(catalog, H_mag=[10.4, 16.2])) == ["433", "2100", "594913"]
    assert chosen(select(catalog, number=433)) == ["433"]
    assert chosen(select(catalog, number=(2000, 7000))) == ["2100", "6063"]
    assert "2006 RH120" not in chosen(select(catalog, H_mag=(None, None)))  # it has none
    assert chosen(select(catalog, name=["Eros", "Bennu"])) == ["433", "101955"]
    assert chosen(select(catalog, a_au=(5, 6))) == []


def test_conditions_by_any_spelling(catalog: pd.DataFrame) -> None:
    assert chosen(select(catalog, designations=["2016ho3", 433, "eros"])) == ["433", "469219"]
    assert chosen(select(catalog, designations="Apophis")) == ["99942"]
    assert chosen(select(catalog, designations=[])) == []
    with pytest.raises(UnknownTargetError, match="99942 Apophis"):
        select(catalog, designations=["433", "Apofis"])


def test_a_selection_keeps_where_it_came_from(catalog: pd.DataFrame) -> None:
    assert select(catalog, orbit_class="ATE").attrs["path"] == "neo-2021-07-08.ecsv.gz"


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"h_mag": (1, 2)}, "has no column 'h_mag': did you mean H_mag"),
        ({"semi_major": (1, 2)}, "has no column 'semi_major'"),
        ({"a_au": (2, 1)}, r"a_au was given as \(2, 1\), which is backwards"),
        ({"a_au": (1, 2, 3)}, r"write \(low, high\)"),
        ({"a_au": "1"}, r"write \(low, high\)"),
        ({"a_au": (1, float("nan"))}, r"write \(low, high\)"),
        ({"a_au": [None]}, r"write \(low, high\)"),
        ({"orbit_class": "Aten"}, "orbit class was given as 'Aten': write one of IEO, ATE"),
        ({"orbit_class": 3}, "write a text or several"),
        ({"name": [3]}, "write a text or several"),
    ],
)
def test_a_condition_that_cannot_be_met(
    condition: dict[str, object], message: str, catalog: pd.DataFrame
) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        select(catalog, **condition)
    assert "\n" not in str(caught.value)
