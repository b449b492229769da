"""Finds the data set that a study runs on: the one that was asked for, the study's own, or the embedded digits.

Knows where data lie and whether a study has trials; knows no engine and no tensor.
"""

from dataclasses import dataclass
from pathlib import Path

from models.datasets import source as sources
from models.datasets.array_store import IMPORTS_FOLDER
from models.datasets.base import DatasetConfig
from models.datasets.source import Source
from models.errors import UserError
from search.config.study import Study
from search.config.study_files import override
from search.options import Options
from search.record.address import folder_of
from search.record.store import Store

DOWNLOADS = "data"  # a folder of the current one


@dataclass(frozen=True)
class StudyDataset:
    """A study with the data set it runs on."""

    study: Study  # the study, of this data set
    name: str  # its name in the database: `study@dataset` where the data set is not its own
    source: Source
    note: str | None = None  # what the user must know before the search begins, if there is anything


def find_dataset(
    study: Study, name: str, options: Options, store: Store | None, *, near: Path | None = None
) -> StudyDataset:
    """Find the data set that a study runs on; import or download it where that is needed.

    Args:
        study: The study as its file says it.
        name: Its name in the database.
        options: `dataset`, `data_dir`, `storage` and `restart` count here.
        store: The database that may hold earlier trials; None where there is none yet.
        near: A folder in which the user's own data are looked for, after the current one.

    Raises:
        UserError: The data set cannot be had, and it was asked for by hand or the study has trials on it.
    """
    if study.family.external:
        return _external(study, name, options)
    wanted = override(study, data=options.dataset).data
    assert wanted is not None
    if not isinstance(wanted, str):
        if options.dataset is not None:  # a format that needs no arguments, by its name
            study, name = override(study, data=wanted), f"{name}@{options.dataset}"
        return StudyDataset(study, name, _import_custom(wanted, study, name, options, store, near))
    own_name = _name_on(wanted, name, study, store)
    imports = import_folder(options.storage)
    source = sources.locate(wanted, options.data_dir, imports=imports)
    if source is None and options.data_dir is not None:
        raise UserError(
            f"there is no {wanted} in {options.data_dir}",
            f"it should hold {sources.expected_files(wanted)}; or take --dataset digits",
        )
    note = None
    if source is None:
        try:
            source = sources.download(wanted, DOWNLOADS, imports)
        except UserError:
            record = store.find(own_name) if store else None
            begun = record is not None and record.study.data == wanted and record.trials()
            if options.dataset is not None or begun:
                raise
            note = f"{wanted} is not on this machine and cannot be downloaded: searching the embedded digits instead"
            wanted, own_name, source = "digits", _name_on("digits", name, study, store), sources.locate("digits", None)
    assert source is not None
    if wanted != study.data:  # published results are about the study's own data
        unpublished = tuple(baseline.model_copy(update={"published": {}}) for baseline in study.baselines)
        study = study.model_copy(update={"data": wanted, "baselines": unpublished})
    return StudyDataset(study, own_name, source, note)


def _name_on(dataset: str, name: str, study: Study, store: Store | None) -> str:
    """Return the name of a study on a data set: `name@dataset`, unless it is its own or `name` says it already.

    A study that was renamed has whatever name was given.
    """
    if dataset == study.data or name.endswith(f"@{dataset}"):
        return name
    named = store.find(name) if store else None
    return name if named is not None and named.study.data == dataset else f"{name}@{dataset}"


def _external(study: Study, name: str, options: Options) -> StudyDataset:
    """Return a study of trials that train by themselves: Studyhall knows no data of theirs."""
    given = "--dataset" if options.dataset is not None else "--data-dir" if options.data_dir is not None else None
    if given is not None:
        raise UserError(f"{study.family.label} trains by itself, with data of its own", f"leave out {given}")
    return StudyDataset(study, name, Source(study.family.label, "", ""))


def import_folder(storage: str) -> Path:
    """Return the folder of imported data: beside the database's studies, under a name that no study can have."""
    return folder_of(storage) / IMPORTS_FOLDER


def _import_custom(
    config: DatasetConfig, study: Study, name: str, options: Options, store: Store | None, near: Path | None
) -> Source:
    """Import the study's own data, unless they are imported already."""
    from models.datasets.import_dataset import import_dataset

    folders = [Path.cwd(), *([near] if near else [])] if options.data_dir is None else [Path(options.data_dir)]
    anew = options.restart or store is None or store.find(name) is None
    return import_dataset(config, import_folder(options.storage), study.seed, folders, anew=anew, task=study.task)
