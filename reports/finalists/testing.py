"""Tests the finalists' models, all at once, and keeps what they predict. A tested model is not tested again."""

from collections.abc import Callable, Sequence

from models.datasets.source import Source
from models.engine.predictions import metrics_of, predictions_of
from models.files.model_file import load_model
from reports.finalists import predictions
from reports.finalists.costs import cost_of
from reports.finalists.ensemble import Selection, answered_together
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
    command: str,  # that asks for it, for the ledger
    say: Callable[[str], None],
    ensemble: Selection | None = None,  # trials that answer together as well
) -> TestPredictions:
    """Open the test set once for all models, and keep and return their predictions.

    Kept predictions of these very models are read instead; where other figures are seen than the last time, the ledger
    gets a line for that.
    """
    folder, numbers = record.folder / "finalists", {row.number for row in ranked}
    numbers |= set() if ensemble is None else ensemble.weights.keys()
    files = {
        (row.trial, row.seed): folder / row.model
        for row in record.finalists()
        if row.model is not None and row.trial in numbers and row.seed < seeds
    }
    sums = {model: predictions.sha256_of(file) for model, file in files.items()}
    if not again and (kept := predictions.read(folder / predictions.FILE, sums)) is not None:
        _enter_reading(record, source, kept, ranked, seeds, command, ensemble)
        return kept
    together = "" if ensemble is None else ", and of an ensemble"
    models = f"{len(files)} model{'s' * (len(files) != 1)}"
    opened = open_test_set(record, source, f"test of {models}{together}", len(files), command)
    examples, labels = opened.examples, opened.labels
    say(f"test set opened: {models} on {len(labels)} {examples.noun}s (line {opened.line} of the ledger)")
    logits, costs, target = {}, {}, None
    for model, file in files.items():
        description, module = load_model(file, record.study.family)
        answers = logits_of(description, module, examples)
        logits[model] = answers.numpy()
        target, recipe = description.target, description.recipe
        scale = None if target is None else target.scale
        given = predictions_of(recipe.loss, answers.unsqueeze(0), labels, scale)
        (test,) = metrics_of(recipe.task.metrics, given)
        record.save_finalist(FinalistRow(*model, test=test, ledger=opened.line))
        if model[0] not in costs:
            costs[model[0]] = cost_of(file, description, module, examples)
    file = folder / predictions.FILE
    saved = predictions.save(file, sums, logits, labels.numpy(), examples.inputs, examples.classes, costs, target)
    record.show(opened.line, _figures(saved, ranked, seeds, ensemble))
    return saved


def _enter_reading(
    record: Record,
    source: Source,
    kept: TestPredictions,
    ranked: Sequence[TrialRow],
    seeds: int,
    command: str,
    ensemble: Selection | None,
) -> None:
    """Enter in the ledger that kept predictions are read, unless they show what was shown last."""
    figures = _figures(kept, ranked, seeds, ensemble)
    last = next((line for line in reversed(record.ledger()) if line.mine and line.kind != "evaluation"), None)
    if last is not None and last.figures is None and last.command == command:  # it was killed before it showed them
        record.show(last.id, figures)
    elif last is None or list((last.figures or {}).items()) != list(figures.items()):
        models = len(ranked) * seeds
        purpose = f"read again: {len(ranked)} finalist{'s' * (len(ranked) != 1)}, {seeds} seed{'s' * (seeds != 1)}"
        record.read_again(purpose, source.name, source.sha256, models, command=command, figures=figures)


def _figures(
    predictions: TestPredictions, ranked: Sequence[TrialRow], seeds: int, ensemble: Selection | None
) -> dict[str, float]:
    """Return the mean test figure of each finalist, in rank, and of the ensemble."""
    figures = {f"trial {row.number}": float(predictions.scores(row.number, seeds).mean()) for row in ranked}
    if ensemble is not None:
        figures["ensemble"] = float(answered_together(ensemble, predictions, seeds).scores.mean())
    return figures
