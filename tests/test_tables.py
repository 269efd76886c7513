"""Tables on disk: what is written is read back exactly, by us and by astropy."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from astropy.table import Table
from hypothesis import given, settings
from hypothesis import strategies as st

from survey.tables import (
    CATALOG,
    RANKING,
    TRANSFERS,
    Column,
    Schema,
    file_digest,
    read_table,
    row_digest,
    validate,
    write_table,
)

SMALL = Schema(
    "small",
    ("key",),
    (
        Column("key", "str", "", "what tells the rows apart"),
        Column("length", "float", "km", "a length: it's 1 # 2, or “three”"),
        Column("mass", "float", "kg", "a mass", nullable=True),
        Column("count", "int", "", "a count"),
        Column("rank", "int", "", "a place", nullable=True),
        Column("good", "bool", "", "whether it is"),
    ),
)


def small(**changes: list[object]) -> pd.DataFrame:
    columns: dict[str, object] = {
        "key": ["a", "b,c"], "length": [0.1, -2.5e-300], "mass": [np.nan, 3.0],
        "count": [1, -2], "rank": [None, 7], "good": [True, False],
    }  # fmt: skip
    return pd.DataFrame(columns | changes)


def catalogue_rows(count: int) -> pd.DataFrame:
    random = np.random.default_rng(1)
    angle = {name: random.uniform(0, 360, count) for name in ("node_deg", "argperi_deg")}
    frame = pd.DataFrame(
        {
            "designation": [str(number) for number in range(1, count + 1)],
            "number": range(1, count + 1),
            "name": "",
            "provisional": "2016 HO3",
            "orbit_class": "APO",
            "epoch_jd_tdb": 2459403.5,
            "a_au": random.uniform(0.6, 3, count),
            "e": random.uniform(0, 0.9, count),
            "i_deg": random.uniform(0, 60, count),
            **angle,
            "mean_anomaly_deg": random.uniform(0, 360, count),
            "H_mag": random.uniform(10, 30, count),
            "G": 0.15,
            "condition_code": "0",
            "arc": "1999-2021",
            "n_oppositions": 5,
            "diameter_km": np.nan,
            "albedo": np.nan,
        }
    )
    return validate(frame, CATALOG)


def test_a_table_comes_back_exactly(tmp_path: Path) -> None:
    provenance = {
        "program": "survey",
        "nested": {"counts": [1, 2.5], "text": "Kamoʻoalewa: #'\"\\"},
    }
    for name in ("plain.ecsv", "packed.ecsv.gz"):
        write_table(small(), SMALL, tmp_path / name, provenance=provenance)
        frame, told = read_table(tmp_path / name, SMALL)
        pd.testing.assert_frame_equal(frame, validate(small(), SMALL), check_exact=True)
        assert told == provenance
    assert frame["rank"].dtype == "Int64"
    assert frame["count"].dtype == np.int64
    assert frame["good"].dtype == bool


def test_astropy_reads_the_same_table(tmp_path: Path) -> None:
    path = tmp_path / "small.ecsv"
    write_table(small(), SMALL, path, provenance={"source": "a: b # c"})
    table = Table.read(path, format="ascii.ecsv")
    assert table.colnames == SMALL.names
    assert str(table["length"].unit) == "km"
    assert table["length"].description == SMALL.columns[1].description
    assert table["length"].tolist() == [0.1, -2.5e-300]
    assert table["mass"].mask.tolist() == [True, False]
    assert table["rank"].mask.tolist() == [True, False]
    assert table["rank"][1] == 7
    assert table["key"].tolist() == ["a", "b,c"]
    assert table["good"].tolist() == [True, False]
    assert table.meta["table"] == "small"
    assert table.meta["provenance"] == {"source": "a: b # c"}


def test_a_table_saved_again_by_astropy_can_be_read(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours.ecsv", tmp_path / "theirs.ecsv"
    write_table(small(), SMALL, ours, provenance={"source": "x"})
    Table.read(ours, format="ascii.ecsv").write(theirs, format="ascii.ecsv")
    frame, provenance = read_table(theirs, SMALL)
    pd.testing.assert_frame_equal(frame, validate(small(), SMALL), check_exact=True)
    assert provenance == {"source": "x"}


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8),
    text=st.text(max_size=12),
    number=st.integers(-(2**53), 2**53),
)
def test_any_value_survives_the_file(
    tmp_path_factory: pytest.TempPathFactory, lengths: list[float], text: str, number: int
) -> None:
    path = tmp_path_factory.mktemp("table") / "t.ecsv.gz"
    count = len(lengths)
    frame = pd.DataFrame(
        {
            "key": [f"{row}{text}" for row in range(count)], "length": lengths,
            "mass": [None] * count, "count": [number] * count, "rank": [None] * count,
            "good": [True] * count,
        }
    )  # fmt: skip
    try:
        write_table(frame, SMALL, path, provenance={"text": text})
    except ValueError as error:
        assert "one line of text" in str(error)
        assert not path.exists()
        return
    back, provenance = read_table(path, SMALL)
    assert back["length"].tolist() == lengths
    assert back["key"].tolist() == frame["key"].tolist()
    assert back["count"].tolist() == [number] * count
    assert provenance == {"text": text}
    assert Table.read(path, format="ascii.ecsv").meta["provenance"] == {"text": text}


def test_the_same_table_gives_the_same_bytes(tmp_path: Path) -> None:
    shuffled = small()[list(reversed(SMALL.names))]
    write_table(small(), SMALL, tmp_path / "a.ecsv.gz", provenance={"x": 1})
    write_table(shuffled, SMALL, tmp_path / "b.ecsv.gz", provenance={"x": 1})
    first = (tmp_path / "a.ecsv.gz").read_bytes()
    assert first == (tmp_path / "b.ecsv.gz").read_bytes()
    assert first[:10] == b"\x1f\x8b\x08\0\0\0\0\0\x02\xff"  # neither date nor system: RFC 1952
    assert gzip.decompress(first).startswith(b"# %ECSV 1.0\n# ---\n")
    assert file_digest(tmp_path / "a.ecsv.gz") == file_digest(tmp_path / "b.ecsv.gz")


def test_file_digest_is_sha256(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")  # FIPS 180-2, appendix B.1
    assert file_digest(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"length": [0.1, np.nan]}, "column 'length', row 1, where a value"),
        ({"length": [0.1, np.inf]}, "column 'length', row 1, where a finite number"),
        ({"length": ["x", 1.0]}, "'x' in column 'length', row 0, where a number"),
        ({"mass": [1.0, "heavy"]}, "'heavy' in column 'mass', row 1, where a number"),
        ({"count": [1.5, 2]}, "column 'count', row 0, where a whole number"),
        ({"count": [True, False]}, "column 'count', row 0, where a number"),
        ({"rank": [None, 2.5]}, "column 'rank', row 1, where a whole number"),
        ({"good": [True, "yes"]}, "'yes' in column 'good', row 1, where True or False"),
        ({"good": [True, 1]}, "column 'good', row 1, where True or False"),
        ({"key": ["a", 5]}, "column 'key', row 1, where one line of text"),
        ({"key": ["a", "b\nc"]}, "column 'key', row 1, where one line of text"),
        ({"key": ["a", "a"]}, "repeats its key key in row 1"),
        ({"extra": [1, 2]}, "a column 'extra' which it does not know"),
    ],
)
def test_a_wrong_value_is_named(changes: dict[str, list[object]], message: str) -> None:
    with pytest.raises(ValueError, match=r"^the small table ") as caught:
        validate(small(**changes), SMALL)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match="the small table lacks the column 'mass'"):
        validate(small().drop(columns="mass"), SMALL)


def test_validate_fills_missing_text_and_keeps_its_input() -> None:
    given_frame = small(key=["a", None])
    assert validate(given_frame, SMALL)["key"].tolist() == ["a", ""]
    assert given_frame["key"].isna().tolist() == [False, True]


@pytest.mark.parametrize("schema", [CATALOG, TRANSFERS, RANKING], ids=lambda schema: schema.name)
def test_an_empty_table_keeps_its_columns(schema: Schema, tmp_path: Path) -> None:
    empty = pd.DataFrame({name: [] for name in schema.names})
    write_table(empty, schema, tmp_path / "empty.ecsv", provenance={})
    frame, _ = read_table(tmp_path / "empty.ecsv", schema)
    assert list(frame.columns) == schema.names
    assert len(frame) == 0
    assert Table.read(tmp_path / "empty.ecsv", format="ascii.ecsv").colnames == schema.names


def _cut(data: bytes) -> bytes:
    return gzip.compress(data)[:-20]


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda data: b"", "should begin with '# %ECSV'"),
        (lambda data: b"a,b\n1,2\n", "should begin with '# %ECSV'"),
        (_cut, "cut off or damaged"),
        (lambda data: data.replace(b"-2.5e-300", b"two"), "does not hold a small table"),
        (lambda data: data.replace(b",False", b",maybe"), "does not hold a small table"),
        (lambda data: data.replace(b'"unit": "km"', b'"unit": "m"'), "is in 'm', not 'km'"),
        (lambda data: data.replace(b"key,length", b"key,width"), "header and its columns disagree"),
        (lambda data: data + b"\xff\xfe,1,1,1,1,True\n", "does not hold a small table"),
        (lambda data: data + b"one,two\n", "does not hold a small table"),
    ],
)
def test_a_spoilt_file_is_refused_in_one_sentence(
    spoil: object, expected: str, tmp_path: Path
) -> None:
    path = tmp_path / "small.ecsv"
    write_table(small(), SMALL, path, provenance={})
    path.write_bytes(spoil(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(ValueError, match=r"^small\.ecsv ") as caught:
        read_table(path, SMALL)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        read_table(tmp_path / "nothing.ecsv", SMALL)
    with pytest.raises(ValueError, match="cannot be read"):
        read_table(tmp_path, SMALL)


def test_a_failed_write_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "small.ecsv"
    write_table(small(), SMALL, path, provenance={"version": 1})
    before = path.read_bytes()

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ValueError, match=r"cannot be written to the folder .*No space left"):
        write_table(small(), SMALL, path, provenance={"version": 2})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_table_cannot_go_to_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="choose a folder that exists"):
        write_table(small(), SMALL, tmp_path / "no" / "small.ecsv", provenance={})


def test_provenance_must_be_plain(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the provenance cannot be written down"):
        write_table(small(), SMALL, tmp_path / "t.ecsv", provenance={"when": object()})
    with pytest.raises(ValueError, match="the provenance cannot be written down"):
        write_table(small(), SMALL, tmp_path / "t.ecsv", provenance={"value": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_files_get_the_usual_permissions(tmp_path: Path) -> None:
    write_table(small(), SMALL, tmp_path / "t.ecsv", provenance={})
    (tmp_path / "plain").touch()
    assert (tmp_path / "t.ecsv").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_row_digest_follows_the_orbit_and_nothing_else() -> None:
    frame = catalogue_rows(3)
    digest = row_digest(frame)
    assert digest.nunique() == 3
    assert digest.str.fullmatch("[0-9a-f]{32}").all()
    assert (row_digest(frame.assign(H_mag=99.0, name="x", arc="")) == digest).all()
    assert (row_digest(frame.iloc[::-1]).sort_index() == digest).all()
    for name in ("epoch_jd_tdb", "a_au", "e", "i_deg", "node_deg", "argperi_deg"):
        moved = frame.assign(**{name: np.nextafter(frame[name], 1e9)})
        assert (row_digest(moved) != digest).all(), name


def test_row_digest_never_changes() -> None:
    # Stored once: checkpoints of earlier versions are told apart by it.
    row = catalogue_rows(1).assign(
        a_au=1.0, e=0.1, i_deg=5.0, node_deg=10.0, argperi_deg=20.0, mean_anomaly_deg=30.0
    )
    # printf '1|2459403.5|1.0|0.1|5.0|10.0|20.0|30.0' | sha256sum | cut -c1-32
    assert row_digest(row).tolist() == ["ae42d5791e28dc6f76c4de1f681225e6"]


def test_forty_thousand_rows_are_read_in_half_a_second(tmp_path: Path) -> None:
    path = tmp_path / "large.ecsv.gz"
    write_table(catalogue_rows(40_000), CATALOG, path, provenance={})
    times = []
    for _ in range(3):
        start = time.perf_counter()
        read_table(path, CATALOG)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.5


def test_importing_the_module_loads_nothing_heavy() -> None:
    code = (
        "import sys, survey.tables; "
        "print(sorted({'pandas', 'numpy', 'astropy', 'pandera', 'yaml'} & set(sys.modules)))"
    )
    root = str(Path(__file__).resolve().parents[1])
    answer = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": root},
    )  # fmt: skip
    assert answer.stdout.strip() == "[]"
