"""The judge: whether a trial goes on, told from the scores of one epoch alone.

The coordinator asks `judge` for every live lane once a whole tick is recorded, so that the order in which lanes are
judged changes nothing. `SuccessiveHalvingPruner` lends the same rule to people who use Optuna by itself. Nothing here reads the
record or knows a clock: a verdict asked for again, after a crash, comes out the same.
"""

import inspect

import optuna

from models.errors import UserError, did_you_mean
from search.config.pruners import OptunaPruner

# --- Optuna's pruners -------------------------------------------------------------------------------------------------


def optuna_pruner(word: OptunaPruner) -> optuna.pruners.BasePruner:
    """The pruner of `optuna.pruners` that a study names. UserError where there is none, or it takes other arguments."""
    known = [name for name in optuna.pruners.__all__ if name != "BasePruner"]
    if word.kind not in known:
        raise UserError(
            f'pruner: Optuna has none called "{word.kind}"{did_you_mean(word.kind, known)}',
            f"choose one of {', '.join(known)}",
        )
    kind = getattr(optuna.pruners, word.kind)
    takes = inspect.signature(kind).parameters
    remedy = f"it takes {', '.join(_spelled(parameter) for parameter in takes.values()) or 'no arguments'}"
    for name in word.arguments:
        if name not in takes:
            raise UserError(f'pruner: {word.kind} has no argument "{name}"{did_you_mean(name, takes)}', remedy)
    try:
        pruner: optuna.pruners.BasePruner = kind(**word.arguments)
    except (TypeError, ValueError) as error:
        raise UserError(f"pruner: {word.kind} refuses its arguments: {error}", remedy) from error
    return pruner


def _spelled(parameter: inspect.Parameter) -> str:
    needed = parameter.default is inspect.Parameter.empty
    return parameter.name if needed else f"{parameter.name}={parameter.default!r}"
