"""What tests of the README and of docs/ share: the blocks of a page, its commands, and how a command is run."""

import importlib
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import typer

from studyhall.command import app
from studyhall.importing import COMMANDS
from tests.support import warm_start

ROOT = Path(__file__).parents[2]
NOWHERE = "http://127.0.0.1:9"  # the discard port: a download is refused at once
SERVERS = ("reports.dashboard", "dashboard", "reports.live", "live")  # they run until they are stopped
NEEDS = "needs "  # a remark behind a command, "needs a GPU": not every machine can run it


@dataclass(frozen=True)
class Command:
    """One line of a block of shell."""

    words: list[str]
    remark: str  # what stands behind #

    @property
    def line(self) -> str:
        """As one types it."""
        return shlex.join(self.words)

    @property
    def runs_anywhere(self) -> bool:
        """Whether any one machine can run it."""
        return not self.remark.startswith(NEEDS)

    @property
    def serves(self) -> bool:
        """Whether it runs until it is stopped."""
        return any(server in self.words for server in SERVERS)


@dataclass(frozen=True)
class Block:
    """What stands between two fences."""

    language: str  # "" where the fence says none
    text: str

    @property
    def file(self) -> str | None:
        """The file that a block of Python says to be, in its first line."""
        named = re.match(r"# (\w+\.py)\n", self.text)
        return named.group(1) if named else None

    @property
    def commands(self) -> list[Command]:
        """The commands of a block of shell, a line each."""
        parted = (line.partition("#") for line in self.text.splitlines())
        return [Command(shlex.split(words), remark.strip()) for words, _, remark in parted if words.strip()]


def blocks(page: Path) -> list[Block]:
    """Return a page's blocks, in order."""
    return [Block(*found) for found in re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(), re.S | re.M)]


def environment() -> dict[str, str]:
    """Return the environment of a machine that has neither data nor network."""
    known = {**os.environ, "HTTPS_PROXY": NOWHERE, "HTTP_PROXY": NOWHERE, "NO_COLOR": "1", "PYTHONPATH": str(ROOT)}
    known.pop("STUDYHALL_DATA", None)
    return known


# What a command spends here where its page does not say, and the most where it does: enough for every branch of it, not
# for a good result, and no processes of its own, which would each take seconds to import torch.
BUDGETS = {
    "search": {"--trials": "6", "--epochs": "2", "--workers": "0"},
    "check": {"--workers": "0"},
    "export": {"--top": "1", "--seeds": "2", "--workers": "0"},
}
MOST = {"--trials": 8, "--epochs": 2, "--top": 1, "--seeds": 2, "--audit": 2}
REPORTING = ("function.py",)  # trains by itself, and reports as many epochs as its study says
FREE = ("--list", "--new", "--help")  # they train nothing


def within_budget(words: list[str]) -> list[str]:
    """Return a command with the options of a small budget, in place of larger ones that it gives itself."""
    name = words[1] if words[0] == "studyhall" else COMMANDS.get(words[2] if len(words) > 2 else "", "")
    options = BUDGETS.get(name, {})
    if any(word in REPORTING for word in words):
        options = {option: value for option, value in options.items() if option != "--epochs"}
    if any(word in FREE for word in words):
        return words
    given = [
        str(min(int(word), MOST[option])) if option in MOST else word
        for option, word in zip(["", *words], words, strict=False)
    ]
    return given + [part for option in options.items() if option[0] not in words for part in option]


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of a page with this interpreter, within the budget of a test."""
    return warm_start.run([*_program(words), *within_budget(words)[1:]], cwd=folder, env=environment())


def _program(words: list[str]) -> list[str]:
    """Return how this interpreter runs the first word of a command."""
    assert words[0] in ("python", "studyhall"), words
    return [sys.executable] if words[0] == "python" else [sys.executable, "-m", "studyhall"]


def serve(words: list[str], folder: Path) -> str:
    """Start a command of a page that serves, at a free port; return what it says first, and stop it."""
    process = warm_start.WarmPopen(
        [*_program(words), *words[1:], "--port", "0"], cwd=folder, env=environment(), stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        return process.stdout.readline()
    finally:
        process.terminate()
        process.communicate(timeout=20)


def parse(command: Command) -> None:
    """Read a command's arguments as it would, without running it. Raises click's errors where it takes no such ones."""
    if command.words[0] == "studyhall":
        program = typer.main.get_command(app)
        name, found, arguments = program.resolve_command(program.make_context("studyhall", ["list"]), command.words[1:])
        found.make_context(name, arguments)
        return
    assert command.words[:2] == ["python", "-m"]
    module = importlib.import_module(command.words[2])
    typer.main.get_command(module.app).make_context(command.words[2], command.words[3:])


def dead_links(page: Path) -> list[str]:
    """Return the links of a page that lead to no file, or to no heading of a page of ours."""
    dead = []
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text()):
        name, _, heading = target.partition("#")
        file = page.parent / name if name else page
        if not file.exists() or (heading and heading not in _headings(file)):
            dead.append(target)
    return dead


def _headings(page: Path) -> set[str]:
    """Return what links call a page's headings: small letters, words joined by hyphens."""
    found = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}
