"""The table of a notebook: shown once, then changed in its place."""

import sys
from pathlib import Path

import pytest

from models.errors import UserError
from search import LiveTable, run_study
from tests.support.runs import study_file

pytest.importorskip("IPython")


class Cell:
    """What a notebook shows below a cell."""

    def __init__(self) -> None:
        self.displayed, self.shown = 0, list[str]()

    def display(self, what: LiveTable, *, display_id: bool) -> "Cell":
        self.displayed += display_id
        self.update(what)
        return self

    def update(self, what: LiveTable) -> None:
        self.shown.append(what._repr_html_())


def test_a_search_changes_the_table_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cell = Cell()
    monkeypatch.setattr("IPython.display.display", cell.display)
    url, table = f"sqlite:///{tmp_path}/studies.db", LiveTable()
    run_study(study_file(tmp_path), storage=url, trials=4, workers=0, quiet=True, on_tick=table)
    assert cell.displayed == 1
    assert len(cell.shown) > 3
    assert "<td>4 of 4 over, 0 in training</td>" in cell.shown[-1]
    assert "trials       4 of 4 over, 0 in training" in repr(table)


def test_without_ipython_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "IPython.display", None)
    with pytest.raises(UserError, match="no IPython"):
        LiveTable()
