"""What a search is expected to train yet, in seconds of its engines, and how long that takes on the clock.

Trials differ by what an epoch of them takes, so work is counted in seconds and not in epochs.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from models.config.messages import EpochMetrics
from search.config.study import Study
from search.objective import Objective
from search.pruners.rung import RungScore

RECENT = 20  # moments over which the pace is measured: enough to even out, few enough to follow a slower machine
PRIOR_TRIALS = 4.0  # trials for which the pruner's own rule counts, beside those that were seen at an epoch


class Pace:
    """How long a search takes to spend a second of its engines, of late.

    Args:
        clock: Tells the seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._recent: deque[tuple[float, float]] = deque(maxlen=RECENT + 1)  # (time, seconds of engines spent)

    def note(self, spent: float) -> None:
        """Take in how many seconds of engines are spent by now."""
        if not self._recent or spent > self._recent[-1][1]:
            self._recent.append((self._clock(), spent))

    def clear(self) -> None:
        """Begin anew: the search went back, or another process trains it."""
        self._recent.clear()

    def seconds(self) -> float | None:
        """Return the seconds of the clock that a second of engines takes; None before that is known."""
        if len(self._recent) < 2:
            return None
        (since, before), (now, spent) = self._recent[0], self._recent[-1]
        return (now - since) / (spent - before)


def planned_trials(study: Study) -> int:
    """Return the number of trials in all: the budget, or fewer where the sampler has no more to propose."""
    most = study.sampler.max_proposals
    return study.trials if most is None else min(study.trials, study.opening + most)


def work_left(
    study: Study,
    unbegun: int,
    reached: Mapping[int, int],
    training: Mapping[int, int],
    waiting: Mapping[int, int],
    seconds: Mapping[int, float],
) -> float:
    """Return how many seconds of engines are still to be spent, about.

    Args:
        study: The study.
        unbegun: How many trials have not begun; each is taken to be the mean of those that have.
        reached: Epoch -> how many trials have trained it.
        training: Live trial -> epochs that it has trained.
        waiting: Paused trial -> epochs that it has trained, as `best_first` sorts them: the best go on.
        seconds: Trial that has begun -> seconds of its engine that an epoch takes.
    """
    ages, rules = Counter(training.values()), study.pruner.rungs(study.epochs)
    expected = expected_epochs(study, reached, ages)
    left = unbegun * expected[0] * fmean(seconds.values()) if unbegun else 0.0
    left += sum(seconds[number] * expected[age] for number, age in training.items())
    to_come: dict[int, float] = {}  # epoch -> how many of those that wait there are still expected to go on
    for age in set(waiting.values()):
        went_on, seen = reached.get(age + 1, 0) + ages[age], reached.get(age, 0)
        to_come[age] = max(0.0, _share(rules.get(age, 1.0), study.pruner.pauses, went_on, seen) * seen - went_on)
    for number, age in waiting.items():
        going = min(to_come[age], 1.0)
        to_come[age] -= going
        left += going * seconds[number] * expected[age]
    return left


def best_first(waiting: Mapping[int, Sequence[EpochMetrics]], objective: Objective) -> dict[int, int]:
    """Return how many epochs each paused trial has trained, the best by its newest epoch first.

    Args:
        waiting: Paused trial -> its curve.
        objective: What it is judged by.
    """
    keys = {number: RungScore.of(curve[-1], objective).key for number, curve in waiting.items()}
    return {number: len(waiting[number]) for number in sorted(keys, key=lambda number: keys[number])}


def expected_epochs(
    study: Study, reached: Mapping[int, int] | None = None, ages: Mapping[int, int] | None = None
) -> list[float]:
    """Return how many more epochs a trial trains after 0, 1, 2, ... epochs: by the trials so far and the pruner's rule.

    Live trials count as far as they have come (the product limit of Kaplan and Meier 1958).

    Args:
        study: The study.
        reached: Epoch -> how many trials have trained it.
        ages: Epoch -> how many live trials have trained it last.
    """
    reached, ages, rules = reached or {}, ages or {}, study.pruner.rungs(study.epochs)
    epochs = [0.0] * (study.epochs + 1)
    for epoch in range(study.epochs, 0, -1):
        went_on, seen = reached.get(epoch + 1, 0) + ages.get(epoch, 0), reached.get(epoch, 0)
        share = _share(rules.get(epoch, 1.0), study.pruner.pauses, went_on, seen)
        epochs[epoch - 1] = 1 + share * epochs[epoch]
    return epochs


def _share(rule: float, pauses: bool, went_on: int, seen: int) -> float:
    """Return the share of trials that go on after an epoch, when all is over.

    Args:
        rule: The share by the pruner's own rule.
        pauses: Whether who does not go on may still do so.
        went_on: Trials that were there and have gone on.
        seen: All trials that were there.
    """
    share = (went_on + PRIOR_TRIALS * rule) / (seen + PRIOR_TRIALS)
    return max(share, rule) if pauses else share
