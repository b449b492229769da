"""LCBench's curves: perceptrons of 7 parameters on 34 tabular tasks (Zimmer et al. 2021), by YAHPO Gym's surrogate.

The surrogate is a network (Pfisterer et al. 2022) that gives every configuration's metrics after each of 52 epochs,
without noise. `STUDYHALL_LCBENCH` leads to a folder with its `model.onnx` and `encoding.json`; to run it takes
`onnxruntime`. Knows no search.
"""

import importlib.util
import json
import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.config.base import Parameters
from search.config.space import Float, Int, Range

EPOCHS = 52
# The other 17 tasks are for judging a method that is finished: nothing is tuned on them.
DEVELOPMENT = (
    168908, 167181, 189866, 7593, 126026, 126029, 189873, 168331, 146212, 167185, 168335, 189908, 126025, 167104,
    167149, 167152, 167161,
)  # fmt: skip
SPACE: dict[str, Range] = {  # in the order in which the surrogate takes them, after the epoch
    "batch_size": Int(16, 512, log=True),
    "learning_rate": Float(1e-4, 1e-1, log=True),
    "momentum": Float(0.1, 0.99),
    "weight_decay": Float(1e-5, 1e-1),
    "num_layers": Int(1, 5),
    "max_units": Int(64, 1024, log=True),
    "max_dropout": Float(0.0, 1.0),
}
COLUMNS = 50  # of a table, about
REFERENCE = 2000  # random configurations that a regret is measured by


def why_left_out() -> str | None:
    """Return why LCBench cannot be asked here, or None."""
    if "STUDYHALL_LCBENCH" not in os.environ:
        return "STUDYHALL_LCBENCH is not set; let it lead to the folder with the surrogate's model.onnx"
    if not (Path(os.environ["STUDYHALL_LCBENCH"]) / "model.onnx").is_file():
        return f"{os.environ['STUDYHALL_LCBENCH']} has no model.onnx; let STUDYHALL_LCBENCH lead to the surrogate"
    if importlib.util.find_spec("onnxruntime") is None:
        return "onnxruntime is not installed; pip install onnxruntime"
    return None


class Surrogate:
    """The network, on one thread."""

    def __init__(self, folder: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(
            folder / "model.onnx", options, providers=["CPUExecutionProvider"]
        )
        self._tasks = json.loads((folder / "encoding.json").read_text())["OpenML_task_id"]

    def __call__(self, task: int, configurations: Sequence[Parameters]) -> NDArray[np.float64]:
        """Return validation accuracy, loss and seconds of every epoch.

        Args:
            task: Its OpenML number.
            configurations: N of them.

        Returns:
            (N, EPOCHS, 3): the accuracy as a share of 1, the cross entropy, and the mean of the training's seconds.
        """
        many = len(configurations)
        values = [[float(each[name]) for name in SPACE] for each in configurations]
        inputs = np.empty((many * EPOCHS, 1 + len(SPACE)), np.float32)
        inputs[:, 0] = np.tile(np.arange(1, EPOCHS + 1), many)
        inputs[:, 1:] = np.repeat(np.array(values), EPOCHS, axis=0)
        number = np.full((many * EPOCHS, 1), self._tasks[str(task)], np.int32)
        (out,) = self._session.run(None, {"x_cat": number, "x_cont": inputs})
        metrics = out[:, [1, 2, 0]].astype(float).reshape(many, EPOCHS, 3)
        metrics[..., 0] /= 100
        metrics[..., 2] = metrics[:, -1:, 2] / EPOCHS  # it tells the seconds until then
        return metrics


class LCBench:
    """One task of LCBench, as a problem that every method is given.

    Args:
        surrogate: Shared by all tasks.
        task: Its OpenML number.
    """

    epochs = EPOCHS
    space = SPACE

    def __init__(self, surrogate: Surrogate, task: int) -> None:
        self._surrogate, self.number, self.name = surrogate, task, str(task)

    def curve(self, parameters: Parameters) -> NDArray[np.float64]:
        """Return one configuration's validation accuracy, loss and cost of every epoch, (EPOCHS, 3)."""
        return self._surrogate(self.number, [parameters])[0] / (1.0, 1.0, self._reference[2])

    def work(self, parameters: Parameters) -> float:
        """Return the multiply-adds of layers that narrow evenly, as LCBench's do; the data's columns are not known."""
        widths = np.linspace(float(parameters["max_units"]), 0, int(parameters["num_layers"]) + 1)[:-1]
        return float((np.append(COLUMNS, widths) * np.append(widths, 1)).sum())

    @cached_property
    def _reference(self) -> tuple[float, float, float]:
        generator = np.random.Generator(np.random.PCG64(12345))
        drawn = [uniform(self.space, generator) for _ in range(REFERENCE)]
        # All at once would take a gigabyte.
        curves = [self._surrogate(self.number, drawn[start : start + 100]) for start in range(0, REFERENCE, 100)]
        best = np.concatenate([each[..., 0].max(axis=1) for each in curves])
        return float(best.max()), float(np.median(best)), float(np.median(np.concatenate(curves)[:, 0, 2]))

    def regret(self, accuracy: float) -> float:
        """Return 0 for the best of `REFERENCE` random configurations, 1 for their median; below 0 is better still."""
        best, median, _ = self._reference
        return (best - accuracy) / (best - median)


def uniform(space: dict[str, Range], generator: np.random.Generator) -> Parameters:
    """Draw one configuration at random; whole numbers are as likely as what is rounded to them."""
    drawn: Parameters = {}
    for name, values in space.items():
        assert isinstance(values, Float | Int)
        half = 0.5 if isinstance(values, Int) else 0.0
        low, high, share = values.low - half, values.high + half, generator.random()
        value = low * (high / low) ** share if values.log else low + (high - low) * share
        value = min(max(value, values.low), values.high)
        drawn[name] = round(value) if isinstance(values, Int) else value
    return drawn
