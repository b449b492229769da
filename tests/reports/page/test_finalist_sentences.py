"""What is said of the test: no sentence contradicts another, and nothing is more certain than its figures."""

import re

import numpy as np
import pytest
from numpy.typing import NDArray

from reports.figures.figure import ACCURACY_FIGURE
from reports.figures.statistics import LEVEL
from reports.page.data import FinalistData, ReportData
from reports.page.finalist_sentences import cheapest, constant_answer, model_file
from reports.page.verdict import verdict
from tests.support.reports import check_of, with_hits

Hits = NDArray[np.bool_]


def finalists(report: ReportData) -> FinalistData:
    assert report.finalists is not None
    return report.finalists


def simulated(draws: np.random.Generator) -> dict[int, Hits]:
    """Return what four finalists classify correctly, the baseline 0 among them, in a random order."""
    seeds, images = int(draws.integers(1, 6)), int(draws.choice([40, 150, 600]))
    hard, found = draws.normal(0, 1.5, images), {}
    for trial in draws.permutation(4):
        skill = 2.0 + draws.normal(0, 0.4)
        score = skill + hard + draws.normal(0, 0.15, (seeds, 1)) + draws.normal(0, 0.7, (seeds, images))
        found[int(trial)] = score > 0
    return found


@pytest.fixture(scope="module")
def reports(tested: ReportData) -> list[ReportData]:
    draws = np.random.default_rng(0)
    return [with_hits(tested, simulated(draws)) for _ in range(60)]


def named(text: str, pattern: str) -> set[int]:
    """Return the numbers of the trials in the first place of a text that a pattern leads to."""
    place = re.search(pattern + r" trials? ([\d, and]+)", text)
    return {int(number) for number in re.findall(r"\d+", place[1])} if place else set()


@pytest.mark.slow
def test_no_finalist_is_told_apart_in_one_sentence_and_not_in_another(reports: list[ReportData]) -> None:
    apart = 0
    for report in reports:
        text, of = " ".join(verdict(report).sentences), finalists(report)
        alike, ahead = named(text, "cannot be told apart from"), named(text, "On the test set")
        assert not alike & ahead
        assert alike == set(of.rivals[~of.rivals["apart"]]["trial"])
        if "the two can be told apart" in text:
            assert 0 not in alike
            apart += 1
        if "the two cannot be told apart" in text:
            assert 0 in alike
        if "from every other finalist" in text:
            assert not alike
        assert (" wins: " in verdict(report).headline) == (not alike)
    assert 3 < apart < 50  # both happen


@pytest.mark.slow
def test_checks_agree_with_the_verdict(reports: list[ReportData]) -> None:
    for report in reports:
        text, beaten = " ".join(verdict(report).sentences), check_of(report, "baseline beaten")
        inseparable = check_of(report, "finalists inseparable")
        assert named(inseparable.text, "winner and") == named(text, "cannot be told apart from")
        if finalists(report).winner.number != 0:
            gap = float(next(value for name, value, _ in verdict(report).figures if "gain" in name).replace("−", "-"))
            assert (beaten.outcome == "passed") == ("the two can be told apart" in text and gap > 0)


def test_a_baseline_that_is_ahead_is_not_called_beaten_even_doubtfully(reports: list[ReportData]) -> None:
    said = set()
    for report in reports:
        if (winner := finalists(report).winner.number) != 0:
            gap, text = float(finalists(report).against(0)["gap"]), check_of(report, "baseline beaten").text
            words = next(
                words for words in ("is not beaten for certain", "is not beaten", "is beaten") if words in text
            )
            assert (words == "is not beaten") == (gap <= 0), (winner, text)
            said.add(words)
    assert len(said) == 3


def test_the_headline_and_the_check_agree_on_whether_anything_was_learned(tested: ReportData) -> None:
    draws, learned = np.random.default_rng(0), []
    for share in np.linspace(0.05, 0.2, 12):  # the commonest class has .1
        report = with_hits(tested, {2: draws.random((3, 600)) < share, 0: np.zeros((3, 600), bool)})
        headline, passed = verdict(report).headline, check_of(report, "better than the commonest class").outcome
        assert ("always answering “0” would have 0.1000" in headline) == (passed == "look")
        assert " wins: " not in headline or passed == "passed"
        learned.append(passed == "passed")
    assert {True, False} == set(learned)


def test_the_model_to_take_is_one_of_those_that_the_mean_is_of(reports: list[ReportData]) -> None:
    for report in reports:
        of = finalists(report)
        by_seed = of.predictions.scores(of.winner.number, of.seeds).mean(1)
        one = of.model_file()
        assert one.mean == by_seed[0]
        assert one.low <= one.mean <= one.high
        assert of.seeds > 1 or one[2:] == of.tested(of.winner.number)[2:]


def test_more_seeds_are_asked_for_only_where_they_are_what_is_scarce(reports: list[ReportData]) -> None:
    advised = {"seeds": 0, "images": 0}
    for report in reports:
        of, found = finalists(report), check_of(report, "finalists inseparable")
        if found.outcome != "look":
            continue
        rival = int(of.rivals[~of.rivals["apart"]]["trial"].iloc[0])
        scarce = of.seeds < 5 or of.narrowed_by_seeds(rival) > 1 / 3
        assert ("More --seeds" in found.text) == scarce
        assert ("are few for such a gap" in found.text) == (not scarce)
        advised["seeds" if scarce else "images"] += 1
    assert min(advised.values()) > 0


def test_every_p_value_fits_its_interval(reports: list[ReportData]) -> None:
    for report in reports:
        for row in finalists(report).rivals.itertuples():
            assert row.apart == (row.p < 1 - LEVEL) == (row.low > 0 or row.high < 0)


def test_a_cheaper_trial_is_recommended_only_within_the_margin(reports: list[ReportData]) -> None:
    taken = 0
    for report in reports:
        text, rivals = " ".join(verdict(report).sentences), finalists(report).rivals.set_index("trial")
        if recommended := named(text, "may be given for less work, take"):
            (number,) = recommended
            assert rivals.loc[number, "high"] <= 0.005
            assert rivals.loc[number, "multiply_adds"] < 1
            taken += 1
        assert "clear conscience" not in text
    assert taken


@pytest.mark.parametrize(("seeds", "behind"), [(3, 0.10), (3, 0.02), (5, 0.02)])
def test_absence_of_evidence_is_no_reason_to_take_the_cheapest(tested: ReportData, seeds: int, behind: float) -> None:
    """Ten points behind with three seeds that scatter: once it was taken with a clear conscience."""
    draws = np.random.default_rng(1)
    luck = draws.normal(0, 0.15, (2, seeds, 1))
    hits = {trial: draws.random((seeds, 359)) < 0.8 - behind * (trial == 2) + luck[trial - 1] for trial in (1, 2)}
    of = finalists(with_hits(tested, hits))
    assert cheapest(of.rivals, ACCURACY_FIGURE, 0.005) == []


def test_a_winner_that_answers_one_class_is_not_better_than_that(tested: ReportData) -> None:
    report = with_hits(tested, {2: np.tile(np.arange(600) % 10 == 0, (3, 1)), 0: np.ones((3, 600), bool)})
    sentence, _ = constant_answer(finalists(report))
    assert "would have accuracy 0.1000: the winner is not better (" in sentence
    assert verdict(report).headline.endswith("; always answering “0” would have 0.1000.")
    assert "Trial 2 comes first" in verdict(report).headline
    assert check_of(report, "better than the commonest class").outcome == "look"
    assert check_of(tested, "better than the commonest class").outcome == "passed"


def test_one_seed_is_said_to_know_of_the_images_alone(tested: ReportData) -> None:
    report = with_hits(tested, {2: np.ones((1, 600), bool), 0: np.ones((1, 600), bool)})
    assert "interval of the images alone, since one seed shows no other luck" in verdict(report).headline
    assert check_of(report, "published figure reproduced").outcome == "not applicable"


def test_the_model_to_take_is_told_by_its_own_figure_and_interval(tested: ReportData) -> None:
    hits = np.ones((3, 600), bool)
    hits[0, :60] = False  # seed 0, whose model is taken: 0.9; the mean is 0.9667
    report = with_hits(tested, {2: hits, 0: np.zeros((3, 600), bool)})
    text, of = " ".join(verdict(report).sentences), ACCURACY_FIGURE.interval(hits[:1].astype(float))
    assert f"its own test accuracy is 0.9000 (95% interval {ACCURACY_FIGURE.within(of)}, of other images" in text
    assert "finalists/trial-2-seed-0.safetensors" in text
    assert ("the model file", "0.9000", f"{ACCURACY_FIGURE.within(of)}; seed 0") in verdict(report).figures


def test_with_one_seed_the_headline_is_the_model_files(tested: ReportData) -> None:
    report = with_hits(tested, {2: np.ones((1, 600), bool), 0: np.ones((1, 600), bool)})
    assert model_file(finalists(report)) is None
