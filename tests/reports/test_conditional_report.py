"""The report of a study of a conditional space: a parameter is shown over the trials that have it."""

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from reports import figures, frames, page, plates
from reports.checks import checks
from reports.frames import Findings
from search.config.study import Study
from search.config.study_files import load
from search.pruners.none import NoPruner
from search.samplers.random import Random
from tests.support.conditional import (
    OWN,
    SPACE,
    a_study,
    many_trials,
    write,
)

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    study = a_study(Random(), data="digits", epochs=1, trials=80, pruner=NoPruner())
    return frames.findings(many_trials(tmp_path_factory.mktemp("many"), study), None)


def test_the_frame_of_trials_has_a_type_for_every_kind_of_parameter(found: Findings) -> None:
    kinds = {name: str(found.trials[name].dtype) for name in found.study.names}
    assert kinds == {
        "batch_size": "Int64",
        "learning_rate": "Float64",
        "hidden": "Int64",
        "activation": "string",
        "momentum": "Float64",
        "depth": "Int64",
        "final_factor": "Float64",
        "weight_decay": "Float64",
    }


def test_the_importance_of_what_does_not_always_exist_can_be_told(found: Findings) -> None:
    frame = frames.importance_frame(found)
    assert isinstance(frame, pd.DataFrame)
    assert set(frame["parameter"]) == set(SPACE)
    assert frame["importance"].sum() == pytest.approx(1.0)
    share = frame.set_index("parameter")["importance"]
    assert share["momentum"] > share["hidden"]
    assert share["momentum"] > share["final_factor"]


def test_every_parameter_of_a_conditional_space_can_be_drawn(found: Findings) -> None:
    with figures.style():
        for drawing in plates.of_parameters(found):
            figure = drawing.draw(figures.HALF)
            drawn = sum(np.size(line.get_xdata()) for line in figure.axes[0].lines if line.get_marker() == "o")
            assert drawn >= len(drawing.frame)  # and a ring around the best


def test_a_factor_is_ticked_at_its_values(found: Findings) -> None:
    (drawing,) = [it for it in plates.of_parameters(found) if it.key == "parameter-batch_size"]
    with figures.style():
        labels = [it.get_text() for it in drawing.draw(figures.HALF).axes[0].get_xticklabels()]
    assert labels == ["16", "32", "64"]


def test_a_check_of_bounds_passes_over_what_the_best_trial_does_not_have(found: Findings) -> None:
    best = found.row(found.shown or 0)
    without = dataclasses.replace(best, params={name: best.params[name] for name in best.params if name != "momentum"})
    rows = [without if row.number == best.number else row for row in found.rows]
    assert checks(dataclasses.replace(found, rows=rows))  # and raises nothing


def test_a_page_is_made_of_a_conditional_space(found: Findings, tmp_path: Path) -> None:
    text = page.write(found, tmp_path, {}).read_text()
    assert "momentum" in text
    assert "&lt;NA&gt;" not in text


@pytest.fixture
def own(tmp_path: Path) -> Study:
    """A study of a model of one's own, with a searched text, a searched truth and a condition on both."""
    return load(str(write(tmp_path, OWN))).study


def test_texts_and_truths_have_columns_of_their_own(own: Study, tmp_path: Path) -> None:
    found = frames.findings(many_trials(tmp_path, own.model_copy(update={"trials": 60})), None)
    kinds = {name: str(found.trials[name].dtype) for name in ("deep", "activation", "slope")}
    assert kinds == {"deep": "boolean", "activation": "string", "slope": "Float64"}
    assert isinstance(frames.importance_frame(found), pd.DataFrame)
    assert "slope" in page.write(found, tmp_path, {}).read_text()
    for name in ("deep", "activation", "slope"):
        having = pd.read_csv(tmp_path / "figures" / f"parameter-{name}.csv")["value"]
        assert len(having) == sum(name in row.params for row in found.rows)
        assert 10 < len(having) <= 60
