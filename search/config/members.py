"""A study whose trials are several lanes each: its members, by whose mean a trial is judged.

Knows neither how they train nor where they are recorded.
"""

from pydantic import Field

from models.config.recipe import Recipe


class WithMembers(Recipe):
    """How many lanes a trial is, and in what they differ."""

    repeats: int = Field(
        default=1,
        ge=1,
        le=100,
        description="Lanes of each trial, from other initial weights and in another order of the examples; the trial "
        "is judged by their mean.",
    )

    @property
    def members(self) -> int:
        """How many lanes a trial is."""
        return self.repeats

    @property
    def member_name(self) -> str:
        """What one of several lanes of a trial is called: they differ in it."""
        return "seed"

    @property
    def judged_by(self) -> str:
        """What a trial is judged by: `one seed`, or `the mean of 3 seeds`."""
        return "one seed" if self.members == 1 else f"the mean of {self.members} {self.member_name}s"
