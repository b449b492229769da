"""A model that was taken home answers for data as they are: bytes, numbers, pictures, tables."""

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from models.config.families import Linear, Mlp
from models.config.recipe import Recipe
from models.datasets.dataset_config import Table
from models.datasets.readers.csv_table import read_table
from models.errors import UserError
from models.files.loaded_model import LoadedModel, load
from models.files.model_description import Model
from models.files.model_file import write_model
from models.files.predict_many import answer_folder, answer_table, write_rows

ROWS = pd.DataFrame({"colour": ["red", "blue", "red"], "width": [1.5, -2.0, 0.25], "kind": ["a", "b", "b"]})


def saved(path: Path, recipe: Recipe, parameters: dict[str, int], **about: object) -> LoadedModel:
    """A model file with weights of a fixed seed, loaded."""
    described = Model.model_validate({"recipe": recipe, "parameters": parameters, "data_sha256": "", **about})
    torch.manual_seed(0)
    module = recipe.make_family(described.shape, len(described.classes)).build(described.parameters)
    write_model(path, described, module.state_dict())
    return load(path)


@pytest.fixture
def pictures(tmp_path: Path) -> LoadedModel:
    about = {
        "data": "own",
        "shape": (3, 4, 5),
        "classes": ("cat", "dog"),
        "mean": (0.1, 0.2, 0.3),
        "std": (0.5, 1.0, 2.0),
    }
    return saved(tmp_path / "pictures.safetensors", Recipe(family=Mlp(), epochs=1, seed=0), {"hidden": 6}, **about)


@pytest.fixture
def rows(tmp_path: Path) -> LoadedModel:
    ROWS.to_csv(tmp_path / "train.csv", index=False)
    columns = read_table(Table(tmp_path / "train.csv", label="kind"), tmp_path / "train.csv").columns
    assert columns == ("colour=blue", "colour=red", "width")
    about = {
        "data": "train.csv",
        "shape": (3, 1, 1),
        "classes": ("a", "b"),
        "mean": (0.5, 0.5, 0.0),
        "std": (1.0, 1.0, 2.0),
    }
    recipe = Recipe(family=Linear(), epochs=1, seed=0)
    return saved(tmp_path / "rows.safetensors", recipe, {}, scale=1.0, columns=columns, **about)


def test_it_normalises_bytes_as_in_training(pictures: LoadedModel) -> None:
    given = np.random.default_rng(0).integers(0, 256, (7, 3, 4, 5), np.uint8)
    mean, std = (np.reshape(figures, (3, 1, 1)) for figures in ((0.1, 0.2, 0.3), (0.5, 1.0, 2.0)))
    normalised = torch.tensor((given / 255 - mean) / std, dtype=torch.float32)
    with torch.no_grad():
        expected = pictures.module(normalised).softmax(1).numpy()
    assert pictures.predict_proba(given, batch_size=3) == pytest.approx(expected, abs=1e-6)  # float32 of 60 inputs
    assert pictures.predict(given) == [("cat", "dog")[index] for index in expected.argmax(1)]


def test_arrays_of_every_layout_mean_the_same(pictures: LoadedModel) -> None:
    given = np.random.default_rng(0).integers(0, 256, (6, 3, 4, 5), np.uint8)
    expected = pictures.predict_proba(given)
    for same in (given.transpose(0, 2, 3, 1), given / 255, torch.from_numpy(given), given.astype(np.int64)):
        assert np.array_equal(pictures.predict_proba(same), expected)
    assert np.array_equal(pictures.predict_proba(given[0]), pictures.predict_proba(given[:1]))


def test_picture_files_and_pil_images_are_fitted(pictures: LoadedModel, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "one.png")
    expected = pictures.predict_proba(pixels)
    assert np.array_equal(pictures.predict_proba(tmp_path / "one.png"), expected)
    both = pictures.predict_proba([Image.fromarray(pixels), str(tmp_path / "one.png")])
    assert both == pytest.approx(np.repeat(expected, 2, 0), abs=1e-6)  # another batch size: float32's last digits


def test_a_frame_needs_no_order_no_one_hot_and_no_label(rows: LoadedModel) -> None:
    expected = rows.predict_proba(np.array([[0, 1, 1.5], [1, 0, -2.0], [0, 1, 0.25]]))
    assert np.array_equal(rows.predict_proba(ROWS[["width", "colour"]]), expected)
    assert rows.predict_proba({"width": [1.5], "colour": ["red"]}) == pytest.approx(expected[:1], abs=1e-6)
    green = rows.predict_proba({"width": [1.5], "colour": ["green"]})  # a text that training did not have
    assert np.array_equal(green, rows.predict_proba(np.array([[0, 0, 1.5]])))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (ROWS.drop(columns="colour"), "the table has no column 'colour'"),
        (ROWS.assign(width=[1.0, None, 2.0]), "row 3: 'width' is empty"),
        (np.zeros((2, 5)), "the data are of 2 x 5, an example of the model's is 3"),
        ("three.png", "the model takes rows of a table"),
    ],
)
def test_what_is_not_the_models_kind_is_told(rows: LoadedModel, data: object, told: str) -> None:
    with pytest.raises(UserError, match=told):
        rows.predict_proba(data)


def test_a_table_gets_the_answers_behind_its_own_columns(rows: LoadedModel, tmp_path: Path) -> None:
    names, answered = answer_table(rows, tmp_path / "train.csv")
    write_rows(names, answered, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as file:
        written = list(csv.DictReader(file))
    assert list(written[0]) == [*ROWS, "predicted", "probability", "probability_a", "probability_b"]
    assert [row["predicted"] for row in written] == rows.predict(ROWS)
    assert written[1]["colour"] == "blue"
    assert float(written[1]["probability_b"]) == pytest.approx(rows.predict_proba(ROWS)[1, 1], abs=1e-6)
    with pytest.raises(UserError, match="'predicted' already"):
        answer_table(rows, tmp_path / "out.csv")


def test_a_folder_is_answered_by_file(pictures: LoadedModel, tmp_path: Path) -> None:
    (tmp_path / "all" / "deep").mkdir(parents=True)
    for name, grey in (("b.png", 10), ("deep/a.jpg", 200)):
        Image.new("RGB", (5, 4), (grey, grey, grey)).save(tmp_path / "all" / name)
    names, answered = answer_folder(pictures, tmp_path / "all")
    assert names[:2] == ["file", "predicted"]
    assert [row[0] for row in answered] == ["b.png", "deep/a.jpg"]
    with pytest.raises(UserError, match="no picture in"):
        answer_folder(pictures, tmp_path / "all" / "none")


def test_an_exported_program_answers_as_the_model_does(
    pictures: LoadedModel, rows: LoadedModel, tmp_path: Path
) -> None:
    numbers = torch.Generator().manual_seed(0)
    for model, given in (
        (pictures, torch.randint(0, 256, (5, 3, 4, 5), dtype=torch.uint8, generator=numbers)),
        (rows, torch.randn(5, 3, 1, 1, generator=numbers)),
    ):
        model.export(tmp_path / "model.pt2")
        extra = {"classes.json": ""}
        program = torch.export.load(tmp_path / "model.pt2", extra_files=extra).module()
        assert json.loads(extra["classes.json"]) == list(model.classes)
        with torch.no_grad():
            for batch in (given, given[:1]):
                torch.testing.assert_close(program(batch), model(batch))
    with pytest.raises(UserError, match="cannot be exported to"):
        rows.export(tmp_path / "none" / "model.pt2")
    with pytest.raises(UserError, match="end it in"):
        rows.export(tmp_path / "model.bin")


@pytest.mark.slow
def test_onnx_runtime_answers_as_the_model_does(pictures: LoadedModel, rows: LoadedModel, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    generator = np.random.default_rng(0)
    for model, given in (
        (pictures, generator.integers(0, 256, (5, 3, 4, 5), np.uint8)),
        (rows, generator.normal(size=(5, 3, 1, 1)).astype(np.float32)),
    ):
        model.export(tmp_path / "model.onnx")
        session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
        assert json.loads(session.get_modelmeta().custom_metadata_map["classes"]) == list(model.classes)
        with torch.no_grad():
            for batch in (given, given[:1]):
                (outputs,) = session.run(None, {"inputs": batch})
                assert outputs == pytest.approx(model(torch.from_numpy(batch)).numpy(), abs=1e-5)  # float32


def test_without_what_onnx_needs_the_remedy_is_told(
    rows: LoadedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    with pytest.raises(UserError, match=r"studyhall\[onnx\]"):
        rows.export(tmp_path / "model.onnx")
