"""Bad input and bad luck: one sentence on standard error, status 2, and nothing half-written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from survey.cli import main

REPOSITORY = Path(__file__).parents[1]
SMALL = """
[catalog]
targets = ["2000 SG344"]
[window]
departure = "2027-01-01 to 2027-06-30 every 30 d"
tof = "30 d to 90 d every 10 d"
[three_body]
search = false
[report]
top = 1
"""
Refused = Callable[..., str]


def listing(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"/"
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SURVEY_DEBUG", raising=False)
    monkeypatch.delenv("SURVEY_CATALOGS", raising=False)
    return tmp_path


@pytest.fixture
def refused(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, here: Path
) -> Iterator[Refused]:
    """Run the command; check the form of the refusal; return its one line."""
    handlers = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)

    def run(*words: object) -> str:
        before = listing(here)
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        caught = capfd.readouterr()
        assert left.value.code == 2
        assert caught.out == ""
        assert "Traceback" not in caught.err
        assert len(caught.err.splitlines()) == 1
        assert caught.err.startswith("survey: ")
        assert listing(here) == before
        return caught.err

    yield run
    for number, handler in handlers.items():
        signal.signal(number, handler)


def small_run(name: str = "small", text: str = SMALL) -> Path:
    Path(name).mkdir(parents=True)
    Path(name, "run.toml").write_text(text, encoding="utf-8")
    return Path(name)


# --- words ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rnu"], ["'rnu'", "'run'"]),
        (["fly"], ["'fly'", "run, import, search"]),
        (["run", "--tpo", "3"], ["'--tpo'", "--top", "survey run --help"]),
        (["run", "--top", "many"], ["'--top'", "'many'", "whole number"]),
        (["run", "--top", "0"], ["'--top'", "0"]),
        (["run", "--jobs", "0"], ["'--jobs'", "0"]),
        (["show"], ["TARGET", "survey show --help"]),
        (["porkchop", "99942", "--kind", "landing"], ["'landing'", "'flyby', 'rendezvous'"]),
        (["completion", "tcsh"], ["'tcsh'", "'fish'"]),
        (["--colour"], ["'--colour'"]),
        (["run", "one", "two"], ["two"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_words(refused: Refused, words: list[str], said: list[str]) -> None:
    line = refused(*words)
    for part in said:
        assert part in line


# --- the run ----------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["run", "search", "rank", "report"])
def test_a_run_that_is_not_there(refused: Refused, verb: str) -> None:
    small_run("reports/march")
    line = refused(verb, "reports/mars")
    assert "reports/mars does not exist" in line
    assert "reports/march" in line
    assert "--new" in line


@pytest.mark.parametrize("verb", ["rank", "report"])
def test_a_step_too_early(refused: Refused, verb: str) -> None:
    assert "make it with `survey run`" in refused(verb)
    small_run()
    Path("small/.lock").touch()
    line = refused(verb, "small")
    assert "small/transfers.ecsv is not there yet" in line
    assert "`survey search small`" in line


def test_a_folder_without_choices(refused: Refused) -> None:
    Path("empty").mkdir()
    assert "empty holds no run.toml" in refused("run", "empty")


def test_a_file_that_is_no_run(refused: Refused) -> None:
    Path("notes.txt").touch()
    assert "notes.txt is neither" in refused("run", "notes.txt")
    assert "other.toml does not exist" in refused("run", "other.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[windw]\ntof = "30 d"', "did you mean 'window'?"),
        ('[window]\ntof = "30 to 60 d every 10 d"', "which has no unit"),
        ('[window]\ntof = "30 kg to 60 d every 10 d"', "which is not a time"),
        ('[window]\ntof = "60 d to 30 d every 10 d"', "60 d: swap the two"),
        ('[window]\ntof = "30 d to 60 d"', 'which lacks "every"'),
        ('[window]\ndeparture = "2027-01-01 to 2026-01-01 every 10 d"', "swap the two dates"),
        ('[window]\ndeparture = "2027-01-01 to 2028-01-01 every 0 d"', "which is not positive"),
        ('[window]\ndeparture = "2027-01-01 to 2028-01-01 every -5 d"', "which is not positive"),
        (
            '[window]\ndeparture = "2027-01-01 to 2037-01-01 every 1 min"\n'
            'tof = "30 d to 730 d every 1 min"',
            "GB",
        ),
        (
            '[window]\ndeparture_to = "2030-01-01"',
            'write departure = "2027-01-01 to 2030-01-01 every 10 d" in [window]',
        ),
        ('[parking]\npoint = "L1"', 'write orbit = "L1 halo northern" in [parking]'),
        ("[parking]\nmass_ratio = 3.0e-6", "leave out mass_ratio"),
        ('[three_body]\nsearch = false\n[parking]\norbit = "L2 hallo"', "no family known here"),
        ('[catalog]\ntargets = ["Kamoalewaa"]', "Kamo"),
        ('[catalog]\nsnapshot = "neo-1999-01-01.ecsv.gz"', "neo-1999-01-01.ecsv.gz"),
        (
            '[window]\ndeparture = "2065-06-01 to 2067-01-01 every 10 d"',
            "the planets are known",
        ),
        ("[window]\ntof = 30 d to 60 d every 10 d", "not a TOML file"),
    ],
)
@pytest.mark.parametrize("verb", ["run", "search"])
def test_bad_choices(refused: Refused, verb: str, text: str, said: str) -> None:
    small_run(text=text)
    assert said in refused(verb, "small")


def test_tables_of_other_choices(refused: Refused, capfd: pytest.CaptureFixture[str]) -> None:
    folder = small_run()
    with pytest.raises(SystemExit):
        main(["search", "small", "--quiet"])
    (folder / "run.toml").write_text(SMALL.replace("90 d", "120 d"), encoding="utf-8")
    line = refused("rank", "small")
    assert "other choices" in line
    assert "`survey search small`" in line


# --- targets and catalogues -------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["show", "porkchop"])
@pytest.mark.parametrize(
    ("target", "near"),
    [("Apofis", "Apophis"), ("2000 SG345", "2000 SG344"), ("Itokava", "Itokawa")],
)
def test_an_unknown_target(refused: Refused, verb: str, target: str, near: str) -> None:
    line = refused(verb, target)
    assert target in line
    assert near in line


@pytest.mark.parametrize("verb", [["run"], ["search"], ["show", "99942"], ["porkchop", "99942"]])
def test_a_catalogue_that_is_none(refused: Refused, verb: list[str]) -> None:
    Path("wrong.ecsv.gz").write_bytes(b"hello\n")
    assert "wrong.ecsv.gz" in refused(*verb, "--catalog", "wrong.ecsv.gz")
    assert "nowhere.ecsv.gz" in refused(*verb, "--catalog", "nowhere.ecsv.gz")


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\x01\x02", "Größe".encode("utf-16"), b"just words\n", b"\x1f\x8b\x08\x00cut"],
    ids=["empty", "binary", "utf-16", "words", "cut gzip"],
)
def test_a_bad_catalogue_file(refused: Refused, content: bytes) -> None:
    Path("file.csv").write_bytes(content)
    assert "file.csv" in refused("import", "file.csv", "--output", "mine")


def test_import_of_nothing(refused: Refused) -> None:
    assert "nowhere.csv" in refused("import", "nowhere.csv")


# --- the porkchop -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--step", "5"], '--step was given as "5", which has no unit'),
        (["--step", "0 d"], "--step"),
        (["--from", "2038-01-01"], "2038-01-01"),
        (["--from", "yesterday"], "--from"),
        (["--tof-max", "1 d"], "--tof-max"),
        (["--output", "map.jpg"], ".png, .pdf or .svg"),
        (["--output", "no/such/folder/map.png"], "no/such/folder"),
        (["--run", "nowhere"], "nowhere does not exist"),
        (
            ["--from", "2064-01-01", "--to", "2070-01-01"],
            "the planets are known for 1978-03-01 to 2065-12-28",
        ),
        (
            ["--from", "2064-01-01", "--to", "2070-01-01", "--model", "kepler"],
            "the planets are known for 1978-03-01 to 2065-12-31",
        ),
        (["--model", "magic"], "magic"),
    ],
)
def test_bad_porkchops(refused: Refused, words: list[str], said: str) -> None:
    assert said in refused("porkchop", "99942", *words)


# --- the disk ---------------------------------------------------------------------------------


def test_folders_that_cannot_be_made(refused: Refused) -> None:
    Path("reports").write_text("a file where a folder should be")
    assert "reports" in refused("run")
    assert "reports" in refused("run", "--new", "reports/mine")
    assert "/proc" in refused("run", "--new", "/proc/mine")
    assert "/proc" in refused("porkchop", "99942", "--tof-max", "60 d", "--output", "/proc/a.png")


def test_a_full_disk(here: Path) -> None:
    """A limit on the size of files is what root feels of a full disk."""
    small_run()
    code = (
        "import resource, sys\n"
        "from survey.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "main(['search', 'small', '--quiet', '--jobs', '1'])\n"
    )
    # A compiled kernel that is not cached yet would hit the limit first.
    with pytest.raises(SystemExit):
        main(["search", str(small_run("warm")), "--quiet", "--jobs", "1"])
    env = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("survey: ")
    left = {path.name for path in Path("small").iterdir()}
    assert left <= {"run.toml", ".lock", ".partial"}
    assert not list(Path("small").rglob("*.partial"))[1:]


# --- defects ----------------------------------------------------------------------------------


def test_a_defect_is_called_one(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("survey.cli.target.find", lambda name, catalog: {}["a bug"])
    with pytest.raises(SystemExit) as left:
        main(["show", "99942"])
    assert left.value.code == 1
    line = capfd.readouterr().err
    assert len(line.splitlines()) == 1
    assert "defect" in line
    assert "--debug" in line


@pytest.mark.parametrize("how", ["option", "environment"])
def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    if how == "environment":
        monkeypatch.setenv("SURVEY_DEBUG", "1")
    with pytest.raises(ValueError, match="nowhere"):
        main([*(["--debug"] if how == "option" else []), "run", "nowhere"])
