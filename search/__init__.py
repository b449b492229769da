"""The search side of Studyhall. What a study file is made of is imported from here, and `run_study`."""

from typing import TYPE_CHECKING, Any

from models.config.augmentation import Flip, Rotate, Shift
from models.config.families import Cnn, Linear, Mlp
from models.config.optimizers import SGD, Adam, AdamW
from models.config.schedules import Constant, Cosine, LinearDecay, StepExponential
from models.datasets.dataset_config import Folder, Npz, Table
from models.families.resnet import Resnet
from search.config.baseline import Baseline
from search.config.space import Choice, Float, Int
from search.config.study import Study
from search.objective import Objective
from search.pruners.halving import SuccessiveHalving
from search.pruners.none import NoPruner
from search.pruners.optuna import OptunaPruner
from search.run_study import Result, run_study
from search.samplers.grid import Grid
from search.samplers.qmc import QMC
from search.samplers.random import Random
from search.samplers.staged import Staged
from search.samplers.tpe import TPE

if TYPE_CHECKING:
    from search.pruners.halving_pruner import SuccessiveHalvingPruner

__all__ = [
    "QMC",
    "SGD",
    "TPE",
    "Adam",
    "AdamW",
    "Baseline",
    "Choice",
    "Cnn",
    "Constant",
    "Cosine",
    "Flip",
    "Float",
    "Folder",
    "Grid",
    "Int",
    "Linear",
    "LinearDecay",
    "Mlp",
    "NoPruner",
    "Npz",
    "Objective",
    "OptunaPruner",
    "Random",
    "Resnet",
    "Result",
    "Rotate",
    "Shift",
    "Staged",
    "StepExponential",
    "Study",
    "SuccessiveHalving",
    "SuccessiveHalvingPruner",
    "Table",
    "run_study",
]


def __getattr__(name: str) -> Any:
    """Import `SuccessiveHalvingPruner`, and Optuna with it, when it is asked for: a study file needs neither."""
    if name == "SuccessiveHalvingPruner":
        from search.pruners.halving_pruner import SuccessiveHalvingPruner

        return SuccessiveHalvingPruner
    raise AttributeError(f"module 'search' has no attribute {name!r}")
