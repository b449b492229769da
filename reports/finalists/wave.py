"""Jobs that train together: one finalist under one seed each, as work for the coordinator's loop.

They all start at the first tick, so that what a job comes to is a function of the study, the trial and the seed alone.
Must not know which trials are finalists, nor the test set.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from models.config.messages import EpochMetrics, LaneSpec
from models.errors import UserError
from models.seeds import derive
from reports.finalists.predictions import sha256_of
from search.fleet.base import DatasetInfo
from search.fleet.fleet import Fleet
from search.loop.balance import balanced
from search.loop.coordinator import Leaving
from search.loop.members import by_trial, lanes_of
from search.loop.snapshots import Snapshots
from search.objective import is_out_of_patience, select_epoch
from search.record.record import Record
from search.record.rows import FinalistRow
from search.trial import TrialRow

Phase = Literal["rank", "retrain"]
MAX_SEEDS = 1000


@dataclass(frozen=True)
class Job:
    """One finalist under one seed, to be trained for so many epochs."""

    row: TrialRow
    seed: int
    epochs: int

    @property
    def lane(self) -> int:
        """The number by which engines know it, or its first lane's where it is several: see `lanes_of`."""
        return self.row.number * MAX_SEEDS + self.seed

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
        self._members = record.study.folds if phase == "rank" else 1  # lanes of a job
        study = record.study.on(dataset_info.shape, dataset_info.outputs)
        self._engines = balanced({job.lane: study.work(job.row.params) for job in jobs}, {}, study.lanes_of)
        self._live: dict[int, list[EpochMetrics]] = {}  # lane -> its curve so far
        self._started = False

    def resume(self, snapshots: Snapshots) -> None:
        """Take up the newest snapshot, if there is one."""
        self.tick, self._started, self._live = 0, False, {}
        recorded = [
            (tick, epoch) for tick, _, _, epoch in self._record.finalist_scores(self._phase) if epoch.lane in self._jobs
        ]
        state = snapshots.newest(not_after=max((tick for tick, _ in recorded), default=0))
        if state is None:
            return
        self.tick, self._started = state["tick"], True
        for lane in state["alive"]:
            self._live[lane] = [epoch for tick, epoch in recorded if epoch.lane == lane and tick <= self.tick]

    def fail(self, lane: int, reason: str) -> None:
        """Raise UserError: no finalist can be left out."""
        job = self._jobs[lane // self._members]
        raise cannot_train(f"trial {job.row.number} cannot be retrained under seed {job.seed}", reason)

    def state(self) -> dict[str, Any]:
        """Return what a snapshot must hold besides the lanes' tensors."""
        return {"tick": self.tick, "alive": sorted(self._live)}

    def admit(self) -> list[tuple[int, LaneSpec]]:
        """Return all jobs at the first tick, as (engine, lane), and none later."""
        if self._started:
            return []
        self._started = True
        self._live = {lane: [] for lane in self._jobs}
        return [(self._engines[job.lane], spec) for job in self._jobs.values() for spec in self._lane_specs(job)]

    def _lane_specs(self, job: Job) -> list[LaneSpec]:
        """Return the lanes of a job: one, or one a fold while finalists are ranked."""
        study = self._record.study
        # A seed that was lucky for the rank must not be lucky again for the test.
        seed = job.seed if self._phase == "rank" else MAX_SEEDS + job.seed
        return [
            LaneSpec(
                lane=lane,
                parameters=study.to_external(job.row.params),
                seed=derive(study.seed, "finalist", job.row.number, seed, *((fold,) if fold else ())),
                stream=1 + seed,  # finalists of one seed see the same minibatches: they are compared in pairs
                fold=fold,
            )
            for fold, lane in enumerate(lanes_of(job.lane, self._members))
        ]

    @property
    def alive(self) -> bool:
        """Whether any job is left to train."""
        return bool(self._live)

    def record(self, scores: Sequence[EpochMetrics]) -> None:
        """Write the metrics of a tick in one transaction; what is there stays."""
        for lane in scores:
            if lane.failed is not None:
                self.fail(lane.lane, lane.failed)
        scores = by_trial(scores, self._members)
        self.tick += 1
        rows = [(self._jobs[epoch.lane].row.number, self._jobs[epoch.lane].seed, epoch) for epoch in scores]
        self._record.record_finalists(self._phase, self.tick, rows)
        for epoch in scores:
            self._live[epoch.lane].append(epoch)

    def settle(self) -> list[Leaving]:
        """Save the jobs that are at their last epoch or diverged, and return them."""
        ending = [
            lane
            for lane, curve in sorted(self._live.items())
            if curve[-1].epoch == self._jobs[lane].epochs or not self._is_finite(curve[-1]) or self._stops(curve)
        ]
        if self._phase == "retrain":
            self._save_models(ending)
        else:
            for lane in ending:
                self._save_score(self._jobs[lane], self._live[lane])
        for lane in ending:
            del self._live[lane]
        return [Leaving(self._engines[job], lane) for job in ending for lane in lanes_of(job, self._members)]

    def _stops(self, curve: Sequence[EpochMetrics]) -> bool:
        """Return whether a job that is scored has gone too long without a better value."""
        study = self._record.study
        return self._phase == "rank" and is_out_of_patience(curve, study.patience, study.objective)

    def _save_score(self, job: Job, curve: Sequence[EpochMetrics]) -> None:
        """Save the validation metrics of a job's selected epoch."""
        study = self._record.study
        selected = select_epoch(curve, study.keep, study.objective)
        if selected is None or not self._is_finite(curve[-1]):
            diverged = dict.fromkeys(curve[-1].validation, math.nan)
            if "accuracy" in diverged:
                diverged["accuracy"] = 0.0
            row = FinalistRow(job.row.number, job.seed, best_epoch=0, validation=diverged)
        else:
            row = FinalistRow(job.row.number, job.seed, best_epoch=selected.epoch, validation=selected.validation)
        self._record.save_finalist(row)

    def _is_finite(self, epoch: EpochMetrics) -> bool:
        """Return whether an epoch's losses are finite, or the objective of trials that tell no loss."""
        study = self._record.study
        if study.family.external:
            return study.objective.is_finite(epoch.validation)
        # While retraining nothing is held out.
        return all(abs(metrics["loss"]) < math.inf for metrics in (epoch.train, epoch.validation) if metrics)

    def _wanted(self, lane: int, path: Path) -> dict[str, Any]:
        """Return what an engine must know to write a lane's model."""
        about = {
            "study": self._record.name,
            "trial": self._jobs[lane].row.number,
            "seed": self._jobs[lane].seed,
            "epochs": self._live[lane][-1].epoch,
        }
        return {"engine": self._engines[lane], "lane": lane, "path": str(path), "about": about}

    def _save_models(self, ending: Sequence[int]) -> None:
        """Let the engines write the model files, and save what a full pass over the examples says of each."""
        folder = (self._record.folder / "finalists").resolve()
        models = [self._wanted(lane, folder / self._jobs[lane].file) for lane in ending]
        train = self._fleet.write_models(models) if models else {}
        for lane in ending:
            job = self._jobs[lane]
            self._record.save_finalist(
                FinalistRow(
                    job.row.number,
                    job.seed,
                    epochs=job.epochs,
                    train=train[lane],
                    train_seconds=sum(epoch.seconds for epoch in self._live[lane]),
                    model=job.file,
                    model_sha256=sha256_of(folder / job.file),
                )
            )


def cannot_train(what: str, reason: str) -> UserError:
    """Return what stops an export, with the last line of the reason that the engine gave."""
    return UserError(
        f"{what}: {reason.strip().splitlines()[-1]}",
        "if memory is short, free some or take --workers 1; the same command goes on from there",
    )
