"""The mathematics never meets a unit: a spy around every public function of `survey.astro`.

An astropy Quantity is an ndarray, so neither a linter nor a type checker sees one slip through.
"""

import functools
import importlib
import inspect
import pkgutil
import sys

import astropy.units as u
import numpy as np
import pandas as pd
import pytest
from astropy.time import Time

import survey.astro
from survey.tables import CATALOG, validate


def public_functions():
    """Every public Python function defined in a module of `survey.astro`."""
    for info in pkgutil.iter_modules(survey.astro.__path__, "survey.astro."):
        module = importlib.import_module(info.name)
        for name, function in vars(module).items():
            own = inspect.isfunction(function) and function.__module__ == module.__name__
            if own and not name.startswith("_"):
                yield function


def refuse(value, where):
    """Raise on a Quantity, a Time or a table, at any depth of tuples, lists and dicts."""
    if isinstance(value, u.Quantity | u.UnitBase | Time | pd.Series | pd.DataFrame):
        raise AssertionError(f"{where} was given a {type(value).__name__}")
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, tuple | list):
        for part in value:
            refuse(part, where)


@pytest.fixture
def calls(monkeypatch):
    """Names of the functions called; every loaded module of `survey` is handed the spies."""
    seen = []

    def spy(function):
        @functools.wraps(function)
        def watched(*args, **kwargs):
            seen.append(function.__name__)
            refuse([*args, kwargs], function.__name__)
            result = function(*args, **kwargs)
            refuse(result, f"the caller of {function.__name__}")
            return result

        return watched

    spies = {id(function): spy(function) for function in public_functions()}
    for name in ("survey.ephemeris", "survey.interop", "survey.transfer"):
        importlib.import_module(name)
    for module in [m for n, m in sys.modules.items() if n.split(".")[0] == "survey"]:
        for name, value in list(vars(module).items()):
            if id(value) in spies and inspect.isfunction(value):
                monkeypatch.setattr(module, name, spies[id(value)])
    return seen


@pytest.fixture
def catalog():
    elements = {
        "epoch_jd_tdb": [2459403.5] * 3, "a_au": [1.0012, 0.9223, 1.458],
        "e": [0.103, 0.191, 0.223], "i_deg": [7.79, 3.34, 10.83],
        "node_deg": [66.2, 204.0, 304.3],
        "argperi_deg": [306.1, 126.6, 178.9], "mean_anomaly_deg": [100.3, 246.9, 110.8],
    }  # fmt: skip
    frame = pd.DataFrame(index=range(3))
    for column in CATALOG.columns:
        frame[column.name] = elements.get(column.name, "" if column.kind == "str" else np.nan)
    frame["designation"] = ["469219", "99942", "433"]
    frame["H_mag"] = [24.3, 19.0, 10.4]
    return validate(frame, CATALOG)


def test_there_is_something_to_watch():
    names = {function.__name__ for function in public_functions()}
    assert {"elements_to_state", "propagate_kepler", "libration_points", "diameter_km"} <= names


def test_the_spy_bites(calls):
    from survey.astro import accessibility, kepler

    for argument in (1.3 * u.au, [1.3 * u.au], pd.Series([1.3]), Time(2460000.5, format="jd")):
        with pytest.raises(AssertionError, match="was given a"):
            kepler.elements_to_state(1.0, argument, 0.1, 0, 0, 0, 0)
    with pytest.raises(AssertionError, match="diameter_km was given a Quantity"):
        accessibility.diameter_km(H=18 * u.mag, albedo=0.1)


def test_ephemeris_and_parking_orbit(calls):
    from survey.ephemeris import heliocentric_state
    from survey.transfer import ParkingOrbit

    heliocentric_state("earth", np.array([2460000.5]))
    ParkingOrbit().state(Time([2462000.5, 2462010.5], format="jd", scale="tdb"))
    assert {"evaluate_chebyshev", "libration_points"} <= set(calls)


def test_interop(calls, catalog):
    pytest.importorskip("boinor")
    from survey.interop import from_orbit, to_orbit

    from_orbit(to_orbit(catalog.iloc[0]))
    assert calls == ["elements_to_state", "state_to_elements"]


def test_search(calls, catalog):
    transfer = importlib.import_module("survey.transfer")
    start = Time("2028-01-01", scale="tdb")
    grid = transfer.Grid.regular(
        start, start + 100 * u.day, 25 * u.day, 60 * u.day, 400 * u.day, 40 * u.day
    )
    found = transfer.search_transfers(catalog, transfer.ParkingOrbit(), grid)
    assert len(found) and (found["status"] == 0).all()
    transfer.asteroid_state(catalog, grid.departure)
    transfer.delta_v_map(catalog.iloc[1], transfer.ParkingOrbit(), grid)
    assert {"propagate_elements", "libration_points"} <= set(calls)
