"""How near engines come to the matrix unit: `python -m tests.benchmarks.peak`.

Achieved GFLOP/s of whole ticks (gathering, training, scoring), one engine on one thread, beside the matrix-product peak
measured in the same run, by width and by lanes. A multiply-add counts as two operations; only products are counted.
"""

import time

import numpy as np
import torch

from models.config.families import Mlp
from models.config.messages import LaneSpec
from models.config.recipe import Recipe
from models.datasets.batches import BatchSource
from models.datasets.source import Examples
from models.datasets.split import Normalisation
from models.engine.engine import Engine
from tests.benchmarks.work import BATCH, print_table

TRAINED, SCORED = 12_800, 2_560
SHAPE, CLASSES = (1, 28, 28), 10


def peak(dtype: torch.dtype) -> float:
    """GFLOP/s of a square matrix product, the best of a few."""
    size = 1024
    a, b = (torch.randn(size, size, dtype=dtype) for _ in range(2))
    best = 0.0
    for _ in range(20):
        began = time.perf_counter()
        torch.mm(a, b)
        best = max(best, 2 * size**3 / (time.perf_counter() - began) / 1e9)
    return best


def achieved(hidden: int, lanes: int, precision: str) -> float:
    """GFLOP/s of a tick, the best of ten."""
    draw = np.random.Generator(np.random.PCG64(0))
    count = TRAINED + SCORED
    inputs = draw.integers(0, 256, (count, *SHAPE)).astype(np.uint8)
    examples = Examples(inputs, draw.integers(0, CLASSES, count), tuple("0123456789"))
    normal, cpu = Normalisation((0.13,), (0.31,)), torch.device("cpu")
    parts = [BatchSource(examples, chosen, normal, cpu) for chosen in np.split(np.arange(count), [TRAINED])]
    recipe = Recipe(family=Mlp(), batch_size=BATCH, precision=precision)
    engine = Engine(recipe, recipe.make_family(SHAPE, CLASSES), *parts, cpu)
    for lane in range(lanes):
        parameters = {"learning_rate": 0.01, "weight_decay": 0.0, "hidden": hidden}
        engine.add(LaneSpec(lane=lane, parameters=parameters, seed=lane))
    engine.tick(1)
    taken = []
    for tick in range(2, 12):
        began = time.perf_counter()
        engine.tick(tick)
        taken.append(time.perf_counter() - began)
    inner, outer = 784 * hidden, hidden * CLASSES
    trained = TRAINED * 2 * (2 * inner + 3 * outer)  # the first layer needs no gradient by its input
    scored = SCORED * 2 * (inner + outer)
    return lanes * (trained + scored) / min(taken) / 1e9


def main() -> None:
    torch.set_num_threads(1)
    rows: list[list[object]] = []
    for precision, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        for hidden in (32, 128, 512):
            for lanes in (1, 8, 16):
                most = peak(dtype)
                gflops = achieved(hidden, lanes, precision)
                rows.append([precision, hidden, lanes, gflops, most, gflops / most])
    print_table(["precision", "hidden", "lanes", "GFLOP/s", "peak of the product", "share"], rows)


if __name__ == "__main__":
    main()
