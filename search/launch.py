"""From a study to its finished search: data, database, lease, fleet, loop.

Called by run.py, and by programs that search without a command line. Prints through the callbacks it is given.
"""

import ctypes
import os
import platform
import re
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from models.datasets import source as data
from models.datasets.array_store import ROOM
from models.datasets.builtin_datasets import CIFAR10
from models.datasets.dataset_config import Origin
from models.datasets.download import download
from models.errors import UserError
from search.cli.console import Interrupt
from search.config.study import Study
from search.config.study_files import NamedStudy, override
from search.fleet.base import DatasetInfo, HostOptions, HostProvider
from search.fleet.fleet import Fleet
from search.fleet.local import Machine
from search.fleet.registry import fleet_of, open_hosts
from search.loop import coordinator
from search.loop.coordinator import Spent
from search.loop.scheduler import TrialScheduler
from search.loop.snapshots import snapshots_of
from search.record.address import folder_of
from search.record.fingerprint import fingerprint
from search.record.record import Record
from search.record.store import DEFAULT_URL, Store

DOWNLOADS = "data"  # the folder of the current one into which a missing data set is downloaded


@dataclass(frozen=True)
class Options:
    """What a command says besides the study. None of it changes what a trial learns, but for data and device."""

    storage: str = DEFAULT_URL
    name: str | None = None  # of the study in the database; the file's own unless given
    dataset: str | None = None  # asked for by hand
    data_dir: str | None = None
    workers: int | None = None  # processes; 0 trains in this one; None: one an engine, while there are cores
    cluster: str | None = None  # the address of a Ray cluster to train on instead: auto, HOST:PORT or ray://HOST:PORT
    engine_cpus: float | None = None  # that an engine takes there; None: one a thread
    engine_gpus: float | None = None
    device: str = "auto"
    timeout: float | None = None  # seconds after which the run pauses
    restart: bool = False


@dataclass(frozen=True)
class Prepared:
    """A study with its data and its place in the database, ready to be searched."""

    study: Study
    record: Record
    source: data.Source
    device: str
    storage: str  # the database, masked
    note: str | None  # what the user must know before anything else, if there is something


@dataclass(frozen=True)
class Ended:
    """How a run came to its end."""

    finished: bool  # or paused
    seconds: float
    spent: Spent


def prepare(named: NamedStudy, options: Options) -> Prepared:
    """Find the data, open the database and enter the study, or take it up.

    Raises UserError where any of them cannot be had, or the study was begun otherwise.
    """
    store = Store(options.storage)
    study, name, source, note = find_data(
        named.study, options.name or named.name, options, store, near=named.path.parent
    )
    device = device_of(options)
    if options.restart and store.find(name) is not None:
        note = f"what was there is kept as {store.archive(name)}"
    record = store.begin(
        name, study, fingerprint(study, source.sha256, device), environment(device, source), named.text
    )
    return Prepared(study, record, source, device, store.masked, note)


def find_data(
    study: Study, name: str, options: Options, store: Store | None, near: Path | None = None
) -> tuple[Study, str, data.Source, str | None]:
    """Return the study with the set it runs on, its name, the set, and a note where it is not the study's own.

    `store` is where earlier trials would be; None where there is no database yet. Own data are imported where they are
    not yet; they are looked for in `--data-dir` if that is given, else in the current folder and in `near`.
    """
    wanted = override(study, data=options.dataset).data
    if not isinstance(wanted, str):
        return study, name, _bring_in(wanted, study, name, options, store, near), None
    own = name if wanted == study.data else f"{name}@{wanted}"
    source = data.locate(wanted, options.data_dir)
    if source is None and wanted == CIFAR10:
        source = _import_cifar10(study.seed, options, download=False)
    if source is None and options.data_dir is not None:
        raise UserError(
            f"there is no {wanted} in {options.data_dir}",
            f"it should hold {data.files_of(wanted)}, plain or .gz; or take --dataset digits",
        )
    note = None
    if source is None:
        try:
            if wanted == CIFAR10:
                source = _import_cifar10(study.seed, options, download=True)
            else:
                source = download(wanted, DOWNLOADS)
        except UserError:
            begun = store.find(own) if store else None
            if options.dataset is not None or (begun is not None and begun.trials()):
                raise
            note = f"{wanted} is not on this machine and cannot be downloaded: searching the embedded digits instead"
            wanted, own, source = "digits", f"{name}@digits", data.locate("digits", None)
    assert source is not None
    if wanted != study.data:  # what authors published is about their own data
        unpublished = tuple(baseline.model_copy(update={"published": {}}) for baseline in study.baselines)
        study = study.model_copy(update={"data": wanted, "baselines": unpublished})
    return study, own, source, note


def _bring_in(
    word: Origin, study: Study, name: str, options: Options, store: Store | None, near: Path | None
) -> data.Source:
    """Import the study's own data, or find them imported."""
    from models.datasets.import_dataset import bring_in

    places = [Path.cwd(), *([near] if near else [])] if options.data_dir is None else [Path(options.data_dir)]
    anew = options.restart or store is None or store.find(name) is None
    return bring_in(word, imports(options.storage), study.seed, places, anew=anew)


def _import_cifar10(seed: int, options: Options, *, download: bool) -> data.Source | None:
    """Import CIFAR10 from where the other sets are looked for too. Raises UserError where that fails."""
    from models.datasets.import_dataset import bring_in_cifar10

    named = (os.environ.get("STUDYHALL_DATA", ""), "data") if options.data_dir is None else (options.data_dir,)
    roots = [Path(root).expanduser().absolute() for root in named if root]
    return bring_in_cifar10(imports(options.storage), seed, roots, Path(DOWNLOADS).absolute() if download else None)


def imports(storage: str) -> Path:
    """Where data are imported to: beside the studies of the database, under a name that no study can have."""
    return folder_of(storage) / ROOM


def resolve_device(device: str) -> str:
    """Return "cpu" or "cuda". Raises UserError where CUDA is asked for and there is none."""
    if device == "cpu" or (device == "auto" and not Path("/dev/nvidia0").exists()):
        return "cpu"  # torch, which takes seconds to import, need not be asked
    if _cuda_at_hand():
        return "cuda"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if device == "cuda":
        raise UserError("this torch finds no CUDA device", "leave out --device, or install a torch built for CUDA")
    return "cpu"


def _cuda_at_hand() -> bool:
    """Whether torch will find a CUDA device, by its version file and the driver: importing torch itself takes seconds.

    False where that is not certain.
    """
    spec = find_spec("torch")
    built = Path(spec.origin).with_name("version.py") if spec and spec.origin else None
    if built is None or not built.is_file() or not re.search(r"^cuda\b.*= '", built.read_text(), re.MULTILINE):
        return False
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    devices = ctypes.c_int(0)
    return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(devices)) == 0 and devices.value > 0


def environment(device: str, source: data.Source) -> dict[str, Any]:
    """What is recorded of the machine and of the libraries when a study begins."""
    libraries = ("studyhall", "torch", "optuna", "numpy", "scikit-learn")
    return {
        "python": platform.python_version(),
        **{library: version(library) for library in libraries},
        "machine": platform.machine(),
        "system": platform.system(),
        "cores": os.cpu_count(),
        "device": device,
        "data": source.root,  # where a report looks, if it is nowhere else
        **({"commit": commit} if (commit := _commit()) else {}),
    }


def _commit() -> str:
    """Return the commit that this program is checked out at, marked "-dirty" if changed since; "" where it is not."""
    here = Path(__file__)
    describe = ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        tracked = subprocess.run(["git", "-C", here.parent, "ls-files", here.name], capture_output=True, text=True)
        if not tracked.stdout.strip():  # installed inside somebody else's repository, for instance
            return ""
        return subprocess.run(["git", "-C", here.parent, *describe], capture_output=True, text=True).stdout.strip()
    except OSError:
        return ""


def device_of(options: Options) -> str:
    """Return what engines run on, here or on a cluster: "cpu" or "cuda". Raises UserError where that cannot be."""
    return resolve_device(options.device) if options.cluster is None else _device_there(options)


def _device_there(options: Options) -> str:
    """Return what engines run on where they are on a cluster, which this machine need not have."""
    if options.engine_gpus:
        if options.device == "cpu":
            raise UserError("engines that take GPUs cannot be on cpu", "leave out --device or --engine-gpus")
        return "cuda"
    if options.device == "cuda" and options.engine_gpus == 0:
        raise UserError("engines on cuda need a share of a GPU", "give --engine-gpus 1, or a part, like 0.5")
    return "cuda" if options.device == "cuda" else "cpu"


def site(
    study: Study, device: str, options: Options, note: Callable[[str], None], machine: Machine | None = None
) -> AbstractContextManager[HostProvider]:
    """Return where the engines of a study live: on a cluster, which is joined, or in processes of this machine.

    `note` is told what the user should know while they live there. `machine` may have workers that began early.
    """
    if machine is not None and fleet_of(options.cluster) == "local":
        return nullcontext(machine)
    return open_hosts(
        HostOptions(
            engines=study.engines,
            threads=study.threads,
            device=device,
            equal=len(set(study.lanes_of)) == 1,
            address=options.cluster,
            workers=options.workers,
            engine_cpus=options.engine_cpus,
            engine_gpus=options.engine_gpus,
            note=note,
        )
    )


def search(
    prepared: Prepared,
    options: Options,
    *,
    interrupt: Interrupt,
    begun: Callable[[TrialScheduler, DatasetInfo], Callable[[], None]] = lambda search, dataset_info: lambda: None,
    note: Callable[[str], None] = lambda line: None,
    machine: Machine | None = None,
) -> Ended:
    """Run the study until its budget is spent, or until the timeout or a signal pauses it.

    `begun` is told the search and what the engines found, and returns what is called after every tick. `note` is told,
    once, each thing that the user should know of how the trials are trained. `machine` may have workers that began
    early.
    """
    began = time.monotonic()
    study, spent = prepared.study, Spent()
    deadline = None if options.timeout is None else began + options.timeout
    with (
        site(study, prepared.device, options, note, machine) as where,
        prepared.record.lease(),
        Fleet(study.engines, where) as fleet,
    ):
        dataset_info = fleet.open(study, prepared.source, device=prepared.device)
        scheduler = TrialScheduler(study, prepared.record, dataset_info)
        watch, noted = begun(scheduler, dataset_info), 0

        def after_tick() -> None:
            nonlocal noted
            watch()
            for line in fleet.notes[noted:]:
                note(line)
            noted = len(fleet.notes)

        with interrupt.watched():  # until here there is nothing to be kept by a pause
            finished = coordinator.run(
                scheduler,
                fleet,
                snapshots_of(prepared.record, fleet),
                pause=lambda: interrupt.signal is not None or (deadline is not None and time.monotonic() >= deadline),
                after_tick=after_tick,
                spent=spent,
            )
        prepared.record.spend(vars(spent))
    return Ended(finished, time.monotonic() - began, spent)
