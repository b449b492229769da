"""Any pruner of Optuna, by the name of its class. Optuna is imported when the first mirror is made."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from pydantic import Field

from models.config.base import Value
from search.optuna.named_class import OptunaClass
from search.pruners.base import PrunerConfig
from search.pruners.rung import RungScore

if TYPE_CHECKING:
    import optuna

    from search.samplers.optuna_mirror import Mirror


class OptunaPruner(OptunaClass, PrunerConfig):
    """Any pruner of `optuna.pruners` by the name of its class, with its arguments, or any as "package.module:Class".

    Those that keep notes while they judge (SuccessiveHalvingPruner, HyperbandPruner) depend on the order of judging:
    with them a resumed run may end differently from an undisturbed one.

    Example:
        >>> median = OptunaPruner("MedianPruner", n_warmup_steps=2)
        >>> OptunaPruner("PatientPruner", wrapped_pruner=median, patience=2)
    """

    name: Literal["optuna"] = "optuna"
    arguments: dict[str, "Value | OptunaPruner | None"] = Field(
        default={}, description="Arguments of the class; where that takes a pruner, an `OptunaPruner`."
    )

    word: ClassVar[str] = "pruner"
    serves_two: ClassVar[bool] = False

    def __init__(self, kind: str = "", **arguments: Any) -> None:
        super().__init__(kind=kind, **arguments)

    def should_prune(self, epoch: int, score: RungScore, peers: Sequence[RungScore], mirror: "Mirror") -> bool:
        """Return what the pruner of Optuna answers for the mirror's trial."""
        trial = mirror.study.get_trials(deepcopy=False)[score.number]
        return mirror.study.pruner.prune(mirror.study, trial)

    def describe(self, epochs: int) -> str:
        """Return the name of the class."""
        return f"{self.title} of Optuna" if self.title == self.kind else self.kind

    def optuna_pruner(self) -> "optuna.pruners.BasePruner":
        """Make the pruner.

        Raises:
            UserError: Optuna has none of that name, or it takes other arguments.
        """
        made = self.make(
            self.arguments, lambda _, value: value.optuna_pruner() if isinstance(value, OptunaPruner) else value
        )
        return cast("optuna.pruners.BasePruner", made)
