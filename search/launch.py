"""From a study to its finished search: data set, database, lease, fleet, loop.

Knows neither exit codes nor a console: messages go to the callbacks it is given.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from models.datasets.source import Source
from models.errors import UserError
from search.config.study import Study
from search.config.study_files import NamedStudy
from search.dataset import find_dataset
from search.fleet.base import DatasetInfo, HostOptions, HostProvider
from search.fleet.fleet import Fleet
from search.fleet.local import Machine
from search.fleet.registry import fleet_of, open_hosts
from search.fleet.signs_of_life import Watchdog
from search.interrupt import Interrupt
from search.loop import coordinator
from search.loop.coordinator import Spent
from search.loop.kept_outputs import KeptOutputs
from search.loop.scheduler import TrialScheduler
from search.loop.snapshots import snapshots_of
from search.machine.device import cluster_device, gpu_count, resolve_device
from search.machine.environment import environment, kind_of_machine
from search.machine.gpu_study import on_gpus
from search.options import Options
from search.record.fingerprint import as_begun, fingerprint
from search.record.learning import learn
from search.record.record import Record
from search.record.store import Store

# Called once, when a search begins; returns what is called after every tick.
Watcher = Callable[[TrialScheduler, DatasetInfo], Callable[[], None]]


@dataclass(frozen=True)
class Prepared:
    """A study with its data set and its record, ready to be searched."""

    study: Study  # the study, of the data set it runs on
    record: Record  # what the database has of it
    source: Source
    device: str  # "cpu" or "cuda"
    storage: str  # the database's address, without passwords
    note: str | None  # what the user must know before the search begins, if there is anything


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended."""

    finished: bool  # whether the budget is spent; else the run is paused
    seconds: float  # how long the run took
    spent: Spent  # where the time went


def prepare(named: NamedStudy, options: Options, note_hang: Callable[[str], None] = lambda line: None) -> Prepared:
    """Find the data set, open the database, and begin the study or take it up.

    `note_hang` is called with a message where the data are waited for too long: what reads them hangs, perhaps.

    Raises:
        UserError: One of them cannot be had, the study was begun with other settings, or a cluster is named for trials
            that train by themselves.
    """
    _check_place(named.study, options)  # before anything is written
    store = Store(options.storage)
    with Watchdog(options.host_timeout, note_hang, "no data came", "press Ctrl-C and mend it").watching():
        chosen = find_dataset(named.study, options.name or named.name, options, store, near=named.path.parent)
    device, note = device_of(options), chosen.note
    if options.restart and store.find(chosen.name) is not None:
        note = f"what was there is kept as {store.archive(chosen.name)}"
    before = store.find(chosen.name)
    study = informed(chosen.study, before, store, options.storage)
    study = on_gpus(study, before.study if before else None, device, chosen.source, cluster=options.cluster is not None)
    record = store.begin(
        chosen.name,
        study,
        fingerprint(study, chosen.source.sha256, device),
        environment(device, chosen.source.root),
        named.text,
    )
    source = chosen.source
    if study.family.external:  # what its trials print
        source = replace(source, root=str((record.folder / "logs").resolve()))
    return Prepared(study, record, source, device, store.masked, note)


def informed(study: Study, before: Record | None, store: Store | None, storage: str) -> Study:
    """Return a study with what it learns from earlier ones: read now, or as it was when the study was begun.

    Raises:
        UserError: A source cannot be read, or the study was begun without learning from it.
    """
    if before is None:
        laid_out = {"picture_layout": "channels_last"} if _is_free_to_lay_out(study) else {}
        return study.model_copy(update={"learnt": learn(study, store, storage), **laid_out})
    if len(study.learn_from) > len(before.study.learnt):
        raise UserError(
            f"`{before.name}` was begun without learning from {study.learn_from[-1].rpartition('@')[2]}",
            "leave it out, give the study a new name with --name, or begin anew with --restart",
        )
    return as_begun(study, before.study)


def _is_free_to_lay_out(study: Study) -> bool:
    return study.family.lays_out and "picture_layout" not in study.model_fields_set


def device_of(options: Options) -> str:
    """Return what engines run on, here or on a cluster: "cpu" or "cuda".

    Raises:
        UserError: There is no such device.
    """
    if options.cluster is None:
        return resolve_device(options.device)
    return cluster_device(options.device, options.engine_gpus)


def _check_place(study: Study, options: Options) -> None:
    if study.family.external and options.cluster is not None:
        raise UserError(f"{study.family.label} trains by itself, on this machine alone", "leave out --cluster")


def hosts(
    study: Study, device: str, options: Options, note: Callable[[str], None], machine: Machine | None = None
) -> AbstractContextManager[HostProvider]:
    """Return where a study's engines live: on a Ray cluster, which is joined, or in processes of this machine.

    `note` is called with each message for the user; `machine` is this machine, if its workers were started early.

    Raises:
        UserError: A cluster is named for trials that train by themselves.
    """
    _check_place(study, options)
    gpus = gpu_count(device)
    used, usable = max(1, options.workers or 0), min(gpus, study.engines)
    if options.workers is not None and used < usable and not study.family.external:
        # Engines of one process train one after the other: on several GPUs they would be no faster.
        note(f"--workers {options.workers} uses {used} of {gpus} GPUs: a process has one; --workers {usable} uses more")
    if machine is not None and fleet_of(options.cluster) == "local":
        machine.host(options.workers, study.engines, gpus, note)
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
            gpus=gpus,
            worker_timeout=options.host_timeout,
            note=note,
        )
    )


def search(
    prepared: Prepared,
    options: Options,
    *,
    interrupt: Interrupt,
    watchers: Sequence[Watcher] = (),
    note: Callable[[str], None] = lambda line: None,
    machine: Machine | None = None,
) -> RunOutcome:
    """Run a study until its budget is spent, or until the timeout or a signal pauses it.

    Each of the `watchers` is called once, with the scheduler and the data set's facts, and returns what is called after
    every tick; `note` is called with each message about how the trials are trained.
    """
    began = time.monotonic()
    study, spent = prepared.study, Spent()
    deadline = None if options.timeout is None else began + options.timeout
    with (
        hosts(study, prepared.device, options, note, machine) as where,
        prepared.record.lease(),
        Fleet(study.engines, where) as fleet,
    ):
        dataset_info = fleet.open(study, prepared.source, device=prepared.device)
        if not study.family.external:
            prepared.record.keep_counts(dataset_info.train, dataset_info.validation)
        if different := prepared.record.continue_on(kind_of_machine()):
            changes = ", ".join(f"{key} {now} instead of {before}" for key, (before, now) in different.items())
            note(f"this run has {changes}: results may differ in their last digits, and so may what is tried next")
        scheduler = TrialScheduler(study, prepared.record, dataset_info, KeptOutputs(prepared.record, fleet))
        callbacks = [watch(scheduler, dataset_info) for watch in watchers]

        def after_tick() -> None:
            for callback in callbacks:
                callback()
            for line in fleet.new_notes():
                note(line)

        with interrupt.watched():  # before the first tick there is nothing that a pause would keep
            finished = coordinator.run(
                scheduler,
                fleet,
                snapshots_of(prepared.record, fleet),
                pause=lambda: interrupt.signal is not None or (deadline is not None and time.monotonic() >= deadline),
                after_tick=after_tick,
                spent=spent,
            )
        prepared.record.spend(vars(spent))
    return RunOutcome(finished, time.monotonic() - began, spent)
