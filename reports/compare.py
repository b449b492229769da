"""python -m reports.compare: all exported studies in one table, published beside reproduced beside found. See `--help`.

Reads the record: trains nothing, and opens no test set.
"""

import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from models.console import Debug, UngroupedCommand, command, new_app, out, start
from search.cli.options import Json, Storage
from search.options import DEFAULT_STORAGE

app = new_app()

EXAMPLES = """
[bold]Examples[/]

  all exported studies; compare.md and compare.csv beside them:
  python -m reports.compare

  the files elsewhere:
  python -m reports.compare --out tables

  another database:
  python -m reports.compare --storage sqlite:////data/studies.db
"""


@app.command(cls=UngroupedCommand, epilog=EXAMPLES)
def main(
    storage: Storage = DEFAULT_STORAGE,
    output: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where compare.md and compare.csv go. Default: beside the studies."),
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Put all exported studies into one table: published, reproduced, found."""
    with command(debug):
        from models.errors import UserError
        from reports.comparison import comparison_frame
        from reports.comparison_table import fits, markdown, narrow
        from search.record.store import Store

        store = Store(storage, create=False)
        records = [record for name in store.names() if (record := store.find(name)) is not None]
        frame = comparison_frame(records)
        if frame.empty:
            testable = [
                record.name for record in records if "~" not in record.name and not record.study.family.external
            ]
            example = next(iter(testable), "mlp")
            raise UserError(
                f"no study in {store.masked} is exported yet",
                f"begin with python -m reports.export --study {shlex.quote(example)}",
            )
        text = markdown(frame, records)
        folder = output or store.database.folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            frame.to_csv(folder / "compare.csv", index=False)
            (folder / "compare.md").write_text(text, encoding="utf-8")
        except OSError as error:
            raise UserError(f"{folder} cannot be written to: {error.strerror}", "choose another with --out") from None
        if json:
            out.print_json(frame.to_json(orient="records", double_precision=15))
            return
        out.print(escape(text if fits(text, out) else narrow(frame)))
        out.print(escape(f"{folder / 'compare.md'}, {folder / 'compare.csv'}"))


if __name__ == "__main__":
    start(app)
