"""`--reproduce`: trains a recorded trial again, alone, and compares the two curves."""

from functools import partial

from rich.markup import escape

from models.config.messages import EpochMetrics
from models.errors import UserError
from models.metrics.registry import metric_text
from search.fleet.fleet import Fleet
from search.launch import Prepared
from search.loop.live_trial import of_trials
from search.loop.members import lane_specs


def reproduce(prepared: Prepared, number: int) -> tuple[list[EpochMetrics], list[EpochMetrics]]:
    """Return the recorded curve of a trial, and the curve of the same trial trained again.

    The record has the ticks that a trial lived in, which give the order of its examples.

    Raises:
        UserError: There is no such trial, or it has no curve.
    """
    rows = {row.number: row for row in prepared.record.trials()}
    if number not in rows:
        raise UserError(
            f"`{prepared.record.name}` has no trial {number}",
            f"choose one of 0 to {len(rows) - 1}" if rows else "search the study first",
        )
    row = rows[number]
    if row.joined is None and row.repeat_of is not None:
        row = rows[row.repeat_of]  # a repeat has that trial's curve
    if row.is_passed_over:
        raise UserError(f"trial {number} was {row.reason}", "name one that the search has trained")
    recorded = prepared.record.curve(row.number)
    if not recorded or row.joined is None:
        raise UserError(f"trial {number} has no curve yet", "let the search go on until it has trained an epoch")
    again: list[EpochMetrics] = []
    with Fleet(engines=1, provider=0) as fleet:
        info = fleet.open(prepared.study, prepared.source, device=prepared.device)
        study = prepared.study.on(info.shape, info.outputs)
        joining = [(0, spec) for spec in lane_specs(study, row)]
        for tick in prepared.record.ticks()[row.number]:
            again += of_trials(study, {row.number: row}, fleet.tick(tick, joining))
            joining = []
    return recorded, again


def comparison(number: int, recorded: list[EpochMetrics], again: list[EpochMetrics], metric: str) -> tuple[str, bool]:
    """Return both curves, of a metric and of the loss, as a table with a verdict; and whether they are the same."""
    pairs = list(zip(recorded, again, strict=True))
    second = "loss" if "loss" in recorded[0].validation else metric  # trials that train by themselves may tell none
    lines = [
        f"trial {number}     {f'validation {metric}':<19}        validation {second}",
        "epoch    recorded     again    recorded     again",
    ]
    text = partial(metric_text, metric)
    lines += [
        f"{old.epoch:>5}    {text(old.validation[metric]):>8}  {text(new.validation[metric]):>8}"
        f"    {old.validation[second]:>8.5f}  {new.validation[second]:>8.5f}"
        for old, new in pairs
    ]
    worst = max(abs(old.validation[name] - new.validation[name]) for old, new in pairs for name in (metric, second))
    same = all(_timeless(old) == _timeless(new) for old, new in pairs)
    # A loss that is NaN equals nothing, itself included: such a trial is the same if both curves break off there.
    verdict = "the same, to the last bit" if same else f"not the same: they differ by up to {worst:.3g}"
    return escape("\n".join([*lines, verdict])), same


def _timeless(epoch: EpochMetrics) -> EpochMetrics:
    members = tuple(map(_timeless, epoch.members))
    return epoch.model_copy(update={"seconds": 0.0, "failed": None, "members": members})
