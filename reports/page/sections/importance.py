"""Which parameter matters, by PED-ANOVA, where there are trials enough to say so."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from reports.page.data import ReportData
from reports.page.sections.base import FigureSection, Part, Text
from reports.page.style import MUTED, PLAIN, new_figure
from search.samplers.distributions import as_mirrored
from search.trial import TrialRow

MIN_TRIALS = 50  # complete ones; with 14 it ranked an irrelevant parameter first
MAX_TRIALS = 2000  # complete ones, chosen evenly: more cost seconds and change the second digit


class Importance(FigureSection):
    """Each parameter's share of what tells the best tenth of trials from the rest."""

    key, title = "importance", "Which parameter matters"

    def applies(self, report: ReportData) -> bool:
        """Return whether there are trials enough."""
        return len(_scored(report)) >= MIN_TRIALS

    def frame(self, report: ReportData) -> pd.DataFrame:
        """Return every parameter's share.

        By PED-ANOVA (Watanabe et al. 2023, arXiv 2304.10255), Optuna's, over complete trials alone: all, or MAX_TRIALS
        of them. What does not exist in every trial counts by how it tells the best from the rest among the trials that
        have it, weighted by how many of the best do (arXiv 2601.20800).
        """
        import optuna
        from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

        rows = _scored(report)
        if len(rows) > MAX_TRIALS:
            rows = [rows[index] for index in np.linspace(0, len(rows) - 1, MAX_TRIALS).round().astype(int)]
        mirror = optuna.create_study(direction=report.objective.direction)
        mirror.add_trials(as_mirrored(report.study, row.params, value=row.value) for row in rows)
        shares = get_param_importances(mirror, evaluator=PedAnovaImportanceEvaluator())
        return pd.DataFrame({"parameter": list(shares), "importance": list(shares.values()), "trials": len(rows)})

    def draw(self, report: ReportData, frame: pd.DataFrame, width: float) -> Figure:
        """Draw a bar for every parameter."""
        figure, axes = new_figure(width, 0.6 + 0.3 * len(frame))
        axes.barh(frame["parameter"], frame["importance"], color=PLAIN, height=0.55)
        for line, value in enumerate(frame["importance"]):
            axes.annotate(f"{value:.2f}", (value, line), (5, 0), textcoords="offset points", va="center", color=MUTED)
        axes.invert_yaxis()
        axes.set_xlim(0, max(0.05, float(frame["importance"].max()) * 1.15))
        axes.set_xlabel("share of importance")
        axes.grid(False, axis="y")
        return figure

    def alt(self, report: ReportData, frame: pd.DataFrame) -> str:
        """Return the shares."""
        return "Importance: " + ", ".join(f"{row.parameter} {row.importance:.2f}" for row in frame.itertuples()) + "."

    def caption(self, report: ReportData, frame: pd.DataFrame) -> str:
        """Return what the shares rest on."""
        used, complete = int(frame["trials"].iloc[0]), len(complete_trials(report))
        over = f"{complete:,} complete trials" if used == complete else f"{used:,} of {complete:,} complete trials"
        return (
            f"PED-ANOVA (Watanabe et al. 2023, arXiv 2304.10255) over {over}: how much each parameter alone tells the "
            "best tenth from the rest."
        )

    def parts(self, report: ReportData) -> Sequence[Part]:
        """Return the figure, or why there is none."""
        if report.trials.empty or self.applies(report):
            return super().parts(report)
        reason = (
            f"Not told: {len(_scored(report))} complete trials are too few: PED-ANOVA wants {MIN_TRIALS}, and with "
            "fewer it ranks irrelevant parameters first."
        )
        return [Text(reason, self.title)]


def complete_trials(report: ReportData) -> list[TrialRow]:
    """Return the complete trials that trained themselves, repeats of others left out."""
    return [row for row in report.rows if row.state == "complete" and row.joined is not None]


def _scored(report: ReportData) -> list[TrialRow]:
    return [row for row in complete_trials(report) if row.value is not None]
