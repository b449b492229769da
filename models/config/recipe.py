"""A recipe: how every trial of a study is trained, apart from what is searched.

A study file is a recipe and more, a model file keeps the recipe of its model, and engines are sent one as JSON. Family,
optimizer and schedule come in through their registries, by name or as an object.
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, SerializeAsAny, field_validator

from models.config.augmentation import Augment, Cutout, Flip, Rotate, Shift
from models.config.base import FrozenConfig, Parameters
from models.config.families import FamilyConfig, PictureLayout, Precision
from models.config.losses import Loss
from models.config.optimizers import SGD, OptimizerConfig
from models.config.own_metric import OwnMetric
from models.config.registry import FAMILIES, OPTIMIZERS, SCHEDULES
from models.config.schedules import Constant, ScheduleConfig
from models.config.task import EXTERNAL, Task, task_of_loss

if TYPE_CHECKING:
    from models.families.base import Family
    from models.metrics.base import Metric

Keep = Literal["best", "last"]
Smoothing = Annotated[float, Field(ge=0.0, lt=1.0)]
Warmup = Annotated[int, Field(ge=0)] | Annotated[float, Field(ge=0.0, lt=1.0)]  # steps, or a share of all steps
Norm = Annotated[float, Field(gt=0.0)]
Decay = Annotated[float, Field(ge=0.0, lt=1.0)]
ClassWeight = Annotated[float, Field(ge=0.0)]


class Recipe(FrozenConfig):
    """How every trial of a study is trained. What varies from trial to trial is in the study's space."""

    family: Annotated[SerializeAsAny[FamilyConfig], BeforeValidator(FAMILIES.parse)] = Field(
        description="What kind of model."
    )
    epochs: int = Field(default=10, ge=1, le=100_000, description="Epochs of a trial that is not pruned.")
    batch_size: int = Field(default=128, ge=1, description="Examples of a minibatch, unless `batch_size` is searched.")
    optimizer: Annotated[SerializeAsAny[OptimizerConfig], BeforeValidator(OPTIMIZERS.parse)] = Field(
        default=SGD(), description="How a gradient changes the weights."
    )
    schedule: Annotated[SerializeAsAny[ScheduleConfig], BeforeValidator(SCHEDULES.parse)] = Field(
        default=Constant(), description="How the learning rate changes meanwhile."
    )
    loss: Loss = Field(
        default="cross_entropy",
        description='What training lowers. "mse", "mae" and "huber" make the study a regression, which predicts a '
        "number; they are of the target scaled to mean 0 and standard deviation 1. What trials are compared by is "
        "`objective`.",
    )
    label_smoothing: Smoothing = Field(
        default=0.0,
        description="Share of the label that is spread evenly over all classes in training (Szegedy et al. 2016, arXiv "
        "1512.00567), unless `label_smoothing` is searched. Validation scores know none.",
    )
    class_weights: Literal["balanced"] | tuple[ClassWeight, ...] | None = Field(
        default=None,
        description='What a class\'s examples weigh in training, in the order of the classes; "balanced" weighs all '
        "classes alike.",
    )
    mixup: float = Field(
        default=0.0,
        ge=0.0,
        description="alpha of mixup (Zhang et al. 2018, arXiv 1710.09412): minibatches are mixed with themselves, by a "
        "share from Beta(alpha, alpha); 0 for none.",
    )
    warmup: Warmup = Field(
        default=0,
        description="Steps, or share of all steps, over which the rate rises evenly, unless `warmup` is searched; the "
        "schedule is multiplied by it.",
    )
    clip_norm: Norm | None = Field(
        default=None,
        description="Largest norm of a trial's whole gradient, as in torch.nn.utils.clip_grad_norm_, unless "
        "`clip_norm` is searched.",
    )
    accumulate: int = Field(default=1, ge=1, description="Minibatches whose gradients' mean makes one step.")
    ema_decay: Decay = Field(
        default=0.0,
        description="Decay per step of the running mean of the weights, which is then scored and saved in their place, "
        "unless `ema_decay` is searched; 0 for none.",
    )
    augment: tuple[Augment, ...] = Field(
        default=(),
        description="How training pictures are moved at random. Where the space has `augment=Choice((False, True))`, "
        "only those of trials with True.",
    )
    keep: Keep = Field(
        default="best",
        description="Which epoch gives a trial's score, and how many epochs a finalist is retrained for.",
    )
    metrics: tuple[str, ...] = Field(
        default=(),
        description="Metrics that are recorded besides loss and accuracy, or loss and rmse: names, or functions of "
        "your own of (probabilities, labels), (logits, labels) or (predicted, labels).",
    )
    own_metrics: tuple[OwnMetric, ...] = Field(
        default=(), description="Those metrics, and objectives, that are functions of your own."
    )
    precision: Precision = Field(
        default="float32",
        description='"bfloat16": activations and the matrices they are multiplied by have 16 bits; weights, sums and '
        'optimizer state 32. "tf32": a GPU rounds the factors of products to 19 bits, those of networks that are not '
        "perceptrons; a CPU does not.",
    )
    picture_layout: PictureLayout = Field(
        default="plain",
        description='How pictures of one channel lie in memory for ordinary modules: "channels_last" lets convolutions '
        "keep the channels of a place together, which is faster on a CPU. A study that does not say gets it where its "
        "family is made of modules, when it begins. Pictures of several channels lie so in any case.",
    )
    seed: int = Field(default=0, ge=0, lt=2**63, description="Seed of everything random.")

    # Parameters that a space may give a range to; a trial's value then counts instead of the recipe's.
    SEARCHABLE: ClassVar[dict[str, Any]] = {
        "label_smoothing": Smoothing,
        "warmup": Warmup,
        "clip_norm": Norm,
        "ema_decay": Decay,
        "augment": bool,
    }

    @field_validator("augment", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        """Let augment=Flip() stand for augment=(Flip(),)."""
        return (value,) if isinstance(value, Shift | Flip | Rotate | Cutout) else value

    @property
    def task(self) -> Task:
        """What its models predict."""
        return EXTERNAL if self.family.external else task_of_loss(self.loss)

    def make_family(self, shape: Sequence[int], classes: int, *, vectorize: bool = True) -> "Family":
        """Return what builds and trains models of the family; imports torch.

        `vectorize` says whether lanes of an ordinary module's function train in one pass, where they can.
        """
        more: dict[str, Any] = {"picture_layout": self.picture_layout} if self.family.lays_out else {}
        return self.family.make(shape, classes, precision=self.precision, vectorize=vectorize, **more)

    def metric_of(self, name: str) -> "Metric":
        """Return the metric of a name: one of the recipe's own, or a registered one. Raises ValueError for none."""
        from models.metrics.registry import metric_named

        own: Any = {metric.name: metric for metric in self.own_metrics}
        metric: Metric = own[name] if name in own else metric_named(name)
        return metric

    def value(self, name: str, parameters: Parameters) -> Any:
        """Return a trial's value of a field that can be searched."""
        return parameters.get(name, getattr(self, name))

    def augment_of(self, parameters: Parameters) -> tuple[Augment, ...]:
        """Return how a trial's training pictures are moved."""
        return self.augment if parameters.get("augment", True) else ()

    def uses(self, name: str, searched: Collection[str]) -> bool:
        """Return whether a trial may have another value of a field than one that does nothing."""
        return name in searched or getattr(self, name) != type(self).model_fields[name].default

    @property
    def replayable(self) -> bool:
        """Whether every step does the same with other numbers: mixup and accumulation are counted in Python."""
        return not self.mixup and self.accumulate == 1

    def optimizer_of(self, parameters: Parameters) -> OptimizerConfig:
        """Return a trial's optimizer: the recipe's, or that of the name `optimizer` with its own settings."""
        name = parameters.get("optimizer", self.optimizer.name)
        if name == self.optimizer.name:
            return self.optimizer
        optimizer: OptimizerConfig = OPTIMIZERS.load(str(name))()
        return optimizer
