"""An objective function as trials of an engine: its epochs, its ends, its generators."""

import math
import threading
from pathlib import Path

import pytest

from models.config.messages import EpochMetrics, LaneSpec
from models.config.recipe import Recipe
from models.engine.external_engine import ExternalEngine
from models.errors import UserError
from models.families.external.function import ObjectiveFunction
from tests.support.runs import within

DRAWING = """
import random
import numpy as np
import torch

def objective(trial):
    for epoch in range(4):
        value = random.random() + np.random.rand() + float(torch.rand(()))
        trial.report(value, epoch)
    return value
"""


def _engine(folder: Path, text: str, epochs: int = 4, epoch_seconds: float | None = None) -> ExternalEngine:
    file = folder / "train.py"
    file.write_text(text)
    family = ObjectiveFunction(f"{file}:objective", epoch_seconds=epoch_seconds)
    recipe = Recipe(family=family, epochs=epochs, metrics=("score",))
    return ExternalEngine(recipe, None, 1)


def _spec(lane: int, *, resumed: bool = False, **parameters: float) -> LaneSpec:
    return LaneSpec(lane=lane, parameters=parameters, seed=100 + lane, resumed=resumed)


def _values(engine: ExternalEngine, epochs: int, lane: int = 0) -> list[float]:
    scores = [score for tick in range(epochs) for score in engine.tick(tick) if score.lane == lane]
    assert [score.epoch for score in scores] == list(range(1, epochs + 1))
    return [score.validation["score"] for score in scores]


def _only(scores: list[EpochMetrics]) -> EpochMetrics:
    (score,) = scores
    return score


def test_a_trial_draws_what_it_would_draw_alone(tmp_path: Path) -> None:
    alone, among = _engine(tmp_path, DRAWING), _engine(tmp_path, DRAWING)
    for lane in (3, 0, 1):
        among.add(_spec(lane))
    alone.add(_spec(0))
    assert _values(alone, 4) == _values(among, 4)


def test_trials_draw_different_numbers(tmp_path: Path) -> None:
    engine = _engine(tmp_path, DRAWING)
    engine.add(_spec(0))
    engine.add(_spec(1))
    first, second = engine.tick(1)
    assert first.validation != second.validation


def test_the_last_epoch_is_what_the_function_returns(tmp_path: Path) -> None:
    text = "def objective(trial):\n    for epoch in range(3):\n        trial.report(epoch, epoch)\n    return 7\n"
    engine = _engine(tmp_path, text, epochs=3)
    engine.add(_spec(0))
    assert _values(engine, 3) == [0.0, 1.0, 7.0]


def test_a_function_that_ends_early_keeps_its_value(tmp_path: Path) -> None:
    text = "def objective(trial):\n    trial.report(0.5, 0)\n    return 0.25\n"
    engine = _engine(tmp_path, text)
    engine.add(_spec(0))
    assert _values(engine, 4) == [0.5, 0.25, 0.25, 0.25]


def test_a_step_that_is_reported_twice_is_one_epoch(tmp_path: Path) -> None:
    text = "def objective(trial):\n    trial.report(1, 0)\n    trial.report(2, 0)\n    return 3\n"
    engine = _engine(tmp_path, text, epochs=2)
    engine.add(_spec(0))
    assert _values(engine, 2) == [1.0, 3.0]


def test_a_function_that_prunes_itself_has_diverged(tmp_path: Path) -> None:
    text = "import optuna\n\ndef objective(trial):\n    raise optuna.TrialPruned\n"
    engine = _engine(tmp_path, text)
    engine.add(_spec(0))
    score = _only(engine.tick(1))
    assert math.isnan(score.validation["score"])
    assert score.failed is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("raise ValueError('no such layer')", "ValueError: no such layer"),
        ("return None", "the function returned None; it must return one number"),
        ("return 0.1, 0.2", "the function returned 2 values; it must return one number"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("trial.storage", "AttributeError: a trial of Studyhall has no 'storage'"),
    ],
)
def test_a_trial_that_fails_says_why(tmp_path: Path, body: str, reason: str) -> None:
    engine = _engine(tmp_path, f"def objective(trial):\n    {body}\n")
    engine.add(_spec(0))
    failed = _only(engine.tick(1)).failed
    assert failed is not None
    assert reason in failed.strip().splitlines()[-1]


WAITING = """
import threading
import time

def objective(trial):
    for epoch in range(2):
        trial.report(trial.params["x"], epoch)
        while trial.params["x"] > 1:
            {}
    return trial.params["x"]
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("statement", "ends"), [("time.sleep(0.01)", True), ("threading.Event().wait()", False)], ids=["loops", "waits"]
)
def test_a_function_that_never_reports_fails_alone(tmp_path: Path, statement: str, ends: bool) -> None:
    engine = _engine(tmp_path, WAITING.format(statement), epochs=3, epoch_seconds=0.5)
    engine.add(_spec(70, x=2.0))
    engine.add(_spec(71, x=1.0))
    engine.tick(1)
    late, other = engine.tick(2)
    assert late.failed == "an epoch took longer than epoch_seconds=0.5"
    assert (other.failed, other.validation) == (None, {"score": 1.0})
    engine.drop(70)
    named = [thread for thread in threading.enumerate() if thread.name == "trial 70"]
    seconds = 10.0 if ends else 1.0  # what waits does so for ever
    assert within(seconds, lambda: not any(thread.is_alive() for thread in named)) == ends


PRUNED = """
import pathlib
import optuna

def objective(trial):
    for epoch in range(4):
        trial.report(epoch, epoch)
        if trial.should_prune():
            pathlib.Path(__file__).with_name("pruned").write_text(str(epoch))
            raise optuna.TrialPruned
    return 0
"""


def test_a_trial_that_is_dropped_is_told_that_it_is_pruned(tmp_path: Path) -> None:
    engine = _engine(tmp_path, PRUNED)
    engine.add(_spec(0))
    engine.tick(1)
    engine.tick(2)
    engine.drop(0)
    assert (tmp_path / "pruned").read_text() == "1"
    assert engine.lanes == []


def test_a_trial_that_never_asks_ends_at_its_next_report(tmp_path: Path) -> None:
    text = PRUNED.replace("trial.should_prune()", "False").replace(
        "        trial.report",
        "        pathlib.Path(__file__).with_name('begun').write_text(str(epoch))\n        trial.report",
    )
    engine = _engine(tmp_path, text)
    engine.add(_spec(0))
    engine.tick(1)
    engine.drop(0)
    assert (tmp_path / "begun").read_text() == "1"


def test_a_paused_trial_stands_still_and_goes_on(tmp_path: Path) -> None:
    engine, calm = _engine(tmp_path, DRAWING), _engine(tmp_path, DRAWING)
    calm.add(_spec(0))
    engine.add(_spec(0))
    before = [score.validation["score"] for score in engine.tick(1)]
    engine.pause(0)
    assert engine.tick(2) == []
    engine.add(_spec(0, resumed=True))
    after = [engine.tick(tick)[0].validation["score"] for tick in (3, 4, 5)]
    assert before + after == _values(calm, 4)


def test_a_snapshot_is_trained_again_up_to_where_it_was(tmp_path: Path) -> None:
    engine, calm = _engine(tmp_path, DRAWING), _engine(tmp_path, DRAWING)
    calm.add(_spec(0))
    for lane in (0, 1):
        engine.add(_spec(lane))
    begun = [score.validation["score"] for tick in (1, 2) for score in engine.tick(tick) if score.lane == 0]
    engine.pause(1)
    engine.save(tmp_path / "snapshot.json")
    restored = _engine(tmp_path, DRAWING)
    restored.load(tmp_path / "snapshot.json")
    assert restored.lanes == [0]
    restored.add(_spec(1, resumed=True))
    third, other = restored.tick(3)
    assert (third.epoch, other.epoch) == (3, 3)
    fourth = restored.tick(4)[0]
    assert [*begun, third.validation["score"], fourth.validation["score"]] == _values(calm, 4)
    assert restored.notes == []


def test_a_trial_that_comes_out_otherwise_is_told(tmp_path: Path) -> None:
    text = (
        "import itertools\nN = itertools.count()\n\ndef objective(trial):\n    trial.report(next(N), 0)\n    return 1\n"
    )
    engine = _engine(tmp_path, text, epochs=2)
    engine.add(_spec(5))
    engine.tick(1)
    engine.save(tmp_path / "snapshot.json")
    engine.load(tmp_path / "snapshot.json")
    engine.tick(2)
    assert [note.partition(" when")[0] for note in engine.notes] == ["trial 5 came out otherwise"]


def test_a_parameter_that_the_study_does_not_have_is_refused_with_the_line_to_add(tmp_path: Path) -> None:
    engine = _engine(tmp_path, 'def objective(trial):\n    return trial.suggest_float(f"x{1}", 0.0, 1.0)\n')
    engine.add(_spec(0, x0=0.5))
    with pytest.raises(UserError) as refused:
        engine.tick(1)
    assert refused.value.what == "train.py suggests 'x1', which this trial does not have"
    assert refused.value.remedy == 'add it to the study\'s space: "x1": Float(0.0, 1.0),'


def test_more_reports_than_epochs_are_refused(tmp_path: Path) -> None:
    engine = _engine(tmp_path, DRAWING, epochs=3)
    engine.add(_spec(0))
    with pytest.raises(UserError, match="reports more than the 3 values of epochs=3"):
        _values(engine, 3)


def test_a_file_that_has_changed_is_refused(tmp_path: Path) -> None:
    engine = _engine(tmp_path, DRAWING + "\n# of another day\n")
    (tmp_path / "train.py").write_text(DRAWING)
    engine.add(_spec(0))
    with pytest.raises(UserError, match="has changed since this search began"):
        engine.tick(1)


def test_a_file_that_raises_is_told_with_its_line(tmp_path: Path) -> None:
    engine = _engine(tmp_path, "import math\nimport nowhere_at_all\n\ndef objective(trial):\n    return 1\n")
    engine.add(_spec(0))
    with pytest.raises(UserError, match=r"train\.py, line 2: ModuleNotFoundError"):
        engine.tick(1)


@pytest.mark.parametrize(
    ("function", "what"),
    [
        ("train.py", "names no function of a file"),
        ("nowhere.py:objective", "there is no file nowhere.py"),
        ("{}:objectiv", "has no 'objectiv' (did you mean \"objective\"?)"),
    ],
)
def test_a_function_that_is_not_there_is_refused(tmp_path: Path, function: str, what: str) -> None:
    (tmp_path / "train.py").write_text(DRAWING)
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the text is what is looked at
        ObjectiveFunction(function.format(tmp_path / "train.py"))
    assert what in str(refused.value)
