"""All exported studies in one frame, published beside reproduced beside found, and the page that shows it.

From the record and from what the finalists' models said when they were tested, kept in tested.safetensors: nothing is
trained, and no test set is opened. Called by compare.py.

Letters: S seeds, N test images.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from models.ops.losses import losses_of
from reports.finalists import ranking
from reports.statistics import Interval, interval
from reports.tested import Tested, read
from search.cli.progress import told
from search.record.record import Record
from search.record.rows import FinalistRow
from search.trial import TrialRow

Row = dict[str, Any]  # of the table, by its columns

FIGURES = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")

NOTES = """\
± is half a 95 % interval: over seeds and images for the test figures, over seeds for the train figures (a full pass
over what the finalists were retrained on). Seconds are those of training, summed over engines, without the finalists'.
"""

# --- the frame --------------------------------------------------------------------------------------------------------


def comparison_frame(records: Sequence[Record]) -> pd.DataFrame:
    """Return the rows of every study that is exported: for each baseline what was published of it and what it came to
    here, then what the search found. What is not known is empty; what was published has no interval.
    """
    rows = [row for record in records if (known := last_tested(record)) is not None for row in _rows(record, *known)]
    columns = {
        "study": "string",
        "dataset": "string",
        "what": "string",  # published, reproduced or found
        "baseline": "string",
        "trial": "Int64",
        "seeds": "Int64",
        **{f"{figure}{end}": "Float64" for figure in FIGURES for end in ("", "_low", "_high")},
        "trials": "Int64",
        "pruned_share": "Float64",
        "seconds": "Float64",
    }
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


def last_tested(record: Record) -> tuple[list[FinalistRow], Tested] | None:
    """Return the finalists that were tested together last, and what they said; None where that is not known.

    A study is out of it before its first export, after its finalists were retrained and not tested again, and when it
    was put aside by --restart.
    """
    rows = record.finalists()
    newest = max((row.ledger for row in rows if row.ledger is not None), default=None)
    if newest is None or "~" in record.name:
        return None
    together = [row for row in rows if row.ledger == newest]
    models = {(row.trial, row.seed): row.model_sha256 or "" for row in together}
    tested = read(record.folder / "finalists" / "tested.safetensors", models)
    return None if tested is None else (together, tested)


def _rows(record: Record, together: list[FinalistRow], tested: Tested) -> list[Row]:
    study, trials = record.study, record.trials()
    by_trial: dict[int, list[FinalistRow]] = {}
    for row in together:
        by_trial.setdefault(row.trial, []).append(row)
    ranked = ranking(by_trial, record.study.objective)
    about = {"study": record.name, "dataset": study.dataset}
    rows: list[Row] = []
    for baseline, trial in zip(study.baselines, trials, strict=False):  # they are the first trials
        if baseline.published:
            figures = {figure: baseline.published.get(figure) for figure in FIGURES}
            rows.append({**about, "what": "published", "baseline": baseline.name, **figures})
        if trial.number in by_trial:
            figures = _figures(record, by_trial[trial.number], tested)
            rows.append({**about, "what": "reproduced", "baseline": baseline.name, "trial": trial.number, **figures})
    best = trials[ranked[0]]
    figures = _figures(record, by_trial[best.number], tested) | _cost(record, trials)
    rows.append({**about, "what": "found", "baseline": best.baseline, "trial": best.number, **figures})
    return rows


def _figures(record: Record, rows: list[FinalistRow], tested: Tested) -> Row:
    """A finalist's four figures with their intervals."""
    trial, seeds = rows[0].trial, [row.seed for row in rows]
    logits = torch.from_numpy(np.stack([tested.logits[trial, seed] for seed in seeds]))  # (S, N, classes)
    labels = torch.from_numpy(tested.labels)
    losses = losses_of(record.study.loss, logits.double(), labels).numpy()  # (S, N), as the study counts them
    hits = (logits.argmax(2) == labels).double().numpy()  # (S, N)
    known = {
        "train_loss": _over_seeds([(row.train or {}).get("loss") for row in rows]),
        "train_accuracy": _over_seeds([(row.train or {}).get("accuracy") for row in rows]),
        "test_loss": interval(losses) if np.isfinite(losses).all() else None,
        "test_accuracy": interval(hits),
    }
    figures: Row = {"seeds": len(seeds)}
    for name, it in known.items():
        if it is not None:
            low, high = max(0.0, it.low), it.high if name.endswith("loss") else min(1.0, it.high)
            figures |= {name: it.mean, f"{name}_low": low, f"{name}_high": high}
            if len(seeds) == 1 and name.startswith("train"):
                figures |= {f"{name}_low": None, f"{name}_high": None}
    return figures


def _over_seeds(values: Sequence[float | None]) -> Interval | None:
    """Student's interval of one number per seed; None where a seed's is not known."""
    known: NDArray[np.float64] = np.array([value for value in values if value is not None])
    if len(known) < len(values):
        return None
    return interval(np.column_stack([known, known]))  # two images that agree: nothing varies but the seeds


def _cost(record: Record, trials: list[TrialRow]) -> Row:
    """What the search took."""
    over = [row for row in trials if row.state != "running"]
    pruned = sum(row.state == "pruned" and row.diverged_at is None for row in over)
    trained = {row.number for row in trials if row.joined is not None}
    seconds = sum(score.seconds for _, score in record.scores() if score.lane in trained)
    return {"trials": len(over), "pruned_share": pruned / len(over) if over else None, "seconds": seconds}


# --- the page ---------------------------------------------------------------------------------------------------------


def markdown(frame: pd.DataFrame, records: Sequence[Record]) -> str:
    """Return the table for people, what was found in words, and what is missing from it."""
    heads = ["study", "", "seeds", *(figure.replace("_", " ") for figure in FIGURES), "trials", "pruned", "seconds"]
    lines, before = [heads], None
    for row in _rows_of(frame):
        lines.append(
            [
                row["study"] if row["study"] != before else "",
                _what(row),
                _known(row["seeds"], "{}"),
                *(_spread(row, figure) for figure in FIGURES),
                _known(row["trials"], "{}"),
                _known(row["pruned_share"], "{:.0%}"),
                _known(row["seconds"], "{:.0f}"),
            ]
        )
        before = row["study"]
    by_name = {record.name: record for record in records}
    winners = []
    for row in _rows_of(frame[frame["what"] == "found"]):
        record = by_name[row["study"]]
        parameters = record.study.to_external(record.trials()[row["trial"]].params)
        opened = len(record.ledger())  # more than once: whoever looked could have chosen by it
        again = f"; its test set was opened {opened} times" if opened > 1 else ""
        winners.append(f"* {record.name}, trial {row['trial']}: {told(parameters)}{again}")
    parts = [_table(lines), "\n".join(winners), NOTES.rstrip()]
    if missing := _missing(frame, records):
        parts.append(missing)
    return "\n\n".join(parts) + "\n"


def _rows_of(frame: pd.DataFrame) -> list[Row]:
    return [{str(column): value for column, value in row.items()} for row in frame.to_dict("records")]


def _what(row: Row) -> str:
    """`published: two-layer notebook`, `reproduced: two-layer notebook`, `found: trial 8`."""
    if row["what"] != "found":
        return f"{row['what']}: {row['baseline']}"
    return f"found: trial {row['trial']}" + ("" if pd.isna(row["baseline"]) else ", the baseline itself")


def _known(value: Any, form: str) -> str:
    return "" if pd.isna(value) else form.format(value)


def _spread(row: Row, figure: str) -> str:
    """`0.9822 ± 0.0027`; where it is somebody else's, as many places as were published, two at least."""
    mean, low, high = (row[f"{figure}{end}"] for end in ("", "_low", "_high"))
    if row["what"] == "published":
        return max(_known(mean, "{:g}"), _known(mean, "{:.2f}"), key=len)
    half = "" if pd.isna(low) else f" ± {max(mean - low, high - mean):.4f}"  # one end may have been cut at 0 or 1
    return _known(mean, "{:.4f}") + half


def _table(lines: list[list[str]]) -> str:
    """Markdown whose columns stand under each other as text too."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    left = 2  # columns of words; figures stand to the right
    rule = [
        "-" * width if place < left else "-" * (width - 1) + ":"
        for place, width in enumerate(max(width, 2) for width in widths)
    ]
    cells = [
        [
            f"{cell:<{width}}" if i < left else f"{cell:>{width}}"
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        for line in [lines[0], rule, *lines[1:]]
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def _missing(frame: pd.DataFrame, records: Sequence[Record]) -> str:
    """Say which studies are not in the table, and what would bring them in."""
    shown = set(frame["study"])
    absent = [record.name for record in records if record.name not in shown and "~" not in record.name]
    lines = []
    if absent:
        lines.append(f"not yet exported: {', '.join(absent)}; next: python -m reports.export --study {absent[0]}")
    if aside := [record.name for record in records if "~" in record.name]:
        lines.append(f"put aside by --restart: {', '.join(aside)}")
    return "\n".join(lines)
