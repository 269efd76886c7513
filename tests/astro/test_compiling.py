"""Caches stay honest: the fingerprint sees every change and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import types

import numpy as np
import pytest

from survey.astro.compiling import fingerprint, frozen, inlined

BASE = "_LIMIT = 1.0\ndef f(x):\n    return [g(y) for y in x] + _LIMIT\n"


def module(text):
    made = types.ModuleType("made")
    exec(text, made.__dict__)
    return made


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1.0", "2.0"),
        ("+ _LIMIT", "- _LIMIT"),
        ("g(y)", "h(y)"),
        ("_LIMIT", "_OTHER"),
        ("f(", "e("),
    ],
)
def test_every_change_changes_it(old, new):
    assert fingerprint(module(BASE)) != fingerprint(module(BASE.replace(old, new)))


def test_comments_do_not():
    assert fingerprint(module(BASE)) == fingerprint(module("# a remark\n" + BASE))


def test_same_in_every_process():
    script = (
        "from survey.astro import lambert_cell, lambert_series, porkchop_refine\n"
        "from survey.astro.compiling import fingerprint\n"
        "print(fingerprint(lambert_cell, lambert_series, porkchop_refine))"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(printed) == 1
    assert int(printed.pop()) > 0


def test_frozen_is_one_kind_of_array_and_leaves_the_caller_s_alone():
    mine = np.arange(6.0).reshape(2, 3)
    for values in (mine, mine.T, mine.tolist(), mine.astype(np.float32), mine[:, ::2]):
        array = frozen(values)
        assert array.dtype == np.float64
        assert array.flags.c_contiguous and not array.flags.writeable
        np.testing.assert_array_equal(array, values)
    assert mine.flags.writeable
    assert frozen([1, 2], np.int64).dtype == np.int64


def test_compiled_function_keeps_its_name_and_docstring():
    @inlined
    def twice(x: float) -> float:
        """Double."""
        return 2.0 * x

    assert twice(4.0) == 8.0
    assert twice.__name__ == "twice" and twice.__doc__ == "Double."
