"""`--check`: what a run would search, and about how long that takes. Called by run.py.

Finds the data as a run does, trains a little (rehearsal.py), and writes nothing to the database.
"""

import json

import optuna
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from models.errors import UserError
from search import launch
from search.cli.eta import planned, rungs_of
from search.cli.progress import duration, together, told
from search.cli.rehearsal import expected, rehearse
from search.config.conditions import condition
from search.config.pruners import NoPruner, OptunaPruner, SuccessiveHalving
from search.config.space import Choice, Float, Int, Range
from search.config.study import Study
from search.config.study_files import NamedStudy
from search.fleet.base import EngineError
from search.launch import Options
from search.record.database import Absent
from search.record.fingerprint import compare, fingerprint
from search.record.store import Store


def check(named: NamedStudy, options: Options, out: Console) -> None:
    """Show what would happen. Raises UserError for whatever a run would refuse."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    store = _store(options.storage)
    study, name, source, note = launch.find_data(
        named.study, options.name or named.name, options, store, near=named.path.parent
    )
    device = launch.device_of(options)
    record = store.find(name) if store and not options.restart else None
    if record is not None:
        compare(name, record.fingerprint, json.loads(json.dumps(fingerprint(study, source.sha256, device))))

    def say(text: str) -> None:
        out.print(f"[yellow]note:[/] {escape(text)}")

    if note:
        say(note)
    try:
        with launch.site(study, device, options, say) as where:
            rehearsed = rehearse(study, source, where, device=device)
    except EngineError as error:
        last = str(error).strip().splitlines()[-1]
        raise UserError(
            f"a trial of this study cannot be trained: {last}", "correct the model or its space; --debug tells where"
        ) from error
    for text in rehearsed.notes:
        say(text)
    dataset_info, trials = rehearsed.dataset_info, planned(study)
    whole, usual = expected(study, rehearsed)
    done = sum(row.state != "running" for row in record.trials()) if record else 0
    lines = {
        "study": f"{name}" + (f", {done} of {trials} trials done" if record else ", not begun yet"),
        "data": f"{study.dataset} of {' x '.join(map(str, dataset_info.shape))}, {len(dataset_info.classes)} classes: "
        f"{dataset_info.train} examples to train on, {dataset_info.validation} to score on",
        "budget": f"{trials} trials of up to {study.epochs} epochs"
        + (f", {_counted(len(study.baselines), 'baseline')} among them" if study.baselines else ", no baseline"),
        "sampler": str(study.sampler.name),
        "pruner": _pruner(study),
        "places": f"{together(study)} on {device}, {_counted(study.threads, 'thread')} each",
    }
    for label, text in lines.items():
        out.print(f"{label:<8} {text}", markup=False)
    out.print(_space(study), soft_wrap=False)
    for label, one in {"middle": rehearsed.middle, "heaviest": rehearsed.heaviest}.items():
        lost = "" if one.finite else "; its loss is no number, as trials that diverge have it"
        text = f"an epoch of the {label} of them alone takes {_seconds(one.seconds)}: {told(one.parameters)}{lost}"
        out.print(text, markup=False)
    out.print(
        f"an epoch of {_counted(rehearsed.places, 'trial')} together takes {_seconds(rehearsed.tick)}"
        + (f", with {rehearsed.peak / 2**20:.0f} MiB of memory a process" if rehearsed.peak else ""),
        markup=False,
    )
    out.print(_estimate(whole, usual), markup=False)


def _store(url: str) -> Store | None:
    """The database, if there is one: what is not there yet is not made."""
    try:
        return Store(url, create=False)
    except Absent:
        return None


def _pruner(study: Study) -> str:
    match study.pruner:
        case SuccessiveHalving() as peer:
            if not (rungs := rungs_of(study)):
                return "no trial is judged before its last epoch"
            after = f"after epochs {', '.join(map(str, rungs))}" if len(rungs) > 1 else f"after epoch {peer.min_epochs}"
            return f"the best {peer.keep_fraction:.0%} go on {after}"
        case NoPruner():
            return "none: every trial is trained to its end"
        case OptunaPruner() as pruner:
            return f"{pruner.kind} of Optuna"


def _space(study: Study) -> Table:
    shown = Table("space", "range", "scale", "values", "", box=None, header_style="bold", pad_edge=False)
    for name, of in study.space.items():
        shown.add_row(*map(escape, (name, _ends(of), _scale(of), _values(of), condition(of))))
    for name, value in study.fixed.items():
        shown.add_row(escape(name), escape(str(value)), "fixed", "1", "")
    return shown


def _ends(of: Range) -> str:
    if isinstance(of, Choice):
        return " | ".join(map(str, of.values))
    zero = ", the low end is 0" if isinstance(of, Float) and of.low_is_zero else ""
    return f"{of.low:g}..{of.high:g}{zero}"


def _scale(of: Range) -> str:
    return "choice" if isinstance(of, Choice) else "log" if of.log else "even"


def _values(of: Range) -> str:
    match of:
        case Choice():
            return str(len(of.values))
        case Int():
            return str(len(of.values) if of.factor else (of.high - of.low) // of.step + 1)
        case Float():
            return "any" if of.step is None else str(round((of.high - of.low) / of.step) + 1)


def _estimate(whole: float, usual: tuple[float, float] | None) -> str:
    if usual is None:
        return f"in all about {duration(whole)} on this machine, less what pruning saves"
    low, high = (duration(seconds) for seconds in usual)
    span = low if low == high else f"{low} to {high}"
    return f"in all about {span} on this machine, as it is busy now; {duration(whole)} if nothing were pruned"


def _seconds(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds < 10 else duration(seconds)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
