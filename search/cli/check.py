"""`--check`: shows what a run would search, how much memory it takes, and about how long. Writes nothing."""

import json
import math
from dataclasses import dataclass
from typing import Any

import optuna
from rich.console import Console
from rich.markup import escape

from models.config.kept_examples import kept_bytes
from models.errors import UserError
from search import launch
from search.cli.rehearsal import Rehearsal, expected_seconds, rehearse
from search.cli.wording import (
    classes_note,
    constant_answer_text,
    duration,
    imbalance_note,
    lanes_text,
    objectives_text,
)
from search.cli.work import planned_trials
from search.config.conditions import condition
from search.config.study import Study
from search.config.study_files import NamedStudy
from search.dataset import find_dataset
from search.fleet.base import DatasetInfo, EngineError
from search.loop.kept_outputs import MAX_TRIALS
from search.machine.gpu_study import on_gpus
from search.options import Options
from search.record.database import Absent
from search.record.fingerprint import compare, fingerprint
from search.record.store import Store
from search.samplers.optuna_mirror import Mirror


@dataclass(frozen=True)
class Plan:
    """What a search would be.

    Args:
        name: The study's name in the database.
        study: The study, of the data set it would run on.
        device: "cpu" or "cuda".
        done: Trials that have ended; None where it is not begun.
        notes: What the user must know.
        rehearsal: What was measured.
    """

    name: str
    study: Study
    device: str
    done: int | None
    notes: tuple[str, ...]
    rehearsal: Rehearsal

    def as_data(self) -> dict[str, Any]:
        """Return what `--json` prints; times in seconds, memory in bytes of one process."""
        study, rehearsal = self.study, self.rehearsal
        whole, pruned = expected_seconds(study, rehearsal)
        return {
            "study": self.name,
            "data": study.dataset,
            "shape": list(rehearsal.dataset_info.shape),
            "classes": list(rehearsal.dataset_info.classes),
            **({"constant_answers": dict(constant)} if (constant := rehearsal.dataset_info.constant) else {}),
            "train_examples": rehearsal.dataset_info.train,
            "validation_examples": rehearsal.dataset_info.validation,
            "done": self.done or 0,
            "trials": planned_trials(study),
            "epochs": study.epochs,
            "baselines": [baseline.name for baseline in study.baselines],
            "sampler": study.sampler.name,
            "pruner": study.pruner.name,
            "engines": study.engines,
            "lanes": list(study.lanes_of),
            "lanes_per_trial": study.members,
            "device": self.device,
            "trials_together": rehearsal.trials,
            "epoch_seconds": rehearsal.tick,
            "seconds": list(pruned) if pruned else [whole, whole],
            "seconds_without_pruning": whole,
            "memory_bytes": rehearsal.memory,
            "outputs_bytes": 0 if study.family.external else math.prod(_kept_bytes(study, rehearsal.dataset_info)),
            "notes": list(self.notes),
        }


def check(named: NamedStudy, options: Options, out: Console) -> None:
    """Show what would happen.

    Raises:
        UserError: A run would refuse the study, or a trial of it cannot be trained.
    """
    plan = make_plan(named, options)
    for note in plan.notes:
        out.print(f"[yellow]note:[/] {escape(note)}")
    planned = planned_trials(plan.study)
    done = "not begun yet" if plan.done is None else f"{plan.done} of {planned} trials done"
    lines = {"study": f"{plan.name}, {done}"} | _lines(plan.study, plan.device, plan.rehearsal)
    for label, text in lines.items():
        out.print(f"{label:<13} {text}", markup=False)


def make_plan(named: NamedStudy, options: Options) -> Plan:
    """Return what would happen, after training the first trials for a moment.

    Raises:
        UserError: A run would refuse the study, or a trial of it cannot be trained.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    store = _store(options.storage)
    chosen = find_dataset(named.study, options.name or named.name, options, store, near=named.path.parent)
    study, device = chosen.study, launch.device_of(options)
    record = store.find(chosen.name) if store and not options.restart else None
    study = launch.informed(study, record, store, options.storage)
    study = on_gpus(study, record.study if record else None, device, chosen.source, cluster=options.cluster is not None)
    if record is not None:
        now = fingerprint(study, chosen.source.sha256, device)
        compare(chosen.name, record.fingerprint, json.loads(json.dumps(now)))

    Mirror(study)  # raises UserError where Optuna lacks its sampler or pruner
    notes = [text for text in (chosen.note, *study.warnings) if text]
    try:
        with launch.hosts(study, device, options, notes.append) as hosts:
            rehearsal = rehearse(study, chosen.source, hosts, device=device)
    except EngineError as error:
        last = str(error).strip().splitlines()[-1]
        raise UserError(
            f"a trial of this study cannot be trained: {last}", "correct the model or its space; --debug tells where"
        ) from error
    info = rehearsal.dataset_info
    of_labels = classes_note(study, info), imbalance_note(info, study.objective.metric)
    done = sum(row.state != "running" for row in record.trials()) if record else None
    every_note = tuple(filter(None, (*notes, *rehearsal.notes, *of_labels)))
    return Plan(chosen.name, study, device, done, every_note, rehearsal)


def _lines(study: Study, device: str, rehearsal: Rehearsal) -> dict[str, str]:
    """Return what would be searched, by its label."""
    info, count = rehearsal.dataset_info, len(study.baselines)
    whole, pruned = expected_seconds(study, rehearsal)
    several = f"; each is {study.members} lanes, judged by {study.judged_by}" if study.members > 1 else ""
    baselines = f", {count} baseline{'s' * (count != 1)} among them" if count else ", no baseline"
    predicted = f"{len(info.classes)} classes" if info.classes else "a number to predict"
    folds = f", in the first of {study.folds} folds" if study.folds > 1 else ""
    waiting = study.paused * rehearsal.waiting / 2**20
    tick = f"{rehearsal.tick:.2g} s" if rehearsal.tick < 10 else duration(rehearsal.tick)
    if pruned is None:
        time = f"about {duration(whole)} on this machine, less what pruning saves"
    else:
        span = " to ".join(dict.fromkeys(duration(seconds) for seconds in pruned))
        time = f"about {span} on this machine, as it is busy now; {duration(whole)} if nothing were pruned"
    data = {
        "data": f"{study.dataset} of {' x '.join(map(str, info.shape))}, {predicted}: "
        f"{info.train} examples to train on, {info.validation} to score on{folds}",
        "reference" if info.constant else "commonest": constant_answer_text(info),
    }
    return {
        **({"trains": f"{study.family.label}, by itself"} if study.family.external else data),
        "budget": f"{planned_trials(study)} trials of up to {study.epochs} epochs{baselines}{several}",
        **({"objectives": objectives_text(study.objective)} if study.objective.beside else {}),
        "sampler": study.sampler.describe(),
        "pruner": study.pruner.describe(study.epochs),
        **({"paused": f"up to {study.paused} trials wait, in {waiting:.1f} MiB in all"} if waiting else {}),
        **({} if study.family.external else {"outputs": _kept_text(study, info)}),
        "lanes": f"{lanes_text(study)} on {device}, {study.threads} thread{'s' * (study.threads != 1)} each",
        **{name: f"{of} {condition(of)}".strip() for name, of in study.space.items()},
        **{name: f"{value} in every trial" for name, value in study.fixed.items()},
        **{name: str(derived) for name, derived in study.derived.items()},
        **({"limits": ", ".join(map(str, study.constraints))} if study.constraints else {}),
        **({"where": "; ".join(relation.text for relation in study.where)} if study.where else {}),
        "one epoch": f"{tick} for {rehearsal.trials} trial{'s' * (rehearsal.trials != 1)} together"
        + (f", with {rehearsal.memory / 2**20:.0f} MiB of memory a process" if rehearsal.memory else ""),
        "time": time,
    }


def _kept_bytes(study: Study, info: DatasetInfo) -> tuple[int, int]:
    """Return of how many complete trials the validation outputs are kept at most, and what one of them takes."""
    return min(planned_trials(study), MAX_TRIALS), study.members * kept_bytes(info.validation, info.outputs)


def _kept_text(study: Study, info: DatasetInfo) -> str:
    trials, each = _kept_bytes(study, info)
    return f"kept of up to {trials} complete trials for an ensemble, in {trials * each / 2**20:.1f} MiB at most"


def _store(url: str) -> Store | None:
    """Return the database if there is one; none is made."""
    try:
        return Store(url, create=False)
    except Absent:
        return None
