"""Small data of one's own, from functions and files, and what an import makes of them."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.datasets.array_store import IMPORTS_FOLDER
from models.datasets.base import DatasetConfig
from models.datasets.dataset_config import CallableDataset, Table
from models.datasets.import_dataset import import_dataset
from models.datasets.source import Source, training_examples
from tests.support.ledger import read_signed

LABELS = np.arange(60) % 3
GREY = np.random.default_rng(0).integers(0, 256, (60, 5, 4), dtype=np.uint8)
COLOUR = np.random.default_rng(1).integers(0, 256, (60, 3, 6, 5), dtype=np.uint8)
NUMBERS = np.random.default_rng(2).normal(100, 30, (60, 4))


def imported(config: DatasetConfig, root: Path, *, seed: int = 0, anew: bool = True) -> Source:
    return import_dataset(config, root / IMPORTS_FOLDER, seed, [root], anew=anew)


def returned(result: object, root: Path) -> Source:
    """What is imported of a function that returns `result`."""
    return imported(CallableDataset.from_function(lambda: result), root)


def whole(source: Source) -> tuple[NDArray[Any], NDArray[Any], tuple[str, ...]]:
    """Both parts together, in no order."""
    parts = training_examples(source), read_signed(source)
    return (
        np.concatenate([it.inputs for it in parts]),
        np.concatenate([it.labels for it in parts]),
        parts[0].classes,
    )


def same_examples(source: Source, inputs: NDArray[Any], labels: NDArray[Any]) -> bool:
    """Whether the source holds these examples, in whatever order."""
    found, told, _ = whole(source)
    lines = [
        sorted((x.tobytes(), int(y)) for x, y in zip(*it, strict=True)) for it in ((found, told), (inputs, labels))
    ]
    return found.shape == inputs.shape and found.dtype == inputs.dtype and lines[0] == lines[1]


def table(root: Path, text: str | None = None, **more: Any) -> Table:
    """A CSV file of 30 rows, or of this text."""
    rows = [f"{place},{place / 3},{'rough' if place % 2 else 'smooth'},{'abc'[place % 3]}" for place in range(30)]
    (root / "stones.csv").write_text("\n".join(["id,weight,surface,kind", *rows]) if text is None else text)
    return Table(root / "stones.csv", label="kind", **more)


HEAD = "weight,surface,kind\n"
ROWS = "".join(f"{place},{'rough' if place % 2 else 'smooth'},{'abc'[place % 3]}\n" for place in range(30))
