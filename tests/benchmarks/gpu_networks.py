"""Convolutional networks on a GPU, in lanes and by their peers: `python -m tests.benchmarks.gpu_networks`.

Seconds of an epoch of one model, of MNIST-like bytes (50,000 trained on in minibatches of 128, 10,000 scored), data on
the GPU, AdamW:

`lanes`      an engine's tick, over its lanes; its first tick, which records the steps, stands beside it
`eager`      the careful loop, one model after another
`graph`      the same loop as one CUDA graph a step, as torch's notes on CUDA graphs have it
`compile`    the same loop under torch.compile(mode="reduce-overhead"), compiled before it is timed
`vmap`       all lanes vectorised by torch.func, started kernel by kernel

`cnn` is the family Cnn with 32 channels; `own` three times a 3 x 3 convolution, batch norm, ReLU and pooling, of 32, 64
and 128 channels. Without a GPU only `--device cpu` with few `--examples` shows that it runs.
"""

import argparse
import itertools
import sys
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from models.config.families import Cnn, Precision
from models.config.messages import LaneSpec
from models.config.optimizers import AdamW
from models.config.recipe import Recipe
from models.datasets.batches import BatchSource
from models.datasets.source import Examples
from models.datasets.split import Normalisation
from models.engine.engine import Engine
from models.families.cnn import CnnFamily
from models.families.custom.module_family import ModuleFamily
from models.ops.matmul import set_precision
from tests.benchmarks.work import BATCH, print_table

SHAPE, CLASSES, RATE, SCORED_AT_ONCE = (1, 28, 28), 10, 1e-3, 1_000
Step = Callable[[Tensor, Tensor], None]


def network(kind: str) -> nn.Module:
    if kind == "cnn":
        return CnnFamily(Cnn(), SHAPE, CLASSES).build({"hidden": 32})
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise((1, 32, 64, 128)):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(128 * 9, CLASSES))


def drawn(trained: int, scored: int) -> Examples:
    """Bytes at random: time does not depend on what they show."""
    draw = np.random.Generator(np.random.PCG64(0))
    inputs = draw.integers(0, 256, (trained + scored, *SHAPE)).astype(np.uint8)
    return Examples(inputs, draw.integers(0, CLASSES, trained + scored), tuple("0123456789"))


def finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def in_lanes(
    kind: str, examples: Examples, trained: int, lanes: int, precision: Precision, device: torch.device
) -> tuple[float, float]:
    """Seconds a lane of the first tick, and of the best of two more."""
    count = len(examples.labels)
    parts = [
        BatchSource(examples, chosen, Normalisation((0.13,), (0.31,)), device)
        for chosen in np.split(np.arange(count), [trained])
    ]
    recipe = Recipe(family=Cnn(), optimizer=AdamW(), batch_size=BATCH, precision=precision)
    own = ModuleFamily(lambda parameters: network("own"), precision=precision)
    engine = Engine(recipe, recipe.make_family(SHAPE, CLASSES) if kind == "cnn" else own, *parts, device)
    for lane in range(lanes):
        engine.add(
            LaneSpec(lane=lane, parameters={"learning_rate": RATE, "weight_decay": 1e-2, "hidden": 32}, seed=lane)
        )
    taken = []
    for tick in (1, 2, 3):
        began = time.perf_counter()
        engine.tick(tick)  # its figures are fetched at its end: nothing is left to wait for
        taken.append((time.perf_counter() - began) / lanes)
    if engine.notes:
        sys.stdout.write(f"note: {' '.join(engine.notes)}\n")
    return taken[0], min(taken[1:])


class Loop:
    """The careful loop around one way to make a step."""

    def __init__(self, kind: str, examples: Examples, trained: int, precision: Precision, device: torch.device) -> None:
        self.low = precision == "bfloat16"
        self.layout = torch.channels_last if self.low else torch.contiguous_format
        set_precision(device, tf32=precision == "tf32")
        torch.manual_seed(0)
        self.model, self.device, self.trained = network(kind).to(device, memory_format=self.layout), device, trained
        inputs = torch.from_numpy(examples.inputs).to(device).float()
        self.x = ((inputs / 255 - 0.13) / 0.31).contiguous(memory_format=self.layout)
        self.y = torch.from_numpy(examples.labels).to(device)
        is_cuda = device.type == "cuda"
        self.optimizer = torch.optim.AdamW(self.model.parameters(), RATE, fused=True, capturable=is_cuda)

    def autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.low, cache_enabled=False)

    def step(self, x: Tensor, y: Tensor) -> None:
        self.optimizer.zero_grad()
        with self.autocast():
            logits = self.model(x)
        nn.functional.cross_entropy(logits.float(), y).backward()
        self.optimizer.step()

    def graphed(self) -> Step:
        """The step as a CUDA graph: warmed up on a side stream, captured, replayed on static inputs."""
        x, y = self.x[:BATCH].clone(memory_format=torch.preserve_format), self.y[:BATCH].clone()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self.step(x, y)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        self.optimizer.zero_grad()
        with torch.cuda.graph(graph):
            self.step(x, y)

        def replay(some_x: Tensor, some_y: Tensor) -> None:
            if len(some_x) < BATCH:  # the last minibatch
                self.step(some_x, some_y)
                return
            x.copy_(some_x)
            y.copy_(some_y)
            graph.replay()

        return replay

    def seconds(self, step: Step) -> float:
        """The best of two epochs after the first."""
        taken = []
        for _ in range(3):
            finish(self.device)
            began = time.perf_counter()
            order = torch.randperm(self.trained, device=self.device)
            self.model.train()
            for begin in range(0, self.trained, BATCH):
                index = order[begin : begin + BATCH]
                step(self.x[index], self.y[index])
            self.model.eval()
            with torch.no_grad(), self.autocast():
                for some in self.x[self.trained :].split(SCORED_AT_ONCE):
                    self.model(some)
            finish(self.device)
            taken.append(time.perf_counter() - began)
        return min(taken[1:])


def vectorised(loop: Loop, kind: str, lanes: int) -> Step:
    """A step of all lanes by vmap."""
    models = [network(kind).to(loop.device) for _ in range(lanes)]
    weights, buffers = stack_module_state(models)
    optimizer = torch.optim.AdamW(weights.values(), RATE, fused=True)

    def forward(own: dict[str, Tensor], kept: dict[str, Tensor], x: Tensor) -> Tensor:
        return functional_call(loop.model, (own, kept), (x,))  # type: ignore[no-any-return]

    def step(x: Tensor, y: Tensor) -> None:
        optimizer.zero_grad()
        with loop.autocast():
            logits = vmap(forward, (0, 0, None))(weights, buffers, x)
        nn.functional.cross_entropy(logits.float().flatten(0, 1), y.repeat(lanes), reduction="sum").div(
            len(y)
        ).backward()
        optimizer.step()

    return step


def peers(
    kind: str, examples: Examples, trained: int, lanes: int, precision: Precision, device: torch.device, ways: list[str]
) -> list[tuple[str, float]]:
    """Seconds of an epoch of one model, by the way it is trained."""
    rows = []
    for way in ways:
        loop = Loop(kind, examples, trained, precision, device)
        if way == "graph":
            rows.append((way, loop.seconds(loop.graphed())))
        elif way == "vmap":
            rows.append((way, loop.seconds(vectorised(loop, kind, lanes)) / lanes))
        else:
            if way == "compile":
                loop.model.compile(mode="reduce-overhead" if device.type == "cuda" else "default")
            rows.append((way, loop.seconds(loop.step)))
    return rows


WAYS = ["eager", "graph", "compile", "vmap"]
COLUMNS = ["network", "precision", "way", "seconds a model and epoch", "times the lanes"]


def networks(
    kinds: list[str],
    precisions: list[Precision],
    device: torch.device,
    lanes: int = 32,
    count: int = 60_000,
    ways: list[str] = WAYS,
) -> list[list[object]]:
    """A row for each network, precision and way."""
    trained = count * 5 // 6
    examples, rows = drawn(trained, count - trained), []
    for kind, precision in itertools.product(kinds, precisions):
        first, lane = in_lanes(kind, examples, trained, lanes, precision, device)
        rows += [[kind, precision, f"{lanes} lanes", lane, 1.0], [kind, precision, "their first", first, first / lane]]
        for way, taken in peers(kind, examples, trained, lanes, precision, device, ways):
            rows.append([kind, precision, way, taken, taken / lane])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", default=["cnn", "own"], choices=["cnn", "own"])
    parser.add_argument("--precision", nargs="+", default=["float32", "tf32", "bfloat16"])
    parser.add_argument("--lanes", type=int, default=32)
    parser.add_argument("--examples", type=int, default=60_000, help="a sixth of them is scored")
    parser.add_argument("--ways", nargs="+", default=WAYS, choices=WAYS, help="peers")
    parser.add_argument("--device", default="cuda")
    given = parser.parse_args()
    if given.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit(
            "this benchmark needs a GPU that torch finds; --device cpu --examples 300 --ways eager vmap shows it run"
        )
    rows = networks(
        given.networks, given.precision, torch.device(given.device), given.lanes, given.examples, given.ways
    )
    print_table(COLUMNS, rows)


if __name__ == "__main__":
    main()
