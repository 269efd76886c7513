"""Where the asteroids are: n-body by default, ellipses on request, nowhere once they have hit."""

from __future__ import annotations

from dataclasses import dataclass

import astropy.units as u
import numpy as np
import pandas as pd
import pytest
from astropy.time import Time

from survey.astro.kepler import state_to_elements
from survey.catalog import read_catalog
from survey.constants import AU_KM, GM_SUN_KM3_S2
from survey.ephemeris import heliocentric_state
from survey.run import calendar_date
from survey.transfer import Grid, asteroid_state, delta_v_map, make_ephemerides, search_transfers
from survey.transfer.absences import left_out
from survey.transfer.states import target_states

# JPL's NHATS, departure speed from Earth [Barbee2011], and what the ellipse of the MPC's elements
# of July 2021 gives: designation, launch, days of flight, km/s, km/s.
NHATS = [
    ("2000 SG344", "2029-10-12", 201, 1.227, 2.352),
    ("1991 VG", "2039-05-01", 129, 1.728, 2.162),
    ("101955", "2036-03-21", 249, 4.199, 4.162),
]


@dataclass(frozen=True)
class Earth:
    """A place to start from that is no libration point: the Earth, without its gravity."""

    def state(self, epochs):
        r, v = heliocentric_state("earth", np.asarray(epochs.tdb.jd))
        return r * u.km, v * (u.km / u.s)


def one_arc(launch, days):
    return Grid(Time([launch], scale="tdb"), [float(days)] * u.d)


@pytest.mark.parametrize(("name", "launch", "days", "nhats", "ellipse"), NHATS)
def test_the_map_agrees_with_nhats_and_the_ellipse_does_not(
    catalog, name, launch, days, nhats, ellipse
):
    asteroid = catalog[catalog["designation"] == name].iloc[0]
    grid = one_arc(launch, days)
    found = {}
    for model in ("n-body", "kepler"):
        picture = delta_v_map(asteroid, Earth(), grid, max_revs=0, model=model)
        assert picture.asteroid_model == model
        found[model] = picture.flyby_dv.to_value(u.km / u.s).item()
    assert found["n-body"] == pytest.approx(nhats, abs=0.003)
    assert found["kepler"] == pytest.approx(ellipse, abs=0.001)
    default = delta_v_map(asteroid, Earth(), grid, max_revs=0)
    assert default.asteroid_model == "n-body"
    assert default.flyby_dv.to_value(u.km / u.s).item() == found["n-body"]


@pytest.mark.parametrize(("name", "launch", "days", "nhats", "ellipse"), NHATS)
def test_the_search_agrees_with_nhats_and_the_ellipse_does_not(
    catalog, name, launch, days, nhats, ellipse
):
    few = catalog[catalog["designation"] == name]
    for model, expected in (("n-body", nhats), ("kepler", ellipse)):
        arcs = search_transfers(few, Earth(), one_arc(launch, days), max_revs=0, model=model)
        assert set(arcs["asteroid_model"]) == {model}
        assert set(arcs["fidelity"]) == {"two-body"}
        flyby = arcs[(arcs["kind"] == "flyby") & (arcs["tof_d"].round() == days)]
        assert flyby["dv_departure_m_s"].item() / 1000 == pytest.approx(expected, abs=0.003)


def test_a_co_orbital_leaves_its_ellipse_and_a_quiet_one_does_not(few):
    epochs = Time(["2021-07-08", "2029-10-12"], scale="tdb")
    (r, _), (k, _) = (asteroid_state(few, epochs, model=m) for m in ("n-body", "kepler"))
    apart = np.linalg.norm((r - k).to_value(u.au), axis=-1)
    assert apart[:, 0].max() < 1e-8  # at the epoch of the elements the two are one
    row = {name: n for n, name in enumerate(few["designation"])}
    assert apart[row["2000 SG344"], 1] > 0.05
    assert apart[row["433"], 1] < 0.01


def test_states_do_not_depend_on_who_else_is_asked_for(few):
    jd = np.linspace(2_462_000.5, 2_463_000.5, 7)
    together, _ = target_states(few, jd, "n-body")
    for n in range(len(few)):
        alone, _ = target_states(few.iloc[n], jd, "n-body")
        np.testing.assert_array_equal(alone[0], together[n])
    assert target_states(few.iloc[:0], jd, "n-body")[0].shape == (0, 7, 3)


@pytest.mark.parametrize("door", ["state", "map", "search"])
def test_an_unknown_model_is_refused_at_every_door(few, parking, grid, door):
    with pytest.raises(ValueError, match="write one of n-body, kepler"):
        if door == "state":
            asteroid_state(few, grid.departure, model="magic")
        elif door == "map":
            delta_v_map(few.iloc[0], parking, grid, model="magic")
        else:
            search_transfers(few, parking, grid, model="magic")


def test_states_beyond_the_ephemeris_are_refused_with_its_span(few):
    with pytest.raises(ValueError, match=r"1978-03-01.*2065-12-29"):
        asteroid_state(few, Time([2_480_000.5], format="jd", scale="tdb"))


# --- those that cannot be met -----------------------------------------------------------------


def falling(row, name, jd_tdb, *, miss_km=0.0, outward=False):
    """Orbit of an object a million kilometres from the Earth, on its way there at 12 km/s."""
    earth_r, earth_v = heliocentric_state("earth", np.array([jd_tdb]))
    along = np.array([0.6, -0.7, 0.3]) / np.linalg.norm([0.6, -0.7, 0.3])
    aside = np.cross(along, [0.0, 0.0, 1.0]) * miss_km
    side = 1.0 if outward else -1.0
    r, v = earth_r[0] + side * 1e6 * along + aside, earth_v[0] + 12.0 * along
    a, e, *angles = state_to_elements(GM_SUN_KM3_S2, r, v)
    i, node, argp, mean = np.degrees(angles)
    return row | {
        "designation": name, "name": "", "number": pd.NA, "epoch_jd_tdb": jd_tdb, "H_mag": 27.0,
        "a_au": float(a) / AU_KM, "e": float(e), "i_deg": i, "node_deg": node % 360,
        "argperi_deg": argp % 360, "mean_anomaly_deg": mean % 360,
    }  # fmt: skip


@pytest.fixture(scope="module")
def troubled(few):
    """Good orbits, and one for each reason to leave an asteroid out."""
    row = few.iloc[0].to_dict() | {"name": ""}
    start, middle = 2_461_500.5, 2_462_200.5  # the grid: 2461771.5 to 2462502.5
    more = [
        falling(row, "early", start),
        falling(row, "late", middle),
        falling(row, "missed", start, miss_km=60_000.0),
        row | {"designation": "open", "a_au": -2.0, "e": 1.3},
        row | {"designation": "ancient", "epoch_jd_tdb": 2_440_000.5},
    ]
    return pd.concat([few, pd.DataFrame(more)[few.columns]], ignore_index=True)


def test_whoever_hits_the_earth_first_disappears_with_a_line(troubled, few, parking, grid):
    arcs = search_transfers(troubled, parking, grid)
    gone = set(troubled["designation"]) - set(arcs["designation"])
    assert gone == {"early", "open", "ancient"}
    reasons = {one["reason"]: one for one in arcs.attrs["left_out"]}
    assert len(reasons) == 4
    # a million km at 12 km/s, a little faster at the end: 0.96 d
    day = calendar_date(2_461_500.5 + 0.95, scale="tdb")
    hit = reasons["hit the Earth before the first departure"]
    assert hit == {"reason": hit["reason"], "count": 1, "asteroids": [f"early ({day})"]}
    late = next(one for text, one in reasons.items() if "met only before" in text)
    assert [name[:4] for name in late["asteroids"]] == ["late"]
    for text, name in (("no bound orbit", "open"), ("epoch lies outside", "ancient")):
        one = next(one for reason, one in reasons.items() if text in reason)
        assert (one["count"], one["asteroids"]) == (1, [name])
    # met only while it exists, and the others are not touched by their strange company
    assert arcs.loc[arcs["designation"] == "late", "arrival_jd_tdb"].max() < 2_462_201.6
    good = arcs[arcs["designation"].isin(few["designation"])].reset_index(drop=True)
    alone = search_transfers(few, parking, grid)
    pd.testing.assert_frame_equal(good, alone, check_exact=True)
    assert alone.attrs["left_out"] == []


def test_the_map_of_whoever_is_gone_is_empty(troubled, parking, grid):
    for name in ("early", "open", "ancient"):
        one = troubled[troubled["designation"] == name].iloc[0]
        picture = delta_v_map(one, parking, grid)
        assert np.isnan(picture.flyby_dv).all() and np.isnan(picture.rendezvous_dv).all()
    late = delta_v_map(troubled[troubled["designation"] == "late"].iloc[0], parking, grid)
    arrival = grid.departure_jd_tdb[:, None] + grid.tof_d
    met = np.isfinite(late.flyby_dv.value)
    assert met.any() and arrival[met].max() < 2_462_201.6


def test_real_impacts_are_found_although_the_elements_are_of_a_later_day(shared_data, parking):
    """2008 TC3, 2014 AA, 2018 LA and 2019 MO, in the MPC's catalogue of July 2021."""
    path = shared_data / "catalogs/mpc_nea_extended_epoch2459403.5.json.gz"
    rows = read_catalog(path)[0]
    dates = {"2008 TC3": "2008-10-07", "2014 AA": "2014-01-02"}  # [Jenniskens2009]
    dates |= {"2018 LA": "2018-06-02", "2019 MO": "2019-06-22"}
    few = rows[rows["designation"].isin([*dates, "2000 SG344", "99942"])].reset_index(drop=True)
    grid = one_arc("2029-10-12", 201)
    ephemerides = make_ephemerides(few, grid)
    gone, reasons = left_out(few, ephemerides, float(grid.departure_jd_tdb[0]))
    assert set(few["designation"][gone]) == set(dates)
    (reason,) = reasons
    assert reason["reason"].startswith("come out of the Earth")
    assert sorted(reason["asteroids"]) == [f"{name} ({day})" for name, day in dates.items()]


def test_whoever_was_seen_later_has_not_hit(few, parking):
    """The same orbit out of the Earth on 2021-03-09; only what is known of sightings differs."""
    row = few.iloc[0].to_dict() | {"arc": "3 days", "provisional": ""}
    out = falling(row, "unknown", 2_459_283.5, outward=True)
    rows = pd.DataFrame(
        [
            out,
            out | {"designation": "2021 EA1"},  # discovered from 1 to 15 March
            out | {"designation": "2021 FA1"},  # from 16 to 31 March
            out | {"designation": "900001", "arc": "2021-2021"},
            out | {"designation": "900002", "arc": "2021-2022"},
            out | {"designation": "900003", "provisional": "2021 GB"},
        ]
    )[few.columns]
    for launch in ("2029-10-12", "2019-10-12"):  # also where the search itself meets the encounter
        grid = one_arc(launch, 201)
        gone, reasons = left_out(
            rows, make_ephemerides(rows, grid), float(grid.departure_jd_tdb[0])
        )
        if launch.startswith("2029"):
            assert rows["designation"][gone.tolist()].tolist() == ["unknown", "2021 EA1", "900001"]
            assert reasons[0]["asteroids"][0].endswith("(2021-03-09)")
        else:
            assert gone.all()  # nothing is known of where they were before


def test_impacts_decades_ago_are_met_from_elements_of_the_day_before(few):
    row = few.iloc[0].to_dict()
    rows = pd.DataFrame([falling(row, "old", 2_447_892.5), row | {"epoch_jd_tdb": 2_447_892.5}])
    grid = one_arc("2029-10-12", 201)
    gone, (reason,) = left_out(
        rows[few.columns], make_ephemerides(rows[few.columns], grid), 2_462_000.5
    )
    assert gone.tolist() == [True, False]
    assert reason["reason"] == "hit the Earth before the first departure"
    assert reason["asteroids"] == ["old (1990-01-01)"]


# --- work in pieces ---------------------------------------------------------------------------


def test_models_do_not_share_checkpoints(few, parking, grid, tmp_path):
    for model in ("n-body", "kepler", "n-body"):
        arcs = search_transfers(few, parking, grid, model=model, checkpoint=tmp_path)
        fresh = search_transfers(few, parking, grid, model=model)
        pd.testing.assert_frame_equal(arcs, fresh, check_exact=True)
    assert len(list(tmp_path.glob("*.npy"))) == 2


def test_a_push_is_another_chunk(few, parking, grid, tmp_path):
    search_transfers(few, parking, grid, checkpoint=tmp_path)
    pushed = few.assign(A2_au_d2=np.where(few["designation"] == "101955", -4.6e-14, np.nan))
    search_transfers(pushed, parking, grid, checkpoint=tmp_path)
    assert len(list(tmp_path.glob("*.npy"))) == 2


def test_ephemerides_made_before_give_the_same(few, parking, grid, tmp_path):
    here = search_transfers(few, parking, grid)
    made = make_ephemerides(few, grid, cache=tmp_path)
    given = search_transfers(few, parking, grid, ephemerides=made)
    kept = search_transfers(few, parking, grid, cache=tmp_path)
    assert make_ephemerides(few, grid, cache=tmp_path).integrated == 0
    for arcs in (given, kept):
        pd.testing.assert_frame_equal(arcs, here, check_exact=True)


def test_ephemerides_of_something_else_are_refused(few, parking, grid):
    made = make_ephemerides(few, grid)
    other = Grid(grid.departure[:-5], grid.tof)
    for rows, dates in ((few.iloc[:3], grid), (few, other)):
        with pytest.raises(ValueError, match="make_ephemerides"):
            search_transfers(rows, parking, dates, ephemerides=made)
