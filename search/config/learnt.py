"""What a study has taken from an earlier one: a copy, which stays as it is whatever becomes of its source.

`Study.learn_from` names the sources, and may have a password in an address, so it is in no dump: a copy has its name.
"""

from collections.abc import Mapping, Sequence
from itertools import zip_longest

from pydantic import Field

from models.config.base import FrozenConfig, Parameters

LEARNT_FIRST = 4  # trials that a study begins, after its baselines, with the best of earlier studies


class LearntStudy(FrozenConfig):
    """The complete trials of an earlier study that lie in a new one's space, best first.

    Where it tells both of two objectives, those come first that no other one dominates, the ends of this front before
    what adds most between them.
    """

    name: str = Field(description="The source: a study's name, or address:name.")
    about: str = Field(description="What was taken, in one sentence.")
    params: tuple[Parameters, ...] = Field(description="Configurations, as Optuna holds them in the new study.")
    values: tuple[float, ...] = Field(
        description="The score of each in its own study, turned so that higher is better."
    )
    second: tuple[float, ...] = Field(
        default=(),
        description="The like of the objective beside it, where the new study learns one and the source tells it.",
    )


def first_of(learnt: Sequence[LearntStudy], known: Sequence[Mapping[str, object]]) -> list[Parameters]:
    """Return the configurations that are tried first: the best of each source in turn.

    Args:
        learnt: The sources.
        known: Configurations that are tried anyway.
    """
    found: list[Parameters] = []
    for row in zip_longest(*(source.params for source in learnt)):
        found += [params for params in row if params is not None and params not in known and params not in found]
    return found[:LEARNT_FIRST]
