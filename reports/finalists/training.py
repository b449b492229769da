"""Trains the finalists: under every seed to rank them, then on all examples to keep their models.

Every finalist is trained on the training part under each seed, and its mean validation score fixes its rank. Only then
is it retrained on training and validation part together. They train as lanes of the coordinator's loop, under the
study's lease and with snapshots, so that a kill loses nothing. Must not know the test set.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from models.datasets.source import Source
from reports.finalists.choose import as_retrained, rank
from reports.finalists.wave import Job, Phase, Wave
from search.fleet.base import HostProvider
from search.fleet.fleet import Fleet
from search.loop import coordinator
from search.loop.coordinator import Workload
from search.loop.snapshots import clear_runs, snapshots_of
from search.record.record import Record
from search.record.rows import FinalistRow
from search.trial import TrialRow


class Paused(Exception):  # noqa: N818 - a fact, not an error
    """The training was asked to stop. A snapshot is kept."""


@dataclass(frozen=True)
class Training:
    """Where finalists train, and who may pause it."""

    record: Record  # the study, under its lease
    source: Source
    hosts: int | HostProvider  # worker processes on this machine, or the machines of a cluster
    device: str  # "cpu" or "cuda"
    should_pause: Callable[[], bool]  # asked once a tick; True keeps a snapshot and raises `Paused`
    say: Callable[[str], None]
    progress: Callable[[str, int, int], None] = lambda phase, done, total: None  # epochs done, and in all, after a tick

    def run(
        self,
        work: Workload,
        fleet: Fleet,
        name: str,
        parts: Sequence[object],
        after_tick: Callable[[], None] = lambda: None,
    ) -> None:
        """Train some work to its end; a snapshot, named after `name`, is of use to the same `parts` only.

        Raises:
            Paused: It was asked to stop.
        """
        digest = hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
        snapshots = snapshots_of(self.record, fleet, f"{name}-{digest}")
        if not coordinator.run(work, fleet, snapshots, pause=self.should_pause, after_tick=after_tick):
            raise Paused


def rank_finalists(training: Training, chosen: Sequence[TrialRow], seeds: int) -> list[TrialRow]:
    """Train under every seed not recorded yet, on the training part; return the finalists by mean validation metrics.

    Raises:
        Paused: It was asked to stop.
    """
    study, record, rows = training.record.study, training.record, finalist_rows(training.record)
    scored = {key for key, row in rows.items() if row.best_epoch is not None}
    jobs = [Job(row, seed, study.epochs) for row in chosen for seed in range(seeds) if (row.number, seed) not in scored]
    if jobs:
        _train(training, "rank", jobs)
    by_number = {row.number: row for row in chosen}
    counting = [row for row in record.finalists() if row.trial in by_number and row.seed < seeds]
    rows = as_retrained(study, counting, record.finalist_scores("rank"))
    ranked = rank({number: [rows[number, seed] for seed in range(seeds)] for number in by_number}, study.objective)
    return [by_number[number] for number in ranked]


def retrain(training: Training, trials: Iterable[tuple[TrialRow, int]], seeds: int) -> None:
    """Train on training and validation part together, and keep the models; those that are kept already stay.

    Every seed of a finalist trains for the same number of epochs, and from other seeds than those that ranked it.

    Args:
        training: Where they train.
        trials: Each with the epochs that it is trained for.
        seeds: How many each is trained under.

    Raises:
        Paused: It was asked to stop.
    """
    record, rows = training.record, finalist_rows(training.record)
    jobs = [
        job
        for row, epochs in trials
        for seed in range(seeds)
        if not is_retrained(record, job := Job(row, seed, epochs), rows.get((row.number, seed)))
    ]
    if jobs:
        _train(training, "retrain", jobs)
    for phase in ("rank", "retrain"):  # they have ended: see `clear_runs`
        clear_runs(record, phase)


def is_retrained(record: Record, job: Job, row: FinalistRow | None) -> bool:
    """Return whether the model of a retraining is there."""
    return row is not None and row.epochs == job.epochs and (record.folder / "finalists" / job.file).exists()


def finalist_rows(record: Record) -> Mapping[tuple[int, int], FinalistRow]:
    """Return what is recorded of the finalists, by trial and seed."""
    return {(row.trial, row.seed): row for row in record.finalists()}


def _train(training: Training, phase: Phase, jobs: Sequence[Job]) -> None:
    """Train jobs in waves of twice as many as there are lanes."""
    study, size = training.record.study, 2 * training.record.study.places
    total = sum(job.epochs for job in jobs)
    with Fleet(study.engines, training.hosts) as fleet:
        dataset_info = fleet.open(study, training.source, device=training.device, hold_out=phase == "rank")
        for start in range(0, len(jobs), size):
            some = jobs[start : start + size]
            wave = Wave(phase, some, training.record, fleet, dataset_info)
            models = "runs" if study.family.external else f"models on {dataset_info.train} examples"
            folds = f" in each of {study.folds} folds" if phase == "rank" and study.folds > 1 else ""
            training.say(f"{phase}: {len(some)} {models}{folds}, up to {study.epochs} epochs")
            before = sum(job.epochs for job in jobs[:start])

            def after_tick(wave: Wave = wave, some: Sequence[Job] = some, before: int = before) -> None:
                training.progress(phase, before + sum(min(wave.tick, job.epochs) for job in some), total)
                for line in fleet.new_notes():
                    training.say(line)

            parts = [(job.lane, job.epochs) for job in some]
            training.run(wave, fleet, phase, parts, after_tick)
