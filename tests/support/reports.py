"""Builders of reports: a study of every fate of a trial, finalists as good as a test says, the page."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from models.config.families import Mlp
from models.config.messages import EpochMetrics
from reports.finalists.measured import measured_of
from reports.finalists.predictions import Cost, ModelKey, TestPredictions
from reports.page.checks.base import Finding
from reports.page.checks.registry import run_checks
from reports.page.data import FinalistData, ReportData, read_report
from reports.page.page import write_page
from reports.page.recorded_search import read_search
from reports.page.sections.registry import all_sections
from search.config.baseline import Baseline
from search.config.space import Float, Int
from search.config.study import Study
from search.record.fingerprint import fingerprint
from search.record.record import Record
from search.record.rows import FinalistRow
from search.record.store import Store
from search.samplers.distributions import distributions
from search.trial import Ending, TrialRow
from tests.support.records import insert, insert_metrics

EVIL = "</script><script>alert(1)</script>"
EPOCHS = 4


def a_study(**changes: object) -> Study:
    """A study whose words must not become a part of the page."""
    settings: dict[str, object] = {
        "about": f"about {EVIL}",
        "family": Mlp(),
        "data": "digits",
        "epochs": EPOCHS,
        "trials": 10,
        "space": {
            "learning_rate": Float(1e-3, 1.0, log=True),
            "hidden": Int(16, 512, log=True),
            "weight_decay": Float(1e-7, 1e-2, log=True, low_is_zero=True),
        },
        "baselines": (
            Baseline(
                f"known {EVIL}", hidden=100, learning_rate=0.01, weight_decay=0.0, published={"test_accuracy": 0.5}
            ),
        ),
    }
    return Study.model_validate(settings | changes)


def a_record(folder: Path, study: Study) -> Record:
    """A study without a trial, in a database of its own."""
    store = Store(f"sqlite:///{folder}/studies.db")
    text = f"study = ...  # {EVIL}"
    return store.begin("made", study, fingerprint(study, "f00", "cpu"), {"python": "3.11"}, text)


def add(
    record: Record, number: int, accuracies: Sequence[float], fate: Ending | None, hidden: int = 64, tick: int = 0
) -> None:
    """Add a trial with a curve that begins after a tick.

    Fate None leaves it running, an accuracy that is no number lets it diverge.
    """
    study = record.study
    baseline = study.baselines[number] if number < len(study.baselines) else None
    rate = min(1.0, 0.01 * (1 + number))
    parameters = baseline.parameters if baseline else {"learning_rate": rate, "hidden": hidden, "weight_decay": 1e-4}
    row = TrialRow(
        number, "running", study.to_internal(parameters), joined=1, baseline=baseline.name if baseline else None
    )
    with record.lease():
        insert(record, row, distributions(study))
        for epoch, accuracy in enumerate(accuracies, start=1):
            score = EpochMetrics(
                lane=number,
                epoch=epoch,
                train={"loss": 1 - accuracy, "accuracy": accuracy},
                validation=_validation(study, 1 - accuracy, 0.1 if np.isnan(accuracy) else accuracy),
                seconds=0.5,
            )
            insert_metrics(record, tick + epoch, [score])
        if fate == "complete":
            record.tell(number, "complete", max(accuracies))
        elif fate == "pruned" and np.isnan(accuracies[-1]):
            record.tell(number, "pruned", None, diverged_at=len(accuracies))
        elif fate is not None:
            record.tell(number, fate, accuracies[-1])


def _validation(study: Study, loss: float, accuracy: float) -> dict[str, float]:
    """Metrics of an epoch; another objective is the accuracy, or 1 less it where less is better."""
    objective = study.objective
    value = accuracy if objective.direction == "maximize" else 1 - accuracy
    return {objective.metric: value, "loss": loss, "accuracy": accuracy}


def every_fate(folder: Path, **changes: object) -> Record:
    """A study of every fate: trial 2 is the best, trial 4 diverged, trial 3 was pruned, trial 5 still runs."""
    record = a_record(folder, a_study(**changes))
    add(record, 0, [0.5, 0.6, 0.65, 0.7], "complete")
    add(record, 1, [0.6, 0.7, 0.75, 0.8], "complete")
    add(record, 2, [0.6, 0.7, 0.9, 0.85], "complete", hidden=500)
    add(record, 3, [0.55, 0.56], "pruned")
    add(record, 4, [0.3, float("nan")], "pruned")
    add(record, 5, [0.6], None)
    return record


def report_of(
    record: Record, accuracies: Mapping[int, float] | None = None, seeds: int = 3, images: int = 600
) -> ReportData:
    """Read the report of a study; with test accuracies by trial, these are its finalists in that order."""
    if accuracies is None:
        return read_report(record, read_search(record))
    draws = np.random.default_rng(0)
    predictions = _predictions(draws, accuracies, seeds, images)
    with record.lease():
        for trial, accuracy in accuracies.items():
            for seed in range(seeds):
                _add_finalist(record, draws, trial, seed, accuracy)
    search = read_search(record)
    return read_report(record, search, [search.trials[trial] for trial in accuracies], seeds, predictions)


def with_hits(report: ReportData, hits: Mapping[int, NDArray[np.bool_]]) -> ReportData:
    """Return a tested report whose finalists, in this order, classify these images correctly, (S, N) each."""
    assert report.finalists is not None
    (seeds, images), logits = next(iter(hits.values())).shape, {}
    labels = np.arange(images) % 10
    for trial, right in hits.items():
        for seed in range(seeds):
            logits[trial, seed] = np.zeros((images, 10), np.float32)
            logits[trial, seed][np.arange(images), np.where(right[seed], labels, (labels + 1) % 10)] = 5
    costs = {trial: Cost(100, 100.0 / (1 + trial), 400, 0.1) for trial in hits}
    predictions = replace(report.finalists.predictions, labels=labels, logits=logits, costs=costs)
    ranked = [report.rows[trial] for trial in hits]
    rows = {(trial, seed): report.finalists.rows[2, 0] for trial in report.trials["number"] for seed in range(seeds)}
    return _with_finalists(report, ranked, seeds, predictions, rows)


def with_logits(report: ReportData, logits: Mapping[ModelKey, NDArray[np.float32]], labels: NDArray[Any]) -> ReportData:
    """Return a tested report whose finalists, in the order of their trials here, answer so to test images."""
    assert report.finalists is not None
    trials = list(dict.fromkeys(trial for trial, _ in logits))
    costs = {trial: Cost(100, 100.0 / (1 + trial), 400, 0.1) for trial in trials}
    classes = report.finalists.predictions.classes[: next(iter(logits.values())).shape[1]]
    predictions = replace(report.finalists.predictions, labels=labels, logits=logits, costs=costs, classes=classes)
    rows = dict.fromkeys(logits, report.finalists.rows[2, 0])
    return _with_finalists(
        report, [report.rows[trial] for trial in trials], len(logits) // len(trials), predictions, rows
    )


def _with_finalists(
    report: ReportData,
    ranked: list[TrialRow],
    seeds: int,
    predictions: TestPredictions,
    rows: Mapping[ModelKey, FinalistRow],
) -> ReportData:
    assert report.finalists is not None
    measured = measured_of(report.study, predictions, seeds, [row.number for row in ranked])
    finalists = replace(
        report.finalists, ranked=ranked, seeds=seeds, predictions=predictions, measured=measured, rows=rows
    )
    return replace(report, finalists=finalists)


def finalists_of(record: Record, accuracies: Mapping[int, float], seeds: int = 3) -> FinalistData:
    """Return the finalists of such a report."""
    finalists = report_of(record, accuracies, seeds).finalists
    assert finalists is not None
    return finalists


def _predictions(
    draws: np.random.Generator, accuracies: Mapping[int, float], seeds: int, images: int
) -> TestPredictions:
    """Models that are right about the first so many images of an order, so that all find the same ones hard."""
    labels = np.arange(images) % 10
    order, logits = draws.permutation(images), {}
    for trial, accuracy in accuracies.items():
        for seed in range(seeds):
            right = np.zeros(images, bool)
            right[order[: round(accuracy * images) + seed]] = True
            answers = draws.normal(0, 0.1, (images, 10)).astype(np.float32)
            answers[np.arange(images), np.where(right, labels, (labels + 1) % 10)] += 5
            logits[trial, seed] = answers
    inputs = draws.integers(0, 255, (images, 1, 28, 28)).astype(np.uint8)
    return TestPredictions(labels, logits, np.arange(images), inputs, tuple("0123456789"))


def _add_finalist(record: Record, draws: np.random.Generator, trial: int, seed: int, accuracy: float) -> None:
    model = record.folder / "finalists" / f"trial-{trial}-seed-{seed}.safetensors"
    model.parent.mkdir(exist_ok=True)
    save_file({"hidden1.weight": draws.normal(size=(20, 784)).astype(np.float32)}, model)
    row = FinalistRow(
        trial,
        seed,
        best_epoch=3,
        validation=_validation(record.study, 0.3, accuracy),
        epochs=3,
        train={"loss": 0.1, "accuracy": 0.9},
        train_seconds=1.0,
        test={"loss": 0.2, "accuracy": accuracy},
        model=model.name,
        model_sha256="f00",
    )
    record.save_finalist(row)
    for epoch in range(1, EPOCHS + 1):
        score = EpochMetrics(
            lane=trial * 1000 + seed,
            epoch=epoch,
            train={"loss": 1 / epoch, "accuracy": 0.5},
            validation=_validation(record.study, 1.1 / epoch, accuracy),
            seconds=0.1,
        )
        record.record_finalists("rank", epoch, [(trial, seed, score)])


def add_audit(record: Record, accuracies: Sequence[float]) -> None:
    """Record the epochs of trial 3 as an audit trained them."""
    for epoch, accuracy in enumerate(accuracies, start=1):
        score = EpochMetrics(
            lane=3,
            epoch=epoch,
            train={"loss": 1 - accuracy, "accuracy": accuracy},
            validation={"loss": 1 - accuracy, "accuracy": accuracy},
            seconds=0.1,
        )
        with record.lease():
            record.record_finalists("audit", epoch, [(3, 0, score)])


def check_of(report: ReportData, name: str) -> Finding:
    """Return what the check of this name found."""
    return next(result for result in run_checks(report) if result.name == name)


class PageReader(HTMLParser):
    """What a page refers to, its tags and ids, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_data(self, data: str) -> None:
        self.text += data


def write_report(report: ReportData, folder: Path) -> str:
    """Write the page with its figures, and return its HTML."""
    return write_page(report, all_sections(), folder, "python -m reports.export --study made").read_text()
