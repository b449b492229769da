"""The checks of a study: whether its space, baselines, lanes and sampler fit together.

Each raises ValueError("fact; remedy"). Changes nothing.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from models.config.base import RecipePart, Value
from models.config.losses import SOFT_TARGETS
from models.config.optimizers import OptimizerConfig
from models.config.task import REGRESSION, task_of_data
from models.errors import one_of
from models.metrics.registry import METRICS, serves
from search.config.baseline_checks import check_baselines, check_configuration
from search.config.columns import RESERVED, member_columns
from search.config.conditions import check_conditions
from search.config.members import WithMembers, check_lanes, check_members
from search.config.objective_checks import check_objectives
from search.config.range_values import extreme_values
from search.config.relation_checks import check_arguments, check_obeyed, check_relations, derived_examples

if TYPE_CHECKING:
    from search.config.study import Study

# Those that are searched whatever the family.
TRAINING_PARAMETERS = frozenset({"learning_rate", "weight_decay", "momentum", "batch_size", "optimizer"})
_OF_EXTERNAL = frozenset({"family", "epochs", "keep", "metrics", "seed"})  # what of a recipe counts there


def check_study(study: "Study") -> None:
    """Raise ValueError with all the rules that a study breaks, "fact; remedy", a line each.

    What would only follow from a broken rule is not told: values are not checked where names are wrong.
    """
    _check_names(study)
    check_conditions(study.space)
    check_arguments(study)
    problems: list[str] = []

    def note(check: Callable[..., None], *arguments: object) -> None:
        try:
            check(*arguments)
        except ValueError as error:
            problems.append(str(error))

    if study.family.external:
        note(_check_external, study)
    else:
        note(_check_recipe, study)
        note(_check_task, study)
    for name in study.names:
        for value in _extremes(study, name) if name not in study.derived else ():
            note(_check_trainable, study, name, value)
    for baseline in study.baselines:
        note(check_configuration, study, f"baseline {baseline.name!r}", baseline.parameters)
    note(check_baselines, study)
    note(check_lanes, study)
    note(check_members, study)
    note(study.sampler.check, study.space)
    note(_check_settling, study)
    note(check_objectives, study)
    note(check_obeyed, study)
    if not problems:
        note(check_relations, study)
        note(_check_derived, study)
    if problems:
        raise ValueError("\n".join(problems))


def _check_names(study: "Study") -> None:
    if not study.space:
        raise ValueError("space: nothing is searched; give a parameter a range, like Float(1e-3, 1.0, log=True)")
    if both := sorted(set(study.space) & set(study.fixed)):
        raise ValueError(f"space: {both[0]!r} is searched and fixed; let it be one of the two")
    if not study.family.external:
        _check_known(study)
    members = member_columns(study.objective.metric, study.member_name, study.members)
    if reserved := sorted({*RESERVED, *members} & set(study.names)):
        raise ValueError(f"space: the tables have a column {reserved[0]!r} already; call the parameter otherwise")


def _check_known(study: "Study") -> None:
    """Raise ValueError where a name of the space means nothing to the recipe, or one that it needs is missing."""
    known = TRAINING_PARAMETERS | set(study.SEARCHABLE)
    for part in _parts(study):
        known |= part.required_parameters | part.optional_parameters
    for derived in study.derived.values():  # which may be all that a parameter is for
        known |= {*derived.function.needs, *derived.function.takes}
    needed = study.family.required_parameters | {"learning_rate", "weight_decay"}
    names = set(study.names)
    if facts := sorted(names & set(study.family.data_arguments)):
        raise ValueError(
            f"space: {facts[0]!r} is what {study.family.label} is told of the data by that name; "
            "call the parameter otherwise"
        )
    if unknown := sorted(names - known):
        raise ValueError(
            f"space: {study.family.label} has no parameter {unknown[0]!r}, "
            f"nor has a {study.schedule.name} schedule; they have {', '.join(sorted(known))}"
        )
    if missing := sorted(needed - names):
        told = study.family.data_arguments if missing[0] not in TRAINING_PARAMETERS else ()
        fact = f" (what the data tell a model is called {one_of(told)})" if told else ""
        remedy = f"give it a range, like Float(1e-3, 1.0, log=True), or a fixed value{fact}"
        raise ValueError(f"space: {missing[0]!r} is missing; {remedy}")
    if "momentum" in names and not any("momentum" in each.optional_parameters for each in _optimizers(study)):
        raise ValueError(f"space: {study.optimizer.name} has no momentum; take it out, or choose optimizer=SGD()")
    _check_of_one_optimizer(study)
    varies = {"optimizer", "depth"} & {*study.space, *study.derived}
    if not varies and _optimizers(study)[0].needs_hidden and not study.family.has_hidden(study.fixed):
        raise ValueError(
            f"optimizer: {_optimizers(study)[0].name} is for weights between the first layer and the last, and "
            f"{study.family.label} has none; choose AdamW(), or a family of more layers"
        )
    if absent := sorted(name for name in needed & set(study.space) if study.space[name].when):
        raise ValueError(f"space: every trial needs {absent[0]!r}; leave out its when=")


def _check_of_one_optimizer(study: "Study") -> None:
    """Raise ValueError where a parameter is drawn for an optimizer that does not take it."""
    optimizers = _optimizers(study)
    for name, search_range in study.space.items():
        takers = [each.name for each in optimizers if name in each.optional_parameters]
        limited = set(dict(search_range.when).get("optimizer", (each.name for each in optimizers)))
        if takers and not limited <= set(takers):
            raise ValueError(
                f"space: {name} means nothing to {', '.join(sorted(map(str, limited - set(takers))))}; "
                f'give it when={{"optimizer": {(takers[0] if len(takers) == 1 else tuple(takers))!r}}}'
            )


def _check_external(study: "Study") -> None:
    """Raise ValueError where a study of trials that train by themselves says how they are to be trained."""
    if "objective" not in study.model_fields_set:
        raise ValueError(
            f"objective: {study.family.label} does not say which way is better; "
            'give objective="loss", or Objective("score", direction="maximize")'
        )
    fields = type(study).model_fields
    meant = {*WithMembers.model_fields, "data"} - _OF_EXTERNAL
    ours = {name for name in meant if getattr(study, name) != (None if name == "data" else fields[name].default)}
    if ours:
        raise ValueError(f"{min(ours)}: {study.family.label} trains by itself, with data of its own; leave it out")


def _check_recipe(study: "Study") -> None:
    if study.data is None:
        raise ValueError('data: there are none; name a data set, like data="mnist", or bring your own')
    if "augment" in study.names and not study.augment:
        raise ValueError("augment: it is searched, and the study does not say how; say so, like augment=Flip()")
    for metric in (*(each.metric for each in study.objective.all if not each.is_known), *study.metrics):
        study.metric_of(metric)
    if taken := [own.name for own in study.own_metrics if own.name in METRICS]:
        raise ValueError(f"metrics: there is a metric {taken[0]!r} already; call the function otherwise")
    if study.task is REGRESSION and (of := [own for own in study.own_metrics if own.function.needs[0] != "predicted"]):
        raise ValueError(
            f"metrics: {of[0].name} is of {of[0].function.needs[0]}, and a regression predicts numbers; "
            "write it as a function of (predicted, labels)"
        )
    if study.precision not in (known := study.family.precisions):
        raise ValueError(f"precision: {study.family.label} does not train in {study.precision}; take {one_of(known)}")
    if study.patience is not None and study.keep == "last":
        raise ValueError('patience: a trial that stops early is judged by its best epoch; leave out keep="last"')
    words = [word for word in SOFT_TARGETS if study.uses(word, study.names)]
    if study.task is REGRESSION and words:
        raise ValueError(f"{words[0]}: a regression has no classes; leave it out")
    if study.loss == "squared_error" and words:
        raise ValueError(f'{words[0]}: squared_error knows none; leave it out, or choose loss="cross_entropy"')


def _check_task(study: "Study") -> None:
    """Raise ValueError where loss, data and metrics do not speak of the same: classes, or numbers."""
    of_data = task_of_data(study.data)
    if of_data not in (None, study.task):
        has, loss = ("classes", "cross_entropy") if study.task is REGRESSION else ("numbers", "mse")
        remedy = f'leave it out, which means "{loss}"'
        if getattr(study.data, "label", ""):
            remedy += f", or name the column with target={study.data.label!r} if it has numbers"  # type: ignore[union-attr]
        raise ValueError(f"loss: {study.loss} is of {study.task.name}, and {study.dataset} has {has}; {remedy}")
    searched = [each.metric for each in study.objective.all]
    for field, metrics in (("objective", searched), ("metrics", study.metrics)):
        if wrong := [name for name in metrics if name in METRICS and not serves(name, study.task)]:
            fitting = ", ".join(name for name in METRICS.names() if serves(name, study.task))
            raise ValueError(f"{field}: {wrong[0]} is no metric of a {study.task.name}; choose among {fitting}")


def _check_trainable(study: "Study", name: str, value: Value) -> None:
    """Raise ValueError where a parameter cannot have this value, whatever its range says."""
    if study.family.external or (kind := _kind(study, name)) is None:
        return
    try:
        TypeAdapter(kind).validate_python(value, strict=True)
    except ValidationError as error:
        should = error.errors()[0]["msg"].partition(" should ")[2]
        raise ValueError(f"space: {name} can be {value!r}, and should {should}; change its range") from error


def _extremes(study: "Study", name: str) -> tuple[Value, ...]:
    return extreme_values(study.space[name]) if name in study.space else (study.fixed[name],)


def _check_derived(study: "Study") -> None:
    for name in study.derived:
        for value in dict.fromkeys(derived_examples(study, name)):
            _check_trainable(study, name, value)


def _parts(study: "Study") -> tuple[RecipePart, ...]:
    """The parts of the recipe that say which parameters they take."""
    return (study.family, study.schedule, *_optimizers(study))


def _optimizers(study: "Study") -> list[OptimizerConfig]:
    """The optimizers that trials may have."""
    if "optimizer" in study.space:
        names = extreme_values(study.space["optimizer"])
    else:
        names = (study.fixed.get("optimizer", study.optimizer.name),)
    return [study.optimizer_of({"optimizer": name}) for name in names]


def _kind(study: "Study", name: str) -> Any:
    """The type and bounds of a parameter, for pydantic's TypeAdapter; None where a model of one's own may say."""
    kinds = (part.kind_of(name) for part in _parts(study))
    return next((kind for kind in kinds if kind is not None), (_KINDS | study.SEARCHABLE).get(name))


# Types of the parameters that no part of the recipe takes.
_KINDS: dict[str, Any] = {
    "learning_rate": Annotated[float, Field(ge=0)],
    "weight_decay": Annotated[float, Field(ge=0)],
    "batch_size": Annotated[int, Field(ge=1)],
}


def _check_settling(study: "Study") -> None:
    if study.until_settled and not study.sampler.settles:
        raise ValueError(
            f"until_settled: the sampler {study.sampler.name} does not say what more trials are expected to gain; "
            'take sampler="gp", or leave it out'
        )
