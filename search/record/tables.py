"""Our tables, which lie beside Optuna's.

Ours have a version; migrations.py makes those of an earlier version into these. Opens no database.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import DDL, JSON, DateTime, Double, ForeignKey, Text, event
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

VERSION = 6  # of our tables; migrations.py leads there from earlier ones


class UtcDateTime(TypeDecorator[datetime]):
    """A time with its zone, stored in UTC without it, as Optuna's are."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the value as the database stores it."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the value that the database has stored."""
        return None if value is None else value.replace(tzinfo=UTC)


class Metrics(TypeDecorator[Mapping[str, float]]):
    """Metrics by name, stored as JSON in a text: floats are read back to the last bit, and NaN is null."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Mapping[str, float] | None, dialect: Dialect) -> str | None:
        """Return the value as the database stores it."""
        return None if value is None else json.dumps(_null_of_nan(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Mapping[str, float] | None:
        """Return the value that the database has stored."""
        return None if value is None else _nan_of_null(json.loads(value))


class MemberMetrics(TypeDecorator[Sequence[Mapping[str, Any]]]):
    """Of each lane of a trial `train`, `validation` and `seconds`, as JSON; NULL where the trial is one lane."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Sequence[Mapping[str, Any]] | None, dialect: Dialect) -> str | None:
        """Return the value as the database stores it."""
        return json.dumps([_each(_null_of_nan, lane) for lane in value]) if value else None

    def process_result_value(self, value: str | None, dialect: Dialect) -> Sequence[Mapping[str, Any]]:
        """Return the value that the database has stored."""
        return [] if value is None else [_each(_nan_of_null, lane) for lane in json.loads(value)]


def _each(convert: Callable[[Mapping[str, Any]], Mapping[str, Any]], lane: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**lane, "train": convert(lane["train"]), "validation": convert(lane["validation"])}


def _null_of_nan(metrics: Mapping[str, float]) -> Mapping[str, float | None]:
    return {name: None if math.isnan(number) else number for name, number in metrics.items()}


def _nan_of_null(metrics: Mapping[str, float | None]) -> Mapping[str, float]:
    return {name: math.nan if number is None else number for name, number in metrics.items()}


class OurTable(DeclarativeBase):
    """The types that all of our tables share."""

    type_annotation_map: ClassVar[dict[Any, TypeEngine[Any]]] = {
        datetime: UtcDateTime(),
        float: Double(),
        str: Text(),
        dict[str, Any]: JSON(),
    }


class Schema(OurTable):
    """One row: the version of our tables."""

    __tablename__ = "studyhall_schema"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class Studies(OurTable):
    """What a study was begun with, and who runs it now.

    An Optuna study is ours where its id is `study_id` and its attribute `LINK` holds `link`. By the id alone a new
    study would inherit the curves of a deleted one, whose id Optuna gives again; by the attribute alone a copy that
    `optuna.copy_study` made would share our row with its original.
    """

    __tablename__ = "studyhall_studies"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 (SQLAlchemy's own name)

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int | None] = mapped_column(index=True)  # Optuna's; None where that study was deleted
    link: Mapped[str]  # JSON, as Optuna stores it
    folder: Mapped[str]  # in which its files are: the name that it was begun under, whatever it is called now
    study: Mapped[dict[str, Any]]  # search.config.study.Study, dumped
    text: Mapped[str]  # the study file as it was
    fingerprint: Mapped[dict[str, Any]]
    environment: Mapped[dict[str, Any]]
    begun: Mapped[datetime]
    owner: Mapped[str | None]  # the lease: "host:pid", or nobody
    since: Mapped[datetime | None]
    until: Mapped[datetime | None]  # when the lease runs out unless a write renews it
    generation: Mapped[int]  # how often the lease was claimed


LINK = "studyhall"  # the attribute of an Optuna study that holds Studies.link


class Trials(OurTable):
    """One trial that this program put into Optuna's table, or took up there: every other one is a foreign trial.

    An attribute would not do: copies of a trial have that as well.
    """

    __tablename__ = "studyhall_trials"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    study: Mapped[int] = mapped_column(ForeignKey(Studies.id), primary_key=True)
    trial: Mapped[int] = mapped_column(primary_key=True)
    ended: Mapped[bool]  # by this program; a trial that is over without it was ended by another one


class Epoch:
    """The columns of one epoch, beside its key: `EpochMetrics`, and the tick it belongs to."""

    tick: Mapped[int]
    train: Mapped[Mapping[str, float]] = mapped_column(Metrics)
    validation: Mapped[Mapping[str, float]] = mapped_column(Metrics)  # empty where nothing was held out
    seconds: Mapped[float]
    members: Mapped[Sequence[Mapping[str, Any]] | None] = mapped_column(MemberMetrics)  # whose means these are


class Curves(Epoch, OurTable):
    """One epoch of one trial."""

    __tablename__ = "studyhall_curves"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    study: Mapped[int] = mapped_column(ForeignKey(Studies.id), primary_key=True)
    trial: Mapped[int] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)


class Finalists(OurTable):
    """One finalist under one seed: its metrics on the validation set, then those after retraining and of the test."""

    __tablename__ = "studyhall_finalists"

    study: Mapped[int] = mapped_column(ForeignKey(Studies.id), primary_key=True)
    trial: Mapped[int] = mapped_column(primary_key=True)
    seed: Mapped[int] = mapped_column(primary_key=True)
    best_epoch: Mapped[int | None]
    validation: Mapped[Mapping[str, float] | None] = mapped_column(Metrics)
    epochs: Mapped[int | None]
    train: Mapped[Mapping[str, float] | None] = mapped_column(Metrics)
    train_seconds: Mapped[float | None]
    test: Mapped[Mapping[str, float] | None] = mapped_column(Metrics)
    ledger: Mapped[int | None] = mapped_column(ForeignKey("studyhall_ledger.id"))
    model: Mapped[str | None]
    model_sha256: Mapped[str | None]


class FinalistCurves(Epoch, OurTable):
    """One epoch of one finalist under one seed, in one of the phases "rank", "retrain" and "audit"."""

    __tablename__ = "studyhall_finalist_curves"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012

    study: Mapped[int] = mapped_column(ForeignKey(Studies.id), primary_key=True)
    phase: Mapped[str] = mapped_column(primary_key=True)
    trial: Mapped[int] = mapped_column(primary_key=True)
    seed: Mapped[int] = mapped_column(primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True)
    lane: Mapped[int]


class Ledger(OurTable):
    """One look at a test set. Rows are only ever added; what was seen is entered once."""

    __tablename__ = "studyhall_ledger"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    study: Mapped[int] = mapped_column(ForeignKey(Studies.id))
    signed: Mapped[datetime]
    purpose: Mapped[str]
    dataset: Mapped[str]
    sha256: Mapped[str]
    models: Mapped[int]  # how many are tested
    kind: Mapped[str]  # rows.Look
    name: Mapped[str]  # the study's, at that time
    who: Mapped[str]
    command: Mapped[str]
    figures: Mapped[Mapping[str, float] | None] = mapped_column(Metrics)


class SnapshotChunk(OurTable):
    """A part of a file of a snapshot, where the database is a server's."""

    __tablename__ = "studyhall_snapshots"

    study: Mapped[int] = mapped_column(ForeignKey(Studies.id), primary_key=True)
    run: Mapped[str] = mapped_column(primary_key=True)  # of the study: its search, or a phase of a report
    tick: Mapped[int] = mapped_column(primary_key=True)
    file: Mapped[str] = mapped_column(primary_key=True)
    chunk: Mapped[int] = mapped_column(primary_key=True)  # 0 is the first
    bytes: Mapped[bytes]


# Compression gains nothing on weights: the server need not try it.
_UNCOMPRESSED = "ALTER TABLE studyhall_snapshots ALTER COLUMN bytes SET STORAGE EXTERNAL"
event.listen(SnapshotChunk.__table__, "after_create", DDL(_UNCOMPRESSED).execute_if(dialect="postgresql"))  # type: ignore[no-untyped-call]
