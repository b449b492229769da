"""The ensemble: chosen among complete trials on validation alone, one more finalist, one file."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score
from torch import Tensor

from models.datasets.source import Source
from models.errors import UserError
from models.files.ensemble import combine
from models.files.kept_outputs import read_outputs
from models.files.loaded_model import load
from reports.comparison import last_tested
from reports.finalists import predictions
from reports.finalists.ensemble import ENSEMBLE, FILE, MEMBERS, Selection, answered_together, greedy, select
from reports.finalists.measured import measured_of
from reports.page.ensemble_sentences import ensemble_sentence
from search.config.limits import Constraint
from search.config.study import Study
from search.loop.kept_outputs import kept_file
from search.objective import Key, Objective
from search.pruners.none import NoPruner
from search.record.record import Record
from search.record.store import Store
from tests.support.commands import invoke
from tests.support.cuts import run
from tests.support.exports import STUDY, record
from tests.support.reports import finalists_of
from tests.support.runs import REPEATING

pytestmark = pytest.mark.usefixtures("unrendered")

LABELS = torch.tensor([0, 1, 0, 1])


def errors(outputs: Sequence[Tensor]) -> Key:
    """A key by the errors of one lane's outputs (4, 2), then by the loss."""
    wrong = (outputs[0].argmax(1) != LABELS).sum().item()
    return float(wrong), torch.nn.functional.cross_entropy(outputs[0], LABELS).item(), 0


def answers(*margins: float) -> list[Tensor]:
    """Outputs of one lane that are right by these margins for each of the four examples; below 0, wrong."""
    sign = torch.tensor([1.0, -1.0, 1.0, -1.0]) * torch.tensor(margins)
    return [torch.stack([sign, -sign], 1)]


def test_models_that_make_up_for_each_other_are_chosen_together() -> None:
    one, other, bad = answers(3, 3, -1, 3), answers(3, -1, 3, 1), answers(-2, -2, -2, -2)
    picked = greedy([one, other, bad], errors, predicts_number=False)
    assert set(picked) == {0, 1}


def test_the_best_stays_alone_where_nobody_helps_it() -> None:
    assert greedy([answers(9, 9, 9, 9), answers(1, 1, -1, 1)], errors, predicts_number=False) == [0]


def test_a_better_one_is_added_more_often() -> None:
    numbers = [[torch.tensor([[4.0]])], [torch.tensor([[0.0]])]]
    picked = greedy(numbers, lambda given: (abs(given[0].item() - 3.0), 0.0, 0), predicts_number=True)
    assert sorted(picked) == [0, 0, 0, 1]  # three times 4 and once 0 is 3


def test_it_has_five_members_at_most() -> None:
    library = [[column.unsqueeze(1)] for column in torch.eye(8)]  # their mean alone is 1/8 everywhere

    def score(given: Sequence[Tensor]) -> Key:
        return float((given[0] - 1 / 8).square().sum()), 0.0, 0

    assert len(set(greedy(library, score, predicts_number=True))) == MEMBERS == 5


def test_what_may_not_be_together_is_not_tried() -> None:
    one, other, third = answers(3, 3, -1, 3), answers(3, -1, 3, 1), answers(1, 1, -1, 3)
    library = [one, other, third]
    assert set(greedy(library, errors, predicts_number=False)) == {0, 1}
    picked = greedy(library, errors, predicts_number=False, allowed=lambda members: not {0, 1} <= {*members})
    assert picked == [0], "the third is wrong where the first is"


def test_its_test_is_made_of_what_its_members_have_answered(fated: Record) -> None:
    finalists = finalists_of(fated, {2: 0.9, 1: 0.88, 0: 0.6})
    ensemble = answered_together(Selection({2: 2, 1: 1}, 0.93, 0.9, 3), finalists.predictions, 3)
    given = finalists.predictions.logits
    mean = (2 * torch.from_numpy(given[2, 1]).softmax(1) + torch.from_numpy(given[1, 1]).softmax(1)) / 3
    np.testing.assert_allclose(torch.from_numpy(ensemble.predictions.logits[ENSEMBLE, 1]).softmax(1), mean, atol=1e-6)
    measured = measured_of(fated.study, finalists.predictions, 3, [2, 1, 0], ensemble)
    sentence = ensemble_sentence(replace(finalists, ensemble=ensemble, measured=measured))
    assert sentence is not None
    assert sentence.startswith("Together, trials 2 (twice) and 1 have test accuracy 0.9")
    alone = replace(finalists, ensemble=answered_together(Selection({2: 3}, 0.9, 0.9, 3), finalists.predictions, 3))
    assert (
        ensemble_sentence(alone)
        == "No ensemble of complete trials did better than the winner alone on the validation examples."
    )
    assert ensemble_sentence(finalists) is None


@pytest.mark.parametrize(
    ("theirs", "told"), [(1020, "hardly more than the winner's."), (2400, "2.4 times the winner's.")]
)
def test_what_its_prediction_costs_is_told(fated: Record, theirs: int, told: str) -> None:
    finalists = finalists_of(fated, {2: 0.9, 1: 0.88, 0: 0.6})
    costs = {2: predictions.Cost(9, 1000, 9, 0.1), 1: predictions.Cost(9, theirs - 1000, 9, 0.1)}
    finalists = replace(finalists, predictions=replace(finalists.predictions, costs=costs))
    ensemble = answered_together(Selection({2: 2, 1: 1}, 0.93, 0.9, 3), finalists.predictions, 3)
    measured = measured_of(fated.study, finalists.predictions, 3, [2, 1, 0], ensemble)
    sentence = ensemble_sentence(replace(finalists, ensemble=ensemble, measured=measured))
    assert sentence is not None
    assert sentence.endswith(f"A prediction of theirs costs {told}")


@pytest.mark.slow
def test_an_export_retrains_its_members_and_makes_one_file_of_them(runs: Path) -> None:
    line = ("--study", STUDY, "--top", "2", "--seeds", "2", "--workers", "0", "--ensemble")
    plan = json.loads(invoke("reports.export", *line, "--check", "--json", folder=runs.parent).output)
    finalists, members = set(plan["finalists"]), set(plan["members"])
    assert plan["candidates"] > len(members)
    assert (plan["rank_models"], plan["retrain_models"]) == (2, 2 * (len(finalists | members) - 2))
    done = invoke("reports.export", *line, folder=runs.parent)
    assert done.exit_code == 0, done.output
    openings = [each for each in record(runs).ledger() if each.kind == "export"]
    assert len(openings) == 2, "the one before, of fewer finalists, and one for all of them and the ensemble"
    assert openings[-1].purpose.startswith(f"test of {2 * len(finalists | members)} models, and of an ensemble")
    tested = last_tested(record(runs))
    assert tested is not None
    assert {row.trial for row in tested[0]} == finalists, "a member is no finalist by itself"
    assert (openings[-1].figures or {}).keys() >= {"ensemble"}
    folder = runs / "studies" / STUDY / "finalists"
    page = (runs / "studies" / STUDY / "report.html").read_text()
    assert "The ensemble" in page
    model = load(folder / FILE)
    sums = {(row.trial, row.seed): str(row.model_sha256) for row in record(runs).finalists()}
    kept = predictions.read(folder / predictions.FILE, sums)
    assert kept is not None
    weights = {int(str(it.about["trial"])): it.weight for it in model.description.members}
    together = answered_together(Selection(weights, 0.0, 0.0, 9), kept, 2)
    expected = together.predictions.logits[ENSEMBLE, 0][kept.misclassified].argmax(1)
    assert model.predict_proba(kept.inputs).argmax(1).tolist() == expected.tolist()
    assert float(together.scores.mean()) == pytest.approx((openings[-1].figures or {})["ensemble"])
    table = pd.read_csv(runs / "studies" / STUDY / "results.csv")
    assert table["ensemble_of"].dropna().tolist() == [" ".join(f"{it}:{count}" for it, count in weights.items())]
    row = table.iloc[-1]
    assert row[["rank", "trial", "hidden", "validation_accuracy"]].isna().all()
    assert row["test_accuracy_mean"] == pytest.approx(float(together.scores.mean()))
    assert row["test_accuracy_low"] < row["test_accuracy_mean"] < row["test_accuracy_high"]
    again = invoke("reports.export", *line, folder=runs.parent)
    assert "rank:" not in again.output, "nothing is trained again"
    assert "test set opened" not in again.output
    assert len(record(runs).ledger()) == len(openings)


def test_it_is_chosen_over_all_folds(digits: Source, tmp_path: Path) -> None:
    study = REPEATING.model_copy(update={"folds": 2, "trials": 4, "lanes": 4, "pruner": NoPruner()})
    url = f"sqlite:///{tmp_path}/runs.db"
    assert run(study, url, digits)
    record = Store(url).find("small")
    assert record is not None
    selection = select(record, record.trials(), record.curves())
    assert selection.second is None
    assert selection.candidates == sum(row.joined is not None for row in record.trials()) > 1
    assert selection.validation >= selection.best_alone > 0.3
    shutil.rmtree(record.folder / "outputs")
    with pytest.raises(UserError, match="no validation outputs"):
        select(record, record.trials(), record.curves())


def searched(study: Study, folder: Path, digits: Source) -> Record:
    """The record of a search in this process."""
    assert run(study, f"sqlite:///{folder}/runs.db", digits)
    record = Store(f"sqlite:///{folder}/runs.db").find("small")
    assert record is not None
    return record


SMALL = REPEATING.model_copy(update={"trials": 8, "lanes": 4, "pruner": NoPruner()})
BY_COST = Objective.model_validate(("accuracy", "parameters"))
BY_METRIC = Objective.model_validate(("accuracy", "macro_f1"))


def test_a_cost_is_the_sum_of_different_members(digits: Source, tmp_path: Path) -> None:
    record = searched(SMALL.model_copy(update={"objective": BY_COST}), tmp_path, digits)
    selection, rows = select(record, record.trials(), record.curves()), record.trials()
    assert len(selection.weights) > 1
    assert selection.second == sum(rows[trial].second or 0 for trial in selection.weights)


def test_no_ensemble_costs_more_than_the_study_allows(digits: Source, tmp_path: Path) -> None:
    limit = Constraint("parameters", max=9_000)  # 5 hidden units are 3,985 parameters: a second model fits, no third
    record = searched(SMALL.model_copy(update={"constraints": (limit,)}), tmp_path, digits)
    selection, curves = select(record, record.trials(), record.curves()), record.curves()
    assert sum(curves[trial][0].validation["parameters"] for trial in selection.weights) <= 9_000
    assert len(selection.weights) == 2


def test_a_second_metric_is_that_of_its_answers(digits: Source, tmp_path: Path) -> None:
    record = searched(SMALL.model_copy(update={"objective": BY_METRIC}), tmp_path, digits)
    selection = select(record, record.trials(), record.curves())
    answered = []
    for trial in selection.weights:
        with kept_file(record, trial) as file:
            (lane,) = read_outputs(file) or ()
        answered.append(lane.outputs)
    together = combine(torch.stack(answered), list(selection.weights.values()), predicts_number=False).argmax(1)
    assert len(selection.weights) > 1
    assert selection.second == pytest.approx(f1_score(lane.labels, together, average="macro"))
    assert selection.validation == pytest.approx(accuracy_score(lane.labels, together))


def test_it_needs_finalists(fated: Record) -> None:
    url = f"sqlite:///{fated.folder.parents[1]}/studies.db"
    done = invoke("reports.export", "--study", fated.name, "--storage", url, "--no-retrain", "--ensemble")
    assert (done.exit_code, done.lines[0]) == (2, "error: an ensemble is one more finalist, and there are to be none")
