"""The command `studyhall`: one name for all commands, and JSON for programs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from studyhall.importing import COMMANDS
from tests.support.commands import invoke
from tests.support.runs import study_file

pytestmark = pytest.mark.usefixtures("unrendered")


def test_help_lists_every_command_and_takes_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['studyhall', '--help']; from studyhall.command import main\n"
        "try: main()\n"
        "finally: print({'torch', 'optuna', 'numpy', 'pandas', 'sqlalchemy'} & set(sys.modules), file=sys.stderr)"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env={**os.environ})
    assert told.stderr.strip() == "set()"
    named = {line.split()[1] for line in told.stdout.splitlines() if len(line.split()) > 1}
    assert named >= {*COMMANDS.values(), "list", "new", "check"}


def test_a_study_is_named_by_its_place(tmp_path: Path) -> None:
    done = invoke("studyhall.command", "search", "--trials", "0", "mlp", folder=tmp_path)
    assert (done.exit_code, done.lines[0]) == (2, "error: Invalid value for '--trials': 0 is below 1")
    done = invoke("studyhall.command", "search", "mpl", folder=tmp_path)
    assert (done.exit_code, done.lines[0]) == (2, 'error: no study named "mpl" (did you mean "mlp"?)')


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["export"], "no study is named"),
        (["export", "mlp", "--study", "leaky"], "a study is named twice, mlp and leaky"),
        (["predict", "--image", "three.png"], "no model is named"),
        (["serch", "mlp"], "No such command 'serch'"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_two_lines(tmp_path: Path, words: list[str], told: str) -> None:
    done = invoke("studyhall.command", *words, folder=tmp_path)
    assert (done.exit_code, len(done.lines)) == (2, 2)
    assert told in done.lines[0]


def test_without_a_command_it_lists_them(tmp_path: Path) -> None:
    done = invoke("studyhall.command", folder=tmp_path)
    assert done.exit_code == 2
    assert any("search" in line and "many trials train together" in line for line in done.lines)
    assert not any("error" in line for line in done.lines)


def test_new_writes_a_study_that_the_list_shows(tmp_path: Path) -> None:
    assert invoke("studyhall.command", "new", "first_try", folder=tmp_path).exit_code == 0
    rows = json.loads(invoke("studyhall.command", "list", "--json", folder=tmp_path).output)
    assert rows[-1] == {
        "study": "first_try.py",
        "data": "mnist",
        "family": "mlp",
        "done": 0,
        "trials": 40,
        "best": None,
        "metric": "accuracy",
        "state": "new",
        "seconds_ago": None,
        "front": None,
        "about": "first_try",
    }


def test_check_as_json_has_the_plan_in_numbers(tmp_path: Path) -> None:
    done = invoke("studyhall.command", "check", study_file(tmp_path), "--workers", "0", "--json", folder=tmp_path)
    plan = json.loads(done.output)
    expected = {"study": "small", "data": "digits", "trials": 20, "epochs": 4, "done": 0, "baselines": ["known"]}
    assert {name: plan[name] for name in expected} == expected
    assert 0 < plan["epoch_seconds"] < plan["seconds"][0] <= plan["seconds"][1]


@pytest.mark.slow
def test_export_and_compare_as_json(runs: Path) -> None:
    line = ("mlp@digits", "--top", "1", "--seeds", "2", "--workers", "0", "--json")
    exported = json.loads(invoke("studyhall.command", "export", *line, folder=runs.parent).output)
    assert exported["study"] == "mlp@digits"
    assert (runs.parent / exported["report"]).is_file()
    assert exported["results"][0]["rank"] == 1
    rows = json.loads(invoke("studyhall.command", "compare", "--json", folder=runs.parent).output)
    found = next(row for row in rows if row["what"] == "found")
    assert found["test_accuracy"] == pytest.approx(exported["results"][0]["test_accuracy_mean"])
