"""What a test set says of one model: its loss and metrics, and an interval of the one that results are told in.

Letters: N test examples, K classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import classification_report, confusion_matrix
from torch import nn

from models.datasets.source import Examples
from models.engine.predictions import metrics_of, predictions_of
from models.files.model_description import Model, Target
from models.metrics.registry import metric_text
from models.ops.losses import losses_of
from reports.figures.figure import ACCURACY_FIGURE, RMSE_FIGURE, Figure
from reports.figures.statistics import LEVEL, Interval, root_mean_square
from reports.finalists.test_set import logits_of


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A classifier's loss and predictions on a test set."""

    labels: NDArray[np.int64]  # (N,), the true classes
    answers: NDArray[np.int64]  # (N,), the predicted classes
    classes: tuple[str, ...]  # the names of the K classes
    loss: float  # the mean per example
    loss_name: str
    noun: str = "image"  # what one example is called

    @property
    def figure(self) -> float:
        """The accuracy: the share of examples that it classifies correctly."""
        return float((self.labels == self.answers).mean())

    def confusion(self) -> NDArray[np.int64]:
        """Return how many examples of class i were taken for class j, (K, K)."""
        counts: NDArray[np.int64] = confusion_matrix(self.labels, self.answers, labels=range(len(self.classes)))
        return counts

    def text(self) -> str:
        """Return loss, accuracy, figures per class, and the confusion matrix, to be printed."""
        by_class = classification_report(
            self.labels,
            self.answers,
            labels=range(len(self.classes)),
            target_names=self.classes,
            digits=4,
            zero_division=0.0,  # a class that is never answered has precision 0
        )
        interval = ACCURACY_FIGURE.interval((self.labels == self.answers)[np.newaxis].astype(np.float64))
        parts = [
            f"loss {self.loss:.4f} ({self.loss_name})\naccuracy {self.figure:.4f} of {len(self.labels)} {self.noun}s "
            f"({_within(ACCURACY_FIGURE, interval, self.noun)})",
            by_class.rstrip(),
            self._matrix(),
        ]
        return "\n\n".join(parts)

    def _matrix(self) -> str:
        """Return a row for every class, with a column for every predicted one, numbered as the rows are."""
        counts = self.confusion()
        name = max(map(len, self.classes))
        cell = max(len(str(counts.max())), len(str(len(self.classes)))) + 1
        number = len(str(len(self.classes) - 1))
        lines = ["what was taken for what: a row for each class, a column for each answer"]
        lines.append(" " * (name + number + 3) + "".join(f"{j:>{cell}}" for j in range(len(self.classes))))
        for i, row in enumerate(counts):
            cells = "".join(f"{count or '.':>{cell}}" for count in row)
            lines.append(f"{self.classes[i]:>{name}}  {i:>{number}} {cells}")
        return "\n".join(lines)


@dataclass(frozen=True)
class NumberEvaluation:
    """A regression's loss, its metrics, and those of always answering the same, on a test set of N rows."""

    name: str  # of the target
    metrics: Mapping[str, float]  # by name, in the target's unit
    mean: float  # of the targets that it was trained on
    of_mean: Mapping[str, float]  # the metrics of always answering that
    loss_name: str
    rows: int
    interval: Interval  # of the root mean square error

    @property
    def figure(self) -> float:
        """The root mean square error."""
        return self.metrics["rmse"]

    def text(self) -> str:
        """Return a line for each metric, to be printed."""
        lines = [f"loss {self.metrics['loss']:.4f} ({self.loss_name} of the scaled target)"]
        for name in ("rmse", "mae", "r2"):
            of_mean = metric_text(name, self.of_mean[name])
            lines.append(f"{name} {metric_text(name, self.metrics[name])} (always {self.mean:.5g}: {of_mean})")
        lines.append(f"{self.name}, of {self.rows} test examples; rmse: {_within(RMSE_FIGURE, self.interval, 'row')}")
        return "\n".join(lines)


def _within(figure: Figure, interval: Interval, noun: str) -> str:
    return f"{LEVEL:.0%} interval {figure.within(interval)}, of other {noun}s of the same kind"


def evaluation(model: Model, module: nn.Module, examples: Examples) -> Evaluation | NumberEvaluation:
    """Evaluate a model on a test set."""
    outputs, labels = logits_of(model, module, examples), torch.from_numpy(np.array(examples.labels))
    if model.target is not None:
        return _number_evaluation(model, model.target, outputs, labels)
    loss = losses_of(model.recipe.loss, outputs.unsqueeze(0), labels).mean(dtype=torch.float64)
    loss_name = model.recipe.loss.replace("_", " ")
    answers = outputs.argmax(1).numpy()
    return Evaluation(labels.numpy(), answers, model.classes, loss.item(), loss_name, examples.noun)


def _number_evaluation(model: Model, target: Target, outputs: torch.Tensor, labels: torch.Tensor) -> NumberEvaluation:
    """Evaluate a regression by its scaled outputs, (N, 1)."""
    both = torch.stack([outputs, torch.zeros_like(outputs)])  # the model's, and always the mean
    predictions = predictions_of(model.recipe.loss, both, labels, target.scale)
    metrics, of_mean = metrics_of(("loss", "rmse", "mae", "r2"), predictions)
    errors = (outputs[:, 0].double() * target.std + target.mean - labels).numpy()
    interval = RMSE_FIGURE.interval(root_mean_square(errors[np.newaxis]))
    return NumberEvaluation(target.name, metrics, target.mean, of_mean, model.recipe.loss, len(labels), interval)
