"""The rooms of the house know only what lies below them. Read from the source by ast: nothing is imported."""

import ast
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("search", "models", "studies", "reports")

# The storeys, bottom up: a module imports from lower storeys and, without circles, from its own.
# A new file is given its place here.
STOREYS = """
models studies
models.errors models.seeds models.recipe models.idx models.console models.named
models.sources
models.own
models.outcome models.origin models.imported
models.data models.kernels models.tables models.regular
models.products
models.gathering models.optim models.unchanging
models.cifar
models.importing
models.family models.last_layers
models.scratch models.augmentation models.minibatches models.lifted models.replay
models.linear models.mlp models.cnn
models.lanes
models.files
models.predict
search.space search.console
search.spec
search.trials
search.catalog search.server search.schema search.record search.pieces search.storage search.pruning search.sampling
search.fleet.worker search.node
search.fleet
search.cluster
search.snapshots
search.coordinator
search.work
search.launch
search.table search.pace
search.progress search.listing search.reproduce search.tensorboard search.rehearsal search.new
search.session search.check
search.results
search
search.run
reports.statistics reports.tested reports.searched
reports.tables
reports.finalists
reports.audit
reports.frames reports.shelf
reports.verdict reports.figures reports.plates
reports.checks
reports.page reports.dashboard reports.comparison
reports.exporting
reports.results
reports
reports.export reports.compare reports.evaluate
"""
HEIGHT = {module: height for height, storey in enumerate(STOREYS.split("\n")) for module in storey.split()}

# All of models that search reads outside its fleet: words, numbers, where data lies; no torch at their top level.
PLAIN = {
    "models.errors", "models.seeds", "models.recipe", "models.outcome", "models.idx", "models.data", "models.console",
    "models.own", "models.sources", "models.named", "models.origin", "models.imported",
}  # fmt: skip
# All of search that may meet torch.
FLEET = {"search.fleet.worker", "search.node", "search.fleet", "search.cluster", "search.launch"}


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


FILES = {_module(path): path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))}
TREES = {module: ast.parse(path.read_text(), str(path)) for module, path in FILES.items()}
STUDIES = {module for module in FILES if module.startswith("studies.")}


def _imports(module: str, *, top_only: bool = False) -> set[str]:
    """The full names that a module imports anywhere in it, or at its top level only: "torch.nn", "search.spec"."""
    tree = TREES[module]
    found: set[str] = set()
    for node in tree.body if top_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: write imports with their full names"
            # `from search import storage` means the module search.storage, `from search import Study` the package.
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (inner & FILES.keys()) or {node.module or ""}
    return found


def _ours(module: str) -> set[str]:
    return _imports(module) & FILES.keys()


def _libraries(module: str, *, top_only: bool = False) -> set[str]:
    return {name.partition(".")[0] for name in _imports(module, top_only=top_only)}


def _room(module: str) -> str:
    return module.partition(".")[0]


def _is_command(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.If) and "__main__" in ast.unparse(node.test) for node in tree.body)


@pytest.mark.parametrize("module", sorted(FILES.keys() - STUDIES))
def test_imports_go_down_only(module: str) -> None:
    assert module in HEIGHT, f"give {module} its place in STOREYS"
    for imported in _ours(module):
        assert HEIGHT[imported] <= HEIGHT[module], f"{module} imports {imported}, which lies above it"


def test_imports_run_in_no_circles() -> None:
    order = TopologicalSorter({module: _ours(module) for module in FILES}).static_order()
    assert set(order) == FILES.keys()


@pytest.mark.parametrize(
    ("room", "forbidden"),
    [
        ("models", {"search", "studies", "reports", "optuna", "sqlalchemy"}),
        ("search", {"studies", "reports"}),
        ("studies", {"studies", "reports", "optuna", "sqlalchemy"}),
    ],
)
def test_a_room_does_not_know(room: str, forbidden: set[str]) -> None:
    for module in FILES:
        if _room(module) == room:
            assert not _libraries(module) & forbidden, module


def test_nothing_imports_an_entry_point() -> None:
    commands = {module for module, tree in TREES.items() if _is_command(tree)}
    commands.discard("search.fleet.worker")  # started by the fleet as a process, or its Host taken into this one
    for module in FILES:
        assert not _ours(module) & commands, module


def test_only_the_fleet_meets_tensors_in_search() -> None:
    for module in FILES:
        if _room(module) == "search" and module not in FLEET:
            assert "torch" not in _libraries(module), module
            assert {name for name in _ours(module) if _room(name) == "models"} <= PLAIN, module


@pytest.mark.parametrize("module", sorted(PLAIN & FILES.keys()))
def test_plain_words_cost_no_torch(module: str) -> None:
    assert not _libraries(module, top_only=True) & {"torch", "torchvision", "sklearn", "optuna"}


@pytest.mark.parametrize("module", ["search", "search.spec", "search.trials", "search.catalog"])
def test_reading_a_study_costs_no_optuna(module: str) -> None:
    assert not _libraries(module) & {"torch", "optuna", "sqlalchemy", "pandas", "numpy"}


def test_a_study_file_imports_words_only() -> None:
    for module in STUDIES:
        assert _imports(module) == {"search"}, module


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    drawers = {"utils", "util", "helpers", "common", "misc"}
    assert not {path for path in FILES.values() if path.stem in drawers}


def test_an_installation_has_every_room() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = {_module(path) for path in FILES.values() if path.name == "__init__.py"}
    assert set(settings["tool"]["setuptools"]["packages"]) == packages
