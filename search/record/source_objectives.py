"""Which of an earlier study's values tell a new one what it searches for."""

from collections.abc import Sequence
from dataclasses import dataclass

import optuna

from models.errors import UserError
from search.objective import Objective


@dataclass(frozen=True)
class SourceObjectives:
    """Where a source's values are that a new study learns from.

    Attributes:
        places: Of the objective, and of the one beside it if the source tells that.
        signs: 1 or -1 each, which turn them so that higher is better.
        is_learnt: Whether the second is learnt by training; a cost is known of each configuration anyway.
        difference: What the source was searched for, in brackets, where that is something else.
    """

    places: tuple[int, ...]
    signs: tuple[float, ...]
    is_learnt: bool
    difference: str

    def values(self, of_trial: Sequence[float]) -> tuple[float, ...]:
        """Return a trial's values, higher is better."""
        return tuple(sign * of_trial[place] for place, sign in zip(self.places, self.signs, strict=True))


def told_of(theirs: optuna.Study, name: str, objective: Objective) -> SourceObjectives:
    """Return where an earlier study's values are.

    Values go by the names of their metrics. A study of one objective may have any: then its order counts.

    Args:
        theirs: The earlier study.
        name: What messages call it.
        objective: The new study's.

    Raises:
        UserError: It has several objectives, and none is what the new study searches for.
    """
    directions = [direction.name.lower() for direction in theirs.directions]
    attribute = str(theirs.user_attrs.get("objective") or "").removeprefix("validation ")
    names = theirs.metric_names or [attribute]
    wanted = [(each.metric, each.direction) for each in objective.all]
    if len(directions) > 1 and objective.metric not in names:
        has = f", {' and '.join(names)}" if theirs.metric_names else ", which have no names"
        raise UserError(
            f"learn_from: {name} has several objectives{has}",
            f"name a study that has {objective.metric}, or name them with Optuna's `set_metric_names`",
        )
    first = names.index(objective.metric) if len(directions) > 1 else 0
    places = [first]
    was, direction = names[first], directions[first]
    difference = ""
    if was not in ("", objective.metric) or direction != objective.direction:
        this = f"this one is to {objective.direction} {objective.metric}"
        difference = f" (it was to {direction} {was or 'its value'}, {this})"
    if (beside := objective.beside) is not None:
        if len(directions) > 1 and wanted[1] in zip(names, directions, strict=True):
            places.append(names.index(beside.metric))
        elif not beside.is_known:
            difference += f" (it says nothing of {beside.metric})"
    signs = tuple(1.0 if directions[place] == "maximize" else -1.0 for place in places)
    return SourceObjectives(tuple(places), signs, not (beside and beside.is_known), difference)
