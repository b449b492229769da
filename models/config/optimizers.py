"""The door for optimizers: how a gradient changes the weights.

An `OptimizerConfig` is what a study file says; the steps themselves (`models.ops.optimizers.base.LaneOptimizer`) are
named as a string and imported when a tick begins, so that a study file is read without torch.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from models.config.base import RecipePart
from models.registry import load_target

if TYPE_CHECKING:
    from torch import Tensor

    from models.ops.optimizers.base import LaneOptimizer, TickHyperparameters


class OptimizerConfig(RecipePart):
    """An optimizer as a study file names it: the base class of `SGD`, `Adam`, `AdamW` and of anybody's own.

    Registered in models/config/registry.py, or by another package under `studyhall.optimizers`. Every trial has a
    `learning_rate` and a `weight_decay`; `optional_parameters` names the fields that can be searched besides.

    Example:
        >>> class SignSGD(OptimizerConfig):
        ...     name: Literal["sign_sgd"] = "sign_sgd"
        ...     implementation = "mypackage.sign:SignSteps"
    """

    implementation: ClassVar[str] = ""  # "module:callable", returns a `LaneOptimizer`; called as in `bind`

    def state_names(self, searched: Collection[str] = ()) -> tuple[str, ...]:
        """Return the names of the tensors, each shaped like the weights, that the optimizer keeps.

        Args:
            searched: The parameters that trials have. What is kept must follow from the study alone, not from the
                values of one trial.
        """
        return ()

    def is_plain(self, searched: Collection[str] = ()) -> bool:
        """Return whether a step is w <- (1 - rate decay) w - rate g and nothing else.

        Inputs that are constant over the data set can then be trained as one (models/datasets/constant_inputs.py).
        """
        return False

    def bind(self, tick: "TickHyperparameters", like: "Tensor", searched: Collection[str] = ()) -> "LaneOptimizer":
        """Return the optimizer with the hyperparameters of one tick; imports torch.

        Args:
            tick: Rates, decays and parameters of the lanes.
            like: A tensor of the type and device of the weights.
            searched: As in `state_names`.
        """
        optimizer: LaneOptimizer = load_target(self.implementation)(self, tick, like, searched)
        return optimizer


class SGD(OptimizerConfig):
    """Stochastic gradient descent as torch.optim.SGD: decay joins the gradient, then momentum, then the step.

    Decoupled decay passes momentum by: w <- (1 - decay rate) w - rate v (SGDW of Loshchilov and Hutter 2019, arXiv
    1711.05101, with the decay counted per unit of rate). Without momentum the two are the same step.
    """

    name: Literal["sgd"] = "sgd"
    momentum: float = Field(default=0.0, ge=0.0, lt=1.0, description="Used unless `momentum` is searched.")
    decoupled: bool = Field(default=False, description="Whether decay passes momentum by.")

    implementation = "models.ops.optimizers.sgd:sgd_steps"
    optional_parameters: ClassVar[frozenset[str]] = frozenset({"momentum"})

    def state_names(self, searched: Collection[str] = ()) -> tuple[str, ...]:
        """Return the names of the tensors that the optimizer keeps: none without momentum."""
        return ("momentum",) if self.momentum or "momentum" in searched else ()

    def is_plain(self, searched: Collection[str] = ()) -> bool:
        """Return whether there is no momentum."""
        return not self.state_names(searched)


class _Moments(OptimizerConfig):
    betas: tuple[float, float] = Field(
        default=(0.9, 0.999), description="Decay per step of the running means of the gradient and of its square."
    )
    epsilon: float = Field(default=1e-8, gt=0, description="Added to the root of the mean square.")

    implementation = "models.ops.optimizers.adam:AdamSteps"
    decoupled: ClassVar[bool]  # whether decay passes the moments by

    def state_names(self, searched: Collection[str] = ()) -> tuple[str, ...]:
        """Return the names of the tensors that the optimizer keeps."""
        return ("mean", "square")


class Adam(_Moments):
    """Adam (Kingma and Ba 2015, arXiv 1412.6980) as torch.optim.Adam: decay joins the gradient."""

    name: Literal["adam"] = "adam"

    decoupled = False


class AdamW(_Moments):
    """Adam with decoupled decay (Loshchilov and Hutter 2019, arXiv 1711.05101) as torch.optim.AdamW."""

    name: Literal["adamw"] = "adamw"

    decoupled = True
