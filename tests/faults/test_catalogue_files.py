"""Files that are cut, damaged or something else: one sentence or a reason, never a wrong orbit."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import os
import random
import runpy
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survey.catalog import import_catalog, read_catalog
from survey.catalog.checks import judge
from survey.catalog.mpc import read_mpcorb
from survey.catalog.names import canonical_designation
from survey.catalog.packed import unpack_epoch
from survey.tables import row_digest

_SHARED: dict[str, Any] = runpy.run_path(
    str(Path(__file__).parents[1] / "catalog" / "catalog_samples.py")
)
SAMPLES: dict[str, str] = _SHARED["SAMPLES"]


def refused(path: Path) -> str:
    """Return the sentence with which a file is refused."""
    with pytest.raises(ValueError) as caught:
        read_catalog(path)
    message = str(caught.value)
    assert "\n" not in message
    assert ": " in message or ", " in message
    assert type(caught.value) is ValueError
    with pytest.raises(ValueError) as again:
        import_catalog(path, destination=path.parent / "snapshots")
    assert str(again.value) == message
    assert not (path.parent / "snapshots").exists()
    return message


def _zip(data: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("NEA.txt", data)
    return stream.getvalue()


LINES = SAMPLES["NEA.txt"].encode()
FILES = {
    "empty": (b"", "file is empty"),
    "blank": (b" \n\n\t\n", "file is empty"),
    "empty gzip": (gzip.compress(b""), "file is empty"),
    "cut gzip": (gzip.compress(LINES)[:-9], "compressed with gzip, but cut off or damaged"),
    "gzip head": (b"\x1f\x8b", "compressed with gzip, but cut off or damaged"),
    "gzip damaged": (
        gzip.compress(LINES)[:60] + b"\x00\x01\x02" + gzip.compress(LINES)[63:],
        "compressed with gzip, but cut off or damaged",
    ),
    "gzip twice": (gzip.compress(gzip.compress(LINES)), "binary data"),
    "zip": (_zip(LINES), "a zip archive"),
    "bzip2": (bz2.compress(LINES), "compressed with bzip2"),
    "xz": (lzma.compress(LINES), "compressed with xz"),
    "pdf": (b"%PDF-1.7\n", "a PDF document"),
    "fits": (b"SIMPLE  =                    T", "a FITS file"),
    "utf-16": (SAMPLES["sbdb.csv"].encode("utf-16"), "written in UTF-16"),
    "utf-16be": (b"\xfe\xff" + SAMPLES["sbdb.csv"].encode("utf-16-be"), "written in UTF-16"),
    "utf-16 bare": (SAMPLES["sbdb.csv"].encode("utf-16-le"), "binary data"),
    "utf-32": (SAMPLES["sbdb.csv"].encode("utf-32"), "written in UTF-32"),
    "latin-1": ("# a\n# b\nÉros,1\n".encode("latin-1"), "not UTF-8 text (line 3)"),
    "random": (random.Random(1).randbytes(4000), "binary data"),
    "web page": (b"<!DOCTYPE html><html><body>Busy</body></html>", "is a web page"),
    "prose": (b"Dear all,\nplease find the catalogue attached.\n", "not a catalogue of a known"),
    "other csv": (b"name,price\napple,3\n", "not a catalogue of a known format"),
    "cut json": (SAMPLES["sbdb.json"].encode()[:-200], "begins as JSON but breaks off"),
    "cut list": (SAMPLES["nea_extended.json"].encode()[:-9], "begins as JSON but breaks off"),
    "deep json": (b"[" * 100_000, "begins as JSON but breaks off"),
    "long number": (b"[" + b"9" * 5000 + b"]", "begins as JSON but breaks off"),
    "other json": (b'{"type": "FeatureCollection"}', "JSON, but not of a known catalogue"),
    "json list": (b'[{"id": 1}]', "JSON, but not of a known catalogue"),
    "empty list": (b"[]", "ends before its first object"),
    "count only": (
        b'{"signature":{"source":"NASA/JPL SBDB","version":"1.0"},"count":7293}',
        "holds no table (fields and data)",
    ),
    "not found": (
        b'{"message":"specified object was not found","signature":{"version":"1.3"}}',
        "says 'specified object was not found'",
    ),
    "no rows": (b'{"fields":["pdes","epoch","e","a","i","om","w","ma"],"data":[]}', "before its"),
    "a column short": (
        SAMPLES["sbdb.csv"].replace(",ma\n", ",mb\n").encode(), "without the column 'ma'",
    ),
    "no epoch": (
        SAMPLES["sbdb.csv"].replace("epoch", "time").encode(), "without the column 'epoch'",
    ),
    "nobody": (
        SAMPLES["sbdb.csv"].replace("full_name,pdes", "x,y").encode(), "without the column 'pdes'",
    ),
    "a column twice": (SAMPLES["sbdb.csv"].replace(",q,", ",e,").encode(), "two columns 'e'"),
    "plain, short": (SAMPLES["plain.csv"].replace("i_deg", "j").encode(), "without the column"),
    "plain, twice": (SAMPLES["plain.csv"].replace("n_opp", "e").encode(), "two columns 'e'"),
    "plain, nobody": (
        SAMPLES["plain.csv"].replace("number,name,designation", "x,y,z").encode(),
        "without the column 'designation'",
    ),
    "header only": (SAMPLES["plain.csv"].encode().splitlines(keepends=True)[0], "before its first"),
    "ecsv header only": (b"# %ECSV 1.0\n# ---\n", "not a catalogue of a known format"),
    "mpcorb header only": (SAMPLES["MPCORB.DAT"].encode()[:300], "ends before its first object"),
    "oef cut in header": (SAMPLES["433.ke1"].encode()[:120], "cut off inside its header"),
    "oef header only": (SAMPLES["433.ke1"].encode().partition(b"\n433")[0], "ends before"),
    "oef equatorial": (
        SAMPLES["433.ke1"].replace("ECLM", "EQUM").encode(), "in the frame 'EQUM J2000'",
    ),
    "oef equinoctial": (SAMPLES["neodys.cat"].replace("'KEP'", "'EQU'").encode(), "'EQU' elements"),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_cannot_be_used_is_refused_in_one_sentence(case: str, tmp_path: Path) -> None:
    content, expected = FILES[case]
    path = tmp_path / "file"
    path.write_bytes(content)
    message = refused(path)
    assert expected in message
    assert "file" in message


def test_places_without_a_catalogue(tmp_path: Path) -> None:
    assert "does not exist: give the path" in refused(tmp_path / "nothing.txt")
    (tmp_path / "folder").mkdir()
    assert "folder is a folder: give the catalogue file inside it" in refused(tmp_path / "folder")
    assert "cannot be read" in refused(tmp_path / ("x" * 300))
    assert "cannot be read" in refused(tmp_path / "a\0b")
    (tmp_path / "plain").touch()
    assert "cannot be read" in refused(tmp_path / "plain" / "file")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_a_file_one_may_not_read(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(SAMPLES["plain.csv"])
    path.chmod(0)
    assert "cannot be read (Permission denied)" in refused(path)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "plain.csv"
    path.write_text(SAMPLES["plain.csv"])
    for folder in (path, path / "inside"):
        with pytest.raises(ValueError, match="cannot be written to") as caught:
            import_catalog(path, destination=folder)
        assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == [path]


def attempt(data: bytes, path: Path) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """Read a damaged file: its rows, or None if it was refused as a whole."""
    path.write_bytes(data)
    try:
        accepted, rejected, _ = read_catalog(path)
    except ValueError as error:
        assert type(error) is ValueError, error
        assert "\n" not in str(error)
        return None
    assert (rejected["reason"] != "").all()
    assert rejected["line"].is_monotonic_increasing
    if len(accepted):
        check_sane(accepted)
    return accepted, rejected


def check_sane(frame: pd.DataFrame) -> None:
    assert frame["designation"].is_unique
    assert all(canonical_designation(name) == name for name in frame["designation"])
    q = frame["a_au"] * (1 - frame["e"])
    assert ((frame["e"] >= 0) & (frame["e"] < 1) & (frame["a_au"] > 0) & (q < 1.3)).all()
    assert frame["i_deg"].between(0, 180).all()
    for name in ("node_deg", "argperi_deg", "mean_anomaly_deg"):
        assert frame[name].between(0, 360, inclusive="left").all()
    assert frame["epoch_jd_tdb"].between(2378496.5, 2524593.5).all()
    assert frame["orbit_class"].isin(["IEO", "ATE", "APO", "AMO"]).all()


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("cuts", [50, pytest.param(10**6, marks=pytest.mark.study)])
def test_a_cut_file_never_gives_an_orbit_that_the_whole_does_not(
    name: str, cuts: int, tmp_path: Path
) -> None:
    data = SAMPLES[name].encode()
    whole = attempt(data, tmp_path / "file")
    assert whole is not None
    known = set(row_digest(whole[0]))
    ends = range(1, len(data))
    for end in {*random.Random(3).sample(ends, min(cuts, len(ends))), *ends[-12:]}:
        got = attempt(data[:end], tmp_path / "file")
        if got is not None and len(got[0]):
            assert set(row_digest(got[0])) <= known, end


def test_a_row_whose_last_element_may_be_cut_is_left_out(tmp_path: Path) -> None:
    # Both tables end with an element: "136.688" cut to "136.6" would pass for an orbit.
    header, *rows = csv.reader(io.StringIO(SAMPLES["plain.csv"]))
    keep = [header.index(n) for n in header if n not in ("H_mag", "G", "U", "arc_years", "n_opp")]
    plain = "".join(",".join(row[k] for k in keep) + "\n" for row in [header, *rows])
    for text in (plain, SAMPLES["sbdb.csv"], SAMPLES["neodys.cat"]):
        for end in (-1, -2, -3):
            got = attempt(text.encode()[:end], tmp_path / "file")
            assert got is not None
            assert got[0]["designation"].tolist() == ["433", "469219"]
            assert "may be cut here" in got[1]["reason"].iloc[0]


def naive_line(line: str) -> dict[str, float]:
    """The elements as the columns of the Center's description literally say."""
    columns = {
        "mean_anomaly_deg": (27, 35), "argperi_deg": (38, 46), "node_deg": (49, 57),
        "i_deg": (60, 68), "e": (71, 79), "a_au": (93, 103),
    }  # fmt: skip
    values = {name: float(line[first - 1 : last]) for name, (first, last) in columns.items()}
    return values | {"epoch_jd_tdb": unpack_epoch(line[20:25])}


@settings(max_examples=120, deadline=None)
@given(
    row=st.integers(0, 2),
    place=st.integers(0, 201),
    letter=st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]),
    how=st.sampled_from(["replace", "insert", "delete", "swap"]),
)
def test_a_line_of_the_center_is_read_as_printed_or_refused(
    row: int, place: int, letter: str, how: str
) -> None:
    line = SAMPLES["NEA.txt"].split("\n")[row]
    if how == "replace":
        line = line[:place] + letter + line[place + 1 :]
    elif how == "insert":
        line = line[:place] + letter + line[place:]
    elif how == "delete":
        line = line[:place] + line[place + 1 :]
    else:
        line = line[:place] + line[place + 1 : place + 2] + line[place] + line[place + 2 :]
    accepted, rejected = judge(read_mpcorb([line]))
    assert len(accepted) + len(rejected) == (1 if line.strip() else 0)
    for _, orbit in accepted.iterrows():
        for name, value in naive_line(line).items():
            turn = name in ("mean_anomaly_deg", "argperi_deg", "node_deg")
            assert orbit[name] == (value % 360 if turn else value), name
        readable = line[166:194].strip()
        number = f"({orbit['designation']})"
        assert readable.startswith(number) or readable == orbit["designation"]
        # A damaged axis is known by the mean motion, which the line gives too.
        motion = float(line[80:91])
        assert np.isclose(motion, 0.985607668601425 * orbit["a_au"] ** -1.5, rtol=0, atol=2e-7)


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(sorted(SAMPLES)),
    edits=st.lists(
        st.tuples(
            st.floats(0, 1),
            st.sampled_from(["replace", "insert", "delete", "drop"]),
            st.binary(min_size=1, max_size=3),
        ),
        min_size=1, max_size=4,
    ),
    packed=st.booleans(),
)  # fmt: skip
def test_any_damage_ends_in_rows_reasons_or_one_sentence(
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    edits: list[tuple[float, str, bytes]],
    packed: bool,
) -> None:
    data = SAMPLES[name].encode()
    data = gzip.compress(data, mtime=0) if packed else data
    for where, how, piece in edits:
        at = int(where * len(data))
        if how == "replace":
            data = data[:at] + piece + data[at + len(piece) :]
        elif how == "insert":
            data = data[:at] + piece + data[at:]
        elif how == "delete":
            data = data[:at] + data[at + len(piece) :]
        else:
            data = data[:at] + data[at + 40 :]
    attempt(data, tmp_path_factory.mktemp("damage") / "file")


@settings(max_examples=100, deadline=None)
@given(
    content=st.text(max_size=300)
    | st.binary(max_size=300).map(lambda data: data.decode("latin-1")),
    head=st.sampled_from(["", "[", '{"fields":', "pdes,a,e,i,om,w,ma,epoch\n", "# %ECSV 1.0\n",
                          "format  = 'OEF2.0'\nrefsys = ECLM J2000\nEND_OF_HEADER\n",
                          "MINOR PLANET CENTER ORBIT DATABASE\n-----\n"]),
)  # fmt: skip
def test_any_text_at_all(tmp_path_factory: pytest.TempPathFactory, content: str, head: str) -> None:
    data = (head + content).encode("utf-8", "surrogatepass")
    attempt(data, tmp_path_factory.mktemp("text") / "file")


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


@settings(max_examples=50, deadline=None)
@given(
    key=st.sampled_from(
        ["Number", "Name", "Principal_desig", "Epoch", "a", "e", "M", "H", "U", "n", "Num_opps"]
    ),
    value=json_values,
)
def test_any_value_in_an_entry_of_nea_extended(
    tmp_path_factory: pytest.TempPathFactory, key: str, value: object
) -> None:
    import json

    entries = json.loads(SAMPLES["nea_extended.json"])
    entries[0][key] = value
    got = attempt(json.dumps(entries).encode(), tmp_path_factory.mktemp("json") / "file")
    assert got is not None
    assert {"469219", "2006 RH120"} <= set(got[0]["designation"])
    assert len(got[0]) + len(got[1]) == 3
