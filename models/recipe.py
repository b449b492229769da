"""The words of a recipe: how a model of a study is built and trained, apart from what is searched.

A study file (search.spec.Study) is made of these words, a model file carries them in its metadata, and an engine is
told what to do in them. They are plain frozen data: no torch, no Optuna, so that reading a study file takes
milliseconds.
"""

import math
from dataclasses import KW_ONLY
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic.dataclasses import dataclass

Value = bool | int | float | str  # what a searched parameter can be
Parameters = dict[str, Value]  # one configuration, as the model is trained with it


class Words(BaseModel):
    """Frozen data in which an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


# --- families: what kind of model -------------------------------------------------------------------------------------

# "bfloat16": activations and what they are multiplied by are of 16 bits; weights, sums and optimizer of 32.
Precision = Literal["float32", "bfloat16"]


class Linear(Words):
    """Softmax regression: one linear layer from the inputs to the classes."""

    name: Literal["linear"] = "linear"
    bias: bool = True

    parameters: ClassVar[frozenset[str]] = frozenset()  # of its own: every space of the family has them
    optional: ClassVar[frozenset[str]] = frozenset()  # words of it that a space may have: a trial's value then counts

    def work(self, inputs: int, classes: int, parameters: Parameters) -> float:
        """Multiply-adds of one forward pass of one example: what engines are balanced by."""
        return float(inputs * classes)


class Mlp(Words):
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

    def work(self, inputs: int, classes: int, parameters: Parameters) -> float:
        """Multiply-adds of one forward pass of one example: what engines are balanced by."""
        hidden = float(parameters["hidden"])
        return hidden * (inputs + (self.depth_of(parameters) - 1) * hidden + classes)


class Cnn(Words):
    """Two convolutions (5 x 5, then 7 x 7), each with ReLU and 2 x 2 max-pooling, then a linear layer to the classes.

    `hidden` is the number of channels of the first convolution; the second has twice as many, and the linear layer
    sees all of those at each place that is left. Nothing is padded.
    """

    name: Literal["cnn"] = "cnn"

    parameters: ClassVar[frozenset[str]] = frozenset({"hidden"})
    optional: ClassVar[frozenset[str]] = frozenset()

    def work(self, inputs: int, classes: int, parameters: Parameters) -> float:
        """Multiply-adds of one forward pass of one example, a square picture of one channel."""
        hidden, side = float(parameters["hidden"]), math.isqrt(inputs)
        first = (side - 4) // 2 * 2  # what each convolution gives that pooling keeps
        second = (first // 2 - 6) // 2 * 2
        return hidden * (25 * first**2 + 2 * hidden * 49 * second**2 + 2 * (second // 2) ** 2 * classes)


class Own(Words):
    """A class or function of the user's own that makes an nn.Module. models/own.py makes the word, and the module.

    The callable is given, by their names, the trial's parameters and the facts of the data that its signature names:
    channels, height, width, inputs (their product) and classes. Arguments without a default are given a range or a
    value in every space, if they are no such facts; others may be, and keep their default where they are not.
    """

    name: Literal["own"] = "own"
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


Family = Annotated[Linear | Mlp | Cnn | Own, Field(discriminator="name")]


def called(family: Linear | Mlp | Cnn | Own) -> str:
    """Return what a list or a message calls a family."""
    return family.attribute if isinstance(family, Own) else family.name


# --- optimizers -------------------------------------------------------------------------------------------------------


class SGD(Words):
    """Stochastic gradient descent as torch.optim.SGD: decay joins the gradient, then momentum, then the step.

    Decoupled decay passes momentum by: w <- (1 - decay rate) w - rate v (SGDW of Loshchilov and Hutter 2019, arXiv
    1711.05101, with the decay counted per unit of rate). Without momentum the two are the same step.
    """

    name: Literal["sgd"] = "sgd"
    momentum: float = Field(default=0.0, ge=0.0, lt=1.0)  # used unless `momentum` is searched
    decoupled: bool = False  # whether decay passes momentum by


class Adam(Words):
    """Adam (Kingma and Ba 2015, arXiv 1412.6980) as torch.optim.Adam: decay joins the gradient."""

    name: Literal["adam"] = "adam"
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = Field(default=1e-8, gt=0)


class AdamW(Words):
    """Adam with decoupled decay (Loshchilov and Hutter 2019, arXiv 1711.05101) as torch.optim.AdamW."""

    name: Literal["adamw"] = "adamw"
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = Field(default=1e-8, gt=0)


Optimizer = Annotated[SGD | Adam | AdamW, Field(discriminator="name")]

# --- schedules: what the learning rate is multiplied by, epoch after epoch or step after step -------------------------
#
# A schedule's number can be searched under its own name, and a trial's value then counts instead of the schedule's:
# with `final_factor` in the space, 1 is a constant rate, so one study holds trials with and without decay of the rate.

Per = Literal["epoch", "step"]  # what a schedule counts; a step is one minibatch


class Constant(Words):
    """The learning rate stays what it is."""

    name: Literal["constant"] = "constant"

    per: ClassVar[Per] = "epoch"
    parameters: ClassVar[frozenset[str]] = frozenset()

    def factor(self, done: int, total: int, parameters: Parameters) -> float:
        """What the rate is multiplied by after `done` epochs or steps of `total`."""
        return 1.0


class StepExponential(Words):
    """rate_t = rate_0 * factor_per_drop ** floor(t / every), t in epochs or steps, as torch's StepLR."""

    name: Literal["step_exponential"] = "step_exponential"
    factor_per_drop: float = Field(default=0.5, gt=0, le=1)  # unless `factor_per_drop` is searched
    every: int = Field(default=5, ge=1)  # epochs or steps from one drop to the next
    per: Per = "epoch"

    parameters: ClassVar[frozenset[str]] = frozenset({"factor_per_drop"})

    def factor(self, done: int, total: int, parameters: Parameters) -> float:
        """What the rate is multiplied by after `done` epochs or steps of `total`."""
        return float(float(parameters.get("factor_per_drop", self.factor_per_drop)) ** (done // self.every))


class LinearDecay(Words):
    """The rate falls evenly, to `final_factor` of itself in the last epoch or step: torch's LinearLR over total - 1."""

    name: Literal["linear"] = "linear"
    final_factor: float = Field(default=0.0, ge=0, le=1)  # unless `final_factor` is searched
    per: Per = "epoch"

    parameters: ClassVar[frozenset[str]] = frozenset({"final_factor"})

    def factor(self, done: int, total: int, parameters: Parameters) -> float:
        """What the rate is multiplied by after `done` epochs or steps of `total`."""
        final = float(parameters.get("final_factor", self.final_factor))
        return 1.0 + (final - 1.0) * done / max(1, total - 1)


class Cosine(Words):
    """The rate falls along half a cosine towards `final_factor` of itself, as torch's CosineAnnealingLR over total."""

    name: Literal["cosine"] = "cosine"
    final_factor: float = Field(default=0.0, ge=0, le=1)  # unless `final_factor` is searched
    per: Per = "epoch"

    parameters: ClassVar[frozenset[str]] = frozenset({"final_factor"})

    def factor(self, done: int, total: int, parameters: Parameters) -> float:
        """What the rate is multiplied by after `done` epochs or steps of `total`."""
        final = float(parameters.get("final_factor", self.final_factor))
        return final + (1.0 - final) * 0.5 * (1.0 + math.cos(math.pi * done / total))


Schedule = Annotated[Constant | StepExponential | LinearDecay | Cosine, Field(discriminator="name")]

# "nll", the negative log likelihood on log-softmax, is the same number as cross entropy on logits, from the same code.
# "squared_error" lies between softmax and the one-hot label, summed over classes.
Loss = Literal["cross_entropy", "nll", "squared_error"]
Keep = Literal["best", "last"]  # which epoch of a trial gives its score, and the epochs a finalist is retrained for

# --- augmentation: how training pictures are moved at random, in the order written, anew in every epoch ---------------
#
# Lanes that see the same minibatches see the same moved pictures. Pictures that are scored are never moved. What comes
# in from outside is black.

_WORD = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True, config=_WORD)
class Shift:
    """By up to so many whole pixels, left or right and up or down: torchvision's RandomCrop of the padded picture."""

    pixels: int = Field(ge=1)  # at most
    _: KW_ONLY
    kind: Literal["shift"] = "shift"

    def __str__(self) -> str:
        return f"shift {self.pixels}"


@dataclass(frozen=True, config=_WORD)
class Flip:
    """Left for right, every other time: torchvision's RandomHorizontalFlip. Not for digits and letters."""

    _: KW_ONLY
    kind: Literal["flip"] = "flip"

    def __str__(self) -> str:
        return "flip"


@dataclass(frozen=True, config=_WORD)
class Rotate:
    """By up to so many degrees to either side, bilinear: torchvision's RandomRotation."""

    degrees: float = Field(gt=0, le=180)  # at most
    _: KW_ONLY
    kind: Literal["rotate"] = "rotate"

    def __str__(self) -> str:
        return f"rotate {self.degrees:g}"


Augment = Annotated[Shift | Flip | Rotate, Field(discriminator="kind")]

# --- the recipe -------------------------------------------------------------------------------------------------------


class Recipe(Words):
    """How every trial of a study is trained. What varies from trial to trial is in the study's space."""

    family: Family  # what kind of model
    epochs: int = Field(default=10, ge=1, le=100_000)  # of a trial that is not cut
    batch_size: int = Field(default=128, ge=1)  # examples of a minibatch, unless `batch_size` is searched
    optimizer: Optimizer = SGD()  # how a gradient changes the weights
    schedule: Schedule = Constant()  # how the learning rate changes meanwhile
    loss: Loss = "cross_entropy"
    augment: tuple[Augment, ...] = ()  # how training pictures are moved at random
    keep: Keep = "best"
    precision: Precision = "float32"
    seed: int = Field(default=0, ge=0, lt=2**63)  # of everything random

    @field_validator("augment", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        """Let augment=Flip() stand for augment=(Flip(),)."""
        return (value,) if isinstance(value, Shift | Flip | Rotate) else value


# --- what passes between the coordinator and an engine ----------------------------------------------------------------


class Order(Words):
    """A lane as an engine is asked for it: one configuration, from its first epoch on."""

    lane: int  # its name in every message: the trial's number, or the place in the list of finalists
    parameters: Parameters
    seed: int  # of its initial weights
    stream: int = 0  # lanes of one stream see the same minibatches


class Score(Words):
    """What one epoch of one lane came to. Losses are means per example, accuracies shares of 1."""

    model_config = ConfigDict(allow_inf_nan=True)  # a diverged lane has a loss that is no number

    lane: int
    epoch: int  # 1 is the first
    train_loss: float  # running mean over the epoch, as train_accuracy
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds: float  # this lane's share of the tick, by its work
