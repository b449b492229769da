"""Folders know only what lies below them. Read from the source: nothing is imported."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("studyhall", "models", "search", "studies", "reports")

# Bottom up: what stands on a line imports, when it is itself imported, from lines above it and from its own folder.
# What a function imports when it is called is bound by the order of the packages alone.
ORDER = """
studyhall.importing
studyhall
models.child_process models.errors models.seeds models.source_code
models.registry models.console
models.config
models.metrics
models.ops
models.datasets
models.families
models.engine
models.files models.model_costs
models.predict
search.options search.interrupt search.trial search.optuna
search.front
search.objective
search.config.space
search.config.conditions search.config.learnt search.config.relations
search.config.range_values
search.pruners
search.samplers
search.curves
search.config
search.machine
search.record search.fleet
search.loop search.loggers
search.dataset
search.launch
search.cli search.result
search.run_study
search
search.run
reports.figures reports.served
reports.finalists reports.live_page
reports.page
reports.exports reports.comparison reports.dashboard
reports.comparison_table
reports
reports.export reports.compare reports.evaluate reports.live
studyhall.command
studyhall.__main__
"""
HEIGHT = {unit: height for height, line in enumerate(ORDER.strip().splitlines()) for unit in line.split()}

# Everything that a study file, `--help` or a list of studies imports: none of these libraries may be among it.
HEAVY = {"torch", "torchvision", "optuna", "sqlalchemy", "pandas", "numpy", "sklearn", "scipy", "matplotlib"}


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


FILES = {_module(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}
TREES = {module: ast.parse(path.read_text(), str(path)) for module, path in FILES.items()}


def _unit(module: str) -> str:
    """The line of ORDER that a module belongs to: its folder's, or its own where it lies in a package's top folder."""
    return max((unit for unit in HEIGHT if f"{module}.".startswith(f"{unit}.")), key=len)


def _imports(module: str, *, anywhere: bool) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(TREES[module]) if anywhere else TREES[module].body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: write imports with their full names"
            submodules = {f"{node.module}.{alias.name}" for alias in node.names} & FILES.keys()
            found |= submodules or {node.module or ""}
    return found


def test_imports_go_down_only() -> None:
    for module in FILES:
        for imported in _imports(module, anywhere=False) & FILES.keys() if not module.startswith("studies") else ():
            below, here = _unit(imported), _unit(module)
            assert below == here or HEIGHT[below] < HEIGHT[here], f"{module} imports {imported}, which lies above it"


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("models", {"search", "studies", "reports", "optuna", "sqlalchemy"}),
        ("search", {"studies", "reports"}),
        ("studies", {"studies", "reports", "models", "optuna", "sqlalchemy"}),
    ],
)
def test_a_package_does_not_know(package: str, forbidden: set[str]) -> None:
    for module in FILES:
        if module.partition(".")[0] == package:
            assert not {name.partition(".")[0] for name in _imports(module, anywhere=True)} & forbidden, module


def _reached(module: str) -> set[str]:
    """All that is imported when a module is, its parent packages among them."""
    reached, waiting = set[str](), [module]
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        if name in FILES:
            waiting += _imports(name, anywhere=False)
            waiting += [name.rpartition(".")[0]] if "." in name else []
    return reached


@pytest.mark.parametrize(
    "module",
    ["search", "search.config.study_files", "search.run", "reports.export", "models.predict", "studyhall.command"],
)
def test_a_study_file_and_help_cost_no_heavy_library(module: str) -> None:
    assert not {name.partition(".")[0] for name in _reached(module)} & HEAVY


def test_what_imports_sympy_is_imported_only_where_it_counts() -> None:
    for module in FILES:
        assert "torch.utils.flop_counter" not in _imports(module, anywhere=False), module


def test_no_sampler_meets_a_tensor() -> None:
    for module in FILES:
        if module.startswith("search.samplers"):
            assert "torch" not in {name.partition(".")[0] for name in _imports(module, anywhere=True)}, module


def test_a_room_fits_on_a_few_screens() -> None:
    lines = {module: len(path.read_text().splitlines()) for module, path in FILES.items()}
    assert not {module: count for module, count in lines.items() if count > 250}, "one room, or two?"


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    drawers = {"utils", "util", "helpers", "common", "misc"}
    assert not {path for path in FILES.values() if path.stem in drawers}


def test_no_test_module_imports_another() -> None:
    for path in (ROOT / "tests").rglob("test_*.py"):
        tree = ast.parse(path.read_text())
        imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not {module for module in imported if module.startswith("tests.") and ".test_" in module}, path
