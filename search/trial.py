"""What is known of one trial, as it passes between the record, the sampler, the judge and the loop."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from models.config.base import Parameters

Ending = Literal["complete", "pruned", "failed"]
State = Literal["running"] | Ending


@dataclass(frozen=True)
class TrialRow:
    """One trial of the record."""

    number: int
    state: State
    params: Parameters  # as Optuna holds them; `Study.told` gives what is trained
    joined: int | None = None  # the tick in which it trained its first epoch; None for a repeat
    baseline: str | None = None  # its name, where it is one
    repeat_of: int | None = None  # the finished trial whose curve it takes over
    diverged_at: int | None = None  # the epoch whose loss was no number
    reason: str | None = None  # why it failed
    value: float | None = None  # its score
    started: datetime | None = None  # UTC, as `finished`
    finished: datetime | None = None
