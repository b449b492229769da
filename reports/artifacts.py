"""What optuna-dashboard shows of a report: the verdict as the study's note, figures and models as artifacts.

Every write says "let this be so": what is on the shelf already stays, what is of another report goes. Called by
export.py under the study's lease. Optuna's `upload_artifact` refuses trials that are over, and gives the same file
another number each time; so artifacts are entered as the dashboard itself keeps those of trials that are over, under
numbers made of their content.
"""

import contextlib
import hashlib
import json
import mimetypes
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.artifacts import FileSystemArtifactStore
from optuna.artifacts.exceptions import ArtifactNotFound
from optuna.storages import RDBStorage
from sqlalchemy.pool import NullPool

from search.record.record import Record
from search.record.store import Store

_OF_STUDY = "artifacts:"  # followed by the artifact's number
_OF_TRIAL = "dashboard:artifacts:"  # followed by Optuna's id of the trial, a colon and the artifact's number
_OURS = "studyhall:shelf"  # the attribute of a study that lists what we put there


@dataclass(frozen=True)
class Item:
    """One file to be shown with a trial, or with the study itself."""

    file: Path
    trial: int | None = None


def artifact_folder(store: Store) -> Path:
    """Return where the artifacts of all studies of a database are; no study's name begins with a dot."""
    return store.database.folder / ".artifacts"


def put(store: Store, url: str, record: Record, notes: Mapping[int | None, str], items: Sequence[Item]) -> None:
    """Let these be the notes (by trial; None is the study's own) and the files of a study, and no others of ours."""
    address, ways = url.replace("{", "{{").replace("}", "}}"), {"poolclass": NullPool}  # no connection stays open
    study = optuna.load_study(study_name=record.name, storage=RDBStorage(address, ways))
    storage = study._storage
    try:
        ids = {trial.number: trial._trial_id for trial in study.get_trials(deepcopy=False)}
        for trial, text in notes.items():
            _note(study, None if trial is None else ids[trial], text)
        folder = artifact_folder(store)
        folder.mkdir(parents=True, exist_ok=True)
        files = FileSystemArtifactStore(folder)
        wanted = {_key(record, item, ids): item.file for item in items}
        known = storage.get_study_system_attrs(record.study_id)
        for key, file in wanted.items():
            if known.get(key) in (None, "null"):
                number = key.rpartition(":")[2]
                with file.open("rb") as stream:  # the file first: an entry without one would be a broken link
                    files.write(number, stream)
                kind, encoding = mimetypes.guess_type(file.name)
                about = {"artifact_id": number, "filename": file.name, "encoding": encoding}
                about["mimetype"] = kind or "application/octet-stream"
                storage.set_study_system_attr(record.study_id, key, json.dumps(about))
        before: list[str] = known.get(_OURS, [])
        for key in sorted(set(before) - wanted.keys()):
            storage.set_study_system_attr(record.study_id, key, "null")  # the dashboard's own word for: taken away
            with contextlib.suppress(ArtifactNotFound):  # taken away already
                files.remove(key.rpartition(":")[2])
        if before != sorted(wanted):
            storage.set_study_system_attr(record.study_id, _OURS, sorted(wanted))
    finally:
        storage.remove_session()


def _note(study: optuna.Study, trial_id: int | None, text: str) -> None:
    """Let a note be this text; one that is stays, so that its version does not grow."""
    from optuna_dashboard import get_note, save_note  # takes a second to import, and most callers ask for a folder

    noted = study if trial_id is None else optuna.Trial(study, trial_id)
    if get_note(noted) != text:
        save_note(noted, text)


def _key(record: Record, item: Item, ids: Mapping[int, int]) -> str:
    """Return the attribute that enters a file: its number is made of its place and its content."""
    with item.file.open("rb") as stream:
        content = hashlib.file_digest(stream, "sha256").hexdigest()
    place = f"{record.study_id}/{item.trial}/{item.file.name}/{content}"
    number = str(uuid.uuid5(uuid.NAMESPACE_URL, f"studyhall:{place}"))
    return f"{_OF_STUDY}{number}" if item.trial is None else f"{_OF_TRIAL}{ids[item.trial]}:{number}"
