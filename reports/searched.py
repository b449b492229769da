"""Where the data lie that a study was searched on. Asked by exporting.py and evaluate.py."""

from models.datasets.array_store import IMPORTS_FOLDER, folder_name
from models.datasets.source import Source, locate
from search.record.record import Record


def find(record: Record, name: str, sha256: str, data_dir: str | None) -> Source | None:
    """Return the data set of that name, where it is now: whether it is the same, its hash tells.

    Looked for in `data_dir` if that is given; else in the usual places, where it lay when the search began, and among
    the imports beside the study, which may have moved with it. None where it is in none of them.
    """
    if data_dir is not None:
        return locate(name, data_dir)
    imported = record.folder.parent / IMPORTS_FOLDER / folder_name(name, sha256)
    for root in (None, record.environment.get("data") or None, str(imported)):
        if (source := locate(name, root)) is not None:
            return source
    return None
