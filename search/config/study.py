"""The study: what is searched, how every trial is trained, and what it may cost.

A study file is imports and one assignment, `study = Study(...)`; `studies/mlp.py` is the page to copy. Frozen plain
data, checked when the file is loaded; the checks are in study_checks.py. Knows neither torch nor Optuna.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, PrivateAttr, SerializeAsAny, field_validator, model_validator

from models.config.base import FrozenConfig, Parameters, Value
from models.datasets.registry import Data
from models.families.custom.custom_model import custom_model_config
from search.config.baseline import Baseline
from search.config.known_costs import known_costs
from search.config.learnt import LearntStudy, first_of
from search.config.limits import Constraint
from search.config.members import WithMembers
from search.config.range_values import range_warnings, value_count
from search.config.relation_checks import middle_allowed
from search.config.relations import Derived, Where, broken, derived_values
from search.config.space import Range
from search.config.study_checks import check_study
from search.config.study_input import fields_of
from search.objective import Objective
from search.pruners.base import PrunerConfig
from search.pruners.expected_gain import ExpectedGain
from search.pruners.registry import PRUNERS
from search.samplers.base import SamplerConfig
from search.samplers.gp import GP
from search.samplers.registry import SAMPLERS

STEP = 24  # examples whose time a step costs beside that of its own: perceptrons of 32 to 512 units, 2 to 8 lanes


class Study(WithMembers):
    """One search: what is tried, on what, and how much of it.

    Raises:
        pydantic.ValidationError: The study breaks a rule. The message says what is so and what to do.

    Example:
        >>> study = Study(
        ...     family=Mlp(), data="mnist", epochs=10, trials=60,
        ...     space={"learning_rate": Float(1e-3, 1.0, log=True), "hidden": Int(16, 512), "weight_decay": 0.0},
        ...     baselines=[Baseline("notebook", hidden=100, learning_rate=0.01)],
        ... )
    """

    about: str = Field(default="", description="One line for lists and reports.")
    data: Data = Field(default="mnist", description="A data set's name, or data of one's own.")
    space: dict[str, Range] = Field(description="A range for each parameter that is searched; a plain value fixes it.")
    fixed: Parameters = Field(default={}, description="Parameters that every trial has: plain values of the space.")
    derived: dict[str, Derived] = Field(
        default={}, description="Parameters that follow from others: those of the space that are `Derived`."
    )
    where: Where = Field(
        default=(),
        description="What must hold between parameters: a function of those that its arguments name, as "
        "`lambda low, high: low < high`, or several. No trial is begun that does not satisfy it.",
    )
    baselines: tuple[Baseline, ...] = Field(default=(), description="Configurations that are known before the search.")
    objective: Objective = Field(
        default=Objective(),
        description="The validation metric that is searched for, and by which trials are pruned and ranked; its "
        'name will do, a pair is two. "loss" is that on the validation part. Of a regression it is rmse unless given.',
    )
    constraints: tuple[Constraint, ...] = Field(default=(), description="Limits of what a trial's model may cost.")
    trials: int = Field(default=60, ge=1, le=1_000_000, description="Trials in all, baselines included.")
    until_settled: bool = Field(
        default=False,
        description="End before all `trials` are begun, once one more is expected to gain less than another seed.",
    )
    engines: int = Field(
        default=2,
        ge=1,
        le=4096,
        description="Groups of trials that train together, each on threads of its own. Where a study says neither this "
        "nor `lanes`, GPUs have one each, and lanes by their memory and the work of a trial.",
    )
    lanes: int | tuple[int, ...] = Field(
        default=8,
        description="Trials at a time for each engine, on average; memory grows linearly. A number each where machines "
        "are unequal: the engine with most lanes goes to the fastest machine, and is given work in proportion.",
    )
    threads: int = Field(default=1, ge=1, le=256, description="Threads per engine.")
    sampler: Annotated[SerializeAsAny[SamplerConfig], BeforeValidator(SAMPLERS.parse)] = Field(
        default=GP(), description="What the next trial tries; a sampler's name will do."
    )
    pruner: Annotated[SerializeAsAny[PrunerConfig], BeforeValidator(PRUNERS.parse)] = Field(
        default=ExpectedGain(), description="Which trials wait or end early; a pruner's name will do."
    )
    paused: int = Field(
        default=64,
        ge=1,
        description="Most trials that wait, where the pruner pauses trials; memory grows linearly. Of more, the least "
        "promising are pruned.",
    )
    learn_from: tuple[str, ...] = Field(default=(), exclude=True, description="Earlier studies, or address:name.")
    learnt: tuple[LearntStudy, ...] = Field(default=(), description="What was learnt from them; a run fills it in.")

    patience: int | None = Field(
        default=None,
        ge=1,
        description="Epochs without a better value of the objective after which a trial, or a finalist that is ranked, "
        "is complete; None trains all epochs. Its best epoch counts.",
    )

    _shape: tuple[tuple[int, ...], int] | None = PrivateAttr(default=None)

    @field_validator("family", mode="before")
    @classmethod
    def _of_ones_own(cls, family: object) -> object:
        """Let a class or function that makes an nn.Module stand for the word that says where it is."""
        ours = isinstance(family, type) and issubclass(family, FrozenConfig)  # Mlp for Mlp(): told as any other slip
        return custom_model_config(family) if callable(family) and not ours else family

    @model_validator(mode="before")
    @classmethod
    def _as_written(cls, given: Any) -> Any:
        return fields_of(given)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        check_study(self)
        return self

    # --- what is recorded, and on how many lanes

    @property
    def recorded(self) -> tuple[str, ...]:
        """The metrics that are recorded besides those of every study, the objective's among them."""
        searched = tuple(each.metric for each in self.objective.all if not each.is_known)
        others = (*searched, *self.metrics) if self.family.external else (*self.metrics, *searched)
        return tuple(name for name in dict.fromkeys(others) if name not in self.task.metrics)

    @property
    def known_costs(self) -> tuple[str, ...]:
        """The costs that its objective or its constraints name: of every trial they are recorded."""
        named = [each.metric for each in self.objective.all if each.is_known]
        return tuple(dict.fromkeys((*named, *(limit.cost for limit in self.constraints))))

    @property
    def dataset(self) -> str:
        """What its data are called: a set's name, or `pets/`, `iris.csv`, `spirals()`."""
        if self.data is None:
            return "data of its own"
        return self.data if isinstance(self.data, str) else self.data.title

    @property
    def places(self) -> int:
        """Trials that can be alive at the same time."""
        return sum(self.lanes_of)

    @property
    def lanes_of(self) -> tuple[int, ...]:
        """The lanes of each engine; it is given work in proportion to them."""
        return self.lanes if isinstance(self.lanes, tuple) else (self.lanes,) * self.engines

    @property
    def vectorize(self) -> bool:
        """Whether trials of the same function of their tensors train in one pass, where the family can do so."""
        counts = {name: value_count(search_range) for name, search_range in self.space.items()}
        for name, derived in self.derived.items():
            counts[name] = math.prod(counts.get(each, 1) for each in (*derived.function.needs, *derived.function.takes))
        return self.family.vectorizes(counts, max(self.lanes_of))

    @property
    def learnt_first(self) -> list[Parameters]:
        """The configurations of earlier studies that are tried after the baselines, as Optuna holds them."""
        return first_of(self.learnt, [self.to_internal(baseline.parameters) for baseline in self.baselines])

    @property
    def opening(self) -> int:
        """How many trials come before the sampler's: baselines, and the best of earlier studies."""
        return len(self.baselines) + len(self.learnt_first)

    # --- its parameters

    @property
    def names(self) -> tuple[str, ...]:
        """Every parameter that a trial can have: those that are searched, then those that are fixed, or derived."""
        return (*self.space, *self.fixed, *self.derived)

    @property
    def example(self) -> Parameters:
        """One configuration: the first baseline, or the middle of the space."""
        if self.baselines:
            return self.with_others(self.baselines[0].parameters)
        return middle_allowed(self)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What its author may not have meant, a sentence each, with the remedy; a run says it before it begins."""
        lanes = max(self.lanes_of)
        told = (*range_warnings(self.space), *self.sampler.warnings(self), *(it.about for it in self.learnt))
        if lanes == 1 or self.vectorize:
            return told
        together = f"at most {lanes // 2} different model{'s' * (lanes // 2 != 1)}"
        alone = (
            f"trials of {self.family.label} train one after another, not in one pass, since about every one of them is "
            f"another model; they train together where the space builds {together}"
        )
        return (*told, alone)

    def to_external(self, internal: Mapping[str, Value]) -> Parameters:
        """Return the parameters that are trained and exported, those that are fixed or derived among them.

        Args:
            internal: The parameters that Optuna holds; those that do not exist in this trial are absent.
        """
        return self.with_others(
            {name: self.space[name].to_external(internal[name]) for name in self.space if name in internal}
        )

    def with_others(self, searched: Parameters) -> Parameters:
        """Return the values of searched parameters with those that are fixed or derived."""
        values = searched | self.fixed
        return values | derived_values(self.derived, values) if self.derived else values

    def allows(self, internal: Mapping[str, Value]) -> bool:
        """Return whether a trial may have parameters, as Optuna holds them; `constraints` count after `on`."""
        if self.where and broken(self.where, self.to_external(internal)) is not None:
            return False
        return self._shape is None or all(limit.holds(self.costs(internal)) for limit in self.constraints)

    def on(self, shape: Sequence[int], outputs: int) -> Self:
        """Return the study on examples of a shape, with models of so many outputs: it then knows what they cost."""
        study = self.model_copy()
        study._shape = (tuple(shape), outputs)
        return study

    def costs(self, internal: Mapping[str, Value]) -> Mapping[str, float]:
        """Return `known_costs` of the model of a configuration; `on` says of what examples."""
        assert self._shape is not None
        return known_costs(self, self.to_external(internal), *self._shape)

    def work(self, internal: Mapping[str, Value]) -> float:
        """Return the multiply-adds of a forward pass per example, and more for a step; 1 where they are not known."""
        if self._shape is None or self.family.external:
            return 1.0
        external = self.to_external(internal)
        adds = self.family.flops_per_example(*self._shape, external)
        return adds * (1.0 + STEP / float(external.get("batch_size", self.batch_size)))

    def to_internal(self, external: Mapping[str, Value]) -> Parameters:
        """Return the parameters that Optuna holds: the inverse of `to_external`."""
        return {name: self.space[name].to_internal(external[name]) for name in self.space if name in external}
