"""The table of all exported studies as Markdown, and as lines for a narrow terminal. Reads no test set."""

import shlex
from collections.abc import Sequence
from typing import Any

import pandas as pd
from rich.console import Console

from models.metrics.registry import metric_text
from reports.comparison import FIGURES, OBJECTIVE, OF_NUMBERS, Row
from reports.finalists.looks import looks
from search.cli.wording import parameters_text
from search.record.record import Record

NOTES = """\
± is the longer half of a 95 % interval: over seeds and examples for test figures (of one seed over examples), over
seeds for train figures (a full pass over what the finalists were retrained on). The loss of a regression is of its
scaled target, its rmse has the target's unit. Seconds are those of training, summed over engines, without finalists'.
"""


def markdown(frame: pd.DataFrame, records: Sequence[Record]) -> str:
    """Return the table, the winners' parameters, and the studies that are missing from the table."""
    figures = [figure for figure in (*FIGURES, *OF_NUMBERS, OBJECTIVE) if figure in frame]
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
    """Return what the table says of one test figure alone, in lines of at most 80 characters."""
    before: str | None = None
    lines, rows = list[str](), frame.to_dict("records")
    figures = [next((of for of in (OBJECTIVE, "test_rmse") if pd.notna(row.get(of))), "test_accuracy") for row in rows]
    told = [_spread(row, figure) for row, figure in zip(rows, figures, strict=True)]
    width = min(50, 76 - max(map(len, told), default=0))
    for row, test in zip(rows, told, strict=True):
        if row["study"] != before:
            lines += [""] * bool(lines) + [f"{row['study']} on {row['dataset']}"[:80]]
        before = row["study"]
        lines.append(f"  {_label(row)[:width]:<{width}}  {test:<18}".rstrip())
    figure = "test accuracy (or rmse" + (", or the metric that is named)" if OBJECTIVE in frame else ")")
    return "\n".join(lines) + f"\n\n{figure} ± longer half of its 95 % interval; more in compare.md\n"


def _label(row: Row) -> str:
    """Return `published: two-layer notebook`, `reproduced: two-layer notebook`, or `found: trial 8`."""
    if row["what"] != "found":
        return f"{row['what']}: {row['baseline']}"
    front: str = "" if pd.isna(row["front"]) else f" of {row['front']} on the front"
    return f"found: trial {row['trial']}{front}" + ("" if pd.isna(row["baseline"]) else ", the baseline itself")


def _format(value: Any, template: str) -> str:
    return "" if pd.isna(value) else template.format(value)


def _spread(row: Row, figure: str) -> str:
    """Return `0.9822 ± 0.0027`, with the metric's name before it where the column does not say it.

    A published figure has as many decimals as were published, two at least.
    """
    mean, low, high = (row[f"{figure}{end}"] for end in ("", "_low", "_high"))
    if row["what"] == "published":
        return max(_format(mean, "{:g}"), _format(mean, "{:.2f}"), key=len)
    metric, name = figure.partition("_")[2], ""
    if figure == OBJECTIVE:
        metric = row["objective"]
        name = f"{metric} ".replace("_", " ")
    # An end may be cut at 0 or 1.
    half = "" if pd.isna(low) else f" ± {metric_text(metric, max(mean - low, high - mean))}"
    return "" if pd.isna(mean) else f"{name}{metric_text(metric, mean)}{half}"


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
