"""What a search has come to at the end of a tick: all trials begun by then and all their scores.

Holds them in the forms in which sampler, pruner and display read them. Knows neither engines nor the record.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from operator import attrgetter

from models.config.messages import EpochMetrics
from search.config.study import Study
from search.objective import Key, select_epoch
from search.pruners.rung import RungScore, by_front, insert_sorted
from search.samplers.optuna_mirror import Mirror
from search.samplers.seen import SeenConfigurations
from search.trial import TrialRow


class SearchHistory:
    """The trials and scores of a search up to the end of a tick.

    Args:
        study: What is searched.
        rows: All trials of the record, by number; those that end later than that tick as running ones.
        begun: How many of them were begun by then.
        scores: The scores recorded by then, as (tick, metrics).
        tick: That tick.
        paused: Numbers of the trials that were paused then.

    Attributes:
        tick: The last one whose scores are here.
        rows: The trials by number; their parameters are `study.to_external(row.params)`.
        curves: Trial -> its scores, the first epoch's first; of those that trained an epoch themselves.
        ticks: Trial -> the ticks of these epochs; a gap is a pause.
        epoch_seconds: Trial -> seconds of its engine that its newest epoch took.
        spent: Seconds of engines that all epochs took.
        rungs: Epoch -> the scores of all trials that reached it, best first, whatever became of them since.
        paused: Numbers of the trials that are paused.
        mirror: The same trials as Optuna sees them. `mirror.history` is this object, so that a sampler has it too.
    """

    def __init__(
        self,
        study: Study,
        rows: Iterable[TrialRow],
        begun: int,
        scores: Sequence[tuple[int, EpochMetrics]],
        tick: int = 0,
        paused: Iterable[int] = (),
    ) -> None:
        self.study, self.tick, self.paused = study, tick, set(paused)
        self.rows = {row.number: row for row in rows}
        self.curves: dict[int, list[RungScore]] = {}
        self.ticks: dict[int, list[int]] = {}
        self.epoch_seconds: dict[int, float] = {}
        self.spent = 0.0
        self.rungs: dict[int, list[RungScore]] = {}
        known = [self.rows[number] for number in range(begun)]
        self.mirror, self.seen = Mirror(study, known, scores), SeenConfigurations(known)
        self.mirror.history = self
        curves: dict[int, list[EpochMetrics]] = {}
        for at, score in scores:
            curves.setdefault(score.lane, []).append(score)
            if self.rows[score.lane].joined is not None:  # a repeat's scores are another trial's, which are there
                self._add_to_curves(at, score)
        self._rank_again(self.rungs)
        self._selected: dict[int, EpochMetrics] = {}  # trial that is complete -> its metrics
        self._best: Key | None = None
        for row in known:
            selected = select_epoch(curves.get(row.number, []), study.keep, study.objective)
            if row.state == "complete" and selected is not None:
                self._selected[row.number] = selected
        for row in known:
            self._compare(row)

    def add_foreign(self, rows: Iterable[TrialRow]) -> None:
        """Add trials of other programs, which have not been passed over or taken up yet."""
        self.rows |= {row.number: row for row in rows}

    def begin(self, row: TrialRow) -> None:
        """Add a trial that begins."""
        self.rows[row.number] = row
        self.mirror.insert(row)
        self.seen.add(row)

    def add_scores(self, tick: int, scores: Iterable[EpochMetrics]) -> None:
        """Add the metrics of a tick, which trials trained themselves."""
        self.tick = tick
        scores = list(scores)
        for score in scores:
            self.mirror.report(score)
            self._add_to_curves(tick, score)
        self._rank_again({score.epoch for score in scores})

    def end(self, row: TrialRow, selected: EpochMetrics | None = None) -> None:
        """Take in the end of a trial.

        Args:
            row: The trial as it ended.
            selected: The epoch whose metrics are the trial's, where it is complete and trained itself.
        """
        if selected is not None:
            self._selected[row.number] = selected
        self.mirror.tell(row.number, row.state, row.value, row.second)
        self.seen.end(row)
        self.rows[row.number] = row
        self.paused.discard(row.number)
        self._compare(row)

    def score_of(self, metrics: EpochMetrics) -> RungScore:
        """Return the score of a trial after an epoch that is here."""
        score = RungScore.of(metrics, self.study.objective)
        return score if score.point is None else self.curves[metrics.lane][metrics.epoch - 1]

    @property
    def live(self) -> set[int]:
        """Numbers of the trials that are in training."""
        return self.mirror.live - self.paused

    def least_promising(self) -> int:
        """Return the paused trial that most trials were better than at the epoch where it waits; of equals the last."""
        return max(self.paused, key=lambda number: (self._rank(number), number))

    @property
    def reached(self) -> Counter[int]:
        """How many trials have trained each epoch, 1 being the first; repeats of others do not count."""
        return Counter({epoch: len(scores) for epoch, scores in self.rungs.items()})

    def best(self) -> TrialRow | None:
        """Return the best trial that is complete; of equals the one with the lower loss, then the lower number."""
        return None if self._best is None else self.rows[self._best[2]]

    def ranking(self) -> list[int]:
        """Return the trials that are complete and trained themselves, the best first."""
        return sorted(
            self._selected, key=lambda trial: self.study.objective.key(self._selected[trial].validation, trial)
        )

    def _add_to_curves(self, tick: int, metrics: EpochMetrics) -> None:
        score = RungScore.of(metrics, self.study.objective)
        self.curves.setdefault(metrics.lane, []).append(score)
        self.ticks.setdefault(metrics.lane, []).append(tick)
        self.epoch_seconds[metrics.lane] = metrics.seconds
        self.spent += metrics.seconds
        insert_sorted(score, self.rungs.setdefault(metrics.epoch, []))

    def _rank_again(self, epochs: Iterable[int]) -> None:
        """Sort the scores of epochs by how they stand to each other, where there are two objectives."""
        for epoch in epochs if self.study.objective.beside is not None else ():
            self.rungs[epoch] = by_front(self.rungs[epoch])
            for score in self.rungs[epoch]:
                self.curves[score.number][epoch - 1] = score

    def _rank(self, number: int) -> float:
        """Return the share of the trials that are better than one at its newest epoch."""
        curve = self.curves[number]
        rung = self.rungs[len(curve)]
        return bisect_left(rung, curve[-1].key, key=attrgetter("key")) / len(rung)

    def _compare(self, row: TrialRow) -> None:
        """Let a complete trial be the best one, if it is."""
        if row.state == "complete":
            selected = self._selected[row.number if row.joined is not None else row.repeat_of or 0]
            key = self.study.objective.key(selected.validation, row.number)
            self._best = key if self._best is None else min(key, self._best)
