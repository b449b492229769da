"""What a model file says about its model: all that is needed to use it, besides its tensors.

Knows no study, no database and no torch.
"""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from models.config.base import FrozenConfig, Parameters, Value
from models.config.recipe import Recipe
from models.datasets.target import TargetScale

Size = Annotated[int, Field(ge=1, lt=1 << 31)]
Deviation = Annotated[float, Field(gt=0)]


class Target(FrozenConfig):
    """The number that a regression predicts: the model's output times std, plus mean."""

    name: str = Field(description="the column, or another name")
    mean: float = Field(description="of the targets that it was trained on")
    std: Deviation = Field(description="of the targets that it was trained on")

    @property
    def scale(self) -> TargetScale:
        """How it is scaled."""
        return TargetScale(self.mean, self.std)


class Member(FrozenConfig):
    """One model of an ensemble, which has the recipe, the data and the normalisation of the others."""

    parameters: Parameters = Field(description="the configuration of its trial")
    weight: int = Field(ge=1, le=1000, description="its share of the answer, beside the others'")
    about: dict[str, Value] = Field(default={}, description="where it comes from: study, trial, seed, epochs")


class Model(FrozenConfig):
    """What a model file says about its model. The model sees (inputs / scale - mean) / std."""

    recipe: Recipe = Field(description="how the model is built and was trained")
    parameters: Parameters = Field(description="the configuration of its trial")
    data: str = Field(description="the name of the data set")
    data_sha256: str = Field(description="the hash of the data set")
    shape: tuple[Size, Size, Size] = Field(description="channels, height and width of one example")
    classes: tuple[str, ...] = Field(description="the names of the classes; none of a regression")
    target: Target | None = Field(default=None, description="the number that a regression predicts")
    mean: tuple[float, ...] = Field(description="of inputs / scale, for each channel")
    std: tuple[Deviation, ...] = Field(description="of inputs / scale, for each channel; never 0")
    scale: Deviation = Field(default=255.0, description="255 for pictures, 1 for a table")
    columns: tuple[str, ...] = Field(default=(), description="the features of a table, like `width` or `colour=red`")
    fill: tuple[float, ...] = Field(default=(), description="what stands for a missing value of each feature")
    about: dict[str, Value] = Field(default={}, description="where it comes from: study, trial, seed, epochs")
    members: tuple[Member, ...] = Field(default=(), description="of an ensemble, whose answer is the mean of theirs")

    @model_validator(mode="before")
    @classmethod
    def _rename_family(cls, given: Any) -> Any:
        """Take the first version's name of custom models."""
        match given:
            case {"recipe": {"family": {"name": "own", **family}, **recipe}, **rest}:
                return {**rest, "recipe": {**recipe, "family": {**family, "name": "custom"}}}
        return given

    @model_validator(mode="after")
    def _a_number_per_channel(self) -> Self:
        if not len(self.mean) == len(self.std) == self.shape[0]:
            raise ValueError(f"{len(self.mean)} means and {len(self.std)} deviations for {self.shape[0]} channels")
        if self.fill and len(self.fill) != self.shape[0]:
            raise ValueError(f"{len(self.fill)} values to fill in for {self.shape[0]} channels")
        if bool(self.classes) == (self.target is not None):
            raise ValueError(f"{len(self.classes)} classes and {'a' if self.target else 'no'} target")
        return self

    @property
    def each(self) -> "list[Model]":
        """The models of an ensemble, as if each were alone; else this one."""
        alone = [self.model_copy(update={"parameters": it.parameters, "members": ()}) for it in self.members]
        return alone or [self]

    @property
    def outputs(self) -> int:
        """How many numbers the model answers with."""
        return len(self.classes) or 1
