"""Families made of an ordinary nn.Module: the class that a built-in one derives from, and models of the user's own.

Torch-free; what builds and trains the modules is imported when a model is built.
"""

import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from models.config.base import Parameters
from models.config.families import FamilyConfig, PictureLayout, Precision

if TYPE_CHECKING:
    from torch import nn

    from models.families.base import Family


class ModuleConfig(FamilyConfig):
    """A family whose models are ordinary modules, trained by autograd; a subclass says how one is built.

    Registered as every `FamilyConfig`.

    Example:
        >>> class Shallow(ModuleConfig):
        ...     name: Literal["shallow"] = "shallow"
        ...     required_parameters = frozenset({"hidden"})
        ...     kinds = {"hidden": Width}
        ...
        ...     def build(self, shape, classes, parameters):
        ...         from torch import nn
        ...
        ...         hidden = parameters["hidden"]
        ...         first, last = nn.Linear(math.prod(shape), hidden), nn.Linear(hidden, classes)
        ...         return nn.Sequential(nn.Flatten(), first, nn.ReLU(), last)
    """

    precisions = ("float32", "tf32", "bfloat16")
    lays_out = True

    def build(self, shape: Sequence[int], classes: int, parameters: Parameters) -> "nn.Module":
        """Return a module with fresh weights from torch's global generator.

        Args:
            shape: Channels, height and width of an example; the module is given (B, channels, height, width).
            classes: Number of classes; the module returns logits (B, classes).
            parameters: The trial's, among them the required ones.
        """
        raise NotImplementedError

    @property
    def structural_parameters(self) -> frozenset[str]:
        """Parameters that `build` reads: trials that are equal in them have the same function of their tensors."""
        return self.required_parameters | self.optional_parameters

    def locate(self, error: BaseException) -> str:
        """Return where in the user's code an error arose, as "net.py, line 12: "; "" if it is not the user's."""
        return ""

    def flops_per_example(self, shape: Sequence[int], classes: int, parameters: Parameters) -> float:
        """Return the multiply-adds of one forward pass of one example, counted by torch."""
        from models.families.custom.flops import count_flops

        structure = {name: parameters[name] for name in sorted(self.structural_parameters) if name in parameters}
        return count_flops(self, tuple(shape), classes, tuple(structure.items()))

    def vectorizes(self, choices: Mapping[str, float], lanes: int) -> bool:
        """Return whether the space holds so few functions that about every lane finds another of its own."""
        functions = math.prod(choices[name] for name in self.structural_parameters if name in choices)
        return 2 * functions <= lanes

    def make(
        self,
        shape: Sequence[int],
        classes: int,
        *,
        precision: Precision = "float32",
        vectorize: bool = True,
        picture_layout: PictureLayout = "plain",
    ) -> "Family":
        """Return what builds and trains models of the family; imports torch."""
        from models.families.custom.module_family import ModuleFamily

        build = partial(self.build, tuple(shape), classes)
        return ModuleFamily(
            build, self.structural_parameters, vectorize, self.label, self.locate, precision, picture_layout
        )


class CustomModel(ModuleConfig):
    """A class or function of the user's own that returns an nn.Module.

    A study file gives the class or function itself; `custom_model_config` describes it as plain data. It is called
    with the trial's parameters and the facts of the data that its signature names: channels, height, width, inputs
    (their product) and classes. Arguments without a default must have a range or a value in the space, unless they are
    facts; arguments with one may have.
    """

    name: Literal["custom"] = "custom"
    attribute: str = Field(description='Its name in its module: "Net".')
    sha256: str = Field(description="Of its source: identifies the model in a study and in a model file.")
    needs: tuple[str, ...] = Field(default=(), description="Arguments that every trial must have.")
    takes: tuple[str, ...] = Field(default=(), description="Arguments with a default of their own.")
    facts: tuple[str, ...] = Field(
        default=(), description="Arguments without a default that the data fill in, unless the space does."
    )
    source: str = Field(
        default="",
        description="The statements that define it, at their lines in the file; empty in a model file, and for a "
        "module that can be imported.",
    )
    file: str = Field(default="", description="The file with the source: for messages, and for imports beside it.")
    module: str = Field(default="", description="The module to import instead of running the source.")

    needs_code = True
    FACTS: ClassVar[tuple[str, ...]] = ("channels", "height", "width", "inputs", "classes")
    data_arguments = FACTS

    @property
    def label(self) -> str:
        """The name of the class or function."""
        return self.attribute

    @property
    def required_parameters(self) -> frozenset[str]:  # type: ignore[override]
        """Arguments that every trial must have."""
        return frozenset(self.needs)

    @property
    def optional_parameters(self) -> frozenset[str]:  # type: ignore[override]
        """Arguments that a trial may have."""
        return frozenset((*self.takes, *self.facts))

    def kind_of(self, parameter: str) -> Any:
        """Return None: the user's own code says what it takes."""
        return None

    def build(self, shape: Sequence[int], classes: int, parameters: Parameters) -> "nn.Module":
        """Return a module built by the user's code. Raises whatever that raises."""
        from models.families.custom.factory import build

        return build(self, shape, classes, parameters)

    def locate(self, error: BaseException) -> str:
        """Return the last line of the user's own file that an error passed."""
        from models.families.custom.factory import locate

        return locate(self, error)

    def without_code(self) -> "CustomModel":
        """Return the config without anything that could be executed."""
        return self.model_copy(update={"source": "", "file": "", "module": ""})

    def with_code_of(self, file: Path) -> "CustomModel":
        """Return the config with the code in a file.

        Raises:
            UserError: The file does not define this very model.
        """
        from models.families.custom.custom_model import custom_model_from_file

        return custom_model_from_file(file, self)

    def source_files(self) -> dict[str, str]:
        """Return the files beside its own that it imports."""
        from models.families.custom.factory import neighbour_files

        return neighbour_files(self)
