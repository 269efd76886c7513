"""Entries for the schedulers people have: cron, systemd, and a weekly workflow."""

from __future__ import annotations

import shlex
import shutil
import sys
import zlib
from pathlib import Path

WORKFLOW = """\
# Weekly: the catalogue of today, a run, and its report as an artefact.
# Printed by `survey schedule github`; a test keeps the two alike.
name: refresh

on:
  schedule:
    - cron: "17 4 * * 1"
  workflow_dispatch:

permissions:
  contents: read

concurrency:
  group: refresh
  cancel-in-progress: false

env:
  SURVEY_CATALOGS: ${{ github.workspace }}/snapshots

jobs:
  refresh:
    runs-on: ubuntu-latest
    timeout-minutes: 120
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
          cache: pip
          cache-dependency-path: pyproject.toml
      - name: Install
        run: python -m pip install '.[poliastro]'
      - name: Fetch the snapshots of earlier weeks
        uses: actions/cache/restore@v4
        with:
          path: snapshots
          key: snapshots-${{ github.run_id }}
          restore-keys: snapshots-
      - name: Refresh
        # 3: JPL is down, so the run goes on with the last snapshot. 4: refused, a person must look.
        run: |
          survey refresh || { status=$?; [ "$status" -eq 3 ] || exit "$status"; \\
            echo "::warning::JPL is down: the last snapshot stays in use"; }
          survey prune --keep 8
      - name: Keep the snapshots for next week
        uses: actions/cache/save@v4
        with:
          path: snapshots
          key: snapshots-${{ github.run_id }}
      - name: Run
        run: survey run
      - name: Publish the report
        uses: actions/upload-artifact@v4
        with:
          name: report
          path: |
            reports/default/report.pdf
            reports/default/ranking.ecsv
            snapshots/*.changes.csv
            snapshots/refresh-status.json
          if-no-files-found: error
      - name: Show how the refresh ended
        if: always()
        run: cat snapshots/refresh-status.json >> "$GITHUB_STEP_SUMMARY" || true
"""


def entry(kind: str) -> str:
    """Return a working entry for a scheduler.

    Parameters
    ----------
    kind : {"cron", "systemd", "github"}
        Which one.

    Returns
    -------
    str
        Text to be put where its first lines say.
    """
    if kind == "github":
        return WORKFLOW
    # JPL should not be asked by everybody at the same minute: ours is drawn from the folder's name.
    here = Path.cwd()
    minute = zlib.crc32(str(here).encode()) % 60
    return (_cron if kind == "cron" else _systemd)(here, _command(), minute)


def _cron(here: Path, command: str, minute: int) -> str:
    # In a crontab an unprotected % ends the command.
    line = f"cd {shlex.quote(str(here))} && {command} refresh >> refresh.log 2>&1"
    return (
        "# Mondays. Add this line with `crontab -e`. refresh.log grows by a few lines a week;\n"
        "# refresh-status.json beside the snapshots says how the last refresh ended.\n"
        "# Exit status: 0 done or unchanged, 3 JPL is down, 4 refused: look at it, 2 wrong input.\n"
        f"{minute} 4 * * 1  {line.replace('%', chr(92) + '%')}\n"
    )


def _systemd(here: Path, command: str, minute: int) -> str:
    folder, words = (_unit_text(text) for text in (str(here), command))
    return (
        "# ~/.config/systemd/user/survey-refresh.service\n"
        "[Unit]\n"
        "Description=Refresh the catalogue of near-Earth asteroids\n"
        "StartLimitIntervalSec=1d\n"
        "StartLimitBurst=6\n"
        "\n"
        "[Service]\n"
        "Type=oneshot\n"
        f"WorkingDirectory={folder}\n"
        f"ExecStart={words} refresh\n"
        "# 3: JPL is down, so try again in an hour; 2 and 4 want a person.\n"
        "Restart=on-failure\n"
        "RestartPreventExitStatus=1 2 4\n"
        "RestartSec=1h\n"
        "\n"
        "# ~/.config/systemd/user/survey-refresh.timer\n"
        "[Unit]\n"
        "Description=Refresh the catalogue of near-Earth asteroids every Monday\n"
        "\n"
        "[Timer]\n"
        f"OnCalendar=Mon *-*-* 04:{minute:02d}:00\n"
        "RandomizedDelaySec=30min\n"
        "Persistent=true\n"
        "\n"
        "[Install]\n"
        "WantedBy=timers.target\n"
        "\n"
        "# Put the two parts into the files named above, then:\n"
        "#   systemctl --user daemon-reload && systemctl --user enable --now survey-refresh.timer\n"
        "#   journalctl --user -u survey-refresh     shows what it said\n"
        "#   loginctl enable-linger                  lets it run while nobody is logged in\n"
    )


def _command() -> str:
    found = shutil.which("survey")
    if found:
        return shlex.quote(str(Path(found).absolute()))
    return f"{shlex.quote(sys.executable)} -m survey.cli"


def _unit_text(text: str) -> str:
    return text.replace("%", "%%")
