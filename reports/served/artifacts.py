"""What optuna-dashboard shows of a report: the verdict as the study's note, figures and models as artifacts.

Every write is idempotent: what is there already stays, and what is of another report is removed. Optuna's
`upload_artifact` refuses trials that are over, and gives the same file another id each time; so artifacts are entered
as the dashboard itself keeps those of trials that are over, under ids made of their content. Where it renames a study,
it copies notes and leaves artifacts behind: a list in the study's folder, which stays, says which files were its. Must
not know what a report says.
"""

import contextlib
import hashlib
import json
import mimetypes
import re
import uuid
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.artifacts import FileSystemArtifactStore
from optuna.artifacts.exceptions import ArtifactNotFound
from optuna.storages import RDBStorage
from sqlalchemy.pool import NullPool

from search.record.record import Record
from search.record.store import Store

_OF_STUDY = "artifacts:"  # followed by the artifact's id
_OF_TRIAL = "dashboard:artifacts:"  # followed by Optuna's id of the trial, a colon and the artifact's id
_OURS = "studyhall:shelf"  # the attribute of a study that lists our artifacts
_LIST = "artifacts.json"  # in the study's folder: their ids, whatever the study is called by now

# Marks of our part of a note, which the dashboard does not show; and how notes began before there were any.
_BEGIN, _END = "<!-- written by reports.export, again each time -->", "<!-- what stands below is yours, as above -->"
_UNMARKED = re.compile(r"\*\*(Finalist, rank \d+ of \d+\.\*\*|.*\n[^\0]*\[The whole report\]\(/reports/)")


@dataclass(frozen=True)
class Item:
    """A file that the dashboard shows with a trial, or with the study itself where `trial` is None."""

    file: Path
    trial: int | None = None


def artifact_folder(store: Store) -> Path:
    """Return the folder of the artifacts of all studies of a database."""
    # No study's name begins with a dot.
    return store.database.folder / ".artifacts"


def put(store: Store, url: str, record: Record, notes: Mapping[int | None, str], items: Sequence[Item]) -> None:
    """Replace our notes (in Markdown, by trial; None is the study's own) and artifacts of a study by these."""
    address, options = url.replace("{", "{{").replace("}", "}}"), {"poolclass": NullPool}  # no connection stays open
    study = optuna.load_study(study_name=record.name, storage=RDBStorage(address, options))
    storage = study._storage
    try:
        ids = {trial.number: trial._trial_id for trial in study.get_trials(deepcopy=False)}
        for trial, text in notes.items():
            _note(study, None if trial is None else ids[trial], text)
        folder = artifact_folder(store)
        folder.mkdir(parents=True, exist_ok=True)
        files = FileSystemArtifactStore(folder)
        wanted = {_key(record, item, ids): item.file for item in items}
        attributes = storage.get_study_system_attrs(record.study_id)
        before: list[str] = attributes.get(_OURS, [])
        ours, others = set(map(_id_in, wanted)), {*map(_id_in, before), *_listed(record)}
        _list(record, ours | others)  # before there are files: one that nobody lists would stay for ever
        for key, file in wanted.items():
            if attributes.get(key) in (None, "null"):
                artifact = _id_in(key)
                with file.open("rb") as stream:  # the file first: an entry without one would be a broken link
                    files.write(artifact, stream)
                kind, encoding = mimetypes.guess_type(file.name)
                about = {"artifact_id": artifact, "filename": file.name, "encoding": encoding}
                about["mimetype"] = kind or "application/octet-stream"
                storage.set_study_system_attr(record.study_id, key, json.dumps(about))
        for key in sorted(set(before) - wanted.keys()):
            storage.set_study_system_attr(record.study_id, key, "null")  # so the dashboard marks what is deleted
        for artifact in sorted(others - ours):
            with contextlib.suppress(ArtifactNotFound):  # deleted already
                files.remove(artifact)
        if before != sorted(wanted):
            storage.set_study_system_attr(record.study_id, _OURS, sorted(wanted))
        _list(record, ours)
    finally:
        storage.remove_session()


def _id_in(key: str) -> str:
    """Return the id of the artifact that an attribute enters."""
    return key.rpartition(":")[2]


def _listed(record: Record) -> set[str]:
    """Return the ids that the study's folder lists; none where there is no list, or it is damaged."""
    try:
        return {str(uuid.UUID(artifact)) for artifact in json.loads((record.folder / _LIST).read_text("utf-8"))}
    except (OSError, ValueError, TypeError, AttributeError):
        return set()


def _list(record: Record, artifacts: Set[str]) -> None:
    """Write that list, whole or not at all, where it is another one."""
    if _listed(record) != artifacts:
        unfinished = record.folder / f"{_LIST}.partial"
        unfinished.write_text(json.dumps(sorted(artifacts)), "utf-8")
        unfinished.replace(record.folder / _LIST)


def _note(study: optuna.Study, trial_id: int | None, text: str) -> None:
    """Write our part of a note, unless it is there: the note's version does not grow then."""
    from optuna_dashboard import get_note, save_note  # takes a second to import, and most callers ask for a folder

    noted = study if trial_id is None else optuna.Trial(study, trial_id)
    before = get_note(noted)
    if (after := with_our_part(before, text)) != before:
        save_note(noted, after)


def with_our_part(note: str, ours: str) -> str:
    """Return a note in which our part stands between its marks; what its user wrote around them stays."""
    part = f"{_BEGIN}\n{ours.rstrip()}\n\n{_END}"
    begin, end = note.find(_BEGIN), note.find(_END)
    if 0 <= begin < end:
        return note[:begin] + part + note[end + len(_END) :]
    if not note.strip() or _UNMARKED.match(note):
        return part
    return f"{note.rstrip()}\n\n{part}"


def _key(record: Record, item: Item, ids: Mapping[int, int]) -> str:
    """Return the attribute that enters a file; the artifact's id is made of what it belongs to and of its content."""
    with item.file.open("rb") as stream:
        content = hashlib.file_digest(stream, "sha256").hexdigest()
    identity = f"{record.study_id}/{item.trial}/{item.file.name}/{content}"
    artifact = str(uuid.uuid5(uuid.NAMESPACE_URL, f"studyhall:{identity}"))
    return f"{_OF_STUDY}{artifact}" if item.trial is None else f"{_OF_TRIAL}{ids[item.trial]}:{artifact}"
