"""`--list`: all study files at hand, and what the database knows of each. Called by run.py."""

from rich.markup import escape
from rich.table import Table

from models.errors import UserError
from search import catalog
from search.storage import Store


def table(storage: str) -> Table:
    """Return the studies at hand, then those that the database has beside them."""
    shown = Table("study", "data", "family", "trials", "best", "about", box=None, header_style="bold")
    try:
        store = Store(storage, create=False)
    except UserError:
        store = None  # nothing has been searched yet
    recorded = set(store.names()) if store is not None else set()
    files = catalog.names()
    for name in [*files, *sorted(recorded - set(files))]:
        record = store.find(name) if store is not None and name in recorded else None
        try:
            study = record.study if record is not None else catalog.load(name).study
        except UserError as error:
            shown.add_row(escape(name), "", "", "", "", f"[red]{escape(error.what)}[/]")
            continue
        done, best = f"0 of {study.trials}", ""
        if record is not None:
            rows = record.trials()
            over = [row for row in rows if row.state != "running"]
            values = [row.value for row in over if row.state == "complete" and row.value is not None]
            done, best = f"{len(over)} of {study.trials}", f"{max(values):.4f}" if values else ""
        shown.add_row(escape(name), study.data, study.family.name, done, best, escape(study.about))
    return shown
