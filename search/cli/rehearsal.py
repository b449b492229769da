"""A rehearsal: trains the first trials of a study for a little while, and measures how long the search takes.

Uses a fleet as a run does, so that the same processes share the same cores, and a database that is thrown away.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from models.datasets.source import Source
from search.cli.work import expected_epochs, planned_trials
from search.config.study import Study
from search.fleet.base import DatasetInfo, HostProvider
from search.fleet.fleet import Fleet
from search.loop.scheduler import TrialScheduler
from search.record.store import Store

FIRST_STEPS = 4  # minibatches of the first tick, which shows how many are affordable
TICK_SECONDS = 3.0  # what the measured tick should take
# Trials are trained longer than the pruner's rule says, since nobody is pruned before there are rivals. In eight
# searches on MNIST, FashionMNIST and digits they were trained for 0.9 to 1.6 times as long.
LONGER_THAN_RULE = 1.6
TRIAL_SECONDS = 0.012  # to draw a trial by TPE and to record it, with 100 trials in the record


@dataclass(frozen=True)
class Rehearsal:
    """What a rehearsal has measured."""

    dataset_info: DatasetInfo
    trials: int  # trained together
    tick: float  # seconds of an epoch of all of them
    start: float  # seconds until the engines had the data
    notes: tuple[str, ...]  # about how the trials are trained
    memory: int  # bytes of the largest process; 0 where it is unknown
    waiting: int = 0  # bytes of a paused trial of the study's example configuration


def rehearse(study: Study, source: Source, hosts: HostProvider, *, device: str) -> Rehearsal:
    """Train as many trials as live at a time, on as many examples as take about `TICK_SECONDS`."""
    began = time.monotonic()
    with TemporaryDirectory() as folder, Fleet(study.engines, hosts) as fleet:
        examples = FIRST_STEPS * study.batch_size
        info = fleet.open(study, source, device=device, at_most=examples)
        start = time.monotonic() - began
        record = Store(f"sqlite:///{Path(folder) / 'check.db'}").begin("check", study, {}, {}, "")
        with record.lease():
            joining = TrialScheduler(study, record, info).admit()
        while True:
            began = time.monotonic()
            fleet.tick(1, joining)  # the first steps of a process are slow
            if not (study.family.external and study.epochs == 1):  # then there is no second one
                began = time.monotonic()
                fleet.tick(2, [])
            seconds = time.monotonic() - began
            if examples >= info.train or seconds > TICK_SECONDS / 3:
                break
            examples = int(min(info.train, examples * max(2.0, TICK_SECONDS / seconds)))
            fleet.open(study, source, device=device, at_most=examples)
        waiting = study.members * fleet.lane_bytes(study.example) if study.pruner.pauses else 0
        notes = tuple(fleet.notes)
    tick = seconds * max(1.0, info.train / examples)
    return Rehearsal(info, len(joining) // study.members, tick, start, notes, hosts.peak_memory(), waiting)


def expected_seconds(study: Study, rehearsal: Rehearsal) -> tuple[float, tuple[float, float] | None]:
    """Return how long the search takes without pruning, and the shortest and longest time with pruning.

    The second is None where the pruner's rule is not known.
    """

    def seconds(epochs: float) -> float:
        trials = planned_trials(study)
        return rehearsal.start + trials * (TRIAL_SECONDS + epochs * rehearsal.tick / rehearsal.trials)

    whole, by_rule = seconds(study.epochs), expected_epochs(study)[0]
    if not study.pruner.rungs(study.epochs):
        return whole, None
    return whole, (seconds(by_rule), seconds(min(LONGER_THAN_RULE * by_rule, study.epochs)))
