"""Windows of a curve: constructed ones by eye, random ones by their law."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.astro.windows import WITHIN, distinct_windows

DAYS = np.arange(0.0, 100.0, 10.0)
GAP = np.inf


def windows(curve, count=3, days=DAYS, slack=0.0):
    place, breadth = distinct_windows([curve], days[: len(curve)], count, slack=slack)
    return place[0].tolist(), breadth[0]


def test_two_valleys_are_two_windows_cheapest_first():
    place, breadth = windows([5, 4, 5, 9, 9, 3, 9, 9, 9, 9])
    assert place == [5, 1, -1]
    # 10 % of 3 is 0.3: reached 0.3/6 of a step away on either side
    assert breadth[0] == pytest.approx(2 * 10 * 0.3 / 6)
    # 10 % of 4 is 0.4: 0.4 of a step on either side
    assert breadth[1] == pytest.approx(2 * 10 * 0.4)
    assert np.isnan(breadth[2])


def test_a_ripple_within_ten_percent_is_one_window():
    place, breadth = windows([9, 5.0, 5.2, 5.1, 9, 9, 9, 9, 9, 9])
    assert place == [1, -1, -1]
    assert breadth[0] == pytest.approx(20 + 10 * 0.5 / 4 + 10 * 0.4 / 3.9)


def test_slack_widens_what_costs_almost_nothing():
    curve = [9, 0.004, 0.008, 9, 9, 9, 9, 9, 9, 9]
    assert windows(curve)[1][0] < 2.0
    assert windows(curve, slack=0.01)[1][0] > 10.0


def test_edges_plateaus_gaps_and_emptiness():
    assert windows([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])[0] == [0, -1, -1]
    assert windows([10, 9, 8, 7, 6, 5, 4, 3, 2, 1])[0] == [9, -1, -1]
    place, breadth = windows([4.0] * 10)
    assert place == [0, -1, -1]
    assert breadth[0] == 90.0
    assert windows([GAP] * 10)[0] == [-1, -1, -1]
    place, breadth = windows([GAP, 2, GAP, 2, GAP, GAP, 1, GAP, GAP, GAP])
    assert place == [6, 1, 3]
    assert breadth.tolist() == [0.0, 0.0, 0.0]
    assert windows([7.0])[0] == [0, -1, -1]


@given(
    st.lists(st.one_of(st.floats(0.01, 20.0), st.just(GAP)), min_size=1, max_size=60),
    st.integers(1, 5),
)
def test_windows_are_sorted_and_a_ridge_parts_them(values, count):
    curve, days = np.array(values), np.arange(len(values)) * 10.0
    place, breadth = windows(curve, count, days)
    found = [i for i in place if i >= 0]
    assert place[: len(found)] == found
    if np.isfinite(curve).any():
        assert curve[found[0]] == curve.min()
    assert all(curve[a] <= curve[b] for a, b in itertools.pairwise(found))
    assert np.all((breadth[: len(found)] >= 0) & (breadth[: len(found)] <= days[-1]))
    for k, later in enumerate(found):
        for earlier in found[:k]:
            low, high = sorted((earlier, later))
            assert curve[low : high + 1].max() > WITHIN * curve[later] * (1 - 1e-12)
