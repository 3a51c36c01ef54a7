"""The example notebook runs from its first to its last cell, on a small lake made for it."""

import os
from pathlib import Path

import pytest

import analytics

nbclient = pytest.importorskip("nbclient", reason="what runs notebooks is not installed: `make extras`")
nbformat = pytest.importorskip("nbformat")

EXAMPLE = Path(analytics.__file__).parent / "notebooks" / "example.ipynb"


# The kernel's sockets and event loops end with warnings of their libraries, not of ours.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_example_runs(cascade: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(EXAMPLE, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)
    client = nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env=os.environ | {"PERP_KEEPER_LAKE": str(cascade), "IPYTHONDIR": str(tmp_path)})
    shown = "\n".join(str(output) for cell in notebook.cells for output in cell.get("outputs", ()))
    assert "27800.0" in shown
    assert "slope through the origin" in shown
    assert "unprofitable" in shown
    assert "image/png" in shown
    assert "'output_type': 'error'" not in shown
