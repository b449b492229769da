"""What is said of a front of two objectives, a sentence each. Plain text; whoever shows it makes it safe."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from reports.figures.statistics import LEVEL
from reports.page.data import FinalistData, ReportData
from reports.page.wording import counted, listed, metric_title, trial_name
from search.front import Point, dominates
from search.objective import Objective, front_of
from search.trial import TrialRow


def searched(report: ReportData) -> tuple[str, str] | None:
    """Return a headline and a sentence on the front as the search left it; None where there is one objective."""
    if not (front := front_of(report.rows, report.objective)):
        return None
    names = " and ".join(metric_title(each.metric) for each in report.objective.all)
    headline = f"The search's front of {names} has {counted(len(front), 'trial')}, from {_ends(report, front)}"
    return (
        f"{headline}; nothing is tested yet." if report.finalists is None else f"{headline}.",
        f"Of these trials none is better than another in both. {_baselines(report, front)}{_kept(report)}".rstrip(),
    )


def tested(report: ReportData, finalists: FinalistData) -> list[str]:
    """Return what the finalists say of the front; nothing where there is one objective."""
    if (found := searched(report)) is None:
        return []
    first = metric_title(report.objective.metric)
    front = {row.number for row in front_of(report.rows, report.objective)}
    points = [row for row in finalists.ranked if row.number in front]
    sentences = [
        found[0],
        f"{counted(len(points), 'finalist')} of {len(front)} stand for it, spread from end to end. They rank by "
        f"{first} alone, so the first in rank is the end of the front that is best in it, not the one to take for "
        f"every purpose. {found[1]}",
    ]
    if behind := _behind(report, finalists, points):
        sentences.append(
            f"On the test set {listed(behind)}: by their means they are no points of a front, though intervals may "
            "overlap."
        )
    return sentences


def _ends(report: ReportData, front: list[TrialRow]) -> str:
    """Return both ends of a front: `accuracy 0.9792 at 40,710 parameters (trial 9), and 0.8 at 1,600 (trial 3)`."""
    first, second = report.objective.all
    names = metric_title(first.metric), metric_title(second.metric)
    best, *_, last = [*front, front[-1]]
    value = second.text(best.second or 0.0)
    at = f"{value} {names[1]}" if second.is_known else f"{names[1]} {value}"
    text = f"validation {names[0]} {first.text(best.value or 0.0)} at {at} (trial {best.number})"
    if last.number == best.number:
        return text
    return f"{text} to {first.text(last.value or 0.0)} at {second.text(last.second or 0.0)} (trial {last.number})"


def _baselines(report: ReportData, front: list[TrialRow]) -> str:
    """Return how each baseline that is not on the front lies to it."""
    first, second = report.objective.all

    def text(row: TrialRow) -> str:
        return f"{first.text(row.value or 0.0)}, {second.text(row.second or 0.0)}"

    said = ""
    for row in report.rows:
        if row.baseline is None or row.state != "complete" or row in front:
            continue
        better = next(other for other in front if dominates(_point(report, other), _point(report, row)))
        lies = f"Behind it lies {trial_name(row)} ({text(row)})"
        said += f"{lies}: trial {better.number} ({text(better)}) is not worse in either. "
    return said


def _point(report: ReportData, row: TrialRow) -> Point:
    """Return where a complete trial lies by what it came to in the search."""
    first, second = report.objective.all
    return first.cost(row.value or 0.0), second.cost(row.second or 0.0)


def _kept(report: ReportData) -> str:
    """Return what limits there were."""
    limits = listed(map(str, report.study.constraints)) if report.study.constraints else ""
    return f"No trial was begun beyond {limits.replace('_', ' ')}." if limits else ""


def _behind(report: ReportData, finalists: FinalistData, points: list[TrialRow]) -> list[str]:
    """Return which points are behind another one on the test set in both objectives, by their means."""
    tested = _tested_points(report, finalists)
    numbers = [row.number for row in points]
    ahead = {it: [other for other in numbers if dominates(tested[other], tested[it])] for it in numbers}
    return [f"trial {number} is behind trial {better[0]} in both" for number, better in ahead.items() if better]


def _tested_points(report: ReportData, finalists: FinalistData) -> dict[int, Point]:
    """Return where every finalist lies by the means of its test."""
    results = {row["trial"]: row for row in finalists.results.to_dict("records")}
    return {row.number: _tested_point(report, results[row.number], row.second) for row in finalists.ranked}


def _tested_point(report: ReportData, row: Mapping[Any, Any], second: float | None) -> Point:
    """Return where a row of results.csv lies by its means; a second objective that is a cost is known before."""
    values = [second if each.is_known else row.get(f"test_{each.metric}_mean") for each in report.objective.all]
    found = zip(report.objective.all, values, strict=True)
    return tuple(math.nan if pd.isna(value) else each.cost(float(value)) for each, value in found)  # type: ignore[return-value]


# --- the ensemble -----------------------------------------------------------------------------------------------------


def of_ensemble(report: ReportData, finalists: FinalistData) -> str | None:
    """Return where the ensemble lies to the front; None where there is none, or it is one trial over again."""
    ensemble, row = finalists.ensemble, finalists.ensemble_results
    if report.objective.beside is None or ensemble is None or row is None or not ensemble.several:
        return None
    first, second = report.objective.all
    at = f"{second.text(ensemble.selection.second or 0.0)} {metric_title(second.metric)}, the sum of its members'"
    where = f"{_told(first, row)} at {at}" if second.is_known else f"{_told(first, row)} and {_told(second, row)}"
    on_test, on_validation = ahead_of_ensemble(report, finalists)
    if on_test:
        return f"It is no point of the front, but beside it: {where}. On the test set {_not_worse(on_test)}."
    if on_validation:
        return f"It is no point of the front, but beside it: {where}. In the search {_not_worse(on_validation)}."
    return (
        f"It is one more point of the front: {where}. By the means no finalist is better in both on the test set, nor "
        "any complete trial on the validation examples, which chose the members; intervals may overlap."
    )


def ahead_of_ensemble(report: ReportData, finalists: FinalistData) -> tuple[list[int], list[int]]:
    """Return which finalists dominate the ensemble on the test set, by means, and which trials on validation."""
    ensemble, row = finalists.ensemble, finalists.ensemble_results
    assert ensemble is not None
    assert row is not None
    first, second = report.objective.all
    selection, others = ensemble.selection, front_of(report.rows, report.objective)
    of_test = _tested_point(report, row.to_dict("records")[0], selection.second)
    of_validation = first.cost(selection.validation), second.cost(selection.second or 0.0)
    tested = _tested_points(report, finalists)
    return (
        [trial for trial, point in tested.items() if dominates(point, of_test)],
        [it.number for it in others if dominates(_point(report, it), of_validation)],
    )


def _not_worse(trials: list[int]) -> str:
    named, are = ("trials", "are") if len(trials) > 1 else ("trial", "is")
    return f"{named} {listed(trials)} {are} not worse in either"


def _told(objective: Objective, row: pd.DataFrame) -> str:
    """Return `test macro f1 0.9521 (95 % interval 0.9410 to 0.9630)`."""
    mean, low, high = (float(row[f"test_{objective.metric}_{end}"].iloc[0]) for end in ("mean", "low", "high"))
    text = objective.text
    return f"test {metric_title(objective.metric)} {text(mean)} ({LEVEL:.0%} interval {text(low)} to {text(high)})"
