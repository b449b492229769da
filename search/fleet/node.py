"""A host of engines on a node of a cluster: its data set and its files travel with its messages.

A node need not see the coordinator's folders. The data set comes from Ray's object store, one copy a node, and is
mapped, not copied; files that engines write come back as bytes, and files that they read come with the message. Nothing
of ours is installed there: this package travels to it. Imports no library before it is asked to, so that `arrive` can
say what a node lacks.
"""

import platform
import sys
import time
import traceback
import warnings
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import PackageNotFoundError, version
from importlib.util import spec_from_loader
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from search.fleet.base import Message
from search.fleet.signs_of_life import SignsOfLife
from studyhall.importing import PACKAGES

Files = dict[str, bytes]  # path on the coordinator's machine -> content

LIBRARIES = ("torch", "numpy", "pydantic", "safetensors")  # that an engine needs
# Messages that name files which are then sent back, with the argument that has them.
WRITTEN = {"write_models": "models", "write_outputs": "trials"}


def versions() -> dict[str, str]:
    """Return the versions, without their build, of Python and of the libraries on this machine."""
    found = {"Python": platform.python_version()}
    for library in LIBRARIES:
        try:
            found[library] = version(library).partition("+")[0]
        except PackageNotFoundError:
            found[library] = "none"
    return found


class NodeHost:
    """A host of engines that shares no folder with the coordinator."""

    _signs: SignsOfLife | None = None

    def arrive(self, timed: bool, signs: Any = None, number: int = 0) -> tuple[str, dict[str, str], float]:
        """Return the node's id, the versions that are installed and, if `timed`, the seconds of a matrix product.

        Signs of life of this host, by its number, go to the actor `signs`.
        """
        import ray

        self._signs = SignsOfLife(lambda: signs.give.remote(number))
        return ray.get_runtime_context().get_node_id(), versions(), _product_seconds() if timed else 0.0

    def answer(self, message: Message, files: Files, examples: Any = None) -> tuple[Message, Files]:
        """Handle a message as `EngineWorker.answer` does.

        Args:
            message: See there.
            files: The files that "load" reads, and those that a custom model imports, which "open" needs.
            examples: The training examples, for "open".

        Returns:
            The answer, and the files that "save", "write_models" and "write_outputs" have written.
        """
        try:
            if message["do"] not in ("save", "load", *WRITTEN):
                return self._answer(message, files, examples)
            with TemporaryDirectory(prefix="studyhall-") as folder:
                return self._answer_with_files(message, files, Path(folder))
        except Exception:  # noqa: BLE001 - whatever went wrong, the coordinator decides what to do
            return {"failed": traceback.format_exc()}, {}

    def _answer(self, message: Message, files: Files, examples: Any) -> tuple[Message, Files]:
        from search.fleet.worker import EngineWorker

        if message["do"] == "open":
            # The arrays are shared with the node's other hosts, so they may not be written to, and are not.
            warnings.filterwarnings("ignore", "The given NumPy array is not writable")
            self._worker = EngineWorker(self._signs)
            sys.meta_path.insert(0, _SentModules(files))
            message["examples"] = examples
        return self._worker.answer(message), {}

    def _answer_with_files(self, message: Message, files: Files, folder: Path) -> tuple[Message, Files]:
        """Handle a message with files in a folder of this machine instead of the coordinator's."""
        do, written = message["do"], {}  # path on the coordinator's machine -> path here
        if (key := WRITTEN.get(do)) is not None:
            written = {item["path"]: folder / str(number) for number, item in enumerate(message[key])}
            message[key] = [{**item, "path": str(written[item["path"]])} for item in message[key]]
        else:
            theirs, message["folder"] = Path(message["folder"]), str(folder)
            for path, content in files.items():
                (folder / Path(path).name).write_bytes(content)
        answer = self._worker.answer(message)
        if do == "save":
            written = {str(theirs / path.name): path for path in folder.iterdir()}
        return answer, {name: path.read_bytes() for name, path in written.items() if path.exists()}


class _SentModules(MetaPathFinder, InspectLoader):
    """Imports modules whose files the coordinator sent, where Python finds no others of their names but ours."""

    def __init__(self, files: Files) -> None:
        # "net.py" and "parts/__init__.py" are the modules `net` and `parts`.
        names = {path: path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in files}
        self._modules = {names[path]: (path, content.decode()) for path, content in files.items()}

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name not in self._modules:
            return None
        top = name.partition(".")[0]
        return spec_from_loader(name, self) if top in PACKAGES or PathFinder.find_spec(top) is None else None

    def is_package(self, fullname: str) -> bool:
        return self._modules[fullname][0].endswith("__init__.py")

    def get_source(self, fullname: str) -> str:
        return self._modules[fullname][1]


def _product_seconds() -> float:
    """Return the seconds of a matrix product like an engine's: the least of 20, which other processes disturb least."""
    import torch

    torch.set_num_threads(1)
    left, right = torch.ones(512, 784), torch.ones(784, 512)
    best = float("inf")
    for _ in range(20):
        began = time.perf_counter()
        torch.mm(left, right)
        best = min(best, time.perf_counter() - began)
    return best
