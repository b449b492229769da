"""What the finalists' models said to the test set, kept in one file: who reads a report again opens no test set.

Written by finalists.py when the test set is opened, read by whoever draws or compares. Holds the logits of every model
on every image, and the pictures that at least one of them got wrong, for the gallery. Knows no torch.

Letters: S seeds, N test images, C classes.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from models.datasets.array_store import Inputs

Which = tuple[int, int]  # a model: trial and seed


@dataclass(frozen=True, eq=False)
class Tested:
    """The test set as it was opened last, seen through the models."""

    labels: NDArray[np.int64]  # (N,)
    logits: dict[Which, NDArray[np.float32]]  # (N, C) each
    pictured: NDArray[np.int64]  # indices, ascending, of the images that are kept
    pictures: Inputs  # (len(pictured), channels, height, width); of a table, their features
    classes: tuple[str, ...]

    @property
    def is_table(self) -> bool:
        """Whether what was tested are rows of a table, not pictures."""
        return self.pictures.dtype != np.uint8

    @property
    def noun(self) -> str:
        """What one test example is called."""
        return "row" if self.is_table else "image"

    def picture(self, place: int) -> NDArray[np.uint8]:
        """Return one of the pictures as one sees it, (height, width, 3): other than 3 channels as their mean."""
        seen = np.moveaxis(self.pictures[place], 0, 2)
        if seen.shape[2] != 3:
            seen = np.repeat(np.rint(seen.mean(2, keepdims=True)).astype(np.uint8), 3, axis=2)
        return np.asarray(seen, np.uint8)

    def right(self, trial: int, seed: int) -> NDArray[np.bool_]:
        """Return where one model is right, (N,)."""
        return np.asarray(self.logits[trial, seed].argmax(1) == self.labels)

    def hits(self, trial: int, seeds: int) -> NDArray[np.float64]:
        """Return (S, N) ones and zeros: where a finalist was right, under each seed."""
        return np.stack([self.right(trial, seed) for seed in range(seeds)]).astype(np.float64)

    def probabilities(self, trial: int, seeds: int) -> NDArray[np.float64]:
        """Return (N, C): softmax, averaged over a finalist's seeds; one that diverged says nothing (all alike)."""
        total = np.zeros((len(self.labels), len(self.classes)))
        for seed in range(seeds):
            logits = self.logits[trial, seed].astype(np.float64)
            logits = np.where(np.isfinite(logits).all(1, keepdims=True), logits, 0.0)
            powers = np.exp(logits - logits.max(1, keepdims=True))
            total += powers / powers.sum(1, keepdims=True)
        return total / seeds


def keep(
    file: Path,
    models: Mapping[Which, str],
    logits: Mapping[Which, NDArray[np.float32]],
    labels: NDArray[np.int64],
    images: Inputs,
    classes: tuple[str, ...],
) -> Tested:
    """Write down what `models`, by the hashes of their files, said; whole or not at all."""
    wrong = np.zeros(len(labels), bool)
    for said in logits.values():
        wrong |= said.argmax(1) != labels
    pictured = np.flatnonzero(wrong)
    tensors: dict[str, NDArray[Any]] = {_key(*which): np.ascontiguousarray(said) for which, said in logits.items()}
    tensors |= {"labels": labels, "pictured": pictured, "pictures": np.ascontiguousarray(images[pictured])}
    sums = {_key(*which): digest for which, digest in models.items()}
    unfinished = file.with_suffix(".partial")
    save_file(tensors, unfinished, {"models": json.dumps(sums), "classes": json.dumps(classes)})
    os.replace(unfinished, file)
    tested = read(file, models)
    assert tested is not None
    return tested


def read(file: Path, models: Mapping[Which, str]) -> Tested | None:
    """Return what is kept, if it was said by exactly these models."""
    if not file.exists():
        return None
    with safe_open(file, framework="numpy") as kept:
        about = kept.metadata()
        known = json.loads(about["models"])
        if any(known.get(_key(*which)) != digest for which, digest in models.items()):
            return None
        return Tested(
            labels=kept.get_tensor("labels"),
            logits={which: kept.get_tensor(_key(*which)) for which in models},
            pictured=kept.get_tensor("pictured"),
            pictures=kept.get_tensor("pictures"),
            classes=tuple(json.loads(about["classes"])),
        )


def _key(trial: int, seed: int) -> str:
    return f"{trial}/{seed}"
