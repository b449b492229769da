"""A conditional space: its study, its trials in memory, and two study files."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.config.base import Parameters
from models.config.families import Mlp
from models.config.schedules import Cosine
from search.config.baseline import Baseline
from search.config.space import Choice, Float, Int, Range
from search.config.study import Study
from search.record.fingerprint import fingerprint
from search.record.record import Record
from search.record.store import Store
from search.samplers.base import SamplerConfig
from search.samplers.distributions import distributions
from search.samplers.grid import Grid
from search.samplers.optuna_mirror import Mirror
from search.samplers.qmc import QMC
from search.samplers.random import Random
from search.samplers.tpe import TPE
from search.trial import TrialRow
from tests.support.memory_record import MemoryRecord, epoch_metrics

# Momentum exists behind two or three layers, the slope of its schedule where there is momentum and batches are large.
SPACE: dict[str, Range] = {
    "batch_size": Int(16, 64, factor=2),
    "learning_rate": Float(0.05, 1.0, log=True),
    "hidden": Int(4, 24),
    "activation": Choice(("relu", "tanh")),
    "momentum": Float(1e-3, 0.9, log=True, low_is_zero=True, when={"depth": (2, 3)}),
    "depth": Int(1, 3),
    "final_factor": Float(0.1, 1.0, when={"activation": "relu", "batch_size": (32, 64)}),
}
GRID = Grid(
    values={
        "batch_size": (16, 64),
        "learning_rate": (0.1,),
        "hidden": (8,),
        "activation": ("relu", "tanh"),
        "momentum": (0.0, 0.5),
        "depth": (1, 2),
        "final_factor": (0.1, 0.5, 1.0),
    }
)
SAMPLERS: list[SamplerConfig] = [TPE(startup=5), Random(), QMC(), GRID]
KNOWN: dict[str, Any] = {"batch_size": 16, "learning_rate": 0.1, "hidden": 8, "activation": "tanh", "depth": 1}


def a_study(sampler: SamplerConfig | None = None, space: Mapping[str, Any] | None = None, **words: Any) -> Study:
    """Return a study of a conditional space whose weight decay is fixed."""
    space = dict(SPACE if space is None else space) | {"weight_decay": 0.0}
    return Study(family=Mlp(), schedule=Cosine(), space=space, **({"sampler": sampler} if sampler else {}), **words)


SMALL = a_study(
    data="digits",
    epochs=3,
    trials=16,
    engines=2,
    lanes=3,
    baselines=[Baseline("known", **KNOWN)],
)


def curve(row: TrialRow) -> list[tuple[float, float]]:
    """One epoch, best at momentum 0.6 and 16 hidden units."""
    accuracy = 0.9 - abs(float(row.params.get("momentum", -1.0)) - 0.6) - 0.05 * abs(float(row.params["hidden"]) - 16)
    return [(accuracy, 1.0 - accuracy)]


def a_record(study: Study) -> MemoryRecord:
    """Return an empty record of a study."""
    return MemoryRecord(study, curve)


def draws(study: Study, trials: int) -> list[Parameters]:
    """Return what the first trials of a study try, or as many as its sampler has."""
    record = a_record(study)
    return record.fill(trials, record.mirror()).params()


def many_trials(folder: Path, study: Study) -> Record:
    """A study whose trials are all complete, with an accuracy that is told by momentum and batch size."""
    record = Store(f"sqlite:///{folder}/studies.db").begin("own", study, fingerprint(study, "f00", "cpu"), {}, "")
    mirror = Mirror(study)
    with record.lease():
        for number in range(study.trials):
            drawn = study.sampler.propose(study, number, mirror)
            assert drawn is not None
            row = TrialRow(number, "running", drawn, joined=1)
            accuracy = 0.5 + 0.4 * float(drawn.get("momentum", 0.0)) + (0.05 if drawn.get("batch_size") == 16 else 0.0)
            accuracy += 0.01 * float(drawn["learning_rate"])  # so that no two are alike
            record.write(
                1,
                begun=[row],
                scores=[epoch_metrics(number, 1, accuracy)],
                ended=[dataclasses.replace(row, state="complete", value=accuracy)],
                distributions=distributions(study),
            )
    return record


# --- study files ---

FILE = """
from search import Baseline, Choice, Cosine, Float, Int, Mlp, Study

study = Study(
    family=Mlp(),
    data="digits",
    schedule=Cosine(),
    epochs=4,
    trials=24,
    engines=2,
    lanes=4,
    space={
        "learning_rate": Float(0.05, 1.0, log=True),
        "hidden": Int(4, 24),
        "weight_decay": 0.0,
        "batch_size": Int(16, 64, factor=2),
        "depth": Int(1, 3),
        "activation": Choice(("relu", "tanh")),
        "momentum": Float(1e-3, 0.9, log=True, low_is_zero=True, when={"depth": (2, 3)}),
        "final_factor": Float(0.1, 1.0, when={"activation": "relu", "batch_size": (32, 64)}),
    },
    baselines=[
        Baseline("small", hidden=16, learning_rate=0.1, batch_size=16, depth=1, activation="tanh"),
        Baseline("large", hidden=16, learning_rate=0.1, batch_size=16, depth=2, activation="tanh", momentum=0.0),
    ],
)
"""


def write(folder: Path, text: str = FILE) -> Path:
    """Write a study file, `own.py`."""
    file = folder / "own.py"
    file.write_text(text)
    return file


OWN = """
from torch import nn

from search import Choice, Float, Int, Study


class Net(nn.Module):
    def __init__(self, inputs, classes, units, deep, activation, slope=0.01):
        super().__init__()
        bend = nn.Tanh() if activation == "tanh" else nn.LeakyReLU(slope)
        more = [nn.Linear(units, units), bend] if deep else []
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(inputs, units), bend, *more, nn.Linear(units, classes))

    def forward(self, x):
        return self.layers(x)


study = Study(
    family=Net,
    data="digits",
    epochs=2,
    trials=12,
    sampler="random",
    space={
        "learning_rate": Float(0.05, 0.5, log=True),
        "weight_decay": 0.0,
        "batch_size": Int(32, 128, factor=2),
        "units": Int(8, 16, step=8),
        "deep": Choice((True, False)),
        "activation": Choice(("tanh", "leaky")),
        "slope": Float(0.01, 0.3, when={"activation": "leaky", "deep": True}),
    },
)
"""
