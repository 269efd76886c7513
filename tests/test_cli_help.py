"""What the command says of itself: help, version, completion; with nothing heavy loaded."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from survey import __version__
from survey.cli.verbs import survey


def said(capfd: pytest.CaptureFixture[str], *words: str) -> str:
    """Return standard output; the rest must be silence and success."""
    capfd.readouterr()
    assert not survey.main(list(words), prog_name="survey", standalone_mode=False)
    out, err = capfd.readouterr()
    assert err == ""
    return out


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["--version"], ["rnu"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys\nfrom survey.cli import main\n"
        f"try: main({words!r})\nexcept SystemExit: pass\n"
        "heavy = {'numpy', 'pandas', 'astropy', 'numba', 'matplotlib', 'rich', 'scipy', 'typst'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[]"


def test_help_names_every_verb(capfd: pytest.CaptureFixture[str]) -> None:
    shown = said(capfd, "--help")
    for verb in ("run", "import", "search", "rank", "report", "porkchop", "show", "completion"):
        assert re.search(rf"^  {verb} ", shown, re.MULTILINE)
    assert said(capfd) == shown


def test_version(capfd: pytest.CaptureFixture[str]) -> None:
    assert said(capfd, "--version") == f"survey {__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(capfd: pytest.CaptureFixture[str], shell: str) -> None:
    assert f"_SURVEY_COMPLETE={shell}_complete" in said(capfd, "completion", shell)


def test_bash_completes_verbs_and_options() -> None:
    script = (
        f'survey() {{ {sys.executable} -m survey.cli "$@"; }}; export -f survey\n'
        "COMP_WORDS=(survey sh) COMP_CWORD=1 _SURVEY_COMPLETE=bash_complete\n"
        "export COMP_CWORD _SURVEY_COMPLETE\n"
        f'COMP_WORDS="survey po" {sys.executable} -m survey.cli\n'
        f'COMP_CWORD=3 COMP_WORDS="survey porkchop --kind r" {sys.executable} -m survey.cli\n'
    )
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=env)
    assert done.stdout.split() == ["plain,porkchop", "plain,rendezvous"]
