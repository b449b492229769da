"""Precision, recall and f1 of every class on the test set."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from reports.page.data import FinalistData, ReportData
from reports.page.sections.base import Column, Part, Section, Table, fixed
from reports.page.wording import counted


class Classes(Section):
    """The winner's table of classes."""

    chapter = "winner"
    tasks = ("classification",)

    def parts(self, report: ReportData) -> Sequence[Part]:
        """Return the table, where the winner is tested."""
        if report.finalists is None:
            return []
        columns = [
            Column("class", "class"),
            Column("precision", "precision", fixed(4)),
            Column("recall", "recall", fixed(4)),
            Column("f1", "f1", fixed(4)),
            Column("support", "support", title=f"test {report.finalists.predictions.noun}s of that class"),
        ]
        frame = classes_frame(report.finalists, report.finalists.winner.number)
        note = f"Means over {counted(report.finalists.seeds, 'seed')}, on the test set."
        return [Table("classes", columns, frame, "Class by class", note)]


def classes_frame(finalists: FinalistData, trial: int) -> pd.DataFrame:
    """Return precision, recall and f1 of every class, each the mean over seeds, and its test images."""
    from sklearn.metrics import precision_recall_fscore_support

    predictions = finalists.predictions
    every = range(len(predictions.classes))
    by_seed = [
        precision_recall_fscore_support(
            predictions.labels, predictions.predicted(trial, seed), labels=every, zero_division=0.0
        )
        for seed in range(finalists.seeds)
    ]
    precision, recall, f1 = (np.mean([of[index] for of in by_seed], axis=0) for index in range(3))
    return pd.DataFrame(
        {"class": predictions.classes, "precision": precision, "recall": recall, "f1": f1, "support": by_seed[0][3]}
    )
