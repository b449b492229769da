"""How many engines and lanes a study has on GPUs, unless it says so itself. Arithmetic alone: imports no torch."""

import math
from collections.abc import Sequence

# Multiply-adds of a step of all lanes that keep a GPU busy. On an H100, 256 perceptrons of 16 to 512 units, batch 128,
# come to this: from 64 to 256 of them a trial's time still fell to less than a half, from 256 to 1,024 by a sixth.
FILLING = 11e9
FEWEST = 16  # trials at a time, as on a CPU: so many keep all of a GPU's streams busy, whatever their size
GENERATIONS = 4  # of trials, so that most are drawn when others have come out
MEMORY_SHARE = 0.6  # of a GPU's that lanes may take; the data and torch itself take some
MOST = 1024  # lanes of an engine


def engines_and_lanes(gpus: Sequence[int], lane_bytes: float, lane_work: float, trials: int) -> tuple[int, int]:
    """Return an engine for each GPU, and how many trials each has at a time.

    Args:
        gpus: The memory of each, in bytes.
        lane_bytes: Memory of the largest trial.
        lane_work: Multiply-adds of a step of a trial from the middle of the space.
        trials: Of the study.

    Example:
        >>> engines_and_lanes([80 << 30], lane_bytes=20e6, lane_work=44e6, trials=1000)
        (1, 250)
    """
    engines = max(1, min(len(gpus), trials))
    filling = math.ceil(FILLING / max(lane_work, 1.0))
    by_trials = math.ceil(trials / GENERATIONS / engines)
    lanes = max(min(filling, by_trials), math.ceil(FEWEST / engines))
    by_memory = int(MEMORY_SHARE * min(gpus) / max(lane_bytes, 1.0))
    return engines, max(1, min(lanes, by_memory, MOST))
