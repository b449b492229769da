"""A study whose trials are several lanes each: its members, by whose mean a trial is judged.

Knows neither how they train nor where they are recorded.
"""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from models.config.recipe import Recipe

if TYPE_CHECKING:
    from search.config.study import Study

MOST_LANES = 4096  # of one engine
Share = Annotated[float, Field(gt=0.0, lt=1.0)]


class WithMembers(Recipe):
    """How many lanes a trial is, and in what they differ."""

    validation_share: Share = Field(default=1 / 6, description="Share of the training set that trials are scored on.")
    repeats: int = Field(
        default=1,
        ge=1,
        le=100,
        description="Lanes of each trial, from other initial weights and in another order of the examples; the trial "
        "is judged by their mean.",
    )
    folds: int = Field(
        default=1,
        ge=1,
        le=100,
        description="Parts of the training set for cross-validation: each trial is as many lanes, each scored on "
        "another part and trained on the others, and is judged by their mean. 1 holds out `validation_share` alone.",
    )

    @property
    def held_out(self) -> float:
        """The share of the training set that a lane is scored on."""
        return self.validation_share if self.folds == 1 else 1 / self.folds

    @property
    def members(self) -> int:
        """How many lanes a trial is."""
        return self.repeats * self.folds

    @property
    def member_name(self) -> str:
        """What one of several lanes of a trial is called: they differ in it."""
        return "seed" if self.folds == 1 else "fold"

    @property
    def judged_by(self) -> str:
        """What a trial is judged by: `one seed`, or `the mean of 3 seeds`."""
        return "one seed" if self.members == 1 else f"the mean of {self.members} {self.member_name}s"


def check_members(study: WithMembers) -> None:
    """Raise ValueError("fact; remedy") where what the lanes of a trial differ in does not fit together."""
    if study.repeats > 1 and study.folds > 1:
        raise ValueError("repeats: the lanes of a trial differ in their fold already; leave it out, or folds")
    if study.folds > 1 and study.validation_share != WithMembers.model_fields["validation_share"].default:
        raise ValueError(f"validation_share: each of {study.folds} folds is held out in its turn; leave it out")


def check_lanes(study: "Study") -> None:
    """Raise ValueError("fact; remedy") where engines cannot have so many lanes."""
    if isinstance(study.lanes, tuple) and len(study.lanes) != study.engines:
        raise ValueError(
            f"lanes: {len(study.lanes)} numbers for {study.engines} engines; give one an engine, or one for all"
        )
    most = MOST_LANES // study.members
    if outside := [lanes for lanes in study.lanes_of if not 1 <= lanes <= most]:
        raise ValueError(f"lanes: {outside[0]} is not from 1 to {most}; give another number")
