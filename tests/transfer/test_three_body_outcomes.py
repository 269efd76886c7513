"""Why an asteroid has no three-body arc, what is kept of it on disk, and under which name."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from survey.astro.shooting_optimum import Optimum
from survey.transfer import three_body_sources
from survey.transfer.three_body import _Searcher
from survey.transfer.three_body_arcs import CAREFUL, QUICK
from survey.transfer.three_body_chunk import Work
from survey.transfer.three_body_found import Found
from survey.transfer.three_body_model import SearchWindow, ThreeBodyModel
from survey.transfer.three_body_records import OUTCOMES, RECORD, records_of
from survey.transfer.three_body_shelf import ResultShelf, key_of
from survey.transfer.three_body_sources import ROOT, read_source, source_digest, sources_of
from survey.transfer.three_body_table import counts_of

WINDOW = SearchWindow(2461000.5, 2462000.5)
MODEL = ThreeBodyModel(3e-6, 0.0167, 1.8, 3.1, None, None, np.zeros(6))


def nothing_found(*, starts: int, tried: int, converged: int) -> Found:
    empty = {
        name: np.empty((0, 3) if "impulse" in name or name == "velocity" else 0)
        for name in Optimum.__dataclass_fields__
    }
    return Found(Optimum(**empty), np.empty(0), np.empty(0), tried, converged, starts)


@pytest.mark.parametrize(
    ("starts", "tried", "converged", "has_path", "outcome"),
    [
        (0, 0, 0, True, "out of reach"),
        (9, 0, 0, True, "not converged"),  # all missed by too much to be tried
        (9, 9, 0, True, "not converged"),
        (9, 9, 1, True, "over budget"),
        (0, 0, 0, False, "no path"),
    ],
)
@pytest.mark.parametrize("effort", [QUICK, CAREFUL])
def test_one_record_tells_why_there_is_no_arc(starts, tried, converged, has_path, outcome, effort):
    found = nothing_found(starts=starts, tried=tried, converged=converged)
    (record,) = records_of(MODEL, WINDOW, found, 7, "rendezvous", effort, has_path=has_path)
    assert OUTCOMES[record["outcome"]] == outcome
    assert (record["asteroid"], record["kind"], record["window"]) == (7, 1, 0)
    assert (record["starts"], record["tried"], record["converged"]) == (starts, tried, converged)
    assert all(np.isnan(record[name]) for name in ("begin", "end", "total", "share", "earth_km"))


def records(*rows: tuple[int, int, int, str, int, int]) -> np.ndarray:
    out = np.zeros(len(rows), RECORD)
    for name, values in zip(
        ("asteroid", "kind", "window", "outcome", "tried", "converged"), zip(*rows, strict=True),
        strict=True,
    ):  # fmt: skip
        out[name] = [OUTCOMES.index(v) for v in values] if name == "outcome" else values
    return out


def test_counts_add_up():
    quick = records(
        (0, 0, 1, "in reach", 24, 20), (0, 0, 2, "in reach", 24, 20),
        (0, 1, 0, "over budget", 8, 7), (1, 0, 0, "out of reach", 0, 0),
        (1, 1, 0, "not converged", 5, 0), (2, 0, 1, "in reach", 24, 24),
        (2, 1, 1, "in reach", 10, 9),
    )  # fmt: skip
    deep = records((0, 0, 1, "in reach", 500, 450), (2, 0, 0, "over budget", 100, 1))
    final = np.concatenate([quick[3:], quick[2:3], deep[:1]])
    counts = counts_of(3, final, [quick, deep])
    assert (counts["asteroids"], counts["in_reach"]) == (3, 2)
    # Once for each asteroid, kind and pass, not for each arc.
    assert counts["problems"] == 24 + 8 + 5 + 24 + 10 + 500 + 100
    assert counts["converged"] == 20 + 7 + 24 + 9 + 450 + 1
    assert counts["flyby"] == {
        "searched": 3, "arcs": 2, "in reach": 2, "out of reach": 1, "not converged": 0,
        "over budget": 0, "no path": 0,
    }  # fmt: skip
    assert counts["rendezvous"] == {
        "searched": 3, "arcs": 1, "in reach": 1, "out of reach": 0, "not converged": 1,
        "over budget": 1, "no path": 0,
    }  # fmt: skip


def test_who_has_no_arc_is_kept_on_disk_and_not_searched_again(tmp_path):
    quick = records((0, 0, 1, "in reach", 24, 20), (1, 0, 0, "not converged", 5, 0))
    keys = [key_of(b"one"), key_of(b"two")]
    ResultShelf(tmp_path, b"search").put(keys, quick)
    again = ResultShelf(tmp_path, b"search")
    for number, key in enumerate(keys):
        known = again.take(key)
        assert known is not None and known.tobytes() == quick[number : number + 1].tobytes()
    assert again.take(key_of(b"three")) is None
    assert ResultShelf(tmp_path, b"another search").take(keys[1]) is None


# --- the program's own text -----------------------------------------------------------------------


@pytest.fixture
def fresh():
    source_digest.cache_clear()
    yield
    source_digest.cache_clear()


def shelf_name() -> bytes:
    """What a search's folder on the shelf is named after."""
    span: Any = SimpleNamespace(first_jd=2461000.5, last_jd=2463000.5)
    parking: Any = None
    searcher = _Searcher(
        np.empty(0, object), np.empty((0, 11)), span, {}, None, None, lambda *_: None
    )
    return searcher._everything(Work(MODEL, parking, WINDOW, QUICK))


@pytest.fixture(scope="module")
def name_before():
    source_digest.cache_clear()
    return shelf_name()


def test_the_same_bytes_keep_the_key(name_before, fresh):
    assert shelf_name() == name_before


@pytest.mark.parametrize(
    ("module", "counts"),
    [
        (ROOT, True),
        ("survey.transfer.three_body_arcs", True),
        ("survey.transfer.three_body_model", True),
        ("survey.transfer.three_body_starts", True),
        ("survey.astro.reachable", True),
        ("survey.astro.shooting", True),
        ("survey.astro.shooting_optimum", True),
        ("survey.astro.two_body_start", True),
        ("survey.astro.forced_torus", True),
        ("survey.astro.passages", True),
        ("survey.astro.er3bp", True),
        ("survey.astro.cr3bp_flow", True),
        ("survey.astro.nbody_forces", True),
        ("survey.constants", True),
        ("survey.transfer.ranking", False),  # comes after, and decides no arc
        ("survey.tables.schema", False),
    ],
)
def test_a_changed_byte_changes_the_key(module, counts, name_before, fresh, monkeypatch):
    asked = []

    def changed(name: str) -> bytes | None:
        asked.append(name)
        source = read_source(name)
        return source + b"\n" if name == module and source is not None else source

    monkeypatch.setattr(three_body_sources, "read_source", changed)
    assert (shelf_name() != name_before) == counts
    assert (module in asked) == counts


def test_sources_are_read_once(fresh, monkeypatch):
    before = source_digest()
    monkeypatch.setattr(three_body_sources, "read_source", lambda name: pytest.fail(name))
    assert source_digest() == before


def test_a_renamed_or_moved_byte_changes_the_key(fresh, monkeypatch):
    # Two modules whose texts together are the same bytes are not the same modules.
    texts = [{"a": b"x = 1\n", "b": b"y = 2\n"}, {"a": b"x = 1\ny = 2\n", "b": b""}]
    digests = []
    for text in texts:
        source_digest.cache_clear()
        monkeypatch.setattr(three_body_sources, "sources_of", lambda _, text=text: text)
        digests.append(source_digest())
    assert digests[0] != digests[1]


def test_imports_are_followed_wherever_they_stand(monkeypatch):
    texts = {
        "survey.astro.top": b"def f():\n    from survey.astro import deep\n",
        "survey.astro.deep": b"import numpy\nimport survey.astro.deeper as d\n",
        "survey.astro.deeper": b"from survey.astro.top import f\nfrom survey.tables import X\n",
    }
    monkeypatch.setattr(three_body_sources, "read_source", texts.get)
    assert sources_of("survey.astro.top") == texts


def test_all_that_is_read_is_a_module_of_this_program():
    import importlib.util
    from pathlib import Path

    for name, source in sources_of(ROOT).items():
        spec = importlib.util.find_spec(name)
        assert spec is not None and spec.origin is not None
        assert Path(spec.origin).read_bytes() == source, name
    assert read_source("survey.astro.no_such_module") is None
    assert read_source("survey.astro.reachable.ReachableSet") is None
    assert read_source("survey") is not None
