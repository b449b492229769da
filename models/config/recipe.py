"""A recipe: how every trial of a study is trained, apart from what is searched.

A study file is a recipe and more, a model file keeps the recipe of its model, and engines are sent one as JSON. Family,
optimizer and schedule come in through their registries, by name or as an object.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field, SerializeAsAny, field_validator

from models.config.augmentation import Augment, Flip, Rotate, Shift
from models.config.base import FrozenConfig
from models.config.families import FamilyConfig, Precision
from models.config.losses import Loss
from models.config.optimizers import SGD, OptimizerConfig
from models.config.registry import FAMILIES, OPTIMIZERS, SCHEDULES
from models.config.schedules import Constant, ScheduleConfig

if TYPE_CHECKING:
    from models.families.base import Family

Keep = Literal["best", "last"]


class Recipe(FrozenConfig):
    """How every trial of a study is trained. What varies from trial to trial is in the study's space."""

    family: Annotated[SerializeAsAny[FamilyConfig], BeforeValidator(FAMILIES.parse)] = Field(
        description="What kind of model."
    )
    epochs: int = Field(default=10, ge=1, le=100_000, description="Epochs of a trial that is not pruned.")
    batch_size: int = Field(default=128, ge=1, description="Examples of a minibatch, unless `batch_size` is searched.")
    optimizer: Annotated[SerializeAsAny[OptimizerConfig], BeforeValidator(OPTIMIZERS.parse)] = Field(
        default=SGD(), description="How a gradient changes the weights."
    )
    schedule: Annotated[SerializeAsAny[ScheduleConfig], BeforeValidator(SCHEDULES.parse)] = Field(
        default=Constant(), description="How the learning rate changes meanwhile."
    )
    loss: Loss = Field(default="cross_entropy", description="What training lowers.")
    augment: tuple[Augment, ...] = Field(default=(), description="How training pictures are moved at random.")
    keep: Keep = Field(
        default="best",
        description="Which epoch gives a trial's score, and how many epochs a finalist is retrained for.",
    )
    metrics: tuple[str, ...] = Field(default=(), description="Metrics that are recorded besides loss and accuracy.")
    precision: Precision = Field(
        default="float32",
        description='"bfloat16": activations and the matrices they are multiplied by have 16 bits; weights, sums and '
        "optimizer state 32.",
    )
    seed: int = Field(default=0, ge=0, lt=2**63, description="Seed of everything random.")

    @field_validator("augment", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        """Let augment=Flip() stand for augment=(Flip(),)."""
        return (value,) if isinstance(value, Shift | Flip | Rotate) else value

    def make_family(self, shape: Sequence[int], classes: int, *, vectorize: bool = True) -> "Family":
        """Return what builds and trains models of the family; imports torch.

        `vectorize` says whether lanes of an ordinary module's function train in one pass, where they can.
        """
        return self.family.make(shape, classes, precision=self.precision, vectorize=vectorize)
