"""The search side of Studyhall. What a study file is made of is imported from here, and `run_study`."""

from models.config.augmentation import Flip, Rotate, Shift
from models.config.families import Cnn, Linear, Mlp
from models.config.optimizers import SGD, Adam, AdamW
from models.config.schedules import Constant, Cosine, LinearDecay, StepExponential
from models.datasets.dataset_config import Folder, Npz, Table
from models.families.resnet import Resnet
from search.config.baseline import Baseline
from search.config.pruners import NoPruner, OptunaPruner, SuccessiveHalving
from search.config.samplers import QMC, TPE, Grid, Random, Staged
from search.config.study import Choice, Float, Int, Study
from search.objective import Objective
from search.run_study import Result, run_study

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
    "Table",
    "run_study",
]
