"""Runs an objective function as an external trial: in a thread, which stands still from one report to the next.

While it stands still other trials train in the same process; each has global generators of its own. Knows no Optuna:
what a function raises to say that it is pruned is known by its name.
"""

import builtins
import ctypes
import hashlib
import math
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

from models.errors import UserError
from models.families.external.base import ExternalRun, TrialFailed, overdue, read_unchanged
from models.families.external.global_generators import GlobalGenerators
from models.families.external.suggested_space import choice_of, line_for

if TYPE_CHECKING:
    from models.families.external.function import ObjectiveFunction


class TrialPruned(Exception):  # noqa: N818 - Optuna's name for it
    """Ends a function that reports once more after it was to be pruned."""


class FunctionTrial:
    """What an objective function is given in the place of an `optuna.Trial`.

    Attributes:
        number: The trial's.
        seed: For whatever is random in the function; another one for each trial, and for each seed of a finalist.
        params: Its parameters, those of the study file's fixed values included.
        user_attrs: What `set_user_attr` was given, and "seed". Kept while the function runs.
    """

    def __init__(self, run: ExternalRun, file: str, report: Callable[[float], bool]) -> None:
        self.number, self.seed, self.params = run.number, run.seed, dict(run.parameters)
        self.user_attrs: dict[str, Any] = {"seed": run.seed}
        self._file, self._report, self._steps, self._prune = file, report, set[int](), False

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """Return the trial's value of a parameter; the study's space rules."""
        return float(self._value(name, "suggest_float", (low, high), {"step": step, "log": log}))

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """Return the trial's value of a parameter; the study's space rules."""
        options = {"step": None if step == 1 else step, "log": log}
        return int(self._value(name, "suggest_int", (low, high), options))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """Return the trial's value of a parameter; the study's space rules."""
        return choice_of(self._value(name, "suggest_categorical", (list(choices),), {}), choices)

    def suggest_uniform(self, name: str, low: float, high: float) -> float:
        """Return `suggest_float(name, low, high)`."""
        return self.suggest_float(name, low, high)

    def suggest_loguniform(self, name: str, low: float, high: float) -> float:
        """Return `suggest_float(name, low, high, log=True)`."""
        return self.suggest_float(name, low, high, log=True)

    def suggest_discrete_uniform(self, name: str, low: float, high: float, q: float) -> float:
        """Return `suggest_float(name, low, high, step=q)`."""
        return self.suggest_float(name, low, high, step=q)

    def report(self, value: float, step: int) -> None:
        """End an epoch: wait until the search has judged it. A step that was reported before counts once."""
        value = float(value)
        if self._prune:
            raise TrialPruned
        if step not in self._steps:
            self._steps.add(step)
            self._prune = self._report(value)

    def should_prune(self) -> bool:
        """Return whether the last report was the trial's last."""
        return self._prune

    def set_user_attr(self, key: str, value: Any) -> None:
        """Keep a value while the function runs."""
        self.user_attrs[key] = value

    def _value(self, name: str, method: str, arguments: Sequence[Any], options: Mapping[str, Any]) -> Any:
        if name in self.params:
            return self.params[name]
        line = line_for(name, method, arguments, options)
        raise UserError(
            f"{self._file} suggests {name!r}, which this trial does not have", f"add it to the study's space: {line}"
        )

    def __getattr__(self, name: str) -> NoReturn:
        has = ", ".join(each for each in (*vars(type(self)), "number", "seed", "params") if not each.startswith("_"))
        raise AttributeError(f"a trial of Studyhall has no {name!r}; it has {has}")


# --- the thread -------------------------------------------------------------------------------------------------------

_Event = tuple[str, Any]  # "reported", "returned" or "raised", with what


def train(config: "ObjectiveFunction", run: ExternalRun) -> Generator[Mapping[str, float], None, None]:
    """Yield the metrics of each epoch of a function; see `ExternalTrial`."""
    objective = _objective(config)
    metric, reports = run.metrics[0], 0
    events, answers = SimpleQueue[_Event](), SimpleQueue[bool]()  # an answer is whether to end
    generators = GlobalGenerators(run.seed)

    def report(value: float) -> bool:
        events.put(("reported", value))
        return answers.get()

    def call() -> None:
        import torch

        torch.set_num_threads(run.threads)  # of this thread
        if answers.get():
            return
        try:
            events.put(("returned", objective(FunctionTrial(run, Path(config.file).name, report))))
        except BaseException as error:  # noqa: BLE001 - also SystemExit: the function ends, its engine does not
            events.put(("raised", error))

    def next_event() -> _Event:
        with generators.in_place():
            answers.put(False)
            return events.get(timeout=config.epoch_seconds)

    patience = math.inf if config.epoch_seconds is None else config.epoch_seconds
    thread = threading.Thread(target=call, name=f"trial {run.number}", daemon=True)
    thread.start()
    try:
        while True:
            what, of = next_event()
            if what == "reported":
                reports += 1
                if reports > run.epochs:
                    raise _reports_more(config, run.epochs)
                if reports < run.epochs:  # the value of the last epoch is what the function returns
                    yield {metric: of}
            elif what == "returned":
                yield {metric: _number(of)}
                return
            elif isinstance(of, UserError):
                raise of
            elif _says_pruned(of):
                yield {metric: math.nan}
                return
            else:
                raise TrialFailed("".join(traceback.format_exception(of)))
    except Empty:
        patience = 0.0
        raise overdue(config.epoch_seconds) from None
    finally:
        until = time.monotonic() + patience
        while thread.is_alive() and time.monotonic() < until:  # it ends at its next report at the latest
            with generators.in_place():
                answers.put(True)
                thread.join(0.05)
        if thread.is_alive():
            _let_end(thread)


def _let_end(thread: threading.Thread) -> None:
    """Let a thread end at its next line of Python; one that waits for ever, which nothing ends, waits on."""
    assert thread.ident is not None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))


def _reports_more(config: "ObjectiveFunction", epochs: int) -> UserError:
    return UserError(
        f"{config.function} reports more than the {epochs} values of epochs={epochs}",
        "write in the study file as many epochs as the function reports",
    )


def _number(returned: Any) -> float:
    """Return what a function returned as a number. Raises TrialFailed where it is none."""
    try:
        return float(returned)
    except (TypeError, ValueError):
        kind = f"{len(returned)} values" if isinstance(returned, Sequence) else repr(returned)
        raise TrialFailed(f"the function returned {kind}; it must return one number") from None


def _says_pruned(error: BaseException) -> bool:
    return any(each.__name__ == "TrialPruned" for each in type(error).__mro__)


# --- what trials of one process share ---------------------------------------------------------------------------------


_modules: dict[tuple[str, str], ModuleType] = {}


def _objective(config: "ObjectiveFunction") -> Callable[[FunctionTrial], Any]:
    """Return the function. Its file is run once in a process, as an import would, from seeds that are always the same.

    Raises:
        UserError: The file has changed, or raises.
    """
    key = (config.file, config.sha256)
    if key not in _modules:
        path = Path(config.file)
        text = read_unchanged(path, config.sha256)
        module = ModuleType(f"objective_{hashlib.sha256(config.file.encode()).hexdigest()[:16]}")
        module.__file__ = str(path)
        vars(module)["__builtins__"] = builtins  # whose imports are the user's; see studyhall.importing
        if str(path.parent) not in sys.path:
            sys.path.append(str(path.parent))
        sys.modules[module.__name__] = module  # classes that the file defines look for their module there
        try:
            with GlobalGenerators(0).in_place():
                exec(compile(text, str(path), "exec", dont_inherit=True), vars(module))  # noqa: S102 - its owner asks us to run it
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
            where = f"{path.name}, line {lines[-1]}" if lines else path.name
            raise UserError(
                f"{where}: {type(error).__name__}: {error}", "correct the line; the file is run as an import"
            ) from error
        _modules[key] = module
    objective: Callable[[FunctionTrial], Any] = getattr(_modules[key], config.attribute)
    return objective
