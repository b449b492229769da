"""What runs on a node of a cluster: a host of engines whose data and files travel with its messages.

A node need not see the coordinator's folders. The data set comes from Ray's object store, one copy a node, and is
mapped, not copied; what engines write comes back as bytes, and what they read comes with the message. An actor of
cluster.py's, in a process that Ray starts, where nothing of ours is installed: this file travels with its package.
Imports nothing else of ours before it is asked to, so that what a node lacks is told by `arrive`.
"""

import platform
import sys
import time
import traceback
import warnings
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError, version
from importlib.util import spec_from_loader
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

Message = dict[str, Any]
Files = dict[str, bytes]  # path, as the coordinator knows it -> content

LIBRARIES = ("torch", "numpy", "pydantic", "safetensors")  # what an engine cannot do without


def versions() -> dict[str, str]:
    """The versions, without their build, of Python and of the libraries that are here."""
    found = {"Python": platform.python_version()}
    for library in LIBRARIES:
        try:
            found[library] = version(library).partition("+")[0]
        except PackageNotFoundError:
            found[library] = "none"
    return found


class NodeHost:
    """An engine host that has no folder in common with the coordinator."""

    def arrive(self, timed: bool) -> tuple[str, dict[str, str], float]:
        """Answer which node this is, what is installed and, if asked, the seconds of a product: machines differ."""
        import ray

        return ray.get_runtime_context().get_node_id(), versions(), _product_seconds() if timed else 0.0

    def obey(self, message: Message, files: Files, examples: Any = None) -> tuple[Message, Files]:
        """Obey a message as `search.fleet.worker` does; answers with the files that it made.

        "load" is given the files it wants, "open" the training examples and what a model of the user's own imports.
        """
        try:
            if message["do"] not in ("save", "load", "finish"):
                return self._obey(message, files, examples)
            with TemporaryDirectory(prefix="studyhall-") as folder:
                return self._obey_with_files(message, files, Path(folder))
        except Exception:  # noqa: BLE001 - as in search.fleet.worker: whatever went wrong is the coordinator's to know
            return {"failed": traceback.format_exc()}, {}

    def _obey(self, message: Message, files: Files, examples: Any) -> tuple[Message, Files]:
        from search.fleet.worker import EngineWorker, answered

        if message["do"] == "open":
            # The arrays are shared with the node's other hosts, so they may not be written to, and are not.
            warnings.filterwarnings("ignore", "The given NumPy array is not writable")
            self._host = EngineWorker()
            sys.meta_path.append(_Carried(files))
            message["examples"] = examples
        return answered(self._host, message), {}

    def _obey_with_files(self, message: Message, files: Files, folder: Path) -> tuple[Message, Files]:
        """The same, with files in a folder of ours instead of the coordinator's."""
        from search.fleet.worker import answered

        do, made = message["do"], {}  # made: what the coordinator calls a file -> where it is here
        if do == "finish":
            made = {model["path"]: folder / str(number) for number, model in enumerate(message["models"])}
            message["models"] = [{**model, "path": str(made[model["path"]])} for model in message["models"]]
        else:
            there, message["folder"] = Path(message["folder"]), str(folder)
            for path, content in files.items():
                (folder / Path(path).name).write_bytes(content)
        said = answered(self._host, message)
        if do == "save":
            made = {str(there / path.name): path for path in folder.iterdir()}
        return said, {name: path.read_bytes() for name, path in made.items() if path.exists()}


class _Carried(MetaPathFinder, InspectLoader):
    """Imports modules whose files are on another machine, where Python finds none of their names here."""

    def __init__(self, files: Files) -> None:
        # "net.py" and "parts/__init__.py" are the modules `net` and `parts`.
        names = {path: path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in files}
        self._modules = {names[path]: (path, content.decode()) for path, content in files.items()}

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        return spec_from_loader(name, self) if name in self._modules else None

    def is_package(self, fullname: str) -> bool:
        return self._modules[fullname][0].endswith("__init__.py")

    def get_source(self, fullname: str) -> str:
        return self._modules[fullname][1]


def _product_seconds() -> float:
    """Seconds of a product like an engine's: the quickest of several, which whoever else is there disturbs least."""
    import torch

    torch.set_num_threads(1)
    left, right = torch.ones(512, 784), torch.ones(784, 512)
    best = float("inf")
    for _ in range(20):
        began = time.perf_counter()
        torch.mm(left, right)
        best = min(best, time.perf_counter() - began)
    return best
