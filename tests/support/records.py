"""Small studies, trials and metrics for tests of the record, and what Optuna itself reads of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from sqlalchemy.pool import NullPool

from models.config.families import Mlp
from models.config.messages import EpochMetrics
from search.config.baseline import Baseline
from search.config.space import Float, Int
from search.config.study import Study
from search.record.fingerprint import fingerprint
from search.record.record import Record
from search.record.store import Store
from search.trial import TrialRow

SPACE: dict[str, BaseDistribution] = {
    "learning_rate": FloatDistribution(1e-3, 1.0, log=True),
    "hidden": IntDistribution(16, 512, log=True),
    "weight_decay": FloatDistribution(1e-7, 1e-2, log=True),
}


class Clock:
    """A clock that a test winds by hand."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


def a_study(**changes: object) -> Study:
    words: dict[str, object] = {
        "family": Mlp(),
        "space": {
            "learning_rate": Float(1e-3, 1.0, log=True),
            "hidden": Int(16, 512, log=True),
            "weight_decay": Float(1e-7, 1e-2, log=True, low_is_zero=True),
        },
        "baselines": (Baseline("known", hidden=100, learning_rate=0.01, weight_decay=0.0),),
    }
    return Study.model_validate(words | changes)


def begin(store: Store, name: str = "mlp", study: Study | None = None) -> Record:
    study = study or a_study()
    return store.begin(name, study, fingerprint(study, "f00", "cpu"), {"python": "3.11"}, "study = ...")


def a_trial(number: int, **changes: object) -> TrialRow:
    drawn = {"learning_rate": 0.01 + number / 1e5, "hidden": 100, "weight_decay": 1e-7}
    row = TrialRow(number=number, state="running", params=drawn, joined=0)
    return replace(row, **changes)  # type: ignore[arg-type]


def a_score(trial: int, epoch: int = 1, accuracy: float = 0.9, loss: float = 0.3) -> EpochMetrics:
    return EpochMetrics(
        lane=trial,
        epoch=epoch,
        train={"loss": loss + 0.1, "accuracy": accuracy - 0.05},
        validation={"loss": loss, "accuracy": accuracy},
        seconds=0.25,
    )


def optunas(url: str) -> optuna.storages.RDBStorage:
    """The database as Optuna opens it, but that it keeps no connection open."""
    return optuna.storages.RDBStorage(url, engine_kwargs={"poolclass": NullPool})


def by_optuna(url: str, name: str = "mlp") -> list[optuna.trial.FrozenTrial]:
    return optuna.load_study(study_name=name, storage=optunas(url)).trials


def insert(record: Record, row: TrialRow, distributions: Mapping[str, BaseDistribution] = SPACE) -> None:
    """Write that a trial has begun."""
    record.write(0, begun=[row], distributions=distributions)


def insert_metrics(record: Record, tick: int, metrics: Sequence[EpochMetrics]) -> None:
    """Write the metrics of a tick."""
    record.write(tick, scores=metrics)
