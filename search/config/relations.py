"""Relations of parameters: those that follow from others, and what must hold between them.

Both are functions that name in their signatures the parameters they are of. Where one of these does not exist in a
trial (`when=`), and has no default there, what follows from it does not exist either, and the relation holds.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from models.config.base import FrozenConfig, Parameters, Value
from models.config.own_function import OwnFunction, own_function
from models.errors import UserError

MOST_DRAWS = 5_000  # configurations of which one must satisfy all relations

Function = Annotated[OwnFunction, BeforeValidator(own_function)]


def _several(given: Any) -> Any:
    """Let one function stand for a tuple of one."""
    return tuple(map(own_function, given if isinstance(given, list | tuple) else (given,)))


Where = Annotated[tuple[OwnFunction, ...], BeforeValidator(_several)]


class Derived(FrozenConfig):
    """A parameter that follows from others: a function of those that its arguments name.

    It stands in the space beside the ranges, and may be of parameters that are searched or fixed, and of derived ones
    that stand before it.

    Example:
        >>> space = {
        ...     "hidden": Int(16, 512, log=True),
        ...     "hidden2": Derived(lambda hidden: max(8, hidden // 2)),
        ... }  # doctest: +SKIP
    """

    function: Function = Field(description="A lambda or function whose arguments are the names of other parameters.")

    def __init__(self, function: Any) -> None:
        super().__init__(function=function)  # type: ignore[call-arg]

    def __str__(self) -> str:
        return self.function.text


def derived_values(derived: Mapping[str, Derived], values: Mapping[str, Value]) -> Parameters:
    """Return the parameters that follow from these values, as far as they exist.

    Raises:
        UserError: A function raises something, or returns what no parameter can be.
    """
    found: Parameters = {}
    for name, each in derived.items():
        arguments = each.function.given({**values, **found})
        if arguments is None:
            continue
        value = each.function(**arguments)
        value = value.item() if hasattr(value, "item") else value
        if not isinstance(value, bool | int | float | str):
            raise UserError(
                f"{name} = {each} is of type {type(value).__name__} for {_spelled(arguments)}",
                "let it return a number, a text, True or False",
            )
        found[name] = value
    return found


def broken(relations: Iterable[OwnFunction], values: Mapping[str, Value]) -> OwnFunction | None:
    """Return the first relation that does not hold between these values; None where all hold."""
    for relation in relations:
        arguments = relation.given(values)
        if arguments is not None and not relation(**arguments):
            return relation
    return None


def _spelled(arguments: Mapping[str, Value]) -> str:
    return ", ".join(f"{name} = {value!r}" for name, value in arguments.items())
