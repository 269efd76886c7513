"""Asteroids against JPL Horizons' own integrations, from the elements printed beside them."""

import json

import numpy as np
import pytest

from survey.constants import AU_KM, DAY_S
from survey.ephemeris import icrf_to_ecliptic
from survey.transfer.ephemerides import integrate_rows
from survey.transfer.targets import kepler_states

# Transverse acceleration by heat, au/d² [Farnocchia2021] (Bennu), [JPL-SBDB] (Apophis).
A2 = {"101955": -4.62e-14, "99942": -2.90e-14}


def elements_of(folder, number):
    text = (folder / "ephemeris/horizons_2026_90d/famous-neas-sbdb-fullprec.json").read_text()
    row = next(row for row in json.loads(text) if row["designation"] == number)
    return np.array([[row[name] for name in ("a", "e", "i", "om", "w", "ma", "epoch")]])


def law_of(number):
    return np.array([[0.0, A2.get(number, 0.0) * AU_KM / DAY_S**2, 0.0, AU_KM, 2.0, 1.0, 0.0]])


@pytest.mark.parametrize(
    ("number", "position_km"), [("433", 2.0), ("99942", 5.0), ("25143", 5.0), ("101955", 100.0)]
)
def test_ninety_days_of_2026(shared_data, number, position_km):
    """Half a year after the elements' epoch a few km; Bennu's are fifteen years old."""
    folder = shared_data / "ephemeris/horizons_2026_90d"
    samples = json.loads((folder / f"asteroid-{number}-90d.json").read_text())["samples"]
    jd = np.array([sample["jdTdb"] for sample in samples])
    printed = [
        icrf_to_ecliptic([list(sample[name].values()) for sample in samples])
        for name in ("positionKm", "velocityKms")
    ]
    elements = elements_of(shared_data, number)
    r, v = integrate_rows(elements, law_of(number), jd[0], jd[-1]).states(jd)
    assert len(jd) == 91
    assert np.linalg.norm(r[0] - printed[0], axis=1).max() < position_km
    assert np.linalg.norm(v[0] - printed[1], axis=1).max() < 1e-6 * position_km
    two_body, _ = kepler_states(elements, jd)  # the same without the planets: it can fail
    assert np.linalg.norm(two_body[0] - printed[0], axis=1).max() > 10_000.0


def test_eros_twenty_years_on(shared_data):
    """2026 to 2046 (JPL's solution 659, DE441): the minor planets' pull is all that is missing."""
    text = (shared_data / "ephemeris/horizons_longrun_eros.json").read_text()
    table = np.array(json.loads(text)["targets"]["433"])
    assert table[-1, 0] - table[0, 0] > 7_000
    found = integrate_rows(
        elements_of(shared_data, "433"), law_of("433"), table[0, 0] - 1, table[-1, 0] + 1
    )
    r, v = found.states(table[:, 0])
    assert np.linalg.norm(r[0] - icrf_to_ecliptic(table[:, 1:4]), axis=1).max() < 5.0
    assert np.linalg.norm(v[0] - icrf_to_ecliptic(table[:, 4:7]), axis=1).max() < 1e-6
