"""The words of a study file: what is searched, how every trial is trained, and what it may cost.

A study file is imports and one assignment, `study = Study(...)`; `studies/mlp.py` is the page to copy. Everything here
is frozen plain data, checked when the file is loaded, and imports neither torch nor Optuna. Read by every room of
`search`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator
from pydantic.dataclasses import dataclass

from models.recipe import Parameters, Recipe, Value, Words

# --- ranges: what one searched parameter may be -----------------------------------------------------------------------

_RANGE = ConfigDict(extra="forbid", allow_inf_nan=False)


def _check_bounds(low: float, high: float, log: bool, step: float | None) -> None:
    if low >= high:
        raise ValueError(f"low {low:g} is not below high {high:g}; write the smaller bound first")
    if log and low <= 0:
        raise ValueError(f"a log range cannot start at {low:g}; begin above 0 (low_is_zero=True makes that end mean 0)")
    if log and step is not None:
        raise ValueError("a log range has no step; leave out step= or log=")
    if not log and low > 0 and high / low >= 1000:
        raise ValueError(f"{low:g} to {high:g} spans orders of magnitude; add log=True")


def _manner(log: bool, step: float | None) -> str:
    return " log" if log else "" if step is None else f" step {step:g}"


@dataclass(frozen=True, config=_RANGE)
class Float:
    """A real number between two bounds, both included."""

    low: float
    high: float
    _: KW_ONLY
    log: bool = False
    step: float | None = Field(default=None, gt=0, kw_only=True)  # Field forgets that KW_ONLY came before
    low_is_zero: bool = False  # the low bound stands for exactly 0: trained and exported as 0
    kind: Literal["float"] = "float"

    def __post_init__(self) -> None:
        _check_bounds(self.low, self.high, self.log, self.step)
        if self.low_is_zero and not self.log:
            raise ValueError("low_is_zero is for log ranges; without log=True let low be 0")

    def contains(self, value: Value) -> bool:
        """Whether a trial could be given this value (0 where the low end stands for it)."""
        if isinstance(value, bool | str):
            return False
        if self.step is not None and not math.isclose(
            (steps := (value - self.low) / self.step), round(steps), abs_tol=1e-9
        ):
            return False
        return self.low <= value <= self.high or (self.low_is_zero and value == 0)

    def __str__(self) -> str:
        zero = " (the low end means 0)" if self.low_is_zero else ""
        return f"{self.low:g}..{self.high:g}{_manner(self.log, self.step)}{zero}"

    def told(self, drawn: Value) -> Value:
        """What is trained and exported where Optuna holds `drawn`."""
        return 0.0 if self.low_is_zero and drawn == self.low else drawn

    def drawn(self, told: Value) -> Value:
        """What Optuna holds where `told` is trained: the inverse of `told`."""
        return self.low if self.low_is_zero and told == 0 else float(told)


@dataclass(frozen=True, config=_RANGE)
class Int:
    """A whole number between two bounds, both included."""

    low: int
    high: int
    _: KW_ONLY
    log: bool = False
    step: int = Field(default=1, ge=1, kw_only=True)
    kind: Literal["int"] = "int"

    def __post_init__(self) -> None:
        _check_bounds(self.low, self.high, self.log, None if self.step == 1 else self.step)
        if (self.high - self.low) % self.step:
            raise ValueError(f"step {self.step} does not lead from {self.low} to {self.high}; move a bound")

    def contains(self, value: Value) -> bool:
        """Whether a trial could be given this value."""
        if isinstance(value, bool | str) or value != int(value):
            return False
        return self.low <= value <= self.high and (value - self.low) % self.step == 0

    def __str__(self) -> str:
        return f"{self.low}..{self.high}{_manner(self.log, None if self.step == 1 else self.step)}"

    def told(self, drawn: Value) -> Value:
        """What is trained and exported where Optuna holds `drawn`."""
        return drawn

    def drawn(self, told: Value) -> Value:
        """What Optuna holds where `told` is trained."""
        return int(told)


@dataclass(frozen=True, config=_RANGE)
class Choice:
    """One of several unordered values. Numbers have an order: they are an Int or a Float."""

    values: tuple[Value, ...] = Field(min_length=2)
    _: KW_ONLY
    kind: Literal["choice"] = "choice"

    def __post_init__(self) -> None:
        if len({(type(value), value) for value in self.values}) < len(self.values):
            raise ValueError(f"{list(self.values)} has a value twice; name each once")
        if all(isinstance(value, int | float) and not isinstance(value, bool) for value in self.values):
            raise ValueError(f"{list(self.values)} are numbers, which have an order; write an Int or a Float")

    def contains(self, value: Value) -> bool:
        """Whether a trial could be given this value."""
        return any(type(value) is type(mine) and value == mine for mine in self.values)

    def __str__(self) -> str:
        return " | ".join(map(str, self.values))

    def told(self, drawn: Value) -> Value:
        """What is trained and exported where Optuna holds `drawn`."""
        return drawn

    def drawn(self, told: Value) -> Value:
        """What Optuna holds where `told` is trained."""
        return told


Range = Annotated[Float | Int | Choice, Field(discriminator="kind")]

# --- what the author already knows ------------------------------------------------------------------------------------


class Baseline(Words):
    """A configuration that is known before the search: admitted first, never pruned.

    `Baseline("two-layer notebook", hidden=100, learning_rate=0.01, weight_decay=0.0, published={"test_accuracy": 0.9})`
    """

    name: str = Field(min_length=1)
    parameters: Parameters
    published: dict[str, float] = Field(default={})  # what its author reported: "test_accuracy", "train_loss", ...

    def __init__(self, name: str, *, published: Mapping[str, float] | None = None, **parameters: Any) -> None:
        # A dump carries the parameters as one dictionary; a study file spells them out.
        spelled = parameters.pop("parameters", parameters)
        super().__init__(name=name, parameters=spelled, published=dict(published or {}))  # type: ignore[call-arg]


# --- samplers and pruners ---------------------------------------------------------------------------------------------


class TPE(Words):
    """Tree-structured Parzen estimator (Bergstra et al. 2011), multivariate, by Optuna."""

    name: Literal["tpe"] = "tpe"
    startup: int = Field(default=10, ge=1)  # trials that are drawn at random before the estimator speaks
    # Finished trials that the estimator is shown; of more, the best sixth and a random sample of the others. A draw
    # takes time in proportion to them.
    considered: int = Field(default=300, ge=60)


class Random(Words):
    """Independent draws."""

    name: Literal["random"] = "random"


class QMC(Words):
    """A scrambled Sobol sequence, by Optuna: covers the space more evenly than random draws; likes 2^m trials."""

    name: Literal["qmc"] = "qmc"


class Grid(Words):
    """Every combination of the values stated, in a shuffled order fixed by the seed."""

    name: Literal["grid"] = "grid"
    values: dict[str, tuple[Value, ...]]


class Staged(Words):
    """One parameter after the other: each stage tries the values stated for its parameter and keeps the best.

    `Staged(start={"hidden": 64}, stages={"learning_rate": (0.01, 0.1), "hidden": (64, 128)})` compares the two rates at
    width 64, then the two widths at the better rate. `start` is where a parameter stands until its stage. The winner
    of a stage is its best complete trial by score; a stage that none completes ends the search. A trial that an
    earlier one has already made takes over that one's outcome.
    """

    name: Literal["staged"] = "staged"
    start: dict[str, Value] = Field(default={})
    stages: tuple[tuple[str, tuple[Value, ...]], ...] = Field(min_length=1)  # pairs: their order is part of the study

    @field_validator("stages", mode="before")
    @classmethod
    def _in_order(cls, stages: object) -> object:
        return tuple(stages.items()) if isinstance(stages, Mapping) else stages


Sampler = Annotated[TPE | Random | QMC | Grid | Staged, Field(discriminator="name")]


class Peer(Words):
    """Studyhall's judge: at epochs 1, 2, 4, ... a trial goes on if it is among the best `keep` of all that got there.

    All trials that reached the epoch are compared, whatever became of them (asynchronous successive halving, Li et al.
    2020, arXiv 1810.05934, but judged after the whole tick is recorded, so that the first cohort meets its rivals too).
    """

    name: Literal["peer"] = "peer"
    keep: float = Field(default=0.5, gt=0, lt=1)  # share that goes on from each rung
    first: int = Field(default=1, ge=1)  # epoch of the first rung
    spacing: int = Field(default=2, ge=2)  # each rung lies at so many times the epoch of the one before
    rivals: int = Field(default=4, ge=2)  # nobody is pruned before so many trials have reached the rung


class NoPruner(Words):
    """Every trial trains to its end."""

    name: Literal["none"] = "none"


class OptunaPruner(Words):
    """Any pruner of `optuna.pruners` by its class name, with its arguments.

    Optuna pruners that keep notes of their own while they judge (SuccessiveHalvingPruner, HyperbandPruner) depend on
    the order of judging and are outside the promise that a resumed run ends as an undisturbed one.
    """

    name: Literal["optuna"] = "optuna"
    kind: str = Field(pattern=r"^[A-Z][A-Za-z]+Pruner$")
    arguments: dict[str, Value] = Field(default={})


Pruner = Annotated[Peer | NoPruner | OptunaPruner, Field(discriminator="name")]

# --- the study --------------------------------------------------------------------------------------------------------

DATASETS = ("mnist", "fashion_mnist", "digits")
TRAINING_PARAMETERS = frozenset({"learning_rate", "weight_decay", "momentum"})  # searched by any family

Share = Annotated[float, Field(gt=0.0, lt=1.0)]


class Study(Recipe):
    """One search: what is tried, on what, and how much of it."""

    about: str = ""  # one line for lists and reports
    data: str = "mnist"
    space: dict[str, Range]
    baselines: tuple[Baseline, ...] = ()
    validation_share: Share = 1 / 6  # of the training set; 10,000 of MNIST's 60,000
    trials: int = Field(default=60, ge=1, le=1_000_000)  # in all, baselines included
    engines: int = Field(default=2, ge=1, le=4096)  # fused groups; each trains on a thread team of its own
    lanes: int = Field(default=8, ge=1, le=4096)  # trials at a time for each engine, on average; memory grows linearly
    threads: int = Field(default=1, ge=1, le=256)  # per engine
    sampler: Sampler = TPE()
    pruner: Pruner = Peer()

    @field_validator("sampler", "pruner", "optimizer", "schedule", "family", mode="before")
    @classmethod
    def _by_name(cls, value: object) -> object:
        """Let "tpe" stand for TPE()."""
        return {"name": value} if isinstance(value, str) else value

    @field_validator("data")
    @classmethod
    def _known_data(cls, data: str) -> str:
        if data not in DATASETS:
            raise ValueError(f"no data set is called {data!r}; choose one of {', '.join(DATASETS)}")
        return data

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        known = self.family.parameters | self.family.optional | self.schedule.parameters | TRAINING_PARAMETERS
        needed = self.family.parameters | {"learning_rate", "weight_decay"}
        if unknown := sorted(set(self.space) - known):
            raise ValueError(
                f"space: {self.family.name} has no parameter {unknown[0]!r}, nor has a {self.schedule.name} schedule; "
                f"they have {', '.join(sorted(known))}"
            )
        if missing := sorted(needed - set(self.space)):
            raise ValueError(f"space: {missing[0]!r} is missing; give it a range, like Float(1e-3, 1.0, log=True)")
        if "momentum" in self.space and self.optimizer.name != "sgd":
            raise ValueError(f"space: {self.optimizer.name} has no momentum; take it out, or choose optimizer=SGD()")
        for baseline in self.baselines:
            self._check_inside(f"baseline {baseline.name!r}", baseline.parameters)
        if len({baseline.name for baseline in self.baselines}) < len(self.baselines):
            raise ValueError("baselines: two have the same name; give each its own")
        if self.trials < len(self.baselines):
            raise ValueError(f"trials: {self.trials} are fewer than the {len(self.baselines)} baselines; allow more")
        if isinstance(self.sampler, Grid):
            self._check_grid(self.sampler)
        if isinstance(self.sampler, Staged):
            self._check_staged(self.sampler)
        return self

    def _check_inside(self, whose: str, parameters: Parameters) -> None:
        if missing := sorted(set(self.space) - set(parameters)):
            raise ValueError(f"{whose} does not say {missing[0]!r}; give it a value")
        for name, value in parameters.items():
            if name not in self.space:
                raise ValueError(
                    f"{whose} has {name!r}, which is not searched; remove it or give it a range in the space"
                )
            if not self.space[name].contains(value):
                raise ValueError(
                    f"{whose}: {name} = {value!r} lies outside its range {self.space[name]}; widen the range"
                )

    def _check_grid(self, grid: Grid) -> None:
        if set(grid.values) != set(self.space):
            raise ValueError(
                f"sampler: the grid has values for {', '.join(grid.values) or 'nothing'}; "
                f"state them for {', '.join(self.space)}, no more and no less"
            )
        for name, values in grid.values.items():
            self._check_values("the grid's", name, values)

    def _check_staged(self, staged: Staged) -> None:
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
    def places(self) -> int:
        """Trials that can be alive at the same time."""
        return self.engines * self.lanes

    def work(self, shape: Sequence[int], classes: int, parameters: Parameters) -> float:
        """Multiply-adds of one forward pass of one example of `shape`: what engines are balanced by."""
        return self.family.work(math.prod(shape), classes, parameters)

    def told(self, drawn: Mapping[str, Value]) -> Parameters:
        """The parameters that are trained and exported, of those that Optuna holds."""
        return {name: self.space[name].told(drawn[name]) for name in self.space}

    def drawn(self, told: Mapping[str, Value]) -> Parameters:
        """The parameters that Optuna holds, of those that are trained: the inverse of `told`."""
        return {name: self.space[name].drawn(told[name]) for name in self.space}
