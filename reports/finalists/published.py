"""Published figures of baselines, beside what one more run of the same configuration would come to here.

An author tells of one run, on the same test set: so the luck of the images is shared, and that of the seed is not.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from reports.figures.statistics import Interval, next_run
from reports.finalists.predictions import TestPredictions
from reports.finalists.table import published_figure
from search.config.study import Study
from search.trial import TrialRow


@dataclass(frozen=True)
class Published:
    """A published test figure, and where one run of ours would come out."""

    figure: float
    run: Interval  # without ends for one seed
    side: Literal["inside", "above", "below"] | None  # of the run's interval; None for one seed


def published_of(study: Study, predictions: TestPredictions, seeds: int, baseline: TrialRow) -> Published | None:
    """Return what was published of a baseline beside our runs of it; None where nothing was.

    A figure that was rounded to some decimals, two at least, stands for all that round to it.
    """
    figure, run = published_figure(study, baseline), next_run(predictions.scores(baseline.number, seeds))
    if figure is None:
        return None
    if seeds == 1:
        return Published(figure, run, None)
    decimals = max(2, -int(Decimal(str(figure)).as_tuple().exponent))
    half = 0.5 * 10.0**-decimals
    if figure - half > run.high:
        return Published(figure, run, "above")
    return Published(figure, run, "below" if figure + half < run.low else "inside")
