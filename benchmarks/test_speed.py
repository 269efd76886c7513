"""The same contestants under pytest-benchmark, in one process: ``pytest benchmarks``.

For comparing one's own changes (``--benchmark-compare``); a group's column in brackets is the
ratio to its fastest. pykep is left out, for it crashes beside numba.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks import problems
from benchmarks.contestants import RACES, Contestant, size, take_few
from benchmarks.judge import misses

MAKERS = {
    "lambert": problems.lambert_problems,
    "wide": problems.wide_problems,
    "kepler": problems.kepler_problems,
    "planets": problems.planet_problems,
}
CASES = [
    pytest.param(task, entry, id=f"{task}: {entry.label}")
    for task, entries in RACES.items()
    for entry in entries
    if entry.package != "pykep"
]


@pytest.mark.parametrize(("task", "entry"), CASES)
def test_speed(benchmark: Any, task: str, entry: Contestant) -> None:
    rng = np.random.default_rng([problems.SEED, list(MAKERS).index(task)])
    data = take_few(task, MAKERS[task](rng, problems.COUNT), entry.few)
    try:
        solve, answer = entry.build(data)
    except ImportError as error:
        pytest.skip(f"{error}: pip install '{entry.install}'")
    benchmark.group = task
    result = benchmark.pedantic(solve, rounds=20, warmup_rounds=2)
    miss = misses(task, data, answer(result))
    benchmark.extra_info["median_miss"] = float(np.nanmedian(miss))
    benchmark.extra_info["problems"] = size(task, data)
    # Not a speed: what is wrong is not fast.
    assert np.nanmedian(miss) < 1e-7
