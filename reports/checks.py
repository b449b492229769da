"""Checks with names: what may be wrong with a result, and what to do about it. Shown by page.py.

Each check looks at the findings and returns one sentence, with the remedy where it found something, or why it cannot
judge. None of them changes anything.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from reports.frames import PED_ANOVA_NEEDS, Final, Findings, at_bound, savings
from reports.statistics import LEVEL, compare, interval, share
from reports.verdict import counted, inseparable, listed, published_accuracy, signed
from search.config.space import Choice

Outcome = Literal["passed", "look", "not applicable"]


@dataclass(frozen=True)
class Check:
    """What one check came to."""

    name: str
    outcome: Outcome
    told: str


Judged = tuple[Outcome, str]


def checks(found: Findings) -> list[Check]:
    """Return all checks, those that found something first."""
    every = [Check(name, *judge(found)) for name, judge in CHECKS.items()]
    order = {"look": 0, "passed": 1, "not applicable": 2}
    return sorted(every, key=lambda check: order[check.outcome])


def _passed(told: str) -> Judged:
    return "passed", told


def _look(told: str) -> Judged:
    return "look", told


def _cannot(told: str) -> Judged:
    return "not applicable", told


def _of_final(judge: Callable[[Findings, Final], Judged]) -> Callable[[Findings], Judged]:
    """Judge finalists, where there are some."""

    def judged(found: Findings) -> Judged:
        if found.final is None:
            return _cannot("No finalist is retrained; python -m reports.export does that.")
        return judge(found, found.final)

    return judged


# --- the search -------------------------------------------------------------------------------------------------------


def search_finished(found: Findings) -> Judged:
    """Whether the budget is spent."""
    running, done = int((found.trials["fate"] == "running").sum()), len(found.trials)
    if running or done < found.study.trials:
        also = f", {running} of them still running" if running else ""
        return _look(
            f"{done:,} of {counted(found.study.trials, 'trial')} are there{also}: the search is unfinished; "
            "the command that began it goes on with it."
        )
    return _passed(f"All {counted(done, 'trial')} of the budget are over.")


def best_value_at_a_bound(found: Findings) -> Judged:
    """Whether the best configuration lies at the edge of what was searched."""
    if found.shown is None:
        return _cannot("No trial is complete.")
    values = found.study.to_external(found.row(found.shown).params)
    at_edge = []
    for name, searched in found.study.space.items():
        if isinstance(searched, Choice) or name not in values:
            continue
        side = at_bound(searched, float(values[name]))
        if side == "low" and getattr(searched, "low_is_zero", False):
            continue  # none at all: there is nothing below
        if side is not None:
            at_edge.append(f"{name} ({values[name]:.3g}, searched {searched}: move the {side} bound outwards)")
    if at_edge:
        return _look(f"Trial {found.shown} lies at a bound of {listed(at_edge)}; better values may lie beyond.")
    return _passed(f"No parameter of trial {found.shown} lies in the outermost twentieth of its range.")


def trials_that_failed(found: Findings) -> Judged:
    """Whether too many trials came to nothing."""
    over = found.trials[found.trials["fate"] != "running"]
    if over.empty:
        return _cannot("No trial is over.")
    lost = over[over["fate"].isin(["diverged", "failed"])]
    of = f"{len(lost):,} of {counted(len(over), 'trial')} diverged or failed"
    if len(lost) <= 0.2 * len(over):
        return _passed(f"{of}.")
    if "learning_rate" in found.study.space and len(lost) < len(over):
        bar = float(lost["learning_rate"].median())
        return _look(f"{of}, half of them with learning rates above {bar:.2g}: lower that bound, or spend more trials.")
    return _look(f"{of}: narrow the ranges, the learning rate's upper bound first.")


def enough_for_an_importance(found: Findings) -> Judged:
    """Whether parameter importance can be told."""
    complete = sum(row.state == "complete" and row.joined is not None for row in found.rows)
    if complete < PED_ANOVA_NEEDS:
        return _look(
            f"{counted(complete, 'complete trial')} are too few to tell which parameter matters ({PED_ANOVA_NEEDS} are "
            "needed): search on with more --trials."
        )
    return _passed(f"{counted(complete, 'complete trial')} are enough.")


def still_learning(found: Findings) -> Judged:
    """Whether the winner was best in its last epoch."""
    if found.shown is None:
        return _cannot("No trial is complete.")
    if found.study.epochs < 2:
        return _cannot("One epoch has no course.")
    if found.final is not None:
        rows = found.final.rows
        best = [rows[found.shown, seed].best_epoch or 0 for seed in range(found.final.seeds)]
    else:
        best = found.trials.loc[[found.shown], "best_epoch"].tolist()
    last = sum(epoch == found.study.epochs for epoch in best)
    if 2 * last > len(best):
        return _look(
            f"Trial {found.shown} was best in its last epoch in {last} of {counted(len(best), 'run')}: it may not be "
            f"trained to its end. Try more than {found.study.epochs} --epochs, under another --name."
        )
    return _passed(f"Trial {found.shown} was best before its last epoch in {len(best) - last} of {len(best)} runs.")


def pruning_regret(found: Findings) -> Judged:
    """Whether pruning may have cut the best trial."""
    pruned = int((found.trials["fate"] == "pruned").sum())
    if not found.study.pruner.prunes or not pruned:
        return _cannot("No trial was pruned.")
    saved = savings(found).share
    audit = found.audit
    if audit.empty:
        return _cannot(
            f"{pruned:,} pruned trials ({saved:.0%} of all epochs) were not audited; --audit 10 runs ten on."
        )
    regretted, of = int(audit["regret"].sum()), len(audit)
    if not audit["same"].all():
        return _look(
            "Audited trials did not come out as they are recorded: the machine or its libraries are not those of the "
            "search, and what was audited are not the trials that were pruned."
        )
    _, high = share(regretted, of)
    if regretted:
        return _look(
            f"{regretted} of {counted(of, 'audited trial')} would have beaten the best (at most {high:.0%} of all "
            f"pruned ones, at {LEVEL:.0%}): prune less, with SuccessiveHalving(keep_fraction=...) nearer to 1 or a later first rung."
        )
    return _passed(
        f"None of {counted(of, 'audited trial')} would have beaten the best: fewer than {high:.0%} of the pruned ones "
        f"would, at {LEVEL:.0%}."
    )


# --- the finalists ----------------------------------------------------------------------------------------------------


def finalists_inseparable(found: Findings, final: Final) -> Judged:
    """Whether the winner stands out."""
    if len(final.ranked) == 1:
        return _cannot("There is one finalist.")
    if alike := inseparable(final):
        return _look(
            f"The winner and trial{'s' if len(alike) > 1 else ''} {listed([str(it) for it in alike])} cannot be told "
            f"apart at {counted(final.seeds, 'seed')}: call them equal, or give more --seeds."
        )
    return _passed("The winner can be told apart from all other finalists.")


def baseline_beaten(found: Findings, final: Final) -> Judged:
    """Whether the search was worth its while."""
    baseline = final.baseline
    if not found.study.baselines:
        return _cannot("The study has no baseline; give it the configuration you would use without a search.")
    if baseline is None:
        return _look("No baseline finished: it diverged or failed. Correct it, so that there is something to beat.")
    if baseline == final.winner:
        return _look("The baseline wins: widen the ranges around it, or accept it.")
    gap, p = compare(
        final.tested.hits(final.winner.number, final.seeds), final.tested.hits(baseline.number, final.seeds)
    )
    if p < 1 - LEVEL and gap.mean > 0:
        return _passed(f"“{baseline.baseline}” is beaten by {gap.mean:.4f} ({gap.low:.4f} to {gap.high:.4f}).")
    return _look(
        f"“{baseline.baseline}” is not beaten for certain ({signed(gap.low)} to {signed(gap.high)}): more --seeds?"
    )


def published_reproduced(found: Findings, final: Final) -> Judged:
    """Whether the baseline comes to what its author reported."""
    known = {row.baseline: row for row in final.ranked if row.baseline is not None}
    published = {name: value for name, row in known.items() if (value := published_accuracy(found, row)) is not None}
    if not published:
        return _cannot("No baseline among the finalists has a published test accuracy.")
    missed = []
    for name, value in published.items():
        ours = interval(final.tested.hits(known[name].number, final.seeds))
        if not ours.low <= value <= ours.high:
            missed.append(f"“{name}” (published {value:g}, here {ours.low:.4f} to {ours.high:.4f})")
    if missed:
        return _look(
            f"Not reproduced: {listed(missed)}. Look for what the author left unsaid: batch size, weights, epochs."
        )
    return _passed("Every published test accuracy lies inside our interval of the same configuration.")


def test_set_opened_before(found: Findings, final: Final) -> Judged:
    """Whether the test set has been looked at more than once."""
    if len(found.ledger) > 1:
        return _look(
            f"The test set was opened {len(found.ledger)} times for this study (see the ledger). If anything was "
            "changed after looking, these figures are optimistic; a fresh test set would tell."
        )
    return _passed("The test set was opened once, after the ranking was fixed.")


def enough_seeds(found: Findings, final: Final) -> Judged:
    """Whether the seeds' scatter is known."""
    if final.seeds == 1:
        return _look("One seed: how much of a figure is its luck is unknown. Export with --seeds 5.")
    if final.seeds < 5:
        return _look(f"{final.seeds} seeds make wide intervals; --seeds 5 or more narrows them.")
    return _passed(f"{final.seeds} seeds.")


CHECKS: dict[str, Callable[[Findings], Judged]] = {
    "search finished": search_finished,
    "best value at a bound": best_value_at_a_bound,
    "trials that failed": trials_that_failed,
    "enough trials for an importance": enough_for_an_importance,
    "still learning at the end": still_learning,
    "pruning regret": pruning_regret,
    "finalists inseparable": _of_final(finalists_inseparable),
    "baseline beaten": _of_final(baseline_beaten),
    "published figure reproduced": _of_final(published_reproduced),
    "test set opened before": _of_final(test_set_opened_before),
    "enough seeds": _of_final(enough_seeds),
}
