"""What each format's reader takes, and what it refuses, with the file, row or example."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.utils.data import Dataset, IterableDataset, TensorDataset

from models.datasets.array_store import IMPORTS_FOLDER
from models.datasets.dataset_config import CallableDataset, Folder, Npz
from models.datasets.source import training_examples
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
    whole,
)
from tests.support.ledger import read_signed

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
    assert "test_readers.py" in told.value.remedy


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


@pytest.mark.parametrize(
    ("rare", "common", "positive", "classes"),
    [
        ("bad", "good", "bad", ("good", "bad")),
        ("bad", "good", "good", ("bad", "good")),
        ("0", "1", 0, ("1", "0")),
        ("0.0", "1.0", "0.0", ("1", "0")),
    ],
)
def test_the_positive_one_of_two_classes_comes_last(
    rare: str, common: str, positive: Any, classes: tuple[str, str], tmp_path: Path
) -> None:
    text = "weight,kind\n" + "".join(f"{place},{common if place % 3 else rare}\n" for place in range(30))
    inputs, labels, named = whole(imported(table(tmp_path, text, positive=positive), tmp_path))
    assert named == classes
    rare_is = classes.index(rare.removesuffix(".0"))
    assert {(int(row.item()) % 3 == 0, label == rare_is) for row, label in zip(inputs, labels, strict=True)} == {
        (True, True),
        (False, False),
    }


def test_of_a_folder_too(tmp_path: Path) -> None:
    *_, classes = whole(imported(Folder(pictures(tmp_path / "pets"), positive="cat"), tmp_path))
    assert classes == ("dog", "cat")


@pytest.mark.parametrize(
    ("kinds", "positive", "what", "remedy"),
    [
        ("ab", "c", 'positive="c" is none of two classes; the classes are a, b', "name one of them"),
        ("01", "0.5", 'positive="0.5" is none of two classes; the classes are 0, 1', "name one of them"),
        ("abc", "a", "the classes are a, b, c", "leave it out: of more than two, every class counts"),
    ],
)
def test_a_positive_class_that_will_not_do_is_told(
    kinds: str, positive: str, what: str, remedy: str, tmp_path: Path
) -> None:
    text = "weight,kind\n" + "".join(f"{place},{kinds[place % len(kinds)]}\n" for place in range(30))
    with pytest.raises(UserError, match=what) as told:
        imported(table(tmp_path, text, positive=positive), tmp_path)
    assert told.value.remedy == remedy


def test_all_columns_that_cannot_be_read_are_told_at_once(tmp_path: Path) -> None:
    text = "weight,age,surface,kind\n1,,rough,a\n2,3,,b\nheavy,4,smooth,a\n"
    with pytest.raises(UserError) as told:
        imported(table(tmp_path, text), tmp_path)
    assert told.value.what.endswith("row 4: 'weight' is 'heavy', which is no number; nor can 'age', 'surface' be read")
    assert told.value.remedy.endswith("leave_out=('weight', 'age', 'surface')")
