"""The words of a recipe: how a model of a study is built and trained, apart from what is searched.

A study file (search.spec.Study) is made of these words, a model file carries them in its metadata, and an engine is
told what to do in them. They are plain frozen data: no torch, no Optuna, so that reading a study file takes
milliseconds.
"""

from pydantic import ConfigDict

from models.config.base import FrozenConfig, Parameters

# --- what passes between the coordinator and an engine ----------------------------------------------------------------


class LaneSpec(FrozenConfig):
    """A lane as an engine is asked for it: one configuration, from its first epoch on."""

    lane: int  # its name in every message: the trial's number, or the place in the list of finalists
    parameters: Parameters
    seed: int  # of its initial weights
    stream: int = 0  # lanes of one stream see the same minibatches


class EpochMetrics(FrozenConfig):
    """What one epoch of one lane came to. Losses are means per example, accuracies shares of 1."""

    model_config = ConfigDict(allow_inf_nan=True)  # a diverged lane has a loss that is no number

    lane: int
    epoch: int  # 1 is the first
    train_loss: float  # running mean over the epoch, as train_accuracy
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds: float  # this lane's share of the tick, by its work
