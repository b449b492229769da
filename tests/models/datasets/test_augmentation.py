"""Augmentation: what is moved, by whose draws, and what is left as it was."""

import copy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.config.augmentation import Augment, Cutout, Flip, Rotate, Shift
from models.config.families import Mlp
from models.config.messages import EpochMetrics, LaneSpec
from models.config.optimizers import SGD
from models.config.recipe import Recipe
from models.datasets.augmentation import Augmentation, check_movable
from models.datasets.batches import BatchSource
from models.datasets.source import Examples
from models.datasets.split import Normalisation
from models.engine.engine import Engine
from models.errors import UserError
from models.seeds import derive
from search import Choice, Float, Int, Study
from search.config.study_files import load
from search.record.fingerprint import fingerprint

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
ALL = (Shift(pixels=2), Flip(), Rotate(degrees=15))


def pictures(count: int, *shape: int) -> Tensor:
    return torch.randint(0, 256, (count, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))


def moved(given: Tensor, *words: Augment, seed: int = 0) -> Tensor:
    result = given.clone()
    Augmentation(words, given.shape[1:], seed).move(result)
    return result


@pytest.fixture(scope="module")
def part() -> BatchSource:
    """700 pictures of noise: with minibatches of 50, several are moved at a time and the last one is short."""
    inputs = pictures(700, 1, 8, 8).numpy()
    examples = Examples(inputs, np.arange(700) % 10, tuple("0123456789"))
    return BatchSource(examples, np.arange(680), Normalisation((0.5,), (0.25,)), CPU)


# --- what is moved ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_shift_is_by_whole_pixels_and_what_comes_in_is_black() -> None:
    one = pictures(1, 3, 5, 6)
    padded = nn.functional.pad(one, (2, 2, 2, 2))
    possible = [padded[0, :, top : top + 5, left : left + 6] for top in range(5) for left in range(5)]
    found = [
        next(i for i, it in enumerate(possible) if torch.equal(it, picture))
        for picture in moved(one.repeat(400, 1, 1, 1), Shift(pixels=2))
    ]
    assert set(found) == set(range(25))


def test_a_flip_is_left_for_right_every_other_time() -> None:
    one = pictures(1, 1, 4, 4)
    flipped = [not torch.equal(picture, one[0]) for picture in moved(one.repeat(128, 1, 1, 1), Flip())]
    assert all(torch.equal(it, one[0].flip(2)) for it in moved(one.repeat(128, 1, 1, 1), Flip())[flipped])
    assert 40 < sum(flipped) < 88  # 128 throws of a coin: four deviations of 5.7


def test_a_cutout_is_a_black_square_about_any_place_cut_off_at_the_edges() -> None:
    white = torch.full((1, 3, 6, 5), 255, dtype=torch.uint8)
    possible = []
    for y in range(6):
        for x in range(5):  # the authors' code: from the place less half the side, clipped to the picture
            picture = white[0].clone()
            picture[:, max(0, y - 2) : y + 2, max(0, x - 2) : x + 2] = 0
            possible.append(picture)
    cut = moved(white.repeat(600, 1, 1, 1), Cutout(pixels=4))
    assert {next(i for i, it in enumerate(possible) if torch.equal(it, picture)) for picture in cut} == set(range(30))


def test_a_rotation_turns_about_the_middle_by_no_more_than_asked() -> None:
    dot = torch.zeros(128, 1, 41, 41, dtype=torch.uint8)
    dot[:, :, 19:22, 34:37] = 255  # 15 pixels right of the middle
    turned = moved(dot, Rotate(degrees=30)).double()
    places = torch.arange(41.0, dtype=torch.float64) - 20
    total = turned.sum((1, 2, 3))
    x, y = ((turned * grid).sum((1, 2, 3)) / total for grid in (places, places.view(-1, 1)))
    angle = torch.rad2deg(torch.atan2(y, x))
    assert (x.hypot(y) - 15).abs().max() < 0.1
    assert angle.abs().max() < 30.5  # the dot's middle is found to half a degree
    assert angle.min() < -20 < 20 < angle.max()


def test_all_pictures_of_a_minibatch_are_moved_differently() -> None:
    alike = pictures(1, 1, 28, 28).repeat(128, 1, 1, 1)
    assert len(moved(alike, Rotate(degrees=90)).unique(dim=0)) == 128


def test_words_apply_in_the_order_written() -> None:
    stripe = torch.zeros(64, 1, 9, 9, dtype=torch.uint8)
    stripe[:, :, :, 0] = 255
    # Shifted first by up to 8, it is flipped where it then lies; flipped first, it can still be shifted out of sight.
    assert not torch.equal(moved(stripe, Shift(pixels=8), Flip()), moved(stripe, Flip(), Shift(pixels=8)))


def test_colours_of_a_picture_move_together() -> None:
    grey = pictures(64, 1, 12, 12)
    colours = moved(grey.repeat(1, 3, 1, 1), *ALL)
    assert torch.equal(colours[:, 0], colours[:, 1])
    assert torch.equal(colours[:, 0], colours[:, 2])


# --- by whose draws ---------------------------------------------------------------------------------------------------


def test_draws_follow_from_the_seed_alone() -> None:
    given = pictures(300, 1, 8, 8)
    torch.manual_seed(1)
    first = moved(given, *ALL)
    torch.manual_seed(2)
    assert torch.equal(first, moved(given, *ALL))
    assert not torch.equal(first, moved(given, *ALL, seed=1))


def test_draws_of_an_epoch_do_not_repeat_from_one_call_to_the_next() -> None:
    given = pictures(128, 1, 8, 8)
    moving = Augmentation((Rotate(degrees=90),), (1, 8, 8), 0)
    first, second = given.clone(), given.clone()
    moving.move(first)
    moving.move(second)
    assert not torch.equal(first, second)


def test_the_process_keeps_its_generator(part: BatchSource) -> None:
    before = torch.get_rng_state()
    list(part.batches(50, None, ALL, 0))
    assert torch.equal(before, torch.get_rng_state())


def test_large_pictures_are_moved_fewer_at_a_time() -> None:
    small, large = (Augmentation((Flip(),), shape, 0).span(100) for shape in ((1, 28, 28), (3, 224, 224)))
    assert (small, large) == (4100, 200)


# --- minibatches ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [50, 300, 1000])
def test_moved_minibatches_hold_the_same_examples(size: int, part: BatchSource) -> None:
    order = torch.randperm(680, generator=torch.Generator().manual_seed(0))
    plain, with_moves = (list(part.batches(size, order, words)) for words in ((), ALL))
    for (places, _, labels), (same_places, x, same_labels) in zip(plain, with_moves, strict=True):
        assert places == same_places
        assert torch.equal(labels, same_labels)
        assert len(x) == len(labels)


def test_only_the_pictures_of_the_asking_pass_are_moved(part: BatchSource) -> None:
    before = [x.clone() for _, x, _ in part.batches(50)]
    during = [x.clone() for _, x, _ in part.batches(50, None, ALL)]
    after = [x.clone() for _, x, _ in part.batches(50)]
    assert all(map(torch.equal, before, after))
    assert not any(map(torch.equal, before, during))


# --- lanes ------------------------------------------------------------------------------------------------------------

RECIPE = Recipe(family=Mlp(), optimizer=SGD(momentum=0.9), epochs=3, batch_size=50, augment=ALL)


def order(lane: int, hidden: int = 20, stream: int = 0) -> LaneSpec:
    parameters = {"learning_rate": 0.05, "weight_decay": 1e-3, "hidden": hidden}
    return LaneSpec(lane=lane, parameters=parameters, seed=derive(0, "initial", lane), stream=stream)


def engine(part: BatchSource, recipe: Recipe = RECIPE) -> Engine:
    scored = copy.copy(part)
    scored._chosen = torch.arange(680, 700)
    return Engine(recipe, recipe.make_family((1, 8, 8), 10), part, scored, CPU)


def figures(score: EpochMetrics) -> tuple[float, ...]:
    return score.train["loss"], score.train["accuracy"], score.validation["loss"], score.validation["accuracy"]


def test_a_lane_has_the_same_bits_whatever_its_neighbours(part: BatchSource) -> None:
    alone, crowded = engine(part), engine(part)
    for fused, lanes in ((alone, 1), (crowded, 4)):
        for lane in range(lanes):
            fused.add(order(lane, hidden=20 + 7 * lane))
    for tick in (1, 2):
        assert figures(alone.tick(tick)[0]) == figures(crowded.tick(tick)[0])


def test_a_snapshot_continues_to_the_same_bits(part: BatchSource, tmp_path: Path) -> None:
    straight, resumed = engine(part), engine(part)
    straight.add(order(0))
    straight.tick(1)
    straight.save(tmp_path / "snapshot.safetensors")
    resumed.load(tmp_path / "snapshot.safetensors")
    assert figures(straight.tick(2)[0]) == figures(resumed.tick(2)[0])


def test_a_lane_trains_on_moved_pictures_from_its_first_epoch_on(part: BatchSource) -> None:
    moved_ones, plain = engine(part), engine(part, RECIPE.model_copy(update={"augment": ()}))
    for fused in (moved_ones, plain):
        fused.add(order(0))
    assert figures(moved_ones.tick(1)[0]) != figures(plain.tick(1)[0])


def test_a_model_is_scored_and_measured_on_pictures_as_they_are(part: BatchSource) -> None:
    fused = engine(part)
    fused.add(order(0))
    (score,) = fused.tick(1)
    model = RECIPE.make_family((1, 8, 8), 10).build({"hidden": 20})
    model.load_state_dict(fused.weights(0))
    ((_, x, y),) = list(part.batches(1000))
    with torch.no_grad():
        expected = nn.functional.cross_entropy(model(x), y).item()
    assert fused.measure([0])[0]["loss"] == pytest.approx(expected, rel=1e-5)
    ((_, x, y),) = list(fused._training[0].validation_set.batches(1000))  # type: ignore[union-attr]
    with torch.no_grad():
        assert score.validation["loss"] == pytest.approx(nn.functional.cross_entropy(model(x), y).item(), rel=1e-5)


def test_lanes_whose_pictures_are_moved_train_beside_others_as_if_alone(part: BatchSource) -> None:
    both, moved, plain = engine(part), engine(part), engine(part, RECIPE.model_copy(update={"augment": ()}))
    for lane, is_moved in ((0, True), (1, False)):
        spec = order(lane)
        both.add(spec.model_copy(update={"parameters": {**spec.parameters, "augment": is_moved}}))
        (moved if is_moved else plain).add(spec)
    for tick in (1, 2):
        of_moved, of_plain = sorted(both.tick(tick), key=lambda score: score.lane)
        assert figures(of_moved) == figures(moved.tick(tick)[0])
        assert figures(of_plain) == figures(plain.tick(tick)[0])


# --- words ------------------------------------------------------------------------------------------------------------


def study(augment: object = ()) -> Study:
    space = {"learning_rate": Float(1e-3, 1.0, log=True), "weight_decay": Float(0.0, 0.1), "hidden": Int(16, 64)}
    return Study.model_validate({"family": "mlp", "space": space, "augment": augment})


def test_a_study_begun_before_augmentation_has_the_fingerprint_that_it_had() -> None:
    assert not [key for key in fingerprint(study(), "f00", "cpu") if "augment" in key]


def test_a_fingerprint_tells_how_pictures_are_moved() -> None:
    assert fingerprint(study(ALL), "f00", "cpu")["augment"] == "shift 2, flip, rotate 15"


def test_one_word_may_stand_alone() -> None:
    assert study(Flip()).augment == (Flip(),)


def test_whether_pictures_are_moved_is_searched_only_where_it_is_said_how() -> None:
    space = {**study().space, "augment": Choice((False, True))}
    searched = Study.model_validate({"family": "mlp", "space": space, "augment": Flip()})
    assert searched.augment_of({"augment": True}) == searched.augment_of({}) == (Flip(),)
    assert not searched.augment_of({"augment": False})
    with pytest.raises(ValueError, match="it is searched, and the study does not say how"):
        Study.model_validate({"family": "mlp", "space": space})
    with pytest.raises(ValueError, match="augment can be 'yes', and should be a valid boolean"):
        Study.model_validate({"family": "mlp", "space": {**space, "augment": Choice(("yes", "no"))}, "augment": Flip()})


def test_a_studys_record_keeps_the_words() -> None:
    assert Study.model_validate_json(study(ALL).model_dump_json()).augment == ALL


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("Shift(0)", "pixels is 0"),
        ("Rotate(-3)", "degrees is -3"),
        ("Turn(3)", "name 'Turn' is not defined"),
        ("Flip(0.5)", "Flip(...) has 0.5 without a name"),
    ],
)
def test_a_slip_in_a_study_file_is_told(written: str, what: str, tmp_path: Path) -> None:
    file = tmp_path / "moving.py"
    file.write_text(
        "from search import *\nstudy = Study(family=Mlp(), space={}, augment=(" + written + ",))\n", encoding="utf-8"
    )
    with pytest.raises(UserError) as told:
        load(str(file))
    assert what in told.value.what


def test_a_shift_out_of_sight_is_refused() -> None:
    check_movable((Shift(pixels=27), Flip()), np.zeros((1, 1, 28, 30), np.uint8))
    with pytest.raises(UserError, match=r"Shift\(28\) would move pictures of 28 x 30 out of sight"):
        check_movable((Shift(pixels=28),), np.zeros((1, 1, 28, 30), np.uint8))


def test_a_table_is_not_moved() -> None:
    check_movable((), np.zeros((1, 9, 1, 1), np.float32))
    with pytest.raises(UserError, match="the data are a table"):
        check_movable((Flip(),), np.zeros((1, 9, 1, 1), np.float32))


@pytest.mark.slow
def test_an_engine_imports_torchvision_only_where_it_is_asked_for() -> None:
    code = "import models.engine.engine, sys; sys.exit('torchvision' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
