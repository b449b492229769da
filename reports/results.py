"""`export_study`: an export from Python, in a script or a notebook; and `Export`, what it returns.

What `python -m reports.export` does, without its command line. Reached as `from reports import export_study`, which
every module of this room passes by: nothing heavy is imported before it is called.
"""

import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from search.run_study import Result


@dataclass(frozen=True, eq=False, repr=False)
class Export:
    """What an export wrote."""

    study: str
    headline: str  # the verdict in a sentence
    results: "pd.DataFrame | None"  # one row per finalist, with the columns of `results.csv`; None without retraining
    page: Path  # the report
    folder: Path  # where page and tables are; the finalists' models are in <the study's folder>/finalists

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
    folder: str | Path | None = None,
    csv: str | Path = "results.csv",
    data_dir: str | Path | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    quiet: bool = False,
) -> Export:
    """Retrain the best trials of a study over several seeds, open the test set once, and write what to believe.

    `study` is its name in the database, or what `run_study` returned, which knows its database as well; `storage` is
    else `sqlite:///runs/studies.db`. `top` of the best trials and all baselines are ranked, each under `seeds` seeds;
    `audit` pruned trials are run to their end; without `retrain` only the page of the search is written and the test
    set stays shut; `retest` opens it again. Page and tables go to `folder`, else to the study's own. `workers` and
    `cluster` are as in `run_study`.

    In the main thread a notebook's interrupt pauses the retraining with a snapshot and raises KeyboardInterrupt: the
    same call goes on from there. Raises `models.errors.UserError` for whatever its caller can put right.
    """
    import optuna

    from models.console import out
    from models.errors import UserError
    from reports import finalists
    from reports.exporting import export
    from reports.verdict import verdict
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
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        exported = export(
            Store(url, create=False),
            url,
            name,
            top=top,
            seeds=seeds,
            audit=audit,
            retrain=retrain,
            retest=retest,
            folder=None if folder is None else Path(folder),
            csv=Path(csv),
            data_dir=None if data_dir is None else str(data_dir),
            where=Options(workers=workers, cluster=cluster).checked(),
            interrupt=Interrupt((signal.SIGINT,), afterwards=signal.default_int_handler),
            say=(lambda line: None) if quiet else (lambda line: out.print(line, markup=False)),
        )
    except finalists.Paused:
        raise KeyboardInterrupt("paused, with a snapshot; the same call goes on from here") from None
    finally:
        optuna.logging.set_verbosity(before)
    found, final = exported.found, exported.found.final
    results = None if final is None else final.results
    return Export(name, verdict(found).headline, results, exported.folder / "report.html", exported.folder)
