"""What people and programs see: progress on stderr; tables and JSON on stdout."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Screen:
    """Standard error as this run should use it."""

    quiet: bool = False

    def note(self, step: str, text: str) -> None:
        """Print one line about a step."""
        if not self.quiet:
            click.echo(f"{step:<10} {text}", err=True)

    @contextmanager
    def progress(self, step: str, things: str) -> Iterator[Progress]:
        """Show progress while the block runs: a bar on a terminal, lines at 10 % in a log."""
        if self.quiet:
            yield lambda done, total: None
        elif sys.stderr.isatty():
            with _bar(step, things) as update:
                yield update
        else:
            yield _lines(step, things)


@contextmanager
def _bar(step: str, things: str) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar

    columns = (
        TextColumn(f"{step:<10}"),
        BarColumn(bar_width=30),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TextColumn(f"{things},"),
        TimeRemainingColumn(compact=True),
        TextColumn("left"),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(step, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(step: str, things: str) -> Progress:
    started = time.monotonic()
    said = 0

    def update(done: int, total: int) -> None:
        nonlocal said
        tenth = 10 * done // max(total, 1)
        if tenth > said:
            said = tenth
            elapsed = time.monotonic() - started
            click.echo(f"{step:<10} {10 * tenth} %, {done:,} of {total:,} {things}, "
                       f"{elapsed:.0f} s", err=True)  # fmt: skip

    return update


@dataclass(frozen=True)
class Column:
    """A column of a printed table: its head, the unit below, and whether it holds numbers."""

    head: str
    unit: str = ""
    number: bool = True


def print_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on stdout: with rich on a terminal, as aligned plain text elsewhere."""
    if sys.stdout.isatty():
        _rich_table(columns, rows)
        return
    lines = [[column.head for column in columns], [column.unit for column in columns], *rows]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    for line in lines:
        cells = [
            cell.rjust(width) if column.number else cell.ljust(width)
            for cell, width, column in zip(line, widths, columns, strict=True)
        ]
        click.echo("  ".join(cells).rstrip())


def _rich_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Two blanks between columns: all of them then fit a terminal of 80.
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(
            Text(f"{column.head}\n{column.unit}"),
            justify="right" if column.number else "left",
            no_wrap=True,
            overflow="ellipsis",
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(table)


def print_json(value: object) -> None:
    """Print JSON on stdout: dates and text as they are, a missing number as null."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def plain(value: Any) -> Any:
    """Turn a cell of a DataFrame into what JSON knows; NaN and NA into None."""
    import numpy as np
    import pandas as pd

    if isinstance(value, str | bool | None):
        return value
    if pd.isna(value):
        return None
    return value.item() if isinstance(value, np.generic) else value
