"""Metrics that are no means over examples: their comparisons agree with those of means, and contradict nothing."""

import numpy as np
import pytest
from numpy.typing import NDArray

from reports.figures.resampled import (
    DRAWS,
    FEW,
    FEWER_DRAWS,
    Resampled,
    compare_resampled,
    narrowed_by_seeds,
    resample,
    resampled_interval,
)
from reports.figures.statistics import ACCURACY, LEVEL, compare, interval
from reports.figures.statistics import narrowed_by_seeds as mean_narrowed_by_seeds

Hits = NDArray[np.float64]  # (S, N)


def share(hits: Hits) -> Resampled:
    """An accuracy, measured as if nobody knew that it is a mean."""
    return resample(lambda chosen: hits[:, chosen].mean(1), hits.shape[1])


def pair(draws: np.random.Generator, seeds: int, images: int, better: float = 0.05) -> tuple[Hits, Hits]:
    hard = draws.random((1, images))
    luck = [draws.normal(0, 0.02, (seeds, 1)) + draws.normal(0, 0.1, (seeds, images)) for _ in range(2)]
    return (hard + luck[0] < 0.8 + better).astype(float), (hard + luck[1] < 0.8).astype(float)


@pytest.mark.parametrize("seeds", [1, 4])
def test_a_mean_that_is_resampled_compares_as_the_mean_does(seeds: int) -> None:
    first, second = pair(np.random.default_rng(0), seeds, 400)
    ours = compare_resampled(share(first), share(second), 2**0.5 / 402, family=3)
    theirs = compare(first, second, ACCURACY, family=3)
    assert ours.gap.mean == pytest.approx(theirs.gap.mean)
    assert ours.gap.std == pytest.approx(theirs.gap.std, nan_ok=True)
    # A standard error from 300 draws has one of 4 %, and this one draw of it is within two of these.
    assert ours.gap.high - ours.gap.low == pytest.approx(theirs.gap.high - theirs.gap.low, rel=0.09)
    assert np.log(ours.p) == pytest.approx(np.log(theirs.p), rel=0.2)


def test_p_is_below_the_level_where_the_interval_leaves_out_zero_and_nowhere_else() -> None:
    draws, apart = np.random.default_rng(1), []
    for family in (1, 3):
        for _ in range(60):
            seeds, images = int(draws.integers(1, 5)), int(draws.choice([8, 60, 200]))
            drawn = draws.normal(0, 0.05, (2, 100, seeds))
            drawn[:, draws.random(100) < draws.choice([0.0, 0.5, 1.0])] = np.nan
            one, other = (
                Resampled(gap + draws.normal(0, 0.1, seeds), of, images)
                for gap, of in zip((0, 0.3), drawn, strict=True)
            )
            (_, _, low, high), p = compare_resampled(one, other, float(draws.choice([0.0, 0.05])), family)
            assert (p < 1 - LEVEL) == (low > 0 or high < 0)
            apart.append(p < 1 - LEVEL)
    assert 5 < sum(apart) < 115


def test_two_that_agree_on_every_example_are_not_equal() -> None:
    hits = np.repeat(pair(np.random.default_rng(2), 1, 50)[0], 3, axis=0)
    gap, p = compare_resampled(share(hits), share(hits), 2**0.5 / 52)
    theirs = compare(hits, hits, ACCURACY).gap
    assert (gap.mean, p) == (0.0, 1.0)
    assert gap.high == pytest.approx(theirs.high, rel=0.05)
    assert gap.high > 0.04


def test_a_draw_without_the_metric_does_not_count_and_without_any_nothing_is_known() -> None:
    def rare(chosen: NDArray[np.int64] | slice) -> NDArray[np.float64]:
        if isinstance(chosen, np.ndarray) and 0 not in chosen:
            raise ZeroDivisionError
        return np.array([0.5, 0.6])

    some = resample(rare, 30)
    assert 0.5 * DRAWS < len(some.means) < 0.75 * DRAWS  # 1 - 1 / e of them have the first example
    none = Resampled(some.values, np.full((DRAWS, 2), np.nan), 30)
    for other in (some, none):
        gap, p = compare_resampled(none, other)
        assert (gap.low, gap.high, p) == (-np.inf, np.inf, 1.0)
    assert np.isnan(resampled_interval(none).low)


def test_everyone_is_measured_on_the_same_draws() -> None:
    first, second = (share(of) for of in pair(np.random.default_rng(3), 2, 100))
    np.testing.assert_array_equal((first - first).drawn, 0.0)
    assert (first - second).means.std() < np.hypot(first.means.std(), second.means.std())


def test_endless_seeds_leave_the_part_of_the_examples() -> None:
    hits = pair(np.random.default_rng(4), 4, 400)[0]
    assert narrowed_by_seeds(share(hits)) == pytest.approx(mean_narrowed_by_seeds(hits), abs=0.05)
    assert 0.0 < narrowed_by_seeds(share(hits)) < 1.0


def test_the_interval_of_a_mean_that_is_resampled_is_that_of_the_mean() -> None:
    hits = pair(np.random.default_rng(5), 3, 400)[0]
    ours, theirs = resampled_interval(share(hits)), interval(hits, ACCURACY)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)


@pytest.mark.parametrize(("examples", "draws"), [(FEW, DRAWS), (FEW + 1, FEWER_DRAWS)])
def test_many_examples_are_drawn_less_often(examples: int, draws: int) -> None:
    assert resample(lambda chosen: np.zeros(1), examples).drawn.shape == (draws, 1)
