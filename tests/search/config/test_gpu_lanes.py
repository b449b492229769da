"""Engines and lanes on GPUs that are made up."""

import pytest

from search.config.gpu_lanes import MOST, engines_and_lanes

GIB, PERCEPTRON, CONVOLUTIONS = 1 << 30, 44e6, 1.6e9  # multiply-adds of a step


@pytest.mark.parametrize(
    ("gpus", "lane_bytes", "lane_work", "trials", "expected"),
    [
        ([80 * GIB], 20e6, PERCEPTRON, 60, (1, 16)),  # four generations are wanted, but sixteen trials at least
        ([80 * GIB], 20e6, PERCEPTRON, 400, (1, 100)),  # a quarter of the trials
        ([80 * GIB], 20e6, PERCEPTRON, 10_000, (1, 250)),  # as many as fill it
        ([80 * GIB], 20e6, 1e3, 1_000_000, (1, MOST)),
        ([80 * GIB], 300e6, CONVOLUTIONS, 1000, (1, 16)),  # few fill it; sixteen keep its streams busy
        ([4 * GIB], 300e6, CONVOLUTIONS, 1000, (1, 8)),  # as many as it holds
        ([1 * GIB], 5e9, CONVOLUTIONS, 1000, (1, 1)),
        ([80 * GIB] * 4, 20e6, PERCEPTRON, 60, (4, 4)),  # sixteen trials in all
        ([80 * GIB] * 4, 20e6, PERCEPTRON, 2000, (4, 125)),
        ([80 * GIB, 4 * GIB], 300e6, 1e6, 1000, (2, 8)),  # all have as many as the smallest holds
        ([80 * GIB] * 4, 20e6, PERCEPTRON, 2, (2, 8)),
        ([80 * GIB], 0.0, 0.0, 1, (1, 16)),  # a module that nobody can count
    ],
)
def test_lanes_follow_from_memory_width_and_trials(
    gpus: list[int], lane_bytes: float, lane_work: float, trials: int, expected: tuple[int, int]
) -> None:
    assert engines_and_lanes(gpus, lane_bytes, lane_work, trials) == expected
