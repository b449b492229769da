"""The gradients of fused_mlp.py, each against autograd and against finite differences, in float64."""

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.config.families import Linear, Mlp
from models.config.losses import Loss
from models.config.messages import LaneSpec
from models.config.registry import ACTIVATIONS
from models.families.base import Lane, initial_tensors
from models.families.fused_mlp import FusedMlp
from models.families.linear import LinearFamily
from models.families.mlp import MlpFamily
from models.ops.losses import LOSSES, losses_of
from models.ops.optimizers.base import Block

pytestmark = pytest.mark.usefixtures("one_thread")

INPUTS, CLASSES = 6, 4
WIDTHS = (3, 7, 1, 5)  # one a lane; those below ROWS stand among rows of zeros
LOSS_NAMES: tuple[Loss, ...] = ("cross_entropy", "nll", "squared_error")
MINIBATCHES = (7, 20)  # examples: a product a lane, and one for all


class Descent:
    """An optimizer of rate 1 without decay: a step subtracts the gradient from the weights."""

    def start_step(self) -> None:
        pass

    def apply(self, block: Block, gradient: Tensor) -> None:
        block.weight.sub_(gradient)

    def apply_outer_product(self, block: Block, delta: Tensor, inputs: Tensor) -> None:
        block.weight.addmm_(delta, inputs, alpha=-1)


def a_family(depth: int, activation: Any, bias: bool) -> MlpFamily | LinearFamily:
    if depth == 0:
        return LinearFamily(Linear(bias=bias), (1, 1, INPUTS), CLASSES)
    return MlpFamily(Mlp(depth=depth, activation=activation, bias=bias), (1, 1, INPUTS), CLASSES)


def some_lanes(family: MlpFamily | LinearFamily) -> list[Lane]:
    """A lane of every width, with weights in float64."""
    lanes = []
    for number, hidden in enumerate(WIDTHS):
        weights, _ = initial_tensors(family, {"hidden": hidden}, seed=number)
        spec = LaneSpec(lane=number, parameters={"hidden": hidden}, seed=number)
        lanes.append(Lane(spec, {name: tensor.double() for name, tensor in weights.items()}))
    return lanes


def examples(size: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(size)
    x = torch.randn(size, INPUTS, generator=generator, dtype=torch.float64)
    return x, torch.randint(0, CLASSES, (size,), generator=generator)


def module_of(family: MlpFamily | LinearFamily, lane: Lane) -> nn.Module:
    module = family.build(lane.spec.parameters).double()
    module.load_state_dict({name: tensor.clone() for name, tensor in lane.weights.items()})
    return module


CASES = [
    (depth, activation, bias, loss, size)
    for depth, activation, bias, loss, size in itertools.product(
        (0, 1, 2, 3), ACTIVATIONS.names(), (True, False), LOSS_NAMES, MINIBATCHES
    )
    if depth or activation == "relu"  # without hidden layers there is no activation
]
named = pytest.mark.parametrize(("depth", "activation", "bias", "loss", "size"), CASES)


@named
def test_gradients_are_those_of_autograd(depth: int, activation: str, bias: bool, loss: Loss, size: int) -> None:
    family = a_family(depth, activation, bias)
    lanes, (x, y) = some_lanes(family), examples(size)
    modules = [module_of(family, lane) for lane in lanes]
    losses, hits = FusedMlp(lanes, depth, ACTIVATIONS.load(activation), bias, loss).step(x, y, Descent())
    for lane, module, mine, hit in zip(lanes, modules, losses, hits, strict=True):
        logits = module(x)
        theirs = losses_of(loss, logits.unsqueeze(0), y)[0]
        gradients = torch.autograd.grad(theirs.mean(), list(module.parameters()))
        torch.testing.assert_close(mine, theirs.detach())  # float64: its own 1e-7
        others = logits.scatter(1, y.unsqueeze(1), -torch.inf).amax(1)
        assert torch.equal(hit, logits.gather(1, y.unsqueeze(1)).squeeze(1) > others)  # a tie is no answer
        for (name, before), gradient in zip(module.named_parameters(), gradients, strict=True):
            # A gradient read off weights of about 1 is rounded to 1e-16; a hundred sums of that stay below 1e-12.
            torch.testing.assert_close(before.detach() - lane.weights[name], gradient, rtol=0, atol=1e-12)


# A third hidden layer is a second one again, and the likelihood is the cross entropy: autograd has seen both above.
@pytest.mark.parametrize(
    ("depth", "activation", "bias", "loss", "size"), [case for case in CASES if case[0] < 3 and case[3] != "nll"]
)
def test_gradients_are_those_of_finite_differences(
    depth: int, activation: str, bias: bool, loss: Loss, size: int
) -> None:
    family = a_family(depth, activation, bias)
    lanes, (x, y) = some_lanes(family), examples(size)
    before = [{name: tensor.clone() for name, tensor in lane.weights.items()} for lane in lanes]
    if activation in ("relu", "leaky_relu"):
        for lane in lanes:
            assert_far_from_kinks(module_of(family, lane), x)
    fused = FusedMlp(lanes, depth, ACTIVATIONS.load(activation), bias, loss)
    fused.step(x, y, Descent())
    gradients = []
    for lane, weights in zip(lanes, before, strict=True):
        gradients.append({name: weights[name] - lane.weights[name] for name in weights})
        for name, tensor in weights.items():
            lane.weights[name].copy_(tensor)
    h = 1e-6
    for number, lane in enumerate(lanes):
        for name, tensor in lane.weights.items():
            for index in list(itertools.product(*map(range, tensor.shape)))[::3]:  # every third keeps the test short
                means = []
                for place in (h, -2 * h):
                    tensor[index] += place
                    means.append(fused.score(x, y)[0].mean(1))
                tensor[index] += h
                slope = (means[0] - means[1]) / (2 * h)
                # Central differences: h^2 of the third derivative, and 1e-16 / h of rounding.
                assert abs(slope[number] - gradients[number][name][index]) < 1e-8
                assert not slope[:number].any()  # what moves one lane moves no other
                assert not slope[number + 1 :].any()


def assert_far_from_kinks(module: nn.Module, x: Tensor) -> None:
    """Next to 0 a difference would straddle the corner of a ReLU; a unit that nothing reaches stays at 0 exactly."""
    for name, layer in module.named_children():
        x = layer(x)
        if name.startswith("hidden"):
            assert x[x != 0].abs().min() > 2e-5


def checked(forward: Any, *inputs: Tensor) -> bool:
    """torch's own check of a hand-written function: its backward against finite differences."""
    return torch.autograd.gradcheck(forward, inputs)


@pytest.mark.parametrize("name", LOSS_NAMES)
def test_a_loss_has_its_gradient(name: Loss) -> None:
    class Written(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, z: Tensor, hot: Tensor) -> Tensor:
            dz = z.clone()
            losses = LOSSES[name](dz, hot, True)
            ctx.save_for_backward(dz)
            return losses.mean(1)

        @staticmethod
        def backward(ctx: Any, *grad: Tensor) -> tuple[Tensor, None]:
            (dz,) = ctx.saved_tensors
            return dz * grad[0].view(-1, 1, 1), None

    z, hot = some_logits()
    assert checked(Written.apply, z.requires_grad_(), hot)


def some_logits() -> tuple[Tensor, Tensor]:
    """(2, 4, 5) logits of two lanes, and the labels (4, 5) as zeros and ones."""
    z = 2 * torch.randn(2, CLASSES, 5, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    return z, nn.functional.one_hot(torch.tensor([0, 3, 1, 1, 2]), CLASSES).double().t()


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("cross_entropy", lambda z, y: nn.functional.cross_entropy(z, y, reduction="none")),
        ("nll", lambda z, y: nn.functional.nll_loss(z.log_softmax(1), y, reduction="none")),
        (
            "squared_error",
            lambda z, y: nn.functional.mse_loss(
                z.softmax(1), nn.functional.one_hot(y, CLASSES).to(z), reduction="none"
            ).sum(1),
        ),
    ],
)
@pytest.mark.parametrize("scale", [1.0, 1e4], ids=["usual", "huge"])
def test_a_loss_is_torchs(name: Loss, theirs: Any, scale: float) -> None:
    z, hot = some_logits()
    y = hot.argmax(0)
    want = torch.stack([theirs(scale * lane.t(), y) for lane in z])
    torch.testing.assert_close(LOSSES[name](scale * z.clone(), hot, False), want)
    torch.testing.assert_close(losses_of(name, scale * z.transpose(1, 2), y), want)


def test_negative_log_likelihood_is_cross_entropy_by_another_name() -> None:
    assert LOSSES["nll"] is LOSSES["cross_entropy"]
