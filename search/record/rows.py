"""What the record tells of finalists and of openings of a test set, as plain rows. Trials are in search/trial.py."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Look = Literal["export", "evaluation", "read again"]  # the last opens nothing: it reads kept predictions


@dataclass(frozen=True)
class FinalistRow:
    """One finalist under one seed, as far as it is known."""

    trial: int
    seed: int
    best_epoch: int | None = None
    validation: Mapping[str, float] | None = None  # metrics of the ranking phase, at best_epoch
    epochs: int | None = None  # it was retrained for so many
    train: Mapping[str, float] | None = None  # metrics of a full pass over what it was retrained on
    train_seconds: float | None = None
    test: Mapping[str, float] | None = None  # metrics on the test set
    ledger: int | None = None  # the line under which it was tested
    model: str | None = None  # file name in <folder>/finalists
    model_sha256: str | None = None


@dataclass(frozen=True)
class LedgerRow:
    """One look at a test set."""

    id: int
    study: int  # our number of the study that looked
    name: str  # that it had then
    mine: bool  # whether it is the study whose ledger was read
    kind: Look
    signed: datetime  # UTC
    who: str  # user@machine; empty where it is not known
    command: str  # that looked; empty where it is not known
    purpose: str
    dataset: str
    sha256: str
    models: int  # how many were tested
    figures: Mapping[str, float] | None  # what was seen, the winner's first; None where it is not known
