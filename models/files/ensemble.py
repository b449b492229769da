"""Several models that answer together: the mean of their probabilities, or of the numbers that they predict.

Letters: M models, N examples, C classes (1 where a number is predicted).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Ensemble(nn.Module):
    """A module that answers with the weighted mean of its members.

    Args:
        members: Modules that take the same inputs.
        weights: One for each; their sum does not matter.
        predicts_number: Whether outputs are numbers rather than logits.
    """

    def __init__(self, members: Sequence[nn.Module], weights: Sequence[int], *, predicts_number: bool) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self._weights, self._predicts_number = list(weights), predicts_number

    def forward(self, inputs: Tensor) -> Tensor:
        """Return (N, C): logits whose softmax is the mean of the members' probabilities, or the mean number."""
        outputs = torch.stack([member(inputs) for member in self.members])
        return combine(outputs, self._weights, predicts_number=self._predicts_number)


def combine(outputs: Tensor, weights: Sequence[int], *, predicts_number: bool) -> Tensor:
    """Return what models answer together, (N, C), of what each answers, (M, N, C)."""
    shares = (torch.tensor(weights, dtype=outputs.dtype, device=outputs.device) / sum(weights))[:, None, None]
    if predicts_number:
        return (outputs * shares).sum(0)
    return (outputs.log_softmax(2) + shares.log()).logsumexp(0)
