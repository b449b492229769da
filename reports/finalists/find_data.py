"""Finds the data set that a study was searched on, wherever it lies now. Reads no test part."""

from models.datasets.array_store import IMPORTS_FOLDER, folder_name
from models.datasets.source import Source, locate
from search.record.record import Record


def find_data(record: Record, name: str, sha256: str, data_dir: str | None) -> Source | None:
    """Return the data set of a name, where it is now. The caller compares its hash.

    Args:
        record: The study that was searched on it.
        name: The data set's name.
        sha256: The hash that imported data are filed under.
        data_dir: The only folder to look in. Without it: the usual places, where the data lay when the search began,
            and the imports beside the study, which may have moved with it.

    Returns:
        None where it is in none of them.
    """
    if data_dir is not None:
        return locate(name, data_dir)
    imported = record.folder.parent / IMPORTS_FOLDER / folder_name(name, sha256)
    for root in (None, record.environment.get("data") or None, str(imported)):
        if (source := locate(name, root)) is not None:
            return source
    return None
