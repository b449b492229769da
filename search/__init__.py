"""The search side of Studyhall. What a study file is made of is imported from here, and `run_study`."""

from typing import TYPE_CHECKING, Any

from studyhall import importing as _importing  # noqa: F401 - says what hides our packages, before they are needed

# isort: split
from models.config.augmentation import Cutout, Flip, Rotate, Shift
from models.config.families import Cnn, Linear, Mlp
from models.config.optimizers import SGD, Adagrad, Adam, AdamW, Lion, Muon, NAdam, RMSprop
from models.config.schedules import Constant, Cosine, LinearDecay, OneCycle, StepExponential, WarmupStableDecay
from models.datasets.dataset_config import Folder, Npz, Table
from models.families.external.function import ObjectiveFunction
from models.families.external.script import Script
from models.families.resnet import Resnet
from models.registry import load_target
from search.config.baseline import Baseline
from search.config.limits import Constraint
from search.config.relations import Derived
from search.config.space import Choice, Float, Int
from search.config.study import Study
from search.objective import Objective
from search.pruners.expected_gain import ExpectedGain
from search.pruners.halving import SuccessiveHalving
from search.result import Result
from search.run_study import run_study
from search.samplers.gp import GP
from search.samplers.tpe import TPE

if TYPE_CHECKING:
    from search.cli.live_table import LiveTable
    from search.pruners.halving_pruner import SuccessiveHalvingPruner
    from search.pruners.none import NoPruner
    from search.pruners.optuna import OptunaPruner
    from search.pruners.promotion import Promotion
    from search.samplers.grid import Grid
    from search.samplers.optuna import OptunaSampler
    from search.samplers.qmc import QMC
    from search.samplers.random import Random
    from search.samplers.staged import Staged

# Imported when they are asked for: a study uses one of them, and SuccessiveHalvingPruner needs Optuna.
_LATER = {
    "Grid": "search.samplers.grid",
    "LiveTable": "search.cli.live_table",
    "NoPruner": "search.pruners.none",
    "OptunaPruner": "search.pruners.optuna",
    "OptunaSampler": "search.samplers.optuna",
    "Promotion": "search.pruners.promotion",
    "QMC": "search.samplers.qmc",
    "Random": "search.samplers.random",
    "Staged": "search.samplers.staged",
    "SuccessiveHalvingPruner": "search.pruners.halving_pruner",
}

__all__ = [
    "GP",
    "QMC",
    "SGD",
    "TPE",
    "Adagrad",
    "Adam",
    "AdamW",
    "Baseline",
    "Choice",
    "Cnn",
    "Constant",
    "Constraint",
    "Cosine",
    "Cutout",
    "Derived",
    "ExpectedGain",
    "Flip",
    "Float",
    "Folder",
    "Grid",
    "Int",
    "Linear",
    "LinearDecay",
    "Lion",
    "LiveTable",
    "Mlp",
    "Muon",
    "NAdam",
    "NoPruner",
    "Npz",
    "Objective",
    "ObjectiveFunction",
    "OneCycle",
    "OptunaPruner",
    "OptunaSampler",
    "Promotion",
    "RMSprop",
    "Random",
    "Resnet",
    "Result",
    "Rotate",
    "Script",
    "Shift",
    "Staged",
    "StepExponential",
    "Study",
    "SuccessiveHalving",
    "SuccessiveHalvingPruner",
    "Table",
    "WarmupStableDecay",
    "run_study",
]


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return load_target(f"{_LATER[name]}:{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
