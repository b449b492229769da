"""Products and sums over lanes on whatever device they are: torch's own on a CPU, Triton kernels on a GPU.

On either device a lane's part has the same bits whatever lies beside it, within the limits that
models/families/fused_mlp.py states for a CPU.

Letters: R rows, K summed over, N columns, I inputs, B examples of the minibatch.
"""

from collections.abc import Mapping
from functools import cache
from platform import machine
from types import ModuleType

import torch
from torch import Tensor

from models.config.families import Precision

KERNEL_DEVICES = ["cuda"]  # the device types that the kernels are for
MIN_CAPABILITY = (8, 0)  # Ampere, the first with matrix units for float32 and bfloat16


@cache
def _load_kernels(device: torch.device) -> tuple[ModuleType | None, str]:
    """Return the kernels for a device, or None and why there are none."""
    if device.type == "cuda" and torch.cuda.get_device_capability(device) < MIN_CAPABILITY:
        return None, "the GPU is too old for them"
    try:
        from models.ops import triton as kernels
    except ImportError as error:
        return None, f"Triton is missing: {error}"
    try:
        correct = kernels.matches_torch(device)
    except Exception as error:  # noqa: BLE001 - whatever a compiler raises: torch's own products do it all as well
        return None, f"{type(error).__name__}: {(str(error).splitlines() or ['no reason given'])[0]}"
    return (kernels, "") if correct else (None, "they do not compute what torch computes")


def kernels_for(tensor: Tensor) -> ModuleType | None:
    """Return the kernels for a tensor's device; None if torch's own products are used there."""
    return _load_kernels(tensor.device)[0] if tensor.device.type in KERNEL_DEVICES else None


def notes_for(device: torch.device) -> list[str]:
    """Return a sentence for the user of a GPU on which the kernels cannot be used; else nothing."""
    if device.type not in KERNEL_DEVICES or not (reason := _load_kernels(device)[1]):
        return []
    return [f"the kernels for GPUs are not used ({reason}): slower, and a lane's last digits depend on those beside it"]


def precision_notes(precision: Precision, device: torch.device) -> list[str]:
    """Return a sentence for the user of a processor without the 16-bit products that were asked for; else nothing."""
    if precision != "bfloat16" or not lacks_16_bit_products(device):
        return []
    return ['this processor has no products of 16 bits: precision="bfloat16" is many times slower than "float32" here']


def lacks_16_bit_products(device: torch.device) -> bool:
    """Return whether a device is a processor that multiplies bfloat16 many times slower than float32."""
    return device.type == "cpu" and not has_16_bit_products(torch.cpu.get_capabilities())


def has_16_bit_products(capabilities: Mapping[str, object]) -> bool:
    """Return whether a processor multiplies bfloat16, from what `torch.cpu.get_capabilities` tells of it."""
    return any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "avx10_2", "bf16", "sve_bf16"))


def set_precision(device: torch.device, *, tf32: bool) -> None:
    """Let a GPU's libraries round the factors of float32 products to 19 bits, or not; and the same sums be the same.

    torch by itself lets convolutions be rounded and other products not. It is a setting of the whole process.
    """
    if device.type == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
        torch.backends.cudnn.deterministic = True


def product(a: Tensor, b: Tensor, out: Tensor) -> None:
    """Write a (R, K) times b (K, N), both float32 or both bfloat16, into out (R, N), float32."""
    if kernels := kernels_for(a):
        kernels.product(a, b, out)
    elif a.dtype == out.dtype:
        torch.mm(a, b, out=out)
    else:
        out.copy_(torch.mm(a, b))


def input_product(weight: Tensor, x: Tensor, room: Tensor) -> Tensor:
    """Return weight (R, I) times the transpose of inputs x (B, I), (R, B): in `room`, or in a new tensor."""
    if weight.dtype == torch.float32 and weight.device.type == "cpu" and _has_onednn():
        # oneDNN's linear layer, with the weights in place of its examples, is a tenth faster than torch.mm of MKL.
        result: Tensor = torch.ops.mkldnn._linear_pointwise(weight, x, None, "none", [], "")
        return result
    product(weight, x.t(), room)
    return room


@cache
def _has_onednn() -> bool:
    """Whether torch has oneDNN, on a processor on which its rows have the same bits wherever they lie."""
    return machine() in ("x86_64", "AMD64") and hasattr(torch.ops.mkldnn, "_linear_pointwise")


def step_down(
    weight: Tensor, low: Tensor | None, delta: Tensor, inputs: Tensor, rate: Tensor, shrink: Tensor | None
) -> None:
    """Overwrite a weight by shrink * weight - rate * (delta @ inputs).

    Args:
        weight: (R, N) float32.
        low: The weight in 16 bits, to be written too; None where products are in float32.
        delta: (R, B), which is overwritten; float32, or bfloat16 where there are kernels.
        inputs: (B, N), of the same type.
        rate: (R, 1) or (1, 1).
        shrink: (R, 1) or (1, 1); None for 1.
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
        result: Tensor = kernels.row_sums(a.flatten(0, -2), a.dtype)
        return result.view(a.shape[:-1])
    return a.sum(-1)


def long_sums(a: Tensor) -> Tensor:
    """Return the sums of the rows of a (R, N) in float64, (R,): over many columns float32 would lose digits."""
    if kernels := kernels_for(a):
        result: Tensor = kernels.row_sums(a, torch.float64)
        return result
    return torch.stack([row.sum(dtype=torch.float64) for row in a])
