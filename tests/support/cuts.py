"""Searches in this process that break off before one of their writes, as a kill would break them off."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, repeat

from sqlalchemy.engine import Connection

from models.datasets.source import Source
from search.config.study import Study
from search.fleet.base import HostProvider
from search.fleet.fleet import Fleet
from search.loop import coordinator
from search.loop.kept_outputs import KeptOutputs
from search.loop.scheduler import TrialScheduler
from search.loop.snapshots import snapshots_of
from search.record.fingerprint import fingerprint
from search.record.record import Record
from search.record.store import Store


class Cut(BaseException):
    """The run breaks off here: nobody catches this, and nothing is written after it."""


class Brittle(Record):
    """A record that breaks off before one of its writes. Each is a transaction, so a kill can leave nothing else."""

    writes_left: int

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        self.writes_left -= 1
        if self.writes_left < 0:
            raise Cut
        with super().writing() as connection:
            yield connection


def run(
    study: Study,
    url: str,
    digits: Source,
    *,
    workers: int | HostProvider = 0,
    pause: Callable[[], bool] = lambda: False,
    always_keep: bool = False,
    cut_before: int | None = None,
) -> bool:
    """Search `small`, breaking off before so many writes; `always_keep` takes a snapshot after every tick."""
    record = Store(url).begin("small", study, fingerprint(study, digits.sha256, "cpu"), {}, "")
    if cut_before is not None:
        record.__class__, record.writes_left = Brittle, cut_before  # type: ignore[attr-defined]
    with record.lease(), Fleet(study.engines, workers) as fleet:
        dataset_info = fleet.open(study, digits)
        clock = chain([0.0], repeat(2.0)).__next__ if always_keep else lambda: 0.0
        kept = snapshots_of(record, fleet, clock=clock)
        scheduler = TrialScheduler(study, record, dataset_info, KeptOutputs(record, fleet))
        return coordinator.run(scheduler, fleet, kept, pause=pause)


def after(ticks: int) -> Callable[[], bool]:
    """Return a `pause` that says so after so many ticks."""
    answers = chain(repeat(False, ticks - 1), repeat(True))
    return lambda: next(answers)


def cut_before(write: int, study: Study, url: str, digits: Source, *, always_keep: bool) -> bool:
    """Return whether the run broke off there; else it came to its end."""
    try:
        return not run(study, url, digits, always_keep=always_keep, cut_before=write)
    except Cut:
        return True
