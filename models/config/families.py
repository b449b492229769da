"""The words of a recipe: how a model of a study is built and trained, apart from what is searched.

A study file (search.spec.Study) is made of these words, a model file carries them in its metadata, and an engine is
told what to do in them. They are plain frozen data: no torch, no Optuna, so that reading a study file takes
milliseconds.
"""

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from models.config.base import FrozenConfig, Parameters

# --- families: what kind of model -------------------------------------------------------------------------------------

# "bfloat16": activations and what they are multiplied by are of 16 bits; weights, sums and optimizer of 32.
Precision = Literal["float32", "bfloat16"]


class Linear(FrozenConfig):
    """Softmax regression: one linear layer from the inputs to the classes."""

    name: Literal["linear"] = "linear"
    bias: bool = True

    parameters: ClassVar[frozenset[str]] = frozenset()  # of its own: every space of the family has them
    optional: ClassVar[frozenset[str]] = frozenset()  # words of it that a space may have: a trial's value then counts

    def flops_per_example(self, inputs: int, classes: int, parameters: Parameters) -> float:
        """Multiply-adds of one forward pass of one example: what engines are balanced by."""
        return float(inputs * classes)


class Mlp(FrozenConfig):
    """A perceptron with `depth` hidden layers of `hidden` units each."""

    name: Literal["mlp"] = "mlp"
    depth: int = Field(default=1, ge=1, le=8)  # hidden layers, unless `depth` is searched
    activation: Literal["relu", "leaky_relu", "tanh"] = "relu"  # unless `activation` is searched
    bias: bool = True
    # "uniform" is torch's own (He et al. 2015, arXiv 1502.01852, with a = sqrt 5): weights and biases within
    # 1 / sqrt(inputs of the layer). "normal": weights from N(0, 1) scaled down by sqrt(inputs of the layer), so that
    # sums of them have the size of one input (LeCun et al. 1998, Efficient BackProp, eq. 16); biases 0.
    initial: Literal["uniform", "normal"] = "uniform"

    parameters: ClassVar[frozenset[str]] = frozenset({"hidden"})
    optional: ClassVar[frozenset[str]] = frozenset({"depth", "activation"})

    def depth_of(self, parameters: Parameters) -> int:
        """The hidden layers of one configuration."""
        return int(parameters.get("depth", self.depth))

    def activation_of(self, parameters: Parameters) -> str:
        """What follows each hidden layer of one configuration."""
        return str(parameters.get("activation", self.activation))

    def flops_per_example(self, inputs: int, classes: int, parameters: Parameters) -> float:
        """Multiply-adds of one forward pass of one example: what engines are balanced by."""
        hidden = float(parameters["hidden"])
        return hidden * (inputs + (self.depth_of(parameters) - 1) * hidden + classes)


class Cnn(FrozenConfig):
    """Two convolutions (5 x 5, then 7 x 7), each with ReLU and 2 x 2 max-pooling, then a linear layer to the classes.

    `hidden` is the number of channels of the first convolution; the second has twice as many, and the linear layer
    sees all of those at each place that is left. Nothing is padded.
    """

    name: Literal["cnn"] = "cnn"

    parameters: ClassVar[frozenset[str]] = frozenset({"hidden"})
    optional: ClassVar[frozenset[str]] = frozenset()

    def flops_per_example(self, inputs: int, classes: int, parameters: Parameters) -> float:
        """Multiply-adds of one forward pass of one example, a square picture of one channel."""
        hidden, side = float(parameters["hidden"]), math.isqrt(inputs)
        first = (side - 4) // 2 * 2  # what each convolution gives that pooling keeps
        second = (first // 2 - 6) // 2 * 2
        return hidden * (25 * first**2 + 2 * hidden * 49 * second**2 + 2 * (second // 2) ** 2 * classes)


class CustomModel(FrozenConfig):
    """A class or function of the user's own that makes an nn.Module. models/own.py makes the word, and the module.

    The callable is given, by their names, the trial's parameters and the facts of the data that its signature names:
    channels, height, width, inputs (their product) and classes. Arguments without a default are given a range or a
    value in every space, if they are no such facts; others may be, and keep their default where they are not.
    """

    name: Literal["custom"] = "custom"
    attribute: str  # what it is called in its module: "Net"
    sha256: str  # of the statements that it is made of: what a study is known by, and what a model file keeps
    needs: tuple[str, ...] = ()  # arguments that every trial must have
    takes: tuple[str, ...] = ()  # arguments with a default of their own
    facts: tuple[str, ...] = ()  # arguments without one that are among FACTS, which the data tell unless the space does
    source: str = ""  # those statements, at their lines in the file; "" in a model file, and for an installed package
    file: str = ""  # the file they are from: messages name it, and what lies beside it can be imported
    module: str = ""  # of an installed package, instead of source and file

    FACTS: ClassVar[tuple[str, ...]] = ("channels", "height", "width", "inputs", "classes")  # inputs: their product

    @property
    def takes_all(self) -> frozenset[str]:
        """All parameters that it is given: trials that are equal in them have the same function of their tensors."""
        return frozenset((*self.needs, *self.takes, *self.facts))

    @property
    def parameters(self) -> frozenset[str]:
        """Those that every space has."""
        return frozenset(self.needs)

    @property
    def optional(self) -> frozenset[str]:
        """Those that a space may have."""
        return frozenset((*self.takes, *self.facts))


Family = Annotated[Linear | Mlp | Cnn | CustomModel, Field(discriminator="name")]


def called(family: Linear | Mlp | Cnn | CustomModel) -> str:
    """Return what a list or a message calls a family."""
    return family.attribute if isinstance(family, CustomModel) else family.name
