"""The target's place between the nodes against its orbit."""

from __future__ import annotations

import numpy as np
import pytest

from survey.astro.kepler import elements_to_state
from survey.astro.lambert_lanes import HALF, ROW, place
from survey.astro.porkchop_arrival import interpolate
from survey.constants import AU_KM, DAY_S, GM_SUN_KM3_S2


def worst_error(a_au, e, step_days):
    """Largest error of position in km, of velocity in m/s, over one revolution."""
    a = a_au * AU_KM
    motion = np.sqrt(GM_SUN_KM3_S2 / a**3)
    nodes = np.arange(0.0, 2 * np.pi / motion, step_days * DAY_S)
    line = (GM_SUN_KM3_S2, a, e, 0.3, 1.0, 2.0)
    target = np.concatenate(elements_to_state(*line, motion * nodes), axis=-1)
    table = np.empty((nodes.size, 18))
    interpolate(GM_SUN_KM3_S2, nodes, target, table)
    position = velocity = 0.0
    for t in np.linspace(0, step_days * DAY_S, 9):
        r, v = elements_to_state(*line, motion * (nodes[:-1] + t))
        series = table[:-1].reshape(-1, 3, 6)
        powers = t ** np.arange(6)
        slopes = np.arange(6) * np.r_[0.0, powers[:-1]]
        position = max(position, np.linalg.norm(series @ powers - r, axis=1).max())
        velocity = max(velocity, np.linalg.norm(series @ slopes - v, axis=1).max())
    return position, 1000 * velocity


def test_ten_days_at_one_au():
    position, velocity = worst_error(1.0, 0.0, 10.0)
    assert 0.05 < position < 0.1
    assert velocity < 0.001


def test_error_falls_with_the_sixth_power_of_the_step_and_rises_towards_the_sun():
    coarse, fine = worst_error(1.0, 0.0, 20.0)[0], worst_error(1.0, 0.0, 10.0)[0]
    assert coarse / fine == pytest.approx(2**6, rel=0.05)
    near = worst_error(0.5, 0.0, 5.0)[0]
    assert near / worst_error(1.0, 0.0, 5.0)[0] == pytest.approx(2**8, rel=0.05)


def test_places_of_a_row_are_distinct_and_alternate_between_its_halves():
    places = [place(j) for j in range(1024)]
    assert len(set(places)) == 1024
    assert max(places) < ROW
    assert places[:4] == [0, HALF, 1, HALF + 1]
