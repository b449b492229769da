"""Data of one's own are imported once and whole, are damaged by no kill, and are normalised by their own figures."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from models.datasets.array_store import IMPORTS_FOLDER
from models.datasets.base import Find, RawDataset
from models.datasets.batches import BatchSource
from models.datasets.dataset_config import CallableDataset, Npz, Table
from models.datasets.source import check_test_part, training_examples
from models.datasets.split import normalisation, split
from models.errors import UserError
from tests.support.custom_data import (
    COLOUR,
    GREY,
    HEAD,
    LABELS,
    NUMBERS,
    ROWS,
    imported,
    returned,
    same_examples,
    table,
)
from tests.support.ledger import read_signed


def test_a_test_part_is_held_out_by_the_seed_and_stratified(tmp_path: Path) -> None:
    first, again, other = (
        imported(CallableDataset.from_function(lambda: (GREY, LABELS)), tmp_path / name, seed=seed)
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    )
    assert first.sha256 == again.sha256 != other.sha256
    assert np.bincount(read_signed(first).labels).tolist() == [4, 4, 4]
    assert same_examples(first, GREY[:, np.newaxis], LABELS)


def test_the_hash_is_that_of_the_file_that_has_all_hashes(tmp_path: Path) -> None:
    source = returned((GREY, LABELS), tmp_path)
    about = (Path(source.root) / "about.json").read_bytes()
    assert hashlib.sha256(about).hexdigest() == source.sha256
    sums = json.loads(about)["sha256"]
    assert sums == {name: hashlib.sha256((Path(source.root) / name).read_bytes()).hexdigest() for name in sums}
    assert len(sums) == 4


def test_files_are_read_again_only_where_they_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    word = table(tmp_path)
    first = imported(word, tmp_path)
    reads: list[Table] = []
    read = Table.read

    def counted(config: Table, find: Find) -> RawDataset:
        reads.append(config)
        return read(config, find)

    monkeypatch.setattr(Table, "read", counted)
    assert imported(word, tmp_path) == first
    assert reads == []
    table(tmp_path, HEAD + ROWS)
    assert imported(Table(word.path, label="kind"), tmp_path).sha256 != first.sha256
    assert len(reads) == 1


def test_a_study_that_goes_on_keeps_what_its_function_returned_at_first(tmp_path: Path) -> None:
    calls: list[int] = []

    def drawn_anew() -> object:
        calls.append(1)
        return np.random.default_rng(len(calls)).integers(0, 256, (60, 5, 4), dtype=np.uint8), LABELS

    word = CallableDataset.from_function(drawn_anew).model_copy(update={"source_sha256": "known"})
    first = imported(word, tmp_path)
    assert imported(word, tmp_path, anew=False) == first
    assert imported(word, tmp_path).sha256 != first.sha256
    assert len(calls) == 2


def test_data_imported_before_are_kept_as_they_are(tmp_path: Path) -> None:
    first = returned((GREY, LABELS), tmp_path)
    before = (Path(first.root) / "train-inputs.npy").stat().st_ino
    assert returned((GREY, LABELS), tmp_path) == first
    assert (Path(first.root) / "train-inputs.npy").stat().st_ino == before


def test_a_damaged_import_is_made_anew(tmp_path: Path) -> None:
    source = returned((GREY, LABELS), tmp_path)
    damaged = Path(source.root) / "train-inputs.npy"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    with pytest.raises(UserError, match="is not as it was imported"):
        training_examples(source)
    assert returned((GREY, LABELS), tmp_path) == source
    training_examples(source)


def test_an_import_that_was_killed_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / IMPORTS_FOLDER / ".partial-abc").mkdir(parents=True)
    source = returned((GREY, LABELS), tmp_path)
    assert sorted(it.name for it in (tmp_path / IMPORTS_FOLDER).iterdir() if not it.name.startswith(".lock")) == sorted(
        [Path(source.root).name, "known"]
    )


IMPORT = """
import sys
from pathlib import Path
from models.datasets.import_dataset import import_dataset
from models.datasets.dataset_config import Npz
print(import_dataset(Npz(Path("grey.npz")), Path("runs"), 0, [Path.cwd()], anew=True), "torch" in sys.modules)
"""


def test_processes_that_import_at_once_make_one(tmp_path: Path) -> None:
    np.savez(tmp_path / "grey.npz", x=np.repeat(GREY, 500, 0), y=np.repeat(LABELS, 500))
    started = [
        subprocess.Popen([sys.executable, "-c", IMPORT], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    first, second = (process.communicate()[0] for process in started)
    assert first == second
    assert first.endswith(" False\n")  # files cost no torch
    assert len(list((tmp_path / "runs").glob("grey.npz-*"))) == 1
    assert len(training_examples(imported(Npz(tmp_path / "grey.npz"), tmp_path)).labels) == 24000


def test_a_test_part_that_is_gone_is_told_before_anybody_signs(tmp_path: Path) -> None:
    source = returned((GREY, LABELS), tmp_path)
    check_test_part(source)
    (Path(source.root) / "test-labels.npy").unlink()
    with pytest.raises(UserError, match=r"test-labels\.npy is gone"):
        check_test_part(source)


def test_training_reads_no_test_file(tmp_path: Path) -> None:
    source = returned((GREY, LABELS), tmp_path)
    for file in Path(source.root).glob("test-*"):
        file.unlink()
    assert len(training_examples(source).labels) == 48


def test_a_tables_features_are_normalised_each_by_its_own_figures(tmp_path: Path) -> None:
    examples = training_examples(returned((NUMBERS * [1, 1e-3, 1e3, 0], LABELS), tmp_path))
    chosen, _ = split(examples.labels, 1 / 6, 0)
    normal = normalisation(examples.inputs, chosen)
    assert normal.std[3] == 1.0  # never varies
    ((_, x, _),) = list(BatchSource(examples, chosen, normal, torch.device("cpu")).batches(1000))
    assert x.shape == (len(chosen), 4, 1, 1)
    torch.testing.assert_close(
        x.mean(0).ravel(), torch.zeros(4), atol=1e-5, rtol=0
    )  # float32 of numbers about 3 std from 0
    torch.testing.assert_close(x.std(0, correction=0).ravel(), torch.tensor([1.0, 1, 1, 0]), atol=1e-5, rtol=0)


def test_colours_are_normalised_each_by_its_own_figures(tmp_path: Path) -> None:
    examples = training_examples(returned((COLOUR, LABELS), tmp_path))
    everything = np.arange(48)
    normal = normalisation(examples.inputs, everything)
    ((_, x, _),) = list(BatchSource(examples, everything, normal, torch.device("cpu")).batches(1000))
    torch.testing.assert_close(x.mean((0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
