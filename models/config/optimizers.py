"""The door for optimizers: how a gradient changes the weights.

An `OptimizerConfig` is what a study file says; the steps themselves (`models.ops.optimizers.base.LaneOptimizer`) are
named as a string and imported when a tick begins, so that a study file is read without torch.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

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
    needs_hidden: ClassVar[bool] = False  # whether it does something of its own only to weights between two layers

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
    nesterov: bool = Field(
        default=False,
        description="Whether a step looks ahead: g + momentum v instead of v. Used unless `nesterov` is searched.",
    )
    decoupled: bool = Field(default=False, description="Whether decay passes momentum by.")

    implementation = "models.ops.optimizers.sgd:sgd_steps"
    optional_parameters: ClassVar[frozenset[str]] = frozenset({"momentum", "nesterov"})

    def state_names(self, searched: Collection[str] = ()) -> tuple[str, ...]:
        """Return the names of the tensors that the optimizer keeps: none without momentum."""
        return ("momentum",) if self.momentum or "momentum" in searched else ()

    def looks_ahead(self, searched: Collection[str] = ()) -> bool:
        """Return whether some lane may have Nesterov's momentum."""
        return self.nesterov or "nesterov" in searched

    def is_plain(self, searched: Collection[str] = ()) -> bool:
        """Return whether there is no momentum."""
        return not self.state_names(searched)


Beta = Annotated[float, Field(ge=0.0, lt=1.0)]


class _Moments(OptimizerConfig):
    betas: tuple[Beta, Beta] = Field(
        default=(0.9, 0.999),
        description="Decay per step of the running means of the gradient and of its square. `beta1` and `beta2` can be "
        "searched.",
    )
    epsilon: float = Field(
        default=1e-8, gt=0, description="Added to the root of the mean square, unless `epsilon` is searched."
    )

    implementation = "models.ops.optimizers.adam:AdamSteps"
    decoupled: ClassVar[bool]  # whether decay passes the moments by
    kinds: ClassVar[Mapping[str, Any]] = {"beta1": Beta, "beta2": Beta}
    optional_parameters: ClassVar[frozenset[str]] = frozenset({"beta1", "beta2", "epsilon"})

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


class Muon(_Moments):
    """Momentum that is orthogonalized (Jordan et al. 2024), for hidden matrices alone; the others step as by AdamW.

    Hidden are the weights of two dimensions or more, those of a convolution with a row for each output channel, but not
    the first or the last of a model, nor embeddings. A step has the size of AdamW's (Liu et al. 2025, arXiv
    2502.16982), as torch.optim.Muon with adjust_lr_fn="match_rms_adamw", so one rate and one decay serve both.
    """

    name: Literal["muon"] = "muon"
    momentum: float = Field(default=0.95, ge=0.0, lt=1.0, description="Nesterov's, unless `momentum` is searched.")
    betas: tuple[Beta, Beta] = Field(
        default=(0.9, 0.95), description="Of AdamW's steps. `beta1` and `beta2` can be searched."
    )
    epsilon: float = Field(default=1e-8, gt=0, description="Of AdamW's steps, unless `epsilon` is searched.")

    implementation = "models.ops.optimizers.muon:MuonSteps"
    optional_parameters: ClassVar[frozenset[str]] = frozenset({"momentum", "beta1", "beta2", "epsilon"})
    needs_hidden = True
    decoupled = True


class NAdam(_Moments):
    """Adam with Nesterov's momentum (Dozat 2016) as torch.optim.NAdam with decoupled decay."""

    name: Literal["nadam"] = "nadam"
    momentum_decay: float = Field(default=4e-3, ge=0, description="How fast beta1 comes up to its value.")

    implementation = "models.ops.optimizers.elementwise:NAdamSteps"
    decoupled = True


class Lion(OptimizerConfig):
    """The sign of an interpolated momentum, with decoupled decay (Chen et al. 2023, arXiv 2302.06675).

    Its rate is 3 to 10 times lower than Adam's, its decay as much higher.
    """

    name: Literal["lion"] = "lion"
    betas: tuple[Beta, Beta] = Field(
        default=(0.9, 0.99),
        description="Weight of the momentum in a step, and its decay per step. `beta1` and `beta2` can be searched.",
    )

    implementation = "models.ops.optimizers.elementwise:LionSteps"
    kinds: ClassVar[Mapping[str, Any]] = {"beta1": Beta, "beta2": Beta}
    optional_parameters: ClassVar[frozenset[str]] = frozenset({"beta1", "beta2"})

    def state_names(self, searched: Collection[str] = ()) -> tuple[str, ...]:
        """Return the name of the tensor that the optimizer keeps."""
        return ("mean",)


class RMSprop(OptimizerConfig):
    """The gradient over the root of its running mean square, as torch.optim.RMSprop: decay joins the gradient."""

    name: Literal["rmsprop"] = "rmsprop"
    alpha: Beta = Field(default=0.99, description="Decay per step of the mean square, unless `alpha` is searched.")
    epsilon: float = Field(default=1e-8, gt=0, description="Added to the root, unless `epsilon` is searched.")

    implementation = "models.ops.optimizers.elementwise:RMSpropSteps"
    optional_parameters: ClassVar[frozenset[str]] = frozenset({"alpha", "epsilon"})

    def state_names(self, searched: Collection[str] = ()) -> tuple[str, ...]:
        """Return the name of the tensor that the optimizer keeps."""
        return ("square",)


class Adagrad(OptimizerConfig):
    """The gradient over the root of the sum of its squares (Duchi et al. 2011) as torch.optim.Adagrad."""

    name: Literal["adagrad"] = "adagrad"
    epsilon: float = Field(default=1e-10, gt=0, description="Added to the root, unless `epsilon` is searched.")

    implementation = "models.ops.optimizers.elementwise:AdagradSteps"
    optional_parameters: ClassVar[frozenset[str]] = frozenset({"epsilon"})

    def state_names(self, searched: Collection[str] = ()) -> tuple[str, ...]:
        """Return the name of the tensor that the optimizer keeps."""
        return ("sum",)
