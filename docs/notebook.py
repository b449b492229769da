"""python -m docs.notebook: writes examples/digits.ipynb from the cells of examples/digits.py.

The script is what is changed; a notebook of the same cells is for those who open one. It has no outputs: they are made
by whoever runs it.
"""

import re
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

SCRIPT = Path(__file__).parents[1] / "examples" / "digits.py"
NOTEBOOK = SCRIPT.with_suffix(".ipynb")
PREFACE = "# A search from Python\n\nIt takes seconds, on digits that scikit-learn brings. Run all cells in order."


def notebook() -> str:
    """Return the notebook as JSON."""
    _, *parts = re.split(r"^# %% (.+)\n", SCRIPT.read_text(encoding="utf-8"), flags=re.M)
    cells = [new_markdown_cell(PREFACE, id="preface")]
    for number, (title, code) in enumerate(zip(parts[::2], parts[1::2], strict=True)):
        cells += [
            new_markdown_cell(f"## {title}", id=f"title-{number}"),
            new_code_cell(code.strip(), id=f"cell-{number}"),
        ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made = new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})
    return str(nbformat.writes(made)) + "\n"


if __name__ == "__main__":
    NOTEBOOK.write_text(notebook(), encoding="utf-8")
