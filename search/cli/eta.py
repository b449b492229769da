"""How a search gets on: what became of its trials, what pruning saved, how fast it goes, and about how long is left.

Read by progress.py whenever it shows something; check.py asks what pruning leaves by its rule. Reads the search and
changes nothing. Knows no console, and no clock either: time is an argument.
"""

import math
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from models.config.base import Parameters
from search.config.pruners import SuccessiveHalving
from search.config.samplers import Grid, Staged
from search.config.study import Study
from search.loop.scheduler import TrialScheduler
from search.objective import select_epoch

RECENT = 20  # moments over which the pace is measured: enough to even out, few enough to follow a slower machine
SEEN = 1.13  # times as many trials go on as the rule keeps: .56 where it is .5, in fifteen searches of ours
WEIGHT = 4.0  # trials for which a judge's own rule counts, beside those that were really judged at an epoch


@dataclass(frozen=True)
class Best:
    """The best trial that is complete; before there is one, the live trial that leads."""

    number: int
    score: float
    parameters: Parameters
    alive: bool


@dataclass(frozen=True)
class ProgressSnapshot:
    """A search after a tick."""

    tick: int
    alive: int  # trials in training
    fates: Mapping[str, int]  # of those that are over: complete, pruned, diverged, failed
    planned: int  # trials, in all
    best: Best | None
    trained: int  # epochs
    saved: int  # epochs that trials which ended early were not trained for
    elapsed: float  # seconds of this run
    ticks_a_minute: float | None  # None until it can be told, as what is left
    left: float | None  # seconds, about

    @property
    def over(self) -> int:
        """Trials that have ended."""
        return sum(self.fates.values())

    @property
    def saved_share(self) -> float:
        """Which part of the epochs was saved, of all trials that were begun."""
        return self.saved / (self.saved + self.trained) if self.saved else 0.0


class EtaEstimator:
    """Follows one run from its beginning; `clock` gives seconds."""

    def __init__(self, search: TrialScheduler, clock: Callable[[], float]) -> None:
        self._search, self._clock, self._begun = search, clock, clock()
        self._planned = planned(search.study)
        self._seen: deque[tuple[float, int, int]] = deque(maxlen=RECENT + 1)  # when, tick, epochs trained; newest last
        if not search.rows:  # a search that is taken up has trained before: how much, is known after its first tick
            self._seen.append((self._begun, 0, 0))

    def moment(self) -> ProgressSnapshot:
        """The search as it stands between two ticks."""
        search, now = self._search, self._clock()
        rows = [row for row in search.rows.values() if row.state != "running"]
        reached, trained = search.reached, sum(search.reached.values())
        ages = Counter(live.curve[-1].epoch for live in search.live.values())
        trained_by_live = sum(age * many for age, many in ages.items())
        self._see(now, search.tick, trained)
        since, tick, before = self._seen[0]
        ticks, epochs, seconds = search.tick - tick, trained - before, now - since
        unbegun = self._planned - len(rows) - len(search.live)
        known = epochs > 0 and seconds > 0
        return ProgressSnapshot(
            tick=search.tick,
            alive=len(search.live),
            fates=Counter("diverged" if row.diverged_at else row.state for row in rows),
            planned=self._planned,
            best=best(search),
            trained=trained,
            saved=search.study.epochs * (reached[1] - len(search.live)) - (trained - trained_by_live),
            elapsed=now - self._begun,
            ticks_a_minute=60 * ticks / seconds if known else None,
            left=seconds / epochs * _epochs_left(search.study, reached, ages, unbegun) if known else None,
        )

    def _see(self, now: float, tick: int, trained: int) -> None:
        if self._seen and tick < self._seen[-1][1]:  # thrown back to a snapshot
            self._seen.clear()
        self._seen.append((now, tick, trained))


def best(search: TrialScheduler) -> Best | None:
    """The best so far."""
    if (row := search.best()) is not None and row.value is not None:
        return Best(row.number, row.value, search.study.to_external(row.params), alive=False)
    objective = search.study.objective
    leading = {
        objective.key(selected.validation, number): selected
        for number, live in search.live.items()
        if (selected := select_epoch(live.curve, search.study.keep, objective)) is not None
    }
    if not leading:
        return None
    key = min(leading)
    params = search.rows[key[2]].params
    return Best(key[2], objective.value(leading[key].validation), search.study.to_external(params), alive=True)


def planned(study: Study) -> int:
    """How many trials a study comes to: its budget, or fewer where its grid or its stages have fewer cells."""
    match study.sampler:
        case Grid() as grid:
            cells = math.prod(len(values) for values in grid.values.values())
        case Staged() as staged:
            cells = sum(len(values) for _, values in staged.stages)
        case _:
            return study.trials
    return min(study.trials, len(study.baselines) + cells)


def _epochs_left(study: Study, reached: Mapping[int, int], ages: Mapping[int, int], unbegun: int) -> float:
    """The epochs that are still to be trained, as far as one can know, each as long as those of a full fleet.

    `reached` is how many trials have trained each epoch, `ages` how many live ones have trained so many, `unbegun` how
    many trials are to come. A trial is taken to go on from an epoch as often as others did, together with the judge's
    rule; live ones count as far as they have come (the product limit of Kaplan and Meier 1958).
    """
    expected = expected_epochs(study, reached, ages)
    last = sum(many * expected[age] for age, many in ages.items())  # about as many as are left when none is to come
    alive = study.places if unbegun else sum(ages.values())
    return unbegun * expected[0] + last * _idle(study.engines, max(1.0, alive / 2)) / _idle(study.engines, study.places)


def _idle(engines: int, lanes: float) -> float:
    """How much longer a tick lasts than its work, when so many lanes are strewn over the engines.

    They stay where they are, so that in the end some engines wait for others: the fullest of n bins has about
    sqrt(balls / n) more than its share.
    """
    return min(float(engines), 1 + math.sqrt((engines - 1) / lanes))


def expected_epochs(
    study: Study, reached: Mapping[int, int] | None = None, ages: Mapping[int, int] | None = None
) -> list[float]:
    """How many more epochs a trial trains that has trained 0, 1, 2, ... and goes on.

    Where nothing was counted yet, by the judge's rule alone.
    """
    reached, ages = reached or {}, ages or {}
    rule = 1.0
    if isinstance(study.pruner, SuccessiveHalving):
        rule = min(1.0, SEEN * study.pruner.keep_fraction) if reached else study.pruner.keep_fraction
    rungs = rungs_of(study)
    left = [0.0] * (study.epochs + 1)
    for epoch in range(study.epochs, 0, -1):
        judged, went_on = reached.get(epoch, 0), reached.get(epoch + 1, 0) + ages.get(epoch, 0)
        share = (went_on + WEIGHT * (rule if epoch in rungs else 1.0)) / (judged + WEIGHT)
        left[epoch - 1] = 1 + share * left[epoch]
    return left


def rungs_of(study: Study) -> list[int]:
    """The epochs after which Studyhall's own judge judges; none where the study has another."""
    if not isinstance(study.pruner, SuccessiveHalving):
        return []
    rungs, epoch = [], study.pruner.min_epochs
    while epoch < study.epochs:  # after its last epoch a trial is complete
        rungs.append(epoch)
        epoch *= study.pruner.reduction_factor
    return rungs
