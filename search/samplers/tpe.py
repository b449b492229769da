"""What trial n tries: the study's sampler, asked through an Optuna study in memory that mirrors the record.

The coordinator keeps one `Mirror`, tells it whatever it tells the record, and asks `draw` for the next trial. A draw
depends on nothing but the study, the trial's number and, for TPE and for stages, what the mirror holds: after a crash
the mirror is built anew from the record, and the next draw is the one that was due. Knows neither the database nor the
models.
"""

import math
from collections.abc import Set
from contextlib import nullcontext
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial

from search.samplers.optuna_internals import _by_scipy

# How many looks at the other trials TPE takes to fill the places that are free at a tick. A look takes 30 ms, so that a
# thousand would take half a minute; sixteen are what a study on a laptop has places.
MAX_TPE_CALLS_PER_TICK = 16


class BatchTPESampler(optuna.samplers.TPESampler):
    """TPE that draws several trials from one look at the others, each the best of as many candidates as ever.

    The look is what takes long, and for a thousand free places a thousand looks that hardly differ would be taken.
    """

    def __init__(self, trials: int, **settings: Any) -> None:
        super().__init__(**settings)
        self._trials, self._drawing = trials, 1
        self._space: dict[str, BaseDistribution] | None = None
        self._ready: list[dict[str, Any]] = []  # parameters that all trials have, for those that are still to be drawn

    def take(self, names: Set[str]) -> dict[str, Any] | None:
        """What was drawn for the next trial, if these are all its parameters."""
        return self._ready.pop(0) if self._ready and self._ready[0].keys() == names else None

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return the parameters that all trials have."""
        if self._space is None:
            self._space = super().infer_relative_search_space(study, trial)
        return self._space

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return these parameters for one trial."""
        if not self._ready:
            each = self._n_ei_candidates
            self._drawing, self._n_ei_candidates = self._trials, each * self._trials
            with _by_scipy() if self._trials > 1 else nullcontext():
                first = super().sample_relative(study, trial, search_space)
            self._drawing, self._n_ei_candidates = 1, each
            self._ready.insert(0, first)
        return self._ready.pop(0)

    def _compute_acquisition_func(self, samples: dict[str, Any], below: Any, above: Any) -> Any:
        """Keep the best of each further trial's candidates, and leave the first trial's to TPE itself."""
        worth = super()._compute_acquisition_func(samples, below, above)
        if self._drawing > 1:
            assert self._space is not None
            each = worth.size // self._drawing
            best = worth.reshape(self._drawing, each).argmax(axis=1) + each * np.arange(self._drawing)
            self._ready = [
                {name: self._space[name].to_external_repr(values[place].item()) for name, values in samples.items()}
                for place in best[1:]
            ]
            worth[each:] = -math.inf
        return worth
