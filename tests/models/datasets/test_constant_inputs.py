"""Inputs that never change are trained as one, and every weight becomes what it would have become."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.config.augmentation import Flip
from models.config.families import Linear, Mlp, Precision
from models.config.messages import LaneSpec
from models.config.optimizers import SGD, Adam
from models.config.recipe import Recipe
from models.datasets.batches import BatchSource
from models.datasets.constant_inputs import ConstantInputs, find_constant_inputs
from models.datasets.source import Examples
from models.datasets.split import Normalisation
from models.engine.engine import Engine

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
SHAPE = (2, 6, 6)  # two channels, so that what never changes is no single number


def pictures(constant: int) -> Examples:
    """120 pictures of which the first so many inputs never change, and are no two the same."""
    draw = np.random.Generator(np.random.PCG64(constant))
    inputs: NDArray[np.uint8] = draw.integers(0, 256, (120, 72)).astype(np.uint8)
    inputs[:, :constant] = np.arange(constant)
    return Examples(inputs.reshape(-1, *SHAPE), draw.integers(0, 3, 120), ("a", "b", "c"))


def parts(constant: int) -> list[BatchSource]:
    normal = Normalisation((0.4, 0.5), (0.25, 0.2))
    chosen = np.split(np.arange(120), [90])
    return [BatchSource(pictures(constant), some, normal, CPU) for some in chosen]


def engine(recipe: Recipe, constant: int) -> Engine:
    trained, scored = parts(constant)
    return Engine(recipe, recipe.make_family(SHAPE, 3), trained, scored, CPU)


def found(constant: int) -> ConstantInputs | None:
    return parts(constant)[0].constant_inputs


def orders() -> list[LaneSpec]:
    return [
        LaneSpec(lane=lane, parameters={"learning_rate": rate, "weight_decay": decay, "hidden": hidden}, seed=lane)
        for lane, (rate, decay, hidden) in enumerate([(0.1, 0.0, 5), (0.02, 0.3, 9), (0.3, 0.05, 4)])
    ]


def trained(recipe: Recipe, constant: int, ticks: int = 3) -> Engine:
    made = engine(recipe, constant)
    for order in orders():
        made.add(order)
    for tick in range(1, ticks + 1):
        made.tick(tick)
    return made


def widths(made: Engine) -> set[int]:
    """How many columns the lanes' first weights have while they are trained."""
    return {lane.weights[str(made._family.input_weight)].shape[1] for lane in made._lanes.values()}


def test_what_never_changes_is_found() -> None:
    seen = found(40)
    assert seen is not None
    assert seen.constant.tolist() == list(range(40))
    assert seen.varying.tolist() == list(range(40, 72))
    assert len(seen.columns) == 48  # 32 that change, |c|, 0, and zeros up to a multiple of 16


def test_a_layer_that_would_not_be_narrower_stays() -> None:
    assert found(0) is None
    assert found(9) is None  # 63 and two more are 80 when rounded up


def test_what_changes_late_changes() -> None:
    inputs = np.zeros((1100, 64), np.uint8)
    inputs[1050, 0] = 1
    seen = find_constant_inputs(inputs, torch.ones(64), torch.zeros(64))
    assert seen is not None
    assert seen.varying.tolist() == [0]


def test_a_narrow_minibatch_says_the_same_as_a_wide_one() -> None:
    seen, part = found(40), parts(40)[0]
    assert seen is not None
    weight = torch.randn(7, 72)
    narrow, _ = seen.narrow(weight)
    for (_, x, _), (_, wide, _) in zip(part.narrowed(seen).batches(32), part.batches(32), strict=True):
        torch.testing.assert_close(x @ narrow.t(), wide.flatten(1) @ weight.t())


def test_weights_come_back() -> None:
    seen, weight = found(40), torch.randn(7, 72)
    assert seen is not None
    torch.testing.assert_close(seen.widen(*seen.narrow(weight)), weight)


def test_inputs_that_are_always_0_come_back_too() -> None:
    """As 0 after being normalised: no gradient reaches their weights."""
    seen, weight = (
        find_constant_inputs(np.full((4, 64), 7.0), torch.ones(64), torch.full((64,), -7.0)),
        torch.randn(3, 64),
    )
    assert seen is not None
    torch.testing.assert_close(seen.widen(*seen.narrow(weight)), weight)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("family", [Linear(), Mlp(depth=2)])
def test_every_weight_becomes_what_it_would_have_become(
    family: Linear | Mlp, precision: Precision, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Recipe(family=family, batch_size=32, precision=precision)
    narrow = trained(recipe, 40)
    with monkeypatch.context() as patched:
        patched.setattr(BatchSource, "constant_inputs", None)
        wide = trained(recipe, 40)
    assert (widths(narrow), widths(wide)) == ({48}, {72})
    least = 1e-5 if precision == "float32" else 3e-2
    for lane in range(3):
        for name, weight in wide.weights(lane).items():
            torch.testing.assert_close(narrow.weights(lane)[name], weight, rtol=least, atol=least)


class NotLinear(SGD):
    """Keeps nothing, but its steps are not linear in the gradient."""

    def is_plain(self, searched: Collection[str] = ()) -> bool:
        return False


@pytest.mark.parametrize("optimizer", [SGD(momentum=0.9), Adam(), NotLinear()])
def test_what_keeps_more_than_a_weight_trains_it_whole(optimizer: SGD | Adam) -> None:
    assert widths(trained(Recipe(family=Mlp(), optimizer=optimizer, batch_size=32), 40, 1)) == {72}


def test_moved_pictures_change_everywhere() -> None:
    recipe = Recipe(family=Mlp(), batch_size=32, augment=(Flip(),))
    assert widths(trained(recipe, 40, 1)) == {72}


def test_a_snapshot_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    recipe, file = Recipe(family=Mlp(), batch_size=32), tmp_path / "lanes.safetensors"
    through = trained(recipe, 40, 2)
    through.save(file)
    again = engine(recipe, 40)
    again.load(file)
    assert again.tick(3) != []
    through.tick(3)
    for lane in range(3):
        for name, weight in through.weights(lane).items():
            assert torch.equal(again.weights(lane)[name], weight)


def test_a_snapshot_of_wide_layers_is_taken_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As those were that know nothing of narrow ones."""
    recipe, file = Recipe(family=Mlp(), batch_size=32), tmp_path / "lanes.safetensors"
    with monkeypatch.context() as patched:
        patched.setattr(BatchSource, "constant_inputs", None)
        wide = trained(recipe, 40, 2)
        wide.save(file)
        wide.tick(3)
    narrow = engine(recipe, 40)
    narrow.load(file)
    narrow.tick(3)
    assert widths(narrow) == {48}
    for lane in range(3):
        for name, weight in wide.weights(lane).items():
            torch.testing.assert_close(narrow.weights(lane)[name], weight, rtol=1e-5, atol=1e-5)
