"""Finds the data set that a study was searched on, wherever it lies now. Reads no test part."""

from models.datasets.array_store import IMPORTS_FOLDER, folder_name
from models.datasets.source import Source, locate
from models.errors import UserError
from search.record.record import Record


def find_data(record: Record, name: str, sha256: str, data_dir: str | None, used: str) -> Source:
    """Return the data set of this name and hash, where it is now.

    Args:
        record: The study that was searched on it.
        name: The data set's name.
        sha256: Of its training set.
        data_dir: The only folder to look in. Without it: the usual places, where the data lay when the search began,
            and the imports beside the study, which may have moved with it.
        used: The end of "not the data set that ...".

    Raises:
        UserError: It is in none of them, or another of this name is.
    """
    if record.study.family.external:  # which needs a place for what its trials print
        return Source(record.study.family.label, str((record.folder / "finalists").resolve()), "")
    imported = record.folder.parent / IMPORTS_FOLDER / folder_name(name, sha256)
    roots = (None, record.environment.get("data") or None, str(imported)) if data_dir is None else (data_dir,)
    source = next((found for root in roots if (found := locate(name, root)) is not None), None)
    if source is None:
        raise UserError(f"{name} is not on this machine", "name the folder that holds it with --data-dir")
    if source.sha256 != sha256:
        raise UserError(
            f"{name} in {source.root} is not the data set that {used}",
            "name the folder that holds that one with --data-dir",
        )
    return source
