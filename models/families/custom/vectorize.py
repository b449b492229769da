"""Vectorising a module over lanes by torch.func, and trying on a minibatch whether that is possible.

Letters: L lanes of a group, B examples of the minibatch, C classes.
"""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from models.config.losses import Loss
from models.families.base import Weights
from models.ops.losses import losses_of

MAX_REASON = 160  # characters of a reason in a message


@dataclass(frozen=True)
class ExecutionPlan:
    """How lanes of one function are trained, decided on their first minibatch."""

    vectorized: bool  # in one pass
    channels_last: bool  # whether the pictures of a minibatch are laid out so


def vectorized_forward(module: nn.Module, weights: Weights, buffers: Weights, x: Tensor) -> Tensor:
    """Return the logits (L, B, C) of a module with the weights and buffers (L, ...) of L lanes."""

    def forward(weights: Weights, buffers: Weights) -> Tensor:
        logits: Tensor = functional_call(module, (weights, buffers), (x,))
        return logits

    return vmap(forward, randomness="same")(weights, buffers)


def doubled_forward(module: nn.Module, weights: Weights, buffers: Weights, x: Tensor) -> Tensor:
    """Return the same of one lane, beside a copy of itself.

    A layer with one output rounds otherwise in one product than in a batch of two and more, which all round alike.
    """
    both_weights = {name: torch.cat([each, each]) for name, each in weights.items()}
    both_buffers = {name: torch.cat([each, each]) for name, each in buffers.items()}
    logits = vectorized_forward(module, both_weights, both_buffers, x)
    for name, buffer in buffers.items():
        buffer.copy_(both_buffers[name][:1])
    return logits[:1]


@contextmanager
def seeded_generators(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch's generators of the CPU and of a device inside, and restore them afterwards."""
    with torch.random.fork_rng(devices=_gpus(device)):
        seed_generators(seed, device)
        yield


def seed_generators(seed: int, device: torch.device) -> None:
    """Seed torch's generators of the CPU and of a device."""
    torch.default_generator.manual_seed(seed)  # torch.manual_seed asks for every kind of device: 190 us
    for number in _gpus(device):
        torch.cuda.default_generators[number].manual_seed(seed)


def _gpus(device: torch.device) -> list[int]:
    return [device.index or 0] if device.type == "cuda" else []


def in_channels_last(x: Tensor) -> Tensor:
    """Return pictures (B, C, H, W) with the channels of a place together, and strides that say so.

    Those of one channel lie like that already, but convolutions go by the strides, and `contiguous` leaves them.
    """
    return torch.empty_like(x, memory_format=torch.channels_last).copy_(x)


# --- trials on a minibatch, on copies of a module ---------------------------------------------------------------------


def accepts_channels_last(module: nn.Module, x: Tensor) -> bool:
    """Return whether a module computes the same from pictures whose channels lie together: `view` refuses some."""
    if x.device.type == "cpu" and any(map(_corrupts_memory, module.modules())):
        return False
    try:
        with torch.no_grad():
            logits = []
            for pictures in (x, in_channels_last(x)):
                with seeded_generators(0, x.device):
                    logits.append(copy.deepcopy(module).train()(pictures))
    except Exception:  # noqa: BLE001 - whatever the module raises; plain pictures will tell whether it is at fault
        return False
    return _close(*logits)


def _corrupts_memory(module: nn.Module) -> bool:
    """Return whether a convolution's gradient would be written beside its memory if channels lay together.

    oneDNN's does for strided filters of 1 x 1 that see fewer than 8 channels, on processors with AVX2 and no AVX-512
    (torch 2.14): the process dies of SIGSEGV or SIGABRT, or goes on with wrong numbers.
    """
    return (
        isinstance(module, nn.Conv2d)
        and module.kernel_size == (1, 1)
        and module.stride != (1, 1)
        and module.in_channels // module.groups < 8
        and not torch.cpu.get_capabilities().get("avx512_f", False)
    )


def why_not_vectorized(module: nn.Module, minibatches: Sequence[tuple[Tensor, Tensor]], loss: Loss) -> str:
    """Return why a module cannot be vectorised over lanes, in a line; "" if two lanes compute what one does alone.

    It is tried on one minibatch of each size in an epoch, inputs (B, ...) and labels (B,): a module may take another
    way for another number of examples.
    """
    return next((reason for x, y in minibatches if (reason := _why_not(module, x, y, loss))), "")


def _why_not(module: nn.Module, x: Tensor, y: Tensor, loss: Loss) -> str:
    try:
        alone = copy.deepcopy(module).train()
        with seeded_generators(0, x.device):
            expected = losses_of(loss, alone(x).unsqueeze(0), y)
        trained = {name: tensor for name, tensor in alone.named_parameters() if tensor.requires_grad}
        gradients = torch.autograd.grad(expected.mean(), list(trained.values()), allow_unused=True)
    except Exception:  # noqa: BLE001 - it cannot be trained at all, and will say so where it is
        return "it fails on a minibatch"
    try:
        both = copy.deepcopy(module).train()
        frozen = {name: tensor for name, tensor in both.named_parameters() if not tensor.requires_grad}
        buffers = {name: torch.stack([each, each]) for name, each in {**frozen, **dict(both.named_buffers())}.items()}
        stacked = {name: torch.stack([each.detach()] * 2).requires_grad_() for name, each in both.named_parameters()}
        weights = {name: stacked[name] for name in trained}
        with seeded_generators(0, x.device):
            losses = losses_of(loss, vectorized_forward(both, weights, buffers, x), y)
        vectorized = torch.autograd.grad(losses.mean(1).sum(), list(weights.values()), allow_unused=True)
        with torch.no_grad(), seeded_generators(0, x.device):
            vectorized_forward(both.eval(), weights, {name: each.clone() for name, each in buffers.items()}, x)
    except Exception as error:  # noqa: BLE001 - torch has no one error for what it cannot vectorise
        return first_line(error)
    same = _close(expected.expand(2, -1), losses)
    for one, two in zip(gradients, vectorized, strict=True):
        same = same and (one is None) == (two is None) and (one is None or _close(one.expand_as(two), two))
    for name, buffer in alone.named_buffers():
        same = same and _close(buffer.expand_as(buffers[name]), buffers[name])
    return "" if same else "vectorised, it computes other numbers"


def _close(one: Tensor, two: Tensor) -> bool:
    """Whether two tensors are equal up to rounding; a different computation shows above a thousandth of the largest."""
    one, two = one.detach().double(), two.detach().double()
    return bool((one - two).abs().max() <= 1e-3 * two.abs().max()) if two.numel() else True


def first_line(error: Exception) -> str:
    """Return the first sentence of an error, after its type."""
    text = (str(error).strip().splitlines() or [""])[0].removeprefix("vmap: ").partition(". ")[0]
    return f"{type(error).__name__}: {text}"[:MAX_REASON]
