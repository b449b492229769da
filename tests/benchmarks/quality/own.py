"""Our own search, as it ships: the scheduler, its sampler and pruner, the record and the loop; only engines are curves.

`CurveFleet` stands where the fleet does. It answers a tick from known curves at once, so that what a search finds after
so many epochs is seen in seconds.
"""

import atexit
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from models.config.base import Parameters
from models.config.families import FamilyConfig
from models.config.messages import EpochMetrics, LaneSpec
from models.config.registry import FAMILIES
from search.config.study import Study
from search.fleet.base import DatasetInfo
from search.fleet.fleet import Fleet
from search.loop import coordinator
from search.loop.scheduler import TrialScheduler
from search.loop.snapshots import Snapshots
from search.record.fingerprint import fingerprint
from search.record.store import Store
from tests.benchmarks.quality.problem import Problem
from tests.benchmarks.quality.trace import Trace

SEARCHED: dict[str, Problem] = {}  # by their names
MANY = 100_000  # trials: the epochs are what ends a search here


class Curves(FamilyConfig):
    """A family whose models are curves: any parameter may be searched."""

    name: Literal["curves"] = "curves"
    parameters: tuple[str, ...]
    problem: str  # one of `SEARCHED`

    @property
    def required_parameters(self) -> frozenset[str]:  # type: ignore[override]
        return frozenset(self.parameters)

    def flops_per_example(self, shape: Sequence[int], classes: int, parameters: Parameters) -> float:
        return SEARCHED[self.problem].work(parameters)


@cache
def register_curves() -> None:
    """Add the family as another package would: by an entry point."""
    folder = TemporaryDirectory()
    atexit.register(folder.cleanup)
    about = Path(folder.name) / "studyhall_curves-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: studyhall-curves\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[studyhall.families]\ncurves = {__name__}:Curves\n")
    sys.path.append(folder.name)
    vars(FAMILIES).pop("_plugins", None)  # the entry points that were there when somebody asked before


class CurveFleet:
    """A fleet without engines: what a lane learns is read off its configuration's curve.

    A lane that leaves is kept, so that one that joins again under the same number goes on where it was.
    """

    can_expand = False

    def __init__(self, problem: Problem, trace: Trace) -> None:
        self.notes: list[str] = []
        self._problem, self._trace = problem, trace
        self._curves: dict[int, NDArray[np.float64]] = {}
        self._epochs: dict[int, int] = {}
        self._live: set[int] = set()

    def tick(
        self, number: int, joining: Sequence[tuple[int, LaneSpec]], *, only: int | None = None
    ) -> list[EpochMetrics]:
        """Let lanes join, and return the next epoch of all."""
        for _, spec in joining:
            self._live.add(spec.lane)
            if spec.lane not in self._curves:
                self._curves[spec.lane], self._epochs[spec.lane] = self._problem.curve(spec.parameters), 0
        scores = [self._next(lane) for lane in sorted(self._live)]
        self._trace.tick()
        return scores

    def _next(self, lane: int) -> EpochMetrics:
        accuracy, loss, cost = self._curves[lane][self._epochs[lane]]
        self._epochs[lane] += 1
        self._trace.epoch(float(accuracy), float(cost))
        metrics = {"accuracy": float(accuracy), "loss": float(loss)}
        return EpochMetrics(lane=lane, epoch=self._epochs[lane], train=metrics, validation=metrics, seconds=0.0)

    def drop(self, engine: int, lane: int) -> None:
        """Let a lane leave."""
        self._live.discard(lane)

    def pause(self, engine: int, lane: int) -> None:
        """Let a lane leave that may join again."""
        self._live.discard(lane)

    def lanes(self) -> list[int]:
        """Return all lanes, sorted."""
        return sorted(self._live)

    def rebuild(self) -> None:
        """Forget all lanes."""
        self._live.clear()

    def save(self, folder: Path) -> None:
        """Write nothing: no search here is taken up again."""


def search(
    problem: Problem,
    seed: int,
    limit: int,
    *,
    settings: Mapping[str, Any],
    lanes: int = 16,
) -> Trace:
    """Search a problem with Studyhall.

    Args:
        problem: What is searched.
        seed: Of the study.
        limit: Epochs to be spent.
        settings: Fields of the study, `sampler` and `pruner`; what is left out is as it ships.
        lanes: Trials at a time, on two engines where there are several.
    """
    register_curves()
    SEARCHED[problem.name] = problem
    engines = 2 if lanes > 1 else 1
    study = Study(
        family=Curves(parameters=tuple(problem.space), problem=problem.name),
        epochs=problem.epochs,
        space=problem.space,
        trials=MANY,
        engines=engines,
        lanes=lanes // engines,
        seed=seed,
        **settings,
    )
    trace = Trace(limit)
    with _record(study, f"{problem.name}-{seed}") as record:
        fleet = cast(Fleet, CurveFleet(problem, trace))
        scheduler = TrialScheduler(study, record, DatasetInfo(1, 1, (1,), ("0", "1")))
        snapshots = Snapshots(record.folder / "snapshots", fleet, clock=lambda: 0.0)  # at its clock none is ever due
        coordinator.run(scheduler, fleet, snapshots, pause=lambda: trace.over)
    return trace


@contextmanager
def _record(study: Study, name: str) -> Iterator[Any]:
    with TemporaryDirectory() as folder:
        record = Store(f"sqlite:///{folder}/studies.db").begin(name, study, fingerprint(study, "", "cpu"), {}, "")
        with record.lease():
            yield record
