"""The command ``survey``: verbs that parse, call one public function and write one artefact."""

from survey.cli.entry import main

__all__ = ["main"]
