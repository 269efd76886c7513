"""What a report rests on: the files of a run folder, read and found to belong together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from survey.catalog import read_snapshot, snapshot_folders
from survey.run import Run, read_run
from survey.tables import (
    DEPARTURES,
    RANKING,
    THREE_BODY,
    TRANSFERS,
    UNREACHED,
    file_digest,
    read_table,
    table_bytes,
)
from survey.transfer import Grid, ParkingOrbit, Spacecraft, rank
from survey.transfer.ranking import recorded_trust

KEPLER = "transfers-kepler.ecsv"
GRAVITY = "three_body.ecsv"
NO_ARC = "unreached.ecsv"
WAYS = "departures.ecsv"
_MAKERS = {
    "run.toml": "survey run", "transfers.ecsv": "survey search", "ranking.ecsv": "survey rank",
}  # fmt: skip


@dataclass(frozen=True)
class Inputs:
    """Everything a report rests on.

    Parameters
    ----------
    run : Run
        The choices.
    transfers, ranking, catalog : DataFrame
        The tables, and the snapshot they were made from.
    provenance, digests : dict
        Header of the transfers table; SHA-256 of each file.
    grid, parking, spacecraft
        What the choices mean.
    compared : bool
        Whether the ranking says where each asteroid would stand on its undisturbed ellipse.
    three_body : DataFrame or None
        Arcs that feel Earth's gravity, where the run has searched them.
    departures : DataFrame or None
        The leading asteroids by every way of leaving the parking orbit.
    counts : dict
        How many asteroids of either kind that search has found an arc for, or why none, and how
        many problems converged; see `survey.transfer.three_body_table.counts_of`.
    """

    run: Run
    transfers: pd.DataFrame
    ranking: pd.DataFrame
    catalog: pd.DataFrame
    provenance: dict[str, Any]
    digests: dict[str, str]
    grid: Grid
    parking: ParkingOrbit
    spacecraft: Spacecraft
    compared: bool
    three_body: pd.DataFrame | None
    departures: pd.DataFrame | None
    counts: dict[str, Any]


def read_inputs(folder: Path, snapshot: Path | None = None) -> Inputs:
    """Read a run folder and the snapshot its tables name; see `write_report` for the errors."""
    if not folder.is_dir():
        raise ValueError(
            f"there is no run folder {folder}: give the folder that `survey run` has made"
        )
    for name, maker in _MAKERS.items():
        if not (folder / name).is_file():
            raise ValueError(f"{folder} has no {name}: make it with `{maker} {folder}` first")
    run = read_run(folder / "run.toml")
    transfers, provenance = read_table(folder / "transfers.ecsv", TRANSFERS)
    ranking, _ = read_table(folder / "ranking.ecsv", RANKING)
    spacecraft = Spacecraft(run.mass, run.propellant, run.isp, run.reserve, run.last_date)
    catalog, snapshot = _snapshot(run, provenance, snapshot)
    digests = {name: file_digest(folder / name) for name in ("transfers.ecsv", "ranking.ecsv")}
    grid = Grid.regular(
        run.departure_from, run.departure_to, run.departure_step, run.tof_min, run.tof_max,
        run.tof_step,
    )  # fmt: skip
    parking = ParkingOrbit(run.point)
    strangers = set(ranking["designation"]) - set(catalog["designation"])
    if strangers:
        raise ValueError(
            f"ranking.ecsv holds {sorted(strangers)[0]}, which the snapshot {snapshot.name} does "
            f"not: make the tables again with `survey run {folder}`"
        )
    if set(transfers["asteroid_model"]) - {run.asteroids}:
        raise ValueError(
            f"transfers.ecsv was made with asteroids moved by another model than run.toml names, "
            f"{run.asteroids}: make the tables again with `survey run {folder}`"
        )
    compared = bool(
        ranking[["flyby_kepler_rank", "rendezvous_kepler_rank"]].notna().to_numpy().any()
    )
    kepler = None
    if compared:
        if not (folder / KEPLER).is_file():
            raise ValueError(f"{folder} has no {KEPLER}: make it with `survey search {folder}`")
        kepler, _ = read_table(folder / KEPLER, TRANSFERS)
        digests[KEPLER] = file_digest(folder / KEPLER)
    above, unreached, departures, counts = _three_body(folder, run, digests)
    again = rank(
        transfers, spacecraft, three_body=above, unreached=unreached, departures=departures,
        trust=recorded_trust(ranking), kepler=kepler,
    )  # fmt: skip
    if table_bytes(ranking, RANKING, {}, compress=False) != table_bytes(
        again, RANKING, {}, compress=False
    ):
        raise ValueError(
            "ranking.ecsv was made from other transfers, for another craft or by another version "
            f"of this program: make it again with `survey rank {folder}`"
        )
    return Inputs(
        run, transfers, ranking, catalog, provenance, digests, grid, parking, spacecraft, compared,
        above, departures, counts,
    )  # fmt: skip


def _three_body(
    folder: Path, run: Run, digests: dict[str, str]
) -> tuple[pd.DataFrame | None, pd.DataFrame | None, pd.DataFrame | None, dict[str, Any]]:
    """Read the arcs that feel Earth's gravity, if the run's choices ask for them, and who has none.

    Third are the ways of leaving the parking orbit, fourth the counts.
    """
    if not run.search or run.asteroids == "kepler":
        return None, None, None, {}
    for name in (GRAVITY, NO_ARC, WAYS):
        if not (folder / name).is_file():
            raise ValueError(f"{folder} has no {name}: make it with `survey three-body {folder}`")
        digests[name] = file_digest(folder / name)
    table, provenance = read_table(folder / GRAVITY, THREE_BODY)
    beside = []
    for name, schema in ((NO_ARC, UNREACHED), (WAYS, DEPARTURES)):
        if provenance.get(f"{schema.name}_sha256") != digests[name]:
            raise ValueError(
                f"{name} is not the file that {GRAVITY} was made with: make both again with "
                f"`survey three-body {folder}`"
            )
        beside.append(read_table(folder / name, schema)[0])
    return table, beside[0], beside[1], dict(provenance.get("counts", {}))


def _snapshot(
    run: Run, provenance: dict[str, Any], known: Path | None
) -> tuple[pd.DataFrame, Path]:
    name, digest = str(provenance.get("snapshot", "")), str(provenance.get("snapshot_sha256", ""))
    if not name or not digest:
        raise ValueError(
            "transfers.ecsv does not say which catalogue snapshot it was made from: make it again "
            "with `survey search`"
        )
    candidates = [one / name for one in snapshot_folders()]
    given = Path(run.snapshot).expanduser()
    if given.name == name:
        candidates.insert(0, given)
    if known is not None:
        candidates.insert(0, known)
    found = [path for path in candidates if path.is_file()]
    if not found:
        raise ValueError(
            f"the catalogue snapshot {name} of this run is in none of the snapshot folders: put "
            "it into one, or name that folder in SURVEY_CATALOGS"
        )
    for path in found:
        if file_digest(path) == digest:
            return read_snapshot(path), path
    raise ValueError(
        f"the catalogue snapshot {found[0]} has another SHA-256 than the one this run was made "
        "from: put the old file back, or make the tables again with `survey run`"
    )
