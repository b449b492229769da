"""What finalists are compared by: the objective, in its direction, each configuration measured once."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn import metrics
from sklearn.dummy import DummyClassifier

from models.datasets.dataset_config import Table
from models.engine.predictions import predictions_of
from models.files.model_description import Target
from models.metrics.registry import metric_named
from reports.figures import resampled
from reports.finalists.measured import CONSTANT, measured_in, measured_of
from reports.finalists.number_predictions import NumberPredictions
from reports.finalists.one_answer import error_of_one_answer
from reports.page.data import FinalistData, ReportData
from reports.page.verdict import verdict
from search.objective import Objective
from tests.support.reports import a_study, check_of, every_fate, report_of, write_report


def missed(predicted: object, labels: object) -> float:
    """A metric of one's own: the cost of what is answered wrongly, in dollars."""
    return 100.0 * float((predicted != labels).sum())  # type: ignore[attr-defined]


def finalists(report: ReportData) -> FinalistData:
    assert report.finalists is not None
    return report.finalists


def report_by(objective: object, folder: Path) -> ReportData:
    """The report of a study of an objective, whose trial 2 is right on 90 of 100 images, and the baseline on 60."""
    return report_of(every_fate(folder, objective=objective), {2: 0.9, 0: 0.6}, images=200)


@pytest.mark.parametrize(
    ("objective", "size"),
    [
        ("loss", 0.5),
        ("balanced_accuracy", 0.25),
        ("macro_f1", 0.25),
        ("calibration_error", 0.2),
        (Objective(missed, direction="minimize"), 5000.0),
    ],
)
def test_a_better_winner_has_a_positive_gap_whatever_the_direction(
    tmp_path: Path, objective: object, size: float
) -> None:
    report = report_by(objective, tmp_path)
    against, figure = finalists(report).against(0), finalists(report).figure
    assert figure.metric == report.objective.metric
    assert against["gap"] > size
    assert against["apart"]
    tested = [finalists(report).tested(trial).mean for trial in (2, 0)]
    assert abs(tested[0] - tested[1]) == pytest.approx(against["gap"])
    assert (tested[0] > tested[1]) == figure.greater_is_better == (report.objective.direction == "maximize")
    assert check_of(report, "baseline beaten").outcome == "passed"


def test_every_configuration_is_measured_on_its_draws_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured, once = [], resampled.resample

    def counted(metric: Callable[..., np.ndarray], examples: int) -> resampled.Resampled:
        measured.append(examples)
        return once(metric, examples)

    monkeypatch.setattr(resampled, "resample", counted)
    report = report_by("macro_f1", tmp_path)
    write_report(report, tmp_path)
    verdict(report)
    assert len(measured) == 3  # two finalists, and always one answer


def test_always_one_answer_is_what_scikit_learn_has_for_it(tmp_path: Path) -> None:
    draws, report = np.random.default_rng(0), report_by("loss", tmp_path)
    labels = np.sort(draws.choice(3, 200, p=[0.2, 0.7, 0.1]))
    predictions = replace(finalists(report).predictions, labels=labels, classes=("a", "b", "c"))
    dummy = DummyClassifier(strategy="prior").fit(labels[:, np.newaxis], labels)
    p, answers = dummy.predict_proba(labels[:, np.newaxis]), dummy.predict(labels[:, np.newaxis])
    expected = {
        "loss": metrics.log_loss(labels, p),
        "brier": metrics.brier_score_loss(labels, p),
        "balanced_accuracy": metrics.balanced_accuracy_score(labels, answers),
        "macro_f1": metrics.f1_score(labels, answers, average="macro"),
        "roc_auc": metrics.roc_auc_score(labels, p, multi_class="ovr"),
        "calibration_error": 0.0,
    }
    for name, value in expected.items():
        of = measured_in(Objective(name), report.study, predictions, 3)
        assert of.by_seed(CONSTANT).mean() == pytest.approx(value, abs=1e-6), name


def test_a_perfectly_calibrated_nothing_is_not_called_beaten(tmp_path: Path) -> None:
    report = report_by("calibration_error", tmp_path)
    assert verdict(report).headline.endswith("; always answering the classes' shares would have 0.0000.")
    found = check_of(report, "better than the commonest class")
    assert found.outcome == "look"
    assert "Look whether the features say anything of the classes" in found.text


def test_a_model_that_diverged_answers_every_class_alike(tmp_path: Path) -> None:
    report = report_by("loss", tmp_path)
    predictions = finalists(report).predictions
    logits = {key: of if key != (0, 1) else np.full_like(of, np.nan) for key, of in predictions.logits.items()}
    of = measured_in(Objective("loss"), report.study, replace(predictions, logits=logits), 3)
    assert of.by_seed(0)[1] == pytest.approx(np.log(10))
    assert np.isfinite(of.compare(2, 0).gap).all()


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        ("accuracy", [0, 1] * 20, 2**0.5 / 40),
        ("balanced_accuracy", [0, 1] * 20, 2**0.5 / 40),
        ("balanced_accuracy", [0] * 36 + [1] * 4, (2 * (0.9 / 72**2 + 0.1 / 8**2)) ** 0.5),
        ("roc_auc", [0, 1] * 20, None),  # not of answers
    ],
)
def test_what_one_answer_counts_for_is_its_share_of_its_class(
    name: str, labels: list[int], expected: float | None
) -> None:
    margins = np.random.default_rng(0).normal(0.5, 1.0, (3, 40, 2)).astype(np.float32)
    answers = predictions_of("cross_entropy", torch.from_numpy(margins), torch.tensor(labels))
    assert error_of_one_answer(metric_named(name), answers) == (expected and pytest.approx(expected))


def test_an_objective_that_the_test_set_does_not_define_leaves_the_comparisons_to_accuracy(tmp_path: Path) -> None:
    record = every_fate(tmp_path, objective="roc_auc")
    report = report_of(record, {2: 0.9, 0: 0.6}, images=1)  # of one class
    assert finalists(report).figure.metric == "accuracy"
    of = verdict(report)
    assert "test accuracy" in of.headline
    why = "Test roc auc is not defined for every finalist, so figures and comparisons are of accuracy"
    assert any(sentence.startswith(why) for sentence in of.sentences)


@pytest.mark.parametrize(("objective", "authority"), [("mae", metrics.mean_absolute_error), ("r2", metrics.r2_score)])
def test_numbers_are_compared_in_their_own_unit_and_in_the_metrics_direction(
    objective: str, authority: Callable[..., float]
) -> None:
    draws, labels = np.random.default_rng(0), np.random.default_rng(1).normal(50, 10, 300)
    target = Target(name="price", mean=48.0, std=9.0)
    study = a_study(data=Table(Path("x.csv"), target="price"), objective=objective, baselines=())
    answers = {(trial, seed): labels + draws.normal(0, 1 + trial, 300) for trial in (0, 3) for seed in range(3)}
    logits = {key: ((of - 48.0) / 9.0)[:, np.newaxis].astype(np.float32) for key, of in answers.items()}
    none = np.zeros(0, np.int64)
    predictions = NumberPredictions(labels, logits, none, np.zeros((0, 4), np.float32), (), {}, target)
    of = measured_of(study, predictions, 3, [0, 3])
    assert of.figure.metric == objective
    expected = [authority(labels, answers[0, seed]) for seed in range(3)]
    np.testing.assert_allclose(of.by_seed(0), expected, rtol=1e-5)
    assert of.by_seed(CONSTANT) == pytest.approx([authority(labels, np.full(300, 48.0))])
    for one, other, sign in ((0, 3, 1), (3, 0, -1)):
        gap, p = of.compare(one, other)
        assert gap.low * sign > 0 < gap.high * sign
        assert p < 0.01
    assert of.compare(3, CONSTANT).gap.low > 0
