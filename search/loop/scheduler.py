"""A study's trials as work for the loop: which is admitted next, where each stands, how each ends.

What happens here is told to the record and to the mirror that the sampler sees, in this order, and in the order of
trials. It is a function of the study and of the scores: `resume` goes back to a moment that is wholly known, and what
came after comes out again. Driven by coordinator.run; made by launch.py. Knows no tensors and no clock.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from optuna.distributions import BaseDistribution

from models.config.messages import EpochMetrics, LaneSpec
from models.errors import UserError
from models.seeds import derive
from search.config.study import Study
from search.fleet.base import DatasetInfo
from search.loop.balance import balanced
from search.loop.snapshots import Snapshots
from search.objective import Key, select_epoch
from search.pruners.base import should_prune
from search.pruners.rung import RungScore, insert_sorted
from search.record.record import Record
from search.samplers.distributions import distributions
from search.samplers.optuna_mirror import Mirror
from search.samplers.registry import draw, stage_pending
from search.samplers.seen import SeenConfigurations
from search.samplers.tpe import MAX_TPE_CALLS_PER_TICK
from search.trial import Ending, TrialRow

FAILURES = 5  # trials that fail one after the other before a run stops


@dataclass
class _Live:
    """A trial in training."""

    row: TrialRow
    work: float  # which its engine has with it, as balanced counts it
    curve: list[EpochMetrics] = field(default_factory=list)


@dataclass
class _Unwritten:
    """What a step of the loop has come to: it goes to the record in one transaction, however many trials it is about.

    A kill before that undoes the whole step, which comes out again.
    """

    begun: list[TrialRow] = field(default_factory=list)
    scores: list[EpochMetrics] = field(default_factory=list)
    ended: list[TrialRow] = field(default_factory=list)

    def write(self, record: Record, tick: int, distributions: Mapping[str, BaseDistribution]) -> None:
        """Write it down, and be empty."""
        record.write(tick, begun=self.begun, scores=self.scores, ended=self.ended, distributions=distributions)
        self.begun, self.scores, self.ended = [], [], []


def order_of(study: Study, row: TrialRow) -> LaneSpec:
    """Return what an engine is asked for, to train a trial."""
    return LaneSpec(
        lane=row.number, parameters=study.to_external(row.params), seed=derive(study.seed, "initial", row.number)
    )


def _begun(row: TrialRow) -> TrialRow:
    """A trial as it was when it began."""
    return replace(row, state="running", value=None, diverged_at=None, reason=None)


def _quiet_tick(rows: Sequence[TrialRow], recorded: Sequence[tuple[int, EpochMetrics]]) -> int:
    """Return the last tick after which no trial was alive: 0, or the end of an earlier budget."""
    ends = {score.lane: float(tick) for tick, score in recorded}  # recorded is by tick: a trial's last one stays
    lives = sorted(
        (row.joined, math.inf if row.state == "running" else ends.get(row.number, row.joined - 1))
        for row in rows
        if row.joined is not None
    )
    quiet = reached = 0.0
    for joined, end in lives:
        if joined > reached:  # whoever came before had left
            quiet = reached
        reached = max(reached, end)
    return int(quiet if reached == math.inf else reached)


class TrialScheduler:
    """A study's trials, from the first baseline to the last draw."""

    def __init__(self, study: Study, record: Record, dataset_info: DatasetInfo) -> None:
        self.study, self.name, self.tick = study, record.name, 0
        self.live: dict[int, _Live] = {}
        self.rows: dict[int, TrialRow] = {row.number: row for row in record.trials()}  # as of the end of `tick`
        self._record, self._facts = record, dataset_info
        self._distributions = distributions(study)
        self._engines: dict[int, int] = {}  # of the trials in training
        self._next = 0  # the trial to be admitted next
        self._rungs: dict[int, list[RungScore]] = {}  # epoch -> all trials that got there
        self._selected: dict[int, EpochMetrics] = {}  # of trials that are complete
        self._mirror, self._tried, self._unwritten = Mirror(study), SeenConfigurations(), _Unwritten()
        self._best: Key | None = None  # of the trials that are complete
        self._furthest = 0  # the last tick that was recorded when the run was taken up
        self._known: dict[tuple[int, int], EpochMetrics] = {}  # (trial, epoch) -> what was recorded after `tick`
        self._reasons: dict[tuple[int, int], str] = {}  # (trial, epochs it was trained for) -> why it failed after them
        self._failures = 0  # trials that failed since one ended otherwise

    # --- taking up an interrupted run

    def resume(self, snapshots: Snapshots) -> None:
        """Go back to the newest moment that is wholly known: a snapshot, or a tick after which no trial was alive."""
        rows, recorded = self._record.trials(), self._record.scores()
        last = max((tick for tick, _ in recorded), default=0)
        kept = snapshots.newest(not_after=last) if any(row.state == "running" for row in rows) else None
        self._engines = {}
        if kept is not None:
            self.tick, self._next = kept["tick"], kept["next"]
            self._engines = {int(number): engine for number, engine in kept["alive"].items()}
        else:
            snapshots.clear()
            self.tick = _quiet_tick(rows, recorded)
            joined = [row.number for row in rows if row.joined is not None and row.joined <= self.tick]
            self._next = max(joined, default=-1) + 1
        # What was told later than that moment will come out again, and is not known yet.
        self.rows = {row.number: row if self._over(row.number) else _begun(row) for row in rows}
        past = [(tick, score) for tick, score in recorded if tick <= self.tick and score.lane < self._next]
        curves: dict[int, list[EpochMetrics]] = {}
        self._rungs, self._selected = {}, {}
        for _, score in past:
            curves.setdefault(score.lane, []).append(score)
            if self.rows[score.lane].joined is not None:  # a repeat's scores are another trial's, who stands already
                self._stand(score)
        for number, curve in curves.items():
            selected = select_epoch(curve, self.study.keep, self.study.objective)
            if self.rows[number].state == "complete" and selected is not None:
                self._selected[number] = selected
        self._best, self._tried, self._unwritten = None, SeenConfigurations(), _Unwritten()
        for number in range(self._next):
            self._tried.add(self.rows[number])
            self._compare(self.rows[number])
        # A repeat has its scores from the end of the tick before it was admitted: it may not be known yet.
        self._mirror = Mirror(self.study, [self.rows[number] for number in range(self._next)], past)
        self.live = {number: self._alive(self.rows[number]) for number in sorted(self._engines)}
        for number, live in self.live.items():
            live.curve = curves[number]
        self._known = {(score.lane, score.epoch): score for tick, score in recorded if tick > self.tick}
        self._furthest = last
        trained = Counter(score.lane for _, score in recorded)
        self._reasons = {(row.number, trained[row.number]): row.reason or "" for row in rows if row.state == "failed"}

    def _over(self, number: int) -> bool:
        return number < self._next and number not in self._engines

    def state(self) -> dict[str, Any]:
        """What a snapshot must hold besides the lanes' tensors."""
        return {"tick": self.tick, "next": self._next, "alive": self._engines}

    @property
    def reached(self) -> Counter[int]:
        """How many trials have trained each epoch, 1 being the first; repeats of others are none of them."""
        return Counter({epoch: len(scores) for epoch, scores in self._rungs.items()})

    def best(self) -> TrialRow | None:
        """Return the best trial that is complete; ties go to the lower validation loss, then to the lower number."""
        return None if self._best is None else self.rows[self._best[2]]

    def _compare(self, row: TrialRow) -> None:
        """Let a trial be the best one, if it is."""
        if row.state == "complete":
            selected = self._selected[row.number if row.joined is not None else row.repeat_of or 0]
            key = self.study.objective.key(selected.validation, row.number)
            self._best = key if self._best is None else min(key, self._best)

    # --- admit

    @property
    def alive(self) -> bool:
        """Whether any trial is in training."""
        return bool(self.live)

    def admit(self) -> list[tuple[int, LaneSpec]]:
        """Give free places to the next trials: those of the record first, then baselines, then the sampler's."""
        joining: list[TrialRow] = []
        free = self.study.places - len(self.live)
        while len(self.live) < self.study.places and not stage_pending(self.study, self._next, self._mirror):
            row = self.rows.get(self._next) or self._begin(self._next, free)
            if row is None:
                break
            if row.joined not in (None, self.tick + 1):
                raise RuntimeError(f"trial {row.number} joined at tick {row.joined}, and now would at {self.tick + 1}")
            self._enter(row)
            if row.joined is None:
                self._take_over(row)
                continue
            if (reason := self._reasons.get((row.number, 0))) is not None:
                self._end(row, "failed", None, reason=reason)
                continue
            self.live[row.number] = self._alive(row)
            joining.append(row)
        self._unwritten.write(self._record, self.tick, self._distributions)
        self._engines |= balanced(
            {row.number: self.live[row.number].work for row in joining},
            {number: (engine, self.live[number].work) for number, engine in self._engines.items()},
            self.study.lanes_of,
        )
        return [(self._engines[row.number], order_of(self.study, row)) for row in joining]

    def _enter(self, row: TrialRow) -> None:
        """Count a trial among those that were begun."""
        self.rows[row.number] = row
        self._next += 1
        self._mirror.insert(row)
        self._tried.add(row)

    def _begin(self, number: int, free: int) -> TrialRow | None:
        """Draw a new trial for the record, if the budget has one and the sampler knows one.

        `free` places were to be filled at this tick.
        """
        if number >= self.study.trials:
            return None
        baseline = self.study.baselines[number] if number < len(self.study.baselines) else None
        left = min(self.study.places - len(self.live), self.study.trials - number)
        together = min(math.ceil(free / MAX_TPE_CALLS_PER_TICK), left)
        drawn = (
            self.study.to_internal(baseline.parameters)
            if baseline
            else draw(self.study, number, self._mirror, together)
        )
        if drawn is None:
            return None
        same = self._tried.first(drawn)
        finished = same is not None and same not in self.live
        row = TrialRow(
            number=number,
            state="running",
            params=drawn,
            joined=None if finished else self.tick + 1,
            baseline=baseline.name if baseline else None,
            repeat_of=same,
        )
        self._unwritten.begun.append(row)
        return row

    def _take_over(self, row: TrialRow) -> None:
        """End a repeat of a finished trial at once, with that trial's curve and fate."""
        assert row.repeat_of is not None
        original = self.rows[row.repeat_of]
        curve = [score.model_copy(update={"lane": row.number}) for score in self._record.curve(original.number)]
        self._unwritten.scores += curve
        for score in curve:
            self._mirror.report(score)
        assert original.state != "running"
        self._end(row, original.state, original.value, original.diverged_at, original.reason)

    def _alive(self, row: TrialRow) -> _Live:
        return _Live(
            row,
            self.study.flops_per_example(
                self._facts.shape, len(self._facts.classes), self.study.to_external(row.params)
            ),
        )

    # --- record, judge, tell

    def record(self, scores: Sequence[EpochMetrics]) -> None:
        """Write down a tick in one transaction; what is there stays, and is what verdicts follow from."""
        self.tick += 1
        scores = [self._known.get((score.lane, score.epoch), score) for score in scores]
        self._record.record(self.tick, scores)
        for score in scores:
            self.live[score.lane].curve.append(score)
            self._mirror.report(score)
            self._stand(score)

    def _stand(self, score: EpochMetrics) -> None:
        insert_sorted(RungScore.of(score, self.study.objective), self._rungs.setdefault(score.epoch, []))

    def settle(self) -> list[tuple[int, int]]:
        """Judge each trial, in their order, by the scores alone; those that end are told and leave their places."""
        leaving = []
        for number, live in sorted(self.live.items()):
            score = live.curve[-1]
            if (reason := self._reasons.get((number, score.epoch))) is not None:
                self._end(live.row, "failed", None, reason=reason)
            elif not self.study.objective.is_finite(score.validation):
                self._end(live.row, "pruned", None, score.epoch)
            elif score.epoch == self.study.epochs:
                selected = select_epoch(live.curve, self.study.keep, self.study.objective)
                assert selected is not None  # it has not diverged
                self._selected[number] = selected
                self._end(live.row, "complete", self.study.objective.value(selected.validation))
            elif should_prune(self.study, live.row, score, self._rungs[score.epoch], self._mirror.study):
                self._end(live.row, "pruned", self.study.objective.value(score.validation))
            else:
                continue
            leaving.append((self._engines.pop(number), number))
            del self.live[number]
        self._unwritten.write(self._record, self.tick, self._distributions)
        return leaving

    def fail(self, lane: int, reason: str) -> None:
        """Tell a trial as failed. Raises UserError when several have failed one after the other."""
        self._record.tell(lane, "failed", None, reason=reason)
        self._failures += 1
        if self._failures == FAILURES:
            last = reason.strip().splitlines()[-1]
            raise UserError(
                f"{FAILURES} trials in a row failed; the last one, trial {lane}, with {last}",
                "each keeps its traceback as `reason`; change the study's space and begin anew with --restart, or give "
                "the same command again to try the trials after them",
            )

    def _end(
        self,
        row: TrialRow,
        state: Ending,
        value: float | None,
        diverged_at: int | None = None,
        reason: str | None = None,
    ) -> None:
        if state != "failed" and self.tick > self._furthest:
            self._failures = 0
        over = replace(row, state=state, value=value, diverged_at=diverged_at, reason=reason)
        self._unwritten.ended.append(over)
        self._mirror.tell(row.number, state, value)
        self._tried.end(over)
        self.rows[row.number] = over
        self._compare(over)
