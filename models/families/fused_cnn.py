"""Lanes of convolutional networks, forward and backward by hand.

The second convolution, of 7 x 7 taps, is most of the arithmetic: in float32 it is done among frequencies, in a fraction
of the multiplications (models/ops/convolution.py). An ordinary loop spends much of the rest on copies, indices and
memory allocated at every step. Here the first convolution leaves the four members of all pooling windows apart from
each other, so that pooling is three maxima of whole tensors, in memory that is kept, and what is pooled lies as the
second one takes it. No autograd: each gradient is derived beside its code and tested against it.

The lanes share the patches of the pictures, cut once a minibatch; from there each goes its own way, so that its bits
are its own whoever stands beside it, whatever the width, in either precision.

Letters: B examples of the minibatch, I channels of a picture, H channels of the first convolution (the second has
2 H), P places in a picture after the first pooling, Q after the second, C classes, L lanes.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from models.config.losses import Loss
from models.families.base import FusedModel, Lane, Weights
from models.families.cnn_workspace import PADDINGS, PATCH, Patches, Workspace, windows_of
from models.ops.dropout import dropout_masks
from models.ops.losses import LOSSES, answers_of, one_hot, soft_cross_entropy
from models.ops.optimizers.base import Block, HiddenMatrix, LaneOptimizer
from models.ops.pooling import keep_positive, pool, unpool

if TYPE_CHECKING:
    from models.families.cnn import CnnFamily

SCORED_TOGETHER = 125  # pictures that are scored in one product: activations still fit in cache


class FusedCnn(FusedModel):
    """Lanes of convolutional networks that see the same patches.

    In bfloat16, pictures, activations and their gradients are of 16 bits, and so are the copies of the filters that
    they meet; the weights themselves, their gradients, the optimizer and the linear layer stay in float32.
    """

    def __init__(self, family: "CnnFamily", lanes: Sequence[Lane], loss: Loss) -> None:
        like = lanes[0].weights["out.weight"]
        self._family, self._padding = family, family.config.padding_of(lanes[0].spec.parameters)
        self._dtype = torch.bfloat16 if family.precision == "bfloat16" else like.dtype
        numbers = torch.arange(len(lanes), device=like.device)
        self._nets = [_Net(lane, numbers[i : i + 1], loss) for i, lane in enumerate(lanes)]
        rates = [family.config.dropout_of(lane.spec.parameters) for lane in lanes]
        self._dropout = dropout_masks(rates, like)
        self.cuda_graph_safe = self._dropout is None or self._dropout.replayable
        self._workspaces: dict[tuple[int, int], Workspace] = {}  # by width and minibatch size

    def begin_tick(self, seed: int, examples: int) -> None:
        """Draw the masks of dropout in this epoch from a seed."""
        if self._dropout is not None:
            self._dropout.begin_tick(seed)

    def step(
        self, x: Tensor, y: Tensor, optimizer: LaneOptimizer, targets: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Train one step; see `FusedModel`."""
        patches, hot = self._patches(x), self._one_hot(y)
        soft = [None] * len(self._nets) if targets is None else targets.expand(len(self._nets), -1, -1).unbind()
        masks: Sequence[Tensor | None] = [None] * len(self._nets)
        if self._dropout is not None:
            self._dropout.start_step()
            masks = self._dropout.masks(1, [net.seen for net in self._nets], len(x))
        optimizer.start_step()
        pairs = [
            net.step(patches, y, hot, self._workspace(net, len(x)), optimizer, own, mask)
            for net, own, mask in zip(self._nets, soft, masks, strict=True)
        ]
        losses, hits = zip(*pairs, strict=True)
        return torch.stack(losses), torch.stack(hits)

    def score(self, x: Tensor, y: Tensor, logits: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return losses (L, B) and hits (L, B) without training; write the logits (L, B, C) to `logits` if given."""
        chunks = []
        for begin in range(0, len(x), SCORED_TOGETHER):
            some_x, some_y = x[begin : begin + SCORED_TOGETHER], y[begin : begin + SCORED_TOGETHER]
            patches, hot = self._patches(some_x), self._one_hot(some_y)
            outputs = (
                [None] * len(self._nets) if logits is None else logits[:, begin : begin + SCORED_TOGETHER].unbind()
            )
            pairs = [
                net.score(patches, some_y, hot, self._workspace(net, len(some_x)), output)
                for net, output in zip(self._nets, outputs, strict=True)
            ]
            losses, hits = zip(*pairs, strict=True)
            chunks.append((torch.stack(losses), torch.stack(hits)))
        losses, hits = zip(*chunks, strict=True)
        return torch.cat(losses, 1), torch.cat(hits, 1)

    def _patches(self, x: Tensor) -> Patches:
        """Cut x (B, I, height, width) into all that each first pooling window sees."""
        x = x.to(self._dtype)
        if around := PADDINGS[self._padding][0]:
            x = nn.functional.pad(x, (around,) * 4)
        rows, columns = self._family.pooled_sizes(self._padding)[0]
        x = x.permute(1, 2, 3, 0).contiguous()  # (I, height, width, B)
        cut = x.unfold(1, PATCH, 2).unfold(2, PATCH, 2)[:, :rows, :columns]  # (I, rows, columns, B, 6, 6), a view
        patches = x.new_empty(len(cut) * PATCH * PATCH + 1, rows * columns * x.shape[-1])
        patches[:-1].view(-1, PATCH, PATCH, rows, columns, x.shape[-1]).copy_(cut.permute(0, 4, 5, 1, 2, 3))
        patches[-1].fill_(1)
        return Patches(patches, patches.t().contiguous())

    def _one_hot(self, y: Tensor) -> Tensor:
        """Return labels y (B,) as (C, B) of zeros and ones; numbers as (1, B)."""
        return one_hot(y, self._nets[0].like.new_empty(self._family.classes, len(y)))

    def _workspace(self, net: "_Net", size: int) -> "Workspace":
        key = (net.hidden, size)
        if key not in self._workspaces:
            like = net.like.new_empty(0, dtype=self._dtype)
            self._workspaces[key] = Workspace(self._family, self._padding, net.hidden, size, like)
        return self._workspaces[key]


class _Net:
    """One lane. All its weights lie in one column, so that its optimizer's step is one pass over them."""

    def __init__(self, lane: Lane, number: Tensor, loss: Loss) -> None:
        names = sorted(lane.weights)  # whatever order they came in, from a module or a snapshot

        def in_column(tensors: Weights) -> tuple[Tensor, Weights]:
            column = torch.cat([tensors[name].reshape(-1, 1) for name in names])
            pieces = torch.split_with_sizes(column, [tensors[name].numel() for name in names])
            return column, {name: piece.view_as(tensors[name]) for name, piece in zip(names, pieces, strict=True)}

        column, lane.weights = in_column(lane.weights)
        sizes = {name: lane.weights[name].numel() for name in names}
        begin, second = sum(sizes[name] for name in names if name < "conv2.weight"), lane.weights["conv2.weight"]
        hidden = HiddenMatrix(slice(begin, begin + second.numel()), slice(None), len(second))
        self._block = Block(column, number, hidden=(hidden,))
        for key, kept in lane.state.items():
            self._block.state[key], lane.state[key] = in_column(kept)
        self._gradient, self._gradients = in_column(lane.weights)
        self._weights, self._loss = lane.weights, LOSSES[loss]
        self.like = column
        self.hidden = len(lane.weights["conv1.bias"])
        self.seen = lane.weights["out.weight"].shape[1]  # inputs of the linear layer

    def step(
        self,
        patches: Patches,
        y: Tensor,
        hot: Tensor,
        space: Workspace,
        optimizer: LaneOptimizer,
        targets: Tensor | None,
        mask: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        """Train one step; return losses (B,) and hits (B,) from before it."""
        mask = None if mask is None else self._by_place(mask.t())
        z, h2, windows2 = self._forward(patches, space, mask)
        hits = answers_of(z, y, 0)
        if targets is None:
            losses = self._loss(z.unsqueeze(0), hot, True).squeeze(0)
        else:
            losses = soft_cross_entropy(z.unsqueeze(0), targets.unsqueeze(0), True).squeeze(0)
        self._backward(z, h2, windows2, patches, space, mask)  # z holds dz now
        optimizer.apply(self._block, self._gradient)
        return losses, hits

    def score(
        self, patches: Patches, y: Tensor, hot: Tensor, space: Workspace, logits: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Return losses (B,) and hits (B,); write the logits (B, C) to `logits` if given."""
        z, *_ = self._forward(patches, space)
        if logits is not None:
            logits.copy_(z.t())
        hits = answers_of(z, y, 0)
        return self._loss(z.unsqueeze(0), hot, False).squeeze(0), hits

    def _forward(self, patches: Patches, space: Workspace, mask: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Return the logits (C, B), what the linear layer saw, (B, Q 2 H), and the windows of the second pooling.

        The rest stays in the space. Convolution and cutting into pooling windows are one product. Member (r, c) of the
        window at (y, x) is
            a[r, c] = b + sum_ij w[i, j] picture[2y + r + i, 2x + c + j] = b + sum_uv w[u - r, v - c] patch[u, v],
        u and v from 0 to 5, so the four members are the products of one patch with four shifted filters.
        ReLU comes after the pooling: being monotonic it changes places with the maximum, on a quarter of the numbers.
        """
        w = self._weights
        for shifted in space.shifted:
            shifted.copy_(w["conv1.weight"])
        space.filters[:, :, -1] = w["conv1.bias"]
        for member, filters in zip(space.windows1.flatten(0, 1), space.filters.flatten(0, 1), strict=True):
            torch.mm(patches.places, filters, out=member)  # (P B, I 36 + 1) @ (I 36 + 1, H) -> (P B, H)
        pool(space.windows1, space.winners1, space.hidden1).clamp_min_(0)

        y = space.convolution2.forward(space.pictures1, w["conv2.weight"])
        windows2 = windows_of(y)
        # A bias is the same for all members of a window, so it can wait for the largest one.
        pool(windows2, space.winners2, space.hidden2).add_(w["conv2.bias"]).clamp_min_(0)
        h2 = space.hidden2.flatten(0, 1).transpose(0, 1).flatten(1).to(w["out.weight"].dtype)
        if mask is not None:
            h2 = h2 * mask
        return torch.addmm(w["out.bias"].unsqueeze(1), self._by_place(w["out.weight"]), h2.t()), h2, windows2

    def _by_place(self, by_channel: Tensor) -> Tensor:
        """Return what is (n, 2 H Q) with the channels of a place side by side: (n, Q 2 H)."""
        return by_channel.reshape(len(by_channel), 2 * self.hidden, -1).transpose(1, 2).flatten(1)

    def _backward(
        self, dz: Tensor, h2: Tensor, windows2: Tensor, patches: Patches, space: Workspace, mask: Tensor | None
    ) -> None:
        """Write the gradient of the mean loss by all weights, from dz (C, B), that by the logits.

        With a = W h + b:  dW = da h^T,  db = da 1,  dh = W^T da; a convolution is such a product over its patches.
        """
        w, g, hidden = self._weights, self._gradients, self.hidden
        by_place = torch.mm(dz, h2).view(len(dz), -1, 2 * hidden)  # (C, Q, 2 H)
        g["out.weight"].view(len(dz), 2 * hidden, -1).copy_(by_place.transpose(1, 2))
        torch.sum(dz, 1, out=g["out.bias"])
        dh2 = torch.mm(dz.t(), self._by_place(w["out.weight"]))  # (B, Q 2 H)
        dh2 = dh2 if mask is None else dh2 * mask
        dh2 = dh2.view(len(dh2), -1, 2 * hidden).transpose(0, 1).to(space.hidden2.dtype).reshape(space.hidden2.shape)
        torch.sum(keep_positive(dh2, space.hidden2, out=dh2).flatten(0, 2).to(dz.dtype), 0, out=g["conv2.bias"])
        unpool(dh2, windows2, space.winners2)
        dh1, dw2 = space.convolution2.backward()  # windows2 are a view of its y
        g["conv2.weight"].copy_(dw2)

        dh1 = dh1.reshape(space.hidden1.shape)
        unpool(keep_positive(dh1, space.hidden1, out=dh1), space.windows1, space.winners1)
        members = zip(space.windows1.flatten(0, 1), space.filters_gradient.flatten(0, 1), strict=True)
        for member, gradient in members:  # the product above backwards: (I 36 + 1, P B) @ (P B, H)
            torch.mm(patches.pixels, member, out=gradient)
        # A filter's gradient is the sum over its shifts.
        torch.sum(torch.stack(space.shifted_gradient).to(dz.dtype), 0, out=g["conv1.weight"])
        torch.sum(space.filters_gradient[:, :, -1].to(dz.dtype), (0, 1), out=g["conv1.bias"])
