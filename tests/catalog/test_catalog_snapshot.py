"""A snapshot is dated, never changed, found again, and says where it comes from."""

from __future__ import annotations

import gzip
import hashlib
import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from astropy.table import Table
from catalog_samples import EROS, NEA_EXTENDED, PLAIN, SAMPLES, SBDB_CSV

import survey
from survey.catalog import (
    find,
    import_catalog,
    read_catalog,
    read_snapshot,
    resolve_snapshot,
    snapshot_folders,
)
from survey.tables import CATALOG, file_digest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    path = tmp_path / "input" / "plain.csv"
    path.parent.mkdir()
    path.write_text(PLAIN, encoding="utf-8")
    return path


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory and an empty home."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.delenv("SURVEY_CATALOGS", raising=False)
    for name in ("HOME", "XDG_DATA_HOME", "LOCALAPPDATA", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    return work


def test_import_and_read(plain: Path, tmp_path: Path) -> None:
    report = import_catalog(plain, destination=tmp_path / "new" / "folder", date="2021-07-08")
    assert report.path == tmp_path / "new" / "folder" / "neo-2021-07-08.ecsv.gz"
    assert (report.accepted, len(report.rejected)) == (3, 0)
    frame = read_snapshot(report.path)
    expected, _, _ = read_catalog(plain)
    pd.testing.assert_frame_equal(frame, expected, check_exact=True)
    assert frame.attrs["path"] == report.path
    assert frame.attrs["sha256"] == file_digest(report.path)
    assert list(report.path.parent.iterdir()) == [report.path]


def test_provenance_says_what_it_was_made_of_and_nothing_personal(
    plain: Path, tmp_path: Path
) -> None:
    plain.write_text(PLAIN + PLAIN.splitlines()[1].replace("0.2229062", "1.5") + "\n")
    report = import_catalog(
        plain, destination=tmp_path, date="2021-07-08", source="IAU Minor Planet Center"
    )
    told = read_snapshot(report.path).attrs["provenance"]
    assert told == {
        "program": "survey", "version": survey.__version__, "date": "2021-07-08",
        "format": "CSV with this program's columns", "accepted": 3, "rejected": 1,
        "reasons": {"hyperbolic or parabolic": 1}, "epochs_jd_tdb": [2458666.5, 2459403.5],
        "time_scale": "TDB; epochs given in TT stand as they are, less than 2 ms away",
        "frame": "heliocentric, ecliptic and equinox J2000", "source": "IAU Minor Planet Center",
        "source_file": "plain.csv",
        "source_sha256": hashlib.sha256(plain.read_bytes()).hexdigest(),
    }  # fmt: skip
    header = gzip.decompress(report.path.read_bytes())
    assert str(tmp_path).encode() not in header
    assert str(Path.home()).encode() not in header
    table = Table.read(report.path, format="ascii.ecsv")
    assert table.meta["provenance"] == told
    assert str(table["a_au"].unit) == "AU"
    assert len(table) == 3


def test_an_import_is_repeatable_and_never_overwrites(plain: Path, tmp_path: Path) -> None:
    first = import_catalog(plain, destination=tmp_path, date="2021-07-08").path
    before = first.read_bytes()
    os.utime(plain, (0, 0))
    assert import_catalog(plain, destination=tmp_path, date=date(2021, 7, 8)).path == first
    plain.write_text(PLAIN.replace("10.42", "10.43"))
    second = import_catalog(plain, destination=tmp_path, date="2021-07-08").path
    assert second.name == "neo-2021-07-08.2.ecsv.gz"
    assert import_catalog(plain, destination=tmp_path, date="2021-07-08").path == second
    plain.write_text(PLAIN.replace("10.42", "10.44"))
    third = import_catalog(plain, destination=tmp_path, date="2021-07-08").path
    assert third.name == "neo-2021-07-08.3.ecsv.gz"
    assert first.read_bytes() == before
    assert resolve_snapshot(folders=[tmp_path]) == third
    assert len(list(tmp_path.glob("*.ecsv.gz"))) == 3


def test_a_damaged_snapshot_of_that_day_is_not_taken_for_the_same(
    plain: Path, tmp_path: Path
) -> None:
    (tmp_path / "neo-2021-07-08.ecsv.gz").write_bytes(b"\x1f\x8bcut")
    (tmp_path / "neo-2021-07-08.2.ecsv.gz").mkdir()
    report = import_catalog(plain, destination=tmp_path, date="2021-07-08")
    assert report.path.name == "neo-2021-07-08.3.ecsv.gz"
    assert (tmp_path / "neo-2021-07-08.ecsv.gz").read_bytes() == b"\x1f\x8bcut"


def test_it_works_where_there_are_no_hard_links(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    first = import_catalog(plain, destination=tmp_path, date="2021-07-08").path
    plain.write_text(PLAIN.replace("10.42", "10.43"))
    second = import_catalog(plain, destination=tmp_path, date="2021-07-08").path
    assert (first.name, second.name) == ("neo-2021-07-08.ecsv.gz", "neo-2021-07-08.2.ecsv.gz")
    assert read_snapshot(second)["H_mag"].iloc[0] == 10.43


def test_the_date_is_today_unless_given(plain: Path, tmp_path: Path) -> None:
    days = {datetime.now(UTC).date().isoformat()}
    name = import_catalog(plain, destination=tmp_path).path.name
    days.add(datetime.now(UTC).date().isoformat())
    assert name in {f"neo-{day}.ecsv.gz" for day in days}


@pytest.mark.parametrize("day", ["2021-13-01", "2021-02-30", "20210708", "yesterday", ""])
def test_a_date_that_is_none(day: str, plain: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="write a day such as '2026-11-22'"):
        import_catalog(plain, destination=tmp_path / "out", date=day)
    assert not (tmp_path / "out").exists()


def test_a_snapshot_can_be_imported_again(plain: Path, tmp_path: Path) -> None:
    first = import_catalog(plain, destination=tmp_path, date="2021-07-08").path
    again = import_catalog(first, destination=tmp_path, date="2021-07-09")
    assert again.format == "ECSV snapshot"
    pd.testing.assert_frame_equal(read_snapshot(again.path), read_snapshot(first), check_exact=True)


def test_all_formats_make_the_same_snapshot_rows(tmp_path: Path) -> None:
    orbit = ["designation", *(c.name for c in CATALOG.columns if c.unit in ("AU", "deg", "d"))]
    frames = []
    for name, content in SAMPLES.items():
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        report = import_catalog(path, destination=tmp_path / "out", date="2021-07-08")
        frames.append(read_snapshot(report.path)[orbit])
    for frame in frames:
        pd.testing.assert_frame_equal(frame, frames[0].iloc[: len(frame)], check_exact=True)


def test_the_report_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "sbdb.csv"
    lines = SBDB_CSV.splitlines()
    lines += [lines[1].replace("433", "434").replace(f"{EROS['e']}".lstrip("0"), value)
              for value in ("1.2", "1.3", "")]  # fmt: skip
    path.write_text("\n".join([*lines, ""]))
    report = import_catalog(path, destination=tmp_path, date="2021-07-08")
    assert report.summary().splitlines() == [
        "neo-2021-07-08.ecsv.gz: 3 near-Earth asteroids from SBDB Query CSV, 3 rows left out",
        "       2  hyperbolic or parabolic (e.g. line 5, 434, e = 1.2)",
        "       1  missing element (e.g. line 7, 434, eccentricity e)",
    ]
    assert list(report.rejected.columns) == ["line", "designation", "reason"]


def test_a_file_without_a_single_orbit_makes_no_snapshot(tmp_path: Path) -> None:
    path = tmp_path / "nea.json"
    path.write_text(NEA_EXTENDED.replace('"e": 0', '"e": 9'))
    with pytest.raises(ValueError, match=r"nea\.json holds no near-Earth asteroid: all 3 rows"):
        import_catalog(path, destination=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_latest_is_the_newest_date_over_all_folders(plain: Path, tmp_path: Path) -> None:
    one, two, none = tmp_path / "one", tmp_path / "two", tmp_path / "none"
    import_catalog(plain, destination=one, date="2021-07-08")
    new = import_catalog(plain, destination=two, date="2021-07-10").path
    for name in ("neo-2022-01-01.ecsv", "neo-2022.ecsv.gz", "neo-2022-01-01.ecsv.gz.partial",
                 "old-neo-2022-01-01.ecsv.gz"):  # fmt: skip
        (one / name).touch()
    assert resolve_snapshot("latest", folders=[none, one, two]) == new
    same = import_catalog(plain, destination=one, date="2021-07-10").path
    assert resolve_snapshot("latest", folders=[one, two]) == same  # the first folder wins
    plain.write_text(PLAIN.replace("10.42", "9.9"))
    names = {import_catalog(plain, destination=two, date="2021-07-10").path.name}
    for hundredth in range(10):
        plain.write_text(PLAIN.replace("10.42", f"10.{hundredth}"))
        names.add(import_catalog(plain, destination=two, date="2021-07-10").path.name)
    assert resolve_snapshot(folders=[one, two]).name == "neo-2021-07-10.12.ecsv.gz"  # not .9


def test_a_snapshot_by_its_file_name(plain: Path, tmp_path: Path) -> None:
    path = import_catalog(plain, destination=tmp_path, date="2021-07-08").path
    assert resolve_snapshot("neo-2021-07-08.ecsv.gz", folders=[tmp_path]) == path
    assert resolve_snapshot(path, folders=[]) == path
    with pytest.raises(ValueError, match=r"there is no snapshot 'neo-1999-01-01\.ecsv\.gz'"):
        resolve_snapshot("neo-1999-01-01.ecsv.gz", folders=[tmp_path])


def test_no_snapshot_at_all(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="make one with 'survey import FILE'"):
        read_snapshot("latest", folders=[tmp_path])


def test_folders_in_order(alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundled = snapshot_folders()[-1]
    assert len(snapshot_folders()) == 2
    assert str(snapshot_folders()[0]).startswith(str(tmp_path / "home"))
    (alone / "catalogs").mkdir()
    assert snapshot_folders()[0] == Path("catalogs")
    monkeypatch.setenv("SURVEY_CATALOGS", str(tmp_path / "chosen"))
    folders = snapshot_folders()
    assert folders[:2] == [tmp_path / "chosen", Path("catalogs")]
    assert folders[-1] == bundled
    assert len(folders) == 4
    monkeypatch.setenv("SURVEY_CATALOGS", str(alone / "catalogs"))
    assert len(snapshot_folders()) == 3  # the same folder counts once


def test_where_new_snapshots_go(
    alone: Path, plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The platform's data folder first, so that an installed program never writes into itself.
    path = import_catalog(plain, date="2021-07-08").path
    assert str(path).startswith(str(tmp_path / "home"))
    (alone / "catalogs").mkdir()
    assert import_catalog(plain, date="2021-07-08").path.parent == Path("catalogs")
    monkeypatch.setenv("SURVEY_CATALOGS", str(tmp_path / "chosen"))
    assert import_catalog(plain, date="2021-07-08").path.parent == tmp_path / "chosen"
    assert import_catalog(plain, destination=alone, date="2021-07-08").path.parent == alone


def test_the_bundled_snapshot(alone: Path) -> None:
    frame = read_snapshot("latest")
    assert frame.attrs["path"].name == "neo-2021-07-08.ecsv.gz"
    told = frame.attrs["provenance"]
    assert told["source"] == (
        "IAU Minor Planet Center, NEA orbital elements, osculating at JD 2459403.5 TT"
    )
    assert len(frame) == told["accepted"] == 309
    assert told["rejected"] == 0
    assert set(frame["epoch_jd_tdb"]) == {2459403.5}
    eros = find("Eros", frame)
    for name, value in EROS.items():
        assert eros["epoch_jd_tdb" if name == "epoch" else name] == value
    for name in ("Kamo'oalewa", "Apophis", "Bennu", "2000 SG344", "Toutatis", "1991 VG"):
        assert find(name, frame)["designation"]


def test_the_bundled_snapshot_is_what_the_command_makes(shared_data: Path, tmp_path: Path) -> None:
    bundled = REPOSITORY / "catalogs" / "neo-2021-07-08.ecsv.gz"
    source = shared_data / "catalogs" / "scouting_shortlist.csv"
    told = read_snapshot(bundled).attrs["provenance"]
    assert told["source_sha256"] == file_digest(source)
    again = import_catalog(
        source, destination=tmp_path, date="2021-07-08", source=told["source"]
    ).path
    text, new = gzip.decompress(bundled.read_bytes()), gzip.decompress(again.read_bytes())
    version = f'"version": "{survey.__version__}"'.encode()
    assert text.replace(f'"version": "{told["version"]}"'.encode(), version) == new
