"""A study is found by its name or path, and whatever is wrong with its file is told as fact and remedy."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from models.errors import UserError
from search.config.study import Study
from search.config.study_files import load, names, override

GOOD = """\
from search import Choice, Float, Int, Mlp, Study

study = Study(
    family=Mlp(),
    space={
        "learning_rate": Float(1e-3, 1.0, log=True),
        "hidden": Int(16, 512, log=True),
        "weight_decay": Float(0.0, 0.1),
    },
)
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test runs in an empty folder that is not the project's."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(text: str, path: str = "studies/own.py") -> str:
    Path(path).parent.mkdir(exist_ok=True)
    Path(path).write_text(text)
    return path


def slip(name_or_path: str) -> UserError:
    with pytest.raises(UserError) as caught:
        load(name_or_path)
    return caught.value


def slip_of(text: str) -> UserError:
    return slip(write(text))


# --- finding ----------------------------------------------------------------------------------------------------------


def test_every_study_of_ours_loads_under_its_file_name() -> None:
    assert {"linear", "mlp"} <= set(names())
    for name in names():
        named = load(name)
        assert named.name == name
        assert named.text == named.path.read_text()


def test_the_current_folder_adds_studies() -> None:
    write(GOOD)
    assert "own" in names()
    assert load("own").path == Path("studies/own.py").absolute()


def test_a_study_of_the_current_folder_stands_before_ours_of_the_same_name() -> None:
    write(GOOD, "studies/mlp.py")
    assert load("mlp").text == GOOD
    assert names().count("mlp") == 1


def test_a_path_gives_the_name_of_its_file(elsewhere: Path) -> None:
    write(GOOD, "wide.py")
    assert load("wide.py").name == load("./wide.py").name == load(str(elsewhere / "wide.py")).name == "wide"


def test_a_list_of_names_runs_no_file() -> None:
    write("raise RuntimeError('run')")
    assert "own" in names()


def test_only_the_chosen_file_is_run() -> None:
    write("raise RuntimeError('run')", "studies/broken.py")
    write(GOOD)
    assert load("own").name == "own"


def test_private_files_are_no_studies() -> None:
    write(GOOD, "studies/_shared.py")
    assert not [name for name in names() if name.startswith("_")]


def test_an_unknown_name_is_answered_with_the_close_one() -> None:
    error = slip("mpl")
    assert error.what == 'no study named "mpl" (did you mean "mlp"?)'
    listed, own = error.remedy.split("\n")
    assert listed == f"studies: {', '.join(names())}"
    assert "--new NAME" in own
    assert "--study path/to/file.py" in own


def test_a_name_like_no_other_is_answered_without_a_guess() -> None:
    assert slip("zzzz").what == 'no study named "zzzz"'


def test_a_study_on_another_data_set_is_answered_with_how_to_ask_for_it() -> None:
    error = slip("mlp@digits")
    assert error.what == '"mlp@digits" is the study mlp on digits'
    assert error.remedy == "--study mlp --dataset digits"
    assert slip("mpl@digits").what.startswith('no study named "mpl@digits"')


def test_a_name_in_capitals_is_answered_with_the_small_one() -> None:
    assert '"mlp"' in slip("MLP").what


@pytest.mark.parametrize("path", ["missing.py", "no/such", "../mlp", "."])
def test_a_path_that_leads_nowhere_is_told(path: str) -> None:
    assert path in slip(path).what


# --- running ----------------------------------------------------------------------------------------------------------


def test_a_file_is_read_anew_each_time() -> None:
    write(GOOD)
    first = load("own").study
    write(GOOD.replace("family=Mlp(),", "family=Mlp(), epochs=3,"))
    assert (first.epochs, load("own").study.epochs) == (10, 3)


def test_a_file_imports_what_lies_beside_it_and_not_beside_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    for folder, rate in (("one", 0.1), ("two", 0.2)):
        write(f"RATE = {rate}\n", f"{folder}/rates_of_mine.py")
    text = GOOD.replace("Float(1e-3, 1.0, log=True)", "RATE")
    load(write(GOOD, "one/first.py"))  # whose folder has the module too, and does not import it
    mine = load(write(f"from rates_of_mine import RATE\n{text}", "two/second.py"))
    try:
        assert mine.study.fixed == {"learning_rate": 0.2}
        told = slip(write(f"from rates_of_mine import RATE\n{text}", "one/third.py"))
    finally:
        sys.modules.pop("rates_of_mine", None)
    assert told.what == "one/third.py imports rates_of_mine, and in this process that is two/rates_of_mine.py"
    assert told.remedy.startswith("search the two studies in processes of their own")


def test_running_a_file_leaves_nothing_beside_it() -> None:
    write(GOOD)
    load("own")
    assert [path.name for path in Path("studies").iterdir()] == ["own.py"]


def test_a_file_may_begin_with_the_mark_of_an_editor() -> None:
    Path("marked.py").write_text(GOOD, encoding="utf-8-sig")
    assert load("marked.py").text == GOOD


def test_the_source_of_a_class_in_the_file_can_be_read() -> None:
    own = "class Own(Study):\n    pass\n"
    named = load(write(GOOD.replace("\nstudy = Study(", f"\n{own}\nstudy = Own(")))
    assert inspect.getsource(type(named.study)) == own


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("study = (", "studies/own.py, line 1: '(' was never closed"),
        ("import no_such_library", "studies/own.py, line 1: ModuleNotFoundError: No module named 'no_such_library'"),
        ("def f():\n    return 1 / 0\n\nf()", "studies/own.py, line 2: ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "studies/own.py, line 1: SystemExit: 3"),
        ("", "studies/own.py assigns no `study`"),
        ("study = {}", "`study` in studies/own.py is of type dict, not a Study"),
        ("from search import Study\nstudy = Study", "`study` in studies/own.py is the class Study, not a Study"),
    ],
)
def test_a_file_that_gives_no_study_is_told(text: str, what: str) -> None:
    error = slip_of(text)
    assert error.what == what
    assert error.remedy


def test_a_file_in_another_encoding_is_told() -> None:
    Path("latin.py").write_bytes("# Füße".encode("latin-1"))
    assert slip("latin.py").what == "latin.py is no text in UTF-8"


def test_a_file_that_cannot_be_read_is_told() -> None:
    Path("studies/own.py").mkdir(parents=True)
    assert slip("own").what == "studies/own.py cannot be read: Is a directory"


def test_an_error_for_users_passes_unchanged() -> None:
    error = slip_of("from models.errors import UserError\nraise UserError('so it is', 'do this')")
    assert (error.what, error.remedy) == ("so it is", "do this")


# --- the checks of search.spec, translated ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "wrong", "what", "remedy"),
    [
        ("Int(16, 512,", "Int(512, 16,", "line 7: low 512 is not below high 16", "write the smaller bound first"),
        ("Mlp(),", "Mlp(), epochs=0,", "line 3: epochs is 0", "epochs should be greater than or equal to 1"),
        (
            "Mlp(),",
            "Mlp(), epoch=9,",
            'line 3: Study has no epoch (did you mean "epochs"?)',
            "Study has family, epochs",
        ),
        (
            "Mlp(),",
            "Mlp(dept=2),",
            'line 4: Mlp has no dept (did you mean "depth"?)',
            "Mlp has depth, activation, bias",
        ),
        ("Mlp(),", "'mpl',", "line 3: no family is called 'mpl' (did you mean \"mlp\"?)", "choose one of linear, mlp"),
        (
            "Mlp(),",
            "Mlp,",
            "line 3: family is the class Mlp",
            "write Mlp(), with its fields in the brackets",
        ),
        (
            "Int(16, 512, log=True)",
            "(16, 512)",
            "line 3: space.hidden is (16, 512)",
            "write it with a class of `search`",
        ),
        ("family=Mlp(),", "", "line 3: Study says no family", "add family="),
        ("Float(0.0, 0.1)", "Float(0.0)", "line 8: Float says no high", "add high="),
        ("Float(0.0, 0.1)", "Float('a', 0.1)", "line 8: low is 'a'", "low should be a valid number"),
        ("Float(0.0, 0.1)", 'Choice("a", "b")', "line 8: Choice has its values one by one", "Choice(('a', 'b'))"),
        ("Float(0.0, 0.1)", "Float(0.0, 0.1, True)", "line 8: Float(...) has True without a name", "name=value"),
        (
            "Float(0.0, 0.1)",
            "Float(0.0, 0.1, lg=1)",
            'Float has no lg (did you mean "log"?)',
            "Float has low, high, log",
        ),
        ("Mlp(),", "Mlp(), data='minst',", "line 3: no data set is called 'minst'", "choose one of mnist"),
        ("Mlp(),", "Mlp(), epochs=0, trials=0,", "line 3: epochs is 0 (and 1 more)", "epochs should be"),
    ],
)
def test_a_slip_in_the_words_names_line_field_remedy(right: str, wrong: str, what: str, remedy: str) -> None:
    error = slip_of(GOOD.replace(right, wrong))
    assert error.what.startswith("studies/own.py, line ")
    assert error.what.endswith(what)
    assert remedy in error.remedy


def test_all_that_is_wrong_is_told_at_once() -> None:
    told = slip_of(
        "from search import *\nstudy = Study(family=Mlp(), optimizer='adamw', lanes=0, loss='squared_error',\n"
        "  label_smoothing=0.1, baselines=[Baseline('a', hidden=9, learning_rate=2.0)],\n"
        "  space={'hidden': Int(10, 20), 'learning_rate': Float(0.1, 1.0), 'weight_decay': 0.0})"
    )
    assert told.what.endswith("label_smoothing: squared_error knows none (and 2 more)")
    assert told.remedy.splitlines() == [
        'leave it out, or choose loss="cross_entropy"',
        "  baseline 'a': hidden = 9 lies outside its range 10..20; widen the range",
        "  lanes: 0 is not from 1 to 4096; give another number",
    ]


def test_a_value_of_no_kind_is_one_problem() -> None:
    error = slip_of("from search import Baseline\nBaseline('known', hidden=None)")
    assert error.what == "studies/own.py, line 2: parameters.hidden is None"
    assert error.remedy == "parameters.hidden should be a finite number, a text, True or False"


def test_a_baseline_outside_the_space_is_told_with_its_name() -> None:
    baseline = 'Baseline("notebook", hidden=8, learning_rate=0.1, weight_decay=0.0)'
    text = GOOD.replace("import Choice", "import Baseline, Choice").replace("Mlp(),", f"Mlp(), baselines=[{baseline}],")
    error = slip_of(text)
    assert "baseline 'notebook': hidden = 8 lies outside its range" in error.what
    assert error.remedy == "widen the range"


# --- options on top of a file -----------------------------------------------------------------------------------------


def own() -> Study:
    return load(write(GOOD)).study


def test_an_option_changes_its_field_alone() -> None:
    assert override(own(), epochs=3) == own().model_copy(update={"epochs": 3})


def test_an_option_that_was_not_given_changes_nothing() -> None:
    assert override(own(), epochs=None, seed=None) == own()


def test_an_option_out_of_bounds_is_told() -> None:
    with pytest.raises(UserError, match="options: epochs is 0\n  epochs should be greater than or equal to 1"):
        override(own(), epochs=0)


def test_an_option_is_checked_against_the_whole_study() -> None:
    with pytest.raises(UserError, match="linear has no parameter 'hidden'"):
        override(own(), family="linear")


# --- what it costs ----------------------------------------------------------------------------------------------------


def test_reading_a_study_costs_neither_torch_nor_optuna() -> None:
    heavy = "{'torch', 'optuna', 'numpy', 'pandas', 'sqlalchemy', 'sklearn'}"
    loading = "from search.config.study_files import load; load('mlp')"
    program = f"import sys; {loading}; print(sorted({heavy} & sys.modules.keys()))"
    project = Path(__file__).parents[3]
    answer = subprocess.run([sys.executable, "-c", program], cwd=project, capture_output=True, text=True, check=True)
    assert answer.stdout == "[]\n"
