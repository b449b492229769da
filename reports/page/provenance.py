"""Where a result comes from: the commands that get it again, the machine, the seeds, and the wall time."""

import shlex
from typing import Any

from reports.page.data import ReportData

NOT_OF_MACHINE = ("spent", "data", "machines", "examples")  # what is recorded with it, and told elsewhere


def search_command(report: ReportData) -> str:
    """Return the command that searches the study anew, from the study file's text."""
    study = report.study
    words = ["python", "-m", "search.run", "--study", "study.py", "--name", report.name]
    if isinstance(study.data, str):
        words += ["--dataset", study.data]
    for option in ("trials", "epochs", "seed", "engines", "lanes"):
        value = getattr(study, option)
        words += [f"--{option}", ",".join(map(str, value)) if isinstance(value, tuple) else str(value)]
    return shlex.join(words)


def data_text(report: ReportData) -> str:
    """Return the data set, and how many examples each part has, as far as that is known.

    `digits: 1,198 training + 240 validation + 359 test images`, or `iris.csv: 120 training (5 folds) + 30 test rows`.
    """
    counts, folds, finalists = report.environment.get("examples"), report.study.folds, report.finalists
    parts = []
    if counts and folds > 1:
        parts.append(f"{counts['train'] + counts['validation']:,} training ({folds} folds)")
    elif counts:
        parts += [f"{counts['train']:,} training", f"{counts['validation']:,} validation"]
    if finalists is not None:
        parts.append(f"{len(finalists.predictions.labels):,} test")
    noun = "example" if finalists is None else finalists.predictions.noun
    return report.study.dataset + (f": {' + '.join(parts)} {noun}s" if parts else "")


def wall_time(report: ReportData) -> dict[str, str]:
    """Return where the wall time of the search went: seconds and share of each part; empty where unknown."""
    spent: dict[str, float] = report.environment.get("spent", {})
    whole = sum(spent.values())
    return {part: f"{seconds:.1f} s, {seconds / whole:.0%}" for part, seconds in spent.items()} if whole else {}


def machine(report: ReportData) -> dict[str, Any]:
    """Return what is known of the machine that a study was searched on, and its seeds."""
    seeds: dict[str, Any] = {"seed of the study": report.study.seed}
    if report.study.members > 1:
        seeds["a trial is judged by"] = report.study.judged_by
    if report.finalists is not None:
        seeds["seeds of the finalists"] = (
            f"0 to {report.finalists.seeds - 1}: under each, all finalists see the same minibatches, and each begins "
            "with weights of its own; others for the test"
        )
    shown = {name: value for name, value in report.environment.items() if name not in NOT_OF_MACHINE}
    later = [", ".join(map(str, machine.values())) for machine in report.environment.get("machines", [])[1:]]
    return seeds | shown | ({"went on with": "; ".join(later)} if later else {})
