"""The words of a recipe: how a model of a study is built and trained, apart from what is searched.

A study file (search.spec.Study) is made of these words, a model file carries them in its metadata, and an engine is
told what to do in them. They are plain frozen data: no torch, no Optuna, so that reading a study file takes
milliseconds.
"""

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from models.config.base import FrozenConfig, Parameters

# --- schedules: what the learning rate is multiplied by, epoch after epoch or step after step -------------------------
#
# A schedule's number can be searched under its own name, and a trial's value then counts instead of the schedule's:
# with `final_factor` in the space, 1 is a constant rate, so one study holds trials with and without decay of the rate.

Per = Literal["epoch", "step"]  # what a schedule counts; a step is one minibatch


class Constant(FrozenConfig):
    """The learning rate stays what it is."""

    name: Literal["constant"] = "constant"

    per: ClassVar[Per] = "epoch"
    parameters: ClassVar[frozenset[str]] = frozenset()

    def factor(self, done: int, total: int, parameters: Parameters) -> float:
        """What the rate is multiplied by after `done` epochs or steps of `total`."""
        return 1.0


class StepExponential(FrozenConfig):
    """rate_t = rate_0 * factor_per_drop ** floor(t / every), t in epochs or steps, as torch's StepLR."""

    name: Literal["step_exponential"] = "step_exponential"
    factor_per_drop: float = Field(default=0.5, gt=0, le=1)  # unless `factor_per_drop` is searched
    every: int = Field(default=5, ge=1)  # epochs or steps from one drop to the next
    per: Per = "epoch"

    parameters: ClassVar[frozenset[str]] = frozenset({"factor_per_drop"})

    def factor(self, done: int, total: int, parameters: Parameters) -> float:
        """What the rate is multiplied by after `done` epochs or steps of `total`."""
        return float(float(parameters.get("factor_per_drop", self.factor_per_drop)) ** (done // self.every))


class LinearDecay(FrozenConfig):
    """The rate falls evenly, to `final_factor` of itself in the last epoch or step: torch's LinearLR over total - 1."""

    name: Literal["linear"] = "linear"
    final_factor: float = Field(default=0.0, ge=0, le=1)  # unless `final_factor` is searched
    per: Per = "epoch"

    parameters: ClassVar[frozenset[str]] = frozenset({"final_factor"})

    def factor(self, done: int, total: int, parameters: Parameters) -> float:
        """What the rate is multiplied by after `done` epochs or steps of `total`."""
        final = float(parameters.get("final_factor", self.final_factor))
        return 1.0 + (final - 1.0) * done / max(1, total - 1)


class Cosine(FrozenConfig):
    """The rate falls along half a cosine towards `final_factor` of itself, as torch's CosineAnnealingLR over total."""

    name: Literal["cosine"] = "cosine"
    final_factor: float = Field(default=0.0, ge=0, le=1)  # unless `final_factor` is searched
    per: Per = "epoch"

    parameters: ClassVar[frozenset[str]] = frozenset({"final_factor"})

    def factor(self, done: int, total: int, parameters: Parameters) -> float:
        """What the rate is multiplied by after `done` epochs or steps of `total`."""
        final = float(parameters.get("final_factor", self.final_factor))
        return final + (1.0 - final) * 0.5 * (1.0 + math.cos(math.pi * done / total))


Schedule = Annotated[Constant | StepExponential | LinearDecay | Cosine, Field(discriminator="name")]
