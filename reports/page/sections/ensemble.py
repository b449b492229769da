"""The ensemble: its members, what it came to against the winner, and its cost."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from models.config.task import EVERY_TASK
from reports.finalists.ensemble import FILE
from reports.finalists.predictions import Cost
from reports.page.data import ReportData
from reports.page.ensemble_sentences import ensemble_sentence, selection_text
from reports.page.sections.base import Column, Part, Section, Table, Text, short


class Ensemble(Section):
    """The table of members, and how they were chosen."""

    tasks = EVERY_TASK
    chapter = "finalists"

    def parts(self, report: ReportData) -> Sequence[Part]:
        """Return the table, where an ensemble was asked for."""
        finalists = report.finalists
        if finalists is None or (ensemble := finalists.ensemble) is None:
            return []
        costs = finalists.predictions.costs
        rows: list[dict[str, Any]] = [
            {"model": f"trial {trial}", "share": count / sum(ensemble.weights.values()), **_columns(costs.get(trial))}
            for trial, count in ensemble.weights.items()
        ]
        rows.append({"model": "together", "share": 1.0, **_columns(ensemble.cost)})
        columns = [
            Column("model", "model"),
            Column("share of the answer", "share", lambda value: f"{value:.0%}"),
            Column("parameters", "parameters", lambda value: f"{int(value):,}"),
            Column("multiply-adds", "multiply_adds", lambda value: f"{int(value):,}", "of a prediction"),
            Column("milliseconds", "milliseconds", short, "of a prediction, on one thread"),
        ]
        sentence = ensemble_sentence(finalists)
        note = f"{selection_text(report, ensemble)} The models of the first seed are one file, finalists/{FILE}."
        table = Table("members of the ensemble", columns, pd.DataFrame(rows), "The ensemble", note)
        return [table, Text(sentence or "")]


def _columns(cost: Cost | None) -> dict[str, float]:
    return {} if cost is None else cost._asdict()
