"""What commands import as they run, for their server to import before its first fork: see `warm_start.preload`.

Nobody else imports this module. Nothing here may start a thread or train anything: a fork takes along only the thread
that makes it.
"""

import tempfile
from importlib import import_module

MODULES = """
alembic.config alembic.migration pygments.lexers pygments.lexers.python rich._emoji_codes sqlalchemy.ext.compiler
encodings.utf_8_sig psycopg tomllib typer._adapters typer._click.decorators waitress.server
models.engine.engine models.engine.external_engine models.families.custom.factory models.families.custom.flops
models.families.custom.module_family models.families.fused_mlp models.families.mlp models.datasets.digits
models.ops.optimizers.sgd models.ops.output_layers
search.cli.live search.cli.session search.run search.curves.plan search.curves.settling search.samplers.gp
search.samplers.random search.samplers.staged search.samplers.tpe studyhall.command
reports.dashboard reports.export reports.exports.exporting reports.exports.progress reports.finalists.audit
reports.finalists.testing reports.finalists.training reports.page.notes reports.page.page
reports.page.sections.registry reports.served.artifacts
tests.benchmarks.forked
"""
for name in MODULES.split():
    import_module(name)

from search.record.store import Store  # noqa: E402 - after all that it imports itself

with tempfile.TemporaryDirectory() as folder:
    Store(f"sqlite:///{folder}/first.db")  # SQLAlchemy lays out its classes when the first database is opened
