"""How right the time left is that a search tells: `python -m tests.benchmarks.time_left [--storage URL] [STUDY ...]`.

Replays searches of a database that are over. After each tick the work that is expected is held against the work that
was done from there on, both in seconds of engines, so that neither a busy machine nor idle engines count.
"""

import argparse
import math
from collections import Counter
from itertools import groupby
from operator import itemgetter
from statistics import fmean

from models.config.messages import EpochMetrics
from search.cli.work import best_first, planned_trials, work_left
from search.options import DEFAULT_STORAGE
from search.record.record import Record
from search.record.store import Store
from tests.benchmarks.work import print_table

LATEST = 0.9  # of the ticks: a few seconds before the end a factor says nothing


def told_and_true(record: Record) -> list[tuple[float, float]]:
    """Return the seconds that are expected after each tick, and those that came."""
    study, planned = record.study, planned_trials(record.study)
    rungs = study.pruner.rungs(study.epochs) if study.pruner.pauses else {}
    ticks = [(tick, [score for _, score in at]) for tick, at in groupby(record.scores(), key=itemgetter(0))]
    reached, epochs, seconds = Counter[int](), dict[int, int](), dict[int, float]()
    curves = dict[int, list[EpochMetrics]]()
    left, pairs = sum(score.seconds for _, scores in ticks for score in scores), []
    for index, (_, scores) in enumerate(ticks):
        for score in scores:
            reached[score.epoch] += 1
            epochs[score.lane], seconds[score.lane] = score.epoch, score.seconds
            curves.setdefault(score.lane, []).append(score)
            left -= score.seconds
        following = {score.lane for _, later in ticks[index + 1 : index + 2] for score in later}
        unfinished = {number: epoch for number, epoch in epochs.items() if epoch < study.epochs}
        paused = {number: curves[number] for number, epoch in unfinished.items() if epoch in rungs}
        waiting = best_first(paused, study.objective)
        training = {n: epoch for n, epoch in unfinished.items() if n not in waiting and n in following}
        told = work_left(study, planned - len(epochs), reached, training, waiting, seconds)
        pairs.append((told, left))
    return pairs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", nargs="*", metavar="STUDY", help="all, if none is named")
    parser.add_argument("--storage", default=DEFAULT_STORAGE)
    given = parser.parse_args()
    store, rows = Store(given.storage), list[list[object]]()
    for name in given.studies or sorted(store.names()):
        record = store.find(name)
        pairs = told_and_true(record) if record is not None else []
        pairs = [(told, true) for told, true in pairs[: math.floor(LATEST * len(pairs))] if told > 0 and true > 0]
        if pairs:
            ratios = [math.log(told / true) for told, true in pairs]
            off, first = math.exp(fmean(map(abs, ratios))), math.exp(ratios[0])
            rows.append([name, len(pairs), f"{pairs[0][1]:.0f}", f"{first:.2f}", f"{off:.2f}"])
    print_table(["study", "ticks", "seconds after the first", "told then, of that", "mean factor off"], rows)


if __name__ == "__main__":
    main()
