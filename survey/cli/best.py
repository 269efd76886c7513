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
from survey.transfer import as_ranked
from survey.transfer.strategy_names import COAST, INSERTED, SWINGBY

KINDS = ("flyby", "rendezvous")
_TWO_BODY = (
    "A two-body craft knows no gravity of the Earth at the parking point. Beyond some 100 days of "
    "flight the true cost can be several times lower."
)
_THREE_BODY = (
    "A three-body craft feels Sun and Earth, with the Moon's mass in one point with the Earth's, "
    "and leaves a parking orbit that is natural in that model. Where the craft's phase on it is "
    "not known, the Δv is that of the best phase; `survey show` gives median and worst."
)
CAUTION = {
    ("three-body", "n-body"): _THREE_BODY,
    ("two-body", "n-body"): _TWO_BODY,
    ("two-body", "kepler"): f"{_TWO_BODY} An asteroid on its ellipse keeps no account of its own "
    "encounters either: after one with the Earth it is elsewhere.",
}
_DOUBT = "? = the asteroid's position on arrival is in doubt; `survey show` says why."
_ASSIST = "+ = the arc passes Earth or Moon nearer than the three-body model is valid."
_WAYS = {
    INSERTED: "i",
    COAST: "c",
    SWINGBY: "s",
}
_OTHER_WAY = (
    "i, c, s = cheaper than by a single impulse: with an impulse inserted in deep space, by a "
    "manifold coast, by a powered swingby of the Earth; `survey show` compares."
)
_LOWER = "2 = known on the two-body rung alone."
_UNCONFIRMED = (
    "! = the same, though within the budget of the three-body search, which found no arc: the "
    "figure is not confirmed; `survey show` says why."
)
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


_RUNGS = (*_COLUMNS[:-1], Column("2-body", "m/s"))


def print_best(table: tuple[pd.DataFrame, dict[str, Any]], run: Run, top: int | None) -> None:
    """Print the cheapest flybys and rendezvous, with what the figures are worth."""
    ranking, provenance = table
    budget = craft_of(run).budget.to_value(u.m / u.s)
    reach = f"{budget:.0f} m/s, by {calendar_date(run.last_date.jd)}"
    above = "three-body" in {rung for rung, _ in _rungs(ranking)}
    shown = []
    for kind in KINDS:
        rows = _rows(ranking, kind, top or run.top)
        if rows.empty:
            click.echo(f"{kind.capitalize()}: no transfer of this grid reaches an asteroid\n")
            continue
        count = f"the {len(rows)} cheapest" if len(rows) != 1 else "the cheapest"
        click.secho(f"{kind.capitalize()}: {count} of {len(ranking):,} asteroids", bold=True)
        click.echo(f"{_head(ranking, reach)}\n")
        columns = _RUNGS if above else _COLUMNS
        print_table(columns, [_cells(row, above=above) for _, row in rows.iterrows()])
        click.echo()
        shown.append(rows)
    notes = [CAUTION[rung] for rung in _rungs(ranking) if rung in CAUTION]
    marks = "".join(_marks(row, above=above) for rows in shown for _, row in rows.iterrows())
    if set(marks) & set(_WAYS.values()):
        notes.insert(0, _OTHER_WAY)
    if "!" in marks:
        marks += "2"  # which its meaning rests on
    for mark, text in (("!", _UNCONFIRMED), ("2", _LOWER), ("+", _ASSIST), ("?", _DOUBT)):
        if mark in marks:
            notes.insert(0, text)
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
            kind: [_record(row) for _, row in _rows(ranking, kind, top or run.top).iterrows()]
            for kind in KINDS
        },
    }


def _rows(ranking: pd.DataFrame, kind: str, top: int) -> pd.DataFrame:
    return as_ranked(ranking, kind).head(top)


def _head(ranking: pd.DataFrame, reach: str) -> str:
    """Name the rung, and what is affordable; in two lines where both rungs are there."""
    glue = ";\n" if len(_rungs(ranking)) > 1 else "; "
    return f"{rung_of(ranking)}{glue}* = affordable ({reach})"


def rung_of(table: pd.DataFrame) -> str:
    """Say on which rung of fidelity the Δv of a table stands."""
    models = {"kepler": "Kepler"}
    return "Δv " + " or ".join(
        f"{models.get(model, model)} asteroid, {rung} craft" for rung, model in _rungs(table)
    )


def _rungs(table: pd.DataFrame) -> list[tuple[str, str]]:
    own = [name for name in table.columns if name.endswith("fidelity")]
    rungs = pd.concat([table[[name, "asteroid_model"]].set_axis([0, 1], axis=1) for name in own])
    return sorted({(a, b) for a, b in rungs.itertuples(index=False) if a not in ("", "mixed")})


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


def _cells(row: pd.Series, *, above: bool) -> list[str]:
    lower = row["two_body_dv_m_s"]
    return [
        str(row["rank"]),
        f"{row['designation']} {row['name']}".strip(),
        metres(row["dv_m_s"]),
        _marks(row, above=above),
        calendar_date(row["departure_jd_tdb"]),
        calendar_date(row["arrival_jd_tdb"]),
        f"{row['tof_d']:.0f}",
        f"{row['v_relative_km_s']:.2f}",
        f"{row['breadth_d']:.0f}" if not above else "" if pd.isna(lower) else metres(lower),
    ]


def _marks(row: pd.Series, *, above: bool) -> str:
    lower = "!" if row["unconfirmed"] else "2"
    return (
        ("*" if row["within_budget"] else " ")
        + (lower if above and row["fidelity"] == "two-body" else "")
        + (_WAYS.get(row["strategy"], "") if row["fidelity"] == "three-body" else "")
        + ("+" if row["assisted"] == "yes" else "")
        + ("?" if row["trusted"] == "no" else "")
    )


def _record(row: pd.Series) -> dict[str, Any]:
    """Give one row, the figures being those of the rung that it is ranked on."""
    return {
        **{str(name): plain(value) for name, value in row.items()},
        "departure": calendar_date(row["departure_jd_tdb"]),
        "arrival": calendar_date(row["arrival_jd_tdb"]),
    }
