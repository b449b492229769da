"""Max-pooling of 2 x 2 windows whose four members lie in four tensors: three maxima, and their way back."""

import torch
from torch import Tensor


def pool(windows: Tensor, winners: Tensor, out: Tensor) -> Tensor:
    """Write the largest member of each window to `out` (...) and return it.

    Of equal members the first one wins, as in torch: so every difference must be strict.

    Args:
        windows: The members by row and column, (2, 2, ...); overwritten by differences above 0 where the gradient goes
            right.
        winners: Memory for the larger of each row, (2, ...); overwritten by differences above 0 where it goes down.
        out: The maxima, (...).
    """
    left, right = windows[:, 0], windows[:, 1]
    torch.maximum(left, right, out=winners)
    right.sub_(left)  # the sign of a difference survives rounding, in bfloat16 too: a - b is 0 for a = b alone
    upper, lower = winners
    torch.maximum(upper, lower, out=out)
    lower.sub_(upper)
    return out


def unpool(gradient: Tensor, windows: Tensor, winners: Tensor) -> None:
    """Overwrite what `pool` left by the gradient of the windows.

    d max(a, b) = db where b - a > 0, else da; first between the rows, then within them.

    Args:
        gradient: That of the maxima, (...).
        windows: As `pool` left it, (2, 2, ...).
        winners: As `pool` left it, (2, ...).
    """
    upper, lower = winners
    keep_positive(gradient, lower, out=lower)
    torch.sub(gradient, lower, out=upper)
    left, right = windows[:, 0], windows[:, 1]
    keep_positive(winners, right, out=right)
    torch.sub(winners, right, out=left)


def keep_positive(gradient: Tensor, sign: Tensor, out: Tensor) -> Tensor:
    """Return the gradient where `sign` is above 0, else 0; with the values of a ReLU as `sign`, its backward."""
    return torch.ops.aten.threshold_backward.grad_input(gradient, sign, 0, grad_input=out)  # type: ignore[no-any-return]
