"""The ranges of a study file: what each searched parameter may be.

Frozen plain data. A trial has two forms of a value: the internal one, which Optuna holds, and the external one, which
is trained and exported. They differ where the low end of a range stands for 0. Knows no study, no Optuna and no torch.
"""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field
from pydantic.dataclasses import dataclass

from models.config.base import STRICT, Value

_LOW, _HIGH = "The lowest value, included.", "The highest value, included."
_LOG = "Whether values are even in the logarithm: for what spans orders of magnitude."
_STEP = "From each value to the next, beginning at `low`."
_WHEN = "Parameters that this one depends on, each with the values under which it exists; elsewhere it is absent."


def _pairs(when: object) -> object:
    """{"depth": 2, "activation": ("relu", "tanh")} as pairs of a name and its values: frozen, and the same in JSON."""
    if isinstance(when, Mapping):
        when = tuple((name, values if isinstance(values, list | tuple) else (values,)) for name, values in when.items())
    if not isinstance(when, list | tuple):
        raise ValueError(f'when is {when!r}; write it as a dictionary, like when={{"depth": (2, 3)}}')
    if empty := [pair[0] for pair in when if isinstance(pair, list | tuple) and len(pair) == 2 and pair[1] in ((), [])]:
        raise ValueError(f"when names no value of {empty[0]!r}; name one at least, or leave it out")
    return when


# A study file writes a dictionary, `when={"depth": (2, 3)}`.
if TYPE_CHECKING:
    When: TypeAlias = Any  # or a type checker would refuse the dictionary
else:
    When = Annotated[tuple[tuple[str, tuple[Value, ...]], ...], BeforeValidator(_pairs)]


def same_value(value: Value, other: Value) -> bool:
    """Return whether two values are the same: 1 and 1.0 are, 1 and True are not."""
    return isinstance(value, bool) == isinstance(other, bool) and value == other


def _check_bounds(low: float, high: float, log: bool, step: float | None) -> None:
    if low >= high:
        raise ValueError(f"low {low:g} is not below high {high:g}; write the smaller bound first")
    if log and low <= 0:
        raise ValueError(f"a log range cannot start at {low:g}; begin above 0 (low_is_zero=True makes that end mean 0)")
    if log and step is not None:
        raise ValueError("a log range has no step; leave out step= or log= (Int has factor= for even steps of a log)")


def _scale(log: bool, step: float | None) -> str:
    return " log" if log else "" if step is None else f" step {step:g}"


@dataclass(frozen=True, config=STRICT)
class Float:
    """A real number between two bounds, both included.

    Example:
        >>> Float(1e-7, 1e-2, log=True, low_is_zero=True)
    """

    low: float = Field(description=_LOW)
    high: float = Field(description=_HIGH)
    log: bool = Field(default=False, kw_only=True, description=_LOG)
    step: float | None = Field(default=None, gt=0, kw_only=True, description=_STEP)
    low_is_zero: bool = Field(
        default=False, kw_only=True, description="Whether `low` stands for exactly 0: trained and exported as 0."
    )
    when: When = Field(default=(), kw_only=True, description=_WHEN)
    kind: Literal["float"] = Field(default="float", kw_only=True)

    def __post_init__(self) -> None:
        _check_bounds(self.low, self.high, self.log, self.step)
        if self.low_is_zero and not self.log:
            raise ValueError("low_is_zero is for log ranges; without log=True let low be 0")

    def contains(self, value: Value) -> bool:
        """Return whether a trial can have this external value."""
        if isinstance(value, bool | str):
            return False
        if self.step is not None:
            steps = (value - self.low) / self.step
            if not math.isclose(steps, round(steps), abs_tol=1e-9):
                return False
        return self.low <= value <= self.high or (self.low_is_zero and value == 0)

    def __str__(self) -> str:
        zero = " (the low end means 0)" if self.low_is_zero else ""
        return f"{self.low:g}..{self.high:g}{_scale(self.log, self.step)}{zero}"

    def to_external(self, internal: Value) -> Value:
        """Return what is trained and exported where Optuna holds `internal`."""
        return 0.0 if self.low_is_zero and internal == self.low else internal

    def to_internal(self, external: Value) -> Value:
        """Return what Optuna holds where `external` is trained."""
        return self.low if self.low_is_zero and external == 0 else float(external)


@dataclass(frozen=True, config=STRICT)
class Int:
    """A whole number between two bounds, both included.

    Example:
        >>> Int(32, 256, factor=2).values
        (32, 64, 128, 256)
    """

    low: int = Field(description=_LOW)
    high: int = Field(description=_HIGH)
    log: bool = Field(default=False, kw_only=True, description=_LOG)
    step: int = Field(default=1, ge=1, kw_only=True, description=_STEP)
    factor: int | None = Field(
        default=None, ge=2, kw_only=True, description="Each value is so many times the one before: even steps of a log."
    )
    when: When = Field(default=(), kw_only=True, description=_WHEN)
    kind: Literal["int"] = Field(default="int", kw_only=True)

    def __post_init__(self) -> None:
        _check_bounds(self.low, self.high, self.log or self.factor is not None, None if self.step == 1 else self.step)
        if (self.high - self.low) % self.step:
            raise ValueError(f"step {self.step} does not lead from {self.low} to {self.high}; move a bound")
        if self.factor is not None:
            object.__setattr__(self, "log", True)  # even steps of the logarithm
            if self.values[-1] != self.high:
                raise ValueError(f"factor {self.factor} does not lead from {self.low} to {self.high}; move a bound")

    @property
    def values(self) -> tuple[int, ...]:
        """All values in order, where a factor leads from one to the next; else none."""
        values = [] if self.factor is None else [self.low]
        while self.factor is not None and values[-1] * self.factor <= self.high:
            values.append(values[-1] * self.factor)
        return tuple(values)

    def contains(self, value: Value) -> bool:
        """Return whether a trial can have this value."""
        if isinstance(value, bool | str) or value != int(value):
            return False
        if self.factor is not None:
            return value in self.values
        return self.low <= value <= self.high and (value - self.low) % self.step == 0

    def __str__(self) -> str:
        if self.factor is not None:
            return f"{self.low}..{self.high} factor {self.factor}"
        return f"{self.low}..{self.high}{_scale(self.log, None if self.step == 1 else self.step)}"

    def to_external(self, internal: Value) -> Value:
        """Return what is trained and exported where Optuna holds `internal`: the same."""
        return internal

    def to_internal(self, external: Value) -> Value:
        """Return what Optuna holds where `external` is trained."""
        return int(external)


@dataclass(frozen=True, config=STRICT)
class Choice:
    """One of several unordered values. Numbers have an order: they are an Int or a Float.

    Example:
        >>> Choice(("relu", "tanh"))
    """

    values: tuple[Value, ...] = Field(min_length=2, description="The values; each is drawn as often.")
    when: When = Field(default=(), kw_only=True, description=_WHEN)
    kind: Literal["choice"] = Field(default="choice", kw_only=True)

    def __post_init__(self) -> None:
        if len({(type(value), value) for value in self.values}) < len(self.values):
            raise ValueError(f"{list(self.values)} has a value twice; name each once")
        if all(isinstance(value, int | float) and not isinstance(value, bool) for value in self.values):
            raise ValueError(
                f"{list(self.values)} are numbers, which have an order; "
                "write an Int, with step= or factor= from each to the next (32, 64, 128: factor=2), or a Float"
            )

    def contains(self, value: Value) -> bool:
        """Return whether a trial can have this value."""
        return any(type(value) is type(mine) and value == mine for mine in self.values)

    def __str__(self) -> str:
        return " | ".join(map(str, self.values))

    def to_external(self, internal: Value) -> Value:
        """Return what is trained and exported where Optuna holds `internal`: the same."""
        return internal

    def to_internal(self, external: Value) -> Value:
        """Return what Optuna holds where `external` is trained: the same."""
        return external


Range = Annotated[Float | Int | Choice, Field(discriminator="kind")]
Space = Mapping[str, Range]
