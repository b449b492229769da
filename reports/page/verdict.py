"""The verdict in words: what to believe of a study, and how sure that is.

Plain text; whoever shows it makes it safe. Must not query the record: it is given `ReportData`.
"""

from dataclasses import dataclass

from reports.figures.statistics import LEVEL
from reports.finalists.looks import looks
from reports.page import finalist_sentences, front_sentences
from reports.page.data import FinalistData, ReportData
from reports.page.ensemble_sentences import ensemble_sentences
from reports.page.finalist_sentences import KeyFigure, always, inseparable
from reports.page.validated_verdict import validated_verdict
from reports.page.wording import counted, metric_title, trial_name


@dataclass(frozen=True)
class Verdict:
    """What came out of a study."""

    headline: str  # one sentence
    sentences: list[str]  # what bears it out
    figures: list[KeyFigure]


def verdict(report: ReportData) -> Verdict:
    """Return what came out of a study, or out of what there is of it so far."""
    if report.validated is not None:
        return Verdict(*validated_verdict(report, report.validated))
    return _search_verdict(report) if report.finalists is None else _test_verdict(report, report.finalists)


def _search_verdict(report: ReportData) -> Verdict:
    """Return what the search says by itself, before any finalist is retrained."""
    trials = report.trials
    if trials.empty:
        return Verdict("Nothing is known yet: the study has no trial.", [], [])
    counts = [f"{(trials['fate'] == fate).sum():,} {fate}" for fate in dict.fromkeys(trials["fate"].sort_values())]
    fates = f"Of {counted(len(trials), 'trial')} so far: {', '.join(counts)}."
    if report.best is None:
        return Verdict("Nothing is known yet: no trial is complete.", [fates], [])
    scores, text = trials[report.score].astype(float), report.objective.text
    tested = "" if report.study.family.external else " and tested once"
    sentences = [
        f"That is the best of {int((trials['state'] == 'complete').sum()):,} complete trials on the examples that "
        "chose it, so it is optimistic by an amount nobody knows. How good the configuration is, and whether it beats "
        f"the baseline, only finalists can tell: trained again under several seeds{tested}.",
        fates,
    ]
    figures = [("best validation score", text(scores[report.best]), f"trial {report.best}, {report.study.judged_by}")]
    for row in report.rows:
        if row.baseline is not None:
            baseline = trials.loc[row.number]
            value = text(scores[row.number]) if baseline["fate"] == "complete" else str(baseline["fate"])
            figures.append((f"baseline “{row.baseline}”", value, f"trial {row.number}, {report.study.judged_by}"))
    if (front := front_sentences.searched(report)) is not None:
        return Verdict(front[0], [front[1], *sentences[1:]], figures)
    return Verdict(
        f"The search's best is {trial_name(report.rows[report.best])}, with validation "
        f"{metric_title(report.objective.metric)} {text(scores[report.best])}; nothing is tested yet.",
        sentences,
        figures,
    )


def _test_verdict(report: ReportData, finalists: FinalistData) -> Verdict:
    winner, baseline, predictions = finalists.winner, finalists.baseline, finalists.predictions
    tested, figure, headline = finalists.tested(winner.number), finalists.figure, _headline(report, finalists)
    basis = f"{counted(finalists.seeds, 'seed')} × {counted(len(predictions.labels), predictions.noun)}"
    figures = [(f"test {figure.title}", figure.text(tested.mean), f"{figure.within(tested)}; {basis}")]
    sentences = []
    if (standard := finalist_sentences.in_standard(report, finalists)) is not None:
        figures.append(standard[1])
    if (one := finalist_sentences.model_file(finalists)) is not None:
        figures.append(one[1])
    if baseline is None:
        sentences.append("The study has no baseline that finished, so there is nothing to tell its gain against.")
    elif baseline == winner:
        sentences.append("No other finalist ranked above what was known before the search.")
    else:
        sentence, key_figure = finalist_sentences.gain(finalists, baseline)
        sentences.append(sentence)
        figures.append(key_figure)
    sentences += finalist_sentences.rivals(finalists)
    if standard is not None:
        sentences.append(standard[0])
    for said in (finalist_sentences.undefined(report, finalists), finalist_sentences.of_one_class(finalists)):
        if said is not None:
            sentences.append(said)
    if one is not None:
        sentences.append(one[0])
    if report.study.members > 1:
        sentences.append(f"In the search each trial was judged by {report.study.judged_by}.")
    sentences += ensemble_sentences(report, finalists)
    for told in (finalist_sentences.constant_answer(finalists), finalist_sentences.luck(report, finalists)):
        if told is not None:
            sentences.append(told[0])
            figures.append(told[1])
    if baseline is not None and (published := finalist_sentences.published(report, finalists, baseline)) is not None:
        sentences.append(published[0])
        figures.append(published[1])
    if len(report.ledger) > 1:
        sentences.append(f"It was not the first look at this test set, which was {looks(report.ledger)}.")
    if of_front := front_sentences.tested(report, finalists):
        return Verdict(of_front[0], [*of_front[1:], headline, *sentences], figures)
    return Verdict(headline, sentences, figures)


def _headline(report: ReportData, finalists: FinalistData) -> str:
    """Return who is first, with its test figure; and where it may have learned nothing, what that would have."""
    winner, figure, noun = finalists.winner, finalists.figure, finalists.predictions.noun
    learned = finalists.above_constant is None or finalists.above_constant.low > 0
    stands_out = learned and not finalists.rivals.empty and not inseparable(finalists)
    verb = "wins" if stands_out else "comes first"
    if report.objective.beside is not None:
        verb = f"comes first by {metric_title(report.objective.metric)}"
    tested = finalists.tested(winner.number)
    over = "interval" if finalists.seeds > 1 else f"interval of the {noun}s alone, since one seed shows no other luck:"
    headline = (
        f"Trial {trial_name(winner).removeprefix('trial ')}{',' if winner.baseline else ''} {verb}: "
        f"test {figure.title} {figure.text(tested.mean)} ({LEVEL:.0%} {over} {figure.within(tested)})"
    )
    if learned:
        return f"{headline}."
    return f"{headline}; always answering {always(finalists)} would have {figure.text(finalists.constant or 0.0)}."
