"""The words of a study file: what is searched, how every trial is trained, and what it may cost.

A study file is imports and one assignment, `study = Study(...)`; `studies/mlp.py` is the page to copy. The ranges of
its space are in space.py. Everything here is frozen plain data, checked when the file is loaded, and imports neither
torch nor Optuna. Read by every room of `search`.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from models.config.base import FrozenConfig, Parameters
from search.config.space import Choice as Choice
from search.config.space import Float as Float
from search.config.space import Int as Int
from search.config.space import Range as Range

# --- what the author already knows ------------------------------------------------------------------------------------


class Baseline(FrozenConfig):
    """A configuration that is known before the search: admitted first, never pruned.

    `Baseline("two-layer notebook", hidden=100, learning_rate=0.01, weight_decay=0.0, published={"test_accuracy": 0.9})`
    """

    name: str = Field(min_length=1)
    parameters: Parameters
    published: dict[str, float] = Field(default={})  # what its author reported: "test_accuracy", "train_loss", ...

    def __init__(self, name: str, *, published: Mapping[str, float] | None = None, **parameters: Any) -> None:
        # A dump carries the parameters as one dictionary; a study file spells them out.
        spelled = parameters.pop("parameters", parameters)
        super().__init__(name=name, parameters=spelled, published=dict(published or {}))  # type: ignore[call-arg]
