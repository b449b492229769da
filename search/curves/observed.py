"""What a search has seen of its trials' curves up to a tick, as a curve process takes it. Reads the history alone."""

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from search.curves.kernels import Scores
from search.samplers.unit_cube import features

if TYPE_CHECKING:
    from search.loop.history import SearchHistory

WORST = -5.0  # what a trial counts as that diverged: a gap of 150 times that of the median
EARLY = 2  # an epoch whose score is always looked at, to know how steep curves begin


class Observed(NamedTuple):
    """Trials with scores, and these.

    Attributes:
        numbers: The trials, in the order of the rows of `scores.points`.
        scores: 0 is the best value so far; the gap to it is measured by the median's and its logarithm taken, so that
            neither bad trials hide what good ones differ by, nor good ones how bad the others were. Their spread is 1.
        best: The best value so far, turned so that higher is better.
        unit: The spread of the logarithms, by which they are divided.
        spread: By how much the best value so far is above the median of the newest ones.
    """

    numbers: list[int]
    scores: Scores
    best: float
    unit: float
    spread: float

    def score(self, value: float) -> float:
        """Return the score that stands for a value of the objective, higher is better: the inverse of `value`."""
        return -math.log1p((self.best - value) / self.spread) / self.unit

    def value(self, score: float) -> float:
        """Return the value of the objective, higher is better, that a score stands for."""
        return self.best - self.spread * math.expm1(-score * self.unit)


def observed(history: "SearchHistory", tick: int, at_most: int, which: int = 0) -> Observed | None:
    """Return the scores up to a tick, each trial's newest and those where trials wait.

    Args:
        history: The search.
        tick: The last one that counts.
        at_most: Trials: of more, the better half of them by their newest scores, and the newest.
        which: 0 for the objective, 1 for the one beside it.

    Returns:
        None where fewer than two trials have scores, or all scores are equal.
    """
    curves = {number: curve for number in sorted(history.curves) if (curve := _values(history, number, tick, which))}
    finite = {number: curve for number, curve in curves.items() if math.isfinite(curve[-1])}
    if len(finite) < 2:
        return None
    newest = np.array([curve[-1] for curve in finite.values()])
    best = max(max(curve) for curve in finite.values())
    spread = best - float(np.median(newest))
    if spread <= 0:
        return None
    if len(curves) > at_most:
        ranked = sorted(finite, key=lambda number: (-finite[number][-1], number))
        chosen = ranked[: at_most // 2]
        others = curves.keys() - set(chosen)
        chosen += sorted(others, reverse=True)[: at_most - len(chosen)]
        curves = {number: curves[number] for number in sorted(chosen)}
    epochs = history.study.epochs
    checkpoints = (EARLY, *history.study.pruner.rungs(epochs))
    trial, ahead, values = [], [], []
    for row, curve in enumerate(curves.values()):
        if not math.isfinite(curve[-1]):
            seen = {epochs: WORST}
        else:
            at = {*(epoch for epoch in checkpoints if epoch < len(curve)), len(curve)}
            seen = {epoch: -math.log1p((best - curve[epoch - 1]) / spread) for epoch in sorted(at)}
        for epoch, value in seen.items():
            trial.append(row)
            ahead.append(math.log(epochs / epoch) / math.log(epochs) if epochs > 1 else 0.0)
            values.append(value)
    unit = float(np.std(values)) or 1.0
    points = np.array([features(history.study.space, history.rows[number].params) for number in curves])
    scores = Scores(points, np.array(trial), np.array(ahead), np.array(values) / unit)
    return Observed(list(curves), scores, best, unit, spread)


def newest_value(history: "SearchHistory", number: int, which: int = 0) -> float:
    """Return what a trial has come to by now, higher is better; NaN where it diverged."""
    return _values(history, number, history.tick, which)[-1]


def _values(history: "SearchHistory", number: int, tick: int, which: int = 0) -> list[float]:
    """Return a trial's values up to a tick, higher is better; NaN where it diverged.

    Where a trial's best epoch counts, the value at each epoch is the best until then; that of the objective beside it
    is the one of that epoch.
    """
    objective, best, beside = history.study.objective, -math.inf, -math.inf
    values = []
    for score, at in zip(history.curves[number], history.ticks[number], strict=True):
        if at > tick:
            break
        value = -objective.cost(score.value) if math.isfinite(score.key[0]) else math.nan
        if which and score.point is not None:
            beside = beside if value <= best and history.study.keep == "best" else -score.point[1]
            best = max(best, value)
            values.append(math.nan if math.isnan(value) else beside)
            continue
        best = max(best, value)
        values.append(value if history.study.keep == "last" or math.isnan(value) else best)
    return values
