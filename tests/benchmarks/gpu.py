"""Lanes on a GPU: `python -m tests.benchmarks.gpu [--lanes 1 16 64 256 1024] [--precision float32 bfloat16]`.

First the ticks of one engine on MNIST-like bytes (50,000 examples trained on, 10,000 scored), by the number of lanes,
beside one model after another in the usual loop on the same GPU with the data on it; then a whole search, as a process:
`--trials` trials of 10 epochs, none pruned, drawn by QMC (0 leaves it out); last, convolutional networks in lanes
beside an eager loop, a CUDA-graph loop, torch.compile and vmap (gpu_networks.py; `--networks` without a name leaves
them out). Needs CUDA; the search needs MNIST.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from models.config.families import Mlp
from models.config.messages import LaneSpec
from models.config.recipe import Recipe
from models.datasets.batches import BatchSource
from models.datasets.source import Examples, locate
from models.datasets.split import Normalisation
from models.engine.engine import Engine
from tests.benchmarks.gpu_networks import COLUMNS, networks
from tests.benchmarks.peers import model_of
from tests.benchmarks.work import BATCH, print_table

TRAINED, SCORED = 50_000, 10_000
STUDY = """
from search import QMC, SGD, Float, Int, Mlp, NoPruner, Study

study = Study(
    family=Mlp(), data="mnist", optimizer=SGD(), epochs=10, batch_size={batch}, trials={trials}, engines=1,
    lanes={trials}, precision="{precision}", pruner=NoPruner(), sampler=QMC(),
    space={{
        "learning_rate": Float(1e-3, 1.0, log=True),
        "hidden": Int(16, 512, log=True),
        "weight_decay": Float(1e-7, 1e-2, log=True, low_is_zero=True),
    }},
)
"""


def drawn() -> Examples:
    """Bytes like MNIST's, at random: time does not depend on what they show."""
    draw = np.random.Generator(np.random.PCG64(0))
    inputs = draw.integers(0, 256, (TRAINED + SCORED, 1, 28, 28)).astype(np.uint8)
    return Examples(inputs, draw.integers(0, 10, TRAINED + SCORED), tuple("0123456789"))


def widths(lanes: int) -> list[int]:
    """From 16 to 512, evenly on a log scale; one lane has the width in the middle."""
    return [int(width) for width in np.geomspace(16, 512, lanes + 2).round()[1:-1]]


def of_lanes(examples: Examples, lanes: int, precision: str) -> float:
    """Seconds of a tick of so many lanes: the best of three."""
    gpu = torch.device("cuda")
    normal = Normalisation((0.13,), (0.31,))
    parts = [BatchSource(examples, chosen, normal, gpu) for chosen in np.split(np.arange(TRAINED + SCORED), [TRAINED])]
    recipe = Recipe(family=Mlp(), batch_size=BATCH, precision=precision)
    engine = Engine(recipe, recipe.make_family((1, 28, 28), 10), *parts, gpu)
    for lane, hidden in enumerate(widths(lanes)):
        parameters = {"learning_rate": 0.01, "weight_decay": 1e-4, "hidden": hidden}
        engine.add(LaneSpec(lane=lane, parameters=parameters, seed=lane))
    taken = []
    for tick in range(1, 5):
        began = time.perf_counter()
        engine.tick(tick)  # its figures are fetched at its end: nothing is left to wait for
        taken.append(time.perf_counter() - began)
    return min(taken[1:])


def one_by_one(examples: Examples, hidden: int, low: bool) -> float:
    """Seconds of an epoch of one model in the usual loop, scored as an engine scores: the best of two."""
    gpu = torch.device("cuda")
    x = (torch.from_numpy(examples.inputs).to(gpu).float() / 255 - 0.13) / 0.31
    y = torch.from_numpy(examples.labels).to(gpu)
    model = model_of(hidden).to(gpu)
    sgd = torch.optim.SGD(model.parameters(), 0.01, weight_decay=1e-4)
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        order = torch.randperm(TRAINED, device=gpu)
        for begin in range(0, TRAINED, BATCH):
            index = order[begin : begin + BATCH]
            sgd.zero_grad()
            with torch.autocast("cuda", torch.bfloat16, enabled=low):
                loss = nn.functional.cross_entropy(model(x[index]), y[index])
            loss.backward()
            sgd.step()
        with torch.no_grad(), torch.autocast("cuda", torch.bfloat16, enabled=low):
            (model(x[TRAINED:]).argmax(1) == y[TRAINED:]).double().mean().item()
        taken.append(time.perf_counter() - began)
    return min(taken[1:])


def whole_search(trials: int, precision: str) -> tuple[float, str]:
    """Seconds of a search as a process, the faster of two (the first may have kernels to compile), and its summary."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "speed.py").write_text(STUDY.format(batch=BATCH, trials=trials, precision=precision))
        command = [sys.executable, "-m", "search.run", "--study", "speed.py", "--device", "cuda", "--restart"]
        for _ in range(2):
            began = time.perf_counter()
            done = subprocess.run(
                command,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            found.append((time.perf_counter() - began, done.stdout))
            if done.returncode:
                raise SystemExit(done.stdout)
    return min(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lanes", type=int, nargs="*", default=[1, 16, 64, 256, 1024])
    parser.add_argument("--precision", nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--networks", nargs="*", default=["cnn", "own"])
    given = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("this benchmark needs a GPU that torch finds")
    if given.trials and locate("mnist", None) is None:
        raise SystemExit("the search needs mnist: set STUDYHALL_DATA, or give --trials 0")
    examples = drawn()
    rows: list[list[object]] = []
    for precision in given.precision:
        (middle,) = widths(1)
        alone = one_by_one(examples, middle, precision == "bfloat16") if given.lanes else 0.0
        for lanes in given.lanes:
            taken = of_lanes(examples, lanes, precision)
            rows.append([precision, lanes, taken, 1e3 * taken / lanes, alone * lanes / taken])
    if rows:
        head = [
            "precision",
            "lanes",
            "seconds a tick",
            "ms a lane",
            f"times the loop, one of {widths(1)[0]} units each",
        ]
        print_table(head, rows)
    for precision in given.precision if given.trials else ():
        taken, said = whole_search(given.trials, precision)
        print_table([f"{given.trials} trials x 10 epochs, {precision}", "seconds"], [["a whole search", taken]])
        sys.stdout.write("".join(f"    {line}\n" for line in said.splitlines()[-12:]))
    if given.networks:
        rows = networks(given.networks, ["float32", "tf32", "bfloat16"], torch.device("cuda"))
        print_table(COLUMNS, rows)


if __name__ == "__main__":
    main()
