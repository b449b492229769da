"""Imports a study's own data once, into plain files that every engine maps.

An import is the folder `<imports>/<title>-<hash>`: inputs and labels of the training and of the test part, and
about.json. It is written whole or not at all, and the same for the same data: it is written beside and renamed, under a
lock, so a kill leaves nothing and two processes at once make one. If there is no test part, one is held out by the
study's seed. Importing is the only time before a test at which the test part is read; nothing of it is shown, measured
or trained on. Must not know studies, databases or devices.

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
from pydantic import TypeAdapter

from models.config.task import CLASSIFICATION, Task
from models.datasets.array_store import Inputs, Labels, folder_name, hash_of, is_undamaged, write_arrays
from models.datasets.base import DatasetConfig, RawDataset, SplitName
from models.datasets.canonical_arrays import MEASUREMENTS, canonical_inputs, canonical_labels
from models.datasets.source import Source
from models.datasets.split import split
from models.datasets.target import canonical_targets
from models.errors import UserError
from models.seeds import derive

TEST_SHARE = 1 / 5  # of the examples, if there is no test part
MANY_VALUES = 20  # different numbers that may be meant as such, where some are too rare to be classes

Parts = dict[SplitName, tuple[Inputs, Labels]]


def import_dataset(
    config: DatasetConfig,
    imports: Path,
    seed: int,
    near: Sequence[Path],
    *,
    anew: bool,
    task: Task = CLASSIFICATION,
) -> Source:
    """Return where a study's own data are imported to, importing them unless they are there.

    Args:
        config: Where the data come from.
        imports: The folder of all imports.
        seed: Of the study; draws the test part if the data have none.
        near: The folders in which relative paths are looked for.
        anew: Whether the study begins. Data without files, which a function returns, are read again only then: for a
            study that goes on, what the function returned at first counts.
        task: What the labels are.

    Raises:
        UserError: If the data cannot be read, or are not fit to train on.
    """

    def find(path: Path) -> Path:
        path = path.expanduser()
        candidates = [folder / path for folder in near]  # an absolute path stands for itself
        return next((candidate for candidate in candidates if candidate.exists()), candidates[0]).absolute()

    files = config.files(find)
    located = import_once(
        imports,
        config.title,
        key=f"{TypeAdapter(type(config)).dump_json(config).decode()} {seed}"
        + ("" if task is CLASSIFICATION else f" {task.name}"),
        stamp=[_state(file) for file in files] if files else None,
        again=files is None or (anew and not files),
        read=lambda: config.read(find),
        seed=seed,
        task=task,
    )
    assert located is not None
    return Source(config.title, *located)


def import_once(
    imports: Path,
    title: str,
    *,
    key: str,
    stamp: object,
    again: bool,
    read: Callable[[], RawDataset | None],
    seed: int,
    task: Task = CLASSIFICATION,
) -> tuple[str, str] | None:
    """Import data unless they have been imported under the same key with the same stamp.

    Args:
        imports: The folder of all imports.
        title: What the data are called.
        key: What identifies the data.
        stamp: What tells whether they have changed, as JSON has it: sizes and times of files.
        again: Whether to import them in any case.
        read: Reads them; returns None if they are not there.
        seed: Draws the test part if the data have none.
        task: What the labels are.

    Returns:
        The folder of the import and its sha256; None if the data are not there.

    Raises:
        UserError: If they are not fit to train on, or the folder cannot be written.
    """
    imports = imports.absolute()
    imports.mkdir(parents=True, exist_ok=True)
    note = imports / "known" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
    with FileLock(imports / ".lock"):
        for unfinished in imports.glob(".partial-*"):  # of a process that died here: the lock is ours
            shutil.rmtree(unfinished)
        if not again and (known := _read_note(note, stamp)) is not None:
            return known
        if (raw := read()) is None:
            return None
        parts, about = _convert(raw, title, seed, task)
        try:
            folder, sha256 = _write(imports, title, parts, about)
            note.parent.mkdir(exist_ok=True)
            unfinished = note.with_suffix(".partial")
            unfinished.write_text(
                json.dumps({"stamp": stamp, "folder": folder.name, "sha256": sha256}), encoding="utf-8"
            )
            os.replace(unfinished, note)
        except OSError as error:
            raise UserError(
                f"{title} cannot be imported to {imports}: {error.strerror}",
                "make room there, or name a database elsewhere with --storage",
            ) from error
        return str(folder), sha256


def _state(file: Path) -> list[str | int]:
    """Return path, size and time of a file, as JSON gives them back."""
    try:
        stat = file.stat()
    except OSError as error:
        raise UserError(
            f"{file} cannot be read: {error.strerror}", "check the path, which is looked for beside the study file too"
        ) from None
    return [str(file), stat.st_size, stat.st_mtime_ns]


def _read_note(note: Path, stamp: object) -> tuple[str, str] | None:
    """Return what was imported before with this stamp, if it is still there."""
    try:
        noted = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    folder = note.parents[1] / noted["folder"]
    unchanged = noted["stamp"] == stamp and hash_of(folder) == noted["sha256"]
    return (str(folder), noted["sha256"]) if unchanged else None


# --- checking and splitting -------------------------------------------------------------------------------------------


def _convert(raw: RawDataset, title: str, seed: int, task: Task) -> tuple[Parts, dict[str, Any]]:
    """Return both parts as they are trained on, and what about.json is to say of them."""
    inputs = canonical_inputs(raw.train[0], title, fills=raw.fills)
    _check_lengths(title, inputs, raw.train[1])
    classes: tuple[str, ...] = ()
    labels, test_labels = raw.train[1], None if raw.test is None else raw.test[1]
    if task is CLASSIFICATION:
        labels, test_labels, classes = canonical_labels(labels, test_labels, raw.class_names, title, raw.positive)
    else:
        labels, test_labels = canonical_targets(labels, test_labels, title)
    about: dict[str, Any] = {"classes": classes, "shape": inputs.shape[1:]}
    if task is not CLASSIFICATION:
        about["target"] = raw.target
    parts: Parts
    if raw.test is None or test_labels is None:
        _check_class_sizes(title, labels, classes, 3)
        kept, held_out = _hold_out(title, labels, classes, seed)
        about["test"] = f"{len(held_out)} examples, held out by the seed {seed}"
        parts = {"train": (inputs[kept], labels[kept]), "test": (inputs[held_out], labels[held_out])}
    else:
        _check_class_sizes(title, labels, classes, 2)
        test_inputs = canonical_inputs(raw.test[0], f"{title} (its test part)", fills=raw.fills)
        _check_lengths(f"{title} (its test part)", test_inputs, test_labels)
        if test_inputs.shape[1:] != inputs.shape[1:] or test_inputs.dtype != inputs.dtype:
            raise UserError(
                f"{title}: training examples have the shape {inputs.shape[1:]}, test examples {test_inputs.shape[1:]}",
                "give both parts the same",
            )
        about["test"] = f"{len(test_labels)} examples, given"
        parts = {"train": (inputs, labels), "test": (test_inputs, test_labels)}
    about |= {"columns": raw.columns} if raw.columns else {}
    about |= {"fills": True} if raw.fills else {}
    return parts, about


def _check_lengths(title: str, inputs: NDArray[Any], labels: NDArray[Any]) -> None:
    if len(inputs) != len(labels):
        raise UserError(f"{title}: {len(inputs)} inputs and {len(labels)} labels", "give one label for each example")


def _check_class_sizes(title: str, labels: Labels, classes: Sequence[str], least: int) -> None:
    if not classes:
        return
    counts = np.bincount(labels, minlength=len(classes))
    if counts.min() < least:
        smallest = int(counts.argmin())
        measurements = len(classes) > MANY_VALUES and all(name.lstrip("-").isdigit() for name in classes)
        raise UserError(
            f"{title}: the class {classes[smallest]} has {counts[smallest]} of {len(labels)} examples",
            MEASUREMENTS
            if measurements
            else f"every class needs {least}, one for each part; bring more, or join classes",
        )


def _hold_out(title: str, labels: Labels, classes: Sequence[str], seed: int) -> tuple[Labels, Labels]:
    """Return the indices of the training and of the test part, stratified."""
    try:
        return split(labels, TEST_SHARE, derive(seed, "test part"))
    except UserError:
        if not classes:
            raise
        smallest = int(np.bincount(labels).argmin())
        raise UserError(
            f"{title}: the class {classes[smallest]} has too few examples to hold out a fifth of them for the test",
            "bring more, join classes, or give a test part of your own",
        ) from None


def _write(imports: Path, title: str, parts: Parts, about: dict[str, Any]) -> tuple[Path, str]:
    """Write the folder whole or not at all; one that is there already is kept if it is undamaged."""
    unfinished = Path(tempfile.mkdtemp(prefix=".partial-", dir=imports))
    sha256 = write_arrays(unfinished, parts, about)
    folder = imports / folder_name(title, sha256)
    if folder.exists():
        if is_undamaged(folder, sha256):
            shutil.rmtree(unfinished)
            return folder, sha256
        shutil.rmtree(folder)
    unfinished.chmod(0o755)
    unfinished.rename(folder)
    return folder, sha256
