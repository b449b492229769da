"""The door for families: what a study file says of the kind of model, and the families with hand-written gradients.

A `FamilyConfig` answers every question that the rest of the house has about a family. It knows no torch: the class that
builds and trains its models is named as a string, and imported when a model is built.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from models.config.base import Parameters, RecipePart
from models.config.registry import ACTIVATIONS
from models.errors import one_of
from models.registry import load_target

if TYPE_CHECKING:
    from models.families.base import Family

# "bfloat16": activations and the matrices they are multiplied by have 16 bits; weights, sums and optimizer state 32.
# "tf32": a GPU rounds the factors of products to 19 bits; on a CPU it is float32.
Precision = Literal["float32", "tf32", "bfloat16"]
PictureLayout = Literal["plain", "channels_last"]
Width = Annotated[int, Field(ge=1)]  # units of a hidden layer, or channels
Padding = Literal["none", "same"]
Share = Annotated[float, Field(ge=0.0, lt=1.0)]


class FamilyConfig(RecipePart):
    """A kind of model, as a study file names it: the base class of `Mlp`, `Cnn`, `Resnet` and of anybody's own.

    Registered in models/config/registry.py, or by another package under `studyhall.families`. A family made of an
    ordinary `nn.Module` is a `ModuleConfig` (models/families/custom/config.py), which asks for less.

    Example:
        >>> class Constant(FamilyConfig):
        ...     name: Literal["constant"] = "constant"
        ...     implementation = "mypackage.constant:ConstantFamily"
        ...
        ...     def flops_per_example(self, shape, classes, parameters):
        ...         return float(classes)
    """

    implementation: ClassVar[str] = ""  # "module:class", a `models.families.base.Family`, called as in `make`
    precisions: ClassVar[tuple[Precision, ...]] = ("float32",)
    needs_code: ClassVar[bool] = False  # whether a model is built by code that no model file holds
    data_arguments: ClassVar[tuple[str, ...]] = ()  # facts of the data that no parameter may be called by
    lays_out: ClassVar[bool] = False  # whether `make` takes `picture_layout`
    exact_flops: ClassVar[bool] = False  # whether `flops_per_example` is what torch would count of the module
    external: ClassVar[bool] = False  # whether trials train by themselves: models/families/external/base.py

    @property
    def label(self) -> str:
        """What tables and messages call the family."""
        return self.name

    def flops_per_example(self, shape: Sequence[int], classes: int, parameters: Parameters) -> float:
        """Return the multiply-adds of one forward pass of one example: engines are balanced by them.

        Args:
            shape: Channels, height and width of an example.
            classes: Number of classes.
            parameters: The trial's.
        """
        raise NotImplementedError

    def has_hidden(self, parameters: Parameters) -> bool:
        """Return whether models have weights between their first layer and their last."""
        return True

    def vectorizes(self, choices: Mapping[str, float], lanes: int) -> bool:
        """Return whether trials of the same function of their tensors train in one vectorised pass.

        It follows from the study alone, so that a lane has the same bits whoever trains beside it.

        Args:
            choices: How many values each searched parameter can have; infinity for a range.
            lanes: The largest number of lanes of an engine.
        """
        return True

    def make(
        self, shape: Sequence[int], classes: int, *, precision: Precision = "float32", vectorize: bool = True
    ) -> "Family":
        """Return what builds and trains models of the family for examples of `shape`; imports torch."""
        family: Family = load_target(self.implementation)(self, tuple(shape), classes, precision)
        return family

    def study_defaults(self) -> Mapping[str, Any]:
        """Return fields of a study whose default is another one for this family."""
        return {}

    def suggested(self, known: Collection[str]) -> Mapping[str, Any]:
        """Return ranges that the family brings along, but for parameters that are known; as a study file has them."""
        return {}

    # --- code that is not in this installation: see CustomModel

    def without_code(self) -> "FamilyConfig":
        """Return the config as a model file keeps it."""
        return self

    def with_code_of(self, file: Any) -> "FamilyConfig":
        """Return the config with the code that a file holds."""
        return self

    def source_files(self) -> dict[str, str]:
        """Return the text of all files that another machine needs besides the config, by their relative paths."""
        return {}


class Linear(FamilyConfig):
    """Softmax regression: one linear layer from the inputs to the classes."""

    name: Literal["linear"] = "linear"
    bias: bool = Field(default=True, description="Whether the layer has a bias.")

    implementation = "models.families.linear:LinearFamily"
    exact_flops = True
    precisions = ("float32", "bfloat16")

    def flops_per_example(self, shape: Sequence[int], classes: int, parameters: Parameters) -> float:
        """Return the multiply-adds of one forward pass of one example."""
        return float(math.prod(shape) * classes)

    def has_hidden(self, parameters: Parameters) -> bool:
        """Return whether there is more than one layer: no."""
        return False


def _registered(activation: str) -> str:
    if activation not in ACTIVATIONS:
        raise PydanticCustomError("no_activation", f"Input should be {one_of(ACTIVATIONS.names())}")
    return activation


class Mlp(FamilyConfig):
    """A perceptron with `depth` hidden layers of `hidden` units each."""

    name: Literal["mlp"] = "mlp"
    depth: int = Field(default=1, ge=1, le=8, description="Hidden layers, unless `depth` is searched.")
    activation: Annotated[str, AfterValidator(_registered)] = Field(
        default="relu",
        description=f"What follows each hidden layer, unless `activation` is searched: {one_of(ACTIVATIONS.built_in)}.",
    )
    bias: bool = Field(default=True, description="Whether the layers have biases.")
    initial: Literal["uniform", "normal"] = Field(
        default="uniform",
        description='"uniform" is torch\'s own (He et al. 2015, arXiv 1502.01852, with a = sqrt 5): weights and biases '
        'within 1 / sqrt(inputs of the layer). "normal": weights from N(0, 1) divided by sqrt(inputs of the layer), so '
        "that sums of them have the size of one input (LeCun et al. 1998, Efficient BackProp, eq. 16); biases 0.",
    )

    dropout: Share = Field(
        default=0.0, description="Share of each hidden layer that is dropped in training, unless `dropout` is searched."
    )

    implementation = "models.families.mlp:MlpFamily"
    exact_flops = True
    precisions = ("float32", "bfloat16")
    kinds: ClassVar[Mapping[str, Any]] = {"hidden": Width}
    required_parameters: ClassVar[frozenset[str]] = frozenset({"hidden"})
    optional_parameters: ClassVar[frozenset[str]] = frozenset({"depth", "activation", "dropout"})

    def depth_of(self, parameters: Parameters) -> int:
        """Return the hidden layers of one configuration."""
        return int(parameters.get("depth", self.depth))

    def activation_of(self, parameters: Parameters) -> str:
        """Return the name of the activation of one configuration."""
        return str(parameters.get("activation", self.activation))

    def dropout_of(self, parameters: Parameters) -> float:
        """Return the share that one configuration drops."""
        return float(parameters.get("dropout", self.dropout))

    def has_hidden(self, parameters: Parameters) -> bool:
        """Return whether there is a layer between two hidden ones."""
        return self.depth_of(parameters) > 1

    def flops_per_example(self, shape: Sequence[int], classes: int, parameters: Parameters) -> float:
        """Return the multiply-adds of one forward pass of one example."""
        hidden = float(parameters["hidden"])
        return hidden * (math.prod(shape) + (self.depth_of(parameters) - 1) * hidden + classes)


class Cnn(FamilyConfig):
    """Two convolutions (5 x 5, then 7 x 7), each with ReLU and 2 x 2 max-pooling, then a linear layer to the classes.

    `hidden` is the number of channels of the first convolution; the second has twice as many, and the linear layer
    sees all of those at each place that is left.
    """

    name: Literal["cnn"] = "cnn"
    padding: Padding = Field(
        default="none",
        description='"same": zeros around, so that a convolution leaves height and width as they are; unless `padding` '
        "is searched.",
    )
    dropout: Share = Field(
        default=0.0,
        description="Share of the linear layer's inputs that is dropped in training, unless `dropout` is searched.",
    )

    implementation = "models.families.cnn:CnnFamily"
    precisions = ("float32", "tf32", "bfloat16")
    kinds: ClassVar[Mapping[str, Any]] = {"hidden": Width}
    required_parameters: ClassVar[frozenset[str]] = frozenset({"hidden"})
    optional_parameters: ClassVar[frozenset[str]] = frozenset({"padding", "dropout"})

    def padding_of(self, parameters: Parameters) -> Padding:
        """Return the padding of one configuration."""
        padding: Padding = parameters.get("padding", self.padding)  # type: ignore[assignment]
        return padding

    def dropout_of(self, parameters: Parameters) -> float:
        """Return the share that one configuration drops."""
        return float(parameters.get("dropout", self.dropout))

    def flops_per_example(self, shape: Sequence[int], classes: int, parameters: Parameters) -> float:
        """Return the multiply-adds of one forward pass of one example, as if it were a square picture of one channel.

        Engines were balanced by this count when studies of today began, so other shapes are not counted otherwise.
        """
        hidden, side = float(parameters["hidden"]), math.isqrt(math.prod(shape))
        lost, lost_then = (4, 6) if self.padding_of(parameters) == "none" else (0, 0)
        first = (side - lost) // 2 * 2  # rows of each convolution's output that pooling keeps
        second = (first // 2 - lost_then) // 2 * 2
        return hidden * (25 * first**2 + 2 * hidden * 49 * second**2 + 2 * (second // 2) ** 2 * classes)
