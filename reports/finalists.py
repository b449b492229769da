"""The finalists: the best trials and the baselines, ranked over seeds, retrained, and tested once.

In this order, and never back: every finalist is trained on the training part under each seed, and its mean validation
score fixes the rank; then it is retrained on training and validation part together; only then the test set is opened.
They train as lanes of the coordinator's loop, under the study's lease, with snapshots: a kill loses nothing, and what a
finalist comes to under a seed is a function of the study, the trial and the seed alone. Called by export.py.

Letters: S seeds, N test images, C classes.
"""

import hashlib
import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from models.config.messages import EpochMetrics, LaneSpec
from models.datasets.batches import BatchSource
from models.datasets.source import Source
from models.datasets.split import Normalisation
from models.errors import UserError
from models.model_file import load_model
from models.ops.losses import losses_of
from models.seeds import derive
from reports.test_set import open_test_set
from reports.tested import Tested, keep, read
from search.config.study import Study
from search.fleet.base import DatasetInfo, HostProvider
from search.fleet.fleet import Fleet
from search.loop import coordinator
from search.loop.balance import balanced
from search.loop.snapshots import Snapshots, snapshots_of
from search.objective import Key, Objective, select_epoch
from search.record.record import Record
from search.record.rows import FinalistRow
from search.trial import TrialRow

Phase = Literal["rank", "retrain"]
Say = Callable[[str], None]

MOST_SEEDS = 1000
_NO_ROW = FinalistRow(-1, -1)


class Paused(Exception):  # noqa: N818 - a fact, not an error
    """Asked to stop in the middle; a snapshot is kept."""


def choose(record: Record, top: int) -> list[TrialRow]:
    """Return the `top` best complete trials, then the baselines that are not among them.

    Raises UserError where there is none. A repeat of another trial is passed over; a baseline that diverged is none.
    """
    curves = record.curves()
    complete = [row for row in record.trials() if row.state == "complete" and row.joined is not None]
    if not complete:
        raise UserError(
            f"no trial of `{record.name}` is complete, so there is nothing to retrain",
            "search on with more --trials, or with ranges in which training does not diverge",
        )

    def order(row: TrialRow) -> Key:
        selected = select_epoch(curves[row.number], record.study.keep, record.study.objective)
        assert selected is not None
        return record.study.objective.key(selected.validation, row.number)

    ranked = sorted(complete, key=order)
    return ranked[:top] + [row for row in ranked[top:] if row.baseline is not None]


def ranking(by_trial: Mapping[int, Sequence[FinalistRow]], objective: Objective) -> list[int]:
    """Return the finalists, best first, by their mean validation metrics over seeds.

    One that diverged under a seed comes after all that did not.
    """

    def key(trial: int) -> Key:
        every = [row.validation or {} for row in by_trial[trial]]
        means = {name: statistics.fmean(metrics.get(name, math.nan) for metrics in every) for name in every[0]}
        return objective.key({"loss": math.nan, objective.metric: math.nan} | means, trial)

    return sorted(by_trial, key=key)


# --- training ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Job:
    """One finalist under one seed, to be trained for so many epochs."""

    row: TrialRow
    seed: int
    epochs: int

    @property
    def lane(self) -> int:
        """What engines call it."""
        return self.row.number * MOST_SEEDS + self.seed

    @property
    def file(self) -> str:
        """The name of its model file."""
        return f"trial-{self.row.number}-seed-{self.seed}.safetensors"


class Wave:
    """Jobs that train together from their first epoch to their last: work for the coordinator's loop."""

    def __init__(
        self, phase: Phase, jobs: Sequence[Job], record: Record, fleet: Fleet, dataset_info: DatasetInfo
    ) -> None:
        self.tick = 0
        self._phase, self._record, self._fleet = phase, record, fleet
        self._jobs = {job.lane: job for job in jobs}
        work = {job.lane: _work(record.study, dataset_info, job.row) for job in jobs}
        self._engines = balanced(work, {}, record.study.lanes_of)
        self._live: dict[int, list[EpochMetrics]] = {}  # lane -> its curve so far
        self._begun = False

    def resume(self, snapshots: Snapshots) -> None:
        """Take up the newest snapshot, if there is one."""
        self.tick, self._begun, self._live = 0, False, {}
        recorded = [
            (tick, score) for tick, _, _, score in self._record.finalist_scores(self._phase) if score.lane in self._jobs
        ]
        kept = snapshots.newest(not_after=max((tick for tick, _ in recorded), default=0))
        if kept is None:
            return
        self.tick, self._begun = kept["tick"], True
        for lane in kept["alive"]:
            self._live[lane] = [score for tick, score in recorded if score.lane == lane and tick <= self.tick]

    def fail(self, lane: int, reason: str) -> None:
        """Stop: no finalist can be left out."""
        job = self._jobs[lane]
        raise UserError(
            f"trial {job.row.number} cannot be retrained under seed {job.seed}: {reason.strip().splitlines()[-1]}",
            "if memory is short, free some or take --workers 1; the same command goes on from there",
        )

    def state(self) -> dict[str, Any]:
        """What a snapshot must hold besides the lanes' tensors."""
        return {"tick": self.tick, "alive": sorted(self._live)}

    def admit(self) -> list[tuple[int, LaneSpec]]:
        """Let all jobs join at the first tick."""
        if self._begun:
            return []
        self._begun = True
        self._live = {lane: [] for lane in self._jobs}
        study = self._record.study
        return [
            (
                self._engines[lane],
                LaneSpec(
                    lane=lane,
                    parameters=study.to_external(job.row.params),
                    seed=derive(study.seed, "finalist", job.row.number, job.seed),
                    stream=1 + job.seed,  # finalists of one seed see the same minibatches: they are compared in pairs
                ),
            )
            for lane, job in self._jobs.items()
        ]

    @property
    def alive(self) -> bool:
        """Whether any job is left to train."""
        return bool(self._live)

    def record(self, scores: Sequence[EpochMetrics]) -> None:
        """Write down a tick in one transaction; what is there stays."""
        self.tick += 1
        rows = [(self._jobs[score.lane].row.number, self._jobs[score.lane].seed, score) for score in scores]
        self._record.record_finalists(self._phase, self.tick, rows)
        for score in scores:
            self._live[score.lane].append(score)

    def settle(self) -> list[tuple[int, int]]:
        """Save what jobs came to that are at their last epoch, or diverged."""
        ending = [
            lane
            for lane, curve in sorted(self._live.items())
            if curve[-1].epoch == self._jobs[lane].epochs or not _sound(curve[-1], self._phase)
        ]
        if self._phase == "retrain":
            self._keep_models(ending)
        else:
            for lane in ending:
                job = self._jobs[lane]
                study, curve = self._record.study, self._live[lane]
                selected = select_epoch(curve, study.keep, study.objective)
                if selected is None or not _sound(curve[-1], self._phase):
                    diverged = dict.fromkeys(curve[-1].validation, math.nan) | {"accuracy": 0.0}
                    row = FinalistRow(job.row.number, job.seed, best_epoch=0, validation=diverged)
                else:
                    row = FinalistRow(
                        job.row.number, job.seed, best_epoch=selected.epoch, validation=selected.validation
                    )
                self._record.save_finalist(row)
        for lane in ending:
            del self._live[lane]
        return [(self._engines[lane], lane) for lane in ending]

    def _keep_models(self, ending: Sequence[int]) -> None:
        folder = (self._record.folder / "finalists").resolve()
        wanted = [
            {
                "engine": self._engines[lane],
                "lane": lane,
                "path": str(folder / job.file),
                "about": {
                    "study": self._record.name,
                    "trial": job.row.number,
                    "seed": job.seed,
                    "epochs": self._live[lane][-1].epoch,
                },
            }
            for lane in ending
            for job in [self._jobs[lane]]
        ]
        measured = self._fleet.write_models(wanted) if wanted else {}
        for lane in ending:
            job = self._jobs[lane]
            self._record.save_finalist(
                FinalistRow(
                    job.row.number,
                    job.seed,
                    epochs=job.epochs,
                    train=measured[lane],
                    train_seconds=sum(score.seconds for score in self._live[lane]),
                    model=job.file,
                    model_sha256=_sha256(folder / job.file),
                )
            )


def _work(study: Study, dataset_info: DatasetInfo, row: TrialRow) -> float:
    return study.flops_per_example(dataset_info.shape, len(dataset_info.classes), study.to_external(row.params))


def _sound(score: EpochMetrics, phase: Phase) -> bool:
    """Tell whether the losses of an epoch are numbers; while retraining nothing is held out."""
    losses = [metrics["loss"] for metrics in (score.train, score.validation) if metrics]
    return all(abs(loss) < float("inf") for loss in losses)


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class Retraining:
    """All that is trained for a report. What is recorded already is not trained again."""

    def __init__(
        self,
        record: Record,
        source: Source,
        *,
        site: int | HostProvider,
        device: str,
        pause: Callable[[], bool],
        say: Say,
    ) -> None:
        self._record, self._source = record, source
        self._site, self._device, self._pause, self._say = site, device, pause, say

    def rank(self, chosen: Sequence[TrialRow], seeds: int) -> list[TrialRow]:
        """Train on the training part under every seed, and return the finalists by their mean validation score."""
        known = self._rows()
        jobs = [
            Job(row, seed, self._record.study.epochs)
            for row in chosen
            for seed in range(seeds)
            if known.get((row.number, seed), _NO_ROW).best_epoch is None
        ]
        self._train("rank", jobs)
        known = self._rows()
        rows = {row.number: row for row in chosen}
        ranked = ranking(
            {number: [known[number, seed] for seed in range(seeds)] for number in rows}, self._record.study.objective
        )
        return [rows[number] for number in ranked]

    def retrain(self, ranked: Sequence[TrialRow], seeds: int) -> None:
        """Train on training and validation part together, and keep the models.

        Every seed of a finalist trains for the same number of epochs: the middle one of its seeds' best epochs where
        the study keeps the best epoch, else all of them.
        """
        known = self._rows()
        jobs = []
        for row in ranked:
            best = [known[row.number, seed].best_epoch or self._record.study.epochs for seed in range(seeds)]
            epochs = statistics.median_low(best) if self._record.study.keep == "best" else self._record.study.epochs
            for seed in range(seeds):
                job = Job(row, seed, epochs)
                done = known[row.number, seed]
                if done.epochs != epochs or not (self._record.folder / "finalists" / job.file).exists():
                    jobs.append(job)
        self._train("retrain", jobs)

    def _rows(self) -> dict[tuple[int, int], FinalistRow]:
        return {(row.trial, row.seed): row for row in self._record.finalists()}

    def _train(self, phase: Phase, jobs: Sequence[Job]) -> None:
        if not jobs:
            return
        study, most = self._record.study, 2 * self._record.study.places
        with Fleet(study.engines, self._site) as fleet:
            dataset_info = fleet.open(study, self._source, device=self._device, hold_out=phase == "rank")
            for begin in range(0, len(jobs), most):
                mine = jobs[begin : begin + most]
                wave = Wave(phase, mine, self._record, fleet, dataset_info)
                # A snapshot is of use to the same jobs only.
                asked = hashlib.sha256(repr([(job.lane, job.epochs) for job in mine]).encode()).hexdigest()[:16]
                snapshots = snapshots_of(self._record, fleet, f"{phase}-{asked}")
                self._say(f"{phase}: {len(mine)} models on {dataset_info.train} examples, up to {study.epochs} epochs")
                if not coordinator.run(wave, fleet, snapshots, pause=self._pause):
                    raise Paused


# --- testing ----------------------------------------------------------------------------------------------------------


def test(record: Record, source: Source, ranked: Sequence[TrialRow], seeds: int, *, again: bool, say: Say) -> Tested:
    """Open the test set once for all models, enter it in the ledger, and keep what they say.

    Models that were tested already are not tested again, unless `again`: then nothing is opened.
    """
    folder = record.folder / "finalists"
    models = {
        (row.trial, row.seed): folder / row.model
        for row in record.finalists()
        if row.model is not None and row.trial in {one.number for one in ranked} and row.seed < seeds
    }
    sums = {which: _sha256(file) for which, file in models.items()}
    kept = folder / "tested.safetensors"
    if not again and (tested := read(kept, sums)) is not None:
        return tested
    line, examples = open_test_set(record, source, f"test of {len(models)} models", len(models))
    say(f"test set opened: {len(models)} models on {len(examples.labels)} images (line {line} of the ledger)")
    labels = torch.from_numpy(np.array(examples.labels))
    said = {}
    for which, file in models.items():
        about, module = load_model(file, record.study.family)
        everything = np.arange(len(examples.labels))
        part = BatchSource(examples, everything, Normalisation(about.mean, about.std), torch.device("cpu"))
        with torch.no_grad():
            logits = torch.cat([module(x) for _, x, _ in part.batches(1000)])
        said[which] = logits.numpy()
        losses = losses_of(about.recipe.loss, logits.unsqueeze(0), labels).mean()
        hits = (logits.argmax(1) == labels).double().mean()
        test = {"loss": losses.item(), "accuracy": hits.item()}
        figures = FinalistRow(*which, test=test, ledger=line)
        record.save_finalist(figures)
    return keep(kept, sums, said, labels.numpy(), examples.inputs, examples.classes)
