"""What is said of the ensemble: its test figure, how far it lies from the winner, and what it costs.

Plain text; whoever shows it makes it safe.
"""

from reports.figures.statistics import LEVEL, Comparison
from reports.finalists.ensemble import ENSEMBLE, TestedEnsemble
from reports.page.data import FinalistData, ReportData
from reports.page.front_sentences import ahead_of_ensemble, of_ensemble
from reports.page.wording import counted, listed, p_value


def against_winner(finalists: FinalistData) -> Comparison:
    """Return by how much the ensemble is better than the winner: one comparison, paired under each seed."""
    return finalists.measured.compare(ENSEMBLE, finalists.winner.number)


def members_text(ensemble: TestedEnsemble) -> str:
    """Return `trials 8 (three times) and 29`."""
    times = {1: "", 2: " (twice)", 3: " (three times)"}
    named = [f"{trial}{times.get(count, f' ({count} times)')}" for trial, count in ensemble.weights.items()]
    return f"trial{'s' if len(named) > 1 else ''} {listed(named)}"


def ensemble_sentences(report: ReportData, finalists: FinalistData) -> list[str]:
    """Return what the verdict says: what it came to, and where it lies to the front of two objectives."""
    return [said for said in (ensemble_sentence(finalists), of_ensemble(report, finalists)) if said is not None]


def ensemble_sentence(finalists: FinalistData) -> str | None:
    """Return what it came to against the winner; None without an ensemble."""
    if (ensemble := finalists.ensemble) is None:
        return None
    if list(ensemble.weights) == [finalists.winner.number]:
        return "No ensemble of complete trials did better than the winner alone on the validation examples."
    figure, interval, against = finalists.figure, finalists.tested(ENSEMBLE), against_winner(finalists)
    gap = against.gap
    lead = figure.ahead(gap.mean, "on the winner alone")
    told = "the two can be told apart" if against.p < 1 - LEVEL else "the two cannot be told apart"
    several = len(ensemble.weights) > 1
    together = f"Together, {members_text(ensemble)} have" if several else f"Alone, {members_text(ensemble)} has"
    bounds = f"{figure.signed(gap.low)} to {figure.signed(gap.high)}"
    return (
        f"{together} test {figure.title} {figure.text(interval.mean)} "
        f"({LEVEL:.0%} interval {figure.within(interval)}), {lead}, with interval {bounds}: "
        f"{told} ({p_value(against.p)}, one comparison by itself){_cost(finalists, ensemble)}."
    )


def ensemble_data(report: ReportData, finalists: FinalistData) -> dict[str, object] | None:
    """Return what programs are told: how often each member counts, its test figures with intervals, and the gain.

    Of two objectives each has its test value with the interval, or its cost; and which trials dominate the ensemble.
    """
    ensemble, row = finalists.ensemble, finalists.ensemble_results
    if ensemble is None or row is None:
        return None
    interval, gap = finalists.tested(ENSEMBLE), against_winner(finalists).gap
    standard = finalists.predictions.figure
    in_standard = standard.interval(ensemble.scores)
    of_objectives: dict[str, object] = {}
    if report.objective.beside is not None:
        for each in report.objective.all:
            if each.is_known:
                of_objectives[each.metric] = ensemble.selection.second
            elif each.metric != standard.metric:
                name = f"test_{each.metric}"
                of_objectives[name] = [float(row[f"{name}_{end}"].iloc[0]) for end in ("mean", "low", "high")]
        on_test, on_validation = ahead_of_ensemble(report, finalists)
        of_objectives |= {"dominated_on_test_by": on_test, "dominated_on_validation_by": on_validation}
    return {
        "members": {str(trial): count for trial, count in ensemble.weights.items()},
        f"test_{standard.metric}": [in_standard.mean, in_standard.low, in_standard.high],
        f"test_{finalists.figure.metric}": [interval.mean, interval.low, interval.high],
        "gain": [gap.mean, gap.low, gap.high],
        "validation": ensemble.selection.validation,
        **of_objectives,
    }


def _cost(finalists: FinalistData, ensemble: TestedEnsemble) -> str:
    winner = finalists.predictions.costs.get(finalists.winner.number)
    if winner is None or ensemble.cost is None or not winner.multiply_adds:
        return ""
    times = ensemble.cost.multiply_adds / winner.multiply_adds
    much = f"{times:.2g} times the winner's" if times >= 1.05 else "hardly more than the winner's"
    return f". A prediction of theirs costs {much}"


def selection_text(report: ReportData, ensemble: TestedEnsemble) -> str:
    """Return how the members were chosen, and what that is worth."""
    selection, text = ensemble.selection, report.objective.text
    title = report.objective.metric.replace("_", " ")
    gain = f"{text(selection.validation)}, where the best trial alone has {text(selection.best_alone)}"
    return (
        f"The members were chosen among {counted(selection.candidates, 'complete trial')} of the search by greedy "
        "selection with replacement (Caruana et al. 2004), from what each answered to the "
        f"{finalist_noun(report)} at its last epoch: {title} {gain}. That difference is optimistic, since these "
        "examples chose the members; the test has none of it. They were then retrained as the finalists were, under "
        f"{counted(ensemble.seeds, 'seed')}, and tested with them."
    )


def finalist_noun(report: ReportData) -> str:
    """Return what the validation part is called."""
    assert report.finalists is not None
    return f"validation {report.finalists.predictions.noun}s"
