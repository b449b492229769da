"""The words of a study file: what is searched, how every trial is trained, and what it may cost.

A study file is imports and one assignment, `study = Study(...)`; `studies/mlp.py` is the page to copy. The ranges of
its space are in space.py. Everything here is frozen plain data, checked when the file is loaded, and imports neither
torch nor Optuna. Read by every room of `search`.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, field_validator, model_validator

from models.config.base import FrozenConfig, Parameters, RecipePart, Value
from models.config.recipe import Recipe
from models.datasets.registry import Data
from models.families.custom.custom_model import custom_model_config
from models.metrics.registry import STANDARD
from search.config.baseline import Baseline
from search.config.columns import RESERVED
from search.config.conditions import check_conditions, condition, exists, in_order, is_conditional, kept
from search.config.pruners import Pruner, SuccessiveHalving
from search.config.samplers import TPE, Grid, Sampler, Staged
from search.config.space import Choice as Choice
from search.config.space import Float as Float
from search.config.space import Int as Int
from search.config.space import Range as Range
from search.config.space import same
from search.objective import Objective

# --- the study --------------------------------------------------------------------------------------------------------

TRAINING_PARAMETERS = frozenset({"learning_rate", "weight_decay", "momentum", "batch_size"})  # searched by any family

Share = Annotated[float, Field(gt=0.0, lt=1.0)]
STEP = 24  # examples whose time a step costs beside that of its own: perceptrons of 32 to 512 units, 2 to 8 lanes
MOST_LANES = 4096  # of one engine


class Study(Recipe):
    """One search: what is tried, on what, and how much of it."""

    about: str = ""  # one line for lists and reports
    data: Data = "mnist"  # a data set's name, or data of one's own
    space: dict[str, Range]  # what is searched; a plain value instead of a range is fixed:
    fixed: Parameters = Field(default={})  # what the space gave a plain value: every trial has it
    baselines: tuple[Baseline, ...] = ()  # what is known before the search
    objective: Annotated[Objective, BeforeValidator(Objective.parse)] = Field(
        default=Objective(), description="The validation metric that is searched for; its name will do."
    )
    validation_share: Share = 1 / 6  # of the training set; 10,000 of MNIST's 60,000
    trials: int = Field(default=60, ge=1, le=1_000_000)  # in all, baselines included
    engines: int = Field(default=2, ge=1, le=4096)  # fused groups; each trains on a thread team of its own
    # Trials at a time for each engine, on average; memory grows linearly. A number each where machines are unequal: the
    # engine with most lanes is put on the fastest machine, and given work in proportion.
    lanes: int | tuple[int, ...] = 8
    threads: int = Field(default=1, ge=1, le=256)  # per engine
    sampler: Sampler = TPE()  # what the next trial tries
    pruner: Pruner = SuccessiveHalving()  # which trials are cut

    @field_validator("sampler", "pruner", mode="before")
    @classmethod
    def _by_name(cls, value: object) -> object:
        """Let "tpe" stand for TPE()."""
        return {"name": value} if isinstance(value, str) else value

    @field_validator("family", mode="before")
    @classmethod
    def _of_ones_own(cls, family: object) -> object:
        """Let a class or function that makes an nn.Module stand for the word that says where it is."""
        ours = isinstance(family, type) and issubclass(family, FrozenConfig)  # Mlp for Mlp(): told as any other slip
        return custom_model_config(family) if callable(family) and not ours else family

    @model_validator(mode="before")
    @classmethod
    def _fixed_apart(cls, given: Any) -> Any:
        """Take plain values out of the space: `space={"weight_decay": 0.0, ...}` fixes the weight decay."""
        if not isinstance(given, Mapping) or not isinstance(space := given.get("space"), Mapping):
            return given
        fixed = {name: value for name, value in space.items() if isinstance(value, bool | int | float | str)}
        if not fixed:
            return given
        ranges = {name: of for name, of in space.items() if name not in fixed}
        return {**given, "space": ranges, "fixed": {**given.get("fixed", {}), **fixed}}

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        self._check_names()
        check_conditions(self.space)
        if self.precision not in self.family.precisions:
            raise ValueError(f"precision: {self.family.label} trains in the precision it is written in; leave it out")
        for name in self.names:
            for value in _ends(self.space[name]) if name in self.space else (self.fixed[name],):
                self._check_trainable(name, value)
        for baseline in self.baselines:
            self._check_inside(f"baseline {baseline.name!r}", baseline.parameters)
        if len({baseline.name for baseline in self.baselines}) < len(self.baselines):
            raise ValueError("baselines: two have the same name; give each its own")
        if self.trials < len(self.baselines):
            raise ValueError(f"trials: {self.trials} are fewer than the {len(self.baselines)} baselines; allow more")
        if isinstance(self.lanes, tuple) and len(self.lanes) != self.engines:
            raise ValueError(
                f"lanes: {len(self.lanes)} numbers for {self.engines} engines; give one an engine, or one for all"
            )
        if outside := [many for many in self.lanes_of if not 1 <= many <= MOST_LANES]:
            raise ValueError(f"lanes: {outside[0]} is not from 1 to {MOST_LANES}; give another number")
        if isinstance(self.sampler, Grid):
            self._check_grid(self.sampler)
        if isinstance(self.sampler, Staged):
            self._check_staged(self.sampler)
        return self

    def _check_names(self) -> None:
        known = set[str](TRAINING_PARAMETERS)
        for part in self._parts:
            known |= part.required_parameters | part.optional_parameters
        needed = self.family.required_parameters | {"learning_rate", "weight_decay"}
        if not self.space:
            raise ValueError("space: nothing is searched; give a parameter a range, like Float(1e-3, 1.0, log=True)")
        if both := sorted(set(self.space) & set(self.fixed)):
            raise ValueError(f"space: {both[0]!r} is searched and fixed; let it be one of the two")
        if facts := sorted(set(self.names) & set(self.family.data_arguments)):
            raise ValueError(
                f"space: {facts[0]!r} is what {self.family.label} is told of the data by that name; "
                "call the parameter otherwise"
            )
        if unknown := sorted(set(self.names) - known):
            raise ValueError(
                f"space: {self.family.label} has no parameter {unknown[0]!r}, "
                f"nor has a {self.schedule.name} schedule; they have {', '.join(sorted(known))}"
            )
        if reserved := sorted(RESERVED & set(self.names)):
            raise ValueError(f"space: the tables have a column {reserved[0]!r} already; call the parameter otherwise")
        if missing := sorted(needed - set(self.names)):
            raise ValueError(
                f"space: {missing[0]!r} is missing; give it a range, like Float(1e-3, 1.0, log=True), or a fixed value"
            )
        if "momentum" in self.names and "momentum" not in self.optimizer.optional_parameters:
            raise ValueError(f"space: {self.optimizer.name} has no momentum; take it out, or choose optimizer=SGD()")
        if absent := sorted(name for name in needed & set(self.space) if self.space[name].when):
            raise ValueError(f"space: every trial needs {absent[0]!r}; leave out its when=")

    def _check_trainable(self, name: str, value: Value) -> None:
        """Raise ValueError where a parameter cannot have this value, whatever its range says."""
        if (kind := self._kind(name)) is None:
            return
        try:
            TypeAdapter(kind).validate_python(value, strict=True)
        except ValidationError as error:
            should = error.errors()[0]["msg"].partition(" should ")[2]
            raise ValueError(f"space: {name} can be {value!r}, and should {should}; change its range") from error

    @property
    def _parts(self) -> tuple[RecipePart, ...]:
        """The parts of the recipe that say which parameters they take."""
        return (self.family, self.schedule, self.optimizer)

    def _kind(self, name: str) -> Any:
        """The type and bounds of a parameter, for pydantic's TypeAdapter; None where a model of one's own may say."""
        kinds = (part.kind_of(name) for part in self._parts)
        return next((kind for kind in kinds if kind is not None), _KINDS.get(name))

    def _check_inside(self, whose: str, parameters: Parameters) -> None:
        for name, value in parameters.items():
            if name in self.fixed and not same(value, self.fixed[name]):
                raise ValueError(
                    f"{whose} has {name} = {value!r}, which is fixed at {self.fixed[name]!r}; "
                    "leave it out there, or give it a range in the space"
                )
            if name not in self.names:
                raise ValueError(
                    f"{whose} has {name!r}, which is not searched; remove it or give it a range in the space"
                )
            if name in self.space and not self.space[name].contains(value):
                raise ValueError(
                    f"{whose}: {name} = {value!r} lies outside its range {self.space[name]}; widen the range"
                )
        there = kept(self.space, parameters)
        for name in in_order(self.space):
            if name not in parameters and exists(self.space[name], there):
                raise ValueError(f"{whose} does not say {name!r}; give it a value")
            if name in parameters and name not in there:
                raise ValueError(f"{whose} has {name!r}, which exists only {condition(self.space[name])}; leave it out")

    def _check_grid(self, grid: Grid) -> None:
        if set(grid.values) != set(self.space):
            raise ValueError(
                f"sampler: the grid has values for {', '.join(grid.values) or 'nothing'}; "
                f"state them for {', '.join(self.space)}, no more and no less"
            )
        for name, values in grid.values.items():
            self._check_values("the grid's", name, values)

    def _check_staged(self, staged: Staged) -> None:
        if is_conditional(self.space):
            raise ValueError(
                "sampler: stages vary one parameter and keep all others, which when= lets come and go; "
                "leave out when=, or take TPE(), Random(), QMC() or Grid(...)"
            )
        names = [name for name, _ in staged.stages]
        first, *_ = names
        if unknown := sorted({*names, *staged.start} - set(self.space)):
            raise ValueError(f"sampler: {unknown[0]!r} is not searched; give it a range in the space, or leave it out")
        if len(set(names)) < len(names):
            raise ValueError("sampler: a parameter has two stages; give each one, with all its values")
        if missing := sorted(set(self.space) - {first, *staged.start}):
            raise ValueError(f"sampler: {missing[0]!r} has no value in the first stage; state it in start")
        if first in staged.start:
            raise ValueError(f"sampler: start is not used for {first!r}, the first stage; leave it out")
        for name, value in staged.start.items():
            self._check_values("the start", name, (value,))
        for name, values in staged.stages:
            self._check_values("the stage's", name, values)

    def _check_values(self, whose: str, name: str, values: Sequence[Value]) -> None:
        if len(set(values)) < len(values) or not values:
            raise ValueError(f"sampler: {whose} values of {name} are {list(values)}; name each once, and at least one")
        for value in values:
            if not self.space[name].contains(value):
                raise ValueError(
                    f"sampler: {name} = {value!r} lies outside its range {self.space[name]}; widen the range"
                )

    @property
    def recorded(self) -> tuple[str, ...]:
        """The metrics that are recorded besides loss and accuracy, the objective's among them."""
        return tuple(name for name in dict.fromkeys((*self.metrics, self.objective.metric)) if name not in STANDARD)

    @property
    def dataset(self) -> str:
        """What its data are called: a set's name, or `pets/`, `iris.csv`, `spirals()`."""
        return self.data if isinstance(self.data, str) else self.data.title

    @property
    def places(self) -> int:
        """Trials that can be alive at the same time."""
        return sum(self.lanes_of)

    @property
    def lanes_of(self) -> tuple[int, ...]:
        """The lanes of each engine; it is given work in proportion to them."""
        return self.lanes if isinstance(self.lanes, tuple) else (self.lanes,) * self.engines

    def flops_per_example(self, shape: Sequence[int], classes: int, parameters: Parameters) -> float:
        """What engines are balanced by: multiply-adds of a forward pass per example of `shape`, and more for a step."""
        adds = self.family.flops_per_example(shape, classes, parameters)
        return adds * (1.0 + STEP / float(parameters.get("batch_size", self.batch_size)))

    @property
    def vectorize(self) -> bool:
        """Whether trials of the same function of their tensors train in one pass, where the family can do so."""
        return self.family.vectorizes({name: _many(of) for name, of in self.space.items()}, max(self.lanes_of))

    @property
    def example(self) -> Parameters:
        """One configuration: the first baseline, or the middle of the space."""
        if self.baselines:
            return self.baselines[0].parameters | self.fixed
        return kept(self.space, {name: _middle(of) for name, of in self.space.items()}) | self.fixed

    @property
    def names(self) -> tuple[str, ...]:
        """Every parameter that a trial can have: those that are searched, then those that are fixed."""
        return (*self.space, *self.fixed)

    def to_external(self, drawn: Mapping[str, Value]) -> Parameters:
        """The parameters that are trained and exported: those that Optuna holds, and the fixed ones.

        One that does not exist in this trial is in neither.
        """
        return {name: of.to_external(drawn[name]) for name, of in self.space.items() if name in drawn} | self.fixed

    def to_internal(self, told: Mapping[str, Value]) -> Parameters:
        """The parameters that Optuna holds, of those that are trained: the inverse of `told`."""
        return {name: of.to_internal(told[name]) for name, of in self.space.items() if name in told}


# Types of the parameters that no part of the recipe takes.
_KINDS: dict[str, Any] = {
    "learning_rate": Annotated[float, Field(ge=0)],
    "weight_decay": Annotated[float, Field(ge=0)],
    "batch_size": Annotated[int, Field(ge=1)],
}


def _many(of: Range) -> float:
    """How many values a range has."""
    if isinstance(of, Choice):
        return len(of.values)
    if isinstance(of, Int):
        return len(of.values) or (of.high - of.low) // of.step + 1
    return (of.high - of.low) // of.step + 1 if of.step else math.inf


def _middle(of: Range) -> Value:
    """A value from the middle of a range."""
    if isinstance(of, Choice):
        return of.values[0]
    if isinstance(of, Int):
        values = of.values or range(of.low, of.high + 1, of.step)
        return values[len(values) // 2]
    if of.step:
        return of.low + (of.high - of.low) / of.step // 2 * of.step
    return math.sqrt(of.low * of.high) if of.log else (of.low + of.high) / 2


def _ends(of: Range) -> tuple[Value, ...]:
    """The values of a range that are farthest from being trainable, if any are."""
    if isinstance(of, Choice):
        return of.values
    return of.to_external(of.low), of.high
