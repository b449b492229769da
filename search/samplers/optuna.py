"""Any sampler of Optuna, or of a package for Optuna, by its class. Optuna is imported when the first mirror is made."""

import inspect
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from pydantic import Field

from models.config.base import Parameters, Value
from models.errors import UserError
from models.registry import load_target
from models.seeds import derive
from search.config.conditions import is_conditional
from search.config.range_values import configuration_count, value_count
from search.config.space import Choice, Space
from search.optuna.named_class import OptunaClass
from search.samplers.base import SamplerConfig, check_listed

if TYPE_CHECKING:
    import optuna

    from search.config.study import Study
    from search.samplers.optuna_mirror import Mirror

# Arguments that give parameters values: a study file writes these as it writes a baseline's.
_BY_PARAMETER = ("search_space", "fixed_params", "x0")
# Those that shuffle one sequence for the whole study: a seed for each trial would make random search of them.
_ONE_SEQUENCE = ("QMCSampler", "GridSampler")
# Those that learn from trials that were trained to their end, and from no others.
_LEARN_FROM_COMPLETE = ("GPSampler", "CmaEsSampler", "NSGAIISampler", "NSGAIIISampler")


class OptunaSampler(OptunaClass, SamplerConfig):
    """Any sampler of `optuna.samplers` by the name of its class, with its arguments, or any as "package.module:Class".

    A new object proposes each trial, seeded by the study's seed and the trial's number; `QMCSampler` and `GridSampler`
    are seeded by the study's alone. What it notes in Optuna's system attributes (the state of CMA-ES, the generations
    of NSGA-II, the place in a sequence) is recorded with the trial. So a proposal follows from the record, and after a
    kill the table is the same. The state of CMA-ES is a pickle: go on with no database that you do not trust.

    A class that keeps what it knows in itself needs `stateful=True`: one object then proposes all trials of a run and
    is told of each end; after a stop or a lost worker it begins anew, and the table may be another one.

    It is told of trials what Optuna would be told: those that wait or train run, with their scores so far. An argument
    that is a function or an object is named as "package.module:name"; where a class wants the space, it is given it.

    Example:
        >>> OptunaSampler("GPSampler", deterministic_objective=True)
        >>> OptunaSampler("PartialFixedSampler", fixed_params={"hidden": 64}, base_sampler=OptunaSampler("QMCSampler"))
        >>> OptunaSampler("NSGAIISampler", population_size=10, crossover="optuna.samplers.nsgaii:UNDXCrossover")
    """

    name: Literal["optuna"] = "optuna"
    arguments: "dict[str, Value | OptunaSampler | tuple[Value, ...] | dict[str, Value | tuple[Value, ...]] | None]" = (
        Field(default={}, description="Arguments of the class; where that takes a sampler, an `OptunaSampler`.")
    )
    stateful: bool = Field(
        default=False, description="Whether one object proposes all trials of a run, and begins anew after a stop."
    )

    word: ClassVar[str] = "sampler"

    def __init__(self, kind: str = "", *, stateful: bool = False, **arguments: Any) -> None:
        super().__init__(kind=kind, stateful=stateful, **arguments)

    # --- when a study is read

    @property
    def obeys_where(self) -> bool:
        """Those that try every value have no other proposal."""
        return self.kind not in ("GridSampler", "BruteForceSampler")

    @property
    def max_proposals(self) -> int | None:
        """The number of combinations of a `GridSampler`."""
        if self.kind != "GridSampler" or not isinstance(grid := self.arguments.get("search_space"), dict):
            return None
        return math.prod(len(values) for values in grid.values() if isinstance(values, tuple))

    def check(self, space: Space) -> None:
        """Raise ValueError where the sampler cannot search this space, as far as can be said without Optuna."""
        if "seed" in self.arguments:
            raise ValueError(
                "sampler: its seed follows from the study's; leave it out, and give the study another seed"
            )
        if self.stateful and self.kind == self.title:
            raise ValueError(f"sampler: {self.kind} keeps what it knows in the record; leave out stateful=True")
        for argument in _BY_PARAMETER:
            if isinstance(given := self.arguments.get(argument), dict):
                self._check_values(argument, given, space)
        grid = self.arguments.get("search_space") if self.kind == "GridSampler" else None
        if isinstance(grid, dict) and (missing := sorted(set(space) - set(grid))):
            raise ValueError(f"sampler: the grid has no values for {missing[0]}; state them")
        endless = [name for name, search_range in space.items() if value_count(search_range) == math.inf]
        if self.kind == "BruteForceSampler" and endless:
            raise ValueError(f"sampler: BruteForceSampler tries every value, and {endless[0]} has no end of them; "
                             "give it a step=, or take another sampler")  # fmt: skip
        if self.kind == "QMCSampler" and is_conditional(space):
            raise ValueError("sampler: QMCSampler knows no when=; take QMC(), which does, or leave out when=")
        for nested in self.arguments.values():
            if isinstance(nested, OptunaSampler):
                nested.check(space)

    def _check_values(self, argument: str, given: Mapping[str, Any], space: Space) -> None:
        for name, values in given.items():
            if name not in space:
                raise ValueError(f"sampler: {argument} has {name!r}, which is not searched; leave it out")
            check_listed(f"{argument}'s", name, values if isinstance(values, tuple) else (values,), space[name])

    def warnings(self, study: "Study") -> tuple[str, ...]:
        """Return what is drawn at random, what is learnt too late, and what a stop may change."""
        found = []
        if self.stateful:
            found.append(
                f"sampler: {self.title} keeps in memory what it knows and begins anew after a stop, "
                "so the table may then be another one; leave out stateful=True if it needs no memory"
            )
        told_pruned = self.arguments.get("consider_pruned_trials") and not study.pruner.pauses
        if self.kind in _LEARN_FROM_COMPLETE and study.pruner.prunes and not told_pruned:
            found.append(
                f"sampler: {self.kind} learns from complete trials alone, of which {study.pruner.name} leaves few "
                'before the end; take pruner="none", or the samplers GP() or TPE()'
            )
        drawn = [name for name, of in study.space.items() if of.when or isinstance(of, Choice)]
        if self.kind == "CmaEsSampler" and drawn:
            found.append(f"sampler: CmaEsSampler draws {', '.join(drawn)} at random; it knows neither Choice nor when=")
        return tuple(found)

    def describe(self) -> str:
        """Return the class, and from what its proposals follow."""
        seeded = "one object for the whole run" if self.stateful else "made anew and seeded for each trial"
        return f"{self.title} of Optuna, {seeded}" if self.title == self.kind else f"{self.kind}, {seeded}"

    # --- while a study is searched

    def begin(self, study: "Study") -> None:
        """Raise UserError where Optuna has no such sampler, it takes other arguments, or a package is missing."""
        self._make(study, 0)

    def propose(self, study: "Study", number: int, mirror: "Mirror", batch_size: int = 1) -> Parameters | None:
        """Return what the sampler of Optuna draws; None where a grid, or a finite space, is used up."""
        from threadpoolctl import threadpool_limits

        mirror.check_next(number)
        if self._is_used_up(study, number, mirror):
            return None
        sampler = mirror.resident or self._make(study, number)
        if self.stateful:
            mirror.resident = sampler
        try:
            with threadpool_limits(1):  # sums differ with the number of threads, and choices with the sums
                return mirror.ask(number, sampler)
        except Exception as error:  # whatever the class raises
            raise UserError(
                f"sampler: {self.title} cannot propose trial {number}: {type(error).__name__}: {error}",
                "correct its arguments or the space; --debug tells where it happened",
            ) from error

    def _is_used_up(self, study: "Study", number: int, mirror: "Mirror") -> bool:
        if self.max_proposals is not None:
            return mirror.position(number) - study.opening >= self.max_proposals
        if self.kind != "BruteForceSampler":
            return False
        tried = {frozenset(mirror.params_of(earlier).items()) for earlier in range(number)}
        return len(tried) >= configuration_count(study.space)

    def _make(self, study: "Study", number: int) -> "optuna.samplers.BaseSampler":
        """Return a sampler of Optuna for a trial."""
        from search.samplers.distributions import mirrored_distribution, to_mirror

        arguments: dict[str, object] = dict(self.arguments)
        parameters = inspect.signature(self.find()).parameters
        if "seed" in parameters:
            about = () if self.kind in _ONE_SEQUENCE else (number,)
            arguments["seed"] = derive(study.seed, "optuna", *about) % 2**32
        if self.kind == "QMCSampler":  # which draws its first trial by it, with the seed of all others
            arguments.setdefault("independent_sampler", OptunaSampler("RandomSampler"))
        if self.kind in ("GPSampler", "CmaEsSampler"):  # `warnings` says once what these would log for every trial
            arguments.setdefault("warn_independent_sampling", False)
        space = parameters.get("search_space")
        if space is not None and "BaseDistribution" in str(space.annotation) and not is_conditional(study.space):
            arguments["search_space"] = {name: mirrored_distribution(study.space[name]) for name in sorted(study.space)}

        def convert(parameter: inspect.Parameter, value: object) -> object:
            if isinstance(value, OptunaSampler):
                return value._make(study, number)
            if isinstance(value, dict) and parameter.name in _BY_PARAMETER and parameter.name in self.arguments:

                def mirrored(name: str, each: Value) -> Value:
                    return to_mirror(study.space[name], study.space[name].to_internal(each))

                return {
                    name: [mirrored(name, one) for one in each] if isinstance(each, tuple) else mirrored(name, each)
                    for name, each in value.items()
                }
            if isinstance(value, str) and ":" in value and "str" not in str(parameter.annotation):
                named = load_target(value)
                return named() if isinstance(named, type) else named
            return value

        made = self.make(arguments, convert)
        if self.kind == "CmaEsSampler":
            _need("cmaes", self.kind)
        return cast("optuna.samplers.BaseSampler", made)


def _need(package: str, kind: str) -> None:
    """Raise UserError where a package of the extra `samplers` is missing."""
    from importlib.util import find_spec

    if find_spec(package) is None:
        raise UserError(f"sampler: {kind} needs {package}, which is not installed", "pip install 'studyhall[samplers]'")
