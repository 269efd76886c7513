"""Fixtures of the catalogue's tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from survey.catalog import read_catalog

Reader = Callable[[str | bytes], tuple[pd.DataFrame, pd.DataFrame, str]]


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """Read a text or bytes as if they were a file whose name says nothing."""

    def reader(content: str | bytes) -> tuple[pd.DataFrame, pd.DataFrame, str]:
        path = tmp_path / "file"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_catalog(path)

    return reader
