"""Where the training time went, by what became of the trials."""

import pandas as pd
from matplotlib.figure import Figure

from models.config.task import EVERY_TASK
from reports.page.data import FATES, ReportData
from reports.page.sections.base import FigureSection
from reports.page.style import FATE_COLOURS, new_figure


class Times(FigureSection):
    """Seconds of training for every fate of a trial."""

    tasks = EVERY_TASK
    key, title = "times", "Where the training time went"

    def applies(self, report: ReportData) -> bool:
        """Return whether there is a trial."""
        return not report.trials.empty

    def frame(self, report: ReportData) -> pd.DataFrame:
        """Return, for every fate, how many trials met it and the epochs and seconds that they trained."""
        sums = report.trials.groupby("fate").agg(
            trials=("number", "size"), epochs=("epochs", "sum"), seconds=("seconds", "sum")
        )
        sums = sums.reindex([fate for fate in FATES if fate in sums.index])
        return sums.rename_axis("fate").reset_index()

    def draw(self, report: ReportData, frame: pd.DataFrame, width: float) -> Figure:
        """Draw a bar for every fate."""
        figure, axes = new_figure(width, 0.6 + 0.34 * len(frame))
        axes.barh(frame["fate"], frame["seconds"], color=[FATE_COLOURS[fate] for fate in frame["fate"]], height=0.6)
        most = max(1e-9, float(frame["seconds"].max()))
        for line, row in enumerate(frame.to_dict("records")):
            inside = row["seconds"] > 0.55 * most
            axes.annotate(
                f"{row['trials']:,} trials, {row['epochs']:,} epochs",
                (row["seconds"], line),
                (-5 if inside else 5, 0),
                textcoords="offset points",
                va="center",
                ha="right" if inside else "left",
            )
        axes.invert_yaxis()
        axes.set_xlim(0, most * 1.03)
        axes.set_xlabel("seconds of training, summed over lanes")
        axes.grid(False, axis="y")
        return figure

    def alt(self, report: ReportData, frame: pd.DataFrame) -> str:
        """Return the seconds of every fate."""
        seconds = ", ".join(f"{row.fate} {row.seconds:.0f}" for row in frame.itertuples())
        return f"Seconds of training by what became of the trials: {seconds}."
