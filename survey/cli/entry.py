"""From the shell and back: every failure becomes one line and an exit status, never a traceback.

Exit status: 0 done, 1 a defect of the program, 2 something the user can put right, 3 a service is
down, 4 a service's answer was refused (both from `refresh`, see `survey.cli.refresh`), 130
interrupted, 141 the reader of our output went away, 143 terminated.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import warnings
from collections.abc import Sequence

import click

from survey.cli.group import Stopped, catch_signals
from survey.cli.verbs import survey

_STOPPED = {
    130: "interrupted; run the same command again to resume",
    143: "terminated; run the same command again to resume",
}
_ADVICE = {
    errno.ENOSPC: "free some space, then run the same command again",
    errno.EDQUOT: "free some space, then run the same command again",
    errno.EACCES: "give a file or folder you may use",
    errno.EPERM: "give a file or folder you may use",
    errno.EROFS: "give a folder you may write to",
    errno.ENOENT: "check the path",
    errno.ENOTDIR: "a part of the path is a file, so give another",
    errno.EEXIST: "give another path",
    errno.EISDIR: "give a file, not a folder",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and leave with its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after ``survey``; those of the process where not given.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words or os.environ.get("SURVEY_DEBUG", "0") not in ("", "0")
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a letter must not cost a run of an hour.
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    if not debug:
        warnings.formatwarning = one_line_warning
    catch_signals()
    sys.exit(_outcome(words, debug=debug))


def _outcome(words: list[str], *, debug: bool) -> int:
    try:
        status = survey.main(words, prog_name="survey", standalone_mode=False)
        sys.stdout.flush()
    except Stopped as stopped:
        return _leave(stopped.status)
    except BrokenPipeError:
        return _leave(141)
    except (KeyboardInterrupt, click.Abort):
        return _leave(130)
    except click.ClickException as error:
        _say(_usage(error))
        return 2
    except (ValueError, OSError, MemoryError) as error:
        if debug:
            raise
        _say(_trouble(error))
        return 2
    except Exception as error:
        if debug:
            raise
        _say(
            f"a defect of the program, not of your input: {type(error).__name__}: {error}; "
            "run it again as `survey --debug ...` for the details to report"
        )
        return 1
    return status if isinstance(status, int) else 0


def _leave(status: int) -> int:
    if status == 141:
        # `survey rank | head`: nobody reads on, so Python's last flush must not fail once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    else:
        if sys.stderr.isatty():
            print(file=sys.stderr)  # the terminal has just shown ^C
        _say(_STOPPED[status])
    return status


def _say(message: str) -> None:
    """One line on stderr, whatever the message."""
    with contextlib.suppress(OSError):
        print(f"survey: {' '.join(message.split())}", file=sys.stderr, flush=True)


def _usage(error: click.ClickException) -> str:
    message = error.format_message().rstrip(".")
    message = message[:1].lower() + message[1:]
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f"{message} (see `{error.ctx.command_path} --help`)"
    return message


def _trouble(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "out of memory: use longer steps or a shorter window in run.toml, or fewer --jobs"
    if not isinstance(error, OSError):
        return str(error)
    if error.errno is None:  # numpy reports a disk that fills up by a count of bytes
        return f"a file could not be written or read ({error}): see whether the disk is full"
    reason = (error.strerror or str(error) or type(error).__name__).lower()
    path = error.filename2 or error.filename
    advice = _ADVICE.get(error.errno, "")
    return f"{f'{path}: ' if path else ''}{reason}{f': {advice}' if advice else ''}"


def one_line_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    line: str | None = None,
) -> str:
    """Write a warning as the one line of this command."""
    return f"survey: warning: {' '.join(str(message).split())}\n"
