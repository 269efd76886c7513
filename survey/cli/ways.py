"""Ways to leave the parking orbit, for one asteroid: read from a run, and printed."""

from __future__ import annotations

import click
import pandas as pd

from survey.cli import source
from survey.cli.folder import RunFolder
from survey.cli.screen import Column, print_table
from survey.run import calendar_date
from survey.tables import DEPARTURES, read_table

EMPTY = pd.DataFrame(columns=DEPARTURES.names)
_COLUMNS = (
    Column("", number=False),
    Column("way", number=False),
    Column("departure", "UTC"),
    Column("arrival", "UTC"),
    Column("Δv", "m/s"),
    Column("saved", "m/s"),
    Column("leave", "m/s"),
    Column("way", "m/s"),
    Column("stop", "m/s"),
    Column("perigee", "km"),
)


def ways_of(place: RunFolder | None, designation: str) -> pd.DataFrame:
    """Return the ways of leaving for one asteroid; none where the run has not searched them."""
    if place is None or not place.departures.is_file():
        return EMPTY
    table, _ = read_table(place.departures, DEPARTURES)
    return table[table["designation"] == designation]


def print_ways(ways: pd.DataFrame) -> None:
    """Print what each way of leaving the parking orbit costs."""
    if ways.empty:
        return
    click.echo(
        "\nWays to leave the parking orbit; saved: against the single impulse; perigee: altitude\n"
    )
    print_table(_COLUMNS, [_cells(row) for _, row in ways.iterrows()])


def _cells(row: pd.Series) -> list[str]:
    if row["outcome"] != "found":
        return [row["kind"], _short(row), *[""] * 2, row["outcome"], *[""] * 5]
    return [
        row["kind"],
        _short(row),
        calendar_date(row["departure_jd_tdb"]),
        calendar_date(row["arrival_jd_tdb"]),
        source.metres(row["dv_total_m_s"]) + ("+" if row["assisted"] else ""),
        "" if pd.isna(row["saved_m_s"]) else f"{row['saved_m_s']:.0f}",
        f"{row['dv_departure_m_s']:.0f}",
        "" if pd.isna(row["middle_jd_tdb"]) else f"{row['dv_middle_m_s']:.0f}",
        f"{row['dv_arrival_m_s']:.0f}" if row["kind"] == "rendezvous" else "",
        "" if pd.isna(row["perigee_altitude_km"]) else f"{row['perigee_altitude_km']:.0f}",
    ]


def _short(row: pd.Series) -> str:
    """Name a way in a word or two."""
    return str(row["strategy"]).replace("deep-space ", "").replace("Earth ", "")
