"""All exported studies in one table: published, reproduced and found figures side by side; and its Markdown.

Reads the record and the finalists' predictions of their last test: trains nothing, and opens no test set.

Letters: S seeds, N test images.
"""

import shlex
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from rich.console import Console

from models.config.task import REGRESSION
from models.engine.predictions import predictions_of
from models.metrics.registry import metric_text
from reports.figures.statistics import Interval, interval
from reports.finalists.choose import as_retrained, rank
from reports.finalists.looks import looks
from reports.finalists.predictions import FILE, TestPredictions, read
from search.cli.wording import parameters_text
from search.objective import front_of
from search.record.record import Record
from search.record.rows import FinalistRow
from search.trial import TrialRow

Row = dict[Any, Any]  # of the table, by its columns

FIGURES = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")
OF_NUMBERS = ("train_rmse", "test_rmse")  # besides, where there are regressions

NOTES = """\
± is the longer half of a 95 % interval: over seeds and examples for test figures (of one seed over examples), over
seeds for train figures (a full pass over what the finalists were retrained on). The loss of a regression is of its
scaled target, its rmse has the target's unit. Seconds are those of training, summed over engines, without finalists'.
"""

# --- the frame --------------------------------------------------------------------------------------------------------


def comparison_frame(records: Sequence[Record]) -> pd.DataFrame:
    """Return the rows of every exported study: each baseline as published and as reproduced, then what was found.

    What is not known is empty; published figures have no interval.
    """
    figures = FIGURES + OF_NUMBERS * any(record.study.task is REGRESSION for record in records)
    exported = {record.name: (record, last) for record in records if (last := last_tested(record)) is not None}
    rows = [row for record, last in exported.values() for row in _rows(record, *last)]
    columns = {
        "study": "string",
        "dataset": "string",
        "what": "string",  # published, reproduced or found
        "baseline": "string",
        "trial": "Int64",
        "front": "Int64",  # of two objectives: how many trials are on the front, in the found row
        "seeds": "Int64",
        **{f"{figure}{end}": "Float64" for figure in figures for end in ("", "_low", "_high")},
        "trials": "Int64",
        "pruned_share": "Float64",
        "seconds": "Float64",
    }
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


def last_tested(record: Record) -> tuple[list[FinalistRow], TestPredictions] | None:
    """Return the finalists that were tested together last, and their predictions.

    Returns:
        None for a study that was never exported, whose finalists were retrained and not tested again, or that
        `--restart` has archived.
    """
    rows = record.finalists()
    newest = max((row.ledger for row in rows if row.ledger is not None), default=None)
    if newest is None or "~" in record.name:
        return None
    finalists = [row for row in rows if row.ledger == newest and row.best_epoch is not None]  # not an ensemble's others
    models = {(row.trial, row.seed): row.model_sha256 or "" for row in finalists}
    predictions = read(record.folder / "finalists" / FILE, models)
    return None if predictions is None else (finalists, predictions)


def _rows(record: Record, finalists: list[FinalistRow], predictions: TestPredictions) -> list[Row]:
    study, trials = record.study, record.trials()
    by_trial: dict[int, list[FinalistRow]] = {}
    for row in as_retrained(study, finalists, record.finalist_scores("rank")).values():
        by_trial.setdefault(row.trial, []).append(row)
    ranked = rank(by_trial, record.study.objective)
    about = {"study": record.name, "dataset": study.dataset}
    rows: list[Row] = []
    for baseline, trial in zip(study.baselines, trials, strict=False):  # they are the first trials
        if baseline.published:
            figures = {figure: baseline.published.get(figure) for figure in FIGURES + OF_NUMBERS}
            rows.append({**about, "what": "published", "baseline": baseline.name, **figures})
        if trial.number in by_trial:
            figures = _figures(record, by_trial[trial.number], predictions)
            rows.append({**about, "what": "reproduced", "baseline": baseline.name, "trial": trial.number, **figures})
    best = trials[ranked[0]]
    figures = _figures(record, by_trial[best.number], predictions) | _cost(record, trials)
    found = {"trial": best.number, "front": len(front_of(trials, study.objective)) or None}
    rows.append({**about, "what": "found", "baseline": best.baseline, **found, **figures})
    return rows


def _figures(record: Record, rows: list[FinalistRow], predictions: TestPredictions) -> Row:
    """Return a finalist's four figures with their intervals."""
    trial, seeds = rows[0].trial, [row.seed for row in rows]
    logits = torch.from_numpy(np.stack([predictions.logits[trial, seed] for seed in seeds]))  # (S, N, classes)
    labels, target = torch.from_numpy(predictions.labels), predictions.target
    given = predictions_of(record.study.loss, logits.double(), labels, None if target is None else target.scale)
    losses, metric = given.losses.numpy(), predictions.figure.metric  # (S, N), as the study counts them
    intervals = {
        "train_loss": _over_seeds([(row.train or {}).get("loss") for row in rows]),
        f"train_{metric}": _over_seeds([(row.train or {}).get(metric) for row in rows]),
        "test_loss": interval(losses) if np.isfinite(losses).all() else None,
        f"test_{metric}": predictions.figure.interval(predictions.scores(trial, len(seeds))),
    }
    figures: Row = {"seeds": len(seeds)}
    for name, interval_ in intervals.items():
        if interval_ is not None:
            low, high = max(0.0, interval_.low), min(1.0 if name.endswith("accuracy") else np.inf, interval_.high)
            figures |= {name: interval_.mean, f"{name}_low": low, f"{name}_high": high}
            if len(seeds) == 1 and name.startswith("train"):
                figures |= {f"{name}_low": None, f"{name}_high": None}
    return figures


def _over_seeds(values: Sequence[float | None]) -> Interval | None:
    """Return Student's interval of one number per seed; None where a seed's number is missing."""
    present: NDArray[np.float64] = np.array([value for value in values if value is not None])
    if len(present) < len(values):
        return None
    return interval(np.column_stack([present, present]))  # two images that agree: nothing varies but the seeds


def _cost(record: Record, trials: list[TrialRow]) -> Row:
    """Return what the search cost."""
    ended = [row for row in trials if row.state != "running" and not row.is_foreign]
    pruned = sum(row.state == "pruned" and row.diverged_at is None for row in ended)
    trained = {row.number for row in trials if row.joined is not None}
    seconds = sum(score.seconds for _, score in record.scores() if score.lane in trained)
    return {"trials": len(ended), "pruned_share": pruned / len(ended) if ended else None, "seconds": seconds}


# --- the page ---------------------------------------------------------------------------------------------------------


def markdown(frame: pd.DataFrame, records: Sequence[Record]) -> str:
    """Return the table, the winners' parameters, and the studies that are missing from the table."""
    figures = [figure for figure in (*FIGURES, *OF_NUMBERS) if figure in frame]
    heads = ["study", "", "seeds", *(figure.replace("_", " ") for figure in figures), "trials", "pruned", "seconds"]
    lines, before = [heads], None
    for row in frame.to_dict("records"):
        lines.append(
            [
                row["study"] if row["study"] != before else "",
                _label(row),
                _format(row["seeds"], "{}"),
                *(_spread(row, figure) for figure in figures),
                _format(row["trials"], "{}"),
                _format(row["pruned_share"], "{:.0%}"),
                _format(row["seconds"], "{:.0f}"),
            ]
        )
        before = row["study"]
    by_name = {record.name: record for record in records}
    winners = []
    for row in frame[frame["what"] == "found"].to_dict("records"):
        record = by_name[row["study"]]
        parameters = record.study.to_external(record.trials()[row["trial"]].params)
        seen = record.ledger()  # after the first look, one could have chosen by the test figures
        again = f"; its test set was {looks(seen)}" if len(seen) > 1 else ""
        winners.append(f"* {record.name}, trial {row['trial']}: {parameters_text(parameters)}{again}")
    parts = [_table(lines), "\n".join(winners), NOTES.rstrip()]
    if missing := _missing(frame, records):
        parts.append(missing)
    return "\n\n".join(parts) + "\n"


def fits(text: str, console: Console) -> bool:
    """Return whether a text can be shown as it is: on a terminal that is wide enough, and wherever no terminal is."""
    return not console.is_terminal or max(map(len, text.splitlines())) <= console.width


def narrow(frame: pd.DataFrame) -> str:
    """Return what the table says of test accuracy alone, in lines of at most 80 characters."""
    before: str | None = None
    lines: list[str] = []
    for row in frame.to_dict("records"):
        if row["study"] != before:
            lines += [""] * bool(lines) + [f"{row['study']} on {row['dataset']}"[:80]]
        before = row["study"]
        test = _spread(row, "test_rmse" if pd.notna(row.get("test_rmse")) else "test_accuracy")
        lines.append(f"  {_label(row)[:50]:<50}  {test:<18}".rstrip())
    return "\n".join(lines) + "\n\ntest accuracy (or rmse) ± longer half of its 95 % interval; more in compare.md\n"


def _label(row: Row) -> str:
    """Return `published: two-layer notebook`, `reproduced: two-layer notebook`, or `found: trial 8`."""
    if row["what"] != "found":
        return f"{row['what']}: {row['baseline']}"
    front: str = "" if pd.isna(row["front"]) else f" of {row['front']} on the front"
    return f"found: trial {row['trial']}{front}" + ("" if pd.isna(row["baseline"]) else ", the baseline itself")


def _format(value: Any, template: str) -> str:
    return "" if pd.isna(value) else template.format(value)


def _spread(row: Row, figure: str) -> str:
    """Return `0.9822 ± 0.0027`; a published figure has as many decimals as were published, two at least."""
    mean, low, high = (row[f"{figure}{end}"] for end in ("", "_low", "_high"))
    if row["what"] == "published":
        return max(_format(mean, "{:g}"), _format(mean, "{:.2f}"), key=len)
    metric = figure.partition("_")[2]
    # An end may be cut at 0 or 1.
    half = "" if pd.isna(low) else f" ± {metric_text(metric, max(mean - low, high - mean))}"
    return ("" if pd.isna(mean) else metric_text(metric, mean)) + half


def _table(lines: list[list[str]]) -> str:
    """Return a Markdown table whose columns are aligned as plain text too."""
    widths = [max(2, *map(len, column)) for column in zip(*lines, strict=True)]
    left = 2  # columns aligned to the left; figures are aligned to the right
    rule = ["-" * width if i < left else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    cells = [
        [
            f"{cell:<{width}}" if i < left else f"{cell:>{width}}"
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        for line in [lines[0], rule, *lines[1:]]
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def _missing(frame: pd.DataFrame, records: Sequence[Record]) -> str:
    """Return which studies are not in the table, and the command that exports them."""
    shown, lines = set(frame["study"]), []
    current = [record for record in records if "~" not in record.name]
    if absent := [it.name for it in current if it.name not in shown and not it.study.family.external]:
        command = f"python -m reports.export --study {shlex.quote(absent[0])}"
        lines.append(f"not yet exported: {', '.join(absent)}; next: {command}")
    if untested := [record.name for record in current if record.study.family.external]:
        lines.append(f"without a test set, so not compared: {', '.join(untested)}; see results.csv of each")
    if archived := [record.name for record in records if "~" in record.name]:
        lines.append(f"put aside by --restart: {', '.join(archived)}")
    return "\n".join(lines)
