"""Records for tests: a study, its trials and scores, a clock that a test winds by hand, and Optuna's view of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import optuna
import pytest
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from sqlalchemy.pool import NullPool

from models.config.families import Mlp
from models.config.messages import EpochMetrics
from search.config.baseline import Baseline
from search.config.space import Float, Int
from search.config.study import Study
from search.record.fingerprint import fingerprint
from search.record.record import Record
from search.record.sqlite import file_lock
from search.record.store import Store
from search.trial import TrialRow

SPACE: dict[str, BaseDistribution] = {
    "learning_rate": FloatDistribution(1e-3, 1.0, log=True),
    "hidden": IntDistribution(16, 512, log=True),
    "weight_decay": FloatDistribution(1e-7, 1e-2, log=True),
}


in_a_file = pytest.mark.parametrize("url", ["file"], indirect=True)  # a test of files alone


class Clock:
    """A clock that a test winds by hand."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


def a_study(**changes: object) -> Study:
    """A study with the distributions of SPACE and a baseline."""
    fields: dict[str, object] = {
        "family": Mlp(),
        "space": {
            "learning_rate": Float(1e-3, 1.0, log=True),
            "hidden": Int(16, 512, log=True),
            "weight_decay": Float(1e-7, 1e-2, log=True, low_is_zero=True),
        },
        "baselines": (Baseline("known", hidden=100, learning_rate=0.01, weight_decay=0.0),),
    }
    return Study.model_validate(fields | changes)


def begin(store: Store, name: str = "mlp", study: Study | None = None) -> Record:
    """Begin a study, or take it up."""
    study = study or a_study()
    return store.begin(name, study, fingerprint(study, "f00", "cpu"), {"python": "3.11"}, "study = ...")


def a_trial(number: int, **changes: object) -> TrialRow:
    """A running trial."""
    params = {"learning_rate": 0.01 + number / 1e5, "hidden": 100, "weight_decay": 1e-7}
    row = TrialRow(number=number, state="running", params=params, joined=0)
    return replace(row, **changes)  # type: ignore[arg-type]


def insert(record: Record, row: TrialRow, distributions: Mapping[str, BaseDistribution] = SPACE) -> None:
    """Write that a trial has begun."""
    record.write(0, begun=[row], distributions=distributions)


def insert_metrics(record: Record, tick: int, metrics: Sequence[EpochMetrics]) -> None:
    """Write the metrics of a tick."""
    record.write(tick, scores=metrics)


def a_score(trial: int, epoch: int = 1, accuracy: float = 0.9, loss: float = 0.3) -> EpochMetrics:
    """The metrics of a trial after an epoch."""
    return EpochMetrics(
        lane=trial,
        epoch=epoch,
        train={"loss": loss + 0.1, "accuracy": accuracy - 0.05},
        validation={"loss": loss, "accuracy": accuracy},
        seconds=0.25,
    )


def optuna_storage(url: str) -> optuna.storages.RDBStorage:
    """The database as Optuna opens it, but that it keeps no connection open."""
    return optuna.storages.RDBStorage(url, engine_kwargs={"poolclass": NullPool})


def trials_by_optuna(url: str, name: str = "mlp") -> list[optuna.trial.FrozenTrial]:
    """The trials of a study, read by Optuna."""
    return optuna.load_study(study_name=name, storage=optuna_storage(url)).trials


def claim_elsewhere(record: Record, owner: str = "elsewhere:1", seconds: float = 120) -> None:
    """Claim in the name of another machine, whose file locks this one does not see."""
    record._lock = file_lock(record.folder / "elsewhere.lock", 0)
    record.claim(owner, seconds)


def elsewhere(record: Record, owner: str = "elsewhere:1", seconds: float = 120) -> None:
    """Claim in the name of another machine, which has another lock."""
    record._lock = record._database.lock(Path(), "study", record.row, owner)
    record.claim(owner, seconds)
