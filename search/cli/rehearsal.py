"""A rehearsal: some minibatches of what a study would train, and from them about how long all of it takes.

Called by check.py. Uses a fleet as a run does, so that the same processes share the same cores, and no database.
"""

import math
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from models.config.base import Parameters
from models.config.messages import LaneSpec
from models.datasets.source import Source
from models.seeds import derive
from search.cli.eta import expected_epochs, planned
from search.config.conditions import kept
from search.config.pruners import SuccessiveHalving
from search.config.samplers import Random
from search.config.space import Choice, Int, Range
from search.config.study import Study
from search.fleet.base import DatasetInfo, HostProvider
from search.fleet.fleet import Fleet
from search.loop.balance import balanced
from search.samplers.optuna_mirror import Mirror
from search.samplers.registry import draw

DRAWN = 512  # configurations from which a company is chosen: their mean work is within some percent of the space's
FIRST = 4  # minibatches of the first ticks, which find out how many are affordable
SECONDS = 3.0  # what the tick should take that is measured
# A search keeps more than its judge's rule says, as nobody is cut before there are rivals, and the last trials have
# none that come after. In eight searches of ours on MNIST, FashionMNIST and digits it kept 0.9 to 1.6 times as much.
KEPT = 1.6
TRIAL_SECONDS = 0.012  # to draw a trial by TPE and to record it, with 100 trials in the record


@dataclass(frozen=True)
class Ticked:
    """A tick of one configuration, or of several."""

    parameters: Parameters  # of the first
    seconds: float
    finite: bool  # whether every loss was a number


@dataclass(frozen=True)
class Rehearsed:
    """What a rehearsal came to, in seconds of whole epochs."""

    dataset_info: DatasetInfo
    middle: Ticked  # of the space, by work, alone
    heaviest: Ticked
    start: float  # seconds until the engines had the data
    tick: float  # seconds for as many trials as live at a time,
    places: int  # which are so many
    notes: tuple[str, ...]  # of the fleet: what the user should know of how lanes are trained
    peak: int  # bytes of the largest process, 0 where that is unknown


def rehearse(study: Study, source: Source, where: int | HostProvider, *, device: str) -> Rehearsed:
    """Train one lane of the middle and the heaviest of the space, then a whole company, for a little while each.

    `where` is the fleet's: the number of worker processes, or the machines of a cluster.
    """
    began = time.monotonic()
    with Fleet(study.engines, where) as fleet:
        at_most = FIRST * _largest_batch(study)
        dataset_info = fleet.open(study, source, device=device, at_most=at_most)
        start = time.monotonic() - began
        by_work = _by_work(study, dataset_info)
        many = min(study.places, planned(study))
        companies = [
            [by_work[len(by_work) // 2]],
            [by_work[-1]],
            [by_work[int((place + 0.5) * len(by_work) / many)] for place in range(many)],
        ]
        for company in companies:  # the first steps of a process are slow: they tell no more than whether it can
            _tick(study, fleet, dataset_info, company)
        took = [_tick(study, fleet, dataset_info, company) for company in companies]
        if at_most < dataset_info.train and took[-1].seconds < SECONDS:
            at_most = int(min(dataset_info.train, at_most * max(2.0, SECONDS / took[-1].seconds)))
            fleet.open(study, source, device=device, at_most=at_most)
            took = [_tick(study, fleet, dataset_info, company) for company in companies]
        notes = tuple(fleet.notes)
    scale = max(1.0, dataset_info.train / at_most)
    middle, heaviest, tick = (replace(it, seconds=it.seconds * scale) for it in took)
    return Rehearsed(dataset_info, middle, heaviest, start, tick.seconds, many, notes, _peak(where))


def expected(study: Study, rehearsed: Rehearsed) -> tuple[float, tuple[float, float] | None]:
    """Return the seconds of the whole search: with every trial trained to its end, and with what pruning leaves.

    The latter from what the judge's rule leaves to what searches were seen to keep; None where no rule is known.
    """
    # An engine's tick takes a fixed time and one for each of its lanes; of the company it has so many:
    lanes = math.ceil(rehearsed.places / study.engines)
    alone = min(rehearsed.middle.seconds, rehearsed.tick)
    each = (rehearsed.tick - alone) / (lanes - 1) if lanes > 1 else rehearsed.tick
    fixed = max(0.0, alone - each)
    each = (rehearsed.tick - fixed) / lanes
    trials = planned(study)

    def took(epochs: float) -> float:
        """With so many epochs a trial, on average."""
        # Behind the trials that find all places taken come the epochs of the last, which may go on to the end.
        ticks = (trials - rehearsed.places) * epochs / rehearsed.places + study.epochs
        return rehearsed.start + trials * TRIAL_SECONDS + ticks * fixed + trials * epochs * each / study.engines

    if not isinstance(study.pruner, SuccessiveHalving):
        return took(study.epochs), None
    by_rule = expected_epochs(study)[0]
    return took(study.epochs), (took(by_rule), took(min(KEPT * by_rule, study.epochs)))


def _tick(study: Study, fleet: Fleet, dataset_info: DatasetInfo, company: Sequence[Parameters]) -> Ticked:
    """Train a company for a tick, and let it leave."""
    orders = [
        LaneSpec(lane=lane, parameters=it, seed=derive(study.seed, "initial", lane)) for lane, it in enumerate(company)
    ]
    work = {
        order.lane: study.flops_per_example(dataset_info.shape, len(dataset_info.classes), order.parameters)
        for order in orders
    }
    engines = balanced(work, {}, study.lanes_of)
    began = time.monotonic()
    scores = fleet.tick(1, [(engines[order.lane], order) for order in orders])
    seconds = time.monotonic() - began
    for lane, engine in engines.items():
        fleet.drop(engine, lane)
    return Ticked(company[0], seconds, all(math.isfinite(score.train["loss"]) for score in scores))


def _largest_batch(study: Study) -> int:
    of = study.space.get("batch_size")
    return of.high if isinstance(of, Int) else int(study.fixed.get("batch_size", study.batch_size))


def _by_work(study: Study, dataset_info: DatasetInfo) -> list[Parameters]:
    """Configurations from all over the space, the least work first, and last the one with everything at its top."""
    at_random = study.model_copy(update={"sampler": Random(), "baselines": ()})
    mirror = Mirror(at_random)
    drawn = [draw(at_random, number, mirror) for number in range(max(DRAWN, study.places))]
    top = kept(study.space, {name: _top(of) for name, of in study.space.items()})
    configurations = [study.to_external(it) for it in [*drawn, top] if it is not None]
    return sorted(
        configurations, key=lambda it: study.flops_per_example(dataset_info.shape, len(dataset_info.classes), it)
    )


def _top(of: Range) -> bool | int | float | str:
    return of.values[-1] if isinstance(of, Choice) else of.high


def _peak(where: int | HostProvider) -> int:
    """The most memory that one of the workers has had, or this process where it has none; in bytes, 0 if unknown."""
    if not isinstance(where, int):
        return 0
    usage = resource.getrusage(resource.RUSAGE_CHILDREN if where else resource.RUSAGE_SELF)
    return usage.ru_maxrss * 1024  # Linux counts kilobytes
