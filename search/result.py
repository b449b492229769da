"""A study as it is recorded, for programs: its trials as a frame, the best one, Optuna's study.

Imports nothing heavy before one of them is asked for. Searches nothing.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.config.base import Parameters
from models.errors import UserError
from models.metrics.registry import metric_text

if TYPE_CHECKING:
    import optuna
    import pandas as pd
    import plotly.graph_objects

    from search.record.record import Record


@dataclass(frozen=True)
class Best:
    """The best complete trial; ties go to the lower validation loss, then to the lower number."""

    number: int  # the trial's number
    score: float  # the objective's value
    epoch: int  # the epoch whose metrics are the trial's
    parameters: Parameters  # what it was trained with


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """A study as it is recorded. Trials, best and study are read when they are first asked for, and then kept.

    Args:
        name: The study's name in its database.
        storage: The database's address.
        finished: False where the timeout paused the search; the same call goes on.
        folder: Where everything that the study makes is kept.
    """

    name: str
    storage: str
    finished: bool
    folder: Path
    _record: "Record"

    @cached_property
    def trials(self) -> "pd.DataFrame":
        """One row per trial, by number, with the columns of `trials.csv`.

        An accuracy is a share of 1, a loss a mean per example, `seconds` a trial's share of its ticks' time.
        """
        from search.record.trials_frame import trials_frame

        return trials_frame(self._record, self._record.trials(), self._record.curves())

    @cached_property
    def best(self) -> Best | None:
        """The best complete trial, or None."""
        complete = self.trials[self.trials["state"] == "complete"]
        if complete.empty:
            return None
        objective = self._record.study.objective
        row = objective.sort(complete).iloc[0]
        number = int(row["number"])
        parameters = self._record.study.to_external(self._record.trials()[number].params)
        return Best(number, float(row[f"validation_{objective.metric}"]), int(row["best_epoch"]), parameters)

    @cached_property
    def study(self) -> "optuna.Study":
        """Optuna's study of these trials, for its plots and importances.

        What `enqueue_trial` puts into the study is trained by the next call of `run_study`; trials that are added
        otherwise are passed over. Its plots are drawn by `plot` as well.
        """
        import optuna
        from sqlalchemy.pool import NullPool

        from search.record.sqlite import BUSY_SECONDS

        kwargs: dict[str, Any] = {"poolclass": NullPool}  # no connection stays open in a forgotten notebook
        if self.storage.startswith("sqlite"):
            kwargs["connect_args"] = {"timeout": BUSY_SECONDS}
        address = self.storage.replace("{", "{{").replace("}", "}}")  # Optuna formats the address
        return optuna.load_study(study_name=self.name, storage=optuna.storages.RDBStorage(address, kwargs))

    def plot(self, kind: str, **options: Any) -> "plotly.graph_objects.Figure":
        """Return one of Optuna's plots of the trials, as plotly draws it.

        Args:
            kind: What is drawn: "optimization_history", "slice", ..., the function `optuna.visualization.plot_<kind>`.
            options: What that function takes besides the study, `params=["hidden"]` say.

        Raises:
            UserError: Optuna has no such plot, or plotly is not installed, which the extra `plots` brings.

        Example:
            >>> result.plot("slice", params=["learning_rate"]).show()  # doctest: +SKIP
        """
        from optuna import visualization

        names = [name.removeprefix("plot_") for name in visualization.__all__ if name.startswith("plot_")]
        if kind not in names:
            raise UserError(f"Optuna has no plot {kind!r}", f"choose one of {', '.join(names)}")
        if not visualization.is_available():
            raise UserError("Optuna draws with plotly, which is not installed", "pip install 'studyhall[plots]'")
        return getattr(visualization, f"plot_{kind}")(self.study, **options)

    def to_optuna(self, storage: "str | optuna.storages.BaseStorage | None" = None) -> "optuna.Study":
        """Return a copy of the ended trials as a study of Optuna's own, which `optimize` goes on with.

        Nothing that is done to the copy reaches the record. It has Optuna's default sampler; give it another.

        Args:
            storage: Where the copy is kept; in memory unless given.

        Raises:
            optuna.exceptions.DuplicatedStudyError: The storage has a study of this name.

        Example:
            >>> copy = result.to_optuna()  # doctest: +SKIP
            >>> copy.optimize(objective, n_trials=10)  # doctest: +SKIP
        """
        import optuna

        copy = optuna.create_study(study_name=self.name, storage=storage, directions=self.study.directions)
        for key, value in self.study.user_attrs.items():
            copy.set_user_attr(key, value)
        copy.add_trials([trial for trial in self.study.get_trials() if trial.state.is_finished()])
        return copy

    def __repr__(self) -> str:
        done = int((self.trials["state"] != "running").sum())
        best = (
            f", best {metric_text(self._record.study.objective.metric, self.best.score)} (trial {self.best.number})"
            if self.best
            else ""
        )
        state = "finished" if self.finished else "paused"
        return f"<Result {self.name}: {state}, {done} of {self._record.study.trials} trials over{best}>"
