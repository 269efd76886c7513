"""A local JPL, a place of its own for every test, and the command as a person would run it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fault_tools import FAST, Outcome
from local_jpl import LocalJPL

from survey.catalog import web
from survey.cli import main

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """No name is looked up outside: for these tests every machine is offline."""
    look_up = socket.getaddrinfo

    def local(host: Any, *details: Any, **named: Any) -> Any:
        if host not in ("127.0.0.1", "localhost", "::1", None):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *details, **named)

    monkeypatch.setattr(socket, "getaddrinfo", local)


@pytest.fixture
def jpl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalJPL]:
    """Three hundred objects on loopback; waits are short, nothing of this machine is touched."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("SURVEY_CATALOGS", "SURVEY_JPL_URL", "SURVEY_CONTACT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(web, "LIMITS", FAST)
    with LocalJPL() as server:
        yield server


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run ``survey`` in this process."""

    def run(*words: object) -> Outcome:
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        out, err = capfd.readouterr()
        assert "Traceback" not in err
        status = left.value.code
        assert isinstance(status, int)
        return Outcome(status, out, err)

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "catalogs"
