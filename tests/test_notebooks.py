"""The notebooks run from top to bottom offline, hold no results, and match their paired scripts."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

jupytext = pytest.importorskip("jupytext")
nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

REPOSITORY = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)

# Runs before the first cell: a notebook that reaches for the network fails instead of passing by
# luck. The kernel itself speaks to the test over the loopback address.
OFFLINE = """
import socket
_connect = socket.socket.connect
def _only_local(self, address):
    local = self.family == socket.AF_UNIX or address[0] in ("127.0.0.1", "::1", "localhost")
    if not local:
        raise OSError(f"a notebook tried to reach {address}")
    return _connect(self, address)
socket.socket.connect = _only_local
"""


def cells(notebook, kind):
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def test_there_are_notebooks_numbered_from_one():
    numbers = [int(path.stem.partition("_")[0]) for path in NOTEBOOKS]
    assert numbers == list(range(1, len(numbers) + 1)) and numbers


@each
def test_runs_offline(path, tmp_path, monkeypatch):
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(OFFLINE))
    monkeypatch.setenv(
        "PYTHONPATH", os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])
    )
    monkeypatch.delenv("MPLBACKEND", raising=False)  # the kernel chooses the inline backend
    client = nbclient.NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    outputs = [output for cell in cells(notebook, "code") for output in cell.outputs]
    figures = [output for output in outputs if "image/png" in output.get("data", {})]
    calls = sum(cell.source.count("= plot_") for cell in cells(notebook, "code"))
    assert len(figures) == calls > 0, "a figure was not shown"
    assert not [output for output in outputs if output.output_type == "error"]
    warnings = [o.text for o in outputs if o.get("name") == "stderr"]
    assert not warnings, warnings


@each
def test_holds_no_results(path):
    for cell in cells(nbformat.read(path, as_version=4), "code"):
        assert cell.outputs == [] and cell.execution_count is None


@each
def test_is_in_step_with_its_script(path):
    script = jupytext.read(path.with_suffix(".py"))
    notebook = jupytext.read(path)
    assert [(c.cell_type, c.source) for c in script.cells] == [
        (c.cell_type, c.source) for c in notebook.cells
    ], f"run `jupytext --sync {path.name}`"


@each
def test_defines_no_physics_of_its_own(path):
    tree = ast.parse(path.with_suffix(".py").read_text(encoding="utf-8"))
    forbidden = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    assert not [node for node in ast.walk(tree) if isinstance(node, forbidden)]
