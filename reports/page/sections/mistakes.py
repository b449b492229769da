"""The test images that the winner gets most confidently wrong."""

import base64
import io
from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.image import imsave
from numpy.typing import NDArray

from reports.page.data import FinalistData, ReportData
from reports.page.sections.base import Gallery, Part, Section, Text
from reports.page.style import NARROW, new_figure
from reports.page.wording import counted

MAX_IMAGES = 24


class Mistakes(Section):
    """The gallery."""

    chapter = "winner"
    tasks = ("classification",)

    def parts(self, report: ReportData) -> Sequence[Part]:
        """Return the gallery, or that no image was wrong; nothing where the data are no images."""
        finalists = report.finalists
        if finalists is None or finalists.predictions.is_table:
            return []
        frame = mistakes_frame(finalists, finalists.winner.number)
        if frame.empty:
            return [Text("No test image was classified wrongly.")]
        images = [finalists.predictions.image(index) for index in frame["picture"]]
        rows = frame.to_dict("records")
        gallery = Gallery(
            "mistakes",
            "Most confidently wrong",
            f"The {counted(len(frame), 'test image')} that trial {finalists.winner.number} gets most confidently "
            "wrong.",
            frame,
            partial(_draw, frame, images),
            f"Of {counted(len(finalists.predictions.labels), 'test image')}, by the mean probability over "
            f"{counted(finalists.seeds, 'seed')}. Predicted class and its probability first, then the true class.",
            images=[row | {"source": _url(image)} for row, image in zip(rows, images, strict=True)],
        )
        return [gallery]


def mistakes_frame(finalists: FinalistData, trial: int) -> pd.DataFrame:
    """Return the test images that a finalist gets most confidently wrong, by its seeds' mean probabilities.

    `picture` is the index in `TestPredictions.inputs`: what all seeds together get wrong, one of them does, so it is
    there.
    """
    predictions = finalists.predictions
    probabilities = predictions.probabilities(trial, finalists.seeds)
    answers = probabilities.argmax(1)
    wrong = np.flatnonzero(answers != predictions.labels)
    wrong = wrong[np.argsort(-probabilities[wrong, answers[wrong]], kind="stable")][:MAX_IMAGES]
    agreeing = [predictions.predicted(trial, seed)[wrong] == answers[wrong] for seed in range(finalists.seeds)]
    return pd.DataFrame(
        {
            "image": wrong,
            "true": [predictions.classes[index] for index in predictions.labels[wrong]],
            "predicted": [predictions.classes[index] for index in answers[wrong]],
            "probability": probabilities[wrong, answers[wrong]],
            "probability_of_true": probabilities[wrong, predictions.labels[wrong]],
            "seeds_that_say_so": np.asarray(np.sum(agreeing, axis=0), np.int64),
            "picture": np.searchsorted(predictions.misclassified, wrong),
        }
    )


def _draw(frame: pd.DataFrame, images: Sequence[NDArray[np.uint8]], width: float) -> Figure:
    """Draw the images, each with its predicted and its true class."""
    columns = 8 if width > NARROW else 4
    rows = max(1, -(-len(frame) // columns))
    figure, grid = new_figure(width, rows * (width / columns + 0.25), nrows=rows, ncols=columns, squeeze=False)
    for axes in grid.ravel():
        axes.set_axis_off()
    for axes, line, image in zip(grid.ravel(), frame.itertuples(), images, strict=False):
        axes.imshow(image, interpolation="none")
        axes.set_title(f"{line.predicted}, not {line.true}", fontsize=6.5, loc="center", pad=2)
    return figure


def _url(image: NDArray[np.uint8]) -> str:
    """Return an image, (height, width, 3) of bytes, as a PNG inside an address."""
    stream = io.BytesIO()
    imsave(stream, image, format="png")
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"
