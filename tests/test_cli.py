"""The command line as a user meets it: each verb on real orbits, a few dates, and its output."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from survey import __version__
from survey.catalog import read_snapshot
from survey.cli import main
from survey.run import default_run, read_run
from survey.tables import CATALOG, RANKING, TRANSFERS, read_table, write_table

# Three real asteroids, a year of departures: 13 x 11 cells each.
SMALL = """
[catalog]
targets = ["2000 SG344", "469219", "Apophis"]
[window]
departure = "2027-01-01 to 2027-12-31 every 30 d"
tof = "60 d to 360 d every 30 d"
[three_body]
search = false
[report]
top = 2
"""


@dataclass(frozen=True)
class Outcome:
    """What a process would have left: exit status, standard output, standard error."""

    status: int
    out: str
    err: str


Command = Callable[..., Outcome]


@pytest.fixture
def survey(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """Run the command in this process, which is twenty times faster than a new one."""
    handlers = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    monkeypatch.delenv("SURVEY_DEBUG", raising=False)
    monkeypatch.delenv("SURVEY_CATALOGS", raising=False)

    def run(*words: object) -> Outcome:
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        caught = capfd.readouterr()
        return Outcome(int(left.value.code or 0), caught.out, caught.err)

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test starts where a new user does."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a run that `survey run` has completed; tests copy it or only read it."""
    folder = tmp_path_factory.mktemp("finished") / "small"
    folder.mkdir()
    (folder / "run.toml").write_text(SMALL, encoding="utf-8")
    with pytest.raises(SystemExit) as left:
        main(["run", str(folder), "--quiet"])
    assert not left.value.code
    return folder


def copy_of(folder: Path) -> Path:
    copy = Path("copy")
    subprocess.run(["cp", "-a", folder, copy], check=True)
    return copy


def listing(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"/"
        for path in folder.rglob("*")
    }


# --- the main job -----------------------------------------------------------------------------


def test_run_writes_its_artefacts_and_ends_with_the_path(survey: Command) -> None:
    Path("small").mkdir()
    Path("small/run.toml").write_text(SMALL, encoding="utf-8")
    done = survey("run", "small")
    assert done.status == 0
    assert done.out.splitlines()[-1] == "small/report.pdf"
    assert Path("small/report.pdf").read_bytes().startswith(b"%PDF")
    transfers, provenance = read_table(Path("small/transfers.ecsv"), TRANSFERS)
    assert set(transfers["kind"]) == {"flyby", "rendezvous"}
    assert set(transfers["designation"]) == {"2000 SG344", "469219", "99942"}
    assert provenance["version"] == __version__
    assert provenance["run_digest"] == read_run("small/run.toml").digest
    assert len(provenance["snapshot_sha256"]) == 64
    assert str(Path.cwd()) not in Path("small/transfers.ecsv").read_text(encoding="utf-8")
    assert not Path("small/.partial").exists()
    for step in ("catalogue", "asteroids", "search", "compare", "rank", "report"):
        assert re.search(rf"^{step} ", done.err, re.MULTILINE)


def test_the_printed_list_is_the_ranking(survey: Command, finished: Path) -> None:
    done = survey("rank", finished)
    ranking, _ = read_table(finished / "ranking.ecsv", RANKING)
    for kind in ("flyby", "rendezvous"):
        head = f"{kind.capitalize()}: the 2 cheapest of 3 asteroids"
        block = done.out[done.out.index(head) :].splitlines()
        assert "two-body" in block[1]
        best = ranking.sort_values(f"{kind}_rank").iloc[0]
        assert block[5].split()[0] == "1"
        assert f"{best['designation']} {best['name']}".strip() in block[5]
        assert f" {best[f'{kind}_dv_m_s']:.0f} " in block[5]
        assert (" * " in block[5]) == bool(best[f"{kind}_within_budget"])
    assert all(len(line) <= 80 for line in done.out.splitlines())


def test_rank_prints_as_many_rows_as_asked(survey: Command, finished: Path) -> None:
    done = survey("rank", finished, "--top", 1)
    assert "Flyby: the cheapest of 3 asteroids" in done.out
    assert len(done.out.splitlines()) < len(survey("rank", finished, "--top", 3).out.splitlines())


def test_json_is_all_there_is_on_standard_output(survey: Command, finished: Path) -> None:
    copy = copy_of(finished)
    run = json.loads(survey("run", copy, "--json").out)
    rank = json.loads(survey("rank", copy, "--json").out)
    assert run.pop("report") == "copy/report.pdf"
    assert run == rank
    assert rank["asteroids"] == 3
    assert [row["rank"] for row in rank["flyby"]] == [1, 2]
    first = rank["rendezvous"][0]
    assert first["fidelity"] == "two-body"
    assert re.fullmatch(r"2027-\d\d-\d\d", first["departure"])
    assert first["dv_m_s"] > first["dv_departure_m_s"] > 0
    search = json.loads(survey("search", copy, "--json").out)
    assert (search["transfers"], search["asteroids"]) == ("copy/transfers.ecsv", 3)
    assert search["fidelity"] == ["two-body"]


def test_quiet_says_nothing_on_standard_error(survey: Command, finished: Path) -> None:
    copy = copy_of(finished)
    assert survey("search", copy, "--force", "--quiet").err == ""
    assert survey("rank", copy, "--force", "--quiet").err == ""


# --- resuming ---------------------------------------------------------------------------------


def steps_done(err: str) -> set[str]:
    """Steps that were really carried out, by what the log says."""
    steps = {line.split()[0] for line in err.splitlines() if "up to date" not in line}
    return steps - {"catalogue", "asteroids"}  # ephemerides are kept by user, not by run


@pytest.mark.parametrize(
    ("section", "line", "expected"),
    [
        ("", "", set()),
        ("report", 'title = "Another title"', {"report"}),
        ("spacecraft", 'propellant = "300 kg"', {"rank", "report"}),
        ("parking", 'orbit = "L1 halo northern"', {"search", "compare", "rank", "report"}),
        ("parking", 'orbit = "L2 halo southern"', set()),
        ("window", "max_revolutions = 0", {"search", "compare", "rank", "report"}),
        ("catalog", 'asteroids = "kepler"', {"search", "rank", "report"}),
    ],
    ids=["nothing", "title", "craft", "point", "orbit about it", "revolutions", "ellipses"],
)
def test_only_what_depends_on_a_changed_choice_is_done_again(
    survey: Command, finished: Path, section: str, line: str, expected: set[str]
) -> None:
    copy = copy_of(finished)
    toml = copy / "run.toml"
    head = f"[{section}]\n"
    if head in SMALL:
        text = SMALL.replace(head, f"{head}{line}\n")
    else:
        text = f"{SMALL}{head}{line}\n" if section else f"# a comment\n{SMALL}"
    toml.write_text(text, encoding="utf-8")
    done = survey("run", copy)
    assert done.status == 0
    assert steps_done(done.err) == expected


def test_a_damaged_table_is_made_again(survey: Command, finished: Path) -> None:
    copy = copy_of(finished)
    whole = (copy / "transfers.ecsv").read_bytes()
    (copy / "transfers.ecsv").write_bytes(whole[: len(whole) // 2])
    (copy / "report.pdf").unlink()
    done = survey("run", copy)
    assert steps_done(done.err) == {"search", "report"}
    assert (copy / "transfers.ecsv").read_bytes() == whole
    assert (copy / "report.pdf").read_bytes() == (finished / "report.pdf").read_bytes()


def test_threads_do_not_change_a_byte(survey: Command, finished: Path) -> None:
    copy = copy_of(finished)
    for jobs in (1, 3):
        (copy / "transfers.ecsv").unlink()
        assert survey("search", copy, "--jobs", jobs, "--quiet").status == 0
        name = "transfers.ecsv"
        assert (copy / name).read_bytes() == (finished / name).read_bytes()


def test_another_version_means_work_anew(
    survey: Command, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = copy_of(finished)
    monkeypatch.setattr("survey.cli.artefacts.__version__", "9.9.9")
    refused = survey("rank", copy)
    assert refused.status == 2
    assert __version__ in refused.err
    assert "9.9.9" in refused.err
    assert steps_done(survey("run", copy).err) == {"search", "compare", "rank", "report"}


def test_ranking_alone_gives_the_bytes_of_the_whole_run(survey: Command, finished: Path) -> None:
    copy = copy_of(finished)
    (copy / "ranking.ecsv").unlink()
    assert survey("rank", copy, "--quiet").status == 0
    assert (copy / "ranking.ecsv").read_bytes() == (finished / "ranking.ecsv").read_bytes()


def test_a_left_over_of_a_killed_process_is_swept(survey: Command, finished: Path) -> None:
    copy = copy_of(finished)
    (copy / ".ranking.ecsv.123.abcd.partial").write_text("cut")
    assert survey("rank", copy).status == 0
    assert not list(copy.glob(".*.partial"))


# --- a new run --------------------------------------------------------------------------------


def test_new_writes_a_commented_run(survey: Command) -> None:
    done = survey("run", "--new", "reports/mine")
    assert done == Outcome(0, "reports/mine/run.toml\n", "")
    assert read_run("reports/mine/run.toml").digest == default_run().digest
    again = survey("run", "--new", "reports/mine")
    assert again.status == 2
    assert "exists already" in again.err


# --- one asteroid -----------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["469219", "(469219)", "Kamo'oalewa", "kamoʻoalewa", "2016ho3"])
def test_show_in_any_spelling(survey: Command, target: str) -> None:
    done = survey("show", target)
    assert done.status == 0
    assert "469219" in done.out.splitlines()[0]
    assert "au" in done.out
    assert "survey run" in done.out  # no windows yet: says how to get them
    assert done.err == ""


def test_show_knows_the_windows_of_a_run(survey: Command, finished: Path) -> None:
    done = survey("show", "2000 SG344", "--run", finished)
    transfers, _ = read_table(finished / "transfers.ecsv", TRANSFERS)
    own = transfers[transfers["designation"] == "2000 SG344"]
    shown = [line for line in done.out.splitlines() if re.match(r"(flyby|rendezvous) ", line)]
    assert len(shown) == len(own) > 1
    assert "two-body" in done.out
    assert "Rank: flyby" in done.out


def test_show_as_json(survey: Command, finished: Path) -> None:
    facts = json.loads(survey("show", "469219", "--run", finished, "--json").out)
    assert facts["designation"] == "469219"
    assert {column.name for column in CATALOG.columns} <= set(facts)
    # Kamo'oalewa, H = 24.3: CNEOS and the literature give 40 to 100 m.
    assert 0.02 < facts["diameter_km_albedo_bright"] < facts["diameter_km_albedo_dark"] < 0.12
    assert facts["perihelion_au"] < 1 < facts["aphelion_au"]
    assert facts["ranking"]["fidelity"] == "two-body"
    assert all(re.fullmatch(r"202\d-\d\d-\d\d", one["departure"]) for one in facts["windows"])


@pytest.mark.parametrize(
    ("suffix", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")]
)
def test_porkchop_formats(survey: Command, finished: Path, suffix: str, magic: bytes) -> None:
    path = Path(f"map.{suffix}")
    for _ in range(2):  # the second overwrites the first with the same bytes
        before = path.read_bytes() if path.exists() else b""
        done = survey("porkchop", "apophis", "--run", finished, "--output", path)
        assert done == Outcome(0, f"map.{suffix}\n", "")
        assert path.read_bytes().startswith(magic)
        assert before in (b"", path.read_bytes())
    assert [one.name for one in Path.cwd().iterdir()] == [path.name]


def test_porkchop_takes_dates_and_times(survey: Command) -> None:
    window = ("--from", "2028-06-01", "--to", "2029-06-01", "--step", "20 d")
    times = ("--tof-min", "0.25 yr", "--tof-max", "1 yr", "--tof-step", "4 wk")
    done = survey("porkchop", "(99942)", "--kind", "flyby", *window, *times)
    assert done == Outcome(0, "porkchop-99942.png\n", "")
    assert Path("porkchop-99942.png").stat().st_size > 10_000


# --- models of the asteroids' motion ------------------------------------------------------------


def test_both_models_are_searched_and_shown(survey: Command, finished: Path) -> None:
    tables = {
        "n-body": read_table(finished / "transfers.ecsv", TRANSFERS)[0],
        "kepler": read_table(finished / "transfers-kepler.ecsv", TRANSFERS)[0],
    }
    ranking, _ = read_table(finished / "ranking.ecsv", RANKING)
    row = ranking[ranking["designation"] == "2000 SG344"].iloc[0]
    shown = {}
    for model, table in tables.items():
        assert set(table["asteroid_model"]) == {model}
        assert set(table["fidelity"]) == {"two-body"}
        shown[model] = survey("show", "2000 SG344", "--run", finished, "--model", model).out
        own = table[(table["designation"] == "2000 SG344") & (table["kind"] == "rendezvous")]
        for dv in own["dv_total_m_s"]:
            assert f" {dv:.0f} " in shown[model]
    assert "n-body asteroid, two-body craft" in shown["n-body"]
    assert shown["n-body"] == survey("show", "2000 SG344", "--run", finished).out
    assert "Kepler asteroid, two-body craft" in shown["kepler"]
    assert f"flyby {row['flyby_kepler_rank']}," in shown["kepler"]
    assert row["rendezvous_doubt"] and row["rendezvous_doubt"] in shown["n-body"]
    best = tables["kepler"].query("designation == '2000 SG344' and window == 1")
    for kind in ("flyby", "rendezvous"):
        dv = best.loc[best["kind"] == kind, "dv_total_m_s"].item()
        assert row[f"{kind}_kepler_dv_m_s"] == dv != row[f"{kind}_dv_m_s"]


def test_a_run_on_ellipses_has_no_n_body(survey: Command, finished: Path) -> None:
    copy = copy_of(finished)
    text = SMALL.replace("[catalog]\n", '[catalog]\nasteroids = "kepler"\n')
    (copy / "run.toml").write_text(text, encoding="utf-8")
    done = survey("run", copy)
    assert done.status == 0
    assert "Kepler asteroid, two-body craft" in done.out
    assert not re.search("^(asteroids|compare) ", done.err, re.MULTILINE)
    theirs, _ = read_table(finished / "transfers-kepler.ecsv", TRANSFERS)
    assert read_table(copy / "transfers.ecsv", TRANSFERS)[0].equals(theirs)
    refused = survey("show", "2000 SG344", "--run", copy, "--model", "n-body")
    assert (refused.status, refused.out) == (2, "")
    assert "on ellipses" in refused.err


def test_the_map_is_of_the_model_asked_for(survey: Command, finished: Path) -> None:
    maps = {}
    for model in ("n-body", "kepler"):
        path = Path(f"{model}.svg")
        done = survey("porkchop", "2000 SG344", "--run", finished, "--model", model, "-o", path)
        assert done == Outcome(0, f"{path}\n", "")
        maps[model] = path.read_text(encoding="utf-8")
    assert "n-body asteroid, two-body craft" in maps["n-body"]
    assert "Kepler asteroid, two-body craft" in maps["kepler"]


@pytest.fixture
def strange_catalogue(monkeypatch: pytest.MonkeyPatch) -> str:
    """Make the only snapshot one with an asteroid whose elements are of 1968."""
    frame = read_snapshot("latest")
    frame = frame[frame["designation"].isin(["2000 SG344", "469219", "99942", "433"])].copy()
    frame.loc[frame["designation"] == "433", "epoch_jd_tdb"] = 2_440_000.5
    Path("catalogs").mkdir()
    name = "neo-2030-01-01.ecsv.gz"
    write_table(frame, CATALOG, Path("catalogs") / name, provenance={"source": "made up"})
    monkeypatch.setenv("SURVEY_CATALOGS", str(Path.cwd() / "catalogs"))
    return name


def test_whoever_is_left_out_is_named(survey: Command, strange_catalogue: str) -> None:
    Path("odd").mkdir()
    text = SMALL.replace('"Apophis"', '"Apophis", "Eros"')
    Path("odd/run.toml").write_text(text, encoding="utf-8")
    done = survey("run", "odd")
    assert done.status == 0
    line = "1 asteroid (433 Eros): the epoch lies outside"
    assert f"left out   {line}" in done.err
    assert f"Left out: {line}" in done.out
    assert "of 3 asteroids" in done.out
    (reason,) = json.loads(survey("rank", "odd", "--json").out)["left_out"]
    assert (reason["count"], reason["asteroids"]) == (1, ["433 Eros"])
    assert json.loads(survey("search", "odd", "--json").out)["left_out"] == [reason]
    assert "left out, 433 Eros: the epoch" in survey("show", "eros", "--run", "odd").out
    kepler = survey("show", "eros", "--run", "odd", "--model", "kepler").out
    assert "Rank" not in kepler and "\nflyby " in kepler
    refused = survey("porkchop", "eros", "--run", "odd")
    assert refused.status == 2
    assert "no way to 433 Eros: the epoch lies outside" in refused.err
    assert survey("porkchop", "eros", "--run", "odd", "--model", "kepler").status == 0


def test_ranking_needs_the_snapshot_of_the_search(survey: Command, strange_catalogue: str) -> None:
    Path("odd").mkdir()
    Path("odd/run.toml").write_text(SMALL, encoding="utf-8")
    assert survey("search", "odd").status == 0
    elsewhere = Path("catalogs") / strange_catalogue
    elsewhere.rename("moved.ecsv.gz")
    refused = survey("rank", "odd")
    assert refused.status == 2
    assert strange_catalogue in refused.err and "--catalog" in refused.err
    assert survey("rank", "odd", "--catalog", "moved.ecsv.gz").status == 0


# --- company ----------------------------------------------------------------------------------


def test_two_surveys_do_not_share_a_run(survey: Command, finished: Path) -> None:
    copy = copy_of(finished)
    before = listing(copy)
    with (copy / ".lock").open("w") as held:  # as another process would
        fcntl.flock(held, fcntl.LOCK_EX)
        done = survey("run", copy)
    assert done.status == 2
    assert done.err.splitlines()[-1].startswith("survey: another survey is at work in copy")
    assert listing(copy) == before


def test_wait_waits(survey: Command, finished: Path) -> None:
    copy = copy_of(finished)
    held = (copy / ".lock").open("w")
    fcntl.flock(held, fcntl.LOCK_EX)
    threading.Timer(0.5, held.close).start()
    started = time.monotonic()
    done = survey("rank", copy, "--wait")
    assert done.status == 0
    assert "waiting" in done.err
    assert time.monotonic() - started > 0.4


# --- a terminal, a pipe -----------------------------------------------------------------------


def in_terminal(words: list[str], columns: int) -> str:
    """Run the command on a pseudo-terminal of that width; return what the screen received."""
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1]), "TERM": "xterm"}
    env.pop("NO_COLOR", None)
    env.pop("COLUMNS", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "survey.cli", *words], stdout=theirs, stderr=theirs, env=env
    )
    os.close(theirs)
    received = b""
    with contextlib.suppress(OSError):  # EIO is how a pseudo-terminal says that it is over
        while data := os.read(ours, 65536):
            received += data
    os.close(ours)
    assert process.wait(timeout=60) == 0
    return received.decode()


def test_a_terminal_gets_a_table_that_fits(finished: Path) -> None:
    screen = in_terminal(["rank", str(finished)], 80)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen)
    assert "───" in plain
    assert "2000 SG344" in plain
    assert max(len(line.rstrip()) for line in plain.splitlines()) <= 80


def test_a_closed_pipe_is_not_an_error(finished: Path) -> None:
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    process = subprocess.Popen(
        [sys.executable, "-m", "survey.cli", "rank", str(finished), "--quiet"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(timeout=60) == 141
