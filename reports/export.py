"""python -m reports.export: retrain the best trials, test them once, and write the report. See `--help`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from models.console import WHERE, DataDir, Debug, bounded_int, new_app, out, start
from search.cli.options import Cluster, EngineCpus, EngineGpus, Json, Quiet, Storage, Workers, WorkerTimeout
from search.interrupt import Interrupt, command
from search.options import DEFAULT_STORAGE, WORKER_TIMEOUT, Options

if TYPE_CHECKING:
    from reports.finalists.validated import ValidatedFinalists
    from reports.page.data import ReportData

app = new_app()

FINALISTS = "Finalists"

EXAMPLES = """
[bold]Examples[/]

  the three best trials and the baseline, five seeds each
  python -m reports.export --study mlp

  more finalists, more certainty
  python -m reports.export --study mlp --top 5 --seeds 10

  also run ten pruned trials on: was it right to cut them?
  python -m reports.export --study mlp --audit 10

  what it would train, and about how long that takes
  python -m reports.export --study mlp --check

  the page of the search alone; the test set stays shut
  python -m reports.export --study mlp --no-retrain
"""


@app.command(epilog=EXAMPLES)
def main(
    study: Annotated[str, typer.Option(metavar="NAME", help="A study, or its file.", rich_help_panel=WHERE)],
    storage: Storage = DEFAULT_STORAGE,
    top: Annotated[
        int,
        typer.Option(
            parser=bounded_int(1, 1000),
            metavar="N",
            help="How many of the best trials; baselines are added.",
            rich_help_panel=FINALISTS,
        ),
    ] = 3,
    seeds: Annotated[
        int,
        typer.Option(
            parser=bounded_int(1, 999), metavar="N", help="How often each is retrained.", rich_help_panel=FINALISTS
        ),
    ] = 5,
    audit: Annotated[
        int,
        typer.Option(
            parser=bounded_int(0),
            metavar="N",
            help="Run N pruned trials, drawn at random, to their end: would one have won?",
            rich_help_panel=FINALISTS,
        ),
    ] = 0,
    ensemble: Annotated[
        bool,
        typer.Option(
            "--ensemble",
            metavar="",
            help="Test complete trials together as well, as one model.",
            rich_help_panel=FINALISTS,
        ),
    ] = False,
    no_retrain: Annotated[
        bool, typer.Option("--no-retrain", metavar="", help="The page of the search alone.", rich_help_panel=FINALISTS)
    ] = False,
    retest: Annotated[
        bool, typer.Option("--retest", metavar="", help="Open the test set again.", rich_help_panel=FINALISTS)
    ] = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check", metavar="", help="Show what would be trained, and for how long.", rich_help_panel=FINALISTS
        ),
    ] = False,
    csv: Annotated[
        Path, typer.Option(metavar="FILE", help="The finalists' table, in the output folder.", rich_help_panel=WHERE)
    ] = Path("results.csv"),
    output: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Where page and tables go. Default: the study's folder.", rich_help_panel=WHERE
        ),
    ] = None,
    data_dir: DataDir = None,
    workers: Workers = None,
    cluster: Cluster = None,
    engine_cpus: EngineCpus = None,
    engine_gpus: EngineGpus = None,
    worker_timeout: WorkerTimeout = WORKER_TIMEOUT,
    quiet: Quiet = False,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Retrain the best trials over several seeds, open the test set once, and write what to believe."""
    with command(debug):
        import optuna

        from reports.exports.exporting import export, find_record
        from reports.exports.options import ExportOptions
        from reports.finalists.training import Paused
        from search.record.store import Store

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        hosts = Options(
            workers=workers,
            cluster=cluster,
            engine_cpus=engine_cpus,
            engine_gpus=engine_gpus,
            worker_timeout=worker_timeout,
        ).checked("--")
        options = ExportOptions(
            top=top,
            seeds=seeds,
            audit=audit,
            retrain=not no_retrain,
            retest=retest,
            folder=output,
            csv=csv,
            data_dir=None if data_dir is None else str(data_dir),
            ensemble=ensemble,
        )
        store, interrupt = Store(storage, create=False), Interrupt()
        if check:
            from reports.exports.plan import export_plan
            from search.fleet.local import worker_count
            from search.machine.device import gpu_count

            engines = (record := find_record(store, study)).study.engines
            processes = engines if cluster else worker_count(workers, engines, gpu_count(record.fingerprint["device"]))
            plan = export_plan(record, top, seeds, processes, ensemble=ensemble)
            if json:
                out.print_json(data=plan.as_data())
            else:
                out.print("\n".join(plan.lines), markup=False)
            return
        from reports.exports.progress import ExportProgress

        try:
            say = (lambda line: None) if quiet or json else _say
            with ExportProgress(out, quiet=quiet or json) as progress:
                report, folder = export(store, storage, study, options, hosts, interrupt, say, progress)
        except Paused:
            out.print("paused, with a snapshot; the same command goes on from here")
            sys.exit(interrupt.exit_code)
        if json:
            out.print_json(data=_as_data(report, folder, csv))
            return
        _print_results(report, folder, csv)
        there = "" if storage == DEFAULT_STORAGE else f" --storage {store.masked}"
        out.print(f"next: python -m reports.dashboard{there}", markup=False)


def _say(line: str) -> None:
    out.print(line, markup=False)


def _as_data(report: "ReportData", folder: Path, csv: Path) -> dict[str, object]:
    """Return what `--json` prints: the verdict, the rows of the finalists' table, and where everything is."""
    from json import loads

    from reports.page.ensemble_sentences import ensemble_data
    from reports.page.verdict import verdict

    results = report.table
    return {
        "study": report.name,
        "headline": verdict(report).headline,
        "trials": len(report.trials),
        "results": [] if results is None else loads(results.to_json(orient="records", double_precision=15)),
        "report": str(folder / "report.html"),
        "trials_csv": str(folder / "trials.csv"),
        "results_csv": None if results is None else str(folder / csv),
        "models": None if report.finalists is None else str(report.folder / "finalists"),
        "ensemble": None if report.finalists is None else ensemble_data(report, report.finalists),
    }


def _print_results(report: "ReportData", folder: Path, csv: Path) -> None:
    """Print what came out."""
    from reports.page.ensemble_sentences import ensemble_sentences
    from reports.page.finalist_sentences import model_file
    from reports.page.verdict import verdict
    from reports.page.wording import counted, metric_title
    from search.cli.wording import parameters_text

    out.print(verdict(report).headline, markup=False)
    if report.validated is not None:
        _print_validated(report, report.validated, folder, csv)
        return
    if report.finalists is None:
        out.print(f"{folder / 'report.html'}, {folder / 'trials.csv'}: {len(report.trials)} trials", markup=False)
        return
    figure, objective = report.finalists.figure, report.objective
    other = objective.metric != report.figure.metric
    validation = f"validation {metric_title(objective.metric)}" if other else "validation"
    for row in report.finalists.results.to_dict("records"):
        name = f"trial {row['trial']}" + (f" (baseline {row['baseline']})" if isinstance(row["baseline"], str) else "")
        tested = report.finalists.tested(row["trial"])
        mean, low, high = (figure.text(value) for value in (tested.mean, tested.low, tested.high))
        out.print(
            f"{row['rank']}. {name}: test {figure.title} {mean} [{low}, {high}] over {counted(row['seeds'], 'seed')}, "
            f"{validation} {objective.text(row[report.score])}",
            markup=False,
        )
    best = report.study.to_external(report.rows[report.finalists.winner.number].params)
    out.print(f"winner: {parameters_text(best)}", markup=False)
    if (one := model_file(report.finalists)) is not None:
        out.print(one[0], markup=False)
    for sentence in ensemble_sentences(report, report.finalists):
        out.print(f"ensemble: {sentence}", markup=False)
    tables = f"{folder / csv}, {folder / 'trials.csv'}"
    out.print(f"{tables}, models in {report.folder / 'finalists'}", markup=False)
    out.print(f"open {folder / 'report.html'}", markup=False)


def _print_validated(report: "ReportData", finalists: "ValidatedFinalists", folder: Path, csv: Path) -> None:
    """Print what came out where there is no test set."""
    from reports.page.wording import counted, metric_title, trial_name
    from search.cli.wording import parameters_text

    metric = metric_title(report.objective.metric)
    for rank, row in enumerate(finalists.ranked, start=1):
        over = finalists.interval(row.number)
        text = report.objective.text
        bounds = f" [{text(over.low)}, {text(over.high)}]" if finalists.seeds > 1 else ""
        said = f"validation {metric} {text(over.mean)}{bounds} over {counted(finalists.seeds, 'seed')}"
        out.print(f"{rank}. {trial_name(row)}: {said}", markup=False)
    out.print(f"first: {parameters_text(report.study.to_external(finalists.winner.params))}", markup=False)
    out.print(f"{folder / csv}, {folder / 'trials.csv'}", markup=False)
    out.print(f"open {folder / 'report.html'}", markup=False)


if __name__ == "__main__":
    start(app)
