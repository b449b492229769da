"""Which parameter matters, by PED-ANOVA, where there are trials enough to say so."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from models.config.task import EVERY_TASK
from reports.page.data import ReportData
from reports.page.sections.base import FigureSection, Part, Text
from reports.page.style import MUTED, PLAIN, new_figure
from search.samplers.distributions import as_mirrored
from search.trial import TrialRow

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

MIN_TRIALS = 50  # with a score after the same epoch; with 14 it ranked an irrelevant parameter first
RESAMPLED_TRIALS = 6000  # for the intervals: more cost seconds
MIN_RESAMPLES = 20
MAX_TRIALS = 2000  # complete ones, chosen evenly: more cost seconds and change the second digit


class Importance(FigureSection):
    """Each parameter's share of what tells the best tenth of trials from the rest."""

    tasks = EVERY_TASK
    key, title = "importance", "Which parameter matters"

    def applies(self, report: ReportData) -> bool:
        """Return whether there are trials enough."""
        return compared_trials(report) >= MIN_TRIALS

    def frame(self, report: ReportData) -> pd.DataFrame:
        """Return every parameter's share, with a 90 % interval by the bootstrap where that takes no more than seconds.

        By PED-ANOVA (Watanabe et al. 2023, arXiv 2304.10255), Optuna's, over the values of `_scored`: of all trials, or
        of MAX_TRIALS. What does not exist in every trial counts by how it tells the best from the rest among the trials
        that have it, weighted by how many of the best do (arXiv 2601.20800).
        """
        epoch, scored = _scored(report)
        if len(scored) > MAX_TRIALS:
            scored = [scored[index] for index in np.linspace(0, len(scored) - 1, MAX_TRIALS).round().astype(int)]
        trials = [as_mirrored(report.study, row.params, value=value) for row, value in scored]
        shares, direction = _shares(trials, report.objective.direction), report.objective.direction
        frame = pd.DataFrame({"parameter": list(shares), "importance": list(shares.values())})
        resamples = RESAMPLED_TRIALS // len(trials)
        if resamples >= MIN_RESAMPLES:
            draw = np.random.default_rng(0)
            drawn = [
                _shares([trials[index] for index in draw.integers(len(trials), size=len(trials))], direction)
                for _ in range(resamples)
            ]
            several = pd.DataFrame(drawn).reindex(columns=list(shares)).fillna(0.0)
            frame["low"], frame["high"] = (several.quantile(share).to_numpy() for share in (0.05, 0.95))
        return frame.assign(trials=len(trials), epoch=epoch)

    def draw(self, report: ReportData, frame: pd.DataFrame, width: float) -> Figure:
        """Draw a bar for every parameter."""
        figure, axes = new_figure(width, 0.6 + 0.3 * len(frame))
        axes.barh(frame["parameter"], frame["importance"], color=PLAIN, height=0.55)
        ends = frame["high"].clip(lower=frame["importance"]) if "high" in frame else frame["importance"]
        if "high" in frame:
            axes.hlines(frame["parameter"], frame["low"], frame["high"], color=MUTED, linewidth=1)
        for line, (value, end) in enumerate(zip(frame["importance"], ends, strict=True)):
            axes.annotate(f"{value:.2f}", (end, line), (5, 0), textcoords="offset points", va="center", color=MUTED)
        axes.invert_yaxis()
        axes.set_xlim(0, max(0.05, float(ends.max()) * 1.15))
        axes.set_xlabel("share of importance")
        axes.grid(False, axis="y")
        return figure

    def alt(self, report: ReportData, frame: pd.DataFrame) -> str:
        """Return the shares."""
        return "Importance: " + ", ".join(f"{row.parameter} {row.importance:.2f}" for row in frame.itertuples()) + "."

    def caption(self, report: ReportData, frame: pd.DataFrame) -> str:
        """Return what the shares rest on."""
        used, epoch = int(frame["trials"].iloc[0]), int(frame["epoch"].iloc[0])
        complete = len(_complete(report))
        if epoch < report.study.epochs:
            over = f"the scores of {used:,} trials after epoch {epoch}, the last one that so many have reached: only"
            over += f" {complete:,} are complete. What pays late is not seen"
        else:
            over = f"{complete:,} complete trials" if used == complete else f"{used:,} of {complete:,} complete trials"
        lines = ". Lines are 90 % intervals, by the bootstrap" if "low" in frame else ""
        return (
            f"PED-ANOVA (Watanabe et al. 2023, arXiv 2304.10255) over {over}: how much each parameter alone tells the "
            f"best tenth from the rest{lines}."
        )

    def parts(self, report: ReportData) -> Sequence[Part]:
        """Return the figure, or why there is none."""
        if report.trials.empty or self.applies(report):
            return super().parts(report)
        reason = (
            f"Not told: {compared_trials(report)} trials are too few. PED-ANOVA, which would tell it, wants "
            f"{MIN_TRIALS} with a score after the same epoch; with fewer it may rank an irrelevant parameter first."
        )
        return [Text(reason, self.title)]


def compared_trials(report: ReportData) -> int:
    """Return how many trials have a score after the same epoch."""
    return len(_scored(report)[1])


def _complete(report: ReportData) -> list[tuple[TrialRow, float]]:
    """Return the complete trials that trained themselves, repeats of others left out."""
    complete = [row for row in report.rows if row.state == "complete" and row.joined is not None]
    return [(row, row.value) for row in complete if row.value is not None]


def _scored(report: ReportData) -> tuple[int, list[tuple[TrialRow, float]]]:
    """Return trials with the values that are compared, and the epoch that these are of.

    The values of complete trials, where there are MIN_TRIALS; else the scores after the last epoch that so many trials
    have reached, or after the first.
    """
    complete, epochs = _complete(report), report.study.epochs
    scores = report.curves[np.isfinite(report.curves[report.score])]
    reached = scores["epoch"].value_counts()
    if len(complete) >= MIN_TRIALS or reached.empty:
        return epochs, complete
    epoch = int(max(reached.index[reached >= MIN_TRIALS], default=reached.index.min()))
    chosen = scores[scores["epoch"] == epoch]
    return epoch, [
        (report.rows[trial], value) for trial, value in zip(chosen["trial"], chosen[report.score], strict=True)
    ]


def _shares(trials: Sequence["FrozenTrial"], direction: Literal["minimize", "maximize"]) -> dict[str, float]:
    """Return every parameter's share of importance among trials."""
    import optuna
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    mirror = optuna.create_study(direction=direction)
    mirror.add_trials(trials)
    return dict(get_param_importances(mirror, evaluator=PedAnovaImportanceEvaluator()))
