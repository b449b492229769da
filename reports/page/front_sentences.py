"""What is said of a front of two objectives, a sentence each. Plain text; whoever shows it makes it safe."""

from reports.page.data import FinalistData, ReportData
from reports.page.wording import counted, listed, metric_title, trial_name
from search.front import Point, dominates
from search.objective import front_of
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

    def point(row: TrialRow) -> Point:
        return first.cost(row.value or 0.0), second.cost(row.second or 0.0)

    def text(row: TrialRow) -> str:
        return f"{first.text(row.value or 0.0)}, {second.text(row.second or 0.0)}"

    said = ""
    for row in report.rows:
        if row.baseline is None or row.state != "complete" or row in front:
            continue
        better = next(other for other in front if dominates(point(other), point(row)))
        lies = f"Behind it lies {trial_name(row)} ({text(row)})"
        said += f"{lies}: trial {better.number} ({text(better)}) is not worse in either. "
    return said


def _kept(report: ReportData) -> str:
    """Return what limits there were."""
    limits = listed(map(str, report.study.constraints)) if report.study.constraints else ""
    return f"No trial was begun beyond {limits.replace('_', ' ')}." if limits else ""


def _behind(report: ReportData, finalists: FinalistData, points: list[TrialRow]) -> list[str]:
    """Return which points are behind another one on the test set in both objectives, by their means."""
    first, second = report.objective.all
    results = finalists.results.set_index("trial")
    columns = [f"test_{each.metric}_mean" for each in report.objective.all if not each.is_known]
    if any(column not in results for column in columns):
        return []

    def point(row: TrialRow) -> Point:
        tested = [float(results[column][row.number]) for column in columns]
        return first.cost(tested[0]), second.cost(row.second or 0.0 if second.is_known else tested[1])

    at = {row.number: point(row) for row in points}
    found = []
    for number, mine in at.items():
        if better := [other for other, theirs in at.items() if dominates(theirs, mine)]:
            found.append(f"trial {number} is behind trial {better[0]} in both")
    return found
