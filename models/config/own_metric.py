"""A metric of the user's own: a function of what a model answers and of the labels. Torch is imported to compute it."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from models.config.base import FrozenConfig
from models.config.own_function import OwnFunction, own_function
from models.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

    from models.metrics.base import Predictions

ANSWERS = ("probabilities", "logits", "predicted")  # what the first argument may be called, which says what it is


class OwnMetric(FrozenConfig):
    """A metric as a function of a study file, `def cost(probabilities, labels)`. `own_metric` makes it.

    It is called for each lane by itself, with tensors on the lane's device: (N, C) float64 probabilities, or the (N, C)
    float32 logits whose softmax these are, or what is predicted, (N,): the class, or a regression's number in the
    target's unit; and with the N labels. It returns one number.
    """

    name: str = Field(description="The function's: `validation_<name>` is its column.")
    function: OwnFunction = Field(description="What is computed.")
    direction: Literal["maximize", "minimize"] | None = Field(
        default=None, description="Which way is better; None where it is recorded and not searched for."
    )

    needs_logits: ClassVar[bool] = True
    tasks: ClassVar[tuple[str, ...]] = ("classification", "regression")

    @property
    def greater_is_better(self) -> bool:
        """Its direction."""
        return self.direction == "maximize"

    def compute(self, predictions: "Predictions") -> "Tensor":
        """Return the metric of every lane, (L,) float64.

        Raises:
            UserError: The function raises something, or returns no number.
        """
        import torch

        answers = self._answers(predictions)
        return torch.tensor([self._number(each, predictions.labels) for each in answers], dtype=torch.float64)

    def _answers(self, predictions: "Predictions") -> "Tensor":
        """Return what the function is given of each lane, (L, N, C) or (L, N)."""
        kind, logits = self.function.needs[0], predictions.logits
        assert logits is not None
        if kind == "predicted":
            return logits.argmax(2) if predictions.answers is None else predictions.answers
        return logits.double().softmax(2) if kind == "probabilities" else logits

    def _number(self, answers: "Tensor", labels: "Tensor") -> float:
        value = self.function(answers, labels)
        try:
            return float(value)
        except (TypeError, ValueError, RuntimeError):
            raise UserError(
                f"{self.name} returned {type(value).__name__}, which is no number", "let it return one number"
            ) from None


def own_metric(function: Any, direction: Literal["maximize", "minimize"] | None = None) -> OwnMetric:
    """Return the metric that a function computes.

    Raises:
        ValueError: "fact; remedy", where it takes other arguments, or no other process could make it.
    """
    made: OwnFunction = own_function(function)
    if len(made.needs) != 2 or made.needs[0] not in ANSWERS:
        raise ValueError(
            f"the metric {made.text} takes {', '.join(made.needs) or 'nothing'}; write it as a function of "
            f"(probabilities, labels), (logits, labels) or (predicted, labels)"
        )
    if made.text != made.attribute:
        raise ValueError(f"the metric {made.text} has no name; write it as a def, whose name its column has")
    return OwnMetric(name=made.attribute, function=made, direction=direction)
