"""Malformed inputs: each is refused in a few lines with exit code 2, never with a traceback or as a mistake of ours."""

import io
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support.commands import invoke
from tests.support.runs import study_file


def npy(array: object = None, *, header: bytes | None = None, body: bytes = b"") -> bytes:
    """A .npy file; with another header and body where they are given."""
    if header is None:
        file = io.BytesIO()
        np.save(file, np.asarray(array))
        return file.getvalue()
    padded = header + b" " * (63 - (len(header) + 10) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded)) + padded + body


def archive(**members: bytes) -> bytes:
    """An .npz file of these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in members.items():
            zipped.writestr(f"{name}.npy" if not name.endswith("_txt") else name.replace("_txt", ".txt"), content)
    return file.getvalue()


X, Y = npy(np.random.default_rng(0).random((40, 5))), npy(np.arange(40) % 2)
HUGE = npy(header=b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000, 5), }")

# --- arrays: what stands in a file called data.npz --------------------------------------------------------------------

NPZ: dict[str, bytes] = {
    "nothing": b"",
    "text": b"these are no arrays",
    "an array that is called .npz": X,
    "cut short": archive(x=X, y=Y)[:-200],
    "a header that claims 10^12 items": archive(x=HUGE, y=Y),
    "a header of negative size": archive(x=npy(header=b"{'descr': '<f8', 'fortran_order': False, 'shape': (-4, 5), }")),
    "a header that is no dictionary": archive(x=npy(header=b"[1, 2]"), y=Y),
    "a header that is not finished": archive(x=npy(header=b"{'descr': '<f8', 'shape': (4,"), y=Y),
    "a header that is indented": archive(x=npy(header=b"if 1:\n    2\n  3L"), y=Y),
    "a header that is code": archive(x=npy(header=b"__import__('os').system('true')"), y=Y),
    "a type that is none": archive(x=npy(header=b"{'descr': 'zz', 'fortran_order': False, 'shape': (4,), }"), y=Y),
    "pickled objects": archive(
        x=npy(header=b"{'descr': '|O', 'fortran_order': False, 'shape': (4,), }", body=b"x"), y=Y
    ),
    "members that are texts": archive(x_txt=b"0 1 2", y_txt=b"0 1"),
    "members that are texts called .npy": archive(x=b"0 1 2", y=b"0 1"),
    "a bomb that is no array": archive(x=bytes(50_000_000), y=Y),
    "no labels": archive(x=X),
    "no inputs": archive(y=Y),
    "two inputs": archive(x=X, inputs=X, y=Y),
    "other names": archive(a=X, b=Y),
    "no member": archive(),
    "labels of half a character": archive(x=X, y=npy(np.array(["a", "\udc80"] * 20))),
    "labels of bytes beyond ASCII": archive(x=X, y=npy(np.array([b"\xff", b"a"] * 20))),
    "labels that are measurements": archive(x=X, y=npy(np.random.default_rng(0).random(40))),
    "labels that are not finite": archive(x=X, y=npy(np.full(40, np.nan))),
    "labels in two columns": archive(x=X, y=npy(np.zeros((40, 2)))),
    "labels that are times": archive(x=X, y=npy(np.array(["2026-01-01"] * 40, "datetime64[D]"))),
    "labels of one class": archive(x=X, y=npy(np.zeros(40, int))),
    "fewer labels than inputs": archive(x=X, y=npy(np.arange(39) % 2)),
    "inputs that are texts": archive(x=npy(np.array(["a"] * 40)), y=Y),
    "inputs that are complex": archive(x=npy(np.ones((40, 2), complex)), y=Y),
    "inputs that are not finite": archive(x=npy(np.full((40, 2), np.inf)), y=Y),
    "inputs of no column": archive(x=npy(np.ones((40, 0))), y=Y),
    "inputs of one number": archive(x=npy(1.0), y=Y),
    "inputs of six axes": archive(x=npy(np.ones((40, 1, 1, 1, 1, 1))), y=Y),
    "structured inputs": archive(x=npy(np.zeros(40, [("a", "<f4")])), y=Y),
    "no example": archive(x=npy(np.ones((0, 5))), y=npy(np.ones(0, int))),
    "test parts of another shape": archive(
        x_train=X, y_train=Y, x_test=npy(np.ones((4, 7))), y_test=npy(np.arange(4) % 2)
    ),
    "test labels of another class": archive(x_train=X, y_train=Y, x_test=X, y_test=npy(np.full(40, 7))),
}

# --- study files: what stands in a file called broken.py --------------------------------------------------------------

START = "from search import Choice, Float, Int, Mlp, OptunaPruner, Study\n"
STUDIES: dict[str, bytes] = {
    "nothing": b"",
    "a null byte": b"a = 1\0",
    "no UTF-8": b"a = '\xff\xfe'",
    "UTF-16": "study = 1".encode("utf-16"),
    "no Python": b"study = Study(",
    "brackets nested too deep": b"study = " + b"(" * 5000,
    "a number too long": b"study = int('" + b"9" * 5000 + b"')",
    "os._exit": b"import os\nos._exit(0)",
    "os._exit, imported": b"from os import _exit\n_exit(3)",
    "sys.exit": b"import sys\nsys.exit()",
    "SystemExit with a text": b"raise SystemExit('done')",
    "GeneratorExit": b"raise GeneratorExit",
    "an exception of its own": b"class Mine(BaseException): ...\nraise Mine('x')",
    "an exception that cannot be shown": b"class Mine(Exception):\n    def __str__(self): return 1/0\nraise Mine",
    "recursion without end": b"def f(): f()\nf()",
    "memory without end": b"a = b'x' * 10**18",
    "a study that is a list": b"study = []",
    "a study that is the class": b"from search import Study\nstudy = Study",
    "no such import": b"import no_such_module_at_all",
    "an import that fails": b"from search import NoSuchThing",
    "no space": f"{START}study = Study(family=Mlp())".encode(),
    "an unknown field": f"{START}study = Study(family=Mlp(), space={{'hidden': Int(4, 8)}}, epoch=3)".encode(),
    "a range upside down": f"{START}study = Study(family=Mlp(), space={{'hidden': Int(8, 4)}})".encode(),
    "a bound that is not a number": f"{START}study = Study(family=Mlp(), space={{'hidden': Int('a', 4)}})".encode(),
    "an infinite bound": f"{START}study = Study(family=Mlp(), space={{'hidden': Float(0, float('inf'))}})".encode(),
    "no epochs": f"{START}study = Study(family=Mlp(), space={{'hidden': Int(4, 8)}}, epochs=0)".encode(),
    "trials that are a text": f"{START}study = Study(family=Mlp(), space={{'hidden': Int(4, 8)}}, trials='x')".encode(),
    "a family that is a text": f"{START}study = Study(family='nope', space={{'hidden': Int(4, 8)}})".encode(),
    "an unknown data set": f"{START}study = Study(family=Mlp(), data='nope', space={{'hidden': Int(4, 8)}})".encode(),
    "data that are a number": f"{START}study = Study(family=Mlp(), data=3, space={{'hidden': Int(4, 8)}})".encode(),
}

# --- command lines ----------------------------------------------------------------------------------------------------

LONG = "x" * 300
SEARCHES: dict[str, list[str]] = {
    "a study's name of hundreds of letters": ["--study", LONG],
    "a path of hundreds of letters": ["--study", f"{LONG}.py"],
    "a path nested too deep": ["--study", "a/" * 3000 + "b.py"],
    "a path with a null byte": ["--study", "a\0.py"],
    "a folder": ["--study", "./"],
    "a device": ["--study", "/dev/zero"],
    "a name of hundreds of letters": ["--study", "small.py", "--name", LONG],
    "a name that is a path": ["--study", "small.py", "--name", "../x"],
    "an empty name": ["--study", "small.py", "--name", ""],
    "no trials": ["--study", "small.py", "--trials", "0"],
    "trials without end": ["--study", "small.py", "--trials", "inf"],
    "a seed that is a text": ["--study", "small.py", "--seed", "x"],
    "an unknown device": ["--study", "small.py", "--device", "abacus"],
    "an unknown data set": ["--study", "small.py", "--dataset", "nope"],
    "a data folder that is not there": ["--study", "small.py", "--dataset", "mnist", "--data-dir", "/nowhere"],
    "a negative timeout": ["--study", "small.py", "--timeout", "-1"],
    "a worker timeout too short": ["--study", "small.py", "--worker-timeout", "1"],
    "lanes that are none": ["--study", "small.py", "--lanes", "2,,3"],
    "an unknown trial": ["--study", "small.py", "--reproduce", "7"],
}

STORAGES: dict[str, str] = {
    "no address": "studies",
    "an unknown kind": "oracle://x/y",
    "a driver of another kind": "sqlite+aiosqlite:///x.db",
    "a SQLite host": "sqlite://host/x.db",
    "a SQLite option": "sqlite:///x.db?timeout=abc",
    "memory": "sqlite://",
    "a URI": "sqlite:///file:x.db?uri=true",
    "a folder": "sqlite:///.",
    "a file in a file": "sqlite:///small.py/x.db",
    "a text": "sqlite:///small.py",
    "a path of hundreds of letters": f"sqlite:///{LONG}.db",
    "a path nested too deep": f"sqlite:///{'a/' * 3000}x.db",
    "bad brackets": "postgresql+psycopg://[::1/x",
    "a bad port": "postgresql+psycopg://localhost:port/x",
    "a bad option": "postgresql+psycopg://localhost/x?no_such_option=1",
    "MySQL": "mysql://root@localhost/x",
    "a journal": "journal.log",
    "a proxy": "grpc://localhost:13000",
}


def assert_refused(module: str, *arguments: str, folder: Path) -> str:
    """Assert that a command is refused in two or three lines, with exit code 2; returns them."""
    done = invoke(module, *arguments, folder=folder)
    assert done.exit_code == 2, done.output
    assert "mistake of Studyhall" not in done.output
    assert "Traceback" not in done.output
    assert done.output.startswith("error: ")
    assert 2 <= len(done.lines) <= 4, done.output
    return done.output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    study_file(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", NPZ)
def test_arrays(name: str, folder: Path) -> None:
    (folder / "data.npz").write_bytes(NPZ[name])
    study = START + "from search import Npz\nstudy = Study(family=Mlp(), data=Npz('data.npz'), trials=1, epochs=1, "
    (folder / "own.py").write_text(study + "space={'hidden': Int(4, 8), 'learning_rate': 0.1, 'weight_decay': 0.0})")
    assert "data.npz" in assert_refused("search.run", "--study", "own.py", "--workers", "0", folder=folder)


@pytest.mark.parametrize("name", STUDIES)
def test_study_files(name: str, folder: Path) -> None:
    (folder / "broken.py").write_bytes(STUDIES[name])
    assert_refused("search.run", "--study", "broken.py", "--workers", "0", folder=folder)


@pytest.mark.parametrize("name", SEARCHES)
def test_command_lines(name: str, folder: Path) -> None:
    assert_refused("search.run", *SEARCHES[name], "--workers", "0", folder=folder)


@pytest.mark.parametrize("name", STORAGES)
def test_addresses(name: str, folder: Path) -> None:
    assert_refused("search.run", "--study", "small.py", "--storage", STORAGES[name], "--workers", "0", folder=folder)


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_what_can_be_read_for_ever_is_not_read(kind: str, folder: Path) -> None:
    path = folder / "endless.py"
    make: Callable[[Path], object] = os.mkfifo if kind == "pipe" else lambda path: path.symlink_to("/dev/zero")
    make(path)
    assert_refused("search.run", "--study", "endless.py", folder=folder)
    listed = invoke("search.run", "--list", folder=folder)
    assert listed.exit_code == 0, listed.output


@pytest.mark.parametrize("csv", ["finalists", "no/such/folder.csv", "x" * 300])
def test_a_table_that_cannot_be_written_is_told_before_the_test_set_is_opened(csv: str, runs: Path) -> None:
    assert_refused("reports.export", "--study", "mlp@digits", "--csv", csv, "--retest", folder=runs.parent)
