"""The door for schedules: what the learning rate is multiplied by, epoch after epoch or step after step.

A schedule's number can be searched under its own name; a trial's value then counts instead of the schedule's. With
`final_factor` in the space 1 is a constant rate, so one study holds trials with and without decay of the rate.
"""

import math
from typing import ClassVar, Literal

from pydantic import Field

from models.config.base import Parameters, RecipePart

Per = Literal["epoch", "step"]  # a step is one minibatch


class ScheduleConfig(RecipePart):
    """A schedule as a study file names it: the base class of `Cosine`, `LinearDecay` and of anybody's own.

    Registered in models/config/registry.py, or by another package under `studyhall.schedules`.

    Example:
        >>> class Halving(ScheduleConfig):
        ...     name: Literal["halving"] = "halving"
        ...
        ...     def factor(self, done, total, parameters):
        ...         return 0.5**done
    """

    @property
    def counts(self) -> Per:
        """What `factor` is asked per: a field `per` of the schedule if it has one, else epochs."""
        per: Per = getattr(self, "per", "epoch")
        return per

    def factor(self, done: int, total: int, parameters: Parameters) -> float:
        """Return what the learning rate is multiplied by after `done` epochs or steps of `total`.

        Args:
            done: Finished epochs or steps, as `counts` says; 0 at first.
            total: Those of a trial that is not pruned.
            parameters: The trial's.
        """
        raise NotImplementedError


class Constant(ScheduleConfig):
    """The learning rate stays what it is."""

    name: Literal["constant"] = "constant"

    def factor(self, done: int, total: int, parameters: Parameters) -> float:
        """Return 1."""
        return 1.0


class StepExponential(ScheduleConfig):
    """rate_t = rate_0 * factor_per_drop ** floor(t / every), t in epochs or steps, as torch's StepLR."""

    name: Literal["step_exponential"] = "step_exponential"
    factor_per_drop: float = Field(default=0.5, gt=0, le=1, description="Used unless `factor_per_drop` is searched.")
    every: int = Field(default=5, ge=1, description="Epochs or steps from one drop to the next.")
    per: Per = Field(default="epoch", description="What is counted: epochs or steps.")

    optional_parameters: ClassVar[frozenset[str]] = frozenset({"factor_per_drop"})

    def factor(self, done: int, total: int, parameters: Parameters) -> float:
        """Return `factor_per_drop` to the number of drops."""
        return float(float(parameters.get("factor_per_drop", self.factor_per_drop)) ** (done // self.every))


class LinearDecay(ScheduleConfig):
    """The rate falls evenly, to `final_factor` of itself in the last epoch or step: torch's LinearLR over total - 1."""

    name: Literal["linear"] = "linear"
    final_factor: float = Field(default=0.0, ge=0, le=1, description="Used unless `final_factor` is searched.")
    per: Per = Field(default="epoch", description="What is counted: epochs or steps.")

    optional_parameters: ClassVar[frozenset[str]] = frozenset({"final_factor"})

    def factor(self, done: int, total: int, parameters: Parameters) -> float:
        """Return a number on the line from 1 to `final_factor`."""
        final = float(parameters.get("final_factor", self.final_factor))
        return 1.0 + (final - 1.0) * done / max(1, total - 1)


class Cosine(ScheduleConfig):
    """The rate falls along half a cosine towards `final_factor` of itself, as torch's CosineAnnealingLR over total."""

    name: Literal["cosine"] = "cosine"
    final_factor: float = Field(default=0.0, ge=0, le=1, description="Used unless `final_factor` is searched.")
    per: Per = Field(default="epoch", description="What is counted: epochs or steps.")

    optional_parameters: ClassVar[frozenset[str]] = frozenset({"final_factor"})

    def factor(self, done: int, total: int, parameters: Parameters) -> float:
        """Return a number on half a cosine from 1 to `final_factor`."""
        final = float(parameters.get("final_factor", self.final_factor))
        return final + (1.0 - final) * 0.5 * (1.0 + math.cos(math.pi * done / total))


class OneCycle(ScheduleConfig):
    """The rate rises to `learning_rate` and falls far below where it began, both on a cosine: torch's OneCycleLR.

    Smith and Topin 2018, arXiv 1708.07120; momentum stays what it is.
    """

    name: Literal["one_cycle"] = "one_cycle"
    rise: float = Field(default=0.3, gt=0, lt=1, description="Share of training that it rises; unless searched.")
    initial_factor: float = Field(default=0.04, gt=0, le=1, description="What the rate begins at.")
    final_factor: float = Field(default=4e-6, ge=0, le=1, description="What it ends at; unless searched.")
    per: Per = Field(default="step", description="What is counted: epochs or steps.")

    optional_parameters: ClassVar[frozenset[str]] = frozenset({"rise", "final_factor"})

    def factor(self, done: int, total: int, parameters: Parameters) -> float:
        """Return a number on the half cosine up, or on that down."""
        top = float(parameters.get("rise", self.rise)) * total - 1
        if done <= top:
            return _half_cosine(self.initial_factor, 1.0, done / top)
        final = float(parameters.get("final_factor", self.final_factor))
        return _half_cosine(1.0, final, (done - top) / (total - 1 - top))


def _half_cosine(begin: float, end: float, share: float) -> float:
    return end + (begin - end) * 0.5 * (1.0 + math.cos(math.pi * share))


class WarmupStableDecay(ScheduleConfig):
    """The rate rises evenly, stays, and falls at the end as 1 - sqrt (Haegele et al. 2024, arXiv 2405.18392)."""

    name: Literal["wsd"] = "wsd"
    rise: float = Field(default=0.05, ge=0, lt=1, description="Share of training that it rises; unless searched.")
    fall: float = Field(default=0.2, gt=0, le=1, description="Share of training that it falls; unless searched.")
    final_factor: float = Field(default=0.0, ge=0, le=1, description="What it falls towards; unless searched.")
    per: Per = Field(default="step", description="What is counted: epochs or steps.")

    optional_parameters: ClassVar[frozenset[str]] = frozenset({"rise", "fall", "final_factor"})

    def factor(self, done: int, total: int, parameters: Parameters) -> float:
        """Return the product of the rise and of the fall."""
        rise, fall, final = (
            float(parameters.get(name, getattr(self, name))) * times
            for name, times in (("rise", total), ("fall", total), ("final_factor", 1))
        )
        risen = min(1.0, (done + 1) / rise) if rise else 1.0
        fallen = max(0.0, done - (total - fall)) / fall
        return risen * (1.0 - (1.0 - final) * math.sqrt(fallen))
