"""Own data are imported once, by the process that leads a search, into plain files that every engine maps.

`bring_in` reads what a word of origin.py points to, divides it, and writes `<folder>/<name>-<hash>/`: inputs and labels
of the training and of the test part, and about.json. Whole or not at all, and the same for the same data: it is written
beside and renamed, under a lock, so that a kill leaves nothing and two processes at once make one. Where there is no
test part, one is held out by the study's seed. The import is the only time before a test that the test part is read,
and nobody looks at it: nothing of it is shown, measured or trained on. Called by search/launch.py; see imported.py for
the other end.

Shapes: N examples.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from models.datasets import array_store as imported
from models.datasets.array_store import ABOUT, Inputs, Labels
from models.datasets.builtin_datasets import CIFAR10
from models.datasets.canonical_arrays import regular_inputs, regular_labels
from models.datasets.dataset_config import CallableDataset, Origin
from models.datasets.readers.base import Gathered
from models.datasets.readers.cifar import NotHere, read_cifar10
from models.datasets.readers.registry import gather, paths, seen
from models.datasets.source import Source
from models.datasets.split import split
from models.errors import UserError
from models.seeds import derive

HELD_OUT = 1 / 5  # of the examples, where there is no test part


def bring_in(word: Origin, into: Path, seed: int, near: Sequence[Path], *, anew: bool) -> Source:
    """Return where own data are imported to, importing them unless they are there.

    Relative paths are looked for in the folders `near`. Files that have the sizes and times that they were imported
    with are not read again. What a function reads is not known: it is called for a study that begins `anew`, or where
    its file has changed; for one that goes on, what it returned at first counts. Raises UserError where the data cannot
    be had, or are not fit to train on.
    """

    def find(path: Path) -> Path:
        path = path.expanduser()
        places = [folder / path for folder in near]  # an absolute path stands for itself
        return next((place for place in places if place.exists()), places[0]).absolute()

    if isinstance(word, CallableDataset):
        again, stamp = anew or not word.source_sha256, None
        asked = word.model_dump_json()
    else:
        again, stamp = False, seen(word, find)
        asked = json.dumps([repr(word), [str(find(path)) for path in paths(word)]])
    return _import(into, word.title, f"{asked} {seed}", stamp, again, lambda: gather(word, find), seed)


def bring_in_cifar10(into: Path, seed: int, roots: Sequence[Path], download_to: Path | None) -> Source | None:
    """Return where CIFAR10 is imported to, importing it unless it is there.

    torchvision reads it in the first of `roots` that holds it, or downloads it; None where it is in none of them and
    nothing is to be downloaded. Raises UserError where it cannot be read or had.
    """
    try:
        return _import(into, CIFAR10, CIFAR10, None, False, lambda: read_cifar10(roots, download_to), seed)
    except NotHere:
        return None


def _import(
    into: Path, title: str, asked: str, stamp: object, again: bool, read: Callable[[], Gathered], seed: int
) -> Source:
    """Return what was imported when the same was `asked` with the same `stamp`; else, or `again`, import it."""
    into = into.absolute()
    into.mkdir(parents=True, exist_ok=True)
    note = into / "known" / f"{hashlib.sha256(asked.encode()).hexdigest()[:32]}.json"
    with FileLock(into / ".lock"):
        for unfinished in into.glob(".partial-*"):  # of a process that died here: the lock is ours
            shutil.rmtree(unfinished)
        if not again and (known := _known(note, title, stamp)) is not None:
            return known
        parts, about = _divide(read(), title, seed)
        try:
            folder, sha256 = _write(into, title, parts, about)
            note.parent.mkdir(exist_ok=True)
            unfinished = note.with_suffix(".partial")
            told = {"stamp": stamp, "folder": folder.name, "sha256": sha256}
            unfinished.write_text(json.dumps(told), encoding="utf-8")
            os.replace(unfinished, note)
        except OSError as error:
            raise UserError(
                f"{title} cannot be imported to {into}: {error.strerror}",
                "make room there, or name a database elsewhere with --storage",
            ) from error
        return Source(title, str(folder), sha256)


def _known(note: Path, title: str, stamp: object) -> Source | None:
    """What was imported before with this stamp, if it is still there."""
    try:
        told = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    folder = note.parents[1] / told["folder"]
    same = told["stamp"] == json.loads(json.dumps(stamp)) and imported.hash_of(folder) == told["sha256"]
    return Source(title, str(folder), told["sha256"]) if same else None


# --- dividing ---------------------------------------------------------------------------------------------------------

LabeledArrays = tuple[Inputs, Labels]


def _divide(given: Gathered, title: str, seed: int) -> tuple[dict[str, LabeledArrays], dict[str, Any]]:
    """Return both parts in their form, and what about.json is to say of them."""
    inputs = regular_inputs(given.train[0], title)
    _same_number(title, inputs, given.train[1])
    labels, test_labels, classes = regular_labels(
        given.train[1], None if given.test is None else given.test[1], given.names, title
    )
    about: dict[str, Any] = {"classes": classes, "shape": inputs.shape[1:]}
    if given.test is None or test_labels is None:
        _enough(title, labels, classes, 3)
        kept, held_out = _stratified(title, labels, classes, seed)
        about["test"] = f"{len(held_out)} examples, held out by the seed {seed}"
        parts = {"train": (inputs[kept], labels[kept]), "test": (inputs[held_out], labels[held_out])}
    else:
        _enough(title, labels, classes, 2)
        test_inputs = regular_inputs(given.test[0], f"{title} (its test part)")
        _same_number(f"{title} (its test part)", test_inputs, test_labels)
        if test_inputs.shape[1:] != inputs.shape[1:] or test_inputs.dtype != inputs.dtype:
            raise UserError(
                f"{title}: training examples have the shape {inputs.shape[1:]}, test examples {test_inputs.shape[1:]}",
                "give both parts the same",
            )
        about["test"] = f"{len(test_labels)} examples, given"
        parts = {"train": (inputs, labels), "test": (test_inputs, test_labels)}
    if given.columns:
        about["columns"] = given.columns
    return parts, about


def _same_number(title: str, inputs: NDArray[Any], labels: NDArray[Any]) -> None:
    if len(inputs) != len(labels):
        raise UserError(f"{title}: {len(inputs)} inputs and {len(labels)} labels", "give one label for each example")


def _enough(title: str, labels: Labels, classes: Sequence[str], least: int) -> None:
    counts = np.bincount(labels, minlength=len(classes))
    if counts.min() < least:
        few = int(counts.argmin())
        measured = len(classes) > len(labels) / 2
        raise UserError(
            f"{title}: the class {classes[few]} has {counts[few]} of {len(labels)} examples",
            "put measurements into groups: Studyhall trains classifiers"
            if measured
            else f"every class needs {least}, one for each part; bring more, or join classes",
        )


def _stratified(title: str, labels: Labels, classes: Sequence[str], seed: int) -> tuple[Labels, Labels]:
    """Indices of what is kept and of what is held out."""
    try:
        return split(labels, HELD_OUT, derive(seed, "test part"))
    except UserError:
        few = int(np.bincount(labels).argmin())
        raise UserError(
            f"{title}: the class {classes[few]} has too few examples to hold out a fifth of them for the test",
            "bring more, join classes, or give a test part of your own",
        ) from None


# --- writing ----------------------------------------------------------------------------------------------------------


def _write(into: Path, title: str, parts: dict[str, LabeledArrays], about: dict[str, Any]) -> tuple[Path, str]:
    """Write the folder whole or not at all; one that is there already is kept where it is undamaged."""
    work = Path(tempfile.mkdtemp(prefix=".partial-", dir=into))
    sums = {}
    for side in ("train", "test"):
        for name, array in zip(imported.files("train" if side == "train" else "test"), parts[side], strict=True):
            np.save(work / name, np.ascontiguousarray(array), allow_pickle=False)
            with (work / name).open("rb") as file:
                sums[name] = hashlib.file_digest(file, "sha256").hexdigest()
    text = json.dumps({**about, "sha256": sums}, indent=1, sort_keys=True, ensure_ascii=False)
    (work / ABOUT).write_text(text + "\n", encoding="utf-8")
    sha256 = imported.hash_of(work)
    assert sha256 is not None
    folder = into / imported.folder_name(title, sha256)
    if folder.exists():
        if imported.intact(folder, sha256):
            shutil.rmtree(work)
            return folder, sha256
        shutil.rmtree(folder)
    work.chmod(0o755)
    work.rename(folder)
    return folder, sha256
