"""The ensemble: its members, what it came to against the winner, and its cost."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from models.config.task import EVERY_TASK
from reports.finalists.ensemble import FILE
from reports.finalists.predictions import Cost
from reports.page.data import ReportData
from reports.page.ensemble_sentences import ensemble_sentences, selection_text
from reports.page.sections.base import Column, Part, Section, Table, Text, short
from reports.page.wording import metric_title
from search.objective import Objective


class Ensemble(Section):
    """The table of members, and how they were chosen."""

    tasks = EVERY_TASK
    chapter = "finalists"

    def parts(self, report: ReportData) -> Sequence[Part]:
        """Return the table, where an ensemble was asked for."""
        finalists = report.finalists
        if finalists is None or (ensemble := finalists.ensemble) is None:
            return []
        costs, beside = finalists.predictions.costs, report.objective.beside
        rows: list[dict[str, Any]] = [
            {
                "model": f"trial {trial}",
                "share": count / sum(ensemble.weights.values()),
                "second": report.rows[trial].second,
                **_columns(costs.get(trial)),
            }
            for trial, count in ensemble.weights.items()
        ]
        second = ensemble.selection.second
        rows.append({"model": "together", "share": 1.0, "second": second, **_columns(ensemble.cost)})
        columns = [
            Column("model", "model"),
            Column("share of the answer", "share", lambda value: f"{value:.0%}"),
            *([] if beside is None else _second(beside)),
            Column("parameters", "parameters", lambda value: f"{int(value):,}"),
            Column("multiply-adds", "multiply_adds", lambda value: f"{int(value):,}", "of a prediction"),
            Column("milliseconds", "milliseconds", short, "of a prediction, on one thread"),
        ]
        note = f"{selection_text(report, ensemble)} The models of the first seed are one file, finalists/{FILE}."
        table = Table("members of the ensemble", columns, pd.DataFrame(rows), "The ensemble", note)
        return [table, *map(Text, ensemble_sentences(report, finalists))]


def _second(objective: Objective) -> list[Column]:
    """Return the column of a second objective that none of the others has."""
    title = metric_title(objective.metric)
    if not objective.is_known:
        return [Column(f"validation {title}", "second", objective.text)]
    return [Column(title, "second", objective.text, "of the tensors")] if objective.metric == "bytes" else []


def _columns(cost: Cost | None) -> dict[str, float]:
    return {} if cost is None else cost._asdict()
