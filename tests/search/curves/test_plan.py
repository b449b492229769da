"""Who gets a lane: told from curves whose ends are known."""

from collections.abc import Callable, Sequence

import pytest

from models.config.families import Mlp
from models.config.messages import EpochMetrics
from search.config.space import Choice, Float, Int, Range
from search.config.study import Study
from search.curves.plan import Plan, draw_seed, plan, spread_point
from search.loop.history import SearchHistory
from search.pruners.expected_gain import ExpectedGain
from search.samplers.unit_cube import features, from_unit_cube, to_unit_cube
from search.trial import TrialRow

SPACE: dict[str, Range] = {
    "learning_rate": Float(1e-3, 1.0, log=True),
    "hidden": Int(4, 64, log=True),
    "weight_decay": Float(1e-7, 1e-2, log=True, low_is_zero=True),
}
STUDY = Study(family=Mlp(), data="digits", epochs=20, trials=40, space=SPACE)

Curve = Callable[[int, int], float]  # trial, epoch -> accuracy


def history(curve: Curve, *, trained: Sequence[int], study: Study = STUDY) -> SearchHistory:
    """A search whose trial n waits after `trained[n]` epochs; those that have reached the end are complete."""
    rows = [TrialRow(number, "running", spread_point(study, number), joined=1) for number in range(len(trained))]
    scores = []
    for number, epochs in enumerate(trained):
        for epoch in range(1, epochs + 1):
            metrics = {"accuracy": curve(number, epoch), "loss": 1.0}
            scores.append(
                (epoch, EpochMetrics(lane=number, epoch=epoch, train=metrics, validation=metrics, seconds=0.0))
            )
    paused = [number for number, epochs in enumerate(trained) if epochs < study.epochs]
    scores.sort(key=lambda score: (score[0], score[1].lane))
    past = SearchHistory(study, rows, len(rows), scores, max(trained), paused)
    for number, epochs in enumerate(trained):
        if epochs == study.epochs:
            from dataclasses import replace

            past.end(replace(rows[number], state="complete", value=curve(number, epochs)), scores[-1][1])
    return past


def rising(number: int, epoch: int) -> float:
    return 0.5 + 0.02 * (number % 10) + 0.3 * (1 - 1 / epoch)


def chosen(past: SearchHistory, free: int, begin: int) -> Plan:
    made = plan(past, free, begin=begin)
    assert made is not None
    return made


def test_it_follows_from_the_history_alone() -> None:
    first, second = (chosen(history(rising, trained=[4] * 16), 8, 8) for _ in range(2))
    assert (first.resumed, first.new, first.gains) == (second.resumed, second.new, second.gains)
    assert len(first.resumed) + len(first.new) == 8
    assert len({tuple(params.items()) for params in first.new}) == len(first.new)


def test_nobody_begins_where_no_trial_is_left() -> None:
    made = chosen(history(rising, trained=[4] * 16), 8, 0)
    assert made.new == []
    assert len(made.resumed) == 8


def test_of_trials_at_the_same_epoch_the_better_go_on() -> None:
    made = chosen(history(rising, trained=[8] * 20), 3, 0)
    assert made.resumed[0] % 10 == 9
    assert max(made.expected, key=made.expected.__getitem__) % 10 == 9


def test_a_late_bloomer_is_found_where_others_like_it_have_bloomed() -> None:
    def curve(number: int, epoch: int) -> float:
        low_rate = float(spread_point(STUDY, number)["learning_rate"]) < 0.03
        return 0.6 + 0.02 * epoch if low_rate else 0.75 - 0.1 / epoch

    low = [number for number in range(30) if float(spread_point(STUDY, number)["learning_rate"]) < 0.03]
    trained = [20 if number in [0, *low[:3]] else 4 for number in range(30)]
    made = chosen(history(curve, trained=trained), 4, 0)
    at_four = {number: curve(number, 4) for number in range(30) if trained[number] == 4}
    best = max(made.expected, key=made.expected.__getitem__)
    assert best in low
    assert at_four[best] < max(at_four.values())  # it lies behind
    assert made.resumed[0] in low


def test_too_little_to_say() -> None:
    assert plan(history(rising, trained=[2]), 4, begin=4) is None
    assert plan(history(lambda number, epoch: 0.5, trained=[2, 2, 2]), 4, begin=4) is None


def test_at_the_end_of_a_search_the_best_by_expectation_are_finished() -> None:
    study = STUDY.model_copy(update={"trials": 20, "pruner": ExpectedGain(finish=3)})
    past = history(rising, trained=[20, *([8] * 19)], study=study)
    promoted = study.pruner.promote(past, 16)
    assert 9 in promoted
    assert len(promoted) >= 2
    trained = [20 if number % 10 > 6 else 8 for number in range(20)]
    past = history(lambda number, epoch: rising(number, min(epoch, 4)), trained=trained, study=study)
    assert study.pruner.promote(past, 16) == []  # the leaders have ended, and the others rise no more


@pytest.mark.parametrize("free", [1, 2, 16])
def test_leaders_are_finished_whatever_lanes_are_free(free: int) -> None:
    study = STUDY.model_copy(update={"trials": 20, "pruner": ExpectedGain(finish=3)})
    flat = history(lambda number, epoch: rising(number, min(epoch, 4)), trained=[20, *([8] * 19)], study=study)
    promoted = study.pruner.promote(flat, free)  # nobody is expected to gain much
    assert len(promoted) == min(free, 3)
    assert {number % 10 for number in promoted} <= {8, 9}


def test_studies_that_search_something_else_begin_elsewhere() -> None:
    other = STUDY.model_copy(update={"family": Mlp(activation="tanh")})
    assert spread_point(STUDY, 0) != spread_point(other, 0)
    assert spread_point(STUDY, 0) == spread_point(STUDY.model_copy(update={"trials": 80}), 0)
    assert draw_seed(STUDY, "a") != draw_seed(STUDY, "b")


def test_first_points_cover_every_parameter_evenly() -> None:
    shares = [to_unit_cube(STUDY.space, spread_point(STUDY, number)) for number in range(64)]
    for column in zip(*shares, strict=True):
        counts = [sum(low / 8 <= share < (low + 1) / 8 for share in column) for low in range(8)]
        assert min(counts) >= 4  # of 8; a random draw has an eighth below 4 in three of four such samples


@pytest.mark.parametrize(
    "search_range",
    [
        Float(0.0, 2.0), Float(1e-4, 1.0, log=True), Float(0.0, 1.0, step=0.25), Int(1, 9), Int(2, 10, step=4),
        Int(1, 100, log=True), Int(8, 64, factor=2), Choice(("a", "b", "c")),
    ],
)  # fmt: skip
def test_a_configuration_is_found_again_in_the_cube(search_range: Range) -> None:
    space = {"x": search_range}
    for share in (0.0, 0.1, 0.35, 0.5, 0.77, 0.999):
        params = from_unit_cube(space, [share])
        (back,) = to_unit_cube(space, params)
        assert (
            from_unit_cube(space, [back])["x"] == pytest.approx(params["x"])
            if not isinstance(params["x"], str)
            else from_unit_cube(space, [back]) == params
        )


def test_features_tell_choices_apart_and_absent_parameters_from_none() -> None:
    space: dict[str, Range] = {
        "kind": Choice(("plain", "wide")),
        "width": Int(2, 10, when={"kind": "wide"}),
    }
    assert features(space, {"kind": "plain"}) == [1.0, 0.0, 0.5]
    assert features(space, {"kind": "wide", "width": 2}) == [0.0, 1.0, pytest.approx(1 / 18)]
