"""Axes of drawings: what is written at them fits, whatever the metric is called and however narrow they are."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from reports.page.style import HALF, NARROW, WIDE, ScoreAxis, new_figure, style
from search.objective import Objective

SCORES = np.array([0.1, 0.5, 0.9, 0.985])


@pytest.mark.parametrize("metric", ["accuracy", "average_precision"])
@pytest.mark.parametrize(("width", "height", "head"), [(WIDE, 2.7, 0.3), (NARROW, 2.7, 0.46), (HALF, 2.3, 0.1)])
def test_a_vertical_title_is_no_longer_than_its_drawing(metric: str, width: float, height: float, head: float) -> None:
    with style():
        figure, axes = new_figure(width, height, head=head)
        axis = ScoreAxis(Objective(metric), SCORES)
        axes.plot(range(len(SCORES)), axis.place(SCORES))
        axis.apply(axes)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        box = axes.yaxis.label.get_window_extent(canvas.get_renderer())
    assert "log scale of 1 less it" in axes.get_ylabel()
    assert box.x0 >= 0
    assert box.height <= figure.bbox.height * 0.95


def test_numbers_along_a_narrow_axis_do_not_touch() -> None:
    with style():
        figure, axes = new_figure(NARROW, 2.0)
        axis = ScoreAxis(Objective("accuracy"), np.array([0.88, 0.92, 0.985]))
        axis.apply(axes, "x")
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        boxes = [label.get_window_extent(canvas.get_renderer()) for label in axes.get_xticklabels()]
    boxes = sorted((box for box in boxes if box.x1 > 0), key=lambda box: box.x0)
    assert len(boxes) >= 4
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
