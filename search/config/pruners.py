"""The words of a study file: what is searched, how every trial is trained, and what it may cost.

A study file is imports and one assignment, `study = Study(...)`; `studies/mlp.py` is the page to copy. The ranges of
its space are in space.py. Everything here is frozen plain data, checked when the file is loaded, and imports neither
torch nor Optuna. Read by every room of `search`.
"""

from typing import Annotated, Literal

from pydantic import Field

from models.config.base import FrozenConfig, Value
from search.config.space import Choice as Choice
from search.config.space import Float as Float
from search.config.space import Int as Int
from search.config.space import Range as Range


class SuccessiveHalving(FrozenConfig):
    """Asynchronous successive halving: at epochs 1, 2, 4, ... a share of all trials that got there goes on.

    All trials that reached the epoch are compared, whatever became of them (Li et al. 2020, arXiv 1810.05934, but
    decided after the whole tick is recorded, so that the first trials meet their rivals too).
    """

    name: Literal["successive_halving"] = "successive_halving"
    keep_fraction: float = Field(default=0.5, gt=0, lt=1, description="Share of the trials that goes on at each rung.")
    min_epochs: int = Field(default=1, ge=1, description="Epoch of the first rung.")
    reduction_factor: int = Field(default=2, ge=2, description="Each rung is at this many times the epoch of the last.")
    min_trials: int = Field(
        default=4, ge=2, description="Nobody is pruned before so many trials have reached the rung."
    )


class NoPruner(FrozenConfig):
    """Every trial trains to its end."""

    name: Literal["none"] = "none"


class OptunaPruner(FrozenConfig):
    """Any pruner of `optuna.pruners` by its class name, with its arguments.

    Optuna pruners that keep notes of their own while they judge (SuccessiveHalvingPruner, HyperbandPruner) depend on
    the order of judging and are outside the promise that a resumed run ends as an undisturbed one.
    """

    name: Literal["optuna"] = "optuna"
    kind: str = Field(pattern=r"^[A-Z][A-Za-z]+Pruner$")  # its class, as "MedianPruner"
    arguments: dict[str, Value] = Field(default={})


Pruner = Annotated[SuccessiveHalving | NoPruner | OptunaPruner, Field(discriminator="name")]
