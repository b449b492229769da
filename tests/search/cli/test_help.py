"""Help is a page that one would print: it answers at once, because it takes nothing heavy, and fits a terminal."""

import importlib
import re
import resource
import subprocess
import sys

import pytest
from typer.testing import CliRunner

COMMANDS = [
    "search.run",
    "models.predict",
    "reports.export",
    "reports.evaluate",
    "reports.compare",
    "reports.dashboard",
    "reports.live",
]
HEAVY = ["torch", "torchvision", "optuna", "sqlalchemy", "numpy", "pandas", "sklearn", "scipy", "matplotlib", "PIL"]


def _help(command: str) -> str:
    result = CliRunner().invoke(importlib.import_module(command).app, ["--help"], env={"COLUMNS": "80"})
    assert result.exit_code == 0
    return re.sub(r"\x1b\[[0-9;]*m", "", result.output)


@pytest.fixture(scope="module", params=COMMANDS)
def asked(request: pytest.FixtureRequest) -> tuple[str, float]:
    """Which heavy modules a command's help takes, and the seconds of a processor that it takes."""
    code = (
        f"import sys; from {request.param} import app\n"
        "try: app(['--help'])\n"
        f"except SystemExit: print(sorted(set({HEAVY}) & set(sys.modules)), file=sys.stderr)"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return told.stderr.strip(), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_help_takes_nothing_heavy(asked: tuple[str, float]) -> None:
    assert asked[0] == "[]"


def test_help_answers_at_once(asked: tuple[str, float]) -> None:
    assert asked[1] < 2.0  # seconds, whatever else runs; 0.5 here, and torch alone takes 2 more


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_examples_that_fit_eighty_columns(command: str) -> None:
    lines = _help(command).splitlines()
    assert max(map(len, lines)) <= 80
    examples = [line.strip() for line in lines if line.strip().startswith(f"python -m {command}")]
    assert len(examples) >= 3
    written = {line.strip() for line in importlib.import_module(command).EXAMPLES.splitlines()}
    assert set(examples) <= written  # nothing of them went to another line


@pytest.mark.parametrize("command", COMMANDS)
def test_help_speaks_of_values_rather_than_of_types(command: str) -> None:
    told = [line for line in _help(command).splitlines() if "Show this message and exit" not in line]  # Typer's own
    assert not re.findall(r"<(?:int|str|path|float|bool)[^>]*>", "\n".join(told))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--trials", "0"], "0 is below 1"),
        (["--trials", "many"], "many is no whole number"),
        (["--workers", "5000"], "5000 is above 4096"),
        (["--study", "mlp", "--timeout", "-1"], "--timeout is -1 seconds"),
        (["--study", "mlp", "--timeout", "nan"], "--timeout is nan seconds"),
        (["--study", "mlp", "--device", "tpu"], "--device is tpu"),
    ],
)
def test_a_value_out_of_bounds_is_told(arguments: list[str], told: str) -> None:
    result = CliRunner().invoke(importlib.import_module("search.run").app, arguments, env={"COLUMNS": "120"})
    assert result.exit_code == 2
    assert told in result.output
