"""The study files of this house: each loads, names its author's figures, and runs on the embedded digits."""

from pathlib import Path

import pytest

from search.config.study_files import INSTALLED, load, override
from search.interrupt import Interrupt
from search.launch import prepare
from search.launch import search as search_launch
from search.options import Options

NAMES = sorted(path.stem for path in INSTALLED.glob("[!_]*.py"))

# What the authors reported, a dictionary for each baseline of a study in its order.
PUBLISHED: dict[str, list[dict[str, float]]] = {
    "linear": [{"train_loss": 0.26, "train_accuracy": 0.92, "test_loss": 0.26, "test_accuracy": 0.92}],
    "mlp": [{"train_loss": 0.08, "train_accuracy": 0.98, "test_loss": 0.10, "test_accuracy": 0.97}],
    "leaky": [{"test_accuracy": 0.9802}],
    "fashion_mlp": [{"test_accuracy": 0.878}, {"test_accuracy": 0.871}],
    "fashion_cnn": [{"test_accuracy": 0.907}, {"test_accuracy": 0.907}],
    "staged": [{"test_accuracy": 0.93}],
    "tanh": [{"train_accuracy": 0.93}],
}


def test_every_study_is_here() -> None:
    assert set(NAMES) <= set(PUBLISHED), "say below PUBLISHED what the author of a new study reported"
    assert len(NAMES) >= 6


@pytest.mark.parametrize("name", NAMES)
def test_a_study_names_what_its_author_published(name: str) -> None:
    assert [baseline.published for baseline in load(name).study.baselines] == PUBLISHED[name]


@pytest.mark.parametrize("name", NAMES)
def test_a_study_tells_the_authors_facts(name: str) -> None:
    text = load(name).text
    remarks = text[: text.index("from studyhall")]
    for fact in ("author", "batch", "epochs", "rate"):
        assert fact in remarks.lower(), f"studies/{name}.py says nothing of the {fact}"


@pytest.mark.parametrize("name", NAMES)
def test_a_baseline_trains_as_its_author_did(name: str) -> None:
    """Where a recipe goes beyond its author's, the baseline's values take that away again."""
    study = load(name).study
    for baseline in study.baselines:
        factors = {study.schedule.factor(done, study.epochs, baseline.parameters) for done in range(study.epochs)}
        assert factors == {1.0} or name == "staged"  # whose author had a schedule
        decoupled = study.optimizer.name == "adamw"
        assert not decoupled or baseline.parameters["weight_decay"] == 0  # Adam and AdamW are then the same


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_study_runs_to_its_end_on_digits(name: str, tmp_path: Path) -> None:
    named = load(name)
    cells = named.study.trials if name == "staged" else len(named.study.baselines) + 3
    study = override(named.study, trials=cells, epochs=1 if name == "fashion_cnn" else 2, lanes=4)
    options = Options(storage=f"sqlite:///{tmp_path}/studies.db", dataset="digits", workers=0)
    prepared = prepare(type(named)(name, study, named.text, named.path), options)
    assert search_launch(prepared, options, interrupt=Interrupt()).finished
    rows = prepared.record.trials()
    assert len(rows) == cells
    assert all(row.state in ("complete", "pruned") for row in rows)
    assert [row.baseline for row in rows if row.baseline] == [baseline.name for baseline in study.baselines]
    assert all(row.state == "complete" for row in rows if row.baseline)
