"""What of the cache is deleted: the blocks unused for longest, and never one in use."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from survey.transfer import ephemeris_cache
from survey.transfer.ephemerides import build_ephemerides
from survey.transfer.ephemeris_cache import prune

DAY = 86_400.0
SPANS = [(2_461_406.5 + 2048.0 * k, 2_461_406.5 + 2048.0 * k + 400.0) for k in range(3)]


def age(path, days):
    then = time.time() - days * DAY
    os.utime(path, (then, then))


@pytest.fixture
def cache(few, tmp_path):
    """Three folders of one block each, last used ten, five and three days ago."""
    for span, days in zip(SPANS, (10, 5, 3), strict=True):
        before = set(tmp_path.rglob("*.eph"))
        build_ephemerides(few, *span, cache=tmp_path)
        (new,) = set(tmp_path.rglob("*.eph")) - before
        age(new, days)
    return tmp_path


def ages(cache):
    now = time.time()
    return sorted(round((now - path.stat().st_mtime) / DAY) for path in cache.rglob("*.eph"))


def test_least_recently_used_go_first(cache):
    sizes = {p: p.stat().st_size for p in cache.rglob("*.eph")}
    assert prune(cache, limit_bytes=sum(sizes.values())) == 0 and ages(cache) == [3, 5, 10]
    assert prune(cache, limit_bytes=sum(sizes.values()) - 1) > 0
    assert ages(cache) == [3, 5]
    prune(cache, limit_bytes=0)
    assert ages(cache) == [] and len(list(cache.iterdir())) == 3
    for folder in cache.iterdir():
        age(folder, 2)
    prune(cache)  # empty folders go a day later, lest somebody is about to write there
    assert not list(cache.iterdir())
    assert prune(cache / "absent") == 0


def test_what_is_used_stays(few, cache, monkeypatch):
    """Reading marks a block; a later build that fills the cache then deletes another."""
    kept = build_ephemerides(few, *SPANS[0], cache=cache)
    assert kept.integrated == 0 and ages(cache) == [0, 3, 5]
    monkeypatch.setattr("survey.transfer.ephemerides.prune", partial(prune, limit_bytes=0))
    build_ephemerides(few, SPANS[2][0] + 4096, SPANS[2][0] + 4400, cache=cache)
    assert ages(cache) == [0, 0]
    kept.chunk(range(len(few)))  # its blocks are still there


def test_leftovers_of_a_killed_process_go(cache):
    folder = next(cache.iterdir())
    old, new = folder / ".a.1.2.part", folder / ".b.1.2.part"
    for path in (old, new):
        path.write_bytes(b"half")
    age(old, 2)
    stranger = folder / "notes.txt"
    stranger.write_text("not ours")
    age(stranger, 100)
    prune(cache, limit_bytes=0)
    assert not old.exists() and new.exists() and stranger.exists()


def test_many_prune_at_once(cache):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: prune(cache, limit_bytes=0), range(8)))
        assert ages(cache) == []
        for folder in cache.iterdir():
            age(folder, 2)
        list(pool.map(lambda _: prune(cache, limit_bytes=0), range(8)))
    assert not list(cache.iterdir())


def test_a_block_that_vanishes_is_integrated_again(few, cache):
    """Between one run and the next, another process has pruned."""
    prune(cache, limit_bytes=0)
    assert build_ephemerides(few, *SPANS[0], cache=cache).integrated == len(few)


def test_a_folder_that_cannot_be_pruned(cache, monkeypatch):
    def denied(self, missing_ok=False):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(ephemeris_cache.Path, "unlink", denied)
    assert prune(cache, limit_bytes=0) == 0 and ages(cache) == [3, 5, 10]
