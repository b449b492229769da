"""Named data sets are read as they are published; damaged pickles are never opened."""

import hashlib
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.datasets import download
from models.datasets import source as data
from models.datasets.array_store import IMPORTS_FOLDER
from models.datasets.registry import NAMED_DATASETS
from models.datasets.source import training_examples
from models.errors import UserError
from tests.support.custom_data import (
    GREY,
)
from tests.support.idx_files import idx
from tests.support.ledger import read_signed


def write_named(root: Path, name: str, labels: NDArray[Any]) -> None:
    """A data set as torchvision leaves it, in small."""
    folder, begins, tests = {
        "kmnist": ("KMNIST", "", "t10k"),
        "emnist_letters": ("EMNIST", "emnist-letters-", "test"),
        "emnist_balanced": ("EMNIST", "emnist-balanced-", "test"),
    }[name]
    (root / folder / "raw").mkdir(parents=True)
    for part in ("train", tests):
        (root / folder / "raw" / f"{begins}{part}-images-idx3-ubyte").write_bytes(idx(GREY))
        (root / folder / "raw" / f"{begins}{part}-labels-idx1-ubyte").write_bytes(idx(labels))


@pytest.mark.parametrize(
    ("name", "first", "transposed", "classes"),
    [
        ("kmnist", 0, False, "o ki su tsu na ha ma ya re wo"),
        ("emnist_letters", 1, True, "a b c d e f g h i j k l m n o p q r s t u v w x y z"),
        (
            "emnist_balanced",
            0,
            True,
            "0 1 2 3 4 5 6 7 8 9 A B C D E F G H I J K L M N O P Q R S T U V W X Y Z a b d e f g h n q r t",
        ),
    ],
)
def test_named_sets_are_read_as_they_are_published(
    name: str, first: int, transposed: bool, classes: str, tmp_path: Path
) -> None:
    labels = np.arange(60) % len(classes.split()) + first
    write_named(tmp_path, name, labels)
    source = data.locate(name, str(tmp_path), {})
    assert source is not None
    expected = GREY.transpose(0, 2, 1) if transposed else GREY
    for examples in (training_examples(source), read_signed(source)):
        assert np.array_equal(examples.inputs[:, 0], expected)
        assert np.array_equal(examples.labels, labels - first)
        assert examples.classes == tuple(classes.split())
        assert examples.inputs.flags.c_contiguous


def test_a_label_before_the_first_class_is_told(tmp_path: Path) -> None:
    write_named(tmp_path, "emnist_letters", np.arange(60) % 26)
    with pytest.raises(UserError, match="has a label 0, where the classes begin at 1"):
        data.locate("emnist_letters", str(tmp_path), {})


def test_named_sets_are_called_as_torchvision_calls_them() -> None:
    vision = download.import_torchvision().datasets
    for name in ("mnist", "fashion_mnist", "kmnist", "emnist_letters", "emnist_balanced"):
        known = NAMED_DATASETS.load(name)
        official = getattr(vision, known.folder)
        if name.startswith("emnist"):
            told = official.classes_split_dict[known.options["split"]]
            assert tuple(it for it in told if it != "N/A") == known.classes
        elif name == "kmnist":
            assert tuple(official.classes) == known.classes


def write_cifar10(root: Path, monkeypatch: pytest.MonkeyPatch) -> NDArray[np.uint8]:
    """CIFAR10 as its authors pack it, with 4 pictures in each of its six files; torchvision is told their checksums."""
    rows = np.random.default_rng(0).integers(0, 256, (24, 3 * 32 * 32), dtype=np.uint8)
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    files: dict[str, dict[str, object]] = {"batches.meta": {"label_names": names}}
    for place, name in enumerate([*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]):
        labels = [(4 * place + it) % 10 for it in range(4)]
        files[name] = {"data": rows[4 * place : 4 * place + 4], "labels": labels}
    sums = {}
    for name, content in files.items():
        (folder / name).write_bytes(pickle.dumps(content))
        sums[name] = hashlib.md5((folder / name).read_bytes()).hexdigest()
    official = download.import_torchvision().datasets.CIFAR10
    listed = [[name, sums[name]] for name in sums if name.startswith("data")]
    monkeypatch.setattr(official, "train_list", listed)
    monkeypatch.setattr(official, "test_list", [["test_batch", sums["test_batch"]]])
    monkeypatch.setattr(
        official, "meta", {"filename": "batches.meta", "key": "label_names", "md5": sums["batches.meta"]}
    )
    return rows.reshape(-1, 3, 32, 32)


def test_cifar10_is_imported_from_where_torchvision_has_put_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = write_cifar10(tmp_path / "data", monkeypatch)
    imports = tmp_path / IMPORTS_FOLDER
    assert data.locate("cifar10", str(tmp_path / "none"), imports=imports) is None
    source = data.locate("cifar10", str(tmp_path / "data"), imports=imports)
    assert source is not None
    assert data.locate("cifar10", str(tmp_path / "none"), imports=imports) == source  # its own files are read once
    assert data.locate("cifar10", source.root) == source
    trained = training_examples(source)
    assert source.name == "cifar10"
    assert np.array_equal(trained.inputs, rows[:20])
    assert trained.classes[3] == "cat"
    assert np.array_equal(read_signed(source).inputs, rows[20:])


def test_damaged_files_of_cifar10_are_never_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_cifar10(tmp_path, monkeypatch)
    (tmp_path / "cifar-10-batches-py" / "data_batch_2").write_bytes(b"cos\nabort\n(tR.")  # would end the process
    with pytest.raises(UserError, match="cifar-10-batches-py cannot be read"):
        data.locate("cifar10", str(tmp_path), imports=tmp_path / IMPORTS_FOLDER)
