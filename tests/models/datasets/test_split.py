"""A split gives every class its share by the seed alone; normalisation is exact."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.datasets.split import Normalisation, fold_splits, normalisation, split
from models.errors import UserError

labelled = st.lists(st.integers(6, 60), min_size=1, max_size=6).map(
    lambda counts: np.random.default_rng(sum(counts)).permutation(np.repeat(np.arange(len(counts)), counts))
)


@settings(deadline=None)
@given(labels=labelled, share=st.floats(0.2, 0.8), seed=st.integers(0, 2**63 - 1))
def test_a_split_gives_every_class_its_share(labels: np.ndarray, share: float, seed: int) -> None:
    training, validation = split(labels, share, seed)
    assert np.array_equal(np.sort(np.concatenate([training, validation])), np.arange(len(labels)))
    assert np.array_equal(training, np.sort(training))
    assert np.array_equal(validation, np.sort(validation))
    assert len(validation) == round(share * len(labels))
    fair = share * np.bincount(labels)
    # Less than one example off; 1e-9 is for the rounding of `fair` itself.
    assert np.all(np.abs(np.bincount(labels[validation]) - fair) < 1 + 1e-9)


def test_the_largest_remainders_get_what_is_left_over() -> None:
    labels = np.repeat([0, 1, 2], [9, 12, 15])  # a quarter: 2.25, 3 and 3.75, in all 9
    _, validation = split(labels, 1 / 4, seed=5)
    assert np.bincount(labels[validation]).tolist() == [2, 3, 4]


def test_a_split_is_a_function_of_its_seed() -> None:
    labels = np.arange(1000) % 10
    _, one = split(labels, 1 / 6, seed=1)
    _, again = split(labels, 1 / 6, seed=1)
    _, two = split(labels, 1 / 6, seed=2)
    assert np.array_equal(one, again)
    assert not np.array_equal(one, two)


def test_a_split_is_the_one_that_earlier_studies_had() -> None:
    """A study that is taken up again after an upgrade must not meet other validation examples."""
    _, validation = split(np.arange(40) % 4, 1 / 5, seed=0)
    assert validation.tolist() == [1, 3, 8, 22, 25, 31, 34, 36]


@pytest.mark.parametrize(("share", "missing"), [(0.01, "no validation example"), (0.99, "no training example")])
def test_a_class_missing_from_a_part_is_named(share: float, missing: str) -> None:
    labels = np.repeat([0, 1, 7], [1000, 1000, 5])
    with pytest.raises(UserError, match=f"{missing} of class 7, which has 5 in all") as raised:
        split(labels, share, seed=0)
    assert "validation_share" in raised.value.remedy


def test_normalisation_is_that_of_the_chosen_examples_alone() -> None:
    inputs = np.random.default_rng(1).integers(0, 256, (3000, 3, 5, 4), dtype=np.uint8)
    inputs[:, 2] //= 9
    chosen = np.flatnonzero(np.arange(3000) % 7)  # more than one chunk
    ours = normalisation(inputs, chosen)
    theirs = inputs[chosen] / 255
    # float64 over 51,000 values: numpy's own sums are good to about 1e-15.
    np.testing.assert_allclose(ours.mean, theirs.mean(axis=(0, 2, 3)), rtol=1e-13)
    np.testing.assert_allclose(ours.std, theirs.std(axis=(0, 2, 3)), rtol=1e-13)


def test_the_darkest_and_the_brightest_images_are_measured_exactly() -> None:
    inputs = np.array([0, 255] * 2000, np.uint8).reshape(-1, 1, 1, 1).repeat(28, axis=2).repeat(28, axis=3)
    assert normalisation(inputs, np.arange(4000)) == Normalisation((0.5,), (0.5,))


def test_a_channel_that_never_varies_can_be_divided_by() -> None:
    inputs = np.full((10, 1, 4, 4), 51, np.uint8)
    assert normalisation(inputs, np.arange(10)) == Normalisation((0.2,), (1.0,))


# --- folds ------------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(labels=labelled, folds=st.integers(2, 6), seed=st.integers(0, 2**63 - 1))
def test_every_example_is_scored_in_one_fold(labels: np.ndarray, folds: int, seed: int) -> None:
    splits = fold_splits(labels, folds, seed)
    assert np.array_equal(np.sort(np.concatenate([scored for _, scored in splits])), np.arange(len(labels)))
    for trained, scored in splits:
        assert np.array_equal(np.union1d(trained, scored), np.arange(len(labels)))
    sizes = [len(scored) for _, scored in splits]
    assert max(sizes) - min(sizes) <= 1
    by_class = np.array([np.bincount(labels[scored], minlength=labels.max() + 1) for _, scored in splits])
    assert np.ptp(by_class, axis=0).max() <= 1


def test_folds_of_numbers_have_low_and_high_ones_alike() -> None:
    numbers = np.random.default_rng(0).exponential(1.0, 200)
    means = [numbers[scored].mean() for _, scored in fold_splits(numbers, 5, seed=0)]
    assert np.std(means) < 0.5 * numbers.std() / np.sqrt(40)  # what parts drawn at random have


def test_folds_are_a_function_of_their_seed() -> None:
    labels = np.arange(100) % 4
    first, again, other = (fold_splits(labels, 5, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(one[1], two[1]) for one, two in zip(first, again, strict=True))
    assert not np.array_equal(first[0][1], other[0][1])


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (np.repeat([0, 1, 7], [100, 100, 4]), "5 folds leave a part without class 7, which has 4 examples in all"),
        (np.arange(4.0), "4 examples are too few for 5 folds"),
    ],
)
def test_too_few_examples_for_folds_are_named(labels: np.ndarray, told: str) -> None:
    with pytest.raises(UserError, match=told):
        fold_splits(labels, 5, seed=0)
