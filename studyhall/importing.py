"""Where Studyhall's own packages are found, whatever else is called `models`, `search`, `studies` or `reports`.

Half of all projects have a `models.py`. So under the command `studyhall`, after `import studyhall`, and in every
worker, our packages are `studyhall.models`, `studyhall.search` and so on, and the short names belong to the user: `from
models import Net` finds his module. Where he has none of that name, the short name means ours, the same objects. Our
source says `from models.errors import UserError` either way: our modules are executed with their own `__import__`.

Under `python -m search.run` and after `from search import Study` in a program, our packages have the short names, and
`studyhall.search` is another name for `search`. Which of the two holds is decided when `studyhall` is first imported.

Knows only names and folders, and imports nothing of ours.
"""

import builtins
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGES = ("models", "search", "studies", "reports")
HERE = Path(__file__).resolve().parent
ROOT = HERE if (HERE / "search").is_dir() else HERE.parent  # a copy for a cluster's nodes has the packages inside

# What `python -m` calls each command, and what `studyhall` does.
COMMANDS = {
    "search.run": "search",
    "reports.export": "export",
    "reports.compare": "compare",
    "reports.evaluate": "evaluate",
    "reports.dashboard": "dashboard",
    "reports.live": "live",
    "models.predict": "predict",
}


def is_ours(name: str) -> bool:
    """Return whether the module that now has a short name is Studyhall's package."""
    file = getattr(sys.modules.get(name), "__file__", None)
    return file is not None and Path(file).resolve().parent == ROOT / name


ON_TOP = any(is_ours(name) for name in PACKAGES)  # whether our packages have the short names


def load(name: str) -> ModuleType:
    """Import a module of ours by its short name, `search.run`."""
    return import_module(name if ON_TOP else f"studyhall.{name}")


def users_module(name: str) -> ModuleSpec | None:
    """Return what the user's own folders have under the name of a package of ours.

    A plain folder counts where it holds Python files, itself or one level down: `reports/` may be a folder of tables.
    """
    folders = [folder for folder in sys.path if Path(folder).resolve() != ROOT]
    spec = PathFinder.find_spec(name, folders)
    if spec is None or spec.loader is not None:
        return spec
    plain = [Path(folder) for folder in spec.submodule_search_locations or ()]
    return spec if any(any(folder.glob(wanted)) for folder in plain for wanted in ("*.py", "*/*.py")) else None


def remedy(error: ImportError, folder: Path) -> str | None:
    """Return what to do where an import of the user's failed because he and Studyhall have a module of one name.

    Args:
        error: What his file in `folder` raised.
        folder: Where that lies.
    """
    name = (error.name or "").partition(".")[0]
    if name not in PACKAGES or folder.resolve() == ROOT:
        return None
    if not is_ours(name):
        file = getattr(sys.modules.get(name), "__file__", None) or name
        return f"`{name}` is {file}; what is Studyhall's is imported from studyhall, as in from studyhall import Study"
    if ON_TOP and ((folder / name).is_dir() or (folder / f"{name}.py").is_file()):
        return f"`{name}` is Studyhall's under python -m; the command studyhall leaves the name to your own module"
    return None


def _check_not_hidden() -> None:
    """Refuse to go on where a module of the user's comes before a package of ours that is needed under its short name.

    Raises:
        SystemExit: With code 2, after two lines, if a command was given by `python -m`.
        ImportError: In a program.
    """
    if not ON_TOP:
        return
    for name in PACKAGES:
        spec = None if name in sys.modules else PathFinder.find_spec(name)
        if spec is None or spec.origin is None or Path(spec.origin).resolve().parent == ROOT / name:
            continue
        what = f"{spec.origin} hides Studyhall's own package `{name}`"
        if sys.argv[0] != "-m":  # what Python puts there while it looks for the module of `python -m`
            raise ImportError(
                f"{what}\n  import studyhall instead of search, models and reports: it leaves them to you"
            )
        given = sys.orig_argv[-len(sys.argv) + 1 :] if len(sys.argv) > 1 else []
        module = sys.orig_argv[-len(given) - 1]
        sys.stderr.write(f"error: {what}\n  give: studyhall {' '.join([COMMANDS.get(module, module), *given])}\n")
        raise SystemExit(2)


# --- the import system ------------------------------------------------------------------------------------------------


class _Finder(MetaPathFinder):
    """Finds our packages under `studyhall.`, and under their short names where the user has no such modules."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        short = name.removeprefix("studyhall.")
        top = short.partition(".")[0]
        if top not in PACKAGES:
            return _our_spec(name, path) if short != name else None
        if ON_TOP:
            return ModuleSpec(name, _OtherName(short)) if short != name else None
        if short != name:
            return _our_spec(name, path if short != top else [str(ROOT)])
        if short == top and (users := users_module(name)):
            return users
        if short == top or is_ours(top):
            return ModuleSpec(name, _OtherName(f"studyhall.{name}"))
        return None


def _our_spec(name: str, path: Sequence[str] | None) -> ModuleSpec | None:
    spec = PathFinder.find_spec(name, path)
    if spec and isinstance(spec.loader, SourceFileLoader):
        spec.loader = _OurLoader(spec.loader.name, spec.loader.path)
    return spec


class _OurLoader(SourceFileLoader):
    """Executes a module of ours so that its imports of our packages find ours."""

    def exec_module(self, module: ModuleType) -> None:
        if not ON_TOP:
            vars(module)["__builtins__"] = _BUILTINS
        super().exec_module(module)


class _OtherName(Loader):
    """Gives a module that has another name already."""

    def __init__(self, name: str) -> None:
        self._name = name

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(self._name)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec  # which the import system has just replaced


def _import(
    name: str,
    globals: Mapping[str, Any] | None = None,  # noqa: A002 - as Python calls them
    locals: Mapping[str, Any] | None = None,  # noqa: A002
    fromlist: Sequence[str] = (),
    level: int = 0,
) -> ModuleType:
    """Import as a statement of ours does: a short name is that of our package."""
    top = name.partition(".")[0]
    if level or top not in PACKAGES:
        return __import__(name, globals, locals, fromlist, level)
    module = __import__(f"studyhall.{name}", globals, locals, fromlist)
    return module if fromlist else sys.modules[f"studyhall.{top}"]


_BUILTINS = {**vars(builtins), "__import__": _import}

sys.meta_path.insert(0, _Finder())
_check_not_hidden()
