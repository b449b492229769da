"""The residual network: a built-in family made of an ordinary module."""

from pathlib import Path

import pytest
import torch

from models.config.messages import LaneSpec
from models.config.optimizers import SGD, AdamW
from models.config.recipe import Recipe
from models.datasets.batches import BatchSource
from models.datasets.source import locate, training_examples
from models.datasets.split import normalisation, split
from models.engine.engine import Engine
from models.errors import UserError
from models.families.resnet import Resnet
from models.files.model_description import Model
from models.files.model_file import load_module, write_model
from models.seeds import derive
from search import Float, Int, NoPruner, Study, run_study
from tests.support.lanes import assert_close, metrics_of, train_alone

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
SHAPE = (1, 28, 28)


@pytest.fixture(scope="module")
def sources() -> tuple[BatchSource, BatchSource]:
    """100 handwritten digits to train on, in minibatches of 40, 40 and 20, and 50 to score."""
    found = locate("digits", None)
    assert found is not None
    examples = training_examples(found)
    trained, scored = split(examples.labels, 1 / 6, 0)
    normal = normalisation(examples.inputs, trained)
    return BatchSource(examples, trained[:100], normal, CPU), BatchSource(examples, scored[:50], normal, CPU)


def recipe(optimizer: SGD | AdamW = SGD(momentum=0.9)) -> Recipe:  # noqa: B008 - frozen
    return Recipe(family=Resnet(), optimizer=optimizer, batch_size=40, epochs=2)


def spec(lane: int, hidden: int = 3, **more: int) -> LaneSpec:
    parameters = {"learning_rate": 0.01 * (lane + 1), "weight_decay": 1e-3, "hidden": hidden, **more}
    return LaneSpec(lane=lane, parameters=parameters, seed=derive(0, "initial", lane))


def engine(sources: tuple[BatchSource, BatchSource], of: Recipe) -> Engine:
    return Engine(of, of.make_family(SHAPE, 10), *sources, CPU)


def test_it_is_as_deep_as_its_blocks() -> None:
    def convolutions(blocks: int) -> int:
        module = Resnet(blocks=blocks).build(SHAPE, 10, {"hidden": 2})
        return sum(isinstance(layer, torch.nn.Conv2d) for layer in module.modules())

    # One at first, two a block in three stages, and two projections where the stage changes.
    assert [convolutions(blocks) for blocks in (1, 2, 3)] == [9, 15, 21]


def test_a_block_that_is_searched_counts() -> None:
    family = Resnet(blocks=3)
    searched = family.build(SHAPE, 10, {"hidden": 2, "blocks": 1}).state_dict()
    assert searched.keys() == Resnet(blocks=1).build(SHAPE, 10, {"hidden": 2}).state_dict().keys()


def test_a_lane_learns_what_it_would_learn_alone(sources: tuple[BatchSource, BatchSource]) -> None:
    of = recipe()
    lanes, specs = engine(sources, of), [spec(0), spec(1, 4), spec(2, 3, blocks=2)]
    for one in specs:
        lanes.add(one)
    scores = [lanes.tick(tick) for tick in (1, 2)]
    for one in specs:
        model, loss = train_alone(of, of.make_family(SHAPE, 10), one, [1, 2], sources[0])
        assert_close(lanes.weights(one.lane), model)
        assert scores[-1][one.lane].train["loss"] == pytest.approx(loss, rel=1e-4)


def test_a_lane_has_the_same_bits_whatever_its_neighbours(sources: tuple[BatchSource, BatchSource]) -> None:
    alone, crowd = engine(sources, recipe(AdamW())), engine(sources, recipe(AdamW()))
    alone.add(spec(0))
    for one in (spec(1), spec(0), spec(2, 5)):
        crowd.add(one)
    for tick in (1, 2):
        assert metrics_of(alone.tick(tick)) == metrics_of([score for score in crowd.tick(tick) if score.lane == 0])


def test_a_model_file_is_built_and_read_without_code(sources: tuple[BatchSource, BatchSource], tmp_path: Path) -> None:
    lanes, file = engine(sources, recipe()), tmp_path / "model.safetensors"
    lanes.add(spec(0))
    (score,) = lanes.tick(1)
    about = Model(
        recipe=recipe(), parameters=spec(0).parameters, data="digits", data_sha256="", shape=SHAPE,
        classes=tuple("0123456789"), mean=(0.1,), std=(0.3,),
    )  # fmt: skip
    write_model(file, about, lanes.weights(0))
    ((_, x, y),) = list(sources[1].batches(1000))
    with torch.no_grad():
        logits = load_module(file)(x)
    assert score.validation["loss"] == pytest.approx(torch.nn.functional.cross_entropy(logits, y).item(), rel=1e-5)


def test_a_model_file_with_too_many_blocks_is_refused(sources: tuple[BatchSource, BatchSource], tmp_path: Path) -> None:
    lanes, file = engine(sources, recipe()), tmp_path / "model.safetensors"
    lanes.add(spec(0))
    about = Model(
        recipe=recipe(), parameters={"hidden": 3, "blocks": 10**9}, data="digits", data_sha256="", shape=SHAPE,
        classes=tuple("0123456789"), mean=(0.1,), std=(0.3,),
    )  # fmt: skip
    write_model(file, about, lanes.weights(0))
    with pytest.raises(UserError, match="cannot be built"):
        load_module(file)


def test_its_work_is_counted() -> None:
    work = [Resnet().flops_per_example(SHAPE, 10, {"hidden": hidden}) for hidden in (4, 8)]
    assert 3 < work[1] / work[0] < 4  # four times as many products, of which the first layer's are twice as many


@pytest.mark.slow
def test_a_study_of_it_is_searched(tmp_path: Path) -> None:
    study = Study(
        family=Resnet(blocks=1), data="digits", epochs=1, trials=2, engines=1, lanes=2, pruner=NoPruner(),
        space={"hidden": Int(2, 4), "learning_rate": Float(0.01, 0.1, log=True), "weight_decay": 0.0},
    )  # fmt: skip
    result = run_study(study, name="residual", storage=f"sqlite:///{tmp_path}/studies.db")
    assert len(result.trials) == 2
    assert set(result.trials["state"]) == {"complete"}


@pytest.mark.parametrize(("wrong", "message"), [({"blocks": 0}, "greater than"), ({"block": 2}, "not permitted")])
def test_a_slip_is_told(wrong: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Resnet(**wrong)  # type: ignore[arg-type]
