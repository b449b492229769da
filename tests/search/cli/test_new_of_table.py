"""`studyhall new --table`: the file it writes is a study that runs as it is, and says what the table asks for."""

import csv
import random
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from models.datasets.dataset_config import Table
from models.datasets.import_dataset import import_dataset
from models.datasets.source import training_examples
from search.config import study_files
from search.config.study_files import NamedStudy
from tests.support.commands import Outcome, invoke

Rows = list[dict[str, object]]


def stones(rows: int = 60) -> Rows:
    """Rows with a column that counts them, a name each, missing weights, and a kind that is nearly always the same."""
    draw = random.Random(0)
    return [
        {
            "id": row + 1,
            "name": f"stone {row}",
            "colour": draw.choice(["grey", "red"]),
            "weight": "" if row % 9 == 0 else round(draw.gauss(3, 1), 3),
            "found": f"2024-03-{1 + row % 28:02d}",
            "empty": "",
            "kind": "granite" if row % 10 else "basalt",
            "price": round(draw.gauss(50, 9), 2),
        }
        for row in range(rows)
    ]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Rows], Path]:
    """Write rows into a file of the current folder, which is of this test alone."""
    monkeypatch.chdir(tmp_path)

    def write(rows: Rows) -> Path:
        with (tmp_path / "stones.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        return tmp_path

    return write


NAMES = (f"found_{number}" for number in count())  # a loaded study file is a module, and may hide no other one


def said(name: str, *arguments: str) -> Outcome:
    return invoke("studyhall.command", "new", name, "--table", "stones.csv", *arguments)


def written(*arguments: str) -> NamedStudy:
    """The study that the command writes."""
    done = said(name := next(NAMES), *arguments)
    assert done.exit_code == 0, done.output
    return study_files.load(f"{name}.py")


def test_it_says_what_the_table_asks_for(write: Callable[[Rows], Path]) -> None:
    write(stones())
    named = written("--label", "kind")
    study, text = named.study, named.text
    assert study.objective.metric == "average_precision"
    assert '# 54 of 60 rows are of the class "granite": accuracy would tell little.' in text
    assert study.folds == 5
    assert study.data.leave_out == ("id", "empty")  # type: ignore[union-attr]
    assert '"id",  # it counts the rows' in text
    assert study.data.missing == "median"  # type: ignore[union-attr]
    assert study.epochs == 100


@pytest.mark.parametrize(("common", "rare"), [("granite", "slate"), ("granite", "basalt"), ("10", "9"), ("1.0", "0.0")])
def test_average_precision_is_of_the_rare_class_of_two(
    write: Callable[[Rows], Path], tmp_path: Path, common: str, rare: str
) -> None:
    write([row | {"kind": common if row["kind"] == "granite" else rare} for row in stones()])
    study = written("--label", "kind").study
    assert study.objective.metric == "average_precision"
    assert isinstance(study.data, Table)
    source = import_dataset(study.data, tmp_path / "imports", 0, [Path.cwd()], anew=True)
    assert training_examples(source).classes[1] == rare.removesuffix(".0")


def test_of_more_classes_all_count(write: Callable[[Rows], Path]) -> None:
    write([row | {"kind": "slate" if place == 1 else row["kind"]} for place, row in enumerate(stones())])
    study = written("--label", "kind").study
    assert study.objective.metric == "macro_f1"
    assert isinstance(study.data, Table)
    assert not study.data.positive


def test_many_rows_and_even_classes_need_none_of_that(write: Callable[[Rows], Path]) -> None:
    write([{"a": row % 7, "b": (row * 13) % 11, "name": f"n{row}", "kind": row % 3} for row in range(4000)])
    named = written("--label", "kind")
    study, text = named.study, named.text
    assert (study.objective.metric, study.folds, study.epochs) == ("accuracy", 1, 24)
    assert study.data.leave_out == ("name",)  # type: ignore[union-attr]
    assert '"name",  # it has 4000 different texts' in text
    assert study.data.missing is None  # type: ignore[union-attr]


@pytest.mark.slow
@pytest.mark.parametrize("predicted", [("--label", "kind"), ("--target", "price")], ids=["classes", "numbers"])
def test_the_new_study_is_searched_as_it_is(predicted: tuple[str, str], write: Callable[[Rows], Path]) -> None:
    write(stones(120))
    study = written(*predicted).path
    done = invoke("search.run", "--study", study, "--trials", "3", "--epochs", "2", "--workers", "0")
    assert done.exit_code == 0, done.output
    assert "3 trials: 3 complete" in done.output


@pytest.mark.parametrize(
    ("arguments", "what", "remedy"),
    [
        ([], "the column to predict is not named", "name it with --label if it has classes, with --target if it has"),
        (["--label", "kinds"], "stones.csv has no column 'kinds'", "name it with --label if it has classes"),
        (["--label", "kind", "--target", "price"], "--label and --target are two things to predict", "give --label"),
        (["--label", "kind", "--table", "no.csv"], "no.csv cannot be read: No such file", "check that it is a file"),
    ],
)
def test_what_cannot_be_is_refused(arguments: list[str], what: str, remedy: str, write: Callable[[Rows], Path]) -> None:
    folder = write(stones())
    done = said(name := next(NAMES), *arguments)
    assert done.exit_code == 2
    fact, to_do = done.lines
    assert fact.startswith(f"error: {what}")
    assert to_do.strip().startswith(remedy)
    assert not (folder / f"{name}.py").exists()


def test_a_column_without_a_table_is_refused(write: Callable[[Rows], Path]) -> None:
    write(stones())
    done = invoke("studyhall.command", "new", next(NAMES), "--label", "kind")
    assert done.exit_code == 2
    assert done.lines[0] == "error: --label goes with --table"
