"""Where a result comes from: the commands that get it again, the machine, the seeds, and the wall time."""

import shlex
from collections.abc import Mapping
from typing import Any

from reports.page.data import ReportData


def commands(report: ReportData, export_options: Mapping[str, int]) -> list[str]:
    """Return what searches the study anew, from the study file's text, and exports it."""
    study = report.study
    search = ["python", "-m", "search.run", "--study", "study.py", "--name", report.name]
    if isinstance(study.data, str):
        search += ["--dataset", study.data]
    for option in ("trials", "epochs", "seed", "engines", "lanes"):
        value = getattr(study, option)
        search += [f"--{option}", ",".join(map(str, value)) if isinstance(value, tuple) else str(value)]
    export = ["python", "-m", "reports.export", "--study", report.name]
    for option, number in export_options.items():
        export += [f"--{option}", str(number)]
    return [shlex.join(search), shlex.join(export)]


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
    shown = {name: value for name, value in report.environment.items() if name not in ("spent", "data", "machines")}
    later = [", ".join(map(str, machine.values())) for machine in report.environment.get("machines", [])[1:]]
    return seeds | shown | ({"went on with": "; ".join(later)} if later else {})
