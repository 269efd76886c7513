"""Answers that JPL has really given, or prints in its documentation: right values or right error.

Expected numbers are read off the recorded text by eye, not by this program.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from survey.catalog import (
    answers,
    cad,
    horizons,
    mission_design,
    nhats,
    periodic_orbits,
    read_catalog,
    sbdb_lookup,
    sbdb_query,
)
from survey.catalog.answers import NoResultError
from survey.catalog.checks import judge_all
from survey.catalog.lookup import UnknownTargetError
from survey.catalog.trouble import RefusedError

Decoder = Callable[[str, Path], Any]


def content(path: Path) -> dict[str, Any]:
    return answers.parse_json(path.read_bytes(), path.name)


def never(line: str) -> None:
    raise AssertionError(f"an unexpected warning: {line}")


DECODERS: dict[str, Decoder] = {
    "sbdb": lambda _, path: sbdb_lookup.decode_object(content(path), never),
    "nhats": lambda name, path: (
        nhats.decode_summary if "summary" in name else nhats.decode_object
    )(content(path), never),
    "cad": lambda _, path: cad.decode_approaches(content(path), never),
    "mdesign": lambda _, path: mission_design.decode_missions(content(path), never),
    "periodic_orbits": lambda _, path: periodic_orbits.decode_family(content(path), never),
    "horizons": lambda name, path: horizons.decode(
        "vectors" if "vectors" in name else "elements" if "elements" in name else "ephemerides",
        path.read_text(),
        never,
    ),
    "neocc": lambda _, path: read_catalog(path)[0],
    "sbdb_query": lambda _, path: sbdb_query.decode_neos(content(path), "", never),
}

# Answers that hold nothing, and what is said about each.
ERRORS: dict[str, tuple[type[Exception], str]] = {
    "sbdb/missing.json": (UnknownTargetError, "JPL does not know the object"),
    "nhats/doc_error_no_match.json": (NoResultError, "no matching results"),
    "nhats/doc_error_not_found.json": (NoResultError, "specified NHATS object not found"),
    "mdesign/doc_error_300_multiple.json": (UnknownTargetError, "write one of 141P, 141P-A, 141P"),
    "mdesign/doc_error_not_found.json": (NoResultError, "specified object was not found"),
    "mdesign/doc_warning_no_missions.json": (NoResultError, "no pre-computed missions"),
    "mdesign/doc_warning_outdated_orbit.json": (NoResultError, "outdated orbit solution"),
    "mdesign/doc_warning_uncertain.json": (NoResultError, "highly uncertain"),
    "periodic_orbits/doc_warning_no_records.json": (NoResultError, "No matching records"),
    "sbdb_query/count_only.json": (RefusedError, "without 'fields'"),
    # Trans-Neptunian objects, recorded without the data arc's neighbours q and n: still a table.
    "horizons/astroquery_tlist_error.txt": (RefusedError, "no TLIST values found"),
    "horizons/error_no_ephemeris_after_impact.txt": (RefusedError, "after A.D. 2018-JUN-02"),
}


def test_every_recorded_answer_is_decoded_or_named(shared_data: Path) -> None:
    folder = shared_data / "api_fixtures"
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.*"))
    assert len(names) == 45
    for name in names:
        service = name.partition("/")[0]
        if name == "sbdb_query/tno_full-prec_limit3.json":
            continue  # below
        if name in ERRORS:
            kind, words = ERRORS[name]
            with pytest.raises(kind, match=words):
                DECODERS[service](name, folder / name)
        else:
            result = DECODERS[service](name, folder / name)
            assert result is not None, name
            if hasattr(result, "shape"):
                assert len(result) > 0, name
    assert ERRORS.keys() <= set(names)


def test_apophis_by_lookup(shared_data: Path) -> None:
    path = shared_data / "api_fixtures" / "sbdb" / "99942_phys.json"
    body = sbdb_lookup.decode_object(content(path), never)
    assert (body.designation, body.full_name) == ("99942", "99942 Apophis (2004 MN4)")
    assert (body.spkid, body.orbit_id, body.orbit_class) == (20099942, "220", "ATE")
    assert body.near_earth and body.hazardous
    assert (body.epoch_jd_tdb, body.moid_au) == (2461000.5, 0.000360605)
    assert body.elements["a"] == sbdb_lookup.Value(0.9223803173917017, 2.4147e-9, "au")
    assert body.elements["tp"].value == 2461042.918242006079
    assert body.elements["tp"].sigma == 6.2062e-7
    assert body.model["A2"] == sbdb_lookup.Value(-2.901766637153165e-14, 1.859e-16, "au/d^2")
    assert body.model["R0"].sigma is None
    covariance = body.covariance
    assert covariance is not None
    assert covariance.labels == ("e", "q", "tp", "node", "peri", "i", "A1", "A2")
    assert covariance.epoch_jd_tdb == 2459215.5
    assert covariance.matrix[0, 1] == -3.913592780937238e-18
    assert covariance.elements["q"].value == 0.7458270478466523
    # The sigmas beside the elements are the square roots of the diagonal.
    for name, place in (("e", 0), ("q", 1), ("tp", 2), ("om", 3), ("w", 4), ("i", 5)):
        sigma = covariance.elements[name].sigma
        assert sigma == pytest.approx(np.sqrt(covariance.matrix[place, place]), rel=1e-12)
    assert (np.linalg.eigvalsh(covariance.matrix / np.outer(
        d := np.sqrt(np.diag(covariance.matrix)), d)) > -1e-9).all()  # fmt: skip
    assert body.physical["diameter"].value == "0.34"
    assert body.physical["diameter"].reference == "Brozovic et al., Icarus 300, 115-128 (2018)"
    assert body.physical["I"].value == "50-500"
    assert body.physical["spec_B"].value == "Sq"


def test_an_object_with_an_older_answer(shared_data: Path) -> None:
    path = shared_data / "api_fixtures" / "sbdb" / "2001VB.json"
    body = sbdb_lookup.decode_object(content(path), never)
    assert body.spkid == 3092419  # unnumbered: as JPL wrote it
    assert body.condition_code == "9"
    assert body.covariance is not None
    assert body.covariance.elements == {}
    assert body.covariance.matrix.shape == (6, 6)
    assert body.elements["a"].sigma == 0.14589


def test_both_schemes_of_spkids() -> None:
    assert sbdb_lookup.long_spkid(2000433) == 20000433
    assert sbdb_lookup.long_spkid(20000433) == 20000433
    assert sbdb_lookup.long_spkid(3092419) == 3092419
    assert sbdb_lookup.long_spkid(54000001) == 54000001


@pytest.mark.parametrize(
    ("name", "dv", "duration", "launch", "trajectories"),
    [
        ("101955", 6.995, 362, "2036-03-21", 47757),
        ("1991_VG", 4.425, 386, "2039-05-01", 1307785),
        ("2000_SG344", 3.549, 370, "2029-10-12", 3302685),
        ("2016_RD34", 4.610, 370, "2031-03-08", 728511),
        ("99942", 6.049, 354, "2029-04-11", 272327),
    ],
)
def test_nhats_objects(
    name: str, dv: float, duration: int, launch: str, trajectories: int, shared_data: Path
) -> None:
    path = shared_data / "api_fixtures" / "nhats" / f"{name}.json"
    found = nhats.decode_object(content(path), never)
    assert found.designation == name.replace("_", " ")
    assert found.cheapest == nhats.RoundTrip(dv, duration)
    assert (found.launch, found.trajectories) == (launch, trajectories)


def test_nhats_summary_gives_durations_as_text(shared_data: Path) -> None:
    path = shared_data / "api_fixtures" / "nhats" / "doc_summary_mode_example.json"
    frame = nhats.decode_summary(content(path), never)
    assert frame.to_dict("list") == {
        "designation": ["1943", "2000 SG344", "2006 RH120"],
        "nhats_dv_km_s": [11.980, 3.550, 3.972],
        "nhats_duration_d": [354, 370, 450],
    }


def test_close_approaches(shared_data: Path) -> None:
    path = shared_data / "api_fixtures" / "cad" / "cad_2023_v1.5_two_rows.json"
    frame = cad.decode_approaches(content(path), never)
    assert frame.to_dict("list") == {
        "designation": ["2023 NY", "2023 MG6"],
        "jd_tdb": [2460141.313861245, 2460142.400871311],
        "distance_au": [0.0295819034655131, 0.0243278302080612],
        "v_relative_km_s": [2.11053770573858, 12.3784096625372],
    }
    assert cad.closest(frame)["approaches"].tolist() == [1, 1]


def test_no_close_approach_in_the_window() -> None:
    # Version 1.1 left the table out, and gave the count as text.
    given = {"signature": {"version": "1.1"}, "count": "0"}
    assert len(cad.decode_approaches(given, never)) == 0
    assert len(cad.closest(cad.decode_approaches(given, never))) == 0


def test_the_closest_of_several_passes() -> None:
    rows = [["433", "2461000.5", ".04", "5"], ["433", "2461100.5", ".01", "6"],
            ["2020 AB", "2461000.5", ".02", "7"]]  # fmt: skip
    given = {"signature": {"version": "1.5"}, "count": 3, "fields": ["des", "jd", "dist", "v_rel"],
             "data": rows}  # fmt: skip
    frame = cad.closest(cad.decode_approaches(given, never)).set_index("designation")
    assert frame.loc["433"].tolist() == [2, 2461100.5, 0.01, 6.0]
    assert frame.loc["2020 AB"].tolist() == [1, 2461000.5, 0.02, 7.0]


def test_missions(shared_data: Path) -> None:
    folder = shared_data / "api_fixtures" / "mdesign"
    ceres = mission_design.decode_missions(content(folder / "doc_modeQ_ceres.json"), never)
    assert ceres.loc[0, ["MJD0", "MJDf", "vinf_dep", "vinf_arr"]].tolist() == [
        61745, 62125, 11.3777, 6.3766,
    ]  # fmt: skip
    assert ceres.attrs["object"]["spkid"] == "2000001"
    many = mission_design.decode_missions(content(folder / "doc_modeA_ballistic.json"), never)
    assert many["pdes"].tolist() == ["52768", "137108", "451124"]
    assert many["tof"].tolist() == [1690, 110, 1710]


def test_periodic_orbits(shared_data: Path) -> None:
    path = shared_data / "api_fixtures" / "periodic_orbits" / "doc_earth-moon_halo_L1_N.json"
    family = periodic_orbits.decode_family(content(path), never)
    assert (family.system, family.family, family.announced) == ("Earth-Moon", "halo", 5731)
    assert family.mass_ratio == 1.215058560962404e-02
    assert family.points[1].tolist() == [1.155682165444884, 0.0, 0.0]
    assert family.orbits["period"].tolist()[0] == 3.1233143922761588
    # The Jacobi constant printed beside each state follows from the state [Szebehely1967].
    mu, orbits = family.mass_ratio, family.orbits
    x, y, z, vx, vy, vz = (orbits[name].to_numpy() for name in ("x", "y", "z", "vx", "vy", "vz"))
    near, far = np.hypot(np.hypot(x + mu, y), z), np.hypot(np.hypot(x - 1 + mu, y), z)
    jacobi = x**2 + y**2 + 2 * (1 - mu) / near + 2 * mu / far - vx**2 - vy**2 - vz**2
    assert np.allclose(jacobi, orbits["jacobi"], rtol=0, atol=1e-12)


def test_horizons_vectors(shared_data: Path) -> None:
    path = shared_data / "api_fixtures" / "horizons" / "astroquery_ceres_vectors_single.txt"
    row = horizons.decode("vectors", path.read_text(), never).iloc[0]
    assert row["jd_tdb"] == 2451544.5
    assert row[["x_au", "y_au", "z_au"]].tolist() == [
        -2.377530298472460, 0.8007772252240262, 0.4628376138999674,
    ]  # fmt: skip
    assert row[["vx_au_d", "vy_au_d", "vz_au_d"]].tolist() == [
        -3.605422185454561e-03, -1.057883338099071e-02, 3.379790360574805e-04,
    ]  # fmt: skip


def test_horizons_elements_agree_with_its_vectors(shared_data: Path) -> None:
    # The same object at the same epoch: q = a (1 - e), and the distance lies between q and Q.
    folder = shared_data / "api_fixtures" / "horizons"
    elements = horizons.decode(
        "elements", (folder / "astroquery_ceres_elements_range.txt").read_text(), never
    )
    vectors = horizons.decode(
        "vectors", (folder / "astroquery_ceres_vectors_range.txt").read_text(), never
    )
    assert elements["jd_tdb"].tolist() == vectors["jd_tdb"].tolist()
    assert len(elements) > 1
    assert np.allclose(elements["q_au"], elements["a_au"] * (1 - elements["e"]), rtol=1e-14)
    r = np.sqrt((vectors[["x_au", "y_au", "z_au"]] ** 2).sum(axis=1))
    assert ((r > elements["q_au"]) & (r < elements["a_au"] * (1 + elements["e"]))).all()


def test_the_shape_of_a_query_of_trans_neptunians(shared_data: Path) -> None:
    # The wire is that of near-Earth asteroids; three rows of 7,296, and all too far out.
    path = shared_data / "api_fixtures" / "sbdb_query" / "tno_full-prec_limit3.json"
    given = content(path)
    with pytest.raises(RefusedError, match="announces 7,296 rows and sends 3"):
        sbdb_query.decode_neos(json.loads(json.dumps(given)), "", never)
    said: list[str] = []
    table = sbdb_query.decode_neos(given | {"count": 3}, "", said.append)
    assert table.raw["n_observations"] == ["96", "129", "146"]
    accepted, rejected, _ = judge_all(table.raw)
    assert len(accepted) == 0
    assert rejected["designation"].tolist() == ["15760", "15788", "15789"]
    assert rejected["reason"].str.startswith("not a near-Earth object: q = 40.99").iloc[0]
    assert "no longer sends name, spkid" in said[0]
