"""Model files: what is written comes back, and whatever else is given is refused in two lines, at no cost."""

import json
import pickle
import resource
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from models.config.base import Parameters
from models.config.families import Cnn, Linear, Mlp
from models.config.recipe import Recipe
from models.errors import UserError
from models.files.model_description import Model
from models.files.model_file import load_model, load_module, write_model

SHAPE, CLASSES = (1, 4, 5), ("one", "two", "three")


def _model(recipe: Recipe, parameters: Parameters, shape: tuple[int, int, int] = SHAPE) -> tuple[Model, nn.Module]:
    module = recipe.make_family(shape, len(CLASSES)).build(parameters).eval()
    about: dict[str, Any] = {"study": "mlp", "trial": 33, "seed": 0, "epochs": 7}
    described = Model(
        recipe=recipe,
        parameters=parameters,
        data="digits",
        data_sha256="0" * 64,
        shape=shape,
        classes=CLASSES,
        mean=(0.1,) * shape[0],
        std=(0.3,) * shape[0],
        about=about,
    )
    return described, module


def _tensors(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.detach() for name, tensor in module.named_parameters()}


@pytest.fixture
def good(tmp_path: Path) -> Path:
    model, module = _model(Recipe(family=Mlp()), {"hidden": 7, "learning_rate": 0.1, "weight_decay": 0.0})
    write_model(tmp_path / "good.safetensors", model, _tensors(module))
    return tmp_path / "good.safetensors"


def _refused(path: Path) -> str:
    """The two lines that refuse a file."""
    with pytest.raises(UserError) as refused:
        load_model(path)
    assert "\n" not in refused.value.what + refused.value.remedy
    return refused.value.what


def _describing(good: Path, **changes: Any) -> Path:
    """The good file's tensors, with some of its words changed."""
    with safe_open(good, framework="pt") as file:
        words = json.loads(file.metadata()["studyhall"]) | changes
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    path = good.with_name("changed.safetensors")
    save_file(tensors, path, {"studyhall": json.dumps(words)})
    return path


# --- what is written comes back ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("recipe", "parameters", "shape"),
    [
        (Recipe(family=Linear(bias=False)), {}, SHAPE),
        (Recipe(family=Mlp(activation="tanh", initial="normal"), loss="squared_error"), {"hidden": 3}, SHAPE),
        (Recipe(family=Mlp(activation="leaky_relu"), loss="nll"), {"hidden": 5, "depth": 3}, SHAPE),
        (Recipe(family=Cnn()), {"hidden": 2}, (3, 28, 28)),
    ],
)
def test_a_round_trip_gives_the_same_logits(
    tmp_path: Path, recipe: Recipe, parameters: Parameters, shape: tuple[int, int, int]
) -> None:
    model, module = _model(recipe, {"learning_rate": 0.1, "weight_decay": 0.0, **parameters}, shape)
    write_model(tmp_path / "it.safetensors", model, _tensors(module))
    described, loaded = load_model(tmp_path / "it.safetensors")
    images = torch.randn(6, *shape, generator=torch.Generator().manual_seed(0))
    assert torch.equal(loaded(images), module(images))
    assert described == model


def test_the_three_documented_lines_load_an_ordinary_module(good: Path) -> None:
    import models.files.model_file

    assert models.files.model_file.__doc__ is not None
    lines = [line.strip() for line in models.files.model_file.__doc__.splitlines() if line.startswith("    ")]
    assert len(lines) == 3
    images = torch.zeros(2, *SHAPE)
    names: dict[str, Any] = {"images": images}
    exec("\n".join(lines).replace("runs/studies/mlp/finalists/trial-33-seed-0.safetensors", str(good)), names)
    assert names["probabilities"].shape == (2, 3)
    assert isinstance(names["model"], nn.Module)
    assert not names["model"].training
    assert all(parameter.requires_grad for parameter in names["model"].parameters())  # it can be trained on


def test_reading_gives_the_tensors_by_their_names(good: Path) -> None:
    weights = load_module(good).state_dict()
    assert {name: tuple(tensor.shape) for name, tensor in weights.items()} == {
        "hidden1.weight": (7, 20),
        "hidden1.bias": (7,),
        "out.weight": (3, 7),
        "out.bias": (3,),
    }


def test_a_file_of_fewer_words_takes_their_defaults(good: Path) -> None:
    with safe_open(good, framework="pt") as file:
        recipe = json.loads(file.metadata()["studyhall"])["recipe"]
    kept = {key: recipe[key] for key in ("family", "epochs", "seed")}
    model, _ = load_model(_describing(good, recipe=kept))
    assert model.recipe == Recipe(family=Mlp())


# Metadata as the first version wrote it, with a model of one hidden layer and with a custom one.
FIRST_VERSION = """{"recipe":{"family":%s,"epochs":10,"batch_size":32,
"optimizer":{"name":"sgd","momentum":0.0,"decoupled":false},
"schedule":{"name":"cosine","final_factor":0.0,"per":"epoch"},"loss":"cross_entropy","augment":[],"keep":"best",
"precision":"float32","seed":0},"parameters":{"learning_rate":0.01,"hidden":7,"weight_decay":0.0,"final_factor":1.0},
"data":"mnist","data_sha256":"c5097fdd51cfdbe7695fd9df3612695696864b5c424f58d843ffdc5d335e9914","shape":[1,4,5],
"classes":["one","two","three"],"mean":[0.13066047627384286],"std":[0.3081078038564627],"scale":255.0,
"about":{"study":"mlp","trial":0,"seed":0,"epochs":10}}"""
MLP = '{"name":"mlp","depth":1,"activation":"relu","bias":true,"initial":"uniform"}'
CUSTOM = """{"name":"own","attribute":"Net","sha256":"4f0e","needs":["hidden"],"takes":[],"facts":["inputs","classes"],
"source":"","file":"","module":""}"""


def net(hidden: int, inputs: int, classes: int) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, classes))


@pytest.mark.parametrize(
    ("family", "names", "build"),
    [
        (MLP, ("hidden1.weight", "hidden1.bias", "out.weight", "out.bias"), None),
        (CUSTOM, ("1.weight", "1.bias", "3.weight", "3.bias"), net),
    ],
)
def test_a_file_of_the_first_version_is_loaded(
    tmp_path: Path, family: str, names: tuple[str, ...], build: Callable[..., nn.Module] | None
) -> None:
    expected = net(7, 20, 3)
    tensors = dict(zip(names, (tensor.detach() for tensor in expected.parameters()), strict=True))
    save_file(tensors, tmp_path / "first.safetensors", {"studyhall": FIRST_VERSION % family})
    images = torch.randn(6, *SHAPE, generator=torch.Generator().manual_seed(0))
    assert torch.equal(load_module(tmp_path / "first.safetensors", build)(images), expected(images))


# --- whatever else is given is refused --------------------------------------------------------------------------------


def test_a_wrong_bit_is_noticed(good: Path) -> None:
    content = bytearray(good.read_bytes())
    content[-3] ^= 0b1000_0000  # of a weight
    good.write_bytes(content)
    assert "is damaged: it is not as it was written" in _refused(good)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "there is no model file" in _refused(tmp_path / "none.safetensors")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert "cannot be read" in _refused(tmp_path)


@pytest.mark.parametrize("content", [b"", b"1234567", b"not a model at all, but long enough to be read", bytes(100)])
def test_garbage_is_no_model_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "it").write_bytes(content)
    assert _refused(tmp_path / "it")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(good: Path, share: float) -> None:
    content = good.read_bytes()
    good.write_bytes(content[: int(share * len(content))])
    assert _refused(good)


class _Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str, str]]:
        return open, (self.path, "w")


@pytest.mark.parametrize("save", [lambda it, path: path.write_bytes(pickle.dumps(it)), torch.save])
def test_nothing_is_unpickled(tmp_path: Path, save: Callable[[object, Path], object]) -> None:
    sprung, path = tmp_path / "sprung", tmp_path / "model.pt"
    save(_Trap(str(sprung)), path)
    assert _refused(path)
    assert not sprung.exists()


def test_another_programs_safetensors_file_is_not_ours(tmp_path: Path) -> None:
    save_file({"weight": torch.zeros(3)}, tmp_path / "it.safetensors", {"format": "pt"})
    assert "was not written by Studyhall" in _refused(tmp_path / "it.safetensors")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"parameters": {"hidden": 8}}, "hidden1.weight is [7, 20], not [8, 20]"),
        ({"parameters": {"hidden": 7, "depth": 2}}, "hidden2.bias is missing"),
        ({"parameters": {"hidden": 7, "depth": 10**9}}, "depth is 1000000000, of tensors it has 4"),
        ({"parameters": {"hidden": 7, "depth": "deep"}}, "depth is deep"),
        ({"parameters": {"hidden": 10**12}}, "holds other tensors"),
        ({"parameters": {"hidden": 10**30}}, "cannot be built"),
        ({"parameters": {"hidden": -1}}, "cannot be built"),
        ({"parameters": {"hidden": "wide"}}, "cannot be built"),
        ({"parameters": {}}, "cannot be built"),
        ({"classes": ["one", "two"]}, "out.weight is [3, 7], not [2, 7]"),
        ({"classes": []}, "classes"),
        ({"shape": [1, 4, 6]}, "hidden1.weight is [7, 20], not [7, 24]"),
        ({"shape": [1, 0, 5]}, "shape.1"),
        ({"shape": [1, 2**30, 2**30]}, "h"),
        ({"mean": [0.1, 0.2]}, "2 means"),
        ({"std": [0.0]}, "std.0"),
        ({"recipe": {"family": {"name": "forest"}}}, "recipe.family"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_words_that_do_not_fit_are_told(good: Path, changes: dict[str, Any], told: str) -> None:
    assert told in _refused(_describing(good, **changes))


@pytest.mark.parametrize("words", ["", "[]", "{", "null", "[" * 100_000, '{"recipe": NaN}'])
def test_words_that_are_no_description_are_refused(tmp_path: Path, words: str) -> None:
    save_file({"weight": torch.zeros(3)}, tmp_path / "it.safetensors", {"studyhall": words})
    assert "words unknown here" in _refused(tmp_path / "it.safetensors")


def test_other_numbers_than_the_models_are_refused(good: Path) -> None:
    with safe_open(good, framework="pt") as file:
        words, tensors = file.metadata(), {name: file.get_tensor(name).double() for name in file.keys()}  # noqa: SIM118
    save_file(tensors, good, words)
    assert "float64" in _refused(good)


# --- at no cost -------------------------------------------------------------------------------------------------------


def test_a_huge_header_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "huge.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", 99_000_000))
        file.truncate(200_000_000)  # a hole: no disk is used
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "header of 99,000,000 bytes" in _refused(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KiB


def test_a_huge_model_described_takes_no_memory(good: Path) -> None:
    path = _describing(good, parameters={"hidden": 2**31 - 1}, classes=["c"] * 1000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "holds other tensors" in _refused(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KiB; its weights would take 8 TB


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_is_refused_or_is_a_model(good: Path, data: st.DataObject) -> None:
    content = bytearray(good.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        put = data.draw(st.binary(min_size=1, max_size=9))
        content[place : place + len(put)] = put
    path = good.with_name("damaged.safetensors")
    path.write_bytes(content)
    try:
        model, module = load_model(path)
    except UserError:
        _refused(path)
    else:
        assert module(torch.zeros(1, *model.shape)).shape == (1, len(model.classes))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_random_bytes_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "it").write_bytes(content)
    assert _refused(tmp_path / "it")


@pytest.mark.slow
def test_a_module_is_loaded_without_the_search() -> None:
    code = "import sys, models.files.model_file; assert not {'search', 'optuna', 'sqlalchemy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_file_is_the_same_whenever_it_is_written(good: Path, tmp_path: Path) -> None:
    model, module = load_model(good)
    for number in range(12):  # safetensors writes its entries of metadata in either order
        write_model(tmp_path / f"{number}.safetensors", model, _tensors(module))
    assert len({(tmp_path / f"{number}.safetensors").read_bytes() for number in range(12)}) == 1
