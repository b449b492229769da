"""Staged search: one parameter after the other, as one does by hand."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, field_validator

from models.config.base import Parameters, Value
from search.config.conditions import is_conditional
from search.config.space import Space
from search.samplers.base import SamplerConfig, check_listed

if TYPE_CHECKING:
    from search.config.study import Study
    from search.samplers.optuna_mirror import Mirror
    from search.trial import TrialRow


class Staged(SamplerConfig):
    """Varies one parameter after the other: each stage tries the values of its parameter and keeps the best.

    A stage begins when all trials of the stage before have ended. Its winner is its best complete trial; a stage that
    no trial completes ends the search. A trial that repeats an earlier one takes over that one's curve.

    Example:
        Compare two rates at width 64, then two widths at the better rate:

        >>> Staged(start={"hidden": 64}, stages={"learning_rate": (0.01, 0.1), "hidden": (64, 128)})
    """

    name: Literal["staged"] = "staged"
    start: dict[str, Value] = Field(default={}, description="The value of each parameter until its stage.")
    stages: tuple[tuple[str, tuple[Value, ...]], ...] = Field(
        min_length=1, description="Parameters and their values, in the order of the stages."
    )

    serves_two: ClassVar[bool] = False
    reads_curves: ClassVar[bool] = True

    @field_validator("stages", mode="before")
    @classmethod
    def _as_pairs(cls, stages: object) -> object:
        """Turn a dictionary into pairs: JSON keeps the order of these, and the order is part of the study."""
        return tuple(stages.items()) if isinstance(stages, Mapping) else stages

    @property
    def obeys_where(self) -> bool:
        """Stages have their values, and no others."""
        return False

    @property
    def max_proposals(self) -> int | None:
        """The number of values of all stages."""
        return sum(len(values) for _, values in self.stages)

    def check(self, space: Space) -> None:
        """Raise ValueError where the stages and the start do not fit the space."""
        if is_conditional(space):
            raise ValueError(
                "sampler: stages vary one parameter and keep all others, which when= lets come and go; "
                "leave out when=, or take TPE(), Random(), QMC() or Grid(...)"
            )
        names = [name for name, _ in self.stages]
        first, *_ = names
        if unknown := sorted({*names, *self.start} - set(space)):
            raise ValueError(f"sampler: {unknown[0]!r} is not searched; give it a range in the space, or leave it out")
        if len(set(names)) < len(names):
            raise ValueError("sampler: a parameter has two stages; give each one, with all its values")
        if missing := sorted(set(space) - {first, *self.start}):
            raise ValueError(f"sampler: {missing[0]!r} has no value in the first stage; state it in start")
        if first in self.start:
            raise ValueError(f"sampler: start is not used for {first!r}, the first stage; leave it out")
        for name, value in self.start.items():
            check_listed("the start", name, (value,), space[name])
        for name, values in self.stages:
            check_listed("the stage's", name, values, space[name])

    def pending(self, study: "Study", number: int, mirror: "Mirror") -> bool:
        """Return whether the stage before the trial's own has not ended."""
        if (position := mirror.position(number)) < study.opening:
            return False
        stage, _ = self._stage(study, position)
        earlier = mirror.numbers(self._positions(study, stage - 1)) if stage > 0 else []
        return not all(map(mirror.has_ended, earlier))

    def propose(self, study: "Study", number: int, mirror: "Mirror", batch_size: int = 1) -> Parameters | None:
        """Return the winner of the stage before, with the stage's own parameter set to its value."""
        stage, index = self._stage(study, mirror.position(number))
        if stage == len(self.stages):
            return None
        name, values = self.stages[stage]
        if stage == 0:
            return study.to_internal(self.start | {name: values[index]})
        winner = mirror.best_of(mirror.numbers(self._positions(study, stage - 1)))
        if winner is None:
            return None
        return mirror.params_of(winner) | {name: study.space[name].to_internal(values[index])}

    def exhausted_reason(self, study: "Study", trials: "Sequence[TrialRow]") -> str | None:
        """Return which stage had no winner, where that ended the search."""
        planned = [row for row in trials if row.is_planned]
        for stage, (name, _) in enumerate(self.stages[:-1]):
            positions = self._positions(study, stage)
            rows = planned[positions.start : positions.stop]
            if len(rows) < len(positions) or any(row.state == "running" for row in rows):
                return None
            if all(row.state != "complete" for row in rows):
                return (
                    f"the stage of {name} has no winner: none of its {len(rows)} trials came to its end; "
                    "state other values for it, and begin anew with --restart"
                )
        return None

    def _stage(self, study: "Study", position: int) -> tuple[int, int]:
        """The stage of a trial and the index of its value there; behind the last stage, one more than there are."""
        index = position - study.opening
        for stage, (_, values) in enumerate(self.stages):
            if index < len(values):
                return stage, index
            index -= len(values)
        return len(self.stages), index

    def _positions(self, study: "Study", stage: int) -> range:
        """The positions of a stage's trials among those that the study plans itself."""
        sizes = [len(values) for _, values in self.stages]
        first = study.opening + sum(sizes[:stage])
        return range(first, first + sizes[stage])
