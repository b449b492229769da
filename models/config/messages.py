"""What passes between the coordinator and an engine, as plain data."""

from collections.abc import Mapping

from pydantic import ConfigDict, Field

from models.config.base import FrozenConfig, Parameters


class LaneSpec(FrozenConfig):
    """A lane as an engine is asked for it: one configuration, from its first epoch on or from where it was paused."""

    lane: int = Field(description="Its name in every message: the trial's number, or the place among the finalists.")
    parameters: Parameters = Field(description="What the model is built and trained with.")
    seed: int = Field(description="Seed of its initial weights.")
    stream: int = Field(default=0, description="Lanes of one stream see the same minibatches.")
    fold: int = Field(default=0, description="By which split of the data it is trained and scored; 0 is the first.")
    resumed: bool = Field(default=False, description="Whether its engine holds it already, paused.")


class EpochMetrics(FrozenConfig):
    """The metrics of one lane, or of a trial, after one epoch, by name.

    A loss is a mean per example, an accuracy a share of 1.
    """

    model_config = ConfigDict(allow_inf_nan=True)  # the loss of a diverged lane is no finite number

    lane: int = Field(description="The number of the lane; of a trial, the trial's.")
    epoch: int = Field(description="1 is the first.")
    train: Mapping[str, float] = Field(description="Running means over the epoch.")
    validation: Mapping[str, float] = Field(description="After the epoch; empty where no examples are held out.")
    seconds: float = Field(description="Its share of the tick, by its number of weights.")
    failed: str | None = Field(default=None, description="Why the lane cannot go on: its objective is NaN then.")
    members: tuple["EpochMetrics", ...] = Field(
        default=(), description="Where a trial is several lanes: those of each, whose means these are."
    )
