"""A study's trials as a workload of the loop: which trial is admitted next, what is recorded, which ones end.

All of it is a function of the study and of the scores, so that it comes out again when it is resumed. The record
and the history that the sampler sees are written in the same order, that of trials. Knows no tensors and no clock.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from models.config.messages import EpochMetrics, LaneSpec
from search.config.limits import check_limits
from search.config.study import Study
from search.fleet.base import DatasetInfo
from search.loop.balance import balanced
from search.loop.coordinator import Leaving
from search.loop.failures import FailuresInARow
from search.loop.history import SearchHistory
from search.loop.kept_outputs import KeepOutputs, keep_none
from search.loop.live_trial import LiveTrial, ended_by_others, of_trials
from search.loop.members import lane_specs, lanes_of, values_of
from search.loop.next_trial import next_trial
from search.loop.pending_writes import PendingWrites
from search.loop.resume_point import RecordedLater, recorded_later, resume_point
from search.loop.snapshots import Snapshots
from search.objective import is_out_of_patience, select_epoch
from search.pruners.base import judge
from search.record.record import Record
from search.record.scores import curves_of
from search.samplers.distributions import distributions
from search.trial import Ending, TrialRow


class TrialScheduler:
    """The trials of a study, from the first baseline to the last one of the budget.

    Args:
        study: What is searched.
        record: Where its trials are.
        dataset_info: What the engines found when they loaded the data.
        keep_outputs: Called with the lanes that leave a tick, before the end of their trials is recorded.
    """

    def __init__(
        self, study: Study, record: Record, dataset_info: DatasetInfo, keep_outputs: KeepOutputs = keep_none
    ) -> None:
        study = check_limits(study.on(dataset_info.shape, dataset_info.outputs))
        self.study, self.name, self.tick = study, record.name, 0
        self.live, self.paused = dict[int, LiveTrial](), dict[int, LiveTrial]()
        self._record, self._keep_outputs = record, keep_outputs
        self._distributions = distributions(study)
        self._history = SearchHistory(study, record.trials(), begun=0, scores=[])  # up to the end of `tick`
        self._next = 0  # the trial to be admitted next
        self._engines: dict[int, int] = {}  # trial in training or paused -> its engine
        self._leaving: list[Leaving] = []  # what `settle` is to return
        self._pending = PendingWrites()
        self._later = RecordedLater()  # what the record has beyond `tick` when it is resumed
        self._failures_in_a_row = FailuresInARow()

    @property
    def rows(self) -> dict[int, TrialRow]:
        """All trials by number, as of the end of `tick`."""
        return self._history.rows

    @property
    def history(self) -> SearchHistory:
        """What the search has come to at the end of `tick`."""
        return self._history

    def resume(self, snapshots: Snapshots) -> None:
        """Go back to the newest moment at which all lanes are known; what came after comes out again."""
        rows, recorded = self._record.trials(), self._record.scores()
        point = resume_point(rows, recorded, snapshots)
        self.tick, self._next, self._engines = point.tick, point.begun, dict(point.engines)
        # A repeat has its scores from the tick before it was admitted: it may not have begun yet.
        past = [(tick, score) for tick, score in recorded if tick <= point.tick and score.lane < point.begun]
        then = map(point.row_then, rows)
        self._history = SearchHistory(self.study, then, point.begun, past, point.tick, point.paused)
        self._pending, self._leaving = PendingWrites(), []
        curves = curves_of(past)
        alive = {
            number: LiveTrial(row := self.rows[number], self.study.work(row.params), curves.get(number, []))
            for number in sorted(self._engines)
        }
        self.paused = {number: alive.pop(number) for number in sorted(point.paused)}
        self.live, self._later = alive, recorded_later(rows, recorded, self.tick)

    def state(self) -> dict[str, Any]:
        """Return what a snapshot must hold besides the lanes' tensors."""
        return {"tick": self.tick, "next": self._next, "alive": self._engines, "paused": sorted(self.paused)}

    @property
    def alive(self) -> bool:
        """Whether any trial is in training."""
        return bool(self.live)

    def admit(self) -> list[tuple[int, LaneSpec]]:
        """Give free lanes to paused trials, then to new ones: of the record, then baselines, then the sampler's."""
        resumed = self._promote()
        while len(self.paused) > self.study.paused:
            self._end_paused(self._history.least_promising())
        begun = self._begin()
        if not self.live:  # nobody is promoted any more
            for number in sorted(self.paused):
                self._end_paused(number)
            begun += self._begin()  # where the sampler has waited for them
        self._pending.write(self._record, self.tick, self._distributions)
        work = {number: live.work for number, live in self.live.items()}
        placed = {number: (engine, work[number]) for number, engine in self._engines.items() if number in work}
        self._engines |= balanced({number: work[number] for number in begun}, placed, self.study.lanes_of)
        return [
            (self._engines[number], spec)
            for number in (*resumed, *begun)
            for spec in lane_specs(self.study, self.rows[number], resumed=number in resumed)
        ]

    def _promote(self) -> list[int]:
        """Let paused trials go on that the pruner names, while lanes are free; returns their numbers."""
        resumed: list[int] = []
        while self.paused and (free := self.study.places - len(self.live)):
            numbers = self.study.pruner.promote(self._history, free)
            if len(numbers) > free or len(set(numbers)) < len(numbers) or not self.paused.keys() >= set(numbers):
                raise RuntimeError(f"of the paused trials {sorted(self.paused)} at most {free} go on, not {numbers}")
            for number in numbers:
                reason = self._later.failures.get((number, self.paused[number].curve[-1].epoch))
                if reason is not None:
                    self._end_paused(number, reason)
                    continue
                self.live[number] = self.paused.pop(number)
                self._history.paused.remove(number)
                resumed.append(number)
            if all(number in self.live for number in numbers):  # else lanes are left
                break
        return resumed

    def _begin(self) -> list[int]:
        """Begin trials while lanes are free; returns the numbers of those that train."""
        begun: list[int] = []
        free = self.study.places - len(self.live)
        if free:
            self._history.add_foreign(self._record.foreign(self._next))
        suggestion = self._record.suggestion
        while (left := self.study.places - len(self.live)) and (
            row := next_trial(self.study, self._next, self._history, free, left, suggestion)
        ):
            if row is not self.rows.get(self._next):
                (self._pending.ended if row.state == "failed" else self._pending.begun).append(row)
            if row.joined not in (None, self.tick + 1):
                raise RuntimeError(f"trial {row.number} joined at tick {row.joined}, and now would at {self.tick + 1}")
            self._history.begin(row)
            self._next += 1
            if row.is_foreign:
                self._history.end(row)
            elif row.joined is None:
                self._end_repeat(row)
            elif (reason := self._later.failures.get((row.number, 0))) is not None:
                self._end(row, "failed", reason=reason)
            else:
                self.live[row.number] = LiveTrial(row, self.study.work(row.params))
                begun.append(row.number)
        return begun

    def _end_repeat(self, row: TrialRow) -> None:
        """End a trial that repeats one that has ended: with that trial's curve, state and value."""
        assert row.repeat_of is not None
        original = self.rows[row.repeat_of]
        curve = [score.model_copy(update={"lane": row.number}) for score in self._record.curve(original.number)]
        self._pending.scores += curve
        for score in curve:
            self._history.mirror.report(score)
        assert original.state != "running"
        about = ("value", "second", "members", "diverged_at", "reason")
        self._end(row, original.state, **{name: getattr(original, name) for name in about})

    def record(self, scores: Sequence[EpochMetrics]) -> None:
        """Write down a tick of all lanes; a score that the record has already stays, and decides what follows."""
        self.tick += 1
        scores = [self._later.recorded(score) for score in of_trials(self.study, self.rows, scores)]
        self._record.write(self.tick, scores=scores)
        for score in scores:
            self.live[score.lane].curve.append(score)
        self._history.add_scores(self.tick, scores)

    def settle(self) -> list[Leaving]:
        """Judge each trial, in their order, by the scores alone; returns those that end or are paused."""
        if self.tick > self._later.last_tick:  # what ended before ends again by the record
            self._later.failures.update(ended_by_others(self._record, {**self.live, **self.paused}))
        failed: dict[int, str] = {}
        for number, live in sorted(self.live.items()):
            score, objective = live.curve[-1], self.study.objective
            if score.failed is not None:  # by itself, while its engine goes on
                failed[number] = score.failed
                self._end(live.row, "failed", reason=self._record.keep_reason(number, score.failed))
            elif not objective.is_finite(score.validation):
                self._end(live.row, "pruned", diverged_at=score.epoch)
            elif score.epoch == self.study.epochs or is_out_of_patience(live.curve, self.study.patience, objective):
                selected = select_epoch(live.curve, self.study.keep, objective)
                assert selected is not None  # it has not diverged
                self._end(live.row, "complete", selected)
            elif (decision := judge(self.study, live.row, score, self._history)) == "pause":
                self.paused[number] = self.live.pop(number)
                self._history.paused.add(number)
                self._leave(number, paused=True)
                continue
            elif decision == "prune":
                self._end(live.row, "pruned", score)
            elif (reason := self._later.failures.get((number, score.epoch))) is not None:
                self._end(live.row, "failed", reason=reason)
            else:
                continue
            del self.live[number]
            self._leave(number)
        self._keep_outputs(self._leaving, self._history)
        self._pending.write(self._record, self.tick, self._distributions)
        for number, reason in failed.items() if self.tick > self._later.last_tick else ():
            self._failures_in_a_row.add(number, reason)
        leaving, self._leaving = self._leaving, []
        return leaving

    def _end_paused(self, number: int, reason: str | None = None) -> None:
        """Prune a paused trial, with its last score; where there is a reason, it failed as it went on."""
        live = self.paused.pop(number)
        state: Ending = "pruned" if reason is None else "failed"
        self._end(live.row, state, live.curve[-1] if reason is None else None, waited_until=self.tick, reason=reason)
        self._leave(number)

    def _leave(self, number: int, *, paused: bool = False) -> None:
        """Let a trial leave its lanes; a paused one's engine keeps them."""
        engine = self._engines[number] if paused else self._engines.pop(number)
        self._leaving += [Leaving(engine, lane, paused) for lane in lanes_of(number, self.study.members)]

    def fail(self, lane: int, reason: str) -> None:
        """End a lane's trial as failed. Raises UserError where several have failed one after the other."""
        number = lane // self.study.members
        paused = self._history.ticks.get(number, [self.tick])[-1] < self.tick
        self._record.tell(number, "failed", None, reason=reason, waited_until=self.tick if paused else None)
        self._failures_in_a_row.add(number, reason)

    def _end(self, row: TrialRow, state: Ending, epoch: EpochMetrics | None = None, **about: Any) -> None:
        """End a trial with the metrics of an epoch; `about` are fields of its row."""
        if state != "failed" and self.tick > self._later.last_tick:
            self._failures_in_a_row.reset()
        ended = replace(row, state=state, **about, **values_of(epoch, self.study.objective))
        self._pending.ended.append(ended)
        self._history.end(ended, epoch if state == "complete" else None)
