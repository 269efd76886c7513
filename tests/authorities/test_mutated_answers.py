"""Answers with anything wrong in them: right rows, reasons, or one sentence; no traceback."""

from __future__ import annotations

import copy
import json
import random
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survey.catalog import (
    answers,
    cad,
    horizons,
    mission_design,
    nhats,
    periodic_orbits,
    sbdb_lookup,
    sbdb_query,
)
from survey.catalog.checks import judge_all

ELEMENTS = {"epoch": "epoch_jd_tdb", "a": "a_au", "e": "e", "i": "i_deg", "om": "node_deg",
            "w": "argperi_deg", "ma": "mean_anomaly_deg", "H": "H_mag"}  # fmt: skip
PRINTED = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")


def wire(value: float) -> str:
    return repr(value).removeprefix("0") if 0 < value < 1 else repr(value)


def row(k: int) -> dict[str, Any]:
    q, e = 0.5 + 0.2 * k, 0.1 + 0.1 * k
    a = q / (1 - e)
    given: dict[str, Any] = dict.fromkeys(sbdb_query.FIELDS)
    return given | {
        "full_name": f"  {433 + k} Name ({1990 + k} AB)", "pdes": str(433 + k), "name": "Name",
        "spkid": str(2000433 + k), "class": "APO", "epoch": "2461000.5", "e": wire(e),
        "a": wire(a), "q": wire(a * (1 - e)), "n": wire(0.985607668601425 * a**-1.5),
        "i": "9.5", "om": "10.25", "w": "20.5", "ma": ".75", "H": "20.1", "condition_code": "1",
        "data_arc": "400", "orbit_id": "12", "n_obs_used": 96, "sigma_a": "1.5E-8",
        "moid": ".03", "diameter": ".34",
    }  # fmt: skip


def bulk() -> dict[str, Any]:
    fields = list(sbdb_query.FIELDS)
    data = [[row(k)[field] for field in fields] for k in range(3)]
    signature = {"source": "NASA/JPL SBDB (Small-Body DataBase) Query API", "version": "1.0"}
    return {"signature": signature, "fields": fields, "data": data, "count": "3"}


_VALUE = {"name": "e", "value": ".2", "sigma": "1E-8", "units": None, "title": "eccentricity"}
SEEDS: dict[str, Any] = {
    "sbdb": {
        "signature": {"source": "NASA/JPL", "version": "1.3"},
        "object": {"des": "99942", "fullname": "99942 Apophis (2004 MN4)", "spkid": "20099942",
                   "neo": True, "pha": True, "orbit_class": {"code": "ATE", "name": "Aten"}},
        "orbit": {
            "epoch": "2461000.5", "orbit_id": "220", "condition_code": "0", "moid": ".0003",
            "elements": [_VALUE | {"name": name, "value": value} for name, value in (
                ("e", ".2"), ("a", "1.25"), ("q", "1."), ("i", "3.3"), ("om", "203"),
                ("w", "126"), ("ma", "312"), ("tp", "2461042.9"))],
            "covariance": {"labels": ["e", "q"], "epoch": "2459215.5",
                           "data": [["4E-18", "-1E-18"], ["-1E-18", "9E-18"]],
                           "elements": [_VALUE]},
            "model_pars": [_VALUE | {"name": "A2", "value": "-2.9E-14"}],
        },
        "phys_par": [{"name": "diameter", "value": "0.34", "sigma": "0.04", "units": "km",
                      "ref": "somebody (2018)", "notes": None}],
    },
    "nhats": {
        "signature": {"version": "1.3"}, "count": 2,
        "data": [{"des": "1943", "min_dv": {"dv": "11.980", "dur": "354"}},
                 {"des": "2000 SG344", "min_dv": {"dv": "3.550", "dur": 370}}],
    },
    "nhats object": {
        "signature": {"version": "1.3"}, "des": "99942", "orbit_id": "220", "n_via_traj": 272327,
        "computed": "2024-10-17", "min_dv": {"dv": "6.049", "dur": 354},
        "min_dur": {"dur": 146, "dv": "11.988"},
        "min_dv_traj": {"c3": "29.361", "launch": "2029-04-11", "vrel_arr_neo": "0.309"},
    },
    "cad": {
        "signature": {"version": "1.5"}, "count": 2, "fields": ["des", "jd", "dist", "v_rel"],
        "data": [["2023 NY", "2460141.313861245", ".0295", "2.11"],
                 ["433", "2460142.4", ".0243", "12.37"]],
    },
    "mdesign": {
        "signature": {"version": "1.1"}, "object": {"des": "1"}, "fields": ["MJD0", "vinf_dep"],
        "selectedMissions": [[61745, 11.3777], [62265, 11.26]],
    },
    "periodic orbits": {
        "signature": {"version": "1.0"}, "count": "1", "family": "halo",
        "system": {"name": "Earth-Moon", "mass_ratio": "1.2e-02", "lunit": "389703.2",
                   "tunit": "382981.2", **{f"L{n}": ["1.1", "0.0", "0.0"] for n in range(1, 6)}},
        "fields": ["x", "y", "z", "vx", "vy", "vz", "jacobi", "period", "stability"],
        "data": [["1", "0", ".5", "0", "1.4", "0", "3.1", "2.9", "100"]],
    },
    "sbdb_query": bulk(),
}  # fmt: skip


def decode_bulk(content: dict[str, Any], note: Callable[[str], None]) -> None:
    """Decode and judge; every accepted element must be what its row prints."""
    table = sbdb_query.decode_neos(content, "", note)
    accepted, rejected, left_out = judge_all(table.raw)
    assert len(accepted) + len(rejected) == table.rows == len(content["data"])
    fields = content["fields"]
    printed = [
        dict(zip(fields, values, strict=True))
        for values in content["data"]
        if isinstance(values, list) and len(values) == len(fields)
    ]
    for _, orbit in accepted.iterrows():
        assert any(agrees(orbit, row) for row in printed), orbit.to_dict()
    assert set(left_out["designation"]) <= set(accepted["designation"])


def letters(text: str) -> str:
    return re.sub(r"[^A-Z0-9/]", "", text.upper())


def agrees(orbit: Any, printed: dict[str, Any]) -> bool:
    """Whether an orbit is exactly what one printed row says, the object included."""
    if letters(orbit["designation"]) not in letters(f"{printed['pdes']} {printed['full_name']}"):
        return False
    for field, ours in ELEMENTS.items():
        value = printed.get(field)
        text = "" if value is None else str(value).strip()
        if not PRINTED.fullmatch(text):
            if (
                ours == "H_mag"
                and text.lower().strip("+-") in ("", "null", "none", "nan")
                and orbit[ours] != orbit[ours]
            ):
                continue
            return False
        angle = field in ("om", "w", "ma")
        expected = float(text)
        expected = (expected + 360 if expected < 0 else expected) % 360 if angle else expected
        if orbit[ours] != expected:
            return False
    return True


DECODERS: dict[str, Callable[[dict[str, Any], Callable[[str], None]], object]] = {
    "sbdb": sbdb_lookup.decode_object,
    "nhats": nhats.decode_summary,
    "nhats object": nhats.decode_object,
    "cad": lambda content, note: cad.closest(cad.decode_approaches(content, note)),
    "mdesign": mission_design.decode_missions,
    "periodic orbits": periodic_orbits.decode_family,
    "sbdb_query": decode_bulk,
}


def attempt(kind: str, data: bytes) -> str:
    """Decode; the only way out besides a result is one sentence of a ValueError."""
    try:
        DECODERS[kind](answers.parse_json(data, kind), lambda line: None)
    except ValueError as error:
        message = str(error)
        assert message and "\n" not in message, message
        assert type(error).__module__.startswith("survey."), repr(error)
        return "refused"
    return "decoded"


def test_a_strange_name_of_a_field_stays_on_one_line() -> None:
    content = copy.deepcopy(SEEDS["mdesign"])
    content["fields"][0], content["selectedMissions"][0][0] = "a\nb", "x"
    assert attempt("mdesign", json.dumps(content).encode()) == "refused"


@pytest.mark.parametrize("kind", SEEDS)
def test_the_seeds_are_sound(kind: str) -> None:
    assert attempt(kind, json.dumps(SEEDS[kind]).encode()) == "decoded"


ODD: list[Any] = [
    None, True, False, 0, -1, 7, 2.5, 1e300, -0.0, "", " ", "0", "-1", ".5", "5.", "1E5", "1e400",
    "1_0", "nan", "inf", "-inf", "٣", "½", "0x10", "1,5", "null", "None", "x", "433", "2000 SG344",
    "A/2019 G2", "1P/Halley", "(433)", "\x00", "a\nb", "\u2028", "\ud800", [], {}, [1], {"a": 1},
    "9" * 400, 10**30, "20260101", "2461000.5", "61000.5",
]  # fmt: skip


def places(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    inside = content.items() if isinstance(content, dict) else (
        enumerate(content) if isinstance(content, list) else ())  # fmt: skip
    for key, value in inside:
        found += places(value, (*path, key))
    return found


PLACES = {kind: places(seed) for kind, seed in SEEDS.items()}


def mutate(kind: str, chance: random.Random) -> bytes:
    """Change an answer in one to three places, in its content or in its bytes."""
    content = copy.deepcopy(SEEDS[kind])
    for _ in range(chance.randrange(1, 4)):
        path = chance.choice(PLACES[kind])
        holder = content
        try:
            for key in path[:-1]:
                holder = holder[key]
            old = holder[path[-1]]
            how = chance.randrange(6)
            if how == 0:
                del holder[path[-1]]
            elif how == 1 and isinstance(holder, list):
                holder.insert(path[-1], copy.deepcopy(chance.choice(holder)))
            elif how == 2 and isinstance(old, str) and old:
                at = chance.randrange(len(old))
                letter = chance.choice("0123456789.-+eE aZ(/")
                holder[path[-1]] = old[:at] + letter + old[at + chance.randrange(2) :]
            elif how == 3 and isinstance(holder, dict):
                holder[str(path[-1]) + "_new"] = holder.pop(path[-1])
            else:
                holder[path[-1]] = copy.deepcopy(chance.choice(ODD))
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change has taken the place away
    data = json.dumps(content).encode()
    if chance.random() < 0.2:
        at = chance.randrange(len(data))
        data = chance.choice(
            [data[:at], data[:at] + chance.randbytes(2) + data[at + 1 :], data[at:], data + b"}"]
        )
    return data


def run_mutations(times: int, seed: int) -> Counter[tuple[str, str]]:
    chance = random.Random(seed)
    kinds = [*SEEDS, *["sbdb_query"] * 3]
    counts: Counter[tuple[str, str]] = Counter()
    for _ in range(times):
        kind = chance.choice(kinds)
        counts[kind, attempt(kind, mutate(kind, chance))] += 1
    return counts


def test_mutated_answers() -> None:
    counts = run_mutations(400, seed=11)
    assert {kind for kind, _ in counts} == set(SEEDS)
    assert {how for _, how in counts} == {"decoded", "refused"}


@pytest.mark.study
def test_a_hundred_thousand_mutated_answers() -> None:
    counts = run_mutations(100_000, seed=12)
    print()
    for (kind, how), number in sorted(counts.items()):
        print(f"{number:>8,}  {kind}: {how}")
    assert sum(counts.values()) == 100_000


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8)
    | st.sampled_from(["1.0", ".5", "433", "2000 SG344"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)  # fmt: skip


@pytest.mark.parametrize("kind", SEEDS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_value_in_any_place(kind: str, data: st.DataObject) -> None:
    content = copy.deepcopy(SEEDS[kind])
    path = data.draw(st.sampled_from(PLACES[kind]))
    holder = content
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = data.draw(json_values)
    attempt(kind, json.dumps(content).encode())


@pytest.mark.parametrize("kind", SEEDS)
@settings(max_examples=25, deadline=None)
@given(content=st.dictionaries(st.sampled_from(["signature", "data", "fields", "count", "message",
                                                "error", "code", "list", "object", "orbit"]),
                               json_values), raw=st.binary(max_size=40))  # fmt: skip
def test_any_answer_at_all(kind: str, content: dict[str, Any], raw: bytes) -> None:
    assert attempt(kind, raw) == "refused"
    attempt(kind, json.dumps(content).encode())


NUMBERS = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
HORIZONS = """API VERSION: 1.2
API SOURCE: NASA/JPL Horizons API

Target body name: 1 Ceres (A801 AA)               {source: JPL#48}
Center body name: Sun (10)                        {source: DE441}
            JDTDB,            Calendar Date (TDB),   X,  Y,  Z,  VX,  VY,  VZ,  LT,  RG,  RR,
****
$$SOE
2451544.5, A.D. 2000-Jan-01, -2.3E+00, 8.0E-01, 4.6E-01, -3.6E-03, -1.0E-02, 3.3E-04, 1E-02, 2, 1,
$$EOE
****
"""


@settings(max_examples=60, deadline=None)
@given(at=st.floats(0, 1), piece=st.text(max_size=4), length=st.integers(0, 30))
def test_any_damage_to_a_table_of_horizons(at: float, piece: str, length: int) -> None:
    start = int(at * len(HORIZONS))
    text = HORIZONS[:start] + piece + HORIZONS[start + length :]
    data = text.encode("utf-8", "replace")
    try:
        frame = horizons.decode("vectors", data.decode(), lambda line: None)
    except ValueError as error:
        assert "\n" not in str(error)
        assert type(error).__module__.startswith("survey.")
        return
    names = ["jd_tdb", "x_au", "y_au", "z_au", "vx_au_d", "vy_au_d", "vz_au_d"]
    assert list(frame.columns) == names
    printed = {float(number) for number in re.findall(NUMBERS, data.decode())}
    assert set(frame.to_numpy().ravel()) <= printed
