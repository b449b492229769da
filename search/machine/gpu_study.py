"""A study on the GPUs of this machine: an engine each, and as many lanes as suit them, unless it says so itself."""

from models.config.base import Parameters
from models.datasets.source import Source
from search.config.gpu_lanes import engines_and_lanes
from search.config.range_values import extreme_values
from search.config.study import Study

_SAID = {"engines", "lanes"}  # fields of a study


def on_gpus(study: Study, begun: Study | None, device: str, source: Source, *, cluster: bool) -> Study:
    """Return a study with engines and lanes for the GPUs at hand; as it is where it names either, or on a CPU.

    Args:
        study: The study as its file says it.
        begun: The study as the database has it: engines and lanes belong to what was begun.
        device: "cpu" or "cuda".
        source: Its data.
        cluster: Whether it trains elsewhere.
    """
    if device != "cuda" or cluster or study.family.external or _SAID & study.model_fields_set:
        return study
    if begun is not None:
        return study.model_copy(update={name: getattr(begun, name) for name in sorted(_SAID)})
    import torch

    memory = [torch.cuda.get_device_properties(number).total_memory for number in range(torch.cuda.device_count())]
    engines, lanes = engines_and_lanes(memory, *cost_of_trial(study, source), study.trials)
    return study.model_copy(update={"engines": engines, "lanes": lanes})


def cost_of_trial(study: Study, source: Source) -> tuple[float, float]:
    """Return the bytes of the largest trial, and the multiply-adds of a step of one from the middle of the space."""
    from models.datasets.source import training_examples
    from models.families.footprint import lane_bytes

    examples = training_examples(source)
    shape, outputs = examples.inputs.shape[1:], examples.outputs
    family = study.make_family(shape, outputs)
    sizes = [int(given.get("batch_size", study.batch_size)) for given in (largest(study), study.example)]
    memory = max(lane_bytes(family, given, shape, sizes[0]) for given in (largest(study), study.example))
    work = 3 * sizes[1] * study.family.flops_per_example(shape, outputs, study.example)  # forward, and twice backward
    return study.members * memory, study.members * work


def largest(study: Study) -> Parameters:
    """Return a configuration whose numbers are as large as the space allows."""
    example = study.example
    numbers = {
        name: max(value for value in extreme_values(study.space[name]) if isinstance(value, int | float))
        for name in study.space
        if isinstance(example.get(name), int | float)
    }
    return example | numbers
