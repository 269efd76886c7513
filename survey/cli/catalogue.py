"""``survey import``: a file of somebody's catalogue becomes a dated snapshot of ours."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click

from survey.catalog import import_catalog
from survey.cli.offline import stay_offline
from survey.cli.screen import print_json
from survey.tables import write_bytes


def import_file(
    file: Path,
    *,
    output: Path | None,
    date: str | None,
    rejected: Path | None,
    as_json: bool,
) -> None:
    """Carry out ``survey import``."""
    stay_offline()
    if rejected is not None and not rejected.parent.is_dir():
        raise ValueError(f"{rejected.parent} is not a folder: make it, or give another --rejected")
    report = import_catalog(file, destination=output, date=date)
    if rejected is not None:
        write_bytes(report.rejected.to_csv(index=False).encode(), rejected)
    if as_json:
        # What follows the colon is particular to the row.
        counts = Counter(str(reason).partition(":")[0] for reason in report.rejected["reason"])
        print_json(
            {
                "snapshot": str(report.path),
                "format": report.format,
                "accepted": report.accepted,
                "rejected": dict(counts.most_common()),
            }
        )
        return
    click.echo(report.summary())
    if rejected is not None and len(report.rejected):
        click.echo(f"rejected rows are listed in {rejected}")
    click.echo(report.path)
