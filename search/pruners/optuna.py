"""Any pruner of Optuna, by the name of its class. Optuna is imported when the first mirror is made."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from models.config.base import Value
from models.errors import UserError, did_you_mean
from search.pruners.base import PrunerConfig
from search.pruners.rung import RungScore

if TYPE_CHECKING:
    import inspect

    import optuna

    from search.samplers.optuna_mirror import Mirror


class OptunaPruner(PrunerConfig):
    """Any pruner of `optuna.pruners` by the name of its class, with its arguments.

    Those that keep notes while they judge (SuccessiveHalvingPruner, HyperbandPruner) depend on the order of judging:
    with them a resumed run may end differently from an undisturbed one.

    Example:
        >>> median = OptunaPruner(kind="MedianPruner", arguments={"n_warmup_steps": 2})
        >>> OptunaPruner(kind="PatientPruner", arguments={"wrapped_pruner": median, "patience": 2})
    """

    name: Literal["optuna"] = "optuna"
    kind: str = Field(pattern=r"^[A-Z][A-Za-z]+Pruner$", description='Name of the class, as "MedianPruner".')
    arguments: dict[str, "Value | OptunaPruner | None"] = Field(
        default={}, description="Arguments of the class; where that takes a pruner, an `OptunaPruner`."
    )

    def should_prune(self, epoch: int, score: RungScore, peers: Sequence[RungScore], mirror: "Mirror") -> bool:
        """Return what the pruner of Optuna answers for the mirror's trial."""
        trial = mirror.study.get_trials(deepcopy=False)[score.number]
        return mirror.study.pruner.prune(mirror.study, trial)

    def describe(self, epochs: int) -> str:
        """Return the name of the class."""
        return f"{self.kind} of Optuna"

    def optuna_pruner(self) -> "optuna.pruners.BasePruner":
        """Make the pruner.

        Raises:
            UserError: Optuna has none of that name, or it takes other arguments.
        """
        import inspect
        import warnings

        import optuna

        kinds = [name for name in optuna.pruners.__all__ if name != "BasePruner"]
        if self.kind not in kinds:
            raise UserError(
                f'pruner: Optuna has none called "{self.kind}"{did_you_mean(self.kind, kinds)}',
                f"choose one of {', '.join(kinds)}",
            )
        kind = getattr(optuna.pruners, self.kind)
        parameters = inspect.signature(kind).parameters
        remedy = f"it takes {', '.join(map(_spelled, parameters.values())) or 'no arguments'}"
        for name in self.arguments:
            if name not in parameters:
                raise UserError(f'pruner: {self.kind} has no argument "{name}"{did_you_mean(name, parameters)}', remedy)
            takes_pruner = "BasePruner" in str(parameters[name].annotation)
            if takes_pruner is not isinstance(self.arguments[name], OptunaPruner) and self.arguments[name] is not None:
                what = "a pruner" if takes_pruner else "no pruner"
                raise UserError(
                    f'pruner: the argument "{name}" of {self.kind} is {what}',
                    'write {"wrapped_pruner": OptunaPruner(kind="MedianPruner"), ...}' if takes_pruner else remedy,
                )
        values = {
            name: value.optuna_pruner() if isinstance(value, OptunaPruner) else value
            for name, value in self.arguments.items()
        }
        try:
            with warnings.catch_warnings(action="ignore", category=optuna.exceptions.ExperimentalWarning):
                pruner: optuna.pruners.BasePruner = kind(**values)
        except (TypeError, ValueError) as error:
            raise UserError(f"pruner: {self.kind} refuses its arguments: {error}", remedy) from error
        return pruner


def _spelled(parameter: "inspect.Parameter") -> str:
    """`percentile`, or `n_warmup_steps=0`."""
    required = parameter.default is parameter.empty
    return parameter.name if required else f"{parameter.name}={parameter.default!r}"
