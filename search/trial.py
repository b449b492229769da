"""A trial as it passes between the record, the samplers, the pruners and the loop."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from models.config.base import Parameters

Ending = Literal["complete", "pruned", "failed"]
State = Literal["running"] | Ending


@dataclass(frozen=True)
class TrialRow:
    """One trial of the record."""

    number: int  # 0 is the first; baselines come before the sampler's trials
    state: State  # "running", or how it ended. A diverged trial is "pruned"
    params: Parameters  # the parameters as Optuna holds them; `Study.to_external` gives those that are trained
    joined: int | None = None  # the tick of its first epoch; None for a repeat
    baseline: str | None = None  # the baseline's name, if it is one
    repeat_of: int | None = None  # the earlier trial with the same parameters, if there is one
    suggested: bool = False  # put into the study by another program, with Optuna's `enqueue_trial`, to be trained
    # Of a sampler of Optuna as it proposed the trial: Mirror.notes_of. CMA-ES pickles memory that it never wrote.
    notes: Mapping[str, Any] = field(default_factory=dict, compare=False)
    waited_until: int | None = None  # the tick after which it was pruned, where it was paused until then
    diverged_at: int | None = None  # the epoch whose metrics were no finite numbers
    reason: str | None = None  # why it failed
    value: float | None = None  # the objective's value
    second: float | None = None  # that of the objective beside it
    members: tuple[float, ...] | None = None  # the objective's values whose mean it is, where a trial is several lanes
    started: datetime | None = None  # UTC
    finished: datetime | None = None  # UTC

    @property
    def standard_error(self) -> float | None:
        """The standard error of `value`, where that is a mean over several lanes."""
        return None if self.members is None else standard_error(self.members)

    @property
    def is_foreign(self) -> bool:
        """Whether another program has added the trial, and it has not been taken up.

        It is "running" where it waits to be trained; all others are passed over: "failed", with the reason.
        """
        return self.joined is None and self.repeat_of is None

    @property
    def is_planned(self) -> bool:
        """Whether the study planned the trial itself, so that it counts in the budget."""
        return not self.suggested and not self.is_passed_over

    @property
    def is_passed_over(self) -> bool:
        """Whether another program has added the trial and the search did not take it up."""
        return self.is_foreign and self.state == "failed"


def standard_error(values: Sequence[float]) -> float:
    """Return the standard error of the mean of two values or more."""
    return statistics.stdev(values) / math.sqrt(len(values))
