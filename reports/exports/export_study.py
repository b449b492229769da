"""`export_study`: an export from Python, in a script or a notebook; and `Export`, what it returns.

What `python -m reports.export` does, without its command line. Reached as `from reports import export_study`, which
every module of `reports` passes by: nothing heavy is imported before it is called.
"""

import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from search.options import WORKER_TIMEOUT

if TYPE_CHECKING:
    import pandas as pd

    from search.result import Result


@dataclass(frozen=True, eq=False, repr=False)
class Export:
    """What an export wrote.

    Args:
        study: The study's name.
        headline: The verdict in a sentence.
        results: The rows of `results.csv`: the finalists in rank, then the ensemble, where it was asked for; None
            without retraining.
        page: The report.
        folder: Where page and tables are; the finalists' models are in <the study's folder>/finalists.
    """

    study: str
    headline: str
    results: "pd.DataFrame | None"
    page: Path
    folder: Path

    @property
    def winner(self) -> "dict[str, object] | None":
        """The first row of `results`: the finalist whose rank was fixed before the test set was opened."""
        return None if self.results is None else dict(self.results.iloc[0])

    def __repr__(self) -> str:
        return f"<Export {self.study}: {self.headline} {self.page}>"


def export_study(
    study: "str | Result",
    *,
    storage: str | None = None,
    top: int = 3,
    seeds: int = 5,
    audit: int = 0,
    retrain: bool = True,
    retest: bool = False,
    ensemble: bool = False,
    folder: str | Path | None = None,
    csv: str | Path = "results.csv",
    data_dir: str | Path | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    worker_timeout: float = WORKER_TIMEOUT,
    quiet: bool = False,
) -> Export:
    """Retrain the best trials of a study over several seeds, open the test set once, and write what to believe.

    In the main thread a notebook's interrupt pauses the retraining with a snapshot: the same call goes on from there.

    Args:
        study: Its name in the database, or what `run_study` returned, which knows its database as well.
        storage: The address of the database, `sqlite:///runs/studies.db` unless given.
        top: How many of the best trials are finalists; all baselines are added.
        seeds: How many each finalist is trained under.
        audit: How many pruned trials are run to their end.
        retrain: False writes the page of the search alone, and the test set stays shut.
        retest: True opens the test set again for models that are tested already.
        ensemble: True tests some of the complete trials together as well, as one model.
        folder: Where page and tables go, the study's own folder unless given.
        csv: The name of the finalists' table.
        data_dir: The only folder to look for the data in.
        workers: As in `run_study`.
        cluster: As in `run_study`.
        worker_timeout: As in `run_study`.
        quiet: True prints nothing.

    Raises:
        UserError: Something that the caller can put right.
        KeyboardInterrupt: It was paused.
    """
    import optuna

    from models.console import out
    from models.errors import UserError
    from reports.exports.exporting import export
    from reports.exports.options import ExportOptions
    from reports.exports.progress import ExportProgress
    from reports.finalists.training import Paused
    from reports.page.verdict import verdict
    from search.interrupt import Interrupt
    from search.options import DEFAULT_STORAGE, Options
    from search.record.store import Store

    for name, given, least, most in (("top", top, 1, 1000), ("seeds", seeds, 1, 999), ("audit", audit, 0, None)):
        if given < least or (most is not None and given > most):
            bounds = f"from {least} to {most}" if most else f"that is not below {least}"
            raise UserError(f"{name} is {given}", f"give a whole number {bounds}")
    name, url = (
        (study, storage or DEFAULT_STORAGE) if isinstance(study, str) else (study.name, storage or study.storage)
    )
    options = ExportOptions(
        top=top,
        seeds=seeds,
        audit=audit,
        retrain=retrain,
        retest=retest,
        folder=None if folder is None else Path(folder),
        csv=Path(csv),
        data_dir=None if data_dir is None else str(data_dir),
        ensemble=ensemble,
    )
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with ExportProgress(out, quiet=quiet) as progress:
            report, written = export(
                Store(url, create=False),
                url,
                name,
                options,
                Options(workers=workers, cluster=cluster, worker_timeout=worker_timeout).checked(),
                Interrupt((signal.SIGINT,), afterwards=signal.default_int_handler),
                (lambda line: None) if quiet else (lambda line: out.print(line, markup=False)),
                progress,
            )
    except Paused:
        raise KeyboardInterrupt("paused, with a snapshot; the same call goes on from here") from None
    finally:
        optuna.logging.set_verbosity(before)
    return Export(name, verdict(report).headline, report.table, written / "report.html", written)
