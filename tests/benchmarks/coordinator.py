"""How many lanes one coordinator can serve: `python -m tests.benchmarks.coordinator [--lanes 16 256] [--seconds 20]`.

The real loop, sampler, judge and record, on SQLite and on a PostgreSQL server of its own; engines are replaced by a
clock, so that a tick takes `--tick` seconds, 0 unless given, however many lanes there are. Prints what a tick costs the
coordinator, by part, and how many scores it takes a second, over the ticks after the first, in which every place is
filled. `--url` takes another database, which should be empty.
"""

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import optuna

from models.recipe import Order, Score
from search import coordinator
from search.catalog import load, override
from search.coordinator import Spent
from search.record import Record
from search.snapshots import snapshots_of
from search.spec import Study
from search.storage import Store, fingerprint
from search.work import Search
from tests.benchmarks.growth import FACTS, FormulaFleet
from tests.benchmarks.work import print_row, print_table
from tests.servers import Server, binaries

ENGINES = 4
PARTS = ("drawing", "inserting", "recording", "judging", "telling")


class ClockFleet(FormulaFleet):
    """Engines that take a stated time for a tick, whatever they train."""

    def __init__(self, study: Study, tick_seconds: float) -> None:
        super().__init__(study)
        self._tick_seconds, self.reports = tick_seconds, 0

    def tick(self, number: int, joining: Sequence[tuple[int, Order]], *, only: int | None = None) -> list[Score]:
        began = time.perf_counter()
        scores = super().tick(number, joining)
        self.reports += len(scores)
        time.sleep(max(0.0, self._tick_seconds - (time.perf_counter() - began)))
        return scores


def timed(record: Record, spent: Counter[str]) -> None:
    """Let a record count the seconds that its writes take, by what they are mostly about."""
    write = record.write

    def counted(tick: int, **what: Any) -> None:
        part = "inserting" if what.get("begun") else "recording" if what.get("scores") else "telling"
        began = time.perf_counter()
        write(tick, **what)
        spent[part] += time.perf_counter() - began

    record.write = counted  # type: ignore[method-assign]


def simulate(url: str, lanes: int, sampler: str, tick_seconds: float, seconds: float) -> list[object]:
    """One study until the time is over; returns a row of the table."""
    study = override(load("mlp").study, trials=1_000_000, sampler=sampler, engines=ENGINES, lanes=lanes // ENGINES)
    record = Store(url).begin(f"{sampler}-{lanes}", study, fingerprint(study, "0" * 64, "cpu"), {}, "")
    spent, writes = Spent(), Counter[str]()
    timed(record, writes)
    first: tuple[float, int, dict[str, float], Counter[str]] | None = None
    began = time.perf_counter()
    with record.lease(), ClockFleet(study, tick_seconds) as fleet:
        search = Search(study, record, FACTS)

        def enough() -> bool:
            nonlocal first
            now = time.perf_counter()
            if first is None:
                first = now, fleet.reports, dict(vars(spent)), Counter(writes)
            return search.tick > 3 and now - first[0] > seconds

        # The snapshots of a fleet without tensors are empty: their clock stands still, and none is taken.
        kept = snapshots_of(record, fleet, clock=lambda: 0.0)
        coordinator.run(search, fleet, kept, pause=enough, spent=spent)
    assert first is not None
    filled, reports, before, written = first
    wall, ticks = time.perf_counter() - filled, search.tick - 1
    of_loop = {part: seconds - before[part] for part, seconds in vars(spent).items()}
    of_writes = Counter({part: writes[part] - written[part] for part in writes})
    cost = {
        "drawing": of_loop["sampling"] - of_writes["inserting"],
        "inserting": of_writes["inserting"],
        "recording": of_writes["recording"],
        "judging": of_loop["recording"] + of_loop["judging"] - of_writes["recording"] - of_writes["telling"],
        "telling": of_writes["telling"],
    }
    its_own = sum(cost.values())
    reports = fleet.reports - reports
    return [
        filled - began,
        ticks,
        1e3 * its_own / ticks,
        *(1e3 * cost[part] / ticks for part in PARTS),
        ticks / its_own,
        round(reports / its_own),
        f"{its_own / wall:.0%}",
    ]


@contextmanager
def databases(url: str | None) -> Iterator[dict[str, str]]:
    """The databases to measure, by kind."""
    if url is not None:
        yield {url.partition(":")[0]: url}
        return
    with tempfile.TemporaryDirectory() as folder:
        found = {"SQLite": f"sqlite:///{folder}/studies.db"}
        where = binaries()
        if where is None:
            yield found
            return
        server = Server(where, durable=True)
        try:
            yield found | {"PostgreSQL": server.new()}
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
    head = ["database", "sampler", "lanes", "s to fill", "ticks", "ms a tick", *PARTS]
    print_table([*head, "ticks a second", "reports a second", "load"], [])
    with databases(given.url) as urls:
        for kind, url in urls.items():
            for sampler in given.sampler:
                for lanes in given.lanes:
                    print_row([kind, sampler, lanes, *simulate(url, lanes, sampler, given.tick, given.seconds)])


if __name__ == "__main__":
    main()
