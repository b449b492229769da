"""`ObjectiveFunction`: a function as Optuna's users have them, `def objective(trial)`, as a family. Torch-free."""

import ast
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from models.errors import did_you_mean
from models.families.external.base import (
    EpochSeconds,
    ExternalConfig,
    ExternalRun,
    ExternalTrial,
    digest,
    folder_of,
    locate,
)


class ObjectiveFunction(ExternalConfig):
    """A function of your own that trains and scores, as Optuna has them: `def objective(trial)`.

    Every `trial.report` is an epoch; what the function returns is its last one. Ranges are read from the calls of
    `trial.suggest_*` in the file, where they are written out; the study's space overrides them and adds to them.

    Example:
        >>> study = Study(family=ObjectiveFunction("train.py:objective"), objective="loss", epochs=10)  # doctest: +SKIP
    """

    name: Literal["function"] = "function"
    function: str = Field(description='Its file and name: "train.py:objective".')
    epoch_seconds: EpochSeconds = None
    file: str = Field(default="", description="The file's absolute path; found beside the study file unless given.")
    sha256: str = Field(default="", description="Of the file: it may not change while a study goes on.")

    def __init__(self, function: str, **fields: Any) -> None:
        fields.setdefault("file", folder_of(sys._getframe(1).f_globals))  # of the study file
        super().__init__(function=function, **fields)  # type: ignore[call-arg]

    @model_validator(mode="before")
    @classmethod
    def _found(cls, given: dict[str, Any]) -> dict[str, Any]:
        return given if given.get("sha256") else given | _found(given["function"], given["file"])

    @property
    def label(self) -> str:
        """The function as the study file names it."""
        return self.function

    @property
    def attribute(self) -> str:
        """The function's name in its file."""
        return self.function.rpartition(":")[2]

    def study_defaults(self) -> dict[str, Any]:
        """Return the defaults that a study of this function has."""
        return super().study_defaults() | {"space": {}}

    def suggested(self, known: Collection[str]) -> dict[str, Any]:
        """Return the ranges that the file's calls of `trial.suggest_*` have, but for names that are known."""
        from models.families.external.suggested_space import suggested_space

        return suggested_space(Path(self.file).read_text(encoding="utf-8-sig"), Path(self.file).name, known)

    def train(self, run: ExternalRun) -> ExternalTrial:
        """Return a trial that runs the function in a thread of its own."""
        from models.families.external.function_trial import train

        return train(self, run)


def _found(function: str, near: str) -> dict[str, str]:
    """Return where a function is. Raises ValueError, "fact; remedy", where there is none of that name."""
    file, _, name = function.rpartition(":")
    if not file or not name:
        raise ValueError(f'{function!r} names no function of a file; write it as "train.py:objective"')
    path = locate(file, near)
    text = path.read_text(encoding="utf-8-sig")
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise ValueError(f"{file}, line {error.lineno}: {error.msg}; correct the line, it is not Python yet") from None
    if name not in (names := _top_level(tree)):
        raise ValueError(f"{file} has no {name!r}{did_you_mean(name, names)}; name a function at its top level")
    return {"file": str(path), "sha256": digest(text)}


def _top_level(tree: ast.Module) -> list[str]:
    """Return the names that a file defines, assigns or imports at its top level."""
    names: list[str] = []
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name):
                names.append(name)
            case ast.Assign(targets=targets):
                names += [target.id for target in targets if isinstance(target, ast.Name)]
            case ast.ImportFrom(names=imported):
                names += [each.asname or each.name for each in imported]
    return names
