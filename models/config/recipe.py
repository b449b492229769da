"""The words of a recipe: how a model of a study is built and trained, apart from what is searched.

A study file (search.spec.Study) is made of these words, a model file carries them in its metadata, and an engine is
told what to do in them. They are plain frozen data: no torch, no Optuna, so that reading a study file takes
milliseconds.
"""

from typing import Literal

from pydantic import Field, field_validator

from models.config.augmentation import Augment, Flip, Rotate, Shift
from models.config.base import FrozenConfig
from models.config.families import Family, Precision
from models.config.losses import Loss
from models.config.optimizers import SGD, Optimizer
from models.config.schedules import Constant, Schedule

Keep = Literal["best", "last"]  # which epoch of a trial gives its score, and the epochs a finalist is retrained for

# --- the recipe -------------------------------------------------------------------------------------------------------


class Recipe(FrozenConfig):
    """How every trial of a study is trained. What varies from trial to trial is in the study's space."""

    family: Family  # what kind of model
    epochs: int = Field(default=10, ge=1, le=100_000)  # of a trial that is not cut
    batch_size: int = Field(default=128, ge=1)  # examples of a minibatch, unless `batch_size` is searched
    optimizer: Optimizer = SGD()  # how a gradient changes the weights
    schedule: Schedule = Constant()  # how the learning rate changes meanwhile
    loss: Loss = "cross_entropy"
    augment: tuple[Augment, ...] = ()  # how training pictures are moved at random
    keep: Keep = "best"
    metrics: tuple[str, ...] = Field(default=(), description="Metrics that are recorded besides loss and accuracy.")
    precision: Precision = "float32"
    seed: int = Field(default=0, ge=0, lt=2**63)  # of everything random

    @field_validator("augment", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        """Let augment=Flip() stand for augment=(Flip(),)."""
        return (value,) if isinstance(value, Shift | Flip | Rotate) else value
