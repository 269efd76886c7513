"""The step that feels Earth's gravity as a user meets it: run, resume, show, porkchop, refusals."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from survey.cli import main
from survey.cli.workers import processes
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
from survey.transfer import make_ephemerides

CHOICES = """
[catalog]
targets = ["2000 SG344", "469219", "433"]
[window]
departure = "2028-01-01 to 2028-12-31 every 30 d"
tof = "60 d to 300 d every 30 d"
[parking]
orbit = "L2 halo southern"
size = "z 500000 km"
[three_body]
flyby_budget = "300 m/s"
rendezvous_budget = "1.2 km/s"
deep = 1
[report]
top = 2
"""

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def survey(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """Run the command in this process: status, standard output, standard error."""
    handlers = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    monkeypatch.delenv("SURVEY_DEBUG", raising=False)
    monkeypatch.delenv("SURVEY_CATALOGS", raising=False)

    def run(*words: object) -> tuple[int, str, str]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        caught = capfd.readouterr()
        return int(left.value.code or 0), caught.out, caught.err

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a run that `survey run` has completed; tests copy it or only read it."""
    folder = tmp_path_factory.mktemp("finished") / "deep"
    folder.mkdir()
    (folder / "run.toml").write_text(CHOICES, encoding="utf-8")
    with pytest.raises(SystemExit) as left:
        main(["run", str(folder), "--quiet"])
    assert not left.value.code
    return folder


def copy_of(folder: Path, old: str = "", new: str = "") -> Path:
    copy = Path(shutil.copytree(folder, "copy"))
    text = (copy / "run.toml").read_text(encoding="utf-8")
    assert old in text
    (copy / "run.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    return copy


def done_again(err: str) -> set[str]:
    steps = {line.split()[0] for line in err.splitlines() if "up to date" not in line}
    return steps & {"search", "compare", "three-body", "rank", "report"}


# --- the step ---------------------------------------------------------------------------------


def test_a_run_ends_with_both_rungs(finished: Path) -> None:
    table, provenance = read_table(finished / "three_body.ecsv", THREE_BODY)
    assert {"2000 SG344", "469219"} == set(table["designation"])
    assert provenance["transfers_sha256"] == file_digest(finished / "transfers.ecsv")
    assert provenance["parking"] == ("southern halo orbit about L2, z 500000 km, phase unknown")
    counts = provenance["counts"]
    assert (counts["asteroids"], counts["in_reach"]) == (3, 2)
    assert 0 < counts["converged"] <= counts["problems"]
    assert counts["assisted"] == table["assisted"].sum()
    unreached, _ = read_table(finished / "unreached.ecsv", UNREACHED)
    assert provenance["unreached_sha256"] == file_digest(finished / "unreached.ecsv")
    for kind in ("flyby", "rendezvous"):
        none = unreached[unreached["kind"] == kind]
        found = table.loc[table["kind"] == kind, "designation"].nunique()
        assert "433" in set(none["designation"])
        assert found + len(none) == counts[kind]["searched"] == 3
        assert counts[kind]["in reach"] == found
    ranking, beside = read_table(finished / "ranking.ecsv", RANKING)
    assert beside["three_body_sha256"] == file_digest(finished / "three_body.ecsv")
    row = ranking.set_index("designation")
    best = table[table["window"] == 1].set_index(["designation", "kind"])["dv_total_m_s"]
    ways, _ = read_table(finished / "departures.ecsv", DEPARTURES)
    assert provenance["departures_sha256"] == file_digest(finished / "departures.ecsv")
    assert len(ways) == 4 * 2  # all ways to the first of either kind
    others = ways[ways["strategy"] != "single impulse"].groupby(["designation", "kind"])
    cheapest = others["dv_total_m_s"].min()
    for (designation, kind), dv in best.items():
        assert row.loc[designation, f"{kind}_single_impulse_dv_m_s"] == dv
        other = cheapest.get((designation, kind), np.inf)
        wanted = other if dv >= 20.0 and other < dv else dv  # all arrive in time
        assert row.loc[designation, f"{kind}_three_body_dv_m_s"] == wanted
        assert (row.loc[designation, f"{kind}_strategy"] == "single impulse") == (wanted == dv)
        assert row.loc[designation, f"{kind}_fidelity"] == "three-body"
    assert (row["rendezvous_strategy"] == "powered Earth swingby").any()
    assert row.loc["433", "fidelity"] == "two-body"  # Eros: several km/s


def test_what_is_done_is_not_done_again(survey: Command, finished: Path) -> None:
    copy = copy_of(finished)
    status, _, err = survey("run", copy)
    assert (status, done_again(err)) == (0, set())
    assert re.search(r"^three-body up to date, \d+ arcs$", err, re.MULTILINE)


@pytest.mark.parametrize(
    ("old", "new", "verb", "expected"),
    [
        ("deep = 1", "deep = 0", "three-body", {"three-body"}),
        ("deep = 1", "search = false", "rank", {"rank"}),
        ("top = 2", "top = 1", "rank", set()),
    ],
)
def test_only_what_depends_on_a_choice_is_done_again(
    survey: Command, finished: Path, old: str, new: str, verb: str, expected: set[str]
) -> None:
    status, out, err = survey(verb, copy_of(finished, old, new))
    assert (status, done_again(err)) == (0, expected)
    if new == "search = false":
        assert "three-body" not in out
        ranking, _ = read_table("copy/ranking.ecsv", RANKING)
        assert ranking["flyby_three_body_dv_m_s"].isna().all()


def test_the_verb_says_what_it_found_and_resumes(survey: Command, finished: Path) -> None:
    copy = copy_of(finished)
    before = (copy / "three_body.ecsv").read_bytes()
    (copy / "three_body.ecsv").unlink()
    status, out, err = survey("three-body", copy)
    assert (status, out) == (0, "copy/three_body.ecsv\n")
    assert (copy / "three_body.ecsv").read_bytes() == before
    assert "southern halo orbit about L2" in err
    for name in ("reach", "phases"):
        assert re.search(rf"^{name} +100 %, ", err, re.MULTILINE)
    assert re.search(r"2 of 3 asteroids in reach; .* [\d,]+ converged \(\d+ %\)", err)
    for kind in ("flyby", "rendezvous"):
        assert re.search(
            rf"^three-body {kind}, 3 searched: \d in reach, \d out of reach, \d not converged, "
            r"\d over budget, 0 no path$", err, re.MULTILINE,
        )  # fmt: skip
    facts = json.loads(survey("three-body", copy, "--json")[1])
    assert facts["counts"]["in_reach"] == 2
    assert facts["counts"]["flyby"]["searched"] == 3
    assert facts["unreached"] == "copy/unreached.ecsv"


def test_a_figure_that_no_arc_confirms_is_marked(survey: Command, finished: Path) -> None:
    # Less is allowed than the search needs for 2000 SG344, though a two-body arc would do with it.
    ranking, _ = read_table(finished / "ranking.ecsv", RANKING)
    row = ranking.set_index("designation").loc["2000 SG344"]
    lower, upper = row["rendezvous_dv_m_s"], row["rendezvous_three_body_dv_m_s"]
    assert row["rendezvous_unconfirmed"] == ""
    copy = copy_of(finished)
    arcs, made = read_table(copy / "three_body.ecsv", THREE_BODY)
    none, _ = read_table(copy / "unreached.ecsv", UNREACHED)
    gone = (arcs["designation"] == "2000 SG344") & (arcs["kind"] == "rendezvous")
    lost = none.iloc[[0]].assign(
        designation="2000 SG344", name="", kind="rendezvous", outcome="over budget",
        budget_m_s=lower + 1.0,
    )  # fmt: skip
    none = pd.concat([none, lost], ignore_index=True)
    ways, _ = read_table(copy / "departures.ecsv", DEPARTURES)
    ways = ways[(ways["designation"] != "2000 SG344") | (ways["kind"] != "rendezvous")]
    write_table(none, UNREACHED, copy / "unreached.ecsv", provenance={})
    write_table(ways, DEPARTURES, copy / "departures.ecsv", provenance={})
    for name in ("unreached", "departures"):
        made[f"{name}_sha256"] = file_digest(copy / f"{name}.ecsv")
    write_table(arcs[~gone], THREE_BODY, copy / "three_body.ecsv", provenance=made)
    status, out, err = survey("rank", copy)
    assert status == 0 and np.isfinite(upper)
    assert re.search(r"^rank +1 two-body rendezvous Δv unconfirmed$", err, re.MULTILINE)
    stops = out[out.index("Rendezvous") :]
    (line,) = [one for one in stops.splitlines() if "2000 SG344" in one]
    assert re.search(r"\*?!", line)
    assert "! = the same, though within the budget" in out and "2 = known" in out
    assert all(len(one) <= 80 for one in out.splitlines())
    facts = json.loads(survey("rank", copy, "--json")[1])
    told = {one["designation"]: one["unconfirmed"] for one in facts["rendezvous"]}
    assert told["2000 SG344"] == "over budget"
    out = survey("show", "2000 SG344", "--run", copy)[1]
    assert "rendezvous: two-body figure unconfirmed" in " ".join(out.split())


def test_arcs_belong_to_the_file_of_those_without(survey: Command, finished: Path) -> None:
    copy = copy_of(finished)
    path = copy / "unreached.ecsv"
    before = path.read_bytes()
    path.write_bytes(before.replace(b"# %ECSV 1.0", b"# %ECSV 1.1"))
    status, _, err = survey("rank", copy)
    assert status == 2 and len(err.splitlines()) == 1
    assert "unreached.ecsv is not what copy/three_body.ecsv was made with" in err
    status, _, err = survey("three-body", copy)
    assert (status, done_again(err)) == (0, {"three-body"})
    assert path.read_bytes() == before


def test_the_verb_needs_the_search_and_a_run_that_wants_it(survey: Command, finished: Path) -> None:
    copy = copy_of(finished)
    (copy / "transfers.ecsv").unlink()
    status, _, err = survey("three-body", copy)
    assert status == 2 and "`survey search copy` first" in err
    shutil.rmtree(copy)
    copy = copy_of(finished, "deep = 1", "search = false")
    status, _, err = survey("three-body", copy)
    assert status == 2 and "search = true" in err
    shutil.rmtree(copy)
    copy = copy_of(finished, "[catalog]\n", '[catalog]\nasteroids = "kepler"\n')
    status, _, err = survey("three-body", copy)
    assert status == 2 and 'asteroids = "n-body"' in err


def test_a_ranking_waits_for_the_step(survey: Command, finished: Path) -> None:
    copy = copy_of(finished)
    (copy / "three_body.ecsv").unlink()
    for verb in ("rank", "report"):
        status, _, err = survey(verb, copy)
        assert status == 2
        assert "three_body.ecsv is not there yet: run `survey three-body copy` first" in err


# --- one asteroid -----------------------------------------------------------------------------


def test_show_tells_both_rungs(survey: Command, finished: Path) -> None:
    status, out, _ = survey("show", "2000 SG344", "--run", finished)
    assert status == 0
    assert "n-body asteroid, two-body craft" in out
    assert "n-body asteroid, three-body craft" in out
    table, _ = read_table(finished / "three_body.ecsv", THREE_BODY)
    transfers, _ = read_table(finished / "transfers.ecsv", TRANSFERS)
    ways, _ = read_table(finished / "departures.ecsv", DEPARTURES)
    own = [t[t["designation"] == "2000 SG344"] for t in (table, transfers, ways)]
    shown = [line for line in out.splitlines() if re.match(r"(flyby|rendezvous) ", line)]
    assert len(shown) == len(own[0]) + len(own[1]) + len(own[2]) and len(own[2]) in (4, 8)
    (swing,) = [one for one in shown if "powered" in one and one.startswith("rendezvous")]
    best = own[2].set_index(["kind", "strategy"]).loc[("rendezvous", "powered Earth swingby")]
    assert f"{best['dv_total_m_s']:.0f}+" in swing and f"{best['saved_m_s']:.0f}" in swing
    assert re.search(r"by phase: best .*% of the phases within", out)
    facts = json.loads(survey("show", "2000 SG344", "--run", finished, "--json")[1])
    assert [one["dv_total_m_s"] for one in facts["three_body"]] == list(own[0]["dv_total_m_s"])
    assert [one["strategy"] for one in facts["departures"]] == list(own[2]["strategy"])


def test_a_printed_ranking_gives_both(survey: Command, finished: Path) -> None:
    out = survey("rank", finished)[1]
    assert all(len(line) <= 80 for line in out.splitlines())
    assert "2-body" in out and "three-body craft" in out
    facts = json.loads(survey("rank", finished, "--json")[1])
    first = facts["flyby"][0]
    assert first["fidelity"] == "three-body"
    assert first["dv_m_s"] == first["three_body_dv_m_s"] != first["two_body_dv_m_s"]


SMALL_MAP = (
    "--from", "2028-06-01", "--to", "2028-08-01", "--step", "30 d", "--tof-min", "150 d",
    "--tof-max", "210 d", "--tof-step", "30 d", "--kind", "flyby",
)  # fmt: skip


@pytest.mark.parametrize("phase", ["unknown", "2028-03-01"])
def test_a_map_on_both_rungs(survey: Command, finished: Path, phase: str) -> None:
    words = ("--fidelity", "three-body", "--phase-zero", phase, *SMALL_MAP, "--output", "map.svg")
    status, out, err = survey("porkchop", "2000 SG344", "--run", finished, *words)
    assert (status, out) == (0, "map.svg\n")
    assert err.startswith("map        9 cells")
    text = Path("map.svg").read_text(encoding="utf-8")
    assert "n-body asteroid, three-body craft" in text
    assert "n-body asteroid, two-body craft" in text


# --- bad input --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"300 m/s"', '"0 m/s"', "flyby_budget was given as"),
        ('"1.2 km/s"', '"-1 km/s"', "which is not positive"),
        ("halo southern", "hallo", "is no family known here: write L2 or L1, then halo northern"),
        ("halo southern", "lissajous", "Lissajous orbit, which never closes"),
        ("halo southern", "point", 'which has none: write size = ""'),
        ("z 500000 km", "z 9000000 km", "family at L2 has"),
        ("z 500000 km", "x 500000 km", "give its z_km or period_d or jacobi"),
        ("z 500000 km", "", "was given by nothing"),
        ("to 300 d", "to 60 d", "needs a span of both"),
        ("to 300 d", "to 40 yr", "the planets are known"),
        ("[three_body]\n", '[three_body]\nphase_zero = "unknown"\n', "move it to [parking]"),
    ],
)  # fmt: skip
def test_bad_choices(survey: Command, finished: Path, old: str, new: str, said: str) -> None:
    copy = copy_of(finished, old, new)
    status, out, err = survey("run", copy, "--quiet")
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1 and said in err, err


@pytest.mark.parametrize(
    ("target", "words", "said"),
    [
        ("2000 SG344", ("--model", "kepler"), "add --model n-body"),
        ("2000 SG344", ("--step", "1 d", "--tof-step", "1 d"), "take too long"),
        ("2000 SG344", ("--phase-zero", "soon"), "--phase-zero was given as"),
        ("2000 SG344", ("--phase-zero", "1950-01-01"), "phase zero was given as 1950"),
        ("2000 SG344", ("--tof-max", "40 yr"), "the planets are known"),
        ("2000 SG344", ("--tof-min", "300 d"), "needs a span of both"),
    ],
)
def test_bad_maps(
    survey: Command, finished: Path, target: str, words: tuple[str, ...], said: str
) -> None:
    whole = ("porkchop", target, "--run", finished, "--fidelity", "three-body", *words)
    status, out, err = survey(*whole)
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1 and said in err, err


def test_two_body_arcs_have_no_phase(survey: Command, finished: Path) -> None:
    whole = ("porkchop", "469219", "--run", finished, "--phase-zero", "2028-01-01")
    status, _, err = survey(*whole)
    assert status == 2 and "add --fidelity three-body" in err


# --- processes --------------------------------------------------------------------------------


def gone(number: int) -> bool:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            os.kill(number, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def test_processes_end_in_the_middle_of_their_work() -> None:
    with pytest.raises(KeyboardInterrupt), processes(1) as pool:
        number = pool.submit(os.getpid).result()
        pool.submit(time.sleep, 600)
        raise KeyboardInterrupt
    assert gone(number)


def test_processes_do_not_hear_ctrl_c(capfd: pytest.CaptureFixture[str]) -> None:
    with processes(1) as pool:
        number = pool.submit(os.getpid).result()
        os.kill(number, signal.SIGINT)
        assert pool.submit(int, 7).result() == 7
        assert pool.submit(os.getpid).result() == number
    assert capfd.readouterr().err == ""


def test_a_process_that_is_killed_is_a_sentence() -> None:
    with pytest.raises(ValueError, match="fewer --jobs") as caught, processes(1) as pool:
        number = pool.submit(os.getpid).result()
        slow = pool.submit(time.sleep, 600)
        os.kill(number, signal.SIGKILL)
        slow.result()
    assert not isinstance(caught.value, BrokenProcessPool)


def test_large_tasks_on_their_way_do_not_keep_us() -> None:
    code = (
        "import time\n"
        "from survey.cli.workers import processes\n"
        "if __name__ == '__main__':\n"
        "    with processes(1) as pool:\n"
        "        pool.submit(int).result()\n"
        "        pool.submit(time.sleep, 600)\n"
        "        for _ in range(4):\n"
        "            pool.submit(len, bytes(5_000_000))\n"
        "        time.sleep(1.0)\n"
        "        raise SystemExit(7)\n"
    )
    Path("parent.py").write_text(code, encoding="utf-8")
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    assert subprocess.run([sys.executable, "parent.py"], env=env, timeout=90).returncode == 7


def test_processes_do_not_outlive_their_parent() -> None:
    code = (
        "import os, time\n"
        "from survey.cli.workers import processes\n"
        "if __name__ == '__main__':\n"
        "    with processes(1) as pool:\n"
        "        print(pool.submit(os.getpid).result(), flush=True)\n"
        "        pool.submit(time.sleep, 600).result()\n"
    )
    Path("parent.py").write_text(code, encoding="utf-8")
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    parent = subprocess.Popen(
        [sys.executable, "parent.py"], stdout=subprocess.PIPE, text=True, env=env
    )
    assert parent.stdout is not None
    number = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert gone(number)


def test_processes_change_nothing(finished: Path) -> None:
    """The same chunks in other processes: the arcs of the table, to the last bit."""
    from survey.cli import source
    from survey.run import read_run
    from survey.transfer.three_body import search_three_body

    run = read_run(finished / "run.toml")
    origin = source.open_source(run, None)
    transfers, _ = read_table(finished / "transfers.ecsv", TRANSFERS)
    grid = source.grid_of(run)
    ephemerides = make_ephemerides(origin.catalog, grid)
    with processes(1) as pool:
        again = search_three_body(
            origin.catalog, source.orbit_of(run), source.window_of(run, grid),
            transfers=transfers, deep=run.deep, executor=pool,
            modes=0, ephemerides=ephemerides,
        ).arcs  # fmt: skip
    table, _ = read_table(finished / "three_body.ecsv", THREE_BODY)
    assert list(again["designation"]) == list(table["designation"])
    assert np.array_equal(again["dv_total_m_s"], table["dv_total_m_s"])
