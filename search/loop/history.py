"""What a search has come to at the end of a tick: all trials begun by then and all their scores.

Holds them in the forms in which sampler, pruner and display read them. Knows neither engines nor the record.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from models.config.messages import EpochMetrics
from search.config.study import Study
from search.objective import Key, select_epoch
from search.pruners.rung import RungScore, insert_sorted
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
    """

    def __init__(
        self, study: Study, rows: Iterable[TrialRow], begun: int, scores: Sequence[tuple[int, EpochMetrics]]
    ) -> None:
        self.study = study
        self.rows = {row.number: row for row in rows}
        self.rungs: dict[int, list[RungScore]] = {}  # epoch -> the scores of all trials that reached it, best first
        known = [self.rows[number] for number in range(begun)]
        self.mirror, self.seen = Mirror(study, known, scores), SeenConfigurations(known)
        curves: dict[int, list[EpochMetrics]] = {}
        for _, score in scores:
            curves.setdefault(score.lane, []).append(score)
            if self.rows[score.lane].joined is not None:  # a repeat's scores are another trial's, which are there
                self._add_to_rung(score)
        self._selected: dict[int, EpochMetrics] = {}  # trial that is complete -> its metrics
        self._best: Key | None = None
        for row in known:
            selected = select_epoch(curves.get(row.number, []), study.keep, study.objective)
            if row.state == "complete" and selected is not None:
                self._selected[row.number] = selected
        for row in known:
            self._compare(row)

    def begin(self, row: TrialRow) -> None:
        """Add a trial that begins."""
        self.rows[row.number] = row
        self.mirror.insert(row)
        self.seen.add(row)

    def add_score(self, score: EpochMetrics) -> None:
        """Add the metrics of a trial after an epoch that it trained itself."""
        self.mirror.report(score)
        self._add_to_rung(score)

    def end(self, row: TrialRow, selected: EpochMetrics | None = None) -> None:
        """Take in the end of a trial.

        Args:
            row: The trial as it ended.
            selected: The epoch whose metrics are the trial's, where it is complete and trained itself.
        """
        if selected is not None:
            self._selected[row.number] = selected
        self.mirror.tell(row.number, row.state, row.value)
        self.seen.end(row)
        self.rows[row.number] = row
        self._compare(row)

    @property
    def reached(self) -> Counter[int]:
        """How many trials have trained each epoch, 1 being the first; repeats of others do not count."""
        return Counter({epoch: len(scores) for epoch, scores in self.rungs.items()})

    def best(self) -> TrialRow | None:
        """Return the best trial that is complete; of equals the one with the lower loss, then the lower number."""
        return None if self._best is None else self.rows[self._best[2]]

    def _add_to_rung(self, score: EpochMetrics) -> None:
        insert_sorted(RungScore.of(score, self.study.objective), self.rungs.setdefault(score.epoch, []))

    def _compare(self, row: TrialRow) -> None:
        """Let a complete trial be the best one, if it is."""
        if row.state == "complete":
            selected = self._selected[row.number if row.joined is not None else row.repeat_of or 0]
            key = self.study.objective.key(selected.validation, row.number)
            self._best = key if self._best is None else min(key, self._best)
