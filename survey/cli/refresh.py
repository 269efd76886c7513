"""``survey refresh``, ``schedule`` and ``prune``: the catalogue kept current, unattended."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import click

from survey.cli.screen import print_json

_FOLDER = click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the snapshots.  [default: catalogs here, or the platform's data folder]",
)


def register(group: click.Group) -> None:
    """Add the verbs of this module to the command."""
    for verb in (refresh, schedule, prune):
        group.add_command(verb)


@click.command()
@_FOLDER
@click.option("--date", metavar="YYYY-MM-DD", help="Date of the snapshot.  [default: today, UTC]")
@click.option("--keep-raw", is_flag=True, help="Keep JPL's answer beside it, compressed.")
@click.option(
    "--accept-loss", is_flag=True, help="Accept the loss of more than 2 % of all objects."
)
@click.option("--no-wait", is_flag=True, help="Leave (status 3) if another refresh is at work.")
@click.option(
    "--window",
    nargs=2,
    metavar="FROM TO",
    help="Days of the close approaches.  [default: this January, and 13 years on]",
)
@click.option("--url", metavar="URL", help="A mirror instead of JPL (or set SURVEY_JPL_URL).")
@click.option("--contact", metavar="ADDRESS", help="Named to JPL (or set SURVEY_CONTACT).")
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    help="Longest time for one question to JPL.  [default: 600]",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
@click.option("--quiet", "-q", is_flag=True, help="No progress on standard error.")
def refresh(
    output: Path | None,
    no_wait: bool,
    url: str | None,
    contact: str | None,
    timeout: float | None,
    as_json: bool,
    quiet: bool,
    **choices: Any,
) -> int:
    """Fetch all near-Earth asteroids from JPL into a dated snapshot, and say what has changed.

    Exit status: 0 done, or nothing has changed; 3 JPL cannot be reached; 4 JPL's answer was
    refused; 2 something is wrong here. Unless it is 0, the last snapshot stays in use.
    refresh-status.json beside the snapshots says how the last refresh ended.
    """
    from dataclasses import replace

    from survey.catalog import RefusedError, ServiceDownError, open_door
    from survey.catalog import refresh as fetch

    def note(line: str) -> None:
        if not quiet:
            stamp = (
                "" if sys.stderr.isatty() else time.strftime("%Y-%m-%dT%H:%M:%SZ ", time.gmtime())
            )
            click.echo(f"{stamp}{'refresh':<10} {line}", err=True)

    door = open_door(url, contact=contact)
    if timeout is not None:
        door = replace(door, limits=replace(door.limits, total_s=timeout))
    try:
        report = fetch(destination=output, wait=not no_wait, door=door, note=note, **choices)
    except (ServiceDownError, RefusedError) as error:
        click.echo(f"survey: {' '.join(str(error).split())}", err=True)
        return 3 if isinstance(error, ServiceDownError) else 4
    if as_json:
        print_json(
            {
                "snapshot": str(report.path),
                "unchanged": report.unchanged,
                "objects": report.objects,
                "rejected": len(report.rejected),
                "changes": None if report.changes is None else report.changes.counts,
                "warnings": list(report.warnings),
            }
        )
        return 0
    click.echo(report.summary())
    click.echo(report.path)
    return 0


@click.command()
@click.argument("kind", type=click.Choice(["cron", "systemd", "github"]))
def schedule(kind: str) -> None:
    """Print a working entry that refreshes the catalogue every week, to standard output."""
    from survey.cli.schedule import entry

    click.echo(entry(kind), nl=False)


@click.command()
@_FOLDER
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    metavar="N",
    help="Snapshots to keep, counted from the newest.",
)
@click.option(
    "--runs",
    type=click.Path(path_type=Path, file_okay=False),
    multiple=True,
    help="Folder of runs whose snapshots stay; may be given again.  [default: reports]",
)
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
def prune(output: Path | None, keep: int, runs: tuple[Path, ...], dry_run: bool) -> None:
    """Remove old snapshots that a refresh has made.

    What was imported by hand stays, and so does a snapshot that a run was computed from.
    """
    from survey.catalog.retention import prune as remove
    from survey.catalog.snapshot import new_folder

    folder = output if output is not None else new_folder()
    done = remove(folder, keep, runs=runs or (Path("reports"),), dry_run=dry_run)
    for path, why in done.kept.items():
        click.echo(f"keep    {path.name}  ({why})")
    for path in done.removed:
        click.echo(f"{'would go' if dry_run else 'removed'}  {path.name}")
    what = "would be removed" if dry_run else "removed"
    click.echo(f"{len(done.removed)} {what}, {done.freed_bytes / 1e6:.1f} MB")
