"""The source of a name: the statements that define it, and a hash that only they change."""

from pathlib import Path

import pytest

from models import source_code

FILE = """\
'''A study of mine.'''
from __future__ import annotations
import sys
import torch
from torch import nn
from search import Float, Study, run_study

WIDTHS = [8]
WIDTHS.append(16)  # for the large one
unused = 1 / 1


def block(width):
    return nn.Linear(192, WIDTHS[width])


# a remark
class Net(nn.Module):
    def __init__(self, width=0, classes=10):
        super().__init__()
        self.first = block(width)
        self.last = nn.Linear(WIDTHS[width], classes)

    def forward(self, x):
        return self.last(self.first(x.flatten(1)).relu())


study = Study(
    family=Net,
    data="digits",
    space={"learning_rate": Float(0.01, 1.0, log=True), "weight_decay": 0.0},
)
run_study(study)
if __name__ == "__main__":
    torch.manual_seed(0)
"""


def test_a_definition_is_what_a_name_needs_at_its_own_lines() -> None:
    lines, all_lines = source_code.definition(FILE, "Net").splitlines(), FILE.splitlines()
    assert all(line in ("", all_lines[number]) for number, line in enumerate(lines))
    kept = [line for line in lines if line and not line.startswith((" ", "#"))]
    assert kept == [
        "from __future__ import annotations", "from torch import nn", "WIDTHS = [8]",
        "WIDTHS.append(16)  # for the large one", "def block(width):", "class Net(nn.Module):",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("'''A study of mine.'''", "'''Mine.'''", True),
        ("0.01, 1.0", "0.1, 2.0", True),
        ("# a remark\n", "", True),
        ("unused = 1 / 1", "unused = 2", True),
        ("append(16)", "append(32)", False),
        ("relu", "tanh", False),
        ("nn.Linear(192, WIDTHS[width])", "nn.Linear(192, WIDTHS[width], bias=True)", False),
    ],
)
def test_a_model_is_known_by_what_it_is_made_of(old: str, new: str, same: bool, tmp_path: Path) -> None:
    assert old in FILE
    before, after = (
        source_code.digest(source_code.definition(it, "Net"), tmp_path) for it in (FILE, FILE.replace(old, new))
    )
    assert (before == after) == same


def test_a_model_is_known_by_what_it_imports_from_beside_it_too(tmp_path: Path) -> None:
    text = "from layers import block\nnet = block\n"
    (tmp_path / "layers.py").write_text("import more\nblock = 1\n")
    sums = [source_code.digest(text, tmp_path)]
    for name in ("more.py", "other.py", "layers.py"):
        (tmp_path / name).write_text("block = 2\n")
        sums.append(source_code.digest(text, tmp_path))
    assert sums[1] == sums[2]
    assert len(set(sums)) == 3


def test_a_notebooks_cells_define_each_name_as_it_was_run_last() -> None:
    cells = [
        "",
        "import torch\nfrom torch import nn",
        "%time x\nclass Net: one = 1",
        "x = = 1",
        "class Net: two = 2",
        "y = Net()",
    ]
    text = source_code.cells(cells)
    assert "two" in source_code.definition(text, "Net")
    assert "one" not in text
    assert source_code.cells([*cells, cells[1], cells[4]]).count("import torch") == 1
