"""What the finalists' models predict for the test set, kept in one file: to read a report again opens no test set.

Holds the outputs of every model for every example, and the examples that at least one model misclassifies, for the
gallery. Must not know torch, nor how a test set is read.

Letters: S seeds, N test examples, C classes.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from models.datasets.array_store import Inputs
from models.errors import UserError
from models.files.model_description import Target
from reports.figures.figure import ACCURACY_FIGURE, Figure

FILE = "tested.safetensors"  # in <the study's folder>/finalists
ModelKey = tuple[int, int]  # trial and seed


class Cost(NamedTuple):
    """What a model costs where it is used."""

    parameters: int  # numbers in its weights
    multiply_adds: float  # of a prediction for one example, as torch counts them
    bytes: int  # of its file
    milliseconds: float  # of a prediction for one example, on one thread of the CPU that tested it


@dataclass(frozen=True, eq=False)
class TestPredictions:
    """The test set as it was opened last, seen through the models: classifiers, or those of number_predictions.py."""

    figure: ClassVar[Figure] = ACCURACY_FIGURE
    labels: NDArray[Any]  # (N,), the true classes
    logits: Mapping[ModelKey, NDArray[np.float32]]  # (N, C) for each model
    misclassified: NDArray[np.int64]  # indices, ascending, of the examples that some model misclassifies
    inputs: Inputs  # (len(misclassified), channels, height, width) bytes; of a table, their features
    classes: tuple[str, ...]  # the names of the C classes
    costs: Mapping[int, Cost] = field(default_factory=dict)  # by trial; empty in files of earlier versions
    target: Target | None = None  # of a regression

    @property
    def is_table(self) -> bool:
        """Whether the examples are rows of a table, not images."""
        return self.inputs.dtype != np.uint8

    @property
    def noun(self) -> str:
        """What one example is called."""
        return "row" if self.is_table else "image"

    def image(self, index: int) -> NDArray[np.uint8]:
        """Return one of the misclassified images in colour, (height, width, 3); other than 3 channels as their mean."""
        image = np.moveaxis(self.inputs[index], 0, 2)
        if image.shape[2] != 3:
            image = np.repeat(np.rint(image.mean(2, keepdims=True)).astype(np.uint8), 3, axis=2)
        return np.asarray(image, np.uint8)

    def predicted(self, trial: int, seed: int) -> NDArray[np.int64]:
        """Return the class that a model predicts for each example, (N,)."""
        return np.asarray(self.logits[trial, seed].argmax(1))

    def correct(self, trial: int, seed: int) -> NDArray[np.bool_]:
        """Return which examples a model classifies correctly, (N,)."""
        return np.asarray(self.predicted(trial, seed) == self.labels)

    def scores(self, trial: int, seeds: int) -> NDArray[np.float64]:
        """Return (S, N) numbers whose mean over examples is the figure: 1 where a model is correct, 0 where not."""
        return np.stack([self.correct(trial, seed) for seed in range(seeds)]).astype(np.float64)

    def constant_answer(self) -> tuple[str, float]:
        """Return the commonest class of the test set, and the accuracy of always answering it."""
        counts = np.bincount(self.labels, minlength=len(self.classes))
        return self.classes[int(counts.argmax())], float(counts.max() / len(self.labels))

    def constant_scores(self) -> NDArray[np.float64]:
        """Return 1 where always answering the commonest class is correct, (N,)."""
        return np.asarray(self.labels == np.bincount(self.labels).argmax(), np.float64)

    def probabilities(self, trial: int, seeds: int) -> NDArray[np.float64]:
        """Return the softmax averaged over a finalist's seeds, (N, C); a model that diverged counts as uniform."""
        total = np.zeros((len(self.labels), len(self.classes)))
        for seed in range(seeds):
            logits = self.logits[trial, seed].astype(np.float64)
            logits = np.where(np.isfinite(logits).all(1, keepdims=True), logits, 0.0)
            powers = np.exp(logits - logits.max(1, keepdims=True))
            total += powers / powers.sum(1, keepdims=True)
        return total / seeds


def save(
    file: Path,
    models: Mapping[ModelKey, str],
    logits: Mapping[ModelKey, NDArray[np.float32]],
    labels: NDArray[Any],
    inputs: Inputs,
    classes: tuple[str, ...],
    costs: Mapping[int, Cost] | None = None,
    target: Target | None = None,
) -> TestPredictions:
    """Write predictions, whole or not at all, and return them.

    Args:
        file: Where to.
        models: The sha256 of every model's file.
        logits: (N, C) of every model.
        labels: (N,)
        inputs: (N, channels, height, width), of which the misclassified ones are kept.
        classes: The names of the C classes.
        costs: By trial.
        target: Of a regression, of which no example is kept.
    """
    costs = costs or {}
    none = np.zeros(len(labels), bool)
    wrong = np.logical_or.reduce([none, *(of.argmax(1) != labels for of in logits.values() if target is None)])
    misclassified = np.flatnonzero(wrong)
    tensors: dict[str, NDArray[Any]] = {_key(*model): np.ascontiguousarray(of) for model, of in logits.items()}
    tensors |= {"labels": labels, "pictured": misclassified}
    kept = inputs[misclassified]  # a copy
    tensors["pictures"] = kept
    sums = {_key(*model): digest for model, digest in models.items()}
    unfinished = file.with_suffix(".partial")
    about = {"models": json.dumps(sums), "classes": json.dumps(classes), "costs": json.dumps(costs)}
    if target is not None:
        about["target"] = target.model_dump_json()
    save_file(tensors, unfinished, about)
    os.replace(unfinished, file)
    return _kind(target)(labels, logits, misclassified, kept, classes, costs, target)


def read(file: Path, models: Mapping[ModelKey, str]) -> TestPredictions | None:
    """Return the predictions that a file holds, or None if they are not of exactly these models, by their sha256.

    Raises:
        UserError: The file is damaged.
    """
    if not file.exists():
        return None
    try:
        with safe_open(file, framework="numpy") as kept:
            about = kept.metadata()
            sums = json.loads(about["models"])
            if any(sums.get(_key(*model)) != digest for model, digest in models.items()):
                return None
            target = Target.model_validate_json(about["target"]) if "target" in about else None
            return _kind(target)(
                labels=kept.get_tensor("labels"),
                logits={model: kept.get_tensor(_key(*model)) for model in models},
                misclassified=kept.get_tensor("pictured"),
                inputs=kept.get_tensor("pictures"),
                classes=tuple(json.loads(about["classes"])),
                costs={int(trial): Cost(*cost) for trial, cost in json.loads(about.get("costs", "{}")).items()},
                target=target,
            )
    except (SafetensorError, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise UserError(
            f"{file} is damaged: it does not hold the predictions that were written",
            "remove it; the next export tests the models again, which the ledger tells",
        ) from error


def _kind(target: Target | None) -> type[TestPredictions]:
    """Return the class of predictions of classes, or of numbers."""
    from reports.finalists.number_predictions import NumberPredictions  # which derives from the class above

    return TestPredictions if target is None else NumberPredictions


def sha256_of(file: Path) -> str:
    """Return the sha256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _key(trial: int, seed: int) -> str:
    return f"{trial}/{seed}"
