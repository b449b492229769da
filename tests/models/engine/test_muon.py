"""Muon in an engine: which weights count as hidden, and a lane has the same bits alone as beside others."""

from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from models.config.base import Parameters
from models.config.families import Cnn, FamilyConfig, Linear, Mlp
from models.config.messages import LaneSpec
from models.config.optimizers import AdamW, Muon
from models.config.recipe import Recipe
from models.engine.engine import Engine
from models.families.base import Family, Lane, Weights, initial_tensors
from models.families.custom.hidden_weights import hidden_weights
from models.families.custom.module_family import ModuleFamily
from models.ops.optimizers.base import Block, LaneOptimizer
from search.config.space import Choice, Float, Int
from search.config.study import Study
from tests.support.lanes import train_alone
from tests.support.small_engines import CLASSES, CPU, SIZE, TICKS, learnt, parts, spec

pytestmark = pytest.mark.usefixtures("one_thread")


class Watched(LaneOptimizer):
    """Keeps the hidden matrices of all blocks, and steps by none."""

    def __init__(self) -> None:
        self.matrices: list[Tensor] = []

    def start_step(self) -> None: ...

    def apply(self, block: Block, gradient: Tensor) -> None:
        assert gradient.shape == block.weight.shape
        self.matrices += [matrix.of(block.weight) for matrix in block.hidden]

    def apply_outer_product(self, block: Block, delta: Tensor, inputs: Tensor) -> None:
        self.apply(block, block.weight)


FAMILIES: dict[str, tuple[Any, dict[str, int]]] = {
    "mlp": (Mlp(depth=3), {"hidden2.weight": 6, "hidden3.weight": 6}),
    "cnn": (Cnn(), {"conv2.weight": 12}),
    "module": ("three_layers", {"3.weight": 9}),
    "modules one after another": ("alone", {"3.weight": 9}),
    "modules that are replayed": ("replayed", {"3.weight": 9}),
}


@pytest.mark.parametrize("name", FAMILIES)
def test_optimizers_are_told_where_a_lanes_hidden_weights_lie(name: str) -> None:
    config, expected = FAMILIES[name]
    family: Family
    if isinstance(config, str):
        family = ModuleFamily(three_layers, frozenset({"hidden"}), vectorize=config == "three_layers")
    else:
        family = config.make((1, 20, 20), CLASSES)
    side = 8 if isinstance(config, str) else 20
    lanes = [Lane(each, *_weights(family, each)) for each in (spec(0, 6), spec(1, 6))]
    fused, watched = family.fuse(lanes, "cross_entropy"), Watched()
    fused.replayed = config == "replayed"
    fused.begin_tick(0, 8)
    fused.step(torch.randn(8, 1, side, side), torch.arange(8) % CLASSES, watched)
    for lane in lanes:
        for weight, rows in expected.items():
            own = lane.weights[weight].detach()
            assert any(
                each.data_ptr() == own.data_ptr() and torch.equal(each, own.reshape(rows, -1))
                for each in watched.matrices
            )
    assert len(watched.matrices) == len(lanes) * len(expected)


def _weights(family: Family, of: LaneSpec) -> tuple[Weights, dict[str, Weights]]:
    return initial_tensors(family, of.parameters, of.seed)[0], {}


def three_layers(parameters: Parameters) -> nn.Module:
    hidden = int(parameters["hidden"])
    layers = nn.Linear(64, hidden), nn.Tanh(), nn.Linear(hidden, 9), nn.Tanh(), nn.Linear(9, CLASSES)
    return nn.Sequential(nn.Flatten(), *layers)


def trained(*specs: LaneSpec) -> dict[int, dict[str, Tensor]]:
    recipe = Recipe(family=Mlp(), batch_size=SIZE, epochs=2, optimizer=Muon())
    made = Engine(recipe, ModuleFamily(three_layers, frozenset({"hidden"})), *parts(8), CPU)
    for each in specs:
        made.add(each)
    for tick in TICKS:
        made.tick(tick)
    return {each.lane: made.weights(each.lane) for each in specs}


def test_a_perceptron_learns_what_torch_makes_of_it() -> None:
    recipe = Recipe(family=Mlp(depth=3), batch_size=SIZE, epochs=2, optimizer=Muon())
    mine = learnt(recipe, spec(0, 6), spec(1, 4))
    for each in (spec(0, 6), spec(1, 4)):
        theirs = train_alone(recipe, recipe.make_family((1, 8, 8), CLASSES), each, TICKS, parts(8)[0])[0]
        for name, tensor in theirs.named_parameters():
            # Six steps of rate .05: orthogonalizing in 16 bits may round a float32's last bit to the next 1/256.
            torch.testing.assert_close(mine[each.lane][name], tensor.detach(), rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize(("family", "side"), [(Mlp(depth=3), 8), (Cnn(), 20)], ids=["mlp", "cnn"])
def test_a_lane_has_the_same_bits_alone(family: FamilyConfig, side: int, precision: Any) -> None:
    searched = ("momentum",)
    recipe = Recipe(family=family, batch_size=SIZE, optimizer=Muon(), precision=precision)
    together = learnt(recipe, spec(0, momentum=0.5), spec(1, 5), spec(2, 33), side=side, searched=searched)[0]
    alone = learnt(recipe, spec(0, momentum=0.5), side=side, searched=searched)[0]
    other = learnt(recipe, spec(0), side=side, searched=searched)[0]
    assert all(torch.equal(together[name], alone[name]) for name in alone)
    assert not all(torch.equal(together[name], other[name]) for name in other)


def test_a_module_beside_others_has_the_same_bits_alone() -> None:
    together, alone = trained(spec(0), spec(1), spec(2))[1], trained(spec(1))[1]
    assert all(torch.equal(together[name], alone[name]) for name in alone)


def test_without_hidden_weights_all_steps_are_adamws() -> None:
    muon = learnt(Recipe(family=Mlp(), batch_size=SIZE, optimizer=Muon()), spec(0))[0]
    adamw = learnt(Recipe(family=Mlp(), batch_size=SIZE, optimizer=AdamW(betas=(0.9, 0.95))), spec(0))[0]
    assert all(torch.equal(muon[name], adamw[name]) for name in adamw)


def test_more_rows_than_a_strip_of_16_bits_are_one_matrix() -> None:
    recipe = Recipe(family=Mlp(depth=2), batch_size=SIZE, epochs=2, optimizer=Muon(), precision="bfloat16")
    wide = learnt(recipe, spec(0, 260))[0]["hidden2.weight"]
    first = recipe.make_family((1, 8, 8), CLASSES)
    torch.manual_seed(spec(0).seed)
    moved = wide - first.build(spec(0, 260).parameters).state_dict()["hidden2.weight"]
    # The sum of six steps, each with all singular values near 1: the rows do not lie in a few directions.
    values = torch.linalg.svdvals(moved)
    assert (values > 0.02 * values[0]).sum() > 0.5 * len(values)


def test_hidden_are_neither_the_first_nor_the_last_nor_embeddings() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.places = nn.Embedding(11, 6), nn.Embedding(5, 6)
            self.mark = nn.Parameter(torch.zeros(1, 1, 6))
            self.mix, self.norm, self.middle = nn.Linear(6, 8), nn.LayerNorm(8), nn.Conv1d(8, 4, 3)
            self.head = nn.Linear(4, 3)

    assert hidden_weights(Net()) == {"mix.weight": 8, "middle.weight": 4}
    assert hidden_weights(nn.Linear(3, 2)) == {}


SPACE = {"learning_rate": Float(1e-3, 1e-1, log=True), "weight_decay": 0.0, "hidden": Int(4, 32, log=True)}


@pytest.mark.parametrize(
    ("family", "space"), [(Mlp(), SPACE), (Linear(), {"learning_rate": Float(0.01, 0.1, log=True)})]
)
def test_a_family_without_hidden_weights_is_told(family: FamilyConfig, space: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=f"muon is for weights between .* {family.name} has none; choose AdamW"):
        Study(family=family, data="digits", space={"weight_decay": 0.0, **space}, optimizer="muon")


def test_muon_is_searched_for_beside_others() -> None:
    space = {**SPACE, "optimizer": Choice(("sgd", "muon")), "depth": Int(1, 3)}
    assert Study(family=Mlp(), data="digits", space=space).optimizer_of({"optimizer": "muon"}) == Muon()
