"""One asteroid: ``survey show`` tells everything known of it, on every rung."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

import click
import pandas as pd

from survey.astro.accessibility import diameter_km, shoemaker_helin_dv
from survey.catalog import find, label, read_snapshot
from survey.cli import source
from survey.cli.artefacts import feels_gravity
from survey.cli.best import KINDS, rung_of
from survey.cli.folder import DEFAULT, RunFolder, find_run
from survey.cli.offline import stay_offline
from survey.cli.screen import Column, plain, print_json, print_table
from survey.cli.ways import EMPTY, print_ways, ways_of
from survey.run import Run, calendar_date, default_run
from survey.tables import RANKING, THREE_BODY, TRANSFERS, read_table

_BRIGHT, _DARK = 0.25, 0.05  # geometric albedos of most near-Earth asteroids
_CLASSES = {
    "AMO": "Amor: outside Earth's orbit, approaches it",
    "APO": "Apollo: crosses Earth's orbit, period above a year",
    "ATE": "Aten: crosses Earth's orbit, period below a year",
    "IEO": "Atira: inside Earth's orbit",
}
_WINDOWS = (
    Column("", number=False),
    Column("departure", "UTC"),
    Column("arrival", "UTC"),
    Column("flight", "d"),
    Column("revs"),
    Column("Δv", "m/s"),
    Column("to stop", "m/s"),
    Column("speed", "km/s"),
    Column("window", "d"),
)
_ARCS = (
    Column("", number=False),
    Column("departure", "UTC"),
    Column("arrival", "UTC"),
    Column("flight", "d"),
    Column("Δv", "m/s"),
    Column("to stop", "m/s"),
    Column("speed", "km/s"),
    Column("phase zero", "UTC"),
)


def show(
    target: str,
    *,
    model: Literal["n-body", "kepler"] | None,
    run: Path | None,
    catalog: str | None,
    as_json: bool,
) -> None:
    """Carry out ``survey show``."""
    stay_offline()
    place = place_of(run)
    asteroid = find(target, catalog_of(choices_of(place), catalog))
    facts = _facts(asteroid)
    path = _table_of(place, model)
    windows, ranked, absence = _windows(place, path, asteroid)
    above, counts = _above(place, path, asteroid)
    ways = EMPTY if above.empty else ways_of(place, str(asteroid["designation"]))
    if as_json:
        print_json(
            {
                **{str(name): plain(value) for name, value in asteroid.items()},
                **facts,
                "run": None if place is None else str(place.path),
                "ranking": None if ranked is None else _record(ranked),
                "windows": [_record(row) for _, row in windows.iterrows()],
                "three_body": [_record(row) for _, row in above.iterrows()],
                "departures": [_record(row) for _, row in ways.iterrows()],
                "left_out": absence or None,
            }
        )
        return
    _print_asteroid(asteroid, facts)
    click.echo()
    _print_windows(place, path, windows, (above, ways), ranked, absence)
    if not above.empty:
        click.echo(f"\nThree-body arcs leave from: {counts['parking']}")


def place_of(argument: Path | None) -> RunFolder | None:
    """Find the run that was named; the default one only if it is there."""
    if argument is None and not (DEFAULT / "run.toml").is_file():
        return None
    return find_run(argument)


def choices_of(place: RunFolder | None) -> Run:
    """Give the choices of a run, or the defaults."""
    return default_run() if place is None else place.run


def catalog_of(run: Run, override: str | None) -> pd.DataFrame:
    """Read the catalogue of a run, or another one."""
    return read_snapshot(override or run.snapshot)


def _facts(asteroid: pd.Series) -> dict[str, Any]:
    """Derive what follows from the elements by a formula."""
    a, e, H = float(asteroid["a_au"]), float(asteroid["e"]), asteroid["H_mag"]
    sizes = (
        [None, None]
        if pd.isna(H)
        else [float(diameter_km(float(H), albedo)) for albedo in (_BRIGHT, _DARK)]
    )
    dv = float(shoemaker_helin_dv(a, e, math.radians(float(asteroid["i_deg"]))))
    return {
        "perihelion_au": a * (1 - e),
        "aphelion_au": a * (1 + e),
        "period_yr": a**1.5,
        "diameter_km_albedo_bright": sizes[0],
        "diameter_km_albedo_dark": sizes[1],
        "shoemaker_helin_dv_km_s": dv if math.isfinite(dv) else None,
    }


def _table_of(place: RunFolder | None, model: str | None) -> Path | None:
    """Find the table with the windows that were found for a model of the asteroids' motion."""
    if place is None or model in (None, place.run.asteroids):
        return None if place is None else place.transfers
    if model == "kepler":
        return place.kepler
    raise ValueError(
        f"--model was given as n-body, but {place.path} was searched with the asteroids on "
        'ellipses: write asteroids = "n-body" into its run.toml and run it again'
    )


def _windows(
    place: RunFolder | None, path: Path | None, asteroid: pd.Series
) -> tuple[pd.DataFrame, pd.Series | None, str]:
    """Rows of the asteroid in a run's tables, and why it was left out of them if it was.

    There are none where the run has not got so far.
    """
    windows, ranked, absence = pd.DataFrame(columns=TRANSFERS.names), None, ""
    designation = str(asteroid["designation"])
    if path is not None and path.is_file():
        transfers, provenance = read_table(path, TRANSFERS)
        absence = absence_of(asteroid, provenance.get("left_out", []))
        windows = transfers[transfers["designation"] == designation]
    if place is not None and place.ranking.is_file():
        ranking, _ = read_table(place.ranking, RANKING)
        rows = ranking[ranking["designation"] == designation]
        ranked = rows.iloc[0] if len(rows) else None
    return windows, ranked, absence


def _above(
    place: RunFolder | None, path: Path | None, asteroid: pd.Series
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Arcs of the asteroid that feel Earth's gravity, where the run has them, and their header."""
    if place is None or path != place.transfers or not place.three_body.is_file():
        return pd.DataFrame(columns=THREE_BODY.names), {}
    if not feels_gravity(place.run):
        return pd.DataFrame(columns=THREE_BODY.names), {}
    table, provenance = read_table(place.three_body, THREE_BODY)
    return table[table["designation"] == asteroid["designation"]], provenance


def absence_of(asteroid: pd.Series, reasons: list[dict[str, Any]]) -> str:
    """Why an asteroid is among those left out; empty if it is not."""
    name = f"{asteroid['designation']} {asteroid['name']}".strip()
    for one in reasons:
        for listed in one["asteroids"]:
            if listed == name or listed.startswith(f"{name} ("):
                return f"{listed}: {one['reason']}"
    return ""


def _record(row: pd.Series) -> dict[str, Any]:
    record = {str(name): plain(value) for name, value in row.items()}
    dates = {
        name.removesuffix("_jd_tdb"): calendar_date(value)
        for name, value in record.items()
        if name.endswith("_jd_tdb") and value is not None
    }
    return record | dates


def _print_asteroid(asteroid: pd.Series, facts: dict[str, Any]) -> None:
    click.secho(label(asteroid), bold=True)
    epoch = float(asteroid["epoch_jd_tdb"])
    orbit_class = str(asteroid["orbit_class"])
    lines = [
        ("class", _CLASSES.get(orbit_class, orbit_class)),
        (
            "epoch",
            f"{calendar_date(epoch, scale='tdb')} (JD {epoch} TDB), ecliptic and equinox J2000",
        ),
        ("a, e, i", f"{asteroid['a_au']:.6f} au, {asteroid['e']:.6f}, {asteroid['i_deg']:.4f}°"),
        (
            "node, peri, M",
            f"{asteroid['node_deg']:.4f}°, {asteroid['argperi_deg']:.4f}°, "
            f"{asteroid['mean_anomaly_deg']:.4f}°",
        ),
        (
            "q, Q, period",
            f"{facts['perihelion_au']:.4f} au, {facts['aphelion_au']:.4f} au, "
            f"{facts['period_yr']:.4f} yr",
        ),
        ("size", _size(asteroid, facts)),
        ("orbit quality", _quality(asteroid)),
        (
            "access",
            f"{facts['shoemaker_helin_dv_km_s']:.2f} km/s from low Earth orbit to rendezvous "
            "(Shoemaker–Helin)"
            if facts["shoemaker_helin_dv_km_s"] is not None
            else "no Shoemaker–Helin Δv for this orbit",
        ),
    ]
    for head, text in lines:
        click.echo(f"  {head:<15}{text}")


def _size(asteroid: pd.Series, facts: dict[str, Any]) -> str:
    measured = asteroid["diameter_km"]
    parts = [] if pd.isna(measured) else [f"diameter {_metres(float(measured))} (catalogue)"]
    if pd.isna(asteroid["H_mag"]):
        parts.append("absolute magnitude H not known")
    else:
        small, large = facts["diameter_km_albedo_bright"], facts["diameter_km_albedo_dark"]
        parts.append(
            f"H {asteroid['H_mag']:.2f}, so {_metres(small)} (albedo {_BRIGHT}) to "
            f"{_metres(large)} (albedo {_DARK})"
        )
    return "; ".join(parts)


def _metres(km: float) -> str:
    digits = f"{km * 1000:.2g}" if km < 1 else f"{km:.2g}"
    return f"{float(digits):g} m" if km < 1 else f"{float(digits):g} km"


def _quality(asteroid: pd.Series) -> str:
    code, arc, count = asteroid["condition_code"], asteroid["arc"], asteroid["n_oppositions"]
    parts = [f"U = {code} (0 best, 9 worst)" if code else "U not given"]
    if arc:
        parts.append(f"arc {arc}")
    if not pd.isna(count):
        parts.append(f"{int(count)} opposition{'s' if count != 1 else ''}")
    return ", ".join(parts)


def _print_windows(
    place: RunFolder | None,
    path: Path | None,
    windows: pd.DataFrame,
    beyond: tuple[pd.DataFrame, pd.DataFrame],
    ranked: pd.Series | None,
    absence: str,
) -> None:
    above, ways = beyond
    if place is None or path is None or not path.is_file():
        where = DEFAULT if place is None else place.path
        name = "transfers.ecsv" if path is None else path.name
        click.echo(f"No windows yet: `survey run` searches them ({where} has no {name}).")
        return
    if windows.empty and above.empty:
        why = f"left out, {absence}" if absence else "no transfer to it on its grid of dates"
        click.echo(f"No window in {place.path}: {why}.")
        return
    click.secho(f"Windows of {place.path}", bold=True)
    if not windows.empty:
        click.echo(f"{rung_of(windows)}\n")
        print_table(_WINDOWS, [_window_cells(row) for _, row in windows.iterrows()])
    _print_above(above)
    print_ways(ways)
    if ranked is None:
        return
    click.echo()
    if path == place.kepler:
        places = _places(ranked, "kepler_rank")
        click.echo(f"Rank on ellipses: {', '.join(places)}" if places else "Not ranked")
        return
    places = _places(ranked, "rank")
    click.echo(f"Rank: {', '.join(places)}" if places else "Not ranked")
    for kind in KINDS:
        if ranked[f"{kind}_trusted"]:
            click.echo(f"Position at the {kind}: {_trust(ranked, kind)}")
    if ranked["flags"]:
        click.echo(f"Caution: {ranked['flags']}")


def _print_above(above: pd.DataFrame) -> None:
    """Print the arcs of the three-body rung, and what they cost at other phases."""
    if above.empty:
        return
    click.echo(f"\n{rung_of(above)}; cheapest first, then sooner for more\n")
    print_table(_ARCS, [_arc_cells(row) for _, row in above.iterrows()])
    for kind in KINDS:
        first = above[(above["kind"] == kind) & (above["window"] == 1)]
        if len(first) and not pd.isna(first["phases_within_budget"].iloc[0]):
            click.echo(f"{kind.capitalize()} by phase: {_phases(first.iloc[0])}")
    if above["assisted"].any():
        click.echo("+ = passes Earth or Moon nearer than the model is valid")


def _phases(row: pd.Series) -> str:
    """Say what the best, the median and the worst phase of the parking orbit cost."""
    figures = [
        f"{name} {source.metres(row[f'phase_{name}_m_s'])}"
        for name in ("best", "median", "worst")
        if not pd.isna(row[f"phase_{name}_m_s"])
    ]
    share = f"{100 * row['phases_within_budget']:.0f} % of the phases within the search's budget"
    return f"{', '.join(figures)} m/s; {share}" if figures else share


def _places(ranked: pd.Series, column: str) -> list[str]:
    reach = " (out of reach)"
    return [
        f"{kind} {int(ranked[f'{kind}_{column}'])}"
        + (reach if column == "rank" and not ranked[f"{kind}_within_budget"] else "")
        for kind in KINDS
        if not pd.isna(ranked[f"{kind}_{column}"])
    ]


def _trust(ranked: pd.Series, kind: str) -> str:
    """Say how far the asteroid's position on its arrival can be believed."""
    sigma, near = ranked[f"{kind}_sigma_km"], ranked[f"{kind}_earth_pass_au"]
    parts = [str(ranked[f"{kind}_doubt"])] if ranked[f"{kind}_doubt"] else ["can be trusted"]
    if not pd.isna(sigma) and "uncertain by" not in parts[0]:
        parts.append(f"uncertain by {float(f'{sigma:.2g}'):,.0f} km")
    if not pd.isna(near) and "passes the Earth" not in parts[0]:
        day = calendar_date(float(ranked[f"{kind}_earth_pass_jd_tdb"]))
        parts.append(f"nearest pass by the Earth {near:.4f} au on {day}")
    return "; ".join(parts)


def _arc_cells(row: pd.Series) -> list[str]:
    return [
        row["kind"],
        calendar_date(row["departure_jd_tdb"]),
        calendar_date(row["arrival_jd_tdb"]),
        f"{row['tof_d']:.0f}",
        source.metres(row["dv_total_m_s"]) + ("+" if row["assisted"] else ""),
        f"{row['dv_arrival_m_s']:.0f}" if row["kind"] == "rendezvous" else "",
        f"{row['v_relative_km_s']:.2f}",
        calendar_date(row["phase_zero_jd_tdb"]),
    ]


def _window_cells(row: pd.Series) -> list[str]:
    return [
        row["kind"],
        calendar_date(row["departure_jd_tdb"]),
        calendar_date(row["arrival_jd_tdb"]),
        f"{row['tof_d']:.0f}",
        str(row["revs"]),
        source.metres(row["dv_total_m_s"]),
        f"{row['dv_arrival_m_s']:.0f}" if row["kind"] == "rendezvous" else "",
        f"{row['v_relative_km_s']:.2f}",
        f"{row['breadth_d']:.0f}",
    ]
