"""The group of verbs: near misses are suggested, and each way out of a verb is ours."""

from __future__ import annotations

import contextlib
import difflib
import signal
from types import FrameType
from typing import Any

import click

_received: list[int] = []


class Stopped(Exception):  # noqa: N818  (not an error: somebody wanted it)
    """The way out of a verb that was interrupted, or whose reader went away."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def catch_signals() -> None:
    """Let Ctrl-C and SIGTERM leave a verb in the same orderly way."""
    _received.clear()
    with contextlib.suppress(ValueError):  # not the main thread: whoever called us decides
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _stop)


def _stop(number: int, _frame: FrameType | None) -> None:
    _received.append(number)
    raise KeyboardInterrupt


class Verbs(click.Group):
    """A click group that teaches the right verb and leaves signals to us."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; hand on what click would print in its own way."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise Stopped(141) from None
        except (KeyboardInterrupt, Exception) as error:
            # A compiled kernel that a signal hits fails with an exception of its own.
            if isinstance(error, KeyboardInterrupt) or _received:
                raise Stopped(128 + (_received or [signal.SIGINT])[0]) from None
            raise

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb, or say which one was probably meant."""
        word = args[0]
        if self.get_command(ctx, word) is None and not word.startswith("-"):
            verbs = self.list_commands(ctx)
            near = difflib.get_close_matches(word.lower(), verbs, n=1, cutoff=0.5)
            advice = f"did you mean {near[0]!r}?" if near else f"write one of {', '.join(verbs)}"
            raise click.ClickException(f"{word!r} is not a verb of survey: {advice}")
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Verbs in the order in which a reader meets them, not by alphabet."""
        return list(self.commands)
