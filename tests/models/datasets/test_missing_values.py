"""Missing values of a table: filled by the training part's medians, as scikit-learn fills them, from file to answer."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.impute import SimpleImputer

from models.config.families import Linear
from models.config.recipe import Recipe
from models.datasets.batches import BatchSource
from models.datasets.dataset_config import Table
from models.datasets.import_dataset import import_dataset
from models.datasets.source import Examples, training_examples
from models.datasets.split import normalisation, split
from models.errors import UserError
from models.files.loaded_model import load
from models.files.model_description import Model
from models.files.model_file import write_model

CELLS = ["", "NA", "?", "nan"]
ROWS = "".join(
    f"{CELLS[n % 4] if n % 5 == 0 else n * n},{'' if n % 7 == 0 else ('red', 'blue')[n % 2]},{n},{'ab'[n % 3 == 0]}\n"
    for n in range(60)
)


def imported(folder: Path, **fields: Any) -> Examples:
    (folder / "stones.csv").write_text("size,colour,weight,kind\n" + ROWS)
    config = Table(Path("stones.csv"), label="kind", **fields)
    return training_examples(import_dataset(config, folder / "imports", 0, [folder], anew=True))


def seen(examples: Examples) -> tuple[np.ndarray, np.ndarray]:
    """Return what models see of all examples before it is normalised, (N, F), and which are of the training part."""
    trained, _ = split(examples.labels, 1 / 6, 0)
    normalised = normalisation(examples.inputs, trained, fills=examples.fills)
    every = np.arange(len(examples.labels))
    ((_, x, _),) = BatchSource(examples, every, normalised, torch.device("cpu")).batches(len(every))
    return x[:, :, 0, 0].double().numpy() * normalised.std + normalised.mean, trained


def test_medians_are_those_of_the_training_part(tmp_path: Path) -> None:
    examples = imported(tmp_path, missing="median")
    assert examples.columns == ("size", "colour=blue", "colour=red", "weight")
    table, (values, trained) = examples.inputs[:, :, 0, 0], seen(examples)
    imputer = SimpleImputer(strategy="median").fit(table[trained])
    np.testing.assert_allclose(values, imputer.transform(table), rtol=1e-5, atol=1e-3)
    assert np.isnan(table[:, 0]).sum() > 5
    assert (table[:, 1] + table[:, 2] == 0).any()  # a missing text is none of the texts


def test_a_category_says_where_values_are_missing(tmp_path: Path) -> None:
    examples = imported(tmp_path, missing="category")
    assert examples.columns == ("size", "size=", "colour=blue", "colour=red", "colour=", "weight")
    table = examples.inputs[:, :, 0, 0]
    indicator = SimpleImputer(strategy="median", add_indicator=True).fit_transform(table[:, [0]])[:, 1]
    np.testing.assert_array_equal(table[:, 1], indicator)
    np.testing.assert_array_equal(table[:, 4], 1 - table[:, 2] - table[:, 3])


def test_without_the_word_all_columns_are_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(UserError) as refused:
        imported(tmp_path)
    assert refused.value.what.endswith("row 2: 'size' is empty; nor can 'colour' be read")
    assert 'let Table(missing="median") or "category" do so' in refused.value.remedy
    assert refused.value.remedy.endswith("leave_out=('size', 'colour')")


def test_what_is_neither_number_nor_missing_is_refused_still(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("size,kind\n1,a\nheavy,b\ninf,a\n")
    with pytest.raises(UserError, match="'size' is 'heavy', which is no number"):
        import_dataset(Table(Path("x.csv"), label="kind", missing="median"), tmp_path, 0, [tmp_path], anew=True)
    (tmp_path / "x.csv").write_text("size,age,kind\n1,,a\n2,,b\n")
    with pytest.raises(UserError, match="'age' has no value"):
        import_dataset(Table(Path("x.csv"), label="kind", missing="median"), tmp_path, 0, [tmp_path], anew=True)


def test_a_model_file_fills_what_a_new_table_misses(tmp_path: Path) -> None:
    columns = ("size", "size=", "colour=blue", "colour=red", "colour=")
    recipe, parameters = Recipe(family=Linear()), {"learning_rate": 0.1, "weight_decay": 0.0}
    weights = {
        "out.weight": torch.tensor([[1.0, 0, 0, 0, 0], [0, 10.0, 100.0, 1000.0, 5.0]]),
        "out.bias": torch.zeros(2),
    }
    about = Model(
        recipe=recipe,
        parameters=parameters,
        data="stones.csv",
        data_sha256="",
        shape=(5, 1, 1),
        classes=("a", "b"),
        mean=(0.0,) * 5,
        std=(1.0,) * 5,
        scale=1.0,
        columns=columns,
        fill=(7.5, 0.0, 0.0, 0.0, 0.0),
    )
    write_model(tmp_path / "model.safetensors", about, weights)
    model = load(tmp_path / "model.safetensors")
    frame = pd.DataFrame({"size": [2.0, None], "colour": ["red", None]})
    with torch.no_grad():
        logits = model(torch.from_numpy(model._inputs(frame)))
    assert logits.tolist() == [[2.0, 1000.0], [7.5, 15.0]]
    assert model.predict(frame) == ["b", "b"]
