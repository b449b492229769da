"""TensorBoard's files of a run, read as TensorBoard itself reads them."""

from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData


def read_run(folder: Path) -> EventAccumulator:
    """Return all events of a folder."""
    accumulator = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    accumulator.Reload()
    return accumulator


def hparams(run: EventAccumulator, tag: str) -> HParamsPluginData:
    """Return what a run says to the HPARAMS page under a tag."""
    return HParamsPluginData.FromString(run.PluginTagToContent(metadata.PLUGIN_NAME)[tag])
