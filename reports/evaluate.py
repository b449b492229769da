"""python -m reports.evaluate: test one model file on its data's test set, and enter that in the ledger. See `--help`.

The separate testing program: it needs the file, the data and the database that keeps the study's ledger, and trains
nothing. The line in the ledger is committed before a byte of the test set is read.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from models.console import DataDir, Debug, UngroupedCommand, command, new_app, out, start
from search.cli.options import Storage
from search.options import DEFAULT_STORAGE

if TYPE_CHECKING:
    from models.files.model_description import Model
    from search.record.record import Record
    from search.record.store import Store

app = new_app()

EXAMPLES = """
[bold]Examples[/] (FILE is a model, as trial-33-seed-0.safetensors in a study's folder)

  loss, accuracy, every class, and what was taken for what:
  python -m reports.evaluate --model FILE

  the data set lies elsewhere:
  python -m reports.evaluate --model FILE --data-dir /data

  the study was kept in a database of its own:
  python -m reports.evaluate --model FILE --storage sqlite:////data/studies.db
"""


@app.command(cls=UngroupedCommand, epilog=EXAMPLES)
def main(
    model: Annotated[Path, typer.Option(metavar="FILE", help="A model that reports.export has written.")],
    storage: Storage = DEFAULT_STORAGE,
    data_dir: DataDir = None,
    debug: Debug = False,
) -> None:
    """Test a model on the test set of its data, and enter that in its study's ledger."""
    with command(debug):
        from models.files.model_file import describe, load_model
        from reports.finalists.evaluation import evaluation
        from reports.finalists.find_data import find_data
        from reports.finalists.looks import looks
        from reports.finalists.test_set import open_test_set
        from search.record.store import Store

        described = describe(model)
        store = Store(storage, create=False)
        record = study_of(described, store, model)
        _, module = load_model(model, record.study.family)  # which has the code that no model file holds
        folder = None if data_dir is None else str(data_dir)
        source = find_data(record, described.data, described.data_sha256, folder, "this model was trained on")
        with record.lease():
            again = f"python -m reports.evaluate --model {model.name}"
            opened = open_test_set(record, source, f"evaluation of {model.name}", 1, again, "evaluation")
            evaluated = evaluation(described, module, opened.examples)
            record.show(opened.line, {model.name: evaluated.figure})
        about = ", ".join(f"{key} {value}" for key, value in described.about.items())
        out.print(escape(f"{model}: {described.recipe.family.label} on {described.data} ({about})"))
        seen = looks(record.ledger())
        out.print(escape(f"test set opened: line {opened.line} of the ledger, {seen} so far in this database"))
        out.print(escape(evaluated.text()))


def study_of(model: "Model", store: "Store", file: Path) -> "Record":
    """Return the study that a model file came from: the one that has recorded its hash, else the one it names.

    Raises:
        UserError: The database has neither, or the study of that name is of other data.
    """
    from models.errors import UserError
    from reports.finalists.predictions import sha256_of

    name = str(model.about.get("study", ""))
    if not name:
        raise UserError(
            f"{file} does not say which study it belongs to", "evaluate a model that reports.export has written"
        )
    digest = sha256_of(file)
    archived = [other for other in store.names() if other.startswith(f"{name[:84]}~")]  # by --restart
    records = [record for one in (name, *archived) if (record := store.find(one)) is not None]
    for record in records:
        if any(row.model_sha256 == digest for row in record.finalists()):
            return record
    if not records or records[0].name != name:
        raise UserError(
            f"{file} belongs to a study `{name}`, which is not in {store.masked}",
            "name the database that holds it with --storage: the test is entered in its ledger",
        )
    if records[0].fingerprint["data.sha256"] != model.data_sha256:
        raise UserError(
            f"{file} was trained on other data than the study `{name}` in {store.masked}",
            "name the database that holds its own study with --storage",
        )
    return records[0]


if __name__ == "__main__":
    start(app)
