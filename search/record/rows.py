"""The record of one study: its trials in Optuna's tables, and beside them whatever Optuna has no place for.

search.work and reports write it, reports and the dashboard read it. Every write says "let this be so" rather than "add
this", is one transaction, and begins by renewing the lease: it can be done again after a kill at any moment, and by
nobody but the study's owner. What is written is decided elsewhere: nothing here samples, judges or trains. Records are
made by storage.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

# --- rows -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FinalistRow:
    """One finalist under one seed, as far as it has come."""

    trial: int
    seed: int
    best_epoch: int | None = None
    validation: Mapping[str, float] | None = None  # metrics of the ranking phase, at best_epoch
    epochs: int | None = None  # retrained for so many
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
