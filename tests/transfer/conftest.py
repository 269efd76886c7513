"""A few real asteroids and a small grid, shared by the tests of this floor."""

from __future__ import annotations

import astropy.units as u
import pandas as pd
import pytest
from astropy.time import Time

from survey.catalog import read_snapshot
from survey.transfer import Grid, ParkingOrbit, Spacecraft

FEW = ["99942", "101955", "2000 SG344", "433", "1991 VG", "2010 UE51", "163693", "3200"]


@pytest.fixture(scope="session")
def catalog() -> pd.DataFrame:
    return read_snapshot("latest")


@pytest.fixture(scope="session")
def few(catalog: pd.DataFrame) -> pd.DataFrame:
    return catalog[catalog["designation"].isin(FEW)].reset_index(drop=True)


@pytest.fixture(scope="session")
def parking() -> ParkingOrbit:
    return ParkingOrbit()


@pytest.fixture(scope="session")
def grid() -> Grid:
    return Grid.regular(
        Time("2028-01-01", scale="tdb"), Time("2030-01-01", scale="tdb"), 15 * u.d,
        40 * u.d, 640 * u.d, 20 * u.d,
    )  # fmt: skip


@pytest.fixture(scope="session")
def craft() -> Spacecraft:
    return Spacecraft(
        2500 * u.kg, 200 * u.kg, 305 * u.s, 20 * u.m / u.s, Time("2031-06-01", scale="tdb")
    )
