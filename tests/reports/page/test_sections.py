"""The sections of the page: the frame of each is right, and each says why it has nothing to show."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import classification_report, confusion_matrix

from reports.page.data import FinalistData, ReportData
from reports.page.sections.base import Text
from reports.page.sections.classes import classes_frame
from reports.page.sections.confusion import confusion_frame
from reports.page.sections.curves import Curves
from reports.page.sections.history import History
from reports.page.sections.importance import Importance
from reports.page.sections.mistakes import MAX_IMAGES, Mistakes, mistakes_frame
from reports.page.sections.parameters import draw, parameters_frame
from reports.page.sections.savings import saved_epochs
from reports.page.sections.times import Times
from reports.page.sections.weights import unit_pictures
from reports.page.style import HALF, style
from search.config.space import Choice
from search.record.record import Record
from tests.support.reports import a_record, a_study, add, finalists_of, report_of

# --- the search -------------------------------------------------------------------------------------------------------


def test_the_history_keeps_the_best_complete_trial_so_far(searched: ReportData) -> None:
    assert list(History().frame(searched)["best_so_far"]) == [0.7, 0.8, 0.9, 0.9, 0.9, 0.9]


def test_the_history_of_a_loss_keeps_the_lowest(tmp_path: Path) -> None:
    record = a_record(tmp_path, a_study(objective="loss", baselines=()))
    for number, accuracy in enumerate([0.6, 0.9, 0.8]):
        add(record, number, [accuracy], "complete")
    assert History().frame(report_of(record))["best_so_far"].tolist() == pytest.approx([0.4, 0.1, 0.1])


def test_the_learning_curves_say_which_part_each_trial_plays(searched: ReportData) -> None:
    frame = Curves().frame(searched)
    parts = frame.drop_duplicates("trial").set_index("trial")["part"]
    expected = {0: "baseline", 1: "complete", 2: "best", 3: "pruned", 4: "pruned", 5: "pruned"}
    assert parts.to_dict() == expected
    assert len(frame) == 4 + 4 + 4 + 2 + 2 + 1


def test_the_parameters_frame_has_a_row_for_every_trial_and_parameter(searched: ReportData) -> None:
    frame = parameters_frame(searched)
    assert len(frame) == 6 * 3
    assert frame[(frame["parameter"] == "hidden") & (frame["number"] == 2)]["value"].item() == 500


def test_a_choice_has_a_scatter_with_its_values(searched: ReportData) -> None:
    frame = pd.DataFrame(
        {"number": [0, 1], "fate": "complete", "validation_accuracy": [0.5, 0.9], "value": ["none", "some"]}
    )
    with style():
        figure = draw(searched, frame, "momentum", Choice(("none", "some")), HALF)
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["none", "some"]


def test_pruning_saves_the_epochs_that_ended_trials_did_not_train(searched: ReportData) -> None:
    saved = saved_epochs(searched)
    assert (saved.trained, saved.unpruned) == (14, 16)  # neither the diverged trial nor the running one counts


def test_epochs_that_patience_ended_are_not_saved_by_pruning(searched: ReportData) -> None:
    trials = searched.trials.copy()
    trials.loc[trials["number"] == 1, "epochs"] = 2  # complete, and out of patience
    saved = saved_epochs(replace(searched, trials=trials))
    assert (saved.trained, saved.unpruned) == (12, 14)


def test_the_time_of_each_fate_is_the_sum_of_its_trials(searched: ReportData) -> None:
    times = Times().frame(searched).set_index("fate")
    assert times.loc["complete"].tolist() == [3, 12, 6.0]
    assert list(times.index) == ["complete", "pruned", "diverged", "running"]


def test_few_trials_have_no_importance(searched: ReportData) -> None:
    (part,) = Importance().parts(searched)
    assert isinstance(part, Text)
    assert part.text.startswith("Not told: 6 trials are too few")


@pytest.mark.slow
def test_an_importance_finds_the_parameter_that_matters(tmp_path: Path) -> None:
    record = a_record(tmp_path, a_study(baselines=(), trials=80))
    for number, hidden in enumerate(np.linspace(16, 512, 80).astype(int)):
        add(record, number, [float(hidden) / 600], "complete", hidden=int(hidden))
    frame = Importance().frame(report_of(record))
    assert frame["trials"].unique() == [80]
    assert dict(zip(frame["parameter"], frame["importance"], strict=True))["weight_decay"] < 0.1


@pytest.mark.slow
def test_an_importance_of_pruned_trials_is_of_an_epoch_that_many_reached(tmp_path: Path) -> None:
    record = a_record(tmp_path, a_study(baselines=(), trials=60, epochs=4))
    for number, hidden in enumerate(np.linspace(16, 512, 60).astype(int)):
        scores = [hidden / 1000, hidden / 600][: 1 + (number % 10 > 0)]
        add(record, number, scores, "pruned", hidden=int(hidden))
    report = report_of(record)
    frame = Importance().frame(report).set_index("parameter")
    assert (frame["trials"].iloc[0], frame["epoch"].iloc[0]) == (54, 2)
    hidden, decay = frame.loc["hidden"], frame.loc["weight_decay"]
    assert hidden["low"] > decay["high"]
    assert hidden["low"] <= hidden["importance"] <= hidden["high"]
    caption = Importance().caption(report, Importance().frame(report))
    assert "the scores of 54 trials after epoch 2" in caption
    assert "only 0 are complete" in caption


# --- the finalists ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def finalists(tested: ReportData) -> FinalistData:
    assert tested.finalists is not None
    return tested.finalists


def test_the_confusions_are_those_of_scikit_learn(fated: Record) -> None:
    finalists = finalists_of(fated, {2: 0.9, 0: 0.6}, seeds=1)
    frame, predictions = confusion_frame(finalists, 2), finalists.predictions
    theirs = confusion_matrix(predictions.labels, predictions.predicted(2, 0))
    assert frame["images"].to_numpy().reshape(10, 10).tolist() == theirs.tolist()
    assert frame[frame["true"] == "3"]["share"].sum() == pytest.approx(1.0)


def test_the_class_by_class_figures_are_those_of_scikit_learn(fated: Record) -> None:
    finalists = finalists_of(fated, {2: 0.9, 0: 0.6}, seeds=1)
    predictions = finalists.predictions
    theirs = classification_report(predictions.labels, predictions.predicted(2, 0), output_dict=True)
    for line in classes_frame(finalists, 2).to_dict("records"):
        expected = theirs[line["class"]]
        assert (line["precision"], line["recall"], line["f1"], line["support"]) == pytest.approx(
            (expected["precision"], expected["recall"], expected["f1-score"], expected["support"])
        )


def test_the_gallery_shows_wrong_images_most_confident_first(finalists: FinalistData) -> None:
    frame = mistakes_frame(finalists, 2)
    assert (frame["true"] != frame["predicted"]).all()
    assert frame["probability"].is_monotonic_decreasing
    assert len(frame) == MAX_IMAGES


def test_a_test_without_a_mistake_has_no_gallery(fated: Record) -> None:
    (part,) = Mistakes().parts(report_of(fated, {2: 1.0}, seeds=1))
    assert part == Text("No test image was classified wrongly.")


def test_the_weights_of_the_longest_rows_come_first(tested: ReportData, finalists: FinalistData) -> None:
    units = unit_pictures(tested, finalists)
    assert units is not None
    assert units.shape == (20, 28, 28)
    assert (np.diff(np.linalg.norm(units.reshape(20, -1), axis=1)) <= 0).all()
