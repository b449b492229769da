"""`--check`: shows what a run would search, how much memory it takes, and about how long. Writes nothing."""

import json

import optuna
from rich.console import Console
from rich.markup import escape

from models.errors import UserError
from search import launch
from search.cli.eta import planned_trials
from search.cli.rehearsal import Rehearsal, expected_seconds, rehearse
from search.cli.wording import duration, lanes_text
from search.config.conditions import condition
from search.config.study import Study
from search.config.study_files import NamedStudy
from search.dataset import find_dataset
from search.fleet.base import EngineError
from search.options import Options
from search.record.database import Absent
from search.record.fingerprint import compare, fingerprint
from search.record.store import Store


def check(named: NamedStudy, options: Options, out: Console) -> None:
    """Show what would happen.

    Raises:
        UserError: A run would refuse the study, or a trial of it cannot be trained.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    store = _store(options.storage)
    chosen = find_dataset(named.study, options.name or named.name, options, store, near=named.path.parent)
    study, device = chosen.study, launch.device_of(options)
    record = store.find(chosen.name) if store and not options.restart else None
    if record is not None:
        now = fingerprint(study, chosen.source.sha256, device)
        compare(chosen.name, record.fingerprint, json.loads(json.dumps(now)))

    def say(text: str) -> None:
        out.print(f"[yellow]note:[/] {escape(text)}")

    for text in (chosen.note, *study.warnings):
        if text:
            say(text)
    try:
        with launch.hosts(study, device, options, say) as hosts:
            rehearsal = rehearse(study, chosen.source, hosts, device=device)
    except EngineError as error:
        last = str(error).strip().splitlines()[-1]
        raise UserError(
            f"a trial of this study cannot be trained: {last}", "correct the model or its space; --debug tells where"
        ) from error
    for text in rehearsal.notes:
        say(text)
    done = f", {sum(row.state != 'running' for row in record.trials())} of" if record else ", not begun yet"
    lines = {"study": f"{chosen.name}{done}" + (f" {planned_trials(study)} trials done" if record else "")}
    for label, text in (lines | _plan(study, device, rehearsal)).items():
        out.print(f"{label:<13} {text}", markup=False)


def _plan(study: Study, device: str, rehearsal: Rehearsal) -> dict[str, str]:
    """Return what would be searched, by its label."""
    info, count = rehearsal.dataset_info, len(study.baselines)
    whole, pruned = expected_seconds(study, rehearsal)
    baselines = f", {count} baseline{'s' * (count != 1)} among them" if count else ", no baseline"
    waiting = study.paused * rehearsal.waiting / 2**20
    tick = f"{rehearsal.tick:.2g} s" if rehearsal.tick < 10 else duration(rehearsal.tick)
    if pruned is None:
        time = f"about {duration(whole)} on this machine, less what pruning saves"
    else:
        span = " to ".join(dict.fromkeys(duration(seconds) for seconds in pruned))
        time = f"about {span} on this machine, as it is busy now; {duration(whole)} if nothing were pruned"
    return {
        "data": f"{study.dataset} of {' x '.join(map(str, info.shape))}, {len(info.classes)} classes: "
        f"{info.train} examples to train on, {info.validation} to score on",
        "budget": f"{planned_trials(study)} trials of up to {study.epochs} epochs{baselines}",
        "sampler": str(study.sampler.name),
        "pruner": study.pruner.describe(study.epochs),
        **({"paused": f"up to {study.paused} trials wait, in {waiting:.1f} MiB in all"} if waiting else {}),
        "lanes": f"{lanes_text(study)} on {device}, {study.threads} thread{'s' * (study.threads != 1)} each",
        **{name: f"{of} {condition(of)}".strip() for name, of in study.space.items()},
        **{name: f"{value} in every trial" for name, value in study.fixed.items()},
        "one epoch": f"{tick} for {rehearsal.trials} trial{'s' * (rehearsal.trials != 1)} together"
        + (f", with {rehearsal.memory / 2**20:.0f} MiB of memory a process" if rehearsal.memory else ""),
        "time": time,
    }


def _store(url: str) -> Store | None:
    """Return the database if there is one; none is made."""
    try:
        return Store(url, create=False)
    except Absent:
        return None
