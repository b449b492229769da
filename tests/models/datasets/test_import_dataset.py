"""Own data: imported once and whole, in one form, from wherever they come; and what cannot be trained on is told."""

import hashlib
import json
import pickle
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import Dataset, IterableDataset, TensorDataset

from models.datasets import download
from models.datasets import source as data
from models.datasets.array_store import IMPORTS_FOLDER
from models.datasets.base import DatasetConfig, Find, RawDataset
from models.datasets.batches import BatchSource
from models.datasets.dataset_config import CallableDataset, Folder, Npz, Table
from models.datasets.import_dataset import import_dataset
from models.datasets.registry import NAMED_DATASETS
from models.datasets.source import Source, check_test_part, training_examples
from models.datasets.split import normalisation, split
from models.errors import UserError
from models.model_file import load_model
from search import Float, Int, Study
from search.config.study_files import load
from search.record.fingerprint import fingerprint
from search.record.store import Store
from tests.support.ledger import read_signed

PROJECT = Path(data.__file__).parents[2]
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


# --- what a function returns ------------------------------------------------------------------------------------------


class Pictures(Dataset[Any]):
    """A map-style Dataset that makes each picture in one of several ways."""

    classes = ("cat", "dog", "owl")

    def __init__(self, make: Callable[[NDArray[np.uint8]], object]) -> None:
        self.make = make

    def __len__(self) -> int:
        return len(LABELS)

    def __getitem__(self, place: int) -> tuple[object, object]:
        return self.make(COLOUR[place]), torch.tensor(LABELS[place])


@pytest.mark.parametrize(
    ("result", "inputs"),
    {
        "grey bytes": ((GREY, LABELS), GREY[:, np.newaxis]),
        "a grey tensor of numbers from 0 to 1": (
            (torch.from_numpy(GREY) / 255, torch.from_numpy(LABELS)),
            GREY[:, np.newaxis],
        ),
        "whole numbers from 0 to 255": ((torch.from_numpy(GREY).double(), LABELS.tolist()), GREY[:, np.newaxis]),
        "channels first": ((torch.from_numpy(COLOUR), LABELS), COLOUR),
        "channels last": ((COLOUR.transpose(0, 2, 3, 1), LABELS), COLOUR),
        "half precision": (((torch.from_numpy(COLOUR) > 99).bfloat16(), LABELS), (COLOUR > 99) * np.uint8(255)),
        "black and white": ((COLOUR > 99, LABELS), (COLOUR > 99) * np.uint8(255)),
        "15 channels": ((np.repeat(COLOUR, 5, 1), LABELS), np.repeat(COLOUR, 5, 1)),
        "a table": ((NUMBERS, LABELS), NUMBERS.astype(np.float32)[:, :, np.newaxis, np.newaxis]),
        "a table of bytes": (
            (GREY.reshape(60, -1), LABELS),
            GREY.reshape(60, -1).astype(np.float32)[:, :, np.newaxis, np.newaxis],
        ),
        "labels as a column": ((GREY, LABELS[:, np.newaxis]), GREY[:, np.newaxis]),
        "a Dataset of tensors": (TensorDataset(torch.from_numpy(COLOUR), torch.from_numpy(LABELS)), COLOUR),
        "a Dataset of Pillow's pictures": (Pictures(lambda it: Image.fromarray(it.transpose(1, 2, 0))), COLOUR),
        "a Dataset of numbers": (Pictures(lambda it: torch.from_numpy(it) / 255), COLOUR),
        "two pairs": (((GREY[:30], LABELS[:30]), (GREY[30:], LABELS[30:])), GREY[:, np.newaxis]),
        "four arrays": ((GREY[:30], LABELS[:30], GREY[30:], LABELS[30:]), GREY[:, np.newaxis]),
    }.values(),
    ids=lambda it: "" if isinstance(it, np.ndarray) else None,
)
def test_a_function_may_return(result: object, inputs: NDArray[Any], tmp_path: Path) -> None:
    assert same_examples(returned(result, tmp_path), inputs, LABELS)


def test_a_given_test_part_stays_the_test_part(tmp_path: Path) -> None:
    source = returned((GREY[:45], LABELS[:45], GREY[45:], LABELS[45:]), tmp_path)
    assert np.array_equal(training_examples(source).inputs, GREY[:45, np.newaxis])
    assert np.array_equal(read_signed(source).inputs, GREY[45:, np.newaxis])


def test_two_datasets_are_the_training_and_the_test_part(tmp_path: Path) -> None:
    parts = [
        TensorDataset(torch.from_numpy(GREY[chosen]), torch.from_numpy(LABELS[chosen]))
        for chosen in np.split(np.arange(60), [40])
    ]
    source = returned(tuple(parts), tmp_path)
    assert np.array_equal(training_examples(source).inputs, GREY[:40, np.newaxis])


def test_a_dataset_names_its_classes(tmp_path: Path) -> None:
    source = returned(Pictures(lambda it: Image.fromarray(it.transpose(1, 2, 0))), tmp_path)
    assert training_examples(source).classes == ("cat", "dog", "owl")


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (np.array([9, 10, -1])[LABELS], ("-1", "9", "10")),
        (np.array(["b", "a", "c"])[LABELS], ("a", "b", "c")),
        (np.array(["9", "10", "8"])[LABELS], ("8", "9", "10")),
        (np.array([1.0, 2.0, 5.0])[LABELS], ("1", "2", "5")),
        (LABELS > 0, ("False", "True")),
    ],
)
def test_classes_are_sorted(labels: NDArray[Any], classes: tuple[str, ...], tmp_path: Path) -> None:
    source = returned((GREY, labels), tmp_path)
    inputs, indices, known = whole(source)
    assert known == classes
    of = {picture.tobytes(): str(label) for picture, label in zip(GREY, labels, strict=True)}
    told = [of[picture.tobytes()].removesuffix(".0") for picture in inputs]
    assert told == [classes[place] for place in indices]


class Endless(IterableDataset[Any]):
    def __iter__(self) -> Any:
        yield GREY[0], 0


def failing() -> object:
    raise KeyError("no such column")


GIVEN = np.ones(60, int)
REFUSED: dict[str, tuple[object, str]] = {
    "nothing": (None, "returned of type NoneType"),
    "three things": ((GREY, LABELS, GREY), "returned 3 things"),
    "a Dataset without a length": (Endless(), "returned a Dataset without a length"),
    "an empty Dataset": (TensorDataset(torch.zeros(0, 3), torch.zeros(0)), "empty Dataset"),
    "fewer labels": ((GREY, LABELS[:-1]), "60 inputs and 59 labels"),
    "one class": ((GREY, GIVEN), "all examples are of one class, 1"),
    "two of a class": ((GREY, np.minimum(np.arange(60), 2)), r"the class 0 has 1 of 60 examples"),
    "measurements": ((NUMBERS, NUMBERS[:, 0]), "labels are measurements"),
    "many whole numbers": ((NUMBERS, np.arange(60)), "the class 0 has 1 of 60 examples"),
    "one-hot labels": ((GREY, np.eye(3)[LABELS]), "labels have the shape 60 x 3"),
    "normalised pictures": ((GREY / 127.5 - 1, LABELS), r"values from -1 to 1"),
    "numbers from 0 to 1.5": ((GREY / 170, LABELS), r"values from 0 to 1\.5"),
    "bytes of 16 bits": ((GREY.astype(np.uint16) * 257, LABELS), "values from 0 to 65535"),
    "NaN in a picture": ((np.where(GREY == 7, np.nan, GREY / 255), LABELS), "pictures have nan in them"),
    "NaN in a table": (
        (np.where(np.arange(240).reshape(60, 4) == 9, np.nan, NUMBERS), LABELS), "example 2 has nan as its feature 1"
    ),
    "too large a number": ((NUMBERS * 1e40, LABELS), "as its feature"),
    "channels that could be first or last": ((COLOUR[:, :2, :, :3], LABELS), "the channels could stand first or last"),
    "a line of numbers": ((NUMBERS[:, 0], LABELS), "inputs have the shape 60"),
    "pictures of different sizes": (([torch.zeros(3, 3), torch.zeros(4, 4)], [0, 1]), "its inputs make no array"),
    "texts": ((np.full((60, 3), "x"), LABELS), "inputs are of type"),
    "a class of the test part's own": (
        (GREY[:30], LABELS[:30], GREY[30:], LABELS[30:] + 1), "the test part has the label 3"
    ),
    "a test part of another shape": ((GREY[:30], LABELS[:30], GREY[30:, 1:], LABELS[30:]), "test examples"),
    "Pillow's pictures of different sizes": (
        Pictures(lambda it: Image.new("RGB", (5 + int(it[0, 0, 0]) % 2, 5))), "example . has the shape"
    ),
    "examples that are no pairs": (TensorDataset(torch.from_numpy(GREY)), "example 0 of its Dataset raised ValueError"),
}  # fmt: skip


@pytest.mark.parametrize(("result", "what"), REFUSED.values(), ids=REFUSED)
def test_a_function_may_not_return(result: object, what: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=what) as told:
        returned(result, tmp_path)
    assert "\n" not in told.value.what + told.value.remedy
    assert not [it for it in (tmp_path / IMPORTS_FOLDER).iterdir() if it.is_dir()]


def test_a_function_that_raises_is_told_in_two_lines(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"failing\(\) raised KeyError: 'no such column'") as told:
        imported(CallableDataset.from_function(failing), tmp_path)
    assert "test_import_dataset.py" in told.value.remedy


# --- folders, arrays and tables in files ------------------------------------------------------------------------------


def pictures(root: Path, *, colour: int = 0, sizes: tuple[int, int] = (6, 5)) -> Path:
    """Folders cat and dog with 10 pictures each, so many of the cats in colour."""
    for place in range(10):
        for name, mode in (("cat", "RGB" if place < colour else "L"), ("dog", "L")):
            (root / name).mkdir(parents=True, exist_ok=True)
            shade = COLOUR[place, :, : sizes[0], : sizes[1]].transpose(1, 2, 0)
            Image.fromarray(shade if mode == "RGB" else shade[:, :, 0] // 2 + 60 * (name == "dog")).save(
                root / name / f"{place}.png"
            )
    return root


def test_a_folder_has_a_class_for_each_folder_in_it(tmp_path: Path) -> None:
    source = imported(Folder(pictures(tmp_path / "pets")), tmp_path)
    inputs, labels, classes = whole(source)
    assert (source.name, classes, inputs.shape, np.bincount(labels).tolist()) == (
        "pets/",
        ("cat", "dog"),
        (20, 1, 6, 5),
        [10, 10],
    )
    assert (COLOUR[3, 0, :6, :5] // 2).tobytes() in {it.tobytes() for it in inputs}


def test_one_picture_in_colour_makes_all_of_them_colour(tmp_path: Path) -> None:
    inputs, *_ = whole(imported(Folder(pictures(tmp_path / "pets", colour=1)), tmp_path))
    assert inputs.shape == (20, 3, 6, 5)
    assert sum(bool((it[0] != it[1]).any()) for it in inputs) == 1


def test_a_folder_may_have_a_test_part(tmp_path: Path) -> None:
    for side in ("train", "val", "test"):
        pictures(tmp_path / "pets" / side)
    source = imported(Folder("pets"), tmp_path)  # type: ignore[arg-type]
    assert len(training_examples(source).labels) == 40
    assert len(read_signed(source).labels) == 20


def test_pictures_are_resized_where_a_size_is_asked_for(tmp_path: Path) -> None:
    root = pictures(tmp_path / "pets")
    Image.new("L", (50, 40), 99).save(root / "dog" / "large.png")
    inputs, *_ = whole(imported(Folder(root, size=(8, 7)), tmp_path))
    assert inputs.shape == (21, 1, 8, 7)
    assert (inputs == 99).all((1, 2, 3)).sum() == 1


def test_transparent_and_deep_pictures_are_taken_as_one_sees_them(tmp_path: Path) -> None:
    root = pictures(tmp_path / "pets")
    Image.new("LA", (5, 6), (0, 0)).save(root / "cat" / "clear.png")
    Image.fromarray(np.full((6, 5), 40 << 8, np.uint16)).save(root / "dog" / "deep.png")
    inputs, *_ = whole(imported(Folder(root), tmp_path))
    assert [int((inputs == shade).all((1, 2, 3)).sum()) for shade in (255, 40)] == [1, 1]


def bad_folder(root: Path, how: str) -> Folder:
    pictures(root / "pets")
    match how:
        case "sizes":
            Image.new("L", (50, 40)).save(root / "pets" / "dog" / "large.png")
        case "damaged":
            (root / "pets" / "dog" / "3.png").write_bytes(b"no picture")
        case "cut short":
            file = root / "pets" / "dog" / "3.png"
            Image.fromarray(np.random.default_rng(0).integers(0, 256, (6, 5), dtype=np.uint8)).save(file)
            file.write_bytes(file.read_bytes()[:60])
        case "empty class":
            (root / "pets" / "owl").mkdir()
        case "one class":
            for file in (root / "pets" / "dog").iterdir():
                file.unlink()
            (root / "pets" / "dog").rmdir()
        case "no folders":
            return Folder(root / "pets" / "dog")
        case "absent":
            return Folder(root / "cats")
    return Folder(root / "pets")


@pytest.mark.parametrize(
    ("how", "what"),
    [
        ("sizes", r"has 6 x 5 pixels, .*large\.png has 40 x 50"),
        ("damaged", r"3\.png is no picture"),
        ("cut short", r"3\.png is no picture"),
        ("empty class", "owl holds no pictures"),
        ("one class", "all examples are of one class, cat"),
        ("no folders", "holds no folder of pictures"),
        ("absent", "cats is not there"),
    ],
)
def test_a_folder_that_will_not_do_is_told(how: str, what: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=what) as told:
        imported(bad_folder(tmp_path, how), tmp_path)
    assert "\n" not in told.value.what + told.value.remedy


@pytest.mark.parametrize(
    "names",
    [
        ("x", "y"),
        ("x_train", "y_train", "x_test", "y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
    ],
)
def test_an_npz_file_holds_arrays_by_their_usual_names(names: tuple[str, ...], tmp_path: Path) -> None:
    arrays = [GREY, LABELS] if len(names) == 2 else [GREY[:45], LABELS[:45], GREY[45:], LABELS[45:]]
    np.savez(tmp_path / "grey.npz", **dict(zip(names, arrays, strict=True)))
    assert same_examples(imported(Npz(Path("grey.npz")), tmp_path), GREY[:, np.newaxis], LABELS)


def test_a_validation_part_joins_the_training_part(tmp_path: Path) -> None:
    parts = {
        f"{side}_{kind}": array
        for side in ("train", "val", "test")
        for kind, array in (("images", GREY), ("labels", LABELS[:, np.newaxis]))
    }
    np.savez(tmp_path / "med.npz", **parts)
    source = imported(Npz(tmp_path / "med.npz"), tmp_path)
    assert len(training_examples(source).labels) == 120


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "cannot be read: No such file"),
        (b"no archive", "is no .npz file"),
        ({"x": GREY}, "holds x, which is not inputs and labels"),
        ({"x": GREY, "images": GREY, "y": LABELS}, "which is not inputs and labels"),
        ({"x_test": GREY, "y_test": LABELS}, "which is not inputs and labels"),
        ({"x": np.array([{}]), "y": LABELS}, "is no .npz file"),  # pickled, and never unpickled
    ],
)
def test_an_npz_file_that_will_not_do_is_told(content: Any, what: str, tmp_path: Path) -> None:
    file = tmp_path / "a.npz"
    if isinstance(content, dict):
        np.savez(file, **content)
    elif content is not None:
        file.write_bytes(content)
    with pytest.raises(UserError, match=what):
        imported(Npz(file), tmp_path)


def table(root: Path, text: str | None = None, **more: Any) -> Table:
    """A CSV file of 30 rows, or of this text."""
    rows = [f"{place},{place / 3},{'rough' if place % 2 else 'smooth'},{'abc'[place % 3]}" for place in range(30)]
    (root / "stones.csv").write_text("\n".join(["id,weight,surface,kind", *rows]) if text is None else text)
    return Table(root / "stones.csv", label="kind", **more)


def test_a_table_has_numbers_as_they_are_and_a_column_for_each_text(tmp_path: Path) -> None:
    source = imported(table(tmp_path, leave_out=("id",)), tmp_path)
    inputs, labels, classes = whole(source)
    assert classes == ("a", "b", "c")
    assert json.loads((Path(source.root) / "about.json").read_text())["columns"] == [
        "weight",
        "surface=rough",
        "surface=smooth",
    ]
    expected = {
        (np.float32(place / 3), np.float32(place % 2), np.float32(1 - place % 2), place % 3) for place in range(30)
    }
    assert {(*row.ravel().tolist(), label) for row, label in zip(inputs, labels, strict=True)} == expected


def test_a_table_may_have_a_test_file_with_its_columns_in_another_order(tmp_path: Path) -> None:
    word = table(tmp_path, leave_out=("id",), test=tmp_path / "test.csv")
    (tmp_path / "test.csv").write_text("kind;surface;weight\na;rough;2.5\nb;polished;1\nc;smooth;0\n")
    tested = read_signed(imported(word, tmp_path))
    assert tested.inputs[:, :, 0, 0].tolist() == [[2.5, 1, 0], [1, 0, 0], [0, 0, 1]]  # the unknown text is none of them


HEAD = "weight,surface,kind\n"
ROWS = "".join(f"{place},{'rough' if place % 2 else 'smooth'},{'abc'[place % 3]}\n" for place in range(30))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "has no rows"),
        (HEAD, "has no rows"),
        ("weight,surface\n1,2\n", "has no column 'kind'"),
        ("kind\na\n", "has no column besides its label"),
        (HEAD + ROWS + ",rough,a\n", "row 32: 'weight' is empty"),
        (HEAD + ROWS + "NaN,rough,a\n", "row 32: 'weight' is empty"),
        (HEAD + ROWS + "inf,rough,a\n", "row 32: 'weight' is 'inf'"),
        (HEAD + ROWS + "heavy,rough,a\n", "row 32: 'weight' is 'heavy'"),
        (HEAD + ROWS + "1,,a\n", "row 32: 'surface' is empty"),
        (HEAD + ROWS + "1,rough,\n", "row 32: the label 'kind' is empty"),
        (HEAD + ROWS + "1,rough\n", "row 32: 2 cells for 3 columns"),
        (HEAD + "".join(f"1,stone {place},{'ab'[place % 2]}\n" for place in range(80)), "80 different texts"),
        ("weight,weight,kind\n1,2,a\n", "two columns 'weight'"),
    ],
)
def test_a_table_that_will_not_do_is_told(text: str, what: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=what) as told:
        imported(table(tmp_path, text), tmp_path)
    assert "\n" not in told.value.what + told.value.remedy


# --- the import -------------------------------------------------------------------------------------------------------


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


# --- as engines see them ----------------------------------------------------------------------------------------------


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


# --- words ------------------------------------------------------------------------------------------------------------

SPACE = {"learning_rate": Float(1e-3, 1.0, log=True), "weight_decay": Float(0.0, 0.1), "hidden": Int(16, 64)}


def study(given: object) -> Study:
    return Study.model_validate({"family": "mlp", "space": SPACE, "data": given})


def function() -> object:
    return GREY, LABELS


@pytest.mark.parametrize("given", [Folder(Path("a")), Npz(Path("a")), Table(Path("a"), label="b"), function, "kmnist"])
def test_a_studys_record_keeps_where_its_data_came_from(given: object) -> None:
    begun = study(given)
    again = Study.model_validate_json(begun.model_dump_json())
    assert again.dataset == begun.dataset
    assert again.model_dump() == begun.model_dump()


def test_a_record_does_not_call_functions(tmp_path: Path) -> None:
    again = Study.model_validate_json(study(function).model_dump_json())
    assert isinstance(again.data, CallableDataset)
    with pytest.raises(UserError, match=r"the data of function\(\) are not imported here"):
        imported(again.data, tmp_path)


def test_a_fingerprint_has_the_datas_hash_and_not_where_they_lie() -> None:
    here, there = (fingerprint(study(Folder(Path(path))), "f00", "cpu") for path in ("/here/pets", "/there/animals"))
    assert here == there
    assert here["data.sha256"] == "f00"
    assert fingerprint(study("mnist"), "f00", "cpu")["data"] == "mnist"


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("'minst'", "no data set is called 'minst'"),
        ("3", "data is of type int"),
        ("lambda path: None", "called without arguments"),
        ("Folder()", "path"),
        ("Table('a.csv')", "label"),
        ("Folder('a', size=3)", "size is 3"),
        ("Folder('a', sizes=(3, 3))", 'Folder has no sizes (did you mean "size"?)'),
    ],
)
def test_a_slip_in_a_study_file_is_told(written: str, what: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(f"from search import *\nstudy = Study(family=Mlp(), space={{}}, data={written})\n")
    with pytest.raises(UserError) as told:
        load(str(file))
    assert what in told.value.what


# --- named sets -------------------------------------------------------------------------------------------------------


def idx(array: NDArray[Any]) -> bytes:
    return struct.pack(f">{1 + array.ndim}I", 0x800 + array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


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


# --- from a study file to its report ----------------------------------------------------------------------------------

COLOURS = """
import numpy as np, torch
from search import *

def colours():
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 3, 240)
    pictures = draw.integers(0, 150, (240, 3, 9, 8))
    pictures[np.arange(240), labels] += 60
    return torch.tensor(pictures / 255, dtype=torch.float32), torch.tensor(labels)
"""
STUDY = """
study = Study(family=Mlp(), data=%s, epochs=2, trials=3, engines=1, augment=%s, space={
    "learning_rate": Float(1e-3, 0.1, log=True), "weight_decay": Float(0.0, 0.1), "hidden": Int(16, 64)})
"""


def command(folder: Path, *words: str) -> str:
    done = subprocess.run([sys.executable, "-m", *words], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two studies of own data, one of colour and one of a table, searched and exported."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "mine").mkdir()
    (folder / "mine" / "colours.py").write_text(COLOURS + STUDY % ("colours", "(Shift(1), Flip())"))
    table(folder / "mine", HEAD + ROWS * 3)
    (folder / "mine" / "stones.py").write_text(
        "from search import *\n" + STUDY % ('Table("stones.csv", label="kind")', "()")
    )
    for name in ("colours", "stones"):
        command(folder, "search.run", "--study", f"mine/{name}.py", "--workers", "0", "--quiet")
        command(folder, "reports.export", "--study", name, "--top", "1", "--seeds", "1", "--workers", "0", "--quiet")
    return folder


@pytest.mark.slow
def test_a_study_of_colours_has_a_report_with_pictures_in_colour(searched: Path) -> None:
    page = (searched / "runs" / "studies" / "colours" / "report.html").read_text()
    assert "colours()" in page
    assert "Grey is no weight" in page
    assert "data:image/png;base64" in page or "No test picture was wrong" in page


@pytest.mark.slow
def test_a_study_of_a_table_has_a_report_without_pictures(searched: Path) -> None:
    page = (searched / "runs" / "studies" / "stones" / "report.html").read_text()
    assert "The data are a table: there are no pictures to show." in page
    assert "test rows" in page
    assert "Most confidently wrong" not in page


@pytest.mark.slow
def test_a_search_of_own_data_goes_on_without_importing_them_again(searched: Path) -> None:
    room = searched / "runs" / "studies" / IMPORTS_FOLDER
    before = sorted(it.stat().st_ino for it in room.glob("*/*.npy"))
    command(searched, "search.run", "--study", "mine/stones.py", "--trials", "4", "--workers", "0", "--quiet")
    assert sorted(it.stat().st_ino for it in room.glob("*/*.npy")) == before


def test_a_search_on_other_rows_than_it_began_with_is_refused(searched: Path, tmp_path: Path) -> None:
    file = searched / "mine" / "stones.csv"
    before = file.read_text()
    file.write_text(before + "99,rough,a\n")
    words = [sys.executable, "-m", "search.run", "--study", "mine/stones.py", "--workers", "0"]
    done = subprocess.run(words, cwd=searched, capture_output=True, text=True)
    file.write_text(before)
    assert done.returncode == 2
    assert "was begun with data.sha256" in done.stderr


@pytest.mark.slow
def test_runs_that_were_moved_are_exported_where_they_are_now(searched: Path, tmp_path: Path) -> None:
    (searched / "runs").rename(tmp_path / "runs")
    try:
        command(tmp_path, "reports.export", "--study", "colours", "--top", "1", "--seeds", "1", "--workers", "0")
    finally:
        (tmp_path / "runs").rename(searched / "runs")


@pytest.mark.slow
def test_the_named_digits_can_be_asked_for_instead(searched: Path) -> None:
    words = ["--study", "mine/stones.py", "--dataset", "digits", "--trials", "1", "--epochs", "1", "--workers", "0"]
    told = command(searched, "search.run", *words, "--quiet")
    assert "next: python -m reports.export --study stones@digits" in told


def test_a_model_of_colours_is_asked_about_a_picture(searched: Path) -> None:
    store = Store(f"sqlite:///{searched}/runs/studies.db", create=False)
    record = store.find("colours")
    assert record is not None
    model = next((record.folder / "finalists").glob("trial-*.safetensors"))
    assert load_model(model)[0].shape == (3, 9, 8)
    Image.new("RGB", (80, 90), (70, 75, 190)).save(searched / "blue.png")
    told = command(searched, "models.predict", "--model", str(model), "--image", "blue.png", "--figure", "told.png")
    assert "resized to 8 x 9" in told
    with Image.open(searched / "told.png") as figure:
        shown = np.asarray(figure.convert("RGB"))
    assert (shown == (70, 75, 190)).all(2).sum() > 1000


def test_a_model_of_a_table_is_asked_about_no_picture(searched: Path) -> None:
    model = next((searched / "runs" / "studies" / "stones" / "finalists").glob("trial-*.safetensors"))
    Image.new("RGB", (8, 8)).save(searched / "black.png")
    words = [sys.executable, "-m", "models.predict", "--model", str(model), "--image", "black.png"]
    done = subprocess.run(words, cwd=searched, capture_output=True, text=True)
    assert done.returncode == 2
    assert "the model takes rows of a table with 3 features" in done.stderr
