"""The engine of external trials: one epoch of each, in turn. Torch-free.

A trial that is paused, or waits for its turn, stands still where it is. No snapshot can hold that: one that is taken up
again after a kill is trained from its start, with the same seed, up to where it was. Where it then tells other metrics
than before, those that are recorded stay, and a note says so. Knows no trial's fate.
"""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from models.config.base import Parameters
from models.config.messages import EpochMetrics, LaneSpec
from models.config.recipe import Recipe
from models.families.external.base import ExternalConfig, ExternalRun, ExternalTrial, TrialFailed

SEEDS = 2**31  # NumPy takes no seed above 2^32, and many programs none above 2^31


@dataclass
class _Lane:
    spec: LaneSpec
    told: list[dict[str, float]] = field(default_factory=list)  # the metrics of each epoch
    trial: ExternalTrial | None = None  # None before its first epoch in this process
    ended: bool = False  # by itself
    failed: str | None = None  # why it cannot go on


class ExternalEngine:
    """Trials of one external family.

    Args:
        recipe: Says the family, how many epochs a trial has, and the metrics that are recorded, the objective's first.
        logs: The folder for what trials print; None for none.
        threads: What a trial should take.
    """

    suffix = ".json"  # of a snapshot

    def __init__(self, recipe: Recipe, logs: Path | None, threads: int) -> None:
        assert isinstance(recipe.family, ExternalConfig)
        self._family, self._epochs, self._metrics = recipe.family, recipe.epochs, recipe.metrics
        self._logs, self._threads = logs, threads
        self._lanes: dict[int, _Lane] = {}
        self._paused: dict[int, _Lane] = {}
        self.notes: list[str] = []

    def add(self, spec: LaneSpec) -> None:
        """Add a trial, or one that is paused; it trains from the next tick on."""
        self._lanes[spec.lane] = self._paused.pop(spec.lane) if spec.resumed else _Lane(spec)

    def pause(self, lane: int) -> None:
        """Keep a trial where it is."""
        self._paused[lane] = self._lanes.pop(lane)

    def drop(self, lane: int) -> None:
        """End a trial, whether it trains or is paused."""
        trial = (self._lanes if lane in self._lanes else self._paused).pop(lane).trial
        if trial is not None:
            trial.close()

    @property
    def lanes(self) -> list[int]:
        """The trials that train here."""
        return list(self._lanes)

    def lane_bytes(self, parameters: Parameters) -> int:
        """Return 0: what a trial that stands still takes is not known."""
        return 0

    def tick(self, number: int, only: int | None = None) -> list[EpochMetrics]:
        """Train every trial, or only one, for an epoch."""
        return [self._train(lane) for key, lane in self._lanes.items() if only in (None, key)]

    def save(self, path: Path) -> None:
        """Write what each trial has told so far."""
        lanes = [(lane, False) for lane in self._lanes.values()] + [(lane, True) for lane in self._paused.values()]
        kept = [{"order": lane.spec.model_dump(), "told": lane.told, "paused": paused} for lane, paused in lanes]
        path.write_text(json.dumps(kept))

    def load(self, path: Path) -> None:
        """Add the trials of a file that `save` wrote; each is trained again when its turn comes."""
        for kept in json.loads(path.read_text()):
            lane = _Lane(LaneSpec.model_validate(kept["order"]), kept["told"])
            (self._paused if kept["paused"] else self._lanes)[lane.spec.lane] = lane

    def _train(self, lane: _Lane) -> EpochMetrics:
        began = time.perf_counter()
        if lane.trial is None:
            self._begin(lane)
        metrics = self._next(lane)
        lane.told.append(metrics)
        return EpochMetrics(
            lane=lane.spec.lane,
            epoch=len(lane.told),
            train={},
            validation=metrics,
            seconds=time.perf_counter() - began,
            failed=lane.failed,
        )

    def _begin(self, lane: _Lane) -> None:
        """Start a trial, and train it up to where it was."""
        spec = lane.spec
        log = None if self._logs is None else self._logs / f"trial-{spec.lane}.log"
        seed = spec.seed % SEEDS
        run = ExternalRun(spec.lane, spec.parameters, seed, self._epochs, self._metrics, self._threads, log)
        lane.trial = self._family.train(run)
        before, lane.told = lane.told, []
        for _ in before:
            lane.told.append(self._next(lane))
        if any(not _same(old, new) for old, new in zip(before, lane.told, strict=True)):
            self.notes.append(
                f"trial {spec.lane} came out otherwise when it was trained again up to where it was; what was recorded "
                "stays. Seed whatever is random in it, so that a trial is the same after a kill"
            )

    def _next(self, lane: _Lane) -> dict[str, float]:
        """Return the metrics of a trial's next epoch: its last ones where it has ended, NaN where it has failed."""
        assert lane.trial is not None
        if lane.failed is None and not lane.ended:
            try:
                told = next(lane.trial)
                return {name: float(told[name]) for name in self._metrics if name in told}
            except StopIteration:
                lane.ended = True
                if not lane.told:
                    lane.failed = "it ended before its first epoch"
            except TrialFailed as error:
                lane.failed = str(error)
        if lane.failed is not None:
            return dict.fromkeys(self._metrics[:1], math.nan)
        return lane.told[-1]


def _same(old: Mapping[str, float], new: Mapping[str, float]) -> bool:
    return old.keys() == new.keys() and all(
        math.isclose(value, new[name], rel_tol=1e-6) or (math.isnan(value) and math.isnan(new[name]))
        for name, value in old.items()
    )
