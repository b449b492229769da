"""Numbers to predict: how they are read, split and scaled, and what is said of those that are none."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from models.config.task import REGRESSION
from models.datasets.dataset_config import Npz, Table
from models.datasets.import_dataset import import_dataset
from models.datasets.source import training_examples
from models.datasets.split import split
from models.datasets.target import STRATA, canonical_targets, constant_answers, target_scale
from models.errors import UserError

TABLE = "size,colour,price\n" + "".join(f"{n},{'red' if n % 3 else 'blue'},{1000.5 + 10 * n * n}\n" for n in range(40))


@pytest.mark.parametrize(("examples", "share"), [(442, 1 / 6), (442, 1 / 5), (60, 1 / 2), (7, 1 / 3)])
def test_a_split_of_numbers_gives_every_quantile_its_share(examples: int, share: float) -> None:
    targets = np.random.default_rng(0).lognormal(3, 2, examples)
    training, validation = split(targets, share, seed=3)
    assert len(validation) == round(share * examples)
    assert sorted([*training, *validation]) == list(range(examples))
    groups = min(STRATA, max(1, int(examples * min(share, 1 - share) / 2)))
    ranks = targets.argsort().argsort()
    for group in range(groups):
        inside = (ranks * groups // examples) == group
        assert abs(np.isin(np.flatnonzero(inside), validation).sum() - share * inside.sum()) < 1


def test_a_split_of_two_numbers_is_refused_in_two_lines() -> None:
    with pytest.raises(UserError) as refused:
        split(np.array([1.0, 2.0]), 1 / 6, seed=0)
    assert refused.value.what == "a share of 0.166667 of 2 examples leaves no validation part"


def test_a_table_with_a_target_is_imported_as_numbers(tmp_path: Path) -> None:
    (tmp_path / "houses.csv").write_text(TABLE)
    config = Table(Path("houses.csv"), target="price")
    source = import_dataset(config, tmp_path / "imports", 0, [tmp_path], anew=True, task=REGRESSION)
    examples = training_examples(source)
    assert examples.labels.dtype == np.float64
    assert (examples.classes, examples.outputs, examples.target) == ((), 1, "price")
    assert examples.columns == ("size", "colour=blue", "colour=red")
    np.testing.assert_array_equal(examples.labels, 1000.5 + 10 * examples.inputs[:, 0, 0, 0].astype(float) ** 2)
    scale = target_scale(examples.labels, np.arange(5))
    assert scale is not None
    assert (scale.mean, scale.std) == (examples.labels[:5].mean(), examples.labels[:5].std())


def test_arrays_are_numbers_where_the_study_says_so(tmp_path: Path) -> None:
    np.savez(tmp_path / "arrays.npz", x=np.eye(30), y=np.arange(30)[:, None])
    source = import_dataset(Npz(Path("arrays.npz")), tmp_path / "imports", 0, [tmp_path], anew=True, task=REGRESSION)
    assert training_examples(source).labels.dtype == np.float64
    with pytest.raises(UserError) as refused:  # a classifier's study on the same file
        import_dataset(Npz(Path("arrays.npz")), tmp_path / "imports", 0, [tmp_path], anew=True)
    assert refused.value.what == "arrays.npz: the class 0 has 1 of 30 examples"
    assert 'write loss="mse" in the study, or Table(target=...)' in refused.value.remedy


@pytest.mark.parametrize(
    ("targets", "told"),
    [
        (["1.5", "cheap"], "the target of example 1 is 'cheap', which is no finite number"),
        ([1.0, np.nan], "the target of example 1 is nan, which is no finite number"),
        ([3.0, 3.0], "all targets are 3"),
        ([[1.0, 2.0], [3.0, 4.0]], "targets have the shape 2 x 2"),
    ],
)
def test_what_is_no_target_is_told(targets: list[object], told: str) -> None:
    with pytest.raises(UserError) as refused:
        canonical_targets(np.array(targets), None, "houses.csv")
    assert told in refused.value.what


def test_constant_answers_are_scikit_learns_dummies() -> None:
    targets = np.random.default_rng(1).lognormal(3, 1, 101)
    found, nothing = constant_answers(targets), np.zeros((101, 1))
    mean, median = (DummyRegressor(strategy=how).fit(nothing, targets).predict(nothing) for how in ("mean", "median"))
    assert found["rmse"] == pytest.approx(root_mean_squared_error(targets, mean))
    assert found["mae"] == pytest.approx(mean_absolute_error(targets, median))
    assert (found["mean"], found["median"]) == (pytest.approx(mean[0]), median[0])
