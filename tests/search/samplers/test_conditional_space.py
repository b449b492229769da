"""Samplers over a conditional space: every draw has what exists in it, and is the same after a crash."""

import dataclasses
import itertools

import numpy as np
import optuna
import pytest

from search.config.conditions import existing
from search.samplers.base import SamplerConfig
from search.samplers.distributions import distributions
from search.samplers.qmc import QMC
from search.samplers.random import Random
from search.samplers.seen import SeenConfigurations
from search.samplers.tpe import TPE
from search.trial import TrialRow
from tests.support.conditional import (
    GRID,
    KNOWN,
    SAMPLERS,
    SPACE,
    a_record,
    a_study,
    draws,
)


@pytest.mark.slow
@pytest.mark.parametrize("sampler", [TPE(startup=5), Random(), QMC()], ids=lambda sampler: sampler.name)
def test_a_factor_draws_all_of_its_values_and_no_others(sampler: SamplerConfig) -> None:
    assert {drawn["batch_size"] for drawn in draws(a_study(sampler), 60)} == {16, 32, 64}


def test_at_random_each_value_of_a_factor_is_as_likely() -> None:
    counts = np.unique([int(drawn["batch_size"]) for drawn in draws(a_study(Random()), 300)], return_counts=True)[1]
    # 300 draws, a third each: standard deviation 8.2, so 33 is four of them.
    assert np.abs(counts - 100).max() < 33


def test_the_record_holds_the_values_of_a_factor_as_they_are() -> None:
    assert distributions(a_study())["batch_size"] == optuna.distributions.IntDistribution(16, 64, log=True)


# --- samplers over a conditional space --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda sampler: sampler.name)
def test_a_draw_from_a_conditional_space_is_the_same_after_a_crash(sampler: SamplerConfig) -> None:
    study = a_study(sampler)
    undisturbed, broken = draws(study, 40), a_record(study)
    for number in range(1, len(undisturbed) + 1):
        broken.fill(number, broken.mirror())
    assert broken.params() == undisturbed


@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda sampler: sampler.name)
def test_the_order_in_which_a_file_lists_a_conditional_space_changes_no_draw(sampler: SamplerConfig) -> None:
    backwards = {
        name: dataclasses.replace(search_range, when=tuple(reversed(search_range.when)))
        for name, search_range in reversed(list(SPACE.items()))
    }
    assert draws(a_study(sampler, backwards), 15) == draws(a_study(sampler), 15)


@pytest.mark.parametrize("sampler", [Random(), QMC()], ids=lambda sampler: sampler.name)
def test_conditions_only_take_away_from_what_is_drawn(sampler: SamplerConfig) -> None:
    free = {name: dataclasses.replace(search_range, when=()) for name, search_range in SPACE.items()}
    whole = draws(a_study(sampler, free), 20)
    assert draws(a_study(sampler), 20) == [existing(SPACE, drawn) for drawn in whole]


def test_tpe_learns_what_is_best_within_a_branch() -> None:
    def mean_distance(sampler: SamplerConfig) -> float:
        """Of the momentum from the best one, over trials 30 to 80 that have it."""
        momenta = [drawn["momentum"] for drawn in draws(a_study(sampler), 80)[30:] if "momentum" in drawn]
        assert len(momenta) > 10
        return float(np.mean([abs(float(momentum) - 0.6) for momentum in momenta]))

    assert mean_distance(TPE()) < 0.6 * mean_distance(Random())


def test_a_grid_visits_what_differs_once() -> None:
    study = a_study(GRID)
    corners = (dict(zip(GRID.values, corner, strict=True)) for corner in itertools.product(*GRID.values.values()))
    different = {tuple(sorted(existing(SPACE, corner).items())) for corner in corners}
    drawn = [tuple(sorted(study.to_external(params).items())) for params in draws(study, 100)]
    assert sorted(drawn) == sorted(tuple(sorted([*cell, ("weight_decay", 0.0)])) for cell in different)
    # Depth 1, or 2 with two momenta: 3; relu in large batches with three slopes, and three other pairs: 6.
    assert len(different) == 3 * 6


def test_a_trial_is_repeated_by_what_exists_in_it() -> None:
    study = a_study()
    rows = [TrialRow(number=0, state="complete", params=study.to_internal(KNOWN))]
    assert SeenConfigurations(rows).first(study.to_internal(KNOWN)) == 0
    assert SeenConfigurations(rows).first(study.to_internal({**KNOWN, "depth": 2, "momentum": 0.0})) is None
