"""The program text that three-body results follow from, as one hash.

A version changes with a release, an algorithm whenever somebody edits it. Results kept on disk are
therefore filed under the bytes of the modules themselves: the one that searches a chunk and what
it imports, directly or not, of the parts of this program that compute.
"""

from __future__ import annotations

import ast
import hashlib
from functools import lru_cache
from importlib.resources import files
from typing import Final

ROOT: Final = "survey.transfer.three_body_chunk"
COMPUTING: Final = ("survey.astro", "survey.constants", "survey.ephemeris", "survey.transfer")
"""Others read choices and write tables: what comes of that is among a search's inputs."""


@lru_cache(maxsize=2)
def source_digest(root: str = ROOT) -> str:
    """Return the SHA-256 of the source of a module and what it imports, found out once."""
    total = hashlib.sha256()
    for name, source in sorted(sources_of(root).items()):
        total.update(f"{name} {len(source)} ".encode() + source)
    return total.hexdigest()


def sources_of(root: str) -> dict[str, bytes]:
    """Return the source of a module and of all it imports among `COMPUTING`.

    Parameters
    ----------
    root : str
        Name of a module, e.g. "survey.astro.reachable".

    Returns
    -------
    dict of bytes by name
        Packages above an imported module are left out: what they gather for their users has no
        part in its results. An import counts wherever in a module it stands.
    """
    found: dict[str, bytes] = {}
    waiting = [root]
    while waiting:
        name = waiting.pop()
        source = None if name in found else read_source(name)
        if source is not None:
            found[name] = source
            waiting += [one for one in _imports(source) if one.startswith(COMPUTING)]
    return found


def read_source(name: str) -> bytes | None:
    """Read the source of a module or package; None if that is neither, or has none here."""
    top, *parts = name.split(".")
    place = files(top).joinpath(*parts) if parts else files(top)  # imports nothing but the top
    whole = [place.joinpath("__init__.py")]
    if parts:
        whole.insert(0, files(top).joinpath(*parts[:-1], f"{parts[-1]}.py"))
    return next((one.read_bytes() for one in whole if one.is_file()), None)


def _imports(source: bytes) -> list[str]:
    """Return the names that a module imports; of ``from a import b`` both ``a`` and ``a.b``."""
    names: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names
