"""A sampler or pruner of Optuna, or of a package for Optuna, by the name of its class: what both doors share.

Optuna is imported when an object is made, not when a study file is read. Knows no study.
"""

import inspect
import warnings
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from models.config.base import FrozenConfig
from models.errors import UserError, did_you_mean
from models.registry import load_target


class OptunaClass(FrozenConfig):
    """Settings that name a class by `kind`, with its `arguments`, which a study file writes as keywords.

    `kind` is a class of `optuna.samplers` or `optuna.pruners`, as "MedianPruner", or any other as
    "package.module:Class".
    """

    kind: str = Field(description='Name of Optuna\'s class, or "package.module:Class" for one of another package.')

    word: ClassVar[str]  # "sampler" or "pruner"

    def __init__(self, **settings: Any) -> None:
        # A dump, and whoever likes, has the arguments in one dictionary.
        fields = {name: settings.pop(name) for name in type(self).__pydantic_fields__ if name in settings}
        super().__init__(**{**fields, "arguments": {**fields.get("arguments", {}), **settings}})

    @model_validator(mode="after")
    def _names_a_class(self) -> Self:
        _, colon, name = self.kind.rpartition(":")
        if not (name.isidentifier() and (colon or name.endswith(self.word.title()))):
            raise ValueError(
                f"{self.word}: {self.kind!r} names no class; "
                f'write the name of one of optuna.{self.word}s, or "package.module:Class"'
            )
        return self

    @property
    def title(self) -> str:
        """The name of the class alone."""
        return self.kind.rpartition(":")[2]

    def make(self, arguments: Mapping[str, object], convert: "Callable[[inspect.Parameter, object], object]") -> Any:
        """Return an object of the class.

        Args:
            arguments: What it is called with.
            convert: Makes of each argument what the class takes; called with the argument's parameter.

        Raises:
            UserError: There is no such class, or it takes other arguments.
        """
        import optuna

        kind = self.find()
        parameters = inspect.signature(kind).parameters
        remedy = f"it takes {', '.join(map(_spelled, parameters.values())) or 'no arguments'}"
        for name in arguments:
            if name not in parameters:
                near = did_you_mean(name, parameters)
                raise UserError(f'{self.word}: {self.title} has no argument "{name}"{near}', remedy)
            takes_one = f"Base{self.word.title()}" in str(parameters[name].annotation)
            if takes_one is not isinstance(arguments[name], type(self)) and arguments[name] is not None:
                ours = type(self).__name__
                raise UserError(
                    f'{self.word}: the argument "{name}" of {self.title} is {"a" if takes_one else "no"} {self.word}',
                    f'write {name}={ours}("{_EXAMPLES[self.word]}")' if takes_one else remedy,
                )
        try:
            with warnings.catch_warnings(action="ignore", category=optuna.exceptions.ExperimentalWarning):
                return kind(**{name: convert(parameters[name], value) for name, value in arguments.items()})
        except (TypeError, ValueError) as error:
            raise UserError(f"{self.word}: {self.title} refuses its arguments: {error}", remedy) from error

    def find(self) -> Any:
        """Return the class.

        Raises:
            UserError: There is no such class.
        """
        import optuna

        ours = getattr(optuna, f"{self.word}s")
        base = getattr(ours, f"Base{self.word.title()}")
        if ":" in self.kind:
            try:
                kind = load_target(self.kind)
            except (ImportError, AttributeError) as error:
                raise UserError(
                    f"{self.word}: {self.kind} cannot be imported: {error}",
                    "check its spelling, and install its package",
                ) from error
            if not (isinstance(kind, type) and issubclass(kind, base)):
                raise UserError(
                    f"{self.word}: {self.kind} is no class of Optuna's {base.__name__}",
                    f"name a class that is derived from optuna.{self.word}s.{base.__name__}",
                )
            return kind
        kinds = [name for name in ours.__all__ if name.endswith(self.word.title()) and not name.startswith("Base")]
        if self.kind not in kinds:
            raise UserError(
                f'{self.word}: Optuna has none called "{self.kind}"{did_you_mean(self.kind, kinds)}',
                f"choose one of {', '.join(kinds)}",
            )
        return getattr(ours, self.kind)


_EXAMPLES = {"sampler": "RandomSampler", "pruner": "MedianPruner"}


def _spelled(parameter: inspect.Parameter) -> str:
    """`percentile`, or `n_warmup_steps=0`."""
    required = parameter.default is parameter.empty
    return parameter.name if required else f"{parameter.name}={parameter.default!r}"
