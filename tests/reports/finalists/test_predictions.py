"""What is kept of a test: predictions of these very models, and the images that some model misclassifies."""

from pathlib import Path

import numpy as np
import pytest

from models.errors import UserError
from reports.finalists import predictions
from reports.page.data import ReportData


def test_predictions_are_read_for_the_same_models_only(tmp_path: Path, tested: ReportData) -> None:
    assert tested.finalists is not None
    given = tested.finalists.predictions
    file, logits = tmp_path / predictions.FILE, {(2, 0): given.logits[2, 0]}
    kept = predictions.save(file, {(2, 0): "abc"}, logits, given.labels, given.inputs, given.classes)
    wrong = np.flatnonzero(given.logits[2, 0].argmax(1) != given.labels)
    assert kept.misclassified.tolist() == wrong.tolist()
    assert (kept.inputs == given.inputs[wrong]).all()
    again = predictions.read(file, {(2, 0): "abc"})
    assert again is not None
    assert (again.logits[2, 0] == given.logits[2, 0]).all()
    assert predictions.read(file, {(2, 0): "another"}) is None
    assert predictions.read(file, {(2, 0): "abc", (2, 1): "def"}) is None


def test_damaged_predictions_are_refused(tmp_path: Path, tested: ReportData) -> None:
    assert tested.finalists is not None
    given = tested.finalists.predictions
    file, logits = tmp_path / predictions.FILE, {(2, 0): given.logits[2, 0]}
    predictions.save(file, {(2, 0): "abc"}, logits, given.labels, given.inputs, given.classes)
    whole = file.read_bytes()
    for damaged in (whole[:-100], b"", whole.replace(b"labels", b"lapels"), whole.replace(b'"classes"', b'"clasess"')):
        file.write_bytes(damaged)
        with pytest.raises(UserError, match="is damaged"):
            predictions.read(file, {(2, 0): "abc"})


def test_a_model_that_diverged_has_no_confident_opinion() -> None:
    logits = {(0, 0): np.full((4, 3), np.nan, np.float32)}
    images = np.zeros((0, 1, 2, 2), np.uint8)
    kept = predictions.TestPredictions(np.arange(4) % 3, logits, np.arange(0), images, ("a", "b", "c"))
    assert kept.probabilities(0, 1) == pytest.approx(1 / 3)
