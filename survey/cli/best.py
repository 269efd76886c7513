"""The best of a ranking: ten cheapest flybys and rendezvous, as a table or as JSON."""

from __future__ import annotations

import textwrap
from typing import Any

import astropy.units as u
import click
import pandas as pd

from survey.cli.screen import Column, plain, print_table
from survey.cli.source import craft_of, metres
from survey.run import Run, calendar_date

KINDS = ("flyby", "rendezvous")
CAUTION = {
    "two-body": "Two-body Δv leaves out Earth's gravity at the parking point and the asteroid's "
    "own encounters. Beyond some 100 days of flight the true cost can be several times lower; "
    "for an asteroid that meets the Earth before, it can also be higher."
}
_COLUMNS = (
    Column("#"),
    Column("asteroid", number=False),
    Column("Δv", "m/s"),
    Column("", number=False),
    Column("departure", "UTC"),
    Column("arrival", "UTC"),
    Column("flight", "d"),
    Column("speed", "km/s"),
    Column("window", "d"),
)


def print_best(table: tuple[pd.DataFrame, dict[str, Any]], run: Run, top: int | None) -> None:
    """Print the cheapest flybys and rendezvous, with what the figures are worth."""
    ranking, _ = table
    budget = craft_of(run).budget.to_value(u.m / u.s)
    reach = f"{budget:.0f} m/s, by {calendar_date(run.last_date.jd)}"
    for kind in KINDS:
        rows = _rows(ranking, kind, top or run.top)
        if rows.empty:
            click.echo(f"{kind.capitalize()}: no transfer of this grid reaches an asteroid\n")
            continue
        count = f"the {len(rows)} cheapest" if len(rows) != 1 else "the cheapest"
        click.secho(f"{kind.capitalize()}: {count} of {len(ranking):,} asteroids", bold=True)
        click.echo(f"{rung_of(ranking)}; * = affordable ({reach})\n")
        print_table(_COLUMNS, [_cells(row, kind) for _, row in rows.iterrows()])
        click.echo()
    for rung in sorted(set(ranking["fidelity"])):
        if rung in CAUTION:
            click.echo(f"{textwrap.fill(CAUTION[rung], 79)}\n")


def as_json(
    table: tuple[pd.DataFrame, dict[str, Any]], run: Run, top: int | None
) -> dict[str, Any]:
    """Give the same as `print_best`, for a program."""
    ranking, provenance = table
    return {
        "version": provenance.get("version"),
        "snapshot": provenance.get("snapshot"),
        "asteroids": len(ranking),
        "budget_m_s": float(craft_of(run).budget.to_value(u.m / u.s)),
        **{
            kind: [_record(row, kind) for _, row in _rows(ranking, kind, top or run.top).iterrows()]
            for kind in KINDS
        },
    }


def _rows(ranking: pd.DataFrame, kind: str, top: int) -> pd.DataFrame:
    ranked = ranking[ranking[f"{kind}_rank"].notna()]
    return ranked.sort_values(f"{kind}_rank", kind="stable").head(top)


def rung_of(table: pd.DataFrame) -> str:
    """Say on which rung of fidelity the Δv of a table stands."""
    pairs = sorted(set(zip(table["fidelity"], table["asteroid_model"], strict=True)))
    models = {"kepler": "Kepler"}
    return "Δv " + " or ".join(f"{rung}, {models.get(model, model)} orbit" for rung, model in pairs)


def _cells(row: pd.Series, kind: str) -> list[str]:
    return [
        str(row[f"{kind}_rank"]),
        f"{row['designation']} {row['name']}".strip(),
        metres(row[f"{kind}_dv_m_s"]),
        "*" if row[f"{kind}_within_budget"] else "",
        calendar_date(row[f"{kind}_departure_jd_tdb"]),
        calendar_date(row[f"{kind}_arrival_jd_tdb"]),
        f"{row[f'{kind}_tof_d']:.0f}",
        f"{row[f'{kind}_v_relative_km_s']:.2f}",
        f"{row[f'{kind}_breadth_d']:.0f}",
    ]


def _record(row: pd.Series, kind: str) -> dict[str, Any]:
    own = {
        name.removeprefix(f"{kind}_"): plain(row[name])
        for name in row.index
        if name.startswith(f"{kind}_")
    }
    common = ("designation", "name", "H_mag", "fidelity", "asteroid_model", "flags")
    return {
        **{name: plain(row[name]) for name in common},
        **own,
        "departure": calendar_date(row[f"{kind}_departure_jd_tdb"]),
        "arrival": calendar_date(row[f"{kind}_arrival_jd_tdb"]),
    }
