"""How sure a figure is, held against simulations, against scipy and against examples worked by hand."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from reports.figures.statistics import ACCURACY, LEVEL, compare, interval, narrowed_by_seeds, next_run, share_of_some

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


def test_endless_seeds_leave_the_interval_of_the_images() -> None:
    draws = np.random.default_rng(0)
    seeds, images = draws.normal(0, 0.01, (5, 1)), draws.normal(0, 0.5, (1, 2000))
    values = 0.5 + seeds + images + draws.normal(0, 0.1, (5, 2000))
    half = {
        name: (one.high - one.low) / 2
        for name, one in (("all", interval(values)), ("endless", interval(values.mean(0)[None])))
    }
    assert narrowed_by_seeds(values) == pytest.approx(1 - half["endless"] / half["all"])
    assert 0.01 < narrowed_by_seeds(values) < 0.5
    assert narrowed_by_seeds(np.ones((3, 10))) == 0.0


def test_numbers_that_never_vary_have_an_interval_of_no_width() -> None:
    assert interval(np.ones((3, 10)))[2:] == (1.0, 1.0)


@pytest.mark.parametrize(("images", "accuracy"), [(30, 0.95), (100, 0.99), (359, 0.999)])
def test_accuracies_near_one_are_covered_with_few_images(images: int, accuracy: float) -> None:
    draws, spread = np.random.default_rng(images), (1.5**2 + 0.1**2 + 0.7**2) ** 0.5
    skill, held = stats.norm.ppf(accuracy) * spread, []
    for _ in range(500):
        score = skill + draws.normal(0, 1.5, (1, images)) + draws.normal(0, 0.1, (5, 1))
        known = interval((score + draws.normal(0, 0.7, (5, images)) > 0).astype(float), ACCURACY)
        held.append(known.low <= accuracy <= known.high)
    assert np.mean(held) >= LEVEL - 0.01


def test_the_interval_of_one_seed_holds_the_truth_of_that_seeds_model() -> None:
    """A model that is kept is no draw any more: its seed's luck is a part of its truth."""
    draws, spread = np.random.default_rng(11), (1.5**2 + 0.7**2) ** 0.5
    own, means = list[bool](), list[bool]()
    for _ in range(500):
        skills = 4.0 + draws.normal(0, 0.6, (5, 1))
        score = skills + draws.normal(0, 1.5, (1, 1000)) + draws.normal(0, 0.7, (5, 1000))
        hits, truth = (score > 0).astype(float), float(stats.norm.cdf(skills[0, 0] / spread))
        for held, known in ((own, interval(hits[:1], ACCURACY)), (means, interval(hits, ACCURACY))):
            held.append(known.low <= truth <= known.high)
    assert np.mean(own) >= LEVEL - 0.015
    assert np.mean(means) < LEVEL - 0.02  # that of the mean over seeds is not the model's


def test_no_mistake_on_few_images_is_no_certainty() -> None:
    assert interval(np.ones((5, 30)), ACCURACY) == (1.0, 0.0, pytest.approx(0.856, abs=0.01), 1.0)


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


def test_p_is_below_the_level_where_the_interval_leaves_out_zero_and_nowhere_else() -> None:
    draws = np.random.default_rng(2)
    for family in (1, 3, 12):
        for _ in range(100):
            skill, images = draws.normal(0, 0.06, 2), draws.random((1, 120))
            hits = [(images + draws.normal(0, 0.05, (4, 120)) < 0.8 + of).astype(float) for of in skill]
            (_, _, low, high), p = compare(*hits, ACCURACY, family)
            assert (p < 1 - LEVEL) == (low > 0 or high < 0)


def test_the_intervals_of_a_family_hold_together() -> None:
    draws, held = np.random.default_rng(9), []
    for _ in range(400):
        images = draws.normal(0, 2.0, (1, 100))
        winner, *others = (images + draws.normal(0, 0.5, (4, 1)) + draws.normal(0, 1, (4, 100)) for _ in range(5))
        gaps = [compare(winner, other, family=4).gap for other in others]
        held.append(all(gap.low <= 0.0 <= gap.high for gap in gaps))
    assert np.mean(held) >= LEVEL - 0.02


def test_one_image_that_only_one_of_two_gets_right_is_added_to_each_side() -> None:
    """Bonett and Price 2012, equation 2: (f12 - f21) / (n + 2), with f12 = 9, f21 = 3, n = 60; one seed."""
    first = np.array([[1.0] * 9 + [0.0] * 3 + [1.0] * 48])
    second = np.array([[0.0] * 9 + [1.0] * 3 + [1.0] * 48])
    gap = compare(first, second, ACCURACY).gap
    p12, p21 = 10 / 62, 4 / 62
    error = ((p12 + p21 - (p12 - p21) ** 2) / 62) ** 0.5
    t = stats.t.isf((1 - LEVEL) / 2, 61) * (62 / 61) ** 0.5  # Student's, where they have the normal's
    assert gap.mean == pytest.approx(0.1)
    assert (gap.low, gap.high) == pytest.approx((p12 - p21 - t * error, p12 - p21 + t * error))


# --- the next run -----------------------------------------------------------------------------------------------------


def test_one_more_run_comes_out_where_it_is_said() -> None:
    draws, inside = np.random.default_rng(3), []
    for _ in range(2000):
        means = draws.normal(0.9, 0.01, 6)
        low, high = next_run(np.repeat(means[:5, None], 4, axis=1))[2:]
        inside.append(low <= means[5] <= high)
    assert np.mean(inside) == pytest.approx(LEVEL, abs=0.015)


# --- shares -----------------------------------------------------------------------------------------------------------


def test_a_share_of_very_many_is_clopper_and_pearsons() -> None:
    theirs = stats.binomtest(3, 60).proportion_ci(LEVEL, "exact")
    assert share_of_some(3, 60, 200_000) == pytest.approx((theirs.low, theirs.high), abs=2e-4)


def test_a_share_of_some_covers_every_truth() -> None:
    for truth in range(21):
        counts = stats.hypergeom(20, truth, 8)
        held = [
            low <= truth / 20 <= high
            for low, high in (share_of_some(k, 8, 20) for k in range(max(0, truth - 12), min(8, truth) + 1))
        ]
        weights = [counts.pmf(k) for k in range(max(0, truth - 12), min(8, truth) + 1)]
        assert np.dot(held, weights) >= LEVEL
