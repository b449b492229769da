"""What a recipe adds to a step, against torch's own loop; a lane has the same bits alone as beside others."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.config.base import Parameters
from models.config.families import Cnn, FamilyConfig, Mlp
from models.config.messages import LaneSpec
from models.config.optimizers import SGD, AdamW
from models.config.recipe import Recipe
from models.config.schedules import Cosine
from models.engine.engine import Engine
from models.engine.soft_targets import class_weights
from models.errors import UserError
from models.families.custom.module_family import ModuleFamily
from models.seeds import derive
from tests.support.lanes import torchs_optimizer
from tests.support.small_engines import CLASSES, CPU, SIZE, TICKS, engine, learnt, parts, spec

pytestmark = pytest.mark.usefixtures("one_thread")

WEIGHTS = (0.5, 1.0, 2.0, 3.0)


def by_torch(recipe: Recipe, spec: LaneSpec, side: int = 8) -> dict[str, Tensor]:
    """The weights after the same minibatches, by torch's own loss, clipping, schedules and averages."""
    torch.manual_seed(spec.seed)
    family, (train_set, _) = recipe.make_family((1, side, side), CLASSES), parts(side)
    model, steps = family.build(spec.parameters), 0
    optimizer = torchs_optimizer(recipe, model, spec)
    value = lambda name: recipe.value(name, spec.parameters)  # noqa: E731
    weight = None if recipe.class_weights is None else torch.tensor(WEIGHTS)
    criterion = nn.CrossEntropyLoss(weight, label_smoothing=value("label_smoothing"))
    decay = value("ema_decay")
    averaged = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(decay)
    )
    minibatches = math.ceil(100 / SIZE)
    total = recipe.epochs * math.ceil(minibatches / recipe.accumulate)
    rise = value("warmup") * total if isinstance(value("warmup"), float) else value("warmup")
    for tick in TICKS:
        seed = derive(recipe.seed, "shuffle", 0, tick)
        order = torch.randperm(100, generator=torch.Generator().manual_seed(seed))
        pending = 0
        for number, (_, x, y) in enumerate(train_set.batches(SIZE, order), 1):
            if recipe.mixup:
                draw = np.random.Generator(np.random.PCG64(derive(seed, "mixup", number)))
                share, index = draw.beta(recipe.mixup, recipe.mixup), torch.from_numpy(draw.permutation(len(y)))
                logits = model(share * x + (1 - share) * x[index])  # section 2 of arXiv 1710.09412, in its code's way
                loss = share * criterion(logits, y) + (1 - share) * criterion(logits, y[index])
            else:
                loss = criterion(model(x), y)
            loss.backward()
            pending += 1
            if pending < recipe.accumulate and number < minibatches:
                continue
            for parameter in model.parameters():
                assert parameter.grad is not None
                parameter.grad /= pending
            if (norm := value("clip_norm")) is not None:
                nn.utils.clip_grad_norm_(model.parameters(), norm)
            factor = recipe.schedule.factor(steps, total, spec.parameters)
            factor *= min(1.0, (steps + 1) / rise) if rise else 1.0
            optimizer.param_groups[0]["lr"] = 0.05 * factor
            optimizer.step()
            optimizer.zero_grad()
            averaged.update_parameters(model)
            steps, pending = steps + 1, 0
    last = averaged.module if decay else model
    return {name: tensor.detach() for name, tensor in last.named_parameters()}


def small_module(parameters: Parameters) -> nn.Module:
    hidden = int(parameters["hidden"])
    return nn.Sequential(nn.Flatten(), nn.Linear(64, hidden), nn.Tanh(), nn.Linear(hidden, CLASSES))


RECIPES: dict[str, dict[str, Any]] = {
    "plain": {},
    "label smoothing": {"label_smoothing": 0.2},
    "class weights": {"class_weights": WEIGHTS},
    "smoothing with class weights": {"label_smoothing": 0.2, "class_weights": WEIGHTS},
    "mixup": {"mixup": 0.4},
    "mixup with all": {"mixup": 1.0, "label_smoothing": 0.1, "class_weights": WEIGHTS},
    "warm-up in steps": {"warmup": 4},
    "warm-up as a share": {"warmup": 0.4},
    "warm-up of a schedule": {"warmup": 0.4, "schedule": Cosine(per="step")},
    "clipping": {"clip_norm": 0.5},
    "clipping of AdamW": {"clip_norm": 0.5, "optimizer": AdamW()},
    "accumulation": {"accumulate": 2, "schedule": Cosine(per="step")},
    "averages": {"ema_decay": 0.7},
    "everything": {
        "label_smoothing": 0.1, "class_weights": WEIGHTS, "mixup": 0.3, "warmup": 2, "clip_norm": 1.0, "accumulate": 2,
        "ema_decay": 0.5,
    },
}  # fmt: skip
NEIGHBOURS = (spec(1, 5), spec(2, 33))


@pytest.mark.parametrize(
    ("family", "name"),
    [*((Mlp(depth=2), name) for name in RECIPES), (Cnn(), "everything"), (Cnn(), "averages")],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_a_lane_learns_what_torch_makes_of_it(family: FamilyConfig, name: str) -> None:
    side = 20 if family == Cnn() else 8
    recipe = Recipe.model_validate(
        {"family": family, "batch_size": SIZE, "epochs": 2, "optimizer": SGD(momentum=0.5), **RECIPES[name]}
    )
    mine = learnt(recipe, spec(0), *NEIGHBOURS, side=side)[0]
    theirs = by_torch(recipe, spec(0), side)
    assert mine.keys() == theirs.keys()
    for weight, tensor in theirs.items():
        # float32 over six steps: rounding grows to about 1e-6; 2e-5 would still show a wrong factor.
        torch.testing.assert_close(mine[weight], tensor, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_lane_has_the_same_bits_alone(precision: str) -> None:
    recipe = Recipe.model_validate(
        {"family": Mlp(depth=2), "batch_size": SIZE, "precision": precision, **RECIPES["everything"]}
    )
    together = learnt(recipe, spec(0), *NEIGHBOURS)[0]
    alone = learnt(recipe, spec(0))[0]
    assert all(torch.equal(together[name], alone[name]) for name in alone)


def test_an_ordinary_module_learns_the_same() -> None:
    recipe = Recipe.model_validate({"family": Mlp(activation="tanh"), "batch_size": SIZE, **RECIPES["everything"]})
    made = Engine(recipe, ModuleFamily(small_module, frozenset({"hidden"})), *parts(8), CPU)
    for each in (spec(0), spec(1), spec(2, 7)):
        made.add(each)
    for tick in TICKS:
        made.tick(tick)
    for number, hidden in ((0, 12), (1, 12), (2, 7)):
        theirs = by_torch(recipe, spec(number, hidden)).values()
        for mine, tensor in zip(made.weights(number).values(), theirs, strict=True):
            torch.testing.assert_close(mine, tensor, rtol=2e-5, atol=2e-5)


SEARCHED: tuple[dict[str, Any], ...] = (
    {},
    {"label_smoothing": 0.3},
    {"label_smoothing": 0.1, "clip_norm": 0.3, "warmup": 3},
    {"ema_decay": 0.9, "warmup": 0.5},
)


def test_words_can_be_searched() -> None:
    recipe = Recipe(family=Mlp(), batch_size=SIZE, epochs=2)
    searched = ("label_smoothing", "clip_norm", "warmup", "ema_decay")
    specs = [spec(number, **words) for number, words in enumerate(SEARCHED)]
    together = learnt(recipe, *specs, searched=searched)
    for each in specs:
        alone = learnt(recipe, each, searched=searched)[each.lane]
        assert all(torch.equal(together[each.lane][name], alone[name]) for name in alone)
        for name, tensor in by_torch(recipe, each).items():
            if each.parameters.get("ema_decay"):
                torch.testing.assert_close(together[each.lane][name], tensor, rtol=2e-5, atol=2e-5)


def test_lanes_of_different_optimizers_learn_what_each_would_alone() -> None:
    recipe = Recipe(family=Mlp(), batch_size=SIZE, optimizer=SGD(momentum=0.5))
    searched = ("optimizer", "momentum", "beta1")
    specs = [
        spec(0, optimizer="sgd", momentum=0.9),
        spec(1, optimizer="adamw", beta1=0.8),
        spec(2, optimizer="lion"),
        spec(3, optimizer="sgd"),
    ]
    together = learnt(recipe, *specs, searched=searched)
    for each in specs:
        alone = learnt(recipe, each, searched=searched)[each.lane]
        assert all(torch.equal(together[each.lane][name], alone[name]) for name in alone)
    fixed = Recipe(family=Mlp(), batch_size=SIZE, optimizer=AdamW(betas=(0.8, 0.999)))
    theirs = learnt(fixed, spec(1), searched=("beta1",))[1]
    for name, tensor in theirs.items():
        torch.testing.assert_close(together[1][name], tensor, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_averaged_weights_are_scored_and_kept_through_a_snapshot(tmp_path: Any, precision: Any) -> None:
    recipe = Recipe(family=Mlp(depth=2), batch_size=SIZE, ema_decay=0.8, precision=precision)
    made, other = engine(recipe, spec(0)), engine(recipe)
    made.tick(1)
    made.save(tmp_path / "lanes")
    other.load(tmp_path / "lanes")
    (one,), (two,) = made.tick(2), other.tick(2)
    assert (one.train, one.validation) == (two.train, two.validation)
    module = recipe.make_family((1, 8, 8), CLASSES).build(spec(0).parameters)
    module.load_state_dict(made.weights(0))
    ((_, x, y),) = parts(8)[1].batches(40)
    with torch.no_grad():
        loss = nn.functional.cross_entropy(module(x), y).item()
    assert one.validation["loss"] == pytest.approx(loss, rel=1e-5 if precision == "float32" else 2e-2)


def test_classes_are_balanced_as_in_scikit_learn() -> None:
    from sklearn.utils.class_weight import compute_class_weight

    labels = np.repeat(np.arange(4), (50, 30, 15, 5))
    expected = compute_class_weight("balanced", classes=np.arange(4), y=labels)
    mine = class_weights(Recipe(family=Mlp(), class_weights="balanced"), torch.from_numpy(np.bincount(labels)))
    assert mine is not None
    np.testing.assert_allclose(mine.numpy(), expected, rtol=1e-6)


def test_too_few_class_weights_are_told() -> None:
    with pytest.raises(UserError, match="class_weights has 2 weights, and the data have 4 classes"):
        class_weights(Recipe(family=Mlp(), class_weights=(1.0, 2.0)), torch.ones(4))
