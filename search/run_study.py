"""A search from Python, in a script or a notebook: `run_study`, and the `Result` that it returns.

Study files import this module's package: nothing heavy is imported before `run_study` is called.
"""

import signal
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.config.base import Parameters
from models.errors import UserError
from models.metrics.registry import metric_text
from search.config.study import Study
from search.options import DEFAULT_STORAGE, Options

if TYPE_CHECKING:
    from collections.abc import Callable

    import optuna
    import pandas as pd

    from search.cli.callbacks import TickEvent, TrialEvent
    from search.config.study_files import NamedStudy
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

        `optuna.visualization` needs plotly: `pip install 'studyhall[plots]'`. What `enqueue_trial` puts into the study
        is trained by the next call of `run_study`; trials that are added otherwise are passed over.
        """
        import optuna
        from sqlalchemy.pool import NullPool

        from search.record.sqlite import BUSY_SECONDS

        kwargs: dict[str, Any] = {"poolclass": NullPool}  # no connection stays open in a forgotten notebook
        if self.storage.startswith("sqlite"):
            kwargs["connect_args"] = {"timeout": BUSY_SECONDS}
        address = self.storage.replace("{", "{{").replace("}", "}}")  # Optuna formats the address
        return optuna.load_study(study_name=self.name, storage=optuna.storages.RDBStorage(address, kwargs))

    def __repr__(self) -> str:
        done = int((self.trials["state"] != "running").sum())
        best = (
            f", best {metric_text(self._record.study.objective.metric, self.best.score)} (trial {self.best.number})"
            if self.best
            else ""
        )
        state = "finished" if self.finished else "paused"
        return f"<Result {self.name}: {state}, {done} of {self._record.study.trials} trials over{best}>"


def run_study(
    study: Study | str | Path,
    *,
    name: str | None = None,
    storage: str = DEFAULT_STORAGE,
    trials: int | None = None,
    workers: int | None = None,
    timeout: float | None = None,
    dataset: str | None = None,
    data_dir: str | Path | None = None,
    device: str = "auto",
    cluster: str | None = None,
    restart: bool = False,
    quiet: bool = False,
    on_tick: "Callable[[TickEvent], object] | None" = None,
    on_trial: "Callable[[TrialEvent], object] | None" = None,
) -> Result:
    """Search a study, or go on where an earlier call was stopped; a finished one is returned as it is.

    In the main thread, Ctrl-C or a notebook's interrupt pauses the search with a snapshot; the same call goes on.

    Args:
        study: A `Study`, the name of a built-in one ("mlp"), or the path of a study file.
        name: The study's name in the database; a file's own unless given, and required with a `Study`.
        storage: The database's address.
        trials: Trials in all, however often the study is started; the study's own number unless given.
        workers: Processes; 0 trains in this one. The result is the same.
        timeout: Seconds after which the search pauses.
        dataset: A data set instead of the study's own.
        data_dir: The folder of the data set.
        device: "auto", "cpu" or "cuda".
        cluster: The address of a Ray cluster to train on.
        restart: Begin anew, and keep the trials that are there under another name.
        quiet: Show nothing.
        on_tick: Called after every tick and at the end, with `tick`, `alive`, `done`, `trials`, `best` and
            `seconds_left`. What it raises ends the search; the same call goes on.
        on_trial: Called once for each trial that ends, with `number`, `state`, `parameters` and `value`.

    Raises:
        models.errors.UserError: The caller can put something right; the text has two lines, what is so and what to do.
        KeyboardInterrupt: The search was paused by an interrupt.

    Example:
        >>> result = run_study("mlp", trials=20)  # doctest: +SKIP
        >>> result.best.parameters  # doctest: +SKIP
    """
    import optuna

    from models.console import err, out
    from models.families.custom import factory
    from search.cli import session
    from search.cli.callbacks import Callbacks
    from search.interrupt import Interrupt

    if factory.is_executing:  # by an engine: every search would begin others
        raise UserError(
            "a search was begun by the file of a model while that was read",
            'put the call of run_study under `if __name__ == "__main__":`, or into another file',
        )
    named = _named(study, name, trials)
    options = Options(
        storage=storage,
        name=name,
        dataset=dataset,
        data_dir=data_dir,
        workers=workers,
        device=device,
        timeout=timeout,
        cluster=cluster,
        restart=restart,
    ).checked()
    # The second Ctrl-C is Python's own again, rather than the end of the process, which may be a notebook's.
    interrupt = Interrupt((signal.SIGINT,), afterwards=signal.default_int_handler)
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        session_result = session.run(
            named,
            options,
            interrupt=interrupt,
            console=out,
            note=(lambda text: None) if quiet else (lambda text: err.print(f"note: {text}", markup=False)),
            quiet=quiet,
            watchers=[Callbacks(on_tick, on_trial).begin] if on_tick or on_trial else [],
        )
        if not quiet:
            out.print(session_result.summary)
    finally:
        optuna.logging.set_verbosity(before)
    if interrupt.signal is not None:
        raise KeyboardInterrupt("paused, with a snapshot; the same call goes on from here")
    record = session_result.prepared.record
    return Result(record.name, storage, session_result.finished, record.folder, record)


def _named(study: Study | str | Path, name: str | None, trials: int | None) -> "NamedStudy":
    """Return the study with its name, and with `trials` if given."""
    from search.config.study_files import NamedStudy, load, override

    if isinstance(study, Study):
        if name is None:
            raise UserError("the study has no name", 'give it one, as in run_study(study, name="mine")')
        named = NamedStudy(name, study, f"study = {study!r}\n", Path.cwd() / name)  # its data are looked for here
    elif isinstance(study, str | Path):
        named = load(str(study))
    else:
        raise UserError(
            f"a {type(study).__name__} is no study", 'give run_study a Study, a name like "mlp", or the path of a file'
        )
    return replace(named, study=override(named.study, trials=trials))
