"""What a new study learns from earlier ones, of its own database or of any that Optuna can open. Writes nothing."""

import math
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from models.config.base import Parameters, Value
from models.errors import UserError, did_you_mean
from search.config.conditions import exists, parents_first
from search.config.learnt import LEARNT_FIRST, LearntStudy
from search.config.study import Study
from search.front import standing
from search.record.address import mask, parse
from search.record.source_objectives import told_of
from search.record.store import Store

Told = tuple[tuple[float, ...], Parameters]  # what a trial came to, higher is better, and its configuration
MOST = 100  # trials of a source: of more, the better half and, of the others, every so many


def learn(study: Study, store: Store | None, storage: str) -> tuple[LearntStudy, ...]:
    """Return what a study learns from each of its `learn_from`.

    Args:
        study: The new study.
        store: Its database; None where there is none yet.
        storage: The address of it.

    Raises:
        UserError: A source cannot be read, or none of its trials lies in the space.
    """
    return tuple(_learn_from(name, study, store, storage) for name in study.learn_from)


def _learn_from(source: str, study: Study, store: Store | None, storage: str) -> LearntStudy:
    url, name = _place(source, storage)
    ours = store.find(name) if url == storage and store is not None else None
    theirs = _study(url, name)
    shown = name if url == storage else f"{mask(parse(url))}:{name}"
    fixed = ours.study.fixed if ours is not None else {}
    told = told_of(theirs, name, study.objective)
    complete = [
        trial
        for trial in theirs.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if all(math.isfinite(value) for value in trial.values)
    ]
    fitting: dict[frozenset[tuple[str, Value]], Told] = {}
    for trial in complete:
        params = _fitted(study, {**fixed, **_external(trial)})
        if params is not None:
            key, values = frozenset(params.items()), told.values(trial.values)
            fitting[key] = max(fitting.get(key, (values, params)), (values, params), key=_first)
    if not fitting:
        names = sorted({name for trial in complete for name in trial.params})
        has = f"{len(complete)} complete trials of {', '.join(names)}" if complete else "no complete trials"
        space = ", ".join(f"{name} in {range_}" for name, range_ in study.space.items())
        raise UserError(
            f"learn_from: nothing of {shown} lies in this study's space: it has {has}",
            f"this study searches {space}; leave the source out, or search the same parameters",
        )
    ranked = _thinned(_best_first(list(fitting.values())))
    about = f"learns from {len(fitting)} of {len(complete)} complete trials of {shown}{told.difference}; "
    about += f"the best {LEARNT_FIRST} of what is learnt come first, after the baselines"
    return LearntStudy(
        name=shown,
        about=about,
        params=tuple(params for _, params in ranked),
        values=tuple(values[0] for values, _ in ranked),
        second=tuple(values[1] for values, _ in ranked if len(values) > 1 and told.is_learnt),
    )


def _first(each: Told) -> float:
    return each[0][0]


def _best_first(found: list[Told]) -> list[Told]:
    """Return configurations in order: by the first of their values, or, of two, as they stand to each other."""
    if found and len(found[0][0]) > 1:
        points = [(-values[0], -values[1]) for values, _ in found]
        stand = standing(points)
        return [found[index] for index in sorted(range(len(found)), key=lambda index: (stand[index], points[index]))]
    return sorted(found, key=lambda each: -_first(each))


def _place(source: str, storage: str) -> tuple[str, str]:
    """The address and the name in "mlp" or "sqlite:///mine.db:study"."""
    if "://" not in source:
        return storage, source
    url, _, name = source.rpartition(":")
    if not name or name.startswith("//") or "://" not in url:
        raise UserError(f"learn_from: {source!r} names no study", 'write "sqlite:///mine.db:study"')
    return url, name


def _study(url: str, name: str) -> optuna.Study:
    address = parse(url)
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
        raise UserError(f"learn_from: there is no database {mask(address)}", "check the path")
    kwargs: dict[str, Any] = {"poolclass": NullPool}
    try:
        storage = optuna.storages.RDBStorage(
            url.replace("{", "{{").replace("}", "}}"), kwargs, skip_table_creation=True
        )
        names = optuna.get_all_study_names(storage)
        if name not in names:
            raise UserError(
                f'learn_from: {mask(address)} has no study "{name}"{did_you_mean(name, names)}',
                f"it has {', '.join(names) or 'none'}",
            )
        study = optuna.load_study(study_name=name, storage=storage)
    except (SQLAlchemyError, RuntimeError, optuna.exceptions.OptunaError) as error:
        raise UserError(
            f"learn_from: {mask(address)} cannot be read as a database of Optuna's: {str(error).splitlines()[0]}",
            "name another, or open it once with the installed Optuna (`optuna storage upgrade`)",
        ) from error
    return study


def _external(trial: FrozenTrial) -> dict[str, Any]:
    """Return what was trained: ours have, as attributes, the parameters that were trained as 0."""
    zeros = {name: 0.0 for name in trial.params if trial.user_attrs.get(name) == 0.0}
    return {**trial.params, **zeros}


def _fitted(study: Study, external: dict[str, Any]) -> Parameters | None:
    """Return a configuration as the new study holds it; None where it lacks a parameter or lies outside a range."""
    present: Parameters = {}
    for name in parents_first(study.space):
        if not exists(study.space[name], present):
            continue
        value = external.get(name)
        if not isinstance(value, bool | int | float | str) or not study.space[name].contains(value):
            return None
        present[name] = value
    different = [name for name, value in study.fixed.items() if name in external and external[name] != value]
    internal = study.to_internal(present)
    return None if different or not study.allows(internal) else internal


def _thinned(ranked: list[Told]) -> list[Told]:
    if len(ranked) <= MOST:
        return ranked
    best, rest = ranked[: MOST // 2], ranked[MOST // 2 :]
    return best + [rest[len(rest) * place // (MOST - len(best))] for place in range(MOST - len(best))]
