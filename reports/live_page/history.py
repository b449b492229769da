"""A search as the live page tells it: who began, was paused, promoted or cut, and the best so far.

A function of the trials and scores that it is given, in whatever portions they come. Knows no database, no clock and no
browser.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any

from models.config.messages import EpochMetrics
from reports.live_page.trial import FollowedTrial
from search.cli.wording import parameters_text
from search.config.study import Study
from search.pruners.rung import RungScore, insert_sorted
from search.trial import TrialRow


@dataclass(frozen=True)
class Happening:
    """One line of what happened."""

    tick: int
    trial: int
    kind: str  # began, paused, promoted, complete, pruned, diverged, failed, best
    why: str

    def as_data(self) -> dict[str, Any]:
        """Return what the page is sent."""
        return {"tick": self.tick, "n": self.trial, "kind": self.kind, "why": self.why}


class SearchHistory:
    """The trials of a study with all that happened to them.

    Args:
        study: The study.
    """

    def __init__(self, study: Study) -> None:
        self.study = study
        self.trials: dict[int, FollowedTrial] = {}
        self.happenings: list[Happening] = []
        self.best: list[tuple[int, int, float]] = []  # (tick, trial, value): each time that a complete trial led
        self.reached: Counter[int] = Counter()  # epoch -> how many trials have trained it
        self.epoch_seconds: dict[int, float] = {}  # trial -> seconds of its engine that its newest epoch took
        self.spent = 0.0  # seconds of engines that all epochs took
        self.tick = 0
        self.changed: set[int] = set()  # trials that are not as the page has them
        self._rungs: dict[int, list[RungScore]] = defaultdict(list)
        self._early: list[tuple[int, EpochMetrics]] = []  # scores of trials that are not known yet
        self._open: set[int] = set()  # trials that have not ended
        self._ends_at: dict[int, int] = {}  # trial that has ended meanwhile -> the tick of its last score

    @property
    def first_open(self) -> int:
        """The lowest number of a trial that may still change."""
        return min(self._open, default=len(self.trials))

    @property
    def unfinished(self) -> list[FollowedTrial]:
        """Trials that have not ended, by number."""
        return [self.trials[number] for number in sorted(self._open)]

    def add(self, rows: Sequence[TrialRow], scores: Iterable[tuple[int, EpochMetrics]]) -> None:
        """Add what has come since the last time.

        Args:
            rows: The trials that have begun or ended, by number, as they are now; others may be among them.
            scores: The scores of ticks after `tick`, by tick; read after the rows, so that an ended trial has all.
        """
        for row in rows:
            if row.number not in self.trials:
                self.trials[row.number] = FollowedTrial(row)
                self._open.add(row.number)
                self.changed.add(row.number)
            elif row.state == "running" and self.trials[row.number].row != row:  # a suggestion that was taken up
                self.trials[row.number].row = row
                self.changed.add(row.number)
        scores, self._early = [*self._early, *scores], []
        news: list[Happening] = []
        ended = {row.number: row for row in rows if row.state != "running" and row.number in self._open}
        last = {score.lane: tick for tick, score in scores}
        # Those that ended without waiting: with their last score.
        self._ends_at = {n: last.get(n, self.trials[n].tick) for n, row in ended.items() if row.waited_until is None}
        for tick, of_tick in groupby(scores, key=itemgetter(0)):
            news += self._add_tick(tick, [score for _, score in of_tick])
        news += map(self._end, ended.values())
        for happening in sorted(news, key=attrgetter("tick")):
            self.happenings.append(happening)
            trial = self.trials[happening.trial]
            if happening.kind == "complete" and self._leads(trial):
                assert trial.row.value is not None
                self.best.append((happening.tick, happening.trial, trial.row.value))

    def _add_tick(self, tick: int, scores: list[EpochMetrics]) -> list[Happening]:
        """Add a tick's scores; return who began, was promoted, and was paused the tick before."""
        news, trained = [], set()
        for score in scores:
            trial = self.trials.get(score.lane)
            if trial is None:
                self._early.append((tick, score))
                continue
            if trial.row.joined is None or score.epoch <= len(trial.values):  # a repeat's curve is another trial's
                continue
            if not trial.values:
                params = parameters_text(self.study.to_external(trial.row.params))
                news.append(Happening(tick, score.lane, "began", trial.row.baseline or params))
            elif trial.paused:
                news.append(Happening(tick, score.lane, "promoted", f"after epoch {score.epoch - 1}"))
            trial.add(tick, score, self.study.objective.value(score.validation))
            insert_sorted(RungScore.of(score, self.study.objective), self._rungs[score.epoch])
            self.reached[score.epoch] += 1
            self.epoch_seconds[score.lane] = score.seconds
            self.spent += score.seconds
            trained.add(score.lane)
        for number in trained:
            trial, rung = self.trials[number], self._rungs[len(self.trials[number].values)]
            key = RungScore.of(trial.curve[-1], self.study.objective).key
            trial.rank = bisect_left(rung, key, key=lambda score: score.key) + 1, len(rung)
        for trial in self.unfinished if trained else ():  # every live trial is trained in every tick
            is_over = self._ends_at.get(trial.row.number) == trial.tick
            if trial.values and trial.tick < tick and not trial.paused and not is_over:
                trial.paused = True
                trained.add(trial.row.number)
                news.append(Happening(trial.tick, trial.row.number, "paused", self._standing(trial, trial.values[-1])))
        self.tick = max(self.tick, tick)
        self.changed |= trained
        return news

    def _end(self, row: TrialRow) -> Happening:
        trial = self.trials[row.number]
        trial.end(row, self.study)
        self._open.remove(row.number)
        self.changed.add(row.number)
        tick = max(row.waited_until or 0, trial.tick)
        if row.repeat_of is not None and row.joined is None:
            return Happening(self.tick, row.number, trial.state, f"repeats trial {row.repeat_of}, and was not trained")
        if row.state == "failed":
            return Happening(tick or self.tick, row.number, "failed", row.reason or "")
        waited = ", having waited" if row.waited_until is not None and row.waited_until > trial.tick else ""
        why = f"at epoch {row.diverged_at}" if row.diverged_at else self._standing(trial, row.value) + waited
        return Happening(tick, row.number, trial.state, why)

    def _standing(self, trial: FollowedTrial, value: float | None) -> str:
        """Return `0.9312 at epoch 3, 7th of 11 there`."""
        shown = "" if value is None else f"{self.study.objective.text(value)} "
        return ", ".join(filter(None, [f"{shown}at epoch {len(trial.values)}", trial.place()]))

    def _leads(self, trial: FollowedTrial) -> bool:
        if trial.key is None:
            return False
        leader = self.trials[self.best[-1][1]].key if self.best else None
        return leader is None or trial.key < leader

    def baseline(self) -> FollowedTrial | None:
        """Return the best complete baseline."""
        known = [self.trials[number] for number in range(len(self.study.baselines)) if number in self.trials]
        values = [(self.study.objective.cost(it.row.value), it) for it in known if it.key and it.row.value is not None]
        return min(values, key=itemgetter(0))[1] if values else None

    def leader(self) -> FollowedTrial | None:
        """Return the best complete trial; before there is one, the best of those that train."""
        if self.best:
            return self.trials[self.best[-1][1]]
        values = [(it.value(self.study), it) for it in self.unfinished]
        alive = [(self.study.objective.cost(value), it) for value, it in values if value is not None]
        return min(alive, key=itemgetter(0))[1] if alive else None
