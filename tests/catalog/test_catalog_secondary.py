"""What stands beside the orbits: optional columns, read exactly or left out and reported."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from catalog_samples import SBDB_FIELDS, SBDB_JSON, sbdb_rows
from hypothesis import given
from hypothesis import strategies as st

from survey.catalog import import_catalog, read_snapshot
from survey.catalog.numerals import NUMBER, read_numbers
from survey.tables import CATALOG, file_digest, table_bytes, validate

REPOSITORY = Path(__file__).resolve().parents[2]
OPTIONAL = [column.name for column in CATALOG.columns if column.optional]


def answer(**columns: list[str | None]) -> str:
    content = json.loads(SBDB_JSON)
    content["fields"] = [*SBDB_FIELDS, *columns]
    content["data"] = [
        [*row, *(values[k] for values in columns.values())] for k, row in enumerate(sbdb_rows())
    ]
    return json.dumps(content)


def test_the_bundled_snapshot_is_as_it_was() -> None:
    path = REPOSITORY / "catalogs" / "neo-2021-07-08.ecsv.gz"
    assert file_digest(path) == ("405774c7204c0a6a5bdfc3d90956d9c1e396778722a6b1f5751703715de95fdf")
    header = gzip.decompress(path.read_bytes()).partition(b"designation,number")[0]
    assert b"sigma_a_au" not in header
    frame = read_snapshot(path)
    assert list(frame.columns) == CATALOG.names
    for column in CATALOG.columns:
        if column.optional:
            missing = (
                frame[column.name] == "" if column.kind == "str" else frame[column.name].isna()
            )
            assert missing.all()


def test_an_optional_column_is_written_only_if_something_stands_in_it() -> None:
    frame = read_snapshot(REPOSITORY / "catalogs" / "neo-2021-07-08.ecsv.gz")
    plain = table_bytes(frame, CATALOG, {}, compress=False).decode()
    assert not any(name in plain for name in OPTIONAL)
    frame.loc[4, "rotation_h"] = 5.27
    text = table_bytes(frame, CATALOG, {}, compress=False).decode()
    assert [name for name in OPTIONAL if name in text] == ["rotation_h"]
    with pytest.raises(ValueError, match="lacks the column 'albedo'"):
        validate(frame.drop(columns=["albedo"]), CATALOG)
    pd.testing.assert_frame_equal(validate(frame.drop(columns=OPTIONAL[:3]), CATALOG), frame)


def test_secondary_values_are_kept_as_printed(tmp_path: Path) -> None:
    path = tmp_path / "sbdb.json"
    path.write_text(answer(
        spkid=["2000433", "20469219", "3403148"], sigma_a=["2.1374E-10", None, ".5"],
        A2=["-2.9E-14", "0", None], spec_B=["S", None, ""], moid=[".148623", "0", "1e-5"],
        n_obs_used=["8767", "331", None],
    ))  # fmt: skip
    report = import_catalog(path, destination=tmp_path, date="2026-11-22")
    assert report.left_out.empty
    frame = read_snapshot(report.path)
    assert frame["spkid"].tolist() == [20000433, 20469219, 3403148]
    assert frame["sigma_a_au"].tolist()[::2] == [2.1374e-10, 0.5]
    assert frame["A2_au_d2"].tolist()[:2] == [-2.9e-14, 0.0]
    assert frame["spectral_type_smass"].tolist() == ["S", "", ""]
    assert frame["moid_au"].tolist() == [0.148623, 0.0, 1e-5]
    assert frame["n_observations"].tolist()[:2] == [8767, 331]


@pytest.mark.parametrize(
    ("field", "value"),
    [("sigma_e", "-1"), ("sigma_e", "small"), ("sigma_e", "inf"), ("moid", "-.1"), ("A2", "5"),
     ("rot_per", "0"), ("n_obs_used", "2.5"), ("spkid", "a0000433"), ("spec_B", "x" * 80),
     ("spec_T", "S\u0007")],
)  # fmt: skip
def test_a_value_that_is_not_understood_costs_no_orbit(
    field: str, value: str, tmp_path: Path
) -> None:
    path = tmp_path / "sbdb.json"
    path.write_text(answer(**{field: [None, value, None]}))
    report = import_catalog(path, destination=tmp_path, date="2026-11-22")
    assert (report.accepted, len(report.rejected)) == (3, 0)
    assert report.left_out[["line", "designation"]].to_numpy().tolist() == [[2, "469219"]]
    assert report.left_out["reason"].iloc[0].startswith("value left out: ")
    assert "1  value left out (e.g. line 2, 469219" in report.summary()
    assert list(read_snapshot(report.path).columns) == CATALOG.names


@given(st.lists(st.text("0123456789.+-eE", max_size=8) | st.sampled_from(
    ["", "nan", "1_0", ".5", "5.", "1e5", "1e1234", "-inf", "1.2.3", " 1", "٣", "2461000.5"]
), max_size=6))  # fmt: skip
def test_numbers_are_read_exactly_or_not_at_all(texts: list[str]) -> None:
    got = read_numbers(texts)
    for text, value in zip(texts, got, strict=True):
        if NUMBER.fullmatch(text):
            assert np.array_equal(value, float(text), equal_nan=True)
        else:
            assert np.isnan(value)
