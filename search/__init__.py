"""What to try: the search side of Studyhall. The words of a study file are importable from here."""

from models.recipe import SGD, Adam, AdamW, Cnn, Constant, Cosine, Linear, LinearDecay, Mlp, StepExponential
from search.spec import (
    QMC,
    TPE,
    Baseline,
    Choice,
    Float,
    Grid,
    Int,
    NoPruner,
    OptunaPruner,
    Peer,
    Random,
    Staged,
    Study,
)

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
    "Float",
    "Grid",
    "Int",
    "Linear",
    "LinearDecay",
    "Mlp",
    "NoPruner",
    "OptunaPruner",
    "Peer",
    "Random",
    "Staged",
    "StepExponential",
    "Study",
]
