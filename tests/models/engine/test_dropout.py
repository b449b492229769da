"""Dropout and padding of the families with hand-written gradients, against ordinary modules with the same masks."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.config.base import Parameters
from models.config.families import Cnn, FamilyConfig, Mlp
from models.config.recipe import Recipe
from models.ops.dropout import DropoutMasks, HashedMasks, _mixed
from models.seeds import derive
from tests.support.small_engines import CLASSES, SIZE, TICKS, engine, learnt, parts, spec

pytestmark = pytest.mark.usefixtures("one_thread")

RATE = 0.4


class FixedMask(nn.Module):
    """Multiplies by the mask of a layer of this step."""

    def __init__(self, masks: DropoutMasks, layer: int) -> None:
        super().__init__()
        self._masks, self._layer = masks, layer

    def forward(self, h: Tensor) -> Tensor:
        (mask,) = self._masks.masks(self._layer, [h.shape[1]], len(h))
        return h * mask.t()


def by_autograd(recipe: Recipe, lane: Any, side: int, first: int) -> dict[str, Tensor]:
    """The weights of an ordinary module whose Dropout layers, numbered from `first`, have the lane's masks."""
    torch.manual_seed(lane.seed)
    model = recipe.make_family((1, side, side), CLASSES).build(lane.parameters)
    assert isinstance(model, nn.Sequential)
    masks, layer = DropoutMasks([RATE], torch.empty(0)), first
    for name, module in list(model.named_children()):
        if isinstance(module, nn.Dropout):
            assert module.p == RATE
            setattr(model, name, FixedMask(masks, layer))
            layer += 1
    optimizer = torch.optim.SGD(model.parameters(), 0.05, weight_decay=1e-3)
    for tick in TICKS:
        seed = derive(recipe.seed, "shuffle", 0, tick)
        masks.begin_tick(derive(seed, "masks"))
        order = torch.randperm(100, generator=torch.Generator().manual_seed(seed))
        for _, x, y in parts(side)[0].batches(SIZE, order):
            masks.start_step()
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
    return {name: tensor.detach() for name, tensor in model.named_parameters()}


@pytest.mark.parametrize(
    ("family", "side", "first"),
    [
        (Mlp(depth=3, activation="tanh", dropout=RATE), 8, 0),
        (Mlp(dropout=RATE, bias=False), 8, 0),
        (Cnn(dropout=RATE), 20, 1),
        (Cnn(dropout=RATE, padding="same"), 9, 1),
    ],
    ids=["tanh", "relu", "cnn", "padded-cnn"],
)
def test_a_lane_learns_what_a_module_with_its_masks_would(family: FamilyConfig, side: int, first: int) -> None:
    recipe = Recipe(family=family, batch_size=SIZE)
    mine = learnt(recipe, spec(0), spec(1, 5), side=side)[0]
    theirs = by_autograd(recipe, spec(0), side, first)
    for name, tensor in theirs.items():
        torch.testing.assert_close(mine[name], tensor, rtol=2e-5, atol=2e-5)


LANES: tuple[Parameters, ...] = ({"dropout": 0.0}, {"dropout": 0.5}, {"dropout": 0.2})


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize(("family", "side"), [(Mlp(depth=2), 8), (Cnn(padding="same"), 9)], ids=["mlp", "cnn"])
def test_a_searched_dropout_leaves_a_lane_its_own_bits(family: FamilyConfig, side: int, precision: Any) -> None:
    recipe = Recipe(family=family, batch_size=SIZE, precision=precision)
    specs = [spec(number, 5 + 7 * number, **lane) for number, lane in enumerate(LANES)]
    together = learnt(recipe, *specs, side=side, searched=("dropout",))
    for each in specs:
        alone = learnt(recipe, each, side=side, searched=("dropout",))[each.lane]
        assert all(torch.equal(together[each.lane][name], alone[name]) for name in alone)
    without = learnt(recipe, spec(0, 5), side=side)[0]
    assert all(torch.equal(together[0][name], without[name]) for name in without)


def test_lanes_of_different_padding_train_in_groups_of_their_own() -> None:
    recipe = Recipe(family=Cnn(), batch_size=SIZE)
    specs = [spec(0, 4, padding="same"), spec(1, 4), spec(2, 4, padding="same")]
    together = engine(recipe, *specs, side=20, searched=("padding",))
    together.tick(1)
    assert {name: tuple(tensor.shape) for name, tensor in together.weights(0).items()}["out.weight"] == (4, 8 * 25)
    assert {name: tuple(tensor.shape) for name, tensor in together.weights(1).items()}["out.weight"] == (4, 8)


def test_nothing_is_dropped_while_lanes_are_scored() -> None:
    recipe = Recipe(family=Mlp(dropout=0.5), batch_size=SIZE)
    made = engine(recipe, spec(0))
    (score,) = made.tick(1)
    model = recipe.make_family((1, 8, 8), CLASSES).build(spec(0).parameters).eval()
    model.load_state_dict(made.weights(0))
    ((_, x, y),) = parts(8)[1].batches(40)
    with torch.no_grad():
        assert score.validation["loss"] == pytest.approx(nn.functional.cross_entropy(model(x), y).item(), rel=1e-5)


@pytest.mark.parametrize("kind", [DropoutMasks, HashedMasks])
def test_masks_keep_the_share_that_they_say(kind: type[DropoutMasks]) -> None:
    masks = kind([0.0, 0.25], torch.empty(0))
    masks.start_step()
    everything, some = masks.masks(0, [10, 1000], 100)
    assert torch.equal(everything, torch.ones(10, 100))
    assert sorted(some.unique().tolist()) == pytest.approx([0.0, 1 / 0.75])
    assert (some > 0).double().mean().item() == pytest.approx(0.75, abs=0.005)  # 3.6 standard deviations of 100,000


def test_a_hash_differs_by_all_that_it_is_of_and_not_by_how_much_is_drawn() -> None:
    def draws(tick: int = 1, step: int = 1, layer: int = 0, units: int = 40, examples: int = 50) -> Tensor:
        masks = HashedMasks([0.5], torch.empty(0))
        masks.begin_tick(tick)
        for _ in range(step):
            masks.start_step()
        return masks._draws(layer, units, examples)

    first = draws()
    assert torch.equal(first, draws(units=90)[:40])
    assert torch.equal(first, draws(examples=70)[:, :50])
    others = [draws(tick=2), draws(step=2), draws(layer=1), draws(tick=2**62)]
    for other in (*others, first.flip(0), first.flip(1), first.roll(1, 0), first.roll(1, 1)):
        # 2,000 pairs of independent numbers: a correlation above .1 is more than four standard deviations.
        assert abs(torch.corrcoef(torch.stack([first.flatten(), other.flatten()]))[0, 1]) < 0.1
    assert first.min() >= 0
    assert first.max() < 1
    assert first.mean().item() == pytest.approx(0.5, abs=0.03)  # over four standard deviations


def test_a_hash_is_that_of_its_authors() -> None:
    # java.util.SplittableRandom's first three numbers from the seed 0.
    expected = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert [number % 2**64 for number in _mixed(torch.arange(3)).tolist()] == expected
