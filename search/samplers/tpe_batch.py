"""TPE over the mirror: several trials from one estimate, made of a bounded number of trials.

An estimator is built afresh for every batch, and seeded by the batch's first trial, so that nothing hidden has to
survive a crash.
"""

import math
from collections.abc import Sequence, Set
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial

from models.config.base import Parameters
from models.seeds import derive
from search.optuna.internals import OpenTPESampler, fast_log_ndtr
from search.samplers.optuna_mirror import Mirror
from search.samplers.tpe import TPE

if TYPE_CHECKING:
    from search.config.study import Study


@dataclass
class _Batch:
    """What proposes the trials up to `end`."""

    sampler: optuna.samplers.BaseSampler
    shown: set[int] | None  # trials that it sees; None: all
    end: int  # the first trial behind the batch


def propose(settings: TPE, study: "Study", number: int, mirror: Mirror, batch_size: int) -> Parameters:
    """Return what TPE tries in a trial, which runs in the mirror from then on.

    Raises:
        RuntimeError: The trial is not the next one.
    """
    mirror.check_next(number)
    batch = mirror.sampler_state.get("tpe")
    if not isinstance(batch, _Batch) or number >= batch.end:
        sampler = _estimator(settings, study, number, mirror, batch_size)
        batch = _Batch(sampler, _shown(settings, study, number, mirror), number + batch_size)
        mirror.sampler_state["tpe"] = batch
    if isinstance(batch.sampler, BatchTPESampler):
        while (ready := batch.sampler.take(study.space.keys())) is not None:
            if mirror.allows(ready):
                return mirror.run(ready)
    return mirror.ask(number, batch.sampler, batch.shown)


def _estimator(
    settings: TPE, study: "Study", number: int, mirror: Mirror, batch_size: int
) -> optuna.samplers.BaseSampler:
    seed = derive(study.seed, "tpe", number) % 2**32
    if mirror.informative < settings.startup:  # TPE would draw these at random as well, but reads all trials before
        return optuna.samplers.RandomSampler(seed)
    return BatchTPESampler(
        batch_size,
        seed=seed,
        n_startup_trials=settings.startup,
        multivariate=True,
        constant_liar=True,  # live trials repel: many are drawn before the first has ended
    )


def _shown(settings: TPE, study: "Study", number: int, mirror: Mirror) -> set[int] | None:
    """The trials that an estimate is made from, so that a draw takes no longer the more there are. None: all.

    Of finished trials the best sixth of `considered` and a random sample of the others; of live ones a random sample
    of a third of `considered`.
    """
    finished, live = mirror.finished, sorted(mirror.live)
    most = settings.considered // 3
    if len(finished) <= settings.considered and len(live) <= most:
        return None
    if len(finished) > settings.considered:
        best = settings.considered // 6
        rest = _sample(finished[best:], settings.considered - best, derive(study.seed, "considered", number))
        finished = finished[:best] + rest
    if len(live) > most:
        live = _sample(live, most, derive(study.seed, "live", number))
    return {*finished, *live}


def _sample(trials: Sequence[int], size: int, seed: int) -> list[int]:
    generator = np.random.Generator(np.random.PCG64(seed))
    return [trials[index] for index in generator.choice(len(trials), size, replace=False)]


class BatchTPESampler(OpenTPESampler):
    """TPE that proposes several trials from one estimate, each the best of as many candidates as usual.

    The estimate is what takes long, and for a thousand free lanes a thousand estimates would hardly differ.

    Args:
        batch_size: Trials proposed from one estimate.
        settings: Arguments of `optuna.samplers.TPESampler`.
    """

    def __init__(self, batch_size: int, **settings: Any) -> None:
        super().__init__(**settings)
        self._batch_size, self._drawing = batch_size, 1
        self._shared_space: dict[str, BaseDistribution] | None = None
        self._ready: list[dict[str, Any]] = []  # parameters that every trial has, for the rest of the batch

    def take(self, names: Set[str]) -> dict[str, Any] | None:
        """Return what was prepared for the next trial, if these are all its parameters."""
        return self._ready.pop(0) if self._ready and self._ready[0].keys() == names else None

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return the parameters that every trial has."""
        if self._shared_space is None:
            self._shared_space = super().infer_relative_search_space(study, trial)
        return self._shared_space

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return these parameters for one trial, and prepare them for the rest of the batch."""
        if not self._ready:
            candidates = self.candidates
            self._drawing, self.candidates = self._batch_size, candidates * self._batch_size
            with fast_log_ndtr() if self._batch_size > 1 else nullcontext():
                first = super().sample_relative(study, trial, search_space)
            self._drawing, self.candidates = 1, candidates
            self._ready.insert(0, first)
        return self._ready.pop(0)

    def acquisition(self, samples: dict[str, Any], below: Any, above: Any) -> Any:
        """Keep the best of each further trial's candidates, and leave the first trial's to TPE itself."""
        values = super().acquisition(samples, below, above)
        if self._drawing > 1:
            assert self._shared_space is not None
            candidates = values.size // self._drawing
            best = values.reshape(self._drawing, candidates).argmax(axis=1) + candidates * np.arange(self._drawing)
            self._ready = [
                {
                    name: self._shared_space[name].to_external_repr(column[index].item())
                    for name, column in samples.items()
                }
                for index in best[1:]
            ]
            values[candidates:] = -math.inf
        return values
