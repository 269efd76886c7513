"""Real files of the Minor Planet Center, JPL and NEOCC: every row accounted for."""

from __future__ import annotations

import csv
import gzip
import json
import time
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from catalog_samples import GAUSS_DEG

from survey.catalog import find, import_catalog, read_catalog, read_snapshot

NEA = "catalogs/mpc_NEA_epochK1972_first3000.txt"
EXTENDED = "catalogs/mpc_nea_extended_epoch2459403.5.json.gz"
SBDB = "catalogs/sbdb_neo_2020-09_numbered_part_fullprec.csv"
MERGED = "catalogs/derived_neo_2024-10_merged.csv"
SHORTLIST = "catalogs/scouting_shortlist.csv"
KE0, KE1 = "api_fixtures/neocc/433.ke0", "api_fixtures/neocc/433.ke1"

ORBIT = ["epoch_jd_tdb", "a_au", "e", "i_deg", "node_deg", "argperi_deg", "mean_anomaly_deg"]


@cache
def load(path: Path) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    return read_catalog(path)


def kinds(rejected: pd.DataFrame) -> dict[str, int]:
    return dict(Counter(reason.partition(":")[0] for reason in rejected["reason"]))


@pytest.mark.parametrize(
    ("name", "kind", "accepted", "left_out"),
    [
        (NEA, "MPC orbit lines", 3000, {}),
        (EXTENDED, "MPC nea_extended.json", 25791, {"not a near-Earth object": 7}),
        (SBDB, "SBDB Query CSV", 972, {}),
        # The merged table joins exports of different dates: in twelve rows of autumn 2024 the
        # mean motion belongs to another solution than the semi-major axis.
        (
            MERGED, "SBDB Query CSV", 36019,
            {"comet": 205, "the elements contradict each other": 12, "not a near-Earth object": 5},
        ),
        (SHORTLIST, "CSV with this program's columns", 309, {}),
        (KE0, "OEF", 1, {}),
        (KE1, "OEF", 1, {}),
        ("api_fixtures/neocc/99942.ke0", "OEF", 1, {}),
    ],
)  # fmt: skip
def test_every_row_is_accounted_for(
    name: str, kind: str, accepted: int, left_out: dict[str, int], shared_data: Path
) -> None:
    frame, rejected, told = load(shared_data / name)
    assert told == kind
    assert len(frame) == accepted
    assert kinds(rejected) == left_out


def test_counts_against_the_files_themselves(shared_data: Path) -> None:
    entries = json.loads(gzip.decompress((shared_data / EXTENDED).read_bytes()))
    assert len(entries) == 25798
    beyond = {entry["Principal_desig"] for entry in entries if entry["Perihelion_dist"] >= 1.3}
    assert set(load(shared_data / EXTENDED)[1]["designation"]) == beyond
    with (shared_data / MERGED).open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 36019 + 222
    # A/2019 Q2 and A/2024 G8 are asteroids on comets' orbits, and stay.
    comets = {row["pdes"] for row in rows if "/" in row["full_name"].replace("(A/", "")}
    rejected = load(shared_data / MERGED)[1]
    said = rejected["reason"].str.startswith("comet")
    assert set(rejected["designation"][said]) == comets


def test_trans_neptunian_objects_are_no_neos(shared_data: Path) -> None:
    frame, rejected, kind = load(shared_data / "api_fixtures/sbdb_query/tno_full-prec_limit3.json")
    assert kind == "SBDB Query JSON"
    assert frame.empty
    assert rejected["designation"].tolist() == ["15760", "15788", "15789"]
    assert kinds(rejected) == {"not a near-Earth object": 3}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("api_fixtures/sbdb_query/count_only.json", "holds no table"),
        ("api_fixtures/sbdb/missing.json", "says 'specified object was not found'"),
        ("api_fixtures/sbdb/433_phys.json", "holds no table"),
        ("catalogs/impacted_objects_still_in_sbdb.csv", "not a catalogue of a known format"),
        ("deltav/benner_delta_v_2013-04-14.csv", "not a catalogue of a known format"),
    ],
)
def test_other_answers_are_refused(name: str, sentence: str, shared_data: Path) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_catalog(shared_data / name)


def test_orbit_classes_are_jpls_own(shared_data: Path) -> None:
    with (shared_data / SBDB).open(encoding="utf-8") as stream:
        theirs = {row["pdes"]: row["class"] for row in csv.DictReader(stream)}
    frame = load(shared_data / SBDB)[0]
    assert dict(zip(frame["designation"], frame["orbit_class"], strict=True)) == theirs


def eros(shared_data: Path, name: str) -> Any:
    return find("Eros" if name not in (KE0, KE1) else 433, load(shared_data / name)[0])


# Eros as the files print it, copied by eye; the last digit is exact because parsing is.
PRINTED = {
    NEA: (2458666.5, 1.4581823, 0.2227385, 10.82858, 304.30424, 178.83549, 84.17190),
    EXTENDED: (2459403.5, 1.4581342, 0.2229062, 10.83048, 304.29885, 178.86382, 136.688),
    SHORTLIST: (2459403.5, 1.4581342, 0.2229062, 10.83048, 304.29885, 178.86382, 136.688),
    SBDB: (
        2459000.5, 1.458045729081040, 0.2229512647434280, 10.83054121829920, 304.2993259000440,
        178.8822959227220, 271.0717325705170,
    ),
    MERGED: (2460600.5, 1.458, 0.2227, 10.83, 304.27, 178.91, 86.67),
    KE0: (
        2400000.5 + 56708.026263277, 1.4579190882613213, 0.22265751841780759, 10.8289349425634,
        304.3355623567347, 178.7748559597630, 67.958313645092275,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PRINTED)
def test_eros_is_what_each_file_prints(name: str, shared_data: Path) -> None:
    assert eros(shared_data, name)[ORBIT].tolist() == list(PRINTED[name])


def test_eros_of_two_institutes_on_one_day(shared_data: Path) -> None:
    # NEOCC's file and JPL's solution of May 2026, both at JD 2461000.5. The tolerances are what
    # two independent solutions of Eros may differ by, far above their printed digits.
    ours = eros(shared_data, KE1)
    path = shared_data / "ephemeris/horizons_2026_90d/famous-neas-sbdb-fullprec.json"
    (theirs,) = (row for row in json.loads(path.read_text()) if row["designation"] == "433")
    assert ours["epoch_jd_tdb"] == theirs["epoch"] == 2461000.5
    assert ours["a_au"] == pytest.approx(theirs["a"], abs=2e-9)
    assert ours["e"] == pytest.approx(theirs["e"], abs=2e-8)
    for name, key in (("i_deg", "i"), ("node_deg", "om"), ("argperi_deg", "w")):
        assert ours[name] == pytest.approx(theirs[key], abs=2e-5), name
    assert ours["mean_anomaly_deg"] == pytest.approx(theirs["ma"], abs=2e-5)


def test_eros_keeps_its_orbit_from_file_to_file(shared_data: Path) -> None:
    # Mean longitude carried from epoch to epoch: the planets move it by less than 0.15 deg in
    # these years, a day's mistake in one epoch would by 0.56 deg.
    rows = [eros(shared_data, name)[ORBIT].astype(float) for name in (*PRINTED, KE1)]
    rows.sort(key=lambda row: row["epoch_jd_tdb"])
    for before, after in pairwise(rows):
        days = after["epoch_jd_tdb"] - before["epoch_jd_tdb"]
        motion = GAUSS_DEG * (before["a_au"] / 2 + after["a_au"] / 2) ** -1.5
        angles = ["node_deg", "argperi_deg", "mean_anomaly_deg"]
        moved = (after[angles] - before[angles]).sum() - motion * days
        assert abs((moved + 180) % 360 - 180) < 0.15
        assert after["a_au"] == pytest.approx(before["a_au"], abs=3e-4)
        assert after["e"] == pytest.approx(before["e"], abs=4e-4)
        assert after["i_deg"] == pytest.approx(before["i_deg"], abs=3e-3)
        assert after["node_deg"] == pytest.approx(before["node_deg"], abs=0.04)


def test_the_shortlist_is_a_part_of_the_centers_file(shared_data: Path) -> None:
    part = load(shared_data / SHORTLIST)[0].set_index("designation")
    whole = load(shared_data / EXTENDED)[0].set_index("designation").loc[part.index]
    same = [*ORBIT, "H_mag", "G", "condition_code", "arc", "n_oppositions", "provisional"]
    pd.testing.assert_frame_equal(part[same], whole[same], check_exact=True)


def test_numbered_objects_of_two_centers_are_the_same_objects(shared_data: Path) -> None:
    # Ten months apart; what would show is a number unpacked wrongly, not a perturbation.
    jpl = load(shared_data / SBDB)[0].set_index("designation")
    mpc = load(shared_data / EXTENDED)[0].set_index("designation")
    common = jpl.index.intersection(mpc.index)
    assert len(common) > 950
    assert (jpl.loc[common, "a_au"] - mpc.loc[common, "a_au"]).abs().max() < 0.05
    assert (jpl.loc[common, "i_deg"] - mpc.loc[common, "i_deg"]).abs().max() < 1.5
    assert (jpl.loc[common, "provisional"] == mpc.loc[common, "provisional"]).mean() > 0.99


def test_the_whole_catalogue_in_a_few_seconds(shared_data: Path, tmp_path: Path) -> None:
    start = time.perf_counter()
    report = import_catalog(shared_data / EXTENDED, destination=tmp_path, date="2021-07-09")
    assert time.perf_counter() - start < 10  # 1.5 s on an idle core
    times = []
    for _ in range(3):
        start = time.perf_counter()
        frame = read_snapshot(report.path)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.5
    assert len(frame) == 25791
    assert report.summary().splitlines() == [
        "neo-2021-07-09.ecsv.gz: 25,791 near-Earth asteroids from MPC nea_extended.json, "
        "7 rows left out",
        "       7  not a near-Earth object (e.g. line 1988, 2004 CH52, q = 1.3006 au, the limit "
        "is 1.3 au)",
    ]
    expected = load(shared_data / EXTENDED)[0]
    assert np.array_equal(frame[ORBIT].to_numpy(), expected[ORBIT].to_numpy())


@pytest.mark.parametrize("spelling", ["469219", "Kamo'oalewa", "2016 HO3", "2016ho3", "K16H03O"])
@pytest.mark.parametrize("name", [EXTENDED, MERGED, SHORTLIST])
def test_kamooalewa_in_every_catalogue(spelling: str, name: str, shared_data: Path) -> None:
    row = find(spelling, load(shared_data / name)[0])
    assert (row["designation"], row["orbit_class"]) == ("469219", "APO")
