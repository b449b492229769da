"""A trial as it passes between the record, the samplers, the pruners and the loop."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from models.config.base import Parameters

Ending = Literal["complete", "pruned", "failed"]
State = Literal["running"] | Ending


@dataclass(frozen=True)
class TrialRow:
    """One trial of the record.

    Attributes:
        number: 0 is the first; baselines come before the sampler's trials.
        state: "running", or how it ended. A diverged trial is "pruned".
        params: The parameters as Optuna holds them; `Study.to_external` gives those that are trained.
        joined: The tick of its first epoch; None for a repeat.
        baseline: The baseline's name, if it is one.
        repeat_of: The earlier trial with the same parameters, if there is one.
        diverged_at: The epoch whose metrics were no finite numbers.
        reason: Why it failed.
        value: The objective's value.
        started: UTC.
        finished: UTC.
    """

    number: int
    state: State
    params: Parameters
    joined: int | None = None
    baseline: str | None = None
    repeat_of: int | None = None
    diverged_at: int | None = None
    reason: str | None = None
    value: float | None = None
    started: datetime | None = None
    finished: datetime | None = None
