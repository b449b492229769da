"""`--new`: the file it writes is a study that runs as it is, and that its remarks are true of."""

import re
from pathlib import Path

import pytest

from models.config.families import Mlp
from models.errors import UserError
from search.cli import new
from search.config import study_files as catalog
from tests.support.commands import Outcome, invoke


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, of this test alone."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(*arguments: str) -> Outcome:
    """What the command says."""
    return invoke("search.run", *arguments)


def test_it_says_what_to_do_next(folder: Path) -> None:
    done = said("--new", "my_study")
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        "my_study.py is a study to read and to change; it runs as it is",
        "next: python -m search.run --study my_study.py --check",
        "then: python -m search.run --study my_study.py",
    ]


def test_the_new_study_is_searched_as_it_is(folder: Path) -> None:
    said("--new", "my_study")
    small = ("--dataset", "digits", "--trials", "2", "--epochs", "1", "--workers", "0")
    done = said("--study", "my_study.py", *small)
    assert done.exit_code == 0, done.output
    assert "2 trials: 2 complete" in done.output


def test_the_new_study_is_what_its_remarks_say(folder: Path) -> None:
    named = catalog.load(str(new.write("described")))
    assert (named.name, named.study.about) == ("described", "described")
    assert named.study.family == Mlp(depth=1, activation="relu")
    assert [baseline.name for baseline in named.study.baselines] == ["what I use today"]
    for line in re.findall(r"^    (python -m .*?)(?:  .*)?$", named.text, re.MULTILINE):
        assert "described" in line


def test_the_model_in_its_remarks_is_one(folder: Path) -> None:
    path = new.write("own_model")
    text = path.read_text()
    begin, end = text.index("# import torch"), text.index("# Move it above")
    model = re.sub(r"^# ?", "", text[begin:end], flags=re.MULTILINE)
    head, _, study = text[:begin].partition("study = Study(")
    path.write_text(
        f"{head}{model}\nstudy = Study({study}".replace('family=Mlp(depth=1, activation="relu")', "family=Net")
    )
    small = ("--dataset", "digits", "--trials", "2", "--epochs", "1", "--workers", "0")
    done = said("--study", "own_model.py", *small)
    assert done.exit_code == 0, done.output
    assert "2 trials: 2 complete" in done.output


def test_a_path_says_where(folder: Path) -> None:
    (folder / "mine").mkdir()
    assert new.write("mine/first.py") == Path("mine/first.py")
    assert catalog.load("mine/first.py").name == "first"


def test_no_file_is_overwritten(folder: Path) -> None:
    (folder / "my_study.py").write_text("precious")
    done = said("--new", "my_study")
    assert done.exit_code == 2
    assert done.output.splitlines() == [
        "error: my_study.py is there already",
        "  choose another name; nothing was overwritten",
    ]
    assert (folder / "my_study.py").read_text() == "precious"


@pytest.mark.parametrize(
    ("name", "what", "remedy"),
    [
        ("2nd", "'2nd' cannot be the name of a study file", "use letters, digits and _"),
        ("my-study", "'my-study' cannot be the name of a study file", "use letters, digits and _"),
        ("class", "'class' cannot be the name of a study file", "use letters, digits and _"),
        ("", "'' cannot be the name of a study file", "use letters, digits and _"),
        ("mlp", "`mlp` is one of the studies at hand", "choose another name, as in my_mlp"),
        ("torch.py", "`torch` is the name of a Python module", "choose another name, as in my_torch"),
        ("nowhere/novel_study", "nowhere/novel_study.py cannot be written", "choose a folder that is there"),
    ],
)
def test_a_name_that_will_not_do_is_refused(name: str, what: str, remedy: str, folder: Path) -> None:
    with pytest.raises(UserError) as refused:
        new.write(name)
    assert refused.value.what.startswith(what)
    assert refused.value.remedy.startswith(remedy)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--new", "mine", "--list"], "--new and --list are two things to do"),
        (["--study", "mlp", "--check", "--reproduce", "3"], "--check and --reproduce are two things to do"),
        (["--check"], "no study is named"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: list[str], told: str, folder: Path) -> None:
    done = said(*options)
    assert done.exit_code == 2
    assert told in done.output
    assert len(done.output.splitlines()) == 2
    assert list(folder.iterdir()) == []
