"""What a trial costs besides its training as their number grows: `python -m tests.benchmarks.growth [--most 10000]`.

The real coordinator, sampler, judge and database; the engines are replaced by a formula that answers at once. Prints
milliseconds per trial around each number of trials, by part, and the memory of the process.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from models.config.messages import EpochMetrics, LaneSpec
from models.datasets.source import Source
from search.config.study import Study
from search.config.study_files import load, override
from search.fleet.base import DatasetInfo
from search.fleet.fleet import Fleet
from search.loop import coordinator
from search.loop.coordinator import Spent
from search.loop.scheduler import TrialScheduler
from search.loop.snapshots import Snapshots
from search.record.fingerprint import fingerprint
from search.record.store import Store
from tests.benchmarks.work import print_table

FACTS = DatasetInfo(train=50_000, validation=10_000, shape=(1, 28, 28), classes=tuple("0123456789"))


class FormulaFleet(Fleet):
    """A fleet whose lanes learn by a formula: the nearer the rate to 0.2 and the wider the model, the better."""

    def __init__(self, study: Study) -> None:
        super().__init__(study.engines, provider=0)
        self._lanes: dict[int, tuple[LaneSpec, int]] = {}
        self._paused: dict[int, tuple[LaneSpec, int]] = {}

    def open(self, study: Study, source: Source, **how: object) -> DatasetInfo:  # type: ignore[override]
        return FACTS

    def tick(
        self, number: int, joining: Sequence[tuple[int, LaneSpec]], *, only: int | None = None
    ) -> list[EpochMetrics]:
        self._lanes |= {order.lane: self._paused.pop(order.lane, (order, 0)) for _, order in joining}
        scores = []
        for lane, (order, done) in sorted(self._lanes.items()):
            self._lanes[lane] = (order, done + 1)
            rate, hidden = float(order.parameters["learning_rate"]), float(order.parameters["hidden"])
            error = (0.02 + 0.05 * abs(rate - 0.2) + 1.0 / hidden) * (1.0 + 1.0 / (done + 1)) + lane % 97 * 1e-5
            scores.append(
                EpochMetrics(
                    lane=lane,
                    epoch=done + 1,
                    train={"loss": error, "accuracy": 1 - error},
                    validation={"loss": error, "accuracy": 1 - error},
                    seconds=0.0,
                )
            )
        return scores

    def drop(self, engine: int, lane: int) -> None:
        self._lanes.pop(lane, None)
        self._paused.pop(lane, None)

    def pause(self, engine: int, lane: int) -> None:
        self._paused[lane] = self._lanes.pop(lane)

    def save(self, folder: Path) -> None: ...


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=10_000)
    parser.add_argument("--sampler", default="gp", choices=["gp", "tpe", "random", "qmc"])
    given = parser.parse_args()
    marks = [mark for mark in (100, 1_000, 3_000, 10_000, 100_000) if mark <= given.most]
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as folder:
        pruner = "expected_gain" if given.sampler == "gp" else "successive_halving"
        study = override(load("mlp").study, trials=marks[-1], sampler=given.sampler, pruner=pruner)
        store = Store(f"sqlite:///{folder}/studies.db")
        record = store.begin("growth", study, fingerprint(study, "0" * 64, "cpu"), {}, "")
        with record.lease(), FormulaFleet(study) as fleet:
            search, spent = TrialScheduler(study, record, FACTS), Spent()
            window = 50  # trials over which a mark is measured
            since: tuple[float, dict[str, float], int] | None = None

            def after_tick() -> None:
                nonlocal since
                done, now = len(search.rows), time.perf_counter()
                if since is None and any(mark - window <= done < mark for mark in marks):
                    since = (now, dict(vars(spent)), done)
                elif since is not None and any(done >= mark > since[2] for mark in marks):
                    began, before, first = since
                    parts = [1e3 * (vars(spent)[part] - before[part]) / (done - first) for part in vars(spent)]
                    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                    rows.append([done, 1e3 * (now - began) / (done - first), *parts, memory])
                    since = None

            coordinator.run(
                search, fleet, Snapshots(record.folder / "snapshots", fleet), after_tick=after_tick, spent=spent
            )
    print_table(["trials", "ms per trial", *(f"ms {part}" for part in vars(Spent())), "MB (peak)"], rows)


if __name__ == "__main__":
    main()
