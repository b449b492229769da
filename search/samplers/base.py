"""The door for samplers: what the loop asks of any sampler.

Imports neither Optuna nor torch, so that a study file is read at once. Knows no database.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from models.config.base import FrozenConfig, Parameters, Value
from search.config.space import Range, Space

if TYPE_CHECKING:
    from search.config.study import Study
    from search.samplers.optuna_mirror import Mirror
    from search.trial import TrialRow


class SamplerConfig(FrozenConfig):
    """Decides what the next trial tries.

    A sampler is frozen settings with a method `propose`. Its `name` is the one it is registered under, in
    `search/samplers/registry.py` or by another package's entry point in the group `studyhall.samplers`.

    A proposal that the study's `where` forbids is asked for again, with another `study.seed`, unless the sampler has
    begun the trial in the mirror. One that can do better asks `study.allows`.

    A proposal is a function of the study, the trial's number and what the mirror holds. After a crash the mirror is
    built anew and the same trial is proposed again, so a sampler keeps nothing to itself and takes its random numbers
    from `models.seeds.derive(study.seed, "<its name>", number)`.

    Example:
        >>> class Shuffled(SamplerConfig):
        ...     name: Literal["shuffled"] = "shuffled"
        ...
        ...     def propose(self, study, number, mirror, batch_size=1):
        ...         generator = random.Random(derive(study.seed, "shuffled", number))
        ...         point = [generator.random() for _ in study.space]
        ...         return from_unit_cube(study.space, point)
    """

    name: str

    serves_two: ClassVar[bool] = True  # whether it can search for the front of two objectives
    settles: ClassVar[bool] = False  # whether `propose` returns None once a study with `until_settled` has settled
    reads_curves: ClassVar[bool] = False  # whether the mirror must keep every epoch's metrics for `Mirror.best_of`

    @property
    def obeys_where(self) -> bool:
        """Whether the study's `where` can be obeyed: by another proposal in the place of one that it forbids."""
        return True

    @property
    def max_proposals(self) -> int | None:
        """The most trials that the sampler can propose; None: as many as one likes."""
        return None

    def check(self, space: Space) -> None:
        """Raise ValueError("fact; remedy") where the sampler cannot search this space. Called when a study loads."""

    def warnings(self, study: "Study") -> tuple[str, ...]:
        """Return what the study's author may not have meant, "fact; remedy" each."""
        return ()

    def describe(self) -> str:
        """Return what proposes trials, in a few words."""
        return self.name

    def begin(self, study: "Study") -> None:
        """Raise UserError where the sampler cannot be had. Called before the first trial, and by `--check`."""

    def pending(self, study: "Study", number: int, mirror: "Mirror") -> bool:
        """Return whether trial `number` must wait until others have ended. Asked before each `propose`.

        The answer must be the same after a crash: the same lanes then stay empty at the same tick.
        """
        return False

    def propose(self, study: "Study", number: int, mirror: "Mirror", batch_size: int = 1) -> Parameters | None:
        """Return what a trial tries.

        Args:
            study: Its `space` is searched; its baselines, the first trials, are not asked for here.
            number: The trial's number. Numbers are asked for in their order.
            mirror: The trials so far. `Mirror.ask` lets a sampler of Optuna propose.
            batch_size: How many proposals, this one included, are certainly asked for before any trial ends. A sampler
                may prepare so many at once.

        Returns:
            Parameters as Optuna holds them (`Study.to_internal`), each inside its range and only those that exist
            beside the others; None where nothing is left to try, which ends the search.
        """
        raise NotImplementedError

    def exhausted_reason(self, study: "Study", trials: "Sequence[TrialRow]") -> str | None:
        """Return why the search ended before the sampler had proposed all it could, for the summary of a run."""
        return None


def check_listed(where: str, name: str, values: Sequence[Value], search_range: Range) -> None:
    """Raise ValueError where the values that settings list for a parameter are none, repeated, or outside its range.

    Args:
        where: Who lists them, as a message begins: "the grid's".
        name: The parameter.
        values: What is listed for it.
        search_range: Its range.
    """
    if len(set(values)) < len(values) or not values:
        raise ValueError(f"sampler: {where} values of {name} are {list(values)}; name each once, and at least one")
    for value in values:
        if not search_range.contains(value):
            raise ValueError(f"sampler: {name} = {value!r} lies outside its range {search_range}; widen the range")
