"""A refresh that goes well: what it asks, what it writes, what it says; and what goes with it."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from astropy.table import Table
from fault_tools import Command, take
from local_jpl import LocalJPL, wire

from survey.catalog import (
    find,
    import_catalog,
    list_snapshots,
    read_snapshot,
)
from survey.catalog.sbdb_query import FIELDS
from survey.tables import file_digest

REPOSITORY = Path(__file__).parents[2]


def test_one_question_for_all_asteroids(jpl: LocalJPL, folder: Path, tmp_path: Path) -> None:
    take(jpl, folder, tmp_path)
    assert [name for name, *_ in jpl.asked] == ["sbdb_query", "nhats", "cad"]
    _, params, _, _ = jpl.asked[0]
    assert params == {
        "sb-group": "neo", "sb-kind": "a", "full-prec": "1", "fields": ",".join(FIELDS),
    }  # fmt: skip
    assert jpl.asked[2][1]["date-min"] == "2026-01-01"
    assert jpl.asked[2][1]["date-max"] == "2039-01-01"


def test_every_value_stands_in_the_snapshot(jpl: LocalJPL, folder: Path, tmp_path: Path) -> None:
    report = take(jpl, folder, tmp_path)
    frame = read_snapshot(report.path).set_index("designation")
    assert len(frame) == report.objects == 300
    floats = {
        "e": "e", "a": "a_au", "i": "i_deg", "om": "node_deg", "w": "argperi_deg",
        "ma": "mean_anomaly_deg", "H": "H_mag", "moid": "moid_au", "sigma_a": "sigma_a_au",
        "sigma_om": "sigma_node_deg", "sigma_ma": "sigma_mean_anomaly_deg", "A2": "A2_au_d2",
        "diameter": "diameter_km", "albedo": "albedo", "rot_per": "rotation_h",
        "epoch": "epoch_jd_tdb", "n_obs_used": "n_observations", "spkid": "spkid",
    }  # fmt: skip
    for row in jpl.rows:
        mine = frame.loc[row["pdes"]]
        for theirs, ours in floats.items():
            if row[theirs] is None:
                assert mine[ours] != mine[ours] or mine[ours] is None, (ours, mine[ours])
            else:
                assert mine[ours] == float(row[theirs]), ours
        assert mine["orbit_id"] == row["orbit_id"]
        assert mine["spectral_type_smass"] == (row["spec_B"] or "")
        assert mine["physical_source"] == ("NASA/JPL SBDB" if row["diameter"] else "")
    assert frame["nhats_dv_km_s"].notna().sum() == len(jpl.rows[::9])
    assert frame.loc[jpl.rows[9]["pdes"], "nhats_dv_km_s"] == 6.049
    assert frame.loc[jpl.rows[5]["pdes"], "approach_au"] == 0.03125
    assert frame["approaches"].sum() == 60
    numbered = find(jpl.rows[10]["pdes"], read_snapshot(report.path))
    assert numbered["provisional"] == jpl.rows[10]["full_name"].partition("(")[2][:-1]


def test_a_snapshot_says_where_it_comes_from(jpl: LocalJPL, folder: Path, tmp_path: Path) -> None:
    path = take(jpl, folder, tmp_path).path
    told = read_snapshot(path).attrs["provenance"]
    fields = ",".join(FIELDS)
    answer = jpl.answer("sbdb_query", {"sb-group": "neo", "sb-kind": "a", "full-prec": "1",
                                       "fields": fields})  # fmt: skip
    assert told["source_sha256"] == hashlib.sha256(answer).hexdigest()
    assert told["source_version"] == "1.0"
    assert told["source"] == "NASA/JPL Small-Body Database, through a stand-in"
    assert told["cad"]["window"] == ["2026-01-01", "2039-01-01"]
    header = gzip.decompress(path.read_bytes())
    assert b"127.0.0.1" not in header
    assert str(tmp_path).encode() not in header
    assert Table.read(path, format="ascii.ecsv").meta["provenance"] == told


def test_the_same_answer_gives_the_same_bytes(jpl: LocalJPL, tmp_path: Path) -> None:
    one = take(jpl, tmp_path / "one", tmp_path).path
    with LocalJPL() as other:
        two = take(other, tmp_path / "two", tmp_path).path
    assert one.read_bytes() == two.read_bytes()


def test_unchanged(jpl: LocalJPL, folder: Path, command: Command) -> None:
    words = ("refresh", "--output", folder, "--url", jpl.url)
    assert command(*words, "--date", "2026-11-15").status == 0
    before = {path.name: path.read_bytes() for path in folder.glob("neo-*")}
    again = command(*words, "--date", "2026-11-22")
    assert again.status == 0
    assert again.out.splitlines()[0] == (
        "unchanged: neo-2026-11-15.ecsv.gz holds JPL's 300 asteroids of today"
    )
    assert {path.name: path.read_bytes() for path in folder.glob("neo-*")} == before
    told = json.loads((folder / "refresh-status.json").read_text())
    assert (told["outcome"], told["exit_status"]) == ("unchanged", 0)


def test_what_has_changed_is_printed_and_stored(
    jpl: LocalJPL, folder: Path, command: Command
) -> None:
    words = ("refresh", "--output", folder, "--url", jpl.url)
    command(*words, "--date", "2026-11-15")
    rows = jpl.rows
    rows[1]["a"] = wire(float(rows[1]["a"]) + 3 * float(rows[1]["sigma_a"]))
    rows[1]["q"] = rows[1]["n"] = None
    old = rows[2]["pdes"]
    rows[2] |= {"pdes": "777777", "full_name": f"777777 ({old})", "spkid": "20777777"}
    rows[3]["name"], rows[10]["name"] = "No", "Yes"
    gone = rows.pop(4)["pdes"]
    rows.append({**rows[5], "pdes": "2031 ZZ9", "full_name": "(2031 ZZ9)", "spkid": "54999999"})
    rows[-1] |= {"pdes": "2031 YZ9", "full_name": "(2031 YZ9)"}
    jpl.changed()
    outcome = command(*words, "--date", "2026-11-22")
    assert outcome.status == 0
    text = outcome.out
    assert "neo-2026-11-22.ecsv.gz: 300 near-Earth asteroids from JPL, 0 rows left out" in text
    assert "1  new: not in the last snapshot (2031 YZ9)" in text
    assert f"1  lost: in the last snapshot, and no longer there ({gone})" in text
    assert f"1  numbered: has received its number ({old} → 777777)" in text
    assert f"1  changed: another orbit ({rows[1]['pdes']} by 3 sigma)" in text
    with (folder / "neo-2026-11-22.changes.csv").open() as stream:
        stored = {(row["designation"], row["change"]) for row in csv.DictReader(stream)}
    assert stored == {
        ("2031 YZ9", "new"), (gone, "lost"), ("777777", "numbered"),
        (rows[1]["pdes"], "changed"), (rows[3]["pdes"], "renamed"), (rows[9]["pdes"], "renamed"),
    }  # fmt: skip
    told = json.loads((folder / "refresh-status.json").read_text())
    assert told["changes"] == {
        "new": 1, "lost": 1, "numbered": 1, "renamed": 2, "improved": 0, "changed": 1, "epoch": 0,
    }  # fmt: skip


def test_rows_left_out_are_listed_beside_it(jpl: LocalJPL, folder: Path, tmp_path: Path) -> None:
    jpl.rows[7]["e"] = None
    jpl.rows[14]["rot_per"] = "quick"
    jpl.changed()
    report = take(jpl, folder, tmp_path)
    assert (report.objects, len(report.rejected), len(report.left_out)) == (299, 1, 1)
    assert "1  missing element (e.g. line 8" in report.summary()
    assert "1  value left out (e.g. line 15" in report.summary()
    with (folder / "neo-2026-11-22.rejected.csv").open() as stream:
        listed = [(row["line"], row["reason"]) for row in csv.DictReader(stream)]
    assert listed == [
        ("8", "missing element: eccentricity e"),
        ("15", "value left out: rotation_h 'quick'"),
    ]


def test_the_answer_itself_is_kept_on_request(jpl: LocalJPL, folder: Path, tmp_path: Path) -> None:
    path = take(jpl, folder, tmp_path, keep_raw=True).path
    raw = folder / "neo-2026-11-22.raw.json.gz"
    data = gzip.decompress(raw.read_bytes())
    assert (
        hashlib.sha256(data).hexdigest() == read_snapshot(path).attrs["provenance"]["source_sha256"]
    )
    # An import of that answer gives the same orbits: the chain can be walked again.
    again = read_snapshot(import_catalog(raw, destination=tmp_path / "again").path)
    first = read_snapshot(path)
    for name in ("designation", "a_au", "e", "mean_anomaly_deg", "sigma_e", "rotation_h"):
        assert again[name].equals(first[name])
    assert [p.name for p in folder.iterdir() if "partial" in p.name] == []


def test_a_snapshot_with_all_columns_can_be_imported_again(
    jpl: LocalJPL, folder: Path, tmp_path: Path
) -> None:
    first = take(jpl, folder, tmp_path).path
    again = import_catalog(first, destination=tmp_path / "again", date="2026-11-23").path
    assert read_snapshot(again).equals(read_snapshot(first))


def test_json(jpl: LocalJPL, folder: Path, command: Command) -> None:
    outcome = command("refresh", "--output", folder, "--url", jpl.url, "--json", "--quiet")
    assert outcome.err == ""
    told = json.loads(outcome.out)
    assert told["objects"] == 300
    assert told["changes"] is None
    assert Path(told["snapshot"]) == list_snapshots([folder])[0]


@pytest.mark.parametrize(
    "words",
    [("--date", "yesterday"), ("--window", "2030-01-01", "2029-01-01"),
     ("--window", "soon", "later"), ("--timeout", "0"), ("--window", "2030-01-01")],
)  # fmt: skip
def test_bad_words(words: tuple[str, ...], jpl: LocalJPL, folder: Path, command: Command) -> None:
    outcome = command("refresh", "--output", folder, "--url", jpl.url, *words)
    assert outcome.status == 2
    assert len(outcome.err.splitlines()) == 1
    assert jpl.asked == []


def test_the_base_url_may_stand_in_the_environment(
    jpl: LocalJPL, folder: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SURVEY_JPL_URL", jpl.url)
    monkeypatch.setenv("SURVEY_CATALOGS", str(folder))
    # The last snapshot may lie anywhere, here with the program: its asteroids are known too.
    refused = command("refresh")
    assert (refused.status, "lacks 309 of the 309" in refused.last) == (4, True)
    assert command("refresh", "--accept-loss").status == 0
    assert jpl.asked_for("sbdb_query") == 2
    assert len(list_snapshots([folder])) == 1


def test_nothing_of_the_network_is_loaded_before_it_is_needed() -> None:
    code = (
        "import sys, survey.catalog\n"
        "print(sorted({'requests', 'urllib3', 'astroquery', 'filelock'} & set(sys.modules)))"
    )
    env = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.study
def test_forty_thousand_objects(tmp_path: Path) -> None:
    env = os.environ | {"PYTHONPATH": str(REPOSITORY), "XDG_CACHE_HOME": str(tmp_path)}
    folder = tmp_path / "catalogs"
    with LocalJPL(40_000) as server:
        for round_ in range(2):
            server.rows[round_]["ma"] = "1.5"
            server.changed()
            query = {"sb-group": "neo", "sb-kind": "a", "full-prec": "1"}
            server.answer("sbdb_query", query | {"fields": ",".join(FIELDS)})  # made beforehand
            started = time.monotonic()
            words = [sys.executable, "-m", "survey.cli", "refresh", "-q", "--output", str(folder),
                     "--url", server.url, "--date", f"2026-11-{15 + round_}"]  # fmt: skip
            process = subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL)
            _, wait_status, usage = os.wait4(process.pid, 0)
            seconds, megabytes = time.monotonic() - started, usage.ru_maxrss / 1024
            print(f"\nrefresh of 40,000: {seconds:.1f} s, {megabytes:.0f} MB")
            assert os.waitstatus_to_exitcode(wait_status) == 0
            assert seconds < 10
            assert megabytes < 500
    best = 1e9
    for _ in range(3):
        started = time.monotonic()
        frame = read_snapshot(folders=[folder])
        best = min(best, time.monotonic() - started)
    print(f"read back: {best:.2f} s; {file_digest(frame.attrs['path'])[:8]}")
    assert len(frame) == 40_000
    assert best < 0.5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0
