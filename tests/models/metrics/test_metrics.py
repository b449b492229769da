"""Every metric of the registry against scikit-learn, for several lanes at once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn import metrics as sklearn_metrics

from models.config.task import CLASSIFICATION
from models.metrics.base import Predictions
from models.metrics.registry import METRICS, metric_named, metric_text

Authority = Callable[[NDArray[Any], NDArray[Any]], float]  # of labels (N,) and probabilities (N, C)


def of_answers(function: Callable[..., float], **arguments: Any) -> Authority:
    return lambda labels, probabilities: function(labels, probabilities.argmax(1), **arguments)


def of_second(function: Callable[..., float], **arguments: Any) -> Authority:
    """A function that takes the probability of the second of two classes, and all of more."""
    return lambda labels, p: function(labels, p[:, 1] if p.shape[1] == 2 else p, **arguments)


def averaged(function: Callable[..., float]) -> Authority:
    def of(labels: NDArray[Any], p: NDArray[Any]) -> float:
        return function(labels, p.argmax(1), average="binary" if p.shape[1] == 2 else "macro", zero_division=0)

    return of


def average_precision(labels: NDArray[Any], p: NDArray[Any]) -> float:
    if p.shape[1] == 2:
        return float(sklearn_metrics.average_precision_score(labels, p[:, 1]))
    present = np.unique(labels)
    return float(np.mean([sklearn_metrics.average_precision_score(labels == c, p[:, c]) for c in present]))


def top(k: int) -> Authority:
    def of(labels: NDArray[Any], p: NDArray[Any]) -> float:
        return float(np.mean([label in np.argsort(-row)[:k] for label, row in zip(labels, p, strict=True)]))

    return of


def calibration_error(labels: NDArray[Any], p: NDArray[Any]) -> float:
    """Equation 3 of arXiv 1706.04599, bin by bin."""
    confidence, hit, total = p.max(1), p.argmax(1) == labels, 0.0
    for m in range(15):
        inside = (confidence > m / 15) & (confidence <= (m + 1) / 15)
        if inside.any():
            total += inside.mean() * abs(hit[inside].mean() - confidence[inside].mean())
    return total


AUTHORITIES: dict[str, Authority] = {
    "balanced_accuracy": of_answers(sklearn_metrics.balanced_accuracy_score),
    "precision": averaged(sklearn_metrics.precision_score),
    "recall": averaged(sklearn_metrics.recall_score),
    "f1": averaged(sklearn_metrics.f1_score),
    "macro_f1": of_answers(sklearn_metrics.f1_score, average="macro"),
    "weighted_f1": of_answers(sklearn_metrics.f1_score, average="weighted"),
    "matthews": of_answers(sklearn_metrics.matthews_corrcoef),
    "roc_auc": of_second(sklearn_metrics.roc_auc_score, multi_class="ovr"),
    "average_precision": average_precision,
    "brier": of_second(sklearn_metrics.brier_score_loss),
    "calibration_error": calibration_error,
    "top_2_accuracy": top(2),
    "top_3_accuracy": top(3),
    "top_5_accuracy": top(5),
}


OF_NUMBERS: dict[str, Authority] = {
    "rmse": sklearn_metrics.root_mean_squared_error,
    "mae": sklearn_metrics.mean_absolute_error,
    "r2": sklearn_metrics.r2_score,
}


def predictions(labels: torch.Tensor, logits: torch.Tensor) -> Predictions:
    hits = logits.argmax(2) == labels
    losses = -logits.log_softmax(2).gather(2, labels.expand(len(logits), -1).unsqueeze(2)).squeeze(2)
    return Predictions(losses, hits, labels, logits)


def drawn(classes: int, *, ties: bool = False, absent: bool = False) -> Predictions:
    """Logits of 3 lanes, which know more or less of 300 labels of which the first class is frequent."""
    generator = torch.Generator().manual_seed(classes)
    shares = torch.tensor([8.0, *(1.0 for _ in range(classes - 1))])
    if absent:
        shares[-1] = 0.0
    labels = shares.multinomial(300, replacement=True, generator=generator)
    knowledge = torch.tensor([0.0, 1.0, 3.0]).view(3, 1, 1)
    logits = knowledge * torch.nn.functional.one_hot(labels, classes)
    logits = logits + torch.randn(3, 300, classes, generator=generator)
    if absent:
        logits[..., -1] -= 20.0  # nor is it ever answered
    return predictions(labels, logits.round() if ties else logits)


def test_every_metric_of_the_registry_has_an_authority_here() -> None:
    known = set(AUTHORITIES) | set(OF_NUMBERS) | set(CLASSIFICATION.metrics)
    assert set(METRICS.names()) >= known
    assert set(METRICS._entries) == known


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_metrics_of_numbers_are_scikit_learns(name: str) -> None:
    draw = np.random.default_rng(3)
    targets = draw.lognormal(3, 2, 200)
    answers = targets + draw.normal(0, 5, (4, 200))
    given = Predictions(
        torch.zeros(4, 200),
        torch.empty(4, 0, dtype=torch.bool),
        torch.from_numpy(targets),
        answers=torch.from_numpy(answers),
    )
    expected = [OF_NUMBERS[name](targets, lane) for lane in answers]
    np.testing.assert_allclose(metric_named(name).compute(given).numpy(), expected, rtol=1e-12)
    assert metric_named(name).greater_is_better == (name == "r2")


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("accuracy", 0.98765, "0.9877"),
        ("rmse", 54.32109, "54.321"),
        ("rmse", 123456.7, "123457"),
        ("mae", 0.0, "0.0000"),
    ],
)
def test_a_value_is_written_with_the_digits_that_its_unit_needs(name: str, value: float, text: str) -> None:
    assert metric_text(name, value) == text


@pytest.mark.parametrize("classes", [2, 4, 7])
@pytest.mark.parametrize("name", AUTHORITIES)
def test_metrics_are_scikit_learns(name: str, classes: int) -> None:
    given = drawn(classes)
    assert given.logits is not None
    expected = [AUTHORITIES[name](given.labels.numpy(), lane.double().softmax(1).numpy()) for lane in given.logits]
    np.testing.assert_allclose(metric_named(name).compute(given).numpy(), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
def test_ties_count_as_in_scikit_learn(name: str) -> None:
    given = drawn(2, ties=True)
    assert given.logits is not None
    expected = [AUTHORITIES[name](given.labels.numpy(), lane.double().softmax(1).numpy()) for lane in given.logits]
    np.testing.assert_allclose(metric_named(name).compute(given).numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["balanced_accuracy", "macro_f1", "weighted_f1", "matthews", "average_precision"])
def test_a_class_without_examples_has_no_part_in_a_mean(name: str) -> None:
    given = drawn(4, absent=True)
    assert given.logits is not None
    expected = [AUTHORITIES[name](given.labels.numpy(), lane.double().softmax(1).numpy()) for lane in given.logits]
    np.testing.assert_allclose(metric_named(name).compute(given).numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("name", AUTHORITIES)
def test_a_lanes_metric_does_not_depend_on_the_other_lanes(name: str) -> None:
    given = drawn(4)
    assert given.logits is not None
    compute = metric_named(name).compute
    alone = [compute(predictions(given.labels, given.logits[i : i + 1])).item() for i in range(3)]
    assert compute(given).tolist() == alone


def test_a_ranking_of_one_class_is_no_number() -> None:
    labels = torch.zeros(5, dtype=torch.long)
    for name in ("roc_auc", "average_precision"):
        assert metric_named(name).compute(predictions(labels, torch.randn(2, 5, 2))).isnan().all()


def test_the_page_on_ranges_names_every_metric() -> None:
    page = (Path(__file__).parents[3] / "docs" / "ranges.md").read_text()
    assert all(f"`{name}`" in page for name in METRICS._entries)


def test_directions() -> None:
    lower = {name for name in METRICS._entries if not metric_named(name).greater_is_better}
    assert lower == {"loss", "brier", "calibration_error", "rmse", "mae"}
