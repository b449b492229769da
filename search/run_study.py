"""A search from Python, in a script or a notebook: `run_study`.

Study files import this module's package: nothing heavy is imported before `run_study` is called.
"""

import signal
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import UserError
from search.config.study import Study
from search.options import DEFAULT_STORAGE, WORKER_TIMEOUT, Options
from search.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from search.cli.callbacks import TickEvent, TrialEvent
    from search.cli.loggers import LoggerLike
    from search.config.study_files import NamedStudy


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
    worker_timeout: float = WORKER_TIMEOUT,
    restart: bool = False,
    quiet: bool = False,
    on_tick: "Callable[[TickEvent], object] | None" = None,
    on_trial: "Callable[[TrialEvent], object] | None" = None,
    on_end: "Callable[[Result], object] | None" = None,
    loggers: "Sequence[LoggerLike]" = (),
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
        worker_timeout: Seconds after which a worker that finishes no minibatch is ended and replaced; 0 is never.
        restart: Begin anew, and keep the trials that are there under another name.
        quiet: Show nothing.
        on_tick: Called after every tick and at the end, with `tick`, `alive`, `done`, `trials`, `best` and
            `seconds_left`. What it raises ends the search; the same call goes on.
        on_trial: Called once for each trial that ends, with `number`, `state`, `parameters` and `value`.
        on_end: Called with the `Result` when the search has ended: finished, or paused by the timeout or an interrupt.
        loggers: Other programs to tell of every trial: "tensorboard", "mlflow", or what makes a logger of yours.

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
        worker_timeout=worker_timeout,
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
            loggers=loggers,
            watchers=[Callbacks(on_tick, on_trial).begin] if on_tick or on_trial else [],
        )
        if not quiet:
            out.print(session_result.summary)
            for line in session_result.logged:
                out.print(line, markup=False)
    finally:
        optuna.logging.set_verbosity(before)
    record = session_result.prepared.record
    result = Result(record.name, storage, session_result.finished, record.folder, record)
    if on_end is not None:
        on_end(result)
    if interrupt.signal is not None:
        raise KeyboardInterrupt("paused, with a snapshot; the same call goes on from here")
    return result


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
