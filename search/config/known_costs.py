"""What a study's models cost, remembered: samplers ask for hundreds of configurations, of which many cost the same."""

from functools import lru_cache
from typing import TYPE_CHECKING

from models.config.base import Parameters, Value

if TYPE_CHECKING:
    from search.config.study import Study

REMEMBERED = 100_000  # configurations


def known_costs(study: "Study", parameters: Parameters, shape: tuple[int, ...], outputs: int) -> dict[str, float]:
    """Return the study's `known_costs` of one configuration, as it is trained.

    Args:
        study: Names the costs, and has the family.
        parameters: The configuration.
        shape: Channels, height and width of one example.
        outputs: Numbers that a model answers with.
    """
    taken = study.family.required_parameters | study.family.optional_parameters
    counting = tuple(sorted((name, value) for name, value in parameters.items() if name in taken))
    family = study.family.model_dump_json(exclude={"source", "file"})
    return dict(_remembered(_Asked(study, family, counting, shape, outputs)))


class _Asked:
    """A question, which is another one's equal where the answer is."""

    def __init__(self, study: "Study", family: str, counting: tuple[tuple[str, Value], ...], *facts: object) -> None:
        self.study, self.parameters, self.facts = study, dict(counting), facts
        self._key = (family, counting, facts, study.known_costs)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and self._key == other._key


@lru_cache(maxsize=REMEMBERED)
def _remembered(asked: _Asked) -> dict[str, float]:
    from models.model_costs import costs_of  # torch, which a study file is read without

    shape, outputs = asked.facts
    return costs_of(asked.study, shape, outputs, asked.parameters, asked.study.known_costs)  # type: ignore[arg-type]
