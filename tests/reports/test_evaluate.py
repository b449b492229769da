"""The separate testing program: what it says agrees with the export's own test, and every opening is in the ledger."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from models.datasets.source import Examples, Source, training_examples
from models.errors import UserError
from models.files.model_description import Model
from models.files.model_file import load_model, write_model
from reports.evaluate import app, study_of
from reports.finalists.evaluation import Evaluation, evaluation
from search.record.record import Record
from search.record.rows import FinalistRow
from search.record.store import Store
from tests.support.ledger import read_signed

Asked = Callable[..., tuple[int, str]]


@pytest.fixture
def record(runs: Path) -> Record:
    found = Store(f"sqlite:///{runs}/studies.db", create=False).find("mlp@digits")
    assert found is not None
    return found


@pytest.fixture
def row(record: Record) -> FinalistRow:
    """One finalist as the export left it."""
    return record.finalists()[0]


@pytest.fixture
def model(record: Record, row: FinalistRow) -> Path:
    """Its file."""
    return record.folder / "finalists" / str(row.model)


@pytest.fixture
def asked(runs: Path) -> Asked:
    """Run the command; returns exit code and output."""

    def run(*arguments: object, storage: str = f"sqlite:///{runs}/studies.db") -> tuple[int, str]:
        result = CliRunner().invoke(app, [*map(str, arguments), "--storage", storage])
        return result.exit_code, result.output

    return run


def _changed(model: Path, **changes: object) -> Path:
    """The same model with other words in its file."""
    described, module = load_model(model)
    path = model.with_name("changed.safetensors")
    write_model(path, Model.model_validate(described.model_dump() | changes), module.state_dict())
    return path


def test_it_finds_what_the_export_found(model: Path, row: FinalistRow, digits: Source) -> None:
    described, module = load_model(model)
    found = evaluation(described, module, read_signed(digits))
    assert found.figure == row.test["accuracy"]
    assert found.loss == pytest.approx(row.test["loss"], abs=1e-6)  # summed in float32 there


def test_it_prints_loss_accuracy_every_class_and_the_confusion_matrix(asked: Asked, model: Path) -> None:
    code, output = asked("--model", model)
    assert code == 0
    assert re.search(r"^loss \d\.\d{4} \(cross entropy\)$", output, re.MULTILINE)
    assert re.search(
        r"^accuracy 0\.\d{4} of 359 images \(95% interval 0\.\d{4} to 0\.\d{4}, of other images", output, re.MULTILINE
    )
    assert "precision    recall  f1-score   support" in output
    assert len([line for line in output.splitlines() if line.split()[:2] == ["7", "7"]]) == 1  # a row of the matrix


def test_an_evaluation_is_entered_in_the_ledger(asked: Asked, model: Path, record: Record) -> None:
    before = record.ledger()
    _, output = asked("--model", model)
    line = record.ledger()[-1]
    assert len(record.ledger()) == len(before) + 1
    assert line.purpose.startswith(f"evaluation of {model.name}: test set of digits")
    assert (line.dataset, line.models, line.sha256) == ("digits", 1, record.fingerprint["data.sha256"])
    assert f"line {line.id} of the ledger, opened twice so far in this database" in output
    assert (line.kind, line.command) == ("evaluation", f"python -m reports.evaluate --model {model.name}")
    told = re.search(r"^accuracy (\d\.\d{4})", output, re.MULTILINE)
    assert told
    assert line.figures is not None
    assert line.figures[model.name] == pytest.approx(float(told[1]), abs=1e-4)


def test_a_model_without_its_study_is_not_tested(asked: Asked, model: Path, record: Record) -> None:
    about = {"study": "other", "trial": 1}
    code, output = asked("--model", _changed(model, about=about))
    assert code == 2
    assert "belongs to a study `other`, which is not in sqlite:///" in output
    assert "name the database that holds it with --storage" in output
    assert len(record.ledger()) == 1


def test_a_model_that_names_no_study_is_not_tested(asked: Asked, model: Path) -> None:
    code, output = asked("--model", _changed(model, about={}))
    assert code == 2
    assert "does not say which study it belongs to" in output


def test_a_model_of_other_data_than_the_study_is_not_tested(asked: Asked, model: Path, record: Record) -> None:
    code, output = asked("--model", _changed(model, data_sha256="0" * 64))
    assert code == 2
    assert "was trained on other data than the study `mlp@digits`" in output
    assert len(record.ledger()) == 1


def test_other_data_than_the_models_are_not_opened(asked: Asked, model: Path, record: Record) -> None:
    code, output = asked("--model", _changed(model, data="mnist"), "--data-dir", model.parent)
    assert code == 2
    assert "mnist is not on this machine" in output
    assert len(record.ledger()) == 1


def test_a_missing_database_is_told(asked: Asked, model: Path, tmp_path: Path) -> None:
    code, output = asked("--model", model, storage=f"sqlite:///{tmp_path}/none.db")
    assert code == 2
    assert "there is no database" in output


def test_a_missing_model_is_told(asked: Asked, tmp_path: Path) -> None:
    code, output = asked("--model", tmp_path / "none.safetensors")
    assert code == 2
    assert "there is no model file" in output


def test_a_model_of_an_archived_study_is_entered_there(model: Path, runs: Path) -> None:
    store = Store(f"sqlite:///{runs}/studies.db", create=False)
    begun = store.find("mlp@digits")
    assert begun is not None
    archived = store.archive("mlp@digits")
    store.begin("mlp@digits", begun.study, begun.fingerprint, begun.environment, begun.text)  # anew, without finalists
    moved = runs / "studies" / archived / "finalists" / model.name
    described, _ = load_model(moved)
    assert study_of(described, store, moved).name == archived


def test_a_study_in_use_is_told(asked: Asked, model: Path, record: Record) -> None:
    with record.lease("elsewhere:1"):
        code, output = asked("--model", model)
    assert code == 2
    assert "is being run by elsewhere:1" in output


def test_the_matrix_counts_rows_by_class_and_columns_by_answer() -> None:
    labels, answers = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 2, 1, 0, 2])
    found = Evaluation(labels, answers, ("cat", "dog", "ant"), 0.5, "cross entropy")
    assert found.confusion().tolist() == [[2, 0, 1], [1, 1, 0], [0, 0, 1]]
    assert found.figure == pytest.approx(4 / 6)
    assert found.text().splitlines()[-4:] == [
        "        0 1 2",
        "cat  0  2 . 1",
        "dog  1  1 1 .",
        "ant  2  . . 1",
    ]


def test_a_class_that_is_never_answered_has_precision_zero() -> None:
    found = Evaluation(np.array([0, 1]), np.array([0, 0]), ("cat", "dog"), 0.5, "cross entropy")
    dog = next(line for line in found.text().splitlines() if line.split()[:1] == ["dog"])
    assert dog.split() == ["dog", "0.0000", "0.0000", "0.0000", "1"]


def test_the_loss_is_the_recipes(model: Path, digits: Source) -> None:
    described, module = load_model(model)
    squared = described.model_copy(update={"recipe": described.recipe.model_copy(update={"loss": "squared_error"})})
    whole = training_examples(digits)
    some = Examples(whole.inputs[:50], whole.labels[:50], whole.classes)
    found = evaluation(squared, module, some)
    assert found.loss_name == "squared error"
    assert 0 <= found.loss <= 2  # of a distribution and a one-hot label


def test_a_file_that_is_no_model_is_refused_before_anything_is_opened(
    asked: Asked, tmp_path: Path, record: Record
) -> None:
    (tmp_path / "it.safetensors").write_bytes(b"garbage, and more of it")
    code, _ = asked("--model", tmp_path / "it.safetensors")
    assert code == 2
    assert len(record.ledger()) == 1


def test_a_model_without_a_database_row_of_its_own_is_entered_under_the_study_it_names(
    model: Path, runs: Path, record: Record
) -> None:
    described, _ = load_model(model)
    changed = _changed(model, about={**described.about, "seed": 99})
    store = Store(f"sqlite:///{runs}/studies.db", create=False)
    assert study_of(load_model(changed)[0], store, changed).name == "mlp@digits"


def test_the_database_is_shown_without_its_password(model: Path) -> None:
    class Elsewhere:
        masked = "postgresql://user:***@host/db"

        def names(self) -> list[str]:
            return []

        def find(self, name: str) -> None:
            return None

    with pytest.raises(UserError, match=r"\*\*\*@host"):
        study_of(load_model(model)[0], Elsewhere(), model)  # type: ignore[arg-type]
