"""Every format gives the same orbits, and every unusable row its reason."""

from __future__ import annotations

import gzip
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from catalog_samples import (
    EROS,
    GAUSS_DEG,
    KAMO,
    MPC_LINES,
    NEA_EXTENDED,
    OEF_MANY,
    OEF_ONE,
    ORBITS,
    PLAIN,
    RH120,
    SAMPLES,
    SBDB_CSV,
    SBDB_FIELDS,
    SBDB_JSON,
    mpc_line,
    sbdb_rows,
)

from survey.catalog import orbit_class
from survey.tables import CATALOG

FORMAT = {
    "NEA.txt": "MPC orbit lines", "MPCORB.DAT": "MPC orbit lines",
    "nea_extended.json": "MPC nea_extended.json", "sbdb.csv": "SBDB Query CSV",
    "sbdb_quoted.csv": "SBDB Query CSV", "sbdb.json": "SBDB Query JSON", "neodys.cat": "OEF",
    "433.ke1": "OEF", "plain.csv": "CSV with this program's columns",
}  # fmt: skip


def reasons(rejected: pd.DataFrame) -> list[tuple[int, str, str]]:
    return [tuple(row) for row in rejected.itertuples(index=False)]


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("disguise", ["plain", "gzip", "bom", "crlf"])
def test_every_format_gives_the_same_orbits(name: str, disguise: str, read: Any) -> None:
    content = SAMPLES[name]
    if disguise == "crlf":
        content = content.replace("\r\n", "\n").replace("\n", "\r\n")
    data = content.encode("utf-8-sig" if disguise == "bom" else "utf-8")
    frame, rejected, kind = read(gzip.compress(data) if disguise == "gzip" else data)
    assert kind == FORMAT[name]
    assert reasons(rejected) == []
    expected = {"433": EROS} if name == "433.ke1" else ORBITS
    assert frame["designation"].tolist() == list(expected)
    assert list(frame.columns) == CATALOG.names
    for designation, row in frame.set_index("designation").iterrows():
        for column, value in expected[str(designation)].items():
            assert row["epoch_jd_tdb" if column == "epoch" else column] == value, column
    assert frame["orbit_class"].tolist() == ["AMO", "APO", "APO"][: len(frame)]
    assert frame["number"].tolist()[:1] == [433]


def test_what_stands_beside_the_orbit(read: Any) -> None:
    eros, kamo, rh120 = (row for _, row in read(SBDB_JSON)[0].iterrows())
    assert (eros["name"], eros["provisional"]) == ("Eros", "A898 PA")
    assert (eros["H_mag"], eros["G"]) == (10.4, 0.46)
    assert (eros["diameter_km"], eros["albedo"], eros["arc"]) == (16.84, 0.25, "46330 days")
    assert (kamo["name"], kamo["condition_code"]) == ("Kamo`oalewa", "1")
    assert rh120["condition_code"] == "E"
    assert np.isnan([rh120["H_mag"], rh120["diameter_km"], kamo["G"]]).all()
    assert rh120["arc"] == ""
    assert rh120["provisional"] == "2006 RH120"
    assert pd.isna(rh120["number"])

    lines = read(MPC_LINES)[0]
    assert lines["name"].tolist() == ["Eros", "Kamoʻoalewa", ""]
    assert lines["arc"].tolist() == ["1893-2019", "1893-2019", "4 days"]
    assert lines["n_oppositions"].tolist() == [52, 52, 52]
    assert lines["condition_code"].tolist() == ["0", "0", "3"]
    assert lines["provisional"].tolist() == ["", "", "2006 RH120"]

    extended = read(NEA_EXTENDED)[0]
    assert extended["provisional"].tolist() == ["A898 PA", "2016 HO3", "2006 RH120"]
    assert extended["arc"].tolist() == ["", "", "4 days"]

    plain = read(PLAIN)[0]
    assert plain["arc"].tolist() == ["1893-2021", "2004-2018", "4 days"]
    assert plain["provisional"].tolist() == ["A898 PA", "2016 HO3", "2006 RH120"]


def test_unknown_magnitudes_of_the_center_are_unknown(read: Any) -> None:
    line = mpc_line("00433", "   (433) Eros", EROS, c9="99.99")
    assert np.isnan(read(line)[0]["H_mag"].iloc[0])
    line = mpc_line("00433", "   (433) Eros", EROS, c9="     ", c15="     ")
    assert np.isnan(read(line)[0][["H_mag", "G"]].to_numpy()).all()


def test_the_catalogue_is_sorted_by_number_then_discovery(read: Any) -> None:
    # In the order in which the Center numbers within a half-month: by cycle, then by letter.
    names = ["433", "469219", "A898 PB", "1998 KY26", "2016 HZ", "2016 HA1", "2016 JA", "2040 P-L"]
    header, row = PLAIN.splitlines()[0], PLAIN.splitlines()[3]
    body = [row.replace("2006 RH120", name) for name in reversed(names)]
    assert read("\n".join([header, *body, ""]))[0]["designation"].tolist() == names


def test_limits_of_the_orbit_classes() -> None:
    # JPL: IEO Q < 0.983; ATE a < 1, Q > 0.983; APO a > 1, q < 1.017; AMO 1.017 < q < 1.3 au.
    cases = [
        (0.7, 0.404, "IEO"), (0.7, 0.405, "ATE"), (0.999, 0.0, "ATE"), (0.9999, 0.9, "ATE"),
        (1.001, 0.0, "APO"), (2.0, 0.4916, "APO"), (2.0, 0.4914, "AMO"), (2.0, 0.3501, "AMO"),
        (2.0, 0.3499, ""), (1.2999, 0.0, "AMO"), (50.0, 0.99, "APO"),
    ]  # fmt: skip
    a, e, expected = (np.array(column) for column in zip(*cases, strict=True))
    assert orbit_class(a, e).tolist() == expected.tolist()


BAD = {
    "a": ("", "missing element: semi-major axis a"),
    "a nan": ("NaN", "element not finite: semi-major axis a = NaN"),
    "a inf": ("inf", "element not finite: semi-major axis a = inf"),
    "a huge": ("1e999", "element not finite: semi-major axis a = 1e999"),
    "a zero": ("0", "semi-major axis not positive: a = 0"),
    "a negative": ("-1.5", "semi-major axis not positive: a = -1.5"),
    "a words": ("1.5 au", "unreadable value: semi-major axis a '1.5 au'"),
    "a python": ("1_5", "unreadable value: semi-major axis a '1_5'"),
    "a arabic": ("١", "unreadable value: semi-major axis a '١'"),
    "e parabolic": ("1", "hyperbolic or parabolic: e = 1"),
    "e hyperbolic": ("3.35", "hyperbolic or parabolic: e = 3.35"),
    "e negative": ("-.1", "eccentricity out of range: e = -.1"),
    "e": ("", "missing element: eccentricity e"),
    "i": ("", "missing element: inclination i"),
    "i out": ("181", "inclination out of range: i = 181"),
    "i negative": ("-3", "inclination out of range: i = -3"),
    "om out": ("1000", "angle out of range: longitude of the node = 1000"),
    "w": ("", "missing element: argument of perihelion"),
    "ma": ("", "missing element: mean anomaly"),
    "epoch": ("", "missing element: epoch"),
    "epoch calendar": (
        "20200531", "epoch is not a Julian date: 20200531, expected such as 2459403.5",
    ),
    "epoch mjd": ("59000", "epoch is not a Julian date: 59000, expected such as 2459403.5"),
    "epoch words": ("2020-05-31", "unreadable value: epoch '2020-05-31'"),
    "H infinite": ("inf", "value out of range: absolute magnitude H = inf"),
    "H words": ("bright", "unreadable value: absolute magnitude H 'bright'"),
    "diameter negative": ("-1", "value out of range: diameter = -1"),
    "pdes comet": ("1P", "comet: 433 Eros (A898 PA)"),
    "pdes": ("", None),
    "pdes garbage": ("Eros 7", "designation contradicts itself: Eros 7 but '433 Eros (A898 PA)'"),
    "full_name comet": ("1P/Halley", "comet: 1P/Halley"),
    "full_name other": (
        "434 Hungaria (A898 RB)",
        "designation contradicts itself: 433 but '434 Hungaria (A898 RB)'",
    ),
    "q": ("1.1431", "the elements contradict each other: a and e give q = 1.13"),
    "name tabbed": ("Er\u0007os", "unreadable value: name 'Er\\x07os'"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("form", ["csv", "json"])
def test_one_bad_row_costs_one_row_and_says_why(case: str, form: str, read: Any) -> None:
    field = case.split()[0]
    value, reason = BAD[case]
    rows = sbdb_rows()
    rows[0][SBDB_FIELDS.index(field)] = value
    if form == "json":
        content = json.dumps({"fields": SBDB_FIELDS, "data": rows})
    else:
        lines = [",".join(text or "" for text in row) for row in [SBDB_FIELDS, *rows]]
        content = "\n".join([*lines, ""])
    frame, rejected, _ = read(content)
    if reason is None:  # the full name tells who it is
        assert frame["designation"].tolist() == ["433", "469219", "2006 RH120"]
        return
    assert frame["designation"].tolist() == ["469219", "2006 RH120"]
    (line, _, said), *more = reasons(rejected)
    assert more == []
    assert line == (1 if form == "json" else 2)
    assert said.startswith(reason)


@pytest.mark.parametrize(
    ("column", "value"),
    [("prefix", "C"), ("kind", "cn"), ("class", "JFc"), ("class", "HYP"), ("class", "PAR")],
)
def test_comets_are_known_by_any_of_jpls_marks(column: str, value: str, read: Any) -> None:
    content = json.dumps(
        {"fields": [*SBDB_FIELDS, column], "data": [[*row, value] for row in sbdb_rows()[:1]]}
    )
    assert reasons(read(content)[1]) == [(1, "433", "comet: 433 Eros (A898 PA)")]


def test_an_asteroid_on_a_comets_orbit_is_an_asteroid(read: Any) -> None:
    row = sbdb_rows()[0]
    row[:3] = ["       (A/2019 Q2)", "A/2019 Q2", None]
    frame, rejected, _ = read(
        json.dumps({"fields": [*SBDB_FIELDS, "kind"], "data": [[*row, "cu"]]})
    )
    assert reasons(rejected) == []
    assert frame["designation"].tolist() == ["A/2019 Q2"]


def test_jpls_older_column_names(read: Any) -> None:
    older = SBDB_CSV.replace(",om,w,", ",node,peri,").replace("epoch", "epoch_mjd")
    older = older.replace("2459403.5", "59403").replace("2458666.5", "58666")
    frame, rejected, _ = read(older)
    assert reasons(rejected) == []
    assert frame["epoch_jd_tdb"].tolist() == [2459403.5, 2459403.5, 2458666.5]
    assert frame["node_deg"].tolist() == [o["node_deg"] for o in (EROS, KAMO, RH120)]


def test_angles_are_brought_into_one_turn(read: Any) -> None:
    rows = sbdb_rows()[:1]
    for field, value in (("om", "-10.5"), ("w", "360"), ("ma", "-1e-30")):
        rows[0][SBDB_FIELDS.index(field)] = value
    frame, rejected, _ = read(json.dumps({"fields": SBDB_FIELDS, "data": rows}))
    assert reasons(rejected) == []
    assert frame[["node_deg", "argperi_deg", "mean_anomaly_deg"]].iloc[0].tolist() == [349.5, 0, 0]


def test_an_asteroid_beyond_the_limit(read: Any) -> None:
    line = mpc_line("00001", "     (1) Ceres", EROS | {"a_au": 2.7660, "e": 0.0785})
    frame, rejected, _ = read(MPC_LINES + line)
    assert len(frame) == 3
    assert reasons(rejected) == [
        (4, "1", "not a near-Earth object: q = 2.5489 au, the limit is 1.3 au")
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"c1": "00434"}, "designation contradicts itself: 434 but '(433) Eros'"),
        ({"c1": "0043."}, "unreadable value: '0043.' is not a packed designation"),
        ({"c1": "CJ95O01"}, "unreadable value: 'CJ95O01' is not a packed designation"),
        ({"c1": "0001P  "}, "unreadable value: '0001P' is not a packed designation"),
        ({"c1": "433    "}, "unreadable row: columns 1 to 7 hold no packed designation"),
        ({"c21": "20190"}, "unreadable value: '20190' is not a packed date"),
        ({"c21": "K21BV"}, "unreadable value: 'K21BV' is not a packed date"),
        ({"c21": "     "}, "missing element: epoch"),
        ({"c93": "           "}, "missing element: semi-major axis a"),
        ({"c71": "0.22 9062"}, "unreadable value: eccentricity e '0.22 9062'"),
        ({"c71": "1.2229062"}, "hyperbolic or parabolic: e = 1.2229062"),
        ({"c93": "  1.4582342"}, "the elements contradict each other: a = 1.4582342 gives n"),
        ({"c81": " 0.55986767"}, "the elements contradict each other: a = 1.4581342 gives n"),
        ({"c37": "1"}, "unreadable row: its fields do not stand in the columns"),
        ({"c167": " " * 28}, "unreadable row: columns 167 to 194 hold no designation"),
        ({"c124": " x2"}, "unreadable value: oppositions 'x2'"),
    ],
)
def test_a_damaged_line(change: dict[str, str], reason: str, read: Any) -> None:
    line = mpc_line("00433", "   (433) Eros", EROS, **change)
    frame, rejected, _ = read(MPC_LINES.partition("\n")[2] + line)
    assert frame["designation"].tolist() == ["469219", "2006 RH120"]
    (number, _, said), *more = reasons(rejected)
    assert (number, more) == (3, [])
    assert said.startswith(reason)


def test_a_line_that_lost_or_won_a_column(read: Any) -> None:
    first, rest = MPC_LINES.split("\n", 1)
    for line in (first[:-1], first[:60] + first[61:], first[:60] + "0" + first[60:]):
        frame, rejected, _ = read(rest + line)
        assert len(frame) == 2
        assert "columns where an MPC orbit line has 202" in rejected["reason"].iloc[0]


def test_mean_motion_is_held_against_the_axis_at_its_printed_precision(read: Any) -> None:
    # 5e-9 deg/d is half a unit of the last digit: a line that is rounded well always passes.
    random = np.random.default_rng(7)
    lines = [
        mpc_line("00433", "   (433) Eros", EROS | {"a_au": a})
        for a in random.uniform(1.2, 1.6, 200).round(7)
    ]
    _, rejected, _ = read("\n".join(lines) + "\n")
    assert not rejected["reason"].str.contains("contradict").any()
    # k = 0.01720209895 rad/d, exact by the IAU's definition of 1976.
    assert np.degrees(0.01720209895) == pytest.approx(GAUSS_DEG, rel=1e-14)


def test_a_stray_quote_spoils_its_own_row_only(read: Any) -> None:
    lines = SBDB_CSV.splitlines(keepends=True)
    lines[1] = lines[1].replace("433 Eros", '"433 Eros')
    frame, rejected, _ = read("".join(lines))
    assert frame["designation"].tolist() == ["469219", "2006 RH120"]
    assert reasons(rejected) == [(2, "", "unreadable row: its quotation marks do not pair")]


def test_a_row_of_another_length(read: Any) -> None:
    frame, rejected, _ = read(PLAIN + "1862,Apollo\n")
    assert len(frame) == 3
    assert reasons(rejected) == [(5, "1862", "unreadable row: 2 values where there are 15 columns")]


def test_duplicates_keep_the_later_then_the_better_then_the_first(read: Any) -> None:
    header, eros, kamo, _ = PLAIN.splitlines()
    later = eros.replace("2459403.5", "2460000.5")
    better, worse = kamo.replace(",0.15,0,", ",0.15,1,"), kamo.replace(",0.15,0,", ",0.15,,")
    content = "\n".join([header, eros, worse, later, eros, better, better, ""])
    frame, rejected, _ = read(content)
    assert frame["designation"].tolist() == ["433", "469219"]
    assert frame["epoch_jd_tdb"].tolist() == [2460000.5, 2459403.5]
    assert frame["condition_code"].tolist() == ["0", "1"]
    assert reasons(rejected) == [
        (2, "433", "duplicate: line 4 is later in epoch and was kept"),
        (3, "469219", "duplicate: line 6 is the better orbit and was kept"),
        (5, "433", "duplicate: line 4 is later in epoch and was kept"),
        (7, "469219", "duplicate: line 6 is the first and was kept"),
    ]


def test_an_object_under_its_number_and_its_designation_is_one(read: Any) -> None:
    header, _, kamo, _ = PLAIN.splitlines()
    unnumbered = kamo.replace("469219,Kamoʻoalewa", ",").replace("2459403.5", "2460000.5")
    frame, rejected, _ = read("\n".join([header, unnumbered, kamo, ""]))
    assert frame["designation"].tolist() == ["469219"]
    assert frame["number"].tolist() == [469219]
    assert frame["name"].tolist() == ["Kamoʻoalewa"]
    assert frame["epoch_jd_tdb"].tolist() == [2460000.5]
    assert reasons(rejected) == [(3, "469219", "duplicate: line 2 is later in epoch and was kept")]


def test_a_bad_row_is_no_rival_of_a_good_one(read: Any) -> None:
    header, eros, *_ = PLAIN.splitlines()
    bad = eros.replace("2459403.5", "2460000.5").replace("0.2229062", "nan")
    frame, rejected, _ = read("\n".join([header, eros, bad, ""]))
    assert frame["epoch_jd_tdb"].tolist() == [2459403.5]
    assert reasons(rejected) == [(3, "433", "element not finite: eccentricity e = nan")]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("TDT", "UTC"), "unreadable value: the epoch's time scale is 'UTC', expected TDT"),
        ((" MJD     59403.000000000 TDT\n", ""), "missing element: epoch"),
        ((" KEP ", " EQU "), "equinoctial elements: download the Keplerian file"),
        (("59403.000000000", "5940x"), "unreadable value: epoch '5940x'"),
        (("\n433\n", "\n67P\n"), "comet: 67P"),
    ],
)
def test_a_damaged_file_of_one_object(change: tuple[str, str], reason: str, read: Any) -> None:
    frame, rejected, _ = read(OEF_ONE.replace(*change))
    assert frame.empty
    assert rejected["reason"].iloc[0].startswith(reason)


def test_a_damaged_line_of_neodys(read: Any) -> None:
    lines = OEF_MANY.splitlines(keepends=True)
    lines[-2] = lines[-2][:80] + "\n"
    frame, rejected, _ = read("".join(lines))
    assert frame["designation"].tolist() == ["433", "2006 RH120"]
    assert rejected["line"].tolist() == [8]
    assert rejected["designation"].tolist() == ["469219"]


def test_entries_that_are_no_objects(read: Any) -> None:
    entries = [*json.loads(NEA_EXTENDED), None, 5, [], "x", {}]
    frame, rejected, _ = read(json.dumps(entries))
    assert len(frame) == 3
    assert rejected["line"].tolist() == [4, 5, 6, 7, 8]
    assert rejected["reason"].iloc[-1] == "no designation"
    answer = json.loads(SBDB_JSON)
    answer["data"] += [None, [], {"a": 1}, [[1]] * len(SBDB_FIELDS)]
    frame, rejected, _ = read(json.dumps(answer))
    assert len(frame) == 3
    assert rejected["line"].tolist() == [4, 5, 6, 7]


def test_json_numbers_that_are_none(read: Any) -> None:
    for value in ("NaN", "Infinity", "true", '"1.4 au"', "{}", "null"):
        content = NEA_EXTENDED.replace(f'"a": {EROS["a_au"]}', f'"a": {value}')
        frame, rejected, _ = read(content)
        assert frame["designation"].tolist() == ["469219", "2006 RH120"], value
        assert len(rejected) == 1
