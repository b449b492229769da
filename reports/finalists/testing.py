"""Tests the finalists' models, all at once, and keeps what they predict. A tested model is not tested again."""

from collections.abc import Callable, Sequence

from models.datasets.source import Source
from models.model_file import load_model
from models.ops.losses import losses_of
from reports.finalists import predictions
from reports.finalists.predictions import TestPredictions
from reports.finalists.test_set import logits_of, open_test_set
from search.record.record import Record
from search.record.rows import FinalistRow
from search.trial import TrialRow


def predict_test_set(
    record: Record,
    source: Source,
    ranked: Sequence[TrialRow],
    seeds: int,
    *,
    again: bool,  # open it also where the predictions of these very models are kept
    say: Callable[[str], None],
) -> TestPredictions:
    """Open the test set once for all models, and keep and return their predictions."""
    folder, numbers = record.folder / "finalists", {row.number for row in ranked}
    files = {
        (row.trial, row.seed): folder / row.model
        for row in record.finalists()
        if row.model is not None and row.trial in numbers and row.seed < seeds
    }
    sums = {model: predictions.sha256_of(file) for model, file in files.items()}
    if not again and (kept := predictions.read(folder / predictions.FILE, sums)) is not None:
        return kept
    opened = open_test_set(record, source, f"test of {len(files)} models", len(files))
    examples, labels = opened.examples, opened.labels
    say(f"test set opened: {len(files)} models on {len(labels)} images (line {opened.line} of the ledger)")
    logits = {}
    for model, file in files.items():
        description, module = load_model(file, record.study.family)
        answers = logits_of(description, module, examples)
        logits[model] = answers.numpy()
        loss = losses_of(description.recipe.loss, answers.unsqueeze(0), labels).mean()
        accuracy = (answers.argmax(1) == labels).double().mean()
        test = {"loss": loss.item(), "accuracy": accuracy.item()}
        record.save_finalist(FinalistRow(*model, test=test, ledger=opened.line))
    file = folder / predictions.FILE
    return predictions.save(file, sums, logits, labels.numpy(), examples.inputs, examples.classes)
