"""The pages of docs/: what they show runs, their links lead somewhere, what is generated is as generated."""

import re
from pathlib import Path

import pytest

import reports
import search
from docs import lanes, reference
from search.config.study_files import load
from tests.support.pages import ROOT, Block, blocks, dead_links, parse, run, serve

PAGES = sorted((ROOT / "docs").glob("*.md"))
LIVE = [page for page in PAGES if any(it.runs_anywhere for block in blocks(page) for it in block.commands)]
COMMANDS = [
    pytest.param(command, id=f"{page.stem}-{command.line}")
    for page in PAGES
    for block in blocks(page)
    if block.language == "sh"
    for command in block.commands
    if command.words[0] == "studyhall" or command.words[1] == "-m"
]


def _name(value: object) -> str | None:
    return value.stem if isinstance(value, Path) else None


def _write(block: Block, folder: Path) -> Path:
    file = folder / (block.file or "snippet.py")
    file.write_text(block.text)
    return file


# --- figures: who reads one can get it again --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["BENCHMARKS.md", "RELIABILITY.md"])
def test_a_table_of_figures_has_its_command_and_its_day_above_it(name: str) -> None:
    for section in re.split(r"^## ", (ROOT / name).read_text(), flags=re.MULTILINE)[1:]:
        above, _, table = section.partition("\n|")
        if table and "| held by |" not in table:  # there tests make the claims
            assert re.search(r"`(python -m tests\.benchmarks|pytest )[^`]+`", above), above
            assert re.search(r"\b20\d\d-\d\d-\d\d\b", above), above


def test_every_test_that_the_page_on_reliability_names_is_there() -> None:
    named = re.findall(r"`(test_\w+)(?:::([\w*]+))?`", (ROOT / "RELIABILITY.md").read_text(encoding="utf-8"))
    assert len(named) > 60
    for file, test in named:
        found = [each.read_text(encoding="utf-8") for each in (ROOT / "tests").rglob(f"{file}.py")]
        assert re.search(rf"^(def|class) {test.replace('*', '.*') or '[tT]est'}", "\n".join(found), re.MULTILINE), (
            file,
            test,
        )


def test_every_benchmark_that_a_page_names_is_there() -> None:
    named = {
        module
        for page in [*PAGES, *ROOT.glob("*.md")]
        for module in re.findall(r"-m (tests\.benchmarks[\w.]*\w)", page.read_text())
    }
    assert len(named) > 15
    assert [module for module in named if not (ROOT / module.replace(".", "/")).with_suffix(".py").is_file()] == []


# --- run: as a reader would, in a folder of the page's own, with neither data nor network -----------------------------


@pytest.mark.slow
@pytest.mark.parametrize("page", LIVE, ids=_name)
def test_everything_on_a_page_runs_in_its_order(page: Path, tmp_path: Path) -> None:
    for block in blocks(page):
        if block.language == "python":
            file = _write(block, tmp_path)
            if block.file is None:
                done = run(["python", file.name], tmp_path)
                assert done.returncode == 0, f"{block.text}\n{done.stderr}"
        for command in block.commands if block.language == "sh" else []:
            if command.serves:
                assert "http://127.0.0.1:" in serve(command.words, tmp_path), command.line
            elif command.runs_anywhere:
                done = run(command.words, tmp_path)
                assert done.returncode == 0, f"{command.line}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_takes_its_arguments(command: object) -> None:
    parse(command)


def test_what_is_fenced_is_known_to_these_tests() -> None:
    languages = {block.language for page in PAGES for block in blocks(page)}
    assert languages <= {"sh", "python", "text", "toml"}
    assert not any(
        re.search(r"^(python|\$)", block.text, re.M)
        for page in PAGES
        for block in blocks(page)
        if block.language == "text"
    )


def test_a_study_file_on_a_page_can_be_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    pages = [page for page in PAGES if page.stem != "extending"]  # test_extending.py installs what its study imports
    studies = [block for page in pages for block in blocks(page) if re.search(r"^study = Study\(", block.text, re.M)]
    assert studies
    for block in (block for page in pages for block in blocks(page) if block.language == "python" and block.file):
        _write(block, tmp_path)  # which studies may name
    for block in studies:
        assert load(str(_write(block, tmp_path))).study.baselines, "a page's study shows how a baseline is written"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    assert not dead_links(page)


def test_the_readme_leads_to_every_page() -> None:
    text = (ROOT / "README.md").read_text()
    assert not [page.name for page in PAGES if f"](docs/{page.name})" not in text]


def test_the_page_on_reports_names_every_column_of_the_tables(runs: Path) -> None:
    text = (ROOT / "docs" / "report.md").read_text()
    for file in ("results.csv", "trials.csv"):
        columns = (runs / "studies" / "mlp@digits" / file).read_text().partition("\n")[0].split(",")
        assert len(columns) > 10
        assert not [column for column in columns if f"`{column}`" not in text], file


# --- made from the code -----------------------------------------------------------------------------------------------


def test_the_reference_is_what_the_code_says() -> None:
    assert reference.PAGE.read_text() == reference.page(), "run python -m docs.reference"


def test_the_figure_is_what_its_code_draws() -> None:
    assert lanes.FIGURE.read_text() == lanes.figure(), "run python -m docs.lanes"


def test_the_reference_has_every_class_and_function_that_is_exported() -> None:
    page = reference.page()
    names = {*search.__all__, *reports.__all__}
    assert names >= {
        "Study",
        "Float",
        "Baseline",
        "SuccessiveHalving",
        "Mlp",
        "Shift",
        "Npz",
        "run_study",
        "export_study",
    }
    assert not [name for name in names if f"### {name}\n" not in page]


CONFIGS = sorted(name for name, thing in reference.EXPORTED.items() if reference.is_config(thing))


@pytest.mark.parametrize("name", CONFIGS)
def test_every_field_of_a_study_file_has_a_description(name: str) -> None:
    fields = reference.fields(reference.EXPORTED[name])
    missing = [field for field, info in fields.items() if not info.description]
    assert not missing


def test_the_reference_shows_type_bounds_default_and_description_of_a_field() -> None:
    text = reference.config_text("SuccessiveHalving", search.SuccessiveHalving)
    assert "| `min_trials` | int, from 2 | `4` | Nobody is pruned before so many trials" in text
    assert '`"successive_halving"` is short for `SuccessiveHalving()`.' in text
    assert "Its space must have `hidden`. Its space may have" in reference.config_text("Mlp", search.Mlp)
