"""How sure a figure is, held against simulations, against scipy and against examples worked by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from reports.statistics import LEVEL, compare, holm, interval, mcnemar, share

Numbers = NDArray[np.float64]


def crossed(draws: np.random.Generator, seeds: int, images: int, mean: float = 0.0) -> Numbers:
    """Numbers as the interval takes them to arise: a part of the seed, a part of the image, and a rest."""
    by_seed = draws.normal(0, 0.5, (seeds, 1))
    by_image = draws.normal(0, 2.0, (1, images))
    return mean + by_seed + by_image + draws.normal(0, 0.5, (seeds, images))


# --- intervals --------------------------------------------------------------------------------------------------------


def test_an_interval_covers_the_truth_at_its_stated_rate() -> None:
    draws = np.random.default_rng(7)
    known = [interval(crossed(draws, 5, 200, mean=3.0)) for _ in range(2000)]
    covered = np.mean([it.low <= 3.0 <= it.high for it in known])
    # 2,000 draws tell the rate to within .005; it may err on the safe side, not on the other.
    assert LEVEL - 0.01 <= covered <= 0.985


def test_an_interval_over_three_seeds_covers_the_truth_as_well() -> None:
    draws = np.random.default_rng(8)
    known = [interval(crossed(draws, 3, 200)) for _ in range(2000)]
    assert LEVEL - 0.01 <= np.mean([it.low <= 0.0 <= it.high for it in known]) <= 0.985


def test_an_interval_without_the_images_share_would_not_cover() -> None:
    """The simulation can tell a right interval from a wrong one."""
    draws = np.random.default_rng(7)
    covered = []
    for _ in range(500):
        means = crossed(draws, 5, 200).mean(1)
        half = stats.t.ppf((1 + LEVEL) / 2, 4) * means.std(ddof=1) / 5**0.5
        covered.append(abs(means.mean()) <= half)
    assert np.mean(covered) < LEVEL - 0.02


def test_accuracies_of_models_that_share_hard_images_are_covered_too() -> None:
    draws, truth = np.random.default_rng(1), []
    knowledge = stats.norm(0, 1)
    expected = float(knowledge.cdf(2.0 / (1 + 1.5**2 + 0.2**2) ** 0.5))  # P(2 + image + seed + noise > 0)
    for _ in range(1000):
        score = 2.0 + draws.normal(0, 1.5, (1, 300)) + draws.normal(0, 0.2, (5, 1)) + draws.normal(0, 1.0, (5, 300))
        known = interval((score > 0).astype(float))
        truth.append(known.low <= expected <= known.high)
    assert LEVEL - 0.02 <= np.mean(truth) <= 0.985


def test_with_one_seed_the_interval_is_students_over_images() -> None:
    values = np.random.default_rng(0).normal(1.0, 1.0, 50)
    theirs = stats.ttest_1samp(values, 0.0).confidence_interval(LEVEL)
    ours = interval(values[None])
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))
    assert np.isnan(ours.std)


def test_where_all_images_are_alike_the_interval_is_students_over_seeds() -> None:
    means = np.random.default_rng(0).normal(1.0, 1.0, 5)
    theirs = stats.ttest_1samp(means, 0.0).confidence_interval(LEVEL)
    ours = interval(np.repeat(means[:, None], 40, axis=1))
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))
    assert ours.std == pytest.approx(means.std(ddof=1))


def test_numbers_that_never_vary_have_an_interval_of_no_width() -> None:
    assert interval(np.ones((3, 10)))[2:] == (1.0, 1.0)


# --- comparisons ------------------------------------------------------------------------------------------------------


def test_with_one_seed_a_comparison_is_the_paired_t_test() -> None:
    draws = np.random.default_rng(3)
    first, second = draws.normal(0.2, 1, 60), draws.normal(0, 1, 60)
    theirs = stats.ttest_rel(first, second)
    ours = compare(first[None], second[None])
    assert ours.p == pytest.approx(theirs.pvalue)
    assert ours.gap.low == pytest.approx(theirs.confidence_interval(LEVEL).low)


def test_where_all_images_are_alike_a_comparison_is_the_paired_t_test_over_seeds() -> None:
    draws = np.random.default_rng(4)
    first, second = draws.normal(0.2, 1, 6), draws.normal(0, 1, 6)
    ours = compare(np.repeat(first[:, None], 9, axis=1), np.repeat(second[:, None], 9, axis=1))
    assert ours.p == pytest.approx(stats.ttest_rel(first, second).pvalue)


def test_two_recipes_of_the_same_worth_are_told_apart_no_more_often_than_stated() -> None:
    draws = np.random.default_rng(5)
    apart = []
    for _ in range(1000):
        images = draws.normal(0, 2.0, (1, 200))
        first, second = (images + draws.normal(0, 0.5, (5, 1)) + draws.normal(0, 1, (5, 200)) for _ in range(2))
        apart.append(compare(first, second).p < 1 - LEVEL)
    assert np.mean(apart) <= 1 - LEVEL + 0.015


def test_pairing_sees_what_two_intervals_side_by_side_do_not() -> None:
    draws = np.random.default_rng(6)
    images = draws.normal(0, 5.0, (1, 300))
    better, worse = (mean + images + draws.normal(0, 0.3, (5, 300)) for mean in (0.3, 0.0))
    assert interval(worse).high > interval(better).low
    assert compare(better, worse).p < 0.001


def test_a_recipe_cannot_be_told_apart_from_itself() -> None:
    hits = (np.random.default_rng(0).random((4, 50)) < 0.9).astype(float)
    assert compare(hits, hits).p == 1.0


def test_mcnemar_is_the_binomial_test_on_the_images_that_differ() -> None:
    first = np.array([True] * 30 + [True] * 12 + [False] * 3 + [False] * 5)
    second = np.array([True] * 30 + [False] * 12 + [True] * 3 + [False] * 5)
    told = mcnemar(first, second)
    assert told[:2] == (12, 3)
    assert told.p == pytest.approx(stats.binomtest(12, 15, 0.5).pvalue)


def test_mcnemar_of_two_models_that_never_differ_is_sure_of_nothing() -> None:
    same = np.array([True, False, True])
    assert mcnemar(same, same).p == 1.0


def test_holm_adjusts_as_in_a_worked_example() -> None:
    # The smallest times 4, the next times 3, ...; never below the one before, never above 1.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_share_of_none_has_the_rule_of_three() -> None:
    low, high = share(0, 60)
    assert low == 0.0
    assert high == pytest.approx(1 - ((1 - LEVEL) / 2) ** (1 / 60))
