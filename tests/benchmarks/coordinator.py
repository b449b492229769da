"""How many lanes one coordinator can serve: `python -m tests.benchmarks.coordinator [--lanes 16 256] [--seconds 20]`.

The real loop, sampler, judge and record, on SQLite and on a PostgreSQL server of its own; engines are replaced by a
clock, so that a tick takes `--tick` seconds, 0 unless given, however many lanes there are. Prints milliseconds of
processor time a tick, by part, over the ticks after the first, in which every place is filled; then ticks and reports
for each second of processor time, the server's included; and reports by the clock on the wall, which on a machine with
other work tells less. `--url` takes another database, which should be empty.
"""

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import optuna

from models.config.messages import EpochMetrics, LaneSpec
from search.config.study import Study
from search.config.study_files import load, override
from search.loop import coordinator
from search.loop.scheduler import TrialScheduler
from search.loop.snapshots import snapshots_of
from search.record.fingerprint import fingerprint
from search.record.store import Store
from tests.benchmarks.growth import FACTS, FormulaFleet
from tests.benchmarks.work import print_row, print_table
from tests.support.servers import Server, binaries

ENGINES = 4
PARTS = ("drawing", "inserting", "recording", "judging", "telling", "the server")
RATES = ("ticks a second", "reports a second", "by the clock on the wall")


class ClockFleet(FormulaFleet):
    """Engines that take a stated time for a tick, whatever they train."""

    def __init__(self, study: Study, tick_seconds: float) -> None:
        super().__init__(study)
        self._tick_seconds, self.reports = tick_seconds, 0

    def tick(
        self, number: int, joining: Sequence[tuple[int, LaneSpec]], *, only: int | None = None
    ) -> list[EpochMetrics]:
        began = time.perf_counter()
        scores = super().tick(number, joining)
        self.reports += len(scores)
        time.sleep(max(0.0, self._tick_seconds - (time.perf_counter() - began)))
        return scores


class Meter:
    """Counts the seconds of processor time that calls take, by part."""

    def __init__(self) -> None:
        self.spent = Counter[str]()

    def watch(self, of: Any, method: str, part: Callable[..., str]) -> None:
        """Let calls of a method be counted from now on; `part` names what they are about, from what they are given."""
        called = getattr(of, method)

        def counted(*given: Any, **named: Any) -> Any:
            began = time.process_time()
            try:
                return called(*given, **named)
            finally:
                self.spent[part(*given, **named)] += time.process_time() - began

        setattr(of, method, counted)


def about(tick: int, **what: Any) -> str:
    """What a write is mostly about."""
    return "inserting" if what.get("begun") else "recording" if what.get("scores") else "telling"


def simulate(
    url: str, served: Callable[[], float], lanes: int, sampler: str, tick_seconds: float, seconds: float
) -> list[object]:
    """One study until the time is over; returns a row of the table. `served` gives the server's processor time."""
    study = override(load("mlp").study, trials=1_000_000, sampler=sampler, engines=ENGINES, lanes=lanes // ENGINES)
    record = Store(url).begin(f"{sampler}-{lanes}", study, fingerprint(study, "0" * 64, "cpu"), {}, "")
    meter, marks = Meter(), list[tuple[float, float, float, int, Counter[str]]]()
    meter.watch(record, "write", about)
    with record.lease(), ClockFleet(study, tick_seconds) as fleet:
        search = TrialScheduler(study, record, FACTS)
        for step in ("admit", "record", "settle"):
            meter.watch(search, step, lambda *_, step=step: step)

        def mark() -> None:
            marks.append((time.perf_counter(), time.process_time(), served(), fleet.reports, Counter(meter.spent)))

        def enough() -> bool:
            if search.tick == 1:
                mark()
            return search.tick > 3 and time.perf_counter() - marks[1][0] > seconds

        mark()
        # The snapshots of a fleet without tensors are empty: their clock stands still, and none is taken.
        coordinator.run(search, fleet, snapshots_of(record, fleet, clock=lambda: 0.0), pause=enough)
        mark()
    began, filled, ended = marks
    ticks, reports = search.tick - 1, ended[3] - filled[3]
    wall, ours, theirs = (ended[clock] - filled[clock] for clock in range(3))
    part = Counter({name: ended[4][name] - filled[4][name] for name in ended[4]})
    drawing = part["admit"] - part["inserting"]
    judging = part["record"] + part["settle"] - part["recording"] - part["telling"]
    spent = (drawing, part["inserting"], part["recording"], judging, part["telling"], theirs)
    return [
        filled[1] - began[1] + filled[2] - began[2],
        ticks,
        *(1e3 * each / ticks for each in spent),
        ticks / (ours + theirs),
        round(reports / (ours + theirs)),
        round(reports / wall),
    ]


@contextmanager
def databases(url: str | None) -> Iterator[dict[str, tuple[str, Callable[[], float]]]]:
    """The databases to measure, by kind: address, and what tells the processor time of its server."""
    if url is not None:
        yield {url.partition(":")[0]: (url, lambda: 0.0)}
        return
    with tempfile.TemporaryDirectory() as folder:
        found: dict[str, tuple[str, Callable[[], float]]] = {"SQLite": (f"sqlite:///{folder}/it.db", lambda: 0.0)}
        where = binaries()
        if where is None:
            yield found
            return
        server = Server(where, durable=True)
        try:
            yield found | {"PostgreSQL": (server.new(), server.cpu_seconds)}
        finally:
            server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lanes", type=int, nargs="+", default=[16, 256, 1_000, 10_000])
    parser.add_argument("--sampler", nargs="+", default=["tpe", "random"])
    parser.add_argument("--tick", type=float, default=0.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--url")
    given = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    print_table(["database", "sampler", "lanes", "s to fill", "ticks", *PARTS, *RATES], [])
    with databases(given.url) as found:
        for kind, (url, served) in found.items():
            for sampler in given.sampler:
                for lanes in given.lanes:
                    row = simulate(url, served, lanes, sampler, given.tick, given.seconds)
                    print_row([kind, sampler, lanes, *row])


if __name__ == "__main__":
    main()
