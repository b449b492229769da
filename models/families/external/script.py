"""`Script`: any program that takes options and prints metrics, as a family. Torch-free."""

import re
import sys
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from models.families.external.base import (
    EpochSeconds,
    ExternalConfig,
    ExternalRun,
    ExternalTrial,
    digest,
    folder_of,
    locate,
)


class Script(ExternalConfig):
    """Any program that takes `--name value` for each parameter and prints its metrics, a line or more an epoch.

    A line that has the objective's metric, as `loss=0.12` or `Test loss: 0.12`, ends an epoch. What it prints is kept
    in logs/ of the study's folder; a program that ends with another status than 0 fails its trial, with its last line.

    Example:
        >>> study = Study(
        ...     family=Script("train.py"), objective="loss", epochs=5, space={"lr": Float(1e-4, 1.0, log=True)}
        ... )  # doctest: +SKIP
    """

    name: Literal["script"] = "script"
    program: str = Field(
        description="Its file. What ends in .py is run by this Python; anything else must be executable."
    )
    arguments: tuple[str, ...] = Field(default=(), description='Arguments of every trial, like ("--epochs", "5").')
    pattern: str = Field(
        default="",
        description="A regular expression, searched in each line, whose named groups are metrics: "
        '`r"Average loss: (?P<loss>[0-9.]+)"`. Only a line in which it is found ends an epoch.',
    )
    seed_option: str = Field(
        default="", description='The option that takes a seed, "--seed"; STUDYHALL_SEED has it in any case.'
    )
    stop_seconds: float = Field(
        default=5.0, ge=0.0, description="Seconds from SIGTERM, which prunes a program, to SIGKILL."
    )
    epoch_seconds: EpochSeconds = None
    file: str = Field(default="", description="The file's absolute path; found beside the study file unless given.")
    sha256: str = Field(default="", description="Of the file: it may not change while a study goes on.")

    def __init__(self, program: str, **fields: Any) -> None:
        fields.setdefault("file", folder_of(sys._getframe(1).f_globals))  # of the study file
        super().__init__(program=program, **fields)  # type: ignore[call-arg]

    @model_validator(mode="before")
    @classmethod
    def _found(cls, given: dict[str, Any]) -> dict[str, Any]:
        if given.get("sha256"):
            return given
        path = locate(given["program"], given["file"])
        return given | {"file": str(path), "sha256": digest(path.read_text(encoding="utf-8", errors="replace"))}

    @field_validator("pattern")
    @classmethod
    def _with_groups(cls, pattern: str) -> str:
        try:
            groups = re.compile(pattern).groupindex
        except re.error as error:
            raise ValueError(f"pattern: {error}; correct the regular expression") from None
        if pattern and not groups:
            raise ValueError('pattern: it names no metric; write a group for each, like r"loss: (?P<loss>[0-9.]+)"')
        return pattern

    @property
    def label(self) -> str:
        """The program as the study file names it."""
        return self.program

    def study_defaults(self) -> dict[str, Any]:
        """Return the defaults that a study of this program has: one that waits is a process, which takes its memory."""
        return super().study_defaults() | {"paused": 16}

    def train(self, run: ExternalRun) -> ExternalTrial:
        """Return a trial that runs the program in a process of its own."""
        from models.families.external.script_trial import train

        return train(self, run)
