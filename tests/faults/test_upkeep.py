"""Old snapshots go when asked, and the printed schedules work as they are."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from fault_tools import Command, take
from local_jpl import LocalJPL, wire

from survey.catalog import import_catalog, list_snapshots, prune

REPOSITORY = Path(__file__).parents[2]


def test_prune(jpl: LocalJPL, folder: Path, tmp_path: Path, command: Command) -> None:
    for day in range(1, 7):
        jpl.rows[day]["ma"] = wire(day + 0.5)
        jpl.changed()
        take(jpl, folder, tmp_path, date=f"2026-11-{day:02d}", keep_raw=day == 1)
    imported = import_catalog(
        folder / "neo-2026-11-01.raw.json.gz", destination=folder, date="2020-01-01"
    ).path
    run = tmp_path / "reports" / "mine"
    run.mkdir(parents=True)
    (run / "transfers.ecsv").write_text('# - {"provenance": {"snapshot": '
                                        '"neo-2026-11-02.ecsv.gz"}}\n')  # fmt: skip
    names = sorted(path.name for path in folder.iterdir())
    words = ("prune", "--output", folder, "--keep", "2", "--runs", tmp_path / "reports")
    dry = command(*words, "--dry-run")
    assert dry.status == 0
    assert sorted(path.name for path in folder.iterdir()) == names
    done = command(*words)
    assert [line.split()[-1] for line in done.out.splitlines() if line.startswith("removed")] == [
        line.split()[-1] for line in dry.out.splitlines() if line.startswith("would go")
    ]
    left = [path.name for path in list_snapshots([folder])]
    assert left == [
        "neo-2026-11-06.ecsv.gz", "neo-2026-11-05.ecsv.gz", "neo-2026-11-02.ecsv.gz",
        imported.name,
    ]  # fmt: skip
    assert not list(folder.glob("neo-2026-11-01*"))
    assert (folder / "neo-2026-11-06.changes.csv").exists()
    assert "neo-2026-11-02.ecsv.gz  (a run uses it)" in done.out
    assert "neo-2020-01-01.ecsv.gz  (not made by a refresh)" in done.out
    with pytest.raises(ValueError, match="keep at least 1"):
        prune(folder, 0)
    assert command("prune", "--output", tmp_path / "nowhere").status == 2


@pytest.mark.parametrize("kind", ["cron", "systemd", "github"])
def test_schedule(kind: str, command: Command) -> None:
    text = command("schedule", kind).out
    assert "refresh" in text
    if kind == "github":
        assert text == (REPOSITORY / ".github" / "workflows" / "refresh.yml").read_text()
    if kind == "cron":
        (line,) = [line for line in text.splitlines() if not line.startswith("#")]
        minute, hour, day, month, weekday, *rest = line.split()
        assert 0 <= int(minute) < 60
        assert (hour, day, month, weekday) == ("4", "*", "*", "1")
        assert rest[0] == "cd"


def test_the_crontab_line_works(
    jpl: LocalJPL, tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "a folder 100% odd"
    take(jpl, here / "catalogs", tmp_path, date="2026-11-01")
    jpl.rows.pop()
    jpl.changed()
    monkeypatch.chdir(here)
    text = command("schedule", "cron").out
    line = text.splitlines()[-1].split(None, 5)[5].replace("\\%", "%")
    env = {"PATH": "/usr/bin:/bin", "SURVEY_JPL_URL": jpl.url, "HOME": str(tmp_path),
           "PYTHONPATH": str(REPOSITORY)}  # fmt: skip
    done = subprocess.run(["/bin/sh", "-c", line], cwd="/", env=env, check=False)
    log = (here / "refresh.log").read_text()
    assert done.returncode == 0, log
    assert "299 near-Earth asteroids from JPL" in log
    assert json.loads((here / "catalogs" / "refresh-status.json").read_text())["objects"] == 299


def test_the_workflow_is_sound_yaml() -> None:
    yaml = pytest.importorskip("yaml")
    told = yaml.safe_load((REPOSITORY / ".github" / "workflows" / "refresh.yml").read_text())
    steps = told["jobs"]["refresh"]["steps"]
    assert told["permissions"] == {"contents": "read"}
    assert told[True]["schedule"] == [{"cron": "17 4 * * 1"}]  # YAML 1.1 reads "on" as true
    runs = " ".join(step.get("run", "") for step in steps)
    assert "survey refresh" in runs and "survey run" in runs
    assert any("upload-artifact" in step.get("uses", "") for step in steps)


@pytest.mark.parametrize(("status", "goes_on"), [(0, True), (3, True), (4, False), (2, False)])
def test_the_workflow_goes_on_only_while_jpl_is_down(
    status: int, goes_on: bool, tmp_path: Path
) -> None:
    from survey.cli.schedule import WORKFLOW

    block = WORKFLOW.partition("        run: |\n")[2].partition("      - name:")[0]
    script = f"survey() {{ [ $1 = prune ] && {{ echo pruned; return 0; }}; return {status}; }}\n"
    done = subprocess.run(
        ["bash", "-e", "-c", script + block], capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0, "pruned" in done.stdout) == (goes_on, goes_on)
    assert ("::warning::" in done.stdout) == (status == 3)
