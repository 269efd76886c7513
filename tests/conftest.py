"""What the tests share: the folder of real reference data, where there is one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the user's cache of asteroid ephemerides out of the tests, and theirs out of it."""
    folder = tmp_path_factory.mktemp("cache")
    compiled = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "heyoka"
    compiled.mkdir(parents=True, exist_ok=True)
    (folder / "heyoka").symlink_to(compiled)  # machine code may be shared: it costs seconds
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real catalogues and JPL answers beside the repository; skips where absent."""
    folder = Path(os.environ.get("SURVEY_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the reference data folder is not on this machine")
    return folder
