"""The example: script and notebook have the same cells, and they run in a kernel, as a script's lines would."""

from pathlib import Path

import pytest

from tests.support.pages import ROOT, environment

pytest.importorskip("nbclient", reason="needs nbclient and ipykernel: pip install 'studyhall[test]'")

NOTEBOOK = ROOT / "examples" / "digits.ipynb"


def test_the_notebook_has_the_cells_of_the_script() -> None:
    from docs.notebook import notebook

    assert NOTEBOOK.read_text(encoding="utf-8") == notebook(), "run python -m docs.notebook"


@pytest.mark.slow
def test_the_notebook_runs_from_end_to_end(tmp_path: Path) -> None:
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}})
    client.execute(env=environment())  # raises what a cell raises
    shown = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert "<Result digits_example: finished, 24 of 24 trials over" in str(shown)
    assert "test_accuracy_mean" in str(shown)
    assert "Best(number=" in str(shown)
    assert (tmp_path / "runs" / "studies" / "digits_example" / "report.html").exists()
