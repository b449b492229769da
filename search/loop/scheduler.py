"""A study's trials as a workload of the loop: which trial is admitted next, what is recorded, which ones end.

All of it is a function of the study and of the scores, so that after a restart it comes out again. The record and the
history that the sampler sees are written in the same order, that of trials. Knows no tensors and no clock.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from models.config.messages import EpochMetrics, LaneSpec
from models.errors import UserError
from search.config.study import Study
from search.fleet.base import DatasetInfo
from search.loop.balance import balanced
from search.loop.history import SearchHistory
from search.loop.live_trial import LiveTrial, lane_spec
from search.loop.pending_writes import PendingWrites
from search.loop.restart import restart_point
from search.loop.snapshots import Snapshots
from search.objective import select_epoch
from search.pruners.base import should_prune
from search.record.record import Record
from search.samplers.distributions import distributions
from search.samplers.tpe import MAX_TPE_CALLS_PER_TICK
from search.trial import Ending, TrialRow

MAX_FAILURES = 5  # trials that fail one after the other before a run stops


class TrialScheduler:
    """The trials of a study, from the first baseline to the last one of the budget.

    Args:
        study: What is searched.
        record: Where its trials are.
        dataset_info: What the engines found when they loaded the data.
    """

    def __init__(self, study: Study, record: Record, dataset_info: DatasetInfo) -> None:
        self.study, self.name, self.tick = study, record.name, 0
        self.live: dict[int, LiveTrial] = {}
        self._record, self._dataset_info = record, dataset_info
        self._distributions = distributions(study)
        self._history = SearchHistory(study, record.trials(), begun=0, scores=[])  # up to the end of `tick`
        self._next = 0  # the trial to be admitted next
        self._engines: dict[int, int] = {}  # trial in training -> its engine
        self._pending = PendingWrites()
        # What the record has beyond `tick` after a restart:
        self._last_recorded_tick = 0
        self._recorded: dict[tuple[int, int], EpochMetrics] = {}  # by trial and epoch
        self._failure_reasons: dict[tuple[int, int], str] = {}  # by trial and the epochs that it was trained for
        self._failures_in_a_row = 0

    @property
    def rows(self) -> dict[int, TrialRow]:
        """All trials by number, as of the end of `tick`."""
        return self._history.rows

    @property
    def reached(self) -> Counter[int]:
        """How many trials have trained each epoch, 1 being the first; repeats of others do not count."""
        return self._history.reached

    def best(self) -> TrialRow | None:
        """Return the best trial that is complete; of equals the one with the lower loss, then the lower number."""
        return self._history.best()

    # --- restart

    def resume(self, snapshots: Snapshots) -> None:
        """Go back to the newest moment at which all lanes are known; what came after comes out again."""
        rows, recorded = self._record.trials(), self._record.scores()
        point = restart_point(rows, recorded, snapshots)
        self.tick, self._next, self._engines = point.tick, point.begun, dict(point.engines)
        # A repeat has its scores from the tick before it was admitted: it may not have begun yet.
        past = [(tick, score) for tick, score in recorded if tick <= point.tick and score.lane < point.begun]
        self._history = SearchHistory(self.study, map(point.row_then, rows), point.begun, past)
        self._pending = PendingWrites()
        self.live = {number: self._live(self.rows[number]) for number in sorted(self._engines)}
        for _, score in past:
            if score.lane in self.live:
                self.live[score.lane].curve.append(score)
        self._last_recorded_tick = max((tick for tick, _ in recorded), default=0)
        self._recorded = {(score.lane, score.epoch): score for tick, score in recorded if tick > self.tick}
        trained = Counter(score.lane for _, score in recorded)
        failed = [row for row in rows if row.state == "failed"]
        self._failure_reasons = {(row.number, trained[row.number]): row.reason or "" for row in failed}

    def state(self) -> dict[str, Any]:
        """Return what a snapshot must hold besides the lanes' tensors."""
        return {"tick": self.tick, "next": self._next, "alive": self._engines}

    # --- admit

    @property
    def alive(self) -> bool:
        """Whether any trial is in training."""
        return bool(self.live)

    def admit(self) -> list[tuple[int, LaneSpec]]:
        """Give free lanes to the next trials: those of the record first, then baselines, then the sampler's."""
        joining: list[TrialRow] = []
        free = self.study.places - len(self.live)
        sampler, mirror = self.study.sampler, self._history.mirror
        while len(self.live) < self.study.places and not sampler.pending(self.study, self._next, mirror):
            row = self.rows.get(self._next) or self._new_trial(self._next, free)
            if row is None:
                break
            if row.joined not in (None, self.tick + 1):
                raise RuntimeError(f"trial {row.number} joined at tick {row.joined}, and now would at {self.tick + 1}")
            self._history.begin(row)
            self._next += 1
            if row.joined is None:
                self._end_repeat(row)
            elif (reason := self._failure_reasons.get((row.number, 0))) is not None:
                self._end(row, "failed", None, reason=reason)
            else:
                self.live[row.number] = self._live(row)
                joining.append(row)
        self._pending.write(self._record, self.tick, self._distributions)
        self._engines |= balanced(
            {row.number: self.live[row.number].flops for row in joining},
            {number: (engine, self.live[number].flops) for number, engine in self._engines.items()},
            self.study.lanes_of,
        )
        return [(self._engines[row.number], lane_spec(self.study, row)) for row in joining]

    def _new_trial(self, number: int, free: int) -> TrialRow | None:
        """Return a new trial, if the budget has one and the sampler knows one.

        Args:
            number: The trial's.
            free: How many lanes were free at this tick.
        """
        if number >= self.study.trials:
            return None
        baseline = self.study.baselines[number] if number < len(self.study.baselines) else None
        left = min(self.study.places - len(self.live), self.study.trials - number)
        batch_size = min(math.ceil(free / MAX_TPE_CALLS_PER_TICK), left)
        params = (
            self.study.to_internal(baseline.parameters)
            if baseline
            else self.study.sampler.propose(self.study, number, self._history.mirror, batch_size)
        )
        if params is None:
            return None
        same = self._history.seen.first(params)
        has_ended = same is not None and same not in self.live
        row = TrialRow(
            number=number,
            state="running",
            params=params,
            joined=None if has_ended else self.tick + 1,
            baseline=baseline.name if baseline else None,
            repeat_of=same,
        )
        self._pending.begun.append(row)
        return row

    def _end_repeat(self, row: TrialRow) -> None:
        """End a trial that repeats one that has ended: with that trial's curve, state and value."""
        assert row.repeat_of is not None
        original = self.rows[row.repeat_of]
        curve = [score.model_copy(update={"lane": row.number}) for score in self._record.curve(original.number)]
        self._pending.scores += curve
        for score in curve:
            self._history.mirror.report(score)
        assert original.state != "running"
        self._end(row, original.state, original.value, original.diverged_at, original.reason)

    def _live(self, row: TrialRow) -> LiveTrial:
        info, parameters = self._dataset_info, self.study.to_external(row.params)
        return LiveTrial(row, self.study.flops_per_example(info.shape, len(info.classes), parameters))

    # --- record, judge, tell

    def record(self, scores: Sequence[EpochMetrics]) -> None:
        """Write down a tick; a score that the record has already stays, and decides what follows."""
        self.tick += 1
        scores = [self._recorded.get((score.lane, score.epoch), score) for score in scores]
        self._record.write(self.tick, scores=scores)
        for score in scores:
            self.live[score.lane].curve.append(score)
            self._history.add_score(score)

    def settle(self) -> list[tuple[int, int]]:
        """Judge each trial, in their order, by the scores alone; returns engine and lane of those that end."""
        leaving = []
        for number, live in sorted(self.live.items()):
            score, objective = live.curve[-1], self.study.objective
            if (reason := self._failure_reasons.get((number, score.epoch))) is not None:
                self._end(live.row, "failed", None, reason=reason)
            elif not objective.is_finite(score.validation):
                self._end(live.row, "pruned", None, score.epoch)
            elif score.epoch == self.study.epochs:
                selected = select_epoch(live.curve, self.study.keep, objective)
                assert selected is not None  # it has not diverged
                self._end(live.row, "complete", objective.value(selected.validation), selected=selected)
            elif should_prune(self.study, live.row, score, self._history.rungs[score.epoch], self._history.mirror):
                self._end(live.row, "pruned", objective.value(score.validation))
            else:
                continue
            leaving.append((self._engines.pop(number), number))
            del self.live[number]
        self._pending.write(self._record, self.tick, self._distributions)
        return leaving

    def fail(self, lane: int, reason: str) -> None:
        """End a trial as failed.

        Raises:
            UserError: Several trials have failed one after the other.
        """
        self._record.tell(lane, "failed", None, reason=reason)
        self._failures_in_a_row += 1
        if self._failures_in_a_row == MAX_FAILURES:
            last = reason.strip().splitlines()[-1]
            raise UserError(
                f"{MAX_FAILURES} trials in a row failed; the last one, trial {lane}, with {last}",
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
        selected: EpochMetrics | None = None,
    ) -> None:
        if state != "failed" and self.tick > self._last_recorded_tick:
            self._failures_in_a_row = 0
        ended = replace(row, state=state, value=value, diverged_at=diverged_at, reason=reason)
        self._pending.ended.append(ended)
        self._history.end(ended, selected)
