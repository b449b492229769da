"""The door for external trials: code that trains by itself and yields a dictionary of metrics after every epoch.

Such a family has no data set, no lanes that train together, no test set and no model files: it has validation metrics,
and all that follows from them. Torch-free; knows no engine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Protocol

from pydantic import Field

from models.config.base import Parameters
from models.config.families import FamilyConfig
from models.errors import UserError

EpochSeconds = Annotated[
    float | None,
    Field(
        gt=0.0,
        description="Seconds that an epoch may take, the first one with the start: a trial that takes longer fails, "
        "with that as its reason. None: any time. It may change while a study goes on.",
    ),
]


@dataclass(frozen=True)
class ExternalRun:
    """What an external trial is started with."""

    number: int  # names it: the trial's number, or that of a finalist under one seed
    parameters: Parameters
    seed: int  # of everything random in it, below 2^31
    epochs: int  # how many it is to yield
    metrics: tuple[str, ...]  # the names that are recorded, the objective's first
    threads: int = 1  # that it should take
    log: Path | None = None  # where what it prints may be kept


class ExternalTrial(Protocol):
    """A trial that trains by itself: a generator is one.

    `next` trains one more epoch and returns its metrics. It raises StopIteration where training has ended by itself:
    the last metrics then stand for the epochs that are left. A metric that is NaN says that the trial has diverged.
    Between two calls it stands still.
    """

    def __next__(self) -> Mapping[str, float]:
        """Train one more epoch.

        Raises:
            StopIteration: It has ended by itself.
            TrialFailed: It cannot go on.
            UserError: The study file has to be changed.
        """

    def close(self) -> None:
        """End it, wherever it is; nothing of it goes on afterwards."""


class TrialFailed(Exception):  # noqa: N818 - a fact about one trial, which ends; the search goes on
    """An external trial cannot go on; the last line of the text is the reason."""


class ExternalConfig(FamilyConfig):
    """A family whose trials train by themselves; a subclass says how one is started.

    Registered as every `FamilyConfig`. `train` may be a generator function.

    Example:
        >>> class Parabola(ExternalConfig):
        ...     name: Literal["parabola"] = "parabola"
        ...
        ...     def train(self, run):
        ...         for epoch in range(run.epochs):
        ...             yield {run.metrics[0]: run.parameters["x"] ** 2 / (epoch + 1)}
    """

    external: ClassVar[bool] = True

    def train(self, run: ExternalRun) -> ExternalTrial:
        """Return a trial that has not begun yet."""
        raise NotImplementedError

    def study_defaults(self) -> dict[str, Any]:
        """Return the defaults that a study of this family has: its score is its last one, and trials take turns."""
        return {"data": None, "keep": "last", "lanes": 1}

    def flops_per_example(self, shape: Sequence[int], classes: int, parameters: Parameters) -> float:
        """Return 1: what a trial costs is not known, so engines are balanced by the number of trials."""
        return 1.0


def overdue(seconds: float | None) -> TrialFailed:
    """Return the error of a trial that took longer over an epoch than so many seconds."""
    return TrialFailed(f"an epoch took longer than epoch_seconds={seconds:g}")


def locate(file: str, near: str) -> Path:
    """Return the absolute path of a user's file: beside the file that names it, or else from the current folder.

    Raises:
        ValueError: "fact; remedy", where there is none.
    """
    for folder in (Path(near), Path.cwd()):
        if (path := folder / Path(file).expanduser()).is_file():
            return path.resolve()
    raise ValueError(f"there is no file {file}; write its path from the study file's folder, or from the current one")


def folder_of(caller: Mapping[str, Any]) -> str:
    """Return the folder of the code that has these global names; the current one where it is in no file."""
    return str(Path(str(caller.get("__file__", "notebook"))).absolute().parent)


def read_unchanged(path: Path, sha256: str) -> str:
    """Return the text of a user's file.

    Raises:
        UserError: It is not the one that the study was begun with.
    """
    text = read(path)
    if digest(text) != sha256:
        raise UserError(
            f"{path} has changed since this search began", "restore it, or begin anew with --restart or another --name"
        )
    return text


def read(path: Path) -> str:
    """Return the text of a file. Raises UserError where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read: {error}", "restore it, as a text in UTF-8") from error


def digest(text: str) -> str:
    """Return the hash that identifies a file in a study."""
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()
