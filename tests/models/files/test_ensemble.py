"""Models that answer together: their mean, from memory and from one file."""

from pathlib import Path

import pytest
import torch

from models.config.families import Mlp
from models.config.recipe import Recipe
from models.errors import UserError
from models.files.ensemble import Ensemble, combine
from models.files.loaded_model import load
from models.files.model_description import Member, Model
from models.files.model_file import describe, load_model, write_model

ABOUT = {
    "data": "own",
    "data_sha256": "",
    "shape": (1, 4, 5),
    "classes": ("a", "b", "c"),
    "mean": (0.1,),
    "std": (2.0,),
}


def members(recipe: Recipe) -> list[torch.nn.Module]:
    """Two perceptrons of different widths."""
    torch.manual_seed(0)
    family = recipe.make_family((1, 4, 5), 3)
    return [family.build({"hidden": hidden}).eval() for hidden in (4, 7)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An ensemble's file, in which the second member counts three times."""
    recipe = Recipe(family=Mlp())
    parts = [Member(parameters={"hidden": hidden}, weight=weight) for hidden, weight in ((4, 1), (7, 3))]
    about = Model.model_validate({"recipe": recipe, "parameters": {"hidden": 4}, "members": parts, **ABOUT})
    write_model(
        tmp_path / "both.safetensors", about, Ensemble(members(recipe), [1, 3], predicts_number=False).state_dict()
    )
    return tmp_path / "both.safetensors"


def test_classifiers_answer_with_the_mean_of_their_probabilities() -> None:
    outputs = torch.tensor([[[2.0, 0.0, -1.0]], [[0.0, 3.0, 0.0]]])
    together = combine(outputs, [1, 3], predicts_number=False).softmax(1)
    torch.testing.assert_close(together, (outputs[0].softmax(1) + 3 * outputs[1].softmax(1)) / 4)


def test_one_that_is_quite_sure_leaves_the_answer_finite() -> None:
    outputs = torch.tensor([[[0.0, 900.0]], [[900.0, 0.0]]])
    assert combine(outputs, [1, 1], predicts_number=False).softmax(1).tolist() == [[0.5, 0.5]]


def test_numbers_are_averaged() -> None:
    outputs = torch.tensor([[[2.0], [4.0]], [[6.0], [0.0]]])
    assert combine(outputs, [3, 1], predicts_number=True).tolist() == [[3.0], [3.0]]


def test_a_file_answers_as_its_members_do_together(file: Path) -> None:
    pictures = torch.randint(0, 256, (9, 1, 4, 5), generator=torch.Generator().manual_seed(1)).byte()
    inputs = (pictures / 255 - 0.1) / 2.0
    with torch.no_grad():
        one, other = (each(inputs).softmax(1) for each in members(Recipe(family=Mlp())))
    loaded = load(file)
    torch.testing.assert_close(torch.from_numpy(loaded.predict_proba(pictures)).float(), (one + 3 * other) / 4)
    assert loaded.predict(pictures) == ["abc"[index] for index in (one + 3 * other).argmax(1)]


@pytest.mark.slow
def test_it_is_exported_as_a_program(file: Path, tmp_path: Path) -> None:
    loaded = load(file)
    loaded.export(tmp_path / "both.pt2")
    pictures = torch.randint(0, 256, (3, 1, 4, 5), generator=torch.Generator().manual_seed(1)).byte()
    program = torch.export.load(tmp_path / "both.pt2").module()
    torch.testing.assert_close(program(pictures), loaded(pictures))


def test_a_file_of_one_model_says_nothing_of_members(tmp_path: Path) -> None:
    recipe = Recipe(family=Mlp())
    about = Model.model_validate({"recipe": recipe, "parameters": {"hidden": 4}, **ABOUT})
    write_model(tmp_path / "one.safetensors", about, members(recipe)[0].state_dict())
    assert b"members" not in (tmp_path / "one.safetensors").read_bytes()
    assert describe(tmp_path / "one.safetensors").each == [about]


def test_more_members_than_tensors_are_refused(file: Path, tmp_path: Path) -> None:
    about = describe(file)
    many = about.model_copy(update={"members": about.members * 9})
    write_model(tmp_path / "many.safetensors", many, members(about.recipe)[0].state_dict())
    with pytest.raises(UserError, match="18 members, of tensors 4"):
        load_model(tmp_path / "many.safetensors")
