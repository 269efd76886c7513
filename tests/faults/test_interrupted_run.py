"""Ctrl-C, SIGTERM and kill -9 in the middle of a search: the resumed run gives the same bytes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from survey.cli import main, source
from survey.run import read_run
from survey.transfer import search_transfers

REPOSITORY = Path(__file__).parents[2]
PRODUCTS = ("transfers.ecsv", "transfers-kepler.ecsv", "ranking.ecsv")

# The bundled catalogue, in five chunks: on the default grid each takes a tenth of a second or two.
CHOICES = "[three_body]\nsearch = false\n[report]\ntop = 1\n"


@pytest.fixture(autouse=True)
def unchanged_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SURVEY_DEBUG", raising=False)
    monkeypatch.delenv("SURVEY_CATALOGS", raising=False)


def make_run(folder: Path) -> Path:
    folder.mkdir()
    (folder / "run.toml").write_text(CHOICES, encoding="utf-8")
    return folder


def start(run: Path) -> subprocess.Popen[str]:
    """Begin the search in a process of its own, one chunk at a time."""
    return subprocess.Popen(
        [sys.executable, "-m", "survey.cli", "search", str(run), "--jobs", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    )


def finish(run: Path) -> None:
    """Give the same command again, then rank; in this process, which has everything loaded."""
    handlers = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    for verb in ("search", "rank"):
        with pytest.raises(SystemExit) as left:
            main([verb, str(run), "--quiet"])
        assert not left.value.code
    for number, handler in handlers.items():
        signal.signal(number, handler)


def chunks(run: Path) -> set[str]:
    return {one.name for one in (run / ".partial").glob("*.npy")}


def ephemerides(folder: Path) -> int:
    return len(list(folder.rglob("*.eph")))


def wait_for_chunks(run: Path, process: subprocess.Popen[str], count: int) -> None:
    until = time.monotonic() + 120
    while len(chunks(run)) < count:
        assert process.poll() is None, f"finished before {count} chunks were there"
        assert time.monotonic() < until
        time.sleep(0.005)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    run = make_run(tmp_path_factory.mktemp("undisturbed") / "run")
    finish(run)
    return {name: (run / name).read_bytes() for name in PRODUCTS}


class EnoughError(Exception):
    """Raised in the middle of a search, when it has done as much as the test wants."""


def begin(run: Path, count: int) -> list[Path]:
    """Search `count` chunks and stop; return their files."""

    def stop(done: int, total: int) -> None:
        if len(chunks(run)) >= count:
            raise EnoughError

    choices = read_run(run / "run.toml")
    with pytest.raises(EnoughError):
        search_transfers(
            source.open_source(choices, None).catalog,
            source.parking_of(choices),
            source.grid_of(choices),
            max_revs=choices.max_revolutions,
            checkpoint=run / ".partial",
            progress=stop,
        )
    return sorted((run / ".partial").glob("*.npy"))


def products(run: Path) -> dict[str, bytes]:
    return {name: (run / name).read_bytes() for name in PRODUCTS}


def test_killed_early_killed_late_and_resumed(
    tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    run = make_run(tmp_path / "run")
    seen: set[str] = set()
    for count in (1, 3):
        process = start(run)
        wait_for_chunks(run, process, count)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert not (run / "transfers.ecsv").exists()
        assert seen < chunks(run)  # what the killed process had finished is kept and built upon
        seen = chunks(run)
    finish(run)
    assert products(run) == undisturbed
    assert sorted(one.name for one in run.iterdir()) == sorted([".lock", "run.toml", *PRODUCTS])


@pytest.mark.parametrize(
    ("number", "status", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_asked_to_stop_and_resumed(
    tmp_path: Path,
    undisturbed: dict[str, bytes],
    number: signal.Signals,
    status: int,
    word: str,
) -> None:
    run = make_run(tmp_path / "run")
    process = start(run)
    wait_for_chunks(run, process, 2)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == status
    assert out == ""
    assert err.splitlines()[-1] == f"survey: {word}; run the same command again to resume"
    assert "Traceback" not in err
    assert sorted(one.name for one in run.iterdir()) == [".lock", ".partial", "run.toml"]
    assert len(chunks(run)) == len(list((run / ".partial").iterdir())) >= 2
    finish(run)
    assert products(run) == undisturbed


def test_killed_among_the_ephemerides(
    tmp_path: Path, undisturbed: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was integrated is kept for the user, whichever run asks next; the rest is done then."""
    cache = tmp_path / "cache"
    cache.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    run = make_run(tmp_path / "run")
    process = start(run)
    until = time.monotonic() + 120
    while not ephemerides(cache):
        assert process.poll() is None and time.monotonic() < until
        time.sleep(0.002)
    process.kill()
    process.communicate()
    assert chunks(run) == set()
    finish(run)
    assert products(run) == undisturbed


def test_killed_in_the_comparison(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    run = make_run(tmp_path / "run")
    process = start(run)
    wait_for_chunks(run, process, 6)  # the first five are those of the search itself
    process.kill()
    process.communicate()
    assert (run / "transfers.ecsv").read_bytes() == undisturbed["transfers.ecsv"]
    assert not (run / "transfers-kepler.ecsv").exists()
    finish(run)
    assert products(run) == undisturbed
    assert not (run / ".partial").exists()


def test_a_damaged_chunk_is_searched_again(tmp_path: Path, undisturbed: dict[str, bytes]) -> None:
    run = make_run(tmp_path / "run")
    first, second = begin(run, 2)
    first.write_bytes(first.read_bytes()[:-100])
    second.write_bytes(b"")
    finish(run)
    assert products(run) == undisturbed


def test_chunks_of_other_choices_are_not_used(
    tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    run = make_run(tmp_path / "run")
    (run / "run.toml").write_text(
        f'{CHOICES}[window]\ntof = "30 d to 730 d every 11 d"\n', encoding="utf-8"
    )
    begin(run, 2)
    (run / "run.toml").write_text(CHOICES, encoding="utf-8")
    finish(run)
    assert products(run) == undisturbed
