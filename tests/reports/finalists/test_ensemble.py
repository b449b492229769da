"""The ensemble of finalists: chosen on validation alone, one file, no other look at the test set."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from models.errors import UserError
from models.loaded_model import load
from reports.finalists import predictions
from reports.finalists.choose import check_ensemble
from reports.finalists.ensemble import ENSEMBLE, FILE, Selection, answers_of, greedy
from reports.page.ensemble_sentences import ensemble_sentence
from search.objective import Key
from search.record.record import Record
from tests.support.commands import invoke
from tests.support.exports import STUDY, record
from tests.support.reports import a_study, finalists_of

pytestmark = pytest.mark.usefixtures("unrendered")

PAIR = ("accuracy", "parameters")
LABELS = torch.tensor([0, 1, 0, 1])


def errors(outputs: Tensor) -> Key:
    """A key by the errors of outputs (1, 4, 2), then by the loss."""
    wrong = (outputs[0].argmax(1) != LABELS).sum().item()
    return float(wrong), torch.nn.functional.cross_entropy(outputs[0], LABELS).item(), 0


def answers(*margins: float) -> Tensor:
    """Outputs that are right by these margins for each of the four examples; below 0, wrong."""
    sign = torch.tensor([1.0, -1.0, 1.0, -1.0]) * torch.tensor(margins)
    return torch.stack([sign, -sign], 1).unsqueeze(0)


def test_models_that_make_up_for_each_other_are_chosen_together() -> None:
    one, other, bad = answers(3, 3, -1, 3), answers(3, -1, 3, 1), answers(-2, -2, -2, -2)
    picked = greedy([one, other, bad], errors, predicts_number=False)
    assert set(picked) == {0, 1}


def test_the_best_stays_alone_where_nobody_helps_it() -> None:
    assert greedy([answers(9, 9, 9, 9), answers(1, 1, -1, 1)], errors, predicts_number=False) == [0]


def test_a_better_one_is_added_more_often() -> None:
    numbers = [torch.tensor([[[4.0]]]), torch.tensor([[[0.0]]])]
    picked = greedy(numbers, lambda given: (abs(given.item() - 3.0), 0.0, 0), predicts_number=True)
    assert sorted(picked) == [0, 0, 0, 1]  # three times 4 and once 0 is 3


def test_its_test_is_made_of_what_its_members_have_answered(fated: Record) -> None:
    finalists = finalists_of(fated, {2: 0.9, 1: 0.88, 0: 0.6})
    ensemble = answers_of(Selection({2: 2, 1: 1}, 0.93, 0.9), finalists.predictions, 3)
    given = finalists.predictions.logits
    mean = (2 * torch.from_numpy(given[2, 1]).softmax(1) + torch.from_numpy(given[1, 1]).softmax(1)) / 3
    np.testing.assert_allclose(torch.from_numpy(ensemble.predictions.logits[ENSEMBLE, 1]).softmax(1), mean, atol=1e-6)
    sentence = ensemble_sentence(replace(finalists, ensemble=ensemble))
    assert sentence is not None
    assert sentence.startswith("Together, trials 2 (twice) and 1 have test accuracy 0.9")
    alone = replace(finalists, ensemble=answers_of(Selection({2: 3}, 0.9, 0.9), finalists.predictions, 3))
    assert (
        ensemble_sentence(alone)
        == "No ensemble of finalists did better than the winner alone on the validation examples."
    )
    assert ensemble_sentence(finalists) is None


@pytest.mark.slow
def test_an_export_makes_one_file_of_it_and_opens_no_test_set_again(runs: Path) -> None:
    line = ("--study", STUDY, "--top", "2", "--seeds", "2", "--workers", "0", "--ensemble")
    plan = json.loads(invoke("reports.export", *line, "--check", "--json", folder=runs.parent).output)
    assert (plan["kept_models"], plan["rank_models"]) == (6, 6)
    done = invoke("reports.export", *line, folder=runs.parent)
    assert done.exit_code == 0, done.output
    openings = [each for each in record(runs).ledger() if each.kind == "export"]
    assert len(openings) == 2, "the one before, of fewer finalists, and one for all of them and their ensemble"
    assert openings[-1].purpose.startswith("test of 6 models, and of an ensemble of theirs")
    assert (openings[-1].figures or {}).keys() >= {"ensemble"}
    folder = runs / "studies" / STUDY / "finalists"
    page = (runs / "studies" / STUDY / "report.html").read_text()
    assert "The ensemble" in page
    model = load(folder / FILE)
    sums = {(row.trial, row.seed): str(row.model_sha256) for row in record(runs).finalists()}
    kept = predictions.read(folder / predictions.FILE, sums)
    assert kept is not None
    weights = {int(str(it.about["trial"])): it.weight for it in model.description.members}
    together = answers_of(Selection(weights, 0.0, 0.0), kept, 2)
    expected = together.predictions.logits[ENSEMBLE, 0][kept.misclassified].argmax(1)
    assert model.predict_proba(kept.inputs).argmax(1).tolist() == expected.tolist()
    assert float(together.scores.mean()) == pytest.approx((openings[-1].figures or {})["ensemble"])
    again = invoke("reports.export", *line, folder=runs.parent)
    assert "rank:" not in again.output, "nothing is trained again"
    assert "test set opened" not in again.output
    assert len(record(runs).ledger()) == len(openings)


@pytest.mark.parametrize(("changes", "told"), [({"folds": 3}, "3 folds"), ({"objective": PAIR}, "the study has two")])
def test_it_is_chosen_on_one_part_by_one_objective(changes: dict[str, object], told: str) -> None:
    with pytest.raises(UserError, match=told):
        check_ensemble(a_study(**changes), retrains=True)


def test_it_needs_finalists(fated: Record) -> None:
    url = f"sqlite:///{fated.folder.parents[1]}/studies.db"
    done = invoke("reports.export", "--study", fated.name, "--storage", url, "--no-retrain", "--ensemble")
    assert (done.exit_code, done.lines[0]) == (2, "error: an ensemble is of finalists, of which there are none")
