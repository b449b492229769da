"""One table of all studies: published, reproduced, found; from what is recorded, with no test set opened."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from typer.testing import CliRunner

from reports import compare, comparison, comparison_table
from reports.finalists.predictions import FILE, read
from search.config.baseline import Baseline
from search.objective import Objective
from search.record.record import Record
from search.record.rows import FinalistRow
from search.record.store import Store

Asked = Callable[..., tuple[int, str]]


@pytest.fixture
def store(runs: Path) -> Store:
    return Store(f"sqlite:///{runs}/studies.db", create=False)


@pytest.fixture
def record(store: Store) -> Record:
    """The exported study, as if its baseline's author had published something."""
    found = store.find("mlp@digits")
    assert found is not None
    told = {"train_loss": 0.08, "test_accuracy": 0.9}
    baseline = Baseline(found.study.baselines[0].name, published=told, **found.study.baselines[0].parameters)
    found.study = found.study.model_copy(update={"baselines": (baseline,)})
    return found


@pytest.fixture
def asked(runs: Path, tmp_path: Path) -> Asked:
    """Run the command; returns exit code and output."""

    def run(*arguments: object) -> tuple[int, str]:
        result = CliRunner().invoke(compare.app, ["--storage", f"sqlite:///{runs}/studies.db", *map(str, arguments)])
        return result.exit_code, result.output

    return run


def _begun(store: Store, name: str) -> None:
    """Another study, of which nothing is exported."""
    like = store.find("mlp@digits")
    assert like is not None
    store.begin(name, like.study, like.fingerprint, like.environment, like.text)


def _best(record: Record) -> int:
    """The trial that the export ranked first."""
    return int(pd.read_csv(record.folder / "results.csv")["trial"][0])


def _row(frame: pd.DataFrame, what: str) -> Any:
    (row,) = frame[frame["what"] == what].to_dict("records")
    return row


# --- the frame --------------------------------------------------------------------------------------------------------


def test_published_stands_before_reproduced_before_found(record: Record) -> None:
    frame = comparison.comparison_frame([record])
    assert frame["what"].tolist() == ["published", "reproduced", "found"]
    assert frame["study"].tolist() == ["mlp@digits"] * 3
    assert frame["seeds"].tolist() == [pd.NA, 2, 2]


def test_what_was_published_has_no_interval(record: Record) -> None:
    row = _row(comparison.comparison_frame([record]), "published")
    assert (row["train_loss"], row["test_accuracy"]) == (0.08, 0.9)
    assert pd.isna([row["test_loss"], row["train_loss_low"], row["test_accuracy_high"], row["trial"]]).all()


def test_the_reproduced_row_is_the_baselines_means_over_seeds(record: Record) -> None:
    row = _row(comparison.comparison_frame([record]), "reproduced")
    mine = [it for it in record.finalists() if it.trial == 0]
    for figure in comparison.FIGURES:
        split, _, metric = figure.partition("_")
        values = [getattr(it, split)[metric] for it in mine]
        assert row[figure] == pytest.approx(np.mean(values), abs=1e-6)


def test_the_found_row_is_the_first_in_rank(record: Record) -> None:
    row = _row(comparison.comparison_frame([record]), "found")
    results = pd.read_csv(record.folder / "results.csv")
    assert row["trial"] == results["trial"][0]
    for ours, theirs in (("", "mean"), ("_low", "low"), ("_high", "high")):
        assert row[f"test_accuracy{ours}"] == pytest.approx(results[f"test_accuracy_{theirs}"][0])


def test_train_figures_have_students_interval_over_seeds(record: Record) -> None:
    row = _row(comparison.comparison_frame([record]), "reproduced")
    values = [it.train["loss"] for it in record.finalists() if it.trial == 0]
    low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
    assert (row["train_loss_low"], row["train_loss_high"]) == pytest.approx((max(low, 0.0), high))


def test_the_search_and_its_cost_stand_in_the_found_row(record: Record) -> None:
    row = _row(comparison.comparison_frame([record]), "found")
    trials = record.trials()
    assert row["trials"] == len(trials) == 10
    assert pd.isna(row["front"]), "there is one objective"
    assert row["pruned_share"] == sum(it.state == "pruned" for it in trials) / 10
    assert row["seconds"] == pytest.approx(sum(score.seconds for _, score in record.scores()))


def test_finalists_of_an_earlier_export_do_not_count(record: Record) -> None:
    with record.lease():
        record.save_finalist(FinalistRow(99, 0, test={"loss": 0.0, "accuracy": 1.0}, ledger=0, model_sha256="0" * 64))
    known = comparison.last_tested(record)
    assert known is not None
    assert {row.trial for row in known[0]} == {*pd.read_csv(record.folder / "results.csv")["trial"]}


def test_finalists_retrained_since_they_were_tested_are_not_told(record: Record) -> None:
    with record.lease():
        record.save_finalist(FinalistRow(0, 0, model_sha256="0" * 64))
    assert comparison.comparison_frame([record]).empty


def test_types_are_explicit(record: Record) -> None:
    kinds = comparison.comparison_frame([record]).dtypes.astype(str).to_dict()
    assert kinds["seeds"] == kinds["trial"] == kinds["trials"] == "Int64"
    assert kinds["study"] == "string"
    assert kinds["test_loss_low"] == "Float64"


# --- the command ------------------------------------------------------------------------------------------------------


def test_it_opens_no_test_set(asked: Asked, record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*arguments: object) -> None:
        raise AssertionError("a test set was opened")

    monkeypatch.setattr("models.datasets.digits.Digits.read", closed)
    before = record.ledger()
    assert asked()[0] == 0
    assert record.ledger() == before


def test_the_files_hold_what_is_shown(asked: Asked, runs: Path, record: Record) -> None:
    code, output = asked()
    assert code == 0
    written = runs / "studies" / "compare.md"
    assert output.startswith(written.read_text(encoding="utf-8"))
    frame = pd.read_csv(runs / "studies" / "compare.csv")
    best = _best(record)
    models = {(best, seed): _sha(record, best, seed) for seed in (0, 1)}
    known = read(record.folder / "finalists" / FILE, models)
    assert known is not None
    found = _row(frame, "found")
    assert found["test_accuracy"] == pytest.approx(known.scores(best, 2).mean())


def _sha(record: Record, trial: int, seed: int) -> str:
    return next(str(row.model_sha256) for row in record.finalists() if (row.trial, row.seed) == (trial, seed))


def test_the_table_is_markdown_whose_rows_have_as_many_cells_as_its_head(asked: Asked) -> None:
    _, output = asked()
    table = [line for line in output.splitlines() if line.startswith("|")]
    assert len(table) == 2 + 2  # on other data than the author's nothing was published
    assert {line.count("|") for line in table} == {11}
    assert {len(line) for line in table} == {len(table[0])}
    assert set(table[1]) == set("|-: ")


def test_the_winner_is_told_with_its_parameters(asked: Asked, record: Record) -> None:
    _, output = asked()
    (line,) = [line for line in output.splitlines() if line.startswith("* ")]
    best = _best(record)
    told = record.study.to_external(record.trials()[best].params)
    assert line.startswith(
        f"* mlp@digits, trial {best}: learning_rate {told['learning_rate']:.3g} hidden {told['hidden']}"
    )


def test_a_test_set_that_was_opened_again_is_told(asked: Asked, record: Record) -> None:
    assert "was opened" not in asked()[1]
    with record.lease():
        record.sign("a look", "digits", record.fingerprint["data.sha256"], 1)
    assert "; its test set was opened twice" in asked()[1]


def test_studies_that_are_missing_are_named(asked: Asked, store: Store) -> None:
    _begun(store, "linear@digits")
    _begun(store, "mlp~20261120-101500")
    _, output = asked()
    assert "not yet exported: linear@digits; next: python -m reports.export --study linear@digits" in output
    assert "put aside by --restart: mlp~20261120-101500" in output


def test_another_folder_gets_the_files(asked: Asked, tmp_path: Path) -> None:
    asked("--out", tmp_path / "tables")
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == ["compare.csv", "compare.md"]


def test_nothing_exported_is_told_with_the_next_command(asked: Asked, store: Store, record: Record) -> None:
    (record.folder / "finalists" / FILE).unlink()
    code, output = asked()
    assert code == 2
    assert "is exported yet\n  begin with python -m reports.export --study mlp@digits" in output


def test_a_folder_that_cannot_be_written_is_told(asked: Asked, runs: Path) -> None:
    code, output = asked("--out", runs / "studies.db")
    assert code == 2
    assert "cannot be written to" in output


def test_what_was_searched_for_has_a_column_of_its_own(store: Store) -> None:
    usual, other = store.find("mlp@digits"), store.find("mlp@digits")
    assert usual is not None
    assert other is not None
    other.study = other.study.model_copy(update={"objective": Objective("loss")})
    assert "objective" not in comparison.comparison_frame([usual])
    frame = comparison.comparison_frame([other])
    found = _row(frame, "found")
    assert found["objective"] == "loss"
    assert found["test_objective"] == pytest.approx(found["test_loss"], rel=1e-4)
    assert found["test_objective_low"] < found["test_objective"] < found["test_objective_high"]
    told = f"loss {found['test_objective']:.4f} ± "
    assert told in comparison_table.markdown(frame, [other])
    assert told in comparison_table.narrow(frame)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"what": "published", "test_loss": 0.1, "test_loss_low": pd.NA, "test_loss_high": pd.NA}, "0.10"),
        ({"what": "published", "test_loss": 0.9802, "test_loss_low": pd.NA, "test_loss_high": pd.NA}, "0.9802"),
        ({"what": "published", "test_loss": pd.NA, "test_loss_low": pd.NA, "test_loss_high": pd.NA}, ""),
        ({"what": "found", "test_loss": 0.98, "test_loss_low": 0.975, "test_loss_high": 0.985}, "0.9800 ± 0.0050"),
        ({"what": "found", "test_loss": 0.98, "test_loss_low": 0.95, "test_loss_high": 1.0}, "0.9800 ± 0.0300"),
        ({"what": "found", "test_loss": 0.98, "test_loss_low": pd.NA, "test_loss_high": pd.NA}, "0.9800"),
        ({"what": "found", "test_loss": pd.NA, "test_loss_low": pd.NA, "test_loss_high": pd.NA}, ""),
    ],
)
def test_a_figure_is_told_with_its_certainty(row: comparison.Row, told: str) -> None:
    assert comparison_table._spread(row, "test_loss") == told


def test_a_narrow_terminal_gets_the_test_accuracies_alone() -> None:
    found = {
        "study": "mlp",
        "dataset": "mnist",
        "what": "found",
        "baseline": pd.NA,
        "trial": 3,
        "front": 7,
        "test_accuracy": 0.9876,
    }
    published = {"study": "mlp", "dataset": "mnist", "what": "published", "baseline": "x" * 90, "test_accuracy": 0.97}
    bounds = {"test_accuracy_low": 0.98, "test_accuracy_high": 0.99}
    frame = pd.DataFrame([found | bounds, published]).astype({"trial": "Int64", "front": "Int64"})
    lines = comparison_table.narrow(frame).splitlines()
    assert lines[0] == "mlp on mnist"
    assert lines[1].split() == [*["found:", "trial", "3", "of", "7", "on", "the", "front"], "0.9876", "±", "0.0076"]
    assert lines[2].endswith("  0.97")
    assert max(map(len, lines)) <= 80
