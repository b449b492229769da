"""Models of the user's own, from a study file to an export; what cannot be trained is told in two lines."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch

from models.datasets.source import Source
from models.errors import UserError
from models.families.custom import factory
from models.families.custom.config import CustomModel
from models.families.custom.custom_model import custom_model_from_file
from models.files.model_file import load_module
from search import Study
from search.config.study_files import load
from search.fleet.fleet import Fleet
from search.record.fingerprint import fingerprint
from search.record.store import Store
from tests.support import runs, warm_start

pytestmark = pytest.mark.usefixtures("one_thread")


def write(folder: Path, text: str, name: str = "mine.py") -> Path:
    (folder / name).write_text(textwrap.dedent(text))
    return folder / name


GOOD = """
    import torch
    from torch import nn
    from search import Float, Int, Study

    class Net(nn.Module):
        def __init__(self, hidden, classes, inputs, dropout=0.1):
            super().__init__()
            self.first, self.last = nn.Linear(inputs, hidden), nn.Linear(hidden, classes)
            self.norm, self.drop = nn.BatchNorm1d(hidden), nn.Dropout(dropout)

        def forward(self, x):
            return self.last(self.drop(self.norm(self.first(x.flatten(1))).relu()))

    study = Study(
        family=Net,
        data="digits",
        epochs=2,
        trials=4,
        engines=2,
        lanes=2,
        space={"learning_rate": Float(0.01, 0.3, log=True), "weight_decay": 0.0, "hidden": Int(4, 9)},
    )
"""


def test_a_class_in_a_study_file_becomes_plain_data(tmp_path: Path) -> None:
    study = load(str(write(tmp_path, GOOD))).study
    again = Study.model_validate(json.loads(study.model_dump_json()))
    assert again == study
    assert isinstance(study.family, CustomModel)
    assert (study.family.needs, study.family.takes) == (("hidden",), ("dropout",))
    assert study.family.facts == ("classes", "inputs")
    assert "Study" not in study.family.source
    module = factory.build(again.family, (1, 28, 28), 10, {"hidden": 5, "learning_rate": 1.0})  # type: ignore[arg-type]
    assert module(torch.zeros(3, 1, 28, 28)).shape == (3, 10)


def test_a_fingerprint_holds_the_models_hash_and_not_its_text(tmp_path: Path) -> None:
    study = load(str(write(tmp_path, GOOD))).study
    told = fingerprint(study, "", "cpu")
    assert told["family.attribute"] == "Net"
    assert len(told["family.sha256"]) == 64
    assert not {"family.source", "family.file"} & told.keys()
    elsewhere = load(str(write(tmp_path, GOOD.replace("trials=4", "trials=9"), "other.py"))).study
    assert fingerprint(elsewhere, "", "cpu") == told


def test_code_that_a_model_file_brings_is_not_run(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    sprung = tmp_path / "sprung"
    source = f"open({str(sprung)!r}, 'w')\nNet = 1\n"
    evil = CustomModel(attribute="Net", sha256="0" * 64, source=source, file=str(tmp_path / "x.py"))
    about = {
        "recipe": {"family": evil.model_dump(mode="json")}, "parameters": {}, "data": "digits", "data_sha256": "0",
        "shape": [1, 4, 5], "classes": ["a"], "mean": [0.1], "std": [0.3],
    }  # fmt: skip
    save_file({"weight": torch.zeros(3)}, tmp_path / "it", {"studyhall": json.dumps(about)})
    with pytest.raises(UserError, match="whose code is in no model file"):
        load_module(tmp_path / "it")
    assert not sprung.exists()


def test_a_study_file_that_has_changed_is_not_taken_for_the_models(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    known = load(str(file)).study.family
    assert isinstance(known, CustomModel)
    assert custom_model_from_file(file, known).source == known.source
    write(tmp_path, GOOD.replace("relu", "tanh"))
    with pytest.raises(UserError, match="is not the one that this model was trained as"):
        custom_model_from_file(file, known)
    write(tmp_path, "study = 1")
    with pytest.raises(UserError, match="does not define Net"):
        custom_model_from_file(file, known)


@pytest.mark.parametrize(
    ("importing", "file"),
    [
        ("from net import Net", "net.py"),
        ("from nets.wide import Net", "nets/wide.py"),
        ("from nets import Net", "nets/wide.py"),
    ],
)
def test_a_study_file_may_import_its_model(
    importing: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    model, _, study = textwrap.dedent(GOOD).partition("study = ")
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "__init__.py").write_text("from .wide import Net" if file == "nets/wide.py" else "")
    (tmp_path / file).write_text(model)
    chosen = write(tmp_path, f"{importing}\nfrom studyhall import Float, Int, Study\nstudy = {study}")
    known = load(str(chosen)).study.family
    for name in ("net", "nets", "nets.wide"):
        sys.modules.pop(name, None)
    assert isinstance(known, CustomModel)
    found = custom_model_from_file(chosen, known.without_code())
    assert (found.source, found.module, found.file) == (known.source, known.module, known.file)


# --- what cannot be is told in two lines ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("family=Net", "family=Net(5, 10, 64)", "is a Net that is built already"),
        ("family=Net", "family=lambda hidden: nn.Linear(hidden, 10)", "another process could not find"),
        ("family=Net", "family=__import__('functools').partial(Net, dropout=0)", "another process could not find"),
        ('"hidden": Int', '"hiden": Int', "Net has no parameter 'hiden'"),
        ('"hidden": Int', '"width": Int', "'width' is what Net is told of the data by that name"),
        (', "hidden": Int(4, 9)', "", "'hidden' is missing"),
        ("self, hidden, classes", "self, hidden, /, classes", "by its place alone"),
        (
            "self, hidden, classes",
            "self, hidden, widht, classes",
            "'widht' is missing",
        ),
    ],
)
def test_a_study_file_that_names_no_model_is_refused(old: str, new: str, told: str, tmp_path: Path) -> None:
    assert old in GOOD
    with pytest.raises(UserError) as refused:
        load(str(write(tmp_path, GOOD.replace(old, new))))
    assert told in refused.value.what
    assert "\n" not in refused.value.what + refused.value.remedy


def test_an_argument_that_nobody_gives_is_told_with_those_that_the_data_give(tmp_path: Path) -> None:
    with pytest.raises(UserError) as refused:
        load(str(write(tmp_path, GOOD.replace("self, hidden, classes", "self, hidden, features, classes"))))
    assert "'features' is missing" in refused.value.what
    assert 'what the data tell a model is called "channels", "height", "width", "inputs" or' in refused.value.remedy


# What only the rest of the file does is not done where the model is made anew.
FILLED = """    TABLE = {}
    def fill(): TABLE["size"] = 1
    fill()
    class Net(nn.Module):
        size = TABLE["size"]
        def __init__(self, hidden,"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("nn.Linear(hidden, classes)", "nn.Linear(hidden, 1)", "makes (128, 1) torch.float32 of a minibatch"),
        ("return self.last", "return 0, self.last", "makes tuple"),
        ("super().__init__()", "super().__init__(); self.hidden = widths[0]", "NameError: name 'widths'"),
        ("nn.BatchNorm1d(hidden)", "nn.BatchNorm1d(3)", "fails on a minibatch of 128 x 1 x 28 x 28"),
        ("    class Net(nn.Module):\n        def __init__(self, hidden,", FILLED, "mine.py, line 10: KeyError"),
        ("nn.Linear(inputs, hidden)", "nn.Linear(inputs, hidden).double()", "is of torch.float64"),
        ("return self.last", "with torch.no_grad(): return self.last", "cannot learn"),
        ("epochs=2", "epochs=2, batch_size=1197", "of 1 x 1 x 28 x 28"),
    ],
)
def test_a_model_that_cannot_be_trained_is_refused_before_the_first_trial(
    old: str, new: str, told: str, tmp_path: Path, digits: Source
) -> None:
    assert old in GOOD
    study = load(str(write(tmp_path, GOOD.replace(old, new)))).study
    with Fleet(study.engines, 0) as fleet, pytest.raises(UserError) as refused:
        fleet.open(study, digits)
    assert told in refused.value.what
    assert "\n" not in refused.value.what + refused.value.remedy


@pytest.mark.slow
def test_a_session_without_a_file_is_told_to_write_one() -> None:
    code = (
        "from torch import nn\nfrom search import *\n"
        "class Net(nn.Linear): pass\n"
        "try: Study(family=Net, space={})\nexcept Exception as error: print(error)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=runs.ROOT)
    assert "write it into one, net.py say" in told.stdout


# --- end to end -------------------------------------------------------------------------------------------------------

COLOUR = """
    from torch import nn
    from search import Baseline, Choice, Float, Int, Study

    class Net(nn.Module):
        def __init__(self, hidden, channels, classes, activation="relu"):
            super().__init__()
            self.layers = nn.Sequential(
                nn.Conv2d(channels, hidden, 5, stride=2), nn.BatchNorm2d(hidden), getattr(nn, activation)(),
                nn.Conv2d(hidden, 2 * hidden, 5, stride=2), nn.BatchNorm2d(2 * hidden), nn.ReLU(),
                nn.Flatten(), nn.Dropout(0.2), nn.Linear(2 * hidden * 16, classes),
            )

        def forward(self, x):
            return self.layers(x)

    study = Study(
        family=Net,
        data="digits",
        epochs=3,
        trials=6,
        engines=2,
        lanes=2,
        space={
            "learning_rate": Float(0.02, 0.5, log=True),
            "weight_decay": Float(1e-7, 1e-2, log=True, low_is_zero=True),
            "hidden": Int(3, 8),
            "activation": Choice(("ReLU", "Tanh")),
        },
        baselines=[Baseline("mine", learning_rate=0.1, weight_decay=0.0, hidden=4, activation="ReLU")],
    )
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a searched and exported study of the network above."""
    folder = tmp_path_factory.mktemp("own")
    file = write(folder, COLOUR, "small.py")
    url = f"sqlite:///{folder}/runs/studies.db"
    runs.search(file, url, "--workers", "2", "--quiet")
    file.unlink()  # the report makes the models anew from what is recorded
    command = ["-m", "reports.export", "--study", "small", "--storage", url, "--top", "1", "--seeds", "2"]
    command += ["--workers", "0", "--quiet"]
    told = warm_start.run([sys.executable, *command], cwd=folder, env={**os.environ, "PYTHONPATH": str(runs.ROOT)})
    assert told.returncode == 0, told.stderr
    return folder


@pytest.mark.slow
def test_a_study_of_ones_own_model_is_exported_with_test_figures(exported: Path) -> None:
    record = Store(f"sqlite:///{exported}/runs/studies.db", create=False).find("small")
    assert record is not None
    assert len(record.trials()) == 6
    tested = [row for row in record.finalists() if row.test["accuracy"] is not None]
    assert len(tested) >= 2
    assert max(row.test["accuracy"] or 0.0 for row in tested) > 0.8


@pytest.mark.slow
def test_an_exported_model_is_loaded_by_its_class(exported: Path) -> None:
    file = write(exported, COLOUR, "small.py")
    config = load(str(file)).study.family
    assert isinstance(config, CustomModel)
    (path, *_) = sorted((exported / "runs/studies/small/finalists").glob("trial-*.safetensors"))
    module = load_module(path, build=factory.load_factory(config))
    assert not module.training
    assert module(torch.zeros(2, 1, 28, 28)).shape == (2, 10)
    assert module.state_dict()["layers.1.num_batches_tracked"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("command", ["models.predict", "reports.evaluate"])
def test_a_command_finds_the_code_of_a_model_file(command: str, exported: Path) -> None:
    file = write(exported, COLOUR, "small.py")
    (path, *_) = sorted((exported / "runs/studies/small/finalists").glob("trial-*.safetensors"))
    more = {
        "models.predict": ["--dataset", "digits", "--index", "3"],
        "reports.evaluate": ["--storage", f"sqlite:///{exported}/runs/studies.db"],
    }[command]
    env = {**os.environ, "PYTHONPATH": str(runs.ROOT)}
    started = [sys.executable, "-m", command, "--model", str(path), *more]
    if command == "models.predict":
        told = warm_start.run(started, env=env)
        assert told.returncode == 2
        assert "--study-file" in told.stderr
        started += ["--study-file", str(file)]
    told = warm_start.run(started, env=env)
    assert told.returncode == 0, told.stderr


@pytest.mark.slow
def test_the_table_is_the_same_in_any_number_of_processes(exported: Path) -> None:
    file = write(exported, COLOUR, "small.py")
    url = f"sqlite:///{exported}/other/studies.db"
    runs.search(file, url, "--workers", "0", "--quiet")
    assert runs.table(url) == runs.table(f"sqlite:///{exported}/runs/studies.db")


SCRIPT = (
    GOOD.replace("import Float, Int, Study", "import Float, Int, Study, run_study").replace("trials=4", "trials=3")
    + "\n    {guard}run_study(study, storage='sqlite:///{folder}/studies.db', name='mine', workers=1)\n"
)


@pytest.mark.slow
@pytest.mark.parametrize("guard", ["", "if __name__ == '__main__': "], ids=["unguarded", "guarded"])
def test_a_script_that_searches_its_own_model_runs_once(guard: str, tmp_path: Path) -> None:
    file = write(tmp_path, SCRIPT.replace("{guard}", guard).replace("{folder}", str(tmp_path)))
    env = {**os.environ, "PYTHONPATH": str(runs.ROOT)}
    told = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, env=env, cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    record = Store(f"sqlite:///{tmp_path}/studies.db", create=False).find("mine")
    assert record is not None
    assert [row.state for row in record.trials()].count("running") == 0
    assert len(record.trials()) == 3
