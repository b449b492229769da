"""The words of a recipe: how a model of a study is built and trained, apart from what is searched.

A study file (search.spec.Study) is made of these words, a model file carries them in its metadata, and an engine is
told what to do in them. They are plain frozen data: no torch, no Optuna, so that reading a study file takes
milliseconds.
"""

import math
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

Value = bool | int | float | str  # what a searched parameter can be
Parameters = dict[str, Value]  # one configuration, as the model is trained with it


class Words(BaseModel):
    """Frozen data in which an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


# --- families: what kind of model -------------------------------------------------------------------------------------


class Linear(Words):
    """Softmax regression: one linear layer from the inputs to the classes."""

    name: Literal["linear"] = "linear"
    bias: bool = True

    parameters: ClassVar[frozenset[str]] = frozenset()

    def work(self, inputs: int, classes: int, parameters: Parameters) -> float:
        """Multiply-adds of one forward pass of one example: what engines are balanced by."""
        return float(inputs * classes)


class Mlp(Words):
    """A perceptron with `depth` hidden layers of `hidden` units each."""

    name: Literal["mlp"] = "mlp"
    depth: int = Field(default=1, ge=1, le=8)  # hidden layers
    activation: Literal["relu", "leaky_relu", "tanh"] = "relu"
    bias: bool = True

    parameters: ClassVar[frozenset[str]] = frozenset({"hidden"})

    def work(self, inputs: int, classes: int, parameters: Parameters) -> float:
        """Multiply-adds of one forward pass of one example: what engines are balanced by."""
        hidden = float(parameters["hidden"])
        return hidden * (inputs + (self.depth - 1) * hidden + classes)


Family = Annotated[Linear | Mlp, Field(discriminator="name")]

# --- optimizers -------------------------------------------------------------------------------------------------------


class SGD(Words):
    """Stochastic gradient descent as torch.optim.SGD: decay joins the gradient, then momentum, then the step."""

    name: Literal["sgd"] = "sgd"
    momentum: float = Field(default=0.0, ge=0.0, lt=1.0)  # used unless `momentum` is searched


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

# --- schedules: what the learning rate is multiplied by, epoch after epoch --------------------------------------------


class Constant(Words):
    """The learning rate stays what it is."""

    name: Literal["constant"] = "constant"

    def factor(self, done: int, epochs: int) -> float:
        """What the rate is multiplied by in the epoch after `done` epochs."""
        return 1.0


class StepExponential(Words):
    """The rate is multiplied by `factor_per_step` after every `every` epochs, as torch's StepLR."""

    name: Literal["step_exponential"] = "step_exponential"
    factor_per_step: float = Field(default=0.5, gt=0, le=1)
    every: int = Field(default=5, ge=1)  # epochs

    def factor(self, done: int, epochs: int) -> float:
        """What the rate is multiplied by in the epoch after `done` epochs."""
        return float(self.factor_per_step ** (done // self.every))


class LinearDecay(Words):
    """The rate falls evenly to `final` of itself in the last epoch, as torch's LinearLR over epochs - 1 steps."""

    name: Literal["linear"] = "linear"
    final: float = Field(default=0.0, ge=0, le=1)

    def factor(self, done: int, epochs: int) -> float:
        """What the rate is multiplied by in the epoch after `done` epochs."""
        return 1.0 + (self.final - 1.0) * done / max(1, epochs - 1)


class Cosine(Words):
    """The rate falls along half a cosine towards `final` of itself, as torch's CosineAnnealingLR over all epochs."""

    name: Literal["cosine"] = "cosine"
    final: float = Field(default=0.0, ge=0, le=1)

    def factor(self, done: int, epochs: int) -> float:
        """What the rate is multiplied by in the epoch after `done` epochs."""
        return self.final + (1.0 - self.final) * 0.5 * (1.0 + math.cos(math.pi * done / epochs))


Schedule = Annotated[Constant | StepExponential | LinearDecay | Cosine, Field(discriminator="name")]

Loss = Literal["cross_entropy", "squared_error"]
Keep = Literal["best", "last"]  # which epoch of a trial gives its score, and the epochs a finalist is retrained for

# --- the recipe -------------------------------------------------------------------------------------------------------


class Recipe(Words):
    """How every trial of a study is trained. What varies from trial to trial is in the study's space."""

    family: Family
    epochs: int = Field(default=10, ge=1, le=100_000)
    batch_size: int = Field(default=128, ge=1)
    optimizer: Optimizer = SGD()
    schedule: Schedule = Constant()
    loss: Loss = "cross_entropy"
    keep: Keep = "best"
    seed: int = Field(default=0, ge=0, lt=2**63)


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
