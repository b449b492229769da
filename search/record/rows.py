"""What the record tells of finalists and of openings of a test set, as plain rows. Trials are in search/trial.py."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


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
    """One opening of a test set."""

    id: int
    signed: datetime  # UTC
    purpose: str
    dataset: str
    sha256: str
    models: int  # how many were tested
