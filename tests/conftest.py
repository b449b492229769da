"""What several tests start from: the real MNIST, where this machine has it, the digits, one thread, a study."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.datasets.source import Source, locate
from tests.support.once import made_once
from tests.support.runs import end_started
from tests.support.servers import Server, binaries
from tests.support.warm_start import RENDERED, PopenOfWarmWorkers, run


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=3, help="how often tests/test_crash.py kills its run (long form: 30)")


@pytest.hookimpl(optionalhook=True)  # without pytest-xdist, there is no such hook
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Under `pytest -n 3`, each process takes a third of the tests, in their order, then half of what another has left.

    So a module's fixtures are made once, but where its tests are parted, and no process is idle at the end.
    """
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log) if config.option.dist == "load" else None


@pytest.fixture(autouse=True)
def _no_command_outlives_its_test() -> Iterator[None]:
    yield
    end_started()


@pytest.fixture(scope="session", autouse=True)
def _workers_begin_warm() -> Iterator[None]:
    """Workers of searches in this process are forked: each would take two seconds of a core to import torch."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(subprocess, "Popen", PopenOfWarmWorkers)
        yield


@pytest.fixture(scope="session", autouse=True)
def _migrations_of_optuna_are_read_once() -> Iterator[None]:
    """Optuna runs all its scripts of migrations whenever it opens a database: two thirds of what that takes."""
    if (storage := sys.modules.get("optuna.storages._rdb.storage")) is None:  # no test here has to do with it
        yield
        return
    read, scripts = storage._VersionManager._create_alembic_script, list[object]()

    def read_once(manager: object) -> object:
        if not scripts:
            scripts.append(read(manager))
        return scripts[0]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(storage._VersionManager, "_create_alembic_script", read_once)
        yield


@pytest.fixture(scope="session")
def mnist_root() -> str:
    """The folder that STUDYHALL_DATA names, with MNIST in it; for tests marked `mnist`."""
    root = os.environ.get("STUDYHALL_DATA")
    if not root:
        pytest.skip("needs the real MNIST: set STUDYHALL_DATA to a folder that holds MNIST/raw")
    if locate("mnist", root) is None:
        pytest.skip(f"needs the real MNIST: STUDYHALL_DATA is {root}, which holds no MNIST/raw")
    return root


@pytest.fixture(scope="module")
def unrendered() -> Iterator[None]:
    """Figures are drawn, and nobody sees them: see `tests.support.exports.unrendered`."""
    from tests.support.exports import unrendered

    with unrendered():
        yield


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Torch on one thread, as an engine has it by default: the bits of a product depend on it."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def digits() -> Source:
    """The data set that is always there."""
    source = locate("digits", None)
    assert source is not None
    return source


@pytest.fixture(scope="session")
def _exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once, by the commands themselves; tests get copies."""

    def make(folder: Path) -> None:
        searched = ["search.run", "--study", "mlp", "--dataset", "digits", "--trials", "10", "--epochs", "4"]
        env = os.environ | {RENDERED: "1"}
        for command in (searched, ["reports.export", "--study", "mlp@digits", "--top", "1", "--seeds", "2"]):
            run([sys.executable, "-m", *command, "--workers", "0", "--quiet"], cwd=folder, env=env).check_returncode()

    return made_once(tmp_path_factory, "exported", make) / "runs"


@pytest.fixture
def runs(_exported: Path, tmp_path: Path) -> Path:
    """A folder of runs with one finished and exported study, `mlp@digits`: studies.db, and studies/ with its files."""
    return Path(shutil.copytree(_exported, tmp_path / "runs"))


@pytest.fixture(scope="session")
def _server() -> Iterator[Server]:
    pytest.importorskip("psycopg", reason="needs psycopg: pip install 'studyhall[postgres]'")
    if (found := binaries()) is None:
        pytest.skip("needs a PostgreSQL server: apt-get install postgresql")
    server = Server(found)
    yield server
    server.close()


@pytest.fixture
def server(_server: Server) -> Iterator[Server]:
    """A PostgreSQL server of our own, for tests of databases on one; skipped, with the reason, where there is none.

    A test's databases are removed after it: those of a whole run would be gigabytes, and take minutes to remove.
    """
    yield _server
    _server.drop_all()
