"""Products and sums of lanes on whatever device they are: torch's own on a CPU, kernels.py on a GPU.

On either a lane's part has the same bits whatever lies beside it, within what scratch.py says of a CPU. Called by the
fused perceptrons and by the optimizers.

Letters: R rows, K summed over, N columns, B examples of the minibatch.
"""

from functools import cache
from platform import machine
from types import ModuleType

import torch
from torch import Tensor

SUITED = ["cuda"]  # the kinds of device that the kernels are for
OLDEST = (8, 0)  # compute capability: Ampere, the first with matrix units for float32 and bfloat16


@cache
def _found(device: torch.device) -> tuple[ModuleType | None, str]:
    """The kernels that suit a device, or why none do."""
    if device.type == "cuda" and torch.cuda.get_device_capability(device) < OLDEST:
        return None, "the GPU is too old for them"
    try:
        from models.ops import triton as kernels
    except ImportError as error:
        return None, f"Triton is missing: {error}"
    try:
        sound = kernels.sound(device)
    except Exception as error:  # noqa: BLE001 - whatever a compiler raises: torch's own products do it all as well
        return None, f"{type(error).__name__}: {(str(error).splitlines() or ['no reason given'])[0]}"
    return (kernels, "") if sound else (None, "they do not come to what torch comes to")


def kernels_for(tensor: Tensor) -> ModuleType | None:
    """Return the kernels that suit a tensor's device, if any do."""
    return _found(tensor.device)[0] if tensor.device.type in SUITED else None


def note_for(device: torch.device) -> str | None:
    """Return what the user of a device should know, if the kernels that it should have cannot be used there."""
    if device.type not in SUITED or not (reason := _found(device)[1]):
        return None
    return f"the kernels for GPUs are not used ({reason}): slower, and a lane's last digits depend on those beside it"


def product(a: Tensor, b: Tensor, out: Tensor) -> None:
    """Write a (R, K) times b (K, N), both float32 or both bfloat16, into out (R, N), float32."""
    if kernels := kernels_for(a):
        kernels.product(a, b, out)
    elif a.dtype == out.dtype:
        torch.mm(a, b, out=out)
    else:
        out.copy_(torch.mm(a, b))


def of_inputs(weight: Tensor, x: Tensor, room: Tensor) -> Tensor:
    """Return weight (R, I) times the transpose of inputs x (B, I), (R, B): in `room`, or elsewhere."""
    if weight.dtype == torch.float32 and weight.device.type == "cpu" and _has_onednn():
        # oneDNN's linear layer, the weights in the place of its examples: a tenth faster than torch.mm, which is MKL's.
        made: Tensor = torch.ops.mkldnn._linear_pointwise(weight, x, None, "none", [], "")
        return made
    product(weight, x.t(), room)
    return room


@cache
def _has_onednn() -> bool:
    """Whether torch has oneDNN, on a processor for which its rows were seen to keep their bits wherever they lie."""
    return machine() in ("x86_64", "AMD64") and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def step_down(
    weight: Tensor, low: Tensor | None, delta: Tensor, inputs: Tensor, rate: Tensor, shrink: Tensor | None
) -> None:
    """Let weight (R, N) be shrink * weight - rate * (delta @ inputs).

    delta (R, B), which is overwritten, and inputs (B, N) are float32; where there are kernels they may both be
    bfloat16, and low is then to be the weight in 16 bits. rate and shrink are (R, 1) or (1, 1).
    """
    if kernels := kernels_for(weight):
        kernels.step_down(weight, low, delta, inputs, rate, shrink)
        return
    # The rate is folded into delta, so the product itself is the update: no gradient is ever stored.
    if shrink is not None:
        weight.mul_(shrink)
    weight.addmm_(delta.mul_(rate), inputs, alpha=-1)


def sums(a: Tensor) -> Tensor:
    """Return the sums of a (..., N) over its last dimension."""
    if kernels := kernels_for(a):
        made: Tensor = kernels.row_sums(a.flatten(0, -2), a.dtype)
        return made.view(a.shape[:-1])
    return a.sum(-1)


def long_sums(a: Tensor) -> Tensor:
    """Return the sums of rows of a (R, N) in float64, (R,): for so many columns that float32 would lose digits."""
    if kernels := kernels_for(a):
        made: Tensor = kernels.row_sums(a, torch.float64)
        return made
    return torch.stack([row.sum(dtype=torch.float64) for row in a])
