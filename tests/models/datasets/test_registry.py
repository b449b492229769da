"""What a study may write as its data: registered formats and named sets, and those of another package."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from models.datasets import base
from models.datasets.base import DatasetConfig
from models.datasets.dataset_config import CallableDataset, Folder, Npz, Table
from models.datasets.registry import FORMATS, NAMED_DATASETS, parse_data
from models.errors import UserError
from search.config.study import Study
from search.config.study_files import load
from search.record.fingerprint import fingerprint
from tests.support.custom_data import GREY, LABELS, imported

SPACE = {
    "learning_rate": {"kind": "float", "low": 1e-3, "high": 1.0, "log": True},
    "weight_decay": {"kind": "float", "low": 0.0, "high": 0.1},
    "hidden": {"kind": "int", "low": 16, "high": 64},
}


def study(data: object) -> Study:
    return Study.model_validate({"family": "mlp", "space": SPACE, "data": data})


def test_every_format_has_the_kind_that_it_is_registered_by() -> None:
    for name in ("folder", "npz", "table", "function"):
        kind = FORMATS.load(name).__pydantic_fields__["kind"].default
        assert kind == name


def test_every_named_data_set_says_which_files_it_wants() -> None:
    assert {name: NAMED_DATASETS.load(name).expected_files.split()[0] for name in NAMED_DATASETS.names()} == {
        "mnist": "MNIST/train-images-idx3-ubyte",
        "fashion_mnist": "FashionMNIST/train-images-idx3-ubyte",
        "kmnist": "KMNIST/train-images-idx3-ubyte",
        "emnist_letters": "EMNIST/emnist-letters-train-images-idx3-ubyte",
        "emnist_balanced": "EMNIST/emnist-balanced-train-images-idx3-ubyte",
        "cifar10": "cifar-10-batches-py,",
        "digits": "nothing,",
    }


@pytest.mark.parametrize(
    ("stored", "config"),
    [
        ('"fashion_mnist"', "fashion_mnist"),
        ('{"path": "pets", "size": null, "kind": "folder"}', Folder(Path("pets"))),
        ('{"path": "pets", "size": [32, 48], "kind": "folder"}', Folder(Path("pets"), size=(32, 48))),
        ('{"path": "grey.npz", "kind": "npz"}', Npz(Path("grey.npz"))),
        (
            '{"path": "a.csv", "label": "kind", "test": "b.csv", "leave_out": ["id"], "kind": "table"}',
            Table(Path("a.csv"), label="kind", test=Path("b.csv"), leave_out=("id",)),
        ),
        (
            '{"attribute": "spirals", "file": "/home/me/study.py", "source_sha256": "f00", "kind": "function"}',
            CallableDataset(attribute="spirals", file="/home/me/study.py", source_sha256="f00"),
        ),
    ],
)
def test_what_earlier_databases_hold_is_read_and_written_alike(stored: str, config: object) -> None:
    loaded = study(json.loads(stored))
    assert loaded.data == config
    written = json.loads(loaded.model_dump_json())["data"]
    assert study(written).data == config
    if isinstance(written, dict):
        assert json.loads(stored).items() <= written.items()  # later words may stand beside them
    else:
        assert written == json.loads(stored)
    assert Study.model_validate_json(loaded.model_dump_json()) == loaded


def test_a_stored_format_that_is_not_installed_is_named() -> None:
    with pytest.raises(ValueError, match="no format of data is called 'parquet'; choose one of folder, npz, table"):
        parse_data({"kind": "parquet", "path": "a.parquet"})


def test_a_format_that_needs_arguments_is_no_data_set_by_its_name() -> None:
    with pytest.raises(ValueError, match=r"no data set is called 'folder'; choose one of mnist, .*, digits, or bring"):
        parse_data("folder")


@pytest.fixture
def stones(tmp_path: Path) -> Path:
    """Another package with a format of its own, in one module and one entry point."""
    module = """
        from pathlib import Path
        from typing import Literal
        from models.config.base import FrozenConfig
        from models.datasets.base import Find, RawDataset

        class Stones(FrozenConfig):
            path: Path = Path("stones.txt")
            kind: Literal["stones"] = "stones"

            @property
            def title(self) -> str:
                return self.path.name

            def files(self, find: Find) -> list[Path]:
                return [find(self.path)]

            def read(self, find: Find) -> RawDataset:
                import numpy as np
                table = np.loadtxt(find(self.path))
                return RawDataset((table[:, :-1], table[:, -1]))
    """
    (tmp_path / "stones.py").write_text(textwrap.dedent(module))
    package = tmp_path / "stones-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: stones\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[studyhall.datasets]\nstones = stones:Stones\n")
    (tmp_path / "stones.txt").write_text("".join(f"{i} {i * i % 7} {i % 3}\n" for i in range(30)))
    return tmp_path


PROGRAM = """
from pathlib import Path
from models.datasets.import_dataset import import_dataset
from models.datasets.source import training_examples
from search import Study
from stones import Stones
space = %r
for data in ("stones", Stones(path="stones.txt")):
    study = Study.model_validate({"family": "mlp", "space": space, "data": data})
    again = Study.model_validate_json(study.model_dump_json())
    assert again == study and type(again.data) is Stones, again
source = import_dataset(again.data, Path("imports"), 0, [Path.cwd()], anew=True)
examples = training_examples(source)
print(source.name, examples.inputs.shape, examples.classes)
"""


def test_another_package_adds_a_format_by_one_entry_point(stones: Path) -> None:
    program = f"import sys; sys.path.insert(0, {str(stones)!r})\n{PROGRAM % SPACE}"
    done = subprocess.run([sys.executable, "-c", program], cwd=stones, capture_output=True, text=True)
    assert done.stdout == "stones.txt (24, 2, 1, 1) ('0', '1', '2')\n", done.stderr


def test_the_documented_example_is_a_format(tmp_path: Path) -> None:
    lines = (base.__doc__ or "").splitlines()
    code = textwrap.dedent("\n".join(line for line in lines if line.startswith("    ") or not line).strip("\n"))
    names: dict[str, Any] = {"__name__": "documented"}
    imports = (
        "from pathlib import Path\nfrom typing import Literal\nfrom models.config.base import FrozenConfig\n"
        "from models.datasets.base import Find, RawDataset\n"
    )
    exec(imports + code, names)
    config = names["Parquet"](path="a.parquet", label="kind")
    assert isinstance(config, DatasetConfig)
    assert parse_data(config) is config
    assert config.files(lambda path: tmp_path / path) == [tmp_path / "a.parquet"]


def test_listing_names_imports_no_numpy() -> None:
    program = (
        "import sys; from models.datasets.registry import NAMED_DATASETS, FORMATS, parse_data\n"
        "NAMED_DATASETS.names(), FORMATS.names(), parse_data('mnist')\n"
        "assert not {'numpy', 'torch', 'PIL', 'pandas'} & set(sys.modules), set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def function() -> object:
    return GREY, LABELS


@pytest.mark.parametrize("given", [Folder(Path("a")), Npz(Path("a")), Table(Path("a"), label="b"), function, "kmnist"])
def test_a_studys_record_keeps_where_its_data_came_from(given: object) -> None:
    begun = study(given)
    again = Study.model_validate_json(begun.model_dump_json())
    assert again.dataset == begun.dataset
    assert again.model_dump() == begun.model_dump()


def test_a_record_does_not_call_functions(tmp_path: Path) -> None:
    again = Study.model_validate_json(study(function).model_dump_json())
    assert isinstance(again.data, CallableDataset)
    with pytest.raises(UserError, match=r"the data of function\(\) are not imported here"):
        imported(again.data, tmp_path)


def test_a_fingerprint_has_the_datas_hash_and_not_where_they_lie() -> None:
    here, there = (fingerprint(study(Folder(Path(path))), "f00", "cpu") for path in ("/here/pets", "/there/animals"))
    assert here == there
    assert here["data.sha256"] == "f00"
    assert fingerprint(study("mnist"), "f00", "cpu")["data"] == "mnist"


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("'minst'", "no data set is called 'minst'"),
        ("3", "data is of type int"),
        ("lambda path: None", "called without arguments"),
        ("Folder()", "path"),
        ("Table('a.csv')", "label"),
        ("Folder('a', size=3)", "size is 3"),
        ("Folder('a', sizes=(3, 3))", 'Folder has no sizes (did you mean "size"?)'),
    ],
)
def test_a_slip_in_a_study_file_is_told(written: str, what: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(f"from search import *\nstudy = Study(family=Mlp(), space={{}}, data={written})\n")
    with pytest.raises(UserError) as told:
        load(str(file))
    assert what in told.value.what
