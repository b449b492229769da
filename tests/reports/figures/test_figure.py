"""The figure of a regression: its mean is scikit-learn's, its interval holds the truth, its gap has the right sign."""

import numpy as np
import pytest
from sklearn.metrics import root_mean_squared_error

from reports.figures.figure import ACCURACY_FIGURE, RMSE_FIGURE
from reports.figures.statistics import root_mean_square


def test_scores_have_the_root_mean_square_error_of_each_seed_as_their_mean() -> None:
    errors = np.random.default_rng(0).standard_t(4, (3, 50))
    expected = [root_mean_squared_error(np.zeros(50), of_seed) for of_seed in errors]
    np.testing.assert_allclose(root_mean_square(errors).mean(1), expected)


@pytest.mark.parametrize("seeds", [1, 3])
def test_an_interval_of_errors_holds_the_truth(seeds: int) -> None:
    draws, held = np.random.default_rng(1), 0
    for _ in range(500):
        errors = draws.normal(size=89) + 0.3 * draws.normal(size=(seeds, 89))
        of = RMSE_FIGURE.interval(root_mean_square(errors))
        held += of.low <= 1.09**0.5 <= of.high
    assert held >= 0.925 * 500  # of 95 %; standard error 1 %


def test_no_error_at_all_has_an_interval() -> None:
    assert RMSE_FIGURE.interval(root_mean_square(np.zeros((2, 9))))[2:] == (0.0, 0.0)


def test_a_gap_is_positive_where_the_first_is_better() -> None:
    small, large = (root_mean_square(np.random.default_rng(2).normal(size=(3, 80)) * size) for size in (1.0, 2.0))
    assert RMSE_FIGURE.compare(small, large).gap.mean > 0
    assert RMSE_FIGURE.compare(large, small).gap.mean < 0
    assert ACCURACY_FIGURE.compare(np.ones((3, 80)), np.zeros((3, 80))).gap.mean > 0


def test_what_is_worse_is_not_said_to_be_better() -> None:
    assert RMSE_FIGURE.ahead(-0.70964, "against trial 0") == "worse by 0.70964 than trial 0"
    assert RMSE_FIGURE.ahead(1.5, "on the winner alone") == "better by 1.5000 than the winner alone"
    assert ACCURACY_FIGURE.ahead(-0.0012, "against trial 0") == "−0.0012 against trial 0"


def test_figures_are_written_with_the_digits_of_their_unit() -> None:
    assert (RMSE_FIGURE.text(54.32109), ACCURACY_FIGURE.text(0.98765)) == ("54.321", "0.9877")
    assert RMSE_FIGURE.signed(-1234.5) == "−1234.5"
