"""The verbs and their options. Only click is imported here: ``survey --help`` must be instant."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from survey import __version__
from survey.cli.group import Verbs
from survey.cli.refresh import register

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class _Count(click.IntRange):
    """A whole number from one up; the name is what click's messages call it."""

    name = "whole number"


_RUN = click.argument("run", type=click.Path(path_type=Path), required=False)
_TARGET = click.argument("target")
_CATALOG = click.option(
    "--catalog",
    metavar="FILE|latest",
    help="Snapshot to use instead of the one run.toml names.",
)
_MODEL = click.option(
    "--model",
    type=click.Choice(["n-body", "kepler"]),
    help="How the asteroid moves: among the planets, or on its ellipse.  [default: as the run]",
)
_IN_RUN = click.option(
    "--run",
    "run",
    type=click.Path(path_type=Path),
    help="Run whose choices and results to use.  [default: reports/default]",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
_QUIET = click.option("--quiet", "-q", is_flag=True, help="No progress on standard error.")
_FORCE = click.option("--force", is_flag=True, help="Do it again even if nothing has changed.")
_WAIT = click.option("--wait", is_flag=True, help="Wait while another survey uses this run.")
_TOP = click.option(
    "--top",
    type=_Count(min=1),
    metavar="N",
    help="Rows to print.  [default: top in run.toml]",
)
_JOBS = click.option(
    "--jobs",
    "-j",
    type=_Count(min=1),
    metavar="N",
    help="Threads and processes of the searches.  [default: one per processor]",
)


def _options(*options: Callable[[Decorated], Decorated]) -> Callable[[Decorated], Decorated]:
    def decorate(command: Decorated) -> Decorated:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@click.group(
    cls=Verbs,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="RUN is a folder with a run.toml (default: reports/default). TARGET is a number, name "
    "or designation in any spelling. Every Δv says on which rung of fidelity it stands.",
)
@click.version_option(__version__, prog_name="survey", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show a traceback on failure (or set SURVEY_DEBUG=1).")
@click.pass_context
def survey(context: click.Context, debug: bool) -> None:
    """Find the near-Earth asteroids that a craft waiting at Sun-Earth L2 can still reach.

    `survey run` answers it for the bundled catalogue: ranked targets, transfer windows, porkchop
    plots and a PDF in reports/default.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


@survey.command()
@_RUN
@click.option("--new", is_flag=True, help="Only write a commented run.toml into RUN, to edit.")
@_options(_CATALOG, _JOBS, _TOP, _FORCE, _WAIT, _JSON, _QUIET)
def run(run: Path | None, new: bool, **options: Any) -> None:
    """Do everything: catalogue, search, three-body, rank, report.

    What is there already and still matches run.toml, the snapshot and this program is kept, so a
    run that was interrupted resumes where it stopped. The last line printed is the report's path.
    """
    from survey.cli import steps
    from survey.cli.folder import write_new

    if new:
        click.echo(write_new(run))
        return
    steps.run(run, **options)


@survey.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the snapshot.  [default: catalogs here, or the platform's data folder]",
)
@click.option("--date", metavar="YYYY-MM-DD", help="Date of the snapshot.  [default: today, UTC]")
@click.option(
    "--rejected",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the rejected rows, with reasons, to this CSV file.",
)
@_JSON
def import_(file: Path, **options: Any) -> None:
    """Turn a catalogue FILE into a dated snapshot, offline.

    Understands MPC NEA.txt and MPCORB lines, nea_extended.json[.gz], SBDB Query CSV and JSON,
    and NEODyS/NEOCC .ke0 and .ke1.
    """
    from survey.cli import catalogue

    catalogue.import_file(file, **options)


@survey.command()
@_RUN
@_options(_CATALOG, _JOBS, _FORCE, _WAIT, _JSON, _QUIET)
def search(run: Path | None, **options: Any) -> None:
    """Search transfers to every asteroid: writes transfers.ecsv and transfers-kepler.ecsv."""
    from survey.cli import steps

    steps.search(run, **options)


@survey.command(name="three-body")
@_RUN
@_options(_CATALOG, _JOBS, _FORCE, _WAIT, _JSON, _QUIET)
def three_body(run: Path | None, **options: Any) -> None:
    """Search with Earth's gravity, from the parking orbit itself: writes three_body.ecsv.

    Begins where `survey search` left off. Whom it found no arc for, and why, is in unreached.ecsv;
    other ways of leaving the parking orbit, for the leading asteroids, are in departures.ecsv.
    What was found for an asteroid is kept, so a search that was interrupted resumes, and a new
    catalogue costs what is new in it.
    """
    from survey.cli import three_body as step

    step.three_body(run, **options)


@survey.command()
@_RUN
@_options(_CATALOG, _TOP, _FORCE, _WAIT, _JSON, _QUIET)
def rank(run: Path | None, **options: Any) -> None:
    """Rank the asteroids of a search: writes ranking.ecsv."""
    from survey.cli import steps

    steps.rank(run, **options)


@survey.command()
@_RUN
@_options(_CATALOG, _FORCE, _WAIT, _QUIET)
def report(run: Path | None, **options: Any) -> None:
    """Draw the figures and typeset report.pdf; prints its path."""
    from survey.cli import steps

    steps.report(run, **options)


@survey.command()
@_TARGET
@click.option(
    "--kind",
    type=click.Choice(["flyby", "rendezvous"]),
    default="rendezvous",
    show_default=True,
    help="Pass the asteroid, or stop at it.",
)
@click.option("--from", "departure_from", metavar="DATE", help="First departure.")
@click.option("--to", "departure_to", metavar="DATE", help="Last departure.")
@click.option("--step", "departure_step", metavar="TIME", help="Step of departures, e.g. '5 d'.")
@click.option("--tof-min", metavar="TIME", help="Shortest time of flight, e.g. '30 d'.")
@click.option("--tof-max", metavar="TIME", help="Longest time of flight, e.g. '2 yr'.")
@click.option("--tof-step", metavar="TIME", help="Step of the times of flight.")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="PNG, PDF or SVG file.  [default: porkchop-TARGET.png]",
)
@click.option("--show", is_flag=True, help="Open the figure, too.")
@click.option(
    "--fidelity",
    type=click.Choice(["two-body", "three-body"]),
    default="two-body",
    show_default=True,
    help="Heliocentric arcs, or these beside arcs that feel Earth's gravity.",
)
@click.option(
    "--phase-zero",
    metavar="DATE|unknown",
    help="When the craft is at phase zero of its parking orbit.  [default: as the run]",
)
@_MODEL
@_IN_RUN
@_CATALOG
def porkchop(target: str, **options: Any) -> None:
    """Draw one asteroid's Δv over departure date and time of flight.

    Dates and times that are not given are those of the run. With --fidelity three-body the dates
    default to half a year before and after the asteroid's best window, as a map of ten years would
    take an hour; if the craft's phase is unknown, each point of it has the best one.
    """
    from survey.cli import porkchop as one

    os.environ.setdefault("MPLBACKEND", "agg")
    one.porkchop(target, **options)


@survey.command()
@_TARGET
@_MODEL
@_IN_RUN
@_CATALOG
@_JSON
def show(target: str, **options: Any) -> None:
    """Show everything known of one asteroid, and its windows."""
    from survey.cli import target as one

    one.show(target, **options)


@survey.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    r"""Print the completion script of a shell.

    \b
    bash   eval "$(survey completion bash)"      in ~/.bashrc
    zsh    eval "$(survey completion zsh)"       in ~/.zshrc
    fish   survey completion fish > ~/.config/fish/completions/survey.fish
    """
    from click.shell_completion import ShellComplete, get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    # The base class's `source` prints the script without asking the installed shell its version.
    click.echo(ShellComplete.source(kind(survey, {}, "survey", "_SURVEY_COMPLETE")))


register(survey)
