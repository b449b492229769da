"""The words of a recipe: how a model of a study is built and trained, apart from what is searched.

A study file (search.spec.Study) is made of these words, a model file carries them in its metadata, and an engine is
told what to do in them. They are plain frozen data: no torch, no Optuna, so that reading a study file takes
milliseconds.
"""

from pydantic import BaseModel, ConfigDict

Value = bool | int | float | str  # what a searched parameter can be
Parameters = dict[str, Value]  # one configuration, as the model is trained with it


class FrozenConfig(BaseModel):
    """Frozen data in which an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
