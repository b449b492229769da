"""`--log mlflow`: the study as a run of MLflow, with a child run for every trial.

MLflow's server and its databases keep a metric that is logged twice once, so a trial may be told again at any time; the
times of metrics are training time, counted from when the study's run was begun, which makes them the same again. Which
run is the study's says a token in its folder, since a name can be used for another study later.

A write takes MLflow some hundredths of a second, as much as a tick of small models: so the epochs of a live trial are
sent together, at most once in `every` seconds, and at its end.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import environ
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from models.config.messages import EpochMetrics
from models.errors import UserError
from search.loggers.base import LoggedStudy, LoggedTrial
from search.record.address import mask

if TYPE_CHECKING:
    from mlflow.entities import Metric

STATUS = {"complete": "FINISHED", "pruned": "KILLED", "diverged": "FAILED", "failed": "FAILED"}


class MLflowRuns:
    """The runs of one study.

    Where they are kept: `MLFLOW_TRACKING_URI`, or the file mlflow.db in the folder that holds all studies' folders. In
    which experiment: `MLFLOW_EXPERIMENT_NAME`, or "studyhall".

    Args:
        study: The study.
        every: Seconds between two writes of a live trial.
        clock: Seconds since 1970.

    Raises:
        UserError: MLflow is not installed, or cannot be reached.
    """

    def __init__(self, study: LoggedStudy, every: float = 30.0, clock: Callable[[], float] = time.time) -> None:
        try:
            from mlflow.tracking import MlflowClient
        except ImportError:
            raise UserError(
                "the logger mlflow needs MLflow, which is not installed",
                "pip install 'studyhall[mlflow]', or leave it out",
            ) from None
        self._every, self._clock = every, clock
        self.address = environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{study.folder.parent.parent / 'mlflow.db'}"
        self._written: dict[int, tuple[str, int, float]] = {}  # trial -> its run, epochs written, and when
        self._waiting: dict[int, LoggedTrial] = {}  # live trials, as they were told last
        self._ended: set[int] = set()  # trials that have ended in MLflow
        with _reaching(self.address):
            self._client = MlflowClient(tracking_uri=self.address)
            self._parent, self._begun = self._find_or_begin(study)  # its run, and ms since 1970
            for run in self._search("mlflow.parentRunId", self._parent):
                tags = run.data.tags
                number, epochs = int(tags["studyhall.trial"]), int(tags.get("studyhall.epochs", 0))
                self._written[number] = run.info.run_id, epochs, 0.0
                if run.info.status in STATUS.values():  # which is written last
                    self._ended.add(number)

    def log_trial(self, trial: LoggedTrial) -> None:
        """Bring one trial's run to its curve, now or within `every` seconds; to its end at once if it is over."""
        if trial.number in self._ended:
            return
        _, _, written = self._written.get(trial.number, ("", 0, 0.0))
        self._waiting[trial.number] = trial
        if trial.state != "running" or self._clock() - written >= self._every:
            with _reaching(self.address):
                self._write(trial)

    def close(self) -> str:
        """Write what waits, and return the command that shows the runs."""
        with _reaching(self.address):
            is_over = not self._waiting
            for trial in [*self._waiting.values()]:
                self._write(trial)
            if is_over:
                self._client.set_terminated(self._parent, "FINISHED")
        return f"runs: mlflow server --backend-store-uri {_masked(self.address)}"

    def _write(self, trial: LoggedTrial) -> None:
        from mlflow.entities import Metric, Param, RunTag

        if trial.number not in self._written:
            tags = {"mlflow.parentRunId": self._parent, "studyhall.trial": str(trial.number)}
            run = self._client.create_run(self._experiment, self._begun, tags, f"trial {trial.number}")
            self._written[trial.number] = run.info.run_id, 0, 0.0
        run_id, epochs, _ = self._written[trial.number]
        metrics, seconds = list[Metric](), 0.0
        for epoch in trial.curve:
            seconds += epoch.seconds
            if epoch.epoch > epochs:
                metrics += self._metrics(epoch, seconds)
        ended = self._begun + round(1000 * seconds)
        if trial.value is not None:
            metrics.append(Metric("score", trial.value, ended, len(trial.curve)))
        params = [Param(name, str(value)) for name, value in trial.parameters.items()] if epochs == 0 else []
        tag = RunTag("studyhall.epochs", str(len(trial.curve)))  # written last: what is written twice is kept once
        for first in range(0, max(len(metrics), 1), 1000):  # as many as MLflow takes at a time
            self._client.log_batch(run_id, metrics[first : first + 1000], params if first == 0 else [])
        self._client.log_batch(run_id, tags=[tag])
        if trial.state != "running":
            self._client.set_tag(run_id, "studyhall.state", trial.state)
            self._client.set_terminated(run_id, STATUS[trial.state], ended)
            self._waiting.pop(trial.number, None)
            self._ended.add(trial.number)
        self._written[trial.number] = run_id, len(trial.curve), self._clock()

    def _metrics(self, epoch: EpochMetrics, seconds: float) -> "list[Metric]":
        from mlflow.entities import Metric

        time_ms = self._begun + round(1000 * seconds)
        splits = {"train": epoch.train, "validation": epoch.validation}
        return [
            Metric(f"{name}/{split}", value, time_ms, epoch.epoch)
            for split, values in splits.items()
            for name, value in values.items()
        ]

    def _find_or_begin(self, study: LoggedStudy) -> tuple[str, int]:
        """Return the study's run, and when it was begun, in milliseconds since 1970."""
        name = environ.get("MLFLOW_EXPERIMENT_NAME") or "studyhall"
        experiment = self._client.get_experiment_by_name(name)
        self._experiment: str = experiment.experiment_id if experiment else self._client.create_experiment(name)
        token_file = study.folder / "mlflow.token"
        if not token_file.exists():
            token_file.parent.mkdir(parents=True, exist_ok=True)
            token_file.write_text(uuid4().hex, encoding="utf-8")
        token = token_file.read_text(encoding="utf-8")
        found = self._search("studyhall.study", token)
        if found:
            self._client.update_run(found[0].info.run_id, "RUNNING")
            return found[0].info.run_id, found[0].info.start_time
        tags = {"studyhall.study": token, "family": study.study.family.label, "data": study.study.dataset}
        run = self._client.create_run(self._experiment, round(1000 * self._clock()), tags, study.name)
        return run.info.run_id, run.info.start_time

    def _search(self, tag: str, value: str) -> list[Any]:
        """Return all runs with a tag of this value."""
        runs, page = list[Any](), ""
        while True:
            found = self._client.search_runs(
                [self._experiment], f"tags.`{tag}` = '{value}'", max_results=1000, page_token=page
            )
            runs += found
            if not (page := found.token):
                return runs


@contextmanager
def _reaching(address: str) -> Iterator[None]:
    """Translate what MLflow raises.

    Raises:
        UserError: MLflow cannot be reached, or refuses.
    """
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].replace(address, _masked(address))
        raise UserError(
            f"MLflow at {_masked(address)} does not take the runs: {reason}",
            "name a server or a database with MLFLOW_TRACKING_URI, or leave the logger mlflow out",
        ) from None


def _masked(address: str) -> str:
    """Return an address without its password."""
    try:
        return mask(make_url(address))
    except ArgumentError:  # a folder, or a name like "databricks"
        return address
