"""The grid of dates: its ends, its shared arrivals, and what it refuses."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pytest
from astropy.time import Time
from hypothesis import given
from hypothesis import strategies as st

from survey.transfer import Grid

T0 = Time(2461406.5, format="jd", scale="tdb")


def test_default_window_has_the_stated_size():
    grid = Grid.regular(
        Time("2027-01-01", scale="tdb"), Time("2037-01-01", scale="tdb"), 10 * u.d,
        30 * u.d, 730 * u.d, 10 * u.d,
    )  # fmt: skip
    assert grid.shape == (366, 71)
    assert grid.tof_d[0] == 30.0
    assert grid.tof_d[-1] == 730.0
    # 365 steps of departure and 70 of flight time share their arrivals: 365 + 70 + 1
    assert grid.arrivals[0].size == 436


@given(
    steps=st.tuples(st.floats(0.5, 40.0), st.floats(0.5, 40.0)),
    counts=st.tuples(st.integers(1, 30), st.integers(1, 30)),
)
def test_every_cell_arrives_at_departure_plus_flight_time(steps, counts):
    departure = Time(T0.jd + steps[0] * np.arange(counts[0]), format="jd", scale="tdb")
    grid = Grid(departure, (10.0 + steps[1] * np.arange(counts[1])) * u.d)
    arrivals, index = grid.arrivals
    expected = grid.departure_jd_tdb[:, None] + grid.tof_d
    # a tenth of a second is what makes two arrivals one
    assert np.abs(arrivals[index] - expected).max() <= 0.051 / 86400 + 1e-9
    assert np.all(np.diff(arrivals) > 0)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"stop": T0 - 1 * u.d}, "backwards"),
        ({"step": 0 * u.d}, "positive"),
        ({"step": -5 * u.d}, "positive"),
        ({"tof_min": 800 * u.d}, "backwards"),
        ({"tof_min": 0 * u.d}, "positive"),
        ({"tof_step": 0 * u.d}, "positive"),
        ({"step": 1e-9 * u.d}, "longer step"),
        ({"tof_step": float("nan") * u.d}, "positive"),
        ({"tof_max": float("inf") * u.d}, "finite"),
    ],
)
def test_bad_windows_are_refused_in_one_sentence(changed, words):
    good = {
        "start": T0, "stop": T0 + 100 * u.d, "step": 10 * u.d,
        "tof_min": 30 * u.d, "tof_max": 700 * u.d, "tof_step": 10 * u.d,
    }  # fmt: skip
    with pytest.raises(ValueError, match=words) as error:
        Grid.regular(**{**good, **changed})
    assert "\n" not in str(error.value)


def test_unsorted_or_shapeless_axes_are_refused():
    line = Time(T0.jd + np.array([0.0, 10.0, 5.0]), format="jd", scale="tdb")
    with pytest.raises(ValueError, match="increase"):
        Grid(line, [30, 60] * u.d)
    with pytest.raises(ValueError, match="line of values"):
        Grid(T0, [30, 60] * u.d)
