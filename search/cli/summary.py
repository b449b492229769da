"""The lines at a search's end: what came out, and where the time went. Reads the record, and nothing else."""

from collections import Counter

from rich.markup import escape

from search.cli.eta import outcome
from search.cli.wording import outcomes_text, parameters_text, value_text
from search.launch import RunOutcome
from search.objective import front_of, select_epoch
from search.record.record import Record

FOREIGN_SHOWN = 5  # trials of other programs that are named


def summary(record: Record, run: RunOutcome | None) -> str:
    """Return the results of a study, and where the time of its run went, if there was a run."""
    study, rows, curves = record.study, record.trials(), record.curves()
    objective = study.objective
    selected = {row.number: select_epoch(curves.get(row.number, []), study.keep, objective) for row in rows}
    own = [row for row in rows if not row.is_foreign]
    lines = [f"{len(own)} trials: {outcomes_text(Counter(map(outcome, own))) or 'none over'}"]
    if run is not None:
        lines[0] += f" in {run.seconds:.0f} s"
    complete = {row.number: epoch for row in rows if row.state == "complete" and (epoch := selected[row.number])}
    if complete:
        best = min(complete, key=lambda number: objective.key(complete[number].validation, number))
        lines[0] += f"; best validation {objective.metric} {value_text(objective, rows[best])} (trial {best})"
        lines.append(f"  best: {parameters_text(study.to_external(rows[best].params))}")
    if front := front_of(rows, objective):
        ends = f"from {value_text(objective, front[-1])} to {value_text(objective, front[0])}"
        lines.append(f"  front: {len(front)} trials, {ends}")
    if reason := study.sampler.exhausted_reason(study, rows):
        lines.append(f"  ended early: {reason}")
    for row in rows:
        if row.baseline is not None:
            epoch = selected[row.number]
            value = objective.text(objective.value(epoch.validation)) if epoch else "-"
            lines.append(
                f"  baseline {row.baseline}: {f'diverged at epoch {row.diverged_at}' if row.diverged_at else value}"
            )
        if row.state == "failed" and row.reason and not row.is_foreign:
            lines.append(f"  trial {row.number} failed: {row.reason.strip().splitlines()[-1]}")
    passed_over = [row for row in rows if row.is_passed_over]
    lines += [f"  trial {row.number}: {row.reason}" for row in passed_over[:FOREIGN_SHOWN]]
    if len(passed_over) > FOREIGN_SHOWN:
        lines.append(f"  and {len(passed_over) - FOREIGN_SHOWN} more trials of other programs")
    # A repeat shows another's curve; and what diverged or failed was saved by nobody.
    over = [row.number for row in rows if row.joined is not None and outcome(row) in ("complete", "pruned")]
    if over:
        saver = "pruning" if study.patience is None else "pruning and patience"
        trained, possible = sum(len(curves.get(number, [])) for number in over), study.epochs * len(over)
        lines.append(
            f"  epochs: {trained} of {possible} trained, {(possible - trained) / possible:.0%} saved by {saver}"
        )
    if run is not None and run.spent.total:
        shares = ", ".join(f"{name} {seconds / run.spent.total:.1%}" for name, seconds in vars(run.spent).items())
        lines.append(f"  time: {shares}")
    return escape("\n".join(lines))
