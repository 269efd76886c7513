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
_TWO_BODY = (
    "A two-body craft knows no gravity of the Earth at the parking point. Beyond some 100 days of "
    "flight the true cost can be several times lower."
)
CAUTION = {
    ("two-body", "n-body"): _TWO_BODY,
    ("two-body", "kepler"): f"{_TWO_BODY} An asteroid on its ellipse keeps no account of its own "
    "encounters either: after one with the Earth it is elsewhere.",
}
_DOUBT = "? = the asteroid's position on arrival is in doubt; `survey show` says why."
_NAMED = 12  # of those left out for a reason, in a line
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
    ranking, provenance = table
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
    notes = [CAUTION[rung] for rung in _rungs(ranking) if rung in CAUTION]
    if any("no" in set(_rows(ranking, kind, top or run.top)[f"{kind}_trusted"]) for kind in KINDS):
        notes.insert(0, _DOUBT)
    left_out = left_out_lines(provenance.get("left_out", []))
    for note in (*notes, *(f"Left out: {line}." for line in left_out)):
        click.echo(f"{textwrap.fill(note, 79, break_on_hyphens=False)}\n")


def as_json(
    table: tuple[pd.DataFrame, dict[str, Any]], run: Run, top: int | None
) -> dict[str, Any]:
    """Give the same as `print_best`, for a program."""
    ranking, provenance = table
    return {
        "version": provenance.get("version"),
        "snapshot": provenance.get("snapshot"),
        "asteroids": len(ranking),
        "left_out": provenance.get("left_out", []),
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
    models = {"kepler": "Kepler"}
    return "Δv " + " or ".join(
        f"{models.get(model, model)} asteroid, {rung} craft" for rung, model in _rungs(table)
    )


def _rungs(table: pd.DataFrame) -> list[tuple[str, str]]:
    return sorted(set(zip(table["fidelity"], table["asteroid_model"], strict=True)))


def left_out_lines(reasons: list[dict[str, Any]]) -> list[str]:
    """Say who was left out of the ranking and why, one line per reason."""
    lines = []
    for one in reasons:
        named = one["asteroids"][:_NAMED]
        more = one["count"] - len(named)
        names = ", ".join(named) + (f" and {more:,} more" if more else "")
        lines.append(f"{one['count']:,} asteroid{'s' if one['count'] != 1 else ''} ({names}): "
                     f"{one['reason']}")  # fmt: skip
    return lines


def _cells(row: pd.Series, kind: str) -> list[str]:
    return [
        str(row[f"{kind}_rank"]),
        f"{row['designation']} {row['name']}".strip(),
        metres(row[f"{kind}_dv_m_s"]),
        ("*" if row[f"{kind}_within_budget"] else " ")
        + ("?" if row[f"{kind}_trusted"] == "no" else ""),
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
