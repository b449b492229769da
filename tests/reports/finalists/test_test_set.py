"""The test set: opened when the ranks are fixed, and entered in the ledger before it is read."""

from pathlib import Path

import numpy as np
import pytest

from models.datasets.digits import Digits
from models.datasets.source import Source
from reports.finalists import predictions
from reports.finalists.choose import choose
from reports.finalists.testing import predict_test_set
from reports.finalists.training import Training, rank_finalists, retrain
from search.trial import TrialRow
from tests.support.exports import STUDY, record

pytestmark = pytest.mark.slow


def test_the_test_set_is_signed_for_and_read_when_the_ranks_are_fixed(
    runs: Path, digits: Source, one_thread: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, events = record(runs), []
    ranked: list[TrialRow] = []
    read = Digits.read

    def reading(dataset: Digits, folder: Path, sha256: str, part: object) -> object:
        if part != "train":
            by_seed = {(row.trial, row.seed): row for row in study.finalists()}
            fixed = all(by_seed[row.number, seed].best_epoch is not None for row in ranked for seed in range(3))
            events.append(f"test set read; ranks fixed: {fixed}; lines in the ledger: {len(study.ledger())}")
        return read(dataset, folder, sha256, part)  # type: ignore[arg-type]

    monkeypatch.setattr(Digits, "read", reading)
    with study.lease():
        training = Training(study, digits, 0, "cpu", lambda: False, lambda line: events.append(line.split(":")[0]))
        ranked += rank_finalists(training, choose(study, study.trials(), study.curves(), 1), 3)
        order = [row.number for row in ranked]
        retrain(training, [(row, study.study.epochs) for row in ranked], 3)
        tested = predict_test_set(study, digits, ranked, 3, again=False, command="test", say=lambda line: None)
    assert events == ["rank", "retrain", "test set read; ranks fixed: True; lines in the ledger: 2"]
    assert [row.number for row in ranked] == order
    assert tested.scores(order[0], 3).shape == (3, len(tested.labels))


def test_exactly_those_images_are_kept_that_some_model_misclassifies(runs: Path) -> None:
    sums = {(row.trial, row.seed): str(row.model_sha256) for row in record(runs).finalists()}
    tested = predictions.read(runs / "studies" / STUDY / "finalists" / predictions.FILE, sums)
    assert tested is not None
    wrong = np.logical_or.reduce([~tested.correct(*model) for model in tested.logits])
    assert tested.misclassified.tolist() == np.flatnonzero(wrong).tolist()
    assert tested.inputs.shape == (wrong.sum(), 1, 28, 28)
