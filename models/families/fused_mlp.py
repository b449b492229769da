"""Lanes of perceptrons: layers with forward and backward written by hand, for many lanes at once.

All lanes see the same minibatch, so the first layers of all lanes are one matrix product whatever their widths, and so
is its gradient. Later hidden layers are one product per lane; the output layers are in models/ops/output_layers.py. No
autograd and no torch.nn: each gradient is derived beside its code and tested against autograd.

Letters: L lanes, B examples of the minibatch, I inputs, H hidden units of one lane, S hidden units of all lanes, C
classes. Activations are held units first, (S, B): a lane's units are then whole rows, so each lane's part of every
tensor is contiguous.

A lane has the same bits whoever stands beside it; the tests demand it. Two facts, both measured on one thread, make it
so: a product gives a lane of at least 4 rows the same bits wherever they stand in it, if the minibatch is not tiny; and
a product of one lane alone gives the same bits if its matrices begin at a multiple of 16 bytes. So lanes are padded to
a multiple of 4 rows with zeros (which stay zero under an activation with f(0) = 0, since such a unit neither sends nor
receives), each lane's logits begin at such an address, and a tiny last minibatch takes one product a lane.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from models.config.families import Precision
from models.config.losses import Loss
from models.families.base import FusedModel, Lane
from models.families.fused_tensors import LaneView, Matrix, fuse
from models.families.mlp_workspace import Workspace, rounded_up
from models.ops.activations import Activation, relu
from models.ops.dropout import dropout_masks
from models.ops.losses import LOSSES, answers_of, soft_cross_entropy
from models.ops.matmul import sums
from models.ops.optimizers.base import Block, LaneOptimizer
from models.ops.output_layers import output_layers

MIN_EXAMPLES = 16  # of a minibatch in a fused product


class FusedMlp(FusedModel):
    """Lanes of perceptrons of the same depth, trained in the same products.

    The tensors of a lane have the names of its module's: hidden1.weight (H, I), hidden1.bias (H,), hidden2.weight
    (H, H), ..., out.weight (C, H), out.bias (C,); without hidden layers out.weight is (C, I).

    Args:
        lanes: L of them, of any widths.
        depth: Hidden layers; 0 is softmax regression.
        activation: What follows each hidden layer; None without hidden layers.
        bias: Whether layers have biases.
        loss: The loss.
        precision: Of the factors of all products but those of the output layers.
        dropout: (L,) the share of hidden units that each lane drops; none if not given.
    """

    cuda_graph_safe = True

    def __init__(
        self,
        lanes: Sequence[Lane],
        depth: int,
        activation: Activation | None,
        bias: bool,
        loss: Loss,
        precision: Precision = "float32",
        dropout: Sequence[float] = (),
    ) -> None:
        low = torch.bfloat16 if precision == "bfloat16" else None
        self._activation = activation or relu  # of no layer without hidden ones
        self._loss, self._lanes = LOSSES[loss], len(lanes)
        self._classes = lanes[0].weights["out.weight"].shape[0]
        self._workspaces: dict[int, Workspace] = {}
        first = lanes[0].weights["hidden1.weight" if depth else "out.weight"]
        like, inputs = first, first.shape[1]
        self._dropout = dropout_masks(dropout, like)
        self.cuda_graph_safe = self._dropout is None or self._dropout.replayable
        number = torch.arange(len(lanes), device=like.device)
        widths = [lane.weights["hidden1.weight"].shape[0] if depth else self._classes for lane in lanes]
        padded = [rounded_up(width) for width in widths]
        ends = torch.tensor(padded).cumsum(0).tolist()
        self._rows = [slice(end - rows, end) for end, rows in zip(ends, padded, strict=True)]  # of S, one a lane
        self._activated_rows = self._rows if self._activation.lane_by_lane else [slice(None)]
        self._used = used = [
            slice(rows.start, rows.start + width) for rows, width in zip(self._rows, widths, strict=True)
        ]
        of_row = number.repeat_interleave(torch.tensor(padded, device=like.device))
        total, name = ends[-1], "hidden1" if depth else "out"

        first_block = fuse(f"{name}.weight", lanes, [LaneView(rows) for rows in used], (total, inputs), of_row)
        self._first, self._like = Matrix(first_block, low), first_block.weight
        self._dtype = low or self._like.dtype  # of what the first layer sees
        vectors = [LaneView(rows, form="vector") for rows in used]
        self._first_bias = fuse(f"{name}.bias", lanes, vectors, (total, 1), of_row) if bias else None
        self._middle: list[tuple[list[Matrix], Block | None]] = []  # per later hidden layer: (H, H) a lane, and (S, 1)
        for layer in range(2, depth + 1):
            views = [LaneView(slice(0, width), slice(width), "hidden") for width in widths]
            squares = [
                Matrix(fuse(f"hidden{layer}.weight", [lane], [view], (p, p), number[i : i + 1]), low)
                for i, (lane, view, p) in enumerate(zip(lanes, views, padded, strict=True))
            ]
            biases = fuse(f"hidden{layer}.bias", lanes, vectors, (total, 1), of_row) if bias else None
            self._middle.append((squares, biases))
        # The output layer lies transposed, a row for what each hidden unit sends out: its rows are then the units' too.
        self._last = self._last_bias = None
        self._output_layers = output_layers(self._rows, like, self._classes)
        if depth:
            transposed = [LaneView(rows, form="transposed") for rows in used]
            self._last = fuse("out.weight", lanes, transposed, (total, self._classes), of_row)
            classes = [slice(i * self._classes, (i + 1) * self._classes) for i in range(len(lanes))]
            per_class = number.repeat_interleave(self._classes)
            vectors = [LaneView(rows, form="vector") for rows in classes]
            shape = (len(lanes) * self._classes, 1)
            self._last_bias = fuse("out.bias", lanes, vectors, shape, per_class) if bias else None

    # --- forward

    def begin_tick(self, seed: int, examples: int) -> None:
        """Draw the masks of dropout in this epoch from a seed."""
        if self._dropout is not None:
            self._dropout.begin_tick(seed)

    def _drop(self, layer: int, space: Workspace, is_training: bool) -> Tensor:
        """Return what the layer above a hidden layer sees."""
        if self._dropout is None or not is_training:
            return space.hidden[layer]
        heights = [rows.stop - rows.start for rows in self._used]
        masks = self._dropout.masks(layer, heights, space.delta.shape[1])
        for rows, mask in zip(self._used, masks, strict=True):
            space.masks[layer][rows] = mask
        return torch.mul(space.hidden[layer], space.masks[layer], out=space.seen[layer])

    def _forward(self, x: Tensor, space: Workspace, is_training: bool) -> Tensor:
        """Return the logits (L, C, B) of x (B, I); `space` keeps what backward needs."""
        if x.shape[0] >= MIN_EXAMPLES:
            # (S, I) @ (I, B) -> (S, B): every lane's first layer in one product
            space.hidden[0] = self._first.input_product(x, space.hidden[0])
        else:
            for rows in self._rows:
                self._first.times(x.t(), out=space.hidden[0][rows], rows=rows)  # (H, I) @ (I, B) -> (H, B)
        h = space.hidden[0]
        if self._first_bias is not None:
            h.add_(self._first_bias.weight)
        if self._last is None:
            return h.view(self._lanes, -1, h.shape[1])[:, : self._classes]  # the rows are logits already
        self._activate(h, space.kept[0])
        below = self._drop(0, space, is_training)
        for layer, (squares, biases) in enumerate(self._middle, 1):
            above = space.hidden[layer]
            for square, rows in zip(squares, self._rows, strict=True):
                square.times(below[rows], out=above[rows])  # (H, H) @ (H, B) -> (H, B)
            if biases is not None:
                above.add_(biases.weight)
            self._activate(above, space.kept[layer])
            below = self._drop(layer, space, is_training)
        self._output_layers.logits(self._last.weight, below, space.z)
        if self._last_bias is not None:
            space.z.add_(self._last_bias.weight.view(self._lanes, self._classes, 1))
        return space.z

    def _activate(self, a: Tensor, kept: Tensor | None) -> None:
        for rows in self._activated_rows:
            self._activation.forward(a[rows], None if kept is None else kept[rows])

    def _activate_backward(self, dh: Tensor, layer: int, space: Workspace) -> Tensor:
        h, kept = space.hidden[layer], space.kept[layer]
        if self._dropout is not None:
            dh.mul_(space.masks[layer])
        for rows in self._activated_rows:
            self._activation.backward(dh[rows], h[rows], None if kept is None else kept[rows])
        return dh  # da by now

    # --- backward, from the loss down. With a = W h + b and da the gradient of the mean loss by a:
    #     dW = da h^T,  db = da 1,  dh = W^T da. Each dh is taken before its W moves.

    def step(
        self, x: Tensor, y: Tensor, optimizer: LaneOptimizer, targets: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Train one step; see `FusedModel`."""
        x = x.flatten(1).to(self._dtype)  # (B, I)
        space = self._workspace(x)
        if self._dropout is not None:
            self._dropout.start_step()
        z = self._forward(x, space, True)
        hot = space.one_hot(y)
        hits = answers_of(z, y, 1) if y.is_floating_point() else _unique_hits(z, hot)
        # z is dz from here on
        losses = self._loss(z, hot, True) if targets is None else soft_cross_entropy(z, targets, True)
        optimizer.start_step()
        if self._last is None:
            self._apply_first(space.hidden[0], x, optimizer)  # dz lies in the rows of the first layer
            return losses, hits
        dh = space.delta
        optimizer.apply(self._last, self._output_layers.backward(self._last.weight, space.seen[-1], z, dh))
        if self._last_bias is not None:
            optimizer.apply(self._last_bias, sums(z).view(-1, 1))
        for layer in range(len(self._middle), 0, -1):
            (squares, biases), above = self._middle[layer - 1], space.hidden[layer]
            da = self._activate_backward(dh, layer, space)
            if biases is not None:
                db = sums(da).unsqueeze(1)
            # `above` is not needed again: it takes the next dh, and the optimizer may overwrite the old one.
            for square, rows in zip(squares, self._rows, strict=True):
                square.transposed_times(da[rows], out=above[rows])  # dh = W^T da
                square.apply(da[rows], space.seen[layer - 1][rows].t(), optimizer)  # dW = da h^T
            if biases is not None:
                optimizer.apply(biases, db)
            dh = above
        self._apply_first(self._activate_backward(dh, 0, space), x, optimizer)
        return losses, hits

    def _apply_first(self, da: Tensor, x: Tensor, optimizer: LaneOptimizer) -> None:
        if self._first_bias is not None:
            optimizer.apply(self._first_bias, sums(da).unsqueeze(1))
        self._first.apply(da, x, optimizer)  # (S, B) @ (B, I): every lane's gradient in one product

    def score(self, x: Tensor, y: Tensor, logits: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return losses (L, B) and hits (L, B) without training; write the logits (L, B, C) to `logits` if given."""
        x = x.flatten(1).to(self._dtype)
        space = self._workspace(x)
        z = self._forward(x, space, False)
        hits = answers_of(z, y, 1)
        if logits is not None:
            logits.copy_(z.transpose(1, 2))
        return self._loss(z, space.one_hot(y), False), hits

    def weights_changed(self) -> None:
        """Renew the 16-bit copies."""
        for matrix in (self._first, *(square for squares, _ in self._middle for square in squares)):
            matrix.block.update_low()

    def _workspace(self, x: Tensor) -> Workspace:
        size = x.shape[0]
        if size not in self._workspaces:
            layers, keeps = 1 + len(self._middle), self._activation.keeps_input
            self._workspaces[size] = Workspace(
                self._like, layers, self._lanes, self._classes, size, keeps=keeps, drops=self._dropout is not None
            )
        return self._workspaces[size]


FAR = torch.finfo(torch.float32).max  # subtracted from the label's logit, it leaves the others above it


def _unique_hits(z: Tensor, hot: Tensor) -> Tensor:
    """Return where the label's logit is above all others, (L, C, B) -> (L, B): a tie is no hit.

    Two maxima are faster than an argmax over so few classes, which takes longer than the step's own small products;
    subtracting a huge value from the label's logit is faster than a mask.
    """
    return (z * hot).sum(1) > z.add(hot, alpha=-FAR).amax(1)
