"""Elements and states of 28 bodies as JPL Horizons prints them, Sun-centred ecliptic J2000."""

import numpy as np
import pandas as pd
import pytest

from survey.astro.kepler import elements_to_state, state_to_elements
from survey.constants import AU_KM, DAY_S, GM_SUN_KM3_S2

MU = GM_SUN_KM3_S2 * DAY_S**2 / AU_KM**3  # au³/d²
ANGLES = ["incl", "Omega", "w", "M"]


@pytest.fixture(scope="module")
def pairs(shared_data):
    table = pd.read_csv(shared_data / "ephemeris" / "adam_core" / "elements_sun_ec.csv")
    assert len(table) == 28 and (table["e"] > 1).sum() == 1
    return table


def test_elements_to_state(pairs):
    angles = np.radians(pairs[ANGLES].to_numpy()).T
    r, v = elements_to_state(MU, pairs["a"], pairs["e"], *angles)
    expected = pairs[["x", "y", "z"]].to_numpy()
    # 1e-14 au; beyond 5 au the elements' own 16 digits allow only 2e-15 of the distance.
    allowed = 1e-14 * np.maximum(1, np.linalg.norm(expected, axis=1) / 5)[:, None]
    assert (np.abs(r - expected) < allowed).all()
    assert np.abs(v - pairs[["vx", "vy", "vz"]].to_numpy()).max() < 1e-15


def test_another_gm_would_show(pairs):
    """The square of Gauss's constant instead of DE440's GM: the test above can fail."""
    angles = np.radians(pairs[ANGLES].to_numpy()).T
    _, v = elements_to_state(0.01720209895**2, pairs["a"], pairs["e"], *angles)
    assert np.abs(v - pairs[["vx", "vy", "vz"]].to_numpy()).max() > 5e-14


def test_state_to_elements(pairs):
    found = state_to_elements(
        MU, pairs[["x", "y", "z"]].to_numpy(), pairs[["vx", "vy", "vz"]].to_numpy()
    )
    expected = (pairs["a"], pairs["e"], *np.radians(pairs[ANGLES].to_numpy()).T)
    # The states' 16 digits leave 1e-13 in the angles counted from perihelion.
    found = (*found[:5], np.where(pairs["e"] < 1, found[5] % (2 * np.pi), found[5]))
    limits = (1e-14, 1e-14, 1e-15, 2e-15, 1e-13, 1e-13)
    for ours, theirs, allowed in zip(found, expected, limits, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=allowed, atol=allowed)
