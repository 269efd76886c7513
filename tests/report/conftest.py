"""Synthetic delta-v maps with known answers, and one small real run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import astropy.units as u
import matplotlib
import numpy as np
import pytest
from astropy.time import Time

from survey.transfer.grid import DeltaVMap, Grid

matplotlib.use("Agg")

TARGETS = ["469219", "99942", "2000 SG344", "2006 RH120"]


@pytest.fixture
def make_map() -> Callable[..., DeltaVMap]:
    """Maps whose cheapest cell, departure 2029-03-12 and 210 d, is known beforehand."""

    def build(
        *,
        designation: str = "2000 XX1",
        name: str = "",
        scale: float = 1.0,
        floor: float = 300.0,
        start: str = "2028-01-01",
        days: int = 1000,
    ) -> DeltaVMap:
        first = Time(start, scale="utc").tdb.jd
        departure = Time(first + np.arange(0.0, days + 1.0, 10.0), format="jd", scale="tdb")
        grid = Grid(departure, np.arange(30.0, 401.0, 10.0) * u.d)
        best = Time("2029-03-10", scale="utc").tdb.jd
        nearest = grid.departure_jd_tdb[np.argmin(abs(grid.departure_jd_tdb - best))]
        x = (grid.departure_jd_tdb[:, None] - nearest) / 200.0
        y = (grid.tof_d[None, :] - 210.0) / 60.0
        flyby = (floor + 900.0 * (x**2 + y**2) * (1.2 + np.sin(3 * x))) * scale
        none = np.full(grid.shape, 0, dtype=np.int64)
        return DeltaVMap(
            designation, name, grid, flyby * (u.m / u.s), (flyby + 500.0) * (u.m / u.s),
            np.full(grid.shape, 5.0) * (u.km / u.s), none, none, "two-body", "kepler",
        )  # fmt: skip

    return build


@pytest.fixture(scope="session")
def gravity_run(small_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run with a table of three-body arcs, made up from the two-body ones."""
    import shutil

    import pandas as pd

    from survey.run import read_run
    from survey.tables import (
        DEPARTURES,
        RANKING,
        THREE_BODY,
        TRANSFERS,
        UNREACHED,
        file_digest,
        read_table,
        write_table,
    )
    from survey.transfer import Spacecraft, rank
    from survey.transfer.ranking import recorded_trust

    folder = Path(shutil.copytree(small_run, tmp_path_factory.mktemp("gravity") / "run"))
    text = (folder / "run.toml").read_text(encoding="utf-8")
    (folder / "run.toml").write_text(text.replace("search = false", "deep = 2"), encoding="utf-8")
    run = read_run(folder / "run.toml")
    transfers, provenance = read_table(folder / "transfers.ecsv", TRANSFERS)
    # The first two are cheaper by half, and cheapest when slow; Apophis has no three-body arc.
    rows = transfers[transfers["designation"] != "99942"]
    flyby = rows["kind"] == "flyby"
    arcs = pd.DataFrame(
        {
            **{name: rows[name] for name in rows if name in THREE_BODY.names},
            "strategy": "single impulse",
            "phase_zero_jd_tdb": rows["departure_jd_tdb"] - 40.0,
            "least_earth_km": 1.4e6,
            "assisted": rows["designation"] == "2006 RH120",
            "phase_best_m_s": rows["dv_total_m_s"] * 0.5,
            "phase_median_m_s": rows["dv_total_m_s"] * 0.8,
            "phase_worst_m_s": (1.7 * rows["dv_total_m_s"]).where(flyby),
            "phases_within_budget": np.where(flyby, 1.0, 0.75),
            "effort": "phase by phase", "problems": 1000, "converged": 900,
            "fidelity": "three-body", "asteroid_model": "n-body", "status": 0,
        }
    )  # fmt: skip
    for name in ("dv_total_m_s", "dv_departure_m_s", "dv_arrival_m_s"):
        arcs[name] *= 0.5
    lost = transfers[transfers["designation"] == "99942"].drop_duplicates("kind")
    unreached = pd.DataFrame(
        {
            **{name: lost[name] for name in ("designation", "name", "kind")},
            "outcome": np.where(lost["kind"] == "flyby", "over budget", "not converged"),
            "budget_m_s": 20_000.0, "starts": 40, "problems": 24, "converged": 0,
        }
    )  # fmt: skip
    came_to = {"in reach": 3, "out of reach": 0, "not converged": 0, "over budget": 0, "no path": 0}
    counts = {
        "asteroids": 4, "in_reach": 3, "problems": 6000, "converged": 5400,
        "flyby": {"searched": 4, "arcs": 9} | came_to | {"over budget": 1},
        "rendezvous": {"searched": 4, "arcs": 9} | came_to | {"not converged": 1},
        "assisted": 1,
    }  # fmt: skip
    # 2000 SG344 alone has another way that pays, but too late for the craft.
    first = arcs[arcs["window"] == 1].drop_duplicates(["designation", "kind"])
    ways = pd.concat(
        [
            first.assign(
                strategy=name,
                outcome=outcome,
                dv_middle_m_s=middle,
                saved_m_s=saved,
                middle_jd_tdb=first["departure_jd_tdb"] + 20.0,
                assisted=name.startswith("powered"),
                v_infinity_km_s=far,
                perigee_altitude_km=height,
                primer_max=primer,
                status=int(outcome != "found"),
            )
            for name, outcome, middle, saved, far, height, primer in (
                ("single impulse", "found", 0.0, 0.0, np.nan, np.nan, 1.3),
                ("inserted deep-space impulse", "no gain", np.nan, np.nan, np.nan, np.nan, np.nan),
                ("manifold coast", "found", 60.0, -10.0, np.nan, np.nan, 1.0),
                ("powered Earth swingby", "found", 40.0, -20.0, 1.25, 432.1, np.nan),
            )
        ],
        ignore_index=True,
    )
    figures = [
        name
        for name in ways
        if name.endswith(("_m_s", "_jd_tdb", "_km_s", "_km")) or name == "tof_d"
    ]
    ways["dv_total_m_s"] -= ways["saved_m_s"]
    pays = (ways["designation"] == "2000 SG344") & (ways["strategy"] == "powered Earth swingby")
    ways.loc[pays, "saved_m_s"] = 0.25 * ways.loc[pays, "dv_total_m_s"]
    ways.loc[pays, "dv_total_m_s"] -= ways.loc[pays, "saved_m_s"] + 20.0
    ways.loc[ways["strategy"] == "single impulse", "middle_jd_tdb"] = np.nan
    ways.loc[pays, "arrival_jd_tdb"] = run.last_date.tdb.jd + 30.0
    ways.loc[ways["outcome"] != "found", figures] = np.nan
    ways = ways[DEPARTURES.names]
    write_table(ways, DEPARTURES, folder / "departures.ecsv", provenance={})
    write_table(unreached, UNREACHED, folder / "unreached.ecsv", provenance=provenance)
    told = {
        "counts": counts, "unreached_sha256": file_digest(folder / "unreached.ecsv"),
        "departures_sha256": file_digest(folder / "departures.ecsv"),
    }  # fmt: skip
    write_table(arcs, THREE_BODY, folder / "three_body.ecsv", provenance=provenance | told)
    craft = Spacecraft(run.mass, run.propellant, run.isp, run.reserve, run.last_date)
    old, _ = read_table(folder / "ranking.ecsv", RANKING)
    kepler, _ = read_table(folder / "transfers-kepler.ecsv", TRANSFERS)
    ranking = rank(
        transfers, craft, three_body=arcs, unreached=unreached, departures=ways,
        trust=recorded_trust(old), kepler=kepler,
    )  # fmt: skip
    write_table(ranking, RANKING, folder / "ranking.ecsv", provenance=provenance)
    return folder


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real run of four asteroids over two years, on a coarse grid; copy it before changing it."""
    from survey import __version__
    from survey.catalog import find, read_snapshot
    from survey.run import read_run
    from survey.tables import RANKING, TRANSFERS, file_digest, write_table
    from survey.transfer import (
        Grid,
        ParkingOrbit,
        Spacecraft,
        assess_ranking,
        rank,
        search_transfers,
    )

    folder = tmp_path_factory.mktemp("run") / "small"
    folder.mkdir()
    (folder / "run.toml").write_text(
        '[window]\ndeparture = "2028-01-01 to 2030-01-01 every 20 d"\n'
        'tof = "60 d to 400 d every 20 d"\n'
        "[three_body]\nsearch = false\n[report]\ntop = 2\n"
        'title = "Four asteroids: #[panic()] *_$x$_* @ref \\"quoted\\" '
        '\\\\ <tag> `code` // not code"\n',
        encoding="utf-8",
    )
    run = read_run(folder / "run.toml")
    snapshot = read_snapshot("latest")
    wanted = [find(name, snapshot)["designation"] for name in TARGETS]
    catalog = snapshot[snapshot["designation"].isin(wanted)].reset_index(drop=True)
    grid = Grid.regular(
        run.departure_from, run.departure_to, run.departure_step, run.tof_min, run.tof_max,
        run.tof_step,
    )  # fmt: skip
    parking = ParkingOrbit(run.point)
    transfers, kepler = (
        search_transfers(catalog, parking, grid, max_revs=run.max_revolutions, model=model)
        for model in ("n-body", "kepler")
    )
    craft = Spacecraft(run.mass, run.propellant, run.isp, run.reserve, run.last_date)
    path = Path(snapshot.attrs["path"])
    provenance = {
        "program": "survey", "version": __version__, "snapshot": path.name,
        "snapshot_sha256": file_digest(path), "run_digest": run.digest,
    }  # fmt: skip
    write_table(transfers, TRANSFERS, folder / "transfers.ecsv", provenance=provenance)
    write_table(kepler, TRANSFERS, folder / "transfers-kepler.ecsv", provenance=provenance)
    trust = assess_ranking(rank(transfers, craft), catalog)
    ranking = rank(transfers, craft, trust=trust, kepler=kepler)
    write_table(ranking, RANKING, folder / "ranking.ecsv", provenance=provenance)
    return folder
