"""What the server of forked commands imports before its first fork: everything that commands import as they run.

Nobody else imports this module. Nothing here may start a thread or train anything: a fork takes along only the thread
that makes it.
"""

import gc
import tempfile
from importlib import import_module

for name in (
    *(
        "alembic.command",
        "alembic.config",
        "alembic.migration",
        "pygments.lexers",
        "pygments.lexers.python",
        "rich._emoji_codes",
        "sqlalchemy.ext.compiler",
    ),
    *("matplotlib.figure", "matplotlib.backends.backend_svg", "optuna", "optuna_dashboard", "pandas", "psycopg"),
    *(
        "torch",
        "torch._dynamo",
        "torch.func",
        "torch.utils.flop_counter",
        "waitress.server",
        "typer._adapters",
        "tomllib",
    ),
    *("models.engine.engine", "models.engine.external_engine", "models.families.custom.factory"),
    *("models.datasets.digits", "models.families.custom.flops", "models.families.custom.module_family"),
    *("models.families.fused_mlp", "models.families.mlp", "models.ops.optimizers.sgd", "models.ops.output_layers"),
    *(
        "reports.served.artifacts",
        "reports.dashboard",
        "reports.export",
        "reports.exports.exporting",
        "reports.exports.progress",
    ),
    *("reports.finalists.audit", "reports.finalists.testing", "reports.finalists.training", "reports.page.page"),
    *("reports.page.notes", "reports.page.sections.registry", "search.cli.live", "search.cli.session", "search.run"),
    *("search.curves.plan", "search.curves.settling", "search.samplers.gp", "search.samplers.staged"),
    *(
        "search.samplers.random",
        "typer._click.decorators",
        "encodings.utf_8_sig",
        "search.samplers.tpe",
        "studyhall.command",
        "tests.benchmarks.forked",
    ),
):
    import_module(name)

from search.record.store import Store  # noqa: E402 - after all that it imports itself

with tempfile.TemporaryDirectory() as folder:
    Store(f"sqlite:///{folder}/first.db")  # SQLAlchemy lays out its classes when the first database is opened
gc.collect()
gc.freeze()  # else the first collection of a fork would copy every page that holds an object
