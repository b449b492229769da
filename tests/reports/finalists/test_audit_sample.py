"""Which pruned trials are audited, and what is said of all of them from those that were."""

import math

import numpy as np
import pytest
from scipy import stats

from reports.finalists.audit_sample import AuditedBand, band_of, draw, mean_gain, share_of_all
from search.trial import TrialRow
from tests.support.reports import a_study

EPOCHS = {number: 1 if number < 24 else 3 if number < 36 else 9 for number in range(40)}  # 24, 12 and 4 trials


def drawn(number: int) -> set[int]:
    rows = [TrialRow(trial, "pruned", {}, joined=1) for trial in EPOCHS]
    return {row.number for row in draw(a_study(), rows, EPOCHS, number)}


def test_a_larger_audit_adds_to_a_smaller_one() -> None:
    assert len(drawn(4)) == 4
    assert drawn(4) < drawn(12) < drawn(40) == set(EPOCHS)


def test_late_cuts_are_drawn_first_and_more_often() -> None:
    assert EPOCHS[drawn(1).pop()] == 9
    assert {EPOCHS[trial] for trial in drawn(3)} == {1, 3, 9}
    shares = [sum(EPOCHS[trial] == epochs for trial in drawn(10)) / of for epochs, of in ((1, 24), (3, 12), (9, 4))]
    assert shares[0] < shares[1] < shares[2]


def test_an_audit_draws_neither_diverged_trials_nor_repeats() -> None:
    rows = [
        TrialRow(0, "pruned", {}, joined=1, diverged_at=1),
        TrialRow(1, "pruned", {}, repeat_of=0),
        TrialRow(2, "complete", {}, joined=1),
        TrialRow(3, "pruned", {}, joined=1),
    ]
    assert [row.number for row in draw(a_study(), rows, dict.fromkeys(range(4), 1), 10)] == [3]


@pytest.mark.parametrize(("epochs", "band"), [(1, 0), (2, 0), (3, 1), (8, 1), (9, 2), (27, 3)])
def test_bands_are_powers_of_three(epochs: int, band: int) -> None:
    assert band_of(epochs) == band


def test_none_of_ten_allows_a_quarter_of_forty() -> None:
    low, high = share_of_all([AuditedBand(1, 1, 40, [-0.1] * 10)])
    assert low == 0.0
    assert high == 10 / 40  # with 10 of 40, none of ten drawn has a chance of 3.5 %; with 11 of 2.4 %
    assert stats.hypergeom(40, 10, 10).pmf(0) > 0.025 > stats.hypergeom(40, 11, 10).pmf(0)


def test_where_all_are_audited_the_share_is_known() -> None:
    assert share_of_all([AuditedBand(1, 1, 4, [0.1, -0.1, 0.0, -0.2])]) == (0.25, 0.25)


def test_a_band_counts_by_its_trials_not_by_its_draws() -> None:
    bands = [AuditedBand(1, 1, 30, [-0.3, -0.1]), AuditedBand(9, 9, 10, [-0.01, -0.03, 0.01])]
    mean, half = mean_gain(bands)
    assert mean == pytest.approx(0.75 * -0.2 + 0.25 * -0.01)
    assert 0 < half < math.inf


def test_bands_of_one_trial_each_have_a_mean_without_an_interval() -> None:
    assert math.isnan(mean_gain([AuditedBand(1, 1, 3, [-0.1]), AuditedBand(9, 9, 2, [-0.2])])[1])


def test_what_is_said_of_all_holds_as_often_as_it_is_said() -> None:
    draws, held = np.random.default_rng(0), []
    sizes, shares, audited = (24, 12, 4), (0.02, 0.1, 0.3), (4, 4, 2)
    for _ in range(300):
        gains = [
            draws.choice([0.01, -0.01], size, p=(share, 1 - share)) for size, share in zip(sizes, shares, strict=True)
        ]
        bands = [AuditedBand(1, 1, len(of), list(of[:n])) for of, n in zip(gains, audited, strict=True)]
        low, high = share_of_all(bands)
        held.append(low <= np.concatenate(gains).clip(0).astype(bool).mean() <= high)
    assert np.mean(held) >= 0.94
