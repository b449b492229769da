"""What every part of a recipe is: frozen plain data, which travels as JSON and is read without torch."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict

Value = bool | int | float | str  # what a searched parameter can be
Parameters = dict[str, Value]  # one configuration, as the model is trained with it


# Schemas are built when they are used: a study uses few of the parts.
STRICT = ConfigDict(extra="forbid", allow_inf_nan=False, defer_build=True)  # of dataclasses, which freeze themselves


class FrozenConfig(BaseModel):
    """Frozen data in which an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)


class RecipePart(FrozenConfig):
    """A part of a recipe that is chosen by its name: a family, an optimizer or a schedule.

    A subclass gives `name` a `Literal` type and default, which is the name it is registered under
    (models/config/registry.py), and says which parameters of a trial it takes.
    """

    name: str

    required_parameters: ClassVar[frozenset[str]] = frozenset()  # that every trial must have
    optional_parameters: ClassVar[frozenset[str]] = frozenset()  # fields that can be searched: a trial's value counts
    kinds: ClassVar[Mapping[str, Any]] = {}  # types of those parameters that are no fields, for pydantic's TypeAdapter

    def kind_of(self, parameter: str) -> Any:
        """Return the type and bounds of a parameter, for pydantic's TypeAdapter; None if the part does not say."""
        if parameter in self.optional_parameters and parameter not in self.kinds:
            field = type(self).model_fields[parameter]
            return Annotated[field.annotation, field]
        return self.kinds.get(parameter)
