"""One asteroid: ``survey show`` tells everything known of it, ``survey porkchop`` draws its map."""

from __future__ import annotations

import math
import re
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import click
import pandas as pd

from survey.astro.accessibility import diameter_km, shoemaker_helin_dv
from survey.catalog import find, label, read_snapshot
from survey.cli import source
from survey.cli.best import KINDS, rung_of
from survey.cli.folder import DEFAULT, RunFolder, find_run
from survey.cli.offline import stay_offline
from survey.cli.screen import Column, plain, print_json, print_table
from survey.run import Run, adjust, calendar_date, default_run
from survey.tables import RANKING, TRANSFERS, read_table, write_bytes
from survey.transfer import Grid, delta_v_map, left_out, make_ephemerides

_FORMATS = ("png", "pdf", "svg")
_OPTIONS = {
    "departure_from": "--from",
    "departure_to": "--to",
    "departure_step": "--step",
    "tof_min": "--tof-min",
    "tof_max": "--tof-max",
    "tof_step": "--tof-step",
    "asteroids": "--model",
}
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


def porkchop(
    target: str,
    *,
    kind: Literal["flyby", "rendezvous"],
    output: Path | None,
    show: bool,
    model: Literal["n-body", "kepler"] | None,
    run: Path | None,
    catalog: str | None,
    **given: str | None,
) -> None:
    """Carry out ``survey porkchop``."""
    stay_offline()
    place = _place(run)
    given["asteroids"] = model
    changes = {name: (_OPTIONS[name], text) for name, text in given.items() if text is not None}
    choices = adjust(_choices(place), changes)
    path = output or Path(f"porkchop-{_file_name(target)}.png")
    file_format = path.suffix.lstrip(".").lower()
    if file_format not in _FORMATS:
        raise ValueError(f"{path} does not end in .png, .pdf or .svg: give it one of these endings")
    if not path.parent.is_dir():
        raise ValueError(f"{path.parent} is not a folder: make it first, or give another --output")
    asteroid = find(target, _catalog(choices, catalog))
    grid = source.grid_of(choices)
    _check_existence(asteroid, choices, grid)
    picture = delta_v_map(
        asteroid,
        source.parking_of(choices),
        grid,
        max_revs=choices.max_revolutions,
        model=choices.asteroids,
    )
    from survey.report import plot_porkchop
    from survey.report.style import figure_style

    figure: Any = plot_porkchop(picture, kind=kind).figure
    stream = BytesIO()
    # Without a date in it the same map gives the same bytes.
    dated = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(file_format)
    with figure_style():
        figure.savefig(stream, format=file_format, metadata=dated)
    write_bytes(stream.getvalue(), path)
    click.echo(path)
    if show:
        click.launch(str(path))


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
    place = _place(run)
    asteroid = find(target, _catalog(_choices(place), catalog))
    facts = _facts(asteroid)
    path = _table_of(place, model)
    windows, ranked, absence = _windows(place, path, asteroid)
    if as_json:
        print_json(
            {
                **{str(name): plain(value) for name, value in asteroid.items()},
                **facts,
                "run": None if place is None else str(place.path),
                "ranking": None if ranked is None else _record(ranked),
                "windows": [_record(row) for _, row in windows.iterrows()],
                "left_out": absence or None,
            }
        )
        return
    _print_asteroid(asteroid, facts)
    click.echo()
    _print_windows(place, path, windows, ranked, absence)


def _place(argument: Path | None) -> RunFolder | None:
    """Find the run that was named; the default one only if it is there."""
    if argument is None and not (DEFAULT / "run.toml").is_file():
        return None
    return find_run(argument)


def _choices(place: RunFolder | None) -> Run:
    return default_run() if place is None else place.run


def _catalog(run: Run, override: str | None) -> pd.DataFrame:
    return read_snapshot(override or run.snapshot)


def _file_name(target: str) -> str:
    return re.sub(r"[^\w.+-]+", "-", target.strip()).strip("-.") or "target"


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
        absence = _absence(asteroid, provenance.get("left_out", []))
        windows = transfers[transfers["designation"] == designation]
    if place is not None and place.ranking.is_file():
        ranking, _ = read_table(place.ranking, RANKING)
        rows = ranking[ranking["designation"] == designation]
        ranked = rows.iloc[0] if len(rows) else None
    return windows, ranked, absence


def _absence(asteroid: pd.Series, reasons: list[dict[str, Any]]) -> str:
    """Why an asteroid is among those left out; empty if it is not."""
    name = f"{asteroid['designation']} {asteroid['name']}".strip()
    for one in reasons:
        for listed in one["asteroids"]:
            if listed == name or listed.startswith(f"{name} ("):
                return f"{listed}: {one['reason']}"
    return ""


def _check_existence(asteroid: pd.Series, run: Run, grid: Grid) -> None:
    """Refuse an asteroid that is no longer there, or cannot be integrated."""
    if run.asteroids == "kepler":
        return
    row = asteroid.to_frame().T
    gone, reasons = left_out(row, make_ephemerides(row, grid), float(grid.departure_jd_tdb[0]))
    if gone[0]:
        raise ValueError(
            f"there is no way to {_absence(asteroid, reasons)}; --model kepler draws the map of "
            "its ellipse all the same"
        )


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
    ranked: pd.Series | None,
    absence: str,
) -> None:
    if place is None or path is None or not path.is_file():
        where = DEFAULT if place is None else place.path
        name = "transfers.ecsv" if path is None else path.name
        click.echo(f"No windows yet: `survey run` searches them ({where} has no {name}).")
        return
    if windows.empty:
        why = f"left out, {absence}" if absence else "no transfer to it on its grid of dates"
        click.echo(f"No window in {place.path}: {why}.")
        return
    click.secho(f"Windows of {place.path}", bold=True)
    click.echo(f"{rung_of(windows)}\n")
    print_table(_WINDOWS, [_window_cells(row) for _, row in windows.iterrows()])
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
