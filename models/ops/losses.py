"""Losses on logits: with gradients written by hand for fused perceptrons, and plain for autograd.

Letters: L lanes, B examples of the minibatch, C classes. A logit is called z, the one-hot label hot. Where a number is
predicted, z is the prediction and t the target, and C is 1.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from models.config.losses import Loss

# --- by hand: from logits z (L, C, B) to every example's loss (L, B) and, in place of z, dz of the mean over B --------


def _softmax(z: Tensor) -> tuple[Tensor, Tensor]:
    """Shift z in place by its maximum m, and return (e, s): e = exp(z - m) and its sum over classes, (L, 1, B)."""
    e = z.sub_(z.amax(1, keepdim=True)).exp()
    return e, e.sum(1, keepdim=True)


def _cross_entropy(z: Tensor, hot: Tensor, gradient: bool) -> Tensor:
    # p = softmax(z) = e/s;  loss = -log p_y = log s - (z_y - m);  dloss/dz = p - hot  (Bishop 2006, eq. 4.109)
    e, s = _softmax(z)
    losses = s.log().squeeze(1).sub_((z * hot).sum(1))
    if gradient:
        torch.div(e, s, out=z).sub_(hot).mul_(1.0 / z.shape[2])
    return losses


def _squared_error(z: Tensor, hot: Tensor, gradient: bool) -> Tensor:
    # loss = sum_c (p_c - hot_c)^2 =: sum_c r_c^2;  dp_c/dz_k = p_c (delta_ck - p_k);
    # dloss/dz_k = sum_c 2 r_c p_c (delta_ck - p_k) = 2 p_k (r_k - sum_c r_c p_c)
    e, s = _softmax(z)
    p = e.div_(s)
    r = p - hot
    losses = r.square().sum(1)
    if gradient:
        torch.sub(r, (r * p).sum(1, keepdim=True), out=z).mul_(p).mul_(2.0 / z.shape[2])
    return losses


def soft_cross_entropy(z: Tensor, targets: Tensor, gradient: bool) -> Tensor:
    """As the losses below, to targets t (L or 1, C, B) whose sum over classes need not be 1."""
    # loss = -sum_c t_c log p_c = log s sum_c t_c - sum_c t_c (z_c - m);  dloss/dz = p sum_c t_c - t
    e, s = _softmax(z)
    mass = targets.sum(1, keepdim=True)
    losses = s.log().mul_(mass).squeeze(1).sub_((z * targets).sum(1))
    if gradient:
        torch.div(e, s, out=z).mul_(mass).sub_(targets).mul_(1.0 / z.shape[2])
    return losses


def _mse(z: Tensor, t: Tensor, gradient: bool) -> Tensor:
    # loss = (z - t)^2 =: r^2;  dloss/dz = 2 r
    r = z - t
    losses = r.square().squeeze(1)
    if gradient:
        torch.mul(r, 2.0 / z.shape[2], out=z)
    return losses


def _mae(z: Tensor, t: Tensor, gradient: bool) -> Tensor:
    # loss = |z - t| =: |r|;  dloss/dz = sign r, and 0 at 0
    r = z - t
    losses = r.abs().squeeze(1)
    if gradient:
        torch.mul(r.sign_(), 1.0 / z.shape[2], out=z)
    return losses


def _huber(z: Tensor, t: Tensor, gradient: bool) -> Tensor:
    # loss = r^2 / 2 up to |r| = 1, |r| - 1/2 beyond;  dloss/dz = r cut to [-1, 1]  (Huber 1964, with k = 1)
    # With c = r cut to [-1, 1] both are c (r - c/2).
    r = z - t
    cut = r.clamp(-1.0, 1.0)
    losses = r.sub_(cut, alpha=0.5).mul_(cut).squeeze(1)
    if gradient:
        torch.mul(cut, 1.0 / z.shape[2], out=z)
    return losses


def one_hot(y: Tensor, room: Tensor) -> Tensor:
    """Return labels y (B,) as (C, B) of zeros and ones, in `room`; numbers as (1, B)."""
    return y.unsqueeze(0) if y.is_floating_point() else room.zero_().scatter_(0, y.unsqueeze(0), 1.0)


def answers_of(logits: Tensor, y: Tensor, dim: int) -> Tensor:
    """Return hits where y (B,) are labels, and the predictions themselves where they are numbers.

    Args:
        logits: Of any shape whose dimension `dim` is that of classes.
        y: (B,)
        dim: It is gone from what is returned.
    """
    return logits.select(dim, 0).clone() if y.is_floating_point() else logits.argmax(dim) == y


LOSSES: dict[Loss, Callable[[Tensor, Tensor, bool], Tensor]] = {
    "cross_entropy": _cross_entropy,
    "nll": _cross_entropy,  # -log p_y of p = softmax(z): the same number by another name
    "squared_error": _squared_error,
    "mse": _mse,
    "mae": _mae,
    "huber": _huber,
}


# --- for autograd -----------------------------------------------------------------------------------------------------


def losses_of(loss: Loss, logits: Tensor, y: Tensor, targets: Tensor | None = None) -> Tensor:
    """Return the loss of every example: logits (L, B, C) and y (B,) to (L, B).

    With `targets` (L or 1, C, B) it is the cross entropy to them, whatever the labels.
    """
    if targets is not None:
        return -(logits.log_softmax(2) * targets.transpose(1, 2)).sum(2)
    if loss in ("cross_entropy", "nll"):
        return -logits.log_softmax(2).gather(2, y.expand(len(logits), -1).unsqueeze(2)).squeeze(2)
    if y.is_floating_point():
        z, t = logits.squeeze(2), y.to(logits.dtype).expand(len(logits), -1)
        if loss == "huber":
            return nn.functional.huber_loss(z, t, reduction="none")
        return (z - t).square() if loss == "mse" else (z - t).abs()
    hot = nn.functional.one_hot(y, logits.shape[2]).to(logits.dtype)
    return (logits.softmax(2) - hot).square().sum(2)
