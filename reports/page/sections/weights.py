"""The first layer of the winner as pictures, where its units look at whole images.

Letters: U units, H height, W width.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from safetensors.numpy import load_file

from reports.page.data import FinalistData, ReportData
from reports.page.sections.base import Drawing, Part, Section, Text
from reports.page.style import NARROW
from reports.page.wording import counted

MAX_UNITS = 64


class Weights(Section):
    """The weights of the winner's first seed."""

    chapter = "winner"

    def parts(self, report: ReportData) -> Sequence[Part]:
        """Return the figure, or why there is none; nothing where no model was kept."""
        finalists = report.finalists
        if finalists is None:
            return []
        if finalists.predictions.is_table:
            return [Text("The data are a table: there are no pictures to show.", small=True)]
        units = unit_pictures(report, finalists)
        if units is None:
            family = report.study.family.label
            return [Text(f"The first layer of this family ({family}) does not look at whole pictures.", small=True)]
        by_class = len(units) == len(finalists.predictions.classes)
        which = "the classes, in their order" if by_class else f"the {len(units)} units with the longest rows"
        colours = "Grey is no weight; a unit is pushed by the colours that it shows and held back by the opposite ones."
        if units.ndim == 3:
            colours = "Blue pixels push a unit, red ones hold it back."
        lengths = [float((unit**2).sum() ** 0.5) for unit in units]
        drawing = Drawing(
            "weights",
            "What the first layer looks at",
            f"Weights of {counted(len(units), 'unit')} of the first layer as pictures.",
            pd.DataFrame({"unit": range(len(units)), "length": lengths}),
            partial(_draw, units),
            f"Weights of {which}, trial {finalists.winner.number} under its first seed. {colours}",
        )
        return [drawing]


def unit_pictures(report: ReportData, finalists: FinalistData) -> NDArray[np.float32] | None:
    """Return the first layer's rows as pictures, the longest first; where there is one for each class, in their order.

    Returns:
        (U, H, W), or (U, H, W, 3) over images in colour; None if no row looks at a whole image.
    """
    shape = finalists.predictions.inputs.shape[1:]  # (channels, H, W)
    if shape[0] not in (1, 3):
        return None
    tensors = load_file(report.folder / "finalists" / str(finalists.rows[finalists.winner.number, 0].model))
    inputs = int(np.prod(shape))
    # the matrix whose rows look at every input, (U, inputs), whichever of the model's tensors it is
    weights = next((of for of in tensors.values() if of.ndim == 2 and of.shape[1] == inputs), None)
    if weights is None:
        return None
    if len(weights) != len(finalists.predictions.classes):
        weights = weights[np.argsort(-np.linalg.norm(weights, axis=1), kind="stable")][:MAX_UNITS]
    pictures = weights.reshape(-1, *shape)
    return pictures[:, 0] if shape[0] == 1 else np.moveaxis(pictures, 1, 3)


def _draw(units: NDArray[np.float32], width: float) -> Figure:
    """Draw (U, H, W) weights as one mosaic: blue pushes a unit, red holds it back.

    Of (U, H, W, 3), grey is no weight, and a unit is pushed by the colours that its picture has more of.
    """
    columns = 16 if width > NARROW and len(units) > 16 else min(8, len(units))
    rows = -(-len(units) // columns)
    most = float(np.quantile(np.abs(units), 0.995)) or 1.0
    high, wide, *colours = units.shape[1:]
    if colours:
        units = (0.5 + units / (2 * most)).clip(0.0, 1.0)
    mosaic = np.full((rows * (high + 2), columns * (wide + 2), *colours), 1.0 if colours else np.nan)
    for number, unit in enumerate(units):
        top, left = (number // columns) * (high + 2), (number % columns) * (wide + 2)
        mosaic[top : top + high, left : left + wide] = unit
    figure = Figure(figsize=(width, width * rows / columns))
    figure.patch.set_alpha(0.0)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.imshow(mosaic, cmap="RdBu", vmin=-most, vmax=most, interpolation="none")
    axes.set_axis_off()
    return figure
