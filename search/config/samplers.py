"""The words of a study file: what is searched, how every trial is trained, and what it may cost.

A study file is imports and one assignment, `study = Study(...)`; `studies/mlp.py` is the page to copy. The ranges of
its space are in space.py. Everything here is frozen plain data, checked when the file is loaded, and imports neither
torch nor Optuna. Read by every room of `search`.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator

from models.config.base import FrozenConfig, Value
from search.config.space import Choice as Choice
from search.config.space import Float as Float
from search.config.space import Int as Int
from search.config.space import Range as Range

# --- samplers and pruners ---------------------------------------------------------------------------------------------


class TPE(FrozenConfig):
    """Tree-structured Parzen estimator (Bergstra et al. 2011), multivariate, by Optuna."""

    name: Literal["tpe"] = "tpe"
    startup: int = Field(default=10, ge=1)  # trials that are drawn at random before the estimator speaks
    # Finished trials that the estimator is shown; of more, the best sixth and a random sample of the others. A draw
    # takes time in proportion to them.
    considered: int = Field(default=300, ge=60)


class Random(FrozenConfig):
    """Independent draws."""

    name: Literal["random"] = "random"


class QMC(FrozenConfig):
    """A scrambled Sobol sequence, by Optuna: covers the space more evenly than random draws; likes 2^m trials."""

    name: Literal["qmc"] = "qmc"


class Grid(FrozenConfig):
    """Every combination of the values stated, in a shuffled order fixed by the seed."""

    name: Literal["grid"] = "grid"
    values: dict[str, tuple[Value, ...]]  # of every parameter that is searched


class Staged(FrozenConfig):
    """One parameter after the other: each stage tries the values stated for its parameter and keeps the best.

    `Staged(start={"hidden": 64}, stages={"learning_rate": (0.01, 0.1), "hidden": (64, 128)})` compares the two rates at
    width 64, then the two widths at the better rate. `start` is where a parameter stands until its stage. The winner
    of a stage is its best complete trial by score; a stage that none completes ends the search. A trial that an
    earlier one has already made takes over that one's outcome.
    """

    name: Literal["staged"] = "staged"
    start: dict[str, Value] = Field(default={})
    stages: tuple[tuple[str, tuple[Value, ...]], ...] = Field(min_length=1)  # pairs: their order is part of the study

    @field_validator("stages", mode="before")
    @classmethod
    def _in_order(cls, stages: object) -> object:
        return tuple(stages.items()) if isinstance(stages, Mapping) else stages


Sampler = Annotated[TPE | Random | QMC | Grid | Staged, Field(discriminator="name")]
