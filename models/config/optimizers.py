"""The words of a recipe: how a model of a study is built and trained, apart from what is searched.

A study file (search.spec.Study) is made of these words, a model file carries them in its metadata, and an engine is
told what to do in them. They are plain frozen data: no torch, no Optuna, so that reading a study file takes
milliseconds.
"""

from typing import Annotated, Literal

from pydantic import Field

from models.config.base import FrozenConfig

# --- optimizers -------------------------------------------------------------------------------------------------------


class SGD(FrozenConfig):
    """Stochastic gradient descent as torch.optim.SGD: decay joins the gradient, then momentum, then the step.

    Decoupled decay passes momentum by: w <- (1 - decay rate) w - rate v (SGDW of Loshchilov and Hutter 2019, arXiv
    1711.05101, with the decay counted per unit of rate). Without momentum the two are the same step.
    """

    name: Literal["sgd"] = "sgd"
    momentum: float = Field(default=0.0, ge=0.0, lt=1.0)  # used unless `momentum` is searched
    decoupled: bool = False  # whether decay passes momentum by


class Adam(FrozenConfig):
    """Adam (Kingma and Ba 2015, arXiv 1412.6980) as torch.optim.Adam: decay joins the gradient."""

    name: Literal["adam"] = "adam"
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = Field(default=1e-8, gt=0)


class AdamW(FrozenConfig):
    """Adam with decoupled decay (Loshchilov and Hutter 2019, arXiv 1711.05101) as torch.optim.AdamW."""

    name: Literal["adamw"] = "adamw"
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = Field(default=1e-8, gt=0)


Optimizer = Annotated[SGD | Adam | AdamW, Field(discriminator="name")]
