"""`run_study`: a search from Python, in a script or a notebook; and `Result`, what it returns.

What `python -m search.run` does, without its command line. Reached as `from search import run_study`, which every study
file's own import passes by: nothing heavy is imported before it is called.
"""

import signal
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.config.base import Parameters
from models.errors import UserError
from search.config.study import Study

if TYPE_CHECKING:
    import optuna
    import pandas as pd

    from search.config.study_files import NamedStudy
    from search.record.record import Record


@dataclass(frozen=True)
class Best:
    """The best trial that is complete; ties go to the lower validation loss, then to the lower number."""

    number: int  # of the trial
    score: float  # the objective's value
    epoch: int  # the one that speaks for the trial
    parameters: Parameters


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """A study as it is recorded. Everything but `finished` is read when it is first asked for, and then kept."""

    name: str  # of the study in its database
    storage: str  # the database's address
    finished: bool  # False: paused by the timeout; the same call goes on
    folder: Path  # where everything that the study makes is kept
    _record: "Record"

    @cached_property
    def trials(self) -> "pd.DataFrame":
        """One row per trial, by number, with the columns of `trials.csv`.

        `validation_accuracy` is a share of 1, `validation_loss` a mean per example, `seconds` a trial's share of the
        time that its ticks took.
        """
        from search.record.trials_frame import trials_frame

        return trials_frame(self._record, self._record.trials(), self._record.curves())

    @cached_property
    def best(self) -> Best | None:
        """The best trial; None where none is complete."""
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
        """Optuna's study of these trials, for its plots and importances. Adding to it or changing it is not for us."""
        import optuna
        from sqlalchemy.pool import NullPool

        from search.record.sqlite import BUSY_SECONDS

        kwargs: dict[str, Any] = {
            "poolclass": NullPool
        }  # no connection stays open in a notebook that has been forgotten
        if self.storage.startswith("sqlite"):
            kwargs["connect_args"] = {"timeout": BUSY_SECONDS}
        address = self.storage.replace("{", "{{").replace("}", "}}")  # Optuna fills in what stands between braces
        return optuna.load_study(study_name=self.name, storage=optuna.storages.RDBStorage(address, kwargs))

    def __repr__(self) -> str:
        over = int((self.trials["state"] != "running").sum())
        best = f", best {self.best.score:.4f} (trial {self.best.number})" if self.best else ""
        state = "finished" if self.finished else "paused"
        return f"<Result {self.name}: {state}, {over} of {self._record.study.trials} trials over{best}>"


def run_study(
    study: Study | str | Path,
    *,
    name: str | None = None,
    storage: str = "sqlite:///runs/studies.db",
    trials: int | None = None,
    workers: int | None = None,
    timeout: float | None = None,
    dataset: str | None = None,
    data_dir: str | Path | None = None,
    device: str = "auto",
    cluster: str | None = None,
    restart: bool = False,
    quiet: bool = False,
) -> Result:
    """Search a study, or go on where an earlier call was stopped; a finished one is returned as it is.

    `study` is a `Study`, the name of one of ours ("mlp"), or the path of a study file. `name` is the study's in the
    database: a file's own unless it is given, and needed for a `Study`. `trials` is their number in all, however often
    the study is started. `workers` are processes (0 trains in this one; the result is the same), `timeout` the seconds
    after which it pauses, `dataset` another data set than the study's, `data_dir` the folder it lies in, `device` auto,
    cpu or cuda, `cluster` the address of a Ray cluster to train on; `restart` begins anew and keeps what is there under
    another name, `quiet` shows nothing.

    In the main thread, Ctrl-C or a notebook's interrupt pauses the search with a snapshot and then raises
    KeyboardInterrupt: the same call goes on from there. Raises `models.errors.UserError` for whatever its caller can
    put right; its text has two lines, what is so and what to do.
    """
    import optuna

    from models.console import err, out
    from models.families.custom import factory
    from search.cli import session
    from search.cli.console import Interrupt
    from search.launch import Options

    if factory.is_executing:  # by an engine: every search would begin others
        raise UserError(
            "a search was begun by the file of a model while that was read",
            'put the call of run_study under `if __name__ == "__main__":`, or into another file',
        )
    named = _named(study, name, trials)
    options = session.checked(
        Options(
            storage=storage,
            name=name,
            dataset=dataset,
            data_dir=None if data_dir is None else str(data_dir),
            workers=workers,
            device=device,
            timeout=timeout,
            cluster=cluster,
            restart=restart,
        )
    )
    # The second Ctrl-C is Python's own again, rather than the end of the process, which may be a notebook's.
    interrupt = Interrupt((signal.SIGINT,), afterwards=signal.default_int_handler)
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        ran = session.run(
            named,
            options,
            interrupt=interrupt,
            console=out,
            note=(lambda text: None) if quiet else (lambda text: err.print(f"note: {text}", markup=False)),
            quiet=quiet,
        )
        if not quiet:
            out.print(ran.summary)
    finally:
        optuna.logging.set_verbosity(before)
    if interrupt.signal is not None:
        raise KeyboardInterrupt("paused, with a snapshot; the same call goes on from here")
    record = ran.prepared.record
    return Result(record.name, storage, ran.finished, record.folder, record)


def _named(study: Study | str | Path, name: str | None, trials: int | None) -> "NamedStudy":
    """Return the study with its name, and with the number of trials that was asked for."""
    from dataclasses import replace

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
