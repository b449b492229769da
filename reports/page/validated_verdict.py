"""The verdict on trials that train by themselves: finalists over seeds, on validation alone, and what that cannot tell.

Plain text; whoever shows it makes it safe.
"""

from collections.abc import Callable

from reports.figures.statistics import LEVEL
from reports.finalists.validated import ValidatedFinalists
from reports.page.data import ReportData
from reports.page.finalist_sentences import KeyFigure
from reports.page.wording import counted, metric_title, p_value, trial_name


def validated_verdict(report: ReportData, finalists: ValidatedFinalists) -> tuple[str, list[str], list[KeyFigure]]:
    """Return the headline, what bears it out, and the key figures."""
    winner, metric = finalists.winner, f"validation {metric_title(report.objective.metric)}"
    seeds, over = counted(finalists.seeds, "seed"), finalists.interval(winner.number)
    text = report.objective.text
    bounds = f"{text(over.low)} to {text(over.high)}"
    known = f" ({LEVEL:.0%} interval of new seeds {bounds})" if finalists.seeds > 1 else ""
    headline = (
        f"Trial {trial_name(winner).removeprefix('trial ')}{',' if winner.baseline else ''} ranks first: {metric} "
        f"{text(over.mean)}{known} over {seeds}; {report.study.family.label} has no test set."
    )
    sentences = [
        "These are validation scores. The search chose its configurations by the same examples, so they are optimistic "
        "by an amount that nobody knows, and more seeds do not mend that: data that chose nothing would, seen once.",
        *_against_baseline(finalists, text),
    ]
    if finalists.same_under_every_seed:
        sentences.append(
            f"All {seeds} came out the same, to the last digit: it seems to seed itself. Let it take the trial's seed, "
            "so that seeds tell how much is luck."
        )
    figures = [(metric, f"{text(over.mean)}", f"{bounds}; {seeds}" if finalists.seeds > 1 else seeds)]
    searched = float(finalists.results[report.score].iloc[0])
    luck = report.objective.cost(over.mean) - report.objective.cost(searched)
    figures.append(("luck of the seed", _signed(luck, text), f"the search saw {text(searched)}, under one seed"))
    return headline, sentences, figures


def _against_baseline(finalists: ValidatedFinalists, text: Callable[[float], str]) -> list[str]:
    baseline = finalists.baseline
    if baseline is None:
        return ["The study has no baseline that finished, so there is nothing to tell its gain against."]
    if baseline == finalists.winner:
        return ["No other finalist ranked above what was known before the search."]
    if finalists.seeds == 1:
        return ["One seed cannot say how much of its lead over the baseline is the seed's luck."]
    gap, p = finalists.against(baseline.number)
    apart = "can" if p < 1 - LEVEL else "cannot"
    bounds = f"{_signed(gap.low, text)} to {_signed(gap.high, text)}"
    return [
        f"That is {_signed(gap.mean, text)} against {trial_name(baseline)}, with interval {bounds}: the two {apart} be "
        f"told apart at {counted(finalists.seeds, 'seed')} ({p_value(p)})."
    ]


def _signed(value: float, text: Callable[[float], str]) -> str:
    return f"{'−' if value < 0 else '+'}{text(abs(value))}"
