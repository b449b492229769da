"""Studyhall from Python, under one name: what study files are made of, `run_study`, `export_study`.

    from studyhall import Baseline, Float, Int, Mlp, Study, export_study, run_study

A name is imported when it is first asked for. Modules below are reached by this name as well, as
`studyhall.models.metrics.base`, also where a module of one's own is called `models` or `search`.
"""

from typing import TYPE_CHECKING, Any

from studyhall import importing

if TYPE_CHECKING:
    from models.errors import UserError as UserError
    from models.files.loaded_model import load as load
    from reports import *  # noqa: F403
    from search import *  # noqa: F403

_MODULES = ("search", "reports", "models.errors")  # that offer a name, each in its `__all__`


def __getattr__(name: str) -> Any:
    if name == "load":  # which takes torch
        return importing.load("models.files.loaded_model").load
    if name == "__version__":
        from importlib.metadata import version

        return version("studyhall")
    if name == "__all__":
        return ["load", *(each for module in _MODULES for each in importing.load(module).__all__)]
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    for module in _MODULES:
        if name in (loaded := importing.load(module)).__all__:
            return getattr(loaded, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), "__version__", *__getattr__("__all__")])
